//! Services of a swarm.

use crate::daemon::Front;

#[test]
fn services_have_the_same_doors_as_containers() {
    let front = Front::new(
        "[roles.swarmer]\nfrom = \"deployer\"\nverbs = [\"services\", \"swarm-read\"]\n[[grants]]\nto = \"cn:alice\"\nrole = \"swarmer\"\nimages = [\"alpine\"]\nports = [\"8000-8999\"]\nbinds = [\"/srv/*\"]\n",
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
        // Without a type the daemon takes a bind.
        (
            "",
            r#","Mounts":[{"Source":"/srv/x","Target":"/h"}]"#,
            "SL-A075",
        ),
        (
            "",
            r#","Mounts":[{"Type":"bind","Source":"/srv/x","Target":"/h"}]"#,
            "allow",
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

/// A swarm makes a task's mounts from templates: what was judged was another path than what was mounted.
#[test]
fn a_template_is_no_place() {
    let front = Front::new(
        "[roles.swarmer]\nfrom = \"deployer\"\nverbs = [\"services\"]\n[[grants]]\nto = \"cn:alice\"\nrole = \"swarmer\"\nimages = [\"alpine\"]\nbinds = [\"/srv/*\"]\n",
    );
    let up = r#"/srv/{{printf \"%c%c\" 46 46}}/etc"#;
    for (mount, expected) in [
        (
            format!(r#"{{"Type":"bind","Source":"{up}","Target":"/h"}}"#),
            "SL-A081",
        ),
        (
            format!(
                r#"{{"Type":"volume","Target":"/h","VolumeOptions":{{"DriverConfig":{{"Options":{{"type":"none","o":"bind","device":"{up}"}}}}}}}}"#
            ),
            "SL-A081",
        ),
        (
            r#"{"Type":"volume","Source":"{{.Service.Name}}","Target":"/h"}"#.to_owned(),
            "SL-A081",
        ),
        (
            r#"{"Type":"bind","Source":"/srv/x","Target":"/{{.Task.ID}}"}"#.to_owned(),
            "allow",
        ),
    ] {
        let body = format!(
            r#"{{"Name":"s","TaskTemplate":{{"ContainerSpec":{{"Image":"alpine","Mounts":[{mount}]}}}}}}"#
        );
        assert_eq!(
            front.word("POST /services/create", &body),
            expected,
            "{body}"
        );
    }
}

/// A rollback takes what the service was before, whatever the body says.
#[test]
fn a_rollback_is_not_what_was_judged() {
    let front = Front::new(
        "[roles.swarmer]\nfrom = \"deployer\"\nverbs = [\"services\"]\n[[grants]]\nto = \"cn:alice\"\nrole = \"swarmer\"\nimages = [\"alpine\"]\n",
    );
    let body = r#"{"Name":"s","TaskTemplate":{"ContainerSpec":{"Image":"alpine"}}}"#;
    for (query, expected) in [
        ("", "allow"),
        ("&rollback=", "allow"),
        ("&rollback=none", "allow"),
        ("&rollback=previous", "SL-A075"),
        ("&rollback=PREVIOUS", "SL-A075"),
    ] {
        let line = format!("POST /services/svc-mine/update?version=1{query}");
        assert_eq!(front.word(&line, body), expected, "{query}");
    }
}
