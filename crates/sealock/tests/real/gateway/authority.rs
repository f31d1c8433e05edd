//! A certificate authority that a test holds in its hand: servers, clients, revocation lists.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sealock_pki::{
    AnchorRequest, AuthorityName, Certificate, CommonName, Crl, DnsName, Entropy, Issuer, KeyKind,
    LeafRequest, PrivateKey, Purpose, RevocationReason, Revoked, San, Serial, Timestamp,
    create_anchor, issue_leaf, make_crl,
};
use sealock_tls::{Client, ClientSettings, Clock, Identity, Trust, Versions};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// One anchor for servers and clients alike, its list, and who was revoked.
#[derive(Clone)]
pub(crate) struct Authority {
    issuer: Issuer,
    revoked: BTreeMap<Serial, Revoked>,
    number: u64,
}

/// A certificate with its key.
pub(crate) struct Pair {
    pub(crate) certificate: Certificate,
    pub(crate) key: PrivateKey,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let authority = AuthorityName::try_from("lab").unwrap();
        let request = AnchorRequest::new(authority, Purpose::Client, 30 * DAY);
        let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        Self {
            issuer: create_anchor(&request, key, now(), &mut Random).unwrap(),
            revoked: BTreeMap::new(),
            number: 0,
        }
    }

    pub(crate) fn anchor(&self) -> &Certificate {
        self.issuer.certificate()
    }

    /// A server at this machine.
    pub(crate) fn server(&self) -> Pair {
        let names = vec![
            San::Dns(DnsName::try_from("localhost").unwrap()),
            San::Ip("127.0.0.1".parse().unwrap()),
        ];
        self.issue(&LeafRequest::server(names, 20 * DAY).unwrap())
    }

    /// A client of this name.
    pub(crate) fn client(&self, name: &str) -> Pair {
        self.issue(&LeafRequest::client(
            CommonName::try_from(name).unwrap(),
            20 * DAY,
        ))
    }

    /// A client of this name whose certificate expires so soon.
    pub(crate) fn client_for(&self, name: &str, life: Duration) -> Pair {
        self.issue(&LeafRequest::client(
            CommonName::try_from(name).unwrap(),
            life,
        ))
    }

    /// A server whose time is over.
    pub(crate) fn expired_server(&self) -> Pair {
        let names = vec![San::Ip("127.0.0.1".parse().unwrap())];
        let mut request = LeafRequest::server(names, Duration::from_secs(60)).unwrap();
        request.not_before = Some(before(now(), Duration::from_secs(600)));
        self.issue(&request)
    }

    fn issue(&self, request: &LeafRequest) -> Pair {
        let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        let certificate =
            issue_leaf(&self.issuer, request, key.public_key(), now(), &mut Random).unwrap();
        Pair { certificate, key }
    }

    pub(crate) fn revoke(&mut self, certificate: &Certificate) {
        let entry = Revoked {
            serial: certificate.serial().clone(),
            at: now(),
            reason: RevocationReason::KeyCompromise,
        };
        self.revoked.insert(entry.serial.clone(), entry);
    }

    /// The next list, good for a day.
    pub(crate) fn list(&mut self) -> Crl {
        self.list_until(now() + DAY)
    }

    /// The next list, good for so long.
    pub(crate) fn list_for(&mut self, life: Duration) -> Crl {
        self.list_until(now() + life)
    }

    /// A list that has been overdue for a minute.
    pub(crate) fn overdue_list(&mut self) -> Crl {
        self.list_until(before(now(), Duration::from_secs(60)))
    }

    fn list_until(&mut self, end: Timestamp) -> Crl {
        self.number += 1;
        let revoked: Vec<Revoked> = self.revoked.values().cloned().collect();
        let begin = before(now(), Duration::from_secs(3600));
        make_crl(&self.issuer, &revoked, self.number, begin, end).unwrap()
    }

    /// A TLS client that trusts this authority and shows this certificate.
    pub(crate) fn tls_client(&self, pair: &Pair) -> Client {
        let identity = Identity::new(vec![pair.certificate.clone()], &pair.key).unwrap();
        Client::new(ClientSettings {
            trust: Trust::Anchors(vec![self.anchor().clone()]),
            identity: Some(identity),
            versions: Versions::Both,
            clock: Clock::System,
        })
        .unwrap()
    }

    /// Writes the `ca.pem`, `cert.pem` and `key.pem` of Docker's clients into `folder`.
    pub(crate) fn write_client(&self, pair: &Pair, folder: &Path) -> PathBuf {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join("ca.pem"), self.anchor().to_pem()).unwrap();
        pair.write(&folder.join("cert.pem"), &folder.join("key.pem"));
        folder.to_owned()
    }
}

impl Pair {
    pub(crate) fn write(&self, certificate: &Path, key: &Path) {
        replace(certificate, self.certificate.to_pem().as_bytes());
        replace(key, self.key.to_pem().unwrap().expose());
    }
}

/// Puts a file in another's place at once, as every tool does that means well.
pub(crate) fn replace(path: &Path, bytes: &[u8]) {
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".fresh");
    fs::write(&fresh, bytes).unwrap();
    fs::rename(&fresh, path).unwrap();
}

pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_unix(i64::try_from(since.as_secs()).unwrap())
}

fn before(at: Timestamp, by: Duration) -> Timestamp {
    Timestamp::from_unix(at.as_unix() - i64::try_from(by.as_secs()).unwrap())
}

/// The kernel's randomness.
struct Random;

impl Entropy for Random {
    fn fill(&mut self, buffer: &mut [u8]) {
        use std::io::Read;
        let mut source = fs::File::open("/dev/urandom").unwrap();
        source.read_exact(buffer).unwrap();
    }
}
