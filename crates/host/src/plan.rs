//! From observed and desired to steps: the way up.

mod material;
mod target;

use crate::action::{Check, DaemonReload, LiveRestore, Restart, Validate};
use crate::engine::Swarm;
use crate::json::{DaemonJson, TLS_KEYS};
use crate::observe::{Observed, Supervisor, Way, daemon_environment};
use crate::{Desired, HostError, Listen, dropin, port};
pub use material::{Material, plan_gateway_material, plan_material};
use material::{certificates, superseded};
use sealock_change::{Action, Content, Edit, Step};
use sealock_diag::escape;
use sealock_pki::Certificate;
use serde_json::Value;
use std::fmt;
use std::path::{Path, PathBuf};
use target::{Target, quiet_hosts};

/// What answers on a listen address now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answering {
    /// The desired certificate.
    Serving,
    /// Something else: another certificate, or plain HTTP.
    Stale,
    /// Nothing.
    Silent,
}

/// What was seen on every listen address; one that is missing is [`Answering::Silent`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Live(pub Vec<(Listen, Answering)>);

impl Live {
    fn serves(&self, listen: &Listen) -> bool {
        self.0
            .iter()
            .any(|(seen, answering)| seen == listen && *answering == Answering::Serving)
    }
}

/// Something that the user has to agree to first. `Display` explains it in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Consent {
    /// live-restore does not exist in a swarm.
    SwarmRestart {
        /// What runs here now.
        containers: Vec<String>,
    },
    /// The manager will be locked after its restart.
    Autolock,
    /// These containers stop.
    ContainersStop {
        /// Their names.
        names: Vec<String>,
    },
    /// Client certificates that get in now will not.
    ReplaceTls {
        /// The present `tlscacert`; `None` is the system's trust store.
        anchors: Option<String>,
    },
    /// The host goes from one scope to another: clients of the first get in now, and will not.
    OtherScope {
        /// The scope that it leaves, in words.
        from: String,
        /// The scope that it comes to, in words.
        to: String,
    },
}

impl fmt::Display for Consent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SwarmRestart { containers } if containers.is_empty() => {
                f.write_str("this host is in a swarm, so its tasks move or stop for the time of the restart")
            }
            Self::SwarmRestart { containers } => write!(
                f,
                "this host is in a swarm, where containers cannot outlive a restart: {} will stop and be started again",
                containers.join(", ")
            ),
            Self::Autolock => f.write_str(
                "this swarm manager locks itself at the restart: have the key of `docker swarm unlock-key` ready for `docker swarm unlock`",
            ),
            Self::ContainersStop { names } => {
                write!(f, "the restart stops {}; those with a restart policy come back", names.join(", "))
            }
            Self::ReplaceTls { anchors: Some(path) } => {
                write!(f, "TLS is on already; clients with certificates of {path} will not get in any more")
            }
            Self::OtherScope { from, to } => write!(
                f,
                "this host goes from {from} to {to}; clients with certificates of {from} will not get in any more"
            ),
            Self::ReplaceTls { anchors: None } => f.write_str(
                "TLS is on already and trusts the whole system store; clients that get in by it will not any more",
            ),
        }
    }
}

/// The steps of one way, with what has to be said beside them.
#[derive(Debug, Default)]
pub struct HostPlan {
    /// In order; edits that would change nothing are left out.
    pub steps: Vec<Step>,
    /// Whether the daemon is restarted or started.
    pub restart: bool,
    /// What the user has to agree to first.
    pub consents: Vec<Consent>,
    /// Said aloud.
    pub notes: Vec<String>,
    /// What a person has to do, because nobody told us how.
    pub remaining_step: Option<String>,
    /// To be added behind the proof: what is no longer needed goes.
    pub cleanup: Vec<Edit>,
}

impl HostPlan {
    pub(crate) fn edit(&mut self, edit: Edit) {
        self.steps.push(Step::File(edit));
    }

