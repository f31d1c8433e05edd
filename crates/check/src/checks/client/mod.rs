//! F5xx: the client's settings and files.

mod broken_settings;
mod ca_missing;
mod cert_path_alone;
mod context_clear;
mod context_gone;
mod context_roots;
mod context_skips;
mod demanded;
mod half_pair;
mod host_outranks;
mod host_path;
mod host_scheme;
mod host_several;
mod host_web;
mod no_port;
mod proxy;
mod proxy_rules;
mod speaks_plain;
mod speaks_tls;
mod spelling;
mod stale_copy;
mod taken_away;
mod tls_unverified;
mod unix_tls;
mod unknown_file;
mod verify_word;
mod without_effect;

#[cfg(test)]
mod first;

use crate::seen::{ClientSide, Endpoint, FileState, Origin, Outcome, Role, TlsUse, Visitor};
use crate::{Check, Seen};
use sealock_diag::escape;

/// The checks of this group.
pub(super) const ALL: &[&Check] = &[
    &context_clear::CHECK,
    &context_skips::CHECK,
    &verify_word::CHECK,
    &cert_path_alone::CHECK,
    &ca_missing::CHECK,
    &half_pair::CHECK,
    &no_port::CHECK,
    &host_several::CHECK,
    &host_outranks::CHECK,
    &context_gone::CHECK,
    &host_web::CHECK,
    &proxy::CHECK,
    &unknown_file::CHECK,
    &broken_settings::CHECK,
    &speaks_tls::CHECK,
    &speaks_plain::CHECK,
    &context_roots::CHECK,
    &tls_unverified::CHECK,
    &without_effect::CHECK,
    &stale_copy::CHECK,
    &taken_away::CHECK,
    &demanded::CHECK,
    &host_path::CHECK,
    &unix_tls::CHECK,
    &host_scheme::CHECK,
];

/// Where the client's host is written, for a message.
fn place(client: &ClientSide) -> String {
    match client.origin {
        Origin::Shell => setting(client, "DOCKER_HOST"),
        Origin::Context { .. } | Origin::Directory(_) => client.label.clone(),
    }
}

/// A variable of this client, for a message.
fn setting(client: &ClientSide, name: &str) -> String {
    format!("{name} of {}", client.label)
}

/// Where one of the client's three files lies or is missing, for a message.
fn file_place(client: &ClientSide, role: Role) -> String {
    let listed = client.file(role).map(crate::seen::File::shown);
    listed.unwrap_or_else(|| client.label.clone())
}

/// Whether anything lies where the client looks for its file of this role.
fn has(client: &ClientSide, role: Role) -> bool {
    client
        .file(role)
        .is_some_and(|file| !matches!(file.state, FileState::Absent))
}

/// Whether the client comes with TLS.
fn uses_tls(client: &ClientSide) -> bool {
    matches!(client.tls, TlsUse::Unverified | TlsUse::Verified)
}

/// The client's host as it is written, escaped.
fn written(client: &ClientSide) -> String {
    escape(client.written.as_deref().unwrap_or_default())
}

/// The client's host as the docker CLI completes it, escaped.
fn host(client: &ClientSide) -> String {
    escape(client.host.as_deref().unwrap_or_default())
}

/// Whether a text can stand in a command as it is: nothing in it means anything to a shell.
fn is_plain(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.+-:/[]".contains(c);
    !text.is_empty() && !text.starts_with('-') && text.chars().all(plain)
}

/// The command that gives a client's context all it needs; `None` when there is nothing to paste.
fn update_command(client: &ClientSide) -> Option<String> {
    let (name, host) = (context_name(client)?, host(client));
    (is_plain(&name) && is_plain(&host)).then(|| {
        format!(
            "docker context update {name} --docker host={host},ca=ca.pem,cert=cert.pem,key=key.pem"
        )
    })
}

/// The name of the client's context, escaped.
fn context_name(client: &ClientSide) -> Option<String> {
    match &client.origin {
        Origin::Context { name, .. } => Some(escape(name)),
        _ => None,
    }
}

