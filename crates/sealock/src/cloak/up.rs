//! The plan that makes a host as `sealock.toml` wants it, and the run of it.

use std::rc::Rc;
use std::sync::Arc;

use sealock_change::{Edit, Guard, Plan, Snapshot, Step, Store};
use sealock_host::{Desired, Local, Observed, Options, System, observe};
use sealock_probe::Proof;

use super::course::Course;
use super::prepare::{self, Prepared};
use super::proof::{Kits, failed_rows};
use super::{clients, run, services, show, targets};
use crate::ask;
use crate::catalogue;
use crate::cli;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// The name under which the inventory knows the daemon of this host.
pub(crate) const DAEMON: &str = "dockerd";

/// Said once, when an authority is made without a passphrase.
pub(crate) const UNSEALED: &str = "the issuer keys are not sealed with a passphrase, so whoever is root here can sign; \
    --passphrase prompt, given when the authority is made, seals them";

/// Looks at the host.
pub(crate) fn observed(options: &Options) -> Result<Observed, Failure> {
    let system: Arc<dyn System> = Arc::new(Local::new());
    Ok(observe(&system, options)?)
}

/// Makes the host as `sealock.toml` wants it, and proves it.
pub(crate) fn apply(session: &Session, consent: &cli::Consent) -> Result<Exit, Failure> {
    let store = session.store()?;
    let guard = run::begin(session, &store)?;
    apply_with(session, consent, (&store, &guard))
}

/// The same for who has the lock already.
pub(crate) fn apply_with(
    session: &Session,
    consent: &cli::Consent,
    (store, guard): (&Store, &Guard),
) -> Result<Exit, Failure> {
    let wanted = super::desired::load(session)?;
    let observed = observed(&wanted.options())?;
    let prepared = prepare::prepare(session, &wanted, &observed, &Course::default())?;
    carry_out(session, prepared, None, consent, &wanted, (store, guard))
}

/// Shows a plan, asks with this question, and runs it: for a phase of something larger. Gives the number of changes.
pub(crate) fn perform(
    session: &Session,
    prepared: Prepared,
    consent: &cli::Consent,
    question: &str,
    (store, guard): (&Store, &Guard),
) -> Result<usize, Failure> {
    show::plan(&session.printer, &prepared.plan)?;
    for risk in &prepared.host.consents {
        ask::consent(session, &consent.accept, ask::risk(risk), &risk.to_string())?;
    }
    ask::proceed(session, question)?;
    run::run(session, store, guard, prepared.plan)
}

/// Shows the plan, asks, runs it, and shows the proof.
pub(crate) fn carry_out(
    session: &Session,
    prepared: Prepared,
    intent: Option<Plan>,
    consent: &cli::Consent,
    desired: &Desired,
    guard: (&Store, &Guard),
) -> Result<Exit, Failure> {
    let Prepared {
        plan,
        host,
        shown,
        kits,
        doors,
        services,
    } = prepared;
    let all = targets::all(&doors);
    if plan.is_empty() && intent.is_none() {
        if let Some(step) = &host.remaining_step {
            return remaining(session, step, consent, &all, &kits, 0, desired);
        }
        session
            .printer
            .say("0 changes: this host is as sealock.toml wants it");
        tell(session, &services);
        let proof = kits.prove(&all).map_err(|error| Failure::new(&*error))?;
        return conclude(session, &proof, 0, desired);
    }
    if let Some(intent) = &intent {
        show::plan(&session.printer, intent)?;
        session.printer.say("");
    }
    show::plan(&session.printer, &plan)?;
    for risk in &host.consents {
        ask::consent(session, &consent.accept, ask::risk(risk), &risk.to_string())?;
    }
    ask::proceed(session, "Apply this plan?")?;
    let (store, guard) = guard;
    let intent = prepared_intent(session, store, guard, intent)?;
    let changes = run::run(session, store, guard, plan)
        .map_err(|failure| take_back(session, store, guard, intent, failure))?;
    tell(session, &services);
    if let Some(step) = &host.remaining_step {
        return remaining(session, step, consent, &all, &kits, changes, desired);
    }
    match Rc::try_unwrap(shown)
        .ok()
        .and_then(std::cell::RefCell::into_inner)
    {
        Some(proof) => conclude(session, &proof, changes, desired),
        // Nothing about the daemon changed, so the run had no proof of its own.
        None => conclude(
            session,
            &kits.prove(&all).map_err(|error| Failure::new(&*error))?,
            changes,
            desired,
        ),
    }
}

/// What was proved of services, line by line.
fn tell(session: &Session, services: &services::Proofs) {
    for line in services.borrow().iter() {
        session.printer.say(line);
    }
}

