//! Peers that sealock did not set up: `openssl s_server`, sockets that do what no server should, and a look at them that
//! is measured and searched for raw bytes.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sealock_testkit::Scratch;
use sealock_testkit::process::{Outcome, end, free_port, run, wait_for};
use serde_json::Value;

use super::ground::Found;
use crate::common::Sealock;

/// Two authorities, the server's certificate, and the three files of alice: all made by openssl, and nothing wrong with
/// them.
pub(crate) struct Kit {
    pub(crate) folder: Scratch,
}

impl Kit {
    pub(crate) fn new() -> Self {
        let kit = Self {
            folder: Scratch::new("peers"),
        };
        for authority in ["server-ca", "client-ca"] {
            kit.openssl(&format!(
                "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj /CN={authority} \
                 -addext keyUsage=critical,keyCertSign,cRLSign -out {authority}.pem -keyout {authority}-key.pem"
            ));
        }
        kit.server(
            "server",
            "/CN=docker.example",
            "IP:127.0.0.1,DNS:docker.example",
        );
        let rsa = "keyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=serverAuth\nsubjectAltName=IP:127.0.0.1\n";
        kit.leaf_of("rsa:2048", "rsa", "server-ca", "/CN=docker.example", rsa);
        kit.leaf(
            "alice",
            "client-ca",
            "/CN=alice",
            "extendedKeyUsage=clientAuth\n",
        );
        let alice = kit.folder.join("client");
        fs::create_dir(&alice).unwrap();
        for (from, to) in [
            ("server-ca.pem", "ca.pem"),
            ("alice.pem", "cert.pem"),
            ("alice-key.pem", "key.pem"),
        ] {
            fs::copy(kit.folder.join(from), alice.join(to)).unwrap();
        }
        // What s_server gives as an answer: the head of a Docker daemon's, and its body.
        kit.folder.write(
            "_ping",
            "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nServer: Docker/20.10.24 (linux)\r\nContent-Length: 2\r\n\r\nOK\r\n",
        );
        kit
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A server's certificate: `name.pem` and `name-key.pem`.
    pub(crate) fn server(&self, name: &str, subject: &str, sans: &str) {
        let extensions = format!("extendedKeyUsage=serverAuth\nsubjectAltName={sans}\n");
        self.leaf(name, "server-ca", subject, &extensions);
    }

    /// A certificate with these extensions besides the usual ones.
    pub(crate) fn leaf(&self, name: &str, authority: &str, subject: &str, extensions: &str) {
        let extensions = format!("keyUsage=critical,digitalSignature\n{extensions}");
        self.leaf_of(
            "ec -pkeyopt ec_paramgen_curve:P-256",
            name,
            authority,
            subject,
            &extensions,
        );
    }

    fn leaf_of(&self, key: &str, name: &str, authority: &str, subject: &str, extensions: &str) {
        let extensions = format!("basicConstraints=critical,CA:FALSE\n{extensions}");
        self.folder.write(&format!("{name}.ext"), extensions);
        let _ = run(Command::new("openssl")
            .current_dir(self.folder.path())
            .args(
                format!(
                    "req -new -utf8 -nodes -keyout {name}-key.pem -out {name}.csr -newkey {key}"
                )
                .split(' '),
            )
            .args(["-subj", subject]))
        .ok();
        self.openssl(&format!(
            "x509 -req -in {name}.csr -days 365 -CA {authority}.pem -CAkey {authority}-key.pem -CAcreateserial \
             -extfile {name}.ext -out {name}.pem"
        ));
    }

    /// openssl with these words, in the kit's folder.
    pub(crate) fn openssl(&self, words: &str) {
        let _ = run(Command::new("openssl")
            .current_dir(self.folder.path())
            .args(words.split_whitespace()))
        .ok();
    }

    /// `openssl s_server` with this certificate. It demands a client of ours, and answers `/_ping` as a daemon does.
    pub(crate) fn serve(&self, name: &str, words: &str) -> Serving {
        self.serve_at(loopback(free_port()), name, words)
    }

    /// The same at this address.
    pub(crate) fn serve_at(&self, address: SocketAddr, name: &str, words: &str) -> Serving {
        let words = format!("-Verify 1 -verify_return_error -CAfile client-ca.pem {words}");
        let mut command = Command::new("openssl");
        command
            .current_dir(self.folder.path())
            .args([
                "s_server",
                "-HTTP",
                "-quiet",
                "-accept",
                &address.to_string(),
            ])
            .args([
                "-cert",
                &format!("{name}.pem"),
                "-key",
                &format!("{name}-key.pem"),
            ])
            .args(words.split_whitespace());
        Serving::start(command, address)
    }

    pub(crate) fn sealock(&self) -> Sealock {
        Sealock::in_folder(self.folder.path())
    }

    /// The words with which alice looks at a peer, and does not wait long.
    pub(crate) fn words(&self, more: &[&str]) -> Vec<String> {
        let folder = self.path("client").display().to_string();
        let words = ["check", "--timeout", "1", "--cert-path", &folder];
        words
            .iter()
            .chain(more)
            .map(|word| (*word).to_owned())
            .collect()
    }

    /// What alice finds at a peer.
    #[track_caller]
    pub(crate) fn look(&self, place: &str) -> Found {
        self.look_through(place, plain)
    }

    /// The same, run through another program.
    #[track_caller]
    pub(crate) fn look_through(
        &self,
        place: &str,
        through: impl Fn(&Kit, Command) -> Command,
    ) -> Found {
        let words = [&["--json".to_owned()], &self.words(&[place])[..]].concat();
        let look = self.measured(&words, through);
        look.is_bounded();
        expect_visible(&look.outcome);
        Found::of(look.outcome)
    }

    /// A run of sealock through whatever `through` makes of its command, measured.
    pub(crate) fn measured(
        &self,
        words: &[String],
        through: impl Fn(&Kit, Command) -> Command,
    ) -> Measured {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        Measured::of(
            through(self, self.sealock().command(&words)),
            self.folder.path(),
        )
    }

    /// Looks at a peer in every format: this comes first, within bounds, and with no raw byte anywhere.
    #[track_caller]
    pub(crate) fn first(&self, place: &str, code: &str) -> Found {
        self.first_through(place, code, plain)
    }

    /// The same, run through another program.
    #[track_caller]
    pub(crate) fn first_through(
        &self,
        place: &str,
        code: &str,
        through: impl Fn(&Kit, Command) -> Command,
    ) -> Found {
        let run = |before: &[&str], after: &[&str]| {
            let before: Vec<String> = before.iter().map(|word| (*word).to_owned()).collect();
            let look = self.measured(&[before, self.words(after)].concat(), &through);
            look.is_bounded();
            assert_eq!(look.outcome.code, 3, "{}", look.outcome);
            look.outcome
        };
        let found = Found::of(run(&["--json"], &[place]));
        found.expect_first(code);
        expect_visible(&found.outcome);
        expect_no_control(&found.json);
        let text = run(&["-v"], &["--short", place]);
        expect_visible(&text);
        assert!(text.stdout.contains(&format!("[{code}]")), "{text}");
        expect_visible(&run(&[], &["--short", "--format", "prometheus", place]));
        let colourful = run(&["--color", "always"], &["--short", place]);
        let styles = colourful.stdout.replace("\u{1b}[0m", "");
        assert!(
            styles.split("\u{1b}[").skip(1).all(|part| {
                part.split_once('m').is_some_and(|(style, _)| {
                    style
                        .bytes()
                        .all(|byte| byte.is_ascii_digit() || byte == b';')
                })
            }),
            "{colourful}"
        );
        found
    }
}

/// This port here.
pub(crate) fn loopback(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// Straight from here.
pub(crate) fn plain(_: &Kit, command: Command) -> Command {
    command
}

/// A program that serves; ended when dropped.
pub(crate) struct Serving {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Serving {
    pub(crate) fn start(mut command: Command, address: SocketAddr) -> Self {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut serving = Self { child, address };
        wait_for("a server to listen", Duration::from_secs(10), || {
            assert!(
                serving.child.try_wait().unwrap().is_none(),
                "it ended: {command:?}"
            );
            TcpStream::connect(address).is_ok()
        });
        serving
    }

    pub(crate) fn place(&self) -> String {
        format!("tcp://{}", self.address)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        end(self.child.id(), Duration::from_secs(2));
        let _ = self.child.wait();
    }
}

/// A listener of this process that treats every connection like this, each in a thread of its own.
pub(crate) fn peer(behave: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = format!("tcp://{}", listener.local_addr().unwrap());
    let behave = Arc::new(behave);
    let _serves_to_the_end = std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let behave = Arc::clone(&behave);
            let _ends_with_its_client = std::thread::spawn(move || behave(socket));
        }
    });
    place
}

