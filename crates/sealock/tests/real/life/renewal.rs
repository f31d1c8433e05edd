//! Renewal of what lies in files of its own, and of a vault without a daemon.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::common::{Host, Sealock, faketime};
use sealock_pki::Timestamp;
use sealock_testkit::lab::Version;
use sealock_testkit::process::run;
use sealock_testkit::scratch::Scratch;

fn issue(sealock: &Sealock, folder: &std::path::Path, name: &str, profile: &str) -> Command {
    let cert = folder.join(format!("{name}.pem")).display().to_string();
    let key = folder.join(format!("{name}.key")).display().to_string();
    sealock.command(&[
        "cert",
        "issue",
        name,
        "--profile",
        profile,
        "--cert",
        &cert,
        "--key",
        &key,
    ])
}

/// Without a daemon: single certificates are renewed where they lie, with the mode that they have.
#[test]
fn single_certificates_are_renewed_where_they_lie() {
    let scratch = Scratch::new("renew-singles");
    let sealock = Sealock::in_folder(scratch.path());
    // The anchors first, or the past would have no authority.
    let _ = run(&mut faketime("-100d", sealock.command(&["ca", "create"]))).expect_code(0);
    let old = issue(&sealock, scratch.path(), "db.example.org", "server");
    let _ = run(&mut faketime("-70d", old)).expect_code(0);
    let young = issue(&sealock, scratch.path(), "backup", "client");
    let _ = run(&mut { young }).expect_code(0);
    let key = scratch.join("db.example.org.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    let read = |name: &str| fs::read(scratch.join(name)).unwrap();
    let (old_key, old_cert, backup) = (
        read("db.example.org.key"),
        read("db.example.org.pem"),
        read("backup.pem"),
    );
    let look = sealock.run(&["renew", "--dry-run"]).expect_code(3);
    assert!(look.stderr.contains("db.example.org"), "{look}");
    let _ = sealock.run(&["renew", "--yes"]).expect_code(0);
    assert_ne!(read("db.example.org.key"), old_key, "a new key");
    assert_ne!(read("db.example.org.pem"), old_cert);
    assert_eq!(read("backup.pem"), backup, "what is not due stays");
    let mode = fs::metadata(&key).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o640);
    let nothing = sealock.run(&["renew", "--yes"]).expect_code(0);
    assert!(nothing.stderr.starts_with("0 changes"), "{nothing}");
    let anchor = scratch.write("ca.pem", sealock.run(&["ca", "export", "server"]).ok());
    let (anchor, cert) = (
        anchor.display().to_string(),
        scratch.join("db.example.org.pem").display().to_string(),
    );
    let _ = sealock
        .run(&[
            "cert",
            "verify",
            "--anchor",
            &anchor,
            "--purpose",
            "server",
            "--name",
            "db.example.org",
            &cert,
        ])
        .expect_code(0);
    let another = sealock
        .run(&["ca", "create", "--name", "other"])
        .expect_code(0);
    assert!(another.stdout.contains("sealock other"), "{another}");
    let unknown = sealock.run(&["renew", "nobody", "--yes"]).expect_code(1);
    assert!(unknown.stderr.contains("SL-U009"), "{unknown}");
}

/// Every renewal once added the five minutes by which a certificate begins early, until a server's life was over the limit.
#[test]
fn a_renewed_certificate_lives_as_long_as_the_old_one() {
    let scratch = Scratch::new("renew-life");
    let sealock = Sealock::in_folder(scratch.path());
    let _ = sealock.run(&["ca", "create"]).expect_code(0);
    let mut longest = issue(&sealock, scratch.path(), "db.example.org", "server");
    let _ = run(longest.args(["--days", "825"])).expect_code(0);
    let life = || {
        let list = sealock.run(&["cert", "list", "--json"]).ok();
        let list: serde_json::Value = serde_json::from_str(&list).unwrap();
        let all = list["certificates"].as_array().unwrap();
        let last = all.iter().find(|one| one["state"] == "active").unwrap();
        let at = |key: &str| last[key].as_str().unwrap().parse::<Timestamp>().unwrap();
        at("notAfter").since(at("notBefore"))
    };
    let before = life();
    for _ in 0..2 {
        let renew = sealock.run(&["renew", "db.example.org", "--yes"]);
        let _ = renew.expect_code(0);
    }
    assert_eq!(life(), before);
}

