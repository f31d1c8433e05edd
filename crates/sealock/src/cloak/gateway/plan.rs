//! The plan of a gateway in front: certificates, lists, policy and units, and what shall run.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use sealock_change::{Content, Digest, Edit, Plan, fs};
use sealock_diag::escape;
use sealock_host::desired::gateway::{AUDIT, Gateway};
use sealock_host::{
    Answering, Desired, HostError, HostPlan, Live, Material, Observed, holder_of,
    plan_gateway_material,
};
use sealock_pki::{Certificate, Purpose};

use super::place;
use super::policy;
use super::steps::{Before, Run, Untouched, Way, loaded, running};
use super::units::{SERVICE, STEM, Service, Socket, differ_in_settings_only, sockets, wants};
use crate::agent::look::system;
use crate::agent::place::Systemd;
use crate::cloak::credentials::Authority;
use crate::cloak::targets::{self, Door};
use crate::commands::gateway::{codes, settings};
use crate::commands::revoke;
use crate::failure::Failure;
use crate::session::Session;

/// Around the files of a gateway: what is looked at before, what then runs, and the daemon that was left alone.
pub(crate) struct Front {
    pub(crate) before: Before,
    /// `None` when everything runs as it shall.
    pub(crate) run: Option<Run>,
    pub(crate) untouched: Untouched,
}

/// The systemd that a gateway is installed in: the system's, by root.
pub(super) fn find_systemd() -> Result<Systemd, Failure> {
    let refuse = |why: &str| {
        Failure::own(
            codes::NO_SYSTEMD,
            "a gateway is installed in the systemd of the system",
        )
        .at("this host")
        .because(why.to_owned())
    };
    match Systemd::find(system()) {
        Ok(systemd) if systemd.user => Err(refuse("this is not root")),
        Ok(systemd) => Ok(systemd),
        Err(_) => Err(refuse("systemd does not run here")),
    }
}

/// Plans what makes a gateway listen on every desired address in front of a daemon that is left alone. `observed` speaks of
/// the gateway's certificates; `live` is what was seen on the addresses.
pub(crate) fn front(
    session: &Session,
    desired: &Desired,
    gateway: &Gateway,
    observed: &Observed,
    (authority, material): (&Authority, &Material),
    doors: &[Door],
    live: &Live,
) -> Result<(HostPlan, Front), Failure> {
    let systemd = find_systemd()?;
    check(session, desired, gateway)?;
    let group = place::group(&observed.socket)?;
    let mut host = HostPlan::default();
    let clients_trust: String = authority
        .trusted(Purpose::Server)?
        .iter()
        .map(Certificate::to_pem)
        .collect();
    let (certificates, cleanup) =
        plan_gateway_material(observed, material, group.gid, clients_trust.into_bytes())?;
    host.steps.extend(certificates);
    host.cleanup = cleanup;
    let mut files = Plan::new("files");
    lists(session, authority, desired, &mut files)?;
    policy::write(session, desired, gateway, &mut files)?;
    host.notes.append(&mut files.notes);
    host.steps.append(&mut files.steps);
    let fresh = !host.steps.is_empty();

    let sockets = sockets(desired, gateway);
    let told = told(session, desired, gateway);
    let mut files = Plan::new("settings");
    files.push_edit(Edit::Write {
        path: place::settings(&session.home),
        content: Content::Public(told.clone().into_bytes()),
        mode: 0o644,
        owner: None,
    })?;
    host.steps.append(&mut files.steps);
    let texts = units(session, gateway, &told, &group.name, &sockets)?;
    let Changed {
        edits,
        units: changed,
        only_settings,
    } = unit_edits(&systemd, &texts)?;
    let gone = left_over(&systemd, &texts)?;
    let mut units = Plan::new("units");
    for edit in edits.into_iter().chain(gone.edits) {
        units.push_edit(edit)?;
    }
    host.steps.append(&mut units.steps);

    let mut all: Vec<String> = texts.iter().map(|(unit, _)| unit.clone()).collect();
    all.extend(gone.units.iter().cloned());
    let runs = running(&systemd, &all);
    let up = texts.iter().all(|(unit, _)| runs.contains(unit));
    // What a socket of ours holds already is ours, and so is what it will hold instead once it is replaced.
    let ours = runs.iter().any(|unit| unit.ends_with(".socket"));
    for listen in &desired.daemon.listen {
        if let (false, Some(holder)) = (ours, holder_of(&*systemd.system, listen)) {
            return Err(HostError::PortTaken {
                address: listen.to_string(),
                holder,
            }
            .into());
        }
    }
    let replaced: Vec<String> = changed
        .iter()
        .filter(|unit| unit.ends_with(".socket"))
        .chain(&gone.units)
        .filter(|unit| runs.contains(unit))
        .cloned()
        .collect();
    let restart = !changed.is_empty() || !gone.units.is_empty();
    let serves = live
        .0
        .iter()
        .all(|(_, answering)| *answering == Answering::Serving);
    let control = place::control(gateway);
    // Who can be asked can hand over; doors that are opened anew are systemd's, and only a new start is given them.
    let hand_over =
        up && only_settings && gone.units.is_empty() && UnixStream::connect(&control).is_ok();
    let way = match (restart, up) {
        (true, _) if hand_over => Some(Way::HandOver),
        (true, _) => Some(Way::Restart),
        (false, false) => Some(Way::Start),
        (false, true) => (fresh || !serves).then_some(Way::Reload),
    };
    if runs.iter().any(|unit| unit == SERVICE) {
        host.notes.extend(way.and_then(note_of));
    }
    let run = way.map(|way| Run {
        systemd: systemd.clone(),
        control: control.clone(),
        sockets: sockets.iter().map(|socket| socket.unit.clone()).collect(),
        replaced,
        way,
    });
    notes(observed, gateway, &mut host);
    let front = Front {
        before: Before {
            systemd,
            units: all,
            control,
            replaced: restart && !hand_over,
            targets: targets::all(doors),
            ran: Vec::new(),
            process: String::new(),
            seen: Vec::new(),
        },
        run,
        untouched: Untouched {
            daemon: observed.service.clone(),
            running: observed.service.running(),
        },
    };
    Ok((host, front))
}

