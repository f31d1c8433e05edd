//! Percent-encoding, decoded once and written in one way.

/// Decodes `%XX`, and `+` as a space where a query says so; `None` for a bad escape.
pub(super) fn decode(raw: &[u8], plus: Plus) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            b'%' => {
                let (&high, tail) = rest.split_first()?;
                let (&low, tail) = tail.split_first()?;
                out.push(digit(high)? << 4 | digit(low)?);
                rest = tail;
            }
            b'+' if plus == Plus::Space => out.push(b' '),
            other => out.push(other),
        }
    }
    Some(out)
}

/// What a plus sign means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Plus {
    Itself,
    Space,
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// Writes a text with everything escaped but unreserved characters and those in `also`.
pub(super) fn encode(text: &str, also: &[u8], out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || also.contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Plus, decode, encode};

    #[test]
    fn there_and_back() {
        assert_eq!(
            decode(b"a%2Fb+c%e2%82%ac", Plus::Space).unwrap(),
            "a/b c€".as_bytes()
        );
        assert_eq!(decode(b"a+b", Plus::Itself).unwrap(), b"a+b");
        for bad in [&b"%"[..], b"%4", b"%zz", b"a%2"] {
            assert_eq!(decode(bad, Plus::Space), None);
        }
        // Once only.
        assert_eq!(decode(b"%2563", Plus::Itself).unwrap(), b"%63");
        let mut out = String::new();
        encode("a/b c€%", b"/", &mut out);
        assert_eq!(out, "a/b%20c%E2%82%AC%25");
    }
}
