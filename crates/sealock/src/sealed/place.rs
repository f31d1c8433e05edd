//! A home out of an archive: whole, in its place, or not at all.

use std::path::Path;

use sealock_change::fs::{self, Kind, Whole};
use sealock_change::{Content as Bytes, Edit, Plan, Store};
use sealock_diag::escape;
use sealock_vault::Vault;

use super::codes;
use super::content::{CONFIG, Content, LEDGER, VAULT};
use super::manifest::{Host, not_intact};
use crate::cloak::run;
use crate::failure::Failure;
use crate::session::Session;

/// In the home: the `sealock.toml` of the archive, until it lies in its place, or for good when another lies there.
pub(crate) const PENDING: &str = "sealock.toml.restored";

/// What is where the home would go.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Lies {
    /// Nothing, or an empty directory.
    Nothing,
    /// Only what sealock remembers of this host's files; it is younger than what an archive remembers, and stays.
    Memory,
    /// The very same vault.
    Same,
}

/// What has become of the archive's `sealock.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Config {
    /// The archive has none, or the same lies there.
    Nothing,
    /// It was put in its place.
    Written,
    /// Another lies there, and stays.
    Kept,
}

/// What was done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placed {
    pub(crate) config: Config,
    /// Whether the memory of this host's original files is there again.
    pub(crate) remembers: bool,
}

