//! Two teams on one real daemon: each has its own things, sees nothing of the other's, and what is written for them
//! (stamps, full IDs, filters, bounds) is what the daemon takes.

use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use sealock_testkit::dockerd::{Dockerd, IMAGE};
use sealock_testkit::lab::{Version, lab};
use sealock_testkit::process::{Outcome, becomes, run};

use super::authority::Authority;
use super::running::Gateway;
use crate::common::program;

/// Alice by what she made, bob by a label, eve looks on.
const POLICY: &str = r#"version = 1

[[grants]]
to = "cn:alice"
role = "deployer"
images = ["*"]
tags = ["alice/*"]
exec-users = ["65534"]
memory = "64MiB"
pids = 50

[[grants]]
to = "cn:bob"
role = "deployer"
scope = "label:team=red"
images = ["*"]

[[grants]]
to = "cn:eve"
role = "observer"
"#;

struct Scene {
    daemon: Dockerd,
    gateway: Gateway,
    folder: PathBuf,
    cli: PathBuf,
    /// What came out otherwise: the rest is looked at all the same.
    wrong: RefCell<Vec<String>>,
}

/// The words of a line; a blank within `{{…}}` ends none.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut depth = 0_i32;
    for letter in line.chars() {
        depth += i32::from(letter == '{') - i32::from(letter == '}');
        match words.last_mut() {
            _ if letter == ' ' && depth == 0 => words.push(String::new()),
            Some(word) => word.push(letter),
            None => {}
        }
    }
    words
}

impl Drop for Scene {
    fn drop(&mut self) {
        let wrong = self.wrong.borrow();
        if !std::thread::panicking() {
            assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
        }
    }
}

impl Scene {
    fn new(daemon: Version, cli: Version, policy: &str) -> Self {
        let daemon = Dockerd::builder(daemon).start();
        daemon.import_busybox();
        let folder = daemon.folder().join("gate");
        fs::create_dir(&folder).unwrap();
        let mut authority = Authority::new();
        for name in ["alice", "bob", "eve"] {
            let pair = authority.client(name);
            authority.write_client(&pair, &folder.join(name));
        }
        authority.server().write(
            &folder.join("server-cert.pem"),
            &folder.join("server-key.pem"),
        );
        fs::write(folder.join("ca.pem"), authority.anchor().to_pem()).unwrap();
        fs::write(folder.join("list.pem"), authority.list().to_pem()).unwrap();
        fs::write(folder.join("policy.toml"), policy).unwrap();
        let gateway = Gateway::start(&folder, &daemon.socket(), "");
        Self {
            cli: lab().docker_cli(cli),
            daemon,
            gateway,
            folder,
            wrong: RefCell::default(),
        }
    }

    /// The docker command line as this caller; words are separated by blanks.
    fn docker(&self, who: &str, line: &str) -> Outcome {
        let home = self.folder.join(format!("home-{who}"));
        fs::create_dir_all(&home).unwrap();
        run(Command::new("timeout")
            .args(["--kill-after=2", "30"])
            .arg(&self.cli)
            .args(words(line))
            .env_clear()
            .env("HOME", home)
            .env("PATH", "/usr/bin:/bin")
            .env(
                "DOCKER_HOST",
                format!("tcp://localhost:{}", self.gateway.port),
            )
            .env("DOCKER_TLS_VERIFY", "1")
            .env("DOCKER_CERT_PATH", self.folder.join(who)))
    }

    /// What the gateway says to a question at its control socket.
    #[track_caller]
    fn asks(&self, words: &[&str]) -> Outcome {
        let said = run(Command::new(program())
            .env_clear()
            .env("HOME", &self.folder)
            .args(words)
            .arg("--control")
            .arg(self.folder.join("control")));
        assert_eq!(said.code, 0, "{said}\n{}", self.gateway.said());
        said
    }

    fn hold(&self, good: bool, text: impl FnOnce() -> String) {
        if !good {
            self.wrong.borrow_mut().push(text());
        }
    }

    fn can(&self, who: &str, line: &str) -> String {
        let outcome = self.docker(who, line);
        self.hold(outcome.code == 0, || {
            format!("{who} cannot {line}\n{}", outcome.stderr)
        });
        outcome.stdout.trim().to_owned()
    }

    /// What the caller is told instead.
    fn cannot(&self, who: &str, line: &str, words: &str) {
        let outcome = self.docker(who, line);
        let good = outcome.code != 0 && outcome.stderr.contains(words);
        self.hold(good, || {
            format!(
                "{who} is not told {words} for {line}\n{}{}",
                outcome.stdout, outcome.stderr
            )
        });
    }

