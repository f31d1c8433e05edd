//! Every door through which a container reaches beyond itself, tried one by one.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod daemon;

use daemon::Front;

const CREATE: &str = "POST /v1.41/containers/create";

/// Each row is one body of a create, and what becomes of it.
fn check(front: &Front, rows: &[(&str, &str)]) {
    let rows: Vec<(&str, &str, &str)> = rows
        .iter()
        .map(|(body, word)| (CREATE, *body, *word))
        .collect();
    front.check(&rows);
}

fn deployer() -> Front {
    Front::granting(
        r#"role = "deployer"
images = ["alpine", "r.example/blue/*"]
binds = ["/srv/app", "/srv/static:ro", "/srv/data/*"]
networks = ["default", "bridge", "none", "front"]
volumes = ["shared"]
capabilities = ["NET_BIND_SERVICE"]
devices = ["/dev/fuse"]
"#,
    )
}

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
fn binds_are_judged_at_every_door() {
    check(
        &deployer(),
        &[
            (
                r#"{"Image":"alpine","HostConfig":{"Binds":["/srv/app:/a"]}}"#,
                "allow",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Binds":["/srv//app/:/a"]}}"#,
                "allow",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Binds":["/srv/static:/a:ro"]}}"#,
                "allow",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Binds":["/srv/static:/a"]}}"#,
                "SL-A065",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Binds":["/srv/static:/a:ro,Z"]}}"#,
                "SL-A065",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Binds":["/srv/app/x:/a"]}}"#,
                "SL-A065",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Binds":["/srv/data/x:/a"]}}"#,
                "allow",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Binds":["/srv/data/link:/a"]}}"#,
                "SL-A065",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Binds":["/srv/data/dark:/a"]}}"#,
                "SL-A083",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Binds":["/srv/data/../../etc:/a"]}}"#,
                "SL-A081",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Binds":["/:/a"]}}"#,
                "SL-A065",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Binds":["/var/run/docker.sock:/a:ro"]}}"#,
                "SL-A065",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Binds":["/srv/app:/a:rshared"]}}"#,
                "SL-A075",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Mounts":[{"Type":"bind","Source":"/etc","Target":"/a"}]}}"#,
                "SL-A065",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Mounts":[{"Type":"bind","Source":"/srv/static","Target":"/a","ReadOnly":true}]}}"#,
                "allow",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Mounts":[{"Type":"bind","Source":"/srv/app","Target":"/a","BindOptions":{"Propagation":"shared"}}]}}"#,
                "SL-A075",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Mounts":[{"Type":"volume","Source":"v","Target":"/a","VolumeOptions":{"DriverConfig":{"Name":"local","Options":{"type":"none","o":"bind","device":"/etc"}}}}]}}"#,
                "SL-A065",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Mounts":[{"Type":"volume","Source":"","Target":"/a","VolumeOptions":{"DriverConfig":{"Options":{"type":"","o":"rbind,rw","device":"/"}}}}]}}"#,
                "SL-A065",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Mounts":[{"Type":"volume","Source":"v","Target":"/a","VolumeOptions":{"DriverConfig":{"Name":"local","Options":{"type":"ext4","device":"/dev/sda1"}}}}]}}"#,
                "SL-A075",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Mounts":[{"Type":"volume","Source":"v","Target":"/a","VolumeOptions":{"DriverConfig":{"Name":"vieux/sshfs"}}}]}}"#,
                "SL-A072",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Mounts":[{"Type":"cluster","Source":"x","Target":"/a"}]}}"#,
                "SL-A075",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Mounts":[{"Type":"npipe","Source":"x","Target":"/a"}]}}"#,
                "SL-A075",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Mounts":[{"Type":"image","Source":"secret","Target":"/a"}]}}"#,
                "SL-A066",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Mounts":[{"Type":"tmpfs","Target":"/a"}]}}"#,
                "allow",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"VolumesFrom":["mine:ro"]}}"#,
                "allow",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"VolumesFrom":["theirs"]}}"#,
                "SL-A063",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"VolumesFrom":["socket"]}}"#,
                "SL-A077",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"VolumesFrom":["../volumes/x"]}}"#,
                "SL-A081",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"VolumeDriver":"sshfs","Binds":["v:/a"]}}"#,
                "SL-A072",
            ),
        ],
    );
}

