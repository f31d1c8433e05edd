//! Signals become events: SIGTERM and Ctrl-C drain, SIGHUP reloads, SIGUSR1 opens the audit file anew.

use std::io::Read as _;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::Sender;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::low_level::pipe;

use super::codes;
use super::serve::Event;
use crate::failure::Failure;

/// Listens from now on.
pub(super) fn listen(say: &Sender<Event>) -> Result<(), Failure> {
    let events: [(i32, fn() -> Event); 4] = [
        (SIGTERM, || Event::Stop),
        (SIGINT, || Event::Stop),
        (SIGHUP, || Event::Reload(None)),
        (SIGUSR1, || Event::Reopen),
    ];
    for (signal, event) in events {
        one(say.clone(), signal, event).map_err(|error| {
            Failure::own(codes::CONTROL, "signals cannot be heard").because(error.to_string())
        })?;
    }
    Ok(())
}

/// Each signal has a pipe and a thread of its own, so that none is taken for another.
fn one(say: Sender<Event>, signal: i32, event: fn() -> Event) -> std::io::Result<()> {
    let (mut heard, told) = UnixStream::pair()?;
    pipe::register(signal, told)?;
    std::thread::Builder::new()
        .name(format!("signal {signal}"))
        .spawn(move || {
            let mut byte = [0];
            while heard.read_exact(&mut byte).is_ok() && say.send(event()).is_ok() {}
        })?;
    Ok(())
}
