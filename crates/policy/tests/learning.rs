//! What is learned allows what was seen, and nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod daemon;

use daemon::Front;
use sealock_policy::Policy;

const SEEN: &[(&str, &str)] = &[
    ("GET /_ping", ""),
    ("GET /containers/json?all=1", ""),
    ("POST /images/create?fromImage=alpine&tag=3.19", ""),
    (
        "POST /containers/create?name=web",
        r#"{"Image":"alpine:3.19","HostConfig":{"Binds":["/srv/app:/app:ro","vol-theirs:/v"],"NetworkMode":"front","CapAdd":["NET_ADMIN"],"PortBindings":{"80/tcp":[{"HostIp":"127.0.0.1","HostPort":"8080"}]}}}"#,
    ),
    ("POST /containers/mine/start", ""),
    ("POST /containers/mine/exec", r#"{"Cmd":["sh"]}"#),
    ("DELETE /containers/mine", ""),
    ("POST /build?t=r.example/ci/x:1", ""),
];

fn learned(rows: &[(&str, &str)]) -> (Front, String) {
    let front = Front::new("mode = \"learn\"");
    for (line, body) in rows {
        assert_eq!(front.word(line, body), "allow", "{line}");
    }
    let text = front.policy.learned().to_policy();
    let front = Front {
        policy: Policy::parse(&text).unwrap(),
        makers: front.makers,
    };
    (front, text)
}

#[test]
fn what_was_seen_is_allowed_and_what_is_next_to_it_is_not() {
    let (front, text) = learned(SEEN);
    insta::assert_snapshot!(text);
    for (line, body) in SEEN {
        assert_eq!(front.word(line, body), "allow", "{line}\n{text}");
    }
    front.check(&[
        ("GET /containers/mine/logs?stdout=1", "", "SL-A062"),
        (
            "POST /images/create?fromImage=alpine&tag=3.20",
            "",
            "SL-A066",
        ),
        (
            "POST /containers/create",
            r#"{"Image":"alpine:3.19","HostConfig":{"Binds":["/srv/app:/app"]}}"#,
            "SL-A065",
        ),
        (
            "POST /containers/create",
            r#"{"Image":"alpine:3.19","HostConfig":{"Privileged":true}}"#,
            "SL-A068",
        ),
        ("POST /containers/theirs/start", "", "hide"),
        (
            "POST /containers/mine/exec",
            r#"{"Cmd":["sh"],"User":"root"}"#,
            "SL-A076",
        ),
        ("POST /build?t=alpine", "", "SL-A067"),
    ]);
    assert_eq!(
        front.ask_as("bob", "GET /_ping", "").unwrap().word(),
        "SL-A060"
    );
}

#[test]
fn reaching_anothers_object_makes_the_scope_wide() {
    let (front, text) = learned(&[
        ("POST /containers/theirs/stop", ""),
        ("POST /containers/nowhere/stop", ""),
    ]);
    assert!(text.contains("scope = \"all\""), "{text}");
    assert_eq!(front.word("POST /containers/theirs/stop", ""), "allow");
    assert_eq!(front.word("POST /containers/theirs/kill", ""), "SL-A062");
    let (_, text) = learned(&[
        ("POST /containers/mine/stop", ""),
        ("POST /containers/nowhere/stop", ""),
    ]);
    assert!(text.contains("scope = \"owner=self\""), "{text}");
}

#[test]
fn what_only_the_unconfined_may_is_said_in_so_many_words() {
    let (_, text) = learned(&[(
        "POST /containers/create",
        r#"{"Image":"alpine","HostConfig":{"CgroupParent":"/x","Privileged":true}}"#,
    )]);
    assert!(
        text.contains("# Only the unconfined may set: CgroupParent\nunconfined = true")
            && text.contains("\n# Beware: grant 1: unconfined is root on the host\n"),
        "{text}"
    );
    assert!(text.contains("privileged = true"), "{text}");
    let (_, text) = learned(&[("POST /containers/socket/exec", r#"{"Cmd":["sh"]}"#)]);
    assert!(text.contains("strong-containers = true"), "{text}");
}

#[test]
fn what_no_scope_can_hold_is_learned_without_one() {
    for (line, body) in [
        ("GET /swarm", ""),
        ("POST /build/prune", ""),
        ("POST /images/load", ""),
        ("POST /images/create?fromSrc=-&repo=r.example/x&tag=1", ""),
    ] {
        let (front, text) = learned(&[(line, body)]);
        assert_eq!(front.word(line, body), "allow", "{line}\n{text}");
    }
}

#[test]
fn what_is_as_good_as_root_is_not_learned_in_silence() {
    let (_, text) = learned(&[
        (
            "POST /containers/create",
            r#"{"Image":"alpine","HostConfig":{"Privileged":true,"PidMode":"host","Binds":["/run/docker.sock:/s"]}}"#,
        ),
        ("POST /containers/socket/exec", r#"{"Cmd":["sh"]}"#),
    ]);
    for danger in [
        "the bind /run/docker.sock is root on the host",
        "privileged is root on the host",
        "strong-containers is root on the host",
        "namespaces allows pid:host",
    ] {
        assert!(
            text.contains(&format!("\n# Beware: grant 1: {danger}")),
            "{text}"
        );
    }
    let (_, text) = learned(&[
        ("POST /plugins/pull?remote=x", "[]"),
        ("GET /swarm", ""),
        ("POST /images/load", ""),
    ]);
    for danger in [
        "plugin.pull: a plugin is root",
        "swarm.inspect: whoever has",
        "image.load: whoever brings",
    ] {
        assert!(
            text.contains(&format!("\n# Beware: grant 1: {danger}")),
            "{text}"
        );
    }
    let (_, text) = learned(SEEN);
    assert!(!text.contains("Beware"), "{text}");
}

#[test]
fn a_denial_by_name_holds_while_a_policy_learns() {
    let front = Front::new("mode = \"learn\"\n[[denies]]\nto = \"cn:alice\"\nverbs = [\"exec\"]");
    front.check(&[
        ("POST /containers/mine/exec", r#"{"Cmd":["sh"]}"#, "SL-A061"),
        ("POST /containers/mine/stop", "", "allow"),
    ]);
}

#[test]
fn a_policy_that_replaces_another_goes_on_from_what_that_has_seen() {
    let before = Front::new("mode = \"learn\"");
    before.word("POST /containers/mine/stop", "");
    let after = Front::new("mode = \"learn\"");
    after.policy.go_on_learning(&before.policy);
    assert_eq!(after.policy.learned().changes(), 1);
    after.word("POST /containers/mine/stop", "");
    assert_eq!(after.policy.learned().changes(), 1);
    after.word("POST /containers/mine/kill", "");
    assert_eq!(after.policy.learned().changes(), 2);
}
