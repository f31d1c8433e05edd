//! What every test of this folder needs: the binary with a home of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use sealock_testkit::dockerd::Dockerd;
use sealock_testkit::process::{Outcome, run};

/// The binary under test.
pub(crate) fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_sealock"))
}

/// The binary, with a vault and a `sealock.toml` in a folder of the test's own.
pub(crate) struct Sealock {
    folder: PathBuf,
}

impl Sealock {
    /// Keeps everything in `folder`.
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.join("home")
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.join("sealock.toml")
    }

    /// The command line, to be run or to be traced.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("HOME", &self.folder);
        command.arg("--home").arg(self.home()).arg("--config").arg(self.config()).args(words);
        command
    }

    pub(crate) fn run(&self, words: &[&str]) -> Outcome {
        run(&mut self.command(words))
    }

    /// `up` for a daemon that was started by hand.
    pub(crate) fn up(&self, daemon: &Dockerd, listen: &str, more: &[&str]) -> Outcome {
        let (config, socket, restart) = (daemon.config_file(), daemon.socket(), daemon.restart_script());
        let paths = [&config, &socket, &restart].map(|path| path.display().to_string());
        let mut words = vec!["up", "--yes", "--listen", listen, "--client", "alice"];
        words.extend(["--docker-config", &paths[0], "--docker-socket", &paths[1], "--restart-command", &paths[2]]);
        words.extend(more);
        self.run(&words)
    }
}
