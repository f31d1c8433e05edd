//! What ends the acceptance by a stock daemon: a new client anchor, and everyone else on it.

use std::collections::BTreeSet;

use sealock_diag::escape;
use sealock_pki::{AuthorityName, Purpose};
use sealock_vault::{Scope, Vault};

use super::which::Meant;
use crate::catalogue;
use crate::cli;
use crate::cloak::replace::{self, Replace};
use crate::cloak::revoked::Revoked;
use crate::cloak::{desired, up};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Replaces the client anchor of this host's scope, without those who were revoked.
pub(super) fn run(
    session: &Session,
    meant: &Meant,
    consent: &cli::Consent,
) -> Result<Exit, Failure> {
    let wanted = desired::load(session)?;
    let (name, scope) = (&wanted.authority.name, &wanted.authority.scope);
    let shown = escape(&meant.name);
    let open = letting_in(session, &session.vault()?, meant)?;
    let here = (AuthorityName::try_from(name.as_str())?, scope.clone());
    if !open.contains(&here) {
        return match open.into_iter().next() {
            Some((authority, scope)) => Err(elsewhere(session, &shown, &authority, &scope)),
            // Or an earlier swap was killed when the vault had noted it: the host follows the vault.
            None => up::apply(session, consent),
        };
    }
    // Who has a certificate that was not revoked gets a new one like everybody else.
    let vault = session.vault()?;
    let is_out = Revoked::of(&vault, scope)?.since(&meant.name).is_some();
    drop(vault);
    let shown = match is_out {
        true => shown,
        false => format!("what was revoked of {shown}"),
    };
    let without = is_out.then(|| meant.name.clone());
    let replace = Replace {
        purposes: vec![Purpose::Client],
        without: without.iter().cloned().collect(),
        lost: false,
        question: format!(
            "Swap the client anchor, so that {shown} is refused, and give everyone else a new certificate?"
        ),
    };
    let exit = replace::run(session, &replace, consent)?;
    // The new anchor needs a list too: whoever asks for one refuses everybody without it.
    super::publish(&session.for_a_step())?;
    let others: Vec<&str> = wanted
        .clients
        .iter()
        .map(|client| client.name.as_str())
        .filter(|other| without.as_deref() != Some(*other))
        .collect();
    session
        .printer
        .say(&format!("{shown} is refused by this host from now on."));
    if !others.is_empty() {
        session.printer.say(&format!(
            "New certificates: {}. Where sealock does not install them itself, hand them over:  sealock client bundle NAME",
            others.join(", ")
        ));
    }
    for (authority, other) in open.iter().filter(|other| **other != here) {
        session.printer.warn(&format!(
            "hosts of {} let {shown} in as before",
            words(authority, other)
        ));
    }
    Ok(exit)
}

/// The authorities and scopes whose daemons take a certificate of whom was meant.
fn letting_in(
    session: &Session,
    vault: &Vault,
    meant: &Meant,
) -> Result<BTreeSet<(AuthorityName, Scope)>, Failure> {
    let known = meant
        .entries
        .iter()
        .filter(|entry| entry.not_after >= session.now)
        .map(|entry| entry.issuer);
    let foreign = meant.foreign.iter().map(|one| one.issuer);
    let issuers: Vec<_> = known.chain(foreign).collect();
    let mut open = BTreeSet::new();
    for name in vault.authorities()? {
        let stored = vault.authority(&name)?;
        for anchor in stored.into_iter().flat_map(|one| one.anchors) {
            if anchor.purpose == Purpose::Client
                && anchor.state.is_trusted()
                && issuers.contains(&anchor.key_id)
            {
                open.insert((name.clone(), anchor.scope));
            }
        }
    }
    Ok(open)
}

fn elsewhere(session: &Session, shown: &str, name: &AuthorityName, scope: &Scope) -> Failure {
    Failure::own(
        catalogue::SWAP_ELSEWHERE,
        format!("a swap on this host would not shut {shown} out"),
    )
    .at(session.config.display().to_string())
    .because(format!(
        "its certificates are of {}, which this host does not trust",
        words(name, scope)
    ))
    .help("run it with the sealock.toml of a host that does:\n  sealock --config FILE cert revoke NAME --swap")
}

fn words(name: &AuthorityName, scope: &Scope) -> String {
    match scope.is_own() {
        true => format!("the authority {name}"),
        false => format!("the scope {scope} of the authority {name}"),
    }
}
