//! What was let through once, and must never be again. Each test is named for what broke.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod daemon;

use daemon::{Front, Outcome};
use sealock_policy::{
    Caller, ExecMakers, Facts, Incoming, Judgement, Name, Policy, Question, Reading, Request, judge,
};
use std::sync::Arc;

/// One request of alice's, in front of a daemon that answers like this.
fn ask(
    policy: &str,
    line: &str,
    body: &str,
    answer: impl Fn(&Question) -> Option<String>,
) -> Outcome {
    let text = format!("version = 1\n[[grants]]\nto = \"cn:alice\"\n{policy}\n");
    let granted = Policy::parse(&text)
        .unwrap()
        .granted(&Caller::new(vec![Name::Cn("alice".to_owned())]));
    let (method, target) = line.split_once(' ').unwrap();
    let incoming = Incoming {
        method: method.as_bytes(),
        target: target.as_bytes(),
        content_type: (!body.is_empty()).then_some(b"application/json".as_slice()),
        upgrade: None,
        has_body: !body.is_empty(),
    };
    let mut request = Request::read(&incoming, &Reading::default()).unwrap();
    request.set_body(body.as_bytes()).unwrap();
    let mut facts = Facts::new(Arc::new(ExecMakers::default()));
    for asked in 0..100 {
        match judge(&granted, &mut request, &facts) {
            Judgement::Ask(question) => {
                let found = answer(&question);
                let status = if found.is_some() { 200 } else { 404 };
                facts.learn(question, status, found.unwrap_or_default().as_bytes());
            }
            Judgement::Decided(decision) => {
                let body = request.body().unwrap_or_default();
                return Outcome {
                    decision,
                    target: request.target(),
                    body: String::from_utf8(body).unwrap(),
                    asked,
                };
            }
        }
    }
    panic!("{line} asks without end");
}

/// A container of alice's with these settings of the host and these mounts.
fn container(host: &str, mounts: &str) -> Option<String> {
    let id = "aa".repeat(32);
    Some(format!(
        r#"{{"Id":"{id}","Name":"/web","Config":{{"User":"app","Labels":{{"sealock.owner":"cn:alice"}}}},"HostConfig":{{{host}}},"Mounts":[{mounts}]}}"#
    ))
}

const DEPLOYER: &str = "role = \"deployer\"\nimages = [\"*\"]\n";

