//! A daemon with something to lose, and gateways before it for callers with few rights.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sealock_testkit::dockerd::{Dockerd, IMAGE};
use sealock_testkit::lab::Version;
use sealock_testkit::process::{becomes, end};
use serde_json::{Value, json};

use super::case::{Case, Role, Scene, Setup};
use super::raw::{self, Reply, Until, exchange};
use crate::common::program;

/// The label by which a gateway knows whose a container is, and the caller of these gateways: whoever runs the test.
const OWN: (&str, &str) = ("sealock.owner", "uid:0");

/// What only somebody who may read everything gets to see.
pub(super) const SECRET: &str = "hidden-5eAl0ck";

/// What the callers may do: the shipped roles, with any image and nothing else on top.
const POLICY: &str = r#"version = 1

[[grants]]
to = ["uid:0"]
role = "ROLE"
"#;

pub(super) struct World {
    pub(super) daemon: Dockerd,
    gateways: Vec<(Role, Gateway)>,
    /// Somebody else's container, running, with a secret in its environment, its output and its files.
    pub(super) victim: String,
    /// The caller's own, running.
    pub(super) own: String,
    next: AtomicU32,
    bait: TcpListener,
}

impl World {
    pub(super) fn new(version: Version) -> Self {
        let daemon = Dockerd::builder(version).flag("--experimental").start();
        daemon.import_busybox();
        let mut world = Self {
            daemon,
            gateways: Vec::new(),
            victim: String::new(),
            own: String::new(),
            next: AtomicU32::new(0),
            bait: TcpListener::bind(("127.0.0.1", 0)).unwrap(),
        };
        world.bait.set_nonblocking(true).unwrap();
        world.victim = world.create(
            "victim",
            &json!({
                "Image": IMAGE,
                "OpenStdin": true,
                "Env": [format!("TOKEN={SECRET}")],
                "Cmd": ["sh", "-c", "echo $TOKEN; echo $TOKEN >/secret; while read line; do echo \"$line\" >>/heard; done; sleep 3600"],
                "HostConfig": {"Binds": ["/etc:/host-etc:ro"]},
            }),
        );
        world.own = world.create(
            "own",
            &json!({"Image": IMAGE, "Cmd": ["sleep", "3600"], "Labels": {(OWN.0): OWN.1}}),
        );
        for name in ["victim", "own"] {
            let started = world.direct(&raw::plain(&format!("POST /containers/{name}/start")));
            assert_eq!(started.status, 204, "{}", started.text());
        }
        let written = becomes(Duration::from_secs(5), || {
            world.file("victim", "/secret").contains(SECRET)
        });
        assert!(written, "the victim does not run");
        world
    }

    /// Starts a gateway per role.
    pub(super) fn guarded(mut self) -> Self {
        self.gateways = [
            (Role::Observer, "observer", ""),
            (Role::Deployer, "deployer", "images = [\"*\"]\n"),
            (
                Role::Builder,
                "ci-builder",
                "images = [\"*\"]\ntags = [\"*\"]\n",
            ),
        ]
        .into_iter()
        .map(|(role, name, more)| {
            let policy = format!("{}{more}", POLICY.replace("ROLE", name));
            (
                role,
                Gateway::start(self.daemon.folder(), &self.daemon.socket(), name, &policy),
            )
        })
        .collect();
        self
    }

    /// What a gateway that is no more has said last.
    pub(super) fn last_words(&mut self) -> Option<String> {
        self.gateways.iter_mut().find_map(|(role, gateway)| {
            let ended = gateway.child.try_wait().unwrap()?;
            let log = fs::read_to_string(gateway.socket.with_extension("log")).unwrap_or_default();
            Some(format!("{role:?} {ended}: {log}"))
        })
    }

    /// The socket of the gateway for a role.
    pub(super) fn door(&self, role: Role) -> &Path {
        &self
            .gateways
            .iter()
            .find(|(known, _)| *known == role)
            .expect("a gateway for every role")
            .1
            .socket
    }

