//! `sealock gateway`: a mutual-TLS front, and what is asked of one that runs.

pub(crate) mod ask;
pub(crate) mod codes;
mod control;
mod memory;
mod serve;
pub(crate) mod settings;
mod signals;
mod upgrade;

use serde_json::json;

use crate::cli;
use crate::cloak::gateway::place;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

pub(crate) fn run(session: &Session, args: &cli::Gateway) -> Result<Exit, Failure> {
    match &args.verb {
        Some(cli::GatewayVerb::Reload(at)) => reload(session, at),
        Some(cli::GatewayVerb::Drain(at)) => drain(session, at),
        Some(cli::GatewayVerb::Upgrade(at)) => upgrade(session, at),
        None => {
            let settings = settings::settings(session, args).inspect_err(|failure| {
                if let Some(control) = &args.take_over {
                    upgrade::report(control, failure);
                }
            })?;
            match args.check {
                true => serve::check(session, settings),
                false => serve::run(session, args.unit, args.take_over.as_deref(), settings),
            }
        }
    }
}

fn reload(session: &Session, at: &cli::Control) -> Result<Exit, Failure> {
    let reloaded = ask::reload(control(session, at))?;
    if session.printer.json {
        session
            .printer
            .value(&json!({ "version": 1, "parts": reloaded }));
        return Ok(Exit::Done);
    }
    for line in ask::lines(&reloaded) {
        session.printer.say(&line);
    }
    Ok(Exit::Done)
}

fn drain(session: &Session, at: &cli::Control) -> Result<Exit, Failure> {
    let said = ask::drain(control(session, at))?;
    match session.printer.json {
        true => session
            .printer
            .value(&json!({ "version": 1, "draining": said })),
        false => session
            .printer
            .say("The gateway takes no more connections; it ends when the live ones have ended."),
    }
    Ok(Exit::Done)
}

fn upgrade(session: &Session, at: &cli::Control) -> Result<Exit, Failure> {
    let process = ask::upgrade(&control(session, at))?;
    match session.printer.json {
        true => session
            .printer
            .value(&json!({ "version": 1, "process": process })),
        false => session.printer.say(&format!(
            "Process {process} has taken over; the old one ends with its last connection."
        )),
    }
    Ok(Exit::Done)
}

/// The control socket: as it was said, as the file has it, or the service's.
pub(crate) fn control(session: &Session, at: &cli::Control) -> std::path::PathBuf {
    let told = || settings::of_file(session).ok()?.control;
    let place = at.control.clone().or_else(told);
    place.unwrap_or_else(|| place::CONTROL.into())
}
