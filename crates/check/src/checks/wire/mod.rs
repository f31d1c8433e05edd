//! F7xx: versions, suites and groups.

mod cbc;
mod compression;
mod no_tls13;
mod nothing_common;
mod old_versions;
mod ssl3;
#[cfg(test)]
mod table;
mod weak_groups;
mod weak_suites;

use crate::Check;
use crate::seen::{Offer, Protocol, Scan};

/// The checks of this group.
pub(super) const ALL: &[&Check] = &[
    &old_versions::CHECK,
    &cbc::CHECK,
    &weak_suites::CHECK,
    &no_tls13::CHECK,
    &ssl3::CHECK,
    &nothing_common::CHECK,
    &compression::CHECK,
    &weak_groups::CHECK,
];

/// The first few names and how many more there are; nothing for none. The same suite in two versions is
/// one.
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> Option<String> {
    const SHOWN: usize = 4;
    let mut all: Vec<&str> = Vec::new();
    for name in names {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    match all.len() {
        0 => None,
        few if few <= SHOWN => Some(all.join(", ")),
        many => Some(format!(
            "{} and {} more",
            all[..SHOWN].join(", "),
            many - SHOWN
        )),
    }
}

/// The versions that a server agrees to, in words.
fn offered(scan: &Scan) -> Option<String> {
    let names: Vec<&str> = scan
        .protocols
        .iter()
        .filter(|(_, offer)| *offer == Offer::Yes)
        .map(|(protocol, _)| match protocol {
            Protocol::Ssl3 => "SSL 3",
            Protocol::Tls10 => "TLS 1.0",
            Protocol::Tls11 => "TLS 1.1",
            Protocol::Tls12 => "TLS 1.2",
            Protocol::Tls13 => "TLS 1.3",
        })
        .collect();
    (!names.is_empty()).then(|| names.join(", "))
}
