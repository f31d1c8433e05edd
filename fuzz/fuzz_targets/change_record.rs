//! Journal and ledger, as something else than this program may have left them: read, undone or
//! refused, and nothing outside of the fuzzer's own directory is ever touched.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_change::{Digest, Store};
use sealock_diag::Diagnose;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

static SCRATCH: LazyLock<PathBuf> = LazyLock::new(|| {
    let path = std::env::temp_dir().join(format!("sealock-fuzz-change-{}", std::process::id()));
    fs::DirBuilder::new()
        .mode(0o700)
        .create(&path)
        .expect("a directory");
    path
});

// The first byte says which record, and whether it is whole: a checksum is nothing that a fuzzer
// finds by itself. A zero byte parts the JSON from the kept files.
fuzz_target!(|data: &[u8]| {
    let Some((first, data)) = data.split_first() else {
        return;
    };
    let (dir, files) = (SCRATCH.join("store"), SCRATCH.join("files"));
    for path in [&dir, &files] {
        let _ = fs::remove_dir_all(path);
        fs::DirBuilder::new()
            .mode(0o700)
            .create(path)
            .expect("a directory");
    }
    fs::write(files.join("0"), "as we left it").expect("a file");
    let (record, name) = match first % 2 {
        0 => ("journal", "sealock-journal"),
        _ => ("ledger", "sealock-ledger"),
    };
    let bytes = match first / 2 % 2 {
        0 => data.to_vec(),
        _ => match whole(name, data, &files) {
            Some(bytes) => bytes,
            None => return,
        },
    };
    fs::write(dir.join(record), bytes).expect("a file");

    let store = Store::open(&dir).expect("a directory of our own");
    let judged = [
        store.interrupted().map(drop),
        store.history().map(drop),
        store.originals().map(drop),
        store.restore_edits().map(drop),
        store
            .lock()
            .and_then(|guard| store.recover(&guard).map(drop)),
    ];
    for error in judged.into_iter().filter_map(Result::err) {
        let said = [
            Some(error.to_string()),
            error.location(),
            error.cause(),
            error.help(),
        ];
        let harmful = |c: char| c.is_control() && c != '\n';
        assert!(
            !said.iter().flatten().any(|text| text.contains(harmful)),
            "{said:?}"
        );
    }
});

/// A record with its checksum, all of whose paths are below `files`.
fn whole(name: &str, data: &[u8], files: &Path) -> Option<Vec<u8>> {
    let mut parts = data.splitn(2, |byte| *byte == 0);
    let mut json: Value = serde_json::from_slice(parts.next()?).ok()?;
    let blobs = parts.next().unwrap_or_default();
    for list in ["entries", "originals"] {
        let entries = json.get_mut(list).and_then(Value::as_array_mut);
        for (at, entry) in entries.into_iter().flatten().enumerate() {
            let path = files.join((at % 4).to_string());
            entry
                .as_object_mut()?
                .insert("path".to_owned(), path.to_str()?.into());
        }
    }
    let json = serde_json::to_vec(&json).ok()?;
    let length = json.len();
    let rest = [&json, blobs].concat();
    let first = format!("{name} 1 {} {length}\n", Digest::of(&rest));
    Some([first.as_bytes(), &rest].concat())
}
