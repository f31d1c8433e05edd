//! What a server chose: its hello and its key exchange, message by message.

/// The random of a HelloRetryRequest (RFC 8446 §4.1.3).
pub(super) const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// What a server chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerHello {
    /// The version: `0x0303` is TLS 1.2, `0x0304` TLS 1.3.
    pub version: u16,
    /// The suite by number.
    pub suite: u16,
    /// The compression method; 0 is none.
    pub compression: u8,
    /// Whether it is a HelloRetryRequest.
    pub retry: bool,
    /// The group that a HelloRetryRequest or key share names.
    pub group: Option<u16>,
    /// The application protocol, up to TLS 1.2.
    pub alpn: Option<Vec<u8>>,
}

/// The key exchange of TLS up to 1.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// A group by number.
    Group(u16),
    /// Diffie-Hellman over a prime of so many bits.
    Prime(usize),
    /// Something else.
    Other,
}

/// Walks through the bytes of a message; `None` as soon as they do not suffice.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn number(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn list(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(usize::from(length))
    }
}

pub(super) fn server_hello(body: &[u8]) -> Option<ServerHello> {
    let mut bytes = Bytes(body);
    let version = bytes.number()?;
    let retry = bytes.take(32)? == RETRY;
    let session = bytes.byte()?;
    bytes.take(usize::from(session))?;
    let mut hello = ServerHello {
        version,
        suite: bytes.number()?,
        compression: bytes.byte()?,
        retry,
        group: None,
        alpn: None,
    };
    if bytes.0.is_empty() {
        return Some(hello);
    }
    let mut extensions = Bytes(bytes.list()?);
    while !extensions.0.is_empty() {
        let kind = extensions.number()?;
        let mut content = Bytes(extensions.list()?);
        match kind {
            16 => {
                let mut names = Bytes(content.list()?);
                let length = names.byte()?;
                hello.alpn = Some(names.take(usize::from(length))?.to_vec());
            }
            43 => hello.version = content.number()?,
            51 => hello.group = Some(content.number()?),
            _ => {}
        }
    }
    Some(hello)
}

/// The key exchange of RFC 5246 §7.4.3 and RFC 8422 §5.4, as far as it names what it is made over.
pub(super) fn key_exchange(suite: u16, body: &[u8]) -> Exchange {
    let mut bytes = Bytes(body);
    let name = super::suites::name(suite);
    let found = if name.starts_with("TLS_ECDH") {
        match bytes.byte() {
            Some(3) => bytes.number().map(Exchange::Group),
            _ => None,
        }
    } else if name.starts_with("TLS_DH") {
        bytes.list().map(|prime| Exchange::Prime(bits(prime)))
    } else {
        None
    };
    found.unwrap_or(Exchange::Other)
}

pub(super) fn bits(number: &[u8]) -> usize {
    let Some(first) = number.iter().position(|byte| *byte != 0) else {
        return 0;
    };
    let leading = number[first].leading_zeros() as usize;
    (number.len() - first) * 8 - leading
}
