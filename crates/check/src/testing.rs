//! What the tables of every group share: a healthy, cloaked host with real certificates.
//!
//! A test takes [`World::new`], breaks one thing in [`World::seen`] and looks at what is found.

#![allow(dead_code)] // Not every group needs every fixture.

pub(crate) mod forge;

use crate::material::Contents;
use crate::seen::service::{Clear, Entry, Passage, ServiceSeen, Sight, Way};
use crate::seen::*;
use crate::{Check, Perspective, Seen, Spot, findings};
use sealock_pki::{
    AnchorRequest, Certificate, CommonName, Entropy, Issuer, KeyKind, LeafRequest, PrivateKey,
    Purpose, San, Timestamp, create_anchor, issue_leaf,
};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// One day.
pub(crate) const DAY: Duration = Duration::from_secs(86_400);
/// When everything is looked at.
pub(crate) const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);
/// What the host is called.
pub(crate) const NAME: &str = "docker.example.org";
/// Its address.
pub(crate) const ADDRESS: &str = "192.0.2.7";

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

/// A key on P-256.
pub(crate) fn key() -> PrivateKey {
    PrivateKey::generate(KeyKind::EcdsaP256).unwrap()
}

/// An anchor of ten years, made a day ago.
pub(crate) fn anchor(purpose: Purpose, generation: u32) -> Issuer {
    anchor_at(purpose, generation, NOW - DAY, 3650 * DAY)
}

/// An anchor with these dates.
pub(crate) fn anchor_at(
    purpose: Purpose,
    generation: u32,
    born: Timestamp,
    life: Duration,
) -> Issuer {
    let request = AnchorRequest {
        authority: "lab".parse().unwrap(),
        purpose,
        scope: None,
        generation,
        life,
    };
    let mut entropy = Counter(born.as_unix() as u64 ^ u64::from(generation));
    create_anchor(&request, key(), born, &mut entropy).unwrap()
}

/// A server's leaf for these names, issued at this time.
pub(crate) fn server_leaf(
    issuer: &Issuer,
    key: &PrivateKey,
    names: &[&str],
    at: Timestamp,
    life: Duration,
) -> Certificate {
    let sans: Vec<San> = names.iter().map(|name| name.parse().unwrap()).collect();
    let request = LeafRequest::server(sans, life).unwrap();
    issue_leaf(issuer, &request, key.public_key(), at, &mut Counter(7)).unwrap()
}

/// A client's leaf, issued at this time.
pub(crate) fn client_leaf(
    issuer: &Issuer,
    key: &PrivateKey,
    name: &str,
    at: Timestamp,
    life: Duration,
) -> Certificate {
    let request = LeafRequest::client(CommonName::try_from(name).unwrap(), life);
    issue_leaf(issuer, &request, key.public_key(), at, &mut Counter(9)).unwrap()
}

/// Certificates one after the other, as PEM.
pub(crate) fn pem(chain: &[Certificate]) -> Vec<u8> {
    chain
        .iter()
        .map(Certificate::to_pem)
        .collect::<String>()
        .into_bytes()
}

/// A key as PKCS#8 PEM.
pub(crate) fn key_pem(key: &PrivateKey) -> Vec<u8> {
    key.to_pem().unwrap().expose().clone()
}

/// A file with this content, with the mode and place that its role asks for.
pub(crate) fn file(path: &str, role: Role, bytes: &[u8]) -> File {
    let secret = matches!(
        role,
        Role::ServerKey | Role::ClientKey | Role::RegistryKey | Role::ServiceKey | Role::IssuerKey
    );
    let client = matches!(
        role,
        Role::ClientAnchors | Role::ClientCertificate | Role::ClientKey
    );
    File {
        path: PathBuf::from(path),
        role,
        named: !client,
        state: FileState::Read(Contents::read(bytes)),
        mode: if secret { 0o400 } else { 0o444 },
        uid: 0,
        gid: 0,
        folder_mode: if client || role == Role::IssuerKey {
            0o700
        } else {
            0o755
        },
        folder_uid: 0,
        reachable_by_others: !(client || role == Role::IssuerKey),
        rightful_uid: 0,
        repository: None,
    }
}

/// A file that is not there, though it is named.
pub(crate) fn absent(path: &str, role: Role) -> File {
    File {
        named: true,
        state: FileState::Absent,
        mode: 0,
        ..file(path, role, b"")
    }
}

