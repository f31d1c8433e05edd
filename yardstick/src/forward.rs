//! Mutual TLS in front of a unix socket: tokio, tokio-rustls, aws-lc-rs, and two buffers a connection.
//!
//! It reads no HTTP, knows no policy, writes no record, never reloads and cannot revoke. What a gateway
//! costs beyond this is what it does beyond this.

use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ServerConfig, WebPkiClientVerifier};
use tokio::io::{AsyncWriteExt as _, copy_bidirectional_with_sizes};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_rustls::TlsAcceptor;

use crate::Fault;

/// One TLS record, each way.
const BUFFER: usize = 16 * 1024;

/// Forwards until it is ended.
pub async fn serve(address: &str, socket: &str, folder: &str) -> Result<(), Fault> {
    let folder = Path::new(folder);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut anchors = RootCertStore::empty();
    for anchor in CertificateDer::pem_file_iter(folder.join("ca.pem"))? {
        anchors.add(anchor?)?;
    }
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(anchors), Arc::clone(&provider))
            .build()?;
    let chain =
        CertificateDer::pem_file_iter(folder.join("cert.pem"))?.collect::<Result<Vec<_>, _>>()?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, PrivateKeyDer::from_pem_file(folder.join("key.pem"))?)?;
    config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new()?;
    let acceptor = TlsAcceptor::from(Arc::new(config));

    let local = tokio::task::LocalSet::new();
    let listener = TcpListener::bind(address).await?;
    let socket = socket.to_owned();
    local
        .run_until(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else {
                    // Out of descriptors: those that are in go on, and free theirs.
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                    continue;
                };
                let (acceptor, socket) = (acceptor.clone(), socket.clone());
                tokio::task::spawn_local(async move {
                    let _ = forward(stream, acceptor, &socket).await;
                });
            }
        })
        .await
}

async fn forward(stream: TcpStream, acceptor: TlsAcceptor, socket: &str) -> Result<(), Fault> {
    stream.set_nodelay(true)?;
    let mut client = acceptor.accept(stream).await?;
    let mut service = UnixStream::connect(socket).await?;
    copy_bidirectional_with_sizes(&mut client, &mut service, BUFFER, BUFFER).await?;
    client.shutdown().await?;
    Ok(())
}
