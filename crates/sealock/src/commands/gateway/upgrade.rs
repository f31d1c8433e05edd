//! The hand-over: another process of this program takes the listening sockets, and the old one ends with its last
//! connection. No connection is refused in between, and none is cut.

use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use sealock_diag::escape;
use sealock_gateway::receive_sockets;

use super::codes;
use super::control::HAND_OVER;
use crate::failure::Failure;

/// How long the new process may take until it serves: it verifies certificates and lists first.
const PATIENCE: Duration = Duration::from_secs(60);
/// What it says then.
const SERVES: u8 = b'+';
/// The most that is heard of one that does not serve.
const MOST: u64 = 4096;

/// Starts this program anew, as it lies on the disk now, with the words of this process. `ended` hears how it ended.
pub(super) fn start_successor(
    control: &Path,
    ended: impl FnOnce(u32, String) + Send + 'static,
) -> std::io::Result<u32> {
    let mut words = std::env::args_os().skip(1);
    let mut command = Command::new(program()?);
    while let Some(word) = words.next() {
        // That was our own predecessor.
        if word == "--take-over" {
            let _path = words.next();
            continue;
        }
        command.arg(word);
    }
    command
        .arg("--take-over")
        .arg(control)
        .stdin(Stdio::null())
        // They were for us, and their descriptors come another way.
        .env_remove("LISTEN_PID")
        .env_remove("LISTEN_FDS")
        .env_remove("LISTEN_FDNAMES")
        .env_remove("WATCHDOG_PID");
    close_fds::set_fds_cloexec_threadsafe(3, &[]);
    let mut child = command.spawn()?;
    let pid = child.id();
    // Somebody has to ask for its end, or it would stay a zombie while we drain.
    std::thread::Builder::new()
        .name("successor".into())
        .spawn(move || {
            let how = child.wait();
            ended(
                pid,
                how.map_or_else(|error| error.to_string(), |status| status.to_string()),
            );
        })?;
    Ok(pid)
}

/// The program's path, also when the file there is a newer one than runs.
fn program() -> std::io::Result<PathBuf> {
    let path = std::env::current_exe()?;
    let text = path.to_string_lossy();
    Ok(match text.strip_suffix(" (deleted)") {
        Some(replaced) => PathBuf::from(replaced),
        None => path,
    })
}

/// Asks the running gateway for its sockets; the stream is where it waits to hear that we serve.
pub(super) fn ask_for_sockets(
    control: &Path,
) -> Result<(Vec<(String, OwnedFd)>, UnixStream), Failure> {
    let nobody = |error: std::io::Error| {
        Failure::own(
            codes::NOBODY_ANSWERS,
            "no gateway answers at its control socket",
        )
        .at(escape(&control.to_string_lossy()))
        .because(error.to_string())
    };
    let mut stream = UnixStream::connect(control).map_err(nobody)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(nobody)?;
    stream.write_all(HAND_OVER.as_bytes()).map_err(nobody)?;
    let sockets = receive_sockets(&stream).map_err(nobody)?;
    Ok((sockets, stream))
}

/// Tells the old process that it may go.
pub(super) fn i_serve(mut old: &UnixStream) {
    // One that is gone needs not be told.
    let _gone = old.write_all(&[SERVES]);
}

/// Tells the old process why this one does not serve.
pub(super) fn i_fail(mut old: &UnixStream, failure: &Failure) {
    let _gone = old.write_all(failure.on_one_line().as_bytes());
}

/// The same from a process that knows what is wrong before it has asked for anything.
pub(super) fn report(control: &Path, failure: &Failure) {
    if let Ok((_sockets, old)) = ask_for_sockets(control) {
        i_fail(&old, failure);
    }
}

/// Waits until the new process says that it serves; else its words, which may be none.
pub(super) fn serves(new: &UnixStream) -> Result<(), String> {
    let mut said = Vec::new();
    let heard = new.set_read_timeout(Some(PATIENCE)).and_then(|()| {
        let mut first = [0];
        let mut new = new;
        new.read_exact(&mut first)?;
        said.extend(first);
        match first {
            [SERVES] => Ok(0),
            _ => new.take(MOST).read_to_end(&mut said),
        }
    });
    match (said.as_slice(), heard) {
        ([SERVES], _) => Ok(()),
        ([], Err(error)) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
            Err(format!("it said nothing for {} s", PATIENCE.as_secs()))
        }
        (words, _) => Err(escape(&String::from_utf8_lossy(words))),
    }
}