    pub(crate) fn act(&mut self, action: impl Action + 'static) {
        self.steps.push(Step::Action(Box::new(action)));
    }

    pub(crate) fn write(&mut self, path: PathBuf, text: &str, mode: u32) {
        self.edit(Edit::Write {
            path,
            content: Content::Public(text.as_bytes().to_vec()),
            mode,
            owner: None,
        });
    }
}

/// Plans what makes the daemon listen on every desired address and demand client certificates.
///
/// `live` is what the caller saw there. A host that is as desired gives a plan without steps.
pub fn plan_up(
    observed: &Observed,
    desired: &Desired,
    material: &Material,
    live: &Live,
) -> Result<HostPlan, HostError> {
    check(observed, desired)?;
    let mut plan = HostPlan::default();
    certificates(observed, material, &mut plan)?;
    let target = Target::of(observed, desired)?;
    let changed = !plan.steps.is_empty() || target.changes(observed);
    let serving = desired
        .daemon
        .listen
        .iter()
        .all(|listen| live.serves(listen));
    let stale = crate::drift::outdated(observed);
    let restart = changed || !serving || stale;
    let lent = restart && prepare(observed, desired, material, &mut plan);
    configure(observed, &target, lent, &mut plan)?;
    if restart {
        finish(observed, &target, &mut plan);
    } else if observed.service.needs_daemon_reload() {
        plan.act(DaemonReload(observed.service.clone()));
    }
    notes(observed, desired, &target, restart, &mut plan);
    plan.cleanup = superseded(observed, material)?;
    Ok(plan)
}

/// What stands in the way of any plan.
fn check(observed: &Observed, desired: &Desired) -> Result<(), HostError> {
    if desired.daemon.listen.is_empty() {
        return Err(HostError::NoListen);
    }
    let command = observed.command.as_ref();
    if let (Supervisor::Hand, Some(command)) = (observed.supervisor, command) {
        let flags: Vec<String> = command
            .flags()
            .into_iter()
            .filter(|flag| flag.name == "host" || format!("--{}", flag.name).starts_with("--tls"))
            .map(|flag| match (flag.name.as_str(), flag.value) {
                ("host", Some(value)) => format!("-H {}", escape(&value)),
                _ => escape(&flag.written),
            })
            .collect();
        if !flags.is_empty() {
            let pid = observed.service.running().map_or(0, |running| running.pid);
            return Err(HostError::HandFlags {
                pid,
                flags,
                config: observed.config.path().to_path_buf(),
            });
        }
    }
    conflicts(observed)?;
    for listen in &desired.daemon.listen {
        port::check(observed.system(), listen)
            .map_err(|error| by_socket_unit(observed, listen, error))?;
    }
    Ok(())
}

/// A port that systemd itself holds is held for a socket unit, most likely docker's own.
fn by_socket_unit(observed: &Observed, listen: &Listen, error: HostError) -> HostError {
    let socket = observed.unit.as_ref().and_then(|unit| unit.socket.as_ref());
    let stream = socket.and_then(|socket| {
        let port = format!(":{}", listen.address().port());
        let mine = |stream: &&String| {
            stream.ends_with(&port) || **stream == listen.address().port().to_string()
        };
        socket
            .listen
            .iter()
            .find(mine)
            .map(|stream| format!("{} (ListenStream={})", socket.name, escape(stream)))
    });
    match (error, stream) {
        (HostError::PortTaken { address, .. }, Some(holder)) => {
            HostError::PortTaken { address, holder }
        }
        (error, _) => error,
    }
}

