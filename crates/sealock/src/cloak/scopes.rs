//! Which scope is meant, and where its clients' files lie.

use std::path::PathBuf;

use sealock_diag::escape;
use sealock_host::desired::nearest;
use sealock_pki::AuthorityName;
use sealock_vault::{Authority as Stored, Scope};

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
