//! Who asks: the names in a verified certificate, or the user behind a unix socket.

use sealock_diag::escape;
use std::fmt;

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
        assert_eq!(caller.label(), "cn:al\\nice");
        assert_eq!(Caller::new(Vec::new()).label(), "nobody");
    }
}
