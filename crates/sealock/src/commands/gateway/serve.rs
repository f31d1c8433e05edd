//! A gateway in the foreground, until a signal or its control socket ends it.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use sealock_gateway::{Gateway, GatewayError, Outcome, Reloaded, Settings};
use serde_json::{Value, json};

use super::control::{Answer, Control, Question};
use super::memory::Memory;
use super::{codes, signals, upgrade};
use crate::agent::notify::Manager;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::printer::{Level, Printer};
use crate::session::Session;

/// How often the watchdog is told that all is well; a third of what the unit allows.
const BEAT: Duration = Duration::from_secs(10);
/// How long an event loop may take to say that it lives.
const PULSE: Duration = Duration::from_secs(5);

/// How long live connections have when a service manager or a person stops the gateway, as dockerd's own have. Who asks for
/// a drain or an upgrade gets the whole of `drain-time`.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// What the loop waits for.
pub(super) enum Event {
    /// Read the files anew; whoever asked waits for what came of it.
    Reload(Option<Sender<Value>>),
    /// End when the live connections have ended.
    Drain(Option<Sender<Value>>),
    /// Another process wants the listening sockets, and says when it serves.
    HandOver(UnixStream),
    /// It serves, so that this one can go; or why it does not.
    Served(Result<(), String>),
    /// A process that was to take over has ended in this way.
    Ended(u32, String),
    /// Start this program anew and hand over to it.
    Upgrade(Sender<Value>),
    /// Tell the policy that was learned so far.
    Learned(Sender<Value>),
    /// The audit file was moved away.
    Reopen,
    /// SIGTERM, SIGINT: drain; once more: end now.
    Stop,
    /// The live connections have ended, or their time is over.
    Drained(usize),
}

/// Reads everything as a start would; what a start would open or write is left alone.
pub(super) fn check(session: &Session, mut settings: Settings) -> Result<Exit, Failure> {
    settings.check_headers()?;
    settings.listeners.clear();
    settings.audit = None;
    settings.metrics = None;
    settings.workers = Some(1);
    let gateway = Gateway::start(settings, Vec::new())?;
    let notes = gateway.notes();
    if session.printer.json {
        session
            .printer
            .value(&json!({ "version": 1, "good": true, "notes": notes }));
        return Ok(Exit::Done);
    }
    notes.iter().for_each(|note| session.printer.warn(note));
    session
        .printer
        .say("Everything that the gateway reads is good.");
    Ok(Exit::Done)
}

/// Runs until it is told to end.
pub(super) fn run(
    session: &Session,
    unit: bool,
    take_over: Option<&Path>,
    settings: Settings,
) -> Result<Exit, Failure> {
    let log = session.unattended().printer;
    let outcome = start(session, &log, take_over, settings);
    match outcome {
        Err(failure) if unit => {
            // A journal gets its line; a person gets the whole of it.
            log.log(Level::Error, &failure.on_one_line());
            Ok(failure.exit)
        }
        other => other,
    }
}

fn start(
    session: &Session,
    log: &Printer,
    take_over: Option<&Path>,
    settings: Settings,
) -> Result<Exit, Failure> {
    // Before the threads: a signal that comes while it starts is not lost.
    let (say, events) = mpsc::channel();
    signals::listen(&say)?;
    let manager = Manager::from_environment();
    let place = settings.control.clone();
    let predecessor = take_over.map(upgrade::ask_for_sockets).transpose()?;
    let (handed, predecessor) = match predecessor {
        Some((sockets, stream)) => (sockets, Some(stream)),
        None => (Vec::new(), None),
    };
    let told = say.clone();
    let begun = Gateway::start(settings, handed)
        .map_err(Failure::from)
        .and_then(|gateway| {
            let open = |path: &Path| open(path, told, predecessor.is_some());
            Ok((gateway, place.as_deref().map(open).transpose()?))
        })
        .inspect_err(|failure| {
            if let Some(old) = &predecessor {
                upgrade::i_fail(old, failure);
            }
        });
    let (gateway, control) = begun?;
    let heard = log.clone();
    gateway.on_change(move |part| match part.outcome {
        // A file that was touched is no news.
        Outcome::Unchanged => {}
        _ => tell_part(&heard, part),
    });
    for place in gateway.places() {
        log.log(
            Level::Info,
            &format!("{} listens on {}", place.name, place.place),
        );
    }
    for note in gateway.notes() {
        log.log(Level::Warning, &note);
    }
    if let Some(stream) = predecessor {
        manager.tell(&format!("MAINPID={}", std::process::id()));
        upgrade::i_serve(&stream);
    }
    manager.tell("READY=1");
    let gateway = Running {
        gateway: Arc::new(gateway),
        memory: Memory::of(place.as_deref()),
        control: place,
        log,
        manager,
        say,
        draining: false,
        given: false,
        successor: None,
        hearing: 0,
        ended: None,
        until: None,
    };
    let exit = gateway.turn(&events);
    drop(control);
    let _ = session;
    exit
}

