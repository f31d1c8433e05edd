//! The plan that makes a host as `sealock.toml` wants it, and the run of it.

use std::rc::Rc;
use std::sync::Arc;

use sealock_change::{Edit, Guard, Plan, Snapshot, Step, Store};
use sealock_diag::escape;
use sealock_host::{
    Answering, Desired, HostPlan, Live, Local, Observed, Options, System, observe, plan_up,
};
use sealock_pki::Purpose;
use sealock_probe::{Proof, ProofKit};
use sealock_vault::SystemEntropy;

use super::course::{Advance, Course};
use super::credentials::{self, Authority, is_half_over};
use super::keep::{InUse, Record, Settle, StoreAuthority};
use super::proof::{Baseline, Kits, Prove, Seen, Shown, failed_rows, look};
use super::singles::{self, Moved};
use super::targets::{self, Door};
use super::{clients, run, show};
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
    let prepared = prepare(session, &wanted, &observed, &Course::default())?;
    carry_out(session, prepared, None, consent, &wanted, (store, guard))
}

/// Everything between the desired state and the run.
pub(crate) struct Prepared {
    pub(crate) plan: Plan,
    host: HostSide,
    shown: Shown,
    kits: Kits,
    doors: Vec<Door>,
}

impl Prepared {
    /// What is left to a person although nothing is to be written, in words for them.
    pub(crate) fn only_remaining(&self) -> Option<String> {
        let step = self.host.remaining_step.as_ref()?;
        self.plan.is_empty().then(|| remaining_words(step, 0))
    }

    /// What a person would have to restart, so that nothing can be proved before.
    pub(crate) fn remaining_step(&self) -> Option<&str> {
        self.host.remaining_step.as_deref()
    }
}

struct HostSide {
    consents: Vec<sealock_host::Consent>,
    remaining_step: Option<String>,
}

/// Makes the plan; nothing is written.
pub(crate) fn prepare(
    session: &Session,
    desired: &Desired,
    observed: &Observed,
    course: &Course,
) -> Result<Prepared, Failure> {
    let mut authority =
        Authority::open_or_make(session, &desired.authority.name, desired.authority.key)?;
    let before = authority.states();
    if let Some(transition) = &course.transition {
        authority.assume(&transition.states());
    }
    let authority = authority;
    let mut server = credentials::server(session, &authority, desired, observed, &course.renewal)?;
    let doors = targets::doors(observed, desired);
    let mut host = daemon_side(observed, desired, &authority, &server, &doors)?;
    if host.restart && server.issued.is_none() && is_half_over(&server.leaf, session.now) {
        // The daemon is restarted anyway: renewed now, it need not be restarted for that.
        let reason = "the daemon is restarted anyway, and half of its life is over".to_owned();
        server = credentials::issue_server(session, &authority, desired, Some(reason))?;
        host = daemon_side(observed, desired, &authority, &server, &doors)?;
    }
    let kits = kits(session, &authority, &server)?;

    let title = match &course.transition {
        Some(transition) => transition.title(),
        None => format!("put {} behind mutual TLS", observed.service.name()),
    };
    let mut plan = Plan::new(title);
    let mut issued = Vec::new();
    let mut in_use = Vec::new();
    if let Some(server) = &server.issued {
        issued.push(server.to_record());
    }
    in_use.push(InUse {
        identity: DAEMON.to_owned(),
        purpose: Purpose::Server,
        serial: server.leaf.serial().clone(),
        places: vec![
            observed
                .directory
                .join(server.material.folder())
                .display()
                .to_string(),
        ],
    });
    let mut edits = Vec::new();
    for client in &desired.clients {
        if course.without.contains(&client.name) {
            continue;
        }
        let files = clients::files(session, &authority, desired, client, &course.renewal)?;
        if let Some(new) = &files.issued {
            issued.push(new.to_record());
        }
        in_use.push(InUse {
            identity: client.name.clone(),
            purpose: Purpose::Client,
            serial: files.bundle.leaf().serial().clone(),
            places: files.places,
        });
        edits.extend(files.edits);
    }
    let mut moved = Vec::new();
    for single in singles::due(session, &authority, course)? {
        moved.push((
            single.old,
            single.issued.certificate().serial().clone(),
            single.places,
        ));
        issued.push(single.issued.to_record());
        edits.extend(single.edits);
        plan.notes.extend(single.note);
    }

    if let Some((key_kind, server, client)) = authority.to_store() {
        let passphrase = session.new_passphrase()?;
        if passphrase.is_none() {
            plan.note(UNSEALED);
        }
        plan.push_action(StoreAuthority {
            home: session.home.clone(),
            name: authority.name.clone(),
            key_kind,
            server,
            client,
            passphrase,
            now: session.now,
        });
    }
    let settle = !issued.is_empty();
    if settle {
        plan.push_action(Record {
            home: session.home.clone(),
            entries: issued,
            now: session.now,
        });
    }
    let daemon_changes = !host.steps.is_empty();
    if daemon_changes {
        Baseline::open(
            &mut plan,
            observed.service.clone(),
            observed.before(),
            targets::all(&doors),
        );
    }
    push_host(&mut plan, &mut host, edits)?;
    let mut shown = Shown::default();
    if (daemon_changes || course.transition.is_some()) && host.remaining_step.is_none() {
        let (prove, place) = Prove::new(kits.clone(), targets::all(&doors));
        shown = place;
        plan.push_action(prove);
    }
    if let Some(transition) = &course.transition {
        plan.push_action(Advance {
            home: session.home.clone(),
            name: authority.name.clone(),
            transition: transition.clone(),
            before,
            now: session.now,
        });
    }
    if !moved.is_empty() {
        plan.push_action(Moved {
            home: session.home.clone(),
            moved,
            now: session.now,
        });
    }
    if settle {
        plan.push_action(Settle {
            home: session.home.clone(),
            in_use,
            now: session.now,
        });
    }
    if host.remaining_step.is_none() {
        for edit in std::mem::take(&mut host.cleanup) {
            plan.push_edit(edit)?;
        }
    }
    if let Some(reason) = &server.reason {
        plan.note(format!(
            "the daemon's certificate is issued anew: {}",
            escape(reason)
        ));
    }
    for note in &host.notes {
        plan.note(note.clone());
    }
    Ok(Prepared {
        plan,
        host: HostSide {
            consents: host.consents,
            remaining_step: host.remaining_step,
        },
        shown,
        kits,
        doors,
    })
}

