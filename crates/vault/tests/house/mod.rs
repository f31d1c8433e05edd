//! A vault in a directory of its own, and things to put into it.
#![allow(dead_code, reason = "each test file uses a part")]

use sealock_pki::{
    AnchorRequest, AuthorityName, Certificate, CommonName, Issuer, KeyKind, LeafRequest,
    Passphrase, PrivateKey, Purpose, Timestamp, create_anchor, issue_leaf,
};
use sealock_vault::{NewAnchor, NewEntry, Scope, SystemEntropy, Usage, Vault, VaultError};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) const NOW: Timestamp = Timestamp::from_unix(1_790_000_000);
const DAY: Duration = Duration::from_secs(86_400);

pub(crate) struct House(PathBuf);

impl House {
    pub(crate) fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("sealock-vault-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }
    pub(crate) fn home(&self) -> PathBuf {
        self.0.join("home")
    }
    pub(crate) fn vault(&self) -> Vault {
        Vault::create_or_open(&self.home()).unwrap()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn name(text: &str) -> AuthorityName {
    AuthorityName::try_from(text).unwrap()
}

pub(crate) fn anchor(authority: &AuthorityName, purpose: Purpose, generation: u32) -> Issuer {
    let request = AnchorRequest {
        authority: authority.clone(),
        purpose,
        scope: None,
        generation,
        life: DAY * 3650,
    };
    let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    create_anchor(&request, key, NOW, &mut SystemEntropy).unwrap()
}

/// Stores an authority with both anchors, and gives the client one.
pub(crate) fn found(vault: &mut Vault, authority: &AuthorityName) -> Result<Issuer, VaultError> {
    found_with(vault, authority, None)
}

/// The same, its keys sealed with the passphrase.
pub(crate) fn found_with(
    vault: &mut Vault,
    authority: &AuthorityName,
    passphrase: Option<&Passphrase>,
) -> Result<Issuer, VaultError> {
    let server = anchor(authority, Purpose::Server, 1);
    let client = anchor(authority, Purpose::Client, 1);
    let anchors = [
        NewAnchor::first(Purpose::Server, &server),
        NewAnchor::first(Purpose::Client, &client),
    ];
    vault.store_authority(
        authority,
        KeyKind::EcdsaP256,
        &anchors,
        passphrase,
        &mut SystemEntropy,
        NOW,
    )?;
    Ok(client)
}

pub(crate) fn leaf(issuer: &Issuer, who: &str, days: u32) -> Certificate {
    let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    let request = LeafRequest::client(CommonName::try_from(who).unwrap(), DAY * days);
    issue_leaf(issuer, &request, key.public_key(), NOW, &mut SystemEntropy).unwrap()
}

pub(crate) fn leaves(issuer: &Issuer, count: usize) -> Vec<Certificate> {
    let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    let request = LeafRequest::client(CommonName::try_from("many").unwrap(), DAY);
    (0..count)
        .map(|_| issue_leaf(issuer, &request, key.public_key(), NOW, &mut SystemEntropy).unwrap())
        .collect()
}

pub(crate) fn entries<'a>(
    issuer: &Issuer,
    certificates: &'a [Certificate],
    identity: &'a str,
    run: Option<&'a str>,
) -> Vec<NewEntry<'a>> {
    certificates
        .iter()
        .map(|certificate| NewEntry {
            certificate,
            purpose: Purpose::Client,
            identity,
            issuer: issuer.certificate().key_id(),
            generation: 1,
            scope: Scope::own(),
            usage: Usage::Standing,
            run,
        })
        .collect()
}

pub(crate) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::symlink_metadata(path)
        .unwrap()
        .permissions()
        .mode()
        & 0o7777
}
