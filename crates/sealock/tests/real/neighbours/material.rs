//! Certificates for services, as files and as identities: an authority of the test's own.

use std::fs::File;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sealock_pki::{
    AnchorRequest, AuthorityName, Certificate, CommonName, DnsName, Entropy, Issuer, KeyKind,
    LeafRequest, PrivateKey, Purpose, San, Timestamp, create_anchor, issue_leaf,
};
use sealock_testkit::Scratch;
use sealock_tls::Identity;

const DAY: Duration = Duration::from_secs(86_400);

/// An authority with both anchors, a server's files and whatever clients are asked for.
pub(crate) struct Material {
    scratch: Scratch,
    server: Issuer,
    client: Issuer,
}

struct Random;

impl Entropy for Random {
    fn fill(&mut self, buffer: &mut [u8]) {
        File::open("/dev/urandom")
            .unwrap()
            .read_exact(buffer)
            .unwrap();
    }
}

/// By the machine's clock: the servers and clients of the test have no other.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_unix(i64::try_from(since.as_secs()).unwrap())
}

impl Material {
    /// Makes the anchors, and `server.pem` with `server.key` for localhost and 127.0.0.1: RSA, as SQL Server asks.
    pub(crate) fn new() -> Self {
        let anchor = |purpose| {
            let request = AnchorRequest {
                authority: AuthorityName::try_from("neighbours").unwrap(),
                purpose,
                scope: None,
                generation: 1,
                life: DAY * 3650,
            };
            let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
            create_anchor(&request, key, now(), &mut Random).unwrap()
        };
        let this = Self {
            scratch: Scratch::new("material"),
            server: anchor(Purpose::Server),
            client: anchor(Purpose::Client),
        };
        this.scratch
            .write("ca.pem", this.server.certificate().to_pem());
        this.scratch
            .write("clients.pem", this.client.certificate().to_pem());
        this.replace_server();
        this
    }

    /// Another certificate and key for the same server, in the same files.
    pub(crate) fn replace_server(&self) {
        let names = ["localhost"].map(|name| San::Dns(DnsName::try_from(name).unwrap()));
        let request = LeafRequest {
            purpose: Purpose::Server,
            common_name: CommonName::try_from("localhost").unwrap(),
            sans: [&names[..], &[San::Ip(IpAddr::V4(Ipv4Addr::LOCALHOST))]].concat(),
            life: DAY * 90,
            backdate: Duration::from_secs(300),
            not_before: None,
        };
        let key = PrivateKey::generate(KeyKind::Rsa2048).unwrap();
        let leaf = issue_leaf(&self.server, &request, key.public_key(), now(), &mut Random);
        self.scratch.write("server.pem", leaf.unwrap().to_pem());
        self.scratch
            .write("server.key", key.to_pem().unwrap().expose());
    }

    /// A client of this name, whose anchor is ours.
    pub(crate) fn client(&self, name: &str) -> Identity {
        let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        Identity::new(vec![self.leaf(name, &key)], &key).unwrap()
    }

    /// The three files of such a client, in a folder of its own.
    pub(crate) fn bundle(&self, name: &str) -> PathBuf {
        let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        let leaf = self.leaf(name, &key);
        let file = |end: &str| format!("{name}-files/{end}");
        std::fs::create_dir_all(self.scratch.join(&file(""))).unwrap();
        self.scratch
            .write(&file("ca.pem"), self.server.certificate().to_pem());
        self.scratch.write(&file("cert.pem"), leaf.to_pem());
        self.scratch
            .write(&file("key.pem"), key.to_pem().unwrap().expose());
        self.scratch.join(&file(""))
    }

    fn leaf(&self, name: &str, key: &PrivateKey) -> Certificate {
        let request = LeafRequest {
            purpose: Purpose::Client,
            common_name: CommonName::try_from(name).unwrap(),
            sans: Vec::new(),
            life: DAY,
            backdate: Duration::from_secs(300),
            not_before: None,
        };
        issue_leaf(&self.client, &request, key.public_key(), now(), &mut Random).unwrap()
    }

    /// What servers' certificates must lead to.
    pub(crate) fn anchors(&self) -> Vec<Certificate> {
        vec![self.server.certificate().clone()]
    }

    /// `ca.pem`, `clients.pem`, `server.pem` or `server.key`.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.scratch.join(name)
    }
}
