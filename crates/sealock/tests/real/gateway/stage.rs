//! Where the ways are compared: one daemon in a namespace of its own, its clients beside it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use sealock_testkit::dockerd::{Dockerd, IMAGE};
use sealock_testkit::lab::{Version, lab};
use sealock_testkit::network::Network;
use sealock_testkit::process::Outcome;

use super::authority::Authority;
use super::way::{Open, Way};

/// Everything allowed to the one client: what is compared here is the way, not the permission.
pub(crate) const POLICY: &str =
    "version = 1\n\n[[grants]]\nto = [\"cn:alice\"]\nrole = \"admin\"\n";

/// A daemon with its own TLS, clients, and whatever ways are opened to it.
pub(crate) struct Stage {
    pub(crate) daemon: Dockerd,
    pub(crate) network: Network,
}

impl Stage {
    pub(crate) fn new(version: Version) -> Self {
        let network = Network::new();
        let daemon = Dockerd::builder(version).network(&network);
        let daemon = daemon
            .flag("--host=tcp://127.0.0.1:2376")
            .flag("--tlsverify");
        let daemon = [
            "tlscacert=ca.pem",
            "tlscert=server-cert.pem",
            "tlskey=server-key.pem",
        ]
        .iter()
        // The scripts start the daemon in its folder.
        .fold(daemon, |daemon, flag| {
            daemon.flag(&format!("--{}", flag.replace('=', "=tls/")))
        })
        .prepare();
        let folder = daemon.folder().join("tls");
        fs::create_dir(&folder).unwrap();
        let mut authority = Authority::new();
        let alice = authority.client("alice");
        authority.server().write(
            &folder.join("server-cert.pem"),
            &folder.join("server-key.pem"),
        );
        fs::write(folder.join("ca.pem"), authority.anchor().to_pem()).unwrap();
        fs::write(folder.join("list.pem"), authority.list().to_pem()).unwrap();
        fs::write(folder.join("policy.toml"), POLICY).unwrap();
        authority.write_client(&alice, &daemon.folder().join("alice"));
        daemon.start();
        daemon.import_busybox();
        Self { daemon, network }
    }

    /// The folder of the server's certificate, the anchor, the list and the policy.
    pub(crate) fn material(&self) -> PathBuf {
        self.daemon.folder().join("tls")
    }

    pub(crate) fn open(&self, way: Way) -> Open {
        way.open(&self.network, &self.material(), &self.daemon.socket())
    }

    /// Whether a container of this name belongs to a [`Caller`].
    pub(crate) fn is_callers(&self, name: &str) -> bool {
        [Way::Dockerd, Way::Ours]
            .iter()
            .any(|way| name.starts_with(&word(*way)))
    }

    /// Whoever calls the daemon over `way` with the docker command line `cli`.
    pub(crate) fn caller(&self, way: Way, cli: &Path) -> Caller<'_> {
        let number = home_number();
        let home = self.daemon.folder().join("home").join(number.to_string());
        let plugins = home.join(".docker/cli-plugins");
        fs::create_dir_all(&plugins).unwrap();
        for plugin in ["docker-buildx", "docker-compose"] {
            symlink(lab().docker_plugins().join(plugin), plugins.join(plugin)).unwrap();
        }
        fs::create_dir(home.join("bin")).unwrap();
        symlink(cli, home.join("bin/docker")).unwrap();
        let work = home.join("work");
        fs::create_dir(&work).unwrap();
        let container = format!("{}{number}", word(way));
        let _ = self.daemon.run_container(&container);
        Caller {
            stage: self,
            way,
            home,
            work,
            container,
        }
    }
}

/// One user of one docker command line on one way.
pub(crate) struct Caller<'a> {
    stage: &'a Stage,
    pub(crate) way: Way,
    home: PathBuf,
    work: PathBuf,
    container: String,
}

impl Caller<'_> {
    /// Runs a line of bash as this user, for at most `patience` seconds: `docker` is the command line in question,
    /// `$IMAGE` an image, `$C` a container that sleeps, `$PYTHON` a Python with docker-py. The work folder is this
    /// user's own.
    pub(crate) fn bash(&self, patience: u64, line: &str) -> Outcome {
        let mut command = Command::new("timeout");
        command
            .args(["--kill-after=2", &patience.to_string(), "bash", "-c", line])
            .env_clear()
            .env(
                "PATH",
                format!("{}/bin:/usr/sbin:/usr/bin:/sbin:/bin", self.home.display()),
            )
            .env("HOME", &self.home)
            .env("LANG", "C.UTF-8")
            .env("IMAGE", IMAGE)
            .env("C", &self.container)
            .env("RAW", super::matrix::raw())
            .env("PORT", self.way.port().to_string())
            .env("PYTHON", lab().python())
            .env("NODE_PATH", lab().node_modules())
            .env("BUSYBOX", lab().image())
            .envs(self.variables())
            .current_dir(&self.work);
        self.stage.network.run(&command)
    }

    /// How docker and its libraries are told where to go.
    pub(crate) fn variables(&self) -> [(&'static str, String); 3] {
        [
            (
                "DOCKER_HOST",
                format!("tcp://127.0.0.1:{}", self.way.port()),
            ),
            ("DOCKER_TLS_VERIFY", "1".to_owned()),
            (
                "DOCKER_CERT_PATH",
                self.stage
                    .daemon
                    .folder()
                    .join("alice")
                    .display()
                    .to_string(),
            ),
        ]
    }

    /// The name of this user's container.
    pub(crate) fn container(&self) -> &str {
        &self.container
    }
}

/// What the names of a way's containers begin with.
fn word(way: Way) -> String {
    format!("caller-{way:?}-").to_lowercase()
}

/// A number that no caller had before.
fn home_number() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