fn open(path: &Path, say: Sender<Event>, replaces: bool) -> Result<Control, Failure> {
    Control::open(path, replaces, move |question| {
        let (answer, heard) = mpsc::channel();
        let event = match question {
            Question::Reload => Event::Reload(Some(answer)),
            Question::Drain => Event::Drain(Some(answer)),
            Question::Upgrade => Event::Upgrade(answer),
            Question::Learned => Event::Learned(answer),
            Question::HandOver(stream) => {
                let _ended = say.send(Event::HandOver(stream));
                return Answer::Given;
            }
        };
        let ends = json!({ "version": 1, "error": { "headline": "the gateway ends" } });
        if say.send(event).is_err() {
            return Answer::Say(ends);
        }
        Answer::Say(heard.recv().unwrap_or(ends))
    })
}

/// A gateway that serves.
struct Running<'a> {
    gateway: Arc<Gateway>,
    memory: Memory,
    control: Option<PathBuf>,
    log: &'a Printer,
    manager: Manager,
    say: Sender<Event>,
    draining: bool,
    /// The listening sockets are another process's.
    given: bool,
    /// A process that is to take over, and who waits for it.
    successor: Option<(u32, Sender<Value>)>,
    /// How many have the sockets and have not said yet whether they serve.
    hearing: usize,
    /// How the process ended that was to take over, while its words may still be on their way.
    ended: Option<(u32, String)>,
    /// When it ends, whoever is still there.
    until: Option<Instant>,
}

