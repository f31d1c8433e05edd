//! A dockerd of one's own that restarts quickly, with a container, and the binary beside it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use sealock_testkit::kill::Program;
use sealock_testkit::process::{becomes, call, end, free_port, naming, run, runs};
use sealock_testkit::{Container, Dockerd, Outcome, Scratch, Version, lab};

use super::site::{Files, Site, files};
use crate::common::program;

/// 28 restarts as quickly as 20.10, and can judge a configuration without starting.
const VERSION: Version = Version::V28;

/// A hand-started daemon.
pub(super) struct ByHand {
    port: u16,
    container: Mutex<Container>,
    // In this order: containers go before their daemon, the daemon before its containerd.
    daemon: Dockerd,
    _containerd: Containerd,
    folder: Scratch,
}

impl ByHand {
    pub(super) fn new() -> Self {
        let folder = Scratch::new("sealock");
        let containerd = Containerd::start();
        let flag = format!("--containerd={}", containerd.socket());
        let daemon = Dockerd::builder(VERSION)
            .hosts_in_config()
            .flag(&flag)
            .start();
        let container = Mutex::new(daemon.run_container("first"));
        let site = Self {
            port: free_port(),
            container,
            daemon,
            _containerd: containerd,
            folder,
        };
        stranger(site.folder.path());
        site
    }

    fn command(&self, words: &[String]) -> Command {
        let mut command = Command::new(program());
        command
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", self.folder.path())
            .args(words);
        command
    }
}

/// A self-signed certificate and its key, in `folder`.
pub(super) fn stranger(folder: &Path) {
    let path = |name: &str| folder.join(name).display().to_string();
    let words = [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=stranger",
    ];
    let mut openssl = Command::new("openssl");
    let _ = run(openssl.args(words).args([
        "-keyout",
        &path("stranger.key"),
        "-out",
        &path("stranger.pem"),
    ]))
    .ok();
}

impl Site for ByHand {
    fn words(&self, verb: &[&str]) -> Vec<String> {
        let paths = [self.home(), self.config()].map(|path| path.display().to_string());
        ["--home", &paths[0], "--config", &paths[1]]
            .iter()
            .chain(verb)
            .map(|word| (*word).to_owned())
            .collect()
    }

    fn up_words(&self) -> Vec<String> {
        let (config, socket, restart) = (
            self.daemon.config_file(),
            self.daemon.socket(),
            self.daemon.restart_script(),
        );
        let paths = [config, socket, restart].map(|path| path.display().to_string());
        self.words(&[
            "up",
            "--yes",
            "--listen",
            &self.address(),
            "--name",
            "localhost",
            "--client",
            "alice",
            "--docker-config",
            &paths[0],
            "--docker-socket",
            &paths[1],
            "--restart-command",
            &paths[2],
        ])
    }

    fn program(&self, words: &[String]) -> Program<'_> {
        self.command(words).into()
    }

    fn run(&self, words: &[String]) -> Outcome {
        run(&mut self.command(words))
    }

    fn curl(&self, words: &[&str]) -> Outcome {
        call("curl", words)
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn home(&self) -> PathBuf {
        self.folder.join("home")
    }

    fn config(&self) -> PathBuf {
        self.folder.join("sealock.toml")
    }

    fn for_curl(&self, path: &Path) -> String {
        path.display().to_string()
    }

    fn foreign(&self) -> [String; 2] {
        ["stranger.pem", "stranger.key"].map(|name| self.folder.join(name).display().to_string())
    }

    /// All of `/etc` that this daemon has, and what lies beside the vault's home.
    fn host_files(&self) -> Files {
        let mut found = files(self.daemon.config_file().parent().unwrap());
        let beside = files(self.folder.path());
        found.extend(
            beside
                .into_iter()
                .filter(|(path, _)| {
                    !path.starts_with("home") && !path.to_string_lossy().starts_with("stranger")
                })
                .map(|(path, file)| (Path::new("beside").join(path), file)),
        );
        found
    }

    fn wait_for_children(&self) {
        let script = self.daemon.restart_script();
        assert!(
            becomes(Duration::from_secs(60), || naming(&script).is_empty()),
            "the restart does not end"
        );
    }

    fn validate(&self) -> Outcome {
        let mut command = Command::new("dockerd");
        command
            .args(&self.daemon.command_line()[1..])
            .arg("--validate")
            .env_clear()
            .env("PATH", lab().docker_path(VERSION));
        run(&mut command)
    }

    fn power_cut(&self) -> Outcome {
        self.daemon.stop();
        self.daemon.try_start()
    }

    fn container(&self) -> Option<u32> {
        let container = self.container.lock().unwrap().clone();
        let path = format!("http://d/containers/{}/json", container.id);
        let said = call(
            "curl",
            &[
                "-s",
                "-m",
                "10",
                "--unix-socket",
                &self.daemon.socket().display().to_string(),
                &path,
            ],
        )
        .stdout;
        let value: serde_json::Value = serde_json::from_str(&said).ok()?;
        let pid = value["State"]["Pid"]
            .as_u64()
            .and_then(|pid| u32::try_from(pid).ok())?;
        runs(pid).then_some(pid)
    }

    fn container_at_first(&self) -> u32 {
        self.container.lock().unwrap().pid
    }

    fn new_container(&self) {
        let name = format!("after-{}", self.container_at_first());
        *self.container.lock().unwrap() = self.daemon.run_container(&name);
    }

    fn live_restore(&self) -> bool {
        let socket = self.daemon.socket().display().to_string();
        call(
            "curl",
            &["-s", "-m", "10", "--unix-socket", &socket, "http://d/info"],
        )
        .stdout
        .contains("\"LiveRestoreEnabled\":true")
    }
}

/// A containerd of one's own, as on a host with systemd: a dockerd that need not start one restarts in a third of the time.
struct Containerd {
    process: Child,
    folder: Scratch,
}

impl Containerd {
    fn start() -> Self {
        let folder = Scratch::new("containerd");
        let at = folder.path().display();
        let text = format!(
            "version = 2\nroot = \"{at}/root\"\nstate = \"{at}/state\"\n\
             disabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n[grpc]\naddress = \"{at}/c.sock\"\n"
        );
        let config = folder.write("config.toml", text);
        let log = std::fs::File::create(folder.join("log")).unwrap();
        let process = Command::new("containerd")
            .arg("--config")
            .arg(config)
            .env_clear()
            .env("PATH", lab().docker_path(VERSION))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let started = Self { process, folder };
        let answers = || std::os::unix::net::UnixStream::connect(started.socket()).is_ok();
        assert!(
            becomes(Duration::from_secs(20), answers),
            "containerd does not start"
        );
        started
    }

    fn socket(&self) -> String {
        self.folder.join("c.sock").display().to_string()
    }
}

impl Drop for Containerd {
    fn drop(&mut self) {
        end(self.process.id(), Duration::from_secs(5));
        let _ = self.process.wait();
        for pid in naming(self.folder.path()) {
            end(pid, Duration::ZERO);
        }
    }
}
