//! Modes and owners: the daemon starts with all of them, and that is why somebody has to look.

use std::fs;
use std::path::{Path, PathBuf};

use sealock_testkit::lab::Version;

use super::{do_run, mode_of, set_mode, shown};
use crate::common::Host;

#[test]
fn files_that_others_may_read_or_write() {
    let host = Host::new(Version::V28);
    let _ = host.up(&[]).expect_code(0);
    let live = fs::canonicalize(host.live()).unwrap();
    let alice = host.client("alice");
    let vault = issuer_key(&host.sealock.home());
    for (path, mode, code) in [
        (live.join("server-key.pem"), 0o644, "SL-F409"),
        (live.join("server-key.pem"), 0o440, "SL-F409"),
        (live.join("ca.pem"), 0o666, "SL-F414"),
        (live.join("server-cert.pem"), 0o464, "SL-F414"),
        (live.clone(), 0o777, "SL-F415"),
        (vault, 0o644, "SL-F422"),
    ] {
        let before = mode_of(&path);
        set_mode(&path, mode);
        // Whatever the mode, the daemon takes it.
        let found = host.sealock.check(&["--short"]);
        found.expect_first(code);
        assert_eq!(found.codes(), [code], "{}: {found}", path.display());
        assert_eq!(found.finding(code)["canBeMended"], true);
        set_mode(&path, before);
    }
    let key = alice.join("key.pem");
    set_mode(&key, 0o644);
    let found = host.sealock.check(&["--short", "--client", "alice"]);
    found.expect_first("SL-F409");
    let help = found.finding("SL-F409")["help"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        help.starts_with(&format!("chmod 600 {}\n", shown(&key))),
        "{help}"
    );
    set_mode(&key, 0o400);

    let key = live.join("server-key.pem");
    do_run("chown", &["1234", &shown(&key)]);
    let found = host.sealock.check(&["--short"]);
    found.expect_first("SL-F420");
    let help = found.finding("SL-F420")["help"].as_str().unwrap();
    assert_eq!(
        help,
        format!("chown 0 {}", shown(&host.live().join("server-key.pem")))
    );
    do_run("sh", &["-c", help]);
    host.sealock.check(&["--short"]).expect_nothing();
    // All the while it served.
    host.daemon.restart();
    host.lives();
}

/// Some issuer's key of the vault.
fn issuer_key(home: &Path) -> PathBuf {
    let mut folders = vec![home.to_owned()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if shown(&path).contains("/issuers/") {
                let bytes = fs::read(&path).unwrap();
                if String::from_utf8_lossy(&bytes).contains("PRIVATE KEY") {
                    found.push(path);
                }
            }
        }
    }
    found.sort();
    found.into_iter().next().expect("a key of an issuer")
}
