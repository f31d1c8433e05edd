//! Certificates of every fault, made by the openssl command.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sealock_testkit::process::run;

use crate::common::faketime;

/// A folder of keys and certificates, each with a name: `server.pem`, and for the key that it has, `server.key`.
pub(super) struct Forge {
    folder: PathBuf,
    /// The key of each certificate.
    keys: RefCell<BTreeMap<String, String>>,
}

/// What a certificate is to be.
#[derive(Clone, Copy)]
pub(super) struct Recipe<'a> {
    pub(super) subject: &'a str,
    /// The name of its key.
    pub(super) key: &'a str,
    /// The name of its issuer's certificate; itself when empty.
    pub(super) by: &'a str,
    /// Without extensions it is of version 1.
    pub(super) extensions: Option<Extensions<'a>>,
    /// When it is made, as `faketime` has it.
    pub(super) when: &'a str,
    /// How long it lives from then.
    pub(super) days: &'a str,
    pub(super) digest: &'a str,
}

/// The values of extensions; what is empty is left away.
#[derive(Clone, Copy)]
pub(super) struct Extensions<'a> {
    pub(super) constraints: &'a str,
    pub(super) usage: &'a str,
    pub(super) purposes: &'a str,
    pub(super) names: &'a str,
    pub(super) issuer_key: &'a str,
}

/// An anchor in the middle of its life.
pub(super) const ANCHOR: Recipe<'_> = Recipe {
    subject: "/CN=Hand-made servers",
    key: "anchor",
    by: "",
    extensions: Some(AUTHORITY),
    when: "-800d",
    days: "3650",
    digest: "-sha256",
};

pub(super) const AUTHORITY: Extensions<'_> = Extensions {
    constraints: "critical,CA:TRUE",
    usage: "critical,keyCertSign,cRLSign",
    purposes: "",
    names: "",
    issuer_key: "",
};

/// A sound certificate for the daemon.
pub(super) const SERVER: Recipe<'_> = Recipe {
    subject: "/CN=localhost",
    key: "server",
    by: "servers",
    extensions: Some(FOR_SERVERS),
    when: "-10d",
    days: "100",
    digest: "-sha256",
};

pub(super) const FOR_SERVERS: Extensions<'_> = Extensions {
    constraints: "critical,CA:FALSE",
    usage: "critical,digitalSignature",
    purposes: "serverAuth",
    names: "DNS:localhost,IP:127.0.0.1",
    issuer_key: "keyid",
};

/// A sound certificate for a client.
pub(super) const CLIENT: Recipe<'_> = Recipe {
    subject: "/CN=alice",
    key: "client",
    by: "clients",
    extensions: Some(FOR_CLIENTS),
    ..SERVER
};

pub(super) const FOR_CLIENTS: Extensions<'_> = Extensions {
    purposes: "clientAuth",
    names: "",
    ..FOR_SERVERS
};

impl Forge {
    pub(super) fn new(folder: PathBuf) -> Self {
        fs::create_dir(&folder).unwrap();
        Self {
            folder,
            keys: RefCell::default(),
        }
    }

    /// A file of the folder.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A new key on the curve that everybody takes.
    pub(super) fn key(&self, name: &str) {
        self.key_of(name, &["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    }

    /// A new key of another kind.
    pub(super) fn key_of(&self, name: &str, kind: &[&str]) {
        let file = format!("{name}.key");
        let words = [&["genpkey", "-quiet", "-out", &file, "-algorithm"], kind].concat();
        self.openssl("", &words);
    }

    /// A new certificate; its key is made when it is not there.
    pub(super) fn make(&self, name: &str, recipe: &Recipe<'_>) {
        let key = format!("{}.key", recipe.key);
        if !self.file(&key).exists() {
            self.key(recipe.key);
        }
        let (request, certificate) = (format!("{name}.csr"), format!("{name}.pem"));
        self.openssl(
            "",
            &[
                "req",
                "-new",
                "-key",
                &key,
                "-subj",
                recipe.subject,
                "-out",
                &request,
            ],
        );
        let issuer = format!("{}.pem", recipe.by);
        let lines = format!("{name}.ext");
        let mut words = vec!["x509", "-req", "-in", &request, "-out", &certificate];
        words.extend(["-days", recipe.days, recipe.digest]);
        let issuers_key;
        if recipe.by.is_empty() {
            words.extend(["-signkey", &key]);
        } else {
            issuers_key = format!("{}.key", self.keys.borrow()[recipe.by]);
            words.extend(["-CA", &issuer, "-CAkey", &issuers_key, "-CAcreateserial"]);
        }
        if let Some(extensions) = &recipe.extensions {
            fs::write(self.file(&lines), extensions.lines()).unwrap();
            words.extend(["-extfile", &lines]);
        }
        self.openssl(recipe.when, &words);
        let _ = self
            .keys
            .borrow_mut()
            .insert(name.to_owned(), recipe.key.to_owned());
    }

    /// Some certificates one after the other, or a key.
    pub(super) fn read(&self, files: &[&str]) -> Vec<u8> {
        let read = |name: &&str| {
            let path = self.file(name);
            fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        files.iter().flat_map(read).collect()
    }

    fn openssl(&self, when: &str, words: &[&str]) {
        let _ = openssl(&self.folder, when, words).expect_code(0);
    }
}

impl Extensions<'_> {
    fn lines(&self) -> String {
        let values = [
            ("basicConstraints", self.constraints),
            ("keyUsage", self.usage),
            ("extendedKeyUsage", self.purposes),
            ("subjectAltName", self.names),
            ("subjectKeyIdentifier", "hash"),
            ("authorityKeyIdentifier", self.issuer_key),
        ];
        let stated = values.iter().filter(|(_, value)| !value.is_empty());
        stated
            .map(|(name, value)| format!("{name}={value}\n"))
            .collect()
    }
}

/// The openssl command in this folder, at this time.
fn openssl(folder: &Path, when: &str, words: &[&str]) -> sealock_testkit::process::Outcome {
    let mut command = Command::new("openssl");
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .current_dir(folder)
        .args(words);
    if when.is_empty() {
        run(&mut command)
    } else {
        run(&mut faketime(when, command))
    }
}
