//! Clients come and go while the daemon runs.

use std::fs;

use sealock_testkit::clients::{Request, Told};
use sealock_testkit::lab::{Version, lab};

use super::places::home_of;
use super::{ASK, docker, is_in};
use crate::common::Host;

#[test]
fn a_client_that_is_added_gets_in_without_a_restart_and_one_that_is_removed_still_does() {
    let host = Host::new(Version::V28);
    let _ = host.up(&[]).expect_code(0);
    let pid = host.daemon.pid();
    let add = ["client", "add", "bob", "--install", "context:bob"];
    let added = host.sealock.run(&add).expect_code(0);
    assert!(
        added.stderr.contains("no daemon needs a restart"),
        "{added}"
    );
    let again = host.sealock.run(&add).expect_code(0);
    assert!(again.stderr.starts_with("0 changes"), "{again}");
    assert_eq!(host.daemon.pid(), pid);
    let by_context = ["--context", "bob"];
    let home = home_of(&host);
    is_in(&docker(
        Version::V20,
        &home,
        &[],
        &[&by_context[..], &ASK[..]].concat(),
    ));
    let listed = host.sealock.run(&["client", "list"]).ok();
    assert!(listed.contains("bob") && listed.contains("context:bob"));
    let _ = host.sealock.run(&["status"]).expect_code(0);

    // What bob keeps, wherever he is.
    let kept = host.daemon.folder().join("kept");
    fs::create_dir(&kept).unwrap();
    for file in ["ca.pem", "cert.pem", "key.pem"] {
        fs::copy(host.client("bob").join(file), kept.join(file)).unwrap();
    }
    let removed = host.sealock.run(&["client", "remove", "bob", "--yes"]);
    let removed = removed.expect_code(0);
    let said = format!("{}{}", removed.stdout, removed.stderr);
    assert!(said.contains("until"), "{removed}");
    assert!(!host.client("bob").exists());
    let contexts = docker(
        Version::V28,
        &home,
        &[],
        &["context", "ls", "--format", "{{.Name}}"],
    )
    .ok();
    assert!(!contexts.contains("bob"), "{contexts}");
    let listed = host.sealock.run(&["client", "list"]).ok();
    assert!(!listed.contains("bob"), "{listed}");

    // The truth that was said: dockerd knows no revocation.
    for dir in [&kept, &host.client("alice")] {
        Request::new("127.0.0.1", host.port, dir)
            .docker(&lab().docker_cli(Version::V28), &Told::CertPath)
            .expect_in();
    }
    assert_eq!(host.daemon.pid(), pid);
    let _ = host.sealock.run(&["status"]).expect_code(0);
    let apply = host.sealock.run(&["apply", "--yes"]).expect_code(0);
    assert!(apply.stderr.starts_with("0 changes"), "{apply}");
    host.lives();
}

#[test]
fn a_context_is_refreshed_when_its_client_is_renewed_and_down_takes_it_away() {
    let host = Host::new(Version::V20);
    let _ = host.up(&[]).expect_code(0);
    let add = ["client", "add", "alice", "--install", "context:lab"];
    let _ = host.sealock.run(&add).expect_code(0);
    let home = home_of(&host);
    let in_by_context = || {
        docker(
            Version::V28,
            &home,
            &[],
            &[&["--context", "lab"], &ASK[..]].concat(),
        )
    };
    is_in(&in_by_context());
    let old = fs::read(host.client("alice").join("cert.pem")).unwrap();
    fs::remove_file(host.client("alice").join("cert.pem")).unwrap();
    let pid = host.daemon.pid();
    let _ = host.sealock.run(&["apply", "--yes"]).expect_code(0);
    assert_eq!(
        host.daemon.pid(),
        pid,
        "a client's certificate needs no restart"
    );
    assert_ne!(
        fs::read(host.client("alice").join("cert.pem")).unwrap(),
        old
    );
    is_in(&in_by_context());
    let new = fs::read_to_string(host.client("alice").join("cert.pem")).unwrap();
    let contexts = fs::read_dir(home.join(".docker/contexts/tls")).unwrap();
    let installed = contexts.map(|context| context.unwrap().path().join("docker/cert.pem"));
    assert_eq!(
        installed
            .map(|path| fs::read_to_string(path).unwrap())
            .collect::<Vec<_>>(),
        [new]
    );

    let _ = host.sealock.run(&["down", "--yes"]).expect_code(0);
    let gone = docker(
        Version::V28,
        &home,
        &[],
        &["context", "ls", "--format", "{{.Name}}"],
    )
    .ok();
    assert_eq!(gone.trim(), "default");
    host.lives();
}
