//! Who comes to an endpoint: ours by the best means there are, and those who must not get in.

use std::path::{Path, PathBuf};

use sealock_check::material::Contents;
use sealock_check::seen::{ClientSide, File, LeafState, Role, TlsUse, Visitor};
use sealock_host::Desired;
use sealock_host::client::{Bundle, config_dir};
use sealock_pki::{AuthorityName, Certificate, PrivateKey, Purpose};
use sealock_probe::{ProofKit, Visitors};
use sealock_tls::Identity;
use sealock_vault::{Scope, SystemEntropy};
use zeroize::Zeroizing;

use super::keeping::keeping;
use crate::cloak::credentials::{Authority, throwaway_server};
use crate::failure::Failure;
use crate::input;
use crate::session::Session;

/// Larger than any file with a key.
const KEY_LIMIT: u64 = 1024 * 1024;

/// The visitors for this session: from the folder that was named, else from the vault, else from where the docker CLI
/// would take its files.
pub(crate) fn visitors(
    session: &Session,
    folder: Option<&Path>,
    desired: Option<&Desired>,
) -> Result<Visitors, Failure> {
    if let Some(folder) = folder {
        return of_folder(folder, true);
    }
    if let Some(visitors) = of_vault(session, desired)? {
        return Ok(visitors);
    }
    match docker_folder() {
        Some(folder) => of_folder(&folder, false),
        None => Ok(strangers()),
    }
}

/// Nobody of ours: what a port does to strangers can be seen all the same.
pub(crate) fn strangers() -> Visitors {
    Visitors::default()
}

/// A client's three files, as far as they are there. A folder that somebody named must have them.
fn of_folder(folder: &Path, named: bool) -> Result<Visitors, Failure> {
    match Bundle::read_dir(folder) {
        Ok(bundle) => of_bundle(&bundle),
        // A certificate that is not as it should be is what is looked for, and no reason to stay away.
        Err(error) => match as_it_is(folder) {
            Some(visitors) => Ok(visitors),
            None if named => Err(error.into()),
            None => Ok(strangers()),
        },
    }
}

/// Three files that can be used, sound or not.
fn as_it_is(folder: &Path) -> Option<Visitors> {
    let read = |name: &str| input::read(&folder.join(name), KEY_LIMIT).ok();
    let certificates = |name: &str| -> Option<Vec<Certificate>> {
        let found: Vec<_> = Contents::read(&read(name)?)
            .certificates()
            .cloned()
            .collect();
        (!found.is_empty()).then_some(found)
    };
    let key = PrivateKey::from_pem(&Zeroizing::new(read("key.pem")?), None).ok()?;
    Visitors::of_client(certificates("cert.pem")?, &key, certificates("ca.pem")?).ok()
}

/// A client with the files that it would use, as far as they can be used.
pub(crate) fn of_side(side: &ClientSide) -> Visitors {
    let anchors: Vec<Certificate> = side
        .file(Role::ClientAnchors)
        // Whoever does not verify is not stopped by an anchor that does not fit.
        .filter(|_| side.tls != TlsUse::Unverified)
        .and_then(File::contents)
        .map(|contents| contents.certificates().cloned().collect())
        .unwrap_or_default();
    let chain: Vec<Certificate> = side
        .file(Role::ClientCertificate)
        .and_then(File::contents)
        .map(|contents| contents.certificates().cloned().collect())
        .unwrap_or_default();
    let key = side
        .file(Role::ClientKey)
        .and_then(|file| input::read(&file.path, KEY_LIMIT).ok())
        .and_then(|pem| PrivateKey::from_pem(&Zeroizing::new(pem), None).ok());
    let visitors = Visitors::judging_by(anchors);
    // What cannot be used is a finding about a file; the client then comes without a certificate, as the CLI would.
    match key.and_then(|key| Identity::new(chain, &key).ok()) {
        Some(identity) => visitors.with(Visitor::Rightful, identity),
        None => visitors,
    }
}

