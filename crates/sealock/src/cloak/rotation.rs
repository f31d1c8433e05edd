//! A rotation: new anchors phase by phase, both generations trusted in between, each phase proved before the next.

use sealock_change::{Guard, Store};
use sealock_host::Desired;
use sealock_pki::Purpose;
use sealock_vault::{Operation, OperationKind, Phase};

use super::course::{Course, Renewal, Transition, is_undo};
use super::generation::{self, Whose};
use super::replace::refuse_hands;
use super::waiting::{self, Waiting};
use super::{desired, prepare, run, up};
use crate::catalogue;
use crate::cli;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// How far a command goes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pace {
    /// Only the next phase.
    pub(crate) step: bool,
    /// Past those who have not fetched their new bundle.
    pub(crate) drop_waiting: bool,
}

/// The phase after this one, for an operation on these anchors.
pub(crate) fn next(operation: &Operation) -> Phase {
    let clients = operation.succession(Purpose::Client).is_some();
    let servers = operation.succession(Purpose::Server).is_some();
    match operation.phase {
        Phase::Prepared => Phase::Trusted,
        Phase::Trusted if clients => Phase::Issued,
        Phase::Trusted | Phase::Issued if servers => Phase::Swapped,
        _ => Phase::Dropped,
    }
}

/// Whether clients must have fetched something before this phase: a bundle that trusts the new server anchor before the
/// daemon shows it, a certificate of the new client anchor before the old one is refused.
pub(crate) fn needs_fetching(operation: &Operation, phase: Phase) -> bool {
    match phase {
        Phase::Swapped => !is_undo(operation),
        Phase::Dropped => is_undo(operation) || operation.succession(Purpose::Server).is_none(),
        _ => false,
    }
}

/// Begins, or goes on, as far as it gets.
pub(crate) fn run(
    session: &Session,
    purposes: &[Purpose],
    pace: Pace,
    consent: &cli::Consent,
) -> Result<Exit, Failure> {
    let store = session.store()?;
    let (guard, interrupted) = run::begin_again(session, &store)?;
    let guard = (&store, &guard);
    let wanted = desired::load(session)?;
    let whose = Whose::of(&wanted)?;
    if interrupted.is_some() {
        // The files are as they were before the run; the vault may have noted its end. The vault is right.
        up::apply_with(&session.for_a_step(), consent, guard)?;
    }
    let was_ended = match &interrupted {
        Some(run) => whose.was_ended_by(session, run, OperationKind::Rotation, purposes)?,
        None => false,
    };
    let operation = match whose.operation(session)? {
        Some(operation) if operation.kind == OperationKind::Rotation => {
            go_on(session, &operation, purposes)?;
            operation
        }
        Some(operation) => return Err(generation::busy(&operation)),
        None if was_ended => {
            // The vault had dropped the old generation before the run was killed.
            session.printer.say("the interrupted rotation is finished");
            return Ok(Exit::Done);
        }
        None => {
            refuse_hands(session, &wanted)?;
            generation::prepare(
                session,
                &whose,
                OperationKind::Rotation,
                purposes,
                false,
                guard,
            )?
        }
    };
    let result = phases(
        session,
        &whose,
        &wanted,
        operation.clone(),
        pace,
        consent,
        guard,
    );
    result.inspect_err(|failure| {
        // Declined before anybody trusted anything: there is nothing to go on with.
        let began = operation.phase == Phase::Prepared && failure.exit != Exit::NotRolledBack;
        if began
            && let Ok(Some(now)) = whose.operation(session)
            && now.phase == Phase::Prepared
            && let Err(error) = generation::cancel(session, &now)
        {
            session.printer.warn(&error.headline);
        }
    })
}

