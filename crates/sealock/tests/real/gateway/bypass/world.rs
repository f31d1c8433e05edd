//! A daemon with something to lose, and gateways before it for callers with few rights.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sealock_testkit::dockerd::{Builder, Dockerd, IMAGE};
use sealock_testkit::lab::Version;
use sealock_testkit::network::Network;
use sealock_testkit::process::{becomes, end};
use serde_json::{Value, json};

use super::case::{Case, Role, Scene, Setup};
use super::raw::{self, Reply, Until, exchange};
use crate::common::program;

/// The label by which a gateway knows whose a container is, and the caller of these gateways: whoever runs the test.
const OWN: (&str, &str) = ("sealock.owner", "uid:0");

/// What only somebody who may read everything gets to see.
pub(super) const SECRET: &str = "hidden-5eAl0ck";

/// What a swarm keeps, by its ID: nothing of it is the caller's.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) node: String,
    /// A service with [`SECRET`] in its environment.
    pub(super) service: String,
    pub(super) secret: String,
    pub(super) config: String,
    /// The host's own network.
    pub(super) host: String,
}

pub(super) struct World {
    pub(super) daemon: Dockerd,
    gateways: Vec<(Role, Gateway)>,
    /// Somebody else's container, running, with a secret in its environment, its output and its files.
    pub(super) victim: String,
    /// The caller's own, running.
    pub(super) own: String,
    /// Empty where there is no swarm.
    pub(super) kept: Kept,
    next: AtomicU32,
    bait: TcpListener,
}

impl World {
    pub(super) fn new(version: Version) -> Self {
        let mut world = Self::of(Dockerd::builder(version).flag("--experimental"));
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
        let etc = json!({"type": "none", "o": "bind", "device": "/etc"});
        world.done(
            "POST /volumes/create",
            &json!({"Name": "victim-etc", "DriverOpts": etc}),
        );
        world.done(
            "POST /volumes/create",
            &json!({"Name": "own-etc", "DriverOpts": etc, "Labels": {(OWN.0): OWN.1}}),
        );
        // A place that the caller may mount anything from, and a way out of it.
        let open = world.daemon.folder().join("open");
        fs::create_dir(&open).unwrap();
        symlink("/etc", open.join("link")).unwrap();
        world
    }

    /// The manager of a swarm of one, in a network of its own.
    pub(super) fn swarm(version: Version) -> Self {
        let network = Network::new();
        let daemon = Dockerd::builder(version)
            .network(&network)
            .flag("--node-generic-resource=gpu=1");
        let mut world = Self::of(daemon);
        let address = network.address();
        world.done(
            "POST /swarm/init",
            &json!({
                "ListenAddr": format!("{address}:2377"),
                "AdvertiseAddr": address,
                "Spec": {"EncryptionConfig": {"AutoLockManagers": true}},
            }),
        );
        let text = |of: &Value, key: &str| of[key].as_str().unwrap().to_owned();
        let nodes = world.direct(&raw::plain("GET /nodes")).json();
        // In base64, as the daemon wants it: SECRET.
        let data = json!("aGlkZGVuLTVlQWwwY2s=");
        let secret = json!({"Name": "victim-secret", "Data": data});
        let config = json!({"Name": "victim-config", "Data": data});
        let service = json!({
            "Name": "victim",
            "TaskTemplate": {"ContainerSpec": {"Image": IMAGE, "Command": ["sleep", "3600"], "Env": [format!("TOKEN={SECRET}")]}},
        });
        world.kept = Kept {
            node: text(&nodes[0], "ID"),
            secret: text(&world.done("POST /secrets/create", &secret), "ID"),
            config: text(&world.done("POST /configs/create", &config), "ID"),
            service: text(&world.done("POST /services/create", &service), "ID"),
            host: text(
                &world.direct(&raw::plain("GET /networks/host")).json(),
                "Id",
            ),
        };
        world.done("POST /volumes/create", &json!({"Name": "victim-data"}));
        world.done(
            "POST /networks/create",
            &json!({"Name": "victim-net", "Driver": "overlay", "Attachable": true}),
        );
        world
    }

    fn of(daemon: Builder) -> Self {
        let daemon = daemon.start();
        daemon.import_busybox();
        let bait = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        bait.set_nonblocking(true).unwrap();
        Self {
            daemon,
            gateways: Vec::new(),
            victim: String::new(),
            own: String::new(),
            kept: Kept::default(),
            next: AtomicU32::new(0),
            bait,
        }
    }

    /// Starts a gateway for each of the roles.
    pub(super) fn guarded(mut self, roles: &[Role]) -> Self {
        let start = |role: &Role| {
            let folder = self.daemon.folder();
            let name = format!("{role:?}").to_lowercase();
            let policy = role.policy(folder);
            Gateway::start(folder, &self.daemon.socket(), &name, &policy)
        };
        self.gateways = roles.iter().map(|role| (*role, start(role))).collect();
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
        // A swarm changes its services too, and an update that comes behind such a change is none.
        for _ in 0..9 {
            let (bites, reply) = self.once(case, socket);
            if !reply.has("update out of sequence") {
                return (bites, reply);
            }
        }
        self.once(case, socket)
    }

    fn once(&self, case: &Case, socket: &Path) -> (bool, Reply) {
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

    /// The port where nobody but the daemon, on somebody's behalf, would call. Whoever called before is forgotten.
    pub(super) fn bait(&self) -> u16 {
        self.bitten();
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

    /// Asks the daemon itself for what must be done, and gives what it says.
    #[track_caller]
    pub(super) fn done(&self, line: &str, body: &Value) -> Value {
        let reply = self.direct(&raw::json(line, body.to_string()));
        assert!(reply.status / 100 == 2, "{line}: {}", reply.text());
        reply.json()
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

impl Drop for World {
    /// What a swarm has running and mounted goes with the swarm, not with its daemon.
    fn drop(&mut self) {
        if !self.kept.node.is_empty() {
            self.direct(&raw::plain("POST /swarm/leave?force=1"));
        }
    }
}

/// A gateway with a policy, on a unix socket of its own; it ends on drop.
pub(super) struct Gateway {
    pub(super) socket: PathBuf,
    child: Child,
}

impl Gateway {
    pub(super) fn start(folder: &Path, daemon: &Path, name: &str, policy: &str) -> Self {
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