/// What the service could not see or do.
fn check(session: &Session, desired: &Desired, gateway: &Gateway) -> Result<(), Failure> {
    let hidden = |path: &Path, why: &str| {
        Failure::own(codes::HIDDEN, "the gateway could not see one of its files")
            .at(escape(&path.to_string_lossy()))
            .because(why.to_owned())
    };
    for path in read_by_it(&program()?, &policy::path(session, gateway), gateway) {
        if let Some(folder) = ["/tmp", "/var/tmp", "/dev/shm"]
            .into_iter()
            .find(|folder| path.starts_with(folder))
        {
            return Err(hidden(path, &format!("the service sees no {folder}")));
        }
        if path.starts_with(&session.home) && !path.starts_with(place::folder(&session.home)) {
            return Err(hidden(
                path,
                "the service sees nothing of the vault's home but its certificates",
            ));
        }
    }
    if let Some(control) = &gateway.control
        && control.parent() != Path::new(place::CONTROL).parent()
    {
        return Err(hidden(
            control,
            "it may make its control socket in /run/sealock-gateway only",
        )
        .help(format!("[gateway]\ncontrol = \"{}\"", place::CONTROL)));
    }
    if let Some(audit) = &gateway.audit
        && audit.path.as_os_str() != "-"
        && audit.path.parent() != Path::new(AUDIT).parent()
    {
        return Err(hidden(
            &audit.path,
            "its user exists only while it runs and may write below /var/log/sealock-gateway",
        )
        .help(format!("[gateway.audit]\npath = \"{AUDIT}\"")));
    }
    // Names and doors are judged before anything is written.
    let mut whole = gateway.clone();
    whole.listen = desired.daemon.listen.clone();
    settings::of_table(session, &whole, &std::collections::BTreeSet::new())?;
    Ok(())
}

/// Everything that is named for the service to read.
fn read_by_it<'a>(
    program: &'a Path,
    policy: &'a Path,
    gateway: &'a Gateway,
) -> impl Iterator<Item = &'a Path> {
    let named = gateway.certificates.iter().chain(&gateway.deny);
    let named = named.chain(&gateway.lists).map(PathBuf::as_path);
    [program, policy].into_iter().chain(named)
}

/// The lists of the anchors that are trusted, and nothing else in their folder.
fn lists(
    session: &Session,
    authority: &Authority,
    desired: &Desired,
    plan: &mut Plan,
) -> Result<(), Failure> {
    let folder = place::lists(&session.home);
    // The folder above was planned with the certificates; what stands in the vault's home is not put back by `down`.
    plan.push_edit(Edit::Directory {
        path: folder.clone(),
        mode: 0o755,
        owner: None,
    })?;
    let wanted = revoke::for_gateway(session, authority, desired, plan)?;
    let Ok(entries) = std::fs::read_dir(&folder) else {
        return Ok(());
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        if !wanted.contains(&path) {
            plan.push_edit(Edit::Remove { path })?;
        }
    }
    Ok(())
}

/// The text of the service's own settings: everything is said, and nothing depends on where the file lies.
pub(super) fn told(session: &Session, desired: &Desired, gateway: &Gateway) -> String {
    let mut whole = gateway.clone();
    whole.listen = desired.daemon.listen.clone();
    whole.policy = Some(policy::path(session, gateway));
    whole.to_file()
}

