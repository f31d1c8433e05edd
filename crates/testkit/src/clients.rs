//! Real Docker clients, each asking a daemon behind TLS in its own way.
//!
//! A client has got in when the daemon answered its request with the daemon's own words, never when
//! a handshake merely went well: with TLS 1.3 a client without a certificate finishes its handshake
//! and is turned away afterwards.
//!
//! Children start with an empty environment: a machine's `REQUESTS_CA_BUNDLE`, `CURL_CA_BUNDLE`,
//! `SSL_CERT_FILE` or proxy settings would decide in the test's stead.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::lab::lab;
use crate::process::{Outcome, run};

/// How long a client may take, in seconds.
const PATIENCE: u64 = 20;

/// A TLS version to insist on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// 1.2 and nothing else.
    V12,
    /// 1.3 and nothing else.
    V13,
}

/// How the docker CLI is told about the certificates.
#[derive(Clone, Debug)]
pub enum Told {
    /// `DOCKER_HOST`, `DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH`.
    CertPath,
    /// The files lie in the configuration directory (`~/.docker`); `DOCKER_HOST` and
    /// `DOCKER_TLS_VERIFY` are set.
    Home,
    /// The context of this name in the configuration directory.
    Context(String),
    /// `--tlsverify --tlscacert --tlscert --tlskey --host`.
    Flags,
}

/// What came of a client's request.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Whether the daemon answered it.
    pub got_in: bool,
    /// Everything the client said.
    pub text: String,
}

impl Attempt {
    /// Insists that the client got in.
    ///
    /// # Panics
    /// When it did not, with everything it said.
    #[track_caller]
    pub fn expect_in(&self) {
        assert!(self.got_in, "the client was not let in: {}", self.text);
    }

    /// Insists that the client did not get in.
    ///
    /// # Panics
    /// When it did, with everything it said.
    #[track_caller]
    pub fn expect_out(&self) {
        assert!(!self.got_in, "the client was let in: {}", self.text);
    }

    fn of(outcome: &Outcome, answered: impl FnOnce(&str) -> bool) -> Self {
        Self {
            got_in: outcome.code == 0 && answered(&outcome.stdout),
            text: outcome.to_string(),
        }
    }
}

/// Where to ask, and with which three files.
#[derive(Clone, Debug)]
pub struct Request {
    host: String,
    port: u16,
    dir: PathBuf,
}

impl Request {
    /// A request to `host` (a name or an address, v6 without brackets) with the `ca.pem`, `cert.pem`
    /// and `key.pem` of `dir`. For [`Told::Home`] and [`Told::Context`] it is the CLI's configuration
    /// directory. Clients without a certificate are made by leaving `cert.pem` and `key.pem` out.
    #[must_use]
    pub fn new(host: &str, port: u16, dir: &Path) -> Self {
        Self {
            host: host.to_owned(),
            port,
            dir: dir.to_owned(),
        }
    }

    /// The docker CLI `program` asks for the daemon's version.
    ///
    /// # Panics
    /// When the program cannot be started.
    #[must_use]
    pub fn docker(&self, program: &Path, told: &Told) -> Attempt {
        let mut command = self.child(program);
        let endpoint = format!("tcp://{}", self.authority());
        // The CLI writes beside its configuration; its home is a folder of its own, so that nothing
        // lies there but what a test put into `dir`.
        let empty = Folder::new();
        command.env("HOME", &empty.0);
        match told {
            Told::CertPath => {
                command
                    .env("DOCKER_HOST", &endpoint)
                    .env("DOCKER_TLS_VERIFY", "1");
                command.env("DOCKER_CERT_PATH", &self.dir);
            }
            Told::Home => {
                command
                    .env("DOCKER_HOST", &endpoint)
                    .env("DOCKER_TLS_VERIFY", "1");
                command.env("DOCKER_CONFIG", &self.dir);
            }
            Told::Context(name) => {
                command
                    .env("DOCKER_CONFIG", &self.dir)
                    .args(["--context", name]);
            }
            Told::Flags => {
                command.args(["--tlsverify", "--host", &endpoint]);
                for (flag, file) in [
                    ("--tlscacert", "ca.pem"),
                    ("--tlscert", "cert.pem"),
                    ("--tlskey", "key.pem"),
                ] {
                    // Naming a file that is not there is an error of its own.
                    if self.has(file) {
                        command.arg(flag).arg(self.dir.join(file));
                    }
                }
            }
        }
        let outcome = run(command.args(["version", "--format", "server={{.Server.Version}}"]));
        Attempt::of(&outcome, |text| {
            text.trim()
                .strip_prefix("server=")
                .is_some_and(|version| !version.is_empty())
        })
    }

    /// curl asks `/_ping`.
    ///
    /// # Panics
    /// When curl cannot be started.
    #[must_use]
    pub fn curl(&self, tls: Tls) -> Attempt {
        let mut command = self.child("curl");
        command.args(["-sS", "--noproxy", "*", "--max-time", &PATIENCE.to_string()]);
        match tls {
            Tls::V12 => command.args(["--tlsv1.2", "--tls-max", "1.2"]),
            Tls::V13 => command.args(["--tlsv1.3"]),
        };
        command.arg("--cacert").arg(self.dir.join("ca.pem"));
        self.pair(&mut command, "--cert", "--key");
        let outcome = run(command.args(["-w", "\nstatus=%{http_code}", &self.url("/_ping")]));
        Attempt::of(&outcome, |text| text == "OK\nstatus=200")
    }

