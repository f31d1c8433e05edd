//! A certificate authority for tests, at a moment that stands still.
#![allow(
    dead_code,
    reason = "every test file is a program of its own, and none of them needs all of it"
)]

use sealock_pki::{
    AnchorRequest, Certificate, CommonName, Crl, Entropy, Issuer, KeyKind, LeafRequest, PrivateKey,
    Purpose, RevocationReason, Revoked, San, Timestamp, create_anchor, issue_leaf, make_crl,
};
use sealock_tls::Identity;
use std::time::Duration;

/// When all of it happens.
pub(crate) const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);
/// The unit of all times here.
pub(crate) const DAY: Duration = Duration::from_secs(86_400);

/// A counter for serials: they must differ within a test, and nothing else.
pub(crate) struct Counting(pub(crate) u8);

impl Entropy for Counting {
    fn fill(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            self.0 = self.0.wrapping_mul(5).wrapping_add(7);
            *byte = self.0;
        }
    }
}

/// An anchor, valid since yesterday for a hundred days.
pub(crate) fn anchor(purpose: Purpose, generation: u32) -> Issuer {
    let request = AnchorRequest {
        generation,
        ..AnchorRequest::new("test".parse().unwrap(), purpose, DAY * 100)
    };
    let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    create_anchor(&request, key, NOW - DAY, &mut Counting(1)).unwrap()
}

/// A certificate with its key; it ends in three days. Servers are daemon.example and 127.0.0.1.
pub(crate) struct Holder {
    pub(crate) certificate: Certificate,
    pub(crate) key: PrivateKey,
}

impl Holder {
    pub(crate) fn of(issuer: &Issuer, purpose: Purpose, kind: KeyKind, seed: u8) -> Self {
        let key = PrivateKey::generate(kind).unwrap();
        let name = CommonName::try_from("leaf").unwrap();
        let names: &[&str] = match purpose {
            Purpose::Server => &["daemon.example", "127.0.0.1"],
            Purpose::Client => &[],
        };
        let sans: Vec<San> = names.iter().map(|name| name.parse().unwrap()).collect();
        let request = LeafRequest::new(purpose, name, sans, DAY * 3);
        let entropy = &mut Counting(seed);
        let certificate = issue_leaf(issuer, &request, key.public_key(), NOW, entropy).unwrap();
        Self { certificate, key }
    }

    pub(crate) fn identity(&self) -> Identity {
        Identity::new(vec![self.certificate.clone()], &self.key).unwrap()
    }
}

/// A list of this issuer that names these certificates, revoked half a day ago.
pub(crate) fn list(
    issuer: &Issuer,
    number: u64,
    revoked: &[&Certificate],
    (from, to): (Timestamp, Timestamp),
) -> Crl {
    let entries: Vec<_> = revoked
        .iter()
        .map(|certificate| Revoked {
            serial: certificate.serial().clone(),
            at: NOW - DAY / 2,
            reason: RevocationReason::KeyCompromise,
        })
        .collect();
    make_crl(issuer, &entries, number, from, to).unwrap()
}
