//! A ClientHello, written byte by byte: no cryptography, nothing is ever agreed on with it.

use sealock_check::seen::Protocol;

/// `TLS_EMPTY_RENEGOTIATION_INFO_SCSV` (RFC 5746 §3.3): strict servers want it, and it means no suite.
const RENEGOTIATION: u16 = 0x00ff;
/// Every scheme that a server of the last twenty years signs with; the point is to be refused for
/// something else.
const SCHEMES: &[u16] = &[
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0401,
    0x0501, 0x0601, 0x0303, 0x0301, 0x0203, 0x0201, 0x0402, 0x0202, 0x0904, 0x0905, 0x0906,
];

/// What a hello offers.
#[derive(Clone, Debug)]
pub(crate) struct Hello<'a> {
    /// The one version.
    pub(crate) protocol: Protocol,
    /// Suites by number.
    pub(crate) suites: &'a [u16],
    /// Groups by number.
    pub(crate) groups: &'a [u16],
    /// The name for SNI; none for an address.
    pub(crate) name: Option<&'a str>,
    /// Application protocols; none leaves the extension out.
    pub(crate) alpn: &'a [&'a str],
}

impl Hello<'_> {
    /// The hello as one handshake record.
    ///
    /// Up to TLS 1.2 it offers compression too: a server that takes it is one to know of.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let legacy = legacy_version(self.protocol);
        let modern = self.protocol == Protocol::Tls13;
        let mut body = Vec::with_capacity(512);
        body.extend(legacy.to_be_bytes());
        // Nothing secret comes of it, so it need not be random.
        body.extend(*b"sealock looks and agrees nothing");
        body.push(0);
        list(&mut body, |out| {
            for suite in self.suites {
                out.extend(suite.to_be_bytes());
            }
            if !modern {
                out.extend(RENEGOTIATION.to_be_bytes());
            }
        });
        if modern {
            body.extend([1, 0]);
        } else {
            body.extend([2, 1, 0]);
        }
        if self.protocol != Protocol::Ssl3 {
            list(&mut body, |out| self.extensions(out));
        }

        let record_version = if self.protocol == Protocol::Ssl3 {
            0x0300_u16
        } else {
            0x0301
        };
        let mut record = vec![22];
        record.extend(record_version.to_be_bytes());
        list(&mut record, |out| {
            out.push(1);
            let length = u32::try_from(body.len()).unwrap_or(0).to_be_bytes();
            out.extend_from_slice(&length[1..]);
            out.extend_from_slice(&body);
        });
        record
    }

    fn extensions(&self, out: &mut Vec<u8>) {
        if let Some(name) = self.name {
            extension(out, 0, |out| {
                list(out, |out| {
                    out.push(0);
                    list(out, |out| out.extend_from_slice(name.as_bytes()));
                });
            });
        }
        if !self.groups.is_empty() {
            extension(out, 10, |out| list(out, |out| numbers(out, self.groups)));
            extension(out, 11, |out| out.extend([1, 0]));
        }
        if self.protocol >= Protocol::Tls12 {
            extension(out, 13, |out| list(out, |out| numbers(out, SCHEMES)));
        }
        if !self.alpn.is_empty() {
            extension(out, 16, |out| {
                list(out, |out| {
                    for protocol in self.alpn {
                        out.push(u8::try_from(protocol.len()).unwrap_or(0));
                        out.extend_from_slice(protocol.as_bytes());
                    }
                });
            });
        }
        if self.protocol == Protocol::Tls13 {
            extension(out, 43, |out| out.extend([2, 3, 4]));
            // No share of a key: the server must ask for one, and so name suite and group in the clear.
            extension(out, 51, |out| out.extend([0, 0]));
        }
    }
}

/// The version in the hello itself (RFC 8446 §4.1.2 for 1.3).
pub(crate) fn legacy_version(protocol: Protocol) -> u16 {
    match protocol {
        Protocol::Ssl3 => 0x0300,
        Protocol::Tls10 => 0x0301,
        Protocol::Tls11 => 0x0302,
        Protocol::Tls12 | Protocol::Tls13 => 0x0303,
    }
}

/// The version that a server answers with when it agrees to this one.
pub(crate) fn negotiated_version(protocol: Protocol) -> u16 {
    match protocol {
        Protocol::Tls13 => 0x0304,
        older => legacy_version(older),
    }
}

/// What `write` writes, with its length in two bytes before it.
fn list(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.extend([0, 0]);
    write(out);
    let length = u16::try_from(out.len() - at - 2).unwrap_or(u16::MAX);
    out[at..at + 2].copy_from_slice(&length.to_be_bytes());
}

fn extension(out: &mut Vec<u8>, kind: u16, write: impl FnOnce(&mut Vec<u8>)) {
    out.extend(kind.to_be_bytes());
    list(out, write);
}

fn numbers(out: &mut Vec<u8>, numbers: &[u16]) {
    for number in numbers {
        out.extend(number.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(protocol: Protocol) -> Vec<u8> {
        Hello {
            protocol,
            suites: &[0xc02f],
            groups: &[29],
            name: Some("h.example"),
            alpn: &["h2"],
        }
        .to_bytes()
    }

    #[test]
    fn lengths_add_up() {
        for protocol in [
            Protocol::Ssl3,
            Protocol::Tls10,
            Protocol::Tls11,
            Protocol::Tls12,
            Protocol::Tls13,
        ] {
            let bytes = hello(protocol);
            assert_eq!(bytes[0], 22);
            let record = usize::from(u16::from_be_bytes([bytes[3], bytes[4]]));
            assert_eq!(record, bytes.len() - 5, "{protocol:?}");
            assert_eq!(bytes[5], 1);
            let body = u32::from_be_bytes([0, bytes[6], bytes[7], bytes[8]]) as usize;
            assert_eq!(body, bytes.len() - 9, "{protocol:?}");
            assert_eq!(
                u16::from_be_bytes([bytes[9], bytes[10]]),
                legacy_version(protocol)
            );
        }
    }

    #[test]
    fn only_newer_hellos_have_extensions() {
        assert!(!hello(Protocol::Ssl3).windows(9).any(|w| w == b"h.example"));
        assert!(hello(Protocol::Tls10).windows(9).any(|w| w == b"h.example"));
        // supported_versions of TLS 1.3, and no key share
        let modern = hello(Protocol::Tls13);
        assert!(modern.ends_with(&[0, 43, 0, 3, 2, 3, 4, 0, 51, 0, 2, 0, 0]));
    }
}
