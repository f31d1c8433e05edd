//! What `sealock.toml` says after an import: the host as the old certificates had it.

use std::time::Duration;

use sealock_host::desired::{Client, add_client};
use sealock_host::{Desired, Listen, Observed, Options};
use sealock_pki::{AuthorityName, Certificate, SERVER_LIFE_LIMIT, San};

use crate::cloak::desired;
use crate::failure::Failure;
use crate::session::Session;

const DAY: u64 = 86_400;

/// The text that the file gets; `None` when it is good as it is.
pub(crate) fn text(
    session: &Session,
    name: &AuthorityName,
    observed: &Observed,
    options: &Options,
    server: Option<&Certificate>,
    clients: &[Client],
) -> Result<Option<String>, Failure> {
    let Some(old) = desired::text(session)? else {
        return Ok(Some(
            fresh(name, observed, options, server, clients)?.to_toml(),
        ));
    };
    let known = Desired::parse(&session.config, &old)?;
    let mut text = old.clone();
    for client in clients {
        if !known.clients.iter().any(|one| one.name == client.name) {
            text = add_client(&session.config, &text, client)?;
        }
    }
    Ok((text != old).then_some(text))
}

fn fresh(
    name: &AuthorityName,
    observed: &Observed,
    options: &Options,
    server: Option<&Certificate>,
    clients: &[Client],
) -> Result<Desired, Failure> {
    let names = server.map(names_of).filter(|names| !names.is_empty());
    let names = names.unwrap_or_else(|| observed.names());
    let mut wanted = Desired::new(name.as_str(), listen(observed), names);
    if let Some(server) = server {
        wanted.daemon.server_life = life(server).min(SERVER_LIFE_LIMIT);
    }
    wanted.find_daemon_by(options);
    wanted.clients = clients.to_vec();
    Ok(wanted)
}

/// The names and addresses of a server's certificate, in its order, each once.
pub(crate) fn names_of(server: &Certificate) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for san in server.sans().iter().filter(|san| san.is_server_name()) {
        let name = san.value();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Whether the certificate has other names than `sealock.toml` can say.
pub(crate) fn has_other_names(server: &Certificate) -> bool {
    !server.sans().iter().all(San::is_server_name)
}

/// How long a certificate was made for, in whole days.
pub(crate) fn life(certificate: &Certificate) -> Duration {
    let whole = certificate.not_after().since(certificate.not_before());
    let days = (whole.as_secs() / DAY).max(1);
    Duration::from_secs(days * DAY)
}

/// Where the daemon listens by its configuration.
fn listen(observed: &Observed) -> Vec<Listen> {
    let mut found: Vec<Listen> = Vec::new();
    for listener in &observed.listeners {
        let text = listener.address.replace("localhost", "127.0.0.1");
        let Ok(listen) = text.parse::<Listen>() else {
            continue;
        };
        if !found.iter().any(|known| known.meets(listen.address())) {
            found.push(listen);
        }
    }
    if found.is_empty() {
        found.extend(desired::LISTEN.parse::<Listen>());
    }
    found
}
