//! What can go wrong on a TLS connection, told apart.

use crate::Alert;
use crate::revocation::Undecided;
use sealock_diag::{Code, Diagnose, escape};
use sealock_pki::Timestamp;
use std::io;
use thiserror::Error;

/// A connection that did not come about, or broke.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TlsError {
    /// The peer refused us and said so.
    #[error("the peer refused the connection: alert {alert}")]
    AlertReceived {
        /// The alert as received.
        alert: Alert,
    },
    /// The peer does not speak TLS on this connection.
    #[error("the peer does not speak TLS: it sent {spoken}")]
    PlainText {
        /// What it speaks instead.
        spoken: Spoken,
        /// The first bytes, escaped.
        start: String,
    },
    /// We refused the server.
    #[error("the server is not trusted")]
    ServerRefused(#[source] ServerRefusal),
    /// Our server refused the client.
    #[error("the client is not trusted")]
    ClientRefused(#[source] ClientRefusal),
    /// The peer broke the rules of TLS, or has nothing in common with us.
    #[error("the peer broke the TLS protocol: {detail}")]
    Protocol {
        /// What rustls says of it.
        detail: String,
    },
    /// The peer closed the connection.
    #[error("the peer closed the connection")]
    Closed,
    /// The peer, or something on the way, reset the connection.
    #[error("the connection was reset")]
    Reset,
    /// The time for the exchange was up.
    #[error("the peer did not answer in time")]
    Timeout,
    /// Anything else the operating system reports.
    #[error("the connection failed: {detail}")]
    Io {
        /// The kind of the error.
        kind: io::ErrorKind,
        /// Its text.
        detail: String,
    },
}

/// What a peer that does not speak TLS spoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spoken {
    /// Plain HTTP, a request or an answer.
    Http,
    /// Something else.
    Other,
}

impl std::fmt::Display for Spoken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Http => "plain HTTP",
            Self::Other => "something else",
        })
    }
}

/// Why we do not trust a server.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ServerRefusal {
    /// No path leads from the certificate to an anchor of ours.
    #[error("its certificate is signed by {issuer}, which is none of our anchors")]
    UnknownIssuer {
        /// The issuer named in the certificate, escaped; `nobody we can read` when it does not parse.
        issuer: String,
    },
    /// The certificate is for other names.
    #[error("its certificate is for {}, not for {expected}", listed(presented))]
    NameMismatch {
        /// The name that was connected to.
        expected: String,
        /// The names in the certificate, escaped.
        presented: Vec<String>,
    },
    /// A certificate is past its notAfter.
    #[error("its certificate expired at {not_after}; it is {at}")]
    Expired {
        /// The time of the judgement.
        at: Timestamp,
        /// The end of the certificate's life.
        not_after: Timestamp,
    },
    /// A certificate is before its notBefore.
    #[error("its certificate is valid only from {not_before}; it is {at}")]
    NotYetValid {
        /// The time of the judgement.
        at: Timestamp,
        /// The start of the certificate's life.
        not_before: Timestamp,
    },
    /// The certificate may not be used by a server.
    #[error("its certificate is not for servers: {detail}")]
    WrongPurpose {
        /// The purposes as they stand in the certificate.
        detail: String,
    },
    /// The certificate fails one of the other rules.
    #[error("its certificate is not acceptable: {detail}")]
    Unacceptable {
        /// Which rule, in words.
        detail: String,
    },
}

/// Why our server does not trust a client.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ClientRefusal {
    /// The client sent no certificate.
    #[error("it sent no certificate")]
    NoCertificate,
    /// The client's certificate is not acceptable.
    #[error("its certificate is not acceptable: {detail}")]
    Unacceptable {
        /// Which rule, in words.
        detail: String,
    },
    /// The client's certificate is on its issuer's revocation list.
    #[error("its certificate was revoked")]
    Revoked,
    /// No list that can be relied upon says whether the client's certificate was revoked.
    #[error("whether its certificate was revoked cannot be told: {detail}")]
    RevocationUnknown {
        /// What is wrong with the list, in words.
        detail: String,
    },
}

/// Settings that cannot work.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SettingsError {
    /// An identity needs a certificate.
    #[error("the identity has no certificate")]
    EmptyChain,
    /// The TLS library cannot use the key.
    #[error("the private key cannot be used for TLS: {detail}")]
    KeyUnusable {
        /// What the library says.
        detail: String,
    },
    /// The key belongs to another certificate.
    #[error("the private key does not belong to the certificate of {subject}")]
    KeyMismatch {
        /// The subject of the certificate, escaped.
        subject: String,
    },
    /// Verification without anchors would accept nobody.
    #[error("there is no trust anchor to verify with")]
    NoAnchors,
    /// An anchor cannot be read by the TLS library.
    #[error("the trust anchor {subject} cannot be used: {detail}")]
    AnchorUnusable {
        /// The subject of the anchor, escaped.
        subject: String,
        /// What the library says.
        detail: String,
    },
    /// Asking for lists without having one would accept nobody.
    #[error("there is no revocation list to verify with")]
    NoLists,
    /// A revocation list cannot be read by the TLS library.
    #[error("a revocation list cannot be used: {detail}")]
    ListUnusable {
        /// What the library says.
        detail: String,
    },
    /// Only DNS names and IP addresses name a server.
    #[error("{name} cannot be the name of a server")]
    NameUnusable {
        /// The name given, escaped.
        name: String,
    },
}

