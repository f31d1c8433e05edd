//! What certificate extensions say, read strictly (RFC 5280 §4.2.1): a value that is not exactly
//! what its ASN.1 allows is no value.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::der::{self, context, context_constructed, take};
use crate::{DnsName, San, oid};

/// What a leaf is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Proves a daemon (or another server) to its clients: EKU serverAuth.
    Server,
    /// Proves a person or machine to a daemon: EKU clientAuth.
    Client,
}

impl Purpose {
    /// `server` or `client`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
        }
    }

    pub(crate) const fn oid(self) -> &'static [u8] {
        match self {
            Self::Server => oid::SERVER_AUTH,
            Self::Client => oid::CLIENT_AUTH,
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One extended key usage (RFC 5280 §4.2.1.12).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExtendedKeyUsage {
    /// serverAuth.
    Server,
    /// clientAuth.
    Client,
    /// anyExtendedKeyUsage, which says nothing.
    Any,
    /// Another purpose, as dotted OID.
    Other(String),
}

impl fmt::Display for ExtendedKeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server => f.write_str("server"),
            Self::Client => f.write_str("client"),
            Self::Any => f.write_str("any"),
            Self::Other(oid) => f.write_str(match oid.as_str() {
                "1.3.6.1.5.5.7.3.3" => "code signing",
                "1.3.6.1.5.5.7.3.4" => "e-mail protection",
                "1.3.6.1.5.5.7.3.8" => "time stamping",
                "1.3.6.1.5.5.7.3.9" => "OCSP signing",
                other => other,
            }),
        }
    }
}

/// What a certificate says it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purposes {
    /// There is no extKeyUsage: many verifiers take that as "anything". We do not.
    Unstated,
    /// The purposes listed.
    Listed(Vec<ExtendedKeyUsage>),
}

impl Purposes {
    /// Whether this purpose is listed by name; "any" does not count.
    pub fn include(&self, purpose: Purpose) -> bool {
        let wanted = match purpose {
            Purpose::Server => ExtendedKeyUsage::Server,
            Purpose::Client => ExtendedKeyUsage::Client,
        };
        matches!(self, Self::Listed(list) if list.contains(&wanted))
    }

    /// The purpose, when it is exactly one of ours.
    pub fn only(&self) -> Option<Purpose> {
        match self {
            Self::Listed(list) => match list.as_slice() {
                [ExtendedKeyUsage::Server] => Some(Purpose::Server),
                [ExtendedKeyUsage::Client] => Some(Purpose::Client),
                _ => None,
            },
            Self::Unstated => None,
        }
    }

    pub(crate) fn lists_any(&self) -> bool {
        matches!(self, Self::Listed(list) if list.contains(&ExtendedKeyUsage::Any))
    }
}

impl fmt::Display for Purposes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unstated => f.write_str("none stated"),
            Self::Listed(list) => write_list(f, list.iter().take(20)),
        }
    }
}

/// The keyUsage bits (RFC 5280 §4.2.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUsage(pub(crate) u16);

impl KeyUsage {
    pub(crate) const DIGITAL_SIGNATURE: u16 = 0x8000;
    pub(crate) const KEY_ENCIPHERMENT: u16 = 0x2000;
    pub(crate) const CERT_SIGN: u16 = 0x0400;
    pub(crate) const CRL_SIGN: u16 = 0x0200;
    const NAMES: [&'static str; 9] = [
        "digitalSignature",
        "nonRepudiation",
        "keyEncipherment",
        "dataEncipherment",
        "keyAgreement",
        "keyCertSign",
        "cRLSign",
        "encipherOnly",
        "decipherOnly",
    ];

    pub(crate) fn has(self, bit: u16) -> bool {
        self.0 & bit != 0
    }

    /// Whether certificates may be signed.
    pub fn cert_sign(self) -> bool {
        self.has(Self::CERT_SIGN)
    }

    /// Whether CRLs may be signed.
    pub fn crl_sign(self) -> bool {
        self.has(Self::CRL_SIGN)
    }

    /// Whether signatures other than on certificates and CRLs may be made, as TLS does.
    pub fn digital_signature(self) -> bool {
        self.has(Self::DIGITAL_SIGNATURE)
    }
}

impl fmt::Display for KeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("none");
        }
        let set = Self::NAMES
            .iter()
            .enumerate()
            .filter(|(bit, _)| self.has(0x8000 >> bit));
        write_list(f, set.map(|(_, name)| name))
    }
}

fn write_list<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    items: impl Iterator<Item = T>,
) -> fmt::Result {
    for (index, item) in items.enumerate() {
        if index > 0 {
            f.write_str(", ")?;
        }
        write!(f, "{item}")?;
    }
    Ok(())
}

/// basicConstraints (RFC 5280 §4.2.1.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BasicConstraints {
    /// Whether the subject is a CA.
    pub ca: bool,
    /// How many intermediate CAs may follow below it.
    pub path_length: Option<u32>,
}

/// A GeneralName as it stands, judged later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum GeneralName {
    Dns(String),
    Ip(Vec<u8>),
    Email(String),
    Uri(String),
    /// The DER of a Name.
    Directory(Vec<u8>),
    /// The number of another kind: otherName 0, x400Address 3, ediPartyName 5, registeredID 8.
    Other(u8),
}