/// Reads what comes until the client goes, and says nothing.
pub(crate) fn listen_only(mut socket: TcpStream) {
    let mut bytes = [0; 4096];
    while socket.read(&mut bytes).is_ok_and(|count| count > 0) {}
}

/// Writes as much as the client takes.
pub(crate) fn write_all(mut socket: &TcpStream, bytes: &[u8]) {
    let _gone = socket.write_all(bytes);
}

/// A run, how long it took and how much memory it had at most.
pub(crate) struct Measured {
    pub(crate) outcome: Outcome,
    pub(crate) wall: Duration,
    pub(crate) peak_kib: u64,
}

impl Measured {
    pub(crate) fn of(mut command: Command, folder: &Path) -> Self {
        let number = std::thread::current().id();
        let said = ["out", "err"].map(|name| folder.join(format!("said-{number:?}.{name}")));
        let begun = Instant::now();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(fs::File::create(&said[0]).unwrap())
            .stderr(fs::File::create(&said[1]).unwrap())
            .spawn()
            .unwrap();
        let mut peak_kib = 0;
        let status = loop {
            peak_kib = peak(child.id()).unwrap_or(0).max(peak_kib);
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let wall = begun.elapsed();
        let [stdout, stderr] = said.map(|path| String::from_utf8(fs::read(path).unwrap()).unwrap());
        let outcome = Outcome {
            command: format!("{command:?}"),
            code: status.code().unwrap_or(-1),
            stdout,
            stderr,
        };
        Self {
            outcome,
            wall,
            peak_kib,
        }
    }

    /// Eight exchanges of a second each at most, and what it takes to start; memory for what one peer may send.
    #[track_caller]
    pub(crate) fn is_bounded(&self) {
        assert!(
            self.wall < Duration::from_secs(9),
            "{:?}: {}",
            self.wall,
            self.outcome
        );
        assert!(
            self.peak_kib < 100 * 1024,
            "{} KiB: {}",
            self.peak_kib,
            self.outcome
        );
    }
}

/// The most memory that the process had so far, as the kernel counts it.
fn peak(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// Insists that a terminal would show what is there.
#[track_caller]
pub(crate) fn expect_visible(outcome: &Outcome) {
    for text in [&outcome.stdout, &outcome.stderr] {
        assert!(
            !text.chars().any(is_harmful),
            "{}",
            outcome.to_string().escape_debug()
        );
    }
}

/// The same of every string in the JSON, once it is read.
#[track_caller]
pub(crate) fn expect_no_control(json: &Value) {
    match json {
        Value::String(text) => assert!(!text.chars().any(is_harmful), "{}", text.escape_debug()),
        Value::Array(items) => items.iter().for_each(expect_no_control),
        Value::Object(fields) => fields.values().for_each(expect_no_control),
        _ => {}
    }
}

fn is_harmful(character: char) -> bool {
    let turns_direction = matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    (character.is_control() && character != '\n') || turns_direction
}
