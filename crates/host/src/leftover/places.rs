//! Where these tools leave things unless told otherwise.

use crate::System;
use std::path::{Path, PathBuf};

/// Below a home.
const OF_A_HOME: [&str; 8] = [
    ".docker",
    ".local/share/mkcert",
    "easy-rsa",
    "openvpn-ca",
    "docker-certs",
    "docker-ca",
    "cfssl",
    "anonym/private",
];

/// Of the machine; only root has business there.
const OF_THE_MACHINE: [&str; 6] = [
    "/etc/docker",
    "/var/docker",
    "/etc/easy-rsa",
    "/etc/openvpn/easy-rsa",
    "/etc/cfssl",
    "/etc/ssl/docker",
];

/// The folders that are there: of this user, of whoever stands behind sudo, of the machine for root, and mkcert's
/// `CAROOT`. `env` is asked for variables.
pub fn usual_places(system: &dyn System, env: &dyn Fn(&str) -> Option<String>) -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = Vec::new();
    places.extend(env("CAROOT").map(PathBuf::from));
    let homes = env("HOME")
        .map(PathBuf::from)
        .into_iter()
        .chain(env("SUDO_USER").and_then(|user| home_of(system, &user)));
    for home in homes {
        places.extend(OF_A_HOME.iter().map(|below| home.join(below)));
    }
    if system.user().0 == 0 {
        places.extend(OF_THE_MACHINE.iter().map(PathBuf::from));
    }
    let mut kept: Vec<PathBuf> = Vec::new();
    for place in places {
        let there = place.is_absolute()
            && std::fs::metadata(system.root().at(&place)).is_ok_and(|found| found.is_dir());
        if there && !kept.contains(&place) {
            kept.push(place);
        }
    }
    kept
}

fn home_of(system: &dyn System, user: &str) -> Option<PathBuf> {
    let bytes = sealock_change::fs::read(&system.root().at(Path::new("/etc/passwd"))).ok()?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let fields = text
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields.first() == Some(&user))?;
    fields.get(5).map(PathBuf::from)
}