/// A flag and a key of one name: dockerd would not survive its next start, with or without us.
fn conflicts(observed: &Observed) -> Result<(), HostError> {
    let Some(command) = &observed.command else {
        return Ok(());
    };
    let origin = observed
        .unit
        .as_ref()
        .map_or_else(|| observed.service.name(), |unit| unit.name.clone());
    for flag in command.flags() {
        let key = key_of(&flag.name);
        // Where our drop-in drops the TLS flags, or we drop the keys, the conflict ends with us.
        let solved = TLS_KEYS.contains(&key) && observed.unit.is_some();
        if observed.config.has(key) && !solved && key != "runtimes" {
            return Err(HostError::Conflict {
                path: observed.config.path().to_path_buf(),
                key: escape(key),
                flag: escape(&flag.written),
                origin,
            });
        }
    }
    Ok(())
}

/// The key of `daemon.json` that means the same as a flag.
fn key_of(flag: &str) -> &str {
    match flag {
        "host" => "hosts",
        "label" => "labels",
        "dns-opt" => "dns-opts",
        "storage-opt" => "storage-opts",
        "exec-opt" => "exec-opts",
        "log-opt" => "log-opts",
        "default-ulimit" => "default-ulimits",
        "insecure-registry" => "insecure-registries",
        "registry-mirror" => "registry-mirrors",
        "authorization-plugin" => "authorization-plugins",
        same => same,
    }
}

/// live-restore before a restart, or the consent to do without. Whether it was lent.
fn prepare(
    observed: &Observed,
    desired: &Desired,
    material: &Material,
    plan: &mut HostPlan,
) -> bool {
    let Some(facts) = observed.engine.facts() else {
        return false;
    };
    let names: Vec<String> = facts
        .containers
        .iter()
        .map(|container| container.name.clone())
        .collect();
    match facts.swarm {
        Swarm::Inactive => {}
        Swarm::Worker => plan.consents.push(Consent::SwarmRestart {
            containers: names.clone(),
        }),
        Swarm::Manager { autolock } => {
            plan.consents.push(Consent::SwarmRestart {
                containers: names.clone(),
            });
            plan.consents.extend(autolock.then_some(Consent::Autolock));
        }
        Swarm::Locked => plan.consents.push(Consent::Autolock),
    }
    if let Some(anchors) = observed.foreign_tls()
        && !still_trusted(observed, anchors.as_deref(), material)
    {
        plan.consents.push(Consent::ReplaceTls {
            anchors: anchors.map(|path| escape(&path)),
        });
    }
    if names.is_empty() || facts.swarm != Swarm::Inactive {
        return false;
    }
    if let Some(why) = crate::outlive::obstacle(observed) {
        plan.notes.push(why);
        plan.consents.push(Consent::ContainersStop { names });
        return false;
    }
    if observed.keeps_live_restore() {
        return false;
    }
    let by_flag = observed
        .command
        .as_ref()
        .is_some_and(|command| command.has("live-restore"));
    let lent = !by_flag && desired.daemon.live_restore && lend(observed, plan);
    if !lent {
        plan.consents.push(Consent::ContainersStop { names });
    }
    lent
}

/// Whether whoever gets in by the present `tlscacert` still does by ours: it was imported.
fn still_trusted(observed: &Observed, anchors: Option<&str>, material: &Material) -> bool {
    let certificates = |pem: &[u8]| Certificate::chain_from_pem(pem).unwrap_or_default();
    let present = anchors
        .and_then(|path| sealock_change::fs::read(&observed.at(Path::new(path))).ok())
        .map(|pem| certificates(&pem))
        .unwrap_or_default();
    let ours = certificates(&material.ca_pem);
    !present.is_empty() && present.iter().all(|anchor| ours.contains(anchor))
}

/// The step that switches live-restore on in the running daemon.
fn lend(observed: &Observed, plan: &mut HostPlan) -> bool {
    let Ok(lent) = observed.config.with("live-restore", &Value::Bool(true)) else {
        return false;
    };
    let path = observed.at(observed.config.path());
    if lent.text() != observed.config.text() {
        plan.write(path, lent.text(), observed.config_mode.unwrap_or(0o644));
    }
    plan.act(LiveRestore {
        service: observed.service.clone(),
        on: true,
    });
    plan.notes.push(format!(
        "live-restore is switched on in {}, so that containers outlive the restart; `sealock down` takes it out again",
        observed.config.path().display()
    ));
    true
}

