//! The daemon as it really runs.

mod care;
mod hand;
mod names;
mod systemd;
mod whole;

use crate::command::{CommandLine, Endpoint};
use crate::engine::{self, Engine, Version};
use crate::json::{DaemonJson, TLS_KEYS};
use crate::service::{Before, Manager, Service, read_optional};
use crate::system::{Invocation, System};
use crate::{HostError, OURS, SEALOCK_DIRECTORY};
use sealock_change::Owner;
use sealock_diag::Sensitive;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use care::{Care, Part};
pub(crate) use hand::{init_flags, process};
pub use systemd::{SocketUnit, Unit};
pub(crate) use whole::Whole;

/// Where to look, when the daemon is not where packages put it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `daemon.json`.
    pub docker_config: Option<PathBuf>,
    /// The unix socket.
    pub docker_socket: Option<PathBuf>,
    /// What restarts the daemon, by `/bin/sh -c`.
    pub restart_command: Option<String>,
}

/// Who runs the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supervisor {
    /// systemd's `docker.service`.
    Systemd,
    /// A user's systemd: a rootless daemon.
    Rootless,
    /// snapd.
    Snap,
    /// `/etc/init.d/docker`.
    Sysvinit,
    /// A hand, or something unknown.
    Hand,
}

/// How the daemon is told where to listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Its unit says `-H`: a drop-in with listeners and TLS flags in one line.
    Flags,
    /// Its command has no `-H`: `hosts` and the TLS keys of `daemon.json`.
    Json,
}

/// A listener that the daemon's configuration asks for, not counting ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// The address as written, without `tcp://`.
    pub address: String,
    /// Where it is asked for: `docker.service`, `daemon.json`, `docker.socket`.
    pub origin: String,
    /// Whether whoever reaches it is root on this host: no client certificate is demanded.
    pub plain: bool,
}

/// A certificate set as it lies in the folder that is in force.
#[derive(Clone, Debug)]
pub struct Installed {
    /// The folder, as the daemon calls it.
    pub folder: PathBuf,
    /// `ca.pem`.
    pub ca_pem: Vec<u8>,
    /// `server-cert.pem`.
    pub cert_pem: Vec<u8>,
    /// `server-key.pem`.
    pub key_pem: Sensitive<Vec<u8>>,
}

/// What was found on this host. Nothing was changed to find it.
#[derive(Clone, Debug)]
pub struct Observed {
    /// Who runs the daemon.
    pub supervisor: Supervisor,
    /// Its unit, under systemd and snapd.
    pub unit: Option<Unit>,
    /// Its command without our drop-in; `None` when it is off and nobody knows.
    pub command: Option<CommandLine>,
    /// `daemon.json`; an absent file reads as empty.
    pub config: DaemonJson,
    /// Whether `daemon.json` exists, and its mode.
    pub config_mode: Option<u32>,
    /// The unix socket.
    pub socket: PathBuf,
    /// The daemon itself.
    pub engine: Engine,
    /// Of the running daemon, else of the installed one.
    pub version: Option<Version>,
    /// What this host is called: host name, full name, `localhost`.
    pub hostnames: Vec<String>,
    /// Its addresses, loopback last; without Docker's own and link-local ones.
    pub addresses: Vec<IpAddr>,
    /// What it listens on beside us.
    pub listeners: Vec<Listener>,
    /// What a person should know about it, in sentences.
    pub remarks: Vec<String>,
    /// The directory of our files: `/etc/docker/sealock`.
    pub directory: PathBuf,
    /// The service.
    pub service: Service,
}

impl Observed {
    /// How the daemon is told where to listen.
    pub fn way(&self) -> Way {
        let flags = self.supervisor == Supervisor::Systemd
            && self
                .command
                .as_ref()
                .is_some_and(|command| !command.hosts().is_empty());
        if flags { Way::Flags } else { Way::Json }
    }

    /// The names for a server certificate when the user gave none: host names and addresses.
    pub fn names(&self) -> Vec<String> {
        self.hostnames
            .iter()
            .cloned()
            .chain(self.addresses.iter().map(ToString::to_string))
            .collect()
    }

