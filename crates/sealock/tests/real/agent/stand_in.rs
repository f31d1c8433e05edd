//! A stand-in for dockerd whose clock can be set.
//!
//! dockerd is written in Go, which asks the kernel's vDSO for the time and not the C library, so nothing in front of the
//! library can give it another year. What plays the daemon here is the embedded engine of the demo: it reads
//! `daemon.json` as dockerd would (`hosts`, `tlscacert`, `tlscert`, `tlskey`), listens where that says, judges clients by
//! the shifted clock, and has to be restarted to see new files. It runs no containers. What is real: sealock, the files,
//! TLS on both sides, curl and openssl.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sealock_engine::{Engine, Mode};
use sealock_pki::{Certificate, PrivateKey, Timestamp};
use sealock_testkit::Scratch;
use sealock_testkit::process::{end, free_port, run, runs, wait_for};
use sealock_tls::{Clock, Identity};

use crate::common::{Sealock, faketime_library};

/// Names the folder to whoever is the stand-in.
const FOLDER: &str = "SEALOCK_STAND_IN";

/// What the program is when it plays the daemon, told by its environment; without one it is no stand-in.
#[test]
fn stand_in() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    let text = fs::read_to_string(folder.join("etc/daemon.json")).unwrap();
    let config: serde_json::Value = serde_json::from_str(&text).unwrap();
    let file = |key: &str| config[key].as_str().map(|path| fs::read(path).unwrap());
    let mode = match (file("tlscacert"), file("tlscert"), file("tlskey")) {
        (Some(anchors), Some(chain), Some(key)) => {
            let key = PrivateKey::from_pem(&key, None).unwrap();
            let chain = Certificate::chain_from_pem(&chain).unwrap();
            Some(Mode::Mutual {
                identity: Identity::new(chain, &key).unwrap(),
                anchors: Certificate::chain_from_pem(&anchors).unwrap(),
            })
        }
        _ => None,
    };
    let mut engines = Vec::new();
    for host in config["hosts"].as_array().unwrap() {
        let Some(address) = host.as_str().unwrap().strip_prefix("tcp://") else {
            continue;
        };
        let address: SocketAddr = address.parse().unwrap();
        let mode = mode.as_ref().expect("a listener needs TLS");
        engines.push(Engine::start_at(mode, address, Clock::System).unwrap());
    }
    let socket = folder.join("d.sock");
    let _ = fs::remove_file(&socket);
    let listener = UnixListener::bind(&socket).unwrap();
    fs::write(folder.join("pid"), std::process::id().to_string()).unwrap();
    for stream in listener.incoming().flatten() {
        std::thread::spawn(move || sealock_engine::serve(stream));
    }
}

/// The stand-in, sealock beside it, and the clock of both.
pub(crate) struct World {
    scratch: Scratch,
    pub(crate) sealock: Sealock,
    pub(crate) port: u16,
}

impl World {
    /// Starts it today, without TLS, as a daemon is before anybody puts it behind some.
    pub(crate) fn new() -> Self {
        let scratch = Scratch::new("world");
        let folder = scratch.path().to_owned();
        scratch.write(
            "etc/daemon.json",
            format!(
                "{{\n    \"hosts\": [\"unix://{}/d.sock\"]\n}}\n",
                folder.display()
            ),
        );
        scratch.write("clock", "+0\n");
        let ours = folder.join("sealock");
        fs::create_dir(&ours).unwrap();
        let world = Self {
            sealock: Sealock::in_folder(&ours),
            scratch,
            port: free_port(),
        };
        world.write_restart();
        let _ = run(&mut Command::new(world.restart())).ok();
        world.wait_until_it_answers();
        world
    }

    pub(crate) fn folder(&self) -> &Path {
        self.scratch.path()
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        fs::read_to_string(self.folder().join("pid"))
            .ok()?
            .trim()
            .parse()
            .ok()
    }

    /// Sets the clock of everybody to this many days from now.
    pub(crate) fn set_day(&self, day: i64) {
        // Replaced whole: the stand-in reads it at any moment.
        let new = self
            .scratch
            .write("clock.new", format!("{:+}\n", day * 86_400));
        fs::rename(new, self.folder().join("clock")).unwrap();
    }

    /// The same command under that clock.
    pub(crate) fn under_clock(&self, mut command: Command) -> Command {
        for (name, value) in self.clock_environment() {
            command.env(name, value);
        }
        command
    }

    /// `sealock WORDS` under that clock.
    pub(crate) fn sealock(&self, words: &[&str]) -> Command {
        self.under_clock(self.sealock.command(words))
    }

    /// Puts it behind mutual TLS, with a client called alice.
    pub(crate) fn up(&self) {
        let path = |name: &str| self.folder().join(name).display().to_string();
        let listen = format!("127.0.0.1:{}", self.port);
        let words = [
            "up",
            "--yes",
            "--listen",
            &listen,
            "--name",
            "localhost",
            "--client",
            "alice",
            "--docker-config",
            &path("etc/daemon.json"),
            "--docker-socket",
            &path("d.sock"),
            "--restart-command",
            &path("restart"),
        ];
        let _ = run(&mut self.sealock(&words)).ok();
    }

    /// What that clock says.
    pub(crate) fn now(&self) -> Timestamp {
        let text = fs::read_to_string(self.folder().join("clock")).unwrap();
        let shift: i64 = text.trim().parse().unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Timestamp::from_unix(i64::try_from(now.as_secs()).unwrap() + shift)
    }

    fn clock_environment(&self) -> [(&'static str, String); 5] {
        [
            ("LD_PRELOAD", faketime_library().display().to_string()),
            (
                "FAKETIME_TIMESTAMP_FILE",
                self.folder().join("clock").display().to_string(),
            ),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
            ("NO_FAKE_STAT", "1".to_owned()),
        ]
    }

    fn restart(&self) -> PathBuf {
        self.folder().join("restart")
    }

    /// The script that ends the stand-in and starts another one, under the clock as it is then.
    fn write_restart(&self) {
        let environment: Vec<String> = self
            .clock_environment()
            .iter()
            .map(|(name, value)| format!("{name}='{value}'"))
            .collect();
        let text = format!(
            "#!/bin/sh\ncd {folder}\nif [ -e pid ]; then kill \"$(cat pid)\"; while kill -0 \"$(cat pid)\" 2>/dev/null; do sleep 0.01; done; rm pid; fi\n\
             {environment} {FOLDER}={folder} setsid {folder}/dockerd --exact agent::stand_in::stand_in --nocapture >log 2>&1 </dev/null &\n",
            folder = self.folder().display(),
            environment = environment.join(" "),
        );
        // Who listens is known by the name of the program.
        let program = std::env::current_exe().unwrap();
        std::os::unix::fs::symlink(program, self.folder().join("dockerd")).unwrap();
        let path = self.scratch.write("restart", text);
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn wait_until_it_answers(&self) {
        wait_for("the stand-in", Duration::from_secs(10), || {
            self.pid().is_some_and(runs)
        });
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(pid) = self.pid() {
            end(pid, Duration::from_secs(5));
        }
    }
}