/// Looks where the home would go; whatever must not be written over is refused.
pub(crate) fn what_lies_there(session: &Session, content: &Content) -> Result<Lies, Failure> {
    let home = &session.home;
    let shown = escape(&home.to_string_lossy());
    let occupied = |cause: String| {
        Failure::own(codes::OCCUPIED, "something lies where the vault would go")
            .at(shown.clone())
            .because(cause)
            .help(format!(
                "move it aside, and run this again\n  mv {shown} {shown}.old"
            ))
    };
    match fs::stat(home)?.map(|stat| stat.kind) {
        None => return Ok(Lies::Nothing),
        Some(Kind::Directory) => {}
        Some(_) => return Err(occupied("it is no directory".to_owned())),
    }
    if session.has_vault()? {
        return match difference(session, content) {
            Ok(None) => Ok(Lies::Same),
            Ok(Some(why)) => Err(occupied(why)),
            Err(failure) => Err(occupied(format!(
                "a vault that cannot be read: {}",
                failure.headline
            ))),
        };
    }
    let mut names = Vec::new();
    for entry in std::fs::read_dir(home).map_err(|error| occupied(error.to_string()))? {
        let entry = entry.map_err(|error| occupied(error.to_string()))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    match names.as_slice() {
        [] => Ok(Lies::Nothing),
        [only] if only == "changes" => Ok(Lies::Memory),
        [first, ..] => Err(occupied(format!(
            "there is no vault in it, but {}",
            escape(first)
        ))),
    }
}

/// Puts the home in its place. Everything is judged where nobody looks yet, and one rename decides.
pub(crate) fn place(session: &Session, content: &Content, lies: &Lies) -> Result<Placed, Failure> {
    if *lies != Lies::Same {
        let made = made_parents(&session.home)?;
        let placed = put(session, content, lies);
        if placed.is_err() {
            // Directories that were made for nothing; one that somebody uses by now is not empty.
            for directory in made.iter().rev() {
                let _used = fs::remove(directory);
            }
        }
        placed?;
    }
    // An archive without a memory is of a host where nothing was touched.
    let there = fs::stat(&session.home.join(LEDGER))?.is_some();
    let remembers = there || content.file(LEDGER).is_none();
    let config = place_config(session, content)?;
    Ok(Placed { config, remembers })
}

/// Removes what a killed restore left beside the home: it holds keys. Looks first, so that it costs next to nothing.
pub(crate) fn clear_up(home: &Path) -> Result<bool, Failure> {
    Ok(Whole::clear_up(home)?)
}

/// Whether an archive is of this very home: only then does its memory of other files mean files of this host.
pub(crate) fn is_of_this_place(session: &Session, content: &Content) -> bool {
    let manifest = &content.manifest;
    manifest.host.is(&Host::this())
        && Path::new(&manifest.home) == session.home
        && Path::new(&manifest.config) == session.config
}

fn made_parents(home: &Path) -> Result<Vec<std::path::PathBuf>, Failure> {
    let mut made = Vec::new();
    if let Some(parent) = home.parent() {
        for missing in Edit::missing_directories(parent, 0o700, None)? {
            fs::create_dir(missing.path(), 0o700, None)?;
            made.push(missing.path().to_path_buf());
        }
    }
    Ok(made)
}

fn put(session: &Session, content: &Content, lies: &Lies) -> Result<(), Failure> {
    // Nobody else changes this host meanwhile; where nothing lies there is nobody.
    let store = session.store()?;
    let guard = match lies {
        Lies::Memory => Some(run::begin(session, &store)?),
        Lies::Nothing | Lies::Same => None,
    };
    let whole = Whole::begin(&session.home)?;
    for member in &content.members {
        let inside = Path::new(&member.name);
        match (&member.bytes, member.name.as_str()) {
            (_, LEDGER | "changes" | CONFIG) => {}
            (None, _) => whole.directory(inside, member.mode)?,
            (Some(bytes), _) => whole.file(inside, bytes.expose(), member.mode)?,
        }
    }
    let memory = match lies {
        Lies::Memory => read_if_there(&session.home.join(LEDGER))?,
        _ if is_of_this_place(session, content) => content.file(LEDGER).map(<[u8]>::to_vec),
        _ => None,
    };
    if let Some(ledger) = memory {
        whole.directory(Path::new("changes"), 0o700)?;
        whole.file(Path::new(LEDGER), &ledger, 0o600)?;
    }
    if let Some(text) = content.file(CONFIG) {
        whole.file(Path::new(PENDING), text, 0o600)?;
    }
    judge(session, whole.path())?;
    match lies {
        Lies::Memory => whole.exchange()?,
        Lies::Nothing | Lies::Same => whole.put()?,
    }
    drop(guard);
    Ok(())
}

/// Whether what was unpacked is an intact vault: its database, its keys, and its memory.
fn judge(session: &Session, home: &Path) -> Result<(), Failure> {
    let passphrase = if session.has_passphrase_source() {
        session.passphrase_for(true)?
    } else {
        None
    };
    let vault = Vault::open(home).map_err(|error| not_intact(&error, home))?;
    vault
        .check_integrity()
        .map_err(|error| not_intact(&error, home))?;
    vault
        .check_keys(passphrase.as_ref())
        .map_err(|error| not_intact(&error, home))?;
    drop(vault);
    // SQLite leaves its own journal behind, empty.
    fs::remove(&home.join("vault.db-journal"))?;
    Store::open(home.join("changes"))
        .and_then(|store| store.originals())
        .map_err(|error| not_intact(&error, home))?;
    Ok(())
}

/// In what the vault that lies there is another than the archive's; `None` when it is the very same.
fn difference(session: &Session, content: &Content) -> Result<Option<String>, Failure> {
    let mut vault = session.vault()?;
    let theirs: Vec<&str> = content
        .manifest
        .anchors
        .iter()
        .map(|anchor| anchor.fingerprint.as_str())
        .collect();
    let keys = vault.key_files()?;
    let ours = keys
        .iter()
        .map(|key| key.anchor.certificate.fingerprint().to_string());
    if !ours.eq(theirs.iter().copied()) {
        return Ok(Some("a vault with other anchors".to_owned()));
    }
    if content.file(VAULT) != Some(vault.snapshot()?.as_slice()) {
        return Ok(Some(
            "a vault with the same anchors and another inventory: something was issued since, or before".to_owned(),
        ));
    }
    for member in &content.members {
        let elsewhere = matches!(member.name.as_str(), VAULT | LEDGER | CONFIG);
        if elsewhere || member.bytes.is_none() {
            continue;
        }
        let there = read_if_there(&session.home.join(&member.name))?;
        if there.as_deref() != Some(member.content()) {
            return Ok(Some(format!(
                "the same vault, but {} differs",
                escape(&member.name)
            )));
        }
    }
    Ok(None)
}

/// The desired state lies outside the home, so it is a run of its own, which the next command undoes when it is killed; the
/// copy in the home says that it is missing.
fn place_config(session: &Session, content: &Content) -> Result<Config, Failure> {
    let Some(text) = content.file(CONFIG) else {
        return Ok(Config::Nothing);
    };
    let pending = session.home.join(PENDING);
    let outcome = match read_if_there(&session.config)? {
        Some(there) if there == text => Config::Nothing,
        Some(_) => return Ok(Config::Kept),
        None => {
            let store = session.store()?;
            let guard = run::begin(session, &store)?;
            let mut plan = Plan::new("put sealock.toml in its place");
            if let Some(parent) = session.config.parent() {
                for edit in Edit::missing_directories(parent, 0o755, None)? {
                    plan.push_edit(edit)?;
                }
            }
            let member = content.members.iter().find(|member| member.name == CONFIG);
            plan.push_edit(Edit::Write {
                path: session.config.clone(),
                content: Bytes::Public(text.to_vec()),
                mode: member.map_or(0o600, |member| member.mode),
                owner: None,
            })?;
            run::run(session, &store, &guard, plan)?;
            Config::Written
        }
    };
    fs::remove(&pending)?;
    Ok(outcome)
}

fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    match fs::stat(path)? {
        Some(_) => Ok(Some(fs::read(path)?)),
        None => Ok(None),
    }
}
