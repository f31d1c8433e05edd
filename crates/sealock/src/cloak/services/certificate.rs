//! A service's certificate: kept while it is good, issued anew otherwise. Its files are the only place of it.

use sealock_change::fs;
use sealock_diag::{Sensitive, escape};
use sealock_host::Desired;
use sealock_pki::{Certificate, LeafRequest, PrivateKey, Purpose, San};
use sealock_service::{Holds, Kind, Profile, Service};

use crate::cloak::course::Renewal;
use crate::cloak::credentials::{Authority, Issued, good_for};
use crate::failure::Failure;
use crate::session::Session;

/// What a service is to have.
pub(super) struct Held {
    pub(super) leaf: Certificate,
    pub(super) key: PrivateKey,
    /// `None` when what lies there is good as it is.
    pub(super) issued: Option<Issued>,
    /// Why it was issued anew, when there was one before.
    pub(super) reason: Option<String>,
    /// Whether there was one before, whoever made it.
    pub(super) first: bool,
}

/// The certificate that lies in the service's files, whatever it is worth.
pub(crate) fn known(service: &Service) -> Option<Certificate> {
    let kind = service.kind().ok()?;
    let cert = file(&*kind, Holds::Certificate)?;
    let chain = Certificate::chain_from_pem(&fs::read(&cert).ok()?).ok()?;
    chain.into_iter().next()
}

/// Keeps what lies in the files when it is good, else issues.
pub(super) fn held(
    session: &Session,
    authority: &Authority,
    desired: &Desired,
    service: &Service,
    kind: &dyn Kind,
    renewal: &Renewal,
) -> Result<Held, Failure> {
    let wanted = names(service)?;
    let profile = kind.profile();
    let there = read(kind);
    let (first, reason) = match there {
        Ok(None) => (true, None),
        Err(why) => (false, Some(why)),
        Ok(Some((chain, key))) => match judge(session, authority, &chain, &key, &wanted)
            .and_then(|leaf| called(leaf, &profile))
        {
            Ok(_) if renewal.asks_for(&service.name) => {
                (false, Some("a new one was asked for".to_owned()))
            }
            Ok(leaf) => {
                return Ok(Held {
                    leaf,
                    key,
                    issued: None,
                    reason: None,
                    first: false,
                });
            }
            Err(why) => (false, Some(why)),
        },
    };
    let at = || {
        format!(
            "[[service]] {} of {}",
            service.name,
            session.config.display()
        )
    };
    let mut request =
        LeafRequest::server(wanted, service.life).map_err(|error| Failure::new(&error).at(at()))?;
    if let Some(name) = &profile.common_name {
        request.common_name = name.clone();
    }
    let key = profile.key.unwrap_or(desired.authority.key);
    let issued = authority
        .issue(&request, key, &service.name, session.now)
        .map_err(|failure| failure.or_at(&at()))?;
    Ok(Held {
        leaf: issued.certificate().clone(),
        key: issued.key.clone(),
        issued: Some(issued),
        reason,
        first,
    })
}

fn names(service: &Service) -> Result<Vec<San>, Failure> {
    let names = service.names.iter().map(|name| name.parse::<San>());
    Ok(names.collect::<Result<_, _>>()?)
}

/// Chain and key as they lie there; `None` where neither does.
fn read(kind: &dyn Kind) -> Result<Option<(Vec<Certificate>, PrivateKey)>, String> {
    let read = |holds| -> Result<Option<Vec<u8>>, String> {
        let Some(path) = file(kind, holds) else {
            return Ok(None);
        };
        match fs::stat(&path) {
            Ok(None) => Ok(None),
            Ok(Some(_)) => fs::read(&path).map(Some).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        }
    };
    match (read(Holds::Certificate)?, read(Holds::Key)?) {
        (None, None) => Ok(None),
        (Some(_), None) => Err("its key is not there".to_owned()),
        (None, Some(_)) => Err("there is a key without a certificate".to_owned()),
        (Some(cert), Some(key)) => {
            let key = Sensitive::new(key);
            let chain = Certificate::chain_from_pem(&cert).map_err(|error| error.to_string())?;
            let key =
                PrivateKey::from_pem(key.expose(), None).map_err(|error| error.to_string())?;
            Ok(Some((chain, key)))
        }
    }
}

/// The leaf, when it may stay; the error is the reason in words.
fn judge(
    session: &Session,
    authority: &Authority,
    chain: &[Certificate],
    key: &PrivateKey,
    wanted: &[San],
) -> Result<Certificate, String> {
    let leaf = chain.first().ok_or("it is empty")?;
    good_for(leaf, chain, key, authority, Purpose::Server, session.now)?;
    if let Some(missing) = wanted.iter().find(|name| !leaf.sans().contains(name)) {
        return Err(format!("it does not carry {}", escape(&missing.value())));
    }
    if let Some(surplus) = leaf.sans().iter().find(|san| !wanted.contains(san)) {
        return Err(format!(
            "it carries {}, which is not wanted any more",
            escape(&surplus.value())
        ));
    }
    Ok(leaf.clone())
}

/// The leaf, when it has the shape that its kind needs; the error is the reason in words.
fn called(leaf: Certificate, profile: &Profile) -> Result<Certificate, String> {
    match &profile.common_name {
        Some(name) if leaf.common_name().as_deref() != Some(name.as_str()) => {
            Err(format!("its common name is not {}", escape(name.as_str())))
        }
        _ => Ok(leaf),
    }
}

fn file(kind: &dyn Kind, holds: Holds) -> Option<std::path::PathBuf> {
    let files = kind.files();
    files
        .into_iter()
        .find(|file| file.holds == holds)
        .map(|file| file.path)
}
