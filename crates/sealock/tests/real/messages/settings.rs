//! Clients with every wrong setting, and daemons that ask for nothing.

use std::fs;
use std::path::Path;
use std::process::Command;

use sealock_testkit::clients::{Request, Tls, Told};
use sealock_testkit::dockerd::Dockerd;
use sealock_testkit::lab::{Version, lab};
use sealock_testkit::process::{Outcome, free_port, run};
use sealock_testkit::scratch::Scratch;

use super::certificates::{Authority, CLIENT};
use super::{Reader, said, told};

/// The docker CLI with a home and these variables.
fn docker(version: Version, home: &Path, variables: &[(&str, &str)], words: &[&str]) -> Outcome {
    run(Command::new(lab().docker_cli(version))
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", home)
        .envs(variables.iter().copied())
        .args(words))
}

#[test]
fn what_docker_20_says_of_its_settings() {
    settings(Version::V20);
}

#[test]
fn what_docker_28_says_of_its_settings() {
    settings(Version::V28);
}

fn settings(version: Version) {
    let mut reader = Reader::default();
    let scratch = Scratch::new("messages");
    let home = scratch.path();
    let authority = Authority::new(&home.join("ours"), "authority");
    let good = authority.issue(&CLIENT);
    let other = Authority::new(&home.join("foreign"), "another").issue(&CLIENT);
    let copy = |name: &str| {
        let dir = home.join(name);
        fs::create_dir(&dir).unwrap();
        for file in ["ca.pem", "cert.pem", "key.pem"] {
            fs::copy(good.join(file), dir.join(file)).unwrap();
        }
        dir.display().to_string()
    };
    let (mismatched, garbage, empty, broken) = (
        copy("mismatched"),
        copy("garbage"),
        home.join("empty"),
        home.join("broken"),
    );
    fs::copy(other.join("key.pem"), home.join("mismatched/key.pem")).unwrap();
    fs::write(home.join("garbage/ca.pem"), "no certificate\n").unwrap();
    fs::create_dir(&empty).unwrap();
    fs::create_dir(&broken).unwrap();
    fs::write(broken.join("config.json"), "{ \"auths\": ").unwrap();
    let encrypted = copy("encrypted");
    authority.encrypt(&good.join("key.pem"), &home.join("encrypted/key.pem"));
    let host = format!("tcp://127.0.0.1:{}", free_port());
    let [empty, broken] = [empty, broken].map(|dir| dir.display().to_string());
    let with = |dir: &str| {
        let variables = [
            ("DOCKER_HOST", host.as_str()),
            ("DOCKER_TLS_VERIFY", "1"),
            ("DOCKER_CERT_PATH", dir),
        ];
        docker(version, home, &variables, &["version"])
    };
    let plain =
        |variables: &[(&str, &str)], words: &[&str]| docker(version, home, variables, words);
    let cases = [
        ("F505", with(&empty)),
        ("F408", with(&mismatched)),
        ("F407", with(&encrypted)),
        ("F404", with(&garbage)),
        (
            "F505",
            plain(
                &[("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", &empty)],
                &["-H", "unix:///nowhere.sock", "version"],
            ),
        ),
        (
            "F211",
            plain(&[], &["-H", "unix:///nowhere.sock", "version"]),
        ),
        ("F901", plain(&[], &["-H", &host, "version"])),
        ("F901", plain(&[("DOCKER_HOST", &host)], &["ps"])),
        ("F510", plain(&[], &["--context", "nobody", "version"])),
        ("F510", plain(&[("DOCKER_CONTEXT", "nobody")], &["ps"])),
        (
            "F509",
            plain(&[], &["--context", "nobody", "-H", &host, "version"]),
        ),
        (
            "F511",
            plain(&[], &["-H", "https://127.0.0.1:2376", "version"]),
        ),
        (
            "F508",
            plain(&[], &["-H", &host, "-H", "tcp://127.0.0.1:1", "version"]),
        ),
        (
            "F514",
            docker(
                version,
                home,
                &[("DOCKER_CONFIG", &broken)],
                &["-H", "unix:///nowhere.sock", "version"],
            ),
        ),
    ];
    for (code, outcome) in &cases {
        reader.first(&outcome.command, &said(outcome), code);
    }
    reader.done(&format!("settings of docker {version:?}"), 14);
}

#[test]
fn what_is_said_of_a_daemon_without_tls() {
    let mut reader = Reader::default();
    let scratch = Scratch::new("messages");
    let authority = Authority::new(&scratch.path().join("ours"), "authority");
    let client = authority.issue(&CLIENT);
    for version in [Version::V20, Version::V28] {
        let port = free_port();
        let daemon = Dockerd::builder(version)
            .flag(&format!("--host=tcp://127.0.0.1:{port}"))
            .flag("--tls=false")
            .start();
        reader.first("dockerd", &daemon.log(), "F101");
        let warned = daemon.docker(&["info", "-f", "{{.Warnings}}"]);
        reader.first("docker info", &said(&warned), "F101");
        let request = Request::new("127.0.0.1", port, &client);
        for (who, attempt) in [
            (
                "docker 20",
                request.docker(&lab().docker_cli(Version::V20), &Told::CertPath),
            ),
            (
                "docker 28",
                request.docker(&lab().docker_cli(Version::V28), &Told::CertPath),
            ),
            ("curl", request.curl(Tls::V12)),
            ("openssl", request.openssl(Tls::V13)),
            ("docker-py", request.python()),
            ("dockerode", request.dockerode()),
        ] {
            reader.first(who, told(&attempt.text), "F515");
        }
    }
    reader.done("daemons without TLS", 16);
}

#[test]
fn what_is_said_of_plain_http_at_a_daemon_with_tls() {
    let mut reader = Reader::default();
    let scratch = Scratch::new("messages");
    let home = scratch.path();
    let authority = Authority::new(&home.join("ours"), "authority");
    let server = authority.issue(&super::certificates::SERVER);
    let port = free_port();
    let daemon = Dockerd::builder(Version::V28)
        .flag(&format!("--host=tcp://127.0.0.1:{port}"))
        .flag("--tlsverify=false")
        .flag(&format!("--tlscert={}", server.join("cert.pem").display()))
        .flag(&format!("--tlskey={}", server.join("key.pem").display()))
        .start();
    let host = format!("tcp://127.0.0.1:{port}");
    for version in [Version::V20, Version::V28] {
        let outcome = docker(version, home, &[("DOCKER_HOST", &host)], &["version"]);
        reader.first(&outcome.command, &said(&outcome), "F516");
    }
    let curl = run(Command::new("curl")
        .env_clear()
        .args(["-sS", &format!("http://127.0.0.1:{port}/_ping")]));
    reader.first("curl", &said(&curl), "F516");
    let warned = daemon.docker(&["info", "-f", "{{.Warnings}}"]);
    reader.first("docker info", &said(&warned), "F102");
    let missing = [
        (vec!["--cacert", "/nope.pem"], "F505"),
        (vec!["--insecure", "--cert", "/nope.pem"], "F402"),
    ];
    for (words, code) in missing {
        let url = format!("https://127.0.0.1:{port}/_ping");
        let curl = run(Command::new("curl")
            .env_clear()
            .arg("-sS")
            .args(words)
            .arg(&url));
        reader.first("curl", &said(&curl), code);
    }
    reader.done("plain HTTP at TLS", 6);
}