/// A healthy cloaked host, its client, and everything that made them.
pub(crate) struct World {
    /// Signs servers.
    pub(crate) server_anchor: Issuer,
    /// Signs clients.
    pub(crate) client_anchor: Issuer,
    /// The daemon's key.
    pub(crate) server_key: PrivateKey,
    /// The daemon's certificate.
    pub(crate) server: Certificate,
    /// The client's key.
    pub(crate) client_key: PrivateKey,
    /// The client's certificate.
    pub(crate) client: Certificate,
    /// What is seen of all that: host, one client, one endpoint, the vault.
    pub(crate) seen: Seen,
}

impl World {
    /// Everything as `sealock up` leaves it.
    pub(crate) fn new() -> Self {
        let server_anchor = anchor(Purpose::Server, 1);
        let client_anchor = anchor(Purpose::Client, 1);
        let (server_key, client_key) = (key(), key());
        let names = [NAME, "localhost", ADDRESS, "127.0.0.1"];
        let server = server_leaf(&server_anchor, &server_key, &names, NOW, 90 * DAY);
        let client = client_leaf(&client_anchor, &client_key, "alice", NOW, 90 * DAY);
        let mut world = Self {
            server_anchor,
            client_anchor,
            server_key,
            server,
            client_key,
            client,
            seen: Seen::new(NOW),
        };
        world.seen.host = Some(world.host());
        world.seen.clients = vec![world.client_side()];
        world.seen.endpoints = vec![world.endpoint()];
        world.seen.keeping = Some(world.keeping());
        world
    }

    /// The host. Break it here.
    pub(crate) fn host_mut(&mut self) -> &mut Host {
        self.seen.host.as_mut().unwrap()
    }

    /// The daemon's file of this role. Break it here.
    pub(crate) fn daemon_file(&mut self, role: Role) -> &mut File {
        let mut files = self.host_mut().files.iter_mut();
        files.find(|file| file.role == role).unwrap()
    }

    /// The client's file of this role. Break it here.
    pub(crate) fn client_file(&mut self, role: Role) -> &mut File {
        let mut files = self.seen.clients[0].files.iter_mut();
        files.find(|file| file.role == role).unwrap()
    }

    /// The endpoint. Break it here.
    pub(crate) fn endpoint_mut(&mut self) -> &mut Endpoint {
        &mut self.seen.endpoints[0]
    }

    /// What one check finds.
    pub(crate) fn look(&self, check: &Check) -> Vec<Spot> {
        (check.look)(&self.seen)
    }

