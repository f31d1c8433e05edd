//! Why a client does not get in: docker's own programs and `sealock check --client` in the same shell.
//!
//! For every break docker 20.10 and docker 28 do what the finding says that they do, and the finding is the first.

mod contexts;
mod files;
mod kept;
mod precedence;
mod settings;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sealock_testkit::lab::{Version, lab};
use sealock_testkit::process::{Outcome, run};

use super::ground::Found;
use crate::common::{Host, Sealock};

/// The clients that everybody has.
const BOTH: [Version; 2] = [Version::V20, Version::V28];

/// Asks the daemon, and nobody else, for its version.
const ASK: [&str; 3] = ["version", "--format", "server={{.Server.Version}}"];

/// A shell with a home and variables, for docker's client and for sealock alike.
#[derive(Clone)]
struct Shell<'h> {
    sealock: &'h Sealock,
    home: PathBuf,
    variables: BTreeMap<&'static str, String>,
}

impl<'h> Shell<'h> {
    /// With a home where nothing is, and no variables.
    fn new(host: &'h Host, name: &str) -> Self {
        let home = host.daemon.folder().join(name);
        fs::create_dir_all(&home).unwrap();
        Self {
            sealock: &host.sealock,
            home,
            variables: BTreeMap::new(),
        }
    }

    /// Told by the environment how to reach the host as this client.
    fn of(host: &'h Host, folder: &Path) -> Self {
        Self::new(host, "home")
            .set("DOCKER_HOST", endpoint(host))
            .set("DOCKER_TLS_VERIFY", "1")
            .set("DOCKER_CERT_PATH", folder.display())
    }

    fn set(mut self, name: &'static str, value: impl std::fmt::Display) -> Self {
        self.variables.insert(name, value.to_string());
        self
    }

    fn unset(mut self, name: &str) -> Self {
        let _ = self.variables.remove(name);
        self
    }

    /// Docker's client with these words.
    fn docker(&self, cli: Version, words: &[&str]) -> Outcome {
        run(Command::new(lab().docker_cli(cli))
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", &self.home)
            .envs(&self.variables)
            .args(words))
    }

    /// `sealock check --client` with these words.
    #[track_caller]
    fn check(&self, words: &[&str]) -> Found {
        let mut all = vec!["--json", "check", "--short", "--client"];
        all.extend(words);
        let mut command = self.sealock.command(&all);
        command.env("HOME", &self.home).envs(&self.variables);
        Found::of(run(&mut command))
    }

    /// Insists that the client gets in, whoever looks; gives what it said besides.
    #[track_caller]
    fn gets_in(&self, words: &[&str]) -> &Self {
        for cli in BOTH {
            let said = self.docker(cli, &[words, &ASK].concat());
            let answered = said.stdout.trim().strip_prefix("server=");
            let got_in = said.code == 0 && answered.is_some_and(|version| !version.is_empty());
            assert!(got_in, "{cli:?} was not let in: {said}");
        }
        self
    }

    /// Insists that the client does not get in, and that it says one of these.
    #[track_caller]
    fn stops(&self, words: &[&str], saying: &[&str]) -> &Self {
        for cli in BOTH {
            let said = self.docker(cli, &[words, &ASK].concat());
            assert!(said.code != 0, "{cli:?} was let in: {said}");
            // Between the two, docker has changed where it writes capital letters.
            let text = said.stderr.to_lowercase();
            let any = saying
                .iter()
                .any(|words| text.contains(&words.to_lowercase()));
            assert!(any, "{cli:?} should say one of {saying:?}: {said}");
        }
        self
    }
}

/// Where the host's daemon listens, as clients write it.
fn endpoint(host: &Host) -> String {
    format!("tcp://{}", host.listen())
}

/// A copy of alice's three files, for a test to break.
fn copy(host: &Host, name: &str) -> PathBuf {
    let folder = host.daemon.folder().join(name);
    fs::create_dir_all(&folder).unwrap();
    for file in ["ca.pem", "cert.pem", "key.pem"] {
        fs::copy(host.client("alice").join(file), folder.join(file)).unwrap();
    }
    folder
}

/// The certificate of an authority that has nothing to do with the host.
fn foreign_anchor(host: &Host) -> PathBuf {
    let folder = host.daemon.folder().join("foreign");
    let (ca, key) = (folder.join("ca.pem"), folder.join("key.pem"));
    if !folder.exists() {
        fs::create_dir(&folder).unwrap();
        let _ = run(Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
            ])
            .args(["-nodes", "-days", "30", "-subj", "/CN=a foreign authority"])
            .arg("-out")
            .arg(&ca)
            .arg("-keyout")
            .arg(&key))
        .ok();
    }
    ca
}

/// What a client that shows no certificate hears: dockerd 20.10's word, and that of later ones.
const NO_CERTIFICATE: [&str; 2] = ["certificate required", "bad certificate"];
