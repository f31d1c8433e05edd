//! From a socket that was accepted to a caller that is known.

#[cfg(test)]
mod tests;

use crate::material::Material;
use crate::shared::Current;
use crate::transport::{TlsTransport, Transport};
use sealock_diag::{Code, Diagnose};
use sealock_pki::{Certificate, San, Timestamp};
use sealock_policy::{Caller, Name};
use sealock_tls::{Clock, Gate, GateSession, Sealed, Standing, TlsError, Verified, Version};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

/// What a handshake may send us at most: sixteen certificates, the most that are looked at, have half of it.
const HANDSHAKE_LIMIT: usize = 48 * 1024;

/// The code of a request whose caller has lapsed.
pub(crate) const LAPSED: Code = Code("SL-G023");

/// The reason when the other end went away.
const GONE: &str = "gone";

/// What Go's servers, dockerd among them, answer to plain HTTP on a TLS port; clients know the words.
const PLAIN_HTTP_ANSWER: &[u8] =
    b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

/// Who is at the other end of a connection. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// Who that is to a policy; shared by all connections with the same certificates.
    pub(crate) known: Arc<Known>,
    /// Where the connection comes from.
    pub(crate) address: Address,
    /// How the connection is secured; `None` on a unix socket.
    pub(crate) secured: Option<Secured>,
    /// The epoch of the material that let it in.
    pub(crate) epoch: u64,
}

impl Peer {
    /// Who asks.
    pub(crate) fn caller(&self) -> &Caller {
        &self.known.caller
    }

    /// Whether time is against this caller by now: its certificate has expired, or a revocation list is
    /// overdue. To be asked before each request; within the time that the handshake vouched for it costs a
    /// look at the clock.
    pub(crate) fn lapsed(&self, current: &Current) -> bool {
        let Some(chain) = &self.known.chain else {
            return false;
        };
        if Clock::System.now() <= chain.until() {
            return false;
        }
        // Newer lists may vouch for longer.
        let snapshot = current.snapshot();
        let judged = snapshot.material.as_ref();
        judged.is_none_or(|material| material.standing(&self.known) != Standing::Good)
    }

    /// Of the caller's certificate, what audit records hold; `None` on a unix socket.
    pub(crate) fn leaf(&self) -> Option<&Leaf> {
        self.known.leaf.as_ref()
    }
}

/// A caller with what its certificate says.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// Who asks.
    pub(crate) caller: Arc<Caller>,
    /// Its certificate; `None` on a unix socket.
    pub(crate) leaf: Option<Leaf>,
    /// Its chain, to be judged again when lists change; `None` on a unix socket.
    pub(crate) chain: Option<Arc<Verified>>,
}

/// What audit records hold of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leaf {
    /// The issuer's name, escaped.
    pub(crate) issuer: String,
    /// The serial in lower-case hex.
    pub(crate) serial: String,
    /// The SHA-256 of the public key in lower-case hex.
    pub(crate) spki: String,
    /// Its last moment.
    pub(crate) not_after: Timestamp,
}

/// Where a connection comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// The other end of a TCP connection.
    Tcp(SocketAddr),
    /// The process at the other end of a unix socket.
    Unix {
        /// Its user.
        uid: u32,
        /// Its primary group.
        gid: u32,
        /// Its number, when the kernel tells.
        pid: Option<i32>,
    },
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix {
                uid,
                pid: Some(pid),
                ..
            } => write!(f, "unix:uid={uid},pid={pid}"),
            Self::Unix { uid, .. } => write!(f, "unix:uid={uid}"),
        }
    }
}

/// How a TLS connection is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Secured {
    /// The version of TLS.
    pub(crate) version: Version,
    /// The cipher suite by its IANA name.
    pub(crate) suite: &'static str,
    /// Whether an earlier session was resumed.
    pub(crate) resumed: bool,
}

/// Why a connection was not let in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// The handshake took too long.
    #[error("the handshake was not done within {} ms", within.as_millis())]
    TooSlow {
        /// How long it might have taken.
        within: Duration,
    },
    /// The handshake had too many bytes.
    #[error("the handshake has more than {HANDSHAKE_LIMIT} bytes")]
    TooMuch,
    /// The handshake failed; the peer was told.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The other end went away before it had said anything.
    #[error("the connection ended before anything was said")]
    Silent,
    /// The system says not who is at the other end of a unix socket.
    #[error("the other end of the unix socket is not known: {0}")]
    Nobody(#[source] io::Error),
}

impl Refused {
    /// Whether the other end ended it, before anybody was refused.
    pub(crate) fn is_gone(&self) -> bool {
        self.reason() == GONE
    }

