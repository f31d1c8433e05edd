//! Where Docker clients look for certificates, and how they get there.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use sealock_testkit::Scratch;
use sealock_testkit::lab::{Version, lab};
use sealock_testkit::process::{call, run};

use super::{ASK, docker, is_in};
use crate::common::{Host, Sealock, Tree, program};

const BOTH: [Version; 2] = [Version::V20, Version::V28];

#[test]
fn the_docker_client_finds_its_files_in_home_in_a_context_and_by_what_a_shell_evals() {
    let host = Host::new(Version::V28);
    let _ = host.up(&[]).expect_code(0);
    by_home(&host);
    by_context(&host);
    by_shells(&host);
    let apply = host.sealock.run(&["apply", "--yes"]).expect_code(0);
    assert!(apply.stderr.starts_with("0 changes"), "{apply}");
}

/// `~/.docker`, and nothing said but where the daemon is.
fn by_home(host: &Host) {
    let home = home_of(host);
    let install = ["client", "install", "alice", "--to", "~/.docker"];
    let _ = host.sealock.run(&install).expect_code(0);
    let again = host.sealock.run(&install).expect_code(0);
    assert!(again.stderr.starts_with("0 changes"), "{again}");
    let endpoint = format!("tcp://{}", host.listen());
    for cli in BOTH {
        let variables = [
            ("DOCKER_HOST", endpoint.as_str()),
            ("DOCKER_TLS_VERIFY", "1"),
        ];
        is_in(&docker(cli, &home, &variables, &ASK));
    }
    modes(
        &home.join(".docker"),
        &[("ca.pem", 0o444), ("cert.pem", 0o444), ("key.pem", 0o400)],
    );
}

/// A context that docker's own commands list, show, export and import.
fn by_context(host: &Host) {
    let home = home_of(host);
    let install = ["client", "install", "alice", "--to", "context:prod"];
    let _ = host.sealock.run(&install).expect_code(0);
    let again = host.sealock.run(&install).expect_code(0);
    assert!(again.stderr.starts_with("0 changes"), "{again}");
    let endpoint = format!("tcp://{}", host.listen());
    for cli in BOTH {
        let call = |words: &[&str]| docker(cli, &home, &[], words);
        is_in(&call(&[&["--context", "prod"], &ASK[..]].concat()));
        let listed = call(&["context", "ls", "--format", "{{.Name}} {{.DockerEndpoint}}"]).ok();
        let line = listed.lines().find(|line| line.starts_with("prod "));
        assert_eq!(
            line.map(str::trim_end),
            Some(format!("prod {endpoint}").as_str()),
            "{listed}"
        );
        let inspected = call(&["context", "inspect", "prod"]).ok();
        let inspected: serde_json::Value = serde_json::from_str(&inspected).unwrap();
        let endpoint_of = &inspected[0]["Endpoints"]["docker"];
        assert_eq!(endpoint_of["Host"], endpoint.as_str());
        assert_eq!(endpoint_of["SkipTLSVerify"], false);
        let files = &inspected[0]["TLSMaterial"]["docker"];
        assert_eq!(
            files,
            &serde_json::json!(["ca.pem", "cert.pem", "key.pem"]),
            "{inspected}"
        );

        // Another home, which has nothing but what docker itself exported.
        let elsewhere = Scratch::new("elsewhere");
        let archive = elsewhere.join("prod.dockercontext").display().to_string();
        let _ = call(&["context", "export", "prod", &archive]).ok();
        for cli in BOTH {
            let name = format!("imported-{cli:?}").to_lowercase();
            let _ = docker(
                cli,
                elsewhere.path(),
                &[],
                &["context", "import", &name, &archive],
            )
            .ok();
            is_in(&docker(
                cli,
                elsewhere.path(),
                &[],
                &[&["--context", &name], &ASK[..]].concat(),
            ));
        }
    }
    let used = docker(Version::V28, &home, &[], &["context", "use", "prod"]);
    let _ = used.ok();
    is_in(&docker(Version::V20, &home, &[], &ASK));
    let _ = docker(Version::V28, &home, &[], &["context", "use", "default"]).ok();
}

