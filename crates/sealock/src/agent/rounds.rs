//! Looks: one that is asked for, or one after the other.

use std::time::{Duration, Instant};

use sealock_pki::{Entropy, Timestamp};
use sealock_vault::SystemEntropy;
use serde_json::json;

use super::look::{Looked, Looker, exit_of, system, write_metrics};
use super::memory::Memory;
use super::notify::Manager;
use super::place::Systemd;
use super::signals::Signals;
use super::{CLOCK_BEHIND, backoff, standing, wake};
use crate::cli::Pace;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::printer::Level;
use crate::session::Session;
use crate::timeline::{Kind, next_due};

/// However long there is nothing to do: a machine that slept is noticed this soon.
const SLICE: Duration = Duration::from_secs(60);

/// `sealock agent --once`. The service asks systemd for the next look itself, where the timer would come too late.
pub(crate) fn once(session: &Session, pace: &Pace, is_unit: bool) -> Result<Exit, Failure> {
    let signals = Signals::listen();
    let ours = session.unattended();
    let round = take(&ours, pace, &signals);
    let exit = exit_of(&round.outcome);
    if is_unit && let Ok(systemd) = Systemd::find(system()) {
        for folder in standing::closed(&ours, &systemd) {
            ours.printer.log(
                Level::Warning,
                &format!("{folder} is closed to this service; `sealock agent install` opens it"),
            );
        }
    }
    if is_unit && !signals.stopped() {
        let soon = Systemd::find(system()).and_then(|systemd| {
            if exit == Exit::Done && !wake::is_soon(round.next, ours.now, pace.every) {
                wake::forget(&systemd);
                return Ok(());
            }
            wake::ask(&systemd, round.wait)
        });
        if let Err(failure) = soon {
            // The timer looks again all the same.
            ours.printer.log(Level::Warning, &line(&failure));
        }
    }
    if session.printer.json {
        session.printer.value(&json!({
            "version": 1,
            "said": round.outcome.as_ref().ok(),
            "error": round.outcome.as_ref().err().map(|failure| failure.to_json()["error"].clone()),
            "next": round.next.to_string(),
        }));
    }
    match round.outcome {
        Ok(_) => Ok(Exit::Done),
        // A log gets its line; a person gets the whole of it.
        Err(failure) if is_unit || session.printer.json => {
            ours.printer.log(Level::Error, &line(&failure));
            Ok(exit)
        }
        Err(failure) => Err(failure.exit(exit)),
    }
}

/// `sealock agent`: looks until it is stopped.
pub(crate) fn keep(session: &Session, pace: &Pace) -> Result<Exit, Failure> {
    let signals = Signals::listen();
    let manager = Manager::from_environment();
    let pulse = manager.watchdog();
    let log = session.unattended().printer;
    manager.tell("READY=1");
    let mut exit = Exit::Done;
    while !signals.stopped() {
        pulse.beat();
        let ours = session.unattended();
        manager.status("looking");
        let round = take(&ours, pace, &signals);
        exit = exit_of(&round.outcome);
        if let Err(failure) = &round.outcome
            && !signals.stopped()
        {
            let again = sealock_host::desired::format_life(round.wait);
            log.log(
                Level::Error,
                &format!("{}; tries again in {again}", line(failure)),
            );
        }
        if signals.stopped() {
            break;
        }
        manager.status(&match &round.outcome {
            Ok(said) => format!("{said}; looks again at {}", round.next),
            Err(failure) => format!(
                "failed: {}; tries again at {}",
                failure.headline, round.next
            ),
        });
        match wait(&session.at_now(), &signals, round.wait, || pulse.beat()) {
            Why::Stopped => break,
            Why::Asked => log.log(Level::Info, "SIGHUP: looks now"),
            Why::Jumped => log.log(Level::Info, "the clock went on without us: looks now"),
            Why::Due => {}
        }
    }
    manager.tell("STOPPING=1");
    pulse.end();
    log.log(Level::Info, "stopped");
    // To be stopped is no failure, unless it left something half done.
    Ok(match exit {
        Exit::NotRolledBack => exit,
        _ => Exit::Done,
    })
}

