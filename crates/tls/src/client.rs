//! The connecting side.

use crate::danger::Unverified;
use crate::stream::TlsStream;
use crate::verify::{ServerCheck, Watch};
use crate::wire::Wire;
use crate::{Clock, Identity, Seen, SettingsError, TlsError, Versions, provider};
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::pki_types::ServerName;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ClientConnection, Connection, SignatureScheme};
use sealock_diag::escape;
use sealock_pki::{Certificate, San};
use std::io::{Read, Write};
use std::sync::Arc;

/// Whom a client believes.
#[derive(Clone, Debug)]
pub enum Trust {
    /// Servers whose chain ends in one of these anchors *and* whose certificate carries the name.
    Anchors(Vec<Certificate>),
    /// Everybody, for looking only.
    Unverified(Unverified),
}

/// What a client brings to a connection.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    /// Whom it believes.
    pub trust: Trust,
    /// What it shows when it is asked for a certificate.
    pub identity: Option<Identity>,
    /// The versions it offers.
    pub versions: Versions,
    /// The time by which it judges certificates.
    pub clock: Clock,
}

/// A TLS client: no system roots, no resumption, ALPN `http/1.1` unless told otherwise.
#[derive(Clone, Debug)]
pub struct Client {
    settings: ClientSettings,
    config: ClientConfig,
    check: ServerCheck,
}

impl Client {
    /// Prepares a client; many connections can be made with it.
    ///
    /// # Errors
    /// When the anchors are none, or cannot be read by the TLS library.
    pub fn new(settings: ClientSettings) -> Result<Self, SettingsError> {
        let check = match &settings.trust {
            Trust::Anchors(anchors) => ServerCheck::against(anchors)?,
            Trust::Unverified(_) => ServerCheck::nothing(),
        };
        let watch = Arc::new(Watch::default());
        let mut config = ClientConfig::builder_with_details(provider(), settings.clock.provider())
            .with_protocol_versions(settings.versions.of_rustls())
            .map_err(|error| SettingsError::KeyUnusable {
                detail: error.to_string(),
            })?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(check.clone()))
            .with_client_cert_resolver(Arc::new(Shown {
                identity: None,
                watch,
            }));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // A resumed session would skip the verification of both sides.
        config.resumption = Resumption::disabled();
        Ok(Self {
            settings,
            config,
            check,
        })
    }

    /// The same client, offering these application protocols instead (RFC 7301); with none, it offers none.
    #[must_use]
    pub fn speaking(mut self, protocols: &[&[u8]]) -> Self {
        self.config.alpn_protocols = protocols.iter().map(|one| one.to_vec()).collect();
        self
    }

    /// Connects over `socket` to the server called `server` (checked, and sent as SNI when it is a
    /// DNS name). Blocks for as long as the socket does.
    ///
    /// In TLS 1.3 success does *not* mean that the server accepts the client: read to know.
    ///
    /// # Errors
    /// See [`TlsError`].
    pub fn connect<S: Read + Write>(
        &self,
        socket: S,
        server: &San,
    ) -> Result<TlsStream<S>, TlsError> {
        self.connect_seen(socket, server, &mut Seen::default())
    }

    /// Like [`Client::connect`], and reports what was seen of the server also when it fails.
    ///
    /// # Errors
    /// See [`TlsError`].
    pub fn connect_seen<S: Read + Write>(
        &self,
        socket: S,
        server: &San,
        seen: &mut Seen,
    ) -> Result<TlsStream<S>, TlsError> {
        let name = server_name(server).map_err(|error| TlsError::Protocol {
            detail: error.to_string(),
        })?;
        let watch = Arc::new(Watch::default());
        let mut config = self.config.clone();
        config
            .dangerous()
            .set_certificate_verifier(Arc::new(self.check.watched_by(server, &watch)));
        config.client_auth_cert_resolver = Arc::new(Shown {
            identity: self.settings.identity.clone(),
            watch: watch.clone(),
        });
        let connection = ClientConnection::new(Arc::new(config), name)
            .map_err(|error| TlsError::from_rustls(&error))?;
        TlsStream::establish(
            Connection::Client(connection),
            Wire::new(socket),
            seen,
            |seen| watch.report(seen),
        )
        .map_err(|error| match watch.refusal() {
            Some(refusal) => TlsError::ServerRefused(refusal),
            None => error,
        })
    }
}

/// The name in the form rustls wants.
fn server_name(server: &San) -> Result<ServerName<'static>, SettingsError> {
    let unusable = || SettingsError::NameUnusable {
        name: escape(&server.to_string()),
    };
    match server {
        San::Ip(address) => Ok(ServerName::from(*address)),
        San::Dns(name) => ServerName::try_from(name.to_string()).map_err(|_| unusable()),
        _ => Err(unusable()),
    }
}

/// Shows the identity whatever issuers the server hints at, and notes that it asked.
#[derive(Debug)]
struct Shown {
    identity: Option<Identity>,
    watch: Arc<Watch>,
}

impl ResolvesClientCert for Shown {
    fn resolve(
        &self,
        authorities: &[&[u8]],
        _schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        self.watch.asked_for_certificate(authorities);
        self.identity.as_ref().map(Identity::certified)
    }

    fn has_certs(&self) -> bool {
        self.identity.is_some()
    }
}
