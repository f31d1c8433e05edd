//! What is wrong before a gateway runs is told before anything is opened.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use sealock_testkit::lab::Version;
use sealock_testkit::process::{Outcome, becomes, free_port, run};
use sealock_testkit::{Redactor, Scratch};
use serde_json::Value;

use super::fake::Fake;
use super::ports::World;
use super::running::Gateway;
use super::wire::Line;
use crate::common::{Host, Sealock, program};

#[track_caller]
fn refused(outcome: &Outcome, code: i32, words: &[&str]) {
    assert_eq!(outcome.code, code, "{outcome}");
    for word in words {
        assert!(
            outcome.stderr.contains(word),
            "`{word}` is missing: {outcome}"
        );
    }
}

#[test]
fn a_gateway_that_cannot_be_says_why() {
    let scratch = Scratch::new("told");
    let sealock = Sealock::in_folder(scratch.path());
    let run = |words: &[&str]| sealock.run(words);
    refused(&run(&["gateway"]), 2, &["SL-U100", "there is no such file"]);
    std::fs::write(sealock.config(), "version = 1\n").unwrap();
    refused(&run(&["gateway"]), 2, &["SL-U100", "it has no [gateway]"]);
    std::fs::write(sealock.config(), "version = 1\n[gateway]\n").unwrap();
    refused(
        &run(&["gateway"]),
        1,
        &["SL-U109", "neither `listen` nor `local`"],
    );
    let text = "version = 1\n[[gateway.tcp]]\nname = \"a\"\nlisten = \"127.0.0.1:1\"\n\
                upstream = \"127.0.0.1:2\"\nallow = [\"alice\"]\n";
    std::fs::write(sealock.config(), text).unwrap();
    refused(
        &run(&["gateway"]),
        1,
        &["SL-U109", "`allow` of a", "expected KIND:VALUE"],
    );
    std::fs::write(
        sealock.config(),
        "version = 1\n[gateway]\nlisten = [\"x\"]\n",
    )
    .unwrap();
    refused(&run(&["gateway"]), 1, &["sealock.toml:3", "ADDRESS:PORT"]);
    refused(
        &run(&["gateway", "--listen", "2376"]),
        2,
        &["SL-U109", "ADDRESS:PORT"],
    );
    let nowhere = [
        "gateway",
        "--listen",
        "127.0.0.1:0",
        "--certificates",
        "/nowhere/tls",
    ];
    refused(&run(&nowhere), 2, &["port 0"]);
    let nowhere = [
        "gateway",
        "--listen",
        "127.0.0.1:1",
        "--certificates",
        "/nowhere/tls",
    ];
    refused(
        &run(&nowhere),
        1,
        &["SL-U101", "/nowhere/tls/server-cert.pem"],
    );
    let control = scratch.join("control").display().to_string();
    for verb in ["reload", "drain", "upgrade"] {
        let asked = run(&["gateway", verb, "--control", &control]);
        refused(&asked, 1, &["SL-U102", &control]);
    }
    for words in [
        ["gateway", "--docker", "unix:///run/d.sock"].as_slice(),
        &["gateway", "--listen", "127.0.0.1:1", "--web", "127.0.0.1:2"],
        &[
            "gateway",
            "--listen",
            "127.0.0.1:1",
            "--tcp",
            "127.0.0.1:2",
            "--policy",
            "p",
        ],
        &["gateway", "--listen", "127.0.0.1:1", "--docker", "box:1"],
        &[
            "gateway",
            "--listen",
            "127.0.0.1:1",
            "--tcp",
            "127.0.0.1:2",
            "--allow",
            "alice",
        ],
    ] {
        refused(&run(words), 2, &["error"]);
    }
}

