//! The certificates that a proof needs, made for it and kept in memory only.

use crate::impostor::impostor_of;
use crate::{ClientKind, Dress, KitError};
use sealock_pki::{
    AnchorRequest, AuthorityName, BACKDATE, Certificate, CommonName, Entropy, Issuer, KeyKind,
    LeafRequest, PrivateKey, Purpose, Timestamp, create_anchor, issue_leaf,
};
use sealock_tls::{ClientSettings, Clock, Identity, SettingsError, Trust, Version, Versions};
use std::time::Duration;

/// Life of the certificates that are made for a proof.
const LIFE: Duration = Duration::from_secs(10 * 60);
/// How long ago the expired certificate expired, where its anchor is old enough.
const EXPIRED_FOR: Duration = Duration::from_secs(60 * 60);

/// Everything to come as every kind of client.
#[derive(Clone, Debug)]
pub struct ProofKit {
    server_anchors: Vec<Certificate>,
    at: Timestamp,
    rightful: Identity,
    foreign: Identity,
    expired: Identity,
    server: Identity,
    dresses: Vec<(ClientKind, Option<Version>, Dress)>,
}

impl ProofKit {
    /// Makes a kit for the clients of `client_issuer`: a rightful client, one that is born expired,
    /// and a foreign one from a throw-away anchor with the very subject of ours. `server_anchors` is
    /// what the endpoints' certificates must lead to, `server` an identity whose theft is played.
    /// Everything lives for ten minutes from `now`, and nowhere but in memory.
    ///
    /// # Errors
    /// When a key or certificate cannot be made, or the anchors cannot be used.
    pub fn forge(
        client_issuer: &Issuer,
        server_anchors: Vec<Certificate>,
        server: Identity,
        now: Timestamp,
        entropy: &mut dyn Entropy,
    ) -> Result<Self, KitError> {
        Self::forge_as(
            "sealock proof rightful",
            client_issuer,
            server_anchors,
            server,
            now,
            entropy,
        )
    }

    /// The same, with a rightful client of this name: a gateway asks its policy who it is.
    ///
    /// # Errors
    /// As [`ProofKit::forge`].
    pub fn forge_as(
        name: &str,
        client_issuer: &Issuer,
        server_anchors: Vec<Certificate>,
        server: Identity,
        now: Timestamp,
        entropy: &mut dyn Entropy,
    ) -> Result<Self, KitError> {
        let rightful = client(client_issuer, name, LIFE, None, now, entropy)?;
        let (born, life) = past_life(client_issuer.certificate(), now);
        let expired = client(
            client_issuer,
            "sealock proof expired",
            life,
            Some(born),
            now,
            entropy,
        )?;
        let stranger = impostor_of(client_issuer.certificate())?;
        let foreign = client(&stranger, "sealock proof foreign", LIFE, None, now, entropy)?;
        Ok(Self::new(
            server_anchors,
            rightful,
            foreign,
            expired,
            server,
            now,
        )?)
    }

    /// Puts a kit together from identities that exist. Certificates of servers are judged at `at`.
    ///
    /// # Errors
    /// When the anchors are none or cannot be used.
    pub fn new(
        server_anchors: Vec<Certificate>,
        rightful: Identity,
        foreign: Identity,
        expired: Identity,
        server: Identity,
        at: Timestamp,
    ) -> Result<Self, SettingsError> {
        let mut kit = Self {
            server_anchors,
            at,
            rightful,
            foreign,
            expired,
            server,
            dresses: Vec::new(),
        };
        kit.dresses = crate::proof::visits()
            .map(|(kind, version)| Ok((kind, version, kit.sew(kind, version)?)))
            .collect::<Result<_, SettingsError>>()?;
        Ok(kit)
    }

    /// The same kit with another stranger: somebody else's certificate to come with.
    ///
    /// # Errors
    /// As [`ProofKit::new`].
    pub fn with_foreign(&self, foreign: Identity) -> Result<Self, SettingsError> {
        Self::new(
            self.server_anchors.clone(),
            self.rightful.clone(),
            foreign,
            self.expired.clone(),
            self.server.clone(),
            self.at,
        )
    }

    /// What a client of this kind wears; `version` matters to all but plain HTTP.
    pub fn dress(&self, kind: ClientKind, version: Option<Version>) -> Dress {
        self.dresses
            .iter()
            .find(|(k, v, _)| *k == kind && *v == version)
            .map_or_else(Dress::plain, |(_, _, dress)| dress.clone())
    }

