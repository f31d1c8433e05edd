//! Which scope is meant, and where its clients' files lie.

use std::path::PathBuf;

use sealock_diag::escape;
use sealock_host::desired::nearest;
use sealock_host::{Consent, Observed};
use sealock_pki::{AuthorityName, Certificate, Purpose};
use sealock_vault::{Authority as Stored, Scope};

use super::credentials::Authority;
use super::desired;
use crate::catalogue;
use crate::exit::Exit;
use crate::failure::{COMMAND_LINE, Failure};
use crate::session::Session;

/// The scope of this host, when `sealock.toml` names this authority; else the authority's own.
pub(crate) fn of_host(session: &Session, name: &AuthorityName) -> Result<Scope, Failure> {
    Ok(desired::find(session)?
        .filter(|desired| desired.authority.name == name.as_str())
        .map_or_else(|| Scope::own().clone(), |desired| desired.authority.scope))
}

/// A scope from the command line.
pub(crate) fn parse(name: &str) -> Result<Scope, Failure> {
    Scope::try_from(name).map_err(|problem| {
        let short: String = name.chars().take(64).collect();
        Failure::own(
            catalogue::BAD_SCOPE,
            format!("`{}` cannot be the name of a scope", escape(&short)),
        )
        .at(COMMAND_LINE)
        .because(problem)
        .help("use letters, digits, dashes and underscores")
        .exit(Exit::Usage)
    })
}

/// A scope without anchors is a mistake, and a daemon that trusts nobody is no remedy for it.
pub(crate) fn check(stored: &Stored, scope: &Scope) -> Result<(), Failure> {
    let known = stored.scopes();
    if scope.is_own() || known.contains(scope) {
        return Ok(());
    }
    let names: Vec<&str> = known
        .iter()
        .filter(|scope| !scope.is_own())
        .map(Scope::as_str)
        .collect();
    let failure = missing(&stored.name, scope);
    Err(match nearest(scope.as_str(), names.iter().copied()) {
        Some(near) => failure
            .because(format!("known are: {}", names.join(", ")))
            .help(format!(
                "write {near}, or make it:\n  sealock ca scope add {scope}"
            )),
        None if names.is_empty() => failure.because("it has none yet"),
        None => failure.because(format!("known are: {}", names.join(", "))),
    })
}

/// The same for an authority that is not there yet.
pub(crate) fn missing(name: &AuthorityName, scope: &Scope) -> Failure {
    Failure::own(
        catalogue::NO_SCOPE,
        format!("the authority {name} has no scope {scope}"),
    )
    .help(format!("sealock ca scope add {scope}"))
}

/// The scope whose clients get in now and would not after a plan, when the daemon trusts anchors of another one.
pub(crate) fn left(
    session: &Session,
    authority: &Authority,
    observed: &Observed,
) -> Result<Option<Consent>, Failure> {
    // What cannot be read lets nobody in.
    let Some(installed) = observed.installed().ok().flatten() else {
        return Ok(None);
    };
    let trusted = Certificate::chain_from_pem(&installed.ca_pem).unwrap_or_default();
    if authority.stored().is_none() {
        return Ok(None);
    }
    let stored = session.vault()?.authority(&authority.name)?;
    let anchors = stored.into_iter().flat_map(|one| one.anchors);
    let (ours, others): (Vec<_>, Vec<_>) = anchors
        .filter(|anchor| anchor.purpose == Purpose::Client && trusted.contains(&anchor.certificate))
        .partition(|anchor| anchor.scope == *authority.scope());
    // Where the right ones are trusted as well, the others got in by mistake.
    let other = others.into_iter().next().filter(|_| ours.is_empty());
    Ok(other.map(|other| Consent::OtherScope {
        from: words(&other.scope),
        to: words(authority.scope()),
    }))
}

/// A scope in a sentence.
fn words(scope: &Scope) -> String {
    match scope.is_own() {
        true => "no scope".to_owned(),
        false => format!("the scope {scope}"),
    }
}

/// Where the folders of a scope's clients are: people of one name in two scopes are two clients.
pub(crate) fn clients_home(session: &Session, scope: &Scope) -> PathBuf {
    match scope.is_own() {
        true => session.home.join("clients"),
        false => session
            .home
            .join("scopes")
            .join(scope.as_str())
            .join("clients"),
    }
}
