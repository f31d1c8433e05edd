//! What an endpoint's behaviour amounts to: the daemon's mode, and what each mode of the docker CLI gets there.

use crate::seen::{ClientMode, Endpoint, Outcome, Reach, Visitor};

/// The mode of a daemon, as its behaviour shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DaemonMode {
    /// No TLS: whoever reaches it is root.
    Plain,
    /// TLS, and nobody is asked for a certificate.
    OneWay,
    /// Mutual TLS.
    Mutual,
    /// It demands a certificate and names no authority: a Go server does so when it verifies against the
    /// system's roots.
    SystemRoots,
    /// Not to be told.
    Unknown,
}

impl DaemonMode {
    /// The name in JSON; never changes.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::OneWay => "one-way",
            Self::Mutual => "mutual",
            Self::SystemRoots => "system-roots",
            Self::Unknown => "unknown",
        }
    }

    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Plain => "no TLS: whoever reaches it is root",
            Self::OneWay => "one-way TLS: it proves itself, and asks nobody",
            Self::Mutual => "mutual TLS",
            Self::SystemRoots => "mutual TLS against the system's roots",
            Self::Unknown => "mode unknown",
        }
    }
}

/// The mode that an endpoint shows.
pub fn daemon_mode(endpoint: &Endpoint) -> DaemonMode {
    if endpoint.reach != Reach::Reached {
        return DaemonMode::Unknown;
    }
    if endpoint.plain == Some(Outcome::In) {
        return DaemonMode::Plain;
    }
    if endpoint.lets_in(Visitor::NoCertificate) {
        return DaemonMode::OneWay;
    }
    let turned_away = endpoint
        .outcomes(Visitor::NoCertificate)
        .any(|visit| visit.outcome.is_refusal());
    match (turned_away, endpoint.asks_for_certificate) {
        (true, true) if endpoint.authorities.is_empty() => DaemonMode::SystemRoots,
        (true, true) => DaemonMode::Mutual,
        _ => DaemonMode::Unknown,
    }
}

impl ClientMode {
    /// All, in the order of the documentation's table.
    pub const ALL: [Self; 5] = [
        Self::Plain,
        Self::Tls,
        Self::TlsWithCertificate,
        Self::VerifyWithoutCertificate,
        Self::Verify,
    ];

    /// As a person types it.
    pub const fn flags(self) -> &'static str {
        match self {
            Self::Plain => "no TLS flags",
            Self::Tls => "--tls",
            Self::TlsWithCertificate => "--tls, certificate",
            Self::VerifyWithoutCertificate => "--tlsverify, CA",
            Self::Verify => "--tlsverify, CA, certificate",
        }
    }

    /// The name in JSON; never changes.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Tls => "tls",
            Self::TlsWithCertificate => "tls-certificate",
            Self::VerifyWithoutCertificate => "tlsverify-ca",
            Self::Verify => "tlsverify-ca-certificate",
        }
    }

    /// Whether the docker CLI verifies the server in this mode. `--tls` alone does not, whatever the documentation
    /// says of the system's pool of CAs.
    pub const fn verifies(self) -> bool {
        matches!(self, Self::VerifyWithoutCertificate | Self::Verify)
    }
}

/// What a person would read who comes in this mode: an answer, or the docker CLI's complaint in short.
pub fn cli_gets(mode: ClientMode, outcome: &Outcome) -> String {
    match (mode, outcome) {
        (mode, Outcome::In) if mode.verifies() => "got in".to_owned(),
        (ClientMode::Plain, Outcome::In) => "got in, in clear".to_owned(),
        (_, Outcome::In) => "got in, server not verified".to_owned(),
        (_, Outcome::NotTheApi(status)) => format!("HTTP {status}, not the Docker API"),
        (ClientMode::Plain, Outcome::WantsTls) => {
            "Client sent an HTTP request to an HTTPS server".to_owned()
        }
        (_, Outcome::SpeaksPlain) => "server gave HTTP response to HTTPS client".to_owned(),
        (_, Outcome::Alert(alert, _)) => format!("refused: {}", alert.replace('_', " ")),
        (_, Outcome::Closed { reset: true }) => "connection reset".to_owned(),
        (_, Outcome::Closed { reset: false }) => "connection closed without a word".to_owned(),
        (_, Outcome::WantsTls) => "it wants TLS".to_owned(),
        (_, Outcome::NotTrusted(why)) => format!("server not trusted: {why}"),
        (_, Outcome::Nonsense(what)) => format!("neither TLS nor HTTP: {what}"),
        (_, Outcome::TimedOut) => "no answer in time".to_owned(),
        (_, Outcome::Unreachable(why)) => format!("no connection: {why}"),
    }
}

impl Visitor {
    /// All, in the order of the table.
    pub const ALL: [Self; 7] = [
        Self::PlainHttp,
        Self::NoCertificate,
        Self::Rightful,
        Self::Foreign,
        Self::Expired,
        Self::ServerAsClient,
        Self::Revoked,
    ];

    /// As a row of the table is called.
    pub const fn label(self) -> &'static str {
        match self {
            Self::PlainHttp => "plain HTTP",
            Self::NoCertificate => "no certificate",
            Self::Rightful => "our certificate",
            Self::Foreign => "a foreign certificate",
            Self::Expired => "an expired certificate",
            Self::ServerAsClient => "a server's certificate",
            Self::Revoked => "a revoked certificate",
        }
    }

    /// The name in JSON; never changes.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::PlainHttp => "plain-http",
            Self::NoCertificate => "no-certificate",
            Self::Rightful => "rightful",
            Self::Foreign => "foreign",
            Self::Expired => "expired",
            Self::ServerAsClient => "server-as-client",
            Self::Revoked => "revoked",
        }
    }
}

impl Outcome {
    /// One or two words for a table.
    pub const fn label(&self) -> &'static str {
        match self {
            Self::In => "got in",
            Self::Alert(..) | Self::Closed { .. } | Self::WantsTls => "refused",
            Self::NotTheApi(_) => "not the API",
            Self::SpeaksPlain => "no TLS",
            Self::NotTrusted(_) => "not trusted",
            Self::Nonsense(_) => "nonsense",
            Self::TimedOut => "timed out",
            Self::Unreachable(_) => "unreachable",
        }
    }

    /// The name in JSON; never changes.
    pub const fn slug(&self) -> &'static str {
        match self {
            Self::In => "in",
            Self::NotTheApi(_) => "not-the-api",
            Self::Alert(..) => "alert",
            Self::Closed { reset: false } => "closed",
            Self::Closed { reset: true } => "reset",
            Self::WantsTls => "tls-instead-of-plain",
            Self::SpeaksPlain => "plain-instead-of-tls",
            Self::NotTrusted(_) => "server-not-trusted",
            Self::Nonsense(_) => "nonsense",
            Self::TimedOut => "timed-out",
            Self::Unreachable(_) => "unreachable",
        }
    }
}

impl crate::seen::Protocol {
    /// As people write it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Ssl3 => "SSL 3",
            Self::Tls10 => "TLS 1.0",
            Self::Tls11 => "TLS 1.1",
            Self::Tls12 => "TLS 1.2",
            Self::Tls13 => "TLS 1.3",
        }
    }
}