/// Writes `sealock.toml` as a run of its own, before anything else: a cloaking that is killed then knows where it was going,
/// and `apply` finishes it. Gives what takes it back, folders included.
fn prepared_intent(
    session: &Session,
    store: &Store,
    guard: &Guard,
    intent: Option<Plan>,
) -> Result<Vec<Edit>, Failure> {
    let Some(plan) = intent else {
        return Ok(Vec::new());
    };
    let mut back = Vec::new();
    for step in plan.steps.iter().rev() {
        if let Step::File(edit) = step {
            let path = edit.path().to_path_buf();
            let was = Snapshot::take(&path)?;
            back.push(Edit::Restore { path, was });
        }
    }
    run::run(session, store, guard, plan)?;
    Ok(back)
}

/// A cloaking that failed leaves no intent behind either.
fn take_back(
    session: &Session,
    store: &Store,
    guard: &Guard,
    intent: Vec<Edit>,
    failure: Failure,
) -> Failure {
    if intent.is_empty() || failure.exit == Exit::NotRolledBack {
        return failure;
    }
    // What was not there before can go without a journal, for which a full disk may have no room: a
    // removal that is done in part is done in full by the next one.
    let made: Option<Vec<_>> = intent
        .iter()
        .map(|edit| match edit {
            Edit::Restore {
                path,
                was: Snapshot::Absent,
            } => Some(path.clone()),
            _ => None,
        })
        .collect();
    let mut plan = Plan::new("take sealock.toml back");
    for edit in intent {
        plan.push(Step::File(edit));
    }
    match run::run(session, store, guard, plan) {
        Ok(_) => failure,
        Err(_)
            if made.is_some_and(|made| {
                made.iter()
                    .all(|path| sealock_change::fs::remove(path).is_ok())
            }) =>
        {
            failure
        }
        Err(other) => failure.state(
            format!(
                "{}; {} stays ({})",
                NOTHING_ELSE,
                session.config.display(),
                other.headline
            ),
            Exit::NotRolledBack,
        ),
    }
}

/// The host is as before but for one file of our own.
const NOTHING_ELSE: &str = "rolled back and verified";

/// The plan that writes `sealock.toml`.
pub(crate) fn intent(edit: Edit) -> Result<Plan, Failure> {
    let mut plan = Plan::new("write down what is wanted");
    if let Some(parent) = edit.path().parent() {
        for missing in Edit::missing_directories(parent, 0o755, None)? {
            plan.push_edit(missing)?;
        }
    }
    plan.push_edit(edit)?;
    Ok(plan)
}

/// What is left to a person, when `changes` were written before.
pub(super) fn remaining_words(step: &str, changes: usize) -> String {
    let written = match changes {
        0 => "everything is written".to_owned(),
        _ => format!("{changes} changes are written"),
    };
    format!("{written}. One step remains, and it is yours:\n\n  {step}\n")
}

/// A daemon that somebody else restarts: say how, wait if told to, and prove then.
fn remaining(
    session: &Session,
    step: &str,
    consent: &cli::Consent,
    targets: &[sealock_probe::Target],
    kits: &Kits,
    changes: usize,
    desired: &Desired,
) -> Result<Exit, Failure> {
    session.printer.say(&remaining_words(step, changes));
    let deadline =
        std::time::Instant::now() + std::time::Duration::from_secs(consent.wait.unwrap_or(0));
    while std::time::Instant::now() < deadline {
        let proof = sealock_probe::prove(targets, &kits.signing);
        if proof.holds() {
            return conclude(session, &proof, changes, desired);
        }
        std::thread::sleep(std::time::Duration::from_millis(500));
    }
    session
        .printer
        .say("When it is done, `sealock status` proves it.");
    Ok(Exit::No)
}

/// Prints the proof and how to go on.
fn conclude(
    session: &Session,
    proof: &Proof,
    changes: usize,
    desired: &Desired,
) -> Result<Exit, Failure> {
    if session.printer.json {
        let mut value = serde_json::to_value(proof.report()).unwrap_or_default();
        if let Some(object) = value.as_object_mut() {
            object.insert("changes".to_owned(), changes.into());
        }
        session.printer.value(&value);
    } else {
        session.printer.raw(&show::proof(proof));
    }
    if !proof.holds() {
        return Err(Failure::own(catalogue::PROOF, "the proof does not hold")
            .because(failed_rows(proof).join("\n"))
            .exit(Exit::No));
    }
    if changes > 0 {
        let endpoint = clients::endpoint(desired)?;
        session.printer.say(&format!(
            "\n{changes} changes applied and proved. The API is at {endpoint}."
        ));
        if let Some(client) = desired.clients.first() {
            session.printer.say(&format!(
                "On this machine:  eval \"$(sealock client env {})\" && docker version",
                client.name
            ));
            session.printer.say(&format!(
                "For another one:  sealock client bundle {}",
                client.name
            ));
        }
    }
    Ok(Exit::Done)
}
