//! A host that tests can script: a temporary directory for `/`, systemd and an engine that remember
//! what they were asked.

use crate::observe::{Observed, Options, observe};
use crate::system::{Interface, Invocation, Outcome, System};
use crate::{Desired, HostError, Root};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the scripted machine is like, and what happened to it.
#[derive(Debug, Default)]
pub(crate) struct Script {
    /// `systemctl show UNIT` → properties.
    pub(crate) units: BTreeMap<String, BTreeMap<String, String>>,
    /// Engine answers by path; none at all means that nobody answers.
    pub(crate) engine: BTreeMap<String, String>,
    /// Commands that were run.
    pub(crate) ran: Vec<String>,
    /// Processes that got SIGHUP.
    pub(crate) hung_up: Vec<u32>,
    /// Commands that fail, by a part of their line, with what they say.
    pub(crate) failing: Vec<(String, String)>,
    pub(crate) journal: String,
    pub(crate) listener: Option<u32>,
    pub(crate) uid: u32,
    pub(crate) version: String,
    /// A restart does not change the main process when set.
    pub(crate) dead: bool,
    /// Unix seconds; after everything else when it is not set.
    pub(crate) booted: Option<f64>,
}

#[derive(Debug)]
pub(crate) struct Fake {
    root: Root,
    directory: PathBuf,
    pub(crate) script: Mutex<Script>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Debian 12's unit.
pub(crate) const DEBIAN: &str = "[Unit]\nDescription=Docker Application Container Engine\nRequires=docker.socket\n\n[Service]\nType=notify\nEnvironmentFile=-/etc/default/docker\nExecStart=/usr/sbin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock $DOCKER_OPTS\nExecReload=/bin/kill -s HUP $MAINPID\nLimitNOFILE=infinity\nRestart=on-failure\nStartLimitBurst=3\nKillMode=process\n";

impl Fake {
    pub(crate) fn new(name: &str) -> Arc<Self> {
        let directory =
            std::env::temp_dir().join(format!("sealock-host-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory).unwrap();
        let directory = directory.canonicalize().unwrap();
        let script = Script {
            version: "Docker version 26.1.5, build x".into(),
            ..Script::default()
        };
        Arc::new(Self {
            root: Root::new(&directory),
            directory,
            script: Mutex::new(script),
        })
    }

    /// Debian with a running daemon: pid 100, no containers.
    pub(crate) fn debian(name: &str) -> Arc<Self> {
        let fake = Self::new(name);
        fake.write("/run/systemd/system/.keep", "");
        fake.write("/lib/systemd/system/docker.service", DEBIAN);
        fake.write(
            "/lib/systemd/system/docker.socket",
            "[Socket]\nListenStream=/run/docker.sock\n",
        );
        fake.unit("docker.service", "active");
        fake.unit("docker.socket", "active");
        fake.process(100, "dockerd", &["/usr/sbin/dockerd", "-H", "fd://"], 5000);
        fake.engine_on("26.1.5");
        fake
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root.at(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.root.at(path)).unwrap()
    }

    pub(crate) fn with(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.lock().unwrap());
    }

    pub(crate) fn unit(&self, name: &str, state: &str) {
        let pairs = [
            ("LoadState", "loaded"),
            ("FragmentPath", &*format!("/lib/systemd/system/{name}")),
            ("DropInPaths", ""),
            ("ActiveState", state),
            ("UnitFileState", "enabled"),
            ("Result", "success"),
            ("NRestarts", "0"),
            ("NeedDaemonReload", "no"),
            ("MainPID", "100"),
        ];
        let map = pairs
            .into_iter()
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect();
        self.with(|script| {
            script.units.insert(name.to_owned(), map);
        });
    }

    pub(crate) fn process(&self, pid: u32, name: &str, argv: &[&str], started: u64) {
        self.write(
            &format!("/proc/{pid}/stat"),
            &format!("{pid} ({name}) S 1 1 1 0 -1 4 0 0 0 0 0 0 0 0 20 0 9 0 {started} 1 1"),
        );
        self.write(
            &format!("/proc/{pid}/cmdline"),
            &argv
                .iter()
                .map(|word| format!("{word}\0"))
                .collect::<String>(),
        );
        self.write(&format!("/proc/{pid}/comm"), &format!("{name}\n"));
    }

    pub(crate) fn engine_on(&self, version: &str) {
        let answers = [
            ("/_ping", "OK".to_owned()),
            ("/version", format!("{{\"Version\":\"{version}\",\"ApiVersion\":\"1.45\"}}")),
            ("/info", "{\"ID\":\"X\",\"LiveRestoreEnabled\":false,\"Swarm\":{\"LocalNodeState\":\"inactive\"}}".to_owned()),
            ("/containers/json", "[]".to_owned()),
        ];
        self.with(|script| {
            script
                .engine
                .extend(answers.map(|(k, v)| (k.to_owned(), v)))
        });
    }

    pub(crate) fn containers(&self) {
        self.with(|script| {
            script.engine.insert(
                "/containers/json".into(),
                "[{\"Id\":\"abc\",\"Names\":[\"/web\"]}]".into(),
            );
            script.engine.insert(
                "/containers/abc/json".into(),
                "{\"State\":{\"Pid\":4242}}".into(),
            );
        });
    }

    pub(crate) fn observe(self: &Arc<Self>) -> Result<Observed, HostError> {
        self.observe_with(&Options::default())
    }

    pub(crate) fn observe_with(self: &Arc<Self>, options: &Options) -> Result<Observed, HostError> {
        let system: Arc<dyn System> = self.clone();
        observe(&system, options)
    }
}

pub(crate) fn desired() -> Desired {
    Desired::new(
        "docker",
        vec!["0.0.0.0:2376".parse().unwrap()],
        vec!["h1".into()],
    )
}

impl System for Fake {
    fn root(&self) -> &Root {
        &self.root
    }

