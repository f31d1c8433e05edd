//! Names that go into certificates, parsed once and true ever after.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use sealock_diag::{Code, Diagnose, escape};

/// X.520's bound on a commonName (ub-common-name).
const COMMON_NAME_LIMIT: usize = 64;
/// `sealock <authority> server anchor <generation> <8 hex>` must fit a commonName, with room for
/// any `u32` generation: 64 - 8 ("sealock ") - 15 (" server anchor ") - 10 - 1 - 8.
const AUTHORITY_NAME_LIMIT: usize = 22;

/// Why a text cannot be the name it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing, or nothing but white space.
    #[error("{what} is empty")]
    Empty {
        /// Which kind of name.
        what: &'static str,
    },
    /// Longer than certificates allow.
    #[error(
        "{what} `{}` has {length} characters; at most {limit} are possible",
        escape(presented)
    )]
    TooLong {
        /// Which kind of name.
        what: &'static str,
        /// What was given.
        presented: String,
        /// Its length in characters.
        length: usize,
        /// The bound.
        limit: usize,
    },
    /// White space at an end, control, bidirectional or invisible characters.
    #[error(
        "{what} `{}` contains characters that do not show, or white space at an end",
        escape(presented)
    )]
    Invisible {
        /// Which kind of name.
        what: &'static str,
        /// What was given.
        presented: String,
    },
    /// Not what its kind of name looks like.
    #[error("`{}` is not {what}: {why}", escape(presented))]
    Malformed {
        /// Which kind of name, with its article.
        what: &'static str,
        /// What was given.
        presented: String,
        /// The rule it breaks.
        why: &'static str,
    },
}

impl Diagnose for NameError {
    fn code(&self) -> Code {
        Code(match self {
            Self::Empty { .. } => "SL-P010",
            Self::TooLong { .. } => "SL-P011",
            Self::Invisible { .. } => "SL-P012",
            Self::Malformed { .. } => "SL-P013",
        })
    }
}

fn visible(what: &'static str, text: &str, limit: usize) -> Result<(), NameError> {
    let length = text.chars().count();
    if text.trim().is_empty() {
        Err(NameError::Empty { what })
    } else if length > limit {
        let presented = text.chars().take(limit).collect();
        Err(NameError::TooLong {
            what,
            presented,
            length,
            limit,
        })
    } else if text.trim() != text || escape(text) != text {
        Err(NameError::Invisible {
            what,
            presented: text.to_owned(),
        })
    } else {
        Ok(())
    }
}

macro_rules! text_name {
    ($type:ident) => {
        impl $type {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl FromStr for $type {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::try_from(text)
            }
        }
    };
}

/// A commonName: 1 to 64 visible characters. Display only; never an identity of a server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommonName(String);

impl TryFrom<&str> for CommonName {
    type Error = NameError;
    fn try_from(text: &str) -> Result<Self, NameError> {
        visible("the common name", text, COMMON_NAME_LIMIT)?;
        Ok(Self(text.to_owned()))
    }
}

text_name!(CommonName);

/// The name of an authority: 1 to 22 of `a-z A-Z 0-9 . _ -`, so that every anchor's commonName
/// holds it, and so that it can be a file name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuthorityName(String);

impl TryFrom<&str> for AuthorityName {
    type Error = NameError;
    fn try_from(text: &str) -> Result<Self, NameError> {
        visible("the name of the authority", text, AUTHORITY_NAME_LIMIT)?;
        let lawful = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        if !text.bytes().all(lawful) || text.starts_with(['.', '-']) {
            return Err(NameError::Malformed {
                what: "the name of an authority",
                presented: text.to_owned(),
                why: "letters a-z A-Z, digits, `.`, `_` and `-` are possible, the first a letter or digit",
            });
        }
        Ok(Self(text.to_owned()))
    }
}

text_name!(AuthorityName);

/// A DNS host name in lower case, without the final dot; `*.` may be its first label.
///
/// Letters, digits, hyphens and underscores; labels of at most 63, names of at most 253 bytes.
/// Names of other alphabets go in as their `xn--` form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DnsName(String);

