//! The real clients of SQL Server, with verification on: they know the double by our anchor, and turn away without it.

use std::path::Path;
use std::process::Command;

use sealock_testkit::process::{Outcome, run};
use sealock_testkit::{Scratch, TdsDouble, TdsMode, lab};

use super::material::Material;

/// A client, and how it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Client {
    /// FreeTDS's own.
    Tsql,
    /// FreeTDS's library in Python.
    Pymssql,
    /// A driver written in Python.
    PythonTds,
    /// Microsoft's ODBC driver, in TDS 7.4 or 8.0.
    Odbc { strict: bool },
    /// Node's driver, in TDS 7.4 or 8.0.
    Tedious { strict: bool },
}

const IN_BAND: [Client; 5] = [
    Client::Tsql,
    Client::Pymssql,
    Client::PythonTds,
    Client::Odbc { strict: false },
    Client::Tedious { strict: false },
];
const STRICT: [Client; 2] = [
    Client::Odbc { strict: true },
    Client::Tedious { strict: true },
];

impl Client {
    /// Asks the double one thing, trusting this anchor alone.
    fn ask(self, port: u16, anchor: &Path) -> Outcome {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/neighbours/tds");
        let scratch = Scratch::new("tds-client");
        let anchor = anchor.display().to_string();
        let told = port.to_string();
        let settings = scratch.write(
            "freetds.conf",
            format!(
                "[global]\ntds version = 7.4\nencryption = require\nca file = {anchor}\n\
                 check certificate hostname = yes\n[double]\nhost = localhost\nport = {port}\n"
            ),
        );
        let python = |driver: &str| {
            let mut command = Command::new(lab().tds_python());
            command
                .env_clear()
                // The ODBC driver needs libltdl.
                .env("LD_LIBRARY_PATH", lab().neighbour_libraries())
                .arg(folder.join("clients.py"))
                .args([driver, &told, &anchor]);
            command
        };
        let mut command = match self {
            Self::Tsql => {
                let mut query = Command::new("sh");
                query
                    .env_clear()
                    .envs(
                        lab()
                            .neighbour("usr/bin/tsql")
                            .get_envs()
                            .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))),
                    )
                    .args(["-c", "printf 'select 1\\ngo\\n' | exec \"$0\" \"$@\""])
                    .arg(lab().neighbour("usr/bin/tsql").get_program())
                    .args([
                        "-S", "double", "-U", "sa", "-P", "secret", "-o", "fhq", "-t", "|",
                    ]);
                query
            }
            Self::Pymssql => python("pymssql"),
            Self::PythonTds => python("python-tds"),
            Self::Odbc { strict } => python(if strict { "odbc-strict" } else { "odbc" }),
            Self::Tedious { strict } => {
                let mut command = Command::new("node");
                command
                    .env_clear()
                    .env("NODE_PATH", lab().tedious())
                    .arg(folder.join("tedious.js"))
                    .args([
                        told.as_str(),
                        &anchor,
                        if strict { "strict" } else { "true" },
                    ]);
                command
            }
        };
        command
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", scratch.path())
            .env("FREETDSCONF", &settings)
            .env("SSL_CERT_FILE", &anchor)
            .env("SSL_CERT_DIR", scratch.path());
        run(&mut command)
    }

    /// Whether its words are those for a certificate that is not to its liking.
    fn blames(self, said: &Outcome) -> bool {
        let words = format!("{}{}", said.stdout, said.stderr).to_lowercase();
        match self {
            // FreeTDS has one sentence for everything.
            Self::Tsql | Self::Pymssql => words.contains("connect"),
            _ => words.contains("certificate"),
        }
    }
}

/// Every client gets in with our anchor, over TLS to the end, and none with another.
fn all_know_it(mode: TdsMode, clients: &[Client]) {
    let (material, strangers) = (Material::new(), Material::new());
    let double = TdsDouble::start(
        mode,
        &material.file("server.pem"),
        &material.file("server.key"),
    );
    let port = double.address().port();
    std::thread::scope(|scope| {
        for client in clients {
            let (material, strangers) = (&material, &strangers);
            scope.spawn(move || {
                let row = client.ask(port, &material.file("ca.pem")).ok();
                assert!(row.contains("TLS 1."), "{client:?} {mode:?}: {row}");
                assert!(
                    row.trim_end().ends_with("|sa"),
                    "{client:?} {mode:?}: {row}"
                );
                let refused = client.ask(port, &strangers.file("ca.pem"));
                assert_ne!(refused.code, 0, "{client:?} {mode:?}: {refused}");
                assert!(client.blames(&refused), "{client:?} {mode:?}: {refused}");
            });
        }
    });
    let logins = double.logins();
    // Those who turned away did so before they said who they are.
    assert_eq!(logins.len(), clients.len(), "{logins:#?}");
    for login in logins {
        assert!(
            login.user == "sa" && login.lasting && login.tls.is_some(),
            "{login:?}"
        );
        assert_eq!(login.strict, mode == TdsMode::Strict);
    }
}

#[test]
fn every_client_knows_the_required_encryption_by_our_anchor() {
    all_know_it(TdsMode::Required, &IN_BAND);
}

#[test]
fn a_client_that_insists_is_encrypted_where_nobody_asks_for_it() {
    all_know_it(
        TdsMode::Off,
        &[Client::Tsql, Client::Tedious { strict: false }],
    );
}

#[test]
fn every_strict_client_knows_tds_8_by_our_anchor() {
    all_know_it(TdsMode::Strict, &STRICT);
}

#[test]
fn a_request_for_encryption_covers_the_login_alone() {
    let material = Material::new();
    let files = ["server.pem", "server.key"].map(|name| material.file(name));
    let double = TdsDouble::start(TdsMode::LoginOnly, &files[0], &files[1]);
    let scratch = Scratch::new("login-only");
    let row = tsql(&double, &scratch, "request").ok();
    assert!(row.contains("TLS 1.2"), "{row}");
    let logins = double.logins();
    let [login] = logins.as_slice() else {
        panic!("{logins:?}");
    };
    assert!(login.tls.is_some() && !login.lasting, "{login:?}");
}

/// FreeTDS's own client, which asks for as much encryption as it is told and logs in with a password.
pub(super) fn tsql(double: &TdsDouble, scratch: &Scratch, encryption: &str) -> Outcome {
    let settings = scratch.write(
        "freetds.conf",
        format!(
            "[double]\nhost = localhost\nport = {}\ntds version = 7.4\nencryption = {encryption}\n",
            double.address().port()
        ),
    );
    let mut tsql = Command::new("sh");
    let program = lab().neighbour("usr/bin/tsql");
    tsql.env_clear()
        .envs(
            program
                .get_envs()
                .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))),
        )
        .env("FREETDSCONF", settings)
        .args([
            "-c",
            "printf 'select 1\\ngo\\n' | exec \"$0\" -S double -U sa -P secret -o fhq",
        ])
        .arg(program.get_program());
    run(&mut tsql)
}
