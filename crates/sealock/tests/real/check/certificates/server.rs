//! What is wrong with the daemon's own certificate: before the restart that loads it, and after.

use std::fs::File;
use std::time::{Duration, SystemTime};

use sealock_testkit::lab::Version;

use super::forge::{ANCHOR, AUTHORITY, Extensions, FOR_SERVERS, Forge, Recipe, SERVER};
use super::{Ground, Judge};

#[test]
fn docker_28() {
    judged(Version::V28, ALL);
}

#[test]
fn docker_20() {
    let some = ["SL-F301", "SL-F309", "SL-F316"];
    let cases: Vec<Case> = ALL
        .iter()
        .copied()
        .filter(|case| some.contains(&case.code))
        .collect();
    judged(Version::V20, &cases);
}

/// One fault of the certificate that the daemon serves.
#[derive(Clone, Copy)]
struct Case {
    code: &'static str,
    what: &'static str,
    /// The parts of the daemon's certificate file.
    chain: &'static [&'static str],
    key: &'static str,
    /// What is told first on the host before the daemon has loaded it.
    waits: &'static str,
    /// How it bites when it is served.
    bites: &'static str,
    /// How clients call the host.
    name: &'static str,
    /// What the words of docker and of curl are read as; nothing when they do not mind.
    said: [&'static str; 2],
}

/// Everybody is shut out; the words of docker and of curl are read as these.
const fn down(
    code: &'static str,
    what: &'static str,
    chain: &'static [&'static str],
    said: [&'static str; 2],
) -> Case {
    Case {
        code,
        what,
        chain,
        said,
        key: "server.key",
        waits: code,
        bites: "down",
        name: "127.0.0.1",
    }
}

/// Nobody minds: before the restart it is merely news, whatever is wrong with it.
const fn weak(code: &'static str, what: &'static str, chain: &'static [&'static str]) -> Case {
    Case {
        waits: "SL-F212",
        bites: "weak",
        ..down(code, what, chain, ["", ""])
    }
}

const ALL: &[Case] = &[
    down(
        "SL-F301",
        "expired",
        &["expired.pem"],
        ["SL-F301", "SL-F301"],
    ),
    down(
        "SL-F302",
        "not yet valid",
        &["future.pem"],
        ["SL-F302", "SL-F302"],
    ),
    Case {
        bites: "soon",
        ..weak("SL-F303", "five days are left", &["soon.pem"])
    },
    down(
        "SL-F305",
        "no address",
        &["no-address.pem"],
        ["SL-F305", "SL-F305"],
    ),
    Case {
        name: "localhost",
        ..down(
            "SL-F306",
            "a common name only",
            &["common-name.pem"],
            ["SL-F306", ""],
        )
    },
    down(
        "SL-F308",
        "for clients",
        &["for-clients.pem"],
        ["SL-F308", "SL-F308"],
    ),
    weak("SL-F309", "for anything", &["for-anything.pem"]),
    weak("SL-F310", "for both", &["for-both.pem"]),
    Case {
        bites: "locked-out",
        ..down("SL-F311", "a CA's", &["authority.pem"], ["", "SL-F308"])
    },
    Case {
        key: "middle.key",
        ..down(
            "SL-F312",
            "an intermediate first",
            &["middle.pem", "below.pem"],
            ["SL-F305", "SL-F308"],
        )
    },
    down(
        "SL-F313",
        "no intermediate",
        &["below.pem"],
        ["SL-F313", "SL-F313"],
    ),
    down(
        "SL-F314",
        "self-signed",
        &["alone.pem"],
        ["SL-F314", "SL-F314"],
    ),
    weak(
        "SL-F315",
        "the root is sent along",
        &["server.pem", "servers.pem"],
    ),
    down(
        "SL-F316",
        "by somebody else",
        &["by-others.pem"],
        ["SL-F316", "SL-F316"],
    ),
    Case {
        key: "small.key",
        said: ["", "SL-F321"],
        ..weak("SL-F321", "RSA of 1024 bits", &["small.pem"])
    },
    down(
        "SL-F322",
        "signed with SHA-1",
        &["sha1.pem"],
        ["SL-F322", "SL-F322"],
    ),
    weak("SL-F326", "called like its CA", &["namesake.pem"]),
    Case {
        bites: "locked-out",
        ..down(
            "SL-F326",
            "its CA's name, and whose key is not said",
            &["lookalike.pem"],
            ["", "SL-F314"],
        )
    },
    down(
        "SL-F329",
        "by the same name with another key",
        &["twin.pem"],
        ["SL-F329", "SL-F316"],
    ),
    weak("SL-F330", "three years", &["long.pem"]),
    weak("SL-F334", "may not sign", &["agreement.pem"]),
    down(
        "SL-F335",
        "an address as a name",
        &["as-name.pem"],
        ["SL-F305", "SL-F305"],
    ),
    weak("SL-F335", "a wildcard for everything", &["wildcard.pem"]),
];

