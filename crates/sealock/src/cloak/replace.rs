//! Anchors that are replaced at once: the heart of a rekey, and of a revocation that a stock daemon understands.

use std::time::Instant;

use sealock_change::{Guard, Store};
use sealock_host::Desired;
use sealock_pki::Purpose;
use sealock_service::{Service, TakeUp};
use sealock_vault::{Operation, OperationKind, Phase};

use super::course::{Course, Renewal, Transition};
use super::generation::{self, Whose};
use super::{desired, prepare, run, up, waiting};
use crate::catalogue;
use crate::cli;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Which anchors are replaced, and who is left out.
#[derive(Clone, Debug)]
pub(crate) struct Replace {
    pub(crate) purposes: Vec<Purpose>,
    /// Who gets no new certificate.
    pub(crate) without: Vec<String>,
    /// Whether the old issuer keys cannot be opened any more.
    pub(crate) lost: bool,
    /// What a person is asked.
    pub(crate) question: String,
}

/// What was done.
struct Replaced {
    operation: Operation,
    changes: usize,
    took: std::time::Duration,
}

/// Makes a new generation, issues everybody else anew from it, restarts the daemon once with it, proves that the old one is
/// refused, and withdraws it. What was interrupted is gone on with.
pub(crate) fn run(
    session: &Session,
    replace: &Replace,
    consent: &cli::Consent,
) -> Result<Exit, Failure> {
    let began = Instant::now();
    let store = session.store()?;
    let (guard, interrupted) = run::begin_again(session, &store)?;
    let guard = (&store, &guard);
    let wanted = desired::load(session)?;
    let whose = Whose::of(&wanted)?;
    let under_way = whose.operation(session)?;
    if interrupted.is_some() && (under_way.is_none() || !replace.lost) {
        // The files are as they were before the run; the vault may have noted its end. The vault is right.
        up::apply_with(&session.for_a_step(), consent, guard)?;
    }
    let kind = OperationKind::Rekey;
    let was_ended = match &interrupted {
        Some(run) if replace.without.is_empty() => {
            whose.was_ended_by(session, run, kind, &replace.purposes)?
        }
        _ => false,
    };
    let operation = match under_way {
        Some(operation) if operation.kind == kind => {
            session.printer.say(&format!(
                "the rekey that began at {} goes on",
                operation.started_at
            ));
            operation
        }
        Some(operation) => return Err(generation::busy(&operation)),
        None if was_ended => {
            // The vault had withdrawn the old generation before the run was killed.
            session.printer.say("the interrupted rekey is finished");
            return Ok(Exit::Done);
        }
        None => {
            refuse_hands(session, &wanted)?;
            generation::prepare(
                session,
                &whose,
                kind,
                &replace.purposes,
                replace.lost,
                guard,
            )?
        }
    };
    let done = replace_with(session, replace, consent, &wanted, &operation, guard);
    let changes = done.inspect_err(|failure| {
        // Nothing has come of it: declined, or rolled back. The anchors wait for the next time.
        if failure.exit != Exit::NotRolledBack
            && let Err(error) = generation::cancel(session, &operation)
        {
            session.printer.warn(&error.headline);
        }
    })?;
    tell(
        session,
        &Replaced {
            operation,
            changes,
            took: began.elapsed(),
        },
    )?;
    Ok(Exit::Done)
}

fn replace_with(
    session: &Session,
    replace: &Replace,
    consent: &cli::Consent,
    wanted: &Desired,
    operation: &Operation,
    guard: (&Store, &Guard),
) -> Result<usize, Failure> {
    let course = Course {
        renewal: Renewal::All,
        transition: Some(Transition {
            operation: operation.clone(),
            phase: Phase::Dropped,
        }),
        without: replace.without.clone(),
    };
    let observed = up::observed(&wanted.options())?;
    let prepared = prepare::prepare(session, wanted, &observed, &course)?;
    up::perform(session, prepared, consent, &replace.question, guard)
}

/// Nothing can be proved, so nothing can be withdrawn, while somebody else has to restart the daemon.
pub(crate) fn refuse_hands(session: &Session, wanted: &Desired) -> Result<(), Failure> {
    let by_hand = |service: &&Service| {
        let kind = service.kind();
        kind.is_ok_and(|kind| kind.take_up() == TakeUp::Hands)
    };
    if let Some(service) = wanted.services.iter().find(by_hand) {
        return Err(Failure::own(
            catalogue::CANNOT_RESTART,
            format!("sealock cannot restart the service {}", service.name),
        )
        .at(session.config.display().to_string())
        .because(
            "it has neither `reload` nor `restart`; every phase has to be proved before the next",
        )
        .help("[[service]]\nrestart = \"/path/to/restart\""));
    }
    let observed = up::observed(&wanted.options())?;
    // A gateway takes new files over by itself.
    if observed.service.can_restart() || wanted.gateway.is_some() {
        return Ok(());
    }
    Err(
        Failure::own(catalogue::CANNOT_RESTART, "sealock cannot restart this daemon")
            .at(session.config.display().to_string())
            .because(
                "no service manager runs it, and no restart-command is set; every phase has to be proved before the next",
            )
            .help("[daemon]\nrestart-command = \"/path/to/restart\""),
    )
}

fn tell(session: &Session, replaced: &Replaced) -> Result<(), Failure> {
    for one in &replaced.operation.successions {
        session.printer.say(&format!(
            "{} anchor {} is refused everywhere; {} signs",
            one.purpose, one.from, one.to
        ));
    }
    session.printer.say(&format!(
        "{} changes in {:.1} s, proved from outside.",
        replaced.changes,
        replaced.took.as_secs_f64()
    ));
    let left_behind = waiting::list(&session.vault()?, &replaced.operation, session.now)?;
    if !left_behind.is_empty() {
        session
            .printer
            .say("These have files that only they can replace, and are refused until they do:");
    }
    for one in &left_behind {
        session.printer.say(&format!(
            "  {}  (last: {})  {}",
            sealock_diag::escape(&one.identity),
            sealock_diag::escape(&one.place),
            one.help
        ));
    }
    Ok(())
}