/// The endpoint that the client goes to, when it was looked at.
fn endpoint<'a>(seen: &'a Seen, client: &ClientSide) -> Option<&'a Endpoint> {
    let host = client.host.as_deref()?;
    seen.endpoints.iter().find(|end| end.label == host)
}

/// Whether an endpoint is known to speak TLS.
fn wants_tls(end: &Endpoint) -> bool {
    end.plain == Some(Outcome::WantsTls) || !end.chain.is_empty()
}

/// Whether an endpoint is known to turn clients without a certificate away.
fn wants_certificate(end: &Endpoint) -> bool {
    let mut visits = end.outcomes(Visitor::NoCertificate);
    end.asks_for_certificate
        && !end.lets_in(Visitor::NoCertificate)
        && visits.any(|visit| visit.outcome.is_refusal())
}

#[cfg(test)]
mod tests {
    use super::ALL;
    use crate::seen::{ContextFacts, FileState, Origin, Role, TlsUse};
    use crate::testing::World;

    /// The codes of this group that are found, in the order of the codes.
    pub(super) fn codes(world: &World) -> Vec<&'static str> {
        let found = ALL.iter().filter(|check| !world.look(check).is_empty());
        found.map(|check| check.code).collect()
    }

    /// The healthy client, as a context.
    pub(super) fn context() -> World {
        let mut world = World::new();
        let client = &mut world.seen.clients[0];
        client.label = "context prod of alice".to_owned();
        client.origin = Origin::Context {
            name: "prod".to_owned(),
            store: "/home/alice/.docker".into(),
        };
        client.context = Some(ContextFacts {
            exists: true,
            current: true,
            ..ContextFacts::default()
        });
        client.variables.clear();
        world
    }

    /// The healthy client, as a folder that nobody uses now.
    pub(super) fn folder() -> World {
        let mut world = World::new();
        let client = &mut world.seen.clients[0];
        client.label = "~/.docker of bob".to_owned();
        client.origin = Origin::Directory("/home/bob/.docker".into());
        (client.written, client.host) = (None, None);
        client.tls = TlsUse::Unused;
        client.variables.clear();
        world
    }

    /// Takes the client's file of this role away.
    pub(super) fn lose(world: &mut World, role: Role) {
        let file = world.client_file(role);
        file.state = FileState::Absent;
        file.named = false;
        file.mode = 0;
    }

    /// Gives the client another host.
    pub(super) fn goes_to(world: &mut World, written: &str, host: &str) {
        let client = &mut world.seen.clients[0];
        client.written = Some(written.to_owned());
        client.host = Some(host.to_owned());
        let shell = client.context.is_none();
        if shell {
            world.set("DOCKER_HOST", written);
        }
    }

    impl World {
        /// Sets a variable of the client.
        pub(super) fn set(&mut self, name: &str, value: &str) {
            let variables = &mut self.seen.clients[0].variables;
            variables.insert(name.to_owned(), value.to_owned());
        }
    }

    #[test]
    fn only_plain_names_are_pasted() {
        let mut world = context();
        assert!(super::update_command(&world.seen.clients[0]).is_some());
        world.seen.clients[0].origin = Origin::Context {
            name: "x;reboot".to_owned(),
            store: "/s".into(),
        };
        assert_eq!(super::update_command(&world.seen.clients[0]), None);
    }

    #[test]
    fn healthy_clients_have_no_finding() {
        for world in [World::new(), context(), folder()] {
            assert!(codes(&world).is_empty(), "{:?}", codes(&world));
        }
    }

    #[test]
    fn contexts_that_are_not_about_tls_have_no_finding() {
        for host in ["unix:///run/user/1000/docker.sock", "ssh://me@host"] {
            let mut world = context();
            goes_to(&mut world, host, host);
            let client = &mut world.seen.clients[0];
            client.files.clear();
            client.tls = TlsUse::Off;
            assert!(codes(&world).is_empty(), "{host}: {:?}", codes(&world));
        }
    }
}
