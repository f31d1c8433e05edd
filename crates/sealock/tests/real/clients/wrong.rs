//! Clients that must not get in: each kind, with every program, on TLS 1.2 and 1.3.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sealock_testkit::clients::Attempt;
use sealock_testkit::lab::{Version, lab};
use sealock_testkit::process::{call, run};

use super::{ASK, docker, every_way};
use crate::common::{Host, Sealock, faketime};

#[test]
fn no_wrong_client_gets_into_docker_20() {
    no_wrong_client_gets_in(Version::V20);
}

#[test]
fn no_wrong_client_gets_into_docker_28() {
    no_wrong_client_gets_in(Version::V28);
}

fn no_wrong_client_gets_in(version: Version) {
    let host = Host::new(version);
    // The anchors have to be older than what has expired under them.
    let create = host.sealock.command(&["ca", "create"]);
    let _ = run(&mut faketime("-300d", create)).expect_code(0);
    let _ = host.up(&[]).expect_code(0);
    let nobody = folder(&host, "nobody", None);
    let mut attempts = every_way(&host, &nobody);
    // By the environment these two insist on files; without them they would not even knock.
    attempts.retain(|(program, _)| !["docker-py", "dockerode"].contains(program));
    attempts.extend(libraries_without_certificate(&host, &nobody));
    are_turned_away("no certificate", &attempts);
    for (kind, dir) in [
        ("a foreign authority's", of_a_foreign_authority(&host)),
        ("an expired one", expired(&host)),
        ("the server's own", the_servers_own(&host)),
    ] {
        are_turned_away(kind, &every_way(&host, &dir));
    }
    plain_http(&host);
    // All the while the right one gets in: the daemon is alive.
    for (program, attempt) in every_way(&host, &host.client("alice")) {
        assert!(attempt.got_in, "{program}: {}", attempt.text);
    }
}

/// None got in, and not because nothing could be reached or read. The reason is a TLS alert, which a client does not
/// always live to read: dockerd closes right after it.
fn are_turned_away(kind: &str, attempts: &[(&str, Attempt)]) {
    for (program, attempt) in attempts {
        assert!(!attempt.got_in, "{kind}, {program}: {}", attempt.text);
        let about = attempt.text.to_lowercase();
        for other in ["connection refused", "no such file", "must be provided"] {
            assert!(
                !about.contains(other),
                "{kind}, {program}: {}",
                attempt.text
            );
        }
    }
    let alerts = attempts
        .iter()
        .filter(|(_, attempt)| attempt.text.contains("alert"));
    assert!(alerts.count() >= 2, "{kind}: {attempts:?}");
}

/// docker-py and dockerode with the authority and nothing else.
fn libraries_without_certificate(host: &Host, dir: &Path) -> [(&'static str, Attempt); 2] {
    let ca = dir.join("ca.pem");
    let port = host.port;
    let python = format!(
        "import docker\n\
         tls = docker.tls.TLSConfig(ca_cert='{}', verify=True)\n\
         client = docker.DockerClient('tcp://127.0.0.1:{port}', tls=tls, timeout=20)\n\
         print('server=' + client.version()['Version'])",
        ca.display()
    );
    let node = format!(
        "const Docker = require('dockerode');\n\
         const ca = require('fs').readFileSync('{}');\n\
         new Docker({{ host: '127.0.0.1', port: {port}, protocol: 'https', ca, timeout: 20000 }}).version().then(\n\
         (v) => console.log('server=' + v.Version),\n\
         (e) => {{ console.error(String(e)); process.exit(1); }});",
        ca.display()
    );
    let ask = |program: &Path, flag, script: &str| {
        let outcome = run(Command::new(program)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("NODE_PATH", lab().node_modules())
            .args([flag, script]));
        Attempt {
            got_in: outcome.stdout.contains("server="),
            text: outcome.to_string(),
        }
    };
    [
        ("docker-py", ask(&lab().python(), "-c", &python)),
        ("dockerode", ask(Path::new("node"), "-e", &node)),
    ]
}

/// Made by another sealock, for a client of the same name.
fn of_a_foreign_authority(host: &Host) -> PathBuf {
    let foreign = host.daemon.folder().join("foreign");
    fs::create_dir(&foreign).unwrap();
    let sealock = Sealock::in_folder(&foreign);
    let _ = sealock.run(&["ca", "create"]).expect_code(0);
    let pair = ["cert.pem", "key.pem"].map(|file| foreign.join(file).display().to_string());
    let [cert, key] = pair.each_ref().map(String::as_str);
    let issue = [
        "cert",
        "issue",
        "alice",
        "--profile",
        "client",
        "--cert",
        cert,
        "--key",
        key,
    ];
    let _ = sealock.run(&issue).expect_code(0);
    folder(host, "stranger", Some((cert.as_ref(), key.as_ref())))
}

/// Right in every way, and over since 110 days.
fn expired(host: &Host) -> PathBuf {
    let add = host.sealock.command(&["client", "add", "late"]);
    let _ = run(&mut faketime("-200d", add)).expect_code(0);
    let dir = host.client("late");
    let shown = call(
        "openssl",
        &[
            "x509",
            "-noout",
            "-checkend",
            "0",
            "-in",
            &dir.join("cert.pem").display().to_string(),
        ],
    );
    assert_eq!(shown.code, 1, "{shown}");
    dir
}

fn the_servers_own(host: &Host) -> PathBuf {
    let live = host.live();
    let pair = (live.join("server-cert.pem"), live.join("server-key.pem"));
    folder(host, "impostor", Some((&pair.0, &pair.1)))
}

/// A client that trusts the right daemon and shows this pair.
fn folder(host: &Host, name: &str, pair: Option<(&Path, &Path)>) -> PathBuf {
    let dir = host.daemon.folder().join(name);
    fs::create_dir(&dir).unwrap();
    fs::copy(host.client("alice").join("ca.pem"), dir.join("ca.pem")).unwrap();
    if let Some((cert, key)) = pair {
        fs::copy(cert, dir.join("cert.pem")).unwrap();
        fs::copy(key, dir.join("key.pem")).unwrap();
    }
    dir
}

fn plain_http(host: &Host) {
    let url = format!("http://{}/_ping", host.listen());
    let curl = call(
        "curl",
        &["-sS", "--noproxy", "*", "-w", "\nstatus=%{http_code}", &url],
    );
    assert!(curl.stdout.ends_with("status=400"), "{curl}");
    assert!(!curl.stdout.contains("OK"), "{curl}");
    let endpoint = format!("tcp://{}", host.listen());
    for cli in [Version::V20, Version::V28] {
        let said = docker(
            cli,
            host.daemon.folder(),
            &[("DOCKER_HOST", &endpoint)],
            &ASK,
        );
        assert!(said.code != 0, "{said}");
        assert!(said.stderr.contains("HTTPS server"), "{said}");
    }
}
