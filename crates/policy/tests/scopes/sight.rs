//! What is seen, listed, told and hidden.

use crate::daemon::Front;
use crate::deployer;
use sealock_policy::{AnswerRule, Verdict};

#[test]
fn what_is_anothers_does_not_exist() {
    deployer().check(&[
        ("GET /containers/mine/json", "", "allow"),
        ("GET /containers/theirs/json", "", "hide"),
        ("GET /containers/nowhere/json", "", "hide"),
        ("POST /containers/theirs/start", "", "hide"),
        ("DELETE /containers/theirs?force=1", "", "hide"),
        ("GET /containers/theirs/logs?stdout=1", "", "hide"),
        (
            "POST /containers/theirs/attach?stdin=1&stream=1",
            "",
            "hide",
        ),
        (
            "GET /containers/theirs/attach/ws?stdin=1&stream=1",
            "",
            "hide",
        ),
        ("GET /containers/theirs/archive?path=/", "", "hide"),
        ("POST /containers/theirs/rename?name=x", "", "hide"),
        ("GET /networks/net-theirs", "", "hide"),
        ("GET /networks/front", "", "allow"),
        ("DELETE /networks/net-mine", "", "allow"),
        ("DELETE /networks/net-theirs", "", "hide"),
        ("DELETE /networks/front", "", "SL-A071"),
        ("GET /volumes/vol-theirs", "", "hide"),
        ("DELETE /volumes/vol-theirs", "", "hide"),
        ("DELETE /volumes/vol-mine", "", "allow"),
        ("GET /images/secret/json", "", "hide"),
        ("GET /images/deadbeef/json", "", "hide"),
        ("GET /images/alpine/json", "", "allow"),
        ("GET /images/app/json", "", "allow"),
    ]);
}

#[test]
fn absent_and_hidden_are_told_in_the_same_words() {
    let front = deployer();
    for (absent, hidden) in [
        (
            "GET /containers/nowhere/json",
            "GET /containers/theirs/json",
        ),
        ("GET /networks/nowhere", "GET /networks/net-theirs"),
        ("GET /volumes/nowhere", "GET /volumes/vol-theirs"),
        ("GET /images/nowhere/json", "GET /images/secret/json"),
        ("GET /exec/nowhere/json", "GET /exec/e-theirs/json"),
    ] {
        let words = |line: &str| match front.ask(line, "").unwrap().decision.verdict {
            Verdict::Hide(words) => words,
            other => panic!("{line} is {other:?}"),
        };
        let name = |line: &str| line.split('/').nth(2).unwrap().to_owned();
        assert_eq!(
            words(absent).replace(&name(absent), "X"),
            words(hidden).replace(&name(hidden), "X")
        );
    }
    let words = front.ask("GET /images/nowhere/json", "").unwrap().decision;
    assert_eq!(
        words.answer_to("cn:alice", "1"),
        Some((404, "No such image: nowhere:latest".to_owned()))
    );
}

#[test]
fn lists_prunes_and_events_are_filtered() {
    let front = Front::granting("role = \"deployer\"\nnetworks = []");
    let label = "%7B%22label%22:%7B%22sealock.owner%3Dcn:alice%22:true";
    for line in [
        "GET /containers/json?all=1",
        "GET /networks",
        "GET /networks/",
        "GET /volumes",
        "GET /events",
        "GET /images/json",
        "POST /containers/prune",
        "POST /networks/prune",
        "POST /volumes/prune",
    ] {
        let outcome = front.ask(line, "").unwrap();
        assert_eq!(outcome.word(), "allow", "{line}");
        assert!(outcome.target.contains(label), "{line}: {}", outcome.target);
    }
    // What the caller asks for comes on top.
    let target = front
        .ask(
            "GET /containers/json?filters=%7B%22label%22%3A%5B%22a%3Db%22%5D%7D",
            "",
        )
        .unwrap()
        .target;
    assert!(
        target.contains("%22a%3Db%22:true,%22sealock.owner%3Dcn:alice%22:true"),
        "{target}"
    );
    assert!(matches!(
        front.ask("GET /events", "").unwrap().decision.answer,
        AnswerRule::Events(_)
    ));
    front.check(&[
        ("POST /images/prune", "", "SL-A062"),
        ("POST /build/prune", "", "SL-A062"),
    ]);
    // How much room things take is told of one's own things only.
    let room = front.ask("GET /system/df", "").unwrap().decision.answer;
    let told = room
        .apply(
            br#"{"LayersSize":5,"Containers":[{"Id":"x","Labels":{"sealock.owner":"cn:bob"}}]}"#,
            &front.makers,
        )
        .unwrap();
    assert_eq!(told, b"{\"Containers\":[]}\n");
}

#[test]
fn several_scopes_are_joined_in_the_answer() {
    let front = Front::new(
        r#"
[[grants]]
to = "cn:alice"
role = "operator"
scope = "label:team=blue"

[[grants]]
to = "cn:alice"
role = "operator"
scope = "owner=self"
"#,
    );
    let outcome = front.ask("GET /containers/json", "").unwrap();
    let list = br#"[{"Id":"1","Labels":{"team":"blue"}},{"Id":"2","Labels":{"sealock.owner":"cn:alice"}},{"Id":"3","Labels":{}}]"#;
    let told = outcome.decision.answer.apply(list, &front.makers).unwrap();
    assert!(String::from_utf8(told).unwrap().contains(r#""Id":"2""#));
    front.check(&[
        ("POST /containers/blue/stop", "", "allow"),
        ("POST /containers/mine/stop", "", "allow"),
        ("POST /containers/theirs/stop", "", "hide"),
    ]);
}

#[test]
fn what_can_be_seen_is_refused_and_not_hidden() {
    let front = Front::new(
        r#"
[[grants]]
to = "cn:alice"
role = "observer"

[[grants]]
to = "cn:alice"
role = "operator"
scope = "owner=self"
"#,
    );
    front.check(&[
        ("GET /containers/theirs/json", "", "allow"),
        ("POST /containers/theirs/stop", "", "SL-A063"),
        ("POST /containers/mine/stop", "", "allow"),
    ]);
}

#[test]
fn an_observer_sees_no_values_of_variables() {
    let front = Front::granting("role = \"observer\"");
    for line in [
        "GET /containers/theirs/json",
        "GET /images/app/json",
        "GET /images/app/history",
    ] {
        let answer = front.ask(line, "").unwrap().decision.answer;
        let told = answer
            .apply(br#"{"Config":{"Env":["A=secret"]}}"#, &front.makers)
            .unwrap();
        assert_eq!(told, b"{\"Config\":{\"Env\":[\"A=<hidden>\"]}}\n", "{line}");
    }
}

#[test]
fn a_request_that_names_too_much_is_refused() {
    let body = format!(r#"{{"Image":"alpine","HostConfig":{{"Binds":[{}]}}}}"#, {
        let binds: Vec<String> = (0..100).map(|n| format!("\"fresh{n}:/v{n}\"")).collect();
        binds.join(",")
    });
    assert_eq!(deployer().word("POST /containers/create", &body), "SL-A082");
}
