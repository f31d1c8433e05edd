//! What the vault knows of a client's certificate, and a client that is right where the daemon is not.

use std::fs;

use sealock_testkit::dockerd::Dockerd;
use sealock_testkit::lab::Version;
use sealock_testkit::process::{free_port, run};

use super::{Shell, copy, endpoint};
use crate::common::{Host, faketime};

#[test]
fn old_and_withdrawn_certificates_still_get_in() {
    let host = Host::new(Version::V28);
    // Two thirds of its life are over when the host is cloaked again; then it is renewed where it lies, and not in copies.
    let first = host.up_without_restart(&[]);
    let _ = run(&mut faketime("-65d", first)).expect_code(3);
    host.daemon.restart();
    let old = copy(&host, "old");
    let _ = host.up(&[]).expect_code(0);
    let now = fs::read(host.client("alice").join("cert.pem")).unwrap();
    assert_ne!(now, fs::read(old.join("cert.pem")).unwrap());
    let shell = Shell::of(&host, &old);
    shell.gets_in(&[]).check(&[]).expect_first("SL-F520");
    let shown = old.display().to_string();
    shell.check(&[&shown]).expect_first("SL-F520");

    let add = ["client", "add", "bob"];
    let _ = host.sealock.run(&add).expect_code(0);
    let left = host.daemon.folder().join("left");
    let _ = run(std::process::Command::new("cp")
        .arg("-a")
        .args([host.client("bob"), left.clone()]))
    .ok();
    let shell = Shell::of(&host, &left);
    shell.gets_in(&[]).check(&[]).expect_nothing();
    let _ = host
        .sealock
        .run(&["client", "remove", "bob", "--yes"])
        .expect_code(0);
    // Stock dockerd knows no revocation, and the finding says so.
    shell.gets_in(&[]).check(&[]).expect_first("SL-F521");
}

#[test]
fn a_client_that_is_right_at_a_daemon_that_is_not() {
    let host = Host::new(Version::V28);
    let _ = host.up(&[]).expect_code(0);
    let port = free_port();
    let plain = Dockerd::builder(Version::V20)
        .flag(&format!("--host=tcp://127.0.0.1:{port}"))
        .flag("--tls=false")
        .start();
    let shell = Shell::of(&host, &host.client("alice"))
        .set("DOCKER_HOST", format!("tcp://127.0.0.1:{port}"));
    let told = ["server gave HTTP response to HTTPS client"];
    let found = shell.stops(&[], &told).check(&[]);
    found.expect("SL-F515").expect("SL-F101");
    drop(plain);
    let back = shell.set("DOCKER_HOST", endpoint(&host));
    back.gets_in(&[]).check(&[]).expect_nothing();
}
