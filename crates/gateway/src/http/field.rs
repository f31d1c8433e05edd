//! Header fields: where they are in a head, and what they mean to whoever passes them on.

use std::ops::Range;

/// What a field means to a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing: it is passed on.
    Other,
    Host,
    Connection,
    ContentLength,
    TransferEncoding,
    Upgrade,
    Expect,
    ContentType,
    AcceptEncoding,
    Trailer,
    /// It is about this connection only, and not passed on.
    Hop,
    /// It claims to come from a proxy; from a client it is not believed, and not passed on.
    Forged,
}

impl Kind {
    /// By the field's name.
    pub(crate) fn of(name: &[u8]) -> Self {
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        // Length and first letter decide nearly always, so most names cost one comparison or none.
        match (name.len(), name.first().map_or(0, |byte| byte | 0x20)) {
            (2, b't') if is("te") => Self::Hop,
            (4, b'h') if is("host") => Self::Host,
            (6, b'e') if is("expect") => Self::Expect,
            (7, b'u') if is("upgrade") => Self::Upgrade,
            (7, b't') if is("trailer") => Self::Trailer,
            (9, b'f') if is("forwarded") => Self::Forged,
            (9, b'x') if is("x-real-ip") => Self::Forged,
            (10, b'c') if is("connection") => Self::Connection,
            (10, b'k') if is("keep-alive") => Self::Hop,
            (12, b'c') if is("content-type") => Self::ContentType,
            (14, b'c') if is("content-length") => Self::ContentLength,
            (14, b'h') if is("http2-settings") => Self::Hop,
            (15, b'a') if is("accept-encoding") => Self::AcceptEncoding,
            (16, b'p') if is("proxy-connection") => Self::Hop,
            (17, b't') if is("transfer-encoding") => Self::TransferEncoding,
            (18, b'p') if is("proxy-authenticate") => Self::Hop,
            (19, b'p') if is("proxy-authorization") => Self::Hop,
            (11.., b'x') if begins(name, "x-forwarded-") || begins(name, "x-sealock-") => {
                Self::Forged
            }
            _ => Self::Other,
        }
    }

    /// Whether a field of this kind may come behind a body: nothing that frames, routes or claims.
    pub(crate) fn may_trail(self) -> bool {
        self == Self::Other
    }

    /// Whether somebody who names a field of this kind in `Connection` would have it taken away
    /// although a decision rests on it.
    pub(crate) fn must_stay(self) -> bool {
        matches!(
            self,
            Self::Host | Self::ContentLength | Self::TransferEncoding | Self::ContentType
        )
    }
}

fn begins(name: &[u8], prefix: &str) -> bool {
    name.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
}

/// Where something is in the bytes of a head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// Where `part` is in `whole`, of which it is a piece.
    pub(super) fn of(part: &[u8], whole: &[u8]) -> Self {
        // Both are addresses in one head, whose size is bounded far below four gigabytes.
        let start = (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize);
        let clamp = |at: usize| u32::try_from(at.min(whole.len())).unwrap_or(u32::MAX);
        Self {
            start: clamp(start),
            end: clamp(start + part.len()),
        }
    }

    /// The bytes.
    pub(crate) fn of_head(self, head: &[u8]) -> &[u8] {
        let range: Range<usize> = self.start as usize..self.end as usize;
        head.get(range).unwrap_or_default()
    }
}

/// One field of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) kind: Kind,
    pub(crate) name: Span,
    pub(crate) value: Span,
}

/// The elements of a list field, trimmed, without the empty ones.
pub(crate) fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value
        .split(|byte| *byte == b',')
        .map(<[u8]>::trim_ascii)
        .filter(|element| !element.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{Kind, Span, elements};

    #[test]
    fn names_are_known_in_any_case() {
        for (name, kind) in [
            ("TE", Kind::Hop),
            ("hOST", Kind::Host),
            ("Expect", Kind::Expect),
            ("upgrade", Kind::Upgrade),
            ("Trailer", Kind::Trailer),
            ("Forwarded", Kind::Forged),
            ("X-Real-IP", Kind::Forged),
            ("CONNECTION", Kind::Connection),
            ("Keep-Alive", Kind::Hop),
            ("Content-Type", Kind::ContentType),
            ("Content-Length", Kind::ContentLength),
            ("HTTP2-Settings", Kind::Hop),
            ("Accept-Encoding", Kind::AcceptEncoding),
            ("Proxy-Connection", Kind::Hop),
            ("Transfer-Encoding", Kind::TransferEncoding),
            ("Proxy-Authenticate", Kind::Hop),
            ("Proxy-Authorization", Kind::Hop),
            ("X-Forwarded-For", Kind::Forged),
            ("x-forwarded-", Kind::Forged),
            ("X-SEALOCK-Identity", Kind::Forged),
            ("X-Registry-Auth", Kind::Other),
            ("X-Docker-Expose-Session-Uuid", Kind::Other),
            ("Content-Lengt", Kind::Other),
            ("Hosts", Kind::Other),
            ("", Kind::Other),
        ] {
            assert_eq!(Kind::of(name.as_bytes()), kind, "{name}");
        }
    }

    #[test]
    fn lists_and_spans() {
        let list: Vec<&[u8]> = elements(b" close ,, Upgrade\t,").collect();
        assert_eq!(list, [&b"close"[..], b"Upgrade"]);
        let whole = b"GET / HTTP/1.1";
        assert_eq!(Span::of(&whole[4..5], whole).of_head(whole), b"/");
        assert_eq!(Span::of(b"", whole).of_head(b""), b"");
    }
}
