//! `sealock cert revoke` and the revocation lists.

use crate::cli;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

pub(crate) fn run(session: &Session, args: &cli::Revoke) -> Result<Exit, Failure> {
    let _ = (session, args);
    Err(Failure::own(crate::catalogue::BUG, "not written yet"))
}

pub(crate) fn crl(session: &Session, args: &cli::Crl) -> Result<Exit, Failure> {
    let _ = (session, args);
    Err(Failure::own(crate::catalogue::BUG, "not written yet"))
}
