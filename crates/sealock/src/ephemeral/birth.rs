//! The certificate of a session: made, recorded as what it is, withdrawn at the end.

use std::time::Duration;

use sealock_diag::{Diagnose, Sensitive};
use sealock_host::Desired;
use sealock_pki::{
    AuthorityName, Certificate, CommonName, KeyId, LeafRequest, PrivateKey, Purpose, Serial,
    issue_leaf,
};
use sealock_vault::{AnchorState, NewEntry, Scope, StateKind, SystemEntropy, Usage};

use super::memory::File;
use crate::catalogue;
use crate::cloak::{revoked, scopes};
use crate::failure::Failure;
use crate::session::Session;

/// A certificate that was just made, its key, and what its holder trusts.
#[derive(Debug)]
pub(crate) struct Born {
    pub(crate) certificate: Certificate,
    certificate_pem: String,
    key_pem: Sensitive<Vec<u8>>,
    anchors_pem: String,
    issuer: KeyId,
    generation: u32,
    scope: Scope,
}

impl Born {
    /// The three files that every Docker client reads.
    pub(crate) fn files(&self) -> [File<'_>; 3] {
        let file = |name, bytes| File { name, bytes };
        [
            file("ca.pem", self.anchors_pem.as_bytes()),
            file("cert.pem", self.certificate_pem.as_bytes()),
            file("key.pem", self.key_pem.expose().as_slice()),
        ]
    }
}

/// Makes a key and a certificate with this name. Of the vault it opens one key, the one that signs clients, and that one is
/// closed again when this returns.
pub(crate) fn give_birth(
    session: &Session,
    wanted: &Desired,
    name: &str,
    life: Duration,
) -> Result<Born, Failure> {
    let authority = AuthorityName::try_from(wanted.authority.name.as_str())?;
    let vault = session.vault()?;
    let stored = vault.authority(&authority)?.ok_or_else(|| {
        let headline = format!("the vault has no authority {authority}");
        Failure::own(catalogue::NOT_SET_UP, headline)
            .at(session.home.display().to_string())
            .help("sealock up")
    })?;
    let scope = &wanted.authority.scope;
    scopes::check(&stored, scope)?;
    revoked::check(&vault, scope, name)?;
    let sealed = stored
        .anchors
        .iter()
        .any(|anchor| anchor.sealed && anchor.state != AnchorState::Withdrawn);
    let passphrase = session.passphrase_for(sealed)?;
    let unlocked = vault.unlock(&authority, scope, passphrase.as_ref())?;
    drop(passphrase);
    let issuer = unlocked.issuer(Purpose::Client)?;
    let key = PrivateKey::generate(wanted.authority.key)?;
    let certificate = issue_leaf(
        issuer,
        &LeafRequest::client(CommonName::try_from(name)?, life),
        key.public_key(),
        // A passphrase takes its time to be typed, and a short life would be over by then.
        session.at_now().now,
        &mut SystemEntropy,
    )
    .map_err(|error| {
        let failure = Failure::new(&error);
        let place = format!("the client anchor of {authority}");
        match error.location() {
            None => failure.at(place),
            Some(_) => failure,
        }
    })?;
    Ok(Born {
        certificate_pem: certificate.to_pem(),
        key_pem: key.to_pem()?,
        anchors_pem: stored
            .trusted(Purpose::Server, scope)
            .into_iter()
            .map(|anchor| anchor.certificate.to_pem())
            .collect(),
        issuer: issuer.certificate().key_id(),
        generation: unlocked.generation(Purpose::Client).unwrap_or(1),
        scope: scope.clone(),
        certificate,
    })
}

/// Puts it into the inventory: what is signed is recorded before anybody has it.
pub(crate) fn record(session: &Session, name: &str, born: &Born) -> Result<(), Failure> {
    let entry = NewEntry {
        certificate: &born.certificate,
        purpose: Purpose::Client,
        identity: name,
        issuer: born.issuer,
        generation: born.generation,
        scope: &born.scope,
        usage: Usage::Session,
        run: None,
    };
    Ok(session.vault()?.record(&[entry], session.at_now().now)?)
}

/// Says in the inventory that these sessions are over. Certificates of other vaults, and of no session, are left alone.
pub(crate) fn withdraw(session: &Session, serials: &[Serial]) -> Result<(), Failure> {
    if serials.is_empty() {
        return Ok(());
    }
    let mut vault = session.vault()?;
    for serial in serials {
        let ours = vault.find(serial)?.is_some_and(|entry| {
            entry.usage == Usage::Session && entry.state.kind() == StateKind::Active
        });
        if ours {
            vault.set_state(serial, &sealock_vault::State::Withdrawn)?;
        }
    }
    Ok(())
}
