//! Commands in containers.

use crate::daemon::Front;
use crate::deployer;

#[test]
fn commands_are_judged_when_they_are_made_and_when_they_start() {
    let front = deployer();
    front.check(&[
        (
            "POST /containers/mine/exec",
            r#"{"Cmd":["sh"],"User":"app"}"#,
            "allow",
        ),
        // Without a user it is the container's own, which is app.
        ("POST /containers/mine/exec", r#"{"Cmd":["sh"]}"#, "allow"),
        (
            "POST /containers/mine/exec",
            r#"{"Cmd":["sh"],"User":"root"}"#,
            "SL-A076",
        ),
        (
            "POST /containers/mine/exec",
            r#"{"Cmd":["sh"],"User":"0"}"#,
            "SL-A076",
        ),
        (
            "POST /containers/mine/exec",
            r#"{"Cmd":["sh"],"User":"app","Privileged":true}"#,
            "SL-A076",
        ),
        (
            "POST /containers/theirs/exec",
            r#"{"Cmd":["sh"],"User":"app"}"#,
            "hide",
        ),
        (
            "POST /containers/strong/exec",
            r#"{"Cmd":["sh"],"User":"app"}"#,
            "SL-A077",
        ),
        (
            "POST /containers/socket/exec",
            r#"{"Cmd":["sh"],"User":"app"}"#,
            "SL-A077",
        ),
        ("POST /containers/socket/attach", "", "SL-A077"),
        ("GET /containers/socket/archive?path=/", "", "SL-A077"),
        ("POST /containers/socket/stop", "", "allow"),
        ("GET /exec/e-mine/json", "", "allow"),
        ("GET /exec/e-theirs/json", "", "hide"),
        ("POST /exec/e-mine/start", r#"{"Detach":false}"#, "SL-A078"),
        ("POST /exec/e-theirs/start", "{}", "hide"),
    ]);
    for id in ["e-mine", "e-root", "e-privileged"] {
        front.makers.note(id, "cn:alice");
    }
    front.makers.note("e-theirs", "cn:alice");
    front.check(&[
        ("POST /exec/e-mine/start", r#"{"Detach":false}"#, "allow"),
        ("POST /exec/e-mine/resize?h=1&w=1", "", "allow"),
        ("POST /exec/e-root/start", "{}", "SL-A076"),
        ("POST /exec/e-privileged/start", "{}", "SL-A076"),
        ("POST /exec/e-theirs/start", "{}", "hide"),
    ]);
    let made = front
        .ask("POST /containers/mine/exec", r#"{"Cmd":["sh"]}"#)
        .unwrap();
    assert!(made.decision.answer.wants_whole());
    made.decision
        .answer
        .apply(br#"{"Id":"e-new"}"#, &front.makers)
        .unwrap();
    assert!(front.makers.made("e-new", "cn:alice"));
}

#[test]
fn programs_can_be_named() {
    let front = Front::granting(
        "role = \"debugger\"\nscope = \"all\"\nexec-users = [\"*\"]\nexec-commands = [\"ps\", \"/bin/ps\"]",
    );
    front.check(&[
        (
            "POST /containers/theirs/exec",
            r#"{"Cmd":["ps","aux"]}"#,
            "allow",
        ),
        (
            "POST /containers/theirs/exec",
            r#"{"Cmd":["sh","-c","ps"]}"#,
            "SL-A076",
        ),
        ("POST /containers/theirs/exec", "{}", "SL-A076"),
        (
            "POST /containers/strong/exec",
            r#"{"Cmd":["ps"]}"#,
            "SL-A077",
        ),
    ]);
}
