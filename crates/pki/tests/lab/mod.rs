//! What every test of this folder shares: entropy, a clock that stands still, chains of all kinds.

use std::time::Duration;

use sealock_pki::{
    AnchorRequest, Certificate, CommonName, Entropy, Issuer, LeafRequest, PrivateKey, Purpose, San,
    Timestamp, create_anchor, issue_leaf,
};

pub(crate) const DAY: Duration = Duration::from_secs(86_400);

/// Not random at all, but never twice the same: tests need no more.
pub(crate) struct Counter(pub(crate) u64);

impl Entropy for Counter {
    fn fill(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            *byte = (self.0 >> 33) as u8;
        }
    }
}

pub(crate) fn anchor_of(key: PrivateKey, purpose: Purpose, now: Timestamp) -> Issuer {
    let request = AnchorRequest {
        authority: "lab".parse().expect("a name"),
        purpose,
        scope: None,
        generation: 1,
        life: 3650 * DAY,
    };
    create_anchor(&request, key, now, &mut Counter(now.as_unix() as u64)).expect("an anchor")
}

pub(crate) fn leaf_request(purpose: Purpose) -> LeafRequest {
    match purpose {
        Purpose::Client => {
            LeafRequest::client(CommonName::try_from("alice").expect("a name"), 90 * DAY)
        }
        Purpose::Server => {
            let names = [
                "localhost",
                "*.docker.example.org",
                "127.0.0.1",
                "2001:db8::7",
            ];
            let sans: Vec<San> = names
                .iter()
                .map(|name| name.parse().expect("a name"))
                .collect();
            LeafRequest::server(sans, 825 * DAY).expect("a request")
        }
    }
}

pub(crate) fn leaf_of(
    issuer: &Issuer,
    key: &PrivateKey,
    purpose: Purpose,
    now: Timestamp,
) -> Certificate {
    let mut entropy = Counter(key.key_id().as_bytes()[0].into());
    let request = leaf_request(purpose);
    issue_leaf(issuer, &request, key.public_key(), now, &mut entropy).expect("a leaf")
}
