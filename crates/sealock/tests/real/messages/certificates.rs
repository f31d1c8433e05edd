//! Certificates of every fault, made by the openssl command.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sealock_testkit::process::run;

use crate::common::faketime;

/// A folder with an authority in it.
pub(super) struct Authority {
    folder: PathBuf,
}

/// What is special about a certificate.
pub(super) struct Leaf<'a> {
    pub(super) name: &'a str,
    /// The line of `extendedKeyUsage`; left away when empty.
    pub(super) usage: &'a str,
    /// The line of `subjectAltName`; left away when empty.
    pub(super) names: &'a str,
    /// When it is made, for `faketime`; it lives for 90 days.
    pub(super) when: &'a str,
}

impl Authority {
    pub(super) fn new(folder: &Path, name: &str) -> Self {
        fs::create_dir_all(folder).unwrap();
        let authority = Self {
            folder: folder.to_owned(),
        };
        let subject = format!("/CN={name}");
        let words = [
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "3650",
            "-keyout",
            "ca-key.pem",
            "-out",
            "ca.pem",
            "-subj",
            &subject,
        ];
        authority.openssl("-600d", &words);
        authority
    }

    /// The file of the anchor.
    pub(super) fn anchor(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// A folder with `cert.pem` and `key.pem` of a new certificate, and this authority's `ca.pem`.
    pub(super) fn issue(&self, leaf: &Leaf<'_>) -> PathBuf {
        let dir = self.folder.join(leaf.name);
        fs::create_dir(&dir).unwrap();
        let at = |file: &str| format!("{}/{file}", leaf.name);
        let (key, request, certificate, extensions) = (
            at("key.pem"),
            at("request.pem"),
            at("cert.pem"),
            at("extensions"),
        );
        let mut lines = String::from("basicConstraints=critical,CA:FALSE\n");
        for (key, value) in [
            ("extendedKeyUsage", leaf.usage),
            ("subjectAltName", leaf.names),
        ] {
            if !value.is_empty() {
                lines.push_str(&format!("{key}={value}\n"));
            }
        }
        fs::write(self.folder.join(&extensions), lines).unwrap();
        let words = [
            "req",
            "-new",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            &format!("/CN={}.example", leaf.name),
            "-keyout",
            &key,
            "-out",
            &request,
        ];
        self.openssl("+0", &words);
        let words = [
            "x509",
            "-req",
            "-in",
            &request,
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca-key.pem",
            "-days",
            "90",
            "-extfile",
            &extensions,
            "-out",
            &certificate,
        ];
        self.openssl(leaf.when, &words);
        fs::copy(self.anchor(), dir.join("ca.pem")).unwrap();
        dir
    }

    /// A certificate that signed itself, for `localhost` and its addresses.
    pub(super) fn self_signed(&self) -> PathBuf {
        let dir = self.folder.join("self-signed");
        fs::create_dir(&dir).unwrap();
        let words = [
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            "/CN=alone",
            "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-keyout",
            "self-signed/key.pem",
            "-out",
            "self-signed/cert.pem",
        ];
        self.openssl("+0", &words);
        dir
    }

    /// The same key with a passphrase.
    pub(super) fn encrypt(&self, key: &Path, into: &Path) {
        let words = [
            "pkcs8",
            "-topk8",
            "-passout",
            "pass:secret",
            "-in",
            key.to_str().unwrap(),
            "-out",
            into.to_str().unwrap(),
        ];
        self.openssl("+0", &words);
    }

    fn openssl(&self, when: &str, words: &[&str]) {
        let mut command = Command::new("openssl");
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .current_dir(&self.folder)
            .args(words);
        let mut command = if when == "+0" {
            command
        } else {
            faketime(when, command)
        };
        let _ = run(&mut command).expect_code(0);
    }
}

/// A certificate without a fault.
pub(super) const SERVER: Leaf<'_> = Leaf {
    name: "server",
    usage: "serverAuth",
    names: "DNS:localhost,IP:127.0.0.1",
    when: "+0",
};

/// The same for a client.
pub(super) const CLIENT: Leaf<'_> = Leaf {
    name: "client",
    usage: "clientAuth",
    names: "",
    when: "+0",
};