#[test]
fn without_systemd_there_is_no_gateway_mode_and_nothing_is_written() {
    let host = Host::new(Version::V20);
    let paths =
        [host.daemon.config_file(), host.daemon.socket()].map(|path| path.display().to_string());
    let words = [
        "up",
        "--mode",
        "gateway",
        "--yes",
        "--listen",
        &host.listen(),
        "--client",
        "alice",
        "--docker-config",
        &paths[0],
        "--docker-socket",
        &paths[1],
    ];
    refused(
        &host.sealock.run(&words),
        1,
        &["SL-U105", "nothing was changed"],
    );
    assert!(!host.sealock.config().exists() && !host.is_open());
    host.lives();
}

/// A gateway that is told `words` by a shell that ran `before`; it does not start.
fn does_not_start(world: &World, before: &str, words: &str) -> String {
    let words = words.replace("HERE", &world.at().display().to_string());
    let line = format!("{before} exec {} gateway {words}", program().display());
    let mut command = Command::new("timeout");
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", world.at())
        .current_dir(world.at())
        .args(["--kill-after=2", "60", "sh", "-c", &line]);
    let outcome = run(&mut command);
    assert_eq!(outcome.code, 1, "{outcome}");
    assert_eq!(outcome.stdout, "", "{outcome}");
    outcome.stderr
}

#[test]
fn what_a_gateway_cannot_open_is_told_with_its_place() {
    let world = World::new("cannot-open");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let _answers = UnixListener::bind(world.scratch.join("answers")).unwrap();
    fs::write(world.scratch.join("file"), "mine").unwrap();
    let tcp = "--tcp 127.0.0.1:9 --allow cn:alice";
    let passed = |count: u8, names: &str| {
        format!("export LISTEN_PID=$$ LISTEN_FDS={count} LISTEN_FDNAMES={names};")
    };
    let local = format!("--listen unix://HERE/s {tcp}");
    let mut told = String::new();
    for (about, before, words) in [
        (
            "another process listens at the address",
            String::new(),
            format!("--listen 127.0.0.1:{port} --certificates HERE {tcp}"),
        ),
        (
            "the folder of the socket is not there",
            String::new(),
            format!("--listen unix://HERE/none/s {tcp}"),
        ),
        (
            "a file in the place of the socket",
            String::new(),
            format!("--listen unix://HERE/file {tcp}"),
        ),
        (
            "another process answers at the socket",
            String::new(),
            format!("--listen unix://HERE/answers {tcp}"),
        ),
        (
            "what was passed is no socket",
            passed(1, "tcp"),
            format!("{local} 3</dev/null"),
        ),
        (
            "two were passed with one name",
            passed(2, "tcp:tcp"),
            format!("{local} 3</dev/null 4</dev/null"),
        ),
        (
            "nothing was passed though it has a name",
            passed(0, "tcp"),
            local.clone(),
        ),
        (
            "another process listens where metrics are to be told",
            String::new(),
            format!("{local} --metrics 127.0.0.1:{port}"),
        ),
        (
            "a header that means something to others",
            String::new(),
            "--listen unix://HERE/s --web 127.0.0.1:9 --allow cn:alice --header Host".to_owned(),
        ),
        (
            "a header for a kind of name that there is not",
            String::new(),
            "--listen unix://HERE/s --web 127.0.0.1:9 --allow cn:alice --header X-User=surname"
                .to_owned(),
        ),
        (
            "the folder of the audit is not there",
            String::new(),
            format!("{local} --audit HERE/none/audit.jsonl"),
        ),
        (
            "the place of the control socket is taken",
            String::new(),
            format!("{local} --control HERE/file"),
        ),
        (
            "no descriptors for so many workers",
            "ulimit -n 60;".to_owned(),
            format!("{local} --workers 200"),
        ),
    ] {
        let said = does_not_start(&world, &before, &words);
        told.push_str(&format!("## {about}\n{said}\n"));
        // What was opened before is gone, and what was there before is not.
        assert!(!world.scratch.join("s").exists(), "{about}");
        assert_eq!(fs::read(world.scratch.join("file")).unwrap(), b"mine");
    }
    let told = Redactor::new()
        .replace(world.at(), "here")
        .redact(&told)
        .replace(&port, "<port>");
    insta::assert_snapshot!(told);
}