impl GeneralName {
    /// The name as one of ours, if it is sound.
    pub(crate) fn san(&self) -> Option<San> {
        match self {
            Self::Dns(text) => DnsName::try_from(text.as_str()).ok().map(San::Dns),
            Self::Ip(bytes) => address(bytes).map(San::Ip),
            Self::Email(text) => San::email(text).ok(),
            Self::Uri(text) => San::uri(text).ok(),
            Self::Directory(_) | Self::Other(_) => None,
        }
    }

    /// What people call this kind.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Dns(_) => "DNS",
            Self::Ip(_) => "IP",
            Self::Email(_) => "email",
            Self::Uri(_) => "URI",
            Self::Directory(_) => "directory",
            Self::Other(0) => "otherName",
            Self::Other(3) => "x400Address",
            Self::Other(5) => "ediPartyName",
            Self::Other(8) => "registeredID",
            Self::Other(_) => "unknown",
        }
    }
}

/// nameConstraints (RFC 5280 §4.2.1.10).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NameConstraints {
    pub(crate) permitted: Vec<GeneralName>,
    pub(crate) excluded: Vec<GeneralName>,
}

pub(crate) fn address(bytes: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(bytes)
        .map(|v4| IpAddr::V4(Ipv4Addr::from(v4)))
        .or_else(|_| <[u8; 16]>::try_from(bytes).map(|v6| IpAddr::V6(Ipv6Addr::from(v6))))
        .ok()
}

pub(crate) fn basic_constraints(value: &[u8]) -> Option<BasicConstraints> {
    let mut rest = whole(der::SEQUENCE, value)?;
    let mut ca = false;
    if let Some(flag) = der::expect(der::BOOLEAN, rest) {
        ca = match flag.content {
            [0xff] => true,
            // FALSE is the default, which DER leaves out; old tools write it all the same.
            [0] => false,
            _ => return None,
        };
        rest = flag.rest;
    }
    let mut path_length = None;
    if !rest.is_empty() {
        let content = whole(der::INTEGER, rest)?;
        if content.first()? & 0x80 != 0 {
            return None;
        }
        let number = content.iter().fold(0u32, |sum, b| {
            sum.saturating_mul(256).saturating_add(u32::from(*b))
        });
        path_length = Some(if content.len() > 5 { u32::MAX } else { number });
    }
    Some(BasicConstraints { ca, path_length })
}

pub(crate) fn key_usage(value: &[u8]) -> Option<KeyUsage> {
    match whole(der::BIT_STRING, value)? {
        [0] => Some(KeyUsage(0)),
        [unused @ 0..=7, high] => {
            (high.trailing_zeros() >= u32::from(*unused)).then(|| KeyUsage(u16::from(*high) << 8))
        }
        [unused @ 0..=7, high, low] => (low.trailing_zeros() >= u32::from(*unused))
            .then(|| KeyUsage(u16::from(*high) << 8 | u16::from(*low))),
        _ => None,
    }
}

pub(crate) fn extended_key_usage(value: &[u8]) -> Option<Vec<ExtendedKeyUsage>> {
    let mut rest = whole(der::SEQUENCE, value)?;
    let mut list = Vec::with_capacity(1);
    while !rest.is_empty() {
        let entry = der::expect(der::OID, rest)?;
        list.push(match entry.content {
            oid::SERVER_AUTH => ExtendedKeyUsage::Server,
            oid::CLIENT_AUTH => ExtendedKeyUsage::Client,
            oid::ANY_PURPOSE => ExtendedKeyUsage::Any,
            other => ExtendedKeyUsage::Other(oid::dotted(other)),
        });
        rest = entry.rest;
    }
    (!list.is_empty()).then_some(list)
}

pub(crate) fn general_names(value: &[u8]) -> Option<Vec<GeneralName>> {
    let mut rest = whole(der::SEQUENCE, value)?;
    let mut names = Vec::new();
    while !rest.is_empty() {
        let entry = take(rest)?;
        names.push(general_name(entry.tag, entry.content)?);
        rest = entry.rest;
    }
    (!names.is_empty()).then_some(names)
}

pub(crate) fn subject_key_id(value: &[u8]) -> Option<&[u8]> {
    whole(der::OCTET_STRING, value).filter(|id| !id.is_empty() && id.len() <= 64)
}

/// The keyIdentifier of an authorityKeyIdentifier; the outer `None` is a broken one.
pub(crate) fn authority_key_id(value: &[u8]) -> Option<Option<&[u8]>> {
    let mut rest = whole(der::SEQUENCE, value)?;
    let mut id = None;
    let mut lowest = 0x80;
    while !rest.is_empty() {
        let field = take(rest)?;
        let number = field.tag & 0x1f;
        if number + 0x80 < lowest || number > 2 || field.tag & 0xc0 != 0x80 {
            return None;
        }
        lowest = number + 0x81;
        if field.tag == context(0) {
            id = Some(field.content).filter(|id| !id.is_empty() && id.len() <= 64);
        }
        rest = field.rest;
    }
    Some(id)
}

