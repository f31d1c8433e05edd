//! dockerd is started with every broken configuration and file.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use sealock_testkit::dockerd::{Builder, Dockerd};
use sealock_testkit::lab::Version;
use sealock_testkit::process::free_port;
use sealock_testkit::scratch::Scratch;

use super::Reader;
use super::certificates::{Authority, CLIENT, SERVER};

#[test]
fn what_docker_20_says_as_it_does_not_start() {
    does_not_start(Version::V20);
}

#[test]
fn what_docker_28_says_as_it_does_not_start() {
    does_not_start(Version::V28);
}

fn does_not_start(version: Version) {
    let mut reader = Reader::default();
    let scratch = Scratch::new("messages");
    let files = Files::new(scratch.path());
    for (code, keys) in files.cases() {
        refuses(
            &mut reader,
            Dockerd::builder(version).hosts_in_config(),
            &document(version, &keys),
            code,
        );
    }
    for (code, text) in broken(version) {
        refuses(
            &mut reader,
            Dockerd::builder(version).hosts_in_config(),
            text,
            code,
        );
    }
    let twice = document(version, &hosts("tcp://127.0.0.1:1"));
    refuses(&mut reader, Dockerd::builder(version), &twice, "F203");
    listeners(&mut reader, version);
    reader.done(&format!("dockerd {version:?} does not start"), 20);
}

fn refuses(reader: &mut Reader, builder: Builder, text: &str, code: &str) {
    let daemon = builder.config(text).prepare();
    let outcome = daemon.try_start();
    assert!(outcome.code != 0, "it started with {text}");
    reader.first(&format!("{:?}", daemon.version()), &daemon.log(), code);
}

fn listeners(reader: &mut Reader, version: Version) {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let free = free_port();
    for (code, host) in [
        ("F218", format!("tcp://{}", taken.local_addr().unwrap())),
        ("F223", format!("tcp://192.0.2.1:{free}")),
        ("F219", "fd://".to_owned()),
        ("F209", format!("http://127.0.0.1:{free}")),
    ] {
        let text = document(version, &format!("{}, \"tls\": false", hosts(&host)));
        let builder = Dockerd::builder(version).hosts_in_config();
        refuses(reader, builder, &text, code);
    }
}

fn hosts(host: &str) -> String {
    format!("\"hosts\": [\"unix://@SOCKET@\", \"{host}\"]")
}

/// 20.10 would take its identity from this machine without the first key.
fn document(version: Version, keys: &str) -> String {
    let own = if version == Version::V20 {
        "\"deprecated-key-path\": \"@FOLDER@/key.json\", "
    } else {
        ""
    };
    format!("{{{own}{keys}}}")
}

fn broken(version: Version) -> Vec<(&'static str, &'static str)> {
    let mut cases = vec![
        ("F201", "{ \"debug\": true, }"),
        ("F201", "{ \"debug\": true"),
        ("F201", "debug: true\n"),
        ("F202", "{ \"tlsVerify\": true }"),
        ("F202", "{ \"host\": [\"fd://\"], \"tls-verify\": true }"),
        ("F204", "{ \"tlsverify\": \"true\" }"),
        ("F204", "{ \"hosts\": \"fd://\" }"),
    ];
    if version == Version::V20 {
        cases.extend([("F201", ""), ("F201", "\u{feff}{}")]);
    }
    cases
}

/// The files that a daemon is told to use.
struct Files {
    folder: String,
}

impl Files {
    fn new(folder: &Path) -> Self {
        let authority = Authority::new(folder, "authority");
        let server = authority.issue(&SERVER);
        let other = authority.issue(&CLIENT);
        for (from, to) in [
            (server.join("cert.pem"), "cert.pem"),
            (server.join("key.pem"), "key.pem"),
            (other.join("key.pem"), "other-key.pem"),
        ] {
            fs::copy(from, folder.join(to)).unwrap();
        }
        authority.encrypt(&folder.join("key.pem"), &folder.join("encrypted.pem"));
        fs::create_dir(folder.join("directory")).unwrap();
        fs::write(folder.join("empty.pem"), "").unwrap();
        fs::write(folder.join("garbage.pem"), "no certificate\n").unwrap();
        let damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        fs::write(folder.join("damaged.pem"), damaged).unwrap();
        Self {
            folder: folder.display().to_string(),
        }
    }

    fn cases(&self) -> Vec<(&'static str, String)> {
        let all = |ca: &str, cert: &str, key: &str| {
            let folder = &self.folder;
            format!(
                "{}, \"tlsverify\": true, \"tlscacert\": \"{folder}/{ca}\", \"tlscert\": \"{folder}/{cert}\", \"tlskey\": \"{folder}/{key}\"",
                hosts(&format!("tcp://127.0.0.1:{}", free_port()))
            )
        };
        let listen = hosts(&format!("tcp://127.0.0.1:{}", free_port()));
        vec![
            ("F205", format!("{listen}, \"tlsverify\": true")),
            ("F402", all("ca.pem", "nope.pem", "key.pem")),
            ("F401", all("ca.pem", "cert.pem", "nope.pem")),
            ("F403", all("nope.pem", "cert.pem", "key.pem")),
            ("F413", all("directory", "cert.pem", "key.pem")),
            ("F413", all("ca.pem", "directory", "key.pem")),
            ("F404", all("garbage.pem", "cert.pem", "key.pem")),
            ("F404", all("empty.pem", "cert.pem", "key.pem")),
            ("F404", all("ca.pem", "garbage.pem", "key.pem")),
            ("F404", all("ca.pem", "empty.pem", "key.pem")),
            ("F404", all("ca.pem", "cert.pem", "garbage.pem")),
            ("F408", all("ca.pem", "cert.pem", "other-key.pem")),
            ("F407", all("ca.pem", "cert.pem", "encrypted.pem")),
            ("F412", all("ca.pem", "key.pem", "cert.pem")),
            ("F412", all("ca.pem", "cert.pem", "cert.pem")),
            ("F419", all("ca.pem", "damaged.pem", "key.pem")),
        ]
    }
}