/// With a daemon: one run, one restart, and a rekey takes the single certificates along.
#[test]
fn a_rekey_takes_single_certificates_along() {
    let host = Host::new(Version::V28);
    let _ = host.up(&[]).expect_code(0);
    let folder = host.daemon.folder().join("services");
    fs::create_dir(&folder).unwrap();
    for (name, profile) in [("db.example.org", "server"), ("backup", "client")] {
        let _ = run(&mut issue(&host.sealock, &folder, name, profile)).expect_code(0);
    }
    let before: Vec<Vec<u8>> = ["db.example.org.pem", "backup.pem"]
        .iter()
        .map(|name| fs::read(folder.join(name)).unwrap())
        .collect();
    let rehearsed = host.sealock.run(&["rekey", "--rehearse", "--json"]).ok();
    let report: serde_json::Value = serde_json::from_str(&rehearsed).unwrap();
    assert_eq!(report["certificates"], 4, "{report}");
    assert_eq!(report["held"], true);
    assert!(!host.sealock.home().join("rehearsal").exists());
    let pid = host.daemon.pid();
    let _ = host.sealock.run(&["status"]).expect_code(0);
    assert_eq!(host.daemon.pid(), pid);
    for (name, old) in ["db.example.org.pem", "backup.pem"].iter().zip(&before) {
        assert_eq!(&fs::read(folder.join(name)).unwrap(), old, "only rehearsed");
    }
    let _ = host.sealock.run(&["rekey", "--yes"]).expect_code(0);
    for (name, old) in ["db.example.org.pem", "backup.pem"].iter().zip(&before) {
        assert_ne!(&fs::read(folder.join(name)).unwrap(), old);
    }
    let list = host.sealock.run(&["cert", "list", "--json"]).ok();
    assert_eq!(list.matches("\"superseded\"").count(), 4, "{list}");
    host.lives();
}

/// The key of the authority is lost: a rekey needs none of it.
#[test]
fn a_rekey_survives_the_loss_of_the_issuer_keys() {
    let host = Host::new(Version::V20);
    let _ = host.up(&[]).expect_code(0);
    fs::remove_dir_all(host.sealock.home().join("issuers")).unwrap();
    let lost = host
        .sealock
        .run(&["renew", "--all", "--yes"])
        .expect_code(1);
    assert!(lost.stderr.contains("SL-V0"), "{lost}");
    let _ = host.sealock.run(&["rekey", "--yes"]).expect_code(0);
    let _ = host.sealock.run(&["status"]).expect_code(0);
    assert!(super::is_in(&host, &host.client("alice")));
    host.lives();
}

/// The passphrase is forgotten: `--lost` makes everything new under another one, and what is left of the old is shredded.
#[test]
fn a_forgotten_passphrase_is_survived_and_the_old_keys_are_shredded() {
    let host = Host::new(Version::V28);
    let secret = host.daemon.folder().join("old.pass");
    fs::write(&secret, "correct horse\n").unwrap();
    let old = format!("file:{}", secret.display());
    let _ = host.up(&["--passphrase", &old]).expect_code(0);
    fs::write(&secret, "battery staple\n").unwrap();
    let wrong = ["rekey", "--yes", "--passphrase", &old];
    let refused = host.sealock.run(&wrong).expect_code(1);
    assert!(refused.stderr.contains("SL-V013"), "{refused}");
    let words = ["rekey", "--yes", "--lost", "--retired", "shred"];
    let words = [&words[..], &["--passphrase", &old]].concat();
    let issuers = host.sealock.home().join("issuers");
    let keys = || fs::read_dir(&issuers).unwrap().count();
    assert_eq!(keys(), 2);
    let _ = host.sealock.run(&words).expect_code(0);
    assert_eq!(keys(), 2, "the two new ones");
    let status = ["status", "--passphrase", &old];
    let _ = host.sealock.run(&status).expect_code(0);
    assert!(super::is_in(&host, &host.client("alice")));
    let nothing = ["ca", "retire", "shred", "--yes", "--passphrase", &old];
    let nothing = host.sealock.run(&nothing).expect_code(0);
    assert!(nothing.stderr.contains("0 changes"), "{nothing}");
    host.lives();
}

