//! The part of a record that is the same for every request of a connection: written once, when it is admitted.

use std::fmt::{self, Display};

use sealock_policy::Caller;

use super::line::{LONG, TEXT, hex, member, number, padded_hex, string, text};
use super::record::Id;

/// More names than this are counted, not written.
const NAMES: usize = 8;

/// What of the caller's certificate stands in a record.
#[derive(Clone, Copy, Debug)]
pub struct Leaf<'a> {
    /// The issuer's name.
    pub issuer: &'a str,
    /// The serial number in hex.
    pub serial: &'a str,
    /// The SHA-256 of the public key in hex.
    pub spki: &'a str,
}

/// Who is at the other end of a connection, ready for every record about it.
#[derive(Clone, Debug)]
pub struct Who {
    pub(super) start: u32,
    pub(super) connection: u64,
    fragment: Box<[u8]>,
}

impl Who {
    pub(super) fn new(
        (start, connection): (u32, u64),
        listener: &str,
        address: &dyn Display,
        caller: Option<&Caller>,
        leaf: Option<Leaf<'_>>,
    ) -> Self {
        let mut out = Vec::with_capacity(384);
        text(&mut out, member!("listener"), listener.as_bytes(), TEXT);
        out.extend_from_slice(concat!(member!("connection"), "\"").as_bytes());
        padded_hex(&mut out, start);
        out.push(b'-');
        hex(&mut out, connection);
        out.push(b'"');
        text(
            &mut out,
            member!("from"),
            address.to_string().as_bytes(),
            TEXT,
        );
        if let Some(caller) = caller {
            // A label is escaped where it is made; a name is not escaped twice.
            text(&mut out, member!("caller"), caller.label().as_bytes(), TEXT);
            let others = caller.names().get(1..).unwrap_or_default();
            if !others.is_empty() {
                out.extend_from_slice(concat!(member!("names"), "[").as_bytes());
                for (at, name) in others.iter().take(NAMES).enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    string(&mut out, name.to_string().as_bytes(), TEXT);
                }
                out.push(b']');
            }
            if others.len() > NAMES {
                number(
                    &mut out,
                    member!("more_names"),
                    (others.len() - NAMES) as u64,
                );
            }
        }
        if let Some(leaf) = leaf {
            text(
                &mut out,
                member!("issuer"),
                leaf.issuer.as_bytes(),
                LONG / 2,
            );
            text(&mut out, member!("serial"), leaf.serial.as_bytes(), TEXT);
            text(&mut out, member!("spki"), leaf.spki.as_bytes(), TEXT);
        }
        Self {
            start,
            connection,
            fragment: out.into_boxed_slice(),
        }
    }

    /// Names a request of this connection, counted from 1.
    pub fn id(&self, number: u32) -> Id {
        Id {
            start: self.start,
            connection: self.connection,
            number,
        }
    }

    /// The number of the connection.
    pub fn connection(&self) -> u64 {
        self.connection
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.fragment);
    }
}

/// The connection's name in the audit, as in `1f3a9c01-2f`.
impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}-{:x}", self.start, self.connection)
    }
}
