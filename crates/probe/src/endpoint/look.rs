//! The look itself.

use super::notes::TOO_LARGE;
use super::outcome::outcome;
use super::visitors::unjudging;
use super::{Place, Visitors};
use crate::ask::{ask_over, is_reset};
use crate::scan::scan;
use crate::socket::Socket;
use crate::{Answer, Dress, Observation, Target, ask};
use sealock_check::seen::{Endpoint, Outcome, Protocol, Reach, Visit, Visitor};
use sealock_diag::escape;
use sealock_pki::{Certificate, Timestamp};
use sealock_tls::{SettingsError, Version, Versions};
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Who comes after the rightful client, at full depth.
const UNWELCOME: [Visitor; 4] = [
    Visitor::Foreign,
    Visitor::Expired,
    Visitor::ServerAsClient,
    Visitor::Revoked,
];

/// How closely to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Depth {
    /// Plain HTTP, no certificate, the rightful client: three connections.
    Short,
    /// Every visitor in TLS 1.2 and 1.3, every mode of the docker CLI, versions, suites and groups: about
    /// thirty-five connections at a dockerd, fifty-seven at most, and one for each further address.
    Full,
}

/// Looks at an endpoint. `at` is the moment by which certificates are judged and clocks compared.
///
/// `timeout` is for one exchange; the whole look takes three of them at most at short depth, eight at full
/// depth, whatever the peer does. Memory is bounded too: see [`ask`].
pub fn look(
    place: &Place,
    visitors: &Visitors,
    depth: Depth,
    timeout: Duration,
    at: Timestamp,
) -> Endpoint {
    let begun = Instant::now();
    let rounds = match depth {
        Depth::Short => 3,
        Depth::Full => 8,
    };
    let mut look = Look {
        visitors,
        timeout,
        deadline: begun + timeout * rounds,
        begun,
        at,
        target: None,
        spoken: Vec::new(),
        seen: unseen(place, visitors),
    };
    match place.addresses(timeout) {
        Err(why) => look.seen.reach = Reach::Unresolved(why),
        Ok(addresses) => look.at_addresses(place, &addresses, depth),
    }
    look.seen.took = begun.elapsed();
    look.seen
}

/// An endpoint nobody has looked at.
fn unseen(place: &Place, visitors: &Visitors) -> Endpoint {
    Endpoint {
        label: place.label.clone(),
        address: place.label.trim_start_matches("tcp://").to_owned(),
        name: place.name.clone(),
        reach: Reach::Reached,
        plain: None,
        chain: Vec::new(),
        chain_problems: Vec::new(),
        chain_size: (0, 0),
        other_leaves: Vec::new(),
        asks_for_certificate: false,
        authorities: Vec::new(),
        visits: Vec::new(),
        modes: Vec::new(),
        scan: None,
        anchors: visitors.anchors().to_vec(),
        rightful: visitors
            .rightful()
            .map(|identity| identity.chain().to_vec())
            .unwrap_or_default(),
        date: None,
        api: None,
        misbehaviour: Vec::new(),
        took: Duration::ZERO,
    }
}

pub(super) struct Look<'a> {
    pub(super) visitors: &'a Visitors,
    pub(super) timeout: Duration,
    pub(super) deadline: Instant,
    pub(super) begun: Instant,
    pub(super) at: Timestamp,
    pub(super) target: Option<Target>,
    /// The versions in which it showed a certificate.
    pub(super) spoken: Vec<Version>,
    pub(super) seen: Endpoint,
}

