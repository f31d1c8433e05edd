//! A whole gateway in front of a service that the test plays, for the tests of listeners without policy.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sealock_policy::Name;
use serde_json::Value;

use crate::{
    AuditSettings, Bind, Gateway, GatewayError, Limits, Listener, Service, Settings, Sources,
    Upstream,
};

/// Nothing takes longer.
pub(crate) const SOON: Duration = Duration::from_secs(20);
/// How long nothing may happen where nothing must.
const QUIET: Duration = Duration::from_millis(60);

/// The gateway, its one listener on a unix socket, and the service's own.
pub(crate) struct Front {
    gateway: Option<Gateway>,
    pub(crate) folder: PathBuf,
    service: UnixListener,
}

impl Front {
    /// `service` is told where the test listens.
    pub(crate) fn new(service: impl FnOnce(Upstream) -> Service) -> Self {
        Self::try_new(service, "audit").unwrap()
    }

    /// The same; records go to `audit`, below the folder unless it is an absolute path.
    pub(crate) fn try_new(
        service: impl FnOnce(Upstream) -> Service,
        audit: &str,
    ) -> Result<Self, GatewayError> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("sealock-front-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let behind = folder.join("service");
        let listener = UnixListener::bind(&behind).unwrap();
        listener.set_nonblocking(true).unwrap();
        let at = Bind::Unix(folder.join("front"));
        let settings = settings(
            at,
            service(Upstream::Unix(behind)),
            folder.join(audit),
            None,
        );
        let gateway = Some(Gateway::start(settings, Vec::new())?);
        Ok(Self {
            gateway,
            folder,
            service: listener,
        })
    }

    pub(crate) fn client(&self) -> Talk {
        Talk::of(UnixStream::connect(self.folder.join("front")).unwrap())
    }

