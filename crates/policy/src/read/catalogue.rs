//! What the codes of this folder mean.

use sealock_diag::{Code, Entry};

const fn entry(
    code: &'static str,
    title: &'static str,
    meaning: &'static str,
    remedy: &'static str,
) -> Entry {
    Entry {
        code: Code(code),
        title,
        meaning,
        remedy,
    }
}

/// Every code of requests that are refused unread.
pub const CATALOGUE: &[Entry] = &[entry(
    "SL-A001",
    "the request target cannot be read",
    "",
    "",
)];
