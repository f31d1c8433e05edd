//! A host that has lost its vault, and gets it back.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use sealock_testkit::clients::{Request, Tls};
use sealock_testkit::lab::Version;

use super::ground::{Home, Keys};
use crate::common::{Host, Tree};
use sealock_testkit::Scratch;

#[test]
fn an_unsealed_vault_returns_to_its_host() {
    returns(&[]);
}

#[test]
fn a_sealed_vault_returns_to_its_host() {
    let scratch = Scratch::new("seal");
    let path = scratch.write("passphrase", "correct horse battery staple\n");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    returns(&["--passphrase", &format!("file:{}", path.display())]);
}

/// Three clients, one of them revoked; home and `sealock.toml` are lost.
fn returns(seal: &[&str]) {
    let host = Host::new(Version::V28);
    let before_us = Tree::of(&[&host.etc()]).seen_by_users();
    let up = [&["--client", "bob", "--client", "carol"], seal].concat();
    let _ = host.up(&up).expect_code(0);
    let run = |words: &[&str]| host.sealock.run(&[words, seal].concat());
    let _ = run(&["cert", "revoke", "carol", "--yes"]).expect_code(0);
    let _ = run(&["client", "remove", "carol", "--yes"]).expect_code(0);
    let listed = host.sealock.run(&["client", "list"]).ok();
    let certificates = run(&["cert", "list", "--json"]).ok();

    let scratch = Scratch::new("returned");
    let keys = Keys::new(&scratch, "holder");
    let archive = scratch.join("vault.age").display().to_string();
    let _ = host
        .sealock
        .run(&["backup", "-o", &archive, "--to", &keys.recipient])
        .expect_code(0);
    let home = Home::of(&host.sealock.home());
    let config = fs::read(host.sealock.config()).unwrap();
    let ledger = fs::read(host.sealock.home().join("changes/ledger")).unwrap();
    fs::remove_dir_all(host.sealock.home()).unwrap();
    fs::remove_file(host.sealock.config()).unwrap();
    let _ = run(&["status"]).expect_code(1);

    let restore = ["restore", &archive, "--identity", &keys.file];
    let asked = host.sealock.run(&restore).expect_code(1);
    assert!(asked.stderr.contains("SL-U003"), "{asked}");
    assert!(!host.sealock.home().exists());
    let done = run(&[&restore[..], &["--yes"]].concat()).expect_code(0);
    assert!(done.stderr.contains("next: `sealock apply`"), "{done}");
    Home::of(&host.sealock.home()).expect_same(&home);
    assert_eq!(fs::read(host.sealock.config()).unwrap(), config);
    assert_ne!(ledger, b"");

    let status = run(&["status"]).expect_code(0);
    assert!(status.stdout.contains("healthy"), "{status}");
    let apply = run(&["apply", "--yes"]).expect_code(0);
    assert!(apply.stderr.starts_with("0 changes"), "{apply}");
    assert_eq!(host.sealock.run(&["client", "list"]).ok(), listed);
    assert_eq!(run(&["cert", "list", "--json"]).ok(), certificates);
    for client in ["alice", "bob"] {
        let request = Request::new("127.0.0.1", host.port, &host.client(client));
        request.curl(Tls::V13).expect_in();
    }
    // What the files were before sealock came back too.
    let _ = host.sealock.run(&["down", "--yes"]).expect_code(0);
    Tree::of(&[&host.etc()])
        .seen_by_users()
        .expect_same(&before_us);
    host.lives();
}
