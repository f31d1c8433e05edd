//! The proxy between a client and a daemon that are both played by the test.

mod bodies;
mod framing;
mod keeping;
mod refusing;
mod streams;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sealock_policy::{ExecMakers, Policy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;

use crate::admission::admit_local;
use crate::audit::Audit;
use crate::drain::Drain;
use crate::limits::Gatekeeper;
use crate::live::Live;
use crate::metrics::Metrics;
use crate::shared::{Current, Door, Shared, Snapshot, Visitor};
use crate::{AuditSettings, Bind, Limits, Listener, Service, Upstream};

const SOON: Duration = Duration::from_secs(20);

/// How long nothing may happen where nothing must.
const QUIET: Duration = Duration::from_millis(60);

/// A gateway, with the test as the daemon behind it.
struct Stage {
    folder: PathBuf,
    listener: UnixListener,
    shared: Arc<Shared>,
}

impl Stage {
    /// The client may do everything.
    fn new() -> Self {
        Self::with("role = \"admin\"", Limits::default())
    }

    /// The client has a grant, and the gateway bounds.
    fn with(grant: &str, limits: Limits) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("sealock-docker-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("docker.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let uid = rustix::process::getuid().as_raw();
        let policy = format!("version = 1\n\n[[grants]]\nto = [\"uid:{uid}\"]\n{grant}\n");
        let policy = Policy::parse(&policy).unwrap();
        let current = Current::starting_with(Snapshot {
            epoch: 1,
            policy: Some(Arc::new(policy)),
            policy_epoch: 1,
            ..Snapshot::default()
        });
        let door = Listener {
            name: "docker".to_owned(),
            at: Bind::Unix(PathBuf::from("/none")),
            service: Service::Docker {
                upstream: Upstream::Unix(path),
                prefix: None,
            },
        };
        let audit = Audit::open(&AuditSettings {
            path: folder.join("audit"),
            chain: false,
            rotate_at: 1 << 30,
            keep: 1,
            required: false,
        });
        let shared = Arc::new(Shared {
            current,
            gatekeeper: Gatekeeper::new(&limits),
            limits,
            audit: audit.unwrap(),
            metrics: Metrics::new(["docker".to_owned()]),
            drain: Drain::default(),
            live: Live::default(),
            makers: Arc::new(ExecMakers::default()),
            listeners: vec![door],
        });
        Self {
            folder,
            listener,
            shared,
        }
    }

    /// A connection of the client's, which is served.
    fn client(&self) -> Talk {
        let (near, far) = UnixStream::pair().unwrap();
        let (transport, peer) = admit_local(far, 0).unwrap();
        let who = self
            .shared
            .audit
            .who("docker", &peer.address, Some(peer.caller()), None);
        let door = Door {
            number: 0,
            shared: self.shared.clone(),
        };
        let visitor = Visitor { peer, who, door };
        tokio::spawn(super::serve(transport, visitor));
        Talk::of(near)
    }

    /// A client that has asked for this, and the daemon that has read as much of it as makes a head.
    async fn exchange(&self, request: &str) -> (Talk, Talk) {
        let mut client = self.client();
        client.say(request).await;
        let mut daemon = self.daemon().await;
        let _ = daemon.request().await;
        (client, daemon)
    }

    /// The next connection that the gateway makes to the daemon.
    async fn daemon(&self) -> Talk {
        let accepted = timeout(SOON, self.listener.accept()).await;
        Talk::of(accepted.expect("a connection").unwrap().0)
    }

    /// The gateway makes no other connection.
    async fn no_daemon(&self) {
        let accepted = timeout(QUIET, self.listener.accept()).await;
        assert!(accepted.is_err(), "another connection to the daemon");
    }

