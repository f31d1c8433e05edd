//! What can go wrong around a probe. What a peer does to a client is no error but an [`Answer`].

use crate::{Answer, Observation, Target, Verdict};
use sealock_diag::{Code, Diagnose, Entry};
use sealock_pki::IssueError;
use sealock_tls::SettingsError;
use thiserror::Error;

/// A question that did not get the answer it needed.
#[derive(Debug, Error)]
pub enum ProbeError {
    /// The endpoint cannot be reached.
    #[error("{target} cannot be reached")]
    Unreachable {
        /// The endpoint.
        target: String,
        /// Why.
        reason: String,
    },
    /// The endpoint did not answer in time.
    #[error("{target} did not answer in time")]
    TimedOut {
        /// The endpoint.
        target: String,
    },
    /// The endpoint's certificate is not trusted.
    #[error("{target} shows a certificate that is not trusted")]
    NotTrusted {
        /// The endpoint.
        target: String,
        /// Why.
        reason: String,
    },
    /// The endpoint turned the client away.
    #[error("{target} turned the client away")]
    Refused {
        /// The endpoint.
        target: String,
        /// How.
        reason: String,
    },
    /// The endpoint answers without TLS.
    #[error("{target} does not speak TLS")]
    NoTls {
        /// The endpoint.
        target: String,
    },
    /// What answers is no Engine API.
    #[error("{target} is no Engine API")]
    NotTheApi {
        /// The endpoint.
        target: String,
        /// What it did.
        reason: String,
    },
    /// The settings of the client cannot work.
    #[error("the client for the probe cannot be set up")]
    Settings(#[from] SettingsError),
}

impl ProbeError {
    /// The error for an observation that was not what was needed.
    pub(crate) fn of(target: &Target, observed: &Observation) -> Self {
        let target = target.to_string();
        match &observed.answer {
            Answer::Unreachable { reason } => Self::Unreachable {
                target,
                reason: reason.clone(),
            },
            Answer::TimedOut { .. } => Self::TimedOut { target },
            Answer::ServerNotTrusted(refusal) => Self::NotTrusted {
                target,
                reason: refusal.to_string(),
            },
            Answer::PlainTextInsteadOfTls { .. } => Self::NoTls { target },
            Answer::Refused { alert } => Self::Refused {
                target,
                reason: format!("alert {alert}"),
            },
            Answer::Closed { reset: false } => Self::Refused {
                target,
                reason: "the connection was closed".to_owned(),
            },
            Answer::Closed { reset: true } => Self::Refused {
                target,
                reason: "the connection was reset".to_owned(),
            },
            Answer::TlsInsteadOfPlain => Self::Refused {
                target,
                reason: "it speaks only TLS".to_owned(),
            },
            Answer::Nonsense { what } => Self::NotTheApi {
                target,
                reason: what.clone(),
            },
            Answer::Answered(reply) => Self::NotTheApi {
                target,
                reason: format!("it answered with HTTP {} `{}`", reply.status, reply.body),
            },
        }
    }
}

impl Diagnose for ProbeError {
    fn code(&self) -> Code {
        match self {
            Self::Unreachable { .. } => Code("SL-W101"),
            Self::TimedOut { .. } => Code("SL-W102"),
            Self::NotTrusted { .. } => Code("SL-W103"),
            Self::Refused { .. } => Code("SL-W104"),
            Self::NoTls { .. } => Code("SL-W105"),
            Self::NotTheApi { .. } => Code("SL-W106"),
            Self::Settings(error) => error.code(),
        }
    }

