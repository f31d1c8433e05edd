//! Giving the looks to systemd, and taking them back.

use std::path::{Path, PathBuf};

use sealock_change::{Content, Edit, Guard, Plan, Store};
use sealock_diag::escape;
use sealock_pki::{AuthorityName, Purpose};

use super::access::{self, Access};
use super::credential::{self, Credential};
use super::look::system;
use super::place::{SERVICE, Systemd, TIMER};
use super::steps::{Reload, Stop};
use super::units::{self, Units};
use super::{HIDDEN_PROGRAM, NO_CREDENTIAL, NOT_PROVED};
use crate::ask;
use crate::cli::Pace;
use crate::cloak::{desired, run, show};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// `sealock agent install`.
pub(crate) fn install(
    session: &Session,
    pace: &Pace,
    credential: Option<&Path>,
) -> Result<Exit, Failure> {
    let systemd = Systemd::find(system())?;
    let credential = credential.map(Credential::open).transpose()?;
    check_seal(session, credential.as_ref())?;
    let program = program()?;
    let metrics = pace
        .metrics
        .as_deref()
        .map(|path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned()));
    let access = access::access(session, &program, metrics.as_deref())?;
    let environment = environment(&systemd);
    let texts = Units {
        program: &program,
        home: &session.home,
        config: &session.config,
        every: pace.every,
        metrics: metrics.as_deref(),
        credential: credential.as_ref(),
        environment: &environment,
        access: &access,
        user: systemd.user,
    };

    let store = session.store()?;
    let guard = run::begin(session, &store)?;
    let mut plan = Plan::new("let systemd keep it alive");
    plan.push_action(Reload::last(&systemd));
    for edit in edits(&systemd, &texts)? {
        plan.push_edit(edit)?;
    }
    if plan.is_empty() && is_at_work(&systemd) {
        session
            .printer
            .say("0 changes: the agent is installed, its timer runs, and its last look went well");
        return Ok(Exit::Done);
    }
    let before = plan.changes();
    if before > 0 {
        plan.push_action(Reload::first(&systemd));
        notes(&mut plan, pace, &access, &systemd);
        show::plan(&session.printer, &plan)?;
        session.printer.say(&format!(
            "  then: start {SERVICE} once, see that it does its work in its sandbox, and start {TIMER}"
        ));
        ask::proceed(session, "Install the agent?")?;
        run::run(session, &store, &guard, plan)?;
    }
    // The service takes the lock itself.
    drop(guard);
    if let Err(failure) = prove(&systemd) {
        return Err(take_back(session, &systemd, failure));
    }
    systemd.call(&["start", TIMER])?;
    session.printer.say(&format!(
        "The agent looks every {}: {SERVICE} has run in its sandbox, and {TIMER} is on.",
        sealock_host::desired::format_life(units::calendar(pace.every).1)
    ));
    session.printer.say(&format!(
        "Its log:  journalctl {}-u {SERVICE}",
        if systemd.user { "--user " } else { "" }
    ));
    Ok(Exit::Done)
}

/// `sealock agent remove`.
pub(crate) fn remove(session: &Session) -> Result<Exit, Failure> {
    let systemd = Systemd::find(system())?;
    let store = session.store()?;
    let guard = run::begin(session, &store)?;
    let plan = removal(&store, &systemd)?;
    if plan.is_empty() {
        session.printer.say("0 changes: no agent is installed");
        return Ok(Exit::Done);
    }
    show::plan(&session.printer, &plan)?;
    ask::proceed(session, "Remove the agent?")?;
    let changes = run::run(session, &store, &guard, plan)?;
    session.printer.say(&format!(
        "{changes} changes: the agent is gone. What it has renewed stays."
    ));
    Ok(Exit::Done)
}

/// What `down`, which puts the agent's files back among all others, does around them.
pub(crate) struct Farewell {
    /// Before everything: its undo comes last.
    pub(crate) first: Reload,
    /// Before the files go.
    pub(crate) stop: Stop,
    /// Once they are gone.
    pub(crate) last: Reload,
}

/// The farewell of the agent; `None` where none is installed by us.
pub(crate) fn before_down(store: &Store) -> Result<Option<Farewell>, Failure> {
    let Ok(systemd) = Systemd::find(system()) else {
        return Ok(None);
    };
    let paths = systemd.paths();
    let is_ours = store
        .originals()?
        .iter()
        .any(|original| paths.contains(&original.path));
    Ok(is_ours.then(|| Farewell {
        first: Reload::last(&systemd),
        stop: Stop::new(&systemd),
        last: Reload::first(&systemd),
    }))
}

fn removal(store: &Store, systemd: &Systemd) -> Result<Plan, Failure> {
    let units = systemd.paths();
    // Folders that an installation has made go too, when nothing else is in them.
    let is_ours =
        |path: &Path| units.iter().any(|unit| unit.starts_with(path)) && path != Path::new("/");
    let mut plan = Plan::new("take the agent away");
    let edits = store.restore_edits_where(|original| is_ours(&original.path))?;
    if edits.is_empty() {
        return Ok(plan);
    }
    let gone: Vec<PathBuf> = edits.iter().map(|edit| edit.path().to_owned()).collect();
    plan.push_action(Reload::last(systemd));
    plan.push_action(Stop::new(systemd));
    for edit in edits {
        plan.push_edit(edit)?;
    }
    plan.push_action(Reload::first(systemd));
    plan.forgets_originals_of(gone);
    Ok(plan)
}