    /// `openssl s_client` sends `GET /_ping` and reads to the end.
    ///
    /// # Panics
    /// When openssl cannot be started.
    #[must_use]
    pub fn openssl(&self, tls: Tls) -> Attempt {
        let mut command = self.child("openssl");
        command.args([
            "s_client",
            "-quiet",
            "-ign_eof",
            "-verify_return_error",
            "-connect",
            &self.authority(),
        ]);
        let is_ip = self.host.parse::<std::net::IpAddr>().is_ok();
        command.args([
            if is_ip {
                "-verify_ip"
            } else {
                "-verify_hostname"
            },
            &self.host,
        ]);
        command.arg(match tls {
            Tls::V12 => "-tls1_2",
            Tls::V13 => "-tls1_3",
        });
        command.arg("-CAfile").arg(self.dir.join("ca.pem"));
        self.pair(&mut command, "-cert", "-key");
        let request = "GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n";
        let outcome = run_with_input(command, request.as_bytes());
        // s_client ends with 0 or 1 by its own lights; the answer is what counts.
        Attempt {
            got_in: outcome.stdout.starts_with("HTTP/1.1 200 ")
                && outcome.stdout.trim_end().ends_with("OK"),
            text: outcome.to_string(),
        }
    }

    /// docker-py, told by the environment as `docker.from_env()` reads it, asks for the version.
    ///
    /// # Panics
    /// When the lab has no Python.
    #[must_use]
    pub fn python(&self) -> Attempt {
        let script = "import docker\nclient = docker.from_env(timeout=20)\nprint('server=' + client.version()['Version'])";
        let mut command = self.child(lab().python());
        self.variables(&mut command);
        let outcome = run(command.args(["-c", script]));
        assert!(!outcome.stderr.contains("ModuleNotFoundError"), "{outcome}");
        Attempt::of(&outcome, |text| text.starts_with("server="))
    }

    /// dockerode, told by the environment, asks for the version.
    ///
    /// # Panics
    /// When node cannot be started or the lab has no dockerode.
    #[must_use]
    pub fn dockerode(&self) -> Attempt {
        let script = "const Docker = require('dockerode');\n\
                      new Docker({ timeout: 20000 }).version().then(\n\
                      (v) => console.log('server=' + v.Version),\n\
                      (e) => { console.error(String(e)); process.exit(1); });";
        let mut command = self.child("node");
        self.variables(&mut command);
        let outcome = run(command
            .env("NODE_PATH", lab().node_modules())
            .args(["-e", script]));
        assert!(!outcome.stderr.contains("Cannot find module"), "{outcome}");
        Attempt::of(&outcome, |text| text.starts_with("server="))
    }

    /// A program with nothing of this process' environment but a PATH.
    fn child(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear();
        command.env("PATH", "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        command.env("HOME", &self.dir);
        command
    }

    fn variables(&self, command: &mut Command) {
        command.env("DOCKER_HOST", format!("tcp://{}", self.authority()));
        command.env("DOCKER_TLS_VERIFY", "1");
        command.env("DOCKER_CERT_PATH", &self.dir);
    }

    /// Names certificate and key where they are there.
    fn pair(&self, command: &mut Command, cert: &str, key: &str) {
        for (flag, file) in [(cert, "cert.pem"), (key, "key.pem")] {
            if self.has(file) {
                command.arg(flag).arg(self.dir.join(file));
            }
        }
    }

    fn has(&self, file: &str) -> bool {
        self.dir.join(file).exists()
    }

    fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.authority())
    }
}

/// A folder for a client that insists on a home; it goes with the value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("sealock-clients-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs a program that reads `input` and then sees no end of input: `s_client` would hang up on it.
fn run_with_input(mut command: Command, input: &[u8]) -> Outcome {
    let what = crate::process::describe(&command);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot run `{what}`: {error}"));
    let mut stdin = child.stdin.take().expect("piped");
    // A program that has given up already takes no input; what it says tells why.
    let _ = stdin.write_all(input);
    let stdout = reader(child.stdout.take().expect("piped"));
    let stderr = reader(child.stderr.take().expect("piped"));
    let code = ended(&mut child, &what);
    drop(stdin);
    Outcome {
        command: what,
        code,
        stdout: stdout.join().expect("read what a program said"),
        stderr: stderr.join().expect("read what a program said"),
    }
}

fn reader(mut from: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// The exit code of a child that ends by itself, or is ended when it takes too long.
fn ended(child: &mut Child, what: &str) -> i32 {
    let begin = Instant::now();
    loop {
        match child
            .try_wait()
            .unwrap_or_else(|error| panic!("wait for `{what}`: {error}"))
        {
            Some(status) => return status.code().unwrap_or(-1),
            None if begin.elapsed() > Duration::from_secs(PATIENCE) => {
                let _ = child.kill();
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}
