//! The other fields of a create, one by one.

use crate::{check, deployer};

#[test]
fn a_plain_container_is_allowed() {
    check(
        &deployer(),
        &[
            (r#"{"Image":"alpine"}"#, "allow"),
            (
                r#"{"Image":"alpine:3.19","Cmd":["sh"],"Tty":true,"HostConfig":{"AutoRemove":true}}"#,
                "allow",
            ),
            (
                r#"{"Image":"alpine","HostConfig":null,"NetworkingConfig":null}"#,
                "allow",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Privileged":false,"Binds":null,"NetworkMode":"default","PidMode":"",
                "MaskedPaths":null,"ReadonlyPaths":null,"Devices":[],"CapAdd":null,"SecurityOpt":null,"PidsLimit":0,
                "LogConfig":{"Type":"","Config":{}},"RestartPolicy":{"Name":"no","MaximumRetryCount":0}}}"#,
                "allow",
            ),
        ],
    );
}

#[test]
fn images_are_those_of_the_policy_and_those_of_the_caller() {
    check(
        &deployer(),
        &[
            (r#"{"Image":"app"}"#, "allow"),
            (r#"{"Image":"cafe"}"#, "allow"),
            (r#"{"Image":"feed"}"#, "allow"),
            (r#"{"Image":"secret"}"#, "SL-A066"),
            (r#"{"Image":"deadbeef"}"#, "SL-A066"),
            (r#"{"Image":"nowhere"}"#, "hide"),
            (r#"{"Image":"evil.example/alpine"}"#, "hide"),
        ],
    );
}

#[test]
fn fields_that_reach_beyond_are_refused() {
    check(
        &deployer(),
        &[
            (
                r#"{"Image":"alpine","HostConfig":{"Privileged":true}}"#,
                "SL-A068",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"CapAdd":["SYS_ADMIN"]}}"#,
                "SL-A068",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"CapAdd":["all"]}}"#,
                "SL-A068",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"CapAdd":["CAP_NET_BIND_SERVICE"]}}"#,
                "allow",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"CapAdd":["cap_net_bind_service"]}}"#,
                "allow",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Devices":[{"PathOnHost":"/dev/fuse"}]}}"#,
                "allow",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Devices":[{"PathOnHost":"/dev/sda"}]}}"#,
                "SL-A070",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Devices":[{"PathOnHost":"/dev/../dev/sda"}]}}"#,
                "SL-A081",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"DeviceRequests":[{"Driver":"","Capabilities":[["gpu"]]}]}}"#,
                "SL-A070",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"DeviceRequests":[{"Driver":"cdi","DeviceIDs":["x=y"]}]}}"#,
                "SL-A070",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"DeviceCgroupRules":["a *:* rwm"]}}"#,
                "SL-A075",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"SecurityOpt":["seccomp=unconfined"]}}"#,
                "SL-A075",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"SecurityOpt":["apparmor:unconfined"]}}"#,
                "SL-A075",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"SecurityOpt":["no-new-privileges=false"]}}"#,
                "SL-A075",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"SecurityOpt":["systempaths=unconfined"]}}"#,
                "SL-A075",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"SecurityOpt":["no-new-privileges"]}}"#,
                "allow",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"MaskedPaths":[]}}"#,
                "SL-A075",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"ReadonlyPaths":[]}}"#,
                "SL-A075",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"CgroupParent":"/"}}"#,
                "SL-A075",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Runtime":"crun"}}"#,
                "SL-A075",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Sysctls":{"kernel.shmmax":"1"}}}"#,
                "SL-A075",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Annotations":{"a":"b"}}}"#,
                "SL-A075",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"OomScoreAdj":-1000}}"#,
                "SL-A075",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"OomKillDisable":true}}"#,
                "SL-A075",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"CpuRealtimeRuntime":1}}"#,
                "SL-A075",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"GroupAdd":["0"]}}"#,
                "SL-A076",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Ulimits":[{"Name":"memlock","Soft":-1,"Hard":-1}]}}"#,
                "SL-A074",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"LogConfig":{"Type":"syslog","Config":{}}}}"#,
                "SL-A075",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"LogConfig":{"Type":"","Config":{"gelf-address":"udp://x"}}}}"#,
                "SL-A075",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"LogConfig":{"Type":"json-file","Config":{"max-size":"1m"}}}}"#,
                "allow",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"StorageOpt":{"dm.basesize":"1"}}}"#,
                "SL-A075",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Privileged":"true"}}"#,
                "unclean",
            ),
            (r#"{"Image":"alpine","Privileged":true}"#, "unclean"),
            (
                r#"{"Image":"alpine","hostconfig":{"privileged":true}}"#,
                "SL-A068",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Tomorrow":true}}"#,
                "unclean",
            ),
        ],
    );
}
