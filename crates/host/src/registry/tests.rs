use super::{ANCHORS, CERTIFICATE, Files, Folder, HOSTS, KEY, Ours, RegistryError, check_host};
use crate::client::Bundle;
use crate::client::fixture::{Authority, Scratch, apply};
use sealock_diag::Diagnose;
use sealock_pki::Fingerprint;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

const HOST: &str = "registry.example.org:5000";

/// A `certs.d` and what the vault knows.
struct World {
    scratch: Scratch,
    anchors: Vec<Fingerprint>,
    leaves: Vec<Fingerprint>,
}

impl World {
    fn new(known: &[&Bundle]) -> Self {
        Self {
            scratch: Scratch::new(),
            anchors: known
                .iter()
                .flat_map(|bundle| bundle.anchors())
                .map(|anchor| anchor.fingerprint())
                .collect(),
            leaves: known
                .iter()
                .map(|bundle| bundle.leaf().fingerprint())
                .collect(),
        }
    }

    fn folder(&self) -> Folder {
        Folder::new(&self.scratch.path().join("docker/certs.d"), HOST, None)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder().path().join(name)
    }

    fn ours(&self) -> Ours<'_> {
        Ours {
            anchors: &self.anchors,
            leaves: &self.leaves,
        }
    }

    fn trust(&self, bundle: &Bundle, pair: bool, hosts_toml: bool) -> Result<usize, RegistryError> {
        let files = Files {
            anchors: bundle.anchors(),
            pair: pair.then_some(bundle),
            hosts_toml,
        };
        Ok(apply(&self.folder().plan(files, self.ours())?))
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::create_dir_all(self.folder().path()).unwrap();
        std::fs::write(self.path(name), text).unwrap();
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.folder().path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_folder_gets_what_dockerd_reads_once() {
    let main = Authority::new("main");
    let (first, renewed) = (main.bundle("alice"), main.bundle("alice"));
    let world = World::new(&[&first, &renewed]);
    assert!(world.trust(&first, true, false).unwrap() >= 4);
    assert_eq!(world.names(), [ANCHORS, CERTIFICATE, KEY]);
    assert_eq!(world.trust(&first, true, false).unwrap(), 0, "up to date");
    let modes = [ANCHORS, CERTIFICATE, KEY].map(|name| mode(&world.path(name)));
    assert_eq!(modes, [0o644, 0o644, 0o600]);
    assert_eq!(
        std::fs::read(world.path(CERTIFICATE)).unwrap(),
        first.cert_pem()
    );
    assert_eq!(
        std::fs::read(world.path(KEY)).unwrap(),
        *first.key_pem().expose()
    );
    assert_eq!(std::fs::read(world.path(ANCHORS)).unwrap(), first.ca_pem());
    assert_eq!(world.trust(&renewed, true, false).unwrap(), 2, "a renewal");
    // Without a client its pair goes, and the anchors stay.
    world.trust(&renewed, false, true).unwrap();
    assert_eq!(world.names(), [ANCHORS, HOSTS]);
    world.trust(&renewed, true, true).unwrap();
    assert_eq!(world.names(), [ANCHORS, CERTIFICATE, KEY, HOSTS]);
    world.trust(&renewed, true, false).unwrap();
    assert_eq!(world.names(), [ANCHORS, CERTIFICATE, KEY]);
}

#[test]
fn files_of_somebody_else_are_left_alone() {
    let main = Authority::new("main");
    let alice = main.bundle("alice");
    let other = Authority::new("other").bundle("alice");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let both = format!("{}{}", text(alice.ca_pem()), text(other.ca_pem()));
    for (name, there) in [
        (ANCHORS, text(other.ca_pem())),
        (ANCHORS, both),
        (ANCHORS, "no certificate".to_owned()),
        (CERTIFICATE, text(other.cert_pem())),
        (KEY, "whose?".to_owned()),
    ] {
        let world = World::new(&[&alice]);
        world.write(name, &there);
        let error = world.trust(&alice, true, false).unwrap_err();
        assert_eq!(error.code().0, "SL-H531", "{name}");
        assert!(error.location().unwrap().ends_with(name));
        assert!(world.folder().plan_removal(world.ours()).is_err());
    }
    // Under other names they may stay: dockerd reads them all.
    let world = World::new(&[&alice]);
    world.write("corporate.crt", &text(other.ca_pem()));
    world.trust(&alice, true, false).unwrap();
    apply(&world.folder().plan_removal(world.ours()).unwrap());
    assert_eq!(world.names(), ["corporate.crt"]);
}

#[test]
fn a_hosts_toml_that_hides_ours_is_told() {
    let alice = Authority::new("main").bundle("alice");
    let world = World::new(&[&alice]);
    world.write(HOSTS, "server = \"https://mirror.example.org\"\n");
    for wanted in [true, false] {
        let error = world.trust(&alice, true, wanted).unwrap_err();
        assert_eq!(error.code().0, "SL-H532");
        let help = error.help().unwrap();
        assert!(
            help.contains("client = [[\"client.cert\", \"client.key\"]]"),
            "{help}"
        );
    }
    assert_eq!(world.names(), [HOSTS], "nothing is half there");
    let own = "ca = \"ca.crt\"\nclient = [[\"client.cert\", \"client.key\"]]\n";
    world.write(HOSTS, own);
    world.trust(&alice, true, true).unwrap();
    assert_eq!(std::fs::read_to_string(world.path(HOSTS)).unwrap(), own);
    apply(&world.folder().plan_removal(world.ours()).unwrap());
    assert_eq!(world.names(), [HOSTS], "it is not ours");
    world.write(HOSTS, "");
    world.trust(&alice, true, true).unwrap();
    let text = std::fs::read_to_string(world.path(HOSTS)).unwrap();
    assert!(
        text.contains(&format!("server = \"https://{HOST}\"\n")),
        "{text}"
    );
    apply(&world.folder().plan_removal(world.ours()).unwrap());
    assert!(!world.folder().path().exists());
}

#[test]
fn what_is_in_the_way_is_named() {
    let alice = Authority::new("main").bundle("alice");
    for name in [ANCHORS, CERTIFICATE, KEY, HOSTS] {
        let world = World::new(&[&alice]);
        std::fs::create_dir_all(world.folder().path()).unwrap();
        symlink("/dev/null", world.path(name)).unwrap();
        let error = world.trust(&alice, true, false).unwrap_err();
        assert_eq!(error.code().0, "SL-H533", "{name}");
    }
    let world = World::new(&[&alice]);
    std::fs::create_dir_all(world.folder().path().parent().unwrap()).unwrap();
    std::fs::write(world.folder().path(), "").unwrap();
    let error = world.trust(&alice, true, false).unwrap_err();
    assert!(
        Diagnose::cause(&error)
            .unwrap()
            .contains("directory is needed")
    );
}

#[test]
fn root_follows_no_link_of_a_user() {
    let alice = Authority::new("main").bundle("alice");
    let scratch = Scratch::new();
    std::fs::create_dir_all(scratch.path().join("etc")).unwrap();
    symlink("etc", scratch.path().join("docker")).unwrap();
    let certs_d = scratch.path().join("docker/certs.d");
    let owner = Some(sealock_change::Owner {
        uid: 1000,
        gid: 1000,
    });
    let files = Files {
        anchors: alice.anchors(),
        pair: Some(&alice),
        hosts_toml: false,
    };
    let ours = Ours {
        anchors: &[],
        leaves: &[],
    };
    let error = Folder::new(&certs_d, HOST, owner)
        .plan(files, ours)
        .unwrap_err();
    assert_eq!(error.code().0, "SL-H533");
    assert!(
        Folder::new(&certs_d, HOST, None).plan(files, ours).is_ok(),
        "its own links are root's"
    );
}

#[test]
fn hosts_are_those_of_images() {
    let long = "a".repeat(300);
    for (host, good) in [
        (HOST, true),
        ("10.77.0.254:5000", true),
        ("[2001:db8::5]:5000", true),
        ("Registry.example.org", true),
        ("registry", false),
        ("https://r.example.org", false),
        ("r.example.org/team", false),
        ("../../root", false),
        ("..", false),
        ("", false),
        (&*long, false),
    ] {
        assert_eq!(check_host(host).is_ok(), good, "{host}");
    }
    let error = check_host("a\u{1b}[2J/b").unwrap_err();
    assert!(!error.to_string().contains('\u{1b}'));
}
