//! The messages, one table per program or library that says them.

mod browser;
mod curl;
mod daemon;
mod docker;
mod go;
mod java;
mod node;
mod openssl;
mod python;
mod registry;
mod sentences;
mod starting;
mod systemd;

use super::matcher::{Compiled, compiled};

/// Every wording of every table.
pub(super) fn all() -> &'static [Compiled] {
    compiled(&[
        starting::TABLE,
        daemon::TABLE,
        docker::TABLE,
        go::TABLE,
        openssl::TABLE,
        curl::TABLE,
        python::TABLE,
        node::TABLE,
        java::TABLE,
        registry::TABLE,
        systemd::TABLE,
        browser::TABLE,
    ])
}

/// Every code that some message is read as.
#[cfg(test)]
pub(super) fn codes() -> std::collections::BTreeSet<&'static str> {
    let patterns = all().iter().map(Compiled::pattern);
    patterns
        .flat_map(|pattern| pattern.means)
        .map(|meaning| meaning.code)
        .collect()
}
