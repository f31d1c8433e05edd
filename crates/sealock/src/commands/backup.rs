//! `sealock backup` and `restore`: the vault in one archive.

use std::path::{Path, PathBuf};

use serde_json::json;

use sealock_change::{Digest, fs};
use sealock_diag::escape;
use sealock_host::{Desired, Local, System};

use crate::cli;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::printer::{BOLD, GOOD, paint};
use crate::sealed::{self, Config, Content, Host, Lies, Opener, Recipients};
use crate::session::Session;
use crate::{ask, input};

/// Larger than every vault: some hundred thousand certificates.
const LARGEST: u64 = 512 * 1024 * 1024;

pub(crate) fn backup(session: &Session, args: &cli::Backup) -> Result<Exit, Failure> {
    session.vault()?;
    let path = absolute(&args.output);
    may_be_replaced(&path)?;
    let recipients = Recipients::from_args(&args.openers, session)?;
    let collected = sealed::collect(session)?;
    let plain = sealed::tar_of(&collected.members, session.now)?;
    let bytes = sealed::seal(&recipients, plain.expose())?;
    fs::write_atomic(&path, &bytes, 0o600, None)?;
    let opened = verify(&path, &bytes, plain.expose(), &recipients)?;

    for skipped in &collected.skipped {
        session.printer.warn(&format!("left out: {skipped}"));
    }
    if !collected.calm {
        session.printer.warn(
            "another run was under way, or was killed, while this was made: the vault in it is whole; after a restore, \
             `sealock apply` mends the files of clients that it was about to change",
        );
    }
    if path.starts_with(&session.home) {
        session
            .printer
            .warn("the archive lies in the home that it is a copy of; keep another one elsewhere");
    }
    let files = collected
        .members
        .iter()
        .filter(|member| member.bytes.is_some())
        .count();
    if session.printer.json {
        session.printer.value(&json!({
            "version": 1,
            "archive": path.to_string_lossy(),
            "bytes": bytes.len(),
            "sha256": Digest::of(&bytes).to_string(),
            "files": files,
            "recipients": match &recipients {
                Recipients::To(to) => to.iter().map(ToString::to_string).collect(),
                Recipients::Passphrase(_) => Vec::new(),
            },
            "verified": if opened { "opened" } else { "read" },
            "calm": collected.calm,
            "leftOut": collected.skipped,
        }));
    } else {
        session.printer.say(&format!(
            "{}: {files} files, {} bytes, sealed {}",
            escape(&path.to_string_lossy()),
            bytes.len(),
            recipients.describe()
        ));
        session.printer.say(&if opened {
            paint(GOOD, "verified: read back, opened, and every byte compared")
        } else {
            format!(
                "{}: only the holder of an identity can open it: sealock --home DIR restore FILE --identity key.txt",
                paint(GOOD, "verified as written")
            )
        });
    }
    Ok(Exit::Done)
}

pub(crate) fn restore(session: &Session, args: &cli::Restore) -> Result<Exit, Failure> {
    let shown = escape(&args.archive.to_string_lossy());
    let content = read(session, args).map_err(|failure| failure.or_at(&shown))?;
    let lies = sealed::what_lies_there(session, &content)?;
    show(session, &content);
    if lies != Lies::Same {
        ask::proceed(session, "Restore this vault?")?;
    }
    let placed =
        sealed::place(session, &content, &lies).map_err(|failure| failure.or_at(&shown))?;
    let changes = usize::from(lies != Lies::Same) + usize::from(placed.config == Config::Written);
    let next = next(session, &content);
    if session.printer.json {
        session.printer.value(&json!({
            "version": 1,
            "home": session.home.to_string_lossy(),
            "changes": changes,
            "files": content.files(),
            "sameHost": next.same,
            "remembersOriginals": placed.remembers,
            "config": match placed.config {
                Config::Nothing => "unchanged",
                Config::Written => "written",
                Config::Kept => "another lies there",
            },
            "foreignNames": next.foreign,
        }));
        return Ok(Exit::Done);
    }
    let home = escape(&session.home.to_string_lossy());
    session.printer.say(&match lies {
        Lies::Same if changes == 0 => format!("0 changes: this very vault lies in {home}"),
        Lies::Same => format!("this very vault lies in {home}; sealock.toml was put in its place"),
        Lies::Nothing | Lies::Memory => paint(GOOD, &format!("restored to {home}, and checked")),
    });
    if placed.config == Config::Kept {
        session.printer.warn(&format!(
            "another sealock.toml lies in its place and stays; that of the archive is {home}/{}",
            sealed::PENDING
        ));
    }
    tell_next(session, &content, &next, placed.remembers);
    Ok(Exit::Done)
}

/// Reads and opens an archive, and looks at everything in it.
fn read(session: &Session, args: &cli::Restore) -> Result<Content, Failure> {
    let bytes = input::read(&args.archive, LARGEST)?;
    let opener = Opener::from_args(
        args.identity.as_deref(),
        args.archive_passphrase.as_ref(),
        &bytes,
        session,
    )?;
    let plain = sealed::open(&opener, &bytes)?;
    sealed::read_content(plain.expose())
}

