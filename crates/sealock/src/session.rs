//! What every command needs: where things are, who asks, what time it is.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use sealock_change::Store;
use sealock_pki::{Passphrase, Timestamp};
use sealock_vault::Vault;

use crate::catalogue;
use crate::cli::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::passphrase::Source;
use crate::printer::Printer;

/// The context of one invocation.
pub(crate) struct Session {
    pub(crate) home: PathBuf,
    pub(crate) config: PathBuf,
    pub(crate) yes: bool,
    pub(crate) printer: Printer,
    /// The one reading of the clock that everything in this invocation uses.
    pub(crate) now: Timestamp,
    passphrase: Option<Source>,
    /// What was read once: a descriptor gives it only once, and a person is asked only once.
    told: Rc<RefCell<Option<Passphrase>>>,
}

impl Session {
    pub(crate) fn new(global: Global, printer: Printer) -> Result<Self, Exit> {
        let places = Places::of_this_user();
        let found = global
            .home
            .or(places.home)
            .zip(global.config.or(places.config));
        let Some((home, config)) = found else {
            let failure = Failure::own(catalogue::NO_HOME, "there is no place for the vault")
                .help("sealock --home DIR --config FILE …");
            printer.failure(&failure);
            return Err(failure.exit);
        };
        // Paths end up in units and configuration that are read from elsewhere.
        let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
        Ok(Self {
            home: absolute(home),
            config: absolute(config),
            yes: global.yes,
            printer,
            now: clock(),
            passphrase: global.passphrase,
            told: Rc::default(),
        })
    }

    /// The same session, a while later.
    pub(crate) fn at_now(&self) -> Self {
        Self {
            home: self.home.clone(),
            config: self.config.clone(),
            yes: self.yes,
            printer: self.printer.clone(),
            now: clock(),
            passphrase: self.passphrase.clone(),
            told: Rc::clone(&self.told),
        }
    }

    /// The same with another home, for a copy beside the live one: it is asked nothing, and says nothing.
    pub(crate) fn beside(&self, home: PathBuf) -> Self {
        Self {
            home,
            yes: true,
            printer: self.printer.quiet(),
            ..self.at_now()
        }
    }

    /// The same for a step of a command that prints its own data.
    pub(crate) fn for_a_step(&self) -> Self {
        Self {
            printer: self.printer.of_a_step(),
            home: self.home.clone(),
            config: self.config.clone(),
            passphrase: self.passphrase.clone(),
            told: Rc::clone(&self.told),
            ..*self
        }
    }

    /// The same, now, for something that runs by itself: it never asks, and what it says goes to a log.
    pub(crate) fn unattended(&self) -> Self {
        Self {
            yes: true,
            printer: self.printer.of_a_log(),
            ..self.at_now()
        }
    }

    /// The inherited descriptor that the passphrase comes from, which no child of ours may inherit in turn.
    pub(crate) fn passphrase_descriptor(&self) -> Option<i32> {
        self.passphrase.as_ref().and_then(Source::descriptor)
    }

    /// Whether somebody named a source for the passphrase of the issuer keys.
    pub(crate) fn has_passphrase_source(&self) -> bool {
        self.passphrase.is_some() || Source::from_systemd().is_some()
    }

    /// The journal and the undo log. A link could send both somewhere else, so the home must be a directory.
    pub(crate) fn store(&self) -> Result<Store, Failure> {
        use sealock_change::fs::Kind;
        let found = match sealock_change::fs::stat(&self.home)?.map(|stat| stat.kind) {
            None | Some(Kind::Directory) => None,
            Some(Kind::Symlink) => Some("it is a symbolic link"),
            Some(Kind::File) => Some("it is a file"),
            Some(Kind::Special(what)) => Some(what),
        };
        if let Some(found) = found {
            return Err(sealock_vault::VaultError::NotAVault {
                path: self.home.clone(),
                found: found.to_owned(),
            }
            .into());
        }
        Ok(Store::open(self.home.join("changes"))?)
    }

    /// The run that was interrupted, if there was one; looks only.
    pub(crate) fn interrupted(&self) -> Result<Option<sealock_change::RunSummary>, Failure> {
        let journal = sealock_change::fs::stat(&self.home.join("changes"))?;
        if journal.is_none() {
            return Ok(None);
        }
        Ok(self.store()?.interrupted()?)
    }

    /// The vault that must exist already.
    pub(crate) fn vault(&self) -> Result<Vault, Failure> {
        Ok(Vault::open(&self.home)?)
    }

    /// Whether there is a vault at all.
    pub(crate) fn has_vault(&self) -> Result<bool, Failure> {
        Ok(sealock_change::fs::stat(&self.home.join("vault.db"))?.is_some())
    }

    /// The passphrase for an existing vault; `None` when its keys are not sealed.
    pub(crate) fn passphrase_for(&self, sealed: bool) -> Result<Option<Passphrase>, Failure> {
        if !sealed {
            return Ok(None);
        }
        if let Some(told) = &*self.told.borrow() {
            return Ok(Some(told.clone()));
        }
        let passphrase = self.source_or_prompt()?.read()?;
        self.told.replace(Some(passphrase.clone()));
        Ok(Some(passphrase))
    }

    /// Forgets the passphrase that was read, for a command that lives on without signing anything.
    pub(crate) fn forget_passphrase(&self) {
        self.told.replace(None);
    }

    /// The passphrase for keys about to be made; `None` when the user named no source.
    pub(crate) fn new_passphrase(&self) -> Result<Option<Passphrase>, Failure> {
        if let Some(told) = &*self.told.borrow() {
            return Ok(Some(told.clone()));
        }
        let source = self.passphrase.clone().or_else(Source::from_systemd);
        let passphrase = source.map(|source| source.read_new()).transpose()?;
        self.told.replace(passphrase.clone());
        Ok(passphrase)
    }

    fn source_or_prompt(&self) -> Result<Source, Failure> {
        if let Some(source) = self.passphrase.clone().or_else(Source::from_systemd) {
            return Ok(source);
        }
        if self.printer.is_interactive() {
            return Ok(Source::Prompt);
        }
        Err(Failure::own(
            crate::passphrase::SOURCE,
            "the issuer keys are sealed and there is nobody to ask for the passphrase",
        )
        .at(self.home.display().to_string())
        .help("sealock --passphrase file:PATH …"))
    }
}

/// Where things are kept unless the user says otherwise.
struct Places {
    home: Option<PathBuf>,
    config: Option<PathBuf>,
}

impl Places {
    fn of_this_user() -> Self {
        if rustix::process::geteuid().is_root() {
            return Self {
                home: Some("/var/lib/sealock".into()),
                config: Some("/etc/sealock/sealock.toml".into()),
            };
        }
        let user_home = std::env::var_os("HOME")
            .filter(|home| !home.is_empty())
            .map(PathBuf::from);
        let xdg = |variable: &str, below: &str| {
            let set = std::env::var_os(variable)
                .map(PathBuf::from)
                .filter(|dir| dir.is_absolute());
            set.or_else(|| user_home.as_deref().map(|home: &Path| home.join(below)))
        };
        Self {
            home: xdg("XDG_DATA_HOME", ".local/share").map(|dir| dir.join("sealock")),
            config: xdg("XDG_CONFIG_HOME", ".config").map(|dir| dir.join("sealock/sealock.toml")),
        }
    }
}

fn clock() -> Timestamp {
    let seconds = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX),
    };
    Timestamp::from_unix(seconds)
}