    /// The rightful client, in either version of TLS: for [`crate::ping`] and
    /// [`crate::wait_until_ready`].
    ///
    /// # Errors
    /// As [`ProofKit::new`].
    pub fn rightful(&self) -> Result<Dress, SettingsError> {
        self.tls(Some(&self.rightful), Versions::Both)
    }

    pub(crate) fn server_anchors(&self) -> &[Certificate] {
        &self.server_anchors
    }

    /// Rightful, foreign, expired, and the server's own.
    pub(crate) fn identities(&self) -> [&Identity; 4] {
        [&self.rightful, &self.foreign, &self.expired, &self.server]
    }

    fn sew(&self, kind: ClientKind, version: Option<Version>) -> Result<Dress, SettingsError> {
        let identity = match kind {
            ClientKind::PlainHttp => return Ok(Dress::plain()),
            ClientKind::NoCertificate => None,
            ClientKind::Rightful => Some(&self.rightful),
            ClientKind::Foreign => Some(&self.foreign),
            ClientKind::Expired => Some(&self.expired),
            ClientKind::ServerAsClient => Some(&self.server),
        };
        self.tls(identity, version.map_or(Versions::Both, Versions::Only))
    }

    fn tls(&self, identity: Option<&Identity>, versions: Versions) -> Result<Dress, SettingsError> {
        Dress::tls(ClientSettings {
            trust: Trust::Anchors(self.server_anchors.clone()),
            identity: identity.cloned(),
            versions,
            clock: Clock::Fixed(self.at),
        })
    }
}

/// A stand-in for one of the public CAs that every system trusts, and somebody who bought a client
/// certificate there. For showing what a daemon does that verifies against the system's anchors.
#[derive(Clone, Debug)]
pub struct PublicAuthority {
    /// The anchor that "every system trusts".
    pub anchor: Certificate,
    /// The buyer's certificate and key.
    pub bought: Identity,
}

impl PublicAuthority {
    /// Makes both, in memory only.
    ///
    /// # Errors
    /// When a key or certificate cannot be made.
    pub fn forge(now: Timestamp, entropy: &mut dyn Entropy) -> Result<Self, KitError> {
        let authority = AuthorityName::try_from("public-stand-in").map_err(name_error)?;
        let request = AnchorRequest {
            authority,
            purpose: Purpose::Client,
            scope: None,
            generation: 1,
            life: LIFE,
        };
        let issuer = create_anchor(&request, new_key()?, now, entropy)?;
        let bought = client(&issuer, "somebody.example", LIFE, None, now, entropy)?;
        Ok(Self {
            anchor: issuer.certificate().clone(),
            bought,
        })
    }
}

fn client(
    issuer: &Issuer,
    name: &str,
    life: Duration,
    not_before: Option<Timestamp>,
    now: Timestamp,
    entropy: &mut dyn Entropy,
) -> Result<Identity, KitError> {
    let key = new_key()?;
    let request = LeafRequest {
        purpose: Purpose::Client,
        common_name: CommonName::try_from(name).map_err(name_error)?,
        sans: Vec::new(),
        life,
        backdate: BACKDATE,
        not_before,
    };
    let certificate = issue_leaf(issuer, &request, key.public_key(), now, entropy)?;
    Ok(Identity::new(vec![certificate], &key)?)
}

/// P-256 whatever the anchor uses: made in well under a millisecond.
fn new_key() -> Result<PrivateKey, KitError> {
    PrivateKey::generate(KeyKind::EcdsaP256).map_err(|error| KitError::Key {
        detail: error.to_string(),
    })
}

fn name_error(error: sealock_pki::NameError) -> KitError {
    KitError::Key {
        detail: error.to_string(),
    }
}

/// A life inside the anchor's that is over: when it began and how long it was. An hour over where
/// the anchor is old enough, so that a slow clock at the peer does not matter; a fresh anchor offers
/// only its few backdated minutes.
fn past_life(anchor: &Certificate, now: Timestamp) -> (Timestamp, Duration) {
    let age = now.since(anchor.not_before());
    let over = EXPIRED_FOR.min(age / 2);
    let life = LIFE.min(age / 4).max(Duration::from_secs(1));
    (now - over - life, life)
}
