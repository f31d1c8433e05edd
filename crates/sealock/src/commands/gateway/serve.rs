//! A gateway in the foreground, until a signal or its control socket ends it.

use sealock_gateway::Settings;

use super::codes;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

pub(super) fn run(_: &Session, _: bool, _: Settings) -> Result<Exit, Failure> {
    Err(Failure::own(codes::NOT_STARTED, "not yet"))
}

pub(super) fn check(_: &Session, _: Settings) -> Result<Exit, Failure> {
    Err(Failure::own(codes::NOT_STARTED, "not yet"))
}
