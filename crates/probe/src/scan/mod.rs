//! What an endpoint offers: versions, suites, groups, application protocols.
//!
//! No TLS library offers what is to be found here (SSL 3, RC4, export keys), and none is needed: a server
//! names its choice in the clear, before anything is encrypted. So hellos are written and their answers
//! read as bytes. In TLS 1.3 the hello carries no key share, and the HelloRetryRequest names suite and
//! group. What is offered is found by elimination: offer all, take away what was chosen, ask again.
//!
//! Nothing here finishes a handshake. The server's log has one line for each connection.

mod ask;
mod choice;
mod flight;
mod groups;
mod hello;
mod names;
mod suites;

pub use choice::{Exchange, ServerHello};
pub use flight::{Flight, FlightProgress, FlightReader, Until};

use crate::Target;
use ask::{Offered, Reply};
use groups::{MODERN_GROUPS, WEAK_GROUPS};
use sealock_check::seen::{Flaw, Offer, Protocol, Scan, Suite};
use sealock_pki::San;
use std::time::Instant;

/// Connections for one scan: a dockerd takes about twenty; a server with everything switched on is asked
/// for one suite of each flaw when elimination has used up its share.
const MOST_CONNECTIONS: usize = 40;
/// Connections for the elimination of suites up to TLS 1.2.
const MOST_ELIMINATIONS: usize = 14;
/// Suites that are named of versions older than the newest old one: that they are offered is enough.
const NAMED_OF_OLDER: usize = 2;

const PROTOCOLS: [Protocol; 5] = [
    Protocol::Tls13,
    Protocol::Tls12,
    Protocol::Tls11,
    Protocol::Tls10,
    Protocol::Ssl3,
];

/// What was found, and what the peer did that no server does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scanned {
    pub(crate) scan: Scan,
    pub(crate) misbehaviour: Vec<String>,
    /// The length of a certificate message that is beyond all bounds.
    pub(crate) oversized: Option<usize>,
}

/// Scans the endpoint until `deadline`; each connection gets the target's timeout at most.
pub(crate) fn scan(target: &Target, deadline: Instant) -> Scanned {
    let name = match &target.name {
        San::Dns(name) if !name.is_wildcard() => Some(name.to_string()),
        _ => None,
    };
    let mut scanner = Scanner {
        target,
        name,
        deadline,
        left: MOST_CONNECTIONS,
        found: Scanned::default(),
    };
    scanner.run();
    scanner.found
}

struct Scanner<'a> {
    target: &'a Target,
    name: Option<String>,
    deadline: Instant,
    left: usize,
    found: Scanned,
}

