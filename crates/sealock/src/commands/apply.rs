//! `sealock plan` and `sealock apply`: the same movement as `up`, from the file as it is.

use crate::cli::Apply;
use crate::cloak::course::Course;
use crate::cloak::{desired, prepare, show, up};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

pub(crate) fn apply(session: &Session, args: Apply) -> Result<Exit, Failure> {
    up::apply(session, &args.consent)
}

/// Exit 0 when there is nothing to do, 3 when apply would change something.
pub(crate) fn plan(session: &Session, _args: Apply) -> Result<Exit, Failure> {
    if let Some(run) = session.interrupted()? {
        session.printer.warn(&format!(
            "a run was interrupted ({}); apply or down clears it up first",
            sealock_diag::escape(&run.title)
        ));
    }
    let wanted = desired::load(session)?;
    let observed = up::observed(&wanted.options())?;
    let prepared = prepare::prepare(session, &wanted, &observed, &Course::default())?;
    if session.printer.json {
        session.printer.value(&prepared.plan.to_json()?);
    } else if let Some(words) = prepared.only_remaining() {
        session.printer.say(&words);
    } else if prepared.plan.is_empty() {
        session
            .printer
            .say("0 changes: this host is as sealock.toml wants it");
    } else {
        show::plan(&session.printer, &prepared.plan)?;
    }
    Ok(
        if prepared.plan.is_empty() && prepared.only_remaining().is_none() {
            Exit::Done
        } else {
            Exit::No
        },
    )
}
