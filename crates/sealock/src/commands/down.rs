//! `sealock down`: every file back, byte for byte, with the containers alive.

use sealock_change::{Action, BoxDiagnose, Content, Edit, Plan};
use sealock_host::desired::gateway::AUDIT;
use sealock_host::{Desired, Options, Service, plan_down};
use sealock_probe::{Target, served_certificate};

use crate::agent::install;
use crate::ask;
use crate::cli::Down;
use crate::cloak::proof::Baseline;
use crate::cloak::{desired, gateway, run, services, show, targets, up};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// The desired state of a host that is down, for the next `up`.
const LAST: &str = "sealock.toml.last";

pub(crate) fn run(session: &Session, args: Down) -> Result<Exit, Failure> {
    let store = session.store()?;
    let guard = run::begin(session, &store)?;
    let originals = store.originals()?;
    let nothing = || {
        session
            .printer
            .say("0 changes: sealock has changed nothing on this host");
        Ok(Exit::Done)
    };
    let text = desired::text(session)?;
    if originals.is_empty() && text.is_none() {
        return nothing();
    }
    // A file that somebody broke must not stand in the way of going back.
    let wanted = text
        .as_deref()
        .and_then(|text| Desired::parse(&session.config, text).ok());
    let options = wanted
        .as_ref()
        .map(Desired::options)
        .unwrap_or_else(Options::default);
    let observed = up::observed(&options)?;
    // What lies in the vault's home is ours and stays: identities outlive a host that is down.
    let outside =
        store.restore_edits_where(|original| !original.path.starts_with(&session.home))?;
    let beside = wanted
        .as_ref()
        .map_or(&[][..], |wanted| &wanted.services[..]);
    let services::Released {
        edits: outside,
        notes: released,
        kept,
    } = services::released(beside, outside)?;
    let doors = wanted
        .as_ref()
        .map(|wanted| targets::doors(&observed, wanted))
        .unwrap_or_default();
    let farewell = gateway::farewell(&store, &targets::all(&doors))?;
    // What a gateway serves says nothing of the daemon.
    let serving = farewell.is_none() && serves_ours(session, &targets::all(&doors))?;
    let mut host = plan_down(&observed, &originals, outside, serving)?;
    if originals.is_empty() && host.steps.is_empty() && farewell.is_none() {
        return nothing();
    }

    let mut plan = Plan::new(format!("put {} back as it was", observed.service.name()));
    let beside = services::farewell(beside, &originals);
    for step in beside.first {
        plan.push_action(step);
    }
    let audit = farewell.is_some();
    let mut gateway_is_gone = None;
    if let Some(farewell) = farewell {
        plan.push_action(farewell.first);
        plan.push_action(farewell.stop);
        gateway_is_gone = Some(farewell.last);
    }
    let mut agent_is_gone = None;
    if let Some(farewell) = install::before_down(&store)? {
        plan.push_action(farewell.first);
        plan.push_action(farewell.stop);
        agent_is_gone = Some(farewell.last);
    }
    if host.restart {
        Baseline::open(
            &mut plan,
            observed.service.clone(),
            observed.before(),
            targets::all(&doors),
        );
    }
    if let Some(text) = &text {
        let last = Edit::Write {
            path: session.home.join(LAST),
            content: Content::Public(text.clone().into_bytes()),
            mode: 0o600,
            owner: None,
        };
        plan.push_edit(last)?;
    }
    for step in std::mem::take(&mut host.steps) {
        plan.push(step);
    }
    for step in beside.last {
        plan.push_action(step);
    }
    for note in beside.notes.into_iter().chain(released) {
        plan.note(note);
    }
    if let Some(reload) = agent_is_gone {
        plan.push_action(reload);
    }
    if let Some(forget) = gateway_is_gone {
        plan.push_action(forget);
    }
    if host.restart {
        plan.push_action(Answers {
            service: observed.service.clone(),
        });
    }
    for note in &host.notes {
        plan.note(note.clone());
    }
    plan.forgets_originals();
    show::plan(&session.printer, &plan)?;
    for risk in &host.consents {
        ask::consent(
            session,
            &args.consent.accept,
            ask::risk(risk),
            &risk.to_string(),
        )?;
    }
    ask::proceed(session, "Put everything back?")?;
    let changes = run::run(session, &store, &guard, plan)?;
    if let Some(step) = &host.remaining_step {
        session.printer.say(&format!(
            "{changes} changes are undone. One step remains, and it is yours:\n\n  {step}\n"
        ));
        return Ok(Exit::No);
    }
    let but = match kept {
        0 => "",
        _ => ", but for what was edited since",
    };
    session.printer.say(&format!(
        "{changes} changes: every file is as it was{but}. The vault in {} stays.",
        session.home.display()
    ));
    if audit && std::path::Path::new(AUDIT).exists() {
        session.printer.say(&format!("The audit in {AUDIT} stays."));
    }
    Ok(Exit::Done)
}

/// Whether one of these addresses presents a certificate that the vault has issued.
fn serves_ours(session: &Session, targets: &[Target]) -> Result<bool, Failure> {
    if !session.has_vault()? {
        return Ok(false);
    }
    let vault = session.vault()?;
    for served in targets.iter().flat_map(served_certificate) {
        if let Some(leaf) = served.chain.first()
            && vault.find(leaf.serial())?.is_some()
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The daemon answers on its socket: the proof of the way back.
struct Answers {
    service: Service,
}

impl Action for Answers {
    fn describe(&self) -> String {
        "see that the daemon answers on its socket".to_owned()
    }

    fn apply(&mut self) -> Result<(), BoxDiagnose> {
        self.service
            .wait_ready(None)
            .map_err(|error| Box::new(error) as BoxDiagnose)
    }

    fn undo(&mut self) -> Result<(), BoxDiagnose> {
        Ok(())
    }

    fn only_looks(&self) -> bool {
        true
    }
}
