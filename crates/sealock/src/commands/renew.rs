//! `sealock renew`: same name, new key.

use crate::cli;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

pub(crate) fn run(session: &Session, args: &cli::Renew) -> Result<Exit, Failure> {
    let _ = (session, args);
    Err(Failure::own(crate::catalogue::BUG, "not written yet"))
}
