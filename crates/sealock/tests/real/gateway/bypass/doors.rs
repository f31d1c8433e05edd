//! Ways of a service to reach beyond itself.

/// Where a field of a service stands.
#[derive(Clone, Copy)]
pub(super) enum Level {
    Service,
    Task,
    Container,
}

/// How the task's container tells that the trick worked.
#[derive(Clone, Copy)]
pub(super) enum Seen {
    /// Its settings have this text.
    Host(&'static str),
    /// So has its environment.
    Env(&'static str),
    /// It reads the secret.
    Read,
    /// The container tells nothing that the service does not.
    Never,
}

/// A way of a service to reach beyond itself.
pub(super) struct Door {
    pub(super) label: &'static str,
    pub(super) level: Level,
    pub(super) key: &'static str,
    /// As JSON, with `@SECRET@`, `@CONFIG@` and `@HOST@` for the IDs of what the swarm keeps.
    pub(super) value: &'static str,
    /// What of it stands in the service, in lower case.
    pub(super) mark: &'static str,
    pub(super) seen: Seen,
}

const fn door(
    label: &'static str,
    level: Level,
    key: &'static str,
    value: &'static str,
    mark: &'static str,
    seen: Seen,
) -> Door {
    Door {
        label,
        level,
        key,
        value,
        mark,
        seen,
    }
}

use Level::{Container, Service, Task};
use Seen::{Env, Host, Never, Read};

/// What both daemons know.
pub(super) const DOORS: &[Door] = &[
    door(
        "a bind",
        Container,
        "Mounts",
        r#"[{"Type":"bind","Source":"/etc","Target":"/h"}]"#,
        "\"/etc\"",
        Host("\"source\":\"/etc\""),
    ),
    // A container's mount has a type; a service's without one is a bind.
    door(
        "a mount without a type",
        Container,
        "Mounts",
        r#"[{"Source":"/etc","Target":"/h"}]"#,
        "\"/etc\"",
        Host("\"source\":\"/etc\""),
    ),
    door(
        "a bind in capitals",
        Container,
        "Mounts",
        r#"[{"Type":"BIND","Source":"/etc","Target":"/h"}]"#,
        "\"/etc\"",
        Host("\"source\":\"/etc\""),
    ),
    // Every task makes its paths from templates.
    door(
        "a template for a path",
        Container,
        "Mounts",
        r#"[{"Type":"bind","Source":"/{{\"etc\"}}","Target":"/h"}]"#,
        "{{",
        Host("\"source\":\"/etc\""),
    ),
    door(
        "a template that climbs out of an open place",
        Container,
        "Mounts",
        r#"[{"Type":"bind","Source":"/srv/{{printf \"%c%c\" 46 46}}/etc","Target":"/h"}]"#,
        "{{",
        Host("/srv/../etc"),
    ),
    door(
        "a shared bind",
        Container,
        "Mounts",
        r#"[{"Type":"bind","Source":"/etc","Target":"/h","BindOptions":{"Propagation":"rshared"}}]"#,
        "rshared",
        Host("rshared"),
    ),
    door(
        "a volume that is a place",
        Container,
        "Mounts",
        r#"[{"Type":"volume","Target":"/h","VolumeOptions":{"DriverConfig":{"Name":"local","Options":{"type":"none","o":"bind","device":"/etc"}}}}]"#,
        "\"/etc\"",
        Host("\"device\":\"/etc\""),
    ),
    door(
        "a volume that is a place by a template",
        Container,
        "Mounts",
        r#"[{"Type":"volume","Target":"/h","VolumeOptions":{"DriverConfig":{"Options":{"type":"none","o":"bind","device":"/{{\"etc\"}}"}}}}]"#,
        "{{",
        Host("\"device\":\"/etc\""),
    ),
    door(
        "a volume of another driver",
        Container,
        "Mounts",
        r#"[{"Type":"volume","Target":"/h","VolumeOptions":{"DriverConfig":{"Name":"sshfs"}}}]"#,
        "sshfs",
        Never,
    ),
    door(
        "somebody else's volume",
        Container,
        "Mounts",
        r#"[{"Type":"volume","Source":"victim-data","Target":"/h"}]"#,
        "victim-data",
        Host("victim-data"),
    ),
    door(
        "a capability",
        Container,
        "CapabilityAdd",
        r#"["CAP_SYS_ADMIN"]"#,
        "sys_admin",
        Host("sys_admin"),
    ),
    door(
        "a capability in small letters",
        Container,
        "CapabilityAdd",
        r#"["sys_admin"]"#,
        "sys_admin",
        Host("sys_admin"),
    ),
    door(
        "all capabilities",
        Container,
        "CapabilityAdd",
        r#"["ALL"]"#,
        "all",
        Host("\"capadd\":[\"all\"]"),
    ),
    door(
        "no SELinux",
        Container,
        "Privileges",
        r#"{"SELinuxContext":{"Disable":true}}"#,
        "\"disable\":true",
        Host("label=disable"),
    ),
    door(
        "a kernel parameter",
        Container,
        "Sysctls",
        r#"{"net.ipv4.ip_forward":"1"}"#,
        "ip_forward",
        Host("ip_forward"),
    ),
    door(
        "a limit",
        Container,
        "Ulimits",
        r#"[{"Name":"memlock","Soft":-1,"Hard":-1}]"#,
        "memlock",
        Host("memlock"),
    ),
    door(
        "a group",
        Container,
        "Groups",
        r#"["0"]"#,
        "\"0\"",
        Host("\"groupadd\":[\"0\"]"),
    ),
    door(
        "a secret",
        Container,
        "Secrets",
        r#"[{"File":{"Name":"s","UID":"0","GID":"0","Mode":292},"SecretID":"@SECRET@","SecretName":"victim-secret"}]"#,
        "victim-secret",
        Read,
    ),
    door(
        "a config",
        Container,
        "Configs",
        r#"[{"File":{"Name":"/c","UID":"0","GID":"0","Mode":292},"ConfigID":"@CONFIG@","ConfigName":"victim-config"}]"#,
        "victim-config",
        Read,
    ),
    door(
        "another log driver",
        Task,
        "LogDriver",
        r#"{"Name":"syslog"}"#,
        "syslog",
        Host("syslog"),
    ),
    door(
        "the place of a log",
        Task,
        "LogDriver",
        r#"{"Name":"json-file","Options":{"env":"TOKEN"}}"#,
        "token",
        Host("\"env\":\"token\""),
    ),
    door(
        "the host's network",
        Task,
        "Networks",
        r#"[{"Target":"host"}]"#,
        "target",
        Host("\"networkmode\":\"host\""),
    ),
    door(
        "the host's network by its ID",
        Task,
        "Networks",
        r#"[{"Target":"@HOST@"}]"#,
        "target",
        Host("\"networkmode\":\"host\""),
    ),
    door(
        "the host's network at the older place",
        Service,
        "Networks",
        r#"[{"Target":"host"}]"#,
        "target",
        Host("\"networkmode\":\"host\""),
    ),
    door(
        "somebody else's network",
        Task,
        "Networks",
        r#"[{"Target":"victim-net"}]"#,
        "target",
        Never,
    ),
    door(
        "a resource of the node",
        Task,
        "Resources",
        r#"{"Reservations":{"GenericResources":[{"DiscreteResourceSpec":{"Kind":"gpu","Value":1}}]}}"#,
        "gpu",
        Env("DOCKER_RESOURCE_GPU"),
    ),
    door(
        "a low port of the host",
        Service,
        "EndpointSpec",
        r#"{"Ports":[{"TargetPort":80,"PublishedPort":22,"PublishMode":"host"}]}"#,
        ":22",
        Host("\"hostport\":\"22\""),
    ),
    door(
        "a low port of every node",
        Service,
        "EndpointSpec",
        r#"{"Ports":[{"TargetPort":80,"PublishedPort":23}]}"#,
        ":23",
        Never,
    ),
];

/// What only newer daemons know; older ones leave it aside.
pub(super) const YOUNG: &[Door] = &[
    door(
        "no seccomp",
        Container,
        "Privileges",
        r#"{"Seccomp":{"Mode":"unconfined"}}"#,
        "unconfined",
        Host("seccomp=unconfined"),
    ),
    door(
        "a profile of seccomp",
        Container,
        "Privileges",
        r#"{"Seccomp":{"Mode":"custom","Profile":"e30="}}"#,
        "custom",
        Host("seccomp="),
    ),
    door(
        "no AppArmor",
        Container,
        "Privileges",
        r#"{"AppArmor":{"Mode":"disabled"}}"#,
        "disabled",
        Host("apparmor=unconfined"),
    ),
    door(
        "life when memory is short",
        Container,
        "OomScoreAdj",
        "-900",
        "-900",
        Host("-900"),
    ),
];
