//! The rehearsal of a rekey: all of it, in a copy beside the live vault.
//!
//! A whole new generation is made, everything is issued from it, and every file is written, but below a folder of the
//! vault's home that goes away again. A daemon of ours shows the new certificate on a port of its own, and is visited as
//! every kind of client. What a rehearsal cannot do is restart the live daemon; it says what that would touch.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sealock_change::{Edit, Plan, Step, Store, fs};
use sealock_diag::Sensitive;
use sealock_engine::{Engine, Mode};
use sealock_host::{Consent, Desired};
use sealock_pki::{Purpose, San};
use sealock_probe::{Proof, Target};
use sealock_tls::Clock;
use sealock_vault::{OperationKind, Phase, Vault};

use super::course::{Course, Renewal, Transition};
use super::generation::{self, Whose};
use super::keep::{Record, Settle};
use super::prepare::{self, Parts};
use super::replace::refuse_hands;
use super::singles::Moved;
use super::{run, up};
use crate::ask;
use crate::catalogue;
use crate::failure::Failure;
use crate::session::Session;

/// The copy, below the vault's home: the same file system, and as closed.
const FOLDER: &str = "rehearsal";

/// What would happen, and how long it took in the copy.
#[derive(Debug)]
pub(crate) struct Rehearsal {
    /// Certificates that were issued, anchors not counted.
    pub(crate) certificates: usize,
    /// Files that were written.
    pub(crate) files: usize,
    /// Whether the daemon would be restarted.
    pub(crate) restart: bool,
    /// What would have to be accepted by name.
    pub(crate) consents: Vec<(&'static str, String)>,
    /// Issuing, writing and proving in the copy.
    pub(crate) took: Duration,
    /// The time of the processor in this process.
    pub(crate) cpu: Duration,
    pub(crate) proof: Proof,
    /// What would be told to take its files up, and how.
    pub(crate) services: Vec<Rehearsed>,
    pub(crate) notes: Vec<String>,
}

/// A service whose new certificate was shown in its stead, and held.
#[derive(Debug)]
pub(crate) struct Rehearsed {
    pub(crate) name: String,
    pub(crate) take_up: String,
}

/// Does it all in a copy, and removes the copy.
pub(crate) fn run(
    session: &Session,
    wanted: &Desired,
    purposes: &[Purpose],
    lost: bool,
) -> Result<Rehearsal, Failure> {
    // What the rekey itself would refuse.
    refuse_hands(session, wanted)?;
    let copy = session.home.join(FOLDER);
    clear(&copy)?;
    let rehearsed = in_copy(session, wanted, purposes, lost, &copy);
    let cleared = clear(&copy);
    let rehearsal = rehearsed?;
    cleared?;
    Ok(rehearsal)
}

/// Removes what a rehearsal that was killed has left in this home.
pub(crate) fn clear_up(home: &Path) -> Result<(), Failure> {
    clear(&home.join(FOLDER))
}

fn clear(copy: &Path) -> Result<(), Failure> {
    if fs::stat(copy)?.is_some() {
        fs::remove_tree(copy)?;
    }
    Ok(())
}

fn in_copy(
    session: &Session,
    wanted: &Desired,
    purposes: &[Purpose],
    lost: bool,
    copy: &Path,
) -> Result<Rehearsal, Failure> {
    let (began, cpu) = (Instant::now(), cpu_time());
    fs::create_dir(copy, 0o700, None)?;
    let snapshot = session.vault()?.snapshot()?;
    fs::write_atomic(&copy.join("vault.db"), &snapshot, 0o600, None)?;
    keys(session, copy, lost)?;
    let inner = session.beside(copy.to_owned());
    let store = inner.store()?;
    let guard = run::begin(&inner, &store)?;

    let whose = Whose::of(wanted)?;
    if let Some(operation) = whose.operation(session)? {
        return Err(generation::busy(&operation));
    }
    let kind = OperationKind::Rekey;
    let operation = generation::prepare(&inner, &whose, kind, purposes, lost, (&store, &guard))?;
    let course = Course {
        renewal: Renewal::All,
        transition: Some(Transition {
            operation,
            phase: Phase::Dropped,
        }),
        without: Vec::new(),
    };
    let observed = up::observed(&wanted.options())?;
    let parts = prepare::parts(&inner, wanted, &observed, &course)?;
    let proof = visit(wanted, &parts)?;
    let services = stand_ins(&parts)?;
    let mut notes = parts.host.notes.clone();
    notes.extend(absent(wanted, &services));
    let mut rehearsal = Rehearsal {
        certificates: parts.issued.len(),
        files: 0,
        restart: parts.host.restart,
        consents: parts
            .host
            .consents
            .iter()
            .map(|risk| (ask::risk(risk), Consent::to_string(risk)))
            .collect(),
        took: Duration::ZERO,
        cpu: Duration::ZERO,
        services,
        notes,
        proof,
    };
    rehearsal.files = write(&inner, &store, &guard, parts, copy)?;
    Vault::open(copy)?.check_integrity()?;
    rehearsal.took = began.elapsed();
    rehearsal.cpu = cpu_time().saturating_sub(cpu);
    Ok(rehearsal)
}

/// The issuer keys: a rekey asks whether they open, and shows that what they sign is refused.
fn keys(session: &Session, copy: &Path, lost: bool) -> Result<(), Failure> {
    let folder = copy.join("issuers");
    fs::create_dir(&folder, 0o700, None)?;
    let files = session.vault()?.key_files()?;
    // A person is asked here, and not by the copy.
    let sealed = files
        .iter()
        .any(|file| file.anchor.sealed && file.is_needed());
    if lost {
        session.new_passphrase()?;
    } else {
        session.passphrase_for(sealed)?;
    }
    for file in files {
        if let (Some(_), Some(name)) = (fs::stat(&file.path)?, file.path.file_name()) {
            let bytes = Sensitive::new(fs::read(&file.path)?);
            fs::write_atomic(&folder.join(name), bytes.expose(), 0o400, None)?;
        }
    }
    Ok(())
}

/// A daemon of ours with the new certificate and the new anchors, visited as every kind of client.
fn visit(wanted: &Desired, parts: &Parts) -> Result<Proof, Failure> {
    let engine = Engine::start(
        &Mode::Mutual {
            identity: parts.server.identity.clone(),
            anchors: parts.authority.trusted(Purpose::Client)?,
        },
        IpAddr::V4(Ipv4Addr::LOCALHOST),
        Clock::System,
    )?;
    let names = wanted.daemon.names.iter();
    let name = names.filter_map(|name| name.parse::<San>().ok()).next();
    let target = match name {
        Some(name) => Target::tcp(engine.address(), name),
        None => Target::at(engine.address()),
    };
    let proof = parts.kits.prove(&[target]).map_err(|error| {
        Failure::own(catalogue::REHEARSAL, "the rehearsal did not hold")
            .because(sealock_diag::Diagnose::cause(&*error).unwrap_or_default())
    })?;
    if proof.holds() {
        return Ok(proof);
    }
    Err(
        Failure::own(catalogue::REHEARSAL, "the rehearsal did not hold")
            .because(super::proof::failed_rows(&proof).join("\n")),
    )
}

/// Servers of ours in the stead of services, visited as every kind of client.
fn stand_ins(parts: &Parts) -> Result<Vec<Rehearsed>, Failure> {
    let acts = parts.services.iter();
    acts.map(|act| {
        act.stand_in.prove()?;
        Ok(Rehearsed {
            name: act.stand_in.name().to_owned(),
            take_up: act.stand_in.take_up().to_owned(),
        })
    })
    .collect()
}

/// The services that would be told nothing, because they do not run.
fn absent(wanted: &Desired, services: &[Rehearsed]) -> Vec<String> {
    let told = |name: &str| services.iter().any(|told| told.name == name);
    let absent = wanted.services.iter().filter(|one| !told(&one.name));
    absent
        .map(|service| {
            format!(
                "{} does not answer: it would take its files up when it is started",
                service.name
            )
        })
        .collect()
}

/// Writes everything below the copy, by a run of its own. Gives the number of files.
fn write(
    inner: &Session,
    store: &Store,
    guard: &sealock_change::Guard,
    mut parts: Parts,
    copy: &Path,
) -> Result<usize, Failure> {
    let mut plan = Plan::new("rehearse");
    plan.push_action(Record {
        home: inner.home.clone(),
        entries: parts.issued,
        now: inner.now,
    });
    let of_host = std::mem::take(&mut parts.host.steps);
    let of_host = of_host.into_iter().filter_map(|step| match step {
        Step::File(edit) => Some(edit),
        Step::Action(_) => None,
    });
    let mut files = 0;
    let mut made: HashSet<PathBuf> = HashSet::new();
    for edit in of_host.chain(parts.edits) {
        let edit = below(edit, copy);
        let parent = edit.path().parent().map(Path::to_owned).unwrap_or_default();
        if !made.contains(&parent) {
            for missing in Edit::missing_directories(&parent, 0o700, None)? {
                plan.push_edit(missing)?;
            }
            made.insert(parent);
        }
        files += usize::from(plan.push_edit(edit)?);
    }
    if let Some(advance) = parts.advance {
        plan.push_action(advance);
    }
    plan.push_action(Moved {
        home: inner.home.clone(),
        moved: parts.moved,
        now: inner.now,
    });
    plan.push_action(Settle {
        home: inner.home.clone(),
        in_use: parts.in_use,
        now: inner.now,
    });
    run::run(inner, store, guard, plan)?;
    Ok(files)
}

/// The same edit below the copy.
fn below(edit: Edit, copy: &Path) -> Edit {
    let moved = |path: PathBuf| {
        if path.starts_with(copy) {
            return path;
        }
        let relative = path.strip_prefix("/").unwrap_or(&path);
        copy.join("root").join(relative)
    };
    match edit {
        Edit::Write {
            path,
            content,
            mode,
            ..
        } => Edit::Write {
            path: moved(path),
            content,
            mode,
            owner: None,
        },
        Edit::Directory { path, mode, .. } => Edit::Directory {
            path: moved(path),
            mode: mode | 0o700,
            owner: None,
        },
        Edit::Symlink { path, target } => Edit::Symlink {
            path: moved(path),
            target,
        },
        Edit::Remove { path } => Edit::Remove { path: moved(path) },
        Edit::Restore { path, was } => Edit::Restore {
            path: moved(path),
            was,
        },
    }
}

fn cpu_time() -> Duration {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(
        u64::try_from(used.tv_sec).unwrap_or(0),
        u32::try_from(used.tv_nsec).unwrap_or(0),
    )
}
