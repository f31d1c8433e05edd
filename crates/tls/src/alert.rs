//! TLS alerts by name and number.

use std::fmt;

/// A fatal alert of the peer: RFC 8446 §6 names and numbers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Alert(u8);

impl Alert {
    /// The alert with this number of the IANA registry.
    pub fn from_number(number: u8) -> Self {
        Self(number)
    }

    /// The number on the wire.
    pub fn number(self) -> u8 {
        self.0
    }

    /// The name in RFC 8446 (or the RFC that added it); `unknown` for numbers nobody registered.
    pub fn name(self) -> &'static str {
        self.row().map_or("unknown", |row| row.1)
    }

    /// What a server means by sending this to a client, in plain words; `None` when the alert says
    /// nothing about certificates or versions.
    pub fn meaning(self) -> Option<&'static str> {
        self.row()
            .map(|row| row.2)
            .filter(|meaning| !meaning.is_empty())
    }

    /// Whether this alert is one that servers send because of the client's certificate, or its lack.
    ///
    /// Go before 1.21 says `bad_certificate` for almost everything, OpenSSL in TLS 1.2 says
    /// `handshake_failure` for a missing certificate.
    pub fn is_about_certificates(self) -> bool {
        matches!(self.0, 40..=46 | 48 | 49 | 51 | 116)
    }

    fn row(self) -> Option<&'static (u8, &'static str, &'static str)> {
        ALERTS.iter().find(|row| row.0 == self.0)
    }
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.0)
    }
}

const ALERTS: &[(u8, &str, &str)] = &[
    (0, "close_notify", ""),
    (10, "unexpected_message", ""),
    (20, "bad_record_mac", ""),
    (22, "record_overflow", ""),
    (
        40,
        "handshake_failure",
        "the two sides found no common ground, or a certificate was missing",
    ),
    (
        42,
        "bad_certificate",
        "the certificate is missing, or was not accepted",
    ),
    (
        43,
        "unsupported_certificate",
        "the certificate is not meant for this use",
    ),
    (44, "certificate_revoked", "the certificate was revoked"),
    (
        45,
        "certificate_expired",
        "the certificate is outside its dates",
    ),
    (
        46,
        "certificate_unknown",
        "the certificate was not accepted, for a reason that is not told",
    ),
    (47, "illegal_parameter", ""),
    (
        48,
        "unknown_ca",
        "the certificate was signed by nobody the server trusts",
    ),
    (
        49,
        "access_denied",
        "the certificate is valid, and its holder is not allowed in",
    ),
    (50, "decode_error", ""),
    (
        51,
        "decrypt_error",
        "a signature does not fit the key it claims to be from",
    ),
    (
        70,
        "protocol_version",
        "the server does not speak this version of TLS",
    ),
    (
        71,
        "insufficient_security",
        "the server wants stronger algorithms than were offered",
    ),
    (80, "internal_error", ""),
    (86, "inappropriate_fallback", ""),
    (90, "user_canceled", ""),
    (100, "no_renegotiation", ""),
    (109, "missing_extension", ""),
    (110, "unsupported_extension", ""),
    (
        112,
        "unrecognized_name",
        "the server has no certificate for the name that was asked for",
    ),
    (113, "bad_certificate_status_response", ""),
    (115, "unknown_psk_identity", ""),
    (
        116,
        "certificate_required",
        "the server asks every client for a certificate, and none was sent",
    ),
    (
        120,
        "no_application_protocol",
        "the server speaks none of the protocols that were offered",
    ),
];

#[cfg(test)]
mod tests {
    use super::Alert;

    #[test]
    fn alerts_read_as_in_the_rfc() {
        assert_eq!(
            Alert::from_number(116).to_string(),
            "certificate_required (116)"
        );
        assert_eq!(Alert::from_number(42).to_string(), "bad_certificate (42)");
        assert_eq!(Alert::from_number(200).to_string(), "unknown (200)");
        assert!(Alert::from_number(116).is_about_certificates());
        assert!(!Alert::from_number(70).is_about_certificates());
    }
}