    /// The codes of everything found on the whole, in the order in which it is told.
    pub(crate) fn codes(&self) -> Vec<&'static str> {
        findings(&self.seen, Perspective::Service)
            .iter()
            .map(|finding| finding.check.code)
            .collect()
    }

    fn host(&self) -> Host {
        let anchors = pem(&[self.client_anchor.certificate().clone()]);
        let flag = |name: &str, value: Option<&str>| Flag {
            name: name.to_owned(),
            value: value.map(str::to_owned),
        };
        let flags = vec![
            flag("host", Some("fd://")),
            flag("host", Some("tcp://0.0.0.0:2376")),
            flag("tlsverify", None),
            flag("tlscacert", Some("/etc/docker/tls/ca.pem")),
            flag("tlscert", Some("/etc/docker/tls/server-cert.pem")),
            flag("tlskey", Some("/etc/docker/tls/server-key.pem")),
        ];
        Host {
            names: vec![NAME.to_owned(), "docker".to_owned()],
            addresses: vec![ADDRESS.parse().unwrap()],
            supervisor: Supervisor::Systemd,
            unit: Some(Unit {
                name: "docker.service".to_owned(),
                active_state: "active".to_owned(),
                result: "success".to_owned(),
                restarts: 0,
                needs_reload: false,
                files: vec!["/lib/systemd/system/docker.service".into()],
                exec_start: "/usr/bin/dockerd -H fd:// -H tcp://0.0.0.0:2376 --tlsverify --tlscacert=/etc/docker/tls/ca.pem --tlscert=/etc/docker/tls/server-cert.pem --tlskey=/etc/docker/tls/server-key.pem".to_owned(),
                socket: Some(SocketUnit {
                    name: "docker.socket".to_owned(),
                    listen: vec!["/run/docker.sock".to_owned()],
                    active: true,
                }),
            }),
            version: Some(Version {
                major: 28,
                minor: 5,
                text: "28.5.2".to_owned(),
            }),
            daemon: Daemon::On {
                warnings: Vec::new(),
                live_restore: true,
                swarm: false,
                containers: 2,
            },
            config: Config {
                path: "/etc/docker/daemon.json".into(),
                state: ConfigState::Sound,
                keys: [("live-restore".to_owned(), true.into())].into_iter().collect(),
                bytes: b"{\"live-restore\": true}\n".to_vec(),
            },
            running_flags: Some(flags.clone()),
            flags,
            environment: BTreeMap::new(),
            listeners: vec![Listener {
                address: "0.0.0.0:2376".to_owned(),
                kind: ListenerKind::Flag,
                origin: "docker.service".to_owned(),
                taken_by: None,
            }],
            sockets: vec![UnixSocket {
                path: "/run/docker.sock".into(),
                mode: 0o660,
                group: "docker".to_owned(),
            }],
            group_members: Vec::new(),
            wanted_names: Vec::new(),
            files: vec![
                file("/etc/docker/tls/ca.pem", Role::DaemonAnchors, &anchors),
                file(
                    "/etc/docker/tls/server-cert.pem",
                    Role::ServerCertificate,
                    &pem(std::slice::from_ref(&self.server)),
                ),
                file(
                    "/etc/docker/tls/server-key.pem",
                    Role::ServerKey,
                    &key_pem(&self.server_key),
                ),
            ],
            stale: false,
            cloaked: true,
            drift: Vec::new(),
        }
    }

    fn client_side(&self) -> ClientSide {
        let anchors = pem(&[self.server_anchor.certificate().clone()]);
        let folder = "/root/.docker";
        ClientSide {
            label: "this shell".to_owned(),
            origin: Origin::Shell,
            written: Some(format!("tcp://{NAME}:2376")),
            host: Some(format!("tcp://{NAME}:2376")),
            tls: TlsUse::Verified,
            because: None,
            without_effect: Vec::new(),
            variables: [
                ("DOCKER_HOST", "tcp://docker.example.org:2376"),
                ("DOCKER_TLS_VERIFY", "1"),
            ]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
            files: vec![
                file(&format!("{folder}/ca.pem"), Role::ClientAnchors, &anchors),
                file(
                    &format!("{folder}/cert.pem"),
                    Role::ClientCertificate,
                    &pem(std::slice::from_ref(&self.client)),
                ),
                file(
                    &format!("{folder}/key.pem"),
                    Role::ClientKey,
                    &key_pem(&self.client_key),
                ),
            ],
            context: None,
            config_problem: None,
        }
    }

    fn endpoint(&self) -> Endpoint {
        let visit = |visitor, protocol, outcome| Visit {
            visitor,
            protocol,
            outcome,
        };
        let refused = || Outcome::Alert("bad_certificate".to_owned(), 42);
        let mut visits = vec![visit(Visitor::PlainHttp, None, Outcome::WantsTls)];
        for protocol in [Protocol::Tls12, Protocol::Tls13] {
            visits.push(visit(Visitor::Rightful, Some(protocol), Outcome::In));
            for visitor in [
                Visitor::NoCertificate,
                Visitor::Foreign,
                Visitor::Expired,
                Visitor::ServerAsClient,
            ] {
                visits.push(visit(visitor, Some(protocol), refused()));
            }
        }
        let mode = |mode, outcome| ModeVisit {
            mode,
            outcome: Some(outcome),
        };
        Endpoint {
            label: format!("tcp://{NAME}:2376"),
            address: format!("{ADDRESS}:2376"),
            name: NAME.parse().unwrap(),
            reach: Reach::Reached,
            plain: Some(Outcome::WantsTls),
            chain: vec![self.server.clone()],
            chain_problems: Vec::new(),
            chain_size: (1, self.server.der().len()),
            other_leaves: Vec::new(),
            asks_for_certificate: true,
            authorities: vec![self.client_anchor.certificate().subject_der().to_vec()],
            visits,
            modes: vec![
                mode(ClientMode::Plain, Outcome::WantsTls),
                mode(ClientMode::Tls, refused()),
                mode(ClientMode::TlsWithCertificate, Outcome::In),
                mode(ClientMode::VerifyWithoutCertificate, refused()),
                mode(ClientMode::Verify, Outcome::In),
            ],
            scan: Some(healthy_scan()),
            anchors: vec![self.server_anchor.certificate().clone()],
            rightful: vec![self.client.clone()],
            date: Some((NOW, NOW)),
            api: Some(Api {
                version: Some("1.51".to_owned()),
                server: Some("Docker/28.5.2 (linux)".to_owned()),
            }),
            misbehaviour: Vec::new(),
            took: Duration::from_millis(40),
        }
    }

    fn keeping(&self) -> Keeping {
        let anchor = |purpose, issuer: &Issuer| Anchor {
            purpose,
            generation: 1,
            certificate: issuer.certificate().clone(),
            current: true,
        };
        let leaf = |identity: &str, purpose, certificate: &Certificate, place: &str| Leaf {
            identity: identity.to_owned(),
            purpose,
            generation: 1,
            certificate: certificate.clone(),
            state: LeafState::Active,
            places: vec![place.into()],
        };
        let home = "/var/lib/sealock";
        let issuer_key = |purpose: &str, issuer: &Issuer| {
            file(
                &format!("{home}/keys/{purpose}-1.pem"),
                Role::IssuerKey,
                &key_pem(issuer.key()),
            )
        };
        Keeping {
            home: home.into(),
            authority: Some("lab".to_owned()),
            scope: String::new(),
            other_scopes: Vec::new(),
            anchors: vec![
                anchor(Purpose::Server, &self.server_anchor),
                anchor(Purpose::Client, &self.client_anchor),
            ],
            leaves: vec![
                leaf(
                    "docker",
                    Purpose::Server,
                    &self.server,
                    "/etc/docker/tls/server-cert.pem",
                ),
                leaf(
                    "alice",
                    Purpose::Client,
                    &self.client,
                    "/root/.docker/cert.pem",
                ),
            ],
            issuer_keys: vec![
                issuer_key("server", &self.server_anchor),
                issuer_key("client", &self.client_anchor),
            ],
            interrupted: None,
            problem: None,
            expected: true,
        }
    }
}