impl DnsName {
    /// Whether the first label is `*`.
    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with("*.")
    }

    /// Whether a certificate for `self` is good for the host `wanted`: equal, or a wildcard that
    /// stands for exactly one whole label (RFC 6125 §6.4.3). A wanted wildcard matches only itself.
    pub fn covers(&self, wanted: &Self) -> bool {
        if self.0 == wanted.0 {
            return true;
        }
        let Some(parent) = self.0.strip_prefix("*.") else {
            return false;
        };
        !wanted.is_wildcard()
            && wanted
                .0
                .split_once('.')
                .is_some_and(|(_, rest)| rest == parent)
    }
}

impl TryFrom<&str> for DnsName {
    type Error = NameError;
    fn try_from(text: &str) -> Result<Self, NameError> {
        let malformed = |why| NameError::Malformed {
            what: "a DNS name",
            presented: text.chars().take(300).collect(),
            why,
        };
        let name = text.strip_suffix('.').unwrap_or(text);
        if name.is_empty() {
            return Err(NameError::Empty {
                what: "the DNS name",
            });
        }
        if name.len() > 253 {
            return Err(malformed("it is longer than 253 bytes"));
        }
        let host = name.strip_prefix("*.").unwrap_or(name);
        for label in host.split('.') {
            if label.is_empty() {
                return Err(malformed("a label is empty"));
            }
            if label.len() > 63 {
                return Err(malformed("a label is longer than 63 bytes"));
            }
            if label.starts_with('-') || label.ends_with('-') {
                return Err(malformed("a label begins or ends with a hyphen"));
            }
            if label.contains('*') {
                return Err(malformed("a wildcard can only be the whole first label"));
            }
            if !label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            {
                return Err(malformed(
                    "letters a-z, digits, `-` and `_` are possible; write other alphabets as xn--",
                ));
            }
        }
        // All digits in the last label looks like an address to every resolver.
        if host
            .rsplit('.')
            .next()
            .is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()))
        {
            return Err(malformed(
                "the last label is a number, as in an incomplete IP address",
            ));
        }
        Ok(Self(name.to_ascii_lowercase()))
    }
}

text_name!(DnsName);

/// One subject alternative name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum San {
    /// A host name.
    Dns(DnsName),
    /// An address.
    Ip(IpAddr),
    /// A mailbox, ASCII, with one `@`.
    Email(String),
    /// A URI, ASCII, with a scheme.
    Uri(String),
}

impl San {
    /// Whether this names a server (a host name or an address).
    pub fn is_server_name(&self) -> bool {
        matches!(self, Self::Dns(_) | Self::Ip(_))
    }

    /// The name without its kind: `localhost`, `127.0.0.1`.
    pub fn value(&self) -> String {
        match self {
            Self::Dns(name) => name.to_string(),
            Self::Ip(address) => address.to_string(),
            Self::Email(text) | Self::Uri(text) => text.clone(),
        }
    }

    pub(crate) fn email(text: &str) -> Result<Self, NameError> {
        let malformed = |why| NameError::Malformed {
            what: "an e-mail address",
            presented: text.chars().take(300).collect(),
            why,
        };
        let (local, host) = text
            .split_once('@')
            .ok_or_else(|| malformed("there is no `@`"))?;
        if local.is_empty() || text.len() > 254 || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(malformed(
                "visible ASCII characters on both sides of one `@` are possible",
            ));
        }
        DnsName::try_from(host).map_err(|_| malformed("what follows the `@` is not a DNS name"))?;
        Ok(Self::Email(text.to_owned()))
    }

    pub(crate) fn uri(text: &str) -> Result<Self, NameError> {
        let malformed = |why| NameError::Malformed {
            what: "a URI",
            presented: text.chars().take(300).collect(),
            why,
        };
        let (scheme, rest) = text
            .split_once(':')
            .ok_or_else(|| malformed("there is no scheme"))?;
        let lawful = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
        if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || !scheme.bytes().all(lawful) {
            return Err(malformed("the scheme is not one"));
        }
        if rest.is_empty() || text.len() > 2048 || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(malformed("1 to 2048 visible ASCII characters are possible"));
        }
        Ok(Self::Uri(text.to_owned()))
    }
}

impl From<DnsName> for San {
    fn from(name: DnsName) -> Self {
        Self::Dns(name)
    }
}