fn judged(version: Version, cases: &[Case]) {
    let ground = Ground::new(version);
    make(&ground.forge);
    ground.is_sound();
    let mut judge = Judge::default();
    for case in cases {
        put(&ground, case);
        judge.first(
            "waiting",
            case.what,
            &ground.inside(),
            (case.waits, "latent"),
        );
        ground.heal();
    }
    for case in cases {
        put(&ground, case);
        ground.daemon.restart();
        let told = (case.code, case.bites);
        judge.first("inside", case.what, &ground.inside(), told);
        judge.first("outside", case.what, &ground.outside(case.name), told);
        judge.client(case.what, &ground.docker(case.name), case.said[0]);
        judge.client(case.what, &ground.curl(case.name), case.said[1]);
        ground.heal();
    }
    ground.daemon.restart();
    renewed(&ground, &mut judge);
    called_otherwise(&ground, &mut judge);
    ground.is_sound();
    unusable_curve(&ground, &mut judge);
    wrong_order(&ground, &mut judge);
    let _ = ground.daemon.start();
    ground.is_sound();
    judge.done();
}

/// A renewed certificate that nobody serves yet, in files that keep the times they had elsewhere.
fn renewed(ground: &Ground, judge: &mut Judge) {
    ground.forge.make("renewed", &SERVER);
    ground.put(&[("live/cert.pem", &["renewed.pem"])]);
    let path = ground.path("live/cert.pem");
    let file = File::options().write(true).open(path).unwrap();
    let before = SystemTime::now() - Duration::from_secs(3600);
    file.set_modified(before).unwrap();
    judge.first("inside", "renewed", &ground.inside(), ("SL-F332", "latent"));
    ground.daemon.restart();
    ground.is_sound();
    ground.heal();
}

/// A name that leads here and that the certificate does not carry.
fn called_otherwise(ground: &Ground, judge: &mut Judge) {
    let what = "another name";
    ground.put(&[("live/cert.pem", &["no-name.pem"])]);
    ground.daemon.restart();
    judge.first(
        "outside",
        what,
        &ground.outside("localhost"),
        ("SL-F304", "down"),
    );
    for said in [ground.docker("localhost"), ground.curl("localhost")] {
        judge.client(what, &said, "SL-F304");
    }
    ground.heal();
    ground.daemon.restart();
}

/// A key with which dockerd starts, and with which it cannot show itself to anybody: from outside there is no
/// certificate to be seen.
fn unusable_curve(ground: &Ground, judge: &mut Judge) {
    let what = "a curve that Go does not use";
    ground.put(&[
        ("live/cert.pem", &["curve.pem"]),
        ("live/key.pem", &["curve.key"]),
    ]);
    judge.first("waiting", what, &ground.inside(), ("SL-F321", "latent"));
    ground.daemon.restart();
    judge.first("inside", what, &ground.inside(), ("SL-F321", "down"));
    judge.first(
        "outside",
        what,
        &ground.outside("127.0.0.1"),
        ("SL-F706", "down"),
    );
    judge.client(what, &ground.docker("127.0.0.1"), "SL-F706");
    ground.heal();
    ground.daemon.restart();
}

