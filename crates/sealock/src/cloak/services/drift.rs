//! What of a service is not as it shall be.

use std::os::unix::fs::MetadataExt as _;

use sealock_diag::escape;
use sealock_host::Desired;
use sealock_pki::{Certificate, Purpose};
use sealock_service::{Holds, Kind, Service};

use super::certificate::held;
use super::kit::Kit;
use super::proof::judge;
use super::{configuration, kind};
use crate::cloak::course::Renewal;
use crate::cloak::credentials::Authority;
use crate::failure::Failure;
use crate::session::Session;

/// How the services of a host stand.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    /// Every difference, in sentences.
    pub(crate) problems: Vec<String>,
    /// The certificates that are good, by the names of their services.
    pub(crate) good: Vec<(String, Certificate)>,
}

/// What differs, and what is good.
pub(crate) fn drift(
    session: &Session,
    authority: &Authority,
    desired: &Desired,
) -> Result<Standing, Failure> {
    let mut standing = Standing::default();
    if desired.services.is_empty() {
        return Ok(standing);
    }
    let Standing {
        problems: found,
        good,
    } = &mut standing;
    let kit = Kit::forge(authority, session.now)?;
    for service in &desired.services {
        let kind = kind(session, service)?;
        let held = held(session, authority, desired, service, &*kind, &Renewal::Due)?;
        if held.issued.is_some() {
            found.push(match held.reason {
                Some(reason) => format!("the certificate of {}: {}", service.name, escape(&reason)),
                None => format!("{} has no certificate of ours", service.name),
            });
            continue;
        }
        files(authority, service, &*kind, found)?;
        settings(service, &*kind, found)?;
        let seen = judge(&kind.doors(), held.leaf.fingerprint(), &kit);
        let failures = seen.failures.into_iter();
        found.extend(failures.map(|why| format!("{}: {why}", service.name)));
        good.push((service.name.clone(), held.leaf));
    }
    Ok(standing)
}

/// Its own configuration. One that cannot be judged is a difference like another: what it lets in is not known.
fn settings(service: &Service, kind: &dyn Kind, found: &mut Vec<String>) -> Result<(), Failure> {
    let mut say = |place: &str, what: &str| {
        found.push(format!(
            "{place}, configuration of {}: {what}",
            service.name
        ));
    };
    match configuration(service, kind) {
        Ok(edits) => {
            for edit in edits {
                if !edit.is_noop()? {
                    let path = escape(&edit.path().to_string_lossy());
                    say(&path, "not as the service needs it");
                }
            }
        }
        Err(failure) => {
            let place = failure.location.as_deref().unwrap_or("a file");
            let why = failure.cause.as_deref().unwrap_or(&failure.headline);
            say(place, &format!("it cannot be judged: {why}"));
        }
    }
    Ok(())
}

/// Modes and owners, and whom the service trusts.
fn files(
    authority: &Authority,
    service: &Service,
    kind: &dyn Kind,
    found: &mut Vec<String>,
) -> Result<(), Failure> {
    for file in kind.files() {
        let mut say = |what: String| {
            let path = escape(&file.path.to_string_lossy());
            found.push(format!("{path}, a file of {}: {what}", service.name));
        };
        let Ok(metadata) = std::fs::metadata(&file.path) else {
            say("missing".to_owned());
            continue;
        };
        let bits = metadata.mode() & 0o7777;
        if bits != file.mode {
            say(format!("mode {bits:04o}, expected {:04o}", file.mode));
        }
        match file.owner.as_ref().map(|account| account.resolve()) {
            Some(Ok(owner)) if (owner.uid, owner.gid) != (metadata.uid(), metadata.gid()) => {
                say(format!(
                    "owner {}:{}, expected {}:{}",
                    metadata.uid(),
                    metadata.gid(),
                    owner.uid,
                    owner.gid
                ));
            }
            Some(Err(why)) => say(why),
            _ => {}
        }
        if file.holds == Holds::Anchors {
            let bytes = sealock_change::fs::read(&file.path)?;
            let trusted = authority.trusted(Purpose::Client)?;
            match Certificate::chain_from_pem(&bytes) {
                Ok(there) if there == trusted => {}
                _ => say("it does not hold the anchors of the clients of this host".to_owned()),
            }
        }
    }
    Ok(())
}
