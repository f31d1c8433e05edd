//! Whole Debian machines: systemd as first process, docker.service as the package ships it.
//!
//! A machine is the lab's root filesystem under an overlay of its own, booted by systemd-nspawn
//! in a network namespace of its own. It takes about two seconds to boot and one to power off,
//! and several run side by side. There is no machined to ask: everything enters by `nsenter`
//! through the machine's first process.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::control_group::ControlGroup;
use crate::dockerd::{Container, IMAGE, container_pid, import_arguments, run_arguments};
use crate::lab::{Suite, Version, lab};
use crate::network::{Host, Network};
use crate::process::{self, Outcome, becomes, call, run, wait_for};
use crate::scratch::Scratch;

/// What a machine is made of.
#[derive(Debug)]
pub struct Builder {
    suite: Suite,
    docker: Option<Version>,
    network: Option<Network>,
    binds: Vec<String>,
    name: String,
}

impl Builder {
    /// Another Docker than the release's own, as if its package were installed: binaries and
    /// stock units of that version lie over the release's.
    #[must_use]
    pub fn docker(mut self, version: Version) -> Self {
        self.docker = Some(version);
        self
    }

    /// The network it is attached to; by default one of its own.
    #[must_use]
    pub fn network(mut self, network: &Network) -> Self {
        self.network = Some(network.clone());
        self
    }

    /// Its host name; by default `box`.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Shows `program` of this machine inside as `/usr/local/bin/NAME`, NAME being its own.
    ///
    /// # Panics
    /// When the path has no file name.
    #[must_use]
    pub fn program(self, program: &Path) -> Self {
        let name = program.file_name().expect("a program's path").to_owned();
        self.bind_read_only(program, &Path::new("/usr/local/bin").join(name))
    }

    /// Shows `here` of this machine inside as `there`, read-only.
    #[must_use]
    pub fn bind_read_only(mut self, here: &Path, there: &Path) -> Self {
        self.binds
            .push(format!("--bind-ro={}:{}", here.display(), there.display()));
        self
    }

    /// Boots it and waits until systemd says that all units are started.
    ///
    /// # Panics
    /// When it does not come up within a minute, with what it printed.
    #[must_use]
    pub fn boot(self) -> Machine {
        let scratch = Scratch::new(&self.name);
        let path = |relative: &str| scratch.join(relative).display().to_string();
        // On plain ext4: overlay on overlay is refused.
        let own = [
            ("docker", "/var/lib/docker"),
            ("containerd", "/var/lib/containerd"),
            ("home", "/home"),
        ];
        let folders = ["upper", "work", "root"].into_iter();
        for folder in folders.chain(own.iter().map(|(folder, _)| *folder)) {
            fs::create_dir_all(scratch.join(folder)).expect("a machine's folder");
        }
        let mut lower = lab().rootfs(self.suite).display().to_string();
        if let Some(version) = self.docker {
            lower = format!("{}:{lower}", lab().prefix(version).display());
        }
        let layers = format!(
            "lowerdir={lower},upperdir={},workdir={}",
            path("upper"),
            path("work")
        );
        let root = path("root");
        let _ = call("mount", &["-t", "overlay", "overlay", "-o", &layers, &root]).ok();

        let network = self.network.unwrap_or_default();
        let host = network.attach();
        let log = fs::File::create(scratch.join("console")).expect("a machine's console");
        let name = scratch.path().file_name().unwrap_or_default();
        let group = ControlGroup::new(&format!("sealock-{}", name.to_string_lossy()));
        let mut command = Command::new("sh");
        command
            .args(["-c", &format!("{} && exec \"$@\"", group.enter()), "sh"])
            .args(["setsid", "systemd-nspawn"])
            .args(["--quiet", "--register=no", "--keep-unit", "--boot"])
            .args(["--capability=all", "--system-call-filter=@known"])
            .args(["--console=pipe", "--resolv-conf=off", "--timezone=off"])
            .arg(format!("--directory={root}"))
            .arg(format!("--machine={}", self.name))
            .arg(format!("--hostname={}", self.name))
            .arg(format!("--network-namespace-path={}", host.path()))
            .args(own.map(|(here, there)| format!("--bind={}:{there}", path(here))))
            .args(&self.binds)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("duplicate a descriptor"))
            .stderr(log);
        let nspawn = command.spawn().expect("systemd-nspawn starts");
        let mut machine = Machine {
            name: self.name,
            nspawn,
            leader: 0,
            group,
            host,
            network,
            scratch,
        };
        machine.wait_until_booted();
        // Device nodes of its own, with the modes a real machine has: rootless Docker needs them.
        let _ = machine
            .sh("set -e; mkdir -p /dev/net; rm -f /dev/net/tun /dev/fuse; \
                 mknod -m 666 /dev/net/tun c 10 200; mknod -m 666 /dev/fuse c 10 229")
            .ok();
        machine
    }
}