    /// The next connection that the gateway makes to the service.
    pub(crate) fn service(&self) -> Talk {
        for _ in 0..2000 {
            match self.service.accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(false).unwrap();
                    return Talk::of(stream);
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("the gateway does not come");
    }

    /// The gateway makes no other connection.
    pub(crate) fn nobody_comes(&self) {
        std::thread::sleep(QUIET);
        let error = self.service.accept().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
    }

    /// The service goes away.
    pub(crate) fn service_ends(&self) {
        std::fs::remove_file(self.folder.join("service")).unwrap();
    }

    pub(crate) fn gateway(&self) -> &Gateway {
        self.gateway.as_ref().unwrap()
    }

    /// Ends the gateway; what it has recorded, but for its own begin and end.
    pub(crate) fn records(mut self) -> Vec<Value> {
        drop(self.gateway.take());
        records(&self.folder.join("audit"))
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        drop(self.gateway.take());
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Settings of a gateway with one listener.
pub(crate) fn settings(
    at: Bind,
    service: Service,
    audit: PathBuf,
    sources: Option<Sources>,
) -> Settings {
    Settings {
        listeners: vec![Listener {
            name: "port".to_owned(),
            at,
            service,
        }],
        sources,
        policy: None,
        audit: Some(AuditSettings {
            path: audit,
            chain: true,
            rotate_at: 0,
            keep: 1,
            required: true,
        }),
        metrics: None,
        control: None,
        limits: Limits::default(),
        workers: Some(1),
    }
}

/// The records of a file, but for begin and end of the gateway.
pub(crate) fn records(audit: &std::path::Path) -> Vec<Value> {
    let text = std::fs::read_to_string(audit).unwrap();
    let all = text.lines().map(|line| serde_json::from_str(line).unwrap());
    all.filter(|record: &Value| record["event"] != "start" && record["event"] != "stop")
        .collect()
}

/// The user who runs the test: how a unix socket knows its caller.
pub(crate) fn this_user() -> Name {
    Name::Uid(rustix::process::getuid().as_raw())
}

/// A TCP service: an address, and the next connection to it.
pub(crate) fn tcp_service() -> (Upstream, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    (Upstream::Tcp(listener.local_addr().unwrap()), listener)
}

/// One end of a connection that the test plays. Texts have `\n` where the wire has CR LF.
pub(crate) struct Talk {
    stream: Stream,
    held: Vec<u8>,
}

enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Talk {
    pub(crate) fn of(stream: UnixStream) -> Self {
        stream.set_read_timeout(Some(SOON)).unwrap();
        stream.set_write_timeout(Some(SOON)).unwrap();
        Self {
            stream: Stream::Unix(stream),
            held: Vec::new(),
        }
    }

    pub(crate) fn of_tcp(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(SOON)).unwrap();
        stream.set_write_timeout(Some(SOON)).unwrap();
        Self {
            stream: Stream::Tcp(stream),
            held: Vec::new(),
        }
    }

    pub(crate) fn say(&mut self, text: &str) {
        self.send(text.replace('\n', "\r\n").as_bytes());
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        match &mut self.stream {
            Stream::Unix(stream) => stream.write_all(bytes).unwrap(),
            Stream::Tcp(stream) => stream.write_all(bytes).unwrap(),
        }
    }

    fn wait(&self, time: Duration) {
        match &self.stream {
            Stream::Unix(stream) => stream.set_read_timeout(Some(time)).unwrap(),
            Stream::Tcp(stream) => stream.set_read_timeout(Some(time)).unwrap(),
        }
    }

    fn more(&mut self) -> std::io::Result<usize> {
        let mut buffer = [0; 16 << 10];
        let count = match &mut self.stream {
            Stream::Unix(stream) => stream.read(&mut buffer)?,
            Stream::Tcp(stream) => stream.read(&mut buffer)?,
        };
        self.held.extend_from_slice(&buffer[..count]);
        Ok(count)
    }

    /// The next head, without the empty line behind it.
    pub(crate) fn head(&mut self) -> String {
        loop {
            if let Some(end) = self.held.windows(4).position(|four| four == b"\r\n\r\n") {
                let head: Vec<u8> = self.held.drain(..end + 4).collect();
                let text = String::from_utf8(head[..end].to_vec()).unwrap();
                return text.replace("\r\n", "\n");
            }
            assert!(self.more().unwrap() > 0, "ended within a head");
        }
    }

    /// The next text, exactly this.
    pub(crate) fn hears(&mut self, expected: &str) {
        let expected = expected.replace('\n', "\r\n");
        let heard = self.take(expected.len());
        assert_eq!(String::from_utf8_lossy(&heard), expected);
    }

    /// The next so many bytes.
    pub(crate) fn take(&mut self, count: usize) -> Vec<u8> {
        while self.held.len() < count {
            assert!(self.more().unwrap() > 0, "ended early");
        }
        self.held.drain(..count).collect()
    }

    /// Everything up to the end, which is no reset.
    pub(crate) fn rest(&mut self) -> String {
        while self.more().unwrap() > 0 {}
        String::from_utf8_lossy(&std::mem::take(&mut self.held)).into_owned()
    }

    /// Whether something comes so soon.
    pub(crate) fn is_answered_within(&mut self, soon: Duration) -> bool {
        self.wait(soon);
        let came = self.more().is_ok_and(|count| count > 0);
        self.wait(SOON);
        came
    }

    /// Whether it ends so soon, without another word.
    pub(crate) fn ends_within(&mut self, soon: Duration) -> bool {
        self.wait(soon);
        let ended = matches!(self.more(), Ok(0));
        self.wait(SOON);
        ended
    }

    /// How the connection broke.
    pub(crate) fn breaks(&mut self) -> ErrorKind {
        loop {
            match self.more() {
                Ok(0) => panic!("it ended as if all had been said"),
                Ok(_) => {}
                Err(error) => return error.kind(),
            }
        }
    }

    /// Ends this direction only.
    pub(crate) fn half_close(&mut self) {
        match &self.stream {
            Stream::Unix(stream) => stream.shutdown(Shutdown::Write).unwrap(),
            Stream::Tcp(stream) => stream.shutdown(Shutdown::Write).unwrap(),
        }
    }
}
