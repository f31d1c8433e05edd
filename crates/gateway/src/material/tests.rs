//! Folders as they are found on hosts, good and bad.

use super::{Loaded, Material};
use crate::{GatewayError, Sources};
use sealock_diag::Diagnose;
use sealock_pki::{
    AnchorRequest, Certificate, CommonName, Crl, Entropy, Issuer, KeyKind, LeafRequest, PrivateKey,
    Purpose, RevocationReason, Revoked, San, Timestamp, create_anchor, issue_leaf, make_crl,
};
use sealock_tls::{Clock, Identity, Standing};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

/// Serials must differ within a test, and nothing else.
struct Counting(u8);

impl Entropy for Counting {
    fn fill(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            self.0 = self.0.wrapping_mul(5).wrapping_add(7);
            *byte = self.0;
        }
    }
}

/// An authority, the gateway's folder, and a client called alice.
pub(crate) struct World {
    pub(crate) folder: PathBuf,
    pub(crate) now: Timestamp,
    servers: Issuer,
    pub(crate) clients: Issuer,
    pub(crate) alice: (Certificate, PrivateKey),
}

impl World {
    /// With a good folder: certificate, key, anchor, an empty list, and no deny-list.
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sealock-material-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(folder.join("lists")).unwrap();
        // Real: some tests judge by the clock of the machine.
        let now = Clock::System.now();
        let clients = anchor(Purpose::Client, 1, now);
        let world = Self {
            alice: holder(&clients, Purpose::Client, &[], "alice", now),
            servers: anchor(Purpose::Server, 1, now),
            clients,
            folder,
            now,
        };
        world.serve(&["DNS:localhost", "IP:127.0.0.1"]);
        world.write("ca.pem", world.clients.certificate().to_pem());
        world.publish(1, &[]);
        world
    }

    pub(crate) fn sources(&self) -> Sources {
        Sources {
            certificate: self.folder.join("server-cert.pem"),
            key: self.folder.join("server-key.pem"),
            anchors: self.folder.join("ca.pem"),
            server_anchors: None,
            lists: vec![self.folder.join("lists")],
            deny: None,
        }
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.folder.join(name);
        let beside = self.folder.join(".new");
        fs::write(&beside, content).unwrap();
        fs::rename(beside, path).unwrap();
    }

    /// A new server certificate with these names.
    pub(crate) fn serve(&self, names: &[&str]) {
        let sans: Vec<San> = names.iter().map(|name| name.parse().unwrap()).collect();
        let (certificate, key) = holder(&self.servers, Purpose::Server, &sans, "gateway", self.now);
        self.write("server-key.pem", key.to_pem().unwrap().expose());
        self.write("server-cert.pem", certificate.to_pem());
    }

    /// A new list of the client anchor, from an hour ago to tomorrow.
    pub(crate) fn publish(&self, number: u64, revoked: &[&Certificate]) {
        self.publish_dated(number, revoked, self.now - DAY / 24, self.now + DAY);
    }

    pub(crate) fn publish_dated(
        &self,
        number: u64,
        revoked: &[&Certificate],
        from: Timestamp,
        to: Timestamp,
    ) {
        let list = list(&self.clients, number, revoked, from, to);
        self.write("lists/clients.crl", list.to_pem());
    }

    pub(crate) fn load(&self) -> Result<Material, GatewayError> {
        Material::load(&self.sources(), Clock::Fixed(self.now))
    }

    pub(crate) fn identity(&self) -> Identity {
        Identity::new(vec![self.alice.0.clone()], &self.alice.1).unwrap()
    }

    /// A new server certificate of another authority, which is good by itself.
    pub(crate) fn serve_as_a_stranger(&self) {
        let stranger = anchor(Purpose::Server, 7, self.now);
        let names = ["DNS:localhost".parse().unwrap()];
        let (leaf, key) = holder(&stranger, Purpose::Server, &names, "stranger", self.now);
        self.write("server-key.pem", key.to_pem().unwrap().expose());
        self.write("server-cert.pem", leaf.to_pem());
    }

    pub(crate) fn server_anchor(&self) -> Certificate {
        self.servers.certificate().clone()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

pub(crate) fn anchor(purpose: Purpose, generation: u32, now: Timestamp) -> Issuer {
    let request = AnchorRequest {
        generation,
        ..AnchorRequest::new("test".parse().unwrap(), purpose, DAY * 100)
    };
    let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    create_anchor(&request, key, now - DAY, &mut Counting(1)).unwrap()
}

pub(crate) fn holder(
    issuer: &Issuer,
    purpose: Purpose,
    sans: &[San],
    name: &str,
    now: Timestamp,
) -> (Certificate, PrivateKey) {
    let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    let seed = name
        .bytes()
        .fold(3, |seed: u8, byte| seed.wrapping_add(byte));
    let name = CommonName::try_from(name).unwrap();
    let request = LeafRequest::new(purpose, name, sans.to_vec(), DAY * 30);
    let leaf = issue_leaf(issuer, &request, key.public_key(), now, &mut Counting(seed)).unwrap();
    (leaf, key)
}

fn list(
    issuer: &Issuer,
    number: u64,
    revoked: &[&Certificate],
    from: Timestamp,
    to: Timestamp,
) -> Crl {
    let entries: Vec<_> = revoked
        .iter()
        .map(|certificate| Revoked {
            serial: certificate.serial().clone(),
            at: from,
            reason: RevocationReason::KeyCompromise,
        })
        .collect();
    make_crl(issuer, &entries, number, from, to).unwrap()
}

fn refused<T: std::fmt::Debug>(result: Result<T, GatewayError>) -> (String, String) {
    let error = result.expect_err("this must not be taken");
    let text = format!(
        "{error}; {}; {}",
        error.location().unwrap_or_default(),
        Diagnose::cause(&error).unwrap_or_default()
    );
    (error.code().to_string(), text)
}

#[test]
fn a_good_folder_is_taken() {
    let world = World::new();
    let material = world.load().unwrap();
    assert_eq!(
        (material.epoch(), material.revoked(), material.denied()),
        (1, 0, 0)
    );
    assert_eq!(material.lists_due(), Some(world.now + DAY));
    assert_eq!(material.server().common_name().as_deref(), Some("gateway"));
    assert_eq!(material.notes().len(), 1, "{:?}", material.notes());
    assert!(material.notes()[0].contains("can be read by every user"));
}

#[test]
fn every_bad_file_is_refused_by_name() {
    type Spoil = fn(&World);
    let cases: &[(&str, &str, &str, Spoil)] = &[
        ("no certificate", "SL-G001", "server-cert.pem", |world| {
            fs::remove_file(world.folder.join("server-cert.pem")).unwrap();
        }),
        (
            "a folder for a file",
            "SL-G001",
            "it is not a file",
            |world| {
                fs::remove_file(world.folder.join("ca.pem")).unwrap();
                fs::create_dir(world.folder.join("ca.pem")).unwrap();
            },
        ),
        ("no folder of lists", "SL-G001", "lists", |world| {
            fs::remove_dir_all(world.folder.join("lists")).unwrap();
        }),
        ("a large file", "SL-G001", "has more than", |world| {
            let file = fs::File::create(world.folder.join("ca.pem")).unwrap();
            file.set_len(5 << 20).unwrap();
        }),
        ("half a certificate", "SL-P", "server-cert.pem", |world| {
            world.write("server-cert.pem", "-----BEGIN CERTIFICATE-----\nMIIB");
        }),
        ("another key", "SL-T203", "server-cert.pem", |world| {
            let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
            world.write("server-key.pem", key.to_pem().unwrap().expose());
        }),
        ("an expired certificate", "SL-G002", "expired", |world| {
            let long_ago = world.now - DAY * 60;
            let issuer = anchor(Purpose::Server, 1, long_ago);
            let names = ["DNS:localhost".parse().unwrap()];
            let (leaf, key) = holder(&issuer, Purpose::Server, &names, "old", long_ago);
            world.write("server-cert.pem", leaf.to_pem());
            world.write("server-key.pem", key.to_pem().unwrap().expose());
        }),
        (
            "a client's certificate",
            "SL-G002",
            "not for servers",
            |world| {
                world.write("server-cert.pem", world.alice.0.to_pem());
                world.write("server-key.pem", world.alice.1.to_pem().unwrap().expose());
            },
        ),
        (
            "a chain that is none",
            "SL-G002",
            "was not signed by",
            |world| {
                let leaf = fs::read_to_string(world.folder.join("server-cert.pem")).unwrap();
                world.write("server-cert.pem", leaf + &world.alice.0.to_pem());
            },
        ),
        ("no anchors", "SL-P", "ca.pem", |world| {
            world.write("ca.pem", "")
        }),
        ("expired anchors", "SL-G007", "ca.pem", |world| {
            let old = anchor(Purpose::Client, 1, world.now - DAY * 200);
            world.write("ca.pem", old.certificate().to_pem());
        }),
        (
            "an empty folder of lists",
            "SL-G003",
            "none is there of",
            |world| {
                fs::remove_file(world.folder.join("lists/clients.crl")).unwrap();
            },
        ),
        (
            "a second anchor without one",
            "SL-G003",
            "none is there of",
            |world| {
                let second = anchor(Purpose::Client, 2, world.now);
                let both = world.clients.certificate().to_pem() + &second.certificate().to_pem();
                world.write("ca.pem", both);
            },
        ),
        ("a forged list", "SL-P638", "clients.crl", |world| {
            // The same name, another key.
            let forger = anchor(Purpose::Client, 1, world.now);
            let mut der = list(&forger, 1, &[], world.now - DAY, world.now + DAY)
                .der()
                .to_vec();
            if forger.certificate().subject_der() != world.clients.certificate().subject_der() {
                der = list(&world.clients, 1, &[], world.now - DAY, world.now + DAY)
                    .der()
                    .to_vec();
                *der.last_mut().unwrap() ^= 1;
            }
            world.write("lists/clients.crl", der);
        }),
        ("an overdue list", "SL-P636", "clients.crl", |world| {
            world.publish_dated(2, &[], world.now - DAY * 2, world.now - DAY);
        }),
        (
            "a list of tomorrow only",
            "SL-P637",
            "clients.crl",
            |world| {
                world.publish_dated(2, &[], world.now + DAY, world.now + DAY * 2);
            },
        ),
        ("a broken list", "SL-P", "clients.crl", |world| {
            world.write("lists/clients.crl", [0x30, 0x82, 1, 0, 0]);
        }),
        ("a text for a list", "SL-P", "clients.crl", |world| {
            world.write("lists/clients.crl", "not a list");
        }),
    ];
    for (what, code, detail, spoil) in cases {
        let world = World::new();
        world.load().unwrap();
        spoil(&world);
        let (found, text) = refused(world.load());
        assert!(found.starts_with(code), "{what}: {found} {text}");
        assert!(text.contains(detail), "{what}: {text}");
    }
}

#[test]
fn what_is_not_good_leaves_the_old_in_place_and_what_is_good_takes_it() {
    let world = World::new();
    let clock = Clock::Fixed(world.now);
    let first = world.load().unwrap();
    assert!(matches!(
        first.reload(&world.sources(), clock).unwrap(),
        Loaded::Same
    ));
    world.write("ca.pem", "broken");
    first.reload(&world.sources(), clock).unwrap_err();
    world.write("ca.pem", world.clients.certificate().to_pem());
    world.publish(2, &[&world.alice.0]);
    let Loaded::New(second) = first.reload(&world.sources(), clock).unwrap() else {
        panic!("the list changed");
    };
    assert_eq!((second.epoch(), second.revoked()), (2, 1));
    // Back to the list that does not name her.
    world.publish(1, &[]);
    let error = second.reload(&world.sources(), clock).unwrap_err();
    assert_eq!(error.code().to_string(), "SL-G005");
    // The same number again is no step back.
    world.publish(2, &[]);
    assert!(second.reload(&world.sources(), clock).is_ok());
    // Overdue in the meantime: the files are the same, and not good any more.
    let later = Clock::Fixed(world.now + DAY * 2);
    let error = second.reload(&world.sources(), later).unwrap_err();
    assert_eq!(error.code().to_string(), "SL-P636");
}

#[test]
fn of_several_lists_the_newest_counts() {
    let world = World::new();
    let (now, issuer) = (world.now, &world.clients);
    let overdue = list(issuer, 1, &[], now - DAY * 9, now - DAY);
    let current = list(issuer, 4, &[&world.alice.0], now - DAY, now + DAY);
    let older = list(issuer, 3, &[], now - DAY, now + DAY * 9);
    world.write("lists/clients.crl", overdue.to_pem() + &current.to_pem());
    world.write("lists/older.der", older.der());
    world.write("lists/.hidden", "not read");
    let material = world.load().unwrap();
    assert_eq!(
        (material.revoked(), material.lists_due()),
        (1, Some(now + DAY))
    );
    // Published ahead of time: noted, and not used.
    let ahead = list(issuer, 5, &[], now + DAY / 2, now + DAY * 3);
    world.write("lists/ahead.crl", ahead.to_pem());
    let material = world.load().unwrap();
    assert_eq!(material.revoked(), 1);
    assert!(
        material
            .notes()
            .iter()
            .any(|note| note.contains("ahead.crl"))
    );
    // A newer one that went overdue hides nothing behind an older one.
    let late = list(issuer, 6, &[], now - DAY * 2, now - DAY);
    world.write("lists/ahead.crl", late.to_pem());
    assert_eq!(refused(world.load()).0, "SL-P636");
}

#[test]
fn lists_of_others_are_told_in_a_folder_and_refused_by_name() {
    let world = World::new();
    let foreign = anchor(Purpose::Client, 7, world.now);
    let overdue = list(&foreign, 1, &[], world.now - DAY * 2, world.now - DAY);
    world.write("lists/foreign.crl", overdue.to_pem());
    let material = world.load().unwrap();
    let told = |note: &String| note.contains("foreign.crl") && note.contains("no client anchor");
    assert!(material.notes().iter().any(told), "{:?}", material.notes());
    let lists = ["lists/clients.crl", "lists/foreign.crl"];
    let sources = Sources {
        lists: lists.map(|name| world.folder.join(name)).to_vec(),
        ..world.sources()
    };
    let (code, text) = refused(Material::load(&sources, Clock::Fixed(world.now)));
    assert_eq!(code, "SL-G004");
    assert!(
        text.contains("foreign.crl") && text.contains("its issuer is"),
        "{text}"
    );
    // Alone it leaves the anchor without one, wherever it lies.
    fs::remove_file(world.folder.join("lists/clients.crl")).unwrap();
    assert_eq!(refused(world.load()).0, "SL-G003");
}

#[test]
fn without_lists_it_is_said_and_the_deny_list_still_holds() {
    let world = World::new();
    let mut sources = Sources {
        lists: Vec::new(),
        deny: Some(world.folder.join("deny")),
        ..world.sources()
    };
    let clock = Clock::Fixed(world.now);
    let (code, text) = refused(Material::load(&sources, clock));
    assert_eq!(
        code, "SL-G001",
        "a deny-list that is gone refuses nobody: {text}"
    );
    world.write("deny", "# nobody\n");
    let material = Material::load(&sources, clock).unwrap();
    assert!(
        material
            .notes()
            .iter()
            .any(|note| note.contains("no revocation list"))
    );
    assert_eq!((material.lists_due(), material.denied()), (None, 0));
    world.write("deny", format!("serial:{}\n", world.alice.0.serial()));
    let Loaded::New(next) = material.reload(&sources, clock).unwrap() else {
        panic!("the deny-list changed");
    };
    assert_eq!(next.denied(), 1);
    world.write("deny", "alice\n");
    let error = next.reload(&sources, clock).unwrap_err();
    assert_eq!(error.code().to_string(), "SL-G006");
    sources.deny = None;
    assert_eq!(Material::load(&sources, clock).unwrap().denied(), 0);
}

#[test]
fn a_server_certificate_of_a_stranger_is_refused_where_the_clients_anchors_are_known() {
    let world = World::new();
    let clock = Clock::Fixed(world.now);
    let told = Sources {
        server_anchors: Some(world.folder.join("server-ca.pem")),
        ..world.sources()
    };
    let (code, text) = refused(Material::load(&told, clock));
    assert!(
        code == "SL-G001" && text.contains("server-ca.pem"),
        "{text}"
    );
    world.write("server-ca.pem", world.server_anchor().to_pem());
    let good = Material::load(&told, clock).unwrap();
    world.serve_as_a_stranger();
    // Who does not know what clients trust cannot refuse it.
    world.load().unwrap();
    let (code, text) = refused(good.reload(&told, clock));
    assert_eq!(code, "SL-G002", "{text}");
    assert!(text.contains("clients trust"), "{text}");
    // The same name and another key is no issuer either.
    let twin = anchor(Purpose::Server, 1, world.now);
    world.serve(&["DNS:localhost"]);
    world.write("server-ca.pem", twin.certificate().to_pem());
    assert_eq!(refused(good.reload(&told, clock)).0, "SL-G002");
    // While both are trusted, either will do.
    let both = twin.certificate().to_pem() + &world.server_anchor().to_pem();
    world.write("server-ca.pem", both);
    assert!(matches!(good.reload(&told, clock).unwrap(), Loaded::New(_)));
    world.write("server-ca.pem", "");
    assert!(refused(good.reload(&told, clock)).0.starts_with("SL-P"));
}

#[test]
fn lost_names_are_told() {
    let world = World::new();
    let first = world.load().unwrap();
    world.serve(&["DNS:localhost"]);
    let Loaded::New(next) = first
        .reload(&world.sources(), Clock::Fixed(world.now))
        .unwrap()
    else {
        panic!("the certificate changed");
    };
    assert!(next.notes().iter().any(|note| note.contains("127.0.0.1")));
}

#[test]
fn a_list_that_was_published_ahead_counts_when_its_time_has_come() {
    let world = World::new();
    let (now, issuer) = (world.now, &world.clients);
    let ahead = list(issuer, 5, &[&world.alice.0], now + DAY / 2, now + DAY * 3);
    world.write("lists/ahead.crl", ahead.to_pem());
    let first = world.load().unwrap();
    assert!(first.waits() && first.revoked() == 0);
    let at = |later| first.reload(&world.sources(), Clock::Fixed(now + later));
    assert!(matches!(at(DAY / 4).unwrap(), Loaded::Same));
    // The files are the same; what counts of them is not.
    let Loaded::New(next) = at(DAY * 3 / 4).unwrap() else {
        panic!("the newer list holds by now");
    };
    assert!(!next.waits() && next.revoked() == 1);
    // Even when the older one has gone overdue meanwhile.
    assert!(matches!(at(DAY * 2).unwrap(), Loaded::New(_)));
}

#[test]
fn a_list_of_an_anchor_that_has_expired_keeps_no_other_list_out() {
    let world = World::new();
    // Made anew with the same name, as other tools do it.
    let old = anchor(Purpose::Client, 1, world.now - DAY * 200);
    let both = world.clients.certificate().to_pem() + &old.certificate().to_pem();
    world.write("ca.pem", both);
    let (from, to) = (world.now - DAY * 120, world.now + DAY);
    world.write("old.crl", list(&old, 7, &[], from, to).to_pem());
    let sources = Sources {
        lists: ["lists/clients.crl", "old.crl"]
            .map(|name| world.folder.join(name))
            .to_vec(),
        ..world.sources()
    };
    let clock = Clock::Fixed(world.now);
    let first = Material::load(&sources, clock).unwrap();
    let told = |note: &String| note.contains("old.crl") && note.contains("has expired");
    assert!(first.notes().iter().any(told), "{:?}", first.notes());
    world.publish(2, &[&world.alice.0]);
    let Loaded::New(next) = first.reload(&sources, clock).unwrap() else {
        panic!("the list changed");
    };
    assert_eq!(next.revoked(), 1);
}

#[test]
fn a_list_of_the_same_number_and_an_earlier_day_is_a_step_back() {
    let world = World::new();
    let clock = Clock::Fixed(world.now);
    world.publish(2, &[&world.alice.0]);
    let first = world.load().unwrap();
    world.publish_dated(2, &[], world.now - DAY / 2, world.now + DAY);
    assert_eq!(refused(first.reload(&world.sources(), clock)).0, "SL-G005");
}

#[test]
fn a_pipe_among_the_files_is_refused_and_not_waited_for() {
    let world = World::new();
    let pipe = world.folder.join("lists/pipe");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let (code, text) = refused(world.load());
    assert!(code == "SL-G001" && text.contains("not a file"), "{text}");
}

#[test]
fn expired_anchors_are_told_and_need_no_list() {
    let world = World::new();
    let old = anchor(Purpose::Client, 1, world.now - DAY * 200);
    let both = world.clients.certificate().to_pem() + &old.certificate().to_pem();
    world.write("ca.pem", both);
    let material = world.load().unwrap();
    assert!(
        material
            .notes()
            .iter()
            .any(|note| note.contains("expired at"))
    );
}

#[test]
fn the_symlinks_of_a_mounted_volume_are_followed() {
    let world = World::new();
    let data = world.folder.join("..first");
    fs::create_dir(&data).unwrap();
    for name in ["server-cert.pem", "server-key.pem", "ca.pem"] {
        fs::rename(world.folder.join(name), data.join(name)).unwrap();
        std::os::unix::fs::symlink(Path::new("..data").join(name), world.folder.join(name))
            .unwrap();
    }
    std::os::unix::fs::symlink("..first", world.folder.join("..data")).unwrap();
    world.load().unwrap();
}

#[test]
fn standing_follows_the_lists() {
    let world = World::new();
    let first = world.load().unwrap();
    let unix = crate::admission::Known {
        caller: std::sync::Arc::new(sealock_policy::Caller::new(Vec::new())),
        leaf: None,
        chain: None,
    };
    assert_eq!(first.standing(&unix), Standing::Good);
}