    /// The records that were written, once there are so many.
    async fn records(&self, count: usize) -> Vec<serde_json::Value> {
        for _ in 0..400 {
            let text = std::fs::read_to_string(self.folder.join("audit")).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            if lines.len() >= count && text.ends_with('\n') {
                let parsed = lines.iter().map(|line| serde_json::from_str(line).unwrap());
                return parsed.collect();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("there are not {count} records");
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// One end of a connection that the test plays. Texts have `\n` where the wire has CR LF.
struct Talk {
    socket: UnixStream,
    held: Vec<u8>,
}

impl Talk {
    fn of(socket: UnixStream) -> Self {
        Self {
            socket,
            held: Vec::new(),
        }
    }

    /// Says a text, line ends as on the wire.
    async fn say(&mut self, text: &str) {
        self.send(text.replace('\n', "\r\n").as_bytes()).await;
    }

    /// Sends bytes as they are.
    async fn send(&mut self, bytes: &[u8]) {
        let sent = timeout(SOON, self.socket.write_all(bytes)).await;
        sent.expect("somebody who reads").unwrap();
    }

    async fn more(&mut self) -> usize {
        let read = timeout(SOON, self.socket.read_buf(&mut self.held)).await;
        read.expect("something to read").unwrap_or(0)
    }

    /// The next head, without the empty line behind it.
    async fn head(&mut self) -> String {
        loop {
            let end = self.held.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(end) = end {
                let head: Vec<u8> = self.held.drain(..end + 4).collect();
                return String::from_utf8(head[..end].to_vec())
                    .unwrap()
                    .replace("\r\n", "\n");
            }
            let held = String::from_utf8_lossy(&self.held).into_owned();
            assert!(self.more().await > 0, "ended within a head: {held:?}");
        }
    }

    /// The next request, after questions about the container `c` or the command `e` in it were answered.
    /// Full IDs of the two are shown as `c` and `e`.
    async fn request(&mut self) -> String {
        let (container, exec) = ("c".repeat(64), "e".repeat(64));
        loop {
            let head = self
                .head()
                .await
                .replace(&container, "c")
                .replace(&exec, "e");
            let body = match head.strip_suffix("/json HTTP/1.1\nHost: docker") {
                Some("GET /containers/c") => format!(
                    "{{\"Id\":\"{container}\",\"Name\":\"/c\",\"Config\":{{\"Labels\":{{}}}},\"HostConfig\":{{}}}}"
                ),
                Some("GET /exec/e") => {
                    format!(
                        "{{\"ID\":\"{exec}\",\"ContainerID\":\"{container}\",\"ProcessConfig\":{{}}}}"
                    )
                }
                _ => return head,
            };
            let length = body.len();
            self.say(&format!(
                "HTTP/1.1 200 OK\nContent-Length: {length}\n\n{body}"
            ))
            .await;
        }
    }

    /// The next bytes, exactly these.
    async fn hears(&mut self, expected: &[u8]) {
        while self.held.len() < expected.len() {
            let held = String::from_utf8_lossy(&self.held).into_owned();
            assert!(self.more().await > 0, "ended after {held:?}");
        }
        let heard: Vec<u8> = self.held.drain(..expected.len()).collect();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(text(&heard), text(expected));
    }

    /// The next text, line ends as on the wire.
    async fn hears_text(&mut self, expected: &str) {
        self.hears(expected.replace('\n', "\r\n").as_bytes()).await;
    }

    /// Everything up to the end.
    async fn rest(&mut self) -> Vec<u8> {
        while self.more().await > 0 {}
        std::mem::take(&mut self.held)
    }

    /// The other side has ended, and said nothing more.
    async fn ends(&mut self) {
        let rest = self.rest().await;
        assert_eq!(String::from_utf8_lossy(&rest), "");
    }

    /// Nothing comes, not even the end.
    async fn is_quiet(&mut self) {
        assert!(
            self.held.is_empty(),
            "{:?}",
            String::from_utf8_lossy(&self.held)
        );
        let read = timeout(QUIET, self.socket.read_buf(&mut self.held)).await;
        assert!(read.is_err(), "{:?}", String::from_utf8_lossy(&self.held));
    }

    /// Ends this direction only.
    async fn half_close(&mut self) {
        self.socket.shutdown().await.unwrap();
    }
}

/// A ping, asked and answered.
async fn ping(client: &mut Talk, daemon: &mut Talk) {
    client.say("GET /_ping HTTP/1.1\nHost: d\n\n").await;
    daemon
        .hears_text("GET /_ping HTTP/1.1\nHost: docker\n\n")
        .await;
    daemon.say("HTTP/1.1 200 OK\nContent-Length: 2\n\nOK").await;
    client
        .hears_text("HTTP/1.1 200 OK\nContent-Length: 2\n\nOK")
        .await;
}
