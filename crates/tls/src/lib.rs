//! The only door to rustls: blocking TLS 1.2 and 1.3 over anything that is [`Read`] and [`Write`].
//!
//! A [`Client`] verifies the server against anchors that were handed to it (chain *and* name; no
//! system roots, ever) and shows its identity to whoever asks, whatever issuers the request hints
//! at: a probe wants to know what the server does to a certificate, not to be spared the refusal.
//! A [`Server`] demands what a strict reading of RFC 5280 demands: an EKU for the purpose, anchors
//! inside their dates. Neither resumes sessions, because a resumed session skips verification.
//!
//! In TLS 1.3 a server's refusal of a client certificate arrives *after* the handshake, with the
//! first read. [`TlsStream`] therefore fails reads with an [`std::io::Error`] that carries a
//! [`TlsError`]; [`TlsError::from_io`] gets it back.
//!
//! [`Read`]: std::io::Read
//! [`Write`]: std::io::Write
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod alert;
mod catalogue;
mod client;
mod clock;
pub mod danger;
mod error;
mod gate;
mod identity;
mod revocation;
mod seen;
mod server;
mod stream;
mod verify;
mod wire;

pub use alert::Alert;
pub use catalogue::CATALOGUE;
pub use client::{Client, ClientSettings, Trust};
pub use clock::Clock;
pub use error::{ClientRefusal, ServerRefusal, SettingsError, Spoken, TlsError};
pub use gate::{
    Denied, DenyList, DenyListError, Gate, GateSession, GateSettings, Sealed, Standing, Verified,
};
pub use identity::Identity;
pub use seen::{Seen, Version, Versions};
pub use server::{ClientAuth, Server, ServerSettings};
pub use stream::TlsStream;

use rustls::crypto::CryptoProvider;
use std::sync::{Arc, OnceLock};

/// aws-lc-rs, always named: the process-wide default of rustls is set by whoever comes first.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    PROVIDER
        .get_or_init(|| Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .clone()
}