/// A client as it is.
fn of_bundle(bundle: &Bundle) -> Result<Visitors, Failure> {
    let key = PrivateKey::from_pem(bundle.key_pem().expose(), None)?;
    Ok(Visitors::of_client(
        bundle.chain().to_vec(),
        &key,
        bundle.anchors().to_vec(),
    )?)
}

/// Made by the authority of the vault, in memory; `None` when there is none, or when its keys are sealed and nobody named a
/// source for the passphrase: then a client's files do as well.
fn of_vault(session: &Session, desired: Option<&Desired>) -> Result<Option<Visitors>, Failure> {
    let name = desired.map_or("sealock", |desired| desired.authority.name.as_str());
    let Ok(name) = AuthorityName::try_from(name) else {
        return Ok(None);
    };
    let authority = match Authority::open_unasked(session, &name) {
        Ok(Some(authority)) => authority,
        // Whatever is wrong with the vault is a finding; the look goes on with what there is.
        Ok(None) | Err(_) => return of_first_client(session, desired),
    };
    let anchors = believed(session, &name)?;
    let server = throwaway_server(&authority, session.now)?;
    let kit = ProofKit::forge(
        authority.issuer(Purpose::Client)?,
        anchors,
        server,
        session.now,
        &mut SystemEntropy,
    )?;
    let mut visitors = Visitors::of_kit(&kit);
    if let Some(revoked) = revoked(session) {
        visitors = visitors.with(Visitor::Revoked, revoked);
    }
    Ok(Some(visitors))
}

/// What clients believe: every generation that is not withdrawn, since a certificate of an older one is still good.
fn believed(session: &Session, name: &AuthorityName) -> Result<Vec<Certificate>, Failure> {
    let stored = session.vault()?.authority(name)?;
    let trusted = stored
        .iter()
        .flat_map(|one| one.trusted(Purpose::Server, Scope::own()));
    Ok(trusted.map(|anchor| anchor.certificate.clone()).collect())
}

fn of_first_client(
    session: &Session,
    desired: Option<&Desired>,
) -> Result<Option<Visitors>, Failure> {
    let folders = desired.iter().flat_map(|desired| {
        let clients = desired.clients.iter();
        clients.map(|client| {
            crate::cloak::clients::folder(session, &desired.authority.scope, &client.name)
        })
    });
    let bundle = folders
        .filter_map(|folder| Bundle::read_dir(&folder).ok())
        .next();
    bundle.map(|bundle| of_bundle(&bundle)).transpose()
}

/// A revoked client whose key still lies where it was installed.
fn revoked(session: &Session) -> Option<Identity> {
    let keeping = keeping(session)?;
    let revoked = keeping
        .leaves
        .iter()
        .filter(|leaf| leaf.state == LeafState::Revoked && leaf.purpose == Purpose::Client)
        .filter(|leaf| leaf.certificate.not_after() > session.now);
    revoked
        .flat_map(|leaf| leaf.places.iter().map(move |place| (leaf, place)))
        .find_map(|(leaf, place)| identity(place, &leaf.certificate))
}

fn identity(folder: &Path, wanted: &Certificate) -> Option<Identity> {
    let bundle = Bundle::read_dir(folder).ok()?;
    let key = PrivateKey::from_pem(bundle.key_pem().expose(), None).ok()?;
    let same = bundle.leaf().fingerprint() == wanted.fingerprint();
    same.then(|| Identity::new(bundle.chain().to_vec(), &key).ok())
        .flatten()
}

/// Where the docker CLI looks: `DOCKER_CERT_PATH`, else `~/.docker`.
fn docker_folder() -> Option<PathBuf> {
    let env = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let home = env("HOME").map(PathBuf::from);
    env("DOCKER_CERT_PATH")
        .map(PathBuf::from)
        .or_else(|| Some(config_dir(&env, &home?)))
}
