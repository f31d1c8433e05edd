//! Services of a swarm: containers once more, with names of their own for everything.

use super::container::HEALTH;
use super::container::MOUNT;
use super::container::ULIMIT;
use super::shape::Shape::{List, Object};
use super::shape::{EMPTY, FLAG, NUMBER, Shape, TEXT, TEXT_MAP, TEXTS};
use super::swarm::DRIVER;

/// A service.
pub(in crate::read) static SERVICE: Shape = Object(&[&[
    (
        "TaskTemplate",
        Object(&[&[
            (
                "ContainerSpec",
                Object(&[&[
                    ("Image", TEXT),
                    ("Labels", TEXT_MAP),
                    ("Command", TEXTS),
                    ("Args", TEXTS),
                    ("Hostname", TEXT),
                    ("Env", TEXTS),
                    ("Dir", TEXT),
                    ("User", TEXT),
                    ("Groups", TEXTS),
                    ("TTY", FLAG),
                    ("OpenStdin", FLAG),
                    ("Mounts", List(&MOUNT)),
                    ("StopGracePeriod", NUMBER),
                    ("Healthcheck", HEALTH),
                    ("Hosts", TEXTS),
                    (
                        "DNSConfig",
                        Object(&[&[
                            ("Nameservers", TEXTS),
                            ("Search", TEXTS),
                            ("Options", TEXTS),
                        ]]),
                    ),
                    (
                        "Secrets",
                        List(&Object(&[&[
                            ("File", FILE),
                            ("SecretID", TEXT),
                            ("SecretName", TEXT),
                        ]])),
                    ),
                    (
                        "Privileges",
                        Object(&[&[
                            (
                                "CredentialSpec",
                                Object(&[&[("File", TEXT), ("Registry", TEXT), ("Config", TEXT)]]),
                            ),
                            (
                                "SELinuxContext",
                                Object(&[&[
                                    ("Disable", FLAG),
                                    ("User", TEXT),
                                    ("Role", TEXT),
                                    ("Type", TEXT),
                                    ("Level", TEXT),
                                ]]),
                            ),
                            ("Seccomp", Object(&[&[("Mode", TEXT), ("Profile", TEXT)]])),
                            ("AppArmor", Object(&[&[("Mode", TEXT)]])),
                            ("NoNewPrivileges", FLAG),
                        ]]),
                    ),
                    ("StopSignal", TEXT),
                    ("ReadOnly", FLAG),
                    ("Init", FLAG),
                    (
                        "Configs",
                        List(&Object(&[&[
                            ("File", FILE),
                            ("Runtime", EMPTY),
                            ("ConfigID", TEXT),
                            ("ConfigName", TEXT),
                        ]])),
                    ),
                    ("Isolation", TEXT),
                    ("Sysctls", TEXT_MAP),
                    ("CapabilityAdd", TEXTS),
                    ("CapabilityDrop", TEXTS),
                    ("Ulimits", List(&ULIMIT)),
                    ("OomScoreAdj", NUMBER),
                ]]),
            ),
            (
                "Resources",
                Object(&[&[
                    (
                        "Limits",
                        Object(&[&[
                            ("NanoCPUs", NUMBER),
                            ("MemoryBytes", NUMBER),
                            ("GenericResources", GENERIC),
                            ("Pids", NUMBER),
                        ]]),
                    ),
                    (
                        "Reservations",
                        Object(&[&[
                            ("NanoCPUs", NUMBER),
                            ("MemoryBytes", NUMBER),
                            ("GenericResources", GENERIC),
                        ]]),
                    ),
                    ("SwapBytes", NUMBER),
                    ("MemorySwappiness", NUMBER),
                ]]),
            ),
            (
                "RestartPolicy",
                Object(&[&[
                    ("Condition", TEXT),
                    ("Delay", NUMBER),
                    ("MaxAttempts", NUMBER),
                    ("Window", NUMBER),
                ]]),
            ),
            (
                "Placement",
                Object(&[&[
                    ("Constraints", TEXTS),
                    (
                        "Preferences",
                        List(&Object(&[&[(
                            "Spread",
                            Object(&[&[("SpreadDescriptor", TEXT)]]),
                        )]])),
                    ),
                    ("MaxReplicas", NUMBER),
                    (
                        "Platforms",
                        List(&Object(&[&[("Architecture", TEXT), ("OS", TEXT)]])),
                    ),
                ]]),
            ),
            ("Networks", List(&ATTACHMENT)),
            ("LogDriver", DRIVER),
            ("ForceUpdate", NUMBER),
            (
                "PluginSpec",
                Object(&[&[
                    ("name", TEXT),
                    ("remote", TEXT),
                    (
                        "privileges",
                        List(&Object(&[&[
                            ("name", TEXT),
                            ("description", TEXT),
                            ("value", TEXTS),
                        ]])),
                    ),
                    ("disabled", FLAG),
                    ("env", TEXTS),
                ]]),
            ),
            ("NetworkAttachmentSpec", Object(&[&[("ContainerID", TEXT)]])),
            ("Runtime", TEXT),
        ]]),
    ),
    (
        "Mode",
        Object(&[&[
            ("Replicated", Object(&[&[("Replicas", NUMBER)]])),
            ("Global", EMPTY),
            (
                "ReplicatedJob",
                Object(&[&[("MaxConcurrent", NUMBER), ("TotalCompletions", NUMBER)]]),
            ),
            ("GlobalJob", EMPTY),
        ]]),
    ),
    ("UpdateConfig", ROLLOUT),
    ("Networks", List(&ATTACHMENT)),
    (
        "EndpointSpec",
        Object(&[&[
            ("Mode", TEXT),
            (
                "Ports",
                List(&Object(&[&[
                    ("Name", TEXT),
                    ("Protocol", TEXT),
                    ("TargetPort", NUMBER),
                    ("PublishedPort", NUMBER),
                    ("PublishMode", TEXT),
                ]])),
            ),
        ]]),
    ),
    ("Name", TEXT),
    ("Labels", TEXT_MAP),
    ("RollbackConfig", ROLLOUT),
]]);

const ROLLOUT: Shape = Object(&[&[
    ("Delay", NUMBER),
    ("FailureAction", TEXT),
    ("MaxFailureRatio", NUMBER),
    ("Monitor", NUMBER),
    ("Order", TEXT),
    ("Parallelism", NUMBER),
]]);

const ATTACHMENT: Shape = Object(&[&[
    ("Aliases", TEXTS),
    ("DriverOpts", TEXT_MAP),
    ("Target", TEXT),
]]);

const FILE: Shape = Object(&[&[
    ("GID", TEXT),
    ("Mode", NUMBER),
    ("Name", TEXT),
    ("UID", TEXT),
]]);

const GENERIC: Shape = List(&Object(&[&[
    (
        "DiscreteResourceSpec",
        Object(&[&[("Kind", TEXT), ("Value", NUMBER)]]),
    ),
    (
        "NamedResourceSpec",
        Object(&[&[("Kind", TEXT), ("Value", TEXT)]]),
    ),
]]));
