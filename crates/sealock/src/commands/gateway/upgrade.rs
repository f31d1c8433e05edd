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

/// Starts this program anew, as it lies on the disk now, with the words of this process.
pub(super) fn start_successor(control: &Path) -> std::io::Result<u32> {
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
    let child = command.spawn()?;
    let pid = child.id();
    // Somebody has to ask for its end, or it would stay a zombie while we drain.
    let mut child = child;
    std::thread::Builder::new()
        .name("successor".into())
        .spawn(move || {
            let _ended = child.wait();
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

/// Whether the new process says that it serves.
pub(super) fn serves(mut new: &UnixStream) -> bool {
    let mut said = [0];
    new.set_read_timeout(Some(PATIENCE)).is_ok()
        && new.read_exact(&mut said).is_ok()
        && said == [SERVES]
}
