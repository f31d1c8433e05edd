//! Codes and what they mean.

use std::fmt;

/// A stable error code such as `SL-H107`.
///
/// The letter names the crate that owns it: P pki, V vault, C change, T tls, W probe (the wire),
/// H host, U the command line. Numbers are never used again for something else.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(pub &'static str);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// What `sealock explain CODE` says of a code.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The code explained.
    pub code: Code,
    /// One line, lowercase, no full stop.
    pub title: &'static str,
    /// Two to six sentences for a person who is learning: what it means and why it matters.
    pub meaning: &'static str,
    /// What mends it, with pasteable commands where there are any.
    pub remedy: &'static str,
}
