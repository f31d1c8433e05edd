//! Volumes.

use super::shape::Shape::{List, Object};
use super::shape::{EMPTY, NUMBER, Shape, TEXT, TEXT_MAP, TEXTS};

/// A volume of a swarm.
const CLUSTER_VOLUME: Shape = Object(&[&[
    (
        "AccessMode",
        Object(&[&[
            ("BlockVolume", EMPTY),
            (
                "MountVolume",
                Object(&[&[("FsType", TEXT), ("MountFlags", TEXTS)]]),
            ),
            ("Scope", TEXT),
            ("Sharing", TEXT),
        ]]),
    ),
    (
        "AccessibilityRequirements",
        Object(&[&[
            ("Preferred", List(&Object(&[&[("Segments", TEXT_MAP)]]))),
            ("Requisite", List(&Object(&[&[("Segments", TEXT_MAP)]]))),
        ]]),
    ),
    ("Availability", TEXT),
    (
        "CapacityRange",
        Object(&[&[("LimitBytes", NUMBER), ("RequiredBytes", NUMBER)]]),
    ),
    ("Group", TEXT),
    (
        "Secrets",
        List(&Object(&[&[("Key", TEXT), ("Secret", TEXT)]])),
    ),
]]);

/// A volume.
pub(in crate::read) static VOLUME_CREATE: Shape = Object(&[&[
    ("Driver", TEXT),
    ("DriverOpts", TEXT_MAP),
    ("Labels", TEXT_MAP),
    ("Name", TEXT),
    ("ClusterVolumeSpec", CLUSTER_VOLUME),
]]);

/// A change of a cluster volume.
pub(in crate::read) static VOLUME_UPDATE: Shape = Object(&[&[("Spec", CLUSTER_VOLUME)]]);
