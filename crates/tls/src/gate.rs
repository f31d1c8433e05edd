//! The accepting side of a server that lives for long.
//!
//! A [`Gate`] is one snapshot of certificates, anchors, lists and deny-list; when any of them changes, a
//! new one takes its place, whole. Tickets are sealed with a key that no other gate has, so a session of
//! an earlier snapshot is never resumed: its client shakes hands again and is judged by what holds now.

mod chains;
mod deny;
mod hello;
mod proof;
mod session;

pub use chains::Verified;
pub use deny::{Denied, DenyList, DenyListError};
pub use session::{GateSession, Sealed};

use crate::verify::ClientCheck;
use crate::{Clock, Identity, SettingsError, TlsError, Versions, provider};
use chains::GateCheck;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{Ticketer, kx_group};
use rustls::pki_types::CertificateDer;
use rustls::server::{NoServerSessionStorage, UnbufferedServerConnection};
use rustls::sign::SingleCertAndKey;
use sealock_pki::{Certificate, Crl};
use std::sync::{Arc, OnceLock};

/// What a gate needs.
#[derive(Clone, Debug)]
pub struct GateSettings {
    /// What it shows.
    pub identity: Identity,
    /// Where the chains of clients may end.
    pub anchors: Vec<Certificate>,
    /// Revocation lists. When given, every issuer in a client's chain must have one that is current and
    /// does not name the certificate below it.
    pub lists: Option<Vec<Crl>>,
    /// Certificates refused at once.
    pub denied: DenyList,
    /// The versions it accepts.
    pub versions: Versions,
    /// The time by which it judges.
    pub clock: Clock,
}

/// What a client is worth that got in earlier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It would get in again.
    Good,
    /// A list or the deny-list names it.
    Revoked,
    /// Its certificate, or one above it, is outside its dates, or a list is overdue; nothing says that it
    /// was revoked.
    Lapsed(TlsError),
    /// It would not get in again for another reason: its anchor is gone.
    Untrusted(TlsError),
}

/// A TLS server with client certificates, revocation and resumption: TLS 1.2 and 1.3, the suites of
/// Mozilla's intermediate profile, X25519MLKEM768 first, ALPN `http/1.1`.
#[derive(Clone, Debug)]
pub struct Gate {
    config: Arc<ServerConfig>,
    check: Arc<GateCheck>,
    clock: Clock,
    versions: Versions,
}

impl Gate {
    /// Prepares a gate; any number of sessions can be had of it, on any thread.
    ///
    /// # Errors
    /// When there are no anchors, or no lists where they are asked for, or the TLS library cannot use
    /// one of the settings.
    pub fn new(settings: GateSettings) -> Result<Self, SettingsError> {
        let strict = match &settings.lists {
            None => ClientCheck::against(&settings.anchors)?,
            Some(lists) => ClientCheck::unrevoked(&settings.anchors, lists)?,
        };
        let check = Arc::new(GateCheck::new(
            strict,
            settings.lists.unwrap_or_default(),
            settings.denied,
            settings.clock,
        ));
        let unusable = |error: rustls::Error| SettingsError::KeyUnusable {
            detail: error.to_string(),
        };
        let builder =
            ServerConfig::builder_with_details(gate_provider(), settings.clock.provider())
                .with_protocol_versions(settings.versions.of_rustls())
                .map_err(unusable)?
                .with_client_cert_verifier(check.clone());
        let shown = SingleCertAndKey::from(settings.identity.certified());
        let mut config = builder.with_cert_resolver(Arc::new(shown));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.ticketer = Ticketer::new().map_err(unusable)?;
        // One is what a client needs to come back; it gets the next one then.
        config.send_tls13_tickets = 1;
        Ok(Self {
            config: Arc::new(config),
            check,
            clock: settings.clock,
            versions: settings.versions,
        })
    }

    /// A session for a client that has just connected.
    ///
    /// # Errors
    /// When the TLS library finds no memory or no randomness.
    pub fn session(&self) -> Result<GateSession, TlsError> {
        let connection = UnbufferedServerConnection::new(self.config.clone())
            .map_err(|error| TlsError::from_rustls(&error))?;
        Ok(GateSession::new(connection, self.check.clone()))
    }

    /// The same for a service that speaks whatever its clients do. `first` is what the client has said so far; it is
    /// digested by the session afterwards, and should be [whole](Self::hello_is_whole).
    ///
    /// A client of SQL Server offers `tds/8.0` and one of PostgreSQL `postgresql`, and would not be content with less.
    /// What the bytes behind TLS mean is between the two, so the first that is offered is agreed to.
    ///
    /// # Errors
    /// As [`session`](Self::session).
    pub fn session_for(&self, first: &[u8]) -> Result<GateSession, TlsError> {
        let offered = hello::protocols(first);
        let ours = |name: &[u8]| self.config.alpn_protocols.iter().any(|one| one == name);
        let config = match offered.first() {
            Some(wanted) if !offered.iter().any(|one| ours(one)) => {
                let mut config = ServerConfig::clone(&self.config);
                config.alpn_protocols = vec![wanted.to_vec()];
                Arc::new(config)
            }
            _ => self.config.clone(),
        };
        let connection = UnbufferedServerConnection::new(config)
            .map_err(|error| TlsError::from_rustls(&error))?;
        Ok(GateSession::new(connection, self.check.clone()))
    }

    /// Whether a client's first message is there as a whole, or never will be.
    pub fn hello_is_whole(first: &[u8]) -> bool {
        hello::is_whole(first)
    }

    /// What a client that an earlier gate let in is worth to this one, now.
    pub fn standing(&self, client: &Verified) -> Standing {
        // The anchor is ours to know, not the client's to show.
        let sent = client.path().len().saturating_sub(1).max(1);
        let chain: Vec<CertificateDer<'_>> = client.path()[..sent]
            .iter()
            .map(|certificate| CertificateDer::from(certificate.der()))
            .collect();
        let Err(error) = self.check.judge(&chain) else {
            return Standing::Good;
        };
        if self.check.revokes(client.path()) {
            return Standing::Revoked;
        }
        let now = self.clock.now();
        let dated = |one: &Certificate| now < one.not_before() || one.not_after() < now;
        let undecided = matches!(
            error,
            TlsError::ClientRefused(crate::ClientRefusal::RevocationUnknown { .. })
        );
        // An anchor that was taken away is no matter of time, even when the client's own dates are over as well; one
        // that is over itself may have been left out for that.
        let rooted = client
            .path()
            .last()
            .is_some_and(|anchor| dated(anchor) || self.check.trusts(anchor));
        if undecided || rooted && client.path().iter().any(dated) {
            Standing::Lapsed(error)
        } else {
            Standing::Untrusted(error)
        }
    }
}

/// aws-lc-rs with the post-quantum hybrid first and the classical groups of Mozilla's profile behind it.
fn gate_provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    let made = PROVIDER.get_or_init(|| {
        Arc::new(CryptoProvider {
            kx_groups: vec![
                kx_group::X25519MLKEM768,
                kx_group::X25519,
                kx_group::SECP256R1,
                kx_group::SECP384R1,
            ],
            ..(*provider()).clone()
        })
    });
    made.clone()
}