/// What `client env` prints, evaluated by the shells themselves, over a context that would mislead.
fn by_shells(host: &Host) {
    let sealock = format!(
        "{} --home {} --config {} client env alice",
        program().display(),
        host.sealock.home().display(),
        host.sealock.config().display()
    );
    let cli = lab().docker_cli(Version::V28).display().to_string();
    let ask = format!("{cli} version --format 'server={{{{.Server.Version}}}}'");
    for (shell, script) in [
        ("bash", format!("eval \"$({sealock})\" && {ask}")),
        ("sh", format!("eval \"$({sealock} --shell bash)\" && {ask}")),
        (
            "fish",
            format!("{sealock} --shell fish | source; and {ask}"),
        ),
    ] {
        let outcome = run(Command::new(shell)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", home_of(host).join("nobody"))
            .env("DOCKER_CONTEXT", "misleading")
            .args(["-c", &script]));
        is_in(&outcome);
    }
}

#[test]
fn a_bundle_is_exactly_three_files_and_works_on_a_machine_of_its_own() {
    let host = Host::new(Version::V20);
    let _ = host.up(&[]).expect_code(0);
    let there = Scratch::new("there");
    let archive = there.join("alice.tar").display().to_string();
    let _ = host
        .sealock
        .run(&["client", "bundle", "alice", "-o", &archive])
        .ok();
    modes(there.path(), &[("alice.tar", 0o600)]);
    let mut listed: Vec<String> = call("tar", &["-tf", &archive])
        .ok()
        .lines()
        .map(str::to_owned)
        .collect();
    listed.sort();
    assert_eq!(listed, ["ca.pem", "cert.pem", "key.pem"]);

    // With tar alone.
    let plain = there.join("plain");
    fs::create_dir(&plain).unwrap();
    let _ = call(
        "tar",
        &["-C", &plain.display().to_string(), "-xf", &archive],
    )
    .ok();
    modes(&plain, &[("key.pem", 0o600)]);
    for file in ["ca.pem", "cert.pem", "key.pem"] {
        let vault = fs::read(host.client("alice").join(file)).unwrap();
        assert_eq!(fs::read(plain.join(file)).unwrap(), vault, "{file}");
    }
    // With a sealock that has neither a vault nor a daemon.
    let machine = Sealock::in_folder(there.path());
    let endpoint = format!("tcp://{}", host.listen());
    let to = format!("dir:{}", there.join("zone").display());
    let _ = machine
        .run(&["client", "install", &archive, "--to", &to])
        .expect_code(0);
    let _ = machine
        .run(&[
            "client",
            "install",
            &archive,
            "--to",
            "context:far",
            "--endpoint",
            &endpoint,
        ])
        .expect_code(0);
    for cli in BOTH {
        for dir in ["plain", "zone"] {
            let dir = there.join(dir).display().to_string();
            let variables = [
                ("DOCKER_HOST", endpoint.as_str()),
                ("DOCKER_TLS_VERIFY", "1"),
                ("DOCKER_CERT_PATH", dir.as_str()),
            ];
            is_in(&docker(cli, there.path(), &variables, &ASK));
        }
        is_in(&docker(
            cli,
            there.path(),
            &[],
            &[&["--context", "far"], &ASK[..]].concat(),
        ));
    }
    assert!(!machine.home().join("vault.db").exists());
}

#[test]
fn a_context_that_somebody_else_made_is_not_replaced_unasked() {
    let host = Host::new(Version::V20);
    let _ = host.up(&[]).expect_code(0);
    let home = home_of(&host);
    let theirs = [
        "context",
        "create",
        "prod",
        "--docker",
        "host=tcp://192.0.2.1:2375",
    ];
    let _ = docker(Version::V28, &home, &[], &theirs).ok();
    let before = Tree::of(&[&home.join(".docker")]);
    let install = ["client", "install", "alice", "--to", "context:prod"];
    let refused = host.sealock.run(&install).expect_code(1);
    assert!(refused.stderr.contains("prod"), "{refused}");
    Tree::of(&[&home.join(".docker")]).expect_same(&before);
    let replaced = host.sealock.run(&[&install[..], &["--replace"]].concat());
    let _ = replaced.expect_code(0);
    is_in(&docker(
        Version::V28,
        &home,
        &[],
        &[&["--context", "prod"], &ASK[..]].concat(),
    ));
}

/// The home of whoever runs sealock in these tests.
pub(super) fn home_of(host: &Host) -> std::path::PathBuf {
    host.daemon.folder().join("sealock")
}

#[track_caller]
fn modes(dir: &Path, expected: &[(&str, u32)]) {
    for (name, mode) in expected {
        let found = fs::metadata(dir.join(name)).unwrap().permissions().mode() & 0o7777;
        assert_eq!(found, *mode, "{name}: {found:o}");
    }
}
