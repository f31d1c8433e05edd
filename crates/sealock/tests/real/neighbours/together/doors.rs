//! The doors of the host, and who knocks there: each by the client that people use.

use std::path::{Path, PathBuf};
use std::process::Command;

use sealock_testkit::lab::{Version, lab};
use sealock_testkit::process::{Outcome, run};

use super::ADDRESS;
use super::house::{House, IMAGES};

/// A door, called after what is behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    Daemon,
    Postgres,
    Registry,
    SqlServer,
    SqlPad,
}

impl Door {
    pub(super) const ALL: [Self; 5] = [
        Self::Daemon,
        Self::Postgres,
        Self::Registry,
        Self::SqlServer,
        Self::SqlPad,
    ];

    /// Whether clients are asked for certificates here.
    pub(super) fn asks(self) -> bool {
        matches!(self, Self::Daemon | Self::Postgres | Self::Registry)
    }
}

/// Somebody who knocks.
#[derive(Clone, Debug)]
pub(super) struct Visitor {
    /// Whom he says he is, where that matters.
    pub(super) name: &'static str,
    /// Where `cert.pem` and `key.pem` lie; `None` for one who has none.
    pub(super) pair: Option<PathBuf>,
    /// What he trusts; `None` for one who takes whatever he is shown.
    pub(super) anchor: Option<PathBuf>,
}

impl Visitor {
    /// With everything from one folder.
    pub(super) fn of(name: &'static str, folder: &Path) -> Self {
        Self {
            name,
            pair: Some(folder.to_owned()),
            anchor: Some(folder.join("ca.pem")),
        }
    }

    /// The same, who shows this instead.
    pub(super) fn showing(&self, pair: Option<&Path>) -> Self {
        Self {
            pair: pair.map(Path::to_owned),
            ..self.clone()
        }
    }

    /// The same, who trusts what lies in this folder.
    pub(super) fn trusting(&self, folder: &Path) -> Self {
        Self {
            anchor: Some(folder.join("ca.pem")),
            ..self.clone()
        }
    }

    /// The same, who takes whatever he is shown.
    pub(super) fn credulous(&self) -> Self {
        Self {
            anchor: None,
            ..self.clone()
        }
    }

    fn file(&self, name: &str) -> Option<String> {
        let pair = self.pair.as_ref()?;
        Some(pair.join(name).display().to_string())
    }

    fn anchor(&self) -> Option<String> {
        let anchor = self.anchor.as_ref()?;
        Some(anchor.display().to_string())
    }
}

/// What came of a knock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Came {
    In,
    /// One of both sides did not like the other's certificate.
    Out(String),
    /// Nobody was there.
    Away(String),
}

impl House {
    /// Knocks once.
    pub(super) fn knock(&self, door: Door, who: &Visitor) -> Came {
        let (mut command, answer) = self.client(door, who);
        came(&run(&mut command), answer)
    }

    /// The client of a door, and what it prints when it is let in.
    fn client(&self, door: Door, who: &Visitor) -> (Command, &'static str) {
        match door {
            // The docker client insists on an anchor.
            Door::Daemon if who.anchor.is_none() => {
                let url = format!("https://127.0.0.1:{}/_ping", self.host.port);
                (curl(who, &url), "OK")
            }
            Door::Daemon => (self.docker_client(who), "28."),
            Door::Postgres => (self.psql(who, "verify-full"), "pg-answers"),
            Door::Registry => (curl(who, &format!("https://{IMAGES}/v2/")), "{}"),
            Door::SqlServer => (self.tsql(who), "TLS 1.2"),
            Door::SqlPad => {
                let url = format!("https://localhost:{}/api/app", self.sqlpad.port());
                (curl(who, &url), "\"version\"")
            }
        }
    }

    /// Who tries without TLS.
    pub(super) fn knock_in_clear(&self, door: Door, who: &Visitor) -> Came {
        let mut command = match door {
            Door::Daemon => curl(
                &who.showing(None),
                &format!("http://127.0.0.1:{}/_ping", self.host.port),
            ),
            Door::Postgres => self.psql(who, "disable"),
            Door::Registry => curl(&who.showing(None), &format!("http://{IMAGES}/v2/")),
            Door::SqlServer => self.tsql_in_clear(),
            Door::SqlPad => {
                let url = format!("http://localhost:{}/api/app", self.sqlpad.port());
                curl(&who.showing(None), &url)
            }
        };
        let answer = match door {
            Door::Daemon => "OK",
            other => self.client(other, who).1,
        };
        came(&run(&mut command), answer)
    }

