//! Every kind of service, one file or folder each.

pub mod mssql;
pub mod postgres;
pub mod registry;
pub mod sqlpad;
mod template;

use crate::kind::{Kind, Problem};
use crate::service::{Service, Setting};

/// A kind: its word in `sealock.toml`, every key of its table, and what reads the table.
#[derive(Debug)]
pub struct Entry {
    /// The word.
    pub word: &'static str,
    /// The keys that a table of this kind may have.
    pub keys: &'static [&'static str],
    /// Those of them that are no strings.
    typed: &'static [(&'static str, Type)],
    read: fn(&Service) -> Result<Box<dyn Kind>, Problem>,
}

/// What a key takes that is no string.
#[derive(Clone, Copy, Debug)]
enum Type {
    Flag,
    Number,
    List,
}

impl Entry {
    /// Why a table of this kind may not have a key that others have, where there is more to say than that it may not: who
    /// knows `reload` from one kind looks for it in all.
    pub fn refuses(&self, key: &str) -> Option<Problem> {
        const RELOAD: &str = "reload";
        (key == RELOAD && !self.keys.contains(&RELOAD)).then(|| {
            let what = format!("the kind {} reads its files when it starts", self.word);
            Problem::new(RELOAD, what).help("restart = \"COMMAND\"")
        })
    }

    /// The value of a key as a word of a command line has it: commas between the parts of a list.
    ///
    /// # Errors
    /// When this kind has no such key, or the key takes something else.
    pub fn setting(&self, key: &str, text: &str) -> Result<Setting, Problem> {
        if let Some(problem) = self.refuses(key) {
            return Err(problem);
        }
        if !self.keys.contains(&key) {
            let what = format!("a service of the kind {} has no such key", self.word);
            return Err(Problem::new(&template::shown(key), what)
                .help(format!("it has {}", self.keys.join(", "))));
        }
        let expected =
            |what: &str| Problem::new(key, format!("`{}`: expected {what}", template::shown(text)));
        let typed = self.typed.iter().find(|(typed, _)| *typed == key);
        match typed.map(|(_, one)| *one) {
            None => Ok(Setting::Text(text.to_owned())),
            Some(Type::Flag) => {
                let flag = text.parse().map_err(|_| expected("true or false"))?;
                Ok(Setting::Flag(flag))
            }
            Some(Type::Number) => {
                let number = text.parse().map_err(|_| expected("a number"))?;
                Ok(Setting::Number(number))
            }
            Some(Type::List) => {
                let parts = text.split(',').map(|part| part.trim().to_owned());
                Ok(Setting::List(parts.collect()))
            }
        }
    }
}

/// All kinds. A new one is a file in this folder, and a line here.
pub const ALL: &[Entry] = &[
    Entry {
        word: "template",
        keys: template::KEYS,
        typed: &[],
        read: template::read,
    },
    Entry {
        word: "postgres",
        keys: postgres::KEYS,
        typed: &[],
        read: postgres::read,
    },
    Entry {
        word: "mssql",
        keys: mssql::KEYS,
        typed: &[("strict", Type::Flag)],
        read: mssql::read,
    },
    Entry {
        word: "registry",
        keys: registry::KEYS,
        typed: &[],
        read: registry::read,
    },
    Entry {
        word: "sqlpad",
        keys: sqlpad::KEYS,
        typed: &[
            ("userpass-disabled", Type::Flag),
            ("cookie-secure", Type::Flag),
            ("session-minutes", Type::Number),
            ("allowed-domains", Type::List),
        ],
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
