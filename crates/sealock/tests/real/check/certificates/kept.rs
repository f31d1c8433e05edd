//! What only the vault can tell about the daemon's certificate and anchors, on a host that `up` has cloaked.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sealock_pki::{AnchorRequest, KeyKind, PrivateKey, Purpose, Timestamp, create_anchor};
use sealock_testkit::lab::Version;
use sealock_vault::{AnchorState, NewAnchor, Scope, SystemEntropy, Vault};

use super::Judge;
use super::forge::{ANCHOR, Forge, Recipe, SERVER};
use crate::common::Host;

#[test]
fn on_a_cloaked_host() {
    let host = Host::new(Version::V28);
    let _ = host.up(&["--name", "docker.lab"]).expect_code(0);
    let forge = Forge::new(host.daemon.folder().join("forge"));
    let others = Recipe {
        subject: "/CN=Somebody else",
        ..ANCHOR
    };
    forge.make("others", &others);
    let theirs = Recipe {
        by: "others",
        ..SERVER
    };
    forge.make("theirs", &theirs);
    let mut judge = Judge::default();
    let check = || host.sealock.check(&["--short"]);
    check().expect_nothing();

    // An authority in the daemon's file that the vault does not know.
    let anchors = host.live().join("ca.pem");
    let ours = fs::read(&anchors).unwrap();
    write(
        &anchors,
        &[ours.clone(), forge.read(&["others.pem"])].concat(),
    );
    judge.first("waiting", "an anchor more", &check(), ("SL-F339", "latent"));
    host.daemon.restart();
    judge.first("inside", "an anchor more", &check(), ("SL-F339", "open"));
    // The servers' anchor where the clients' belongs.
    let servers = fs::read(host.client("alice").join("ca.pem")).unwrap();
    write(&anchors, &servers);
    judge.first(
        "waiting",
        "the wrong anchor",
        &check(),
        ("SL-F339", "latent"),
    );
    host.daemon.restart();
    judge.first("inside", "the wrong anchor", &check(), ("SL-F339", "down"));
    write(&anchors, &ours);
    host.daemon.restart();

    // A certificate that somebody else issued, for all the names.
    let pair = ["server-cert.pem", "server-key.pem"].map(|file| host.live().join(file));
    let kept = pair.each_ref().map(|path| fs::read(path).unwrap());
    write(&pair[0], &forge.read(&["theirs.pem"]));
    write(&pair[1], &forge.read(&["server.key"]));
    judge.first("waiting", "by others", &check(), ("SL-F331", "latent"));
    host.daemon.restart();
    judge.first("inside", "by others", &check(), ("SL-F331", "down"));
    for (path, bytes) in pair.iter().zip(&kept) {
        write(path, bytes);
    }
    host.daemon.restart();
    check().expect_nothing();

    // A name that sealock.toml wants and the certificate lacks.
    let toml = fs::read_to_string(host.sealock.config()).unwrap();
    write(
        &host.sealock.config(),
        toml.replace("docker.lab", "other.lab").as_bytes(),
    );
    check().expect("SL-F304");
    write(&host.sealock.config(), toml.as_bytes());

    // A younger generation signs now.
    younger(&host);
    judge.first(
        "inside",
        "an older generation",
        &check(),
        ("SL-F331", "weak"),
    );
    let _ = host.sealock.run(&["--yes", "apply"]).expect_code(0);
    check().expect_nothing();
    host.lives();
    judge.done();
}

/// A second server anchor, as a rotation leaves it.
fn younger(host: &Host) {
    let mut vault = Vault::open(&host.sealock.home()).unwrap();
    let name = vault.authorities().unwrap().remove(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = Timestamp::from_unix(now.as_secs().try_into().unwrap());
    let request = AnchorRequest {
        authority: name.clone(),
        purpose: Purpose::Server,
        scope: None,
        generation: 2,
        life: Duration::from_secs(3650 * 86_400),
    };
    let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    let issuer = create_anchor(&request, key, now, &mut SystemEntropy).unwrap();
    let anchor = NewAnchor {
        generation: 2,
        ..NewAnchor::first(Purpose::Server, &issuer)
    };
    vault
        .add_anchors(&name, &[anchor], None, &mut SystemEntropy, now)
        .unwrap();
    vault
        .set_anchor_states(
            &name,
            Scope::own(),
            &[(Purpose::Server, 1, AnchorState::Superseded)],
        )
        .unwrap();
}

/// Writes a file and keeps its mode.
fn write(path: &Path, bytes: &[u8]) {
    let mode = fs::metadata(path).unwrap().permissions().mode();
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
