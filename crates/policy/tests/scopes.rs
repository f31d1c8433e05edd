//! Whose objects a caller reaches, under which names, and what is written for it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod daemon;

use daemon::Front;
use sealock_policy::{AnswerRule, Verdict};

fn deployer() -> Front {
    Front::granting(
        "role = \"deployer\"\nimages = [\"alpine\"]\ntags = [\"r.example/ci/*\"]\nexec-users = [\"app\"]\nnetworks = [\"bridge\", \"default\", \"front\"]",
    )
}

fn builder(lines: &str) -> Front {
    Front::granting(&format!(
        "role = \"ci-builder\"\nimages = [\"alpine\"]\ntags = [\"r.example/ci/*\"]\n{lines}"
    ))
}

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

#[test]
fn networks_and_volumes_are_made_within_bounds() {
    let front = Front::granting(
        "role = \"deployer\"\nsubnets = [\"172.28.0.0/16\"]\nbinds = [\"/srv/app\"]",
    );
    front.check(&[
        (
            "POST /networks/create",
            r#"{"Name":"n","Driver":"bridge","IPAM":{"Driver":"default","Config":[]}}"#,
            "allow",
        ),
        (
            "POST /networks/create",
            r#"{"Name":"n","Driver":"macvlan","Options":{"parent":"eth0"}}"#,
            "SL-A071",
        ),
        (
            "POST /networks/create",
            r#"{"Name":"n","Driver":"host"}"#,
            "SL-A071",
        ),
        (
            "POST /networks/create",
            r#"{"Name":"n","Options":{"com.docker.network.bridge.name":"docker0"}}"#,
            "SL-A075",
        ),
        (
            "POST /networks/create",
            r#"{"Name":"n","IPAM":{"Config":[{"Subnet":"172.28.5.0/24"}]}}"#,
            "allow",
        ),
        (
            "POST /networks/create",
            r#"{"Name":"n","IPAM":{"Config":[{"Subnet":"10.0.0.0/8"}]}}"#,
            "SL-A071",
        ),
        (
            "POST /networks/create",
            r#"{"Name":"n","Attachable":true}"#,
            "SL-A075",
        ),
        (
            "POST /networks/create",
            r#"{"Name":"n","Scope":"swarm"}"#,
            "SL-A075",
        ),
        (
            "POST /networks/create",
            r#"{"Name":"n","ConfigFrom":{"Network":"x"}}"#,
            "SL-A075",
        ),
        ("POST /networks/create", r#"{"Name":"host"}"#, "SL-A081"),
        (
            "POST /networks/create",
            r#"{"Name":"0123456789ab"}"#,
            "SL-A081",
        ),
        (
            "POST /networks/net-mine/connect",
            r#"{"Container":"mine"}"#,
            "allow",
        ),
        (
            "POST /networks/net-mine/connect",
            r#"{"Container":"theirs"}"#,
            "hide",
        ),
        (
            "POST /networks/net-theirs/connect",
            r#"{"Container":"mine"}"#,
            "hide",
        ),
        (
            "POST /networks/host/connect",
            r#"{"Container":"mine"}"#,
            "SL-A069",
        ),
        (
            "POST /networks/net-mine/disconnect",
            r#"{"Container":"theirs","Force":true}"#,
            "hide",
        ),
        (
            "POST /volumes/create",
            r#"{"Name":"v","Driver":"local"}"#,
            "allow",
        ),
        (
            "POST /volumes/create",
            r#"{"Name":"vol-theirs"}"#,
            "SL-A072",
        ),
        (
            "POST /volumes/create",
            r#"{"Name":"v","DriverOpts":{"type":"none","o":"bind","device":"/etc"}}"#,
            "SL-A065",
        ),
        (
            "POST /volumes/create",
            r#"{"Name":"v","DriverOpts":{"type":"none","o":"bind","device":"/srv/app"}}"#,
            "allow",
        ),
        (
            "POST /volumes/create",
            r#"{"Name":"v","DriverOpts":{"type":"nfs","o":"addr=1.2.3.4","device":":/"}}"#,
            "SL-A075",
        ),
        (
            "POST /volumes/create",
            r#"{"Name":"v","DriverOpts":{"type":"tmpfs","o":"size=1m","device":"tmpfs"}}"#,
            "allow",
        ),
        (
            "POST /volumes/create",
            r#"{"Name":"v","Driver":"sshfs"}"#,
            "SL-A072",
        ),
        (
            "POST /volumes/create",
            r#"{"Name":"v","ClusterVolumeSpec":{"Group":"x"}}"#,
            "SL-A075",
        ),
        (
            "POST /containers/create?name=0123456789ab",
            r#"{"Image":"alpine"}"#,
            "SL-A081",
        ),
        (
            "POST /containers/mine/rename?name=bbbbbbbbbbbb",
            "",
            "SL-A081",
        ),
        ("POST /containers/mine/rename?name=web", "", "allow"),
        (
            "POST /containers/mine/start?checkpoint=x&checkpoint-dir=/",
            "",
            "SL-A075",
        ),
        ("GET /containers/mine/top?ps_args=-eo+args", "", "SL-A075"),
        ("GET /containers/mine/top", "", "allow"),
        ("DELETE /containers/mine?link=1", "", "SL-A075"),
    ]);
}

#[test]
fn services_have_the_same_doors_as_containers() {
    let front = Front::new(
        "[roles.swarmer]\nfrom = \"deployer\"\nverbs = [\"services\", \"swarm-read\"]\n[[grants]]\nto = \"cn:alice\"\nrole = \"swarmer\"\nimages = [\"alpine\"]\nports = [\"8000-8999\"]\n",
    );
    let spec = |part: &str, container: &str| {
        format!(
            r#"{{"Name":"s","TaskTemplate":{{"ContainerSpec":{{"Image":"alpine"{container}}}}}{part}}}"#
        )
    };
    for (part, container, expected) in [
        ("", "", "allow"),
        (
            "",
            r#","Mounts":[{"Type":"bind","Source":"/","Target":"/h"}]"#,
            "SL-A065",
        ),
        ("", r#","CapabilityAdd":["CAP_SYS_ADMIN"]"#, "SL-A068"),
        (
            "",
            r#","Privileges":{"Seccomp":{"Mode":"unconfined"}}"#,
            "SL-A075",
        ),
        ("", r#","Secrets":[{"SecretID":"x"}]"#, "SL-A075"),
        ("", r#","Configs":[{"ConfigID":"x"}]"#, "SL-A075"),
        ("", r#","Sysctls":{"a":"b"}"#, "SL-A075"),
        (r#","Networks":[{"Target":"host"}]"#, "", "SL-A069"),
        (r#","Networks":[{"Target":"net-theirs"}]"#, "", "hide"),
        (
            r#","EndpointSpec":{"Ports":[{"TargetPort":80,"PublishedPort":80,"PublishMode":"host"}]}"#,
            "",
            "SL-A073",
        ),
        (
            r#","EndpointSpec":{"Ports":[{"TargetPort":80,"PublishedPort":8080}]}"#,
            "",
            "allow",
        ),
    ] {
        let body = spec(part, container);
        assert_eq!(
            front.word("POST /services/create", &body),
            expected,
            "{body}"
        );
        assert_eq!(
            front.word("POST /services/svc-mine/update?version=1", &body),
            expected,
            "{body}"
        );
    }
    front.check(&[
        (
            "POST /services/svc-theirs/update?version=1",
            &spec("", ""),
            "hide",
        ),
        ("DELETE /services/svc-theirs", "", "hide"),
        ("GET /services/svc-mine", "", "allow"),
        ("GET /nodes", "", "SL-A064"),
        ("GET /tasks", "", "SL-A064"),
    ]);
    let sent = front
        .ask("POST /services/create", &spec("", ""))
        .unwrap()
        .body;
    assert_eq!(
        sent.matches(r#""sealock.owner":"cn:alice""#).count(),
        2,
        "{sent}"
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
