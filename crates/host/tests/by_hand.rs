//! A real dockerd, started by hand: cloaked and uncloaked with a container running throughout.
//!
//! Needs root, dockerd, the docker CLI, curl and a static busybox; without one of them there is nothing
//! to test here. `SEALOCK_TEST_DOCKERD_PREFIX` names the root of an unpacked newer dockerd.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use sealock_change::{Action, BoxDiagnose, Plan, Silent, State, Step, Store};
use sealock_host::{
    Answering, Before, Desired, HostError, HostPlan, Live, Local, Material, Observed, Options,
    Service, System, observe, plan_down, plan_up,
};
use sealock_pki::{
    AnchorRequest, Issuer, KeyKind, LeafRequest, PrivateKey, Purpose, San, Timestamp,
    create_anchor, issue_leaf,
};
use sealock_vault::SystemEntropy;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

const TOOLS: [&str; 3] = ["/usr/bin/curl", "/bin/busybox", "/bin/tar"];

/// What stands before `/usr/sbin/dockerd`.
fn prefix() -> String {
    std::env::var("SEALOCK_TEST_DOCKERD_PREFIX").unwrap_or_default()
}

struct Lab {
    directory: PathBuf,
    port: u16,
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.docker(&["rm", "-f", "web"]);
        let _ = Command::new("/bin/sh")
            .arg(self.directory.join("stop.sh"))
            .status();
        // dockerd binds its data root onto itself and leaves the mount behind.
        let _ = Command::new("umount")
            .arg(self.directory.join("data"))
            .output();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

impl Lab {
    fn start(config: &str) -> Self {
        let directory = PathBuf::from(format!("/tmp/sealock-hand-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory).unwrap();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let lab = Self { directory, port };
        let at = lab.directory.display().to_string();
        let put = |name: &str, text: &str| std::fs::write(lab.directory.join(name), text).unwrap();
        put("daemon.json", &config.replace("DIR", &at));
        put(
            "stop.sh",
            &format!(
                "p=$(cat {at}/pid 2>/dev/null) || exit 0; kill $p; n=0; while kill -0 $p 2>/dev/null && [ $n -lt 200 ]; do sleep 0.1; n=$((n+1)); done; exit 0\n"
            ),
        );
        put(
            "restart.sh",
            &format!(
                "sh {at}/stop.sh\nPATH={prefix}/usr/sbin:{prefix}/usr/bin:/usr/sbin:/usr/bin:/sbin:/bin\nsetsid {prefix}/usr/sbin/dockerd --config-file {at}/daemon.json --data-root {at}/data --exec-root {at}/exec -p {at}/pid \
                 --bridge none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false --exec-opt native.cgroupdriver=cgroupfs \
                 >>{at}/log 2>&1 </dev/null &\n",
                prefix = prefix()
            ),
        );
        assert!(
            Command::new("/bin/sh")
                .arg(lab.directory.join("restart.sh"))
                .status()
                .unwrap()
                .success()
        );
        for _ in 0..200 {
            if lab.docker(&["version"]).status.success() {
                return lab;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!(
            "{}",
            std::fs::read_to_string(lab.directory.join("log")).unwrap()
        );
    }

    fn docker(&self, arguments: &[&str]) -> Output {
        Command::new("docker")
            .arg("-H")
            .arg(format!("unix://{}/s.sock", self.directory.display()))
            .args(arguments)
            .env_remove("DOCKER_HOST")
            .env_remove("DOCKER_TLS_VERIFY")
            .output()
            .unwrap()
    }

    /// A container that sleeps, and its process.
    fn container(&self) -> String {
        let rootfs = self.directory.join("rootfs/bin");
        std::fs::create_dir_all(&rootfs).unwrap();
        std::fs::copy("/bin/busybox", rootfs.join("busybox")).unwrap();
        let tar = self.directory.join("rootfs.tar");
        assert!(
            Command::new("/bin/tar")
                .arg("-C")
                .arg(self.directory.join("rootfs"))
                .arg("-cf")
                .arg(&tar)
                .arg(".")
                .status()
                .unwrap()
                .success()
        );
        assert!(
            self.docker(&["import", tar.to_str().unwrap(), "bb:1"])
                .status
                .success()
        );
        let run = self.docker(&[
            "run",
            "-d",
            "--name",
            "web",
            "--network",
            "none",
            "bb:1",
            "/bin/busybox",
            "sleep",
            "1000",
        ]);
        assert!(
            run.status.success(),
            "{}",
            String::from_utf8_lossy(&run.stderr)
        );
        self.container_pid()
    }

    fn container_pid(&self) -> String {
        String::from_utf8(
            self.docker(&["inspect", "-f", "{{.State.Running}} {{.State.Pid}}", "web"])
                .stdout,
        )
        .unwrap()
    }

    fn observe(&self) -> Observed {
        let system: Arc<dyn System> = Arc::new(Local::new());
        let options = Options {
            docker_socket: Some(self.directory.join("s.sock")),
            restart_command: Some(format!("sh {}/restart.sh", self.directory.display())),
            docker_config: None,
        };
        observe(&system, &options).unwrap()
    }

    /// Whether `/_ping` answers over TLS.
    fn ping(&self, client: &[&str]) -> bool {
        let at = |name: &str| self.directory.join(name).display().to_string();
        let mut curl = Command::new("/usr/bin/curl");
        curl.args([
            "-sf",
            "--max-time",
            "5",
            "--cacert",
            &at("server-anchor.pem"),
        ])
        .args(client);
        let out = curl
            .arg(format!("https://127.0.0.1:{}/_ping", self.port))
            .output()
            .unwrap();
        out.stdout == b"OK"
    }
}

/// The first step of a run, as the binary has it: its undo puts the daemon back.
struct Baseline(Service, Before);

impl Action for Baseline {
    fn describe(&self) -> String {
        "remember the daemon".into()
    }

    fn apply(&mut self) -> Result<(), BoxDiagnose> {
        Ok(())
    }

    fn undo(&mut self) -> Result<(), BoxDiagnose> {
        self.0
            .restore_running(&self.1)
            .map_err(|error| Box::new(error) as BoxDiagnose)
    }
}

/// A proof that fails.
struct Refuted;

impl Action for Refuted {
    fn describe(&self) -> String {
        "prove it".into()
    }

    fn apply(&mut self) -> Result<(), BoxDiagnose> {
        Err(Box::new(HostError::NoListen))
    }

    fn undo(&mut self) -> Result<(), BoxDiagnose> {
        Ok(())
    }
}

fn anchor(purpose: Purpose, now: Timestamp) -> Issuer {
    let request = AnchorRequest {
        authority: "test".parse().unwrap(),
        purpose,
        generation: 1,
        life: Duration::from_secs(86_400),
    };
    create_anchor(
        &request,
        PrivateKey::generate(KeyKind::EcdsaP256).unwrap(),
        now,
        &mut SystemEntropy,
    )
    .unwrap()
}

fn leaf(
    issuer: &Issuer,
    purpose: Purpose,
    now: Timestamp,
) -> (sealock_pki::Certificate, PrivateKey) {
    let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    let sans = if purpose == Purpose::Server {
        vec!["127.0.0.1".parse::<San>().unwrap()]
    } else {
        Vec::new()
    };
    let request = LeafRequest {
        purpose,
        common_name: "test".try_into().unwrap(),
        sans,
        life: Duration::from_secs(3600),
        backdate: Duration::from_secs(300),
        not_before: None,
    };
    (
        issue_leaf(issuer, &request, key.public_key(), now, &mut SystemEntropy).unwrap(),
        key,
    )
}

fn run(store: &Store, host: HostPlan, last: bool) {
    let guard = store.lock().unwrap();
    let mut plan = Plan::new("test");
    plan.steps = host.steps;
    plan.steps.extend(host.cleanup.into_iter().map(Step::File));
    if last {
        plan.forgets_originals();
    }
    if let Err(failure) = store.run(&guard, plan, 0, &mut Silent) {
        panic!("{failure:?}");
    }
}

fn stamp(path: &Path) -> (Vec<u8>, u32, i64, i64) {
    let metadata = std::fs::metadata(path).unwrap();
    (
        std::fs::read(path).unwrap(),
        metadata.mode(),
        metadata.mtime(),
        metadata.mtime_nsec(),
    )
}

#[test]
fn a_container_lives_through_cloaking_and_uncloaking() {
    let tools = TOOLS.iter().all(|tool| Path::new(tool).exists())
        && Path::new(&format!("{}/usr/sbin/dockerd", prefix())).exists()
        && Command::new("docker").arg("--version").output().is_ok();
    if !rustix::process::geteuid().is_root() || !tools {
        return;
    }
    let lab = Lab::start(
        "{\n\t\"deprecated-key-path\": \"DIR/key.json\",\n\t\"hosts\": [\"unix://DIR/s.sock\"]\n}",
    );
    let config = lab.directory.join("daemon.json");
    std::fs::set_permissions(&config, std::fs::Permissions::from_mode(0o640)).unwrap();
    let before = stamp(&config);
    let container = lab.container();
    assert!(container.starts_with("true "));

    let now = Timestamp::from_unix(
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_secs() as i64,
    );
    let (server_anchor, client_anchor) =
        (anchor(Purpose::Server, now), anchor(Purpose::Client, now));
    let (server, server_key) = leaf(&server_anchor, Purpose::Server, now);
    let (client, client_key) = leaf(&client_anchor, Purpose::Client, now);
    std::fs::write(
        lab.directory.join("server-anchor.pem"),
        server_anchor.certificate().to_pem(),
    )
    .unwrap();
    std::fs::write(lab.directory.join("client.pem"), client.to_pem()).unwrap();
    std::fs::write(
        lab.directory.join("client.key"),
        client_key.to_pem().unwrap().expose(),
    )
    .unwrap();
    let (cert, key) = (
        lab.directory.join("client.pem").display().to_string(),
        lab.directory.join("client.key").display().to_string(),
    );
    let dressed = ["--cert", &cert, "--key", &key];

    let ca = client_anchor.certificate().to_pem().into_bytes();
    let material = Material::new(ca, &[server], server_key.to_pem().unwrap()).unwrap();
    let listen = format!("127.0.0.1:{}", lab.port).parse().unwrap();
    let desired = Desired::new("test", vec![listen], vec!["127.0.0.1".into()]);
    let store = Store::open(lab.directory.join("changes")).unwrap();

    // A proof that fails: everything is as before, in the daemon's memory too.
    let seen = lab.observe();
    let mut plan = Plan::new("refuted");
    plan.push_action(Baseline(seen.service.clone(), seen.before()));
    plan.steps.extend(
        plan_up(&seen, &desired, &material, &Live::default())
            .unwrap()
            .steps,
    );
    plan.push_action(Refuted);
    let failure = store
        .run(&store.lock().unwrap(), plan, 0, &mut Silent)
        .unwrap_err();
    assert!(matches!(failure.state, State::RolledBack), "{failure:?}");
    assert_eq!(stamp(&config), before);
    assert_eq!(lab.container_pid(), container);
    assert!(!lab.observe().engine.facts().unwrap().live_restore);
    assert!(!lab.directory.join("sealock").exists());

    let up = plan_up(&lab.observe(), &desired, &material, &Live::default()).unwrap();
    assert!(up.restart && up.consents.is_empty());
    run(&store, up, false);
    assert!(lab.ping(&dressed));
    assert!(!lab.ping(&[]));
    assert_eq!(lab.container_pid(), container);

    let serving = Live(vec![(listen, Answering::Serving)]);
    let again = plan_up(&lab.observe(), &desired, &material, &serving).unwrap();
    assert!(again.steps.is_empty(), "{:?}", again.steps);
    assert_eq!(sealock_host::drift(&lab.observe(), &desired), []);

    let seen = lab.observe();
    let down = plan_down(
        &seen,
        &store.originals().unwrap(),
        store.restore_edits().unwrap(),
    )
    .unwrap();
    run(&store, down, true);
    assert_eq!(stamp(&config), before);
    assert!(!lab.directory.join("sealock").exists());
    assert!(!lab.ping(&dressed));
    assert_eq!(lab.container_pid(), container);
    assert!(!lab.observe().engine.facts().unwrap().live_restore);
}