/// A look, and what follows from it.
struct Round {
    outcome: Result<String, Failure>,
    wait: Duration,
    next: Timestamp,
}

fn take(session: &Session, pace: &Pace, signals: &Signals) -> Round {
    let looker = Looker { pace, signals };
    let Looked { mut outcome, items } = looker.look(session);
    let now = session.at_now().now;
    let before = Memory::load(&session.home).unwrap_or_default();
    let is_believed = !matches!(&outcome, Err(failure) if failure.code == CLOCK_BEHIND);
    let failures = match (&outcome, signals.stopped()) {
        (Ok(_), _) => 0,
        (Err(_), true) => before.failures,
        (Err(_), false) => before.failures.saturating_add(1),
    };
    let leaves = items
        .iter()
        .filter(|item| !matches!(item.kind, Kind::Anchor { .. }));
    let left = leaves.map(|item| item.ends.since(now)).min();
    let due = next_due(&items, now).map(|(_, due)| due.since(now) + Duration::from_secs(1));
    let wait = if failures == 0 {
        backoff::after_success(due, pace.every)
    } else {
        backoff::after_failure(failures, left, pace.every, chance())
    };
    let next = now + wait;
    let memory = Memory {
        seen: if is_believed {
            now.as_unix()
        } else {
            before.seen
        },
        looked: now.as_unix(),
        succeeded: match outcome {
            Ok(_) => Some(now.as_unix()),
            Err(_) => before.succeeded,
        },
        failures,
        next: next.as_unix(),
        said: outcome
            .as_ref()
            .map_or_else(|failure| failure.headline.clone(), Clone::clone),
        code: outcome
            .as_ref()
            .err()
            .map(|failure| failure.code.0.to_owned()),
        ..before
    };
    if let Ok(said) = &outcome {
        session.printer.log(Level::Info, said);
    }
    if let Err(failure) = memory.save(&session.home) {
        session.printer.log(Level::Warning, &line(&failure));
    }
    if let Some(path) = &pace.metrics
        && let Err(failure) = write_metrics(path, session, &items, &memory, now)
    {
        match outcome {
            // Whoever asked for them wants to know that they stand still.
            Ok(_) => outcome = Err(failure),
            Err(_) => session.printer.log(Level::Warning, &line(&failure)),
        }
    }
    Round {
        outcome,
        wait,
        next,
    }
}

/// Why a wait has ended.
enum Why {
    Due,
    Stopped,
    Asked,
    Jumped,
}

/// Waits by both clocks: the one that stands still while the machine sleeps, and the one that is set by hand.
fn wait(session: &Session, signals: &Signals, time: Duration, beat: impl Fn()) -> Why {
    let (began, wall) = (Instant::now(), session.now);
    loop {
        beat();
        if signals.stopped() {
            return Why::Stopped;
        }
        if signals.wanted() {
            return Why::Asked;
        }
        let gone = began.elapsed();
        let gone_by_wall = session.at_now().now.since(wall);
        if gone_by_wall > gone + SLICE {
            return Why::Jumped;
        }
        if gone >= time || gone_by_wall >= time {
            return Why::Due;
        }
        signals.wait(SLICE.min(time.saturating_sub(gone)));
    }
}

/// A failure on one line.
fn line(failure: &Failure) -> String {
    format!("failed {}", failure.on_one_line())
}

/// A number between 0 and 1.
fn chance() -> f64 {
    let mut bytes = [0; 4];
    SystemEntropy.fill(&mut bytes);
    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{chance, line};
    use crate::failure::Failure;

    #[test]
    fn a_failure_fits_on_one_line() {
        let failure = Failure::own(crate::catalogue::PROOF, "the proof does not hold")
            .because("one\n  two")
            .help("do\nthis");
        assert_eq!(
            line(&failure),
            "failed [SL-U020]: the proof does not hold; cause: one · two; state: nothing was changed; help: do · this"
        );
    }

    #[test]
    fn chances_differ_and_stay_between_nothing_and_all() {
        let drawn: Vec<f64> = (0..16).map(|_| chance()).collect();
        assert!(drawn.iter().all(|one| (0.0..=1.0).contains(one)));
        assert!(drawn.iter().any(|one| one != &drawn[0]));
    }
}