impl Scanner<'_> {
    fn run(&mut self) {
        let mut newest_old = None;
        let mut old = Vec::new();
        for protocol in PROTOCOLS {
            let (offer, first) = self.first_hello(protocol);
            self.found.scan.protocols.push((protocol, offer));
            let Some(hello) = first else { continue };
            if protocol == Protocol::Tls13 {
                self.eliminate_suites(protocol, &hello, MOST_ELIMINATIONS);
                self.eliminate_groups(hello);
                continue;
            }
            self.found.scan.compression |= hello.compression != 0;
            newest_old.get_or_insert(protocol);
            old.push((protocol, hello));
        }
        self.found.scan.protocols.reverse();
        for (protocol, hello) in old {
            if newest_old != Some(protocol) {
                self.eliminate_suites(protocol, &hello, NAMED_OF_OLDER);
                continue;
            }
            self.eliminate_suites(protocol, &hello, MOST_ELIMINATIONS);
            self.look_for_flaws(protocol);
            self.name_groups(protocol);
            self.name_alpn(protocol);
        }
        self.found.scan.suites.sort_by_key(|suite| {
            (
                std::cmp::Reverse(suite.protocol),
                suite.flaw().is_some(),
                suite.number,
            )
        });
    }

    /// Whether a version is offered, and the hello that says so.
    fn first_hello(&mut self, protocol: Protocol) -> (Offer, Option<ServerHello>) {
        let offered = Offered {
            suites: &known(protocol),
            groups: &groups_for(protocol),
            alpn: &[],
            until: Until::Hello,
        };
        match self.ask(protocol, &offered) {
            Reply::Hello(hello, _) if hello.version == hello::negotiated_version(protocol) => {
                (Offer::Yes, Some(hello))
            }
            // It chose an older version, or said no.
            Reply::Hello(..) | Reply::Refused => (Offer::No, None),
            Reply::Nothing => (Offer::Unclear, None),
        }
    }

    fn eliminate_suites(&mut self, protocol: Protocol, first: &ServerHello, most: usize) {
        let mut rest = known(protocol);
        let mut chosen = first.suite;
        for _ in 0..most {
            if !self.note_suite(protocol, &mut rest, chosen) || rest.is_empty() {
                return;
            }
            match self.choose_suite(protocol, &rest) {
                Some(suite) => chosen = suite,
                None => return,
            }
        }
    }

    /// Takes the suite from those that are left; `false` when it was none of them.
    fn note_suite(&mut self, protocol: Protocol, rest: &mut Vec<u16>, number: u16) -> bool {
        let before = rest.len();
        rest.retain(|suite| *suite != number);
        let suite = named(protocol, number);
        if rest.len() == before {
            let name = suite.name;
            self.misbehaves(format!("it chose the suite {name}, which was not offered"));
            return false;
        }
        self.found.scan.suites.push(suite);
        true
    }

    fn choose_suite(&mut self, protocol: Protocol, suites: &[u16]) -> Option<u16> {
        let offered = Offered {
            suites,
            groups: &groups_for(protocol),
            alpn: &[],
            until: Until::Hello,
        };
        match self.ask(protocol, &offered) {
            Reply::Hello(hello, _) if hello.version == hello::negotiated_version(protocol) => {
                Some(hello.suite)
            }
            _ => None,
        }
    }

    /// Asks for one suite of every flaw, and for a sound one, where elimination has not come to them.
    fn look_for_flaws(&mut self, protocol: Protocol) {
        let done = self.suites_of(protocol).count() < MOST_ELIMINATIONS;
        if done {
            return;
        }
        for flaw in Flaw::ALL.map(Some).into_iter().chain([None]) {
            let seen: Vec<u16> = self.suites_of(protocol).collect();
            // Those that every older dockerd offers tell nothing of the others.
            let of_flaw = |number: u16| {
                let suite = named(protocol, number);
                suite.flaw() == flaw && !suite.is_forced_by_dockerd()
            };
            if seen.iter().any(|number| of_flaw(*number)) {
                continue;
            }
            let mut rest: Vec<u16> = known(protocol);
            rest.retain(|number| of_flaw(*number));
            if let Some(chosen) = self.choose_suite(protocol, &rest) {
                self.note_suite(protocol, &mut rest, chosen);
            }
        }
    }

    fn suites_of(&self, protocol: Protocol) -> impl Iterator<Item = u16> {
        let suites = self.found.scan.suites.iter();
        suites
            .filter(move |suite| suite.protocol == protocol)
            .map(|suite| suite.number)
    }

    fn misbehaves(&mut self, what: String) {
        if !self.found.misbehaviour.contains(&what) && self.found.misbehaviour.len() < 8 {
            self.found.misbehaviour.push(what);
        }
    }
}

fn named(protocol: Protocol, number: u16) -> Suite {
    Suite {
        protocol,
        number,
        name: suites::name(number),
    }
}

/// Every suite that may be offered in this version, the flawed ones first: a server that follows the
/// order of its client shows them first.
fn known(protocol: Protocol) -> Vec<u16> {
    let table = match protocol {
        Protocol::Tls13 => suites::MODERN,
        _ => suites::LEGACY,
    };
    let mut all: Vec<(Option<Flaw>, u16)> = table
        .iter()
        .map(|(number, name)| (Flaw::of_name(name), *number))
        .collect();
    all.sort_by_key(|(flaw, number)| (flaw.is_none(), *flaw, *number));
    all.into_iter().map(|(_, number)| number).collect()
}

/// Every group that may be offered in this version.
fn groups_for(protocol: Protocol) -> Vec<u16> {
    match protocol {
        Protocol::Tls13 => MODERN_GROUPS.to_vec(),
        // Hybrid groups are of TLS 1.3 only.
        _ => [&MODERN_GROUPS[1..], WEAK_GROUPS].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::{known, suites};
    use sealock_check::seen::{Flaw, Protocol};

    #[test]
    fn flawed_suites_are_offered_first() {
        let all = known(Protocol::Tls12);
        assert_eq!(all.len(), suites::LEGACY.len());
        let flaw = |number: &u16| Flaw::of_name(&suites::name(*number));
        assert_eq!(all.first().and_then(flaw), Some(Flaw::Null));
        assert_eq!(all.last().and_then(flaw), None);
    }
}
