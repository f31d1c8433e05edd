//! Revocation: what a list says and who believes it, and what ends it at a daemon that believes none.

mod killed;
mod lists;
mod mistakes;
mod stock;

use std::path::{Path, PathBuf};
use std::process::Command;

use sealock_testkit::process::{Outcome, run};
use sealock_testkit::scratch::Scratch;
use serde_json::Value;

use crate::common::{Sealock, faketime};

/// An authority without any daemon.
struct Authority {
    scratch: Scratch,
    sealock: Sealock,
}

impl Authority {
    fn new(name: &str) -> Self {
        let scratch = Scratch::new(name);
        let sealock = Sealock::in_folder(scratch.path());
        let _ = sealock.run(&["ca", "create"]).expect_code(0);
        Self { scratch, sealock }
    }

    /// A client's certificate for so many days.
    fn issue(&self, name: &str, days: &str) -> PathBuf {
        let cert = self.scratch.join(&format!("{name}.pem"));
        let key = self.scratch.join(&format!("{name}.key"));
        let (cert_word, key_word) = (cert.display().to_string(), key.display().to_string());
        let mut words = vec!["cert", "issue", name, "--profile", "client", "--days", days];
        words.extend(["--cert", &cert_word, "--key", &key_word]);
        let _ = self.sealock.run(&words).expect_code(0);
        cert
    }

    fn revoke(&self, words: &[&str]) -> Outcome {
        self.sealock
            .run(&[&["--yes", "cert", "revoke"], words].concat())
    }

    /// The same command some days later, or earlier.
    fn at(&self, when: &str, words: &[&str]) -> Outcome {
        run(&mut faketime(when, self.sealock.command(words)))
    }

    fn list(&self) -> PathBuf {
        self.sealock.home().join("crl/sealock-client-1.pem")
    }

    /// What OpenSSL says of a certificate and the list; `ca.pem` is what clients of the anchor trust.
    fn openssl(&self, cert: &Path) -> Outcome {
        let anchor = self.scratch.join("anchor.pem");
        std::fs::write(&anchor, self.sealock.run(&["ca", "export", "client"]).ok()).unwrap();
        run(Command::new("openssl")
            .args(["verify", "-crl_check", "-CAfile"])
            .arg(&anchor)
            .arg("-CRLfile")
            .arg(self.list())
            .arg(cert))
    }

    /// What our own judge says.
    fn verify(&self, cert: &Path) -> Outcome {
        let words =
            [&self.scratch.join("anchor.pem"), &self.list()].map(|path| path.display().to_string());
        let cert = cert.display().to_string();
        self.sealock.run(&[
            "cert",
            "verify",
            "--purpose",
            "client",
            "--anchor",
            &words[0],
            "--crl",
            &words[1],
            &cert,
        ])
    }

    /// The list of the client anchor's first generation, as the vault has it.
    fn shown(&self) -> Value {
        let shown = self.sealock.run(&["--json", "ca", "crl", "show"]).ok();
        let shown: Value = serde_json::from_str(&shown).unwrap();
        let lists = shown["lists"].as_array().unwrap();
        let of_clients = lists.iter().find(|one| one["purpose"] == "client");
        of_clients.cloned().unwrap_or_default()
    }

    fn number(&self) -> u64 {
        self.shown()["number"].as_u64().unwrap()
    }
}

/// A field of what OpenSSL reads in a list.
fn field(list: &Path, option: &str) -> String {
    let said = run(Command::new("openssl")
        .args(["crl", "-noout", option, "-in"])
        .arg(list));
    said.ok().trim().to_owned()
}