    /// One word for metrics and audit records.
    pub(crate) fn reason(&self) -> &'static str {
        use sealock_tls::ClientRefusal as Is;
        match self {
            Self::TooSlow { .. } => "too-slow",
            Self::TooMuch => "too-much",
            Self::Nobody(_) => "unknown-peer",
            Self::Silent => GONE,
            Self::Tls(error) => match error {
                TlsError::ClientRefused(Is::NoCertificate) => "no-certificate",
                TlsError::ClientRefused(Is::Revoked) => "revoked",
                TlsError::ClientRefused(Is::RevocationUnknown { .. }) => "revocation-unknown",
                TlsError::ClientRefused(Is::Unacceptable { .. }) => "untrusted",
                TlsError::PlainText { .. } => "plain-text",
                TlsError::AlertReceived { .. } => "alert",
                TlsError::Closed | TlsError::Reset => GONE,
                TlsError::Timeout => "too-slow",
                TlsError::Protocol { .. } => "protocol",
                TlsError::ServerRefused(_) | TlsError::Io { .. } => "failed",
            },
        }
    }
}

impl Diagnose for Refused {
    fn code(&self) -> Code {
        match self {
            Self::TooSlow { .. } => Code("SL-G020"),
            Self::TooMuch => Code("SL-G021"),
            Self::Nobody(_) => Code("SL-G022"),
            Self::Silent => TlsError::Closed.code(),
            Self::Tls(error) => error.code(),
        }
    }

    fn cause(&self) -> Option<String> {
        match self {
            Self::Tls(error) => Diagnose::cause(error),
            _ => None,
        }
    }
}

/// What is spoken behind TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spoken {
    /// HTTP/1.1, and nothing that a client could take for more.
    Http,
    /// Whatever the client and the service speak.
    Any,
}

/// Shakes hands with whoever connected, and says who that is. The connection is closed when it is refused;
/// the peer was then told why, as far as TLS has words for it.
///
/// # Errors
/// See [`Refused`].
pub(crate) async fn admit(
    socket: TcpStream,
    address: SocketAddr,
    material: &Material,
    spoken: Spoken,
    within: Duration,
) -> Result<(Transport, Peer), Refused> {
    // Answers are written whole; waiting for more to send costs 40 ms each.
    let _ = socket.set_nodelay(true);
    match tokio::time::timeout(within, shake_hands(socket, material, spoken)).await {
        Err(_) => Err(Refused::TooSlow { within }),
        Ok(Err(refused)) => Err(refused),
        Ok(Ok((transport, known, secured))) => {
            let peer = Peer {
                known,
                address: Address::Tcp(address),
                secured: Some(secured),
                epoch: material.epoch(),
            };
            Ok((transport, peer))
        }
    }
}

/// Asks the system who connected to a unix socket.
///
/// # Errors
/// [`Refused::Nobody`].
pub(crate) fn admit_local(socket: UnixStream, epoch: u64) -> Result<(Transport, Peer), Refused> {
    let credentials = socket.peer_cred().map_err(Refused::Nobody)?;
    let (uid, gid) = (credentials.uid(), credentials.gid());
    let known = Known {
        caller: Arc::new(Caller::new(vec![Name::Uid(uid), Name::Gid(gid)])),
        leaf: None,
        chain: None,
    };
    let peer = Peer {
        known: Arc::new(known),
        address: Address::Unix {
            uid,
            gid,
            pid: credentials.pid(),
        },
        secured: None,
        epoch,
    };
    Ok((Transport::Unix(socket), peer))
}

