//! Signals that end a wait: SIGTERM and Ctrl-C stop, SIGHUP looks now.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level::pipe;

/// What the signals have asked for. A wait ends with the signal and not a while later, and costs nothing until then.
pub(crate) struct Signals {
    stop: Arc<AtomicBool>,
    now: Arc<AtomicBool>,
    woken: Option<UnixStream>,
}

impl Signals {
    /// Listens from now on. Without handlers a signal ends the process at once, and the next command undoes a run.
    pub(crate) fn listen() -> Self {
        let (stop, now) = (Arc::default(), Arc::default());
        for signal in [SIGINT, SIGTERM] {
            let _unhandled = signal_hook::flag::register(signal, Arc::clone(&stop));
        }
        let _unhandled = signal_hook::flag::register(SIGHUP, Arc::clone(&now));
        Self {
            stop,
            now,
            woken: pipe().ok(),
        }
    }

    /// Whether somebody wants it to end.
    pub(crate) fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Whether somebody wants a look now; asked once for each time.
    pub(crate) fn wanted(&self) -> bool {
        self.now.swap(false, Ordering::Relaxed)
    }

    /// Waits this long, or until a signal comes.
    pub(crate) fn wait(&self, time: Duration) {
        let least = time.max(Duration::from_millis(1));
        let Some(mut woken) = self.woken.as_ref() else {
            return std::thread::sleep(least.min(Duration::from_secs(1)));
        };
        if woken.set_read_timeout(Some(least)).is_ok() {
            let mut signals = [0; 16];
            let _time_is_up = woken.read(&mut signals);
        }
    }
}

fn pipe() -> io::Result<UnixStream> {
    let (read, write) = UnixStream::pair()?;
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        pipe::register(signal, write.try_clone()?)?;
    }
    Ok(read)
}
