//! Names of subjects and issuers for people, whatever their encoding.

use sealock_diag::escape;

use crate::der::{self, take};
use crate::oid;

/// More than this of a name is not shown: a name is a line, not a payload.
const SHOWN: usize = 2048;

/// A Name as text in the order of its encoding, as `openssl x509` prints it: `O=sealock, CN=alice`;
/// values of one RDN are joined by `+`. RFC 4514 escapes, then [`escape`]: safe to print.
pub(crate) fn display(name: &[u8]) -> String {
    let mut out = String::new();
    each_attribute(name, |first_of_set, kind, tag, content| {
        if out.len() >= SHOWN {
            return;
        }
        if !out.is_empty() {
            out.push_str(if first_of_set { ", " } else { " + " });
        }
        out.push_str(&short_name(kind));
        out.push('=');
        match text(tag, content) {
            Some(text) => push_escaped(&mut out, &text),
            None => {
                out.push('#');
                content
                    .iter()
                    .take(64)
                    .for_each(|b| out.push_str(&format!("{b:02x}")));
            }
        }
    });
    if out.len() > SHOWN {
        let end = (0..=SHOWN)
            .rev()
            .find(|at| out.is_char_boundary(*at))
            .unwrap_or(0);
        out.truncate(end);
        out.push('…');
    }
    out
}

/// The last commonName of a Name, unescaped.
pub(crate) fn common_name(name: &[u8]) -> Option<String> {
    let mut found = None;
    each_attribute(name, |_, kind, tag, content| {
        if kind == oid::COMMON_NAME {
            found = text(tag, content).or(found.take());
        }
    });
    found
}

/// Every organizationalUnitName of a Name, unescaped.
pub(crate) fn organizational_units(name: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    each_attribute(name, |_, kind, tag, content| {
        if kind == oid::ORGANIZATIONAL_UNIT {
            found.extend(text(tag, content));
        }
    });
    found
}

/// Every emailAddress of a Name: name constraints bind these as well (RFC 5280 §4.2.1.10).
pub(crate) fn email_addresses(name: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    each_attribute(name, |_, kind, tag, content| {
        if kind == oid::EMAIL_ADDRESS {
            found.extend(text(tag, content));
        }
    });
    found
}

/// Whether `prefix`'s RDNs are the first RDNs of `name`: texts are compared without regard to their
/// string type, case, or runs of white space (RFC 5280 §7.1, in short).
pub(crate) fn is_within(name: &[u8], prefix: &[u8]) -> bool {
    comparable(name).starts_with(&comparable(prefix))
}

type ComparableRdn = Vec<(Vec<u8>, Result<String, Vec<u8>>)>;

fn comparable(name: &[u8]) -> Vec<ComparableRdn> {
    let mut rdns: Vec<ComparableRdn> = Vec::new();
    each_attribute(name, |first_of_set, kind, tag, content| {
        let value = text(tag, content)
            .map(|text| {
                text.split_whitespace()
                    .collect::<Vec<_>>()
                    .join(" ")
                    .to_lowercase()
            })
            .ok_or_else(|| content.to_vec());
        match rdns.last_mut() {
            Some(rdn) if !first_of_set => rdn.push((kind.to_vec(), value)),
            _ => rdns.push(vec![(kind.to_vec(), value)]),
        }
    });
    rdns
}

/// Whether this is a Name of no RDN.
pub(crate) fn is_empty(name: &[u8]) -> bool {
    name == [0x30, 0]
}

fn each_attribute(name: &[u8], mut visit: impl FnMut(bool, &[u8], u8, &[u8])) {
    let Some(name) = der::expect(der::SEQUENCE, name) else {
        return;
    };
    let mut sets = name.content;
    while let Some(set) = der::expect(der::SET, sets) {
        let mut attributes = set.content;
        let mut first = true;
        while let Some(attribute) = der::expect(der::SEQUENCE, attributes) {
            if let Some(kind) = der::expect(der::OID, attribute.content)
                && let Some(value) = take(kind.rest)
            {
                visit(first, kind.content, value.tag, value.content);
                first = false;
            }
            attributes = attribute.rest;
        }
        sets = set.rest;
    }
}

