//! Running a plan: progress for people, and the state of the host in every failure.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressStyle};
use sealock_change::{Guard, Plan, RunSummary, State, StepInfo, Store, Watch};
use sealock_diag::Diagnose;
use sealock_vault::Vault;

use crate::exit::Exit;
use crate::failure::{Failure, NOTHING_CHANGED};
use crate::printer::{BAD, GOOD, Printer, WARN, paint};
use crate::session::Session;

/// Takes the lock and clears up what an interrupted run has left.
pub(crate) fn begin(session: &Session, store: &Store) -> Result<Guard, Failure> {
    begin_again(session, store).map(|(guard, _)| guard)
}

/// The same, and the run that was interrupted.
pub(crate) fn begin_again(
    session: &Session,
    store: &Store,
) -> Result<(Guard, Option<RunSummary>), Failure> {
    let guard = store.lock()?;
    // A restore that was killed leaves no half home, but keys beside it.
    crate::sealed::clear_up(&session.home)?;
    let interrupted = store.interrupted()?;
    // A run that was to make nothing but keys has no journal, so this is not for interrupted ones alone.
    if let Err(error) = Vault::clear_up(&session.home)
        && interrupted.is_some()
    {
        // Half-made keys in a closed folder are no reason to leave the host as it is.
        session
            .printer
            .warn(&format!("the vault could not be cleared up: {error}"));
    }
    super::rehearsal::clear_up(&session.home)?;
    if let Some(recovery) = store.recover(&guard)? {
        super::gateway::settle(session, &recovery);
        let what = if recovery.committed {
            "finished"
        } else {
            "undone"
        };
        session.printer.warn(&format!(
            "an interrupted run ({}) was {what}: {} files were put back",
            sealock_diag::escape(&recovery.run.title),
            recovery.restored.len()
        ));
        for path in &recovery.kept {
            session.printer.warn(&format!(
                "{} was changed by somebody else since, and stays",
                sealock_diag::escape(&path.to_string_lossy())
            ));
        }
    }
    Ok((guard, interrupted))
}

/// Runs a plan that was shown and accepted.
pub(crate) fn run(
    session: &Session,
    store: &Store,
    guard: &Guard,
    plan: Plan,
) -> Result<usize, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let mut signals = vec![signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM];
    // The terminal of a person is gone; for the agent SIGHUP means something else.
    signals.extend((!session.printer.is_log()).then_some(signal_hook::consts::SIGHUP));
    for signal in signals {
        // Without the handler a signal ends us at once, and the next command undoes the run: safe, only less polite.
        let _unhandled = signal_hook::flag::register(signal, Arc::clone(&stop));
    }
    let mut watch = Progress {
        printer: &session.printer,
        stop,
        bar: bar(&session.printer),
    };
    let done = store.run(guard, plan, session.now.as_unix(), &mut watch);
    if let Some(bar) = &watch.bar {
        bar.finish_and_clear();
    }
    done.map(|done| done.changes)
        .map_err(|failure| explain(&failure, watch.stop.load(Ordering::Relaxed)))
}

/// Exit code and state line of a failed run.
fn explain(failure: &sealock_change::Failure, stopped: bool) -> Failure {
    let (state, exit) = match &failure.state {
        State::NothingChanged => (NOTHING_CHANGED.to_owned(), Exit::Failed),
        State::RolledBack => (
            "rolled back and verified; the host is as before".to_owned(),
            Exit::RolledBack,
        ),
        State::Partly(left) => (
            format!("partly changed:\n{}", left.join("\n")),
            Exit::NotRolledBack,
        ),
    };
    let exit = if stopped && exit != Exit::NotRolledBack {
        Exit::Interrupted
    } else {
        exit
    };
    Failure::new(failure).state(state, exit)
}

/// A bar on a terminal; elsewhere only what went wrong, and every step with `-v`.
struct Progress<'a> {
    printer: &'a Printer,
    stop: Arc<AtomicBool>,
    bar: Option<ProgressBar>,
}

impl Watch for Progress<'_> {
    fn started(&mut self, step: &StepInfo) {
        if let Some(bar) = &self.bar {
            bar.set_length(step.total as u64);
            bar.set_position(step.index as u64 - 1);
            bar.set_message(step.description.clone());
        }
    }

    fn done(&mut self, step: &StepInfo) {
        self.printer.detail(&line(&paint(GOOD, "done"), step));
    }

    fn failed(&mut self, step: &StepInfo, _cause: &dyn Diagnose) {
        self.tell(&paint(BAD, "failed"), step);
    }

    fn undone(&mut self, step: &StepInfo) {
        self.tell(&paint(WARN, "undone"), step);
    }

    fn not_undone(&mut self, step: &StepInfo, reason: &str) {
        self.tell(&paint(BAD, "not undone"), step);
        self.printer.say(&format!("    {reason}"));
    }

    fn wants_to_stop(&mut self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

impl Progress<'_> {
    fn tell(&self, word: &str, step: &StepInfo) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        self.printer.say(&line(word, step));
    }
}

fn line(word: &str, step: &StepInfo) -> String {
    format!(
        "  [{}/{}] {word}: {}",
        step.index, step.total, step.description
    )
}

fn bar(printer: &Printer) -> Option<ProgressBar> {
    let style = ProgressStyle::with_template("  {bar:24} {pos}/{len} {wide_msg}").ok()?;
    (printer.is_interactive() && !printer.verbose).then(|| ProgressBar::new(0).with_style(style))
}
