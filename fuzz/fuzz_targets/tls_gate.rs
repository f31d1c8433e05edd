//! What a client sends to a gate, in pieces of any size: nothing is taken for a client, nothing comes out as
//! plaintext, and what is kept is bounded. The first byte says how the rest is cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_pki::{
    AnchorRequest, CommonName, Entropy, Issuer, KeyKind, LeafRequest, PrivateKey, Purpose,
    Timestamp, create_anchor, issue_leaf,
};
use sealock_tls::{Clock, DenyList, Gate, GateSettings, Identity, Sealed, Versions};
use std::sync::OnceLock;
use std::time::Duration;

const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);
const DAY: Duration = Duration::from_secs(86_400);

struct Same;

impl Entropy for Same {
    fn fill(&mut self, buffer: &mut [u8]) {
        buffer.fill(7);
    }
}

fn anchor(purpose: Purpose) -> Issuer {
    let request = AnchorRequest::new("fuzz".parse().unwrap(), purpose, DAY * 9);
    let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    create_anchor(&request, key, NOW - DAY, &mut Same).unwrap()
}

fn gate() -> &'static Gate {
    static GATE: OnceLock<Gate> = OnceLock::new();
    GATE.get_or_init(|| {
        let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        let name = CommonName::try_from("gate").unwrap();
        let names = vec!["localhost".parse().unwrap()];
        let request = LeafRequest::new(Purpose::Server, name, names, DAY);
        let servers = anchor(Purpose::Server);
        let leaf = issue_leaf(&servers, &request, key.public_key(), NOW, &mut Same).unwrap();
        Gate::new(GateSettings {
            identity: Identity::new(vec![leaf], &key).unwrap(),
            anchors: vec![anchor(Purpose::Client).certificate().clone()],
            lists: None,
            denied: DenyList::default(),
            versions: Versions::Both,
            clock: Clock::Fixed(NOW),
        })
        .unwrap()
    })
}

fuzz_target!(|data: &[u8]| {
    let Some((cut, data)) = data.split_first() else {
        return;
    };
    let mut session = gate().session().unwrap();
    let mut sealed = Sealed::default();
    for piece in data.chunks(usize::from(*cut) + 1) {
        let mut records = vec![0; session.carried()];
        records.extend_from_slice(piece);
        let plain = |_: &[u8]| panic!("plaintext of somebody without a certificate");
        let failed = session.digest(&mut records, plain, &mut sealed).is_err();
        assert!(session.carried() <= 64 * 1024);
        assert!(session.peer().is_err());
        assert!(session.seal(b"secret", &mut sealed).is_err());
        if failed {
            break;
        }
    }
    session.close(&mut sealed);
    // A flight of ours and alerts: no amount of input makes more of it.
    assert!(sealed.bytes().len() < 64 * 1024);
});
