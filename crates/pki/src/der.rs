//! A small DER writer, and the few lines of reading that need no parser (X.690).
//!
//! Certificates, CRLs and keys are written here from nothing, so that what leaves is exactly what
//! the profile says; names of foreign issuers go through as the bytes they are.

use crate::Timestamp;

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OID: u8 = 0x06;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const PRINTABLE_STRING: u8 = 0x13;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// `[number]` primitive, context-specific.
pub(crate) const fn context(number: u8) -> u8 {
    0x80 | number
}

/// `[number]` constructed, context-specific.
pub(crate) const fn context_constructed(number: u8) -> u8 {
    0xa0 | number
}

/// Appends DER to a buffer; lengths are put in when a value is closed.
pub(crate) struct Writer {
    out: Vec<u8>,
}

impl Writer {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self {
            out: Vec::with_capacity(bytes),
        }
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.out
    }

    /// A value whose content `fill` writes.
    pub(crate) fn nested(&mut self, tag: u8, fill: impl FnOnce(&mut Self)) {
        self.out.push(tag);
        // One byte for the length is a guess that is right for nearly every inner value.
        self.out.push(0);
        let start = self.out.len();
        fill(self);
        let length = self.out.len() - start;
        let mut encoded = [0; 9];
        let used = encode_length(length, &mut encoded);
        let encoded = encoded.get(..used).unwrap_or_default();
        self.out.splice(start - 1..start, encoded.iter().copied());
    }

    pub(crate) fn sequence(&mut self, fill: impl FnOnce(&mut Self)) {
        self.nested(SEQUENCE, fill);
    }

    /// A value whose content is at hand.
    pub(crate) fn value(&mut self, tag: u8, content: &[u8]) {
        self.out.push(tag);
        let mut encoded = [0; 9];
        let used = encode_length(content.len(), &mut encoded);
        self.out
            .extend_from_slice(encoded.get(..used).unwrap_or_default());
        self.out.extend_from_slice(content);
    }

    /// DER that is already complete.
    pub(crate) fn raw(&mut self, der: &[u8]) {
        self.out.extend_from_slice(der);
    }

    pub(crate) fn oid(&mut self, content: &[u8]) {
        self.value(OID, content);
    }

    /// A non-negative INTEGER of these big-endian bytes.
    pub(crate) fn unsigned(&mut self, magnitude: &[u8]) {
        self.integer_like(INTEGER, magnitude);
    }

    pub(crate) fn integer_like(&mut self, tag: u8, magnitude: &[u8]) {
        let start = magnitude
            .iter()
            .position(|b| *b != 0)
            .unwrap_or(magnitude.len());
        let significant = magnitude.get(start..).unwrap_or_default();
        let needs_zero = significant.first().is_none_or(|first| first & 0x80 != 0);
        self.nested(tag, |w| {
            if needs_zero {
                w.out.push(0);
            }
            w.out.extend_from_slice(significant);
        });
    }

    pub(crate) fn number(&mut self, number: u64) {
        self.unsigned(&number.to_be_bytes());
    }

    pub(crate) fn truth(&mut self) {
        self.value(BOOLEAN, &[0xff]);
    }

    /// A BIT STRING of whole bytes.
    pub(crate) fn bits(&mut self, bytes: &[u8]) {
        self.nested(BIT_STRING, |w| {
            w.out.push(0);
            w.out.extend_from_slice(bytes);
        });
    }

    /// A named-bit list: bit 0 is the highest bit of the first byte; trailing zeros are cut, as DER
    /// demands (X.690 §11.2.2).
    pub(crate) fn named_bits(&mut self, bits: u16) {
        let bytes = bits.to_be_bytes();
        let used = if bits & 0xff != 0 {
            2
        } else {
            usize::from(bits != 0)
        };
        let unused = if used == 0 {
            0
        } else {
            bits.trailing_zeros() % 8
        };
        self.nested(BIT_STRING, |w| {
            w.out.push(u8::try_from(unused).unwrap_or(0));
            w.out
                .extend_from_slice(bytes.get(..used).unwrap_or_default());
        });
    }

    /// UTCTime through 2049, GeneralizedTime from 2050 (RFC 5280 §4.1.2.5). Clamped to what
    /// certificates can say.
    pub(crate) fn time(&mut self, at: Timestamp) {
        let c = at.clamp(Timestamp::MIN, Timestamp::MAX).civil();
        let mut text = [b'0'; 15];
        let parts = [
            c.year / 100,
            c.year % 100,
            c.month,
            c.day,
            c.hour,
            c.minute,
            c.second,
        ];
        for (slot, part) in text.chunks_exact_mut(2).zip(parts) {
            let part = u8::try_from(part.clamp(0, 99)).unwrap_or(0);
            if let [tens, ones] = slot {
                *tens = b'0' + part / 10;
                *ones = b'0' + part % 10;
            }
        }
        text[14] = b'Z';
        if c.year < 2050 {
            self.value(UTC_TIME, &text[2..]);
        } else {
            self.value(GENERALIZED_TIME, &text);
        }
    }

    /// An Extension (RFC 5280 §4.1): critical is written only when true.
    pub(crate) fn extension(
        &mut self,
        oid: &[u8],
        critical: Critical,
        fill: impl FnOnce(&mut Self),
    ) {
        self.sequence(|w| {
            w.oid(oid);
            if critical == Critical::Yes {
                w.truth();
            }
            w.nested(OCTET_STRING, fill);
        });
    }

    /// One RDN of one attribute; PrintableString where the text allows it, else UTF8String.
    pub(crate) fn attribute(&mut self, oid: &[u8], text: &str) {
        let tag = if text.bytes().all(is_printable_string) {
            PRINTABLE_STRING
        } else {
            UTF8_STRING
        };
        self.nested(SET, |w| {
            w.sequence(|w| {
                w.oid(oid);
                w.value(tag, text.as_bytes());
            });
        });
    }
}

