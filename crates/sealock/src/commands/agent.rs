//! `sealock agent`: keeps alive what is there.

use crate::agent::{install, rounds};
use crate::cli::{Agent, AgentVerb};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

pub(crate) fn run(session: &Session, args: Agent) -> Result<Exit, Failure> {
    match args.verb {
        Some(AgentVerb::Install { pace, credential }) => {
            install::install(session, &pace, credential.as_deref())
        }
        Some(AgentVerb::Remove) => install::remove(session),
        None if args.once => rounds::once(session, &args.pace, args.unit),
        None => rounds::keep(session, &args.pace),
    }
}