/// The files of the daemon, in an order in which it can start after every one of them, and never
/// listens without TLS.
fn configure(
    observed: &Observed,
    target: &Target,
    lent: bool,
    plan: &mut HostPlan,
) -> Result<(), HostError> {
    let with_loan = |json: DaemonJson| {
        if lent {
            json.with("live-restore", &Value::Bool(true))
        } else {
            Ok(json)
        }
    };
    let config = with_loan(target.config.clone())?;
    let (config_changes, unit_changes) = (
        target.config_changes(observed),
        target.drop_in.as_deref() != observed.drop_in(),
    );
    let path = observed.at(observed.config.path());
    let mode = observed.config_mode.unwrap_or(0o644);
    // Both files change, and until now none of ours stands between them: TLS lives in one place and a
    // listener in the other, and there is no order of two writes that is safe. In between the daemon
    // is told to listen on its unix socket only.
    let apart = config_changes
        && unit_changes
        && observed.drop_in().is_none()
        && observed.supervisor == Supervisor::Systemd;
    match observed.way() {
        Way::Flags if apart => {
            let passed_tcp = observed
                .listeners
                .iter()
                .any(|listener| listener.origin.ends_with(".socket"));
            let (quiet, _) = dropin::quiet(observed, passed_tcp);
            unit_file(observed, Some(&dropin::text(observed, &quiet)), plan)?;
            plan.write(path, config.text(), mode);
            unit_file(observed, target.drop_in.as_deref(), plan)?;
        }
        Way::Json if apart => {
            let quiet = with_loan(
                observed
                    .config
                    .with("hosts", &Value::from(quiet_hosts(observed)))?,
            )?;
            if quiet.text() != observed.config.text() {
                plan.write(path.clone(), quiet.text(), mode);
            }
            unit_file(observed, target.drop_in.as_deref(), plan)?;
            plan.write(path, config.text(), mode);
        }
        Way::Flags | Way::Json => {
            if config_changes {
                if let Some(parent) = path.parent() {
                    for edit in Edit::missing_directories(parent, 0o755, Some(observed.owner()))
                        .map_err(disk)?
                    {
                        if !plan.steps.iter().any(
                            |step| matches!(step, Step::File(known) if known.path() == edit.path()),
                        ) {
                            plan.edit(edit);
                        }
                    }
                }
                plan.write(path, config.text(), mode);
            }
            if unit_changes {
                unit_file(observed, target.drop_in.as_deref(), plan)?;
            }
        }
    }
    Ok(())
}

/// Writes (or removes) our drop-in and makes systemd read it.
pub(crate) fn unit_file(
    observed: &Observed,
    text: Option<&str>,
    plan: &mut HostPlan,
) -> Result<(), HostError> {
    let Some(unit) = &observed.unit else {
        return Ok(());
    };
    let path = observed.at(&unit.our_path);
    match text {
        Some(text) => {
            if let Some(later) = unit.drop_ins.iter().find(|path| overrides(observed, path)) {
                return Err(HostError::Unit {
                    unit: unit.name.clone(),
                    path: later.clone(),
                    problem: format!(
                        "it sets ExecStart and is read after {}",
                        unit.our_path.display()
                    ),
                });
            }
            if let Some(directory) = path.parent() {
                for edit in Edit::missing_directories(directory, 0o755, Some(observed.owner()))
                    .map_err(disk)?
                {
                    if !plan.steps.iter().any(
                        |step| matches!(step, Step::File(known) if known.path() == edit.path()),
                    ) {
                        plan.edit(edit);
                    }
                }
            }
            plan.write(path, text, 0o644);
        }
        None => plan.edit(Edit::Remove { path }),
    }
    plan.act(DaemonReload(observed.service.clone()));
    Ok(())
}

