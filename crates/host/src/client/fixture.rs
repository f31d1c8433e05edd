//! An authority with clients, and a directory that goes away, for the tests of this module.

use super::{Bundle, Endpoint};
use sealock_change::{Edit, fs};
use sealock_pki::{
    AnchorRequest, AuthorityName, Certificate, CommonName, Entropy, Issuer, KeyKind, LeafRequest,
    PrivateKey, Purpose, San, Timestamp, create_anchor, issue_leaf,
};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The moment at which everything in these tests happens.
pub(crate) const NOW: Timestamp = Timestamp::from_unix(1_795_322_400);

const DAY: Duration = Duration::from_secs(86_400);

/// Serials that differ, and are the same in every run.
struct Counter(AtomicU64);

impl Entropy for &Counter {
    fn fill(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            *byte = (self
                .0
                .fetch_add(1, Ordering::Relaxed)
                .wrapping_mul(0x9e37_79b9)
                >> 16) as u8;
        }
    }
}

static COUNTER: Counter = Counter(AtomicU64::new(1));

pub(crate) struct Authority {
    pub(crate) server: Issuer,
    pub(crate) client: Issuer,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let anchor = |purpose| {
            let request = AnchorRequest {
                authority: AuthorityName::try_from(name).unwrap(),
                purpose,
                scope: None,
                generation: 1,
                life: DAY * 3650,
            };
            let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
            create_anchor(&request, key, NOW, &mut &COUNTER).unwrap()
        };
        Self {
            server: anchor(Purpose::Server),
            client: anchor(Purpose::Client),
        }
    }

    pub(crate) fn leaf(&self, name: &str, purpose: Purpose) -> (Certificate, PrivateKey) {
        let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        let (issuer, sans) = match purpose {
            Purpose::Server => (&self.server, vec![name.parse::<San>().unwrap()]),
            Purpose::Client => (&self.client, Vec::new()),
        };
        let request = LeafRequest {
            purpose,
            common_name: CommonName::try_from(name).unwrap(),
            sans,
            life: DAY * 90,
            backdate: Duration::from_secs(300),
            not_before: None,
        };
        let leaf = issue_leaf(issuer, &request, key.public_key(), NOW, &mut &COUNTER).unwrap();
        (leaf, key)
    }

    pub(crate) fn bundle(&self, name: &str) -> Bundle {
        let (leaf, key) = self.leaf(name, Purpose::Client);
        Bundle::new(vec![self.server.certificate().clone()], vec![leaf], &key).unwrap()
    }
}

pub(crate) fn endpoint() -> Endpoint {
    "tcp://build.example.org:2376".parse().unwrap()
}

/// A directory of its own under the system's temporary directory.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sealock-client-{}-{number}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        std::fs::create_dir(&dir).unwrap();
        Self(dir)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Does what a run would do, without its journal; returns how many edits changed something.
pub(crate) fn apply(edits: &[Edit]) -> usize {
    let mut changed = 0;
    for edit in edits {
        if edit.is_noop().unwrap() {
            continue;
        }
        changed += 1;
        match edit {
            Edit::Write {
                path,
                content,
                mode,
                owner,
            } => {
                fs::write_atomic(path, content.bytes(), *mode, *owner).unwrap();
            }
            Edit::Directory { path, mode, owner } => fs::create_dir(path, *mode, *owner).unwrap(),
            Edit::Remove { path } => fs::remove(path).unwrap(),
            other => panic!("no such edit is planned here: {other:?}"),
        }
    }
    changed
}
