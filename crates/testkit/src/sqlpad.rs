//! SQLPad 3.1.0, started by hand: the newest that npm has.

use std::path::PathBuf;

use crate::lab::lab;
use crate::process::{call, free_port};
use crate::server::{Server, Spec};

/// A SQLPad of our own on a port of 127.0.0.1; dropping it ends it and removes its files.
///
/// Its environment comes from two files, as a unit with two `EnvironmentFile=` has it: its own settings
/// ([`Sqlpad::configure`]), and the one that is under test ([`Sqlpad::environment`]).
///
/// [`Server`] is what it is below: its scripts, its log, its process.
#[derive(Debug)]
pub struct Sqlpad {
    server: Server,
    port: u16,
}

impl Sqlpad {
    /// Who runs it: a user that every machine has.
    pub const USER: &str = "games";

    /// Who may sign up as its administrator.
    pub const ADMIN: &str = "admin@example.org";

    /// The settings that [`Sqlpad::prepare`] writes; `@PORT@` is the port.
    pub const SETTINGS: &str = "SQLPAD_IP=127.0.0.1\nSQLPAD_PORT=@PORT@\nSQLPAD_ADMIN=admin@example.org\n\
         SQLPAD_COOKIE_SECRET=of-the-test\nSQLPAD_PASSPHRASE=of-the-test\n";

    /// Makes its folder, with [`Sqlpad::SETTINGS`] and nothing in the other environment file; nothing is started.
    ///
    /// # Panics
    /// When something cannot be written.
    #[must_use]
    pub fn prepare() -> Self {
        let port = free_port();
        let server = Server::prepare(&Spec {
            name: "sqlpad",
            command: ["/bin/sh", "@FOLDER@/run"].map(str::to_owned).to_vec(),
            ready: "Welcome to SQLPad",
            user: Some(Self::USER),
            network: None,
            libraries: lab().neighbour_libraries(),
        });
        let this = Self { server, port };
        this.server.write("run", this.script());
        this.configure(Self::SETTINGS);
        let data = this.server.join("data");
        std::fs::create_dir(&data).expect("make a folder");
        let folder = this.server.folder().display().to_string();
        let _ = call("chown", &[Self::USER, &folder, &data.display().to_string()]).ok();
        this
    }

    /// Replaces its own settings, `NAME=VALUE` a line; they count from the next start on. `@PORT@` is the port.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn configure(&self, lines: &str) {
        let lines = lines.replace("@PORT@", &self.port.to_string());
        self.server.write("settings.env", lines);
    }

    /// The environment file that stands over its settings, for what is under test to write. None is no error.
    #[must_use]
    pub fn environment(&self) -> PathBuf {
        self.server.join("sealock.env")
    }

    /// The process, its folder, its scripts and its log.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// The port that it shall listen on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `127.0.0.1:PORT`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Its table for `sealock.toml`, with its own script to restart it; `more` are lines besides. The files of the
    /// certificate are `tls/cert.pem` and `tls/key.pem` in its folder.
    #[must_use]
    pub fn table(&self, name: &str, generation: &str, more: &str) -> String {
        let folder = self.server.folder().display();
        format!(
            "\n[[service]]\nname = \"{name}\"\nkind = \"sqlpad\"\ngeneration = \"{generation}\"\n\
             names = [\"localhost\", \"127.0.0.1\"]\naddress = \"{address}\"\n\
             cert = \"{folder}/tls/cert.pem\"\nkey = \"{folder}/tls/key.pem\"\nowner = \"{user}\"\n\
             environment = \"{environment}\"\nrestart = \"{restart}\"\n{more}",
            address = self.address(),
            user = Self::USER,
            environment = self.environment().display(),
            restart = self.server.restart_script().display(),
        )
    }

    /// Reads both environment files as systemd does, where a value ends with its line, and becomes SQLPad. Its folder is in
    /// its command line, by which its processes are found.
    fn script(&self) -> String {
        let folder = self.server.folder().display();
        format!(
            "for file in '{folder}/settings.env' '{folder}/sealock.env'; do\n  [ -e \"$file\" ] || continue\n  \
             while IFS= read -r line; do case \"$line\" in ''|'#'*) ;; *) export \"$line\";; esac; done <\"$file\"\ndone\n\
             exec {} '{}' --dbPath '{folder}/data'\n",
            lab().node().display(),
            lab()
                .sqlpad()
                .join("node_modules/sqlpad/server.js")
                .display(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Sqlpad;
    use crate::process::call;

    /// Loud about what it makes of its certificate: without the right variables it serves clear text.
    #[test]
    fn it_serves_clear_text_without_a_certificate() {
        let sqlpad = Sqlpad::prepare();
        sqlpad.server().start();
        let url = format!("http://{}/api/app", sqlpad.address());
        let said = call("curl", &["-sS", "--noproxy", "*", "-m", "60", &url]).ok();
        assert!(said.contains("\"version\":\"3.1.0\""), "{said}");
        let pid = sqlpad.server().pid().unwrap();
        sqlpad.server().restart();
        assert_ne!(sqlpad.server().pid(), Some(pid));
    }
}
