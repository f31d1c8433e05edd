//! `sealock backup` and `restore`: the vault in one archive.

use crate::cli;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

pub(crate) fn backup(session: &Session, args: &cli::Backup) -> Result<Exit, Failure> {
    let _ = (session, args);
    Err(Failure::own(crate::catalogue::BUG, "not written yet"))
}

pub(crate) fn restore(session: &Session, args: &cli::Restore) -> Result<Exit, Failure> {
    let _ = (session, args);
    Err(Failure::own(crate::catalogue::BUG, "not written yet"))
}
