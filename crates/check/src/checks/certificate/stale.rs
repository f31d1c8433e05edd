//! F332: the daemon serves another certificate than the one on disk.

use super::naming::{has_names, wanted};
use super::path::{Lead, servers};
use super::sighting::{called, chain_of, host_file};
use super::weak_key::weakness;
use super::wrong_purpose::is_for_others;
use crate::material::Form;
use crate::seen::{Endpoint, File, Host, Role};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_pki::{Certificate, Purpose};
use std::net::SocketAddr;

pub(super) const CHECK: Check = Check {
    code: "SL-F332",
    title: "the daemon still serves an older certificate than the one on disk",
    severity: Severity::Latent,
    stage: Stage::ServerCertificate,
    source: "moby daemon/command/daemon.go: TLS files are read once, at the start; SIGHUP does not read them again",
    meaning: "dockerd reads its TLS files when it starts and never again. The new certificate is on disk and \
              nobody sees it: the old one is served until the daemon is restarted, or until it expires.",
    remedy: "Restart the daemon; with live-restore its containers go on:\n  systemctl restart docker",
    explains: &[
        "SL-F301", "SL-F302", "SL-F303", "SL-F304", "SL-F305", "SL-F306", "SL-F308",
    ],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let Some(host) = seen.host.as_ref().filter(|host| host.is_on()) else {
        return Vec::new();
    };
    let Some(file) = host_file(host, Role::ServerCertificate) else {
        return Vec::new();
    };
    let chain = chain_of(file);
    let Some(leaf) = chain
        .first()
        .copied()
        .filter(|leaf| is_sound(seen, file, leaf))
    else {
        return Vec::new();
    };
    seen.endpoints
        .iter()
        .filter(|end| is_own(host, end))
        .filter_map(|end| {
            let served = end.leaf().filter(|served| *served != leaf)?;
            let cause = format!(
                "it serves {} until {}; {} holds another until {}",
                called(served),
                served.not_after(),
                file.shown(),
                leaf.not_after()
            );
            Some(Spot::new(end.label.clone(), cause).of(&end.label).severity(
                if served.not_after() < seen.now {
                    Severity::Down
                } else {
                    Severity::Latent
                },
            ))
        })
        .collect()
}

/// The host's own listeners that show another certificate, or none, where this one would be shown after a restart.
pub(super) fn awaiting<'a>(
    seen: &'a Seen,
    leaf: &'a Certificate,
) -> impl Iterator<Item = &'a Endpoint> {
    let host = seen.host.as_ref();
    seen.endpoints
        .iter()
        .filter(move |end| host.is_some_and(|host| is_own(host, end)) && end.leaf() != Some(leaf))
}

/// Whether an endpoint is one of this host's own listeners.
pub(super) fn is_own(host: &Host, end: &Endpoint) -> bool {
    let Ok(address) = end.address.parse::<SocketAddr>() else {
        return false;
    };
    let port = address.port().to_string();
    let here = address.ip().is_loopback() || host.addresses.contains(&address.ip());
    here && host
        .listeners
        .iter()
        .any(|one| one.address.rsplit(':').next() == Some(port.as_str()))
}

/// Whether a restart would mend it: a certificate that is broken itself is another finding.
fn is_sound(seen: &Seen, file: &File, leaf: &Certificate) -> bool {
    let key = seen
        .host
        .as_ref()
        .and_then(|host| host_file(host, Role::ServerKey));
    let spki = key.and_then(|key| key.contents()?.key()?.spki.as_deref());
    file.contents()
        .is_some_and(|contents| contents.form == Form::Pem)
        && leaf.not_before() <= seen.now
        && leaf.not_after() >= seen.now
        && !leaf.is_ca()
        && !is_for_others(leaf, Purpose::Server)
        && spki.is_none_or(|spki| spki == leaf.spki_der())
        && weakness(leaf).is_none_or(|(_, fatal)| !fatal)
        && would_be_taken(seen, file, leaf)
}

/// Whether those who come today would still be content after a restart.
fn would_be_taken(seen: &Seen, file: &File, leaf: &Certificate) -> bool {
    let place = file.shown();
    let named = has_names(leaf)
        && wanted(seen)
            .iter()
            .filter(|one| one.place == place)
            .all(|one| one.is_carried());
    let led = servers(seen)
        .iter()
        .filter(|judged| judged.place == place)
        .all(|judged| judged.lead(seen) == Some(Lead::Anchor));
    named && led
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::material::Contents;
    use crate::seen::{FileState, Role};
    use crate::testing::*;
    use crate::{Perspective, Severity, findings};

    #[test]
    fn stale() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let fresh = server_leaf(
            &world.server_anchor,
            &world.server_key,
            &[NAME],
            NOW,
            80 * DAY,
        );
        world.daemon_file(Role::ServerCertificate).state =
            FileState::Read(Contents::read(&pem(&[fresh])));
        assert_eq!(world.codes(), ["SL-F332"]);
        // A restart that would shut everybody out is no advice.
        let strange = server_leaf(
            &world.server_anchor,
            &world.server_key,
            &["other.example"],
            NOW,
            80 * DAY,
        );
        let fresh = std::mem::replace(
            &mut world.daemon_file(Role::ServerCertificate).state,
            FileState::Read(Contents::read(&pem(&[strange]))),
        );
        world.host_mut().wanted_names.clear();
        let found = findings(&world.seen, Perspective::Service);
        assert_eq!(found[0].check.code, "SL-F304");
        assert_eq!(found[0].severity, Severity::Latent);
        assert_eq!(world.look(&CHECK), []);
        world.daemon_file(Role::ServerCertificate).state = fresh;
        // Somebody else's endpoint is not compared.
        world.endpoint_mut().address = "198.51.100.1:2376".into();
        world.endpoint_mut().name = "other.example".parse().unwrap();
        assert_eq!(world.look(&CHECK), []);
    }
}