/// Goes back to the generation that signed before.
pub(crate) fn undo(session: &Session, consent: &cli::Consent) -> Result<Exit, Failure> {
    let store = session.store()?;
    let guard = run::begin(session, &store)?;
    let guard = (&store, &guard);
    let wanted = desired::load(session)?;
    let whose = Whose::of(&wanted)?;
    let Some(mut operation) = whose.operation(session)? else {
        return Err(Failure::own(
            catalogue::NOTHING_UNDER_WAY,
            "no rotation is under way, so there is nothing to undo",
        )
        .because("once the old generation is dropped, the way back is another rotation")
        .help("sealock ca rotate"));
    };
    if operation.kind == OperationKind::Rekey || operation.phase == Phase::Prepared {
        generation::cancel(session, &operation)?;
        session
            .printer
            .say("undone: nobody had come to trust the new anchors yet");
        return Ok(Exit::Done);
    }
    if !is_undo(&operation) {
        for one in &mut operation.successions {
            std::mem::swap(&mut one.from, &mut one.to);
        }
        phase(session, &wanted, &operation, Phase::Swapped, consent, guard)?;
        operation = under_way(session, &whose)?;
    }
    phases(
        session,
        &whose,
        &wanted,
        operation,
        Pace::default(),
        consent,
        guard,
    )
}

fn phases(
    session: &Session,
    whose: &Whose,
    wanted: &Desired,
    mut operation: Operation,
    pace: Pace,
    consent: &cli::Consent,
    guard: (&Store, &Guard),
) -> Result<Exit, Failure> {
    loop {
        let next = next(&operation);
        if needs_fetching(&operation, next) && !pace.drop_waiting {
            let missing = waiting::list(&session.vault()?, &operation, session.now)?;
            if !missing.is_empty() {
                tell_waiting(session, &operation, next, &missing);
                return Ok(Exit::No);
            }
        }
        phase(session, wanted, &operation, next, consent, guard)?;
        if next == Phase::Dropped {
            for one in &operation.successions {
                session.printer.say(&format!(
                    "{} anchor {} signs; {} is refused everywhere",
                    one.purpose, one.to, one.from
                ));
            }
            return Ok(Exit::Done);
        }
        operation = under_way(session, whose)?;
        if pace.step {
            session.printer.say(&format!(
                "next: {}. Run the command again for it.",
                self::next(&operation).as_str()
            ));
            return Ok(Exit::Done);
        }
    }
}

fn under_way(session: &Session, whose: &Whose) -> Result<Operation, Failure> {
    let operation = whose.operation(session)?;
    operation.ok_or_else(|| Failure::own(catalogue::BUG, "a phase was noted and is not there"))
}

/// One phase: planned, shown, asked, run, and proved.
fn phase(
    session: &Session,
    wanted: &Desired,
    operation: &Operation,
    phase: Phase,
    consent: &cli::Consent,
    guard: (&Store, &Guard),
) -> Result<(), Failure> {
    let session = &session.at_now();
    let course = course(operation, phase);
    let observed = up::observed(&wanted.options())?;
    let prepared = prepare::prepare(session, wanted, &observed, &course)?;
    if prepared.remaining_step().is_some() {
        refuse_hands(session, wanted)?;
    }
    let began = std::time::Instant::now();
    let changes = up::perform(
        session,
        prepared,
        consent,
        question(operation, phase),
        guard,
    )?;
    session.printer.say(&format!(
        "{}: {changes} changes, proved in {:.1} s\n",
        phase.as_str(),
        began.elapsed().as_secs_f64()
    ));
    Ok(())
}

/// The course that leads to a phase.
pub(crate) fn course(operation: &Operation, phase: Phase) -> Course {
    Course {
        renewal: Renewal::Due,
        transition: Some(Transition {
            operation: operation.clone(),
            phase,
        }),
        without: Vec::new(),
    }
}

fn question(operation: &Operation, phase: Phase) -> &'static str {
    match (phase, is_undo(operation)) {
        (Phase::Dropped, false) => "Drop the old generation? This cannot be undone.",
        (Phase::Dropped, true) => "Drop the new generation?",
        _ => "Go on? It can be undone until the old generation is dropped.",
    }
}

