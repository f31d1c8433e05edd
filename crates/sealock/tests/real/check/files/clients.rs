//! The three files of a client: what the docker CLI says of them, and what is told first.

use std::fs;
use std::path::Path;
use std::process::Command;

use sealock_testkit::lab::{Version, lab};
use sealock_testkit::process::run;

use super::{Instead, openssl, set_mode, shown, utf16};
use crate::common::Host;

/// A break, what it makes of the file, and what docker says.
type Break = (
    &'static str,
    &'static str,
    fn(&Path) -> Vec<u8>,
    &'static str,
);

const BREAKS: &[Break] = &[
    ("SL-F404", "ca.pem", |_| Vec::new(), "ca.pem"),
    (
        "SL-F405",
        "cert.pem",
        |file| der("x509", file),
        "failed to find any PEM data",
    ),
    (
        "SL-F405",
        "key.pem",
        |file| der("pkey", file),
        "no valid private key found",
    ),
    (
        "SL-F406",
        "ca.pem",
        |file| utf16(&fs::read(file).unwrap()),
        "ca.pem",
    ),
    ("SL-F407", "key.pem", |file| encrypted(file), "private key"),
    (
        "SL-F408",
        "key.pem",
        |_| another(),
        "private key does not match public key",
    ),
    ("SL-F419", "cert.pem", super::garbled, "x509"),
];

#[test]
fn files_that_stop_a_client_are_told_first() {
    let host = Host::new(Version::V28);
    let _ = host.up(&[]).expect_code(0);
    let (folder, away) = (
        host.daemon.folder().join("bundle"),
        host.daemon.folder().join("away"),
    );
    fs::create_dir_all(&folder).unwrap();
    fs::create_dir_all(&away).unwrap();
    for name in ["ca.pem", "cert.pem", "key.pem"] {
        fs::copy(host.client("alice").join(name), folder.join(name)).unwrap();
        set_mode(&folder.join(name), 0o600);
    }
    let variables = [
        ("DOCKER_HOST", format!("tcp://{}", host.listen())),
        ("DOCKER_TLS_VERIFY", "1".to_owned()),
        ("DOCKER_CERT_PATH", shown(&folder)),
    ];
    let docker = |cli| {
        run(Command::new(lab().docker_cli(cli))
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", &folder)
            .envs(variables.clone())
            .args(["version", "--format", "server={{.Server.Version}}"]))
    };
    let check = || {
        let words = ["--json", "check", "--short", "--client"];
        let mut command = host.sealock.command(&words);
        command.envs(variables.clone());
        crate::check::ground::Found::of(run(&mut command))
    };
    check().expect_nothing();
    for (code, name, make, saying) in BREAKS {
        let path = folder.join(name);
        let _kept = Instead::bytes(&path, &away, make(&path));
        for cli in [Version::V20, Version::V28] {
            let said = docker(cli);
            assert!(said.code != 0, "{code}: {said}");
            assert!(said.stderr.contains(saying), "{code}, {saying}: {said}");
        }
        let found = check();
        found.expect_first(code);
        assert_eq!(found.codes(), [*code], "{name}: {found}");
        assert_eq!(found.finding(code)["severity"], "locked-out");
    }
    // This one stops nobody.
    let key = folder.join("key.pem");
    let twice = [fs::read(&key).unwrap(), another()].concat();
    let _kept = Instead::bytes(&key, &away, twice);
    let said = docker(Version::V28);
    assert!(said.stdout.starts_with("server="), "{said}");
    check().expect_first("SL-F421");
}

fn der(kind: &str, file: &Path) -> Vec<u8> {
    openssl(&[kind, "-in", &shown(file), "-outform", "DER"])
}

fn encrypted(file: &Path) -> Vec<u8> {
    let words = [
        "pkcs8",
        "-topk8",
        "-v2",
        "aes256",
        "-passout",
        "pass:secret",
    ];
    openssl(&[&words[..], &["-in", &shown(file)]].concat())
}

fn another() -> Vec<u8> {
    openssl(&[
        "genpkey",
        "-algorithm",
        "EC",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
    ])
}