    /// Whether live-restore is on, and will be after a restart. A daemon may have it in its memory only:
    /// a run that was killed had lent it, and the file that said so was put back.
    pub(crate) fn keeps_live_restore(&self) -> bool {
        let by_flag = self
            .command
            .as_ref()
            .is_some_and(|command| command.has("live-restore"));
        let on = self.engine.facts().is_some_and(|facts| facts.live_restore);
        on && (by_flag || self.config.flag("live-restore") == Some(true))
    }

    /// What the daemon is now, for [`Service::restore_running`] after a rollback.
    pub fn before(&self) -> Before {
        let on = self.engine.facts();
        // live-restore is lent only to containers that it can save.
        let bridge = on.is_some_and(|facts| !facts.containers.is_empty())
            && !self.keeps_live_restore()
            && crate::outlive::obstacle(self).is_none();
        Before {
            running: self.service.running(),
            active: on.is_some()
                || self
                    .unit
                    .as_ref()
                    .is_some_and(|unit| unit.active_state == "active"),
            config: self.config.path().to_path_buf(),
            bridge,
            socket: self
                .unit
                .as_ref()
                .and_then(|unit| unit.socket.as_ref())
                .filter(|socket| socket.active)
                .map(|socket| socket.name.clone()),
            loans: if bridge { self.loans() } else { Vec::new() },
        }
    }

    /// `daemon.json` with live-restore lent to it, on and off. A file that cannot take the key is not lent to.
    fn loans(&self) -> Vec<Vec<u8>> {
        [true, false]
            .into_iter()
            .filter_map(|on| self.config.with("live-restore", &on.into()).ok())
            .map(|json| json.text().as_bytes().to_vec())
            .collect()
    }

    /// The certificate set in force: what `<directory>/live` leads to. `None` when there is none.
    pub fn installed(&self) -> Result<Option<Installed>, HostError> {
        let live = self.directory.join("live");
        let Ok(target) = std::fs::read_link(self.at(&live)) else {
            return Ok(None);
        };
        let folder = self.directory.join(target);
        let part = |name: &str| {
            let path = folder.join(name);
            match read_optional(&self.at(&path))? {
                Some(bytes) if !bytes.is_empty() => Ok(bytes),
                Some(_) => Err(HostError::Material {
                    path,
                    problem: "the file is empty".into(),
                }),
                None => Err(HostError::Material {
                    path,
                    problem: "the file is missing".into(),
                }),
            }
        };
        Ok(Some(Installed {
            ca_pem: part("ca.pem")?,
            cert_pem: part("server-cert.pem")?,
            key_pem: Sensitive::new(part("server-key.pem")?),
            folder,
        }))
    }

    /// Whether TLS is switched on by somebody else's hand, and with which trust anchors:
    /// `tlscacert`'s path, `None` for the whole system store.
    pub fn foreign_tls(&self) -> Option<Option<String>> {
        let ours = |path: &str| Path::new(path).starts_with(&self.directory);
        let flags = self
            .command
            .as_ref()
            .map(CommandLine::tls_flags)
            .unwrap_or_default();
        let by_flag = flags.iter().any(|flag| {
            matches!(flag.name.as_str(), "tls" | "tlsverify")
                && flag.value.as_deref() != Some("false")
        });
        let by_json = self.config.flag("tls") == Some(true) || self.config.has("tlsverify");
        let anchors = self
            .command
            .as_ref()
            .and_then(|command| command.value("tlscacert"))
            .or_else(|| self.config.string("tlscacert").map(str::to_owned));
        ((by_flag || by_json) && !anchors.as_deref().is_some_and(ours)).then_some(anchors)
    }

    /// Our drop-in as it lies there now.
    pub fn drop_in(&self) -> Option<&str> {
        self.unit.as_ref().and_then(|unit| unit.our_text.as_deref())
    }

    pub(crate) fn at(&self, path: &Path) -> PathBuf {
        self.service.system.root().at(path)
    }

    pub(crate) fn system(&self) -> &dyn System {
        &*self.service.system
    }

    /// Who owns what we write: root, or the rootless user.
    pub(crate) fn owner(&self) -> Owner {
        let (uid, gid) = self.system().user();
        Owner { uid, gid }
    }

