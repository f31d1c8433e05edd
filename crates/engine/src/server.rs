//! The listener and its threads.

use crate::EngineError;
use crate::http::{self, PLAIN_ON_TLS};
use sealock_pki::Certificate;
use sealock_tls::{
    ClientAuth, Clock, Identity, Server, ServerSettings, Spoken, TlsError, Versions,
};
use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Connections served at the same time; more wait in the kernel's queue.
const MOST_CONNECTIONS: usize = 32;
/// Longest silence of a client.
const IDLE: Duration = Duration::from_secs(10);
/// Longest life of a connection; a client that drips bytes is never silent for long.
const LIFE: Duration = Duration::from_secs(60);
/// How long the last words to a client may take to be fetched.
const LINGER: Duration = Duration::from_millis(200);

/// The ways in which a Docker daemon listens on TCP.
#[derive(Clone, Debug)]
pub enum Mode {
    /// No TLS: root for everybody who reaches the port.
    Plain,
    /// TLS, and nobody is asked for a certificate (`tlsverify: false`).
    OneWay {
        /// What the daemon shows.
        identity: Identity,
    },
    /// TLS, and every client needs a certificate (`tlsverify: true`).
    Mutual {
        /// What the daemon shows.
        identity: Identity,
        /// Who may sign clients (`tlscacert`).
        anchors: Vec<Certificate>,
    },
}

/// A running engine. Dropping it ends all its connections and threads.
#[derive(Debug)]
pub struct Engine {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

impl Engine {
    /// Starts on a free port of `on`, judging clients by `clock`. It accepts when this returns.
    ///
    /// # Errors
    /// When there is no port, or identity and anchors do not work.
    pub fn start(mode: &Mode, on: IpAddr, clock: Clock) -> Result<Self, EngineError> {
        Self::start_at(mode, SocketAddr::new(on, 0), clock)
    }

    /// Like [`Engine::start`], on this port.
    ///
    /// # Errors
    /// When the port is taken, or identity and anchors do not work.
    pub fn start_at(mode: &Mode, at: SocketAddr, clock: Clock) -> Result<Self, EngineError> {
        let tls = tls_of(mode, clock).map_err(EngineError::Settings)?;
        let listen = |source| EngineError::Listen {
            address: at.ip(),
            source,
        };
        let listener = TcpListener::bind(at).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let shared = Arc::new(Shared::default());
        let acceptor = {
            let shared = shared.clone();
            std::thread::Builder::new()
                .name("engine".into())
                .spawn(move || accept_all(&listener, tls.as_ref(), &shared))
                .map_err(listen)?
        };
        Ok(Self {
            address,
            shared,
            acceptor: Some(acceptor),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.shared.stop();
        // The acceptor sleeps in `accept`: one more connection wakes it. Should that fail, it is
        // left to its sleep rather than waited for without end.
        let woken = TcpStream::connect_timeout(&self.address, Duration::from_secs(1)).is_ok();
        if let Some(acceptor) = self.acceptor.take()
            && woken
        {
            let _ = acceptor.join();
        }
    }
}

fn tls_of(mode: &Mode, clock: Clock) -> Result<Option<Server>, sealock_tls::SettingsError> {
    let (identity, client_auth) = match mode {
        Mode::Plain => return Ok(None),
        Mode::OneWay { identity } => (identity, ClientAuth::None),
        Mode::Mutual { identity, anchors } => (identity, ClientAuth::Required(anchors.clone())),
    };
    let server = Server::new(ServerSettings {
        identity: identity.clone(),
        client_auth,
        versions: Versions::Both,
        clock,
    })?;
    Ok(Some(server))
}

/// What acceptor, connections and owner share.
#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    stopping: bool,
    next: u64,
    open: HashMap<u64, TcpStream>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self) {
        let mut state = self.state();
        state.stopping = true;
        for socket in state.open.values() {
            let _ = socket.shutdown(Shutdown::Both);
        }
        self.freed.notify_all();
    }

    /// Waits for a free place and takes it; `None` when the engine stops.
    fn admit(&self, socket: &TcpStream) -> Option<u64> {
        let handle = socket.try_clone().ok()?;
        let mut state = self.state();
        while state.open.len() >= MOST_CONNECTIONS && !state.stopping {
            state = self
                .freed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if state.stopping {
            return None;
        }
        state.next += 1;
        let id = state.next;
        state.open.insert(id, handle);
        Some(id)
    }

    fn release(&self, id: u64) {
        self.state().open.remove(&id);
        self.freed.notify_all();
    }

    fn stopping(&self) -> bool {
        self.state().stopping
    }
}

fn accept_all(listener: &TcpListener, tls: Option<&Server>, shared: &Arc<Shared>) {
    let mut workers: Vec<JoinHandle<()>> = Vec::new();
    while !shared.stopping() {
        let Ok((socket, _)) = listener.accept() else {
            // Out of descriptors, or the peer is gone already: let others finish.
            std::thread::sleep(Duration::from_millis(10));
            continue;
        };
        workers.retain(|worker| !worker.is_finished());
        let Some(id) = shared.admit(&socket) else {
            continue;
        };
        let (tls, shared_there) = (tls.cloned(), shared.clone());
        let worker = std::thread::Builder::new()
            .name("engine-connection".into())
            .spawn(move || {
                let _ = converse(&socket, tls.as_ref());
                part(&socket);
                shared_there.release(id);
            });
        match worker {
            Ok(worker) => workers.push(worker),
            Err(_) => shared.release(id),
        }
    }
    for worker in workers {
        let _ = worker.join();
    }
}

fn converse(socket: &TcpStream, tls: Option<&Server>) -> io::Result<()> {
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(IDLE))?;
    socket.set_write_timeout(Some(IDLE))?;
    let mortal = Mortal {
        socket,
        ends: Instant::now() + LIFE,
    };
    let Some(tls) = tls else {
        return http::serve(mortal);
    };
    match tls.accept(mortal) {
        Ok(mut stream) => {
            http::serve(&mut stream)?;
            stream.close()
        }
        Err(TlsError::PlainText {
            spoken: Spoken::Http,
            ..
        }) => (&*socket).write_all(PLAIN_ON_TLS),
        Err(_) => Ok(()),
    }
}

/// A socket that ends at a given moment.
struct Mortal<'a> {
    socket: &'a TcpStream,
    ends: Instant,
}

impl Mortal<'_> {
    fn alive(&self) -> io::Result<&TcpStream> {
        if Instant::now() < self.ends {
            Ok(self.socket)
        } else {
            Err(io::ErrorKind::TimedOut.into())
        }
    }
}

impl Read for Mortal<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.alive()?.read(buffer)
    }
}

impl Write for Mortal<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.alive()?.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Closes so that the last words arrive: closing over unread bytes would send a reset after them.
fn part(mut socket: &TcpStream) {
    let _ = socket.shutdown(Shutdown::Write);
    let _ = socket.set_read_timeout(Some(LINGER));
    let mut rest = [0; 4096];
    for _ in 0..16 {
        match socket.read(&mut rest) {
            Ok(1..) => {}
            _ => break,
        }
    }
}
