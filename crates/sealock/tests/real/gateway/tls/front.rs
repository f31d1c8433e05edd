//! A gate behind a real socket, with just enough of a daemon behind it to be asked for its version.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use sealock_testkit::process::becomes;
use sealock_tls::{Gate, GateSession, Sealed, TlsError, Version};

/// What the gate saw of one client.
#[derive(Clone, Debug)]
pub(crate) struct Met {
    pub(crate) version: Option<Version>,
    pub(crate) suite: &'static str,
    pub(crate) group: Option<String>,
    pub(crate) resumed: bool,
    pub(crate) name: String,
}

type Seen = Result<Met, TlsError>;

/// Listens until it is dropped.
pub(crate) struct Front {
    pub(crate) port: u16,
    gate: Arc<Mutex<Gate>>,
    seen: Arc<Mutex<Vec<Seen>>>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Front {
    pub(crate) fn new(gate: Gate) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let gate = Arc::new(Mutex::new(gate));
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let ended = Arc::new(AtomicBool::new(false));
        let shared = (gate.clone(), seen.clone(), ended.clone());
        let thread = std::thread::spawn(move || {
            let (gate, seen, ended) = shared;
            for socket in listener.incoming().flatten() {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                let gate = gate.lock().unwrap().clone();
                let seen = seen.clone();
                std::thread::spawn(move || serve(socket, &gate, &seen));
            }
        });
        Self {
            port,
            gate,
            seen,
            ended,
            thread: Some(thread),
        }
    }

    /// From now on this gate.
    pub(crate) fn swap(&self, gate: Gate) {
        *self.gate.lock().unwrap() = gate;
    }

    /// What came of the one client that has come since this was asked last.
    pub(crate) fn one(&self) -> Seen {
        let all = self.all();
        assert_eq!(all.len(), 1, "{all:?}");
        all.into_iter().next().unwrap()
    }

    /// What came of all of them.
    pub(crate) fn all(&self) -> Vec<Seen> {
        let came = || !self.seen.lock().unwrap().is_empty();
        assert!(becomes(Duration::from_secs(5), came), "nobody came");
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        let _wakes_it = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(socket: TcpStream, gate: &Gate, seen: &Mutex<Vec<Seen>>) {
    socket
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let mut line = Line {
        socket,
        session: gate.session().unwrap(),
        sealed: Sealed::default(),
        plain: Vec::new(),
    };
    let met = line.shake_hands();
    let good = met.is_ok();
    seen.lock().unwrap().push(met);
    if good {
        while line.answer().is_some() {}
        line.session.close(&mut line.sealed);
        let _ = line.flush();
    }
    // The last word must not be lost in a reset.
    let _ = line.socket.shutdown(Shutdown::Write);
    let _ = line.socket.read_to_end(&mut Vec::new());
}

struct Line {
    socket: TcpStream,
    session: GateSession,
    sealed: Sealed,
    plain: Vec<u8>,
}

impl Line {
    fn shake_hands(&mut self) -> Seen {
        while self.session.is_handshaking() {
            // A client that says goodbye at once does so behind a handshake that is done.
            if !self.more()? && self.session.is_handshaking() {
                return Err(TlsError::Closed);
            }
        }
        let peer = self.session.peer()?;
        Ok(Met {
            version: self.session.version(),
            suite: self.session.suite(),
            group: self.session.group(),
            resumed: self.session.resumed(),
            name: peer.leaf().common_name().unwrap_or_default(),
        })
    }

    /// One read; whether there was anything.
    fn more(&mut self) -> Result<bool, TlsError> {
        let carried = self.session.carried();
        let mut records = vec![0; carried + 16_384];
        let count = match self.socket.read(&mut records[carried..]) {
            Ok(count) => count,
            Err(error) => return Err(TlsError::from_io(&error)),
        };
        let plain = &mut self.plain;
        let digested = self.session.digest(
            &mut records[..carried + count],
            |data| plain.extend_from_slice(data),
            &mut self.sealed,
        );
        let _ = self.flush();
        digested.map(|()| count > 0 && !self.session.peer_closed())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.socket.write_all(self.sealed.bytes())?;
        self.sealed.clear();
        Ok(())
    }

    /// Answers one request; `None` when there is no other.
    fn answer(&mut self) -> Option<()> {
        let end = loop {
            if let Some(at) = self.plain.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if !self.more().ok()? {
                return None;
            }
        };
        let head = String::from_utf8_lossy(&self.plain[..end]).into_owned();
        self.plain.drain(..end);
        let body = if head.contains("/version") {
            "{\"Version\":\"28.0.0\",\"ApiVersion\":\"1.41\",\"MinAPIVersion\":\"1.24\"}"
        } else {
            "OK"
        };
        let shown = if head.starts_with("HEAD") { "" } else { body };
        let answer = format!(
            "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nOstype: linux\r\nContent-Length: {}\r\n\r\n{shown}",
            body.len()
        );
        self.session
            .seal(answer.as_bytes(), &mut self.sealed)
            .ok()?;
        self.flush().ok()?;
        // One request is all that s_client has.
        (!head.contains("Connection: close")).then_some(())
    }
}
