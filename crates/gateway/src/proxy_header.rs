//! The PROXY protocol, version 2: tells a service who is behind a connection.
//!
//! The format is HAProxy's (`doc/proxy-protocol.txt`): a signature, the two addresses, then records of type,
//! length and value. The certificate's names travel in a record of the range that is left to applications.

use std::net::SocketAddr;

use sealock_policy::Name;
use sealock_tls::Version;

use crate::admission::{Address, Peer, Secured};

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Version 2, on behalf of somebody.
const PROXY: u8 = 0x21;
const UNKNOWN: u8 = 0x00;
const TCP_4: u8 = 0x11;
const TCP_6: u8 = 0x21;

const UNIQUE_ID: u8 = 0x05;
const SSL: u8 = 0x20;
const SSL_VERSION: u8 = 0x21;
const SSL_CN: u8 = 0x22;
const SSL_CIPHER: u8 = 0x23;
/// The caller as policies and audit records have it, `uri:spiffe://…`: the first type for applications.
const CALLER: u8 = 0xe0;

/// TLS; with a certificate on this connection; with one in this session.
const CLIENT_SSL: u8 = 0x01;
const CLIENT_CERT_CONN: u8 = 0x02;
const CLIENT_CERT_SESS: u8 = 0x04;

/// No record of ours is longer. The header as a whole stays far below the 64 KiB of its length.
const LONGEST: usize = 1024;

/// The header for this peer. `local` is the address that it connected to; `connection` names the connection in the
/// audit.
pub(crate) fn header(peer: &Peer, local: Option<SocketAddr>, connection: &str) -> Vec<u8> {
    let mut body = Vec::with_capacity(256);
    let family = addresses(&mut body, tcp(&peer.address).zip(local));
    record(&mut body, UNIQUE_ID, connection.as_bytes());
    if let Some(secured) = &peer.secured {
        let value = tls(peer, secured);
        // Its parts are bounded each, and a record of this kind must not be missing: a service would take the
        // connection for a plain one.
        body.push(SSL);
        body.extend_from_slice(&length(&value));
        body.extend_from_slice(&value);
    }
    record(&mut body, CALLER, peer.caller().label().as_bytes());
    let mut header = Vec::with_capacity(SIGNATURE.len() + 4 + body.len());
    header.extend_from_slice(SIGNATURE);
    header.extend_from_slice(&[PROXY, family]);
    header.extend_from_slice(&length(&body));
    header.extend_from_slice(&body);
    header
}

fn tcp(address: &Address) -> Option<SocketAddr> {
    match address {
        Address::Tcp(address) => Some(*address),
        Address::Unix { .. } => None,
    }
}

/// Writes both addresses; what family they are of.
fn addresses(body: &mut Vec<u8>, both: Option<(SocketAddr, SocketAddr)>) -> u8 {
    let Some((from, to)) = both else {
        return UNKNOWN;
    };
    // A listener on [::] sees callers of IPv4 as mapped addresses.
    let family = match (from.ip().to_canonical(), to.ip().to_canonical()) {
        (std::net::IpAddr::V4(from), std::net::IpAddr::V4(to)) => {
            body.extend_from_slice(&from.octets());
            body.extend_from_slice(&to.octets());
            TCP_4
        }
        _ => {
            for one in [from, to] {
                let octets = match one.ip() {
                    std::net::IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
                    std::net::IpAddr::V6(ip) => ip.octets(),
                };
                body.extend_from_slice(&octets);
            }
            TCP_6
        }
    };
    body.extend_from_slice(&from.port().to_be_bytes());
    body.extend_from_slice(&to.port().to_be_bytes());
    family
}

fn tls(peer: &Peer, secured: &Secured) -> Vec<u8> {
    let mut client = CLIENT_SSL | CLIENT_CERT_SESS;
    if !secured.resumed {
        client |= CLIENT_CERT_CONN;
    }
    let mut value = vec![client];
    // 0: the certificate was verified.
    value.extend_from_slice(&0u32.to_be_bytes());
    let version = match secured.version {
        Version::Tls12 => "TLSv1.2",
        Version::Tls13 => "TLSv1.3",
    };
    record(&mut value, SSL_VERSION, version.as_bytes());
    let common_name = peer.caller().names().iter().find_map(|name| match name {
        Name::Cn(common_name) => Some(common_name),
        _ => None,
    });
    if let Some(common_name) = common_name {
        record(&mut value, SSL_CN, common_name.as_bytes());
    }
    record(&mut value, SSL_CIPHER, secured.suite.as_bytes());
    value
}

