//! Networks of our own: a switch in one namespace, hosts in others.
//!
//! This machine's own network is never used for what is under test: dockerd writes firewall rules
//! wherever it runs.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::process::{Outcome, call, run};
use crate::scratch::unique;

/// A network namespace with a bridge (10.77.0.254) to which machines are attached.
///
/// Programs run [`Network::run`] there are the outside world: they reach the machines by their
/// addresses and see none of their unix sockets.
#[derive(Clone, Debug)]
pub struct Network {
    switch: Arc<Switch>,
}

#[derive(Debug)]
struct Switch {
    namespace: String,
    next: AtomicU8,
}

/// A namespace attached to a [`Network`]; removed on drop.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) namespace: String,
    pub(crate) address: String,
    _network: Network,
}

impl Network {
    /// The name of the switch's bridge.
    pub const BRIDGE: &str = "br0";

    /// Makes a network with no hosts.
    ///
    /// # Panics
    /// When namespaces cannot be made (not root).
    #[must_use]
    pub fn new() -> Self {
        let namespace = format!("sealock-{}", unique("switch"));
        let _ = call("ip", &["netns", "add", &namespace]).ok();
        let switch = Arc::new(Switch {
            namespace,
            next: AtomicU8::new(1),
        });
        let this = Self { switch };
        let _ = this
            .sh("ip link set lo up; ip link add br0 type bridge; \
                 ip addr add 10.77.0.254/24 dev br0; ip link set br0 up")
            .ok();
        this
    }

    /// The switch's own address, as machines see it.
    #[must_use]
    pub fn address(&self) -> &'static str {
        "10.77.0.254"
    }

    /// Runs `command` in the switch's namespace: outside of every machine.
    #[must_use]
    pub fn run(&self, command: &Command) -> Outcome {
        run(&mut in_namespace(&self.switch.namespace, command))
    }

    /// Runs a line of shell in the switch's namespace.
    #[must_use]
    pub fn sh(&self, line: &str) -> Outcome {
        self.run(Command::new("sh").args(["-ec", line]))
    }

    /// `command` as it is, but in the switch's namespace: for what is to be started, not waited for.
    #[must_use]
    pub fn inside(&self, command: &Command) -> Command {
        in_namespace(&self.switch.namespace, command)
    }

    /// The path of the switch's namespace, for `nsenter --net=`.
    #[must_use]
    pub fn namespace_path(&self) -> String {
        format!("/run/netns/{}", self.switch.namespace)
    }

    /// Attaches one more host.
    pub(crate) fn attach(&self) -> Host {
        let number = self.switch.next.fetch_add(1, Ordering::Relaxed);
        let namespace = format!("sealock-{}", unique("host"));
        let address = format!("10.77.0.{number}");
        let _ = call("ip", &["netns", "add", &namespace]).ok();
        let host = Host {
            namespace,
            address,
            _network: self.clone(),
        };
        // The pair is made inside, so that no interface ever shows in this machine's namespace.
        let _ = host
            .sh(&format!(
                "ip link set lo up; ip link add eth0 type veth peer name port{number} netns {switch}; \
                 ip addr add {address}/24 dev eth0; ip link set eth0 up; \
                 ip route add default via 10.77.0.254",
                switch = self.switch.namespace,
                address = host.address,
            ))
            .ok();
        let _ = self
            .sh(&format!(
                "ip link set port{number} master br0; ip link set port{number} up"
            ))
            .ok();
        host
    }
}

impl Default for Network {
    fn default() -> Self {
        Self::new()
    }
}

impl Host {
    pub(crate) fn path(&self) -> String {
        format!("/run/netns/{}", self.namespace)
    }

    fn sh(&self, line: &str) -> Outcome {
        run(&mut in_namespace(
            &self.namespace,
            Command::new("sh").args(["-ec", line]),
        ))
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = call("ip", &["netns", "delete", &self.namespace]);
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        let _ = call("ip", &["netns", "delete", &self.namespace]);
    }
}

/// `command` as it is, but in a network namespace. `ip netns exec` would also hide the cgroups.
fn in_namespace(namespace: &str, command: &Command) -> Command {
    let mut inside = Command::new("nsenter");
    inside
        .arg(format!("--net=/run/netns/{namespace}"))
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => inside.env(name, value),
            None => inside.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        inside.current_dir(folder);
    }
    inside
}
