//! The keys that sign lists, opened when they are needed.

use std::collections::BTreeMap;

use sealock_diag::escape;
use sealock_pki::{AuthorityName, Issuer, KeyUsage, Passphrase, Timestamp};
use sealock_vault::{Anchor, AnchorState, Scope, Unlocked, Vault, VaultError};

use crate::catalogue;
use crate::failure::Failure;
use crate::session::Session;

/// The issuers of an authority, opened when they are needed: the passphrase is read once, and only for a signature.
pub(super) struct Keys<'a> {
    session: &'a Session,
    vault: &'a Vault,
    name: &'a AuthorityName,
    passphrase: Option<Option<Passphrase>>,
    opened: BTreeMap<Scope, Unlocked>,
}

impl<'a> Keys<'a> {
    pub(super) fn new(session: &'a Session, vault: &'a Vault, name: &'a AuthorityName) -> Self {
        Self {
            session,
            vault,
            name,
            passphrase: None,
            opened: BTreeMap::new(),
        }
    }

    /// The power to sign with an anchor, or why there is none in words.
    pub(super) fn issuer(
        &mut self,
        anchor: &Anchor,
        now: Timestamp,
    ) -> Result<Result<&Issuer, String>, Failure> {
        let what = format!(
            "the {} anchor of generation {}",
            anchor.purpose, anchor.generation
        );
        let described = anchor.certificate.describe();
        if !described.key_usage.is_none_or(KeyUsage::crl_sign) {
            return Ok(Err(format!(
                "{what} may sign no revocation list: its key usage is {}. `sealock ca rotate {}` makes one that may",
                described
                    .key_usage
                    .map(|usage| usage.to_string())
                    .unwrap_or_default(),
                anchor.purpose
            )));
        }
        if now < anchor.certificate.not_before() {
            return Err(
                Failure::own(catalogue::CLOCK, "this host's clock cannot be right")
                    .at("this host")
                    .because(format!(
                        "it says {now}; {what} was born at {}",
                        anchor.certificate.not_before()
                    ))
                    .help("timedatectl set-ntp true"),
            );
        }
        if !self.opened.contains_key(&anchor.scope) {
            let passphrase = self.passphrase()?;
            let unlocked = self
                .vault
                .unlock(self.name, &anchor.scope, passphrase.as_ref())?;
            self.opened.insert(anchor.scope.clone(), unlocked);
        }
        let unlocked = self.opened.get(&anchor.scope);
        let unlocked = unlocked
            .ok_or_else(|| Failure::own(catalogue::BUG, "an authority that was not opened"))?;
        match unlocked.issuer_of(anchor.purpose, anchor.generation) {
            Ok(issuer) => Ok(Ok(issuer)),
            Err(VaultError::KeyMissing { path, .. }) => Ok(Err(format!(
                "{what} has no list: its key is not at {}",
                escape(&path.to_string_lossy())
            ))),
            Err(VaultError::WrongPassphrase { .. }) if anchor.state != AnchorState::Active => {
                Ok(Err(format!(
                    "{what} has no list: its key is sealed with another passphrase"
                )))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn passphrase(&mut self) -> Result<Option<Passphrase>, Failure> {
        if self.passphrase.is_none() {
            let authority = self.vault.authority(self.name)?;
            let anchors = authority.into_iter().flat_map(|one| one.anchors);
            let sealed = anchors.into_iter().any(|anchor| anchor.sealed);
            self.passphrase = Some(self.session.passphrase_for(sealed)?);
        }
        Ok(self.passphrase.clone().flatten())
    }
}
