//! A host with a container and three clients at work goes through everything that can be renewed.

use super::crowd::{Crowd, Record, Way};
use super::{is_in, is_in_believing, keep};
use crate::common::{Host, report};
use sealock_testkit::lab::Version;

/// Requests fail only while the daemon itself restarts, the container keeps its process, and after each change exactly the
/// right certificates are accepted.
#[test]
fn renewal_rotation_and_rekey_under_three_clients_at_work() {
    let host = Host::new(Version::V28);
    let _ = host.up(&[]).expect_code(0);
    let zone = host.daemon.folder().join("bob");
    let install = format!("dir:{}", zone.display());
    let add = ["client", "add", "bob", "--install", &install];
    let _ = host.sealock.run(&add).expect_code(0);
    let add = ["client", "add", "carol", "--install", "context:prod"];
    let _ = host.sealock.run(&add).expect_code(0);
    let crowd = Crowd::new(
        &host,
        vec![
            by_path("alice", &host, &host.client("alice").display().to_string()),
            by_path("bob", &host, &zone.display().to_string()),
            Way {
                who: "carol",
                variables: Vec::new(),
                words: vec!["--context".to_owned(), "prod".to_owned()],
            },
        ],
    );
    quiet("nothing", &host, &crowd.record(), 0);

    let first = keep(&host, "alice", "first");
    let _ = host
        .sealock
        .run(&["renew", "alice", "bob", "carol", "--yes"])
        .expect_code(0);
    quiet("renewal of the clients", &host, &crowd.record(), 0);
    let _ = host
        .sealock
        .run(&["renew", "--all", "--yes"])
        .expect_code(0);
    quiet("renewal of everybody", &host, &crowd.record(), 1);
    assert!(is_in(&host, &first), "a renewal locks nobody out");

    // Each rotation: what was kept before it is refused after it, by the daemon or for the daemon's own certificate.
    let before = keep(&host, "alice", "before-client");
    let _ = host
        .sealock
        .run(&["ca", "rotate", "client", "--yes"])
        .expect_code(0);
    quiet("rotation of the client anchor", &host, &crowd.record(), 2);
    assert!(!is_in_believing(&host, &before, &host.client("alice")));
    assert!(is_in(&host, &host.client("alice")));

    let before = keep(&host, "alice", "before-server");
    let _ = host
        .sealock
        .run(&["ca", "rotate", "server", "--yes"])
        .expect_code(0);
    quiet("rotation of the server anchor", &host, &crowd.record(), 1);
    assert!(
        !is_in(&host, &before),
        "the old server anchor proves nothing any more"
    );
    assert!(is_in_believing(&host, &before, &host.client("alice")));

    let before = keep(&host, "alice", "before-both");
    let _ = host.sealock.run(&["ca", "rotate", "--yes"]).expect_code(0);
    quiet("rotation of both anchors", &host, &crowd.record(), 3);
    assert!(!is_in(&host, &before));
    assert!(!is_in_believing(&host, &before, &host.client("alice")));

    let before = keep(&host, "alice", "before-rekey");
    let _ = host.sealock.run(&["hotel-juliet", "--yes"]).expect_code(0);
    quiet("rekey", &host, &crowd.record(), 1);
    assert!(!is_in(&host, &before));
    assert!(!is_in_believing(&host, &before, &host.client("alice")));
    assert!(!is_in_believing(&host, &host.client("alice"), &before));
    assert!(is_in(&host, &host.client("alice")));

    drop(crowd);
    host.lives();
    let apply = host.sealock.run(&["apply", "--yes"]).expect_code(0);
    assert!(apply.stderr.starts_with("0 changes"), "{apply}");
}

fn by_path(who: &'static str, host: &Host, folder: &str) -> Way {
    Way {
        who,
        variables: vec![
            ("DOCKER_HOST", format!("tcp://127.0.0.1:{}", host.port)),
            ("DOCKER_TLS_VERIFY", "1".to_owned()),
            ("DOCKER_CERT_PATH", folder.to_owned()),
        ],
        words: Vec::new(),
    }
}

/// Insists that everybody came through, and says how long the gap was.
#[track_caller]
fn quiet(what: &str, host: &Host, record: &Record, restarts: usize) {
    let failed = record.visits.iter().filter(|visit| visit.failed.is_some());
    report(&format!(
        "{what}: {} requests of three clients, {} failed, {} restarts, longest gap {} ms",
        record.visits.len(),
        failed.count(),
        record.restarts(),
        record.gap().as_millis()
    ));
    let unexplained = record.unexplained();
    assert!(unexplained.is_empty(), "{what}: {unexplained:#?}");
    assert_eq!(record.restarts(), restarts, "{what}");
    host.lives();
    let _ = host.sealock.run(&["status"]).expect_code(0);
}
