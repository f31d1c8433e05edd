//! Ports, limits, users and variables.

use crate::daemon::Front;
use crate::{CREATE, check, deployer};

#[test]
fn ports_are_published_as_the_policy_says() {
    let bind = |port: &str| {
        format!(r#"{{"Image":"alpine","HostConfig":{{"PortBindings":{{"80/tcp":[{port}]}}}}}}"#)
    };
    let front = deployer();
    for (port, expected) in [
        (r#"{"HostPort":"8080"}"#, "allow"),
        (r#"{"HostPort":""}"#, "allow"),
        (r#"{"HostPort":"80"}"#, "SL-A073"),
        (r#"{"HostIp":"127.0.0.1","HostPort":"80"}"#, "SL-A073"),
        (r#"{"HostPort":"1000-2000"}"#, "SL-A073"),
        (r#"{"HostPort":"2000-2010"}"#, "allow"),
        (r#"{"HostIp":"localhost","HostPort":"8080"}"#, "SL-A081"),
        (r#"{"HostPort":"+8080"}"#, "SL-A081"),
    ] {
        assert_eq!(front.word(CREATE, &bind(port)), expected, "{port}");
    }
    let local =
        Front::granting("role = \"deployer\"\nimages = [\"*\"]\nports = [\"127.0.0.1:8000-8999\"]");
    for (port, expected) in [
        (r#"{"HostIp":"127.0.0.1","HostPort":"8080"}"#, "allow"),
        (r#"{"HostIp":"0.0.0.0","HostPort":"8080"}"#, "SL-A073"),
        (r#"{"HostIp":"","HostPort":"8080"}"#, "SL-A073"),
        (r#"{"HostIp":"::","HostPort":"8080"}"#, "SL-A073"),
        (r#"{"HostPort":""}"#, "SL-A073"),
    ] {
        assert_eq!(local.word(CREATE, &bind(port)), expected, "{port}");
    }
    check(
        &local,
        &[(
            r#"{"Image":"alpine","HostConfig":{"PublishAllPorts":true}}"#,
            "SL-A073",
        )],
    );
}

#[test]
fn limits_hold_at_the_create_and_at_every_update() {
    let front = Front::granting(
        "role = \"deployer\"\nimages = [\"*\"]\nmemory = \"1GiB\"\ncpus = 2\npids = 100",
    );
    check(
        &front,
        &[
            (r#"{"Image":"alpine"}"#, "allow"),
            (
                r#"{"Image":"alpine","HostConfig":{"Memory":1073741824,"MemorySwap":2147483648}}"#,
                "allow",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Memory":1073741825}}"#,
                "SL-A074",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Memory":1024,"MemorySwap":-1}}"#,
                "SL-A074",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Memory":99999999999999999999}}"#,
                "SL-A081",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"NanoCpus":2000000001}}"#,
                "SL-A074",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"CpuQuota":200000,"CpuPeriod":100000}}"#,
                "allow",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"CpuQuota":200000,"CpuPeriod":1000}}"#,
                "SL-A074",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"CpuQuota":-1}}"#,
                "SL-A074",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"PidsLimit":-1}}"#,
                "SL-A074",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"PidsLimit":100}}"#,
                "allow",
            ),
        ],
    );
    let body = front.ask(CREATE, r#"{"Image":"alpine"}"#).unwrap().body;
    for part in [
        r#""Memory":1073741824"#,
        r#""NanoCpus":2000000000"#,
        r#""PidsLimit":100"#,
    ] {
        assert!(body.contains(part), "{body}");
    }
    let update = |body: &str| front.word("POST /containers/mine/update", body);
    for (body, expected) in [
        (r#"{"Memory":1024}"#, "allow"),
        (r#"{"MemorySwap":-1}"#, "SL-A074"),
        (r#"{"Memory":2147483648}"#, "SL-A074"),
        (r#"{"PidsLimit":0}"#, "SL-A074"),
        (r#"{"PidsLimit":-1}"#, "SL-A074"),
        (r#"{"CpuPeriod":1000}"#, "SL-A074"),
        (r#"{"NanoCpus":4000000000}"#, "SL-A074"),
        (r#"{"CgroupParent":"/"}"#, "SL-A075"),
        (
            r#"{"Devices":[{"PathOnHost":"/dev/sda","PathInContainer":"/dev/sda","CgroupPermissions":"rwm"}]}"#,
            "SL-A070",
        ),
        (r#"{"RestartPolicy":{"Name":"always"}}"#, "allow"),
    ] {
        assert_eq!(update(body), expected, "{body}");
    }
    assert_eq!(front.word("POST /containers/theirs/update", "{}"), "hide");
}

#[test]
fn users_groups_and_variables_are_those_of_the_policy() {
    let front = Front::granting(
        "role = \"deployer\"\nimages = [\"*\"]\nusers = [\"1000\", \"app\"]\nenv-deny = [\"LD_*\"]\ngroups = [\"audio\"]\nrestarts = [\"no\"]",
    );
    check(
        &front,
        &[
            (r#"{"Image":"alpine","User":"1000"}"#, "allow"),
            (r#"{"Image":"alpine","User":"app"}"#, "allow"),
            (r#"{"Image":"alpine"}"#, "SL-A076"),
            (r#"{"Image":"alpine","User":""}"#, "SL-A076"),
            (r#"{"Image":"alpine","User":"root"}"#, "SL-A076"),
            (r#"{"Image":"alpine","User":"00"}"#, "SL-A076"),
            (r#"{"Image":"alpine","User":"1000:0"}"#, "SL-A076"),
            (r#"{"Image":"alpine","User":"app","Env":["A=1"]}"#, "allow"),
            (
                r#"{"Image":"alpine","User":"app","Env":["LD_PRELOAD=/x"]}"#,
                "SL-A076",
            ),
            (
                r#"{"Image":"alpine","User":"app","HostConfig":{"GroupAdd":["audio"]}}"#,
                "allow",
            ),
            (
                r#"{"Image":"alpine","User":"app","HostConfig":{"GroupAdd":["docker"]}}"#,
                "SL-A076",
            ),
            (
                r#"{"Image":"alpine","User":"app","HostConfig":{"RestartPolicy":{"Name":"always"}}}"#,
                "SL-A075",
            ),
        ],
    );
}
