//! Which of the authorities that were found is meant, whether it can be adopted, and its key.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use sealock_change::fs;
use sealock_diag::{Diagnose, Sensitive, escape};
use sealock_host::leftover::Part;
use sealock_pki::{Certificate, Issuer, KeyError, Passphrase, PrivateKey, Purpose, Purposes};

use super::codes;
use super::lot::{Ca, KeyAt, Lot, signed};
use crate::failure::Failure;
use crate::passphrase::Source;
use crate::session::Session;

/// The authorities that become the anchors: one for both purposes, or one for each.
#[derive(Clone, Debug)]
pub(crate) struct Choice<'l> {
    pub(crate) server: &'l Ca,
    pub(crate) client: &'l Ca,
}

impl<'l> Choice<'l> {
    /// Whether one CA vouches for servers and for clients.
    pub(crate) fn is_one(&self) -> bool {
        self.server.certificate == self.client.certificate
    }

    pub(crate) fn of(&self, purpose: Purpose) -> &'l Ca {
        match purpose {
            Purpose::Server => self.server,
            Purpose::Client => self.client,
        }
    }

    /// Each once.
    pub(crate) fn all(&self) -> Vec<&'l Ca> {
        match self.is_one() {
            true => vec![self.server],
            false => vec![self.server, self.client],
        }
    }
}

/// What says which authority is meant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hints<'a> {
    /// What the user named; nothing when he named nothing.
    pub(crate) named: &'a [PathBuf],
    /// The daemon's `tlscacert`, when it has one.
    pub(crate) daemons_anchors: &'a [Certificate],
    /// The daemon's `tlscert`, leaf first.
    pub(crate) daemons_chain: &'a [Certificate],
}

/// Tells which authority is meant; the errors say why there is none.
pub(crate) fn choose<'l>(lot: &'l Lot, hints: &Hints<'_>) -> Result<Choice<'l>, Failure> {
    let all: Vec<&Ca> = lot.cas.iter().filter(|ca| is_meant(ca, hints)).collect();
    let looked = || match hints.named.is_empty() {
        true => "the usual places".to_owned(),
        false => shown(hints.named),
    };
    if all.is_empty() {
        return Err(Failure::own(codes::NOTHING, "no authority was found to import").at(looked()));
    }
    let mut keyed: Vec<&Ca> = all
        .iter()
        .copied()
        .filter(|ca| matches!(ca.key, KeyAt::Plain(_) | KeyAt::Sealed(_)))
        .collect();
    // What an authority at hand has signed is its branch, and no authority beside it.
    let roots = keyed.clone();
    keyed.retain(|ca| {
        ca.part == Part::Authority
            || !roots.iter().any(|root| {
                root.part == Part::Authority && signed(&ca.certificate, &root.certificate)
            })
    });
    match keyed.as_slice() {
        [] => Err(without_key(&all)),
        [one] => Ok(Choice {
            server: one,
            client: one,
        }),
        [one, other] => pair(lot, hints, one, other).ok_or_else(|| several(&keyed)),
        _ => Err(several(&keyed)),
    }
}

/// Whether the user means this one: it lies where he pointed to, or else the daemon uses it when it uses any.
fn is_meant(ca: &Ca, hints: &Hints<'_>) -> bool {
    if !hints.named.is_empty() {
        return hints.named.iter().any(|named| {
            ca.paths
                .iter()
                .any(|path| path == named || (named.is_dir() && path.starts_with(named)))
        });
    }
    let used = |ca: &Certificate| {
        hints.daemons_anchors.contains(ca)
            || hints
                .daemons_chain
                .iter()
                .any(|certificate| certificate.issuer_der() == ca.subject_der())
    };
    let daemon_has_any = !hints.daemons_anchors.is_empty() || !hints.daemons_chain.is_empty();
    !daemon_has_any || used(&ca.certificate)
}

