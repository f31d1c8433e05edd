//! Archives sealed with age: what goes in, how it is sealed and opened, and how a home comes out of one.
//!
//! Nothing of an archive is ever on a disk in the clear: the tar is made, sealed, opened and judged in memory.

mod codes;
mod collect;
mod content;
mod lock;
mod manifest;
mod place;
mod tar;

pub(crate) use codes::CATALOGUE;
pub(crate) use collect::collect;
pub(crate) use content::{Content, read_content};
pub(crate) use lock::{Opener, Recipients, open, seal};
pub(crate) use manifest::Host;
pub(crate) use place::{Config, Lies, PENDING, clear_up, is_of_this_place, place, what_lies_there};
pub(crate) use tar::Member;
pub(crate) use tar::tar_of;

pub(crate) use codes::{ALTERED, NOT_REPLACED};

use crate::failure::Failure;
use std::path::Path;

/// Overwrites a file with random bytes and removes it; see `sealock_change::fs::shred` for what that is worth on
/// which disks. What is absent is no error.
pub(crate) fn shred(path: &Path) -> Result<(), Failure> {
    use sealock_pki::Entropy;
    let mut entropy = sealock_vault::SystemEntropy;
    sealock_change::fs::shred(path, &mut |buffer| entropy.fill(buffer))?;
    Ok(())
}