/// A record; one that would be too long is left out, because half a name is another name.
fn record(body: &mut Vec<u8>, kind: u8, value: &[u8]) {
    if value.len() <= LONGEST {
        body.push(kind);
        body.extend_from_slice(&length(value));
        body.extend_from_slice(value);
    }
}

/// All lengths are bounded: see [`LONGEST`].
fn length(of: &[u8]) -> [u8; 2] {
    u16::try_from(of.len()).unwrap_or(u16::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::header;
    use crate::admission::{Address, Known, Peer, Secured};
    use sealock_policy::{Caller, Name};
    use sealock_tls::Version;
    use std::net::SocketAddr;
    use std::sync::Arc;

    fn peer(address: Address, names: Vec<Name>, secured: Option<Secured>) -> Peer {
        Peer {
            known: Arc::new(Known {
                caller: Arc::new(Caller::new(names)),
                leaf: None,
                chain: None,
            }),
            address,
            secured,
            epoch: 1,
        }
    }

    fn tcp(from: &str, resumed: bool) -> Peer {
        let secured = Secured {
            version: Version::Tls13,
            suite: "TLS13_AES_256_GCM_SHA384",
            resumed,
        };
        let names = vec![Name::Cn("alice".to_owned())];
        peer(Address::Tcp(from.parse().unwrap()), names, Some(secured))
    }

    fn local(text: &str) -> Option<SocketAddr> {
        Some(text.parse().unwrap())
    }

    /// Written out by hand from the specification.
    #[test]
    fn a_header_byte_by_byte() {
        let found = header(
            &tcp("192.0.2.1:4660", false),
            local("192.0.2.2:2376"),
            "ab-1",
        );
        let mut expected = b"\x0d\x0a\x0d\x0a\x00\x0d\x0aQUIT\x0a\x21\x11".to_vec();
        let body: Vec<u8> = [
            &[192, 0, 2, 1, 192, 0, 2, 2, 0x12, 0x34, 0x09, 0x48][..],
            b"\x05\x00\x04ab-1",
            b"\x20\x00\x32\x07\x00\x00\x00\x00",
            b"\x21\x00\x07TLSv1.3",
            b"\x22\x00\x05alice",
            b"\x23\x00\x18TLS13_AES_256_GCM_SHA384",
            b"\xe0\x00\x08cn:alice",
        ]
        .concat();
        expected.extend_from_slice(&u16::try_from(body.len()).unwrap().to_be_bytes());
        expected.extend_from_slice(&body);
        assert_eq!(found, expected);
    }

    #[test]
    fn families() {
        for (from, to, family, bytes) in [
            ("[2001:db8::1]:1", "[2001:db8::2]:2", 0x21, 36),
            ("[::ffff:192.0.2.1]:1", "[::ffff:192.0.2.2]:2", 0x11, 12),
            ("[2001:db8::1]:1", "192.0.2.2:2", 0x21, 36),
        ] {
            let found = header(&tcp(from, true), local(to), "x");
            assert_eq!(found[13], family, "{from}");
            // Behind the addresses is the first record.
            assert_eq!(found[16 + bytes], 0x05, "{from}");
            // A resumed session has its certificate from before.
            assert_eq!(found[16 + bytes + 4 + 3], 0x05, "{from}");
        }
        let unix = Address::Unix {
            uid: 1000,
            gid: 100,
            pid: None,
        };
        let found = header(&peer(unix, vec![Name::Uid(1000)], None), None, "x");
        assert_eq!(&found[12..16], [0x21, 0x00, 0, 4 + 11]);
        assert!(found.ends_with(b"\xe0\x00\x08uid:1000"));
    }

    #[test]
    fn a_name_is_whole_or_not_there() {
        let names = vec![Name::Cn("x".repeat(4000))];
        let address = Address::Tcp("192.0.2.1:1".parse().unwrap());
        let found = header(&peer(address, names, None), local("192.0.2.2:2"), "x");
        assert!(found.len() < 64, "{}", found.len());
        // That it came over TLS is said however long the name is.
        for length in [900, 1024, 1025] {
            let mut long = tcp("192.0.2.1:1", false);
            let names = vec![Name::Cn("x".repeat(length))];
            long.known = peer(address, names, None).known;
            let found = header(&long, local("192.0.2.2:2"), "x");
            assert_eq!(found[16 + 12 + 4], 0x20, "{length}");
        }
    }
}