pub(crate) fn name_constraints(value: &[u8]) -> Option<NameConstraints> {
    let rest = whole(der::SEQUENCE, value)?;
    let (permitted, rest) = subtrees(0, rest)?;
    let (excluded, rest) = subtrees(1, rest)?;
    let nothing = permitted.is_empty() && excluded.is_empty();
    (rest.is_empty() && !nothing).then_some(NameConstraints {
        permitted,
        excluded,
    })
}

fn subtrees(number: u8, input: &[u8]) -> Option<(Vec<GeneralName>, &[u8])> {
    let Some(list) = der::expect(context_constructed(number), input) else {
        return Some((Vec::new(), input));
    };
    let mut rest = list.content;
    let mut bases = Vec::new();
    while !rest.is_empty() {
        let subtree = der::expect(der::SEQUENCE, rest)?;
        let base = take(subtree.content)?;
        // minimum must be 0, which DER leaves out, and maximum absent (RFC 5280 §4.2.1.10).
        if !base.rest.is_empty() {
            return None;
        }
        bases.push(general_name(base.tag, base.content)?);
        rest = subtree.rest;
    }
    (!bases.is_empty()).then_some((bases, list.rest))
}

fn general_name(tag: u8, content: &[u8]) -> Option<GeneralName> {
    let text = || {
        content
            .is_ascii()
            .then(|| String::from_utf8_lossy(content).into_owned())
    };
    match (tag & 0xc0, tag & 0x1f, tag & 0x20 != 0) {
        (0x80, 1, false) => text().map(GeneralName::Email),
        (0x80, 2, false) => text().map(GeneralName::Dns),
        (0x80, 4, true) => {
            whole(der::SEQUENCE, content)?;
            Some(GeneralName::Directory(content.to_vec()))
        }
        (0x80, 6, false) => text().map(GeneralName::Uri),
        (0x80, 7, false) => Some(GeneralName::Ip(content.to_vec())),
        (0x80, kind @ (0 | 3 | 5), true) | (0x80, kind @ 8, false) => {
            Some(GeneralName::Other(kind))
        }
        _ => None,
    }
}

/// The content of the one value that fills `input`.
pub(crate) fn whole(tag: u8, input: &[u8]) -> Option<&[u8]> {
    der::expect(tag, input)
        .filter(|value| value.rest.is_empty())
        .map(|value| value.content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_values_are_read() {
        assert_eq!(
            basic_constraints(&[0x30, 0]),
            Some(BasicConstraints {
                ca: false,
                path_length: None
            })
        );
        assert_eq!(
            basic_constraints(&[0x30, 6, 1, 1, 0xff, 2, 1, 3]),
            Some(BasicConstraints {
                ca: true,
                path_length: Some(3)
            })
        );
        assert_eq!(
            key_usage(&[3, 2, 1, 6]).unwrap().to_string(),
            "keyCertSign, cRLSign"
        );
        assert_eq!(
            key_usage(&[3, 3, 7, 0, 0x80]).unwrap().to_string(),
            "decipherOnly"
        );
        assert_eq!(
            authority_key_id(&[0x30, 3, 0x80, 1, 9]),
            Some(Some(&[9][..]))
        );
        assert_eq!(authority_key_id(&[0x30, 0]), Some(None));
        assert_eq!(
            general_names(&[0x30, 6, 0x87, 4, 127, 0, 0, 1]).unwrap()[0].san(),
            "127.0.0.1".parse().ok()
        );
    }

    #[test]
    fn broken_values_are_no_values() {
        for bad in [
            &[][..],
            &[0x30],
            &[0x30, 3, 1, 1, 7],
            &[0x30, 3, 2, 1, 0x80],
            &[0x30, 0, 0],
        ] {
            assert_eq!(basic_constraints(bad), None, "{bad:?}");
        }
        for bad in [
            &[3, 0][..],
            &[3, 1, 1],
            &[3, 2, 8, 0],
            &[3, 2, 2, 6],
            &[3, 4, 0, 0, 0, 1],
        ] {
            assert_eq!(key_usage(bad), None, "{bad:?}");
        }
        // Excluded before permitted: a reader that takes the order for granted would see no permitted subtrees.
        let permitted = [0xa0, 5, 0x30, 3, 0x82, 1, b'a'];
        let excluded = [0xa1, 5, 0x30, 3, 0x82, 1, b'b'];
        let both = |first: [u8; 7], second: [u8; 7]| [&[0x30, 14][..], &first, &second].concat();
        assert!(name_constraints(&both(permitted, excluded)).is_some());
        assert_eq!(name_constraints(&both(excluded, permitted)), None);
        // A subtree with a maximum.
        assert_eq!(
            name_constraints(&[0x30, 10, 0xa0, 8, 0x30, 6, 0x82, 1, b'a', 0x81, 1, 0]),
            None
        );
        assert_eq!(name_constraints(&[0x30, 0]), None);
        assert_eq!(general_names(&[0x30, 3, 0x82, 1, 0xff]), None);
        assert_eq!(general_names(&[0x30, 0]), None);
    }
}
