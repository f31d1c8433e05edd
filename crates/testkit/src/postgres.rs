//! PostgreSQL 15, started by hand.

use std::process::Command;

use crate::lab::lab;
use crate::process::{Outcome, call, free_port, run};
use crate::server::{Server, Spec};

/// A cluster of our own on a port of 127.0.0.1; dropping it ends it and removes its files.
///
/// [`Server`] is what it is below: its scripts, its log, its process.
#[derive(Debug)]
pub struct Postgres {
    server: Server,
    port: u16,
}

impl Postgres {
    /// Who runs it and owns its files: a user that every machine has.
    pub const USER: &str = "nobody";

    /// Makes a cluster with one role, `postgres`, whom everybody is on the unix socket; nothing is started.
    ///
    /// It listens without TLS until [`Postgres::configure`] says more; `pg_hba.conf` lets nobody in over TCP.
    ///
    /// # Panics
    /// When initdb fails.
    #[must_use]
    pub fn prepare() -> Self {
        let port = free_port();
        let program = lab().neighbour("usr/lib/postgresql/15/bin/postgres");
        let program = program.get_program().to_string_lossy().into_owned();
        let server = Server::prepare(&Spec {
            name: "postgres",
            command: [&program, "-D", "@FOLDER@/data"]
                .map(str::to_owned)
                .to_vec(),
            ready: "database system is ready to accept connections",
            user: Some(Self::USER),
            network: None,
            libraries: lab().neighbour_libraries(),
        });
        let this = Self { server, port };
        let folder = this.server.folder().display().to_string();
        let _ = call("chown", &[Self::USER, &folder]).ok();
        let initdb = lab().neighbour("usr/lib/postgresql/15/bin/initdb");
        let mut made = Command::new("setpriv");
        made.args([
            "--reuid",
            Self::USER,
            "--regid",
            "nogroup",
            "--clear-groups",
        ])
        .arg(initdb.get_program())
        .args([
            "--auth=trust",
            "--username=postgres",
            "--no-sync",
            "--locale=C",
            "--encoding=UTF8",
        ])
        .arg("-D")
        .arg(this.server.join("data"));
        for (name, value) in initdb.get_envs() {
            if let Some(value) = value {
                made.env(name, value);
            }
        }
        let _ = run(&mut made).ok();
        this.hba("");
        this.configure(&format!(
            "listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = '{folder}'\n\
             fsync = off\njit = off\nlog_connections = on\n"
        ));
        this
    }

    /// Appends lines to `postgresql.conf`; they count from the next start or reload on.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn configure(&self, lines: &str) {
        let path = self.server.join("data/postgresql.conf");
        let before = std::fs::read_to_string(&path).unwrap_or_default();
        std::fs::write(&path, format!("{before}{lines}")).expect("write postgresql.conf");
    }

    /// Replaces `pg_hba.conf`: everybody on the unix socket, and these lines for TCP.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn hba(&self, lines: &str) {
        let text = format!("local all all trust\n{lines}");
        std::fs::write(self.server.join("data/pg_hba.conf"), text).expect("write pg_hba.conf");
    }

    /// The process, its folder, its scripts and its log. The cluster is `data` below the folder.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// The port of 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Runs one statement on the unix socket, as `postgres`.
    #[must_use]
    pub fn sql(&self, statement: &str) -> Outcome {
        let socket = format!(
            "host={} user=postgres dbname=postgres",
            self.server.folder().display()
        );
        self.psql(&socket, statement)
    }

    /// Runs one statement over a connection string of the caller's; the port is added.
    #[must_use]
    pub fn psql(&self, connection: &str, statement: &str) -> Outcome {
        run(&mut self.psql_command(connection, statement))
    }

    /// The same, for what is to be started and not waited for.
    #[must_use]
    pub fn psql_command(&self, connection: &str, statement: &str) -> Command {
        let mut psql = lab().neighbour("usr/lib/postgresql/15/bin/psql");
        psql.env("HOME", self.server.folder())
            .args([
                "--no-psqlrc",
                "--no-password",
                "-At",
                "-v",
                "ON_ERROR_STOP=1",
                "-c",
                statement,
            ])
            .arg(format!("{connection} port={}", self.port));
        psql
    }
}
