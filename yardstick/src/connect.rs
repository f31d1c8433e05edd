//! Connections of the load: mutual TLS to a port, or a unix socket as it is.

use std::path::Path;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs::kx_group;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, HandshakeKind, NamedGroup, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use crate::Fault;
use crate::answer::{self, Framing, Left};

/// Both ways of reaching a service.
#[derive(Clone)]
pub enum Target {
    /// Mutual TLS.
    Tls {
        /// `ADDRESS:PORT`.
        address: String,
        /// With the client's certificate.
        connector: TlsConnector,
    },
    /// A unix socket, for what everything costs without anybody in between.
    Unix(String),
}

/// Any stream of bytes.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A connection and what was read ahead from it.
pub struct Connection {
    stream: Box<dyn Stream>,
    buffer: Vec<u8>,
    /// Whether TLS resumed an earlier session.
    pub resumed: bool,
    /// Whether the key exchange was the hybrid one.
    pub hybrid: bool,
}

impl Target {
    /// Reads `unix:PATH` or an address; certificates are in `folder`. Sessions are resumed or never.
    pub fn read(
        target: &str,
        folder: &str,
        resume: Resumption,
        hybrid: bool,
    ) -> Result<Self, Fault> {
        if let Some(path) = target.strip_prefix("unix:") {
            return Ok(Self::Unix(path.to_owned()));
        }
        let folder = Path::new(folder);
        let mut provider = rustls::crypto::aws_lc_rs::default_provider();
        // One group that all peers have, so that nobody is measured by what it offers; or the hybrid one first.
        provider.kx_groups.clear();
        if hybrid {
            provider.kx_groups.push(kx_group::X25519MLKEM768);
        }
        provider.kx_groups.push(kx_group::X25519);
        let mut anchors = RootCertStore::empty();
        for anchor in CertificateDer::pem_file_iter(folder.join("ca.pem"))? {
            anchors.add(anchor?)?;
        }
        let chain = CertificateDer::pem_file_iter(folder.join("cert.pem"))?
            .collect::<Result<Vec<_>, _>>()?;
        let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_root_certificates(anchors)
            .with_client_auth_cert(chain, PrivateKeyDer::from_pem_file(folder.join("key.pem"))?)?;
        config.resumption = resume;
        Ok(Self::Tls {
            address: target.to_owned(),
            connector: TlsConnector::from(Arc::new(config)),
        })
    }

    /// Connects, through the handshake.
    pub async fn connect(&self) -> Result<Connection, Fault> {
        match self {
            Self::Unix(path) => Ok(Connection {
                stream: Box::new(UnixStream::connect(path).await?),
                buffer: Vec::new(),
                resumed: false,
                hybrid: false,
            }),
            Self::Tls { address, connector } => {
                let stream = TcpStream::connect(address.as_str()).await?;
                stream.set_nodelay(true)?;
                let name = ServerName::try_from("127.0.0.1")?;
                let stream = connector.connect(name, stream).await?;
                let session = stream.get_ref().1;
                let kind = session.handshake_kind();
                let group = session.negotiated_key_exchange_group();
                Ok(Connection {
                    resumed: kind == Some(HandshakeKind::Resumed),
                    hybrid: group.is_some_and(|group| group.name() == NamedGroup::X25519MLKEM768),
                    stream: Box::new(stream),
                    buffer: Vec::new(),
                })
            }
        }
    }
}

impl Connection {
    /// Sends a request and reads its answer; gives the bytes of content. Anything but 200 is an error.
    pub async fn ask(&mut self, request: &[u8]) -> Result<u64, Fault> {
        self.send(request).await?;
        self.answer().await
    }

    /// Sends bytes.
    pub async fn send(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await?;
        Ok(())
    }

    /// Reads one whole answer.
    pub async fn answer(&mut self) -> Result<u64, Fault> {
        let head = loop {
            if let Some(end) = answer::head_end(&self.buffer) {
                break end;
            }
            self.buffer.reserve(2048);
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the connection ended before an answer".into());
            }
        };
        let text = String::from_utf8_lossy(&self.buffer[..head]).into_owned();
        if text.split(' ').nth(1) != Some("200") {
            let said = String::from_utf8_lossy(&self.buffer);
            return Err(format!("the answer is not 200: {said}").into());
        }
        let mut left = Left::new(answer::framing(&text, Framing::Length(0))?);
        let taken = left.take(&self.buffer[head..])?;
        self.buffer.drain(..head + taken);
        let mut large = Vec::new();
        while !left.is_done() {
            large.resize(64 * 1024, 0);
            let read = self.stream.read(&mut large).await?;
            if read == 0 {
                return Err("the connection ended within an answer".into());
            }
            let taken = left.take(&large[..read])?;
            self.buffer.extend_from_slice(&large[taken..read]);
        }
        Ok(left.content)
    }

    /// Says goodbye as TLS wants it.
    pub async fn close(mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// Holds no memory that it does not need.
    pub fn rest(&mut self) {
        self.buffer = Vec::new();
    }
}
