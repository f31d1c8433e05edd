//! `sealock session` with real daemons, clients, terminals and file systems.

mod beside;
mod ends;
mod inside;
mod killed;
mod places;
mod refused;
mod terminal;
mod traces;

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use sealock_pki::Purpose;
use sealock_testkit::Scratch;
use sealock_testkit::process::{becomes, run};
use sealock_vault::{Entry, Filter, Usage, Vault};

use crate::common::{Sealock, faketime};

/// What a session runs that is to be looked at: it tells where its files are and who it is, and waits for the end of its input.
const WAIT: &str = "echo \"$DOCKER_CERT_PATH\"; echo $$; exec cat";

/// A session that goes on until it is told to end.
struct Live {
    sealock: Child,
    input: Option<ChildStdin>,
    directory: PathBuf,
    command: u32,
}

impl Live {
    /// Of alice, with these options.
    fn start(sealock: &Sealock, options: &[&str]) -> Self {
        Self::of(sealock.command(&session(options, WAIT)))
    }

    /// Of a command line that ends in [`WAIT`].
    fn of(mut command: Command) -> Self {
        let mut sealock = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(sealock.stdout.take().unwrap()).lines();
        let mut line = || said.next().expect("a session that began").unwrap();
        Self {
            input: sealock.stdin.take(),
            directory: line().into(),
            command: line().parse().unwrap(),
            sealock,
        }
    }

    fn key(&self) -> PathBuf {
        self.directory.join("key.pem")
    }

    /// Ends its command, and gives the exit code.
    fn end(mut self) -> Option<i32> {
        drop(self.input.take());
        self.sealock.wait().unwrap().code()
    }

    /// `kill -9` to sealock, and to nothing else.
    fn kill(&mut self) {
        self.sealock.kill().unwrap();
        let _killed = self.sealock.wait().unwrap();
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ended = self.sealock.kill();
        let _ended = self.sealock.wait();
    }
}

/// The words of a session of alice that runs a script.
fn session<'a>(options: &[&'a str], script: &'a str) -> Vec<&'a str> {
    [
        &["session", "alice"],
        options,
        &["--", "/bin/sh", "-c", script],
    ]
    .concat()
}

/// A vault and a `sealock.toml` with the client alice, and no daemon.
struct Desk {
    scratch: Scratch,
    sealock: Sealock,
}

impl Desk {
    fn new(name: &str) -> Self {
        Self::with(name, &[])
    }

    /// Made with further options, such as a source for a passphrase.
    fn with(name: &str, options: &[&str]) -> Self {
        let desk = Self::bare(name);
        let words = [&["ca", "create"], options].concat();
        let _made = desk.sealock.run(&words).ok();
        desk
    }

    /// Whose anchors were made at another time.
    fn of_age(name: &str, when: &str) -> Self {
        let desk = Self::bare(name);
        let make = desk.sealock.command(&["ca", "create"]);
        let _made = run(&mut faketime(when, make)).ok();
        desk
    }

    fn bare(name: &str) -> Self {
        let scratch = Scratch::new(name);
        let sealock = Sealock::in_folder(scratch.path());
        let toml = "version = 1\n[authority]\nname = \"sealock\"\n[daemon]\nlisten = [\"127.0.0.1:2376\"]\n\
                    names = [\"localhost\", \"127.0.0.1\"]\n[[client]]\nname = \"alice\"\n";
        std::fs::write(sealock.config(), toml).unwrap();
        Self { scratch, sealock }
    }

    /// A file with this mode.
    fn file(&self, name: &str, text: &str, mode: u32) -> String {
        let path = self.scratch.write(name, text);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path.display().to_string()
    }
}

/// What the inventory has of alice: her standing certificates, and those of sessions.
fn inventory(sealock: &Sealock) -> (Vec<Entry>, Vec<Entry>) {
    let filter = Filter::all().identity("alice").purpose(Purpose::Client);
    let entries = Vault::open(&sealock.home())
        .unwrap()
        .entries(filter)
        .unwrap();
    entries
        .into_iter()
        .partition(|entry| entry.usage == Usage::Standing)
}

fn signal(process: u32, signal: rustix::process::Signal) {
    let process = i32::try_from(process)
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    rustix::process::kill_process(process.unwrap(), signal).unwrap();
}

/// Whether a directory goes away within a moment.
fn goes(directory: &Path) -> bool {
    becomes(std::time::Duration::from_secs(5), || !directory.exists())
}
