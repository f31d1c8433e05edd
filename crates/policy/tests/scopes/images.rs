//! Names of images, and builds.

use crate::builder;

#[test]
fn names_of_images_are_held_to_the_policy() {
    builder("").check(&[
        ("POST /images/create?fromImage=alpine&tag=3", "", "allow"),
        ("POST /images/create?fromImage=evil.example/x&tag=3", "", "SL-A066"),
        ("POST /images/create?fromImage=alpine@sha256:0000000000000000000000000000000000000000000000000000000000000000", "", "allow"),
        ("POST /images/create?fromSrc=-&repo=alpine", "", "SL-A064"),
        ("POST /images/load", "", "SL-A062"),
        ("POST /images/app/tag?repo=r.example/ci/x&tag=1", "", "allow"),
        ("POST /images/app/tag?repo=alpine&tag=latest", "", "SL-A067"),
        ("POST /images/secret/tag?repo=r.example/ci/x", "", "hide"),
        ("POST /images/deadbeef/tag?repo=r.example/ci/x", "", "hide"),
        ("POST /images/r.example/ci/x/push?tag=1", "", "allow"),
        ("POST /images/alpine/push", "", "SL-A067"),
        ("POST /images/evil.example/x/push?tag=1", "", "SL-A067"),
        ("DELETE /images/r.example/ci/x:1", "", "allow"),
        ("DELETE /images/app", "", "allow"),
        ("DELETE /images/alpine", "", "hide"),
        ("DELETE /images/feed", "", "hide"),
        ("POST /commit?container=mine&repo=r.example/ci/x", "{}", "allow"),
        ("POST /commit?container=mine&repo=alpine", "{}", "SL-A067"),
        ("POST /commit?container=theirs&repo=r.example/ci/x", "{}", "hide"),
        ("POST /commit?container=mine&changes=LABEL+sealock.owner%3Dcn:bob", "{}", "SL-A075"),
        ("POST /commit?container=mine&changes=label+%22sealock%22.owner%3Dx", "{}", "SL-A075"),
        ("POST /commit?container=mine&changes=CMD+sh", "{}", "allow"),
        ("GET /images/secret/get", "", "SL-A062"),
    ]);
    let sent = builder("")
        .ask("POST /commit?container=mine&repo=r.example/ci/x", "{}")
        .unwrap();
    assert!(
        sent.target
            .contains(&format!("container={}", "aa".repeat(32))),
        "{}",
        sent.target
    );
    assert!(
        sent.body.contains(r#""sealock.owner":"cn:alice""#),
        "{}",
        sent.body
    );
}

#[test]
fn builds_are_judged_by_their_query() {
    let tag = "t=r.example/ci/x";
    let front = builder("");
    for (query, expected) in [
        ("", "allow"),
        ("&t=alpine", "SL-A067"),
        ("&networkmode=default", "allow"),
        ("&networkmode=host", "SL-A069"),
        ("&networkmode=container:theirs", "SL-A069"),
        ("&networkmode=net-theirs", "hide"),
        ("&remote=https://evil.example/x.git", "SL-A080"),
        ("&remote=client-session&session=x&version=2", "allow"),
        ("&cgroupparent=/", "SL-A075"),
        ("&securityopt=seccomp%3Dunconfined", "SL-A075"),
        ("&cachefrom=%5B%22secret%22%5D", "hide"),
        ("&cachefrom=%5B%22alpine%22%5D", "allow"),
        ("&cachefrom=nonsense", "SL-A081"),
        ("&labels=%7B%22sealock.x%22%3A%22y%22%7D", "SL-A079"),
        ("&outputs=%5B%7B%22Type%22%3A%22local%22%7D%5D", "allow"),
        (
            "&outputs=%5B%7B%22Type%22%3A%22moby%22%2C%22Attrs%22%3A%7B%22name%22%3A%22alpine%22%7D%7D%5D",
            "SL-A067",
        ),
        (
            "&outputs=%5B%7B%22Type%22%3A%22image%22%2C%22Attrs%22%3A%7B%22push%22%3A%22true%22%7D%7D%5D",
            "SL-A075",
        ),
        (
            "&outputs=%5B%7B%22Type%22%3A%22registry%22%7D%5D",
            "SL-A075",
        ),
        ("&outputs=nonsense", "SL-A081"),
        ("&ulimits=%5B%7B%22Name%22%3A%22memlock%22%7D%5D", "SL-A074"),
    ] {
        let line = format!("POST /v1.41/build?{tag}{query}");
        assert_eq!(front.word(&line, ""), expected, "{query}");
    }
    assert_eq!(front.word("POST /grpc", ""), "SL-A080");
    assert_eq!(front.word("POST /session", ""), "allow");
    assert_eq!(builder("raw-builds = true").word("POST /grpc", ""), "allow");
    assert_eq!(front.word("POST /build/prune", ""), "SL-A062");
}
