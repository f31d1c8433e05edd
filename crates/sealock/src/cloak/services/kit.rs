//! Who comes to a service for a proof: a client of ours, those of other generations, and those who must stay outside.

use std::time::Duration;

use sealock_diag::escape;
use sealock_pki::{
    AnchorRequest, AuthorityName, Certificate, CommonName, Issuer, KeyKind, LeafRequest,
    PrivateKey, Purpose, Timestamp, create_anchor, issue_leaf,
};
use sealock_tls::Identity;
use sealock_vault::SystemEntropy;

use crate::cloak::credentials::{Authority, throwaway_client};
use crate::failure::Failure;

/// How long what is made for a look lives.
const LOOK: Duration = Duration::from_secs(10 * 60);

/// Everybody who has to be treated rightly.
#[derive(Clone, Debug)]
pub(super) struct Kit {
    /// What a client of ours trusts.
    pub(super) trust: Vec<Certificate>,
    /// A client of the anchor that signs.
    pub(super) ours: Identity,
    /// Clients of other generations that are trusted as well.
    pub(super) also: Vec<(String, Identity)>,
    /// A client of somebody else, and one of the anchor that was withdrawn last.
    pub(super) strangers: Vec<(String, Identity)>,
    pub(super) at: Timestamp,
}

impl Kit {
    /// Makes them all, in memory only.
    pub(super) fn forge(authority: &Authority, now: Timestamp) -> Result<Self, Failure> {
        let mut also = Vec::new();
        for issuer in authority.also_trusted(Purpose::Client) {
            if let Some(client) = throwaway_client(issuer, now)? {
                also.push((of(issuer), client));
            }
        }
        let mut strangers = vec![("a certificate of somebody else".to_owned(), stranger(now)?)];
        if let Some(retired) = authority.last_withdrawn(Purpose::Client)
            && let Some(client) = throwaway_client(retired, now)?
        {
            strangers.push((format!("{}, which is withdrawn", of(retired)), client));
        }
        Ok(Self {
            trust: vec![authority.anchor(Purpose::Server)?.clone()],
            ours: client(authority.issuer(Purpose::Client)?, now)?,
            also,
            strangers,
            at: now,
        })
    }
}

fn of(issuer: &Issuer) -> String {
    format!("a client of {}", escape(&issuer.certificate().subject()))
}

fn client(issuer: &Issuer, now: Timestamp) -> Result<Identity, Failure> {
    let key = PrivateKey::generate(KeyKind::EcdsaP256)?;
    let request = LeafRequest::client(CommonName::try_from("sealock proof rightful")?, LOOK);
    let leaf = issue_leaf(issuer, &request, key.public_key(), now, &mut SystemEntropy)?;
    Ok(Identity::new(vec![leaf], &key)?)
}

/// Somebody with a certificate of an authority that nobody here knows.
fn stranger(now: Timestamp) -> Result<Identity, Failure> {
    let request = AnchorRequest {
        authority: AuthorityName::try_from("stranger")?,
        purpose: Purpose::Client,
        scope: None,
        generation: 1,
        life: LOOK * 2,
    };
    let key = PrivateKey::generate(KeyKind::EcdsaP256)?;
    let issuer = create_anchor(&request, key, now, &mut SystemEntropy)?;
    client(&issuer, now)
}
