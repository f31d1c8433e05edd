//! Programs and sockets that serve.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::net;
use sealock_testkit::process::{end, wait_for};

/// A port here that nobody listens on, and nobody can take while it is held.
pub(crate) struct Closed {
    _socket: OwnedFd,
    address: SocketAddr,
}

impl Closed {
    pub(crate) fn new() -> Self {
        let socket = net::socket(net::AddressFamily::INET, net::SocketType::STREAM, None).unwrap();
        net::bind(&socket, &loopback(0)).unwrap();
        let address = SocketAddr::try_from(net::getsockname(&socket).unwrap()).unwrap();
        Self {
            _socket: socket,
            address,
        }
    }

    pub(crate) fn place(&self) -> String {
        format!("tcp://{}", self.address)
    }
}

/// This port here.
pub(crate) fn loopback(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// A program that serves; ended when dropped.
pub(crate) struct Serving {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Serving {
    pub(crate) fn start(mut command: Command, address: SocketAddr) -> Self {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut serving = Self { child, address };
        wait_for("a server to listen", Duration::from_secs(10), || {
            assert!(
                serving.child.try_wait().unwrap().is_none(),
                "it ended: {command:?}"
            );
            TcpStream::connect(address).is_ok()
        });
        serving
    }

    pub(crate) fn place(&self) -> String {
        format!("tcp://{}", self.address)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        end(self.child.id(), Duration::from_secs(2));
        let _ = self.child.wait();
    }
}

/// A listener of this process that treats every connection like this, each in a thread of its own.
pub(crate) fn peer(behave: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = format!("tcp://{}", listener.local_addr().unwrap());
    let behave = Arc::new(behave);
    let _serves_to_the_end = std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let behave = Arc::clone(&behave);
            let _ends_with_its_client = std::thread::spawn(move || behave(socket));
        }
    });
    place
}

/// Reads what comes until the client goes, and says nothing.
pub(crate) fn listen_only(mut socket: TcpStream) {
    let mut bytes = [0; 4096];
    while socket.read(&mut bytes).is_ok_and(|count| count > 0) {}
}

/// Writes as much as the client takes.
pub(crate) fn write_all(mut socket: &TcpStream, bytes: &[u8]) {
    let _gone = socket.write_all(bytes);
}
