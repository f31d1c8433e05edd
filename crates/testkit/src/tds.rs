//! A double of SQL Server, for its wire only: TDS 7.4 with real TLS inside its packets, TDS 8.0 with TLS around them.
//!
//! There is no SQL Server in any registry. This one agrees on encryption as MS-TDS has it, shakes hands, lets everybody
//! log in and answers every query with one row: what it says of the connection. No SQL is parsed. The real clients
//! (FreeTDS, Microsoft's ODBC driver, tedious and others) are what shows that it is honest.

mod answer;
mod packets;
mod pipe;
mod session;

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use sealock_pki::{Certificate, PrivateKey};
use sealock_tls::{ClientAuth, Clock, Identity, Server, ServerSettings, Version, Versions};

/// How long a connection may be silent.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the server says to encryption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TdsMode {
    /// It has no TLS.
    NotSupported,
    /// `forceencryption = 0`: the client decides.
    Off,
    /// The login must be encrypted, the rest is as the client wishes.
    LoginOnly,
    /// Everything is encrypted, in the words "on".
    On,
    /// `forceencryption = 1`: everything is encrypted, in the word "required".
    Required,
    /// As [`TdsMode::Required`], and TDS 8.0 on the same port, as version 2022 has it.
    Both,
    /// `forcestrict = 1`: TDS 8.0 and nothing else.
    Strict,
}

impl TdsMode {
    /// Every mode.
    pub const ALL: [Self; 7] = [
        Self::NotSupported,
        Self::Off,
        Self::LoginOnly,
        Self::On,
        Self::Required,
        Self::Both,
        Self::Strict,
    ];

    /// The answer to a client's wish (MS-TDS §2.2.6.5).
    fn answer(self, wish: u8) -> u8 {
        match (self, wish) {
            (Self::NotSupported, _) => 2,
            (Self::Off, 2) => 2,
            (Self::Off | Self::LoginOnly, 0) => 0,
            (Self::On, 0) => 1,
            (_, 1) => 1,
            (Self::Off | Self::LoginOnly | Self::On, 3) => 1,
            _ => 3,
        }
    }
}

/// A login that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TdsLogin {
    /// Who.
    pub user: String,
    /// Version and suite under which the login travelled; `None` in clear text.
    pub tls: Option<(String, String)>,
    /// Whether TLS lasts longer than the login.
    pub lasting: bool,
    /// Whether it was TDS 8.0.
    pub strict: bool,
}

/// A running double; dropping it ends it.
#[derive(Debug)]
pub struct TdsDouble {
    address: SocketAddr,
    control: SocketAddr,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    mode: TdsMode,
    certificate: PathBuf,
    key: PathBuf,
    /// As it was read at the last start.
    identity: Mutex<Identity>,
    logins: Mutex<Vec<TdsLogin>>,
    ended: AtomicBool,
}

impl TdsDouble {
    /// Starts it on a port of 127.0.0.1. Its files are read now, and again only when it is restarted.
    ///
    /// # Panics
    /// When the files cannot be used.
    #[must_use]
    pub fn start(mode: TdsMode, certificate: &Path, key: &Path) -> Self {
        let identity = read(certificate, key).expect("the double's certificate and key");
        let shared = Arc::new(Shared {
            mode,
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            identity: Mutex::new(identity),
            logins: Mutex::default(),
            ended: AtomicBool::new(false),
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let controller = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let (address, control) = (
            listener.local_addr().expect("an address"),
            controller.local_addr().expect("an address"),
        );
        let threads = vec![
            accepting(listener, shared.clone(), |socket, shared| {
                std::thread::spawn(move || session::serve(socket, &shared));
            }),
            accepting(controller, shared.clone(), |socket, shared| {
                restarted(socket, &shared);
            }),
        ];
        Self {
            address,
            control,
            shared,
            threads,
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A command for `bash -c` that restarts it, in the sense that counts: it reads its files again. Exit code 1, and the
    /// old files go on, when they cannot be used.
    #[must_use]
    pub fn restart_command(&self) -> String {
        format!(
            "exec 3<>/dev/tcp/127.0.0.1/{}; read -r said <&3; [ \"$said\" = restarted ] || {{ echo \"$said\" >&2; exit 1; }}",
            self.control.port()
        )
    }

    /// Who logged in so far.
    #[must_use]
    pub fn logins(&self) -> Vec<TdsLogin> {
        held(&self.shared.logins).clone()
    }
}

impl Drop for TdsDouble {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        for address in [self.address, self.control] {
            // Somebody at the door, so that it looks whether it shall end.
            let _ = TcpStream::connect(address);
        }
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Shared {
    /// TLS for a connection inside packets, or for one of TDS 8.0.
    fn tls(&self, strict: bool) -> Server {
        let server = Server::new(ServerSettings {
            identity: held(&self.identity).clone(),
            client_auth: ClientAuth::None,
            versions: match strict {
                true => Versions::Both,
                // SQL Server's own bound inside packets.
                false => Versions::Only(Version::Tls12),
            },
            clock: Clock::System,
        })
        .expect("a TLS server");
        match strict {
            true => server.speaking(&[b"tds/8.0"]),
            false => server.speaking(&[]),
        }
    }
}

fn held<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A certificate for itself when there is none, as SQL Server makes one: nobody's anchor signed it.
///
/// # Panics
/// When openssl does not make it.
#[must_use]
pub fn self_generated(folder: &Path) -> (PathBuf, PathBuf) {
    let (certificate, key) = (folder.join("fallback.pem"), folder.join("fallback.key"));
    let _ = crate::process::call(
        "openssl",
        &[
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "30",
            "-subj",
            "/CN=SSL_Self_Signed_Fallback",
            "-keyout",
            &key.display().to_string(),
            "-out",
            &certificate.display().to_string(),
        ],
    )
    .ok();
    (certificate, key)
}

/// The leaf and its key: SQL Server sends no intermediates, whatever its file has.
fn read(certificate: &Path, key: &Path) -> Result<Identity, String> {
    let bytes =
        |path: &Path| std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    let mut chain = Certificate::chain_from_pem(&bytes(certificate)?)
        .map_err(|error| format!("{}: {error}", certificate.display()))?;
    chain.truncate(1);
    let read = PrivateKey::from_pem(&bytes(key)?, None)
        .map_err(|error| format!("{}: {error}", key.display()))?;
    Identity::new(chain, &read).map_err(|error| error.to_string())
}

fn accepting(
    listener: TcpListener,
    shared: Arc<Shared>,
    meet: impl Fn(TcpStream, Arc<Shared>) + Send + 'static,
) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            if shared.ended.load(Ordering::SeqCst) {
                return;
            }
            if let Ok(socket) = socket {
                let _ = socket.set_read_timeout(Some(PATIENCE));
                let _ = socket.set_write_timeout(Some(PATIENCE));
                let _ = socket.set_nodelay(true);
                meet(socket, shared.clone());
            }
        }
    })
}

fn restarted(mut socket: TcpStream, shared: &Shared) {
    let said = match read(&shared.certificate, &shared.key) {
        Ok(identity) => {
            *held(&shared.identity) = identity;
            "restarted".to_owned()
        }
        Err(why) => why,
    };
    let _ = writeln!(socket, "{said}");
    let _ = socket.shutdown(std::net::Shutdown::Write);
    // Until the other side has read it.
    let _ = BufReader::new(socket).read_line(&mut String::new());
}
