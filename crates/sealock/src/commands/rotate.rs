//! `sealock ca rotate`: new anchors, and nobody locked out on the way.

use crate::cli;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

pub(crate) fn run(session: &Session, args: &cli::Rotate) -> Result<Exit, Failure> {
    let _ = (session, args);
    Err(Failure::own(crate::catalogue::BUG, "not written yet"))
}
