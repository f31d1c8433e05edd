//! `sealock check --fix`: what can be mended is mended, once, and nothing else is touched.

use std::fs;
use std::path::Path;

use sealock_testkit::kill;
use sealock_testkit::lab::Version;
use sealock_testkit::process::{Outcome, call, run};

use super::files::{do_run, openssl, set_mode, shown, utf16};
use super::ground::Found;
use crate::common::{Host, Tree};

const FIX: [&str; 4] = ["--json", "check", "--short", "--fix"];

fn fix(host: &Host, more: &[&str]) -> Outcome {
    let words: Vec<&str> = FIX.iter().chain(more).copied().collect();
    host.sealock.run(&words)
}

/// The public half of a key, in whatever form the key is.
fn public(key: &Path) -> Vec<u8> {
    openssl(&["pkey", "-in", &shown(key), "-pubout"])
}

/// What is broken, and the finding that says so.
type Break = (&'static str, fn(&Host));

const BREAKS: &[Break] = &[
    ("SL-F406", |host| {
        let key = host.live().join("server-key.pem");
        let bytes = [&b"\xef\xbb\xbf"[..], &fs::read(&key).unwrap()].concat();
        rewrite(&key, &bytes);
    }),
    ("SL-F406", |host| {
        let certificate = host.live().join("server-cert.pem");
        rewrite(&certificate, &utf16(&fs::read(&certificate).unwrap()));
    }),
    ("SL-F405", |host| {
        let ca = host.live().join("ca.pem");
        let der = openssl(&["x509", "-in", &shown(&ca), "-outform", "DER"]);
        rewrite(&ca, &der);
    }),
    ("SL-F405", |host| {
        let key = host.live().join("server-key.pem");
        let der = openssl(&["pkey", "-in", &shown(&key), "-outform", "DER"]);
        rewrite(&key, &der);
    }),
    ("SL-F409", |host| {
        set_mode(&host.live().join("server-key.pem"), 0o644)
    }),
    ("SL-F414", |host| {
        set_mode(&host.live().join("server-cert.pem"), 0o666)
    }),
    ("SL-F411", |host| {
        let copy = host.etc().join("server-key.pem.bak");
        fs::copy(host.live().join("server-key.pem"), &copy).unwrap();
        set_mode(&copy, 0o644);
    }),
    ("SL-F416", |host| {
        let key = shown(&host.live().join("server-key.pem"));
        let request = openssl(&["req", "-new", "-key", &key, "-subj", "/CN=x"]);
        fs::write(host.etc().join("server.csr"), request).unwrap();
    }),
    ("SL-F422", |host| {
        let keys = fs::read_dir(host.sealock.home().join("issuers")).unwrap();
        let key = keys.map(|entry| entry.unwrap().path()).next().unwrap();
        set_mode(&key, 0o644);
    }),
    ("SL-F112", |host| {
        let config = host.daemon.config_file();
        let text = fs::read_to_string(&config).unwrap();
        let off = text.replace("\"tlsverify\": true", "\"tlsverify\": false");
        assert_ne!(text, off);
        fs::write(&config, off).unwrap();
    }),
];

/// The same file with other bytes.
fn rewrite(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
}

#[test]
fn what_can_be_mended_is_mended_once() {
    let host = Host::new(Version::V28);
    let _ = host.up(&[]).expect_code(0);
    set_mode(&host.etc(), 0o755);
    set_mode(host.daemon.folder(), 0o755);
    let notes = host.etc().join("notes.txt");
    fs::write(&notes, "mine\n").unwrap();
    set_mode(&notes, 0o606);
    let foreign = Tree::of(&[&notes]);
    let key = host.live().join("server-key.pem");
    let (spki, daemon) = (public(&key), host.daemon.pid());
    for (code, damage) in BREAKS {
        damage(&host);
        let found = host.sealock.check(&["--short"]);
        found.expect_first(code);
        assert_eq!(found.finding(code)["canBeMended"], true, "{found}");

        // Nobody was asked, so nothing is done.
        let before = Tree::of(&[&host.etc(), &host.sealock.home().join("clients")]);
        let refused = fix(&host, &[]).expect_code(1);
        assert!(refused.stderr.contains("SL-U003"), "{code}: {refused}");
        Tree::of(&[&host.etc(), &host.sealock.home().join("clients")]).expect_same(&before);

        Found::of(fix(&host, &["--yes"])).expect_nothing();
        host.sealock.check(&["--short"]).expect_nothing();
        let mended = Tree::of(&[&host.etc()]);
        Found::of(fix(&host, &["--yes"])).expect_nothing();
        Tree::of(&[&host.etc()]).expect_same(&mended);

        assert_eq!(public(&key), spki, "{code}: another key");
        Tree::of(&[&notes]).expect_same(&foreign);
        if *code != "SL-F112" {
            assert_eq!(host.daemon.pid(), daemon, "{code}: restarted for nothing");
        }
    }
    // What was mended is what the daemon starts with.
    host.daemon.restart();
    host.lives();
    host.sealock.check(&[]).expect_nothing();
}

#[test]
fn what_cannot_be_mended_is_left_alone() {
    let host = Host::new(Version::V20);
    let _ = host.up(&[]).expect_code(0);
    let certificate = host.live().join("server-cert.pem");
    let sound = fs::read(&certificate).unwrap();

    // Only a person knows where the right key is.
    let key = host.live().join("server-key.pem");
    let right = fs::read(&key).unwrap();
    let stranger = openssl(&[
        "genpkey",
        "-algorithm",
        "EC",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
    ]);
    rewrite(&key, &stranger);
    let before = Tree::of(&[&host.etc()]);
    let told = fix(&host, &["--yes"]);
    let found = Found::of(told.clone());
    found.expect_first("SL-F408");
    assert!(told.stderr.contains("0 changes"), "{told}");
    Tree::of(&[&host.etc()]).expect_same(&before);
    rewrite(&key, &right);

    // Of two marks one is taken away; the finding stays, so the change does not.
    let twice = [&b"\xff\xfe"[..], &utf16(&sound)].concat();
    rewrite(&certificate, &twice);
    let before = Tree::of(&[&host.etc()]).seen_by_users();
    let failed = fix(&host, &["--yes"]).expect_code(4);
    assert!(failed.stderr.contains("SL-U018"), "{failed}");
    Tree::of(&[&host.etc()])
        .seen_by_users()
        .expect_same(&before);
    rewrite(&certificate, &sound);
    host.sealock.check(&["--short"]).expect_nothing();
}

#[test]
fn a_fix_that_was_killed_is_taken_back_or_finished() {
    let host = Host::new(Version::V28);
    let _ = host.up(&[]).expect_code(0);
    let key = host.live().join("server-key.pem");
    let sound = fs::read(&key).unwrap();
    let marked = [&b"\xef\xbb\xbf"[..], &sound].concat();
    let command = || {
        let words: Vec<&str> = FIX.iter().chain(&["--yes"]).copied().collect();
        host.sealock.command(&words)
    };
    // As the key is replaced, and a little later.
    let mut since = None;
    let count = kill::at_instants(
        |instant| {
            let replaces =
                instant.call.starts_with("rename") && instant.line.contains("server-key.pem");
            since = match since {
                _ if replaces => Some(0),
                since => since.map(|count: u32| count + 1),
            };
            matches!(since, Some(0 | 1 | 6))
        },
        || rewrite(&key, &marked),
        command,
        |killed| {
            assert!(killed.killed, "{}", killed.instant.line);
            let now = fs::read(&key).unwrap();
            assert!(now == sound || now == marked, "neither old nor new");
            // The next command of any kind sees to it first.
            let _ = host.sealock.run(&["apply", "--yes"]);
            Found::of(run(&mut command())).expect_nothing();
            assert_eq!(fs::read(&key).unwrap(), sound);
        },
    );
    assert!(count.killed >= 2, "{count:?}");
    let left = call("find", &[&shown(&host.etc()), "-name", "*.sealock*"]).ok();
    assert_eq!(left, "");
    do_run("test", &["-f", &shown(&key)]);
    host.lives();
}