/// A backup may take the place of the one before it, and of nothing else.
fn may_be_replaced(path: &Path) -> Result<(), Failure> {
    let refuse = |what: &str| {
        Err(Failure::own(
            sealed::NOT_REPLACED,
            "a file that is no archive is not replaced",
        )
        .at(escape(&path.to_string_lossy()))
        .because(what.to_owned()))
    };
    let Some(stat) = fs::stat(path)? else {
        return Ok(());
    };
    match stat.kind {
        fs::Kind::File => {}
        fs::Kind::Directory => return refuse("it is a directory"),
        fs::Kind::Symlink => return refuse("it is a symbolic link"),
        fs::Kind::Special(what) => return refuse(&format!("it is a {what}")),
    }
    // A few bytes tell; an archive may be large.
    let mut start = [0; 32];
    let read =
        std::fs::File::open(path).and_then(|mut file| std::io::Read::read(&mut file, &mut start));
    match read {
        Ok(length) if sealed_start(start.get(..length).unwrap_or_default()) => Ok(()),
        Ok(_) => refuse("what lies there is no age file"),
        Err(error) => refuse(&error.to_string()),
    }
}

fn sealed_start(bytes: &[u8]) -> bool {
    sealock_age::is_age(bytes)
}

/// Reads back what was written; says whether it could be opened too.
fn verify(
    path: &Path,
    written: &[u8],
    plain: &[u8],
    recipients: &Recipients,
) -> Result<bool, Failure> {
    let differs = || {
        Failure::own(
            sealed::ALTERED,
            "the archive does not read back as it was written",
        )
        .at(escape(&path.to_string_lossy()))
        .state(
            "the archive was written, and is not to be relied upon",
            Exit::Failed,
        )
    };
    let read = input::read(path, LARGEST)?;
    if read != written {
        return Err(differs());
    }
    match recipients.opener() {
        None => Ok(false),
        Some(opener) if sealed::open(&opener, &read)?.expose() == plain => Ok(true),
        Some(_) => Err(differs()),
    }
}

fn show(session: &Session, content: &Content) {
    let manifest = &content.manifest;
    session.printer.say(&paint(
        BOLD,
        &format!(
            "a vault of {}, made {} by sealock {}",
            escape(&manifest.host.name),
            escape(&manifest.made_at),
            escape(&manifest.sealock)
        ),
    ));
    for anchor in &manifest.anchors {
        let scope = if anchor.scope.is_empty() {
            String::new()
        } else {
            format!(" of scope {}", anchor.scope)
        };
        session.printer.say(&format!(
            "  {} anchor {} of {}{}, {}: {}",
            escape(&anchor.purpose),
            anchor.generation,
            escape(&anchor.authority),
            escape(&scope),
            escape(&anchor.state),
            escape(&anchor.fingerprint)
        ));
    }
}

/// What remains to be done by the user.
struct Next {
    /// Whether this is the host that the archive was made on.
    same: bool,
    /// Names and addresses of the desired state that are not this host's.
    foreign: Vec<String>,
}

fn next(session: &Session, content: &Content) -> Next {
    let same = content.manifest.host.is(&Host::this());
    let text = std::fs::read_to_string(&session.config).unwrap_or_default();
    let foreign = match Desired::parse(&session.config, &text) {
        Ok(desired) if !same => foreign_names(&desired),
        _ => Vec::new(),
    };
    Next { same, foreign }
}

/// The names under which clients reach the daemon, and the addresses it listens on, as far as they are another host's.
fn foreign_names(desired: &Desired) -> Vec<String> {
    let system = Local::new();
    let host = system.hostname();
    let interfaces = system.interfaces();
    let is_ours = |name: &str| match name.parse::<std::net::IpAddr>() {
        Ok(address) => {
            address.is_unspecified()
                || interfaces
                    .iter()
                    .any(|interface| interface.address == address)
        }
        Err(_) => {
            let short = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
            name == "localhost" || short(name) == short(&host)
        }
    };
    let names = desired.daemon.names.iter().map(ToString::to_string);
    let listens = desired
        .daemon
        .listen
        .iter()
        .map(|listen| listen.address().ip().to_string());
    let mut foreign: Vec<String> = names.chain(listens).filter(|name| !is_ours(name)).collect();
    foreign.sort();
    foreign.dedup();
    foreign
}

fn tell_next(session: &Session, content: &Content, next: &Next, remembers: bool) {
    let printer = &session.printer;
    if next.same && !sealed::is_of_this_place(session, content) {
        printer.say(&format!(
            "this lies beside the home that it was made from ({}); with --home and --config every command looks here",
            escape(&content.manifest.home)
        ));
        return;
    }
    if next.same {
        printer.say("next: `sealock apply` brings the daemon and the clients of this host to what the vault says");
        if !remembers {
            printer.warn(
                "what the files of this host were before sealock is not known here: `sealock down` will not take back \
                 what was done before",
            );
        }
        return;
    }
    printer.say(&format!(
        "this is not the host that the archive was made on ({}); `sealock down` will put back what it finds here",
        escape(&content.manifest.host.name)
    ));
    if next.foreign.is_empty() {
        printer.say("next: `sealock plan` shows what sealock.toml wants of this host");
    } else {
        printer.say(&format!(
            "next: change these in {}, which are not this host's, then `sealock plan`\n  {}",
            escape(&session.config.to_string_lossy()),
            escape(&next.foreign.join("  "))
        ));
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