/// Every unit, with its text.
pub(super) fn units(
    session: &Session,
    gateway: &Gateway,
    told: &str,
    group: &str,
    sockets: &[Socket],
) -> Result<Vec<(String, String)>, Failure> {
    let digest: String = Digest::of(told.as_bytes())
        .to_string()
        .chars()
        .take(16)
        .collect();
    let program = program()?;
    let policy = policy::path(session, gateway);
    let in_a_home = |path: &Path| path.starts_with("/home") || path.starts_with("/root");
    let service = Service {
        program: &program,
        home: &session.home,
        config: &place::settings(&session.home),
        group,
        sockets,
        digest: &digest,
        homes: read_by_it(&program, &policy, gateway).any(in_a_home),
    };
    let mut texts = vec![(SERVICE.to_owned(), service.text())];
    for socket in sockets {
        texts.push((socket.unit.clone(), socket.text()));
    }
    Ok(texts)
}

/// What a person is told of the way.
fn note_of(way: Way) -> Option<String> {
    Some(match way {
        Way::HandOver => {
            "only settings change: a new process of the gateway takes over, nobody is refused, and live connections go on"
                .to_owned()
        }
        Way::Restart => {
            "doors or units change: the gateway is started anew, its live connections have 10 s to end, and new ones wait \
             at the door"
                .to_owned()
        }
        Way::Start | Way::Reload => return None,
    })
}

/// What writes units and enables them.
struct Changed {
    edits: Vec<Edit>,
    /// The units whose text changes.
    units: Vec<String>,
    /// The service's own is the only one, and says nothing else than that its settings are others.
    only_settings: bool,
}

fn unit_edits(systemd: &Systemd, texts: &[(String, String)]) -> Result<Changed, Failure> {
    let folder = systemd.unit("");
    let mut edits = Vec::new();
    let mut changed = Vec::new();
    let mut only_settings = true;
    for (unit, text) in texts {
        let path = systemd.unit(unit);
        let link = wants(&folder, unit);
        let write = Edit::Write {
            path: path.clone(),
            content: Content::Public(text.clone().into_bytes()),
            mode: 0o644,
            owner: None,
        };
        if !write.is_noop()? {
            changed.push(unit.clone());
            only_settings &= std::fs::read_to_string(&path)
                .is_ok_and(|there| differ_in_settings_only(&there, text));
        }
        if let Some(parent) = link.parent() {
            edits.extend(Edit::missing_directories(parent, 0o755, None)?);
        }
        edits.push(write);
        edits.push(Edit::Symlink {
            path: link,
            target: path,
        });
    }
    Ok(Changed {
        edits,
        units: changed,
        only_settings,
    })
}

/// Units of ours that are not wanted any more: a service that was taken out of `[gateway]`.
struct LeftOver {
    units: Vec<String>,
    edits: Vec<Edit>,
}

fn left_over(systemd: &Systemd, texts: &[(String, String)]) -> Result<LeftOver, Failure> {
    let folder = systemd.unit("");
    let on_disk = std::fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with(STEM) && !name.ends_with(".d"));
    let mut units: Vec<String> = loaded(systemd);
    units.extend(on_disk);
    units.sort();
    units.dedup();
    units.retain(|unit| !texts.iter().any(|(wanted, _)| wanted == unit));
    let mut edits = Vec::new();
    for unit in &units {
        for path in [systemd.unit(unit), wants(&folder, unit)] {
            if fs::stat(&path)?.is_some() {
                edits.push(Edit::Remove { path });
            }
        }
    }
    Ok(LeftOver { units, edits })
}

/// What is said beside the plan.
fn notes(observed: &Observed, gateway: &Gateway, host: &mut HostPlan) {
    for listener in &observed.listeners {
        let how = match listener.plain {
            true => "is open without a certificate, and stays so: the daemon is not touched",
            false => "stays open beside the gateway: the daemon is not touched",
        };
        host.notes
            .push(format!("{} ({}) {how}", listener.address, listener.origin));
    }
    if host.steps.is_empty() {
        return;
    }
    let agent = find_systemd().is_ok_and(|systemd| systemd.unit("sealock-agent.service").exists());
    if !agent {
        host.notes.push(
            "certificates and lists end when nobody renews them, and the gateway lets nobody in then: `sealock agent install`"
                .to_owned(),
        );
    }
    if gateway.audit.is_none() {
        host.notes
            .push("no audit is written: [gateway.audit] in sealock.toml".to_owned());
    }
}

/// This program, where the service will find it too.
fn program() -> Result<PathBuf, Failure> {
    std::env::current_exe()
        .ok()
        .filter(|path| path.exists())
        .ok_or_else(|| {
            Failure::own(codes::HIDDEN, "the gateway could not see one of its files")
                .at("/proc/self/exe")
                .because("this program was replaced while it ran")
        })
}