/// Says where an operation stands; other anchors than those under way cannot be asked for.
fn go_on(session: &Session, operation: &Operation, purposes: &[Purpose]) -> Result<(), Failure> {
    let all = purposes.len() > 1;
    let under_way: Vec<Purpose> = operation
        .successions
        .iter()
        .map(|one| one.purpose)
        .collect();
    if !all && under_way != purposes {
        return Err(generation::busy(operation));
    }
    session.printer.say(&format!(
        "the rotation that began at {} goes on: it is {}",
        operation.started_at,
        operation.phase.as_str()
    ));
    Ok(())
}

fn tell_waiting(session: &Session, operation: &Operation, next: Phase, missing: &[Waiting]) {
    let what = match (next, is_undo(operation)) {
        (Phase::Swapped, _) => "the daemon keeps its certificate",
        (_, false) => "the old generation stays trusted",
        (_, true) => "the new generation stays trusted",
    };
    session.printer.say(&format!(
        "{what} until these have fetched their new bundle:"
    ));
    for one in missing {
        session.printer.data(&format!(
            "  {}  (last: {})  {}",
            sealock_diag::escape(&one.identity),
            sealock_diag::escape(&one.place),
            one.help
        ));
    }
    session.printer.say(
        "Then run the command again. To lock them out instead:  sealock ca rotate --drop-waiting",
    );
}

#[cfg(test)]
mod tests {
    use super::{needs_fetching, next};
    use sealock_pki::{Purpose, Timestamp};
    use sealock_vault::{Operation, OperationKind, Phase, Scope, Succession};

    fn operation(purposes: &[Purpose], back: bool) -> Operation {
        let (from, to) = if back { (2, 1) } else { (1, 2) };
        let now = Timestamp::from_unix(0);
        Operation {
            id: 1,
            kind: OperationKind::Rotation,
            scope: Scope::own().clone(),
            successions: purposes
                .iter()
                .map(|purpose| Succession {
                    purpose: *purpose,
                    from,
                    to,
                })
                .collect(),
            phase: Phase::Prepared,
            phase_at: now,
            started_at: now,
        }
    }

    #[test]
    fn the_phases_of_each_rotation() {
        use Phase::{Dropped, Issued, Prepared, Swapped, Trusted};
        for (purposes, expected) in [
            (&[Purpose::Client][..], &[Trusted, Issued, Dropped][..]),
            (&[Purpose::Server], &[Trusted, Swapped, Dropped]),
            (
                &[Purpose::Server, Purpose::Client],
                &[Trusted, Issued, Swapped, Dropped],
            ),
        ] {
            let mut operation = operation(purposes, false);
            let mut seen = Vec::new();
            while operation.phase != Dropped {
                operation.phase = next(&operation);
                seen.push(operation.phase);
            }
            assert_eq!(seen, expected);
            assert_ne!(seen[0], Prepared);
        }
    }

    /// Exactly once on every way clients have to be waited for, and always before somebody would be locked out.
    #[test]
    fn clients_are_waited_for_once() {
        for purposes in [
            &[Purpose::Client][..],
            &[Purpose::Server],
            &[Purpose::Server, Purpose::Client],
        ] {
            for back in [false, true] {
                let operation = operation(purposes, back);
                let phases = if back {
                    vec![Phase::Dropped]
                } else {
                    vec![
                        Phase::Trusted,
                        Phase::Issued,
                        Phase::Swapped,
                        Phase::Dropped,
                    ]
                };
                let has_server = purposes.contains(&Purpose::Server);
                let waits = phases
                    .into_iter()
                    .filter(|phase| *phase != Phase::Swapped || has_server)
                    .filter(|phase| needs_fetching(&operation, *phase))
                    .count();
                assert_eq!(waits, 1, "{purposes:?} {back}");
            }
        }
    }
}
