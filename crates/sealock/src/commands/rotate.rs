//! `sealock ca rotate`: new anchors, and nobody locked out on the way.

use serde_json::json;

use sealock_pki::Purpose;
use sealock_vault::{Operation, OperationKind, Phase};

use crate::cli;
use crate::cloak::course::is_undo;
use crate::cloak::generation::{self, Whose};
use crate::cloak::waiting::{self, Waiting};
use crate::cloak::{desired, prepare, rotation, up};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::printer::{BOLD, DIM, GOOD, paint};
use crate::session::Session;

pub(crate) fn run(session: &Session, args: &cli::Rotate) -> Result<Exit, Failure> {
    let purposes = args.anchors.purposes();
    if args.dry_run {
        return look(session, &purposes);
    }
    if args.undo {
        return rotation::undo(session, &args.consent);
    }
    let pace = rotation::Pace {
        step: args.step,
        drop_waiting: args.drop_waiting,
    };
    rotation::run(session, &purposes, pace, &args.consent)
}

/// One line of the phases.
struct Line {
    phase: Phase,
    reached: bool,
    what: String,
    restarts: bool,
}

/// The phases, where it stands, who is waited for, and the plan of the next phase when one is under way.
fn look(session: &Session, purposes: &[Purpose]) -> Result<Exit, Failure> {
    let wanted = desired::load(session)?;
    let whose = Whose::of(&wanted)?;
    let under_way = whose.operation(session)?;
    if let Some(operation) = &under_way
        && operation.kind == OperationKind::Rekey
    {
        return Err(generation::busy(operation));
    }
    let operation = match &under_way {
        Some(operation) => operation.clone(),
        None => Operation {
            id: 0,
            kind: OperationKind::Rotation,
            scope: whose.scope.clone(),
            successions: generation::successions(session, &whose, purposes)?,
            phase: Phase::Prepared,
            // Whatever was fetched until now will be out of date.
            phase_at: session.now + std::time::Duration::from_secs(1),
            started_at: session.now,
        },
    };
    let missing = waiting::list(&session.vault()?, &operation, session.now)?;
    let mut lines = lines(&operation, under_way.is_some());
    if wanted.gateway.is_some() {
        // It takes over what changes.
        lines.iter_mut().for_each(|line| line.restarts = false);
    }
    let plan = match &under_way {
        Some(operation) => {
            let observed = up::observed(&wanted.options())?;
            let course = rotation::course(operation, rotation::next(operation));
            Some(prepare::prepare(session, &wanted, &observed, &course)?.plan)
        }
        None => None,
    };
    if session.printer.json {
        session.printer.value(&json!({
            "version": 1,
            "underWay": under_way.is_some(),
            "undoing": is_undo(&operation),
            "successions": operation.successions.iter().map(|one| json!({
                "purpose": one.purpose.to_string(), "from": one.from, "to": one.to,
            })).collect::<Vec<_>>(),
            "phases": lines.iter().map(|line| json!({
                "phase": line.phase.as_str(), "reached": line.reached, "what": line.what, "restart": line.restarts,
            })).collect::<Vec<_>>(),
            "waitingFor": missing.iter().map(|one| json!({ "identity": one.identity, "place": one.place })).collect::<Vec<_>>(),
            "plan": plan.as_ref().map(sealock_change::Plan::to_json).transpose()?,
        }));
    } else {
        show(session, &lines, &missing);
        if let Some(plan) = &plan {
            session.printer.say("");
            crate::cloak::show::plan(&session.printer, plan)?;
        }
    }
    Ok(Exit::No)
}

fn show(session: &Session, lines: &[Line], missing: &[Waiting]) {
    for line in lines {
        let mark = if line.reached {
            paint(GOOD, "done")
        } else {
            paint(DIM, "  – ")
        };
        let restart = if line.restarts { ", one restart" } else { "" };
        session.printer.data(&format!(
            "  {mark}  {} {}{restart}",
            paint(BOLD, &format!("{:<9}", line.phase.as_str())),
            line.what
        ));
    }
    if missing.is_empty() {
        return;
    }
    session
        .printer
        .data("\nThese have files that only they can replace, and are waited for:");
    for one in missing {
        session.printer.data(&format!(
            "  {}  (last: {})",
            sealock_diag::escape(&one.identity),
            sealock_diag::escape(&one.place)
        ));
    }
}

/// The phases that an operation goes through, from the first.
fn lines(operation: &Operation, begun: bool) -> Vec<Line> {
    let client = operation.succession(Purpose::Client).is_some();
    let server = operation.succession(Purpose::Server).is_some();
    if is_undo(operation) {
        let line = |phase, reached, what: &str| Line {
            phase,
            reached,
            what: what.to_owned(),
            restarts: true,
        };
        return vec![
            line(
                Phase::Swapped,
                true,
                "the older generation signs again; both are trusted",
            ),
            line(Phase::Dropped, false, "the newer generation is refused"),
        ];
    }
    let mut walk = operation.clone();
    walk.phase = Phase::Prepared;
    let mut lines = vec![Line {
        phase: Phase::Prepared,
        reached: begun,
        what: "the new anchors are made; nobody trusts them".to_owned(),
        restarts: false,
    }];
    while walk.phase != Phase::Dropped {
        walk.phase = rotation::next(&walk);
        let (what, restarts) = match walk.phase {
            Phase::Trusted if server && client => {
                ("daemon and clients trust both generations", true)
            }
            Phase::Trusted if client => ("the daemon trusts both client anchors", true),
            Phase::Trusted => ("clients trust both server anchors", false),
            Phase::Issued => ("clients get certificates of the new anchor", false),
            Phase::Swapped => ("the daemon shows a certificate of the new anchor", true),
            _ => ("the old generation is refused", client),
        };
        lines.push(Line {
            phase: walk.phase,
            reached: begun && operation.phase >= walk.phase,
            what: what.to_owned(),
            restarts,
        });
    }
    lines
}