impl Look<'_> {
    fn at_addresses(&mut self, place: &Place, addresses: &[SocketAddr], depth: Depth) {
        let Some((index, socket, target)) = self.reach(place, addresses) else {
            return;
        };
        self.seen.address = addresses[index].to_string();
        self.target = Some(target.clone());
        let plain = match socket {
            Some(socket) => {
                let observed = ask_over(socket, &target, &Dress::plain(), Instant::now());
                self.note_answer(&observed);
                outcome(&observed.answer)
            }
            None => outcome(&Answer::Closed { reset: true }),
        };
        self.seen.plain = Some(plain.clone());
        self.seen.visits.push(Visit {
            visitor: Visitor::PlainHttp,
            protocol: None,
            outcome: plain,
        });
        match depth {
            Depth::Short => self.shortly(),
            Depth::Full => {
                self.fully();
                self.compare(place, addresses, index);
                self.scan(&target);
            }
        }
    }

    /// The first address that answers, without a socket when its answer was a reset; what is wrong with the first of all
    /// when none does.
    fn reach(
        &mut self,
        place: &Place,
        addresses: &[SocketAddr],
    ) -> Option<(usize, Option<Socket>, Target)> {
        let until = Instant::now() + self.timeout;
        let mut obstacle = None;
        for (index, address) in addresses.iter().enumerate() {
            let target = Target::tcp(*address, place.name.clone()).within(self.timeout);
            // Each gets its share of the time, so that a silent one does not hide the next.
            let left = until.saturating_duration_since(Instant::now());
            let share = u32::try_from(addresses.len() - index).unwrap_or(1);
            match Socket::connect(&target, Instant::now() + left / share) {
                Ok(socket) => {
                    // Connecting may take long, asking gets the usual time.
                    let socket = socket.until(Instant::now() + self.timeout);
                    return Some((index, Some(socket), target));
                }
                Err(error) if is_reset(&error) => return Some((index, None, target)),
                Err(error) => {
                    obstacle.get_or_insert(why_not_reached(&error, self.timeout));
                }
            }
        }
        self.seen.reach = obstacle.unwrap_or(Reach::Unresolved("it has no address".to_owned()));
        None
    }

    fn shortly(&mut self) {
        self.visit(Visitor::NoCertificate, Versions::Both);
        if self.spoken.is_empty() {
            return;
        }
        self.visit(Visitor::Rightful, Versions::Both);
    }

    fn fully(&mut self) {
        for version in [Version::Tls13, Version::Tls12] {
            self.visit(Visitor::NoCertificate, Versions::Only(version));
        }
        let versions = self.spoken.clone();
        for visitor in std::iter::once(Visitor::Rightful).chain(UNWELCOME) {
            // In a version that the server does not speak, nothing is learned about anybody.
            for version in &versions {
                self.visit(visitor, Versions::Only(*version));
            }
        }
        self.try_modes();
    }

    /// Comes as this visitor, when there is one, and notes what happens.
    fn visit(&mut self, visitor: Visitor, versions: Versions) {
        let authorities = &self.seen.authorities;
        let identity = self.visitors.identity(visitor, authorities, self.at);
        if identity.is_none() && visitor != Visitor::NoCertificate {
            return;
        }
        let Some(observed) = self.ask(unjudging(identity, versions, self.at)) else {
            return;
        };
        let version = match versions {
            Versions::Only(version) => Some(version),
            Versions::Both => observed.seen.as_ref().and_then(|seen| seen.version),
        };
        if let Some(seen) = &observed.seen {
            self.note_handshake(seen, version);
        }
        self.note_answer(&observed);
        self.seen.visits.push(Visit {
            visitor,
            protocol: Some(match version {
                Some(Version::Tls12) => Protocol::Tls12,
                _ => Protocol::Tls13,
            }),
            outcome: outcome(&observed.answer),
        });
    }

    /// One exchange within what is left of the time; `None` when nothing is.
    pub(super) fn ask(&mut self, dress: Result<Dress, SettingsError>) -> Option<Observation> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let given = self.deadline - self.begun;
            self.misbehaves(format!("the look was not finished within {given:?}"));
            return None;
        }
        let target = self.target.clone()?.within(self.timeout.min(left));
        Some(ask(&target, &dress.ok()?))
    }

    /// What the other addresses of the name present.
    fn compare(&mut self, place: &Place, addresses: &[SocketAddr], looked_at: usize) {
        let Some(leaf) = self.seen.leaf().map(Certificate::fingerprint) else {
            return;
        };
        let shared = self.target.clone();
        for (index, address) in addresses.iter().enumerate() {
            if index == looked_at {
                continue;
            }
            self.target = Some(Target::tcp(*address, place.name.clone()));
            let observed = self.ask(unjudging(None, Versions::Both, self.at));
            let other = observed
                .and_then(|observed| observed.seen)
                .and_then(|seen| seen.chain_der.into_iter().next())
                .and_then(|der| Certificate::from_der(der).ok())
                .map(|certificate| certificate.fingerprint());
            if let Some(other) = other.filter(|other| *other != leaf) {
                self.seen.other_leaves.push((address.to_string(), other));
            }
        }
        self.target = shared;
    }

    fn scan(&mut self, target: &Target) {
        let speaks_tls = !self.spoken.is_empty()
            || self
                .seen
                .outcomes(Visitor::NoCertificate)
                // Whoever has nothing in common with us may have with others.
                .any(|visit| match &visit.outcome {
                    Outcome::Alert(..) => true,
                    Outcome::Nonsense(what) => what.starts_with("peer "),
                    _ => false,
                })
            || self.seen.chain_size.1 >= TOO_LARGE;
        if !speaks_tls {
            return;
        }
        let found = scan(target, self.deadline);
        if let Some(length) = found.oversized {
            let size = &mut self.seen.chain_size.1;
            *size = (*size).max(length);
        }
        for what in found.misbehaviour {
            self.misbehaves(what);
        }
        self.seen.scan = Some(found.scan);
    }

    pub(super) fn misbehaves(&mut self, what: String) {
        if !self.seen.misbehaviour.contains(&what) {
            self.seen.misbehaviour.push(what);
        }
    }
}

fn why_not_reached(error: &io::Error, timeout: Duration) -> Reach {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Reach::Refused,
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Reach::Silent(timeout),
        _ => Reach::Failed(escape(&error.to_string())),
    }
}
