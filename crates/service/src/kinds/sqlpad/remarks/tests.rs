use std::path::Path;

use super::super::running::{Holder, Listener, Version, told};
use super::{Told, all};

const OWN_SECRETS: &str = "SQLPAD_COOKIE_SECRET=a\0SQLPAD_PASSPHRASE=b\0";
const OLD: &str = "KEY_PATH=/k\0CERT_PATH=/c\0";
const NEW: &str = "SQLPAD_HTTPS_KEY_PATH=/k\0SQLPAD_HTTPS_CERT_PATH=/c\0";

fn table(generation: &str, believes: bool) -> Told<'_> {
    Told {
        generation,
        environment: Path::new("/etc/sqlpad/sealock.env"),
        believes,
        address: "127.0.0.1:3000",
    }
}

fn sqlpad(version: Option<Version>, words: &[&str], environment: &str) -> Listener {
    let process = told(7, version, words, environment.as_bytes());
    Listener {
        local: "127.0.0.1:3000".parse().unwrap(),
        holder: Some(Holder::Sqlpad(process)),
    }
}

/// Code and cause of each remark.
fn remarks(told: &Told<'_>, text: Option<&str>, listeners: &[Listener]) -> Vec<String> {
    let all = all(told, text, listeners);
    all.into_iter()
        .map(|one| format!("{} {}: {}", &one.code[3..], one.place, one.cause))
        .collect()
}

#[test]
fn generations_and_the_process_that_listens() {
    const PLAIN: &str = "serves plain HTTP";
    let three = Some(Version(3, 1, 0));
    for (generation, version, environment, wanted) in [
        // What belongs together.
        ("3", three, OLD, None),
        ("3", Some(Version(5, 0, 3)), OLD, None),
        ("5", Some(Version(5, 8, 4)), OLD, None),
        ("5", Some(Version(5, 8, 4)), NEW, None),
        ("3", Some(Version(5, 8, 4)), OLD, None),
        ("6", Some(Version(6, 11, 4)), NEW, None),
        ("7", Some(Version(7, 5, 6)), NEW, None),
        ("7", None, NEW, None),
        // Both is right wherever it is.
        ("7", Some(Version(7, 5, 6)), &[OLD, NEW].concat(), None),
        // Neither may come from elsewhere; the wire tells what it does.
        ("7", Some(Version(7, 5, 6)), "", None),
        // The table is wrong, and the wire is clear; or it is not, for somebody has set the others too.
        ("7", three, NEW, Some(PLAIN)),
        ("5", three, NEW, Some(PLAIN)),
        ("3", Some(Version(7, 5, 6)), OLD, Some(PLAIN)),
        ("7", three, OLD, Some("are written")),
        // The table is right, and the process has another one's variables.
        ("3", three, NEW, Some(PLAIN)),
        ("7", Some(Version(7, 5, 6)), OLD, Some(PLAIN)),
        ("7", None, OLD, Some(PLAIN)),
        ("3", None, NEW, Some(PLAIN)),
        ("7", None, "KEY_PATH=/k\0", Some("KEY_PATH is there")),
    ] {
        let environment = [OWN_SECRETS, environment].concat();
        let seen = remarks(
            &table(generation, false),
            None,
            &[sqlpad(version, &["node"], &environment)],
        );
        let what = format!("{generation} {version:?} {environment}: {seen:?}");
        match wanted {
            None => assert!(seen.is_empty(), "{what}"),
            Some(wanted) => {
                assert_eq!(seen.len(), 1, "{what}");
                assert!(
                    seen[0].starts_with("F660") && seen[0].contains(wanted),
                    "{what}"
                );
            }
        }
    }
    // Set on the command line, or in a file that is not looked at.
    for words in [
        &["node", "--keyPath=/k", "--certPath=/c"][..],
        &["node", "--config", "/c"],
    ] {
        let listeners = [sqlpad(three, words, &[OWN_SECRETS, NEW].concat())];
        assert_eq!(remarks(&table("3", false), None, &listeners), [""; 0]);
    }
}

#[test]
fn the_help_names_the_generation_that_runs() {
    for (version, generation, help) in [
        (Version(3, 1, 0), "7", "generation = \"3\""),
        (Version(4, 2, 0), "6", "generation = \"3\""),
        (Version(6, 0, 0), "3", "generation = \"6\""),
        (Version(8, 0, 0), "3", "generation = \"7\""),
    ] {
        let listeners = [sqlpad(Some(version), &[], OWN_SECRETS)];
        let all = all(&table(generation, false), None, &listeners);
        assert!(all[0].help.as_ref().unwrap().ends_with(help), "{all:?}");
    }
}

