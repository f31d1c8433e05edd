//! One look: what an interrupted run has left is cleared up, what is due is renewed, lists are published.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sealock_change::fs;
use sealock_diag::escape;
use sealock_host::{Local, System};
use sealock_pki::Timestamp;
use sealock_vault::{AnchorState, Filter, State, Usage};

use super::clock::{self, Verdict};
use super::daemon::{Daemon, restarts};
use super::memory::Memory;
use super::signals::Signals;
use super::{CLOCK_BEHIND, REMAINS};
use crate::catalogue;
use crate::check::metrics;
use crate::cli;
use crate::cloak::course::{Course, Renewal};
use crate::cloak::{desired, prepare, renew, run, up};
use crate::commands::revoke;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::printer::Level;
use crate::session::Session;
use crate::timeline::{self, Item, Kind, items, next_due};

/// How long a look waits for another sealock that is at work.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it asks whether the clock is synchronised by now.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// The code of a lock that somebody else has.
const LOCKED: &str = "SL-C020";

/// How a look is taken.
pub(crate) struct Looker<'a> {
    pub(crate) pace: &'a cli::Pace,
    pub(crate) signals: &'a Signals,
}

/// What a look has come to.
pub(crate) struct Looked {
    pub(crate) outcome: Result<String, Failure>,
    /// What the vault keeps, after it; empty when it could not be read.
    pub(crate) items: Vec<Item>,
}

impl Looker<'_> {
    /// Looks, and says what is there afterwards, whatever came of it.
    pub(crate) fn look(&self, session: &Session) -> Looked {
        let done = self.renew(session);
        // What was issued meanwhile is dated after the beginning of the look.
        let later = session.at_now();
        let items = items(&later).unwrap_or_default();
        Looked {
            outcome: done.map(|done| done.said(&items, later.now)),
            items,
        }
    }

    fn renew(&self, session: &Session) -> Result<Done, Failure> {
        let session = &self.believed(session)?;
        self.clear_up(session)?;
        let mut done = Done::default();
        if self.signals.stopped() {
            return Ok(done);
        }
        // Without anything to do there is no proof either: six kinds of client at every look would fill the daemon's log.
        if is_anything_to_do(session)? {
            let (daemon, known) = (Daemon::look(session)?, issued(session)?);
            let exit = renew::run(session, &Renewal::Due, &cli::Consent::default());
            if exit.map_err(by_hand)? == Exit::No {
                return Err(yours());
            }
            done.has_run = true;
            done.renewed = renewed(session, known)?;
            if let Some(before) = &daemon {
                done.restarts = Some(restarts(before, Daemon::look(session)?.as_ref()));
            }
        }
        done.lists = publish(session)?;
        Ok(done)
    }

    /// The session at a time that is believed. Waits for somebody to set the clock, or refuses.
    fn believed(&self, session: &Session) -> Result<Session, Failure> {
        let births = births(&items(session)?);
        let seen = Memory::load(&session.home).map(|memory| memory.seen());
        if let Verdict::Ahead { seen } = clock::judge(session.now, &births, seen) {
            self.wait_for_synchronisation(session, seen);
        }
        // It may have been set meanwhile, and not only forward.
        let session = session.at_now();
        let cause = match clock::judge(session.now, &births, seen) {
            Verdict::Fine | Verdict::Ahead { .. } => return Ok(session),
            Verdict::Back { seen } if clock::is_synchronised(&Local::new()) == Some(true) => {
                // Then it was the other time that was wrong.
                let text =
                    format!("the clock went back from {seen}; it is synchronised, and believed");
                session.printer.log(Level::Warning, &text);
                return Ok(session);
            }
            Verdict::Unborn { anchor, at } => format!("{anchor} was born at {at}"),
            Verdict::Back { seen } => format!("the last look was at {seen}"),
        };
        Err(Failure::own(
            CLOCK_BEHIND,
            "the clock stands before what has already happened",
        )
        .at("this host")
        .because(format!("it says {}; {cause}", session.now))
        .help("timedatectl set-ntp true"))
    }

    /// A host may have slept for a hundred days and have nobody to ask for the time: patience ends, and then it goes on.
    fn wait_for_synchronisation(&self, session: &Session, seen: Timestamp) {
        let system = Local::new();
        let patience = self.pace.clock_patience;
        let deadline = Instant::now() + patience;
        let days = session.now.since(seen).as_secs() / 86_400;
        let mut told = false;
        while clock::is_synchronised(&system) != Some(true) {
            if self.signals.stopped() || Instant::now() >= deadline {
                let text = "nobody vouches for the clock; it is believed";
                session.printer.log(Level::Warning, text);
                return;
            }
            if !told {
                told = true;
                session.printer.log(
                    Level::Warning,
                    &format!(
                        "the clock is {days} days ahead of the last look ({seen}) and not synchronised; waiting up to {} for it",
                        sealock_host::desired::format_life(patience)
                    ),
                );
            }
            let left = deadline.saturating_duration_since(Instant::now());
            self.signals.wait(ASK_AGAIN.min(left));
        }
    }

    /// Takes the lock once, so that whatever an interrupted run has left is cleared up before anything is judged.
    fn clear_up(&self, session: &Session) -> Result<(), Failure> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match run::begin(session, &session.store()?) {
                Ok(_) => return Ok(()),
                Err(failure)
                    if failure.code.0 == LOCKED
                        && !self.signals.stopped()
                        && Instant::now() < deadline =>
                {
                    self.signals.wait(Duration::from_secs(1));
                }
                Err(failure) => return Err(failure),
            }
        }
    }
}

