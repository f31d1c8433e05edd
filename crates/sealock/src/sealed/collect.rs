//! What goes into an archive: a home as it is between two runs.

use std::path::Path;
use std::time::{Duration, Instant};

use sealock_change::fs::{self, Kind};
use sealock_change::{Error, Fault};
use sealock_diag::escape;
use sealock_vault::{Vault, VaultError};

use super::content::{CONFIG, FOLDERS, LEDGER, VAULT};
use super::manifest::Manifest;
use super::tar::{Member, is_plain};
use crate::failure::Failure;
use crate::session::Session;

/// How long a run of another process is waited for before its files are taken as they are.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// A home, read.
pub(crate) struct Collected {
    /// The manifest first.
    pub(crate) members: Vec<Member>,
    /// Whether no run was under way while it was read.
    pub(crate) calm: bool,
    /// What was left out, and why.
    pub(crate) skipped: Vec<String>,
}

/// Reads a home without stopping anybody.
///
/// The database is consistent by itself. Files are changed by runs, and every run has a journal while it lasts and leaves
/// another ledger behind: the files belong together when before and after there was no journal, and the same ledger.
pub(crate) fn collect(session: &Session) -> Result<Collected, Failure> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let before = Moment::of(session)?;
        let last = Instant::now() >= deadline || (before.journal && is_abandoned(session)?);
        if before.journal && !last {
            std::thread::sleep(PAUSE);
            continue;
        }
        let outcome = read(session);
        let calm = !before.journal && before == Moment::of(session)?;
        match outcome {
            Ok((members, skipped)) if calm || last => {
                return Ok(Collected {
                    members,
                    calm,
                    skipped,
                });
            }
            Err(failure) if calm || last => return Err(failure),
            _ => std::thread::sleep(PAUSE),
        }
    }
}

/// What tells one state of a home's files from another.
#[derive(PartialEq, Eq)]
struct Moment {
    journal: bool,
    ledger: Option<Vec<u8>>,
}

impl Moment {
    fn of(session: &Session) -> Result<Self, Failure> {
        Ok(Self {
            journal: fs::stat(&session.home.join("changes/journal"))?.is_some(),
            ledger: read_if_there(&session.home.join(LEDGER))?,
        })
    }
}

/// Whether whoever wrote the journal is gone: then waiting would not end.
///
/// By the process that the lock names, and not by trying the lock: whoever comes in that instant would find it taken.
fn is_abandoned(session: &Session) -> Result<bool, Failure> {
    let holder = || -> Result<Option<u32>, Failure> {
        let text = read_if_there(&session.home.join("changes/lock"))?.unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        Ok(text.trim().parse().ok())
    };
    let Some(pid) = holder()? else {
        return Ok(false);
    };
    if Path::new("/proc").join(pid.to_string()).exists() {
        return Ok(false);
    }
    // It may have ended well since the journal was seen, and another may have begun.
    Ok(Moment::of(session)?.journal && holder()? == Some(pid))
}

fn read(session: &Session) -> Result<(Vec<Member>, Vec<String>), Failure> {
    let home = &session.home;
    let mut members = Vec::new();
    let mut skipped = Vec::new();
    for folder in FOLDERS {
        walk(home, folder, &mut members, &mut skipped)?;
    }
    if let Some(ledger) = read_if_there(&home.join(LEDGER))? {
        members.push(Member::directory("changes", 0o700));
        members.push(Member::file(LEDGER, ledger, 0o600));
    }
    if let Some(text) = read_if_there(&session.config)? {
        let mode = fs::stat(&session.config)?.map_or(0o600, |stat| stat.mode & 0o777);
        members.push(Member::file(CONFIG, text, mode));
    }
    // Keys are durable before the row that names them, so they are read after the rows.
    let mut vault = Vault::open(home)?;
    let database = vault.snapshot()?;
    let keys = vault.key_files()?;
    members.push(Member::directory("issuers", 0o700));
    for key in &keys {
        let name = key.path.file_name().unwrap_or_default().to_string_lossy();
        match read_if_there(&key.path)? {
            Some(bytes) => members.push(Member::file(format!("issuers/{name}"), bytes, 0o400)),
            None if !key.is_needed() => {}
            None => {
                return Err(VaultError::KeyMissing {
                    purpose: key.anchor.purpose,
                    path: key.path.clone(),
                }
                .into());
            }
        }
    }
    members.push(Member::file(VAULT, database, 0o600));
    let manifest = Manifest::of(session, &keys, &members);
    members.insert(0, manifest.to_member()?);
    Ok((members, skipped))
}

/// Everything below a folder of the home, a directory before what is in it.
fn walk(
    home: &Path,
    name: &str,
    members: &mut Vec<Member>,
    skipped: &mut Vec<String>,
) -> Result<(), Failure> {
    let path = home.join(name);
    let Some(stat) = fs::stat(&path)? else {
        return Ok(());
    };
    let mut skip = |why: &str| skipped.push(format!("{}: {why}", escape(name)));
    match stat.kind {
        _ if !is_plain(name) => skip("its name is none that an archive can hold"),
        // What a killed write left beside its file.
        _ if name.ends_with(".sealock-new") => {}
        Kind::Symlink => skip("it is a symbolic link"),
        Kind::Special(what) => skip(&format!("it is a {what}")),
        Kind::File => {
            // Gone in this instant: the next look decides.
            if let Some(bytes) = read_if_there(&path)? {
                members.push(Member::file(name, bytes, stat.mode & 0o777));
            }
        }
        Kind::Directory => {
            members.push(Member::directory(name, stat.mode & 0o777));
            let listed = std::fs::read_dir(&path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
            let listed = listed.map_err(|source| Error::Io {
                doing: "list",
                path: path.clone(),
                fault: Fault::Other,
                source,
            })?;
            let mut inside: Vec<String> = listed
                .iter()
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .collect();
            inside.sort();
            for entry in inside {
                walk(home, &format!("{name}/{entry}"), members, skipped)?;
            }
        }
    }
    Ok(())
}

fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(Error::Io {
            fault: Fault::Missing,
            ..
        }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
