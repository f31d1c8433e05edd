//! The files that dockerd reads when it talks to registries: written anew whenever a client's pair or an anchor changes.

use std::collections::BTreeMap;
use std::path::PathBuf;

use sealock_change::{Edit, fs};
use sealock_check::seen::Drift;
use sealock_diag::{Diagnose, escape};
use sealock_host::Desired;
use sealock_host::client::Bundle;
use sealock_host::desired::Registry;
use sealock_host::desired::registry::ROOT_USER;
use sealock_host::registry::{BELOW_CONFIG, Files, Folder, Ours, ROOT, RegistryError};
use sealock_pki::{AuthorityName, Certificate, Fingerprint, Purpose};
use sealock_vault::Filter;

use super::clients;
use super::credentials::Authority;
use super::prepare::Parts;
use crate::failure::Failure;
use crate::session::Session;

/// What the vault knows: where one of these lies, the next one may.
pub(crate) struct Known {
    anchors: Vec<Fingerprint>,
    leaves: Vec<Fingerprint>,
}

impl Known {
    pub(crate) fn of(session: &Session, authority: &Authority) -> Result<Self, Failure> {
        let mut known = Self {
            anchors: Vec::new(),
            leaves: Vec::new(),
        };
        if authority.stored().is_none() {
            return Ok(known);
        }
        let vault = session.vault()?;
        let stored = vault.authority(&authority.name)?;
        let anchors = stored.into_iter().flat_map(|one| one.anchors);
        known.anchors = anchors
            .filter(|anchor| anchor.purpose == Purpose::Server)
            .map(|anchor| anchor.certificate.fingerprint())
            .collect();
        let entries = vault.entries(Filter::all().purpose(Purpose::Client))?;
        known.leaves = entries
            .iter()
            .map(|entry| entry.certificate.fingerprint())
            .collect();
        Ok(known)
    }

    fn ours(&self) -> Ours<'_> {
        Ours {
            anchors: &self.anchors,
            leaves: &self.leaves,
        }
    }
}

/// The bundles of the clients that have one, by their names.
pub(crate) type Bundles = BTreeMap<String, Bundle>;

/// Puts the files of every registry into a plan; they go where the clients' files go.
pub(super) fn join(
    session: &Session,
    desired: &Desired,
    bundles: &Bundles,
    parts: &mut Parts,
) -> Result<(), Failure> {
    if desired.registries.is_empty() {
        return Ok(());
    }
    let known = Known::of(session, &parts.authority)?;
    let anchors = parts.authority.trusted(Purpose::Server)?;
    for registry in &desired.registries {
        let pair = registry.client.as_ref().and_then(|name| bundles.get(name));
        if let (Some(client), None) = (&registry.client, pair) {
            parts.notes.push(nothing_shown(registry, client));
        }
        parts.edits.extend(edits(registry, &anchors, pair, &known)?);
        let used = parts.in_use.iter_mut().find(|used| {
            used.purpose == Purpose::Client && Some(&used.identity) == registry.client.as_ref()
        });
        if let Some(used) = used {
            used.places.extend(places(registry)?);
        }
    }
    Ok(())
}

/// What one client's new files mean for registries.
pub(crate) struct Shown {
    pub(crate) edits: Vec<Edit>,
    /// Where they lie, for the inventory.
    pub(crate) places: Vec<String>,
}

/// The files of every registry that this client is shown to.
pub(crate) fn of_client(
    session: &Session,
    authority: &Authority,
    desired: &Desired,
    client: &str,
    bundle: &Bundle,
) -> Result<Shown, Failure> {
    let mut shown = Shown {
        edits: Vec::new(),
        places: Vec::new(),
    };
    let known = Known::of(session, authority)?;
    let is_shown = |registry: &&Registry| registry.client.as_deref() == Some(client);
    for registry in desired.registries.iter().filter(is_shown) {
        shown
            .edits
            .extend(edits(registry, bundle.anchors(), Some(bundle), &known)?);
        shown.places.extend(places(registry)?);
    }
    Ok(shown)
}

/// The same for who has nobody to ask for a passphrase; nothing is found where the vault stays shut.
pub(crate) fn drift_unasked(session: &Session, desired: &Desired) -> Result<Vec<Drift>, Failure> {
    if desired.registries.is_empty() {
        return Ok(Vec::new());
    }
    let name = AuthorityName::try_from(desired.authority.name.as_str())?;
    let Some(authority) = Authority::open_unasked(session, &name)? else {
        return Ok(Vec::new());
    };
    let mut bundles = Bundles::new();
    for client in &desired.clients {
        if authority.revoked.since(&client.name).is_none()
            && let Some(bundle) = clients::kept(session, &authority, desired, &client.name)?
        {
            bundles.insert(client.name.clone(), bundle);
        }
    }
    drift(session, &authority, desired, &bundles)
}