/// Whether a run would change anything, or waits for somebody else's restart.
fn is_anything_to_do(session: &Session) -> Result<bool, Failure> {
    let Some(wanted) = desired::find(session)? else {
        return Ok(renew::look(session, &Renewal::Due)? != Exit::Done);
    };
    let observed = up::observed(&wanted.options())?;
    let prepared = prepare::prepare(session, &wanted, &observed, &Course::default())?;
    Ok(!prepared.plan.is_empty() || prepared.only_remaining().is_some())
}

/// A daemon that only a person can restart.
fn yours() -> Failure {
    Failure::own(
        REMAINS,
        "what was renewed waits for a restart that is not ours",
    )
    .at("this host")
    .because("nobody has said how this daemon is restarted")
    .state(
        "everything is written; the daemon serves what it had",
        Exit::Failed,
    )
    .help("restart dockerd the way it was started, or say how:\n  sealock up --restart-command CMD")
}

/// A consent is a person's: the error says what the person types.
fn by_hand(failure: Failure) -> Failure {
    if failure.code != catalogue::CONSENT {
        return failure;
    }
    let advice = failure.advice().unwrap_or_default();
    failure.help(format!("by hand: sealock renew; {advice}"))
}

/// What a look has done.
#[derive(Debug, Default)]
struct Done {
    has_run: bool,
    renewed: Vec<String>,
    restarts: Option<String>,
    lists: usize,
}

impl Done {
    /// "renewed dockerd, alice; one restart, 1 container alive".
    fn said(&self, items: &[Item], now: Timestamp) -> String {
        let mut said = match (self.renewed.is_empty(), self.has_run) {
            (false, _) => format!("renewed {}", self.renewed.join(", ")),
            (true, true) => "put back what was not as sealock.toml wants it".to_owned(),
            (true, false) => nothing(items, now),
        };
        if let Some(restarts) = &self.restarts {
            said.push_str(&format!("; {restarts}"));
        }
        if self.lists > 0 {
            let plural = if self.lists == 1 { "list" } else { "lists" };
            said.push_str(&format!("; published {} revocation {plural}", self.lists));
        }
        said
    }
}

/// "nothing is due; next: dockerd on 2027-01-21".
fn nothing(items: &[Item], now: Timestamp) -> String {
    match next_due(items, now) {
        None => "nothing is due".to_owned(),
        Some((item, due)) => format!(
            "nothing is due; next: {} {}",
            escape(&item.name),
            when(due, now)
        ),
    }
}

fn when(due: Timestamp, now: Timestamp) -> String {
    if due.since(now) < Duration::from_secs(86_400) {
        return format!("in {}", timeline::left(due, now));
    }
    let day: String = due.to_string().chars().take(10).collect();
    format!("on {day}")
}

/// Publishes what is due of the revocation lists; says how many were signed.
fn publish(session: &Session) -> Result<usize, Failure> {
    if !session.has_vault()? || session.vault()?.authorities()?.is_empty() {
        return Ok(0);
    }
    revoke::publish(session)
}

/// How many certificates were ever issued: the inventory forgets none.
fn issued(session: &Session) -> Result<usize, Failure> {
    if !session.has_vault()? {
        return Ok(0);
    }
    Ok(session.vault()?.entries(Filter::all())?.len())
}

/// Who has got a certificate since then; the daemon first.
fn renewed(session: &Session, known: usize) -> Result<Vec<String>, Failure> {
    if !session.has_vault()? {
        return Ok(Vec::new());
    }
    let mut names: Vec<String> = session
        .vault()?
        .entries(Filter::all())?
        .into_iter()
        .skip(known)
        .filter(|entry| entry.usage == Usage::Standing && entry.state == State::Active)
        .map(|entry| escape(&entry.identity))
        .collect();
    names.sort_by_key(|name| (name != up::DAEMON, name.clone()));
    names.dedup();
    Ok(names)
}

/// When every anchor that signs now was born.
fn births(items: &[Item]) -> Vec<(String, Timestamp)> {
    let signs = |item: &&Item| match &item.kind {
        Kind::Anchor { state, .. } => *state == AnchorState::Active,
        _ => false,
    };
    items
        .iter()
        .filter(signs)
        .map(|item| (format!("the {}", item.name), item.begins))
        .collect()
}

/// Writes the metrics whole, for whoever collects them.
pub(crate) fn write_metrics(
    path: &Path,
    session: &Session,
    items: &[Item],
    memory: &Memory,
    now: Timestamp,
) -> Result<(), Failure> {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mode = fs::stat(&path)?.map_or(0o644, |stat| stat.mode);
    let operations = timeline::operations(session).unwrap_or_default();
    let text = metrics::lives(items, memory, &operations, now);
    Ok(fs::write_atomic(&path, text.as_bytes(), mode, None)?)
}

/// The system that everything here asks.
pub(crate) fn system() -> Arc<dyn System> {
    Arc::new(Local::new())
}

/// How a look has ended. It has no question to answer with a no: a proof that does not hold is a failure.
pub(crate) fn exit_of(outcome: &Result<String, Failure>) -> Exit {
    match outcome {
        Ok(_) => Exit::Done,
        Err(failure) if failure.exit == Exit::No => Exit::Failed,
        Err(failure) => failure.exit,
    }
}