/// The retired keys go to an archive that the real age opens, and leave the vault.
#[test]
fn retired_keys_go_to_an_archive_that_age_opens() {
    let host = Host::new(Version::V20);
    let _ = host.up(&[]).expect_code(0);
    let folder = host.daemon.folder();
    let identity = folder.join("identity.txt").display().to_string();
    let made = sealock_testkit::process::call("age-keygen", &["-o", &identity]);
    let recipient = made.stderr.trim().rsplit(' ').next().unwrap().to_owned();
    let archive = folder.join("retired.age").display().to_string();
    let what = format!("archive:{archive}");
    let nobody = host.sealock.run(&["rekey", "--yes", "--retired", &what]);
    assert_ne!(nobody.code, 0, "{nobody}");
    let issuers = host.sealock.home().join("issuers");
    let old: Vec<Vec<u8>> = fs::read_dir(&issuers)
        .unwrap()
        .map(|entry| fs::read(entry.unwrap().path()).unwrap())
        .collect();
    assert_eq!(old.len(), 2, "what is refused has made nothing");
    let words = ["rekey", "--yes", "--retired", &what, "--to", &recipient];
    let _ = host.sealock.run(&words).expect_code(0);
    let open = format!("age -d -i {identity} {archive} | tar -xO --wildcards '*.key'");
    let opened = sealock_testkit::process::call("sh", &["-c", &open]).ok();
    for key in &old {
        let text = String::from_utf8_lossy(key).into_owned();
        assert!(opened.contains(text.trim()), "a retired key is missing");
    }
    assert_eq!(fs::read_dir(&issuers).unwrap().count(), 2);
    let again = host.sealock.run(&words).expect_code(1);
    assert!(again.stderr.contains("SL-U094"), "{again}");
    host.lives();
}

/// Two thirds of a life unless sealock.toml says otherwise.
#[test]
fn the_file_says_after_which_part_of_a_life_certificates_are_renewed() {
    let host = Host::new(Version::V28);
    let _ = host.up(&[]).expect_code(0);
    let in_12_days = || {
        let look = host.sealock.command(&["renew", "--dry-run"]);
        run(&mut faketime("+12d", look))
    };
    let _ = in_12_days().expect_code(0);
    let toml = fs::read_to_string(host.sealock.config()).unwrap();
    let sooner = toml.replacen("[authority]\n", "[authority]\nrenew-after = \"10%\"\n", 1);
    assert_ne!(toml, sooner);
    fs::write(host.sealock.config(), sooner).unwrap();
    let due = in_12_days().expect_code(3);
    assert!(due.stderr.contains("10% of its life are over"), "{due}");
    let broken = toml.replacen("[authority]\n", "[authority]\nrenew-after = \"2\"\n", 1);
    fs::write(host.sealock.config(), broken).unwrap();
    let refused = host.sealock.run(&["renew"]).expect_code(1);
    assert!(refused.stderr.contains("SL-H103"), "{refused}");
}

/// A bundle that was carried away grows old unseen when its client is renewed here: it is told of until it is fetched again.
#[test]
fn a_bundle_that_was_carried_away_is_told_of_until_it_is_fetched_again() {
    let host = Host::new(Version::V28);
    let _ = host.up(&[]).expect_code(0);
    let archive = host.daemon.folder().join("alice.tar").display().to_string();
    let bundle = ["client", "bundle", "alice", "-o", &archive];
    let _ = host.sealock.run(&bundle).expect_code(0);
    let _ = host
        .sealock
        .run(&["renew", "alice", "--yes"])
        .expect_code(0);
    let status = || host.sealock.run(&["status"]).expect_code(0);
    assert!(
        status().stdout.contains("alice, as carried away"),
        "{}",
        status()
    );
    let late = || {
        run(&mut faketime(
            "+80d",
            host.sealock.command(&["client", "list"]),
        ))
    };
    let warned = late();
    assert!(
        warned.stderr.contains("the bundle that alice has"),
        "{warned}"
    );
    assert!(
        warned.stderr.contains("sealock client bundle NAME"),
        "{warned}"
    );
    let _ = host.sealock.run(&bundle).expect_code(0);
    assert!(!status().stdout.contains("carried away"), "{}", status());
    assert!(!late().stderr.contains("the bundle that"), "{}", late());
}