    /// What the daemon itself says.
    fn really(&self, line: &str) -> String {
        let words = words(line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let outcome = self.daemon.docker(&words);
        self.hold(outcome.code == 0, || {
            format!("the daemon cannot {line}\n{}", outcome.stderr)
        });
        outcome.stdout.trim().to_owned()
    }

    fn same(&self, found: &str, expected: &str) {
        self.hold(found == expected, || format!("{found}\nis not\n{expected}"));
    }
}

fn two_teams(daemon: Version, cli: Version) {
    let scene = Scene::new(daemon, cli, POLICY);
    scene.really(&format!("run -d --name nobodys {IMAGE} sleep 600"));

    // Everything new is stamped, bounded, and on the network that was meant.
    scene.can("alice", "network create front");
    scene.can(
        "alice",
        &format!(
            "run -d --name web --network front -v data:/data -e TOKEN=secret {IMAGE} sleep 600"
        ),
    );
    let told = scene.really("inspect --format {{json .Config.Labels}}{{.HostConfig.Memory}}/{{.HostConfig.PidsLimit}} web");
    scene.same(&told, r#"{"sealock.owner":"cn:alice"}67108864/50"#);
    let networks = scene.really(
        "inspect --format {{range $name,$_:=.NetworkSettings.Networks}}{{$name}};{{end}} web",
    );
    scene.same(&networks, "front;");
    let labels = "{{index .Labels \"sealock.owner\"}}";
    for kind in ["network", "volume"] {
        let name = if kind == "network" { "front" } else { "data" };
        let outcome = scene
            .daemon
            .docker(&[kind, "inspect", "--format", labels, name]);
        scene.same(outcome.stdout.trim(), "cn:alice");
    }
    scene.hold(
        scene
            .really("inspect --format {{json .Mounts}} web")
            .contains(r#""Name":"data""#),
        || "the daemon has it otherwise".to_owned(),
    );

    // Her own things obey her, by name and by the beginning of the ID.
    let id = scene.can("alice", "ps --no-trunc -q --filter name=web");
    assert_eq!(id.len(), 64, "{id}\n{:?}", scene.wrong.borrow());
    let short = &id[..6];
    scene.same(&scene.can("alice", "exec -u 65534 web echo hello"), "hello");
    scene.same(
        &scene.can("alice", &format!("exec -u 65534 {short} echo hello")),
        "hello",
    );
    scene.cannot("alice", "exec web id", "SL-A076");
    scene.cannot("alice", "exec --privileged -u 65534 web id", "SL-A076");
    scene.can(
        "alice",
        &format!("run --rm --name one --network container:web {IMAGE} true"),
    );
    scene.can(
        "alice",
        &format!("run --rm --volumes-from web {IMAGE} ls /data"),
    );
    scene.can("alice", "update --memory 32m web");
    scene.cannot(
        "alice",
        "update --memory 1g --memory-swap -1 web",
        "SL-A074",
    );

    // Of others' she sees nothing, and hears the daemon's own words.
    scene.same(&scene.can("alice", "ps -a --format {{.Names}}"), "web");
    scene.cannot("alice", "container inspect nobodys", "No such container");
    for line in [
        "stop nobodys",
        "rm nobodys",
        "logs nobodys",
        "exec -u 65534 nobodys id",
        "start nowhere",
    ] {
        scene.cannot("alice", line, "No such container");
    }
    scene.cannot(
        "alice",
        &format!("run --rm --pid container:nobodys {IMAGE} true"),
        "SL-A063",
    );
    scene.cannot(
        "bob",
        &format!("run --rm --network front {IMAGE} true"),
        "SL-A063",
    );
    scene.cannot(
        "bob",
        &format!("run --rm -v data:/d {IMAGE} ls /d"),
        "SL-A072",
    );

    // What reaches beyond a container is refused, and names its code.
    for (words, code) in [
        ("-v /etc:/host", "SL-A065"),
        ("--mount type=bind,source=/etc,target=/host", "SL-A065"),
        ("--privileged", "SL-A068"),
        ("--pid host", "SL-A069"),
        ("--network host", "SL-A069"),
        ("--device /dev/null", "SL-A070"),
        ("-p 22:22", "SL-A073"),
        ("-m 1g", "SL-A074"),
        ("--security-opt seccomp=unconfined", "SL-A075"),
    ] {
        scene.cannot("alice", &format!("run --rm {words} {IMAGE} true"), code);
    }
    scene.cannot(
        "alice",
        "volume create -d local -o type=none -o o=bind -o device=/etc v",
        "SL-A065",
    );

    // Bob's are bob's by their label, whatever he says.
    scene.can("bob", &format!("run -d --name theirs --label team=blue --label sealock.owner=cn:alice {IMAGE} sleep 600"));
    scene.same(
        &scene.really("inspect --format {{json .Config.Labels}} theirs"),
        r#"{"sealock.owner":"cn:bob","team":"red"}"#,
    );
    scene.same(&scene.can("bob", "ps --format {{.Names}}"), "theirs");

    // Eve sees everything, but no values and no logs.
    let told = scene.can("eve", "inspect --format {{json .Config.Env}} web");
    scene.hold(
        told.contains("TOKEN=<hidden>") || told.contains("TOKEN=\\u003chidden\\u003e"),
        || told.clone(),
    );
    scene.cannot("eve", "logs web", "SL-A062");
    scene.cannot("eve", "stop web", "SL-A062");

    // Events of the others do not come.
    let since = scene.really("info --format {{.SystemTime}}");
    scene.really("kill nobodys");
    scene.can("alice", "kill web");
    // The command line knows the end of the past to a second only.
    let line = format!("events --since {since} --until 0s --format {{{{.Actor.Attributes.name}}}}");
    let mut events = String::new();
    let came = becomes(Duration::from_secs(5), || {
        events = scene.docker("alice", &line).stdout;
        events.contains("web")
    });
    let only = events.lines().all(|line| line == "web");
    scene.hold(came && only, || format!("events: {events}"));

    // A prune takes one's own.
    scene.can("alice", "container prune -f");
    scene.hold(
        scene
            .really("ps -a --format {{.Names}}")
            .contains("nobodys"),
        || "the daemon has it otherwise".to_owned(),
    );
    scene.hold(
        !scene.really("ps -a --format {{.Names}}").contains("web"),
        || "the daemon has it otherwise".to_owned(),
    );
}

#[test]
fn two_teams_share_an_old_daemon() {
    two_teams(Version::V20, Version::V28);
}

#[test]
fn two_teams_share_a_new_daemon() {
    two_teams(Version::V28, Version::V20);
}

#[test]
fn what_is_learned_from_the_docker_command_line_is_enough_for_it() {
    let mut scene = Scene::new(
        Version::V28,
        Version::V28,
        "version = 1\nmode = \"learn\"\n",
    );
    let begins = |scene: &Scene| {
        scene.can("alice", "volume create store");
        scene.can(
            "alice",
            &format!("run -d --name job -v store:/s --cap-add NET_ADMIN {IMAGE} sleep 600"),
        );
    };
    let goes_on = |scene: &Scene| scene.can("alice", "exec job true");
    let ends = |scene: &Scene| {
        scene.can("alice", "rm -f job");
        scene.can("alice", "volume rm store");
    };
    // Three processes see a part each: one hands over to the next, and the last one is started later.
    begins(&scene);
    let before = scene.asks(&["policy", "learned"]);
    scene.asks(&["gateway", "upgrade"]);
    assert_eq!(scene.asks(&["policy", "learned"]).stdout, before.stdout);
    goes_on(&scene);
    scene.asks(&["gateway", "drain"]);
    let gone = becomes(Duration::from_secs(30), || {
        !scene.folder.join("control").exists()
    });
    assert!(gone, "it does not end: {}", scene.gateway.said());
    scene.gateway = Gateway::start(&scene.folder, &scene.daemon.socket(), "");
    ends(&scene);
    let learned = scene.asks(&["policy", "learned"]);
    fs::write(scene.folder.join("policy.toml"), &learned.stdout).unwrap();
    // The gateway sees the new file by itself.
    let enforced = becomes(Duration::from_secs(10), || {
        scene
            .docker("alice", "pull evil.example/x")
            .stderr
            .contains("SL-A0")
    });
    assert!(enforced, "{}\n{}", learned.stdout, scene.gateway.said());
    begins(&scene);
    goes_on(&scene);
    ends(&scene);
    for (line, code) in [
        (
            format!("run --rm --cap-add SYS_ADMIN {IMAGE} true"),
            "SL-A068",
        ),
        (format!("run --rm -v /etc:/e {IMAGE} true"), "SL-A065"),
        ("swarm init".to_owned(), "SL-A062"),
    ] {
        scene.cannot("alice", &line, code);
    }
    scene.cannot("bob", "ps", "SL-A060");
}
