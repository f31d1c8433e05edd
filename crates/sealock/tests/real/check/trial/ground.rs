//! A healthy cloaked host with three clients of its own, which can be broken and put back.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sealock_testkit::lab::{Version, lab};
use sealock_testkit::process::{Outcome, call, run, wait_for};

use crate::check::ground::Found;
use crate::common::{Host, faketime};

/// What the daemon's certificate carries beside its addresses.
pub(super) const NAME: &str = "docker.lab";

/// The host, and what stands around it.
pub(super) struct Ground {
    pub(super) host: Host,
    /// The environment of the shell that asks.
    pub(super) shell: BTreeMap<&'static str, String>,
    /// Another time for whoever looks.
    pub(super) clock: Option<&'static str>,
    /// A port that somebody else holds.
    pub(super) taken: Option<Child>,
    /// Whether the daemon has been stopped, or started with something broken.
    pub(super) daemon_touched: bool,
    saved: PathBuf,
    folders: Vec<PathBuf>,
}

impl Ground {
    pub(super) fn new(version: Version) -> Self {
        let host = Host::new(version);
        let _ = host.up(&["--name", NAME]).expect_code(0);
        let root = host.daemon.folder().to_owned();
        let folders = ["etc", "user", "zone", "sealock", "system"].map(|name| root.join(name));
        let mut ground = Self {
            host,
            shell: BTreeMap::new(),
            clock: None,
            taken: None,
            daemon_touched: false,
            saved: root.join("saved"),
            folders: folders.into(),
        };
        ground.furnish();
        ground.calm_shell();
        for folder in &ground.folders {
            let _ = call("mkdir", &["-p", &shown(&ground.saved)]).ok();
            let _ = call("cp", &["-a", &shown(folder), &shown(&ground.saved)]).ok();
        }
        ground
    }

    /// Users, clients, a registry, and certificates of every fault.
    fn furnish(&self) {
        for folder in [self.user(), self.zone(), self.system(), self.forged()] {
            fs::create_dir(folder).unwrap();
        }
        // Keys lie there as they come.
        mode(&self.forged(), 0o700);
        let system = self.system();
        let registry = self.registry();
        fs::create_dir_all(&registry).unwrap();
        let user = shown(&self.user());
        fs::write(
            system.join("passwd"),
            format!("root:x:0:0:root:{user}:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n"),
        )
        .unwrap();
        fs::write(
            system.join("group"),
            "root:x:0:\ndocker:x:998:\nnogroup:x:65534:\n",
        )
        .unwrap();
        fs::write(
            system.join("hosts"),
            format!("127.0.0.1 localhost {NAME}\n"),
        )
        .unwrap();
        let _ = self
            .sealock(&[
                "client",
                "install",
                "alice",
                "--to",
                &format!("dir:{}", shown(&self.zone())),
            ])
            .expect_code(0);
        let _ = self
            .sealock(&["client", "install", "alice", "--to", "~/.docker"])
            .expect_code(0);
        let _ = self
            .sealock(&["client", "install", "alice", "--to", "context:prod"])
            .expect_code(0);
        self.forge();
        for (from, to) in [
            ("foreign-ca.pem", "ca.crt"),
            ("client-stranger.pem", "client.cert"),
            ("stranger-key.pem", "client.key"),
        ] {
            fs::copy(self.forged().join(from), registry.join(to)).unwrap();
        }
        mode(&registry.join("client.key"), 0o600);
    }

    fn forge(&self) {
        let issuers = self.host.sealock.home().join("issuers");
        let keys: Vec<PathBuf> = fs::read_dir(issuers)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        let public = |path: &Path, words: &[&str]| {
            call("openssl", &[words, &["-in", &shown(path)]].concat()).ok()
        };
        let key_of = |anchor: &Path| {
            let wanted = public(anchor, &["x509", "-noout", "-pubkey"]);
            let mut keys = keys.iter();
            keys.find(|key| public(key, &["pkey", "-pubout"]) == wanted)
                .expect("the anchor's key")
                .clone()
        };
        let (server, client) = (
            self.host.client("alice").join("ca.pem"),
            self.host.live().join("ca.pem"),
        );
        let script = self.system().join("forge.py");
        fs::write(&script, include_str!("forge.py")).unwrap();
        let files = [
            &script,
            &server,
            &key_of(&server),
            &client,
            &key_of(&client),
            &self.host.live().join("server-key.pem"),
            &self.host.client("alice").join("key.pem"),
            &self.forged(),
        ];
        let _ = run(Command::new(lab().python()).args(files)).ok();
        fs::remove_file(script).unwrap();
    }

    fn calm_shell(&mut self) {
        self.shell = BTreeMap::from([
            ("DOCKER_HOST", self.endpoint()),
            ("DOCKER_TLS_VERIFY", "1".to_owned()),
            ("DOCKER_CERT_PATH", shown(&self.zone())),
        ]);
        self.clock = None;
        self.free_port();
    }

