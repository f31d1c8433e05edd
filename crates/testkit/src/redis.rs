//! Redis 7, started by hand.

use std::process::Command;

use crate::lab::lab;
use crate::process::{Outcome, free_port, run};
use crate::server::{Server, Spec};

/// A Redis of our own on a port of 127.0.0.1; dropping it ends it and removes its files.
///
/// [`Server`] is what it is below: its scripts, its log, its process.
#[derive(Debug)]
pub struct Redis {
    server: Server,
    port: u16,
}

impl Redis {
    /// Writes a `redis.conf` that keeps nothing on disk and has these lines besides; nothing is started.
    ///
    /// `@PORT@` in the lines is the port that was chosen and `@FOLDER@` the server's folder: `port @PORT@` for clear text,
    /// `port 0` and `tls-port @PORT@` for TLS.
    ///
    /// # Panics
    /// When something cannot be written.
    #[must_use]
    pub fn prepare(lines: &str) -> Self {
        let port = free_port();
        let program = lab().neighbour("usr/bin/redis-server");
        let program = program.get_program().to_string_lossy().into_owned();
        let server = Server::prepare(&Spec {
            name: "redis",
            command: [&program, "@FOLDER@/redis.conf"]
                .map(str::to_owned)
                .to_vec(),
            ready: "Ready to accept connections",
            user: None,
            network: None,
            libraries: lab().neighbour_libraries(),
        });
        let this = Self { server, port };
        this.configure(lines);
        this
    }

    /// Replaces the lines that were given to [`Redis::prepare`].
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn configure(&self, lines: &str) {
        let folder = self.server.folder().display().to_string();
        let lines = lines
            .replace("@PORT@", &self.port.to_string())
            .replace("@FOLDER@", &folder);
        // It keeps its command line: by the folder in it a test finds its processes, and ends them.
        let text = format!(
            "set-proc-title no\nbind 127.0.0.1\nsave \"\"\nappendonly no\ndir {folder}\n{lines}\n"
        );
        self.server.write("redis.conf", text);
    }

    /// The process, its folder, its scripts and its log.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// The port of 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Runs redis-cli against it: `&["--tls", "--cacert", …, "ping"]`.
    #[must_use]
    pub fn cli(&self, arguments: &[&str]) -> Outcome {
        run(&mut self.cli_command(arguments))
    }

    /// The same, for what is to be started and not waited for.
    #[must_use]
    pub fn cli_command(&self, arguments: &[&str]) -> Command {
        let mut cli = lab().neighbour("usr/bin/redis-cli");
        cli.args(["-h", "127.0.0.1", "-p", &self.port.to_string()])
            .args(arguments);
        cli
    }
}
