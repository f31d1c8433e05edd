//! A vault goes into an archive and comes out of it, on a host that lost it and on one that never had it.

mod ground;
mod hostile;
mod killed;
mod returned;
mod space;

use std::fs;
use std::time::Duration;

use sealock_testkit::Scratch;
use sealock_testkit::lab::Version;
use sealock_testkit::leak::Secrets;
use sealock_testkit::process::run;

use crate::common::{Host, Sealock};
use ground::{Home, Keys, Terminal};

/// An authority and a client in a folder of their own, without a daemon.
fn made(scratch: &Scratch) -> Sealock {
    let sealock = Sealock::in_folder(scratch.path());
    fs::write(sealock.config(), hostile::TOML).unwrap();
    let _ = sealock.run(&["ca", "create"]).expect_code(0);
    let _ = sealock.run(&["client", "add", "alice"]).expect_code(0);
    sealock
}

#[test]
fn an_archive_opens_for_its_recipients_and_for_the_real_tool() {
    let scratch = Scratch::new("recipients");
    let sealock = made(&scratch);
    let (one, two) = (Keys::new(&scratch, "one"), Keys::new(&scratch, "two"));
    let archive = scratch.join("vault.age").display().to_string();
    let before = Home::of(&sealock.home());
    let backup = [
        "backup",
        "-o",
        &archive,
        "--to",
        &one.recipient,
        "--to",
        &two.recipient,
    ];
    let made = sealock.run(&backup).expect_code(0);
    assert!(made.stderr.contains("verified as written"), "{made}");
    // The one before it may be replaced, and nothing else.
    let _ = sealock.run(&backup).expect_code(0);
    for keys in [&one, &two] {
        let listed = keys.tar(&archive, "-t").ok();
        let names: Vec<&str> = listed.lines().collect();
        assert_eq!(names[0], "manifest.json", "{listed}");
        assert!(
            names.contains(&"vault.db") && names.contains(&"issuers/"),
            "{listed}"
        );
        let other = Sealock::in_folder(&scratch.join(&format!("for-{}", keys.name)));
        let words = ["restore", &archive, "--identity", &keys.file, "--yes"];
        let _ = other.run(&words).expect_code(0);
        Home::of(&other.home()).expect_same(&before);
        let again = other.run(&words).expect_code(0);
        assert!(again.stderr.contains("0 changes"), "{again}");
    }
}

#[test]
fn a_passphrase_is_asked_for_twice_and_opens_it() {
    let scratch = Scratch::new("passphrase");
    let sealock = made(&scratch);
    let archive = scratch.join("vault.age").display().to_string();
    let before = Home::of(&sealock.home());
    let backup = sealock.command(&["backup", "-o", &archive]);
    let differ = Terminal::run(&backup, &["correct horse", "wrong horse"]);
    assert!(differ.contains("SL-U012"), "{differ}");
    assert!(!scratch.join("vault.age").exists());
    let said = Terminal::run(&backup, &["correct horse", "correct horse"]);
    assert!(said.contains("verified: read back, opened"), "{said}");
    assert!(!said.contains("horse"), "{said}");
    fs::remove_dir_all(sealock.home()).unwrap();
    let restore = sealock.command(&["restore", &archive]);
    let said = Terminal::run(&restore, &["correct horse", "y"]);
    assert!(said.contains("restored to"), "{said}");
    Home::of(&sealock.home()).expect_same(&before);
}

