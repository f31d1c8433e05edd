//! `[[registry]]`.

use super::{Section, shown};
use crate::HostError;
use crate::desired::Client;
use crate::desired::registry::{ROOT_USER, Registry};
use crate::registry::check_host;
use sealock_diag::{Diagnose, escape};

const REGISTRY: &[&str] = &["host", "client", "users", "hosts-toml"];

/// The registries of the file, whose clients are `clients`.
pub(super) fn registries(
    top: &Section<'_>,
    clients: &[Client],
) -> Result<Vec<Registry>, HostError> {
    let mut registries: Vec<Registry> = Vec::new();
    for section in top.sections("registry", "[[registry]]")? {
        let registry = registry(&section, clients)?;
        if registries
            .iter()
            .any(|earlier| earlier.host == registry.host)
        {
            let problem = format!("`{}` is there twice", escape(&registry.host));
            return Err(section.refuse("host", section.item("host"), &problem, None));
        }
        registries.push(registry);
    }
    Ok(registries)
}

fn registry(section: &Section<'_>, clients: &[Client]) -> Result<Registry, HostError> {
    section.only(REGISTRY)?;
    let Some(host) = section.string("host")? else {
        let help = "host = \"registry.example.org:5000\"";
        return Err(section.refuse("host", None, "the registry has no host", Some(help)));
    };
    if let Err(error) = check_host(&host) {
        let why = Diagnose::cause(&error).unwrap_or_default();
        let problem = format!("`{}`: {why}", shown(&host));
        return Err(section.refuse("host", section.item("host"), &problem, None));
    }
    let client = section.string("client")?;
    if let Some(name) = &client
        && !clients.iter().any(|client| client.name == *name)
    {
        let problem = format!("`{}` is no client of this file", shown(name));
        return Err(section.refuse("client", section.item("client"), &problem, None));
    }
    let users = match section.item("users") {
        None => vec![ROOT_USER.to_owned()],
        Some(_) => section.strings("users")?,
    };
    if users.is_empty() {
        let problem = "nobody's daemon is told";
        let help = "users = [\"root\"]";
        return Err(section.refuse("users", section.item("users"), problem, Some(help)));
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let is_name = |user: &&String| {
        !user.is_empty() && !user.starts_with(['.', '-']) && user.chars().all(legal)
    };
    if let Some(user) = users.iter().find(|user| !is_name(user)) {
        let problem = format!("`{}` is no name of a user", shown(user));
        return Err(section.refuse("users", section.item("users"), &problem, None));
    }
    Ok(Registry {
        host,
        client,
        users,
        hosts_toml: section.boolean("hosts-toml")?.unwrap_or(false),
    })
}
