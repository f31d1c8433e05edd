//! What a client offers to speak, read from its first message before the session that answers it is made.
//!
//! Only a hint: whatever cannot be read here is read again, strictly, by the TLS library.

/// The type of a handshake record, and that of a ClientHello in it.
const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
/// The extension that lists protocols (RFC 7301).
const ALPN: [u8; 2] = [0, 16];
/// The longest record there is, with its header.
const RECORD: usize = 5 + 16 * 1024;

/// Whether the first record is there as a whole, or never will be.
pub(super) fn is_whole(first: &[u8]) -> bool {
    match first {
        [HANDSHAKE, _, _, high, low, rest @ ..] => {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            rest.len() >= length || first.len() >= RECORD
        }
        [HANDSHAKE, ..] | [] => false,
        _ => true,
    }
}

/// The protocols that are offered, the first choice first; none when there are none, or when the message goes over
/// several records, which no client of today sends.
pub(super) fn protocols(first: &[u8]) -> Vec<&[u8]> {
    read(first).unwrap_or_default()
}

fn read(first: &[u8]) -> Option<Vec<&[u8]>> {
    let mut record = first.strip_prefix(&[HANDSHAKE])?;
    take(&mut record, 2)?;
    let mut message = counted(&mut record, 2)?.strip_prefix(&[CLIENT_HELLO])?;
    let mut hello = counted(&mut message, 3)?;
    // Version and random, then session, suites and compression.
    take(&mut hello, 2 + 32)?;
    for length in [1, 2, 1] {
        counted(&mut hello, length)?;
    }
    let mut extensions = counted(&mut hello, 2)?;
    while !extensions.is_empty() {
        let kind = take(&mut extensions, 2)?;
        let mut content = counted(&mut extensions, 2)?;
        if kind == ALPN {
            let mut list = counted(&mut content, 2)?;
            let mut found = Vec::new();
            while !list.is_empty() {
                found.push(counted(&mut list, 1).filter(|name| !name.is_empty())?);
            }
            return Some(found);
        }
    }
    None
}

fn take<'a>(from: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = from.split_at_checked(count)?;
    *from = rest;
    Some(taken)
}

/// What stands behind its own length, which has so many bytes.
fn counted<'a>(from: &mut &'a [u8], bytes: usize) -> Option<&'a [u8]> {
    let length = take(from, bytes)?;
    let length = length
        .iter()
        .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
    take(from, length)
}

#[cfg(test)]
mod tests {
    use super::{is_whole, protocols};

    /// A ClientHello with an empty session, one suite, and these extensions.
    fn hello(extensions: &[u8]) -> Vec<u8> {
        let mut hello = vec![3, 3];
        hello.extend([7; 32]);
        hello.extend([0, 0, 2, 0x13, 1, 1, 0]);
        hello.extend((extensions.len() as u16).to_be_bytes());
        hello.extend(extensions);
        let mut message = vec![1, 0];
        message.extend((hello.len() as u16).to_be_bytes());
        message.extend(hello);
        let mut record = vec![22, 3, 1];
        record.extend((message.len() as u16).to_be_bytes());
        record.extend(message);
        record
    }

    #[test]
    fn what_is_offered_is_read_and_what_is_cut_is_not() {
        let whole = hello(b"\0\x0a\0\x02\0\x1d\0\x10\0\x0b\0\x09\x03tds\x04mqtt");
        assert_eq!(protocols(&whole), [&b"tds"[..], b"mqtt"]);
        for cut in 0..whole.len() {
            assert!(!is_whole(&whole[..cut]), "{cut}");
            assert!(protocols(&whole[..cut]).is_empty(), "{cut}");
        }
        assert!(is_whole(&whole));
        for none in [
            &hello(b"")[..],
            &hello(b"\0\x10\0\x03\0\x01\0"),
            &hello(b"\0\x10\0\x01\0"),
            b"GET / HTTP/1.1\r\n",
        ] {
            assert!(protocols(none).is_empty() && is_whole(none), "{none:?}");
        }
    }
}