/// Two authorities, one for each purpose: by the daemon's configuration, else by what they signed.
fn pair<'l>(lot: &Lot, hints: &Hints<'_>, one: &'l Ca, other: &'l Ca) -> Option<Choice<'l>> {
    let by_daemon = |server: &Ca, client: &Ca| {
        let leaf = hints.daemons_chain.first();
        leaf.is_some_and(|leaf| signed(leaf, &server.certificate))
            && hints.daemons_anchors == [client.certificate.clone()]
    };
    let only = |ca: &Ca, purpose: Purpose| {
        let mut own = lot
            .leaves
            .iter()
            .filter(|leaf| leaf.is_of(&ca.certificate))
            .peekable();
        own.peek().is_some() && own.all(|leaf| leaf.part.purposes() == [purpose])
    };
    let by_leaves =
        |server: &Ca, client: &Ca| only(server, Purpose::Server) && only(client, Purpose::Client);
    [(one, other), (other, one)]
        .into_iter()
        .find(|(server, client)| by_daemon(server, client) || by_leaves(server, client))
        .map(|(server, client)| Choice { server, client })
}

fn several(cas: &[&Ca]) -> Failure {
    let list: Vec<String> = cas
        .iter()
        .map(|ca| {
            format!(
                "{} ({}, until {}) at {}",
                ca.certificate.subject(),
                ca.tool,
                ca.certificate.not_after(),
                first(ca)
            )
        })
        .collect();
    let commands: Vec<String> = cas
        .iter()
        .map(|ca| format!("  sealock ca import {}", quoted(ca)))
        .collect();
    Failure::own(codes::SEVERAL, "several authorities were found")
        .because(list.join("\n"))
        .help(format!(
            "name the one that is meant:\n{}",
            commands.join("\n")
        ))
}

/// No key fits: the other reasons why an authority cannot be adopted come first, a key would not help.
fn without_key(cas: &[&Ca]) -> Failure {
    let Some(ca) = cas.first() else {
        return Failure::own(codes::NOTHING, "no authority was found to import");
    };
    if let Err(failure) = fit_but_for_its_date(ca) {
        return failure;
    }
    if let KeyAt::Other(path) = &ca.key {
        return Failure::own(codes::OTHER_KEY, "the key is not that of the authority")
            .at(escape(&path.to_string_lossy()))
            .because(format!(
                "it is not the key of {} ({})",
                ca.certificate.subject(),
                first(ca)
            ));
    }
    Failure::own(codes::NO_KEY, "the key of the authority was not found")
        .at(first(ca))
        .because(format!(
            "no key that was found is that of {}",
            ca.certificate.subject()
        ))
}

/// Whether an authority can be an anchor, and for this purpose.
pub(crate) fn fit(ca: &Ca, session: &Session, purposes: &[Purpose]) -> Result<(), Failure> {
    fit_but_for_its_date(ca)?;
    let certificate = &ca.certificate;
    if session.now > certificate.not_after() {
        return Err(Failure::own(codes::EXPIRED, "the authority has expired")
            .at(first(ca))
            .because(format!(
                "{} was good until {}, and it is {} now",
                certificate.subject(),
                certificate.not_after(),
                session.now
            )));
    }
    for purpose in purposes {
        let limited = *certificate.purposes() != Purposes::Unstated
            && !certificate.purposes().include(*purpose);
        if limited {
            return Err(unfit(
                ca,
                format!(
                    "it may not issue for a {purpose}: its purposes are {}",
                    certificate.purposes()
                ),
            ));
        }
    }
    Ok(())
}

fn fit_but_for_its_date(ca: &Ca) -> Result<(), Failure> {
    let certificate = &ca.certificate;
    let described = certificate.describe();
    if described.version < 3 {
        return Err(unfit(
            ca,
            format!(
                "its certificate is of X.509 version {}, which cannot say that it is a CA",
                described.version
            ),
        ));
    }
    if let Some(usage) = described.key_usage.filter(|usage| !usage.cert_sign()) {
        return Err(unfit(
            ca,
            format!("it may not sign certificates: its key usage is {usage}"),
        ));
    }
    if certificate.key_kind().is_none() {
        return Err(unfit(
            ca,
            format!(
                "its key is {}; RSA of 2048, 3072 or 4096 bits, ECDSA on P-256 or P-384, and Ed25519 are used",
                described.key
            ),
        ));
    }
    if ca.part == Part::Intermediate {
        return Err(Failure::own(
            codes::INTERMEDIATE,
            "the authority was signed by another one",
        )
        .at(first(ca))
        .because(format!(
            "{} was signed by {}",
            certificate.subject(),
            certificate.issuer()
        )));
    }
    Ok(())
}

