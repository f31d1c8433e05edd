//! Full IDs for names, and labels that say whose something is.

use crate::daemon::Front;
use crate::{builder, deployer};

#[test]
fn what_was_judged_is_forwarded_by_its_full_id() {
    let front = deployer();
    let id = "aa".repeat(32);
    for (line, target) in [
        (
            "POST /v1.41/containers/mine/stop?t=1",
            format!("/v1.41/containers/{id}/stop?t=1"),
        ),
        // A name that looks like the beginning of another's ID is resolved once, here.
        (
            "DELETE /containers/aaaaaaaaaaaa",
            format!("/containers/{id}"),
        ),
        (
            "GET /networks/net-mine",
            format!("/networks/{}", "1a".repeat(32)),
        ),
        (
            "GET /images/cafe/json",
            format!("/images/sha256:{}/json", "2a".repeat(32)),
        ),
        ("GET /images/alpine/json", "/images/alpine/json".to_owned()),
    ] {
        assert_eq!(front.ask(line, "").unwrap().target, target);
    }
    let create = |body: &str| {
        front
            .ask("POST /containers/create?name=x", body)
            .unwrap()
            .body
    };
    let body = create(
        r#"{"Image":"cafe","HostConfig":{"VolumesFrom":["mine:ro"],"Links":["mine"],"PidMode":"container:mine","NetworkMode":"net-mine"},"NetworkingConfig":{"EndpointsConfig":{"net-mine":{"Links":["mine:db"]}}}}"#,
    );
    for part in [
        format!(r#""Image":"sha256:{}""#, "2a".repeat(32)),
        format!(r#""VolumesFrom":["{id}:ro"]"#),
        format!(r#""Links":["{id}:mine"]"#),
        format!(r#""PidMode":"container:{id}""#),
        format!(r#""NetworkMode":"{}""#, "1a".repeat(32)),
        format!(
            r#""EndpointsConfig":{{"{}":{{"Links":["{id}:db"]}}}}"#,
            "1a".repeat(32)
        ),
    ] {
        assert!(body.contains(&part), "{part} is not in {body}");
    }
    let body = front
        .ask("POST /networks/net-mine/connect", r#"{"Container":"mine"}"#)
        .unwrap()
        .body;
    assert_eq!(body, format!(r#"{{"Container":"{id}"}}"#));
}

#[test]
fn everything_new_is_stamped_and_no_stamp_is_taken_from_outside() {
    let front = deployer();
    let owner = r#""sealock.owner":"cn:alice""#;
    for (line, body) in [
        ("POST /containers/create", r#"{"Image":"alpine"}"#),
        (
            "POST /containers/create",
            r#"{"Image":"alpine","Labels":{"sealock.owner":"cn:bob","a":"b"}}"#,
        ),
        (
            "POST /networks/create",
            r#"{"Name":"n","Labels":{"sealock.owner":"cn:bob"}}"#,
        ),
        ("POST /volumes/create", r#"{"Name":"v"}"#),
        ("POST /volumes/create", "{}"),
    ] {
        let sent = front.ask(line, body).unwrap().body;
        assert!(sent.contains(owner) && !sent.contains("cn:bob"), "{sent}");
    }
    // A volume that a bind would make is made by a mount, which carries the stamp.
    let sent = front
        .ask(
            "POST /containers/create",
            r#"{"Image":"alpine","HostConfig":{"Binds":["fresh:/data:ro,nocopy","vol-mine:/b"]}}"#,
        )
        .unwrap()
        .body;
    assert!(sent.contains(r#""Binds":["vol-mine:/b"]"#), "{sent}");
    assert!(
        sent.contains(
            r#"{"Type":"volume","Source":"fresh","Target":"/data","ReadOnly":true,"VolumeOptions":{"NoCopy":true,"Labels":{"sealock.owner":"cn:alice"}}}"#
        ),
        "{sent}"
    );
    let sent = builder("").ask("POST /build?t=r.example/ci/x&labels=%7B%22a%22%3A%22b%22%2C%22sealock.owner%22%3A%22cn:bob%22%7D", "").unwrap();
    assert!(
        sent.target
            .contains("labels=%7B%22a%22:%22b%22,%22sealock.owner%22:%22cn:alice%22%7D"),
        "{}",
        sent.target
    );
    // Another reserved key is no stamp of ours, so it is refused.
    front.check(&[
        (
            "POST /containers/create",
            r#"{"Image":"alpine","Labels":{"sealock.other":"x"}}"#,
            "SL-A079",
        ),
        (
            "POST /volumes/create",
            r#"{"Labels":{"sealock.other":"x"}}"#,
            "SL-A079",
        ),
    ]);
}

#[test]
fn a_label_that_decides_about_scopes_is_not_set_by_hand() {
    let front = Front::new(
        r#"
[[grants]]
to = "cn:alice"
role = "deployer"
images = ["*"]

[[grants]]
to = "cn:bob"
role = "deployer"
images = ["*"]
scope = "label:team=blue"
"#,
    );
    front.check(&[(
        "POST /containers/create",
        r#"{"Image":"alpine","Labels":{"team":"blue"}}"#,
        "SL-A079",
    )]);
    let sent = front
        .ask_as(
            "bob",
            "POST /containers/create",
            r#"{"Image":"alpine","Labels":{"team":"red"}}"#,
        )
        .unwrap()
        .body;
    assert!(
        sent.contains(r#""team":"blue""#) && !sent.contains("red"),
        "{sent}"
    );
    assert_eq!(
        front
            .ask_as("bob", "GET /containers/blue/json", "")
            .unwrap()
            .word(),
        "allow"
    );
    assert_eq!(
        front
            .ask_as("bob", "GET /containers/mine/json", "")
            .unwrap()
            .word(),
        "hide"
    );
}
