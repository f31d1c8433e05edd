//! What is wrong with a client's certificate: on the host, from outside, and asked about that client.

use sealock_testkit::lab::Version;
use sealock_testkit::process::run;

use super::forge::{ANCHOR, AUTHORITY, CLIENT, Extensions, FOR_CLIENTS, Forge, Recipe};
use super::{Ground, Judge};
use crate::check::ground::Found;

/// A fault of a client's certificate.
#[derive(Clone, Copy)]
struct Case {
    code: &'static str,
    what: &'static str,
    file: &'static str,
    bites: &'static str,
    /// What docker's words are read as when the daemon refuses it.
    said: &'static str,
}

/// The daemon refuses it.
const fn stops(
    code: &'static str,
    what: &'static str,
    file: &'static str,
    said: &'static str,
) -> Case {
    Case {
        code,
        what,
        file,
        bites: "locked-out",
        said,
    }
}

/// The daemon does not mind.
const fn passes(code: &'static str, what: &'static str, file: &'static str) -> Case {
    Case {
        code,
        what,
        file,
        bites: "weak",
        said: "",
    }
}

const ALL: &[Case] = &[
    stops("SL-F301", "expired", "late.pem", "SL-F301"),
    stops("SL-F302", "not yet valid", "early.pem", "SL-F302"),
    Case {
        bites: "soon",
        ..passes("SL-F303", "five days are left", "ending.pem")
    },
    passes("SL-F309", "for anything", "unstated.pem"),
    passes("SL-F311", "a CA's", "authority.pem"),
    stops("SL-F313", "no intermediate", "below.pem", "SL-F338"),
    passes("SL-F321", "RSA of 1024 bits", "small.pem"),
    stops("SL-F322", "signed with SHA-1", "sha1.pem", "SL-F338"),
    passes("SL-F334", "may not sign", "agreement.pem"),
    stops("SL-F336", "for servers", "for-servers.pem", "SL-F336"),
    passes("SL-F337", "for both", "for-both.pem"),
    stops("SL-F338", "by somebody else", "stranger.pem", "SL-F338"),
    stops("SL-F338", "self-signed", "alone.pem", "SL-F338"),
];

#[test]
fn docker_28() {
    judged(Version::V28, ALL);
}

#[test]
fn docker_20() {
    let some = ["SL-F301", "SL-F313", "SL-F336", "SL-F338"];
    let cases: Vec<Case> = ALL
        .iter()
        .copied()
        .filter(|case| some.contains(&case.code))
        .collect();
    judged(Version::V20, &cases);
}

fn judged(version: Version, cases: &[Case]) {
    let ground = Ground::new(version);
    make(&ground.forge);
    ground.is_sound();
    let mut judge = Judge::default();
    for case in cases {
        let key = match case.file {
            "small.pem" => "small.key",
            _ => "client.key",
        };
        ground.put(&[("zone/cert.pem", &[case.file]), ("zone/key.pem", &[key])]);
        let (what, told) = (case.what, (case.code, case.bites));
        judge.first("inside", what, &asked(&ground, &[]), told);
        // Who is named on the command line is read by our own rules, and such a key breaks them.
        if key != "small.key" {
            judge.first("outside", what, &ground.outside("127.0.0.1"), told);
        }
        judge.first("the client", what, &asked(&ground, &["--client"]), told);
        judge.client(what, &ground.docker("127.0.0.1"), case.said);
    }
    ground.heal();
    ground.is_sound();
    judge.done();
}

/// What is found in the client's own shell: on the host when there are no more words.
fn asked(ground: &Ground, more: &[&str]) -> Found {
    let (config, socket) = (ground.daemon.config_file(), ground.daemon.socket());
    let (config, socket) = (config.display().to_string(), socket.display().to_string());
    let mut words = vec!["--json", "check", "--short"];
    if more.is_empty() {
        words.extend(["--docker-config", &config, "--docker-socket", &socket]);
    }
    words.extend(more);
    let mut command = ground.sealock.command(&words);
    command
        .env("DOCKER_HOST", format!("tcp://127.0.0.1:{}", ground.port))
        .env("DOCKER_TLS_VERIFY", "1")
        .env("DOCKER_CERT_PATH", ground.path("zone"));
    Found::of(run(&mut command))
}

fn make(forge: &Forge) {
    for (name, when, days) in [
        ("late", "-40d", "30"),
        ("early", "+20d", "90"),
        ("ending", "-360d", "365"),
    ] {
        forge.make(
            name,
            &Recipe {
                when,
                days,
                ..CLIENT
            },
        );
    }
    let with = |name: &str, extensions: Extensions<'_>| {
        let extensions = Some(extensions);
        forge.make(
            name,
            &Recipe {
                extensions,
                ..CLIENT
            },
        );
    };
    for (name, purposes) in [
        ("unstated", ""),
        ("for-servers", "serverAuth"),
        ("for-both", "clientAuth,serverAuth"),
    ] {
        with(
            name,
            Extensions {
                purposes,
                ..FOR_CLIENTS
            },
        );
    }
    with("authority", AUTHORITY);
    let usage = "critical,keyAgreement";
    with(
        "agreement",
        Extensions {
            usage,
            ..FOR_CLIENTS
        },
    );
    let digest = "-sha1";
    forge.make("sha1", &Recipe { digest, ..CLIENT });
    let by = "";
    forge.make("alone", &Recipe { by, ..CLIENT });
    forge.key_of("small", &["RSA", "-pkeyopt", "rsa_keygen_bits:1024"]);
    forge.make(
        "small",
        &Recipe {
            key: "small",
            ..CLIENT
        },
    );
    for (issuer, subject, by, name) in [
        ("middle", "/CN=Hand-made issuing CA", "clients", "below"),
        ("others", "/CN=Somebody else", "", "stranger"),
    ] {
        let authority = Recipe {
            subject,
            key: issuer,
            by,
            ..ANCHOR
        };
        forge.make(issuer, &authority);
        forge.make(
            name,
            &Recipe {
                by: issuer,
                ..CLIENT
            },
        );
    }
}
