//! Clients that speak for themselves: one connection each, requests one after the other.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::time::Duration;

use sealock_pki::San;
use sealock_tls::{Client, TlsStream};

/// What a client waits for anything at most.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection to the gateway.
pub(crate) struct Line {
    stream: TlsStream<TcpStream>,
    read: Vec<u8>,
}

/// A connection to the port without TLS, from an address of this machine.
pub(crate) fn socket_from(from: Ipv4Addr, port: u16) -> Result<TcpStream> {
    use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None)?;
    bind(&socket, &SocketAddrV4::new(from, 0))?;
    connect(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))?;
    Ok(TcpStream::from(socket))
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Line {
    pub(crate) fn open(client: &Client, port: u16) -> Result<Self> {
        Self::open_from(Ipv4Addr::LOCALHOST, client, port)
    }

    /// From another address of this machine.
    pub(crate) fn open_from(from: Ipv4Addr, client: &Client, port: u16) -> Result<Self> {
        let socket = socket_from(from, port)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        let name = San::Ip(Ipv4Addr::LOCALHOST.into());
        let stream = client.connect(socket, &name).map_err(Error::other)?;
        Ok(Self {
            stream,
            read: Vec::new(),
        })
    }

    /// The server's certificate.
    pub(crate) fn server(&self) -> sealock_pki::Certificate {
        self.stream.peer_chain().remove(0)
    }

    pub(crate) fn get(&mut self, target: &str) -> Result<Answer> {
        self.ask(format!("GET {target} HTTP/1.1\r\nHost: docker\r\n\r\n").as_bytes())
    }

    /// Sends a whole request and reads the whole answer.
    pub(crate) fn ask(&mut self, request: &[u8]) -> Result<Answer> {
        self.send(request)?;
        self.answer()
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.stream.write_all(bytes)
    }

    /// Reads one answer; a body without a length goes to the end of the connection.
    pub(crate) fn answer(&mut self) -> Result<Answer> {
        let head = self.head()?;
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
        let status = status.ok_or_else(|| Error::new(ErrorKind::InvalidData, head.clone()))?;
        let field = |name: &str| {
            let lines = head.lines().filter_map(|line| line.split_once(':'));
            lines
                .filter(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.trim().to_owned())
                .next()
        };
        let body = match (field("content-length"), field("transfer-encoding")) {
            (Some(length), _) => self.take(length.parse().map_err(Error::other)?)?,
            (None, Some(_)) => self.chunks()?,
            (None, None) if status == 204 || status == 304 => Vec::new(),
            (None, None) => self.rest()?,
        };
        Ok(Answer { status, head, body })
    }

    /// Reads up to the end of a head.
    pub(crate) fn head(&mut self) -> Result<String> {
        let end = self.find(b"\r\n\r\n")?;
        let head = self.take(end + 4)?;
        Ok(String::from_utf8_lossy(&head).into_owned())
    }

    /// A line without its end.
    pub(crate) fn line(&mut self, end: &[u8]) -> Result<String> {
        let at = self.find(end)?;
        let line = self.take(at + end.len())?;
        Ok(String::from_utf8_lossy(&line[..at]).into_owned())
    }

    fn chunks(&mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.line(b"\r\n")?;
            let size = usize::from_str_radix(&line, 16).map_err(Error::other)?;
            let chunk = self.take(size + 2)?;
            if size == 0 {
                return Ok(body);
            }
            body.extend_from_slice(&chunk[..size]);
        }
    }

    fn find(&mut self, what: &[u8]) -> Result<usize> {
        loop {
            if let Some(at) = self
                .read
                .windows(what.len())
                .position(|window| window == what)
            {
                return Ok(at);
            }
            self.more()?;
        }
    }

    fn take(&mut self, count: usize) -> Result<Vec<u8>> {
        while self.read.len() < count {
            self.more()?;
        }
        Ok(self.read.drain(..count).collect())
    }

    /// Everything up to an orderly end.
    fn rest(&mut self) -> Result<Vec<u8>> {
        loop {
            match self.more() {
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                    return Ok(std::mem::take(&mut self.read));
                }
                other => other?,
            }
        }
    }

    fn more(&mut self) -> Result<()> {
        let mut buffer = [0; 16 << 10];
        match self.stream.read(&mut buffer)? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            count => {
                self.read.extend_from_slice(&buffer[..count]);
                Ok(())
            }
        }
    }
}