impl Running<'_> {
    fn turn(mut self, events: &Receiver<Event>) -> Result<Exit, Failure> {
        let mut told = Instant::now();
        self.tell_status();
        self.remember();
        loop {
            let mut patience = BEAT.saturating_sub(told.elapsed());
            if let Some(until) = self.until {
                let left = until.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Ok(self.end(self.gateway.connections()));
                }
                patience = patience.min(left);
            }
            match events.recv_timeout(patience) {
                Ok(Event::Drained(left)) => return Ok(self.end(left)),
                Ok(Event::Stop) if self.until.is_some() => {
                    self.log.log(Level::Warning, "told again: ends now");
                    return Ok(self.end(self.gateway.connections()));
                }
                Ok(event) => self.hear(event),
                Err(RecvTimeoutError::Timeout) => {}
                // We hold a sender ourselves.
                Err(RecvTimeoutError::Disconnected) => return Ok(Exit::Done),
            }
            if told.elapsed() >= BEAT {
                told = Instant::now();
                // A loop that hangs is a gateway that hangs, whatever this thread does.
                match self.gateway.is_alive(PULSE) {
                    true => self.manager.tell("WATCHDOG=1"),
                    false => self.log.log(Level::Error, "an event loop does not answer"),
                }
                self.tell_status();
                self.remember();
            }
        }
    }

    /// Writes down what is new since the last time; that it cannot is told once.
    fn remember(&mut self) {
        if let Some(failure) = self.memory.keep(&self.gateway) {
            self.log.log(Level::Error, &failure.on_one_line());
        }
    }

    fn hear(&mut self, event: Event) {
        match event {
            Event::Reload(asked) => self.reload(asked),
            Event::Drain(asked) => {
                self.drain();
                let open = self.gateway.connections();
                answer(asked, json!({ "version": 1, "draining": open }));
            }
            Event::Stop => {
                self.until = Some(Instant::now() + LAST_WORDS);
                self.drain();
            }
            Event::Reopen => self.gateway.reopen_audit(),
            Event::Upgrade(asked) => self.upgrade(asked),
            Event::Ended(pid, how) => {
                self.ended = Some((pid, how));
                self.successor_ended();
            }
            Event::Learned(asked) => {
                // With what a process before this one has seen since.
                self.remember();
                let policy = self.gateway.learning();
                let policy = policy.map(|policy| policy.learned().to_policy());
                answer(Some(asked), json!({ "version": 1, "policy": policy }));
            }
            Event::HandOver(stream) => self.hand_over(stream),
            Event::Served(Ok(())) => {
                self.hearing = self.hearing.saturating_sub(1);
                self.gateway.was_taken_over();
                self.remember();
                if let Some((pid, asked)) = self.successor.take() {
                    answer(Some(asked), json!({ "version": 1, "process": pid }));
                }
                self.log.log(
                    Level::Info,
                    "another process serves; this one ends with its last connection",
                );
                self.given = true;
                self.drain();
            }
            Event::Served(Err(why)) => {
                self.hearing = self.hearing.saturating_sub(1);
                self.log.log(
                    Level::Error,
                    &format!("the process that was to take over does not serve; goes on: {why}"),
                );
                // What says nothing may still end, and how is told then.
                if !why.is_empty() {
                    self.successor_failed(None, &why);
                }
                self.successor_ended();
            }
            Event::Drained(_) => {}
        }
    }

    /// Beside the loop: large lists take their time, and the watchdog does not wait.
    fn reload(&self, asked: Option<Sender<Value>>) {
        let (gateway, log) = (Arc::clone(&self.gateway), self.log.clone());
        let manager = self.manager.clone();
        let reloads = move || {
            manager.tell(&format!("RELOADING=1\nMONOTONIC_USEC={}", monotonic()));
            let parts = gateway.reload();
            manager.tell("READY=1");
            parts.iter().for_each(|part| tell_part(&log, part));
            let parts: Vec<Value> = parts.iter().map(part_json).collect();
            answer(asked, json!({ "version": 1, "parts": parts }));
        };
        let begun = std::thread::Builder::new()
            .name("reload".into())
            .spawn(reloads);
        if let Err(error) = begun {
            self.log
                .log(Level::Error, &format!("nothing was read anew: {error}"));
        }
    }

    /// Whoever asks hears of it once another process serves, or does not.
    fn upgrade(&mut self, asked: Sender<Value>) {
        let refused = match (&self.control, &self.successor) {
            (None, _) => Err("this gateway has no control socket".to_owned()),
            (_, Some((pid, _))) => Err(format!("process {pid} is about to take over already")),
            _ if self.draining => Err("the gateway ends".to_owned()),
            (Some(control), None) => {
                let say = self.say.clone();
                let ended = move |pid, how| {
                    let _ended = say.send(Event::Ended(pid, how));
                };
                upgrade::start_successor(control, ended).map_err(|error| error.to_string())
            }
        };
        match refused {
            Ok(pid) => self.successor = Some((pid, asked)),
            Err(why) => answer(Some(asked), not_taken_over(&why)),
        }
    }

    /// Tells how it ended, unless it may have said why itself: its end and its words come by two ways, and the words are better.
    fn successor_ended(&mut self) {
        if self.hearing == 0
            && let Some((pid, how)) = self.ended.take()
        {
            self.successor_failed(
                Some(pid),
                &format!("process {pid} ended with {how}; its own words are in the gateway's log"),
            );
        }
    }

    fn successor_failed(&mut self, ended: Option<u32>, why: &str) {
        let ours = |(pid, _): &mut (u32, Sender<Value>)| ended.is_none_or(|ended| ended == *pid);
        let Some((pid, asked)) = self.successor.take_if(ours) else {
            return;
        };
        if ended.is_none()
            && let Some(pid) = i32::try_from(pid)
                .ok()
                .and_then(rustix::process::Pid::from_raw)
        {
            // Or it would take over later, when nobody counts with it any more. It is our child: the number is still its own.
            let _ended_already = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        answer(Some(asked), not_taken_over(why));
    }

    fn hand_over(&mut self, stream: UnixStream) {
        if let Err(error) = self.gateway.hand_over(&stream) {
            self.log.log(
                Level::Error,
                &format!("the sockets could not be handed over: {error}"),
            );
            return;
        }
        let say = self.say.clone();
        // Beside us, because we serve until the other one does.
        let hears = std::thread::Builder::new()
            .name("hand-over".into())
            .spawn(move || {
                let _ended = say.send(Event::Served(upgrade::serves(&stream)));
            });
        self.hearing += usize::from(hears.is_ok());
    }

    fn drain(&mut self) {
        if self.draining {
            return;
        }
        self.draining = true;
        if !self.given {
            self.manager.tell("STOPPING=1");
        }
        let open = self.gateway.connections();
        self.log
            .log(Level::Info, &format!("drains: {open} live connections"));
        let (gateway, say) = (Arc::clone(&self.gateway), self.say.clone());
        let waits = std::thread::Builder::new()
            .name("drain".into())
            .spawn(move || {
                let left = gateway.drain();
                let _ended = say.send(Event::Drained(left));
            });
        if waits.is_err() {
            let _ended = self.say.send(Event::Drained(open));
        }
    }

    fn end(&mut self, left: usize) -> Exit {
        let words = match left {
            0 => "ended: every connection had ended".to_owned(),
            left => format!("ended: {left} connections were cut"),
        };
        self.remember();
        // Whoever else holds it: the last records are written now.
        self.gateway.end();
        self.log.log(Level::Info, &words);
        Exit::Done
    }

    fn tell_status(&self) {
        self.manager
            .status(&format!("{} connections", self.gateway.connections()));
    }
}

