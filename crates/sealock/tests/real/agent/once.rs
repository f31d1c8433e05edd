//! One look at a real dockerd that was started by hand.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use sealock_testkit::Version;
use sealock_testkit::process::{Outcome, call, run, wait_for};
use serde_json::Value;

use crate::common::{Host, faketime};

#[test]
fn nothing_due_says_what_is_next_and_touches_nothing() {
    let host = up();
    let before = host.daemon.pid();
    let first = host.sealock.run(&["agent", "--once"]).expect_code(0);
    assert!(
        first.stderr.starts_with("nothing is due; next: "),
        "{first}"
    );
    assert_eq!(
        (first.stdout.as_str(), first.stderr.lines().count()),
        ("", 1)
    );
    let connections = host.daemon.log().matches("TLS handshake error").count();
    let second = host
        .sealock
        .run(&["agent", "--once", "--json"])
        .expect_code(0);
    let said: Value = serde_json::from_str(&second.stdout).unwrap();
    assert!(
        said["said"]
            .as_str()
            .unwrap()
            .starts_with("nothing is due; next: ")
    );
    assert_eq!(said["error"], Value::Null);
    // It asks which certificate the daemon shows, and as nobody else: six kinds of client at every look would fill the log.
    let now = host.daemon.log().matches("TLS handshake error").count();
    assert_eq!(now, connections + 1, "{}", host.daemon.log());
    assert_eq!(host.daemon.pid(), before);
    assert_eq!(memory(&host)["failures"], 0);

    let status = host.sealock.run(&["status", "--json"]).expect_code(0);
    let status: Value = serde_json::from_str(&status.stdout).unwrap();
    assert_eq!(status["agent"]["installed"], false);
    assert_eq!(status["agent"]["lastLook"]["failures"], 0);
    let kinds: Vec<&str> = status["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["kind"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        ["crl", "crl", "client", "daemon", "anchor", "anchor"]
    );
}

#[test]
fn what_has_expired_is_mended_and_what_waits_for_a_person_is_said() {
    let host = Host::new(Version::V20);
    // No proof at that time: dockerd, whose clock is right, would refuse what sealock proves with.
    let long_ago = host.up_without_restart(&[]);
    let _ = run(&mut faketime("-100d", long_ago)).expect_code(3);
    host.daemon.restart();
    let list = host.sealock.run(&["client", "list"]).expect_code(0);
    assert!(list.stderr.contains("dockerd has expired"), "{list}");

    let remains = host.sealock.run(&["agent", "--once"]).expect_code(1);
    assert!(remains.stderr.contains("error[SL-U067]"), "{remains}");
    let still = host.sealock.run(&["agent", "--once"]).expect_code(1);
    assert!(still.stderr.contains("error[SL-U067]"), "{still}");

    let script = host.daemon.restart_script().display().to_string();
    let config = fs::read_to_string(host.sealock.config()).unwrap();
    let config = config.replacen(
        "[daemon]\n",
        &format!("[daemon]\nrestart-command = \"{script}\"\n"),
        1,
    );
    fs::write(host.sealock.config(), config).unwrap();
    let mended = host.sealock.run(&["agent", "--once"]).expect_code(0);
    assert!(
        mended.stderr.contains(
            "put back what was not as sealock.toml wants it; one restart, 1 container alive"
        ),
        "{mended}"
    );
    let status = host.sealock.run(&["status"]).expect_code(0);
    assert!(status.stdout.contains("healthy"), "{status}");
    assert!(!status.stderr.contains("expired"), "{status}");
    host.lives();
}

#[test]
fn a_failed_look_is_rolled_back_and_tried_again_later_each_time() {
    let host = up();
    make_due(&host);
    let script = host.daemon.restart_script();
    let works = fs::read(&script).unwrap();
    fs::write(&script, "#!/bin/sh\nexit 1\n").unwrap();
    let mut waits = Vec::new();
    for failures in 1..=3 {
        let look = host.sealock.run(&["agent", "--once"]).expect_code(4);
        assert!(look.stderr.contains("rolled back and verified"), "{look}");
        let memory = memory(&host);
        assert_eq!(
            (&memory["failures"], &memory["succeeded"]),
            (&Value::from(failures), &Value::Null)
        );
        waits.push(memory["next"].as_i64().unwrap() - memory["looked"].as_i64().unwrap());
    }
    // What is left is a minute or so, of which a quarter may pass.
    assert!(
        waits.iter().all(|wait| (5..=30).contains(wait)),
        "{waits:?}"
    );
    let status = host.sealock.run(&["status"]).expect_code(3);
    assert!(status.stdout.contains("3 in a row"), "{status}");
    fs::write(&script, works).unwrap();
    let look = host.sealock.run(&["agent", "--once"]).expect_code(0);
    assert!(
        look.stderr
            .contains("renewed dockerd; one restart, 1 container alive"),
        "{look}"
    );
    assert_eq!(memory(&host)["failures"], 0);
    host.lives();
}