/// A Debian machine that runs; dropping it powers it off and removes everything it had.
#[derive(Debug)]
pub struct Machine {
    name: String,
    nspawn: std::process::Child,
    leader: u32,
    group: ControlGroup,
    // In this order: the namespace goes after the machine, the folder last.
    host: Host,
    network: Network,
    scratch: Scratch,
}

impl Machine {
    /// Begins a machine of `suite` with that release's own Docker.
    #[must_use]
    pub fn builder(suite: Suite) -> Builder {
        Builder {
            suite,
            docker: None,
            network: None,
            binds: Vec::new(),
            name: "box".to_owned(),
        }
    }

    /// Its host name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its IPv4 address on its network.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.host.address
    }

    /// The network it is attached to: where the outside world is.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The folder of everything it has, as this machine sees it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.scratch.path()
    }

    /// The process id of its systemd, as this machine sees it.
    #[must_use]
    pub fn leader(&self) -> u32 {
        self.leader
    }

    /// A path of the machine, as this machine reaches it (mounts inside included).
    #[must_use]
    pub fn path(&self, inside: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root", self.leader)).join(inside.trim_start_matches('/'))
    }

    /// Runs a program inside, as root, with a plain environment.
    #[must_use]
    pub fn exec(&self, words: &[&str]) -> Outcome {
        run(self.command(words[0]).args(&words[1..]))
    }

    /// Runs a line of shell inside, as root.
    #[must_use]
    pub fn sh(&self, line: &str) -> Outcome {
        self.exec(&["sh", "-c", line])
    }

    /// Runs a line of shell inside, as `user`, with that user's session bus and runtime folder.
    #[must_use]
    pub fn sh_as(&self, user: &str, line: &str) -> Outcome {
        let uid = self.exec(&["id", "-u", user]).ok();
        let runtime = format!("XDG_RUNTIME_DIR=/run/user/{}", uid.trim());
        let bus = format!(
            "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/{}/bus",
            uid.trim()
        );
        let home = format!("HOME=/home/{user}");
        let named = format!("USER={user}");
        let words = [
            "runuser", "-u", user, "--", "env", &home, &named, &runtime, &bus, "sh", "-c", line,
        ];
        let mut command = self.command(words[0]);
        run(command.args(&words[1..]))
    }

    /// A command that will run inside; more arguments and a standard input can be added.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("sh");
        command
            .args([
                "-c",
                &format!("{} && exec \"$@\"", self.group.enter_booted()),
            ])
            .args(["sh", "nsenter"])
            .arg(format!("--target={}", self.leader))
            .args(["--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"])
            .args(["--root", "--wd"])
            .args(["--", "env", "-i", "LANG=C.UTF-8", "HOME=/root", "TERM=dumb"])
            .arg("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .arg(program);
        command
    }

    /// Writes a file inside with the given mode (owner root), making its folders.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, inside: &str, mode: u32, bytes: impl AsRef<[u8]>) {
        let path = self.path(inside);
        let folder = path.parent().expect("a path inside a machine");
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, bytes))
            .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(mode)))
            .unwrap_or_else(|error| panic!("{inside} of {}: {error}", self.name));
    }

    /// Reads a file inside.
    ///
    /// # Panics
    /// When it cannot be read.
    #[must_use]
    pub fn read(&self, inside: &str) -> Vec<u8> {
        fs::read(self.path(inside))
            .unwrap_or_else(|error| panic!("{inside} of {}: {error}", self.name))
    }

    /// `systemctl WORDS`.
    #[must_use]
    pub fn systemctl(&self, words: &[&str]) -> Outcome {
        run(self.command("systemctl").args(words))
    }

    /// The machine's journal of `unit`, for messages.
    #[must_use]
    pub fn journal(&self, unit: &str) -> String {
        // What a unit that has ended said may still be on its way.
        let _best_effort = self.exec(&["journalctl", "--sync"]);
        let words = [
            "journalctl",
            "--no-pager",
            "-o",
            "cat",
            "-n",
            "400",
            "-u",
            unit,
        ];
        self.exec(&words).stdout
    }

    /// What the machine printed on its console.
    #[must_use]
    pub fn console(&self) -> String {
        fs::read(self.scratch.join("console"))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// `docker WORDS`, over the machine's own socket.
    #[must_use]
    pub fn docker(&self, words: &[&str]) -> Outcome {
        run(self.command("docker").args(words))
    }

    /// Starts a container that stopped with its daemon. Docker is asked again for half a minute: a daemon that has just come back
    /// may still be clearing away what is left of it, and says until then that it exists.
    ///
    /// # Panics
    /// When it does not start.
    #[track_caller]
    pub fn start_again(&self, id: &str) {
        let mut outcome = self.docker(&["start", id]);
        becomes(Duration::from_secs(30), || {
            outcome.code == 0 || {
                outcome = self.docker(&["start", id]);
                outcome.code == 0
            }
        });
        let _ = outcome.ok();
    }

    /// Imports the lab's image as [`IMAGE`].
    ///
    /// # Panics
    /// When the machine's Docker refuses it.
    pub fn import_busybox(&self) {
        let inside = "/run/busybox.tar";
        self.write(inside, 0o644, fs::read(lab().image()).expect("the image"));
        let _ = self.docker(&import_arguments(inside)).ok();
        fs::remove_file(self.path(inside)).expect("remove the image's archive");
    }

    /// Runs a container that does nothing for an hour; imports the image when it is missing.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn run_container(&self, name: &str) -> Container {
        if self.docker(&["image", "inspect", IMAGE]).code != 0 {
            self.import_busybox();
        }
        let id = self.docker(&run_arguments(name)).ok().trim().to_owned();
        let pid = self.container_pid(&id).expect("a container that runs");
        Container { id, pid }
    }

    /// The process id (inside) of a container's first process, while it runs.
    #[must_use]
    pub fn container_pid(&self, id: &str) -> Option<u32> {
        container_pid(&self.docker(&["inspect", "-f", "{{.State.Pid}}", id]))
    }

    fn wait_until_booted(&mut self) {
        let limit = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(leader) = process::children(self.nspawn.id())
                .into_iter()
                .find(|pid| name_of(*pid) == "systemd")
            {
                self.leader = leader;
                let state = self.exec(&["systemctl", "is-system-running"]).stdout;
                if matches!(state.trim(), "running" | "degraded") {
                    return;
                }
            }
            let ended = self.nspawn.try_wait().ok().flatten();
            assert!(
                ended.is_none() && Instant::now() < limit,
                "machine {} does not boot:\n{}",
                self.name,
                self.console()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // An orderly power-off gives every container ten seconds to end by itself. Nothing here is
        // worth keeping, and with its first process the kernel ends the whole pid namespace.
        process::signal(self.leader, rustix::process::Signal::KILL);
        let orderly = becomes(Duration::from_secs(10), || {
            self.nspawn.try_wait().is_ok_and(|ended| ended.is_some())
        });
        if !orderly {
            for pid in process::naming(self.scratch.path()) {
                process::signal(pid, rustix::process::Signal::KILL);
            }
            let _ = self.nspawn.wait();
        }
        process::remove_control_groups(&self.scratch.join("docker/containers"));
        if !std::thread::panicking() {
            wait_for(
                "a machine's processes to end",
                Duration::from_secs(10),
                || process::naming(self.scratch.path()).is_empty(),
            );
        }
    }
}

fn name_of(pid: u32) -> String {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    name.trim().to_owned()
}
