//! What the vault promises, case by case.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod house;

use house::*;
use sealock_diag::Diagnose;
use sealock_pki::{KeyKind, Passphrase, PrivateKey, Purpose, RevocationReason, Timestamp};
use sealock_vault::{
    AnchorState, Filter, InUse, NewAnchor, Scope, State, StateKind, SystemEntropy, Vault,
};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

fn chmod(path: impl AsRef<std::path::Path>, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn an_authority_is_stored_closed_and_comes_back() {
    let house = House::new("authority");
    let mut vault = house.vault();
    let main = name("main");
    assert!(vault.authority(&main).unwrap().is_none());
    let client = found(&mut vault, &main).unwrap();
    assert_eq!(mode(&house.home()), 0o700);
    assert_eq!(mode(&house.home().join("vault.db")), 0o600);
    assert_eq!(mode(&house.home().join("issuers")), 0o700);
    let key_id = client.certificate().key_id();
    assert_eq!(
        mode(&house.home().join(format!("issuers/{key_id}.key"))),
        0o400
    );

    drop(vault);
    let mut vault = Vault::open(&house.home()).unwrap();
    let authority = vault.authority(&main).unwrap().unwrap();
    assert_eq!(
        (authority.anchors.len(), authority.key_kind),
        (2, KeyKind::EcdsaP256)
    );
    let unlocked = vault.unlock(&main, Scope::own(), None).unwrap();
    assert_eq!(
        unlocked
            .issuer(Purpose::Client)
            .unwrap()
            .certificate()
            .der(),
        client.certificate().der()
    );
    assert_eq!(vault.authorities().unwrap(), std::slice::from_ref(&main));

    let again = found(&mut vault, &main).unwrap_err();
    assert_eq!(again.code().0, "SL-V010");
    let unknown = vault
        .unlock(&name("other"), Scope::own(), None)
        .unwrap_err();
    assert_eq!(unknown.code().0, "SL-V011");
    assert_eq!(Diagnose::cause(&unknown).unwrap(), "the vault holds main");

    // A second generation signs, the first is still trusted.
    let second = anchor(&main, Purpose::Client, 2);
    let new = [NewAnchor {
        generation: 2,
        ..NewAnchor::first(Purpose::Client, &second)
    }];
    vault
        .add_anchors(&main, &new, None, &mut SystemEntropy, NOW)
        .unwrap();
    vault
        .set_anchor_states(
            &main,
            Scope::own(),
            &[(Purpose::Client, 1, AnchorState::Superseded)],
        )
        .unwrap();
    let authority = vault.authority(&main).unwrap().unwrap();
    assert_eq!(
        authority
            .signs_now(Purpose::Client, Scope::own())
            .unwrap()
            .generation,
        2
    );
    assert_eq!(authority.trusted(Purpose::Client, Scope::own()).len(), 2);
    let unlocked = vault.unlock(&main, Scope::own(), None).unwrap();
    assert_eq!(unlocked.generation(Purpose::Client), Some(2));
    assert_eq!(
        unlocked
            .issuer_of(Purpose::Client, 1)
            .unwrap()
            .key()
            .key_id(),
        key_id
    );
    assert_eq!(
        unlocked.issuer_of(Purpose::Client, 3).unwrap_err().code().0,
        "SL-V017"
    );
    let twice = vault
        .add_anchors(&main, &new, None, &mut SystemEntropy, NOW)
        .unwrap_err();
    assert_eq!(twice.code().0, "SL-V018");
    let none = vault.set_anchor_states(
        &main,
        Scope::own(),
        &[(Purpose::Client, 9, AnchorState::Withdrawn)],
    );
    assert_eq!(none.unwrap_err().code().0, "SL-V017");

    assert!(vault.orphan_keys().unwrap().is_empty());
    let orphan = house.home().join("issuers/0000.key");
    std::fs::write(&orphan, "").unwrap();
    assert_eq!(vault.tidy().unwrap(), [orphan]);
    assert_eq!(
        std::fs::read_dir(house.home().join("issuers"))
            .unwrap()
            .count(),
        3
    );
    vault.check_integrity().unwrap();
}

#[test]
fn sealed_keys_need_the_right_passphrase_and_the_right_file() {
    let house = House::new("sealed");
    let mut vault = house.vault();
    let main = name("main");
    let issuer = anchor(&main, Purpose::Client, 1);
    let anchors = [NewAnchor::first(Purpose::Client, &issuer)];
    let right = Passphrase::new("correct horse".into()).unwrap();
    let wrong = Passphrase::new("battery staple".into()).unwrap();
    vault
        .store_authority(
            &main,
            KeyKind::EcdsaP256,
            &anchors,
            Some(&right),
            &mut SystemEntropy,
            NOW,
        )
        .unwrap();
    let path = house
        .home()
        .join(format!("issuers/{}.key", issuer.certificate().key_id()));
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    let code = |passphrase: Option<&Passphrase>| match vault.unlock(&main, Scope::own(), passphrase)
    {
        Err(e) => e.code().0,
        Ok(unlocked) => match unlocked.issuer(Purpose::Client) {
            Err(e) => {
                assert!(e.location().is_some(), "{e}");
                e.code().0
            }
            Ok(_) => "opened",
        },
    };
    assert_eq!(code(None), "SL-V012");
    assert_eq!(code(Some(&wrong)), "SL-V013");
    assert_eq!(code(Some(&right)), "opened");

    chmod(&path, 0o440);
    assert_eq!(code(Some(&right)), "SL-V002");
    chmod(&path, 0o600);
    for (content, expected) in [
        ("", "SL-V015"),
        ("garbage", "SL-V015"),
        (&text[..text.len() / 2], "SL-V015"),
    ] {
        std::fs::write(&path, content).unwrap();
        assert_eq!(code(Some(&right)), expected, "{content}");
    }
    let other = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    std::fs::write(&path, other.to_pem().unwrap().expose()).unwrap();
    assert_eq!(code(Some(&right)), "SL-V016");
    std::fs::remove_file(&path).unwrap();
    assert_eq!(code(Some(&right)), "SL-V014");
    std::fs::create_dir(&path).unwrap();
    assert_eq!(code(Some(&right)), "SL-V003");
}

#[test]
fn the_inventory_knows_every_certificate() {
    let house = House::new("inventory");
    let mut vault = house.vault();
    let issuer = found(&mut vault, &name("main")).unwrap();
    let old = [leaf(&issuer, "alice", 1)];
    let young = [leaf(&issuer, "alice", 90)];
    let bob = [leaf(&issuer, "bob", 30)];
    vault
        .record(&entries(&issuer, &old, "alice", None), NOW)
        .unwrap();
    vault
        .record(&entries(&issuer, &young, "alice", Some("run 2")), NOW)
        .unwrap();
    vault
        .record(&entries(&issuer, &bob, "bob", None), NOW)
        .unwrap();

    let known = vault
        .record(&entries(&issuer, &old, "alice", None), NOW)
        .unwrap_err();
    assert_eq!(known.code().0, "SL-V018");
    assert_eq!(
        vault
            .supersede("alice", Purpose::Client, young[0].serial())
            .unwrap(),
        1
    );
    let count = |filter: Filter| vault.entries(filter).unwrap().len();
    let soon = Timestamp::from_unix(NOW.as_unix() + 40 * 86_400);
    for (filter, expected) in [
        (Filter::all(), 3),
        (Filter::all().identity("alice"), 2),
        (Filter::all().identity("alice").state(StateKind::Active), 1),
        (Filter::all().state(StateKind::Superseded), 1),
        (Filter::all().purpose(Purpose::Server), 0),
        (Filter::all().expiring_before(soon), 2),
        (
            Filter::all().expiring_before(soon).state(StateKind::Active),
            1,
        ),
        (Filter::all().issuer(issuer.certificate().key_id()), 3),
        (Filter::all().identity("' OR 1=1 --"), 0),
    ] {
        assert_eq!(count(filter.clone()), expected, "{filter:?}");
    }
    let serial = young[0].serial();
    vault.installed(serial, "/root/.docker", NOW).unwrap();
    vault
        .installed(serial, "/root/.docker", NOW + Duration::from_secs(5))
        .unwrap();
    vault.installed(serial, "context:prod", NOW).unwrap();
    let state = State::Revoked {
        at: NOW,
        reason: RevocationReason::KeyCompromise,
    };
    vault.set_state(serial, &state).unwrap();
    let entry = vault.find(serial).unwrap().unwrap();
    assert_eq!(
        (entry.state, entry.identity.as_str(), entry.run.as_deref()),
        (state, "alice", Some("run 2"))
    );
    assert_eq!(entry.places.len(), 2);
    assert_eq!(entry.places[0].at, NOW + Duration::from_secs(5));
    assert_eq!(entry.certificate.der(), young[0].der());
    assert_eq!(entry.issuer, issuer.certificate().key_id());
    vault.uninstalled(serial, "context:prod").unwrap();
    assert_eq!(vault.find(serial).unwrap().unwrap().places.len(), 1);

    let stranger = leaf(&issuer, "stranger", 1);
    assert!(vault.find(stranger.serial()).unwrap().is_none());
    let unknown = vault
        .set_state(stranger.serial(), &State::Withdrawn)
        .unwrap_err();
    assert_eq!(unknown.code().0, "SL-V019");
    assert_eq!(
        vault
            .installed(stranger.serial(), "x", NOW)
            .unwrap_err()
            .code()
            .0,
        "SL-V019"
    );
}

#[test]
fn one_bad_entry_takes_all_of_its_transaction_back() {
    let house = House::new("whole");
    let mut vault = house.vault();
    let issuer = found(&mut vault, &name("main")).unwrap();
    let mut certificates = leaves(&issuer, 10);
    certificates.push(certificates[3].clone());
    assert!(
        vault
            .record(&entries(&issuer, &certificates, "x", None), NOW)
            .is_err()
    );
    assert!(vault.entries(Filter::all()).unwrap().is_empty());
}

#[test]
fn what_is_no_vault_of_ours_is_named_and_left_alone() {
    let house = House::new("foreign");
    let home = house.home();
    assert_eq!(Vault::open(&home).unwrap_err().code().0, "SL-V001");
    assert!(!home.exists(), "opening makes nothing");
    drop(house.vault());
    let path = home.join("vault.db");
    let good = std::fs::read(&path).unwrap();
    let mut newer = good.clone();
    newer[60..64].copy_from_slice(&99_u32.to_be_bytes());
    let mut foreign = good.clone();
    foreign[68..72].copy_from_slice(&7_u32.to_be_bytes());
    let mut half = good.clone();
    half.truncate(good.len() / 2);
    for (bytes, codes) in [
        (Vec::new(), &["SL-V003"][..]),
        (b"garbage".to_vec(), &["SL-V003"]),
        (vec![0xff; 8192], &["SL-V003"]),
        (vec![0; 8192], &["SL-V003"]),
        (b"SQLite format 3\0".to_vec(), &["SL-V003", "SL-V007"]),
        (newer, &["SL-V004"]),
        (foreign, &["SL-V003"]),
        (half, &["SL-V007"]),
    ] {
        std::fs::write(&path, &bytes).unwrap();
        for error in [
            Vault::open(&home)
                .and_then(|v| v.check_integrity())
                .unwrap_err(),
            Vault::create_or_open(&home)
                .and_then(|v| v.check_integrity())
                .unwrap_err(),
        ] {
            assert!(
                codes.contains(&error.code().0),
                "{}: {error} {:?}",
                bytes.len(),
                error
            );
            assert_eq!(std::fs::read(&path).unwrap(), bytes, "untouched");
        }
    }
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert_eq!(
        Vault::create_or_open(&home).unwrap_err().code().0,
        "SL-V003"
    );
    std::fs::remove_dir(&path).unwrap();
    std::os::unix::fs::symlink("/dev/null", &path).unwrap();
    assert_eq!(
        Vault::create_or_open(&home).unwrap_err().code().0,
        "SL-V003"
    );
    std::fs::remove_file(&path).unwrap();

    std::fs::write(&path, &good).unwrap();
    chmod(&path, 0o640);
    let error = Vault::open(&home).unwrap_err();
    assert_eq!(error.code().0, "SL-V002");
    assert_eq!(
        error.help().unwrap(),
        format!("chmod 0600 {}", path.display())
    );
    chmod(&path, 0o600);
    chmod(&home, 0o755);
    let error = Vault::open(&home).unwrap_err();
    assert_eq!(
        error.help().unwrap(),
        format!("chmod 0700 {}", home.display())
    );
    chmod(&home, 0o700);
    Vault::open(&home).unwrap();
}

#[test]
fn a_home_where_a_kill_left_half_made_things_is_cleared_up() {
    let house = House::new("cleared");
    std::fs::create_dir_all(house.home()).unwrap();
    chmod(house.home(), 0o700);
    let half = house.home().join(".vault.db.sealock-new");
    std::fs::write(&half, "half").unwrap();
    assert_eq!(Vault::clear_up(&house.home()).unwrap(), [half]);
    let made = house.home().join("vault.db").exists();
    assert!(!made, "clearing up makes no vault");

    let mut vault = house.vault();
    found(&mut vault, &name("main")).unwrap();
    let orphan = house.home().join("issuers/.0000.key.sealock-new");
    std::fs::write(&orphan, "").unwrap();
    assert_eq!(Vault::clear_up(&house.home()).unwrap(), [orphan]);
    assert!(Vault::clear_up(&house.home()).unwrap().is_empty());
}

#[test]
fn what_is_in_use_is_noted_in_one_go() {
    let house = House::new("settled");
    let mut vault = house.vault();
    let issuer = found(&mut vault, &name("main")).unwrap();
    let certificates = leaves(&issuer, 2);
    let new = entries(&issuer, &certificates, "many", None);
    vault.record(&new, NOW).unwrap();
    let places = ["/here".to_owned(), "/there".to_owned()];
    let used = InUse {
        identity: new[1].identity,
        purpose: new[1].purpose,
        serial: certificates[1].serial(),
        places: &places,
    };
    vault.settle(&[used], NOW).unwrap();
    let old = vault.find(certificates[0].serial()).unwrap().unwrap();
    let young = vault.find(certificates[1].serial()).unwrap().unwrap();
    assert_eq!((old.state, young.state), (State::Superseded, State::Active));
    assert_eq!(young.places.len(), 2);
}
