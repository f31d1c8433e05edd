//! What is wrong with what was found: the findings of `sealock check`, on files that no daemon uses yet.

use std::collections::BTreeMap;

use sealock_check::seen::{
    ClientSide, Config, ConfigState, Daemon, File, Host, Origin, Role, Supervisor, TlsUse,
};
use sealock_check::{Finding, Perspective, Seen, findings};
use sealock_host::leftover::{Item, Part};
use sealock_pki::Timestamp;
use serde_json::Map;

use super::lot::{Ca, KeyAt, Leaf, Lot};

/// Leaves that are judged one by one; more of one authority have the same flaws.
const MOST: usize = 64;

/// The findings about certificates and files (F3xx and F4xx), each once.
pub(crate) fn judge(lot: &Lot, cas: &[&Ca], now: Timestamp) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for seen in scenes(lot, cas, now) {
        for mut finding in findings(&seen, Perspective::Service) {
            if !is_about_files(finding.check.code) {
                continue;
            }
            finding.spots.dedup();
            for spot in &mut finding.spots {
                // `check --fix` mends what Docker uses, and these files are not used here.
                spot.mends.clear();
                spot.help = after_import(finding.check.code)
                    .map(str::to_owned)
                    .or(spot.help.take());
            }
            let known = found
                .iter_mut()
                .find(|known| known.check == finding.check && known.severity == finding.severity);
            match known {
                Some(known) => {
                    for spot in finding.spots {
                        let told = known
                            .spots
                            .iter()
                            .any(|one| one.place == spot.place && one.cause == spot.cause);
                        if !told {
                            known.spots.push(spot);
                        }
                    }
                }
                None => found.push(finding),
            }
        }
    }
    found.sort_by_key(|finding| (finding.severity, finding.check.code));
    found
}

/// What helps once the authority is ours, where that is another thing than making a new one.
fn after_import(code: &str) -> Option<&'static str> {
    match code {
        "SL-F333" => Some("import it, apply it, and part the two:\n  sealock ca rotate"),
        "SL-F324" => {
            Some("import it, apply it, and let one that may take its place:\n  sealock ca rotate")
        }
        _ => None,
    }
}

/// Certificates and files: nothing is said of the daemon that does not run with them.
fn is_about_files(code: &str) -> bool {
    code.starts_with("SL-F3") || code.starts_with("SL-F4")
}

/// For each authority and each server that it signed: a host that would run with these files, with its clients.
fn scenes(lot: &Lot, cas: &[&Ca], now: Timestamp) -> Vec<Seen> {
    let mut scenes = Vec::new();
    for ca in cas {
        let own = |leaf: &&Leaf| leaf.is_of(&ca.certificate);
        let (servers, clients): (Vec<&Leaf>, Vec<&Leaf>) = lot
            .leaves
            .iter()
            .filter(own)
            .filter(|leaf| leaf.revoked.is_none())
            .take(MOST)
            .partition(|leaf| leaf.part != Part::Client);
        let anchor = file_of(lot, &ca.paths, Role::DaemonAnchors);
        let mut first = Seen::new(now);
        let mut files: Vec<File> = anchor.clone().into_iter().collect();
        files.extend(strays(lot, ca));
        first.host = Some(host(files));
        first.clients = clients
            .iter()
            .filter_map(|leaf| client(lot, ca, leaf))
            .collect();
        let mut servers = servers.into_iter();
        if let (Some(host), Some(server)) = (&mut first.host, servers.next()) {
            host.files.extend(pair(lot, server));
        }
        scenes.push(first);
        for server in servers {
            let mut seen = Seen::new(now);
            let mut files: Vec<File> = anchor.clone().into_iter().collect();
            files.extend(pair(lot, server));
            seen.host = Some(host(files));
            scenes.push(seen);
        }
    }
    scenes
}

fn pair(lot: &Lot, leaf: &Leaf) -> Vec<File> {
    let key = match &leaf.key {
        KeyAt::Plain(path) => file_of(lot, std::slice::from_ref(path), Role::ServerKey),
        KeyAt::Sealed(paths) => file_of(lot, paths, Role::ServerKey),
        KeyAt::Other(_) | KeyAt::Missing => None,
    };
    file_of(lot, &leaf.paths, Role::ServerCertificate)
        .into_iter()
        .chain(key)
        .collect()
}

fn client(lot: &Lot, ca: &Ca, leaf: &Leaf) -> Option<ClientSide> {
    let certificate = file_of(lot, &leaf.paths, Role::ClientCertificate)?;
    let folder = certificate.path.parent()?.to_owned();
    let label = certificate.shown();
    let key = match &leaf.key {
        KeyAt::Plain(path) => file_of(lot, std::slice::from_ref(path), Role::ClientKey),
        KeyAt::Sealed(paths) => file_of(lot, paths, Role::ClientKey),
        KeyAt::Other(_) | KeyAt::Missing => None,
    };
    let anchors = file_of(lot, &ca.paths, Role::ClientAnchors);
    Some(ClientSide {
        label,
        origin: Origin::Directory(folder),
        written: None,
        host: None,
        tls: TlsUse::Unused,
        because: None,
        without_effect: Vec::new(),
        variables: BTreeMap::new(),
        files: anchors
            .into_iter()
            .chain([certificate])
            .chain(key)
            .collect(),
        context: None,
        config_problem: None,
    })
}

/// The key of the authority, and what is left of making certificates, in its folder.
fn strays(lot: &Lot, ca: &Ca) -> Vec<File> {
    let keys: Vec<&std::path::PathBuf> = match &ca.key {
        KeyAt::Plain(path) | KeyAt::Other(path) => vec![path],
        KeyAt::Sealed(paths) => paths.iter().collect(),
        KeyAt::Missing => Vec::new(),
    };
    items(lot)
        .filter(|item| item.part == Part::Litter || keys.contains(&&item.file.path))
        .map(|item| item.file.clone())
        .collect()
}

fn file_of(lot: &Lot, paths: &[std::path::PathBuf], role: Role) -> Option<File> {
    let path = paths.first()?;
    let item = items(lot).find(|item| item.file.path == *path)?;
    Some(File {
        role,
        ..item.file.clone()
    })
}

fn items(lot: &Lot) -> impl Iterator<Item = &Item> {
    lot.leftovers
        .iter()
        .flat_map(|leftover| leftover.files.iter())
}

/// A host with nothing wrong but, perhaps, its files.
fn host(files: Vec<File>) -> Host {
    Host {
        names: Vec::new(),
        addresses: Vec::new(),
        wanted_names: Vec::new(),
        supervisor: Supervisor::Systemd,
        unit: None,
        version: None,
        daemon: Daemon::On {
            warnings: Vec::new(),
            live_restore: true,
            swarm: false,
            containers: 0,
        },
        config: Config {
            path: "/etc/docker/daemon.json".into(),
            state: ConfigState::Absent,
            keys: Map::new(),
            bytes: Vec::new(),
        },
        flags: Vec::new(),
        running_flags: None,
        environment: BTreeMap::new(),
        listeners: Vec::new(),
        sockets: Vec::new(),
        group_members: Vec::new(),
        files,
        stale: false,
        cloaked: false,
        drift: Vec::new(),
    }
}