    /// The environment that the command's variables are looked up in.
    pub(crate) fn environment(&self) -> BTreeMap<String, String> {
        self.unit
            .as_ref()
            .map(|unit| unit.environment.clone())
            .unwrap_or_default()
    }
}

/// Looks at this host.
///
/// Reads files, asks systemd and the daemon's unix socket; changes nothing, and does not wake a daemon
/// that waits for its socket.
pub fn observe(system: &Arc<dyn System>, options: &Options) -> Result<Observed, HostError> {
    observe_with(system, options, &mut Care::Stops)
}

/// The same, stopping or going on as `care` has it: what cannot be used is left out.
pub(crate) fn observe_with(
    system: &Arc<dyn System>,
    options: &Options,
    care: &mut Care,
) -> Result<Observed, HostError> {
    let found = find(system, options, care)?;
    let Found {
        supervisor,
        unit,
        command,
        manager,
        pidfile,
    } = found;
    let socket = options
        .docker_socket
        .clone()
        .or_else(|| command.as_ref().and_then(unix_socket))
        .unwrap_or_else(|| default_socket(&**system, supervisor));
    let path = options
        .docker_config
        .clone()
        .or_else(|| {
            command
                .as_ref()
                .and_then(|command| command.value("config-file"))
                .map(PathBuf::from)
        })
        .unwrap_or_else(|| default_config(&**system, supervisor));
    let service = Service {
        system: Arc::clone(system),
        manager,
        socket: socket.clone(),
        pidfile,
    };
    let empty = DaemonJson::parse(&path, "")?;
    let config = care.or(Part::Config, read_config(&**system, &path), |_| empty)?;
    let engine = look(&**system, &service, unit.as_ref(), &socket, care.patience());
    let engine = care.or(Part::Engine, engine, |error| Engine::Off {
        why: in_words(error),
    })?;
    if supervisor == Supervisor::Hand
        && command.is_none()
        && engine.facts().is_none()
        && options.docker_config.is_none()
    {
        let looked = format!(
            "docker.service, the docker snap, /etc/init.d/docker and {}",
            socket.display()
        );
        care.refuse(Part::Daemon, HostError::NoDaemon { looked })?;
    }
    let version = match engine.facts() {
        Some(facts) => Some(facts.version.clone()),
        None => installed_version(&**system, command.as_ref()),
    };
    let directory = match supervisor {
        // A strictly confined snap reads its certificates only below its own data.
        Supervisor::Snap => PathBuf::from("/var/snap/docker/common"),
        _ => path
            .parent()
            .map_or_else(|| PathBuf::from("/etc/docker"), Path::to_path_buf),
    }
    .join(SEALOCK_DIRECTORY);
    // Of the file itself: a link to it has a mode of its own, which means nothing.
    let config_mode = sealock_change::fs::resolve(&system.root().at(&path))
        .and_then(|path| sealock_change::fs::stat(&path))
        .ok()
        .flatten()
        .map(|stat| stat.mode);
    let (hostnames, addresses) = names::names(&**system);
    let mut observed = Observed {
        supervisor,
        unit,
        command,
        config,
        config_mode,
        socket,
        engine,
        version,
        hostnames,
        addresses,
        listeners: Vec::new(),
        remarks: Vec::new(),
        directory,
        service,
    };
    observed.listeners = listeners(&observed);
    observed.remarks = remarks(&observed);
    Ok(observed)
}

pub(crate) struct Found {
    supervisor: Supervisor,
    unit: Option<Unit>,
    command: Option<CommandLine>,
    manager: Manager,
    pidfile: Option<PathBuf>,
}

