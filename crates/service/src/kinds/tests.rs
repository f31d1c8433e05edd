//! A folder for the tests of kinds that have files edited.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// Every key that a kind reads as something else than a string is told to be it, or its word on a command line would do nothing.
#[test]
fn words_of_a_command_line_become_what_a_kind_reads() {
    use crate::Setting;
    use crate::kinds::{ALL, find};
    for entry in ALL {
        for (key, _) in entry.typed {
            assert!(entry.keys.contains(key), "{}: {key}", entry.word);
        }
    }
    let sqlpad = find("sqlpad").unwrap();
    assert_eq!(
        sqlpad.setting("cookie-secure", "true"),
        Ok(Setting::Flag(true))
    );
    assert_eq!(
        sqlpad.setting("session-minutes", "60"),
        Ok(Setting::Number(60))
    );
    let domains = vec!["example.org".to_owned(), "example.net".to_owned()];
    assert_eq!(
        sqlpad.setting("allowed-domains", "example.org, example.net"),
        Ok(Setting::List(domains))
    );
    let mssql = find("mssql").unwrap();
    assert_eq!(mssql.setting("version", "2022"), Ok("2022".into()));
    for (entry, key, text, why) in [
        (
            sqlpad,
            "cookie-secure",
            "yes",
            "`yes`: expected true or false",
        ),
        (sqlpad, "session-minutes", "an hour", "expected a number"),
        (mssql, "hba", "/x", "has no such key"),
    ] {
        let problem = entry.setting(key, text).unwrap_err();
        assert_eq!(problem.key, key);
        assert!(problem.problem.contains(why), "{problem:?}");
    }
}

/// Empty at first; dropping it removes it with everything in it.
#[derive(Debug)]
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sealock-service-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
