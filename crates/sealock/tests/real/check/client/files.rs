//! The three files, or what is there of them.

use std::fs;

use sealock_testkit::lab::Version;

use super::{NO_CERTIFICATE, Shell, copy};
use crate::common::Host;

#[test]
fn files_that_a_client_lacks_on_docker_20() {
    files_that_a_client_lacks(Version::V20);
}

#[test]
fn files_that_a_client_lacks_on_docker_28() {
    files_that_a_client_lacks(Version::V28);
}

fn files_that_a_client_lacks(version: Version) {
    let host = Host::new(version);
    let _ = host.up(&[]).expect_code(0);
    let folder = copy(&host, "folder");
    let shown = folder.display().to_string();
    let shell = Shell::of(&host, &folder);
    shell.gets_in(&[]).check(&[]).expect_nothing();
    shell.check(&[&shown]).expect_nothing();
    shell.check(&["alice"]).expect_nothing();

    for (missing, code, saying) in [
        (
            &["ca.pem"][..],
            "SL-F505",
            &["ca.pem: no such file or directory"][..],
        ),
        (&["cert.pem"], "SL-F506", &NO_CERTIFICATE),
        (&["key.pem"], "SL-F506", &NO_CERTIFICATE),
        (&["cert.pem", "key.pem"], "SL-F522", &NO_CERTIFICATE),
    ] {
        for file in missing {
            fs::rename(folder.join(file), folder.join(format!("{file}.away"))).unwrap();
        }
        let found = shell.stops(&[], saying).check(&[]);
        found.expect_first(code);
        assert_eq!(found.codes().len(), 1, "{missing:?}: {found}");
        // The folder by itself, which nobody uses now; a daemon demands nothing of it.
        let by_folder = shell.check(&[&shown]);
        match code {
            "SL-F522" => by_folder.expect_nothing(),
            _ => by_folder.expect_first(code),
        };
        for file in missing {
            fs::rename(folder.join(format!("{file}.away")), folder.join(file)).unwrap();
        }
    }
    // A client of sealock's own, broken where it lies.
    let key = host.client("alice").join("key.pem");
    let away = folder.join("away");
    fs::rename(&key, &away).unwrap();
    shell.check(&["alice"]).expect_first("SL-F506");
    fs::rename(&away, &key).unwrap();
    shell.check(&["alice"]).expect_nothing();
}
