//! The swarm, its nodes, and what it keeps.

use super::shape::Shape::{List, Object};
use super::shape::{FLAG, NUMBER, Shape, TEXT, TEXT_MAP, TEXTS};

/// A swarm.
pub(in crate::read) const SWARM_SPEC: Shape = Object(&[&[
    (
        "CAConfig",
        Object(&[&[
            (
                "ExternalCAs",
                List(&Object(&[&[
                    ("CACert", TEXT),
                    ("Options", TEXT_MAP),
                    ("Protocol", TEXT),
                    ("URL", TEXT),
                ]])),
            ),
            ("ForceRotate", NUMBER),
            ("NodeCertExpiry", NUMBER),
            ("SigningCACert", TEXT),
            ("SigningCAKey", TEXT),
        ]]),
    ),
    ("Dispatcher", Object(&[&[("HeartbeatPeriod", NUMBER)]])),
    ("EncryptionConfig", Object(&[&[("AutoLockManagers", FLAG)]])),
    ("Labels", TEXT_MAP),
    ("Name", TEXT),
    (
        "Orchestration",
        Object(&[&[("TaskHistoryRetentionLimit", NUMBER)]]),
    ),
    (
        "Raft",
        Object(&[&[
            ("ElectionTick", NUMBER),
            ("HeartbeatTick", NUMBER),
            ("KeepOldSnapshots", NUMBER),
            ("LogEntriesForSlowFollowers", NUMBER),
            ("SnapshotInterval", NUMBER),
        ]]),
    ),
    ("TaskDefaults", Object(&[&[("LogDriver", DRIVER)]])),
]]);

/// A new swarm.
pub(in crate::read) static SWARM_INIT: Shape = Object(&[&[
    ("ListenAddr", TEXT),
    ("AdvertiseAddr", TEXT),
    ("ForceNewCluster", FLAG),
    ("Spec", SWARM_SPEC),
    ("AutoLockManagers", FLAG),
    ("Availability", TEXT),
    ("DataPathAddr", TEXT),
    ("DataPathPort", NUMBER),
    ("DefaultAddrPool", TEXTS),
    ("SubnetSize", NUMBER),
]]);

/// A node that joins.
pub(in crate::read) static SWARM_JOIN: Shape = Object(&[&[
    ("ListenAddr", TEXT),
    ("AdvertiseAddr", TEXT),
    ("RemoteAddrs", TEXTS),
    ("JoinToken", TEXT),
    ("Availability", TEXT),
    ("DataPathAddr", TEXT),
]]);

/// A key.
pub(in crate::read) static SWARM_UNLOCK: Shape = Object(&[&[("UnlockKey", TEXT)]]);

/// A node.
pub(in crate::read) static NODE: Shape = Object(&[&[
    ("Role", TEXT),
    ("Availability", TEXT),
    ("Name", TEXT),
    ("Labels", TEXT_MAP),
]]);

/// A driver with its options.
pub(super) const DRIVER: Shape = Object(&[&[("Name", TEXT), ("Options", TEXT_MAP)]]);

/// A secret.
pub(in crate::read) static SECRET: Shape = Object(&[&[
    ("Data", TEXT),
    ("Name", TEXT),
    ("Labels", TEXT_MAP),
    ("Driver", DRIVER),
    ("Templating", DRIVER),
]]);

/// A config.
pub(in crate::read) static CONFIG: Shape = Object(&[&[
    ("Data", TEXT),
    ("Templating", DRIVER),
    ("Name", TEXT),
    ("Labels", TEXT_MAP),
]]);
