//! What the vault knows, for the checks. No key is unlocked for it.

use std::path::Path;

use sealock_check::seen::{Anchor, File, Keeping, Leaf, LeafState, Role};
use sealock_host::survey::look;
use sealock_pki::Purpose;
use sealock_vault::{AnchorState, Filter, Scope, StateKind, Usage, Vault};

use crate::cloak::desired;
use crate::session::Session;

/// How long ago a certificate may have expired and still be told of.
const FORGOTTEN: std::time::Duration = std::time::Duration::from_secs(90 * 86_400);

/// The issuers' keys as files, and nothing of what the vault knows.
pub(crate) fn keys_only(home: &Path) -> Keeping {
    Keeping {
        home: home.to_owned(),
        authority: None,
        scope: String::new(),
        anchors: Vec::new(),
        other_scopes: Vec::new(),
        leaves: Vec::new(),
        issuer_keys: issuer_keys(home),
        interrupted: None,
        problem: None,
        expected: false,
    }
}

/// The vault of this session; `None` where there is none and none is expected.
pub(crate) fn keeping(session: &Session) -> Option<Keeping> {
    let expected = session.config.exists();
    let mut keeping = Keeping {
        expected,
        ..keys_only(&session.home)
    };
    match session.interrupted() {
        Ok(run) => keeping.interrupted = run.map(|run| sealock_diag::escape(&run.title)),
        Err(failure) => keeping.problem = Some(words(&failure)),
    }
    match session.has_vault() {
        Ok(true) => {
            if let Err(failure) = read(session, &mut keeping) {
                keeping.problem = Some(words(&failure));
            }
        }
        Ok(false) if !expected => return None,
        Ok(false) => keeping.problem = Some("there is no vault".to_owned()),
        Err(failure) => keeping.problem = Some(words(&failure)),
    }
    Some(keeping)
}

fn read(session: &Session, keeping: &mut Keeping) -> Result<(), crate::failure::Failure> {
    let vault: Vault = session.vault()?;
    // A broken file was told of before anything was looked at.
    let wanted = desired::find(session)
        .ok()
        .flatten()
        .map(|desired| desired.authority);
    let scope = wanted.as_ref().map_or(Scope::own(), |wanted| &wanted.scope);
    scope.as_str().clone_into(&mut keeping.scope);
    let name = vault.authorities()?.into_iter().find(|name| {
        wanted
            .as_ref()
            .is_none_or(|wanted| wanted.name == name.as_str())
    });
    let Some(name) = name else {
        keeping.problem = keeping
            .expected
            .then(|| "it has no authority of that name".to_owned());
        return Ok(());
    };
    if let Some(authority) = vault.authority(&name)? {
        for anchor in &authority.anchors {
            if anchor.purpose == Purpose::Client && anchor.scope != *scope {
                let other = (anchor.scope.to_string(), anchor.certificate.clone());
                keeping.other_scopes.push(other);
                continue;
            }
            let signs = authority.signs_now(anchor.purpose, &anchor.scope);
            keeping.anchors.push(Anchor {
                purpose: anchor.purpose,
                generation: anchor.generation,
                certificate: anchor.certificate.clone(),
                current: anchor.state == AnchorState::Active
                    && signs.is_some_and(|signs| signs.key_id == anchor.key_id),
            });
        }
        keeping.authority = Some(name.to_string());
    }
    for entry in vault.entries(Filter::all())? {
        if entry.not_after + FORGOTTEN < session.now {
            continue;
        }
        if entry.purpose == Purpose::Client && entry.scope != *scope {
            continue;
        }
        // What lives for minutes is never due, and lies nowhere.
        let revoked = entry.state.kind() == StateKind::Revoked;
        if entry.usage == Usage::Session && !revoked {
            continue;
        }
        keeping.leaves.push(Leaf {
            identity: entry.identity,
            purpose: entry.purpose,
            generation: entry.generation,
            state: match entry.state.kind() {
                StateKind::Active => LeafState::Active,
                StateKind::Superseded => LeafState::Superseded,
                StateKind::Revoked => LeafState::Revoked,
                StateKind::Withdrawn => LeafState::Withdrawn,
            },
            places: entry
                .places
                .into_iter()
                .map(|place| place.place.into())
                .collect(),
            certificate: entry.certificate,
        });
    }
    Ok(())
}

/// The issuers' keys as they lie in the vault.
fn issuer_keys(home: &Path) -> Vec<File> {
    let folder = home.join("issuers");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let uid = rustix::process::geteuid().as_raw();
    let system = super::look::system();
    paths
        .iter()
        .filter(|path| path.extension().is_some_and(|end| end == "key"))
        .map(|path| look(&*system, path, Role::IssuerKey, true, uid))
        .collect()
}

fn words(failure: &crate::failure::Failure) -> String {
    match &failure.cause {
        Some(cause) => format!("{}: {cause}", failure.headline),
        None => failure.headline.clone(),
    }
}