    /// Runs a case over a socket, and says whether it worked and what came back.
    pub(super) fn run(&self, case: &Case, socket: &Path) -> (bool, Reply) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let name = format!("case{number}");
        let body =
            |owner: Value| json!({"Image": IMAGE, "Cmd": ["sleep", "3600"], "Labels": owner});
        let id = match case.setup {
            Setup::Nothing => String::new(),
            Setup::Own => self.create(&format!("{name}-own"), &body(json!({(OWN.0): OWN.1}))),
            Setup::Foreign => self.create(&format!("{name}-foreign"), &body(json!({}))),
        };
        let scene = Scene { name, id };
        let reply = exchange(socket, &(case.bytes)(self, &scene), case.until);
        let bites = (case.bites)(self, &scene, &reply);
        self.forget(&scene);
        (bites, reply)
    }

    /// The port where nobody but the daemon, on somebody's behalf, would call.
    pub(super) fn bait(&self) -> u16 {
        self.bait.local_addr().unwrap().port()
    }

    /// Whether somebody called there.
    pub(super) fn bitten(&self) -> bool {
        let mut bitten = false;
        while self.bait.accept().is_ok() {
            bitten = true;
        }
        bitten
    }

    fn forget(&self, scene: &Scene) {
        for name in [&scene.name, &scene.id] {
            if !name.is_empty() {
                self.direct(&raw::plain(&format!(
                    "DELETE /containers/{name}?force=1&v=1"
                )));
            }
        }
    }

    /// Asks the daemon itself.
    pub(super) fn direct(&self, bytes: &[u8]) -> Reply {
        exchange(&self.daemon.socket(), bytes, Until::Answers(1))
    }

    /// Everything of a container, or null.
    pub(super) fn inspect(&self, name: &str) -> Value {
        let reply = self.direct(&raw::plain(&format!("GET /containers/{name}/json")));
        if reply.status == 200 {
            reply.json()
        } else {
            Value::Null
        }
    }

    /// Makes a container past every gateway.
    pub(super) fn create(&self, name: &str, body: &Value) -> String {
        let reply = self.direct(&raw::json(
            &format!("POST /containers/create?name={name}"),
            body.to_string(),
        ));
        assert_eq!(reply.status, 201, "{name}: {}", reply.text());
        reply.json()["Id"].as_str().unwrap().to_owned()
    }

    /// Whether a file of a container soon has a text in it.
    pub(super) fn reads(&self, container: &str, path: &str, text: &str) -> bool {
        becomes(Duration::from_millis(500), || {
            self.file(container, path).contains(text)
        })
    }

    /// What a file of a container has in it.
    pub(super) fn file(&self, container: &str, path: &str) -> String {
        let reply = self.direct(&raw::plain(&format!(
            "GET /containers/{container}/archive?path={path}"
        )));
        if reply.status == 200 {
            String::from_utf8_lossy(&reply.all).into_owned()
        } else {
            String::new()
        }
    }
}

/// A gateway of one role, on a unix socket of its own; it ends on drop.
struct Gateway {
    socket: PathBuf,
    child: Child,
}

impl Gateway {
    fn start(folder: &Path, daemon: &Path, name: &str, policy: &str) -> Self {
        let at = |end: &str| folder.join(format!("{name}.{end}"));
        fs::write(at("toml"), policy).unwrap();
        let log = fs::File::create(at("log")).unwrap();
        let socket = at("sock");
        let child = Command::new(program())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", folder)
            .args([
                "gateway",
                "--listen",
                &format!("unix://{}", socket.display()),
            ])
            .args(["--docker", &format!("unix://{}", daemon.display())])
            .arg("--policy")
            .arg(at("toml"))
            .arg("--audit")
            .arg(at("jsonl"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let ready = becomes(Duration::from_secs(20), || {
            socket.exists()
                && exchange(&socket, &raw::plain("GET /_ping"), Until::Answers(1)).status == 200
        });
        assert!(
            ready,
            "the gateway of {name}: {}",
            fs::read_to_string(at("log")).unwrap()
        );
        Self { socket, child }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        end(self.child.id(), Duration::from_secs(5));
        let _ = self.child.wait();
    }
}