    /// Puts everything back; the daemon is started again only when it has been touched.
    pub(super) fn heal(&mut self) {
        self.calm_shell();
        for folder in &self.folders {
            let saved = self.saved.join(folder.file_name().unwrap());
            fs::remove_dir_all(folder).unwrap();
            let _ = call("cp", &["-a", &shown(&saved), &shown(folder)]).ok();
        }
        if std::mem::take(&mut self.daemon_touched) {
            self.host.daemon.restart();
        }
        mode(&self.host.daemon.socket(), 0o660);
    }

    /// Lets somebody else take the daemon's port.
    pub(super) fn take_port(&mut self) {
        let port = self.host.port.to_string();
        let other = Command::new(lab().python())
            .args(["-m", "http.server", "--bind", "127.0.0.1", &port])
            .current_dir(self.forged())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.taken = Some(other);
        wait_for("the other's port", Duration::from_secs(10), || {
            self.host.is_open()
        });
    }

    fn free_port(&mut self) {
        if let Some(mut other) = self.taken.take() {
            // It may have ended by itself; gone is gone.
            let _ = other.kill();
            let _ = other.wait();
        }
    }

    /// What `sealock check --json` says.
    #[track_caller]
    pub(super) fn check(&self) -> Found {
        let mut command = self.host.sealock.command(&["--json", "check"]);
        command.env("HOME", self.user()).envs(&self.shell);
        let command = match self.clock {
            Some(when) => faketime(when, command),
            None => command,
        };
        Found::of(run(&mut self.within(&command)))
    }

    /// Another command of sealock's, on this ground.
    pub(super) fn sealock(&self, words: &[&str]) -> Outcome {
        let mut command = self.host.sealock.command(words);
        command.env("HOME", self.user());
        run(&mut self.within(&command))
    }

    /// The same command where `/etc` knows no users, names and registries but ours.
    pub(super) fn within(&self, command: &Command) -> Command {
        let mut script = String::from("set -e; mkdir -p /etc/docker; ");
        for name in ["passwd", "group", "hosts", "docker"] {
            let from = self.system().join(name);
            script.push_str(&format!("mount --bind '{}' /etc/{name}; ", from.display()));
        }
        script.push_str("exec \"$@\"");
        let mut whole = Command::new("unshare");
        whole.args([
            "--mount",
            "--propagation",
            "private",
            "sh",
            "-c",
            &script,
            "sh",
        ]);
        whole
            .arg(command.get_program())
            .args(command.get_args())
            .env_clear();
        for (name, value) in command.get_envs() {
            if let Some(value) = value {
                whole.env(name, value);
            }
        }
        whole
    }

    pub(super) fn version(&self) -> Version {
        self.host.daemon.version()
    }

    pub(super) fn endpoint(&self) -> String {
        format!("tcp://{}", self.host.listen())
    }

    pub(super) fn user(&self) -> PathBuf {
        self.host.daemon.folder().join("user")
    }

    /// The folder of the shell's `DOCKER_CERT_PATH`.
    pub(super) fn zone(&self) -> PathBuf {
        self.host.daemon.folder().join("zone")
    }

    /// What stands for parts of `/etc`.
    fn system(&self) -> PathBuf {
        self.host.daemon.folder().join("system")
    }

    pub(super) fn forged(&self) -> PathBuf {
        self.host.daemon.folder().join("forged")
    }

    /// The folder of the one registry below `certs.d`.
    pub(super) fn registry(&self) -> PathBuf {
        self.system()
            .join("docker/certs.d/registry.example.org:5000")
    }

    /// The daemon's file of this name in force.
    pub(super) fn live(&self, file: &str) -> PathBuf {
        self.host.live().join(file)
    }

    /// A file of the shell's client.
    pub(super) fn shells(&self, file: &str) -> PathBuf {
        self.zone().join(file)
    }

    /// A file of `~/.docker`.
    pub(super) fn homes(&self, file: &str) -> PathBuf {
        self.user().join(".docker").join(file)
    }

    /// A file of the context `prod`.
    pub(super) fn contexts(&self, kind: &str, file: &str) -> PathBuf {
        let hash = "prod";
        let digest = call(
            "sh",
            &["-c", &format!("printf {hash} | sha256sum | cut -c1-64")],
        )
        .ok();
        self.homes("contexts")
            .join(kind)
            .join(digest.trim())
            .join(file)
    }

    /// Puts a forged file in the place of another, with the mode that the other has.
    pub(super) fn put(&self, forged: &str, at: &Path) {
        let bytes = fs::read(self.forged().join(forged))
            .unwrap_or_else(|error| panic!("{forged}: {error}"));
        fs::write(at, bytes).unwrap();
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        self.free_port();
    }
}

/// Gives a file this mode.
pub(super) fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

pub(super) fn shown(path: &Path) -> String {
    path.display().to_string()
}