    fn cause(&self) -> Option<String> {
        match self {
            Self::Unreachable { reason, .. }
            | Self::NotTrusted { reason, .. }
            | Self::Refused { reason, .. }
            | Self::NotTheApi { reason, .. } => Some(reason.clone()),
            Self::Settings(error) => Some(error.to_string()),
            Self::TimedOut { .. } | Self::NoTls { .. } => None,
        }
    }
}

/// The certificates for a proof could not be made.
#[derive(Debug, Error)]
pub enum KitError {
    /// A certificate could not be signed.
    #[error("a certificate for the proof could not be signed")]
    Issue(#[from] IssueError),
    /// A key could not be made or used.
    #[error("a key for the proof could not be made: {detail}")]
    Key {
        /// Why.
        detail: String,
    },
    /// An identity or anchor does not work.
    #[error("a certificate for the proof cannot be used")]
    Settings(#[from] SettingsError),
}

impl Diagnose for KitError {
    fn code(&self) -> Code {
        match self {
            Self::Issue(error) => error.code(),
            Self::Key { .. } => Code("SL-W201"),
            Self::Settings(error) => error.code(),
        }
    }
}

/// The code of a row of a proof that does not hold.
pub(crate) fn finding(expected_in: bool, got: Verdict) -> Code {
    Code(match (expected_in, got) {
        (false, Verdict::In) => "SL-W301",
        (true, Verdict::Out) => "SL-W302",
        _ => "SL-W303",
    })
}

/// Every code of this crate.
pub const CATALOGUE: &[Entry] = &[
    Entry {
        code: Code("SL-W101"),
        title: "the endpoint cannot be reached",
        meaning: "No connection to the endpoint came about: nothing listens there, a firewall is in \
                  the way, or the address is wrong. This says nothing about its certificates.",
        remedy: "On the host, `ss -ltnp` shows what listens, and `systemctl status docker` whether \
                 the daemon runs.",
    },
    Entry {
        code: Code("SL-W102"),
        title: "the endpoint did not answer in time",
        meaning: "The endpoint was reached and did not finish its answer within the time for the \
                  whole exchange. It may be stopped, overloaded, or something that waits for another \
                  protocol.",
        remedy: "Make sure that address and port are those of the daemon, and try again.",
    },
    Entry {
        code: Code("SL-W103"),
        title: "the endpoint shows a certificate that is not trusted",
        meaning: "The certificate does not lead to our server anchor, is for other names, or is \
                  outside its dates. A client that goes on regardless may be talking to an impostor \
                  who then answers in the daemon's place.",
        remedy: "Read the cause. After a change of authority install the new anchor; for a missing name add it to \
                 `names` in `sealock.toml` and run `sealock apply`.",
    },
    Entry {
        code: Code("SL-W104"),
        title: "the endpoint turned the client away",
        meaning: "The endpoint was reached and refused the client, by a TLS alert or by closing the \
                  connection. Usually the daemon does not trust the anchor that signed the client, \
                  or the client's certificate is past its last day.",
        remedy: "Compare the client's issuer with the daemon's `tlscacert`, and look at the dates: \
                 `sealock cert show cert.pem`.",
    },
    Entry {
        code: Code("SL-W105"),
        title: "the endpoint does not speak TLS",
        meaning: "The endpoint answered a TLS handshake with plain text. If it is a Docker daemon, \
                  whoever reaches the port is root on its host.",
        remedy: "`sealock plan` shows how to close the plain listener.",
    },
    Entry {
        code: Code("SL-W106"),
        title: "what answers is no Engine API",
        meaning: "Something answers at the address, but not as a Docker daemon answers `/_ping`: \
                  status 200 with its API version. A proxy or another service may own the port.",
        remedy: "Make sure that address and port are those of the daemon.",
    },
    Entry {
        code: Code("SL-W201"),
        title: "a key for the proof could not be made",
        meaning: "The proof makes short-lived keys and certificates in memory, for a rightful, an \
                  expired and a foreign client. One of the keys could not be made.",
        remedy: "Read the cause: it is the text of the cryptographic library.",
    },
    Entry {
        code: Code("SL-W301"),
        title: "a client got in that must not",
        meaning: "The proof asked as a client that must be refused, and the API answered it. Whoever \
                  can do the same is root on the host.",
        remedy: "Look at the row of the proof: it names the kind of client. `sealock plan` shows \
                 what has to change.",
    },
    Entry {
        code: Code("SL-W302"),
        title: "the rightful client was refused",
        meaning: "The proof asked as a client with a current certificate from the client anchor, and \
                  was turned away. The daemon trusts another anchor, mostly one of an older \
                  generation, or was not restarted after a change.",
        remedy: "`sealock status` compares the daemon's files with the vault; `sealock apply` mends \
                 them.",
    },
    Entry {
        code: Code("SL-W303"),
        title: "the proof could not decide",
        meaning: "A client neither got in nor was turned away: the endpoint was not reached, showed \
                  a certificate that is not trusted, speaks no TLS, or did not answer in time. What \
                  is not proved does not hold.",
        remedy: "Look at the row of the proof: its line of why names the obstacle.",
    },
    Entry {
        code: Code("SL-W401"),
        title: "this is no endpoint",
        meaning: "An endpoint is a host and a port, `tcp://docker.example.org:2376`. Without a port it is \
                  2376, the customary one of the Docker API over TLS.",
        remedy: "Write `tcp://HOST:PORT`; an IPv6 address goes into brackets.",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_is_explained_once() {
        let text = String::new;
        let errors: Vec<Code> = vec![
            ProbeError::Unreachable {
                target: text(),
                reason: text(),
            }
            .code(),
            ProbeError::TimedOut { target: text() }.code(),
            ProbeError::NotTrusted {
                target: text(),
                reason: text(),
            }
            .code(),
            ProbeError::Refused {
                target: text(),
                reason: text(),
            }
            .code(),
            ProbeError::NoTls { target: text() }.code(),
            ProbeError::NotTheApi {
                target: text(),
                reason: text(),
            }
            .code(),
            KitError::Key { detail: text() }.code(),
            finding(false, Verdict::In),
            finding(true, Verdict::Out),
            finding(true, Verdict::Unclear),
            Code("SL-W401"),
        ];
        assert_eq!(errors.len(), CATALOGUE.len());
        for code in errors {
            let found = CATALOGUE.iter().filter(|entry| entry.code == code).count();
            assert_eq!(found, 1, "{code}");
        }
    }
}
