//! Who comes to an endpoint.

use super::stranger::Strangers;
use crate::{Dress, ProofKit};
use sealock_check::seen::Visitor;
use sealock_pki::{Certificate, PrivateKey, Timestamp};
use sealock_tls::danger::Unverified;
use sealock_tls::{ClientSettings, Clock, Identity, SettingsError, Trust, Versions};

/// The identities to come with, as far as there are any, and the anchors to judge servers by.
///
/// Nobody at all is needed: plain HTTP, no certificate and a stranger are always there.
#[derive(Clone, Debug, Default)]
pub struct Visitors {
    anchors: Vec<Certificate>,
    rightful: Option<Identity>,
    foreign: Option<Identity>,
    expired: Option<Identity>,
    server: Option<Identity>,
    revoked: Option<Identity>,
    strangers: Strangers,
}

impl Visitors {
    /// Who judges servers by these anchors; none means that nobody judges.
    pub fn judging_by(anchors: Vec<Certificate>) -> Self {
        Self {
            anchors,
            ..Self::default()
        }
    }

    /// A client's own three files: its certificates (leaf first), its key, and its anchors.
    ///
    /// # Errors
    /// When certificate and key do not belong together.
    pub fn of_client(
        chain: Vec<Certificate>,
        key: &PrivateKey,
        anchors: Vec<Certificate>,
    ) -> Result<Self, SettingsError> {
        Ok(Self::judging_by(anchors).with(Visitor::Rightful, Identity::new(chain, key)?))
    }

    /// Everybody of a kit.
    pub fn of_kit(kit: &ProofKit) -> Self {
        let [rightful, foreign, expired, server] = kit.identities();
        Self::judging_by(kit.server_anchors().to_vec())
            .with(Visitor::Rightful, rightful.clone())
            .with(Visitor::Foreign, foreign.clone())
            .with(Visitor::Expired, expired.clone())
            .with(Visitor::ServerAsClient, server.clone())
    }

    /// With this identity for this kind of visitor. Plain HTTP and no certificate have none.
    #[must_use]
    pub fn with(mut self, visitor: Visitor, identity: Identity) -> Self {
        let place = match visitor {
            Visitor::PlainHttp | Visitor::NoCertificate => return self,
            Visitor::Rightful => &mut self.rightful,
            Visitor::Foreign => &mut self.foreign,
            Visitor::Expired => &mut self.expired,
            Visitor::ServerAsClient => &mut self.server,
            Visitor::Revoked => &mut self.revoked,
        };
        *place = Some(identity);
        self
    }

    /// The anchors that servers are judged by.
    pub fn anchors(&self) -> &[Certificate] {
        &self.anchors
    }

    /// The rightful client.
    pub fn rightful(&self) -> Option<&Identity> {
        self.rightful.as_ref()
    }

    /// Who comes as this visitor; `authorities` is what the server hinted at.
    pub(crate) fn identity(
        &self,
        visitor: Visitor,
        authorities: &[Vec<u8>],
        at: Timestamp,
    ) -> Option<Identity> {
        match visitor {
            Visitor::PlainHttp | Visitor::NoCertificate => None,
            Visitor::Rightful => self.rightful.clone(),
            Visitor::Expired => self.expired.clone(),
            Visitor::ServerAsClient => self.server.clone(),
            Visitor::Revoked => self.revoked.clone(),
            Visitor::Foreign => self
                .foreign
                .clone()
                .or_else(|| self.stranger(authorities, at)),
        }
    }

    fn stranger(&self, authorities: &[Vec<u8>], at: Timestamp) -> Option<Identity> {
        let ours = self.rightful.iter();
        let names: Vec<&[u8]> = authorities
            .iter()
            .map(Vec::as_slice)
            .chain(ours.map(|identity| identity.leaf().issuer_der()))
            .collect();
        self.strangers.called(&names, &self.anchors, at)
    }
}

/// Whoever looks without judging the server: what it does to its clients is the question.
pub(crate) fn unjudging(
    identity: Option<Identity>,
    versions: Versions,
    at: Timestamp,
) -> Result<Dress, SettingsError> {
    let trust = Trust::Unverified(Unverified::for_looking_only());
    dress(trust, identity, versions, at)
}

/// Whoever judges the server as a careful client does.
pub(crate) fn judging(
    anchors: &[Certificate],
    identity: Option<Identity>,
    at: Timestamp,
) -> Result<Dress, SettingsError> {
    let trust = Trust::Anchors(anchors.to_vec());
    dress(trust, identity, Versions::Both, at)
}

fn dress(
    trust: Trust,
    identity: Option<Identity>,
    versions: Versions,
    at: Timestamp,
) -> Result<Dress, SettingsError> {
    Dress::tls(ClientSettings {
        trust,
        identity,
        versions,
        clock: Clock::Fixed(at),
    })
}
