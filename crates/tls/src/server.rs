//! The accepting side.

use crate::stream::{TlsStream, plain_text};
use crate::verify::ClientCheck;
use crate::wire::Wire;
use crate::{Clock, Identity, Seen, SettingsError, TlsError, Versions, provider};
use rustls::server::NoServerSessionStorage;
use rustls::sign::SingleCertAndKey;
use rustls::{Connection, ServerConfig, ServerConnection};
use sealock_pki::{Certificate, Crl};
use std::io::{Read, Write};
use std::sync::Arc;

/// What a server asks of its clients.
#[derive(Clone, Debug)]
pub enum ClientAuth {
    /// Nothing: everybody may connect.
    None,
    /// A certificate whose chain ends in one of these anchors, made for clients.
    Required(Vec<Certificate>),
    /// The same, and nobody's who was revoked: every issuer in the chain must have a list here that it
    /// signed, that is current, and that does not name the certificate below it. A list that is
    /// missing, overdue or broken shuts out all whom it would tell of. When a list grows, make a new
    /// [`Server`].
    Unrevoked {
        /// Where chains may end.
        anchors: Vec<Certificate>,
        /// The revocation lists, at least one.
        lists: Vec<Crl>,
    },
}

/// What a server needs to run.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// What it shows.
    pub identity: Identity,
    /// What it asks of clients.
    pub client_auth: ClientAuth,
    /// The versions it accepts.
    pub versions: Versions,
    /// The time by which it judges certificates.
    pub clock: Clock,
}

/// A TLS server: no tickets, no resumption, ALPN `http/1.1` unless told otherwise.
#[derive(Clone, Debug)]
pub struct Server {
    config: Arc<ServerConfig>,
}

impl Server {
    /// Prepares a server; many connections can be accepted with it.
    ///
    /// # Errors
    /// When clients must show a certificate but the anchors, or the lists where they are asked for, are
    /// none, or cannot be read by the TLS library.
    pub fn new(settings: ServerSettings) -> Result<Self, SettingsError> {
        let builder = ServerConfig::builder_with_details(provider(), settings.clock.provider())
            .with_protocol_versions(settings.versions.of_rustls())
            .map_err(|error| SettingsError::KeyUnusable {
                detail: error.to_string(),
            })?;
        let builder = match &settings.client_auth {
            ClientAuth::None => builder.with_no_client_auth(),
            ClientAuth::Required(anchors) => {
                builder.with_client_cert_verifier(Arc::new(ClientCheck::against(anchors)?))
            }
            ClientAuth::Unrevoked { anchors, lists } => {
                builder.with_client_cert_verifier(Arc::new(ClientCheck::unrevoked(anchors, lists)?))
            }
        };
        let shown = SingleCertAndKey::from(settings.identity.certified());
        let mut config = builder.with_cert_resolver(Arc::new(shown));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // A resumed session would skip the verification of the client.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Self {
            config: Arc::new(config),
        })
    }

    /// The same server, speaking these application protocols instead (RFC 7301): a client that offers others is
    /// refused. With none, nobody is asked.
    #[must_use]
    pub fn speaking(mut self, protocols: &[&[u8]]) -> Self {
        let mut config = (*self.config).clone();
        config.alpn_protocols = protocols.iter().map(|one| one.to_vec()).collect();
        self.config = Arc::new(config);
        self
    }

    /// Accepts a connection over `socket`. Blocks for as long as the socket does. With
    /// [`ClientAuth::Required`] or [`ClientAuth::Unrevoked`] a stream means a verified client: [`TlsStream::peer_chain`].
    ///
    /// When the client does not speak TLS, [`TlsError::PlainText`] is returned and nothing was sent;
    /// a caller that kept a handle of the socket may answer in the client's language.
    ///
    /// # Errors
    /// See [`TlsError`]; a refused client has been told with an alert.
    pub fn accept<S: Read + Write>(&self, socket: S) -> Result<TlsStream<S>, TlsError> {
        let mut wire = Wire::new(socket);
        let head = wire
            .look_ahead(5)
            .map_err(|error| TlsError::from_io(&error))?;
        if head.is_empty() {
            return Err(TlsError::Closed);
        }
        if let Some(error) = plain_text(head) {
            return Err(error);
        }
        let connection = ServerConnection::new(self.config.clone())
            .map_err(|error| TlsError::from_rustls(&error))?;
        let connection = Connection::Server(connection);
        TlsStream::establish(connection, wire, &mut Seen::default(), |_| {})
    }
}
