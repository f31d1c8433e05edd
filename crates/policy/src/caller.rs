//! Who asks: the names in a verified certificate, or the user behind a unix socket.

use sealock_diag::escape;
use std::fmt;
use std::str::FromStr;

/// One name by which a policy can mean a caller. Written `KIND:VALUE`, as in `cn:alice`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Name {
    /// A URI in the certificate's subjectAltName.
    Uri(String),
    /// A DNS name in the certificate's subjectAltName.
    Dns(String),
    /// A mail address in the certificate's subjectAltName.
    Email(String),
    /// The common name of the certificate's subject.
    Cn(String),
    /// An organizational unit of the certificate's subject.
    Ou(String),
    /// The SHA-256 of the certificate's public key (SubjectPublicKeyInfo), in lower-case hex.
    Spki(String),
    /// The certificate's serial number, in lower-case hex without leading zeros.
    Serial(String),
    /// The user of the process at the other end of a unix socket.
    Uid(u32),
    /// The primary group of that process.
    Gid(u32),
}

impl Name {
    /// The word before the colon.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Uri(_) => "uri",
            Self::Dns(_) => "dns",
            Self::Email(_) => "email",
            Self::Cn(_) => "cn",
            Self::Ou(_) => "ou",
            Self::Spki(_) => "spki",
            Self::Serial(_) => "serial",
            Self::Uid(_) => "uid",
            Self::Gid(_) => "gid",
        }
    }
}

/// The name as a policy has it, escaped: the value comes from a certificate.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind();
        match self {
            Self::Uri(text)
            | Self::Dns(text)
            | Self::Email(text)
            | Self::Cn(text)
            | Self::Ou(text)
            | Self::Spki(text)
            | Self::Serial(text) => write!(f, "{kind}:{}", escape(text)),
            Self::Uid(id) | Self::Gid(id) => write!(f, "{kind}:{id}"),
        }
    }
}

impl FromStr for Name {
    type Err = String;

    /// `KIND:VALUE`, as [`Display`](fmt::Display) writes it. The error says what is wrong, without repeating the text.
    fn from_str(text: &str) -> Result<Self, String> {
        const KINDS: &str =
            "expected KIND:VALUE with one of uri, dns, email, cn, ou, spki, serial, uid, gid";
        let (kind, value) = text.split_once(':').ok_or(KINDS)?;
        if value.is_empty() {
            return Err("there is nothing behind the colon".to_owned());
        }
        let owned = value.to_owned();
        let number = || {
            let plain = value.bytes().all(|byte| byte.is_ascii_digit());
            let number = value.parse::<u32>().ok().filter(|_| plain);
            number.ok_or_else(|| "expected a number".to_owned())
        };
        let is_hex = value
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        match kind {
            "uri" => Ok(Self::Uri(owned)),
            "dns" => Ok(Self::Dns(owned)),
            "email" => Ok(Self::Email(owned)),
            "cn" => Ok(Self::Cn(owned)),
            "ou" => Ok(Self::Ou(owned)),
            "spki" if is_hex && value.len() == 64 => Ok(Self::Spki(owned)),
            "spki" => Err("expected 64 lower-case hex digits without separators".to_owned()),
            "serial" if is_hex && !value.starts_with('0') => Ok(Self::Serial(owned)),
            "serial" => {
                Err("expected lower-case hex digits without separators or leading zeros".to_owned())
            }
            "uid" => number().map(Self::Uid),
            "gid" => number().map(Self::Gid),
            _ => Err(KINDS.to_owned()),
        }
    }
}

/// Everything a policy may know of whoever sends a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    names: Vec<Name>,
    label: String,
}

impl Caller {
    /// A caller with these names, the most telling first: the first is what its objects are labelled
    /// with and what the audit calls it.
    ///
    /// Of a certificate that is: the first URI, else the common name, else the first DNS name, else the
    /// first mail address, else the SPKI; then all others.
    pub fn new(names: Vec<Name>) -> Self {
        let label = names
            .first()
            .map_or_else(|| "nobody".to_owned(), Name::to_string);
        Self { names, label }
    }

    /// All names.
    pub fn names(&self) -> &[Name] {
        &self.names
    }

    /// The one name for messages, audit records and owner labels, as `cn:alice`.
    pub fn label(&self) -> &str {
        &self.label
    }
}

#[cfg(test)]
mod tests {
    use super::{Caller, Name};

    #[test]
    fn the_first_name_is_the_label() {
        let caller = Caller::new(vec![
            Name::Cn("al\nice".to_owned()),
            Name::Ou("ops".to_owned()),
        ]);
        assert_eq!(caller.label(), "cn:al\\u{a}ice");
        assert_eq!(Caller::new(Vec::new()).label(), "nobody");
    }

    #[test]
    fn a_name_reads_back() {
        let spki = format!("spki:{}", "0a".repeat(32));
        for text in [
            "uri:spiffe://x/ci",
            "dns:box",
            "email:a@b",
            "cn:alice: two",
            "ou:ops",
            &spki,
            "serial:4f2a",
            "uid:0",
            "gid:4294967295",
        ] {
            assert_eq!(text.parse::<Name>().unwrap().to_string(), text);
        }
        for bad in [
            "",
            "alice",
            "cn:",
            "who:x",
            "spki:0a",
            "serial:0a",
            "serial:FF",
            "uid:+1",
            "uid:4294967296",
            "gid:x",
        ] {
            assert!(bad.parse::<Name>().is_err(), "{bad}");
        }
    }
}