/// The daemon's side of the plan, with what answers now.
fn daemon_side(
    observed: &Observed,
    desired: &Desired,
    authority: &Authority,
    server: &credentials::Server,
    doors: &[Door],
) -> Result<HostPlan, Failure> {
    let trusted = authority
        .trusted(Purpose::Client)?
        .iter()
        .map(|anchor| anchor.subject_der().to_vec())
        .collect();
    let expected = Seen::Tls(server.leaf.fingerprint(), trusted);
    let live = Live(
        doors
            .iter()
            .map(|door| (door.listen, answering(door, &expected)))
            .collect(),
    );
    Ok(plan_up(observed, desired, &server.material, &live)?)
}

/// Who must get in and who must not: the clients of the anchor that signs, of others that are trusted, and of the
/// youngest that is withdrawn.
fn kits(
    session: &Session,
    authority: &Authority,
    server: &credentials::Server,
) -> Result<Kits, Failure> {
    let trust = vec![authority.anchor(Purpose::Server)?.clone()];
    let forge = |issuer| {
        ProofKit::forge(
            issuer,
            trust.clone(),
            server.identity.clone(),
            session.now,
            &mut SystemEntropy,
        )
    };
    let signing = forge(authority.issuer(Purpose::Client)?)?;
    let mut others = Vec::new();
    for issuer in authority.also_trusted(Purpose::Client) {
        let who = format!("clients of {}", escape(&issuer.certificate().subject()));
        others.push((who, forge(issuer)?));
    }
    if let Some(retired) = authority.last_withdrawn(Purpose::Client) {
        let who = format!(
            "clients of {}, which is withdrawn",
            escape(&retired.certificate().subject())
        );
        let foreign = credentials::throwaway_client(retired, session.now)?;
        if let Some(foreign) = foreign {
            others.push((who, signing.with_foreign(foreign)?));
        }
    }
    Ok(Kits { signing, others })
}

/// The host's steps, with the files of clients just before the restart: until then the old ones let them in.
fn push_host(plan: &mut Plan, host: &mut HostPlan, edits: Vec<Edit>) -> Result<(), Failure> {
    let mut steps = std::mem::take(&mut host.steps);
    let restart = if host.restart { steps.pop() } else { None };
    for step in steps {
        plan.push(step);
    }
    for edit in edits {
        plan.push_edit(edit)?;
    }
    if let Some(restart) = restart {
        plan.push(restart);
    }
    Ok(())
}

/// What the first reachable address of a door answers with.
fn answering(door: &Door, expected: &Seen) -> Answering {
    let mut worst = Answering::Serving;
    for target in &door.targets {
        match look(target) {
            seen if seen == *expected => {}
            Seen::Tls(..) | Seen::Plain => return Answering::Stale,
            Seen::Silent => worst = Answering::Silent,
        }
    }
    worst
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
    } = prepared;
    let all = targets::all(&doors);
    if plan.is_empty() && intent.is_none() {
        if let Some(step) = &host.remaining_step {
            return remaining(session, step, consent, &all, &kits, 0, desired);
        }
        session
            .printer
            .say("0 changes: this host is as sealock.toml wants it");
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
fn remaining_words(step: &str, changes: usize) -> String {
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
