//! F907: more than a client should have to read.

use crate::seen::Endpoint;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F907",
    title: "the server sends more than a client should have to read",
    severity: Severity::Weak,
    stage: Stage::ServerCertificate,
    source: "RFC 8446 §4.4.2; crypto/tls of Go, handshake_client.go (maxHandshake, 64 KiB); RFC 5280 §4.2.1.6",
    meaning: "A certificate has one to a few dozen names and a chain one to three certificates. Much more slows every \
              handshake down, and TLS libraries refuse messages beyond 64 KiB, so that no client gets in at all. It is \
              a mistake in what the certificate file was put together from, or a peer that wants to tie its clients \
              up.",
    remedy: "Put only the leaf and its intermediates into the daemon's certificate file, and issue a leaf with the \
              names of this host only: `sealock cert show server-cert.pem` lists them.",
    // Of a hundred certificates each is superfluous.
    explains: &["SL-F315"],
    look,
};

/// More certificates than any honest chain has.
const MOST_CERTIFICATES: usize = 16;
/// What TLS libraries accept of one message.
const MOST_BYTES: usize = 0xffff;
/// More names than a host has.
const MOST_NAMES: usize = 100;

fn look(seen: &Seen) -> Vec<Spot> {
    seen.endpoints.iter().flat_map(look_at).collect()
}

fn look_at(end: &Endpoint) -> Vec<Spot> {
    let spot = |cause: String| Spot::new(end.label.clone(), cause).of(&end.label);
    let mut spots = Vec::new();
    let (count, bytes) = end.chain_size;
    if bytes > MOST_BYTES {
        let cause =
            format!("expected at most {MOST_BYTES} bytes of certificates, found {bytes} or more");
        spots.push(spot(cause).severity(Severity::Down));
    }
    if count > MOST_CERTIFICATES {
        spots.push(spot(format!(
            "expected one to three certificates, found {count}"
        )));
    }
    if let Some(leaf) = end.leaf() {
        let names = leaf.sans().len();
        if names > MOST_NAMES {
            let cause =
                format!("expected at most {MOST_NAMES} names in a certificate, found {names}");
            spots.push(spot(cause).about(leaf));
        }
    }
    spots
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::testing::{DAY, NOW, World, key, server_leaf};

    #[test]
    fn too_much_is_found() {
        let mut world = World::new();
        world.endpoint_mut().chain_size = (100, 50_000);
        assert!(world.look(&CHECK)[0].cause.ends_with("found 100"));
        world.endpoint_mut().chain_size = (0, 65_536);
        assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::Down));
        assert!(World::new().look(&CHECK).is_empty());
    }

    #[test]
    fn too_many_names_are_found() {
        let mut world = World::new();
        let names: Vec<String> = (0..101).map(|n| format!("n{n}.example")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let leaf = server_leaf(&world.server_anchor, &key(), &names, NOW, 90 * DAY);
        world.endpoint_mut().chain = vec![leaf];
        assert!(world.look(&CHECK)[0].cause.ends_with("found 101"));
    }
}