/// An error in one line.
fn in_words(error: &HostError) -> String {
    use sealock_diag::Diagnose as _;
    match error.cause() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

fn find(system: &Arc<dyn System>, options: &Options, care: &mut Care) -> Result<Found, HostError> {
    // Told where the daemon is, we do not look for another one.
    if options.docker_socket.is_some() || options.restart_command.is_some() {
        return hand::find(&**system, options);
    }
    if let Some(found) = systemd::find(&**system, care)? {
        return Ok(found);
    }
    let init = hand::sysvinit(&**system);
    if let Some(found) = care.or(Part::Unit, init, |_| None)? {
        return Ok(found);
    }
    hand::find(&**system, options)
}

fn read_config(system: &dyn System, path: &Path) -> Result<DaemonJson, HostError> {
    let bytes = read_optional(&system.root().at(path))?.unwrap_or_default();
    let text = String::from_utf8(bytes).map_err(|error| HostError::ConfigBroken {
        path: path.to_path_buf(),
        line: 1,
        column: 1,
        problem: format!("not UTF-8 text: {}", error.utf8_error()),
    })?;
    DaemonJson::parse(path, &text)
}

fn look(
    system: &dyn System,
    service: &Service,
    unit: Option<&Unit>,
    socket: &Path,
    patience: std::time::Duration,
) -> Result<Engine, HostError> {
    // A connection to a passed socket would start the daemon, so the unit is asked first.
    if let Some(unit) =
        unit.filter(|unit| unit.active_state != "active" && unit.active_state != "reloading")
    {
        return Ok(Engine::Off {
            why: format!("{} is {}", service.name(), unit.active_state),
        });
    }
    if !engine::knock(system, socket, patience)? {
        if unit.is_none() || !system.root().at(socket).exists() {
            return Ok(Engine::Off {
                why: format!("nothing answers on {}", socket.display()),
            });
        }
        // The unit says it is up; a daemon that just starts may need a moment.
        for _ in 0..20 {
            system.pause(std::time::Duration::from_millis(100));
            if engine::ping(system, socket) {
                return engine::facts(system, socket).map(|facts| Engine::On(Box::new(facts)));
            }
        }
        return Ok(Engine::Off {
            why: format!(
                "{} is active, and nothing answers on {}",
                service.name(),
                socket.display()
            ),
        });
    }
    engine::facts(system, socket).map(|facts| Engine::On(Box::new(facts)))
}

fn unix_socket(command: &CommandLine) -> Option<PathBuf> {
    command
        .hosts()
        .iter()
        .find_map(|host| match Endpoint::parse(host) {
            Endpoint::Unix(path) => Some(PathBuf::from(path)),
            _ => None,
        })
}

fn default_socket(system: &dyn System, supervisor: Supervisor) -> PathBuf {
    match (supervisor, system.variable("XDG_RUNTIME_DIR")) {
        (Supervisor::Rootless, Some(runtime)) => PathBuf::from(runtime).join("docker.sock"),
        (Supervisor::Rootless, None) => {
            PathBuf::from(format!("/run/user/{}/docker.sock", system.user().0))
        }
        _ => PathBuf::from("/var/run/docker.sock"),
    }
}

fn default_config(system: &dyn System, supervisor: Supervisor) -> PathBuf {
    match supervisor {
        Supervisor::Rootless => user_config(system).join("docker/daemon.json"),
        Supervisor::Snap => PathBuf::from("/var/snap/docker/current/config/daemon.json"),
        Supervisor::Systemd | Supervisor::Sysvinit | Supervisor::Hand => {
            PathBuf::from("/etc/docker/daemon.json")
        }
    }
}

/// `$XDG_CONFIG_HOME`, or `~/.config`.
fn user_config(system: &dyn System) -> PathBuf {
    match (system.variable("XDG_CONFIG_HOME"), system.variable("HOME")) {
        (Some(config), _) => PathBuf::from(config),
        (None, home) => PathBuf::from(home.unwrap_or_else(|| "/root".into())).join(".config"),
    }
}

fn installed_version(system: &dyn System, command: Option<&CommandLine>) -> Option<Version> {
    let program = command
        .and_then(CommandLine::program)
        .filter(|program| program.starts_with('/'))
        .unwrap_or("dockerd");
    // `dockerd-rootless.sh` would start something; its neighbour is asked instead.
    let program = program.replace("dockerd-rootless.sh", "dockerd");
    let outcome = system
        .run(&Invocation::new([program.as_str(), "--version"]))
        .ok()?;
    Version::parse(&outcome.stdout)
}

fn listeners(observed: &Observed) -> Vec<Listener> {
    let command = observed.command.as_ref();
    let (by_flag, by_json) = (
        command.is_some_and(demands_by_flag),
        demands_by_json(&observed.config),
    );
    let plain = !(by_flag || by_json);
    let mut found = Vec::new();
    let mut take = |hosts: Vec<String>, origin: &str| {
        for host in hosts {
            if let Endpoint::Tcp(address) = Endpoint::parse(&host) {
                found.push(Listener {
                    address: sealock_diag::escape(&address),
                    origin: origin.to_owned(),
                    plain,
                });
            }
        }
    };
    take(
        command.map(CommandLine::hosts).unwrap_or_default(),
        &observed.service.name(),
    );
    // When the keys are ours, so are the listeners.
    if !observed
        .config
        .string("tlscacert")
        .is_some_and(|path| Path::new(path).starts_with(&observed.directory))
    {
        take(observed.config.hosts().unwrap_or_default(), "daemon.json");
    }
    if let Some(socket) = observed.unit.as_ref().and_then(|unit| unit.socket.as_ref()) {
        for stream in socket
            .listen
            .iter()
            .filter(|stream| !stream.starts_with('/') && !stream.starts_with('@'))
        {
            let address = if stream.contains(':') {
                stream.clone()
            } else {
                format!("[::]:{stream}")
            };
            found.push(Listener {
                address: sealock_diag::escape(&address),
                origin: socket.name.clone(),
                plain,
            });
        }
    }
    found
}

fn demands_by_flag(command: &CommandLine) -> bool {
    let verify = command
        .flags()
        .into_iter()
        .rev()
        .find(|flag| flag.name == "tlsverify");
    match verify {
        Some(flag) => flag.value.as_deref() != Some("false"),
        None => command
            .flags()
            .iter()
            .any(|flag| flag.name == "tls" && flag.value.as_deref() != Some("false")),
    }
}

fn demands_by_json(config: &DaemonJson) -> bool {
    config
        .flag("tlsverify")
        .unwrap_or_else(|| config.flag("tls") == Some(true))
}

fn remarks(observed: &Observed) -> Vec<String> {
    let mut remarks = Vec::new();
    if demands_by_json(&observed.config)
        && !observed.config.has("tlscacert")
        && !observed.command.as_ref().is_some_and(demands_by_flag)
    {
        remarks.push(format!(
            "{} switches tlsverify on without tlscacert: every certificate of a public authority that allows client use gets in",
            observed.config.path().display()
        ));
    }
    if TLS_KEYS.iter().any(|key| observed.config.has(key))
        && !observed.config.has("tlsverify")
        && observed.config.flag("tls") != Some(true)
    {
        remarks.push(format!(
            "{} names TLS files but switches TLS on nowhere: listeners answer in clear",
            observed.config.path().display()
        ));
    }
    let environment = daemon_environment(observed);
    if environment.contains_key("DOCKER_TLS_VERIFY")
        && !observed.command.as_ref().is_some_and(demands_by_flag)
    {
        remarks.push("DOCKER_TLS_VERIFY in dockerd's environment switches nothing on: listeners answer in clear".into());
    }
    for name in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
        if environment.contains_key(name) {
            remarks.push(format!(
                "{name} in dockerd's environment replaces the system's trust store for registries"
            ));
        }
    }
    for listener in observed.listeners.iter().filter(|listener| listener.plain) {
        remarks.push(format!(
            "{} ({}) is open without a certificate: whoever reaches it is root here",
            listener.address, listener.origin
        ));
    }
    remarks
}

/// The environment of the running daemon, else of its unit.
pub(crate) fn daemon_environment(observed: &Observed) -> BTreeMap<String, String> {
    let mut environment = observed.environment();
    let Some(running) = observed.service.running() else {
        return environment;
    };
    let path = observed.at(Path::new(&format!("/proc/{}/environ", running.pid)));
    // Not ours to read: then the unit's has to do.
    let Ok(bytes) = std::fs::read(path) else {
        return environment;
    };
    for entry in bytes.split(|byte| *byte == 0) {
        if let Some((name, value)) = String::from_utf8_lossy(entry).split_once('=') {
            environment.insert(name.to_owned(), value.to_owned());
        }
    }
    environment
}

/// Whether a file's text is our drop-in.
pub(crate) fn is_ours(text: &str) -> bool {
    text.starts_with(OURS)
}

#[cfg(test)]
mod tests;