fn not_taken_over(why: &str) -> Value {
    json!({ "version": 1, "error": {
        "code": codes::NOT_TAKEN_OVER.0, "headline": "no new process has taken over", "cause": why } })
}

fn answer(asked: Option<Sender<Value>>, value: Value) {
    if let Some(asked) = asked {
        let _gone = asked.send(value);
    }
}

/// Microseconds of the clock that systemd compares a reload with.
fn monotonic() -> i64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec * 1_000_000 + now.tv_nsec / 1_000
}

/// What became of one part, for a log.
pub(super) fn tell_part(log: &Printer, part: &Reloaded) {
    match &part.outcome {
        Outcome::Unchanged => log.log(Level::Info, &format!("{}: as before", part.part)),
        Outcome::Taken { epoch, cut } => log.log(
            Level::Info,
            &format!(
                "{}: taken over (epoch {epoch}), {cut} live connections cut",
                part.part
            ),
        ),
        Outcome::Kept(error) => log.log(Level::Error, &kept(part.part, error)),
    }
}

fn kept(part: &str, error: &GatewayError) -> String {
    let failure = Failure::new(error).state(
        format!("the gateway keeps the {part} that it had"),
        Exit::Failed,
    );
    failure.on_one_line()
}

fn part_json(part: &Reloaded) -> Value {
    match &part.outcome {
        Outcome::Unchanged => json!({ "part": part.part, "outcome": "unchanged" }),
        Outcome::Taken { epoch, cut } => {
            json!({ "part": part.part, "outcome": "taken", "epoch": epoch, "cut": cut })
        }
        Outcome::Kept(error) => {
            let failure = Failure::new(error);
            json!({ "part": part.part, "outcome": "kept", "error": failure.to_json()["error"] })
        }
    }
}