impl From<IpAddr> for San {
    fn from(address: IpAddr) -> Self {
        Self::Ip(address)
    }
}

impl fmt::Display for San {
    /// `DNS:localhost`, `IP:127.0.0.1`, `email:…`, `URI:…`; safe to print.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => write!(f, "DNS:{name}"),
            Self::Ip(address) => write!(f, "IP:{address}"),
            Self::Email(text) => write!(f, "email:{}", escape(text)),
            Self::Uri(text) => write!(f, "URI:{}", escape(text)),
        }
    }
}

impl FromStr for San {
    type Err = NameError;

    /// `DNS:x`, `IP:x`, `email:x`, `URI:x`; without a kind a literal address is an IP (also
    /// `[::1]`), anything else a host name.
    fn from_str(text: &str) -> Result<Self, NameError> {
        let address = |text: &str| -> Option<IpAddr> {
            let bare = text
                .strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(']'))
                .unwrap_or(text);
            bare.parse().ok()
        };
        if let Some(address) = address(text) {
            return Ok(Self::Ip(address));
        }
        if let Some((kind, value)) = text.split_once(':') {
            match kind.to_ascii_lowercase().as_str() {
                "dns" => return DnsName::try_from(value).map(Self::Dns),
                "ip" => {
                    return address(value)
                        .map(Self::Ip)
                        .ok_or_else(|| NameError::Malformed {
                            what: "an IP address",
                            presented: value.to_owned(),
                            why: "write it like 192.0.2.7 or 2001:db8::7",
                        });
                }
                "email" => return Self::email(value),
                "uri" => return Self::uri(value),
                _ => {}
            }
        }
        DnsName::try_from(text).map(Self::Dns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read() {
        for (text, shown) in [
            ("LocalHost.", "DNS:localhost"),
            ("*.example.org", "DNS:*.example.org"),
            ("127.0.0.1", "IP:127.0.0.1"),
            ("[::1]", "IP:::1"),
            ("::1", "IP:::1"),
            ("ip:2001:DB8::7", "IP:2001:db8::7"),
            ("email:a@b.example", "email:a@b.example"),
            ("URI:spiffe://x/y", "URI:spiffe://x/y"),
            ("DNS:my_host", "DNS:my_host"),
        ] {
            let san: San = text.parse().unwrap();
            assert_eq!(san.to_string(), shown);
            assert_eq!(san.to_string().parse::<San>(), Ok(san));
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let long_label = "a".repeat(64);
        let long_name = format!("{}x", "abcdefghi.".repeat(26));
        for text in [
            "",
            ".",
            "a..b",
            "-a",
            "a-",
            "a b",
            "münchen",
            "a*.b",
            "*",
            "*.*.b",
            "1.2.3",
            "10.0.0.256",
            "ip:host",
            "email:nobody",
            "email:@x",
            "uri:nothing",
            "a\u{1b}b",
            "a\0b",
            "http://host",
            "host:2376",
            &long_label,
            &long_name,
        ] {
            assert!(text.parse::<San>().is_err(), "{text}");
        }
    }

    #[test]
    fn common_names_are_visible() {
        for good in ["alice", "Änne Müller", &"ü".repeat(64)] {
            assert!(CommonName::try_from(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            " ",
            " a",
            "a\n",
            "a\u{202e}b",
            "a\u{1b}[2J",
            &"a".repeat(65),
            "a\u{200b}b",
        ] {
            assert!(CommonName::try_from(bad).is_err(), "{bad}");
        }
        for bad in ["", "a b", "ä", ".hidden", "-x", "a/b", &"a".repeat(23)] {
            assert!(AuthorityName::try_from(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_wildcard_stands_for_one_label() {
        for (pattern, host, good) in [
            ("a.b", "A.b", true),
            ("*.b.c", "a.b.c", true),
            ("*.b.c", "b.c", false),
            ("*.b.c", "x.a.b.c", false),
            ("*.b.c", "*.b.c", true),
            ("*.c", "*.b.c", false),
            ("a.b", "b", false),
        ] {
            let (pattern, host) = (
                DnsName::try_from(pattern).unwrap(),
                DnsName::try_from(host).unwrap(),
            );
            assert_eq!(pattern.covers(&host), good, "{pattern} {host}");
        }
    }
}
