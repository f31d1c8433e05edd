//! Networks, and containers in them.

use super::shape::Shape::{List, Map, Object};
use super::shape::{FLAG, NUMBER, Shape, TEXT, TEXT_MAP, TEXTS};

/// One container in one network.
pub(super) const ENDPOINT: Shape = Object(&[&[
    ("Aliases", TEXTS),
    ("DNSNames", TEXTS),
    ("DriverOpts", TEXT_MAP),
    ("EndpointID", TEXT),
    ("Gateway", TEXT),
    ("GlobalIPv6Address", TEXT),
    ("GlobalIPv6PrefixLen", NUMBER),
    ("GwPriority", NUMBER),
    (
        "IPAMConfig",
        Object(&[&[
            ("IPv4Address", TEXT),
            ("IPv6Address", TEXT),
            ("LinkLocalIPs", TEXTS),
        ]]),
    ),
    ("IPAddress", TEXT),
    ("IPPrefixLen", NUMBER),
    ("IPv6Gateway", TEXT),
    ("Links", TEXTS),
    ("MacAddress", TEXT),
    ("NetworkID", TEXT),
]]);

/// The networks of a new container.
pub(super) const NETWORKING: Shape = Object(&[&[("EndpointsConfig", Map(&ENDPOINT))]]);

/// A network.
pub(in crate::read) static NETWORK_CREATE: Shape = Object(&[&[
    ("Name", TEXT),
    ("CheckDuplicate", FLAG),
    ("Driver", TEXT),
    ("EnableIPv6", FLAG),
    (
        "IPAM",
        Object(&[&[
            ("Driver", TEXT),
            ("Options", TEXT_MAP),
            (
                "Config",
                List(&Object(&[&[
                    ("Subnet", TEXT),
                    ("IPRange", TEXT),
                    ("Gateway", TEXT),
                    ("AuxiliaryAddresses", TEXT_MAP),
                ]])),
            ),
        ]]),
    ),
    ("Internal", FLAG),
    ("Attachable", FLAG),
    ("Options", TEXT_MAP),
    ("Labels", TEXT_MAP),
    ("Ingress", FLAG),
    ("Scope", TEXT),
    ("ConfigOnly", FLAG),
    ("ConfigFrom", Object(&[&[("Network", TEXT)]])),
    ("EnableIPv4", FLAG),
]]);

/// A container that joins a network.
pub(in crate::read) static NETWORK_CONNECT: Shape =
    Object(&[&[("Container", TEXT), ("EndpointConfig", ENDPOINT)]]);

/// A container that leaves one.
pub(in crate::read) static NETWORK_DISCONNECT: Shape =
    Object(&[&[("Container", TEXT), ("Force", FLAG)]]);