/// The key is the leaf's and an intermediate is in front: dockerd does not start.
fn wrong_order(ground: &Ground, judge: &mut Judge) {
    let what = "the intermediate in front";
    ground.put(&[("live/cert.pem", &["middle.pem", "below.pem"])]);
    judge.first("waiting", what, &ground.inside(), ("SL-F312", "latent"));
    ground.daemon.stop();
    assert!(ground.daemon.try_start().code != 0);
    judge.first("inside", what, &ground.inside(), ("SL-F312", "down"));
    judge.first(
        "outside",
        what,
        &ground.outside("127.0.0.1"),
        ("SL-F901", "down"),
    );
    ground.heal();
}

fn put(ground: &Ground, case: &Case) {
    ground.put(&[("live/cert.pem", case.chain), ("live/key.pem", &[case.key])]);
}

fn make(forge: &Forge) {
    let with = |name: &str, extensions: Extensions<'_>| {
        forge.make(
            name,
            &Recipe {
                extensions: Some(extensions),
                ..SERVER
            },
        );
    };
    let names = |name: &str, names: &str| {
        with(
            name,
            Extensions {
                names,
                ..FOR_SERVERS
            },
        )
    };
    let purposes = |name: &str, purposes: &str| {
        with(
            name,
            Extensions {
                purposes,
                ..FOR_SERVERS
            },
        );
    };
    let at = |name: &str, when: &str, days: &str| {
        forge.make(
            name,
            &Recipe {
                when,
                days,
                ..SERVER
            },
        );
    };
    at("expired", "-40d", "30");
    at("future", "+20d", "90");
    at("soon", "-95d", "100");
    at("long", "-10d", "1100");
    names("no-name", "DNS:docker.example.org,IP:127.0.0.1");
    names("no-address", "DNS:localhost");
    names("common-name", "");
    names("as-name", "DNS:localhost,DNS:127.0.0.1");
    names("wildcard", "DNS:*,DNS:localhost,IP:127.0.0.1");
    purposes("for-clients", "clientAuth");
    purposes("for-anything", "");
    purposes("for-both", "serverAuth,clientAuth");
    with(
        "authority",
        Extensions {
            names: FOR_SERVERS.names,
            issuer_key: "keyid",
            ..AUTHORITY
        },
    );
    with(
        "agreement",
        Extensions {
            usage: "critical,keyAgreement",
            ..FOR_SERVERS
        },
    );
    let alone = Extensions {
        issuer_key: "none",
        ..FOR_SERVERS
    };
    forge.make(
        "alone",
        &Recipe {
            by: "",
            extensions: Some(alone),
            ..SERVER
        },
    );
    forge.make(
        "sha1",
        &Recipe {
            digest: "-sha1",
            ..SERVER
        },
    );
    for (name, kind) in [
        ("small", ["RSA", "-pkeyopt", "rsa_keygen_bits:1024"]),
        ("curve", ["EC", "-pkeyopt", "ec_paramgen_curve:secp224r1"]),
    ] {
        forge.key_of(name, &kind);
        forge.make(
            name,
            &Recipe {
                key: name,
                ..SERVER
            },
        );
    }
    for (name, extensions) in [("namesake", FOR_SERVERS), ("lookalike", alone)] {
        forge.make(
            name,
            &Recipe {
                subject: ANCHOR.subject,
                extensions: Some(extensions),
                ..SERVER
            },
        );
    }
    for (issuer, key, subject, by, name) in [
        (
            "middle",
            "middle",
            "/CN=Hand-made issuing CA",
            "servers",
            "below",
        ),
        ("others", "others", "/CN=Somebody else", "", "by-others"),
        ("again", "again", ANCHOR.subject, "", "twin"),
    ] {
        forge.make(
            issuer,
            &Recipe {
                subject,
                key,
                by,
                ..ANCHOR
            },
        );
        forge.make(
            name,
            &Recipe {
                by: issuer,
                ..SERVER
            },
        );
    }
}
