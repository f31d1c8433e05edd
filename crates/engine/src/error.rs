//! Why an engine does not start.

use sealock_diag::{Code, Diagnose, Entry};
use sealock_tls::SettingsError;
use std::io;
use std::net::IpAddr;
use thiserror::Error;

/// Why an engine does not start.
#[derive(Debug, Error)]
pub enum EngineError {
    /// No port of the address could be listened on.
    #[error("the embedded engine cannot listen on {address}")]
    Listen {
        /// The address asked for.
        address: IpAddr,
        /// What the operating system says.
        source: io::Error,
    },
    /// The identity or the anchors do not work.
    #[error("the embedded engine's TLS settings do not work")]
    Settings(#[source] SettingsError),
}

impl Diagnose for EngineError {
    fn code(&self) -> Code {
        Code(match self {
            Self::Listen { .. } => "SL-E101",
            Self::Settings(_) => "SL-E102",
        })
    }
}

/// Every code of this crate.
pub const CATALOGUE: &[Entry] = &[
    Entry {
        code: Code("SL-E101"),
        title: "the embedded engine cannot listen",
        meaning: "The demo and the lab serve an Engine API on a free port of the loopback address. \
                  The operating system gave no port: the address may not exist in this network \
                  namespace, or too many files are open.",
        remedy: "Bring the loopback interface up (`ip link set lo up`) and try again.",
    },
    Entry {
        code: Code("SL-E102"),
        title: "the embedded engine's TLS settings do not work",
        meaning: "The certificate, key or anchors that the embedded engine was started with cannot be \
                  used for TLS.",
        remedy: "Read the cause: it names the part that does not work.",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_is_explained_once() {
        let errors = [
            EngineError::Listen {
                address: IpAddr::from([127, 0, 0, 1]),
                source: io::Error::from(io::ErrorKind::AddrInUse),
            },
            EngineError::Settings(SettingsError::NoAnchors),
        ];
        assert_eq!(errors.len(), CATALOGUE.len());
        for error in errors {
            let found = CATALOGUE.iter().filter(|e| e.code == error.code()).count();
            assert_eq!(found, 1, "{}", error.code());
        }
    }
}
