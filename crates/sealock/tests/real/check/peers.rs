//! Peers that sealock did not set up: `openssl s_server`, sockets that do what no server should, and a look at them that
//! is measured and searched for raw bytes.

mod measured;
mod serving;

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use sealock_testkit::Scratch;
use sealock_testkit::process::{free_port, run};

use super::ground::Found;
use crate::common::Sealock;

pub(crate) use measured::{Measured, expect_no_control, expect_visible};
pub(crate) use serving::{Closed, Serving, listen_only, loopback, peer, write_all};

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

/// Straight from here.
pub(crate) fn plain(_: &Kit, command: Command) -> Command {
    command
}