#[test]
fn no_key_leaves_the_home_in_the_clear() {
    let scratch = Scratch::new("backup-leaks");
    let folder = scratch.join("host");
    fs::create_dir(&folder).unwrap();
    let sealock = Sealock::in_folder(&folder);
    let _ = sealock.run(&["ca", "create"]).ok();
    let secrets = fs::read_dir(sealock.home().join("issuers"))
        .unwrap()
        .fold(Secrets::new(), |secrets, entry| {
            secrets.key_file(&entry.unwrap().path())
        });
    let keys = Keys::new(&scratch, "holder");
    let outside = scratch.join("outside");
    fs::create_dir(&outside).unwrap();
    let archive = outside.join("vault.age").display().to_string();
    let words = ["-v", "backup", "-o", &archive, "--to", &keys.recipient];
    let (leaks, outcome) = secrets.in_run(&sealock.command(&words));
    let _ = outcome.expect_code(0);
    assert_eq!(leaks, []);
    assert_eq!(secrets.in_all_files(&outside), []);
    // Not even for a moment: the only file that it makes outside is the archive's own next version.
    let written = ground::files_written(&sealock.command(&words));
    let outside_home: Vec<&String> = written
        .iter()
        .filter(|path| !path.starts_with(&sealock.home().display().to_string()))
        .collect();
    let temporary = outside.join(".vault.age.sealock-new").display().to_string();
    assert_eq!(outside_home, [&temporary], "{written:?}");
    assert_eq!(ground::mode(&outside.join("vault.age")), 0o600);
    // And a restore writes keys nowhere but beside its home, closed to others, until they are in it.
    fs::remove_dir_all(sealock.home()).unwrap();
    let words = ["-v", "restore", &archive, "--identity", &keys.file, "--yes"];
    let (leaks, outcome) = secrets.in_run(&sealock.command(&words));
    let _ = outcome.expect_code(0);
    assert_eq!(leaks, []);
    assert_eq!(secrets.in_readable_files(scratch.path()), []);
    assert!(!folder.join(".home.sealock-new").exists());
}

#[test]
fn backups_beside_a_busy_host_are_each_intact() {
    let host = Host::new(Version::V28);
    let _ = host.up(&[]).expect_code(0);
    let scratch = Scratch::new("busy");
    let keys = Keys::new(&scratch, "holder");
    std::thread::scope(|scope| {
        let adding = scope.spawn(|| {
            for number in 0..10 {
                let name = format!("client{number}");
                let _ = host
                    .sealock
                    .run(&["client", "add", &name, "--yes"])
                    .expect_code(0);
            }
        });
        let mut made = 0;
        while !adding.is_finished() || made == 0 {
            let archive = scratch.join(&format!("{made}.age")).display().to_string();
            let words = ["backup", "-o", &archive, "--to", &keys.recipient, "--json"];
            let said = host.sealock.run(&words).ok();
            assert!(said.contains("\"calm\": true"), "{said}");
            made += 1;
            std::thread::sleep(Duration::from_millis(100));
        }
        adding.join().unwrap();
        assert!(made > 1, "one backup is not beside anything");
        let mut clients = Vec::new();
        for number in 0..made {
            let archive = scratch.join(&format!("{number}.age")).display().to_string();
            let other = Sealock::in_folder(&scratch.join(&format!("restored-{number}")));
            let words = ["restore", &archive, "--identity", &keys.file, "--yes"];
            let _ = other.run(&words).expect_code(0);
            clients.push(ground::clients_are_whole(&other.home()));
            let _ = fs::remove_dir_all(other.home());
        }
        assert!(clients.is_sorted(), "{clients:?}");
    });
}

#[test]
fn a_machine_without_docker_takes_it_too_and_the_old_hosts_files_are_not_its_own() {
    let host = Host::new(Version::V28);
    let _ = host.up(&["--client", "bob"]).expect_code(0);
    let scratch = Scratch::new("elsewhere");
    let keys = Keys::new(&scratch, "holder");
    let archive = scratch.join("vault.age").display().to_string();
    let _ = host
        .sealock
        .run(&["backup", "-o", &archive, "--to", &keys.recipient])
        .ok();

    let etc = crate::common::Tree::of(&[&host.etc()]);
    let other = Sealock::in_folder(&scratch.join("other"));
    let restore = other.command(&["restore", &archive, "--identity", &keys.file, "--yes"]);
    let said = run(&mut ground::on_another_host(&restore)).expect_code(0);
    assert!(said.stderr.contains("this is not the host"), "{said}");
    assert!(said.stderr.contains("which are not this host's"), "{said}");
    assert!(!other.home().join("changes/ledger").exists() || !ledger_names(&other, &host));
    // What needs no daemon works.
    let listed = other.run(&["client", "list"]).ok();
    assert!(
        listed.contains("alice") && listed.contains("bob"),
        "{listed}"
    );
    let _ = other.run(&["ca", "show"]).ok();
    let _ = other.run(&["client", "add", "carol"]).expect_code(0);
    crate::common::Tree::of(&[&host.etc()]).expect_same(&etc);
}

/// Whether the memory of a home names files of another host.
fn ledger_names(sealock: &Sealock, host: &Host) -> bool {
    let ledger = fs::read(sealock.home().join("changes/ledger")).unwrap();
    String::from_utf8_lossy(&ledger).contains(&*host.etc().to_string_lossy())
}
