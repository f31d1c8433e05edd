//! The daemon's files as they shall be.

use crate::command::{CommandLine, Endpoint};
use crate::json::{DaemonJson, TLS_KEYS};
use crate::observe::{Observed, Supervisor, Way};
use crate::{Desired, HostError, dropin};
use serde_json::Value;

/// The files as they shall be.
pub(super) struct Target {
    pub(super) config: DaemonJson,
    pub(super) drop_in: Option<String>,
    /// What the daemon will run as, for `--validate`.
    pub(super) command: Option<CommandLine>,
    pub(super) inlined: Vec<String>,
}

impl Target {
    pub(super) fn of(observed: &Observed, desired: &Desired) -> Result<Self, HostError> {
        let base = observed.command.clone();
        match observed.way() {
            Way::Flags => {
                let (command, inlined) = dropin::cloaked(observed, desired);
                let mut config = observed.config.clone();
                for key in TLS_KEYS {
                    config = config.without(key)?;
                }
                let drop_in = Some(dropin::text(observed, &command));
                Ok(Self {
                    config,
                    drop_in,
                    command: Some(command),
                    inlined,
                })
            }
            Way::Json => {
                let config = cloaked_json(observed, &hosts(observed, desired))?;
                let (drop_in, command, inlined) = match (observed.supervisor, &base) {
                    (Supervisor::Rootless, _) => {
                        (dropin::rootless(observed, desired), None, Vec::new())
                    }
                    (Supervisor::Systemd, Some(base)) if !base.tls_flags().is_empty() => {
                        let (command, inlined) = dropin::quiet(observed, false);
                        (
                            Some(dropin::text(observed, &command)),
                            Some(command),
                            inlined,
                        )
                    }
                    (Supervisor::Snap, _) => (None, None, Vec::new()),
                    _ => (None, base, Vec::new()),
                };
                Ok(Self {
                    config,
                    drop_in,
                    command,
                    inlined,
                })
            }
        }
    }

    pub(super) fn changes(&self, observed: &Observed) -> bool {
        self.config_changes(observed) || self.drop_in.as_deref() != observed.drop_in()
    }

    pub(super) fn config_changes(&self, observed: &Observed) -> bool {
        self.config.text() != observed.config.text()
    }
}

/// `hosts` of `daemon.json`: what is there without TCP, a unix socket in any case, and ours.
fn hosts(observed: &Observed, desired: &Desired) -> Vec<String> {
    quiet_hosts(observed)
        .into_iter()
        .chain(dropin::hosts(observed, desired))
        .collect()
}

pub(super) fn quiet_hosts(observed: &Observed) -> Vec<String> {
    let mut kept: Vec<String> = observed.config.hosts().unwrap_or_default();
    kept.retain(|host| !matches!(Endpoint::parse(host), Endpoint::Tcp(_)));
    let local =
        |host: &String| matches!(Endpoint::parse(host), Endpoint::Unix(_) | Endpoint::Passed);
    if !kept.iter().any(local) {
        kept.insert(0, format!("unix://{}", observed.socket.display()));
    }
    kept
}

fn cloaked_json(observed: &Observed, hosts: &[String]) -> Result<DaemonJson, HostError> {
    let live = observed.directory.join("live");
    let file = |name: &str| Value::from(live.join(name).display().to_string());
    observed
        .config
        .with("hosts", &Value::from(hosts.to_vec()))?
        .with("tls", &Value::Bool(true))?
        .with("tlsverify", &Value::Bool(true))?
        .with("tlscacert", &file("ca.pem"))?
        .with("tlscert", &file("server-cert.pem"))?
        .with("tlskey", &file("server-key.pem"))
}