async fn shake_hands(
    mut socket: TcpStream,
    material: &Material,
    spoken: Spoken,
) -> Result<(Transport, Arc<Known>, Secured), Refused> {
    let mut records = vec![0; 4096];
    let (mut session, mut read_ahead) = match spoken {
        Spoken::Http => (material.gate().session()?, 0),
        Spoken::Any => {
            let count = hello(&mut socket, &mut records).await?;
            (material.gate().session_for(&records[..count])?, count)
        }
    };
    let mut plain = Vec::new();
    let mut sealed = Sealed::default();
    let mut total = 0;
    while session.is_handshaking() {
        let carried = session.carried();
        if records.len() < carried + 2048 {
            records.resize(carried + 4096, 0);
        }
        let read = match std::mem::take(&mut read_ahead) {
            0 => socket.read(&mut records[carried..]).await,
            count => Ok(count),
        };
        let count = match read {
            Ok(0) | Err(_) if total == 0 => return Err(Refused::Silent),
            Ok(0) => return Err(TlsError::Closed.into()),
            read => read.map_err(gone)?,
        };
        if total == 0
            && let Some(error) = TlsError::of_plain_text(&records[carried..carried + count])
        {
            return Err(answer_plain_text(&mut socket, error).await);
        }
        total += count;
        if total > HANDSHAKE_LIMIT {
            return Err(Refused::TooMuch);
        }
        let digested = session.digest(
            &mut records[..carried + count],
            |data| plain.extend_from_slice(data),
            &mut sealed,
        );
        let sent = socket.write_all(sealed.bytes()).await;
        sealed.clear();
        if let Err(error) = digested {
            linger(&mut socket).await;
            return Err(error.into());
        }
        sent.map_err(gone)?;
    }
    let (known, secured) = match identify(&session, material) {
        Ok(found) => found,
        Err(error) => {
            session.close(&mut sealed);
            let _ = socket.write_all(sealed.bytes()).await;
            linger(&mut socket).await;
            return Err(error.into());
        }
    };
    let transport = TlsTransport::new(socket, session, plain, Sealed::default());
    Ok((Transport::Tls(Box::new(transport)), known, secured))
}

/// Reads until the client's first message is there, or its end; what was read stands at the front of `records`.
async fn hello(socket: &mut TcpStream, records: &mut Vec<u8>) -> Result<usize, Refused> {
    let mut count = 0;
    while !Gate::hello_is_whole(&records[..count]) {
        if records.len() < count + 2048 {
            records.resize(count + 4096, 0);
        }
        match socket.read(&mut records[count..]).await {
            Ok(0) => break,
            Err(_) if count == 0 => return Err(Refused::Silent),
            read => count += read.map_err(gone)?,
        }
    }
    Ok(count)
}

fn identify(session: &GateSession, material: &Material) -> Result<(Arc<Known>, Secured), TlsError> {
    let verified = session.peer()?;
    let secured = Secured {
        version: session.version().unwrap_or(Version::Tls12),
        suite: session.suite(),
        resumed: session.resumed(),
    };
    Ok((material.known(&verified), secured))
}

fn gone(error: io::Error) -> Refused {
    Refused::Tls(TlsError::from_io(&error))
}

async fn answer_plain_text(socket: &mut TcpStream, error: TlsError) -> Refused {
    if let TlsError::PlainText {
        spoken: sealock_tls::Spoken::Http,
        ..
    } = &error
    {
        let _ = socket.write_all(PLAIN_HTTP_ANSWER).await;
        linger(socket).await;
    }
    Refused::Tls(error)
}

/// Lets the peer read our last word: closing a socket with unread bytes in it resets the connection, and
/// the word is lost with it. Bounded by the time for the handshake, and by bytes.
async fn linger(socket: &mut TcpStream) {
    let _ = socket.shutdown().await;
    let mut rest = vec![0; 2048];
    for _ in 0..16 {
        match tokio::time::timeout(Duration::from_millis(500), socket.read(&mut rest)).await {
            Ok(Ok(count)) if count > 0 => {}
            _ => return,
        }
    }
}

impl Known {
    /// Who a verified chain is.
    pub(crate) fn of(chain: &Arc<Verified>) -> Self {
        let leaf = Leaf::of(chain.leaf());
        Self {
            caller: Arc::new(Caller::new(names_of(chain.leaf(), &leaf))),
            leaf: Some(leaf),
            chain: Some(chain.clone()),
        }
    }
}

impl Leaf {
    fn of(certificate: &Certificate) -> Self {
        let spki = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, certificate.spki_der());
        Self {
            issuer: certificate.issuer(),
            serial: hex(certificate.serial().as_bytes()),
            spki: hex(spki.as_ref()),
            not_after: certificate.not_after(),
        }
    }
}

/// All names of a certificate, the most telling first; see [`Caller::new`].
fn names_of(certificate: &Certificate, leaf: &Leaf) -> Vec<Name> {
    let mut uris = Vec::new();
    let mut dns = Vec::new();
    let mut emails = Vec::new();
    for san in certificate.sans() {
        match san {
            San::Uri(text) => uris.push(Name::Uri(text.clone())),
            San::Dns(name) => dns.push(Name::Dns(name.to_string())),
            San::Email(text) => emails.push(Name::Email(text.clone())),
            San::Ip(_) => {}
        }
    }
    let units = certificate.organizational_units().into_iter().map(Name::Ou);
    uris.into_iter()
        .chain(certificate.common_name().map(Name::Cn))
        .chain(dns)
        .chain(emails)
        .chain([Name::Spki(leaf.spki.clone())])
        .chain(units)
        .chain([Name::Serial(leaf.serial.clone())])
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
