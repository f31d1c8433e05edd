//! Containers: what runs in them, and what they get of the host.

use super::shape::Shape::{List, Map, Object};
use super::shape::{EMPTY, FLAG, Field, NUMBER, Shape, TEXT, TEXT_MAP, TEXTS, WORDS};
use super::swarm::DRIVER;

/// What runs.
pub(super) const CONTAINER: &[Field] = &[
    ("Hostname", TEXT),
    ("Domainname", TEXT),
    ("User", TEXT),
    ("AttachStdin", FLAG),
    ("AttachStdout", FLAG),
    ("AttachStderr", FLAG),
    ("ExposedPorts", Map(&EMPTY)),
    ("Tty", FLAG),
    ("OpenStdin", FLAG),
    ("StdinOnce", FLAG),
    ("Env", TEXTS),
    ("Cmd", WORDS),
    ("Healthcheck", HEALTH),
    ("ArgsEscaped", FLAG),
    ("Image", TEXT),
    ("Volumes", Map(&EMPTY)),
    ("WorkingDir", TEXT),
    ("Entrypoint", WORDS),
    ("NetworkDisabled", FLAG),
    ("MacAddress", TEXT),
    ("OnBuild", TEXTS),
    ("Labels", TEXT_MAP),
    ("StopSignal", TEXT),
    ("StopTimeout", NUMBER),
    ("Shell", WORDS),
];

/// Limits, which an update takes as well.
pub(super) const RESOURCES: &[Field] = &[
    ("CpuShares", NUMBER),
    ("Memory", NUMBER),
    ("NanoCpus", NUMBER),
    ("CgroupParent", TEXT),
    ("BlkioWeight", NUMBER),
    (
        "BlkioWeightDevice",
        List(&Object(&[&[("Path", TEXT), ("Weight", NUMBER)]])),
    ),
    ("BlkioDeviceReadBps", List(&DEVICE_RATE)),
    ("BlkioDeviceWriteBps", List(&DEVICE_RATE)),
    ("BlkioDeviceReadIOps", List(&DEVICE_RATE)),
    ("BlkioDeviceWriteIOps", List(&DEVICE_RATE)),
    ("CpuPeriod", NUMBER),
    ("CpuQuota", NUMBER),
    ("CpuRealtimePeriod", NUMBER),
    ("CpuRealtimeRuntime", NUMBER),
    ("CpusetCpus", TEXT),
    ("CpusetMems", TEXT),
    (
        "Devices",
        List(&Object(&[&[
            ("PathOnHost", TEXT),
            ("PathInContainer", TEXT),
            ("CgroupPermissions", TEXT),
        ]])),
    ),
    ("DiskQuota", NUMBER),
    ("KernelMemory", NUMBER),
    ("MemoryReservation", NUMBER),
    ("MemorySwap", NUMBER),
    ("MemorySwappiness", NUMBER),
    ("OomKillDisable", FLAG),
    ("PidsLimit", NUMBER),
    ("Ulimits", List(&ULIMIT)),
    ("CpuCount", NUMBER),
    ("CpuPercent", NUMBER),
    ("IOMaximumIOps", NUMBER),
    ("IOMaximumBandwidth", NUMBER),
    ("DeviceCgroupRules", TEXTS),
    (
        "DeviceRequests",
        List(&Object(&[&[
            ("Driver", TEXT),
            ("Count", NUMBER),
            ("DeviceIDs", TEXTS),
            ("Capabilities", List(&TEXTS)),
            ("Options", TEXT_MAP),
        ]])),
    ),
    ("KernelMemoryTCP", NUMBER),
];

