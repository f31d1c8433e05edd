//! The names of groups and application protocols that a server agrees to.

use super::ask::{Offered, Reply};
use super::groups::{CURVES_OF_KEYS, MODERN_GROUPS, WEAK_GROUPS};
use super::{Exchange, Scanner, ServerHello, Until, groups, groups_for, known, suites};
use sealock_check::seen::Protocol;

impl Scanner<'_> {
    /// The groups of TLS 1.3, from the first hello on.
    pub(super) fn eliminate_groups(&mut self, first: ServerHello) {
        let suites = known(Protocol::Tls13);
        let mut rest = MODERN_GROUPS.to_vec();
        let mut next = Some(first);
        while let Some(hello) = next.take() {
            let Some(group) = hello.group else { return };
            let before = rest.len();
            rest.retain(|known| *known != group);
            if rest.len() == before {
                let name = groups::name(group);
                self.misbehaves(format!("it chose the group {name}, which was not offered"));
                return;
            }
            self.found.scan.groups.push(groups::name(group));
            if rest.is_empty() {
                return;
            }
            let offered = Offered {
                suites: &suites,
                groups: &rest,
                alpn: &[],
                until: Until::Hello,
            };
            if let Reply::Hello(hello, _) = self.ask(Protocol::Tls13, &offered) {
                next = Some(hello);
            }
        }
    }

    /// The groups up to TLS 1.2: those of curves by single offers where TLS 1.3 has not named them, weak
    /// ones, and the prime of Diffie-Hellman.
    pub(super) fn name_groups(&mut self, protocol: Protocol) {
        let of_kind = |start: &str| -> Vec<u16> {
            self.suites_of(protocol)
                .filter(|number| suites::name(*number).starts_with(start))
                .collect()
        };
        let (curves, primes) = (of_kind("TLS_ECDHE_"), of_kind("TLS_DHE_"));
        if !curves.is_empty() {
            if self.found.scan.groups.is_empty() {
                for group in MODERN_GROUPS.iter().skip(1) {
                    self.name_group(protocol, &curves, &[*group]);
                }
            }
            // A server signs with an ECDSA key only when its own curve is offered too (RFC 8422 §5.1.1); it comes last,
            // so that a weak one is chosen before it.
            let by_ecdsa = |number: &u16| suites::name(*number).starts_with("TLS_ECDHE_ECDSA");
            if curves.iter().any(by_ecdsa) {
                let groups = [WEAK_GROUPS, CURVES_OF_KEYS].concat();
                self.name_group(protocol, &curves, &groups);
            } else {
                self.name_group(protocol, &curves, WEAK_GROUPS);
            }
        }
        if !primes.is_empty() {
            self.name_group(protocol, &primes, &[]);
        }
    }

    fn name_group(&mut self, protocol: Protocol, suites: &[u16], groups: &[u16]) {
        let offered = Offered {
            suites,
            groups,
            alpn: &[],
            until: Until::KeyExchange,
        };
        let name = match self.ask(protocol, &offered) {
            Reply::Hello(_, Some(Exchange::Group(group))) => groups::name(group),
            Reply::Hello(_, Some(Exchange::Prime(bits))) => groups::prime(bits),
            _ => return,
        };
        if !self.found.scan.groups.contains(&name) {
            self.found.scan.groups.push(name);
        }
    }

    pub(super) fn name_alpn(&mut self, protocol: Protocol) {
        let suites: Vec<u16> = self.suites_of(protocol).collect();
        for alpn in ["h2", "http/1.1"] {
            let offered = Offered {
                suites: &suites,
                groups: &groups_for(protocol),
                alpn: &[alpn],
                until: Until::Hello,
            };
            if let Reply::Hello(hello, _) = self.ask(protocol, &offered)
                && hello.alpn.as_deref() == Some(alpn.as_bytes())
            {
                self.found.scan.alpn.push(alpn.to_owned());
            }
        }
    }
}