#[test]
fn a_run_that_was_killed_is_cleared_up_and_done_again() {
    let host = up();
    make_due(&host);
    let script = host.daemon.restart_script();
    let works = fs::read(&script).unwrap();
    let asked = host.daemon.folder().join("asked");
    fs::write(
        &script,
        format!("#!/bin/sh\ntouch {}\nexec sleep 60\n", asked.display()),
    )
    .unwrap();
    let mut renew = host.sealock.command(&["renew", "--yes"]);
    let mut child = renew.stderr(Stdio::null()).spawn().unwrap();
    wait_for(
        "the run to restart the daemon",
        Duration::from_secs(20),
        || asked.exists(),
    );
    child.kill().unwrap();
    child.wait().unwrap();
    fs::write(&script, works).unwrap();
    let look = host.sealock.run(&["agent", "--once"]).expect_code(0);
    assert!(look.stderr.contains("an interrupted run"), "{look}");
    assert!(
        look.stderr
            .contains("renewed dockerd; one restart, 1 container alive"),
        "{look}"
    );
    let status = host.sealock.run(&["status"]).expect_code(0);
    assert!(status.stdout.contains("healthy"), "{status}");
    host.lives();
}

/// The credentials of others would cease to work: that is for a person to accept, and the look says how.
#[test]
fn a_consent_is_never_given_by_the_agent() {
    let host = up();
    let config = host.daemon.config_file();
    let text = fs::read_to_string(&config).unwrap();
    let ours = host.live().join("ca.pem").display().to_string();
    let theirs = host.etc().join("theirs.pem");
    let theirs_text = theirs.display().to_string();
    let words = [
        "req",
        "-x509",
        "-newkey",
        "ed25519",
        "-nodes",
        "-subj",
        "/CN=theirs",
        "-keyout",
        "/dev/null",
        "-out",
        &theirs_text,
    ];
    let _ = call("openssl", &words).ok();
    fs::write(&config, text.replace(&ours, &theirs_text)).unwrap();
    let before = host.daemon.pid();
    let look = host.sealock.run(&["agent", "--once"]).expect_code(1);
    assert!(look.stderr.contains("error[SL-U004]"), "{look}");
    assert!(look.stderr.contains("by hand: sealock renew"), "{look}");
    assert!(look.stderr.contains("add --accept replace-tls"), "{look}");
    assert_eq!(host.daemon.pid(), before);
    let by_hand = ["renew", "--yes", "--accept", "replace-tls"];
    let _ = host.sealock.run(&by_hand).expect_code(0);
    let _ = host.sealock.run(&["agent", "--once"]).expect_code(0);
    host.lives();
}

#[test]
fn metrics_are_replaced_whole_and_what_cannot_be_written_is_said() {
    let host = up();
    let file = host.sealock.home().join("../sealock.prom");
    let words = ["agent", "--once", "--metrics"];
    let with = |path: &str| host.sealock.run(&[&words[..], &[path]].concat());
    let path = file.display().to_string();
    let _ = with(&path).expect_code(0);
    let text = fs::read_to_string(&file).unwrap();
    for series in [
        "sealock_identity_due_seconds{identity=\"alice\",kind=\"client\",purpose=\"client\"",
        "sealock_identity_life_left_ratio{identity=\"server anchor 1\",kind=\"anchor\"",
        "sealock_agent_failures 0\n",
    ] {
        assert!(text.contains(series), "{series}: {text}");
    }
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o644
    );
    let lost = with("/no/such/folder/sealock.prom").expect_code(1);
    assert!(lost.stderr.contains("/no/such/folder"), "{lost}");
}

/// Where no systemd is there is nothing to install; a supervisor runs the loop.
#[test]
fn without_systemd_there_is_nothing_to_install() {
    let host = up();
    for words in [
        &["agent", "install", "--yes"][..],
        &["agent", "remove", "--yes"],
    ] {
        // A root of its own, so that it is the same wherever this runs.
        let inner = host.sealock.command(words);
        let mut bare = Command::new("unshare");
        bare.args([
            "--mount",
            "sh",
            "-c",
            "mount -t tmpfs none /run && exec \"$0\" \"$@\"",
        ])
        .arg(inner.get_program())
        .args(inner.get_args());
        let refused = run(&mut bare).expect_code(1);
        assert!(refused.stderr.contains("error[SL-U061]"), "{refused}");
    }
}

pub(super) fn up() -> Host {
    let host = Host::new(Version::V28);
    let _ = host.up(&[]).expect_code(0);
    host
}

/// Gives the daemon a certificate that is due as soon as it is born: it is dated back by five minutes, and lives two more.
/// The next one lives as long as always.
pub(super) fn make_due(host: &Host) {
    let config = fs::read_to_string(host.sealock.config()).unwrap();
    let short = config.replace("server-life = \"90d\"", "server-life = \"2m\"");
    assert_ne!(config, short);
    fs::write(host.sealock.config(), short).unwrap();
    let _: Outcome = host
        .sealock
        .run(&["renew", "dockerd", "--yes"])
        .expect_code(0);
    fs::write(host.sealock.config(), config).unwrap();
}

fn memory(host: &Host) -> Value {
    let text = fs::read(host.sealock.home().join("agent.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}
