//! `sealock ca retire`: what becomes of the issuer keys of generations that are withdrawn.

use sealock_change::fs;
use sealock_diag::{Sensitive, escape};
use sealock_vault::{AnchorState, KeyFile};

use crate::cli::{Openers, Retire, Retired};
use crate::cloak::run;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::sealed::{self, Member, Recipients};
use crate::session::Session;
use crate::{ask, catalogue};

pub(crate) fn run(session: &Session, args: &Retire) -> Result<Exit, Failure> {
    let way = Way::of(session, &args.what, &args.openers)?;
    if !matches!(way, Way::Keep) && !withdrawn(session)?.is_empty() {
        // The last lists that these generations can sign.
        super::revoke::publish(&session.for_a_step())?;
    }
    let store = session.store()?;
    let _guard = run::begin(session, &store)?;
    let keys = withdrawn(session)?;
    if keys.is_empty() {
        session
            .printer
            .say("0 changes: no key of a withdrawn generation is left");
        return Ok(Exit::Done);
    }
    tell(session, &keys);
    if matches!(way, Way::Keep) {
        return Ok(Exit::Done);
    }
    ask::proceed(
        session,
        "Do this with these keys? They cannot be brought back here.",
    )?;
    carry_out(session, &way, &keys)?;
    Ok(Exit::Done)
}

/// What to do, with everything that it takes: asked for before anything else is done.
pub(crate) enum Way {
    Keep,
    Shred,
    Archive(std::path::PathBuf, Recipients),
}

impl Way {
    pub(crate) fn of(
        session: &Session,
        what: &Retired,
        openers: &Openers,
    ) -> Result<Self, Failure> {
        Ok(match what {
            Retired::Keep => Self::Keep,
            Retired::Shred => Self::Shred,
            Retired::Archive(path) => {
                let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                if fs::stat(&path)?.is_some() {
                    return Err(Failure::own(
                        catalogue::FILE_IS_THERE,
                        "the archive would replace a file",
                    )
                    .at(escape(&path.to_string_lossy()))
                    .help("name one that is not there yet"));
                }
                Self::Archive(path, Recipients::from_args(openers, session)?)
            }
        })
    }
}

/// Does it with every key of a withdrawn generation, after a rekey whose new generation is proved.
pub(crate) fn after(session: &Session, way: &Way) -> Result<(), Failure> {
    let keys = withdrawn(session)?;
    if keys.is_empty() {
        return Ok(());
    }
    match way {
        Way::Keep => session.printer.say(
            "The keys of the retired generation stay in the vault; `sealock ca retire shred` removes them.",
        ),
        way => {
            // The last list that this generation can sign.
            super::revoke::publish(&session.for_a_step())?;
            carry_out(session, way, &keys)?;
        }
    }
    Ok(())
}

/// The keys of withdrawn generations that are still in the vault.
fn withdrawn(session: &Session) -> Result<Vec<KeyFile>, Failure> {
    let (gone, kept): (Vec<KeyFile>, Vec<KeyFile>) = session
        .vault()?
        .key_files()?
        .into_iter()
        .partition(|file| file.anchor.state == AnchorState::Withdrawn);
    let mut left: Vec<KeyFile> = Vec::new();
    for file in gone {
        // An imported CA that was both anchors has one key for both: it goes when the last of them is withdrawn.
        let same = |other: &KeyFile| other.path == file.path;
        if !kept.iter().any(same) && !left.iter().any(same) && fs::stat(&file.path)?.is_some() {
            left.push(file);
        }
    }
    Ok(left)
}

fn tell(session: &Session, keys: &[KeyFile]) {
    for key in keys {
        session.printer.data(&format!(
            "  {} anchor {}  {}",
            key.anchor.purpose,
            key.anchor.generation,
            escape(&key.path.to_string_lossy())
        ));
    }
}

/// Nothing goes before the archive is complete on the disk. What was interrupted is finished by the next `ca retire`.
fn carry_out(session: &Session, way: &Way, keys: &[KeyFile]) -> Result<(), Failure> {
    if let Way::Archive(path, recipients) = way {
        let sealed = archive(session, recipients, keys)?;
        fs::write_atomic(path, &sealed, 0o600, None)?;
        session.printer.say(&format!(
            "{} keys are in {}, sealed {}",
            keys.len(),
            escape(&path.to_string_lossy()),
            recipients.describe()
        ));
    }
    for key in keys {
        sealed::shred(&key.path)?;
    }
    session.printer.say(&format!(
        "{} keys are overwritten and removed. On an SSD, or a file system that copies on write, older copies may remain in \
         its cells.",
        keys.len()
    ));
    Ok(())
}

fn archive(
    session: &Session,
    recipients: &Recipients,
    keys: &[KeyFile],
) -> Result<Vec<u8>, Failure> {
    let mut members = vec![Member::directory("retired", 0o700)];
    for key in keys {
        let name = format!("retired/{}", key.anchor.key_id);
        let bytes = Sensitive::new(fs::read(&key.path)?);
        members.push(Member::file(
            format!("{name}.key"),
            bytes.expose().clone(),
            0o400,
        ));
        let certificate = key.anchor.certificate.to_pem().into_bytes();
        members.push(Member::file(format!("{name}.pem"), certificate, 0o444));
    }
    let plain = sealed::tar_of(&members, session.now)?;
    sealed::seal(recipients, plain.expose())
}