fn edits(systemd: &Systemd, texts: &Units<'_>) -> Result<Vec<Edit>, Failure> {
    let write = |name: &str, text: String| Edit::Write {
        path: systemd.unit(name),
        content: Content::Public(text.into_bytes()),
        mode: 0o644,
        owner: None,
    };
    let wants = systemd.wants();
    let mut edits = Vec::new();
    if let Some(folder) = wants.parent() {
        edits.extend(Edit::missing_directories(folder, 0o755, None)?);
    }
    edits.push(write(SERVICE, texts.service()));
    edits.push(write(TIMER, texts.timer()));
    edits.push(Edit::Symlink {
        path: wants,
        target: systemd.unit(TIMER),
    });
    Ok(edits)
}

fn notes(plan: &mut Plan, pace: &Pace, access: &Access, systemd: &Systemd) {
    let (_, every) = units::calendar(pace.every);
    if every != pace.every {
        plan.note(format!(
            "a calendar has no rhythm of {}; the timer runs every {}",
            sealock_host::desired::format_life(pace.every),
            sealock_host::desired::format_life(every)
        ));
    }
    if let Some(why) = &access.open {
        plan.note(format!("the service gets no sandbox: {why}"));
    }
    let lingers = systemd
        .system
        .variable("USER")
        .is_some_and(|user| Path::new("/var/lib/systemd/linger").join(user).exists());
    if systemd.user && !lingers {
        plan.note(
            "your timers run only while you are logged in; `loginctl enable-linger` changes that",
        );
    }
}

/// Whether nothing is left to be done: the timer runs, and the service's last run went well.
fn is_at_work(systemd: &Systemd) -> bool {
    systemd.property(TIMER, "ActiveState") == "active"
        && systemd.property(SERVICE, "Result") == "success"
        && systemd.property(SERVICE, "ExecMainExitTimestampMonotonic") != "0"
}

/// Runs the service once, under all of its restrictions.
fn prove(systemd: &Systemd) -> Result<(), Failure> {
    let _never_failed = systemd.call(&["reset-failed", SERVICE]);
    let started = systemd.call(&["start", SERVICE]);
    let result = systemd.property(SERVICE, "Result");
    if started.is_ok() && result == "success" {
        return Ok(());
    }
    let status = systemd.property(SERVICE, "ExecMainStatus");
    let mut cause = format!("Result={result}, status {status}");
    for line in systemd.last_words().iter().rev().take(6).rev() {
        cause.push_str(&format!("\n{line}"));
    }
    Err(Failure::own(
        NOT_PROVED,
        "the agent's service does not work in its sandbox",
    )
    .at(SERVICE)
    .because(cause))
}

/// What was not proved does not stay.
fn take_back(session: &Session, systemd: &Systemd, failure: Failure) -> Failure {
    let taken = || -> Result<(), Failure> {
        let store = session.store()?;
        let guard: Guard = run::begin(session, &store)?;
        let plan = removal(&store, systemd)?;
        run::run(session, &store, &guard, plan)?;
        Ok(())
    };
    match taken() {
        Ok(()) => failure.state(
            "rolled back: the units are gone, and the host is as before",
            Exit::RolledBack,
        ),
        Err(other) => failure.state(
            format!("the units stay: {}", other.headline),
            Exit::NotRolledBack,
        ),
    }
}

/// This program, where the service will find it too.
fn program() -> Result<PathBuf, Failure> {
    let hidden = |path: &Path, cause: &str| {
        Err(
            Failure::own(HIDDEN_PROGRAM, "the service could not see this program")
                .at(escape(&path.to_string_lossy()))
                .because(cause.to_owned()),
        )
    };
    let Ok(path) = std::env::current_exe() else {
        return hidden(Path::new("/proc/self/exe"), "its path cannot be read");
    };
    if !path.exists() {
        return hidden(&path, "it is not there any more");
    }
    let private = ["/tmp", "/var/tmp", "/dev/shm"]
        .into_iter()
        .find(|folder| path.starts_with(folder));
    match private {
        Some(folder) => hidden(&path, &format!("the service has a {folder} of its own")),
        None => Ok(path),
    }
}

/// Where clients' files go depends on these, for whoever installs as for the service.
fn environment(systemd: &Systemd) -> Vec<(String, String)> {
    ["HOME", "DOCKER_CONFIG"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), systemd.system.variable(name)?)))
        .collect()
}

/// A sealed vault needs a credential, and a credential that can be read has to open it.
fn check_seal(session: &Session, credential: Option<&Credential>) -> Result<(), Failure> {
    let Some(wanted) = desired::find(session)? else {
        return Ok(());
    };
    if !session.has_vault()? {
        return Ok(());
    }
    let name = AuthorityName::try_from(wanted.authority.name.as_str())?;
    let vault = session.vault()?;
    let sealed = vault
        .authority(&name)?
        .is_some_and(|authority| authority.anchors.iter().any(|anchor| anchor.sealed));
    if !sealed {
        return Ok(());
    }
    let Some(credential) = credential else {
        return Err(Failure::own(
            NO_CREDENTIAL,
            "the issuer keys are sealed and the service would have nobody to ask",
        )
        .at(session.home.display().to_string()));
    };
    if let Some(passphrase) = credential.passphrase()? {
        // Keys are opened when they are asked for.
        vault
            .unlock(&name, sealock_vault::Scope::own(), Some(&passphrase))
            .and_then(|unlocked| unlocked.issuer(Purpose::Server).map(|_| ()))
            .map_err(|error| credential::wrong("--credential", &error.to_string()))?;
    }
    Ok(())
}

/// The file that an installed service writes its metrics to.
pub(crate) fn metrics_of(service: &str) -> Option<PathBuf> {
    let command = service
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart="))?;
    let words = sealock_host::unit::words(command);
    let at = words.iter().position(|word| word.value == "--metrics")?;
    words.get(at + 1).map(|word| PathBuf::from(&word.value))
}
