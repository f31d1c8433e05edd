//! `sealock ca scope`: groups of hosts with a client anchor of their own.

use crate::cli;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

pub(crate) fn run(session: &Session, args: &cli::Scope) -> Result<Exit, Failure> {
    let _ = (session, args);
    Err(Failure::own(crate::catalogue::BUG, "not written yet"))
}
