//! Redis with client certificates, added by the commands of docs/services.md as somebody would who has read nothing else.

mod broken;
mod killed;
mod life;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sealock_testkit::lab::Version;
use sealock_testkit::process::{Outcome, run};
use sealock_testkit::redis::Redis;

use crate::common::{Host, program};

/// The page that a stranger reads.
const PAGE: &str = include_str!("../../../../../docs/services.md");

/// A host behind mutual TLS, and a Redis that shall have a certificate of it.
pub(super) struct Stage {
    pub(super) host: Host,
    pub(super) redis: Redis,
}

impl Stage {
    /// The daemon is cloaked and Redis configured as the page says; it does not run yet, for its files are missing.
    pub(super) fn new() -> Self {
        let host = Host::new(Version::V28);
        let _ = host.up(&[]).expect_code(0);
        let redis = Redis::prepare("");
        let stage = Self { host, redis };
        stage.redis.configure(&stage.here(&block("redis.conf")));
        let cli = stage.redis.cli_command(&[]);
        let words: Vec<String> = cli
            .get_envs()
            .filter_map(|(name, value)| Some(format!("{}={}", name.to_str()?, value?.to_str()?)))
            .collect();
        let script = format!(
            "#!/bin/sh\nexec env {} {} \"$@\"\n",
            words.join(" "),
            cli.get_program().display()
        );
        let path = stage.redis.server().write("redis-cli", script);
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        stage
    }

    /// The words of the page with this Redis in place of the one of a package.
    pub(super) fn here(&self, text: &str) -> String {
        let folder = self.redis.server().folder().display().to_string();
        let restart = self.redis.server().restart_script().display().to_string();
        text.replace("/etc/redis/tls", &format!("{folder}/tls"))
            .replace(
                "/run/redis/redis-server.sock",
                &format!("{folder}/redis.sock"),
            )
            .replace("systemctl restart redis-server", &restart)
            .replace("redis-cli ", &format!("{folder}/redis-cli "))
            .replace("root:redis", "root:games")
            .replace("6379", &self.redis.port().to_string())
            .replace("port 0", "port 0\nprotected-mode no")
    }

    /// Runs commands as they stand on the page, `sealock` being ours.
    pub(super) fn shell(&self, text: &str) -> Outcome {
        let ours = format!(
            "sealock() {{ '{}' --yes --home '{}' --config '{}' \"$@\"; }}\n",
            program().display(),
            self.host.sealock.home().display(),
            self.host.sealock.config().display()
        );
        let mut shell = Command::new("/bin/sh");
        shell
            .args(["-ec", &format!("{ours}{}", self.here(text))])
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", self.host.daemon.folder());
        run(&mut shell)
    }

    pub(super) fn sealock(&self, words: &[&str]) -> Outcome {
        let mut all = vec!["--yes"];
        all.extend(words);
        self.host.sealock.run(&all)
    }

    /// Adds it with the page's own commands, and applies.
    pub(super) fn added(&self) -> Outcome {
        let _ = self.shell(&block("commands")).expect_code(0);
        self.shell(&block("apply"))
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.redis.server().join("tls").join(name)
    }

    pub(super) fn tls(&self) -> PathBuf {
        self.redis.server().join("tls")
    }

    /// The configuration of this Redis, with something in it replaced.
    pub(super) fn configure(&self, from: &str, to: &str) {
        let text = block("redis.conf");
        assert!(text.contains(from), "{text}");
        self.redis.configure(&self.here(&text.replace(from, to)));
    }

    /// redis-cli with the files in a folder, as the page says.
    pub(super) fn ping(&self, bundle: &Path) -> Outcome {
        let words: Vec<String> = self
            .client_words(bundle)
            .into_iter()
            .chain(["ping".to_owned()])
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.redis.cli(&words)
    }

    pub(super) fn client_words(&self, bundle: &Path) -> Vec<String> {
        let text = block("client");
        assert!(text.contains("--cacert ca.pem --cert cert.pem --key key.pem"));
        let file = |name: &str| bundle.join(name).display().to_string();
        [
            "--tls".to_owned(),
            "--cacert".to_owned(),
            file("ca.pem"),
            "--cert".to_owned(),
            file("cert.pem"),
            "--key".to_owned(),
            file("key.pem"),
        ]
        .to_vec()
    }

    #[track_caller]
    pub(super) fn gets_in(&self, bundle: &Path) {
        let said = self.ping(bundle);
        assert_eq!(said.stdout.trim(), "PONG", "{said}");
    }

    #[track_caller]
    pub(super) fn is_refused(&self, bundle: &Path) {
        let said = self.ping(bundle);
        assert!(!said.stdout.contains("PONG"), "{said}");
    }

    /// The folder of alice's files, and a copy of them as they are now.
    pub(super) fn alice(&self) -> PathBuf {
        self.host.client("alice")
    }

    pub(super) fn keep_alice(&self, name: &str) -> PathBuf {
        let copy = self.host.daemon.folder().join(name);
        fs::create_dir(&copy).unwrap();
        for file in ["ca.pem", "cert.pem", "key.pem"] {
            fs::copy(self.alice().join(file), copy.join(file)).unwrap();
        }
        copy
    }

