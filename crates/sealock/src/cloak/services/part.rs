//! A service's part of a plan: what is issued, what is written, and what is done then.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use sealock_change::{Action as _, Content, Edit};
use sealock_diag::escape;
use sealock_host::Desired;
use sealock_pki::{Certificate, Purpose};
use sealock_service::{Account, Door, Holds, Kind, Service, TakeUp};
use sealock_tls::Identity;

use super::certificate::{self, Held};
use super::kit::Kit;
use super::proof::{judge, nobody_listens};
use super::rehearsal::StandIn;
use super::steps::{Before, Prove, Take};
use super::{configuration, kind};
use crate::cloak::course::Course;
use crate::cloak::credentials::Authority;
use crate::cloak::keep::{InUse, Recorded};
use crate::commands::service::codes;
use crate::failure::Failure;
use crate::session::Session;

/// What was proved, for whoever prints it.
pub(crate) type Proofs = Rc<RefCell<Vec<String>>>;

/// One service in a plan.
pub(crate) struct Part {
    pub(crate) name: String,
    /// Whether something of it is not as it must be.
    pub(crate) changes: bool,
    pub(crate) issued: Option<Recorded>,
    pub(crate) in_use: InUse,
    pub(crate) edits: Vec<Edit>,
    pub(crate) notes: Vec<String>,
    /// What is looked at first, taken up and proved; `None` when everything is as it must be.
    pub(crate) act: Option<Act>,
    /// What was seen where nothing is to be done.
    pub(crate) held: Vec<String>,
}

/// The steps of a service that are no files.
pub(crate) struct Act {
    pub(crate) before: Before,
    pub(crate) take: Take,
    pub(crate) prove: Prove,
    /// For who only wants to know how it would be.
    pub(crate) stand_in: StandIn,
}

/// Every service's part; nothing is written.
pub(crate) fn parts(
    session: &Session,
    authority: &Authority,
    desired: &Desired,
    course: &Course,
    proofs: &Proofs,
) -> Result<Vec<Part>, Failure> {
    if desired.services.is_empty() {
        return Ok(Vec::new());
    }
    let kit = Rc::new(Kit::forge(authority, session.now)?);
    let services = desired.services.iter();
    services
        .map(|service| part(session, authority, desired, service, course, &kit, proofs))
        .collect()
}

fn part(
    session: &Session,
    authority: &Authority,
    desired: &Desired,
    service: &Service,
    course: &Course,
    kit: &Rc<Kit>,
    proofs: &Proofs,
) -> Result<Part, Failure> {
    let kind = kind(session, service)?;
    let held = certificate::held(
        session,
        authority,
        desired,
        service,
        &*kind,
        &course.renewal,
    )?;
    let edits = edits(session, authority, service, &*kind, &held)?;
    let name = &service.name;
    let mut part = Part {
        name: name.clone(),
        changes: false,
        issued: held.issued.as_ref().map(|issued| issued.to_record()),
        in_use: InUse {
            identity: name.clone(),
            purpose: Purpose::Server,
            serial: held.leaf.serial().clone(),
            places: places(&*kind),
        },
        edits,
        notes: Vec::new(),
        act: None,
        held: Vec::new(),
    };
    if let Some(reason) = &held.reason {
        let reason = escape(reason);
        part.notes.push(format!(
            "the certificate of {name} is issued anew: {reason}"
        ));
    }
    let mut changes = false;
    for edit in &part.edits {
        changes = changes || !edit.is_noop()?;
    }
    let (doors, take_up) = (kind.doors(), kind.take_up());
    let fingerprint = held.leaf.fingerprint();
    let found = judge(&doors, fingerprint, kit);
    if found.failures.is_empty() && !changes {
        part.held = with_name(name, &found.held);
        return Ok(part);
    }
    part.changes = true;
    if take_up == TakeUp::Hands {
        part.notes.push(format!(
            "{name} has to be told to take its files up: it has neither `reload` nor `restart`, so nothing is proved of it"
        ));
        return Ok(part);
    }
    // Whoever is not there reads his files when he comes. The first time there are none to come with.
    // What is only out of reach may still serve an old certificate, so a new generation needs to be proved of it.
    let absent = found.silent && (course.transition.is_none() || nobody_listens(&doors));
    if absent && !held.first {
        part.notes.push(format!(
            "{name} does not answer; it takes its files up when it is started, and `sealock status` proves it then"
        ));
        return Ok(part);
    }
    let tried = Rc::new(Cell::new(false));
    let take = Take::new(name, &take_up, &tried);
    part.act = Some(Act {
        stand_in: StandIn {
            name: name.clone(),
            identity: Identity::new(vec![held.leaf.clone()], &held.key)?,
            anchors: authority.trusted(Purpose::Client)?,
            leaf: fingerprint,
            doors: doors.clone(),
            take_up: take.describe(),
            kit: Rc::clone(kit),
        },
        before: Before::new(name, &doors, &take_up, kit, &tried),
        take,
        prove: Prove::new(name, doors, fingerprint, take_up, kit, proofs),
    });
    Ok(part)
}

pub(super) fn with_name(name: &str, held: &[String]) -> Vec<String> {
    held.iter().map(|line| format!("{name}: {line}")).collect()
}

/// Where its certificate lies, for the inventory.
fn places(kind: &dyn Kind) -> Vec<String> {
    let files = kind.files().into_iter();
    files
        .filter(|file| file.holds != Holds::Anchors)
        .map(|file| file.path.display().to_string())
        .collect()
}

/// The files, then its own configuration, which names them.
fn edits(
    session: &Session,
    authority: &Authority,
    service: &Service,
    kind: &dyn Kind,
    held: &Held,
) -> Result<Vec<Edit>, Failure> {
    let mut folders: Vec<Edit> = Vec::new();
    let mut edits = Vec::new();
    for file in kind.files() {
        if file.path.starts_with(&session.home) {
            return Err(Failure::own(
                codes::PLACE,
                format!(
                    "a file of the service {} would lie in the vault's home",
                    service.name
                ),
            )
            .at(escape(&file.path.to_string_lossy()))
            .because("only root gets there, and a service needs no way to the vault"));
        }
        if let Some(parent) = file.path.parent() {
            for folder in Edit::missing_directories(parent, 0o755, None)? {
                if !folders.iter().any(|known| known.path() == folder.path()) {
                    folders.push(folder);
                }
            }
        }
        let content = match file.holds {
            Holds::Key => Content::Secret(held.key.to_pem()?),
            Holds::Certificate => Content::Public(held.leaf.to_pem().into_bytes()),
            Holds::Anchors => {
                let anchors = authority.trusted(Purpose::Client)?;
                let pem: String = anchors.iter().map(Certificate::to_pem).collect();
                Content::Public(pem.into_bytes())
            }
        };
        let resolve = |account: &Account| {
            account.resolve().map_err(|why| {
                Failure::own(
                    codes::OWNER,
                    format!("the files of {} have no owner", service.name),
                )
                .at(session.config.display().to_string())
                .because(why)
            })
        };
        edits.push(Edit::Write {
            path: file.path,
            content,
            mode: file.mode,
            owner: file.owner.as_ref().map(resolve).transpose()?,
        });
    }
    folders.extend(edits);
    folders.extend(configuration(service, kind)?);
    Ok(folders)
}

/// The doors in words: `redis at 127.0.0.1:6379`.
pub(super) fn words(doors: &[Door]) -> String {
    let words: Vec<String> = doors
        .iter()
        .map(|door| format!("{} at {}", door.protocol, door.address))
        .collect();
    words.join(", ")
}