#[test]
fn a_network_that_is_not_named_is_the_default_one() {
    let front = Front::granting(&format!("{DEPLOYER}networks = [\"front\"]"));
    front.check(&[
        ("POST /containers/create", r#"{"Image":"alpine"}"#, "SL-A071"),
        (
            "POST /containers/create",
            r#"{"Image":"alpine","HostConfig":{}}"#,
            "SL-A071",
        ),
        (
            "POST /containers/create",
            r#"{"Image":"alpine","HostConfig":{"NetworkMode":""}}"#,
            "SL-A071",
        ),
        (
            "POST /containers/create",
            r#"{"Image":"alpine","NetworkingConfig":{"EndpointsConfig":{}}}"#,
            "SL-A071",
        ),
        (
            "POST /containers/create",
            r#"{"Image":"alpine","HostConfig":{"NetworkMode":"default"},"NetworkingConfig":{"EndpointsConfig":{"front":{}}}}"#,
            "SL-A071",
        ),
        // Of a container that is given endpoints the daemon adds no other.
        (
            "POST /containers/create",
            r#"{"Image":"alpine","NetworkingConfig":{"EndpointsConfig":{"front":{}}}}"#,
            "allow",
        ),
        (
            "POST /containers/create",
            r#"{"Image":"alpine","HostConfig":{"NetworkMode":"front"}}"#,
            "allow",
        ),
        (
            "POST /containers/create",
            r#"{"Image":"alpine","NetworkDisabled":true}"#,
            "allow",
        ),
    ]);
    let front = Front::granting(
        "role = \"swarmer\"\n[roles.swarmer]\nverbs = [\"services\"]\nimages = [\"*\"]\nnetworks = [\"front\"]",
    );
    let line = "POST /services/create";
    front.check(&[
        (line, r#"{"TaskTemplate":{"ContainerSpec":{"Image":"alpine"}}}"#, "SL-A071"),
        (
            line,
            r#"{"TaskTemplate":{"ContainerSpec":{"Image":"alpine"},"Networks":[{"Target":"front"}]}}"#,
            "allow",
        ),
        (
            line,
            r#"{"Networks":[{"Target":"front"}],"TaskTemplate":{"ContainerSpec":{"Image":"alpine"}}}"#,
            "allow",
        ),
    ]);
}

#[test]
fn an_instruction_is_not_split_over_two_changes() {
    // The daemon joins them line by line, and a backslash at the end of one joins it to the next.
    let builder =
        Front::granting("role = \"ci-builder\"\nimages = [\"*\"]\ntags = [\"r.example/*\"]");
    let commit = |changes: &str| {
        builder.word(
            &format!("POST /commit?container=mine&repo=r.example/x&{changes}"),
            "{}",
        )
    };
    for changes in [
        "changes=LAB%5C&changes=EL+sealock.owner%3Dcn:bob",
        "changes=ENV+a%3Db+%5C++&changes=LABEL+x%3Dy",
        "changes=%23+escape%3D%60&changes=LAB%60&changes=EL+sealock.owner%3Dcn:bob",
        "changes=CMD+a%0DLABEL+x%3Dy",
        "changes=FROM+scratch",
        "changes=RUN+id",
    ] {
        assert_eq!(commit(changes), "SL-A075", "{changes}");
    }
    for changes in [
        "changes=",
        "changes=CMD+%5B%22sh%22%5D&changes=env+A%3Db",
        "changes=ENTRYPOINT+/bin/sh&changes=USER+app&changes=WORKDIR+/srv&changes=EXPOSE+80",
        "changes=VOLUME+/data&changes=STOPSIGNAL+TERM&changes=HEALTHCHECK+NONE&changes=SHELL+%5B%22sh%22%5D",
    ] {
        assert_eq!(commit(changes), "allow", "{changes}");
    }
    let importer = Front::granting(
        "role = \"importer\"\n[roles.importer]\nverbs = [\"pull\", \"image-in\"]\ntags = [\"r.example/*\"]",
    );
    let import = "POST /images/create?fromSrc=-&repo=r.example/x&changes=LAB%5C&changes=EL+a%3Db";
    assert_eq!(importer.word(import, ""), "SL-A075");
}

#[test]
fn a_list_that_the_daemon_does_not_hold_to_its_filter_is_sifted() {
    // Of two values of one key swarm takes either; cluster volumes are listed whatever the filter says.
    let front = Front::granting(
        "role = \"watcher\"\nscope = \"owner=self\"\n[roles.watcher]\nverbs = [\"observe\", \"swarm-read\"]",
    );
    let makers = ExecMakers::default();
    let own = r#"{"ID":"1","Spec":{"Labels":{"sealock.owner":"cn:alice"}}}"#;
    let other = r#"{"ID":"2","Spec":{"Labels":{"sealock.owner":"cn:bob"}}}"#;
    let sifted = |line: &str, body: String| {
        let outcome = front.ask(line, "").unwrap();
        let body = outcome.decision.answer.apply(body.as_bytes(), &makers);
        String::from_utf8(body.unwrap()).unwrap()
    };
    let services = sifted(
        "GET /services?filters=%7B%22label%22:%5B%22sealock.owner%3Dcn:bob%22%5D%7D",
        format!("[{own},{other}]"),
    );
    assert_eq!(services.trim(), format!("[{own}]"));
    let volumes = sifted(
        "GET /volumes",
        r#"{"Volumes":[{"Name":"a","Labels":{"sealock.owner":"cn:alice"}},{"Name":"b","Labels":null,"ClusterVolume":{}}],"Warnings":null}"#.to_owned(),
    );
    assert!(
        !volumes.contains(r#""b""#) && volumes.contains(r#""a""#),
        "{volumes}"
    );
}

#[test]
fn a_login_goes_to_registries_of_ones_own_images_only() {
    let at = |front: &Front, address: &str| {
        front.word(
            "POST /auth",
            &format!(r#"{{"username":"a","password":"b","serveraddress":"{address}"}}"#),
        )
    };
    for role in ["deployer", "ci-builder"] {
        let front = Front::granting(&format!(
            "role = \"{role}\"\nimages = [\"r.example:5000/*\", \"alpine\"]"
        ));
        for address in [
            "r.example:5000",
            "https://r.example:5000",
            "http://r.example:5000/v2/",
            "",
            "https://index.docker.io/v1/",
            "docker.io",
        ] {
            assert_eq!(at(&front, address), "allow", "{role} {address}");
        }
        for address in [
            "169.254.169.254",
            "http://127.0.0.1:22/",
            "r.example:5001",
            "r.example",
            "xr.example:5000",
            // Another spelling of a scheme is a host to the daemon.
            "HTTPS://r.example:5000",
        ] {
            assert_eq!(at(&front, address), "SL-A066", "{role} {address}");
        }
        for address in [
            "https://r.example:5000@127.0.0.1",
            "r.example:5000\\\\@127.0.0.1",
            "r.example:5000#@127.0.0.1",
        ] {
            assert_eq!(at(&front, address), "SL-A081", "{role} {address}");
        }
    }
    let asker = Front::granting(
        "role = \"asker\"\n[roles.asker]\nverbs = [\"outbound\"]\nimages = [\"r.example:5000/*\", \"alpine\"]",
    );
    asker.check(&[
        ("GET /distribution/r.example:5000/a/json", "", "allow"),
        ("GET /distribution/alpine/json", "", "allow"),
        ("GET /distribution/127.0.0.1:22/a/json", "", "SL-A066"),
        ("GET /images/search?term=alpine", "", "allow"),
        ("GET /images/search?term=r.example:5000/a", "", "allow"),
        ("GET /images/search?term=127.0.0.1:22/a", "", "SL-A066"),
        ("GET /images/search?term=a@127.0.0.1:22/a", "", "SL-A081"),
    ]);
    let tagger = Front::granting("role = \"ci-builder\"\ntags = [\"push.example/ci/*\"]");
    assert_eq!(at(&tagger, "push.example"), "allow");
    assert_eq!(
        at(&Front::granting("role = \"admin\""), "anywhere"),
        "allow"
    );
}

#[test]
fn what_another_container_has_mounted_is_judged_as_if_it_were_asked_for() {
    let bind = r#"{"Type":"bind","Source":"/srv/secret","RW":true}"#;
    let answer = |question: &Question| match question {
        Question::Container(_) => container("", bind),
        _ => None,
    };
    let body = r#"{"Image":"alpine","HostConfig":{"VolumesFrom":["web"]}}"#;
    let word = |more: &str| {
        ask(
            &format!("{DEPLOYER}{more}"),
            "POST /containers/create",
            body,
            answer,
        )
        .word()
    };
    assert_eq!(word(""), "SL-A077");
    assert_eq!(word("binds = [\"/srv/secret:ro\"]"), "SL-A077");
    assert_eq!(word("binds = [\"/srv/secret\"]"), "allow");
    // A command is run with what is there.
    let exec = ask(
        DEPLOYER,
        "POST /containers/web/exec",
        r#"{"Cmd":["sh"]}"#,
        answer,
    );
    assert_eq!(exec.word(), "allow");
}

#[test]
fn a_container_is_strong_through_its_volumes_and_bare_kernel_files_too() {
    let exec = |host: &str, mounts: &str, options: &str| {
        ask(
            DEPLOYER,
            "POST /containers/web/exec",
            r#"{"Cmd":["sh"]}"#,
            |question| match question {
                Question::Container(_) => container(host, mounts),
                Question::Volume(name) => Some(format!(
                    r#"{{"Name":"{name}","Driver":"local","Labels":null,"Options":{options}}}"#
                )),
                _ => None,
            },
        )
        .word()
    };
    let volume = r#"{"Type":"volume","Name":"data","Source":"/var/lib/docker/volumes/data/_data","Driver":"local","RW":true}"#;
    for (options, expected) in [
        ("null", "allow"),
        (r#"{"type":"none","o":"bind","device":"/srv/app"}"#, "allow"),
        (
            r#"{"type":"nfs","o":"addr=10.0.0.1","device":":/x"}"#,
            "allow",
        ),
        (r#"{"type":"tmpfs","device":"tmpfs"}"#, "allow"),
        (r#"{"type":"none","o":"bind","device":"/"}"#, "SL-A077"),
        (
            r#"{"type":"none","o":"bind","device":"/run/docker.sock"}"#,
            "SL-A077",
        ),
        (r#"{"type":"ext4","device":"/dev/sda1"}"#, "SL-A077"),
        (
            r#"{"type":"overlay","o":"lowerdir=/,upperdir=/u,workdir=/w","device":"overlay"}"#,
            "SL-A077",
        ),
    ] {
        assert_eq!(exec("", volume, options), expected, "{options}");
    }
    let paths = r#""MaskedPaths":["/proc/kcore"],"ReadonlyPaths":["/proc/sys"]"#;
    assert_eq!(exec(paths, "", "null"), "allow");
    assert_eq!(exec(r#""ReadonlyPaths":[]"#, "", "null"), "SL-A077");
    assert_eq!(exec(r#""MaskedPaths":[]"#, "", "null"), "SL-A077");
}

#[test]
fn a_program_is_not_reached_by_climbing_or_by_another_path() {
    let front = Front::granting(&format!(
        "{DEPLOYER}exec-commands = [\"/opt/tools/*\", \"backup\"]"
    ));
    let line = "POST /containers/mine/exec";
    front.check(&[
        (line, r#"{"Cmd":["/opt/tools/show"]}"#, "allow"),
        (line, r#"{"Cmd":["backup"],"Env":["A=b"]}"#, "allow"),
        (line, r#"{"Cmd":["/opt/tools/../../bin/sh"]}"#, "SL-A076"),
        (line, r#"{"Cmd":["/opt/tools/.."]}"#, "SL-A076"),
        (line, r#"{"Cmd":["backup"],"Env":["PATH=/tmp"]}"#, "SL-A076"),
    ]);
    Front::granting(DEPLOYER).check(&[(line, r#"{"Cmd":["../x"],"Env":["PATH=/tmp"]}"#, "allow")]);
}

#[test]
fn the_name_of_a_network_is_not_taken_for_a_namespace() {
    let id = "1a".repeat(32);
    let made = ask(
        DEPLOYER,
        "POST /containers/create",
        r#"{"Image":"alpine","HostConfig":{"NetworkMode":"private","IpcMode":"private"}}"#,
        |question| match question {
            Question::Network(name) => Some(format!(
                r#"{{"Id":"{id}","Name":"{name}","Driver":"bridge","Labels":{{"sealock.owner":"cn:alice"}}}}"#
            )),
            _ => None,
        },
    );
    assert_eq!(made.word(), "allow");
    assert!(
        made.body.contains(r#""IpcMode":"private""#),
        "{}",
        made.body
    );
    assert!(
        made.body.contains(&format!(r#""NetworkMode":"{id}""#)),
        "{}",
        made.body
    );
}

#[test]
fn an_odd_uri_does_not_slip_out_of_a_denial() {
    let text = "version = 1\n[[grants]]\nto = \"cn:ci\"\nrole = \"operator\"\n[[denies]]\nto = \"uri:spiffe://example.org/ci/*\"\n";
    let policy = Policy::parse(text).unwrap();
    let refused = |uri: &str| {
        let caller = Caller::new(vec![Name::Uri(uri.to_owned()), Name::Cn("ci".to_owned())]);
        let incoming = Incoming {
            method: b"GET",
            target: b"/info",
            content_type: None,
            upgrade: None,
            has_body: false,
        };
        let mut request = Request::read(&incoming, &Reading::default()).unwrap();
        let facts = Facts::new(Arc::new(ExecMakers::default()));
        match judge(&policy.granted(&caller), &mut request, &facts) {
            Judgement::Decided(decision) => decision.refusal.is_some(),
            Judgement::Ask(_) => panic!("nothing to ask"),
        }
    };
    for uri in [
        "spiffe://example.org/ci/a",
        "spiffe://example.org/ci/a?b",
        "spiffe://example.org/ci/../a",
        "spiffe://example.org/%63i/a",
        "spiffe://example.org/x/../ci/a",
    ] {
        assert!(refused(uri), "{uri}");
    }
    assert!(!refused("spiffe://example.org/web/a"));
    assert!(!refused("spiffe://example.com/%63i/a"));
}

#[test]
fn a_body_of_a_hundred_thousand_parts_is_judged_in_one_pass() {
    // Each compared with every other, these are billions of comparisons.
    let list = |with: &str| {
        let items: Vec<String> = (0..100_000)
            .map(|number| format!("\"{number}{with}\""))
            .collect();
        items.join(",")
    };
    let front = Front::granting(DEPLOYER);
    let body = format!(r#"{{"Image":"alpine","Env":[{}]}}"#, list(""));
    assert_eq!(front.word("POST /containers/create", &body), "allow");
    let filters = format!(
        "GET /containers/json?filters=%7B%22label%22:%5B{}%5D%7D",
        list("").replace('"', "%22")
    );
    assert_eq!(front.word(&filters, ""), "allow");
}

#[test]
fn the_swap_of_a_service_counts_as_memory() {
    let front = Front::granting(
        "role = \"swarmer\"\n[roles.swarmer]\nverbs = [\"services\"]\nimages = [\"*\"]\nnetworks = [\"default\"]\nmemory = \"1GiB\"",
    );
    let service = |resources: &str| {
        front.word(
            "POST /services/create",
            &format!(r#"{{"TaskTemplate":{{"ContainerSpec":{{"Image":"alpine"}},"Resources":{resources}}}}}"#),
        )
    };
    assert_eq!(service(r#"{"SwapBytes":1048576}"#), "allow");
    assert_eq!(service(r#"{"SwapBytes":1099511627776}"#), "SL-A074");
    assert_eq!(service(r#"{"SwapBytes":-1}"#), "SL-A074");
}

#[test]
fn filters_were_looked_at_as_they_came_and_not_as_they_went_on() {
    for (came, goes_on) in [
        ("/nodes?filters", "/nodes"),
        ("/nodes?filters=null", "/nodes"),
        (
            "/nodes?filters={%22name%22:[%22a%22]}",
            "/nodes?filters=%7B%22name%22:%7B%22a%22:true%7D%7D",
        ),
    ] {
        let read = |target: &str| {
            let incoming = Incoming {
                method: b"GET",
                target: target.as_bytes(),
                content_type: None,
                upgrade: None,
                has_body: false,
            };
            Request::read(&incoming, &Reading::default()).unwrap()
        };
        let (first, again) = (read(came), read(goes_on));
        assert_eq!(first.target(), goes_on);
        assert_eq!(first.query(), again.query(), "{came}");
        assert_eq!(first.filters(), again.filters(), "{came}");
    }
}
