//! Files that stop a daemon at its next start.

use std::fs;
use std::path::{Path, PathBuf};

use sealock_testkit::lab::Version;

use super::{Instead, garbled, openssl, set_mode, shown, utf16};
use crate::common::Host;

/// The files of a cloaked daemon, and a place to put them away.
struct Ground<'h> {
    live: PathBuf,
    away: PathBuf,
    host: &'h Host,
}

impl Ground<'_> {
    fn file(&self, name: &str) -> PathBuf {
        self.live.join(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.file(name)).unwrap()
    }

    fn openssl(&self, before: &[&str], file: &str, after: &[&str]) -> Vec<u8> {
        let path = shown(&self.file(file));
        openssl(&[before, &["-in", &path], after].concat())
    }
}

/// A break: its code, the file, how it is broken, and what dockerd says of it when it starts.
type Break = (
    &'static str,
    &'static str,
    fn(&Ground<'_>) -> Put,
    &'static str,
);

/// What is put in a file's place.
enum Put {
    Nothing,
    Bytes(Vec<u8>),
    Folder,
    Link,
    Twin,
}

const CA: &str = "ca.pem";
const CERT: &str = "server-cert.pem";
const KEY: &str = "server-key.pem";

const NO_PEM: &str = "failed to find any PEM data in certificate input";
const NO_KEY: &str = "failed to find any PEM data in key input";
const NO_ANCHOR: &str = "failed to append certificates from PEM file";
const GONE: &str = "no such file or directory";
const BAD_KEY: &str = "failed to parse private key";

const BREAKS: &[Break] = &[
    ("SL-F401", KEY, |_| Put::Nothing, GONE),
    ("SL-F402", CERT, |_| Put::Nothing, GONE),
    (
        "SL-F403",
        CA,
        |_| Put::Nothing,
        "could not read CA certificate",
    ),
    ("SL-F404", CERT, |_| Put::Bytes(Vec::new()), NO_PEM),
    (
        "SL-F404",
        KEY,
        |_| Put::Bytes(b"<html>404</html>".to_vec()),
        NO_KEY,
    ),
    ("SL-F404", CA, |_| Put::Bytes(b"\n".to_vec()), NO_ANCHOR),
    (
        "SL-F405",
        CERT,
        |ground| Put::Bytes(ground.openssl(&["x509"], CERT, &["-outform", "DER"])),
        NO_PEM,
    ),
    (
        "SL-F405",
        KEY,
        |ground| Put::Bytes(ground.openssl(&["pkey"], KEY, &["-outform", "DER"])),
        NO_KEY,
    ),
    (
        "SL-F405",
        CA,
        |ground| Put::Bytes(ground.openssl(&["x509"], CA, &["-outform", "DER"])),
        NO_ANCHOR,
    ),
    (
        "SL-F406",
        KEY,
        |ground| Put::Bytes([&b"\xef\xbb\xbf"[..], &ground.read(KEY)].concat()),
        NO_KEY,
    ),
    (
        "SL-F406",
        CA,
        |ground| Put::Bytes([&b"\xef\xbb\xbf"[..], &ground.read(CA)].concat()),
        NO_ANCHOR,
    ),
    (
        "SL-F406",
        CERT,
        |ground| Put::Bytes(utf16(&ground.read(CERT))),
        NO_PEM,
    ),
    (
        "SL-F407",
        KEY,
        |ground| {
            Put::Bytes(ground.openssl(
                &[
                    "pkcs8",
                    "-topk8",
                    "-v2",
                    "aes256",
                    "-passout",
                    "pass:secret",
                ],
                KEY,
                &[],
            ))
        },
        BAD_KEY,
    ),
    (
        "SL-F407",
        KEY,
        |ground| {
            Put::Bytes(ground.openssl(&["ec", "-aes128", "-passout", "pass:secret"], KEY, &[]))
        },
        BAD_KEY,
    ),
    (
        "SL-F408",
        KEY,
        |_| Put::Bytes(new_key("P-256")),
        "private key does not match public key",
    ),
    (
        "SL-F412",
        KEY,
        |_| Put::Twin,
        "PEM inputs may have been switched",
    ),
    ("SL-F413", CA, |_| Put::Folder, "is a directory"),
    ("SL-F413", KEY, |_| Put::Link, GONE),
    (
        "SL-F418",
        KEY,
        |_| Put::Bytes(new_key("secp256k1")),
        BAD_KEY,
    ),
    (
        "SL-F419",
        CERT,
        |ground| Put::Bytes(garbled(&ground.file(CERT))),
        "x509: ",
    ),
    (
        "SL-F421",
        KEY,
        |ground| Put::Bytes([new_key("P-256"), ground.read(KEY)].concat()),
        "private key does not match public key",
    ),
];

fn new_key(curve: &str) -> Vec<u8> {
    let curve = format!("ec_paramgen_curve:{curve}");
    openssl(&["genpkey", "-algorithm", "EC", "-pkeyopt", &curve])
}

#[test]
fn what_stops_docker_20_is_told_first() {
    what_stops_a_daemon(Version::V20);
}

#[test]
fn what_stops_docker_28_is_told_first() {
    what_stops_a_daemon(Version::V28);
}

/// Once while the daemon is on and does not know yet, and once when it was started with it.
fn what_stops_a_daemon(version: Version) {
    let host = Host::new(version);
    let _ = host.up(&[]).expect_code(0);
    let away = host.daemon.folder().join("away");
    fs::create_dir(&away).unwrap();
    let live = fs::canonicalize(host.live()).unwrap();
    let ground = Ground {
        live,
        away,
        host: &host,
    };
    // One daemon is enough for what does not depend on it.
    if version == Version::V28 {
        each(&ground, |code, _| {
            let found = host.sealock.check(&["--short"]);
            found.expect_first(code);
            assert_eq!(found.finding(code)["severity"], "latent", "{found}");
            assert_eq!(found.codes(), [code], "{found}");
        });
        host.sealock.check(&["--short"]).expect_nothing();
    }
    host.daemon.stop();
    each(&ground, |code, saying| {
        let tried = host.daemon.try_start();
        assert!(tried.code != 0, "{code}: it starts: {tried}");
        assert!(tried.stderr.contains(saying), "{code}, {saying}: {tried}");
        let found = host.sealock.check(&["--short"]);
        found.expect_first(code);
        assert_eq!(found.finding(code)["severity"], "down", "{found}");
        let follows = &found.finding(code)["consequences"];
        assert!(follows.to_string().contains("SL-F211"), "{follows}");
        assert_eq!(found.codes(), [code], "{found}");
    });
    let _ = host.daemon.start();
    host.lives();
    host.sealock.check(&["--short"]).expect_nothing();
}

/// Breaks one file after the other, and puts each back.
fn each(ground: &Ground<'_>, look: impl Fn(&str, &str)) {
    for (code, name, put, saying) in BREAKS {
        let path = ground.file(name);
        let put = put(ground);
        let _kept = match put {
            Put::Bytes(ref bytes) => Instead::bytes(&path, &ground.away, bytes),
            _ => Instead::nothing(&path, &ground.away),
        };
        let mut also = None;
        match put {
            Put::Folder => fs::create_dir(&path).unwrap(),
            Put::Link => std::os::unix::fs::symlink("gone.pem", &path).unwrap(),
            Put::Twin => also = Some(swap(ground, &path)),
            Put::Nothing | Put::Bytes(_) => {}
        }
        look(code, saying);
        drop(also);
    }
    assert!(ground.host.live().join(KEY).is_file());
}

/// Key and certificate in each other's place.
fn swap(ground: &Ground<'_>, key: &Path) -> Instead {
    let certificate = ground.file(CERT);
    fs::copy(&certificate, key).unwrap();
    set_mode(key, 0o400);
    let bytes = fs::read(ground.away.join(KEY)).unwrap();
    let swapped = Instead::bytes(&certificate, &ground.away, bytes);
    set_mode(&certificate, 0o400);
    swapped
}
