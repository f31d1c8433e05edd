//! Real Docker clients at a real daemon, with what sealock made: the right ones get in, the wrong ones do not.

mod life;
mod places;
mod wrong;

use std::path::Path;
use std::process::Command;

use sealock_testkit::clients::{Attempt, Request, Tls, Told};
use sealock_testkit::lab::{Version, lab};
use sealock_testkit::process::{Outcome, run};

use crate::common::Host;

#[test]
fn every_client_gets_into_docker_20() {
    every_client_gets_in(Version::V20);
}

#[test]
fn every_client_gets_into_docker_28() {
    every_client_gets_in(Version::V28);
}

fn every_client_gets_in(version: Version) {
    let host = Host::new(version);
    let _ = host.up(&[]).expect_code(0);
    for (name, attempt) in every_way(&host, &host.client("alice")) {
        assert!(attempt.got_in, "{name}: {}", attempt.text);
    }
    host.lives();
}

/// The three files of `dir`, tried by every client there is, on every version of TLS that can be chosen.
pub(crate) fn every_way(host: &Host, dir: &Path) -> Vec<(&'static str, Attempt)> {
    let request = Request::new("127.0.0.1", host.port, dir);
    let docker = |version, told| request.docker(&lab().docker_cli(version), &told);
    vec![
        ("curl, TLS 1.2", request.curl(Tls::V12)),
        ("curl, TLS 1.3", request.curl(Tls::V13)),
        ("openssl, TLS 1.2", request.openssl(Tls::V12)),
        ("openssl, TLS 1.3", request.openssl(Tls::V13)),
        ("docker 20, by path", docker(Version::V20, Told::CertPath)),
        ("docker 28, by path", docker(Version::V28, Told::CertPath)),
        ("docker 20, by flags", docker(Version::V20, Told::Flags)),
        ("docker 28, by flags", docker(Version::V28, Told::Flags)),
        ("docker-py", request.python()),
        ("dockerode", request.dockerode()),
    ]
}

/// The docker CLI as a user has it: with a home, a PATH, and these variables.
fn docker(version: Version, home: &Path, variables: &[(&str, &str)], words: &[&str]) -> Outcome {
    run(Command::new(lab().docker_cli(version))
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", home)
        .envs(variables.iter().copied())
        .args(words))
}

/// Asks the daemon, and nobody else, for its version.
const ASK: [&str; 3] = ["version", "--format", "server={{.Server.Version}}"];

#[track_caller]
fn is_in(outcome: &Outcome) {
    let answered = outcome.stdout.trim().strip_prefix("server=");
    let got_in = outcome.code == 0 && answered.is_some_and(|version| !version.is_empty());
    assert!(got_in, "not let in: {outcome}");
}