fn short_name(kind: &[u8]) -> String {
    let known = match kind {
        [0x55, 4, number] => match number {
            3 => "CN",
            4 => "SN",
            5 => "serialNumber",
            6 => "C",
            7 => "L",
            8 => "ST",
            9 => "street",
            10 => "O",
            11 => "OU",
            12 => "title",
            42 => "GN",
            _ => return oid::dotted(kind),
        },
        oid::EMAIL_ADDRESS => "emailAddress",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1] => "UID",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25] => "DC",
        other => return oid::dotted(other),
    };
    known.into()
}

/// The text of a string type; `None` for what is no text.
fn text(tag: u8, content: &[u8]) -> Option<String> {
    let content = content.get(..content.len().min(SHOWN))?;
    match tag {
        // UTF8String, NumericString, PrintableString, IA5String, VisibleString.
        0x0c | 0x12 | 0x13 | 0x16 | 0x1a => Some(String::from_utf8_lossy(content).into_owned()),
        // TeletexString, in practice Latin-1.
        0x14 => Some(content.iter().map(|b| char::from(*b)).collect()),
        // BMPString.
        0x1e => {
            let units = content
                .chunks_exact(2)
                .map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            Some(
                char::decode_utf16(units)
                    .map(|unit| unit.unwrap_or('\u{fffd}'))
                    .collect(),
            )
        }
        // UniversalString.
        0x1c => {
            let units = content
                .chunks_exact(4)
                .map(|four| u32::from_be_bytes([four[0], four[1], four[2], four[3]]));
            Some(
                units
                    .map(|unit| char::from_u32(unit).unwrap_or('\u{fffd}'))
                    .collect(),
            )
        }
        _ => None,
    }
}

fn push_escaped(out: &mut String, text: &str) {
    let last = text.chars().count().saturating_sub(1);
    let mut plain = String::with_capacity(text.len());
    for (index, c) in text.chars().enumerate() {
        let at_edge = index == 0 || index == last;
        if matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';')
            || (c == ' ' && at_edge)
            || (c == '#' && index == 0)
        {
            plain.push('\\');
        }
        plain.push(c);
    }
    out.push_str(&escape(&plain));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::der::Writer;

    fn name(attributes: &[(&[u8], u8, &[u8])]) -> Vec<u8> {
        let mut w = Writer::with_capacity(64);
        w.sequence(|w| {
            for (kind, tag, content) in attributes {
                w.nested(der::SET, |w| {
                    w.sequence(|w| {
                        w.oid(kind);
                        w.value(*tag, content);
                    })
                });
            }
        });
        w.finish()
    }

    #[test]
    fn every_encoding_is_shown_and_none_drives_a_terminal() {
        let cases: [(u8, &[u8], &str); 12] = [
            (0x0c, "Änne".as_bytes(), "CN=Änne"),
            (0x13, b"a, b+c", "CN=a\\, b\\+c"),
            (0x0c, b"\x1b[2Jx", "CN=\\u{1b}[2Jx"),
            (0x0c, b"\xff\xfe", "CN=\u{fffd}\u{fffd}"),
            (0x14, b"\xc4nne", "CN=Änne"),
            (0x1e, b"\x00A\x20\x2e", "CN=A\\u{202e}"),
            (0x1e, b"\xd8\x00\x00", "CN=\u{fffd}"),
            (0x1c, b"\x00\x00\x00A\xff\xff\xff\xff", "CN=A\u{fffd}"),
            (0x04, b"\x01\x02", "CN=#0102"),
            (0x0c, b"", "CN="),
            (0x0c, b" #", "CN=\\ #"),
            (0x0c, b"a\0b", "CN=a\\u{0}b"),
        ];
        for (tag, content, shown) in cases {
            assert_eq!(display(&name(&[(oid::COMMON_NAME, tag, content)])), shown);
        }
        assert!(display(&name(&[(oid::COMMON_NAME, 0x0c, &[b'x'; 100_000])])).len() < 2100);
        let long: Vec<_> = (0..5000)
            .map(|_| (oid::ORGANIZATION, 0x0c, &b"unit"[..]))
            .collect();
        assert!(display(&name(&long)).len() < 2100);
        assert_eq!(display(b"garbage"), "");
        assert_eq!(common_name(&name(&[(oid::ORGANIZATION, 0x0c, b"x")])), None);
    }
}
