//! Connections to the service behind us: made when they are needed, kept for the next request.

use std::cell::RefCell;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

use super::flow::Side;
use crate::Upstream;
use crate::transport::Transport;

/// How many unused connections to one service a worker keeps.
const SPARE: usize = 512;

/// How long an unused connection is kept.
const KEPT: Duration = Duration::from_secs(30);

/// A connection to a service, and whether it has served before: one that has may have been closed meanwhile.
#[derive(Debug)]
pub(crate) struct Link {
    /// The connection.
    pub(crate) side: Side<Transport>,
    /// Whether it was kept from an earlier request.
    pub(crate) is_used: bool,
}

/// How sure it must be that a kept connection is still alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Care {
    /// The request can be sent again, so what the event loop knows is enough.
    Repeatable,
    /// The request must not be sent twice: the kernel is asked.
    Once,
}

struct Spare {
    to: Upstream,
    idle: Vec<(Transport, Instant)>,
}

#[derive(Default)]
struct Pool {
    services: Vec<Spare>,
    is_swept: bool,
}

thread_local! {
    /// A connection belongs to the event loop of the worker that made it, so each worker keeps its own.
    static POOL: RefCell<Pool> = RefCell::default();
}

impl Link {
    /// A kept connection, or a new one.
    pub(crate) async fn to(upstream: &Upstream, care: Care) -> io::Result<Self> {
        while let Some(transport) = take(upstream) {
            if is_alive(&transport, care) {
                return Ok(Self {
                    side: Side::new(transport),
                    is_used: true,
                });
            }
        }
        // On the heap: most requests find one that is kept.
        Box::pin(Self::new(upstream)).await
    }

    /// A new connection.
    pub(crate) async fn new(upstream: &Upstream) -> io::Result<Self> {
        let connecting = crate::forward::connect(upstream);
        Ok(Self {
            side: Side::new(connecting.await?),
            is_used: false,
        })
    }

    /// Keeps the connection for another request. Its last response was read whole; a service that says
    /// more than it was asked is not trusted with another request.
    pub(crate) fn keep(self, upstream: &Upstream, now: Instant) {
        if !self.side.input.is_empty() {
            return;
        }
        let transport = self.side.wire;
        let begin_sweeping = POOL.with_borrow_mut(|pool| {
            let spare = pool.of(upstream);
            if spare.idle.len() < SPARE {
                spare.idle.push((transport, now));
            }
            !std::mem::replace(&mut pool.is_swept, true)
        });
        if begin_sweeping {
            tokio::spawn(sweep());
        }
    }
}

impl Pool {
    fn of(&mut self, upstream: &Upstream) -> &mut Spare {
        let found = self
            .services
            .iter()
            .position(|one| is_same(&one.to, upstream));
        let index = found.unwrap_or_else(|| {
            self.services.push(Spare {
                to: upstream.clone(),
                idle: Vec::new(),
            });
            self.services.len() - 1
        });
        &mut self.services[index]
    }
}

/// Byte by byte: that is how the settings have it, and a comparison of paths takes ten times as long.
fn is_same(one: &Upstream, other: &Upstream) -> bool {
    match (one, other) {
        (Upstream::Unix(one), Upstream::Unix(other)) => {
            one.as_os_str().as_bytes() == other.as_os_str().as_bytes()
        }
        (Upstream::Tcp(one), Upstream::Tcp(other)) => one == other,
        _ => false,
    }
}

fn take(upstream: &Upstream) -> Option<Transport> {
    POOL.with_borrow_mut(|pool| pool.of(upstream).idle.pop())
        .map(|(transport, _)| transport)
}

/// Whether the service has neither closed nor said something nobody asked for.
fn is_alive(transport: &Transport, care: Care) -> bool {
    let mut byte = [0];
    let seen = match (transport, care) {
        // Costs a call to the kernel only when the event loop has heard something.
        (Transport::Unix(socket), Care::Repeatable) => socket.try_read(&mut byte),
        (Transport::Tcp(socket), Care::Repeatable) => socket.try_read(&mut byte),
        (Transport::Unix(socket), Care::Once) => peek(socket),
        (Transport::Tcp(socket), Care::Once) => peek(socket),
        (Transport::Tls(_), _) => return false,
    };
    matches!(seen, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

fn peek(socket: impl std::os::fd::AsFd) -> io::Result<usize> {
    use rustix::net::{RecvFlags, recv};
    let mut byte = [0_u8];
    let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
    let (count, _) = recv(socket, &mut byte, flags)?;
    Ok(count)
}

/// Closes what has not been used for a while, until nothing is left.
async fn sweep() {
    // Says so however it ends: with the runtime, for one.
    struct Swept;
    impl Drop for Swept {
        fn drop(&mut self) {
            let _ = POOL.try_with(|pool| {
                if let Ok(mut pool) = pool.try_borrow_mut() {
                    pool.is_swept = false;
                }
            });
        }
    }
    let _swept = Swept;
    loop {
        tokio::time::sleep(KEPT / 2).await;
        let now = Instant::now();
        let old: Vec<Transport> = POOL.with_borrow_mut(|pool| {
            let mut old = Vec::new();
            for spare in &mut pool.services {
                let fresh = |(_, since): &(Transport, Instant)| {
                    now.saturating_duration_since(*since) < KEPT
                };
                let stay = spare
                    .idle
                    .iter()
                    .position(fresh)
                    .unwrap_or(spare.idle.len());
                // Used last, kept last: the old ones are in front.
                old.extend(spare.idle.drain(..stay).map(|(transport, _)| transport));
            }
            pool.services.retain(|spare| !spare.idle.is_empty());
            old
        });
        drop(old);
        if POOL.with_borrow(|pool| pool.services.is_empty()) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Care, Link};
    use crate::Upstream;
    use std::path::PathBuf;
    use std::time::Instant;
    use tokio::io::AsyncWriteExt;
    use tokio::net::UnixListener;

    /// A listener below a folder that goes with the value.
    fn listener(name: &str) -> (UnixListener, Upstream, PathBuf) {
        let folder = std::env::temp_dir().join(format!("sealock-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("s");
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).unwrap();
        (listener, Upstream::Unix(path), folder)
    }

    #[tokio::test]
    async fn a_connection_is_used_again_unless_the_service_has_closed_it() {
        let (listener, upstream, folder) = listener("link");
        for care in [Care::Repeatable, Care::Once] {
            let first = Link::to(&upstream, care).await.unwrap();
            let (mut service, _) = listener.accept().await.unwrap();
            assert!(!first.is_used);
            first.keep(&upstream, Instant::now());
            let again = Link::to(&upstream, care).await.unwrap();
            assert!(again.is_used);
            again.keep(&upstream, Instant::now());
            // It says something nobody asked for.
            service
                .write_all(b"HTTP/1.1 408 Late\r\n\r\n")
                .await
                .unwrap();
            tokio::task::yield_now().await;
            let other = Link::to(&upstream, Care::Once).await.unwrap();
            assert!(!other.is_used, "{care:?}");
            let (service, _) = listener.accept().await.unwrap();
            other.keep(&upstream, Instant::now());
            drop(service);
            assert!(!Link::to(&upstream, Care::Once).await.unwrap().is_used);
            let _ = listener.accept().await.unwrap();
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