#[test]
fn volumes_are_the_callers_own_or_shared() {
    check(
        &deployer(),
        &[
            (
                r#"{"Image":"alpine","HostConfig":{"Binds":["vol-mine:/a"]}}"#,
                "allow",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Binds":["shared:/a"]}}"#,
                "allow",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Binds":["fresh:/a"]}}"#,
                "allow",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Binds":["vol-theirs:/a"]}}"#,
                "SL-A072",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Mounts":[{"Type":"volume","Source":"vol-theirs","Target":"/a"}]}}"#,
                "SL-A072",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Binds":["vol-etc:/a"]}}"#,
                "SL-A077",
            ),
            (r#"{"Image":"alpine","Volumes":{"/data":{}}}"#, "allow"),
            (
                r#"{"Image":"alpine","Volumes":{"/etc:/data":{}}}"#,
                "SL-A081",
            ),
        ],
    );
}

#[test]
fn namespaces_of_the_host_and_of_others_stay_shut() {
    check(
        &deployer(),
        &[
            (
                r#"{"Image":"alpine","HostConfig":{"NetworkMode":"host"}}"#,
                "SL-A069",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"PidMode":"host"}}"#,
                "SL-A069",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"IpcMode":"host"}}"#,
                "SL-A069",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"UTSMode":"host"}}"#,
                "SL-A069",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"UsernsMode":"host"}}"#,
                "SL-A069",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"CgroupnsMode":"host"}}"#,
                "SL-A069",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Cgroup":"container:theirs"}}"#,
                "SL-A075",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"NetworkMode":"container:mine"}}"#,
                "allow",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"NetworkMode":"container:theirs"}}"#,
                "SL-A063",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"IpcMode":"container:theirs"}}"#,
                "SL-A063",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"PidMode":"container:theirs"}}"#,
                "SL-A063",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"PidMode":"container:hostpid"}}"#,
                "SL-A077",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"PidMode":"container:strong"}}"#,
                "SL-A077",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"PidMode":"container:"}}"#,
                "SL-A081",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"PidMode":"Host"}}"#,
                "SL-A081",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Links":["theirs:db"]}}"#,
                "SL-A063",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"Links":["mine:db"]}}"#,
                "allow",
            ),
        ],
    );
}

#[test]
fn networks_have_two_doors_at_a_create() {
    check(
        &deployer(),
        &[
            (
                r#"{"Image":"alpine","HostConfig":{"NetworkMode":"net-mine"}}"#,
                "allow",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"NetworkMode":"front"}}"#,
                "allow",
            ),
            (
                r#"{"Image":"alpine","HostConfig":{"NetworkMode":"net-theirs"}}"#,
                "SL-A063",
            ),
            // The host's own network, by the beginning of its ID.
            (
                r#"{"Image":"alpine","HostConfig":{"NetworkMode":"1d1d1d1d1d1d"}}"#,
                "SL-A069",
            ),
            (
                r#"{"Image":"alpine","NetworkingConfig":{"EndpointsConfig":{"net-theirs":{}}}}"#,
                "SL-A063",
            ),
            (
                r#"{"Image":"alpine","NetworkingConfig":{"EndpointsConfig":{"host":{}}}}"#,
                "SL-A069",
            ),
            (
                r#"{"Image":"alpine","NetworkingConfig":{"EndpointsConfig":{"front":{"Aliases":["a"]}}}}"#,
                "allow",
            ),
            (
                r#"{"Image":"alpine","NetworkingConfig":{"EndpointsConfig":{"front":{"NetworkID":"net-theirs"}}}}"#,
                "SL-A063",
            ),
            (
                r#"{"Image":"alpine","NetworkingConfig":{"EndpointsConfig":{"front":{"Links":["theirs:x"]}}}}"#,
                "SL-A063",
            ),
            (
                r#"{"Image":"alpine","NetworkingConfig":{"EndpointsConfig":{"front":{"DriverOpts":{"com.docker.network.endpoint.sysctls":"x"}}}}}"#,
                "SL-A075",
            ),
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