/// What a container gets of the host, but for its limits.
pub(super) const HOST_CONFIG: &[Field] = &[
    ("Binds", TEXTS),
    ("ContainerIDFile", TEXT),
    (
        "LogConfig",
        Object(&[&[("Type", TEXT), ("Config", TEXT_MAP)]]),
    ),
    ("NetworkMode", TEXT),
    (
        "PortBindings",
        Map(&List(&Object(&[&[("HostIp", TEXT), ("HostPort", TEXT)]]))),
    ),
    ("RestartPolicy", RESTART),
    ("AutoRemove", FLAG),
    ("VolumeDriver", TEXT),
    ("VolumesFrom", TEXTS),
    ("CapAdd", WORDS),
    ("CapDrop", WORDS),
    ("Dns", TEXTS),
    ("DnsOptions", TEXTS),
    ("DnsSearch", TEXTS),
    ("ExtraHosts", TEXTS),
    ("GroupAdd", TEXTS),
    ("IpcMode", TEXT),
    ("Cgroup", TEXT),
    ("Links", TEXTS),
    ("OomScoreAdj", NUMBER),
    ("PidMode", TEXT),
    ("Privileged", FLAG),
    ("PublishAllPorts", FLAG),
    ("ReadonlyRootfs", FLAG),
    ("SecurityOpt", TEXTS),
    ("StorageOpt", TEXT_MAP),
    ("Tmpfs", TEXT_MAP),
    ("UTSMode", TEXT),
    ("UsernsMode", TEXT),
    ("ShmSize", NUMBER),
    ("Sysctls", TEXT_MAP),
    ("Runtime", TEXT),
    ("ConsoleSize", List(&NUMBER)),
    ("Isolation", TEXT),
    ("Mounts", List(&MOUNT)),
    ("Init", FLAG),
    ("InitPath", TEXT),
    ("Capabilities", TEXTS),
    ("MaskedPaths", TEXTS),
    ("ReadonlyPaths", TEXTS),
    ("CgroupnsMode", TEXT),
    ("Annotations", TEXT_MAP),
];

/// One mount, of containers and services alike.
pub(super) const MOUNT: Shape = Object(&[&[
    (
        "BindOptions",
        Object(&[&[
            ("CreateMountpoint", FLAG),
            ("NonRecursive", FLAG),
            ("Propagation", TEXT),
            ("ReadOnlyForceRecursive", FLAG),
            ("ReadOnlyNonRecursive", FLAG),
        ]]),
    ),
    ("ClusterOptions", EMPTY),
    ("Consistency", TEXT),
    ("ImageOptions", Object(&[&[("Subpath", TEXT)]])),
    ("ReadOnly", FLAG),
    ("Source", TEXT),
    ("Target", TEXT),
    (
        "TmpfsOptions",
        Object(&[&[
            ("Mode", NUMBER),
            ("Options", List(&TEXTS)),
            ("SizeBytes", NUMBER),
        ]]),
    ),
    ("Type", TEXT),
    (
        "VolumeOptions",
        Object(&[&[
            ("DriverConfig", DRIVER),
            ("Labels", TEXT_MAP),
            ("NoCopy", FLAG),
            ("Subpath", TEXT),
        ]]),
    ),
]]);

/// How a container is asked whether it is well.
pub(super) const HEALTH: Shape = Object(&[&[
    ("Interval", NUMBER),
    ("Retries", NUMBER),
    ("StartInterval", NUMBER),
    ("StartPeriod", NUMBER),
    ("Test", TEXTS),
    ("Timeout", NUMBER),
]]);

pub(super) const ULIMIT: Shape = Object(&[&[("Hard", NUMBER), ("Name", TEXT), ("Soft", NUMBER)]]);

pub(super) const RESTART: Shape = Object(&[&[("MaximumRetryCount", NUMBER), ("Name", TEXT)]]);

const DEVICE_RATE: Shape = Object(&[&[("Path", TEXT), ("Rate", NUMBER)]]);

/// A command in a container.
pub(in crate::read) static EXEC_CREATE: Shape = Object(&[&[
    ("User", TEXT),
    ("Privileged", FLAG),
    ("Tty", FLAG),
    ("AttachStdin", FLAG),
    ("AttachStderr", FLAG),
    ("AttachStdout", FLAG),
    ("Detach", FLAG),
    ("DetachKeys", TEXT),
    ("Env", TEXTS),
    ("Cmd", TEXTS),
    ("WorkingDir", TEXT),
    ("ConsoleSize", List(&NUMBER)),
]]);

/// How a prepared command is run.
pub(in crate::read) static EXEC_START: Shape = Object(&[&[
    ("Detach", FLAG),
    ("Tty", FLAG),
    ("ConsoleSize", List(&NUMBER)),
]]);

/// A checkpoint; its directory is one of the host.
pub(in crate::read) static CHECKPOINT: Shape = Object(&[&[
    ("CheckpointID", TEXT),
    ("CheckpointDir", TEXT),
    ("Exit", FLAG),
]]);