    /// Insists that `plan` and `status` have nothing to say.
    #[track_caller]
    pub(super) fn is_at_rest(&self) {
        let _ = self.sealock(&["plan"]).expect_code(0);
        let _ = self.sealock(&["status"]).expect_code(0);
    }
}

/// A block of the page.
pub(super) fn block(name: &str) -> String {
    let (_, rest) = PAGE
        .split_once(&format!("<!-- {name} -->\n```\n"))
        .expect(name);
    rest.split_once("\n```").expect("its end").0.to_owned()
}

#[test]
fn a_stranger_adds_redis_by_the_page() {
    let stage = Stage::new();
    let added = stage.shell(&block("commands")).expect_code(0);
    assert!(added.stderr.contains("sealock apply"), "{added}");
    let listed = stage.sealock(&["service", "list"]).expect_code(0);
    assert!(listed.stdout.contains("no certificate of ours"), "{listed}");
    let status = stage.sealock(&["status"]).expect_code(3);
    assert!(
        status.stdout.contains("redis has no certificate of ours"),
        "{status}"
    );
    let planned = stage.sealock(&["plan"]).expect_code(3);
    for words in [
        "reload redis",
        "prove redis from outside: redis at 127.0.0.1:",
    ] {
        assert!(planned.stderr.contains(words), "{words}: {planned}");
    }

    let applied = stage.shell(&block("apply")).expect_code(0);
    assert!(
        applied
            .stderr
            .contains(": TLS 1.3, our clients get in, nobody else does"),
        "{applied}"
    );
    stage.gets_in(&stage.alice());
    let ca = stage.alice().join("ca.pem").display().to_string();
    let without = stage.redis.cli(&["--tls", "--cacert", &ca, "ping"]);
    assert!(!without.stdout.contains("PONG"), "{without}");
    let clear = stage.redis.cli(&["ping"]);
    assert!(!clear.stdout.contains("PONG"), "{clear}");
    for (name, mode) in [("key.pem", 0o640), ("cert.pem", 0o644), ("ca.pem", 0o644)] {
        let metadata = fs::metadata(stage.file(name)).unwrap();
        assert_eq!(metadata.mode() & 0o7777, mode, "{name}");
        // Debian's `games` has the number 60 as a group since ever (base-passwd).
        assert_eq!((metadata.uid(), metadata.gid()), (0, 60), "{name}");
    }

    let again = stage.shell(&block("apply")).expect_code(0);
    assert!(again.stderr.contains("0 changes"), "{again}");
    assert!(again.stderr.contains("our clients get in"), "{again}");
    stage.is_at_rest();
    let listed = stage.sealock(&["service", "list", "--json"]).expect_code(0);
    let listed: serde_json::Value = serde_json::from_str(&listed.stdout).unwrap();
    assert_eq!(listed["services"][0]["doors"][0]["clients"], "required");
    assert_eq!(listed["services"][0]["due"], false);

    // What drifts is told, and mended.
    fs::set_permissions(stage.file("key.pem"), fs::Permissions::from_mode(0o600)).unwrap();
    let status = stage.sealock(&["status"]).expect_code(3);
    assert!(
        status.stdout.contains("mode 0600, expected 0640"),
        "{status}"
    );
    let _ = stage.sealock(&["apply"]).expect_code(0);
    stage.is_at_rest();
    a_renewal_restarts_nothing(&stage);
    stage.host.lives();
}

/// An open connection goes on, and the process is the same: nothing is restarted.
fn a_renewal_restarts_nothing(stage: &Stage) {
    let (pid, old) = (
        stage.redis.server().pid(),
        fs::read(stage.file("cert.pem")).unwrap(),
    );
    let words = stage.client_words(&stage.alice());
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut live = stage
        .redis
        .cli_command(&words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut talk = Conversation::with(&mut live);
    talk.says("set colour green", "OK");
    let dockerd = stage.host.daemon.pid();

    let unknown = stage.sealock(&["renew", "rediss"]).expect_code(1);
    assert!(
        unknown.stderr.contains("known are alice, dockerd, redis"),
        "{unknown}"
    );
    let _ = stage.sealock(&["renew", "redis"]).expect_code(0);

    talk.says("get colour", "green");
    drop(talk);
    let _ = live.kill();
    let _ = live.wait();
    assert_eq!(stage.redis.server().pid(), pid, "Redis was restarted");
    assert_eq!(stage.host.daemon.pid(), dockerd, "dockerd was restarted");
    assert_ne!(fs::read(stage.file("cert.pem")).unwrap(), old);
    stage.gets_in(&stage.alice());
    stage.is_at_rest();
}

/// Lines to a child, and its answers.
struct Conversation {
    to: std::process::ChildStdin,
    from: std::io::BufReader<std::process::ChildStdout>,
}

impl Conversation {
    fn with(child: &mut std::process::Child) -> Self {
        Self {
            to: child.stdin.take().unwrap(),
            from: std::io::BufReader::new(child.stdout.take().unwrap()),
        }
    }

    #[track_caller]
    fn says(&mut self, line: &str, expected: &str) {
        use std::io::{BufRead as _, Write as _};
        writeln!(self.to, "{line}").unwrap();
        let mut answer = String::new();
        self.from.read_line(&mut answer).unwrap();
        assert_eq!(answer.trim(), expected);
    }
}
