//! What lies beside the daemon's files and does not belong there.

use std::fs;

use sealock_testkit::lab::Version;

use super::{do_run, openssl, set_mode, shown};
use crate::common::Host;

#[test]
fn copies_and_leftovers_are_found() {
    let host = Host::new(Version::V28);
    let _ = host.up(&[]).expect_code(0);
    let etc = host.etc();
    set_mode(&etc, 0o755);
    set_mode(host.daemon.folder(), 0o755);
    let live = fs::canonicalize(host.live()).unwrap();
    host.sealock.check(&["--short"]).expect_nothing();
    let first = |code: &str| {
        let found = host.sealock.check(&["--short"]);
        found.expect_first(code);
        assert_eq!(found.codes(), [code], "{found}");
        found
    };

    let server_key = fs::read(live.join("server-key.pem")).unwrap();
    let copy = etc.join("server-key.pem.bak");
    fs::write(&copy, &server_key).unwrap();
    set_mode(&copy, 0o644);
    assert_eq!(first("SL-F411").finding("SL-F411")["severity"], "latent");
    // A client's key lets everybody in who reads it.
    fs::write(
        &copy,
        fs::read(host.client("alice").join("key.pem")).unwrap(),
    )
    .unwrap();
    assert_eq!(first("SL-F411").finding("SL-F411")["severity"], "open");
    set_mode(&copy, 0o600);
    host.sealock.check(&["--short"]).expect_nothing();
    fs::remove_file(&copy).unwrap();

    let archive = shown(&host.daemon.folder().join("etc.tar.gz"));
    do_run("tar", &["-C", &shown(&etc), "-czf", &archive, "sealock"]);
    set_mode(archive.as_ref(), 0o644);
    let _ = first("SL-F411");
    fs::remove_file(&archive).unwrap();

    let ca_key = etc.join("ca-key.pem");
    let pem = openssl(&[
        "genpkey",
        "-algorithm",
        "EC",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
    ]);
    fs::write(&ca_key, pem).unwrap();
    set_mode(&ca_key, 0o400);
    assert_eq!(first("SL-F417").finding("SL-F417")["severity"], "weak");
    set_mode(&ca_key, 0o644);
    assert_eq!(first("SL-F417").finding("SL-F417")["severity"], "open");

    // What the recipe of Docker's documentation leaves behind.
    let csr = etc.join("server.csr");
    let request = openssl(&["req", "-new", "-key", &shown(&ca_key), "-subj", "/CN=x"]);
    fs::remove_file(&ca_key).unwrap();
    fs::write(&csr, request).unwrap();
    fs::write(etc.join("ca.srl"), "0A1B\n").unwrap();
    fs::write(etc.join("extfile.cnf"), "extendedKeyUsage = serverAuth\n").unwrap();
    let found = host.sealock.check(&["--short"]);
    assert_eq!(found.codes(), ["SL-F416"; 3], "{found}");
    for name in ["server.csr", "ca.srl", "extfile.cnf"] {
        fs::remove_file(etc.join(name)).unwrap();
    }
    host.sealock.check(&["--short"]).expect_nothing();

    in_a_repository(&host);
    host.lives();
}

fn in_a_repository(host: &Host) {
    let etc = shown(&host.etc());
    do_run("git", &["init", "-q", &etc]);
    let found = host.sealock.check(&["--short"]);
    found.expect_first("SL-F410");
    fs::write(host.etc().join(".gitignore"), "sealock/\n").unwrap();
    host.sealock.check(&["--short"]).expect_nothing();
    // What was committed before it was ignored is still in the history.
    let git = |words: &[&str]| {
        let author = [
            "-C",
            &etc,
            "-c",
            "user.name=x",
            "-c",
            "user.email=x@example.org",
        ];
        do_run("git", &[&author[..], words].concat());
    };
    git(&["add", "-f", "sealock"]);
    git(&["commit", "-q", "-m", "everything"]);
    host.sealock.check(&["--short"]).expect_first("SL-F410");
    fs::remove_dir_all(host.etc().join(".git")).unwrap();
    fs::remove_file(host.etc().join(".gitignore")).unwrap();
    host.sealock.check(&["--short"]).expect_nothing();
}
