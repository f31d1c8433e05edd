//! An import that is killed, at many instants: the next command undoes what it wrote on the host, and the next import
//! finishes it.

use std::fs;

use sealock_testkit::kill::at_instants;

use super::Ground;
use super::makers::{make, mkcert};

/// One in so many instants is tried in full.
const STRIDE: usize = 13;

#[test]
fn a_killed_import_is_finished_by_the_next() {
    let ground = Ground::new("import-killed");
    make(&ground.left(), &mkcert("-ecdsa"));
    let left = ground.left();
    let before = ground.originals();
    let words = ground.words(&left, &["--yes"]);
    let mut number = 0;
    let count = at_instants(
        |_| {
            number += 1;
            number % STRIDE == 0
        },
        || {
            let _absent = fs::remove_dir_all(ground.scratch.join("sealock"));
            let _absent = fs::remove_dir_all(ground.scratch.join("etc"));
            fs::create_dir(ground.scratch.join("sealock")).unwrap();
            ground.scratch.write("etc/daemon.json", "{}\n");
        },
        || ground.sealock.command(&words.each()),
        |killed| {
            let at = &killed.instant.line;
            ground.originals().expect_same(&before);
            let again = ground.import(&left, &["--yes"]);
            assert_eq!(again.code, 0, "{at}: {again}");
            let third = ground.import(&left, &["--yes"]).expect_code(0);
            assert!(third.stderr.starts_with("0 changes"), "{at}: {third}");
            let shown = ground.sealock.run(&["ca", "show"]);
            assert_eq!(shown.code, 0, "{at}: {shown}");
            for path in [
                ground.sealock.config(),
                ground.client("alice@lab.test").join("key.pem"),
                ground.scratch.join("etc/sealock/live/server-key.pem"),
            ] {
                assert!(path.exists(), "{at}: {}", path.display());
            }
            let keys = fs::read_dir(ground.sealock.home().join("issuers")).unwrap();
            assert_eq!(keys.count(), 1, "{at}");
        },
    );
    assert!(count.killed > 10, "{count:?}");
}
