//! Renewal: same name, new key, for whoever is due.

use sealock_change::Plan;
use sealock_host::Desired;
use sealock_vault::{Filter, StateKind, Usage};

use super::course::{Course, Renewal};
use super::credentials::Authority;
use super::keep::Record;
use super::singles::{self, Moved};
use super::{desired, prepare, run, show, up};
use crate::ask;
use crate::catalogue;
use crate::cli;
use crate::commands::ca::name_of_this_host;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Renews, in one run with at most one restart, and proves the result.
pub(crate) fn run(
    session: &Session,
    renewal: &Renewal,
    consent: &cli::Consent,
) -> Result<Exit, Failure> {
    let store = session.store()?;
    let guard = run::begin(session, &store)?;
    let wanted = desired::find(session)?;
    check(session, renewal, wanted.as_ref())?;
    match wanted {
        Some(wanted) => {
            let observed = up::observed(&wanted.options())?;
            let prepared = prepare::prepare(session, &wanted, &observed, &course(renewal))?;
            up::carry_out(session, prepared, None, consent, &wanted, (&store, &guard))
        }
        None => {
            let plan = of_singles(session, renewal)?;
            if plan.is_empty() {
                session.printer.say("0 changes: nothing is due");
                return Ok(Exit::Done);
            }
            show::plan(&session.printer, &plan)?;
            ask::proceed(session, "Renew these?")?;
            run::run(session, &store, &guard, plan)?;
            Ok(Exit::Done)
        }
    }
}

/// Shows what would be done. Exit 3 when something would.
pub(crate) fn look(session: &Session, renewal: &Renewal) -> Result<Exit, Failure> {
    let wanted = desired::find(session)?;
    check(session, renewal, wanted.as_ref())?;
    let plan = match &wanted {
        Some(wanted) => {
            let observed = up::observed(&wanted.options())?;
            prepare::prepare(session, wanted, &observed, &course(renewal))?.plan
        }
        None => of_singles(session, renewal)?,
    };
    if session.printer.json {
        session.printer.value(&plan.to_json()?);
    } else if plan.is_empty() {
        session.printer.say("0 changes: nothing is due");
    } else {
        show::plan(&session.printer, &plan)?;
    }
    Ok(if plan.is_empty() {
        Exit::Done
    } else {
        Exit::No
    })
}

fn course(renewal: &Renewal) -> Course {
    Course {
        renewal: renewal.clone(),
        ..Course::default()
    }
}

/// A vault without a daemon: only certificates of `cert issue`.
fn of_singles(session: &Session, renewal: &Renewal) -> Result<Plan, Failure> {
    let name = name_of_this_host(session)?;
    let mut plan = Plan::new("renew certificates");
    let Some(authority) = Authority::open(session, &name)? else {
        return Ok(plan);
    };
    let (mut issued, mut moved, mut edits) = (Vec::new(), Vec::new(), Vec::new());
    for single in singles::due(session, &authority, &course(renewal))? {
        let serial = single.issued.certificate().serial().clone();
        moved.push((single.old, serial, single.places));
        issued.push(single.issued.to_record());
        edits.extend(single.edits);
        plan.notes.extend(single.note);
    }
    if issued.is_empty() {
        return Ok(plan);
    }
    plan.push_action(Record {
        home: session.home.clone(),
        entries: issued,
        now: session.now,
    });
    for edit in edits {
        plan.push_edit(edit)?;
    }
    plan.push_action(Moved {
        home: session.home.clone(),
        moved,
        now: session.now,
    });
    Ok(plan)
}

/// A name that nobody has is a mistake, and not a renewal of nothing.
fn check(session: &Session, renewal: &Renewal, wanted: Option<&Desired>) -> Result<(), Failure> {
    let Renewal::Names(names) = renewal else {
        return Ok(());
    };
    let mut known: Vec<String> = Vec::new();
    if let Some(wanted) = wanted {
        known.push(up::DAEMON.to_owned());
        known.extend(wanted.clients.iter().map(|client| client.name.clone()));
        known.extend(wanted.services.iter().map(|service| service.name.clone()));
    }
    if session.has_vault()? {
        let entries = session
            .vault()?
            .entries(Filter::all().state(StateKind::Active))?;
        let kept = entries
            .into_iter()
            .filter(|entry| entry.usage == Usage::Standing && singles::is_kept(entry));
        known.extend(kept.map(|entry| entry.identity));
    }
    known.sort();
    known.dedup();
    match names.iter().find(|name| !known.contains(name)) {
        None => Ok(()),
        Some(unknown) => Err(Failure::own(
            catalogue::NO_CLIENT,
            format!(
                "there is no certificate of {} to renew",
                sealock_diag::escape(unknown)
            ),
        )
        .because(format!(
            "known are {}",
            sealock_diag::escape(&known.join(", "))
        ))
        .help("sealock cert list")),
    }
}
