//! Every kind of service, one file or folder each.

pub mod mssql;
pub mod postgres;
pub mod registry;
mod sqlpad;
mod template;

use crate::kind::{Kind, Problem};
use crate::service::Service;

/// A kind: its word in `sealock.toml`, every key of its table, and what reads the table.
#[derive(Debug)]
pub struct Entry {
    /// The word.
    pub word: &'static str,
    /// The keys that a table of this kind may have.
    pub keys: &'static [&'static str],
    read: fn(&Service) -> Result<Box<dyn Kind>, Problem>,
}

/// All kinds. A new one is a file in this folder, and a line here.
pub const ALL: &[Entry] = &[
    Entry {
        word: "template",
        keys: template::KEYS,
        read: template::read,
    },
    Entry {
        word: "postgres",
        keys: postgres::KEYS,
        read: postgres::read,
    },
    Entry {
        word: "mssql",
        keys: mssql::KEYS,
        read: mssql::read,
    },
    Entry {
        word: "registry",
        keys: registry::KEYS,
        read: registry::read,
    },
    Entry {
        word: "sqlpad",
        keys: sqlpad::KEYS,
        read: sqlpad::read,
    },
];

/// The kind of that word.
pub fn find(word: &str) -> Option<&'static Entry> {
    ALL.iter().find(|one| one.word == word)
}

/// What its kind makes of a service.
pub(crate) fn of(service: &Service) -> Result<Box<dyn Kind>, Problem> {
    match find(&service.kind) {
        Some(entry) => (entry.read)(service),
        None => Err(Problem::new(
            "kind",
            format!(
                "`{}` is no kind of service",
                sealock_diag::escape(&service.kind)
            ),
        )
        .help(format!("kind = \"{}\"", words().join("\" or \"")))),
    }
}

/// The words of all kinds.
pub fn words() -> Vec<&'static str> {
    ALL.iter().map(|one| one.word).collect()
}

#[cfg(test)]
mod tests;
