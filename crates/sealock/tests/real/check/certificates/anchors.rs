//! What is wrong with anchors: those by which clients judge the daemon, and those by which it judges them.

use sealock_testkit::lab::Version;

use super::forge::{ANCHOR, AUTHORITY, CLIENT, Extensions, Forge, Recipe, SERVER};
use super::{Ground, Judge};

/// A fault of the anchors in a client's folder: its file, how it bites, and what docker's words are read as when it stops.
const HELD: &[(&str, &str, &[&str], &str, &str)] = &[
    ("SL-F317", "expired", &["old.pem"], "down", "SL-F301"),
    ("SL-F318", "not yet valid", &["new.pem"], "down", "SL-F302"),
    (
        "SL-F319",
        "ends before the leaf",
        &["short.pem"],
        "soon",
        "",
    ),
    ("SL-F320", "ends within a year", &["ends.pem"], "soon", ""),
    ("SL-F323", "version 1", &["first.pem"], "weak", ""),
    (
        "SL-F324",
        "may not sign lists",
        &["no-lists.pem"],
        "weak",
        "",
    ),
    (
        "SL-F325",
        "may not sign",
        &["no-certificates.pem"],
        "down",
        "SL-F325",
    ),
    ("SL-F327", "twins", &["servers.pem", "twin.pem"], "weak", ""),
    ("SL-F328", "a leaf", &["leaf.pem"], "down", "SL-F316"),
    (
        "SL-F328",
        "a leaf beside",
        &["servers.pem", "leaf.pem"],
        "weak",
        "",
    ),
    (
        "SL-F329",
        "the twin alone",
        &["twin.pem"],
        "down",
        "SL-F329",
    ),
    ("SL-F316", "another one", &["others.pem"], "down", "SL-F316"),
];

/// A fault of the daemon's anchors: its file, and what is told from outside, where the anchors cannot be seen.
const ASKED: &[(&str, &str, &[&str], &str)] = &[
    ("SL-F317", "expired", &["old-clients.pem"], "SL-F911"),
    ("SL-F318", "not yet valid", &["new-clients.pem"], "SL-F911"),
    ("SL-F325", "may not sign", &["mute-clients.pem"], "SL-F911"),
    ("SL-F328", "a leaf", &["leaf.pem"], "SL-F338"),
];

#[test]
fn of_clients_and_of_the_daemon() {
    let ground = Ground::new(Version::V28);
    make(&ground.forge);
    ground.is_sound();
    let mut judge = Judge::default();
    for (code, what, anchors, bites, said) in HELD {
        ground.put(&[("zone/ca.pem", anchors)]);
        judge.first("inside", what, &ground.inside(), (code, bites));
        judge.first("outside", what, &ground.outside("127.0.0.1"), (code, bites));
        judge.client(what, &ground.docker("127.0.0.1"), said);
    }
    ground.heal();
    for (code, what, anchors, outside) in ASKED {
        ground.put(&[("live/ca.pem", anchors)]);
        judge.first("waiting", what, &ground.inside(), (code, "latent"));
        ground.daemon.restart();
        judge.first("inside", what, &ground.inside(), (code, "down"));
        judge.first_of("outside", what, &ground.outside("127.0.0.1"), outside);
        ground.docker("127.0.0.1").expect_out();
        ground.heal();
        ground.daemon.restart();
    }
    one_for_both(&ground, &mut judge);
    ground.heal();
    ground.daemon.restart();
    ground.is_sound();
    judge.done();
}

fn one_for_both(ground: &Ground, judge: &mut Judge) {
    let by_servers = Recipe {
        by: "servers",
        ..CLIENT
    };
    ground.forge.make("of-one", &by_servers);
    let one: [(&str, &[&str]); 2] = [
        ("live/ca.pem", &["servers.pem"]),
        ("zone/cert.pem", &["of-one.pem"]),
    ];
    ground.put(&one);
    ground.daemon.restart();
    let weak = ("SL-F333", "weak");
    judge.first("inside", "one CA", &ground.inside(), weak);
    judge.first("outside", "one CA", &ground.outside("127.0.0.1"), weak);
    ground.docker("127.0.0.1").expect_in();
}

fn make(forge: &Forge) {
    let clients = Recipe {
        subject: "/CN=Hand-made clients",
        key: "client-anchor",
        ..ANCHOR
    };
    for (name, recipe, when, days) in [
        ("old", &ANCHOR, "-800d", "700"),
        ("new", &ANCHOR, "+20d", "700"),
        ("short", &ANCHOR, "-5d", "80"),
        ("ends", &ANCHOR, "-800d", "900"),
        ("old-clients", &clients, "-800d", "700"),
        ("new-clients", &clients, "+20d", "700"),
    ] {
        forge.make(
            name,
            &Recipe {
                when,
                days,
                ..*recipe
            },
        );
    }
    let may = |name: &str, recipe: &Recipe<'_>, usage: &str| {
        let extensions = Some(Extensions { usage, ..AUTHORITY });
        forge.make(
            name,
            &Recipe {
                extensions,
                ..*recipe
            },
        );
    };
    may("no-lists", &ANCHOR, "critical,keyCertSign");
    may("no-certificates", &ANCHOR, "critical,cRLSign");
    may("mute-clients", &clients, "critical,cRLSign");
    let first = Recipe {
        extensions: None,
        ..ANCHOR
    };
    forge.make("first", &first);
    let twin = Recipe {
        key: "twin",
        ..ANCHOR
    };
    forge.make("twin", &twin);
    let others = Recipe {
        subject: "/CN=Somebody else",
        key: "others",
        ..ANCHOR
    };
    forge.make("others", &others);
    let leaf = Recipe {
        subject: "/CN=No authority",
        by: "others",
        ..SERVER
    };
    forge.make("leaf", &leaf);
}