/// What a stock dockerd before 29 offers with a key on P-256: nothing that is a finding.
pub(crate) fn healthy_scan() -> Scan {
    let suite = |protocol, number, name: &str| Suite {
        protocol,
        number,
        name: name.to_owned(),
    };
    let (twelve, thirteen) = (Protocol::Tls12, Protocol::Tls13);
    Scan {
        protocols: vec![
            (Protocol::Ssl3, Offer::No),
            (Protocol::Tls10, Offer::No),
            (Protocol::Tls11, Offer::No),
            (Protocol::Tls12, Offer::Yes),
            (Protocol::Tls13, Offer::Yes),
        ],
        suites: vec![
            suite(twelve, 0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
            suite(twelve, 0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
            suite(twelve, 0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"),
            suite(twelve, 0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"),
            suite(thirteen, 0x1301, "TLS_AES_128_GCM_SHA256"),
            suite(thirteen, 0x1302, "TLS_AES_256_GCM_SHA384"),
            suite(thirteen, 0x1303, "TLS_CHACHA20_POLY1305_SHA256"),
        ],
        groups: ["x25519", "secp256r1", "secp384r1", "secp521r1"]
            .map(str::to_owned)
            .to_vec(),
        alpn: vec!["http/1.1".to_owned()],
        compression: false,
    }
}

fn entry(verdict: Passage, said: &str) -> Entry {
    Entry {
        verdict,
        said: said.to_owned(),
    }
}

/// What a Redis does that speaks nothing but mutual TLS.
fn service_seen() -> ServiceSeen {
    ServiceSeen {
        address: "127.0.0.1:6379".to_owned(),
        protocol: "redis",
        unreached: None,
        clear: Clear::new(Way::NotSpoken, "the connection was closed"),
        tls: Some(Sight {
            version: Some("TLS 1.3".to_owned()),
            suite: Some("TLS_AES_256_GCM_SHA384".to_owned()),
            alpn: None,
            certificates: 1,
            chain: Vec::new(),
            leaf: None,
            subject: None,
            issuer: None,
            not_after: None,
            names: Vec::new(),
            trusted: true,
            why_not: None,
            name_matches: true,
            asks_for_certificate: true,
        }),
        without: entry(Passage::Refused, "the alert certificate_required"),
        with: Some(entry(Passage::In, "+PONG")),
        tds: None,
    }
}

#[test]
fn the_healthy_world_has_no_finding() {
    assert_eq!(World::new().codes(), Vec::<&str>::new());
    assert_eq!(World::new().with_service().codes(), Vec::<&str>::new());
}

impl World {
    /// With a Redis called `cache` beside the daemon, which has files of ours and demands certificates.
    pub(crate) fn with_service(mut self) -> Self {
        let names = ["cache.example.org", "127.0.0.1"];
        let key = key();
        let leaf = server_leaf(&self.server_anchor, &key, &names, NOW, 90 * DAY);
        let leaves = pem(std::slice::from_ref(&leaf));
        let anchors = pem(&[self.client_anchor.certificate().clone()]);
        let folder = "/etc/cache/tls";
        let files = vec![
            file(
                &format!("{folder}/key.pem"),
                Role::ServiceKey,
                &key_pem(&key),
            ),
            file(
                &format!("{folder}/cert.pem"),
                Role::ServiceCertificate,
                &leaves,
            ),
            file(&format!("{folder}/ca.pem"), Role::ServiceAnchors, &anchors),
        ];
        self.seen.services.push(Service {
            label: "cache".to_owned(),
            kind: Some("template".to_owned()),
            clients: Some(true),
            doors: vec![ServiceDoor {
                name: Some("127.0.0.1".parse().unwrap()),
                seen: service_seen(),
                chain: vec![leaf],
                anchors: vec![self.server_anchor.certificate().clone()],
                rightful: vec![self.client.clone()],
                foreign: Some(entry(Passage::Refused, "the alert unknown_ca")),
            }],
            files,
            remarks: Vec::new(),
        });
        self
    }

    /// The service's door. Break it here.
    pub(crate) fn door_mut(&mut self) -> &mut ServiceDoor {
        &mut self.seen.services[0].doors[0]
    }

    /// The service's file of this role. Break it here.
    pub(crate) fn service_file(&mut self, role: Role) -> &mut File {
        let mut files = self.seen.services[0].files.iter_mut();
        files.find(|file| file.role == role).unwrap()
    }

    /// The daemon has this chain, serves it, and the inventory knows it.
    pub(crate) fn serve(&mut self, chain: &[Certificate]) {
        self.server = chain[0].clone();
        self.daemon_file(Role::ServerCertificate).state =
            FileState::Read(Contents::read(&pem(chain)));
        self.endpoint_mut().chain = chain.to_vec();
        self.seen.keeping.as_mut().unwrap().leaves[0].certificate = chain[0].clone();
    }

    /// The client has this chain, and the inventory knows it.
    pub(crate) fn come_as(&mut self, chain: &[Certificate]) {
        self.client = chain[0].clone();
        self.client_file(Role::ClientCertificate).state =
            FileState::Read(Contents::read(&pem(chain)));
        self.endpoint_mut().rightful = chain.to_vec();
        self.seen.keeping.as_mut().unwrap().leaves[1].certificate = chain[0].clone();
    }

    /// The server's certificate is signed by a root with this keyUsage, or with none, which everybody believes.
    pub(crate) fn under_root(usage: Option<u8>) -> Self {
        let mut world = Self::new();
        let root_key = key();
        let root = forge::Forge::root("example root", &root_key).with(forge::ca());
        let root = match usage {
            Some(high) => root.with(forge::usage(high)),
            None => root,
        };
        let root = root.sign();
        let leaf = forge::Forge::leaf(NAME, &world.server_key, &root, &root_key)
            .with(forge::purposes(&[forge::SERVER_AUTH]))
            .with(forge::names(&[NAME], &[]))
            .sign();
        world.believe(&[root]);
        world.serve(&[leaf]);
        world
    }

    /// Servers are believed by these anchors, at the client and in the vault.
    pub(crate) fn believe(&mut self, anchors: &[Certificate]) {
        self.client_file(Role::ClientAnchors).state =
            FileState::Read(Contents::read(&pem(anchors)));
        self.endpoint_mut().anchors = anchors.to_vec();
        self.seen.keeping.as_mut().unwrap().anchors[0].certificate = anchors[0].clone();
    }

    /// A server's certificate by our anchor, without any extension yet.
    pub(crate) fn forged_server(&self) -> forge::Forge {
        let anchor = &self.server_anchor;
        forge::Forge::leaf(NAME, &self.server_key, anchor.certificate(), anchor.key())
    }

    /// A client's certificate by our anchor, without any extension yet.
    pub(crate) fn forged_client(&self) -> forge::Forge {
        let anchor = &self.client_anchor;
        forge::Forge::leaf(
            "alice",
            &self.client_key,
            anchor.certificate(),
            anchor.key(),
        )
    }
}