/// A gateway before a daemon that is none, its lines in `[gateway.audit]` and its policy.
fn before_a_daemon(world: &World, audit: &str, policy: &str) -> (Fake, Gateway) {
    let (at, port) = (world.at().display(), free_port());
    fs::write(world.scratch.join("policy.toml"), policy).unwrap();
    let text = format!(
        "version = 1\n[gateway]\nlisten = [\"127.0.0.1:{port}\"]\ndocker = \"unix://{at}/d.sock\"\n\
         policy = \"{at}/policy.toml\"\ncertificates = \"{at}\"\ncrl = [\"{at}/list.pem\"]\n[gateway.audit]\n{audit}"
    );
    let fake = Fake::new(&world.scratch.join("d.sock"));
    (fake, Gateway::with_config(world.at(), port, &text))
}

const SOON: Duration = Duration::from_secs(20);

#[test]
fn what_must_be_recorded_and_cannot_be_is_refused_with_its_code() {
    let world = World::new("unrecorded");
    // A device that is always full.
    let (fake, gateway) = before_a_daemon(
        &world,
        "path = \"/dev/full\"\nrequired = true\n",
        super::stage::POLICY,
    );
    let mut answer = None;
    let refused = || {
        let asked =
            Line::open(&world.client(), gateway.port).and_then(|mut line| line.get("/_ping"));
        answer = asked.ok();
        answer.as_ref().is_some_and(|answer| answer.status == 503)
    };
    assert!(becomes(SOON, refused), "{}", gateway.said());
    let body = String::from_utf8_lossy(&answer.unwrap().body).into_owned();
    insta::assert_snapshot!(body);
    let before = fake.requests();
    let create = b"POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
    let mut line = Line::open(&world.client(), gateway.port).unwrap();
    assert_eq!(line.ask(create).unwrap().status, 503);
    assert_eq!(fake.requests(), before, "the daemon was asked");
}

/// What every run has anew, or every build.
const VOLATILE: [&str; 12] = [
    "seq",
    "time",
    "id",
    "connection",
    "from",
    "names",
    "issuer",
    "serial",
    "spki",
    "duration_us",
    "policy",
    "material",
];

#[test]
fn the_record_in_the_documentation_is_one_that_is_written() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/gateway/audit.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, rest) = page.split_once("```json\n").unwrap();
    let (shown, _) = rest.split_once("```").unwrap();
    let shown: Value = serde_json::from_str(&shown.replace("\n ", "")).unwrap();
    let world = World::new("shown");
    let audit = format!("path = \"{}/audit.jsonl\"\n", world.at().display());
    let policy = "version = 1\n[[grants]]\nto = [\"cn:alice\"]\nrole = \"deployer\"\nimages = [\"docker.io/library/*\"]\n";
    let (_fake, gateway) = before_a_daemon(&world, &audit, policy);
    let body = r#"{"Image":"nginx","HostConfig":{"Binds":["/etc:/host"]}}"#;
    let request = format!(
        "POST /v1.41/containers/create?name=web HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut line = Line::open(&world.client(), gateway.port).unwrap();
    line.ask(request.as_bytes()).unwrap();
    let written = world.record(|record| record["event"] == "request");
    let keys = |record: &Value| -> BTreeSet<String> {
        record.as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(keys(&shown), keys(&written), "{written}");
    for key in keys(&written) {
        let (shown, now) = (&shown[&key], &written[&key]);
        match VOLATILE.contains(&key.as_str()) {
            true => assert_eq!(
                std::mem::discriminant(shown),
                std::mem::discriminant(now),
                "{key}: {written}"
            ),
            false => assert_eq!(shown, now, "{key}: {written}"),
        }
    }
    // And every field of it is in the table below it.
    for key in keys(&written) {
        assert!(page.contains(&format!("`{key}`")), "{key} is not explained");
    }
}
