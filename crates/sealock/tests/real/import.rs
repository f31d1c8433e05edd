//! What other tools leave: made by the tools themselves, found, judged, adopted, and gone on with.
//!
//! openssl, mkcert, easy-rsa and cfssl are the real ones. Of docker-machine and jsha/minica there is no package to be
//! had: their layouts and certificates are made with openssl, field by field as their sources write them (`makers`).
//! anonym called the openssl program itself, and its commands are run here.

mod adopted;
mod killed;
mod live;
mod makers;
mod refused;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sealock_testkit::Scratch;
use sealock_testkit::process::Outcome;
use serde_json::Value;

use crate::common::{Sealock, Tree};

/// A host whose daemon is off, with a leftover on it.
struct Ground {
    scratch: Scratch,
    sealock: Sealock,
}

impl Ground {
    fn new(name: &str) -> Self {
        let scratch = Scratch::new(name);
        for folder in ["etc", "sealock", "left"] {
            fs::create_dir(scratch.join(folder)).unwrap();
        }
        scratch.write("etc/daemon.json", "{}\n");
        let sealock = Sealock::in_folder(&scratch.join("sealock"));
        Self { scratch, sealock }
    }

    /// Where the tool makes its files.
    fn left(&self) -> PathBuf {
        self.scratch.join("left")
    }

    /// `ca import` of a path, for a daemon whose configuration is in `etc`.
    fn import(&self, path: &Path, more: &[&str]) -> Outcome {
        self.sealock.run(&self.words(path, more).each())
    }

    fn words(&self, path: &Path, more: &[&str]) -> Words {
        let at = |name: &str| self.scratch.join(name).display().to_string();
        let mut words = vec!["ca".to_owned(), "import".to_owned()];
        words.push(path.display().to_string());
        words.extend(["--docker-config".to_owned(), at("etc/daemon.json")]);
        words.extend(["--docker-socket".to_owned(), at("etc/docker.sock")]);
        words.extend(more.iter().map(|word| (*word).to_owned()));
        Words(words)
    }

    /// The same with `--json`; what it says.
    fn json(&self, path: &Path, more: &[&str]) -> Value {
        let mut words = vec!["--json"];
        words.extend(more);
        serde_json::from_str(&self.import(path, &words).ok()).unwrap()
    }

    /// A word for `--key-passphrase`.
    fn passphrase(&self, text: &str) -> String {
        let path = self.scratch.write("passphrase", format!("{text}\n"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        format!("file:{}", path.display())
    }

    fn client(&self, name: &str) -> PathBuf {
        self.sealock.home().join("clients").join(name)
    }

    fn toml(&self) -> String {
        fs::read_to_string(self.sealock.config()).unwrap()
    }

    /// What a client was handed, in the invoking user's `~/.docker`, as everybody puts it.
    fn put_into_home(&self) {
        put_into(&self.scratch.join("hand"), &self.scratch.join("sealock"));
    }

    fn originals(&self) -> Tree {
        Tree::of(&[&self.left()])
    }
}

/// Words of a command line.
struct Words(Vec<String>);

impl Words {
    fn each(&self) -> Vec<&str> {
        self.0.iter().map(String::as_str).collect()
    }
}

/// The codes of the findings, ordered.
fn codes(json: &Value) -> Vec<String> {
    let mut codes: Vec<String> = json["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["code"].as_str().unwrap()[3..].to_owned())
        .collect();
    codes.sort();
    codes.dedup();
    codes
}

/// What each file is, by its path below the leftover: `ca.pem ca`.
fn parts(json: &Value) -> Vec<String> {
    let mut parts = Vec::new();
    for leftover in json["leftovers"].as_array().unwrap() {
        let folder = leftover["folder"].as_str().unwrap();
        for file in leftover["files"].as_array().unwrap() {
            let part = file["part"].as_str().unwrap();
            let path = Path::new(file["path"].as_str().unwrap());
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            // easy-rsa keeps copies under their serials.
            if part != "litter" && !name.contains("_by_serial/") {
                parts.push(format!("{name} {part}"));
            }
        }
    }
    parts.sort();
    parts
}

/// Copies the three files of `hand` into the `.docker` of a home.
fn put_into(hand: &Path, home: &Path) {
    let folder = home.join(".docker");
    fs::create_dir(&folder).unwrap();
    for file in ["ca.pem", "cert.pem", "key.pem"] {
        fs::copy(hand.join(file), folder.join(file)).unwrap();
    }
}