    fn docker_client(&self, who: &Visitor) -> Command {
        let mut docker = Command::new(lab().docker_cli(Version::V28));
        docker
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.scratch.join("nobody"))
            .args(["--host", &format!("tcp://127.0.0.1:{}", self.host.port)])
            .args(["--tlsverify", "--tlscacert"])
            .args(who.anchor());
        for (flag, name) in [("--tlscert", "cert.pem"), ("--tlskey", "key.pem")] {
            if let Some(path) = who.file(name) {
                docker.args([flag, &path]);
            }
        }
        docker.args(["version", "--format", "{{.Server.Version}}"]);
        docker
    }

    fn psql(&self, who: &Visitor, mode: &str) -> Command {
        let mut connection = format!("host=127.0.0.1 user={} dbname=postgres", who.name);
        match who.anchor() {
            Some(anchor) => connection.push_str(&format!(" sslmode={mode} sslrootcert={anchor}")),
            None => connection.push_str(" sslmode=require"),
        }
        for (key, name) in [("sslcert", "cert.pem"), ("sslkey", "key.pem")] {
            if let Some(path) = who.file(name) {
                connection.push_str(&format!(" {key}={path}"));
            }
        }
        self.postgres
            .psql_command(&connection, "select 'pg-answers'")
    }

    /// FreeTDS, which says how the connection is encrypted.
    fn tsql(&self, who: &Visitor) -> Command {
        let port = self.double.address().port();
        let text = format!(
            "[double]\nhost = localhost\nport = {port}\ntds version = 7.4\nencryption = require\nca file = {}\n\
             check certificate hostname = yes\n",
            who.anchor().expect("FreeTDS asks for one")
        );
        self.freetds(&text)
    }

    /// The same, who does without where he may.
    fn tsql_in_clear(&self) -> Command {
        let port = self.double.address().port();
        let text = format!(
            "[double]\nhost = localhost\nport = {port}\ntds version = 7.4\nencryption = off\n"
        );
        self.freetds(&text)
    }

    fn freetds(&self, text: &str) -> Command {
        // A file for each content: clients of several threads have each their own.
        let name = format!("{:?}.conf", std::thread::current().id());
        let settings = self.scratch.write(&name, text);
        let program = lab().neighbour("usr/bin/tsql");
        let mut tsql = Command::new("sh");
        let variables = program.get_envs();
        let variables =
            variables.filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
        tsql.env_clear()
            .envs(variables)
            .env("PATH", "/usr/bin:/bin")
            .env("FREETDSCONF", settings)
            .args([
                "-c",
                "printf 'select 1\\ngo\\n' | exec \"$0\" -S double -U sa -P secret -o fhq",
            ])
            .arg(program.get_program());
        tsql
    }

    /// dockerd itself, with what lies in `certs.d`.
    pub(super) fn pulls(&self) -> Came {
        let image = format!("{IMAGES}/missing:1");
        let said = self.host.daemon.docker(&["pull", &image]);
        match said.stderr.contains("manifest unknown") {
            true => Came::In,
            false => came(&said, "no such words"),
        }
    }
}

fn curl(who: &Visitor, url: &str) -> Command {
    let mut curl = Command::new("curl");
    curl.env_clear()
        .env("PATH", "/usr/bin:/bin")
        .args(["-sS", "--noproxy", "*", "-m", "60"]);
    match who.anchor() {
        Some(anchor) => curl.args(["--cacert", &anchor]),
        None => curl.arg("--insecure"),
    };
    for (flag, name) in [("--cert", "cert.pem"), ("--key", "key.pem")] {
        if let Some(path) = who.file(name) {
            curl.args([flag, &path]);
        }
    }
    curl.arg(url);
    curl
}

fn came(said: &Outcome, answer: &str) -> Came {
    if said.code == 0 && said.stdout.contains(answer) {
        return Came::In;
    }
    let text = format!("{}{}", said.stdout, said.stderr);
    let nobody = [
        "onnection refused",
        "Couldn't connect",
        "Could not connect",
        "Failed to connect",
        "Cannot connect to the Docker daemon",
        &format!("dial tcp {ADDRESS}"),
    ];
    match nobody.iter().any(|words| text.contains(words)) {
        true => Came::Away(text),
        false => Came::Out(text),
    }
}
