//! Where the daemon listens, by which names it is reached, and with which kinds of key.

use std::process::Command;

use sealock_testkit::clients::{Request, Told};
use sealock_testkit::lab::{Version, lab};
use sealock_testkit::process::{call, free_port, run};

use crate::common::{Host, Sealock};

#[test]
fn several_addresses_and_every_name_are_proved() {
    let host = Host::new(Version::V20);
    let second = free_port();
    let address = format!("[::1]:{second}");
    let name = ["--name", "docker.example.org", "--name", "192.0.2.7"];
    let up = host.up(&[&["--listen", &address], &name[..]].concat());
    let up = up.expect_code(0);
    for shown in [host.listen(), address] {
        assert!(up.stdout.contains(&shown), "{up}");
    }
    host.lives();

    let alice = host.client("alice");
    for (name, port) in [
        ("127.0.0.1", host.port),
        ("localhost", host.port),
        ("::1", second),
    ] {
        let request = Request::new(name, port, &alice);
        request
            .docker(&lab().docker_cli(Version::V28), &Told::CertPath)
            .expect_in();
    }
    let files = ["ca.pem", "cert.pem", "key.pem"].map(|file| alice.join(file));
    let curl = run(Command::new("curl")
        .env_clear()
        .args(["-sS", "--noproxy", "*", "--resolve"])
        .arg(format!("docker.example.org:{}:127.0.0.1", host.port))
        .arg("--cacert")
        .arg(&files[0])
        .arg("--cert")
        .arg(&files[1])
        .arg("--key")
        .arg(&files[2])
        .arg(format!("https://docker.example.org:{}/_ping", host.port)));
    assert_eq!(curl.ok(), "OK");

    let cert = host.live().join("server-cert.pem").display().to_string();
    let names = call(
        "openssl",
        &[
            "x509",
            "-in",
            &cert,
            "-noout",
            "-subject",
            "-ext",
            "subjectAltName",
        ],
    )
    .ok();
    for name in [
        "DNS:docker.example.org",
        "DNS:localhost",
        "IP Address:192.0.2.7",
        "IP Address:127.0.0.1",
        "IP Address:0:0:0:0:0:0:0:1",
    ] {
        assert!(names.contains(name), "{name}: {names}");
    }
    assert!(names.contains("CN = docker.example.org"), "{names}");
}

#[test]
fn a_listener_that_is_added_later_is_opened_and_one_taken_away_is_closed() {
    let host = Host::new(Version::V28);
    let _ = host.up(&[]).expect_code(0);
    let moved = free_port();
    let address = format!("127.0.0.1:{moved}");
    let up = host.sealock.run(&["up", "--yes", "--listen", &address]);
    let _ = up.expect_code(0);
    assert!(!host.is_open(), "the old port stays open");
    let request = Request::new("127.0.0.1", moved, &host.client("alice"));
    request
        .docker(&lab().docker_cli(Version::V28), &Told::CertPath)
        .expect_in();
    host.lives();
}

#[test]
fn dockerd_and_its_client_take_every_kind_of_key_on_20() {
    every_kind_of_key(
        Version::V20,
        &["ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-2048"],
    );
}

#[test]
fn dockerd_and_its_client_take_every_kind_of_key_on_28() {
    every_kind_of_key(
        Version::V28,
        &["ecdsa-p384", "ed25519", "rsa-2048", "rsa-4096"],
    );
}

/// Go judges: dockerd what the client shows, the docker CLI what dockerd shows.
fn every_kind_of_key(version: Version, kinds: &[&str]) {
    let host = Host::new(version);
    for kind in kinds {
        let folder = host.daemon.folder().join(kind);
        std::fs::create_dir(&folder).unwrap();
        let sealock = Sealock::in_folder(&folder);
        let up = sealock.up(&host.daemon, &host.listen(), &["--key", kind]);
        let _ = up.expect_code(0);
        let alice = sealock.home().join("clients/alice");
        for cli in [Version::V20, Version::V28] {
            let request = Request::new("127.0.0.1", host.port, &alice);
            request
                .docker(&lab().docker_cli(cli), &Told::CertPath)
                .expect_in();
        }
        for file in [
            host.live().join("server-cert.pem"),
            alice.join("cert.pem"),
            alice.join("ca.pem"),
        ] {
            let file = file.display().to_string();
            let shown = sealock.run(&["cert", "show", &file]).ok();
            let bare = |text: &str| text.to_lowercase().replace([' ', '-'], "");
            assert!(bare(&shown).contains(&bare(kind)), "{kind}: {shown}");
        }
        let _ = sealock.run(&["down", "--yes"]).expect_code(0);
        host.lives();
    }
}
