//! The sealock binary: the command line, the wiring of the crates below, and nothing else.
//!
//! Invariants: every word that a user sees leaves through [`printer`]; every end of the process goes
//! through [`exit::Exit`]; the clock and the randomness that the pure crates ask for are taken here.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod agent;
mod ask;
mod catalogue;
mod check;
mod cli;
mod cloak;
mod commands;
mod ephemeral;
mod exit;
mod failure;
mod import;
mod input;
mod passphrase;
mod printer;
mod remaining;
mod sealed;
mod session;
mod table;
mod timeline;
mod usage;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Verb};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::session::Session;

/// The static binary brings its own: musl's allocator has one lock for all threads, and its cost shows in every request
/// that the gateway passes on.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if usage::is_question(&error) => return answer(&error),
        Err(error) => {
            // Nothing was parsed, so the one option that matters here is looked for by itself.
            let words: Vec<String> = std::env::args_os()
                .skip(1)
                .map(|word| word.to_string_lossy().into_owned())
                .collect();
            let printer = Printer::new(
                printer::Color::Auto,
                words.iter().any(|word| word == "--json"),
                false,
            );
            if usage::is_silence(&error) {
                printer.say(error.render().ansi().to_string().trim_end());
                return Exit::Usage.into();
            }
            let failure = usage::failure(&error, &words);
            printer.failure(&failure);
            return failure.exit.into();
        }
    };
    let printer = Printer::new(cli.global.color, cli.global.json, cli.global.verbose);
    report_bugs_as_errors();
    match Session::new(cli.global, printer).and_then(|session| run(&session, cli.verb)) {
        Ok(exit) | Err(exit) => exit.into(),
    }
}

/// Help and version: data, in clap's own layout.
fn answer(question: &clap::Error) -> ExitCode {
    let text = question.render();
    Printer::new(printer::Color::Auto, false, false).raw(&text.ansi().to_string());
    Exit::Done.into()
}

/// Runs one verb; a failure is shown here, once, and is an exit code from then on.
fn run(session: &Session, verb: Verb) -> Result<Exit, Exit> {
    let warns = !remaining::is_beside_the_point(&verb);
    let done = match verb {
        Verb::Demo => commands::demo::run(session),
        Verb::Up(args) => commands::up::run(session, args),
        Verb::Plan(args) => commands::apply::plan(session, args),
        Verb::Apply(args) => commands::apply::apply(session, args),
        Verb::Status => commands::status::run(session),
        Verb::Down(args) => commands::down::run(session, args),
        Verb::Client(verb) => commands::client::run(session, verb),
        Verb::Service(verb) => commands::service::run(session, verb),
        Verb::Ca(verb) => commands::ca::run(session, verb),
        Verb::Cert(verb) => commands::cert::run(session, verb),
        Verb::Registry(verb) => commands::registry::run(session, verb),
        Verb::Check(args) => commands::check::run(session, &args),
        Verb::Renew(args) => commands::renew::run(session, &args),
        Verb::Session(args) => commands::session::run(session, &args),
        Verb::Rekey(args) => commands::rekey::run(session, &args),
        Verb::Agent(args) => commands::agent::run(session, args),
        Verb::Audit(verb) => commands::audit::run(session, &verb),
        Verb::Policy(verb) => commands::policy::run(session, &verb),
        Verb::Gateway(args) => commands::gateway::run(session, &args),
        Verb::Backup(args) => commands::backup::backup(session, &args),
        Verb::Restore(args) => commands::backup::restore(session, &args),
        Verb::Explain(args) => commands::explain::run(session, &args),
        Verb::Completions { shell } => commands::help::completions(session, shell),
        Verb::Man { dir } => commands::help::man(session, &dir),
    };
    session.printer.detail(&cpu_used());
    if warns {
        remaining::warn(session);
    }
    done.map_err(|failure: Failure| {
        // What has no place of its own was said on the command line.
        let failure = failure.or_at(failure::COMMAND_LINE);
        session.printer.failure(&failure);
        failure.exit
    })
}

/// What this process itself has cost, without the daemon and other children: the figure that the benches read.
fn cpu_used() -> String {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let microseconds = used.tv_sec * 1_000_000 + used.tv_nsec / 1_000;
    format!("cpu: {microseconds} µs in this process")
}

fn words_of(panic: &std::panic::PanicHookInfo<'_>) -> String {
    let payload = panic.payload();
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic".to_owned())
}

/// A panic is our bug: it is said in the shape of every other error, and exits 70.
fn report_bugs_as_errors() {
    std::panic::set_hook(Box::new(|info| {
        let place = info
            .location()
            .map(|at| format!("{}:{}", at.file(), at.line()));
        let mut failure = Failure::own(catalogue::BUG, "sealock has a bug").because(words_of(info));
        if let Some(place) = place {
            failure = failure.at(place);
        }
        if sealock_gateway::is_serving() {
            let state = "one connection of the gateway has ended; the others go on";
            let failure = failure.state(state, Exit::Bug);
            Printer::new(printer::Color::Auto, false, false).failure(&failure);
            return;
        }
        let failure = failure.state("unknown: `sealock status` tells, and the next apply or down finishes or undoes the run", Exit::Bug);
        Printer::new(printer::Color::Auto, false, false).failure(&failure);
        // From here and not by unwinding: a bug in any other thread must not leave a process that does half its work.
        #[expect(clippy::exit, reason = "the one end of the process beside main")]
        std::process::exit(Exit::Bug.code().into());
    }));
}