impl TlsError {
    /// The TLS error inside an I/O error of a [`crate::TlsStream`], or what its kind amounts to.
    pub fn from_io(error: &io::Error) -> Self {
        if let Some(inner) = error.get_ref() {
            if let Some(known) = inner.downcast_ref::<Self>() {
                return known.clone();
            }
            if let Some(known) = inner.downcast_ref::<rustls::Error>() {
                return Self::from_rustls(known);
            }
        }
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Closed,
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => Self::Reset,
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Self::Timeout,
            kind => Self::Io {
                kind,
                detail: escape(&error.to_string()),
            },
        }
    }

    /// Into the error that `Read` and `Write` hand on.
    pub fn into_io(self) -> io::Error {
        let kind = match &self {
            Self::Closed => io::ErrorKind::UnexpectedEof,
            Self::Reset => io::ErrorKind::ConnectionReset,
            Self::Timeout => io::ErrorKind::TimedOut,
            Self::Io { kind, .. } => *kind,
            Self::AlertReceived { .. } => io::ErrorKind::PermissionDenied,
            _ => io::ErrorKind::InvalidData,
        };
        io::Error::new(kind, self)
    }

    pub(crate) fn from_rustls(error: &rustls::Error) -> Self {
        match error {
            rustls::Error::AlertReceived(description) => Self::AlertReceived {
                alert: Alert::from_number(u8::from(*description)),
            },
            rustls::Error::NoCertificatesPresented => {
                Self::ClientRefused(ClientRefusal::NoCertificate)
            }
            // A client's verdict on a server is noted by its verifier, in richer words than these.
            rustls::Error::InvalidCertificate(rustls::CertificateError::Revoked) => {
                Self::ClientRefused(ClientRefusal::Revoked)
            }
            rustls::Error::InvalidCertificate(error) => {
                Self::ClientRefused(match Undecided::within(error) {
                    Some(Undecided(detail)) => ClientRefusal::RevocationUnknown {
                        detail: detail.clone(),
                    },
                    None => ClientRefusal::Unacceptable {
                        detail: escape(&error.to_string()),
                    },
                })
            }
            other => Self::Protocol {
                detail: escape(&other.to_string()),
            },
        }
    }
}

impl Diagnose for TlsError {
    fn code(&self) -> Code {
        Code(match self {
            Self::AlertReceived { .. } => "SL-T101",
            Self::PlainText { .. } => "SL-T102",
            Self::ServerRefused(refusal) => match refusal {
                ServerRefusal::UnknownIssuer { .. } => "SL-T111",
                ServerRefusal::NameMismatch { .. } => "SL-T112",
                ServerRefusal::Expired { .. } => "SL-T113",
                ServerRefusal::NotYetValid { .. } => "SL-T114",
                ServerRefusal::WrongPurpose { .. } => "SL-T115",
                ServerRefusal::Unacceptable { .. } => "SL-T116",
            },
            Self::ClientRefused(refusal) => match refusal {
                ClientRefusal::NoCertificate => "SL-T121",
                ClientRefusal::Unacceptable { .. } => "SL-T122",
                ClientRefusal::Revoked => "SL-T123",
                ClientRefusal::RevocationUnknown { .. } => "SL-T124",
            },
            Self::Protocol { .. } => "SL-T103",
            Self::Closed => "SL-T104",
            Self::Reset => "SL-T105",
            Self::Timeout => "SL-T106",
            Self::Io { .. } => "SL-T107",
        })
    }

    fn cause(&self) -> Option<String> {
        match self {
            Self::AlertReceived { alert } => alert.meaning().map(str::to_owned),
            Self::PlainText { start, .. } => Some(format!("its first bytes were `{start}`")),
            Self::ServerRefused(refusal) => Some(refusal.to_string()),
            Self::ClientRefused(refusal) => Some(refusal.to_string()),
            _ => None,
        }
    }
}

impl Diagnose for SettingsError {
    fn code(&self) -> Code {
        Code(match self {
            Self::EmptyChain => "SL-T201",
            Self::KeyUnusable { .. } => "SL-T202",
            Self::KeyMismatch { .. } => "SL-T203",
            Self::NoAnchors => "SL-T204",
            Self::AnchorUnusable { .. } => "SL-T205",
            Self::NameUnusable { .. } => "SL-T206",
            Self::NoLists => "SL-T207",
            Self::ListUnusable { .. } => "SL-T208",
        })
    }
}

fn listed(names: &[String]) -> String {
    match names {
        [] => "no name at all".to_owned(),
        // A hostile certificate may carry thousands; a reader needs a few.
        few if few.len() <= 8 => few.join(", "),
        many => format!("{} and {} more", many[..8].join(", "), many.len() - 8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tls_error_survives_the_way_through_io() {
        let alert = TlsError::AlertReceived {
            alert: Alert::from_number(116),
        };
        for error in [
            alert,
            TlsError::Closed,
            TlsError::Reset,
            TlsError::Timeout,
            TlsError::Protocol { detail: "x".into() },
        ] {
            assert_eq!(TlsError::from_io(&error.clone().into_io()), error);
        }
    }

    #[test]
    fn io_kinds_are_told_apart() {
        for (kind, expected) in [
            (io::ErrorKind::UnexpectedEof, TlsError::Closed),
            (io::ErrorKind::ConnectionReset, TlsError::Reset),
            (io::ErrorKind::BrokenPipe, TlsError::Reset),
            (io::ErrorKind::WouldBlock, TlsError::Timeout),
            (io::ErrorKind::TimedOut, TlsError::Timeout),
        ] {
            assert_eq!(TlsError::from_io(&io::Error::from(kind)), expected);
        }
    }

    #[test]
    fn thousands_of_names_make_a_short_line() {
        let names: Vec<String> = (0..10_000).map(|n| format!("n{n}.example")).collect();
        assert!(listed(&names).len() < 200);
        assert_eq!(listed(&[]), "no name at all");
    }
}