/// Whether an extension must be understood.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Critical {
    Yes,
    No,
}

fn is_printable_string(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&b)
}

/// Writes a definite length in its shortest form; returns how many bytes it took.
fn encode_length(length: usize, into: &mut [u8; 9]) -> usize {
    if let (true, Ok(short)) = (length < 0x80, u8::try_from(length)) {
        into[0] = short;
        return 1;
    }
    let bytes = (length as u64).to_be_bytes();
    let start = bytes.iter().position(|b| *b != 0).unwrap_or(7);
    let significant = &bytes[start..];
    into[0] = 0x80 | (8 - start) as u8;
    into[1..=significant.len()].copy_from_slice(significant);
    1 + significant.len()
}

/// One value taken off the front of `input`.
pub(crate) struct Value<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    /// Tag, length and content.
    pub(crate) whole: &'a [u8],
    /// What follows it.
    pub(crate) rest: &'a [u8],
}

/// Takes one DER value; `None` for anything but a low tag with a definite, shortest length.
pub(crate) fn take(input: &[u8]) -> Option<Value<'_>> {
    let (&tag, after) = input.split_first()?;
    let (&first, mut after) = after.split_first()?;
    let mut length = usize::from(first);
    if first >= 0x80 {
        let count = usize::from(first & 0x7f);
        if !(1..=4).contains(&count) || after.len() < count {
            return None;
        }
        let (bytes, rest) = after.split_at(count);
        length = bytes.iter().fold(0, |sum, b| sum << 8 | usize::from(*b));
        if bytes.first() == Some(&0) || length < 0x80 {
            return None;
        }
        after = rest;
    }
    let content = after.get(..length)?;
    let rest = after.get(length..)?;
    let whole = input.get(..input.len() - rest.len())?;
    (tag & 0x1f != 0x1f).then_some(Value {
        tag,
        content,
        whole,
        rest,
    })
}

/// [`take`], for a value that must have this tag.
pub(crate) fn expect(tag: u8, input: &[u8]) -> Option<Value<'_>> {
    take(input).filter(|value| value.tag == tag)
}

/// Takes a UTCTime or GeneralizedTime in the only form RFC 5280 allows: seconds, and `Z`.
pub(crate) fn read_time(input: &[u8]) -> Option<(Timestamp, &[u8])> {
    let value = take(input)?;
    let (century, digits) = match (value.tag, value.content.len()) {
        (UTC_TIME, 13) => {
            let late = value.content.first()? < &b'5';
            (Some(if late { "20" } else { "19" }), value.content)
        }
        (GENERALIZED_TIME, 15) => (None, value.content),
        _ => return None,
    };
    let digits = std::str::from_utf8(digits.strip_suffix(b"Z")?).ok()?;
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let all = format!("{}{digits}", century.unwrap_or_default());
    let part = |from: usize, to: usize| all.get(from..to).unwrap_or_default();
    let text = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4),
        part(4, 6),
        part(6, 8),
        part(8, 10),
        part(10, 12),
        part(12, 14)
    );
    Some((text.parse().ok()?, value.rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(fill: impl FnOnce(&mut Writer)) -> Vec<u8> {
        let mut writer = Writer::with_capacity(16);
        fill(&mut writer);
        writer.finish()
    }

    #[test]
    fn values_are_written_as_x690_says() {
        let cases: [(Vec<u8>, &[u8]); 12] = [
            (written(|w| w.number(0)), &[2, 1, 0]),
            (written(|w| w.number(127)), &[2, 1, 127]),
            (written(|w| w.number(128)), &[2, 2, 0, 128]),
            (written(|w| w.unsigned(&[0, 0, 0x80])), &[2, 2, 0, 0x80]),
            (written(|w| w.truth()), &[1, 1, 0xff]),
            (written(|w| w.named_bits(0x8000)), &[3, 2, 7, 0x80]),
            (written(|w| w.named_bits(0x0600)), &[3, 2, 1, 0x06]),
            (written(|w| w.named_bits(0x0080)), &[3, 3, 7, 0, 0x80]),
            (written(|w| w.named_bits(0)), &[3, 1, 0]),
            (
                written(|w| w.time("2049-12-31T23:59:59Z".parse().unwrap())),
                b"\x17\x0d491231235959Z",
            ),
            (
                written(|w| w.time("2050-01-01T00:00:00Z".parse().unwrap())),
                b"\x18\x0f20500101000000Z",
            ),
            (
                written(|w| w.time(Timestamp::from_unix(i64::MAX))),
                b"\x18\x0f99991231235959Z",
            ),
        ];
        for (got, wanted) in cases {
            assert_eq!(got, wanted);
        }
    }

    #[test]
    fn lengths_take_their_shortest_form_and_are_read_back() {
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let content = vec![7; length];
            let flat = written(|w| w.value(OCTET_STRING, &content));
            let nested = written(|w| w.nested(OCTET_STRING, |w| w.raw(&content)));
            assert_eq!(flat, nested);
            let value = expect(OCTET_STRING, &flat).unwrap();
            assert_eq!(
                (value.content, value.rest.len(), value.whole),
                (&content[..], 0, &flat[..])
            );
        }
        for bad in [
            &[][..],
            &[4],
            &[4, 1],
            &[4, 0x80],
            &[4, 0x81, 5, 0],
            &[4, 0x82, 0, 0x80],
            &[0x1f, 0],
            &[4, 0x85, 0, 0, 0, 0, 0],
        ] {
            assert!(take(bad).is_none(), "{bad:?}");
        }
    }
}