/// Every file of a registry that is not as it shall be.
pub(crate) fn drift(
    session: &Session,
    authority: &Authority,
    desired: &Desired,
    bundles: &Bundles,
) -> Result<Vec<Drift>, Failure> {
    let mut found = Vec::new();
    if desired.registries.is_empty() {
        return Ok(found);
    }
    let known = Known::of(session, authority)?;
    let anchors = authority.trusted(Purpose::Server)?;
    for registry in &desired.registries {
        let client = registry.client.as_ref();
        let pair = client.and_then(|name| bundles.get(name));
        // Who has no good pair now gets a new one; that of a revoked client has to go.
        let is_awaited =
            pair.is_none() && client.is_some_and(|name| authority.revoked.since(name).is_none());
        match edits(registry, &anchors, pair, &known) {
            Err(failure) => found.push(Drift {
                place: format!("the registry {}", escape(&registry.host)),
                what: match &failure.location {
                    Some(location) => format!("{}: {location}", failure.headline),
                    None => failure.headline,
                },
            }),
            Ok(edits) => {
                for edit in &edits {
                    let is_removal = matches!(edit, Edit::Remove { .. });
                    if edit.is_noop()? || (is_awaited && is_removal) {
                        continue;
                    }
                    found.push(Drift {
                        place: escape(&edit.path().to_string_lossy()),
                        what: difference(edit, &registry.host)?,
                    });
                }
            }
        }
    }
    Ok(found)
}

/// What one edit would change, as it is now.
fn difference(edit: &Edit, host: &str) -> Result<String, Failure> {
    let path = edit.path();
    let host = escape(host);
    let Some(stat) = fs::stat(path)? else {
        return Ok(format!("missing; the registry {host} needs it"));
    };
    Ok(match edit {
        Edit::Remove { .. } => format!("the registry {host} needs no such file"),
        Edit::Write { content, .. } if fs::read(path)? != content.bytes() => {
            format!("it holds something else than the registry {host} needs")
        }
        Edit::Write { mode, .. } | Edit::Directory { mode, .. } if stat.mode != *mode => {
            format!("mode {:04o}, expected {mode:04o}", stat.mode)
        }
        Edit::Write {
            owner: Some(owner), ..
        } if stat.owner != *owner => format!(
            "owner {}:{}, expected {}:{}",
            stat.owner.uid, stat.owner.gid, owner.uid, owner.gid
        ),
        _ => format!("not as the registry {host} needs it"),
    })
}

/// The edits for one registry, of every daemon that is told of it.
pub(crate) fn edits(
    registry: &Registry,
    anchors: &[Certificate],
    pair: Option<&Bundle>,
    known: &Known,
) -> Result<Vec<Edit>, Failure> {
    let files = Files {
        anchors,
        pair,
        hosts_toml: registry.hosts_toml,
    };
    let mut edits = Vec::new();
    for folder in folders(registry)? {
        edits.extend(folder.plan(files, known.ours()).map_err(told)?);
    }
    Ok(edits)
}

/// The edits that take a registry's files away again.
pub(crate) fn removals(registry: &Registry, known: &Known) -> Result<Vec<Edit>, Failure> {
    let mut edits = Vec::new();
    for folder in folders(registry)? {
        edits.extend(folder.plan_removal(known.ours()).map_err(told)?);
    }
    Ok(edits)
}

/// The folders of a registry, as the inventory keeps them.
pub(crate) fn places(registry: &Registry) -> Result<Vec<String>, Failure> {
    let folders = folders(registry)?;
    Ok(folders
        .iter()
        .map(|folder| folder.path().display().to_string())
        .collect())
}

/// Said when a registry's client has no certificate: it was revoked.
fn nothing_shown(registry: &Registry, client: &str) -> String {
    format!(
        "the registry {} is shown nothing while {} is revoked",
        escape(&registry.host),
        escape(client)
    )
}

/// A folder for each user: root's daemon has one for the host, a rootless one is its user's.
fn folders(registry: &Registry) -> Result<Vec<Folder>, Failure> {
    let mut folders = Vec::new();
    for user in &registry.users {
        if user == ROOT_USER {
            folders.push(Folder::new(ROOT.as_ref(), &registry.host, None));
            continue;
        }
        let (home, owner) = clients::account(user).map_err(|failure| {
            failure.help("users of a [[registry]] are accounts of this host:\n  getent passwd")
        })?;
        let own = owner.is_some_and(|owner| owner.uid == rustix::process::getuid().as_raw());
        let told = std::env::var_os("XDG_CONFIG_HOME").filter(|dir| own && !dir.is_empty());
        let config = told.map_or_else(|| home.join(".config"), PathBuf::from);
        folders.push(Folder::new(
            &config.join(BELOW_CONFIG),
            &registry.host,
            owner,
        ));
    }
    Ok(folders)
}

fn told(error: RegistryError) -> Failure {
    Failure::new(&error as &dyn Diagnose)
}