/// Whether a drop-in would have the last word over ours.
fn overrides(observed: &Observed, path: &Path) -> bool {
    let later = path
        .file_name()
        .is_some_and(|name| name.to_string_lossy().as_ref() > crate::DROP_IN);
    later
        && std::fs::read_to_string(observed.at(path)).is_ok_and(|text| {
            crate::unit::directives(&text)
                .iter()
                .any(|directive| directive.key == "ExecStart")
        })
}

/// Check, restart, or the step that is left to a person.
fn finish(observed: &Observed, target: &Target, plan: &mut HostPlan) {
    if let Some((argv, how)) = validation(observed, target) {
        plan.act(Validate {
            service: observed.service.clone(),
            argv,
            search_path: search_path(observed),
            how,
        });
    }
    let start = observed.engine.facts().is_none();
    if observed.service.can_restart() {
        plan.restart = true;
        plan.act(Restart {
            service: observed.service.clone(),
            start,
        });
        return;
    }
    plan.remaining_step = Some(match observed.service.running() {
        Some(running) => format!(
            "restart dockerd (process {}) the way it was started, then `sealock apply`",
            running.pid
        ),
        None => "start dockerd, then `sealock apply`".into(),
    });
}

/// The `PATH` with which the daemon runs or will be started: what systemd gives a service, unless it is told otherwise.
fn search_path(observed: &Observed) -> String {
    daemon_environment(observed)
        .remove("PATH")
        .unwrap_or_else(|| "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin".into())
}

/// The command that lets dockerd check its configuration, where it would see what it will really get.
fn validation(observed: &Observed, target: &Target) -> Option<(Vec<String>, Check)> {
    let command = target.command.as_ref()?;
    let how = match observed.version.as_ref()? {
        version if version.validates() => Check::Validate,
        version if version.major >= 18 => Check::Labels,
        _ => return None,
    };
    let program = command.program()?.to_owned();
    let mut argv = vec![program];
    argv.extend(command.arguments());
    if !command.has("config-file") && observed.supervisor == Supervisor::Hand {
        argv.extend([
            "--config-file".to_owned(),
            observed.at(observed.config.path()).display().to_string(),
        ]);
    }
    argv.extend(how.flags().iter().map(|flag| (*flag).to_owned()));
    Some((argv, how))
}

fn notes(
    observed: &Observed,
    desired: &Desired,
    target: &Target,
    restart: bool,
    plan: &mut HostPlan,
) {
    if !restart {
        return;
    }
    for listener in &observed.listeners {
        let address = &listener.address;
        if listener.origin.ends_with(".socket") {
            plan.notes.push(format!(
                "{address} ({}) stays open and demands certificates from now on",
                listener.origin
            ));
        } else if !desired
            .daemon
            .listen
            .iter()
            .any(|listen| listen.to_string() == *address)
        {
            let kind = if listener.plain {
                "was open without a certificate, and is closed"
            } else {
                "is closed; add it to `listen` to keep it"
            };
            plan.notes
                .push(format!("{address} ({}) {kind}", listener.origin));
        } else if listener.plain {
            plan.notes.push(format!(
                "{address} ({}) was open without a certificate, and demands one from now on",
                listener.origin
            ));
        }
    }
    for variable in &target.inlined {
        plan.notes.push(format!("{variable} holds listeners or TLS flags, so the rest of its value is written into our drop-in"));
    }
    if let crate::engine::Engine::Off { why } = &observed.engine {
        plan.notes.push(format!(
            "the daemon was off ({why}); it is started, because only a running one can be proved"
        ));
        if observed
            .unit
            .as_ref()
            .is_some_and(|unit| unit.file_state == "disabled")
        {
            plan.notes.push(format!(
                "{} is disabled: it will be off again after a reboot",
                observed.service.name()
            ));
        }
    }
}

pub(crate) fn disk(error: sealock_change::Error) -> HostError {
    HostError::Disk(Box::new(error))
}

#[cfg(test)]
mod tests;