fn unfit(ca: &Ca, why: String) -> Failure {
    Failure::own(
        codes::UNFIT,
        "the authority cannot sign certificates that everybody accepts",
    )
    .at(first(ca))
    .because(format!("{}: {why}", ca.certificate.subject()))
}

/// Opens the key of an authority.
pub(crate) fn open(
    ca: &Ca,
    source: Option<&Source>,
    session: &Session,
) -> Result<Rc<Issuer>, Failure> {
    let key = match &ca.key {
        KeyAt::Plain(path) => read_key(path, None).map_err(|error| at(path, &error))?,
        KeyAt::Sealed(paths) => unseal(ca, paths, source, session)?,
        KeyAt::Other(_) | KeyAt::Missing => return Err(without_key(&[ca])),
    };
    Ok(Rc::new(Issuer::new(ca.certificate.clone(), key)?))
}

/// The key of a file; secrets stay in memory that is wiped.
pub(crate) fn read_key(
    path: &Path,
    passphrase: Option<&Passphrase>,
) -> Result<PrivateKey, KeyError> {
    let bytes = fs::read(path).map_err(|_| KeyError::Malformed {
        detail: "its file cannot be read",
    })?;
    let pem = Sensitive::new(bytes);
    PrivateKey::from_pem(pem.expose(), passphrase)
}

fn unseal(
    ca: &Ca,
    paths: &[PathBuf],
    source: Option<&Source>,
    session: &Session,
) -> Result<PrivateKey, Failure> {
    let named = paths
        .first()
        .map(|path| escape(&path.to_string_lossy()))
        .unwrap_or_default();
    let locked = |cause: String| {
        Failure::own(
            codes::LOCKED,
            "the key of the authority is encrypted and was not opened",
        )
        .at(&named)
        .because(cause)
    };
    let source = match source {
        Some(source) => source.clone(),
        None if session.printer.is_interactive() => Source::Prompt,
        None => {
            return Err(locked(
                "no source of its passphrase was named, and there is nobody to ask".to_owned(),
            ));
        }
    };
    let passphrase = source.read_for(&format!("passphrase of {named}: "))?;
    let mut other = None;
    let mut unread = None;
    for path in paths {
        match read_key(path, Some(&passphrase)) {
            Ok(key) if key.spki_der() == ca.certificate.spki_der() || fits(ca, &key) => {
                return Ok(key);
            }
            Ok(_) => other = Some(path),
            Err(KeyError::WrongPassphrase) => {}
            Err(error) => unread = Some(at(path, &error)),
        }
    }
    if let Some(failure) = unread {
        return Err(failure);
    }
    if let Some(path) = other {
        return Err(without_key(&[&Ca {
            key: KeyAt::Other(path.clone()),
            ..ca.clone()
        }]));
    }
    Err(locked("the passphrase does not open it".to_owned()))
}

fn fits(ca: &Ca, key: &PrivateKey) -> bool {
    Issuer::new(ca.certificate.clone(), key.clone()).is_ok()
}

fn at(path: &Path, error: &KeyError) -> Failure {
    let failure = Failure::new(error as &dyn Diagnose);
    failure.at(escape(&path.to_string_lossy()))
}

/// Where an authority lies, for a message.
pub(crate) fn first(ca: &Ca) -> String {
    ca.paths
        .first()
        .map(|path| escape(&path.to_string_lossy()))
        .unwrap_or_default()
}

fn quoted(ca: &Ca) -> String {
    let path = ca.paths.first().map(|path| path.to_string_lossy());
    super::tell::quoted(&path.unwrap_or_default())
}

fn shown(paths: &[PathBuf]) -> String {
    let shown: Vec<String> = paths
        .iter()
        .map(|path| escape(&path.to_string_lossy()))
        .collect();
    shown.join(", ")
}