#[test]
fn the_environment_file() {
    let old = "# ours\nKEY_PATH=/k\nCERT_PATH=/c\n";
    let new = "SQLPAD_HTTPS_KEY_PATH=/k\nSQLPAD_HTTPS_CERT_PATH=/c\n";
    for (generation, text, wanted) in [
        ("3", old, None),
        ("7", new, None),
        ("5", old, None),
        ("7", "", None),
        ("7", "KEY_PATH=\n", None),
        ("7", &*[old, new].concat(), None),
        (
            "7",
            old,
            Some("F660 /etc/sqlpad/sealock.env:2: KEY_PATH is not read by generation 7"),
        ),
        (
            "3",
            new,
            Some("F660 /etc/sqlpad/sealock.env:1: SQLPAD_HTTPS_KEY_PATH is not read"),
        ),
    ] {
        let seen = remarks(&table(generation, false), Some(text), &[]);
        assert_eq!(
            seen.len(),
            usize::from(wanted.is_some()),
            "{text}: {seen:?}"
        );
        if let (Some(wanted), Some(seen)) = (wanted, seen.first()) {
            assert!(seen.starts_with(wanted), "{seen}");
        }
    }
}

#[test]
fn secrets_that_everybody_knows() {
    let process = |environment: &str, words: &[&str]| {
        let environment = [NEW, environment].concat();
        remarks(
            &table("7", false),
            None,
            &[sqlpad(None, words, &environment)],
        )
    };
    let both = process("", &[]);
    assert_eq!(both.len(), 2, "{both:?}");
    assert!(both[0].contains("F661 environment of process 7: SQLPAD_COOKIE_SECRET is not set"));
    let public = "SQLPAD_COOKIE_SECRET=own\0SQLPAD_PASSPHRASE=At least the sensitive bits won't be plain text?\0";
    let one = process(public, &[]);
    assert_eq!(
        one,
        ["F661 environment of process 7: SQLPAD_PASSPHRASE has the value that SQLPAD is published with"
            .replace("SQLPAD is", "SQLPad is")]
    );
    assert_eq!(process(OWN_SECRETS, &[]), [""; 0]);
    assert_eq!(process("SQLPAD_CONFIG=/c.ini\0", &[]), [""; 0]);
}

/// 3.1.0 and everything before 6.8.1: `googleAuthConfigured` is the secret itself.
#[test]
fn a_secret_that_is_told_to_everybody() {
    const GOOGLE: &str = "PUBLIC_URL=https://a\0GOOGLE_CLIENT_ID=i\0GOOGLE_CLIENT_SECRET=s\0";
    let google = |version, generation: &str, names: &str, environment: &str| {
        let environment = [names, OWN_SECRETS, environment].concat();
        remarks(
            &table(generation, false),
            None,
            &[sqlpad(version, &[], &environment)],
        )
    };
    let three = Some(Version(3, 1, 0));
    assert_eq!(
        google(three, "3", OLD, GOOGLE),
        [
            "F661 environment of process 7: SQLPad 3.1.0 tells everybody who asks for /api/app what GOOGLE_CLIENT_SECRET is"
        ]
    );
    assert_eq!(google(None, "3", OLD, GOOGLE), [""; 0]);
    assert_eq!(
        google(three, "3", OLD, &GOOGLE.replace("PUBLIC_URL", "OTHER")),
        [""; 0]
    );
    let new = GOOGLE.replace("GOOGLE", "SQLPAD_GOOGLE");
    assert_eq!(google(Some(Version(6, 8, 0)), "6", NEW, &new).len(), 1);
    assert_eq!(google(Some(Version(6, 8, 1)), "6", NEW, &new), [""; 0]);
}

/// A process with two sockets is judged once, each of its sockets for itself.
#[test]
fn a_header_that_anybody_can_write() {
    let header = |version, believes, environment: &str, local: &str| {
        let mut listener = sqlpad(version, &[], &[OWN_SECRETS, NEW, environment].concat());
        listener.local = local.parse().unwrap();
        remarks(&table("7", believes), None, &[listener])
    };
    const ON: &str = "SQLPAD_AUTH_PROXY_ENABLED=true\0";
    let seven = Some(Version(7, 5, 6));
    for (believes, environment, local, wanted) in [
        (true, "", "0.0.0.0:3000", true),
        (true, "", "[::]:3000", true),
        (true, "", "192.0.2.1:3000", true),
        (false, ON, "0.0.0.0:3000", true),
        (true, ON, "127.0.0.1:3000", false),
        (true, ON, "[::1]:3000", false),
        (false, "", "0.0.0.0:3000", false),
        (
            false,
            "SQLPAD_AUTH_PROXY_ENABLED=false\0",
            "0.0.0.0:3000",
            false,
        ),
    ] {
        let seen = header(seven, believes, environment, local);
        assert_eq!(
            seen.len(),
            usize::from(wanted),
            "{local} {environment} {seen:?}"
        );
        assert!(
            seen.iter()
                .all(|one| one.starts_with(&format!("F662 {local}: "))),
            "{seen:?}"
        );
    }
    // Before 4.2 there is no such setting, whoever writes it.
    assert!(
        header(Some(Version(3, 1, 0)), false, ON, "0.0.0.0:3000")
            .iter()
            .all(|one| !one.starts_with("F662"))
    );
    let other = |holder| {
        let local = "0.0.0.0:3000".parse().unwrap();
        remarks(&table("7", true), None, &[Listener { local, holder }])
    };
    assert_eq!(other(Some(Holder::Proxy)).len(), 1);
    assert_eq!(other(None).len(), 1);
    assert_eq!(other(Some(Holder::Other)), [""; 0]);
}
