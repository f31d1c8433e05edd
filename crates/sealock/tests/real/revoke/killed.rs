//! SIGKILL at every system call of a revocation that changes something.

use std::path::Path;
use std::time::Instant;

use sealock_testkit::kill;
use sealock_testkit::process::call;

use super::Authority;

/// Whatever the instant, the same command ends it: alice is revoked, one list says so, bob is not touched, and what had been
/// published before is never replaced by less.
#[test]
fn a_revocation_killed_at_every_call_is_finished_by_the_next() {
    let start = Instant::now();
    let ca = Authority::new("killed");
    let (alice, bob) = (ca.issue("alice", "90"), ca.issue("bob", "90"));
    let _ = ca.issue("mallory", "90");
    let _ = ca.revoke(&["mallory"]).expect_code(0);
    let number = ca.number();
    let _ = ca.openssl(&bob).expect_code(0);
    let pristine = ca.scratch.join("pristine");
    let home = ca.sealock.home();
    copy(&home, &pristine);
    let words = ["--yes", "cert", "revoke", "alice"];
    let count = kill::at_every_instant(
        || {
            std::fs::remove_dir_all(&home).unwrap();
            copy(&pristine, &home);
        },
        || ca.sealock.command(&words),
        |killed| {
            let at = &killed.instant.line;
            let shown = call(
                "openssl",
                &[
                    "crl",
                    "-noout",
                    "-text",
                    "-in",
                    &ca.list().display().to_string(),
                ],
            );
            assert!(
                shown.stdout.matches("Serial Number").count() >= 1,
                "{at}: {shown}"
            );
            let again = ca.sealock.run(&words);
            assert_eq!(again.code, 0, "{at}: {again}");
            let refused = ca.openssl(&alice);
            assert!(
                refused.stderr.contains("certificate revoked"),
                "{at}: {refused}"
            );
            let shown = ca.shown();
            let revoked = shown["revoked"].as_array().unwrap();
            assert_eq!(revoked.len(), 2, "{at}: {shown}");
            assert!(shown["number"].as_u64().unwrap() > number, "{at}");
        },
    );
    let _ = ca.openssl(&bob).expect_code(0);
    crate::common::report(&format!(
        "cert revoke: killed at {} of {} instants in {:.0} s",
        count.killed,
        count.tried,
        start.elapsed().as_secs_f64()
    ));
    assert!(count.killed > 50, "{count:?}");
}

fn copy(from: &Path, to: &Path) {
    let [from, to] = [from, to].map(|path| path.display().to_string());
    let _ = call("cp", &["-a", &from, &to]).ok();
}