    fn run(&self, invocation: &Invocation) -> io::Result<Outcome> {
        let line = invocation.argv.join(" ");
        let mut script = self.script.lock().unwrap();
        script.ran.push(line.clone());
        let told = |status, text: &str| {
            Ok(Outcome {
                status: Some(status),
                stdout: text.into(),
                stderr: text.into(),
            })
        };
        if let Some((_, said)) = script.failing.iter().find(|(part, _)| line.contains(part)) {
            return told(1, said);
        }
        if line.starts_with("journalctl") {
            return told(0, &script.journal);
        }
        if line.ends_with("--version") {
            return told(0, &script.version);
        }
        if line.contains(" restart") && !script.dead {
            // A new life: one process number up.
            let next = script
                .units
                .get("docker.service")
                .and_then(|unit| unit.get("MainPID")?.parse::<u32>().ok())
                .unwrap_or(100)
                + 1;
            for unit in script.units.values_mut() {
                unit.insert("MainPID".into(), next.to_string());
                unit.insert("ActiveState".into(), "active".into());
            }
            drop(script);
            self.process(next, "dockerd", &["dockerd"], 9000 + u64::from(next));
            return told(0, "");
        }
        if let Some(at) = invocation.argv.iter().position(|word| word == "show") {
            let unit = script.units.get(&invocation.argv[at + 1]);
            let text: String = unit
                .map(|unit| unit.iter().map(|(k, v)| format!("{k}={v}\n")).collect())
                .unwrap_or_else(|| "LoadState=not-found\n".into());
            return told(0, &text);
        }
        told(0, "")
    }

    fn exchange(&self, _socket: &Path, request: &[u8], _timeout: Duration) -> io::Result<Vec<u8>> {
        let script = self.script.lock().unwrap();
        if script.engine.is_empty() {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let request = String::from_utf8_lossy(request).into_owned();
        let path = request.split(' ').nth(1).unwrap();
        Ok(match script.engine.get(path) {
            Some(body) => format!("HTTP/1.1 200 OK\r\n\r\n{body}").into_bytes(),
            None => b"HTTP/1.1 404 Not Found\r\n\r\n{}".to_vec(),
        })
    }

    fn listener_pid(&self, _socket: &Path) -> io::Result<u32> {
        self.script
            .lock()
            .unwrap()
            .listener
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn hang_up(&self, pid: u32) -> io::Result<()> {
        self.script.lock().unwrap().hung_up.push(pid);
        Ok(())
    }

    fn user(&self) -> (u32, u32) {
        let (uid, gid) = (
            rustix::process::geteuid().as_raw(),
            rustix::process::getegid().as_raw(),
        );
        // Files are really written, so the owner has to be real; only "root or not" is played.
        if self.script.lock().unwrap().uid == 0 {
            (0, if uid == 0 { gid } else { 0 })
        } else {
            (self.script.lock().unwrap().uid, gid)
        }
    }

    fn variable(&self, name: &str) -> Option<String> {
        match name {
            "HOME" => Some("/home/u".into()),
            "XDG_RUNTIME_DIR" => Some("/run/user/1000".into()),
            _ => None,
        }
    }

    fn hostname(&self) -> String {
        "h1".into()
    }

    fn interfaces(&self) -> Vec<Interface> {
        [
            ("lo", "127.0.0.1"),
            ("eth0", "10.0.0.5"),
            ("eth0", "fe80::1"),
            ("docker0", "172.17.0.1"),
            ("br-12", "172.18.0.1"),
            ("eth0", "2001:db8::5"),
        ]
        .map(|(name, address)| Interface {
            name: name.into(),
            address: address.parse().unwrap(),
        })
        .to_vec()
    }

    fn booted_at(&self) -> f64 {
        self.script.lock().unwrap().booted.unwrap_or(f64::INFINITY)
    }

    fn pause(&self, _duration: Duration) {}
}
