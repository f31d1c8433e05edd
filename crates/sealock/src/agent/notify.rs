//! sd_notify(3): a datagram to the socket that the service manager names. Without one, nobody asked.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long a look may take before the watchdog is no longer told that all is well. A restart of dockerd may take three
/// minutes, its way back as long again.
const LONGEST_LOOK: Duration = Duration::from_secs(20 * 60);

/// How long a manager whose queue is full is waited for.
const HEARING: Duration = Duration::from_millis(200);

/// The service manager, if it listens.
#[derive(Clone)]
pub(crate) struct Manager(Option<Arc<Socket>>);

struct Socket {
    socket: UnixDatagram,
    to: SocketAddr,
}

impl Manager {
    /// The one that the environment names.
    pub(crate) fn from_environment() -> Self {
        let socket = std::env::var_os("NOTIFY_SOCKET").and_then(|name| Self::open(&name).ok());
        Self(socket)
    }

    fn open(name: &OsStr) -> io::Result<Arc<Socket>> {
        let to = match name.as_bytes() {
            [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
            [b'/', ..] => SocketAddr::from_pathname(name)?,
            _ => return Err(io::ErrorKind::InvalidInput.into()),
        };
        let socket = UnixDatagram::unbound()?;
        // A manager that has stopped reading must not stop us: its queue is short, and what does not fit is lost.
        socket.set_write_timeout(Some(HEARING))?;
        Ok(Arc::new(Socket { socket, to }))
    }

    /// "READY=1", "STOPPING=1", "WATCHDOG=1". That nobody reads it any more is no reason to stop.
    pub(crate) fn tell(&self, words: &str) {
        if let Some(manager) = &self.0 {
            let _gone = manager.socket.send_to_addr(words.as_bytes(), &manager.to);
        }
    }

    /// A line for `systemctl status`.
    pub(crate) fn status(&self, text: &str) {
        let line: Vec<&str> = text.lines().collect();
        self.tell(&format!("STATUS={}", line.join(" ")));
    }

    /// Tells the watchdog that all is well, at half of its patience, for as long as the loop shows that it is alive.
    pub(crate) fn watchdog(&self) -> Pulse {
        let pulse = Pulse::new();
        let patience = patience(
            std::env::var("WATCHDOG_USEC").ok().as_deref(),
            std::env::var("WATCHDOG_PID").ok().as_deref(),
        );
        if let (Some(patience), Some(_)) = (patience, &self.0) {
            let (manager, heart) = (self.clone(), pulse.clone());
            // Without the thread the manager restarts us, which is what it is for.
            let _unwatched = std::thread::Builder::new()
                .name("watchdog".into())
                .spawn(move || {
                    while heart.runs() {
                        if heart.is_alive() {
                            manager.tell("WATCHDOG=1");
                        }
                        std::thread::sleep(patience / 2);
                    }
                });
        }
        pulse
    }
}

/// How long the watchdog waits, if it is meant for this process.
fn patience(microseconds: Option<&str>, pid: Option<&str>) -> Option<Duration> {
    if pid.is_some_and(|pid| pid.parse() != Ok(std::process::id())) {
        return None;
    }
    let microseconds: u64 = microseconds?.parse().ok()?;
    (microseconds > 0).then(|| Duration::from_micros(microseconds))
}

/// The sign of life that the loop gives. Dropping the last one that beats ends the thread that reads it.
#[derive(Clone)]
pub(crate) struct Pulse {
    began: Instant,
    /// Milliseconds after `began`.
    last: Arc<AtomicU64>,
    runs: Arc<AtomicBool>,
}

impl Pulse {
    fn new() -> Self {
        Self {
            began: Instant::now(),
            last: Arc::default(),
            runs: Arc::new(AtomicBool::new(true)),
        }
    }

    /// The loop goes round.
    pub(crate) fn beat(&self) {
        self.last.store(self.elapsed(), Ordering::Relaxed);
    }

    /// The loop has ended.
    pub(crate) fn end(&self) {
        self.runs.store(false, Ordering::Relaxed);
    }

    fn runs(&self) -> bool {
        self.runs.load(Ordering::Relaxed)
    }

    fn is_alive(&self) -> bool {
        let silent = self
            .elapsed()
            .saturating_sub(self.last.load(Ordering::Relaxed));
        Duration::from_millis(silent) < LONGEST_LOOK
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::{Manager, patience};
    use std::ffi::OsStr;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    use std::time::Duration;

    #[test]
    fn words_arrive_at_a_path_and_at_an_abstract_name() {
        let own = format!("sealock-notify-{}", std::process::id());
        let path = std::env::temp_dir().join(&own);
        let _ = std::fs::remove_file(&path);
        let by_path = UnixDatagram::bind(&path).unwrap();
        let address = SocketAddr::from_abstract_name(&own).unwrap();
        let by_name = UnixDatagram::bind_addr(&address).unwrap();
        for (socket, name) in [
            (&by_path, path.display().to_string()),
            (&by_name, format!("@{own}")),
        ] {
            let manager = Manager(Some(Manager::open(OsStr::new(&name)).unwrap()));
            manager.tell("READY=1");
            manager.status("one\ntwo");
            let mut heard = [0; 64];
            socket
                .set_read_timeout(Some(Duration::from_secs(5)))
                .unwrap();
            for expected in ["READY=1", "STATUS=one two"] {
                let length = socket.recv(&mut heard).unwrap();
                assert_eq!(&heard[..length], expected.as_bytes(), "{name}");
            }
        }
        let deaf = Manager(Some(Manager::open(path.as_os_str()).unwrap()));
        (0..13).for_each(|_| deaf.tell("WATCHDOG=1"));
        std::fs::remove_file(&path).unwrap();
        // Nobody there any more, and no socket at all.
        Manager(Some(Manager::open(path.as_os_str()).unwrap())).tell("WATCHDOG=1");
        Manager(None).tell("WATCHDOG=1");
        assert!(Manager::open(OsStr::new("vsock:2:1234")).is_err());
    }

    #[test]
    fn a_watchdog_that_waits_for_somebody_else_is_left_to_him() {
        let own = std::process::id().to_string();
        let minute = Some(Duration::from_secs(60));
        assert_eq!(patience(Some("60000000"), None), minute);
        assert_eq!(patience(Some("60000000"), Some(&own)), minute);
        assert_eq!(patience(Some("60000000"), Some("1")), None);
        for none in [None, Some("0"), Some("soon")] {
            assert_eq!(patience(none, None), None);
        }
    }
}
