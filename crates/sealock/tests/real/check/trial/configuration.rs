//! Breaks of `daemon.json` and of the daemon itself.

use std::fs;

use serde_json::{Value, json};

use super::breaks::{Bites, Break, Part, When};
use super::ground::{Ground, mode};

/// A `daemon.json` with which the daemon does not start.
const fn fatal(name: &'static str, code: &'static str, does: fn(&mut Ground)) -> Break {
    Break {
        name,
        code,
        parts: &[Part::Json],
        bites: Bites::Start,
        when: When::NoStart,
        does,
    }
}

/// A `daemon.json` with which it starts, and is no better for it.
const fn started(
    name: &'static str,
    code: &'static str,
    bites: Bites,
    does: fn(&mut Ground),
) -> Break {
    Break {
        name,
        code,
        parts: &[Part::Json, Part::Daemon, Part::Wire],
        bites,
        when: When::Restarted,
        does,
    }
}

/// A `daemon.json` that hurts nobody yet.
const fn waiting(
    name: &'static str,
    code: &'static str,
    bites: Bites,
    does: fn(&mut Ground),
) -> Break {
    Break {
        name,
        code,
        parts: &[Part::Json],
        bites,
        when: When::AtOnce,
        does,
    }
}

/// A `daemon.json` that hurts nobody yet, and with which the daemon will not read its TLS files.
const fn unread(name: &'static str, code: &'static str, does: fn(&mut Ground)) -> Break {
    Break {
        name,
        code,
        parts: &[
            Part::Json,
            Part::ServerPair,
            Part::ServerKey,
            Part::ServerAnchors,
        ],
        bites: Bites::Start,
        when: When::AtOnce,
        does,
    }
}

/// A `daemon.json` with which the daemon does not start, and that hides its pair.
const fn lost(name: &'static str, code: &'static str, does: fn(&mut Ground)) -> Break {
    Break {
        parts: &[Part::Json, Part::ServerPair, Part::ServerKey],
        ..fatal(name, code, does)
    }
}

pub(super) const ALL: &[Break] = &[
    fatal("a comma too many", "SL-F201", |g| {
        text(g, |text| text.replacen("[", "[,", 1))
    }),
    fatal("cut off in the middle", "SL-F201", |g| {
        text(g, |text| text[..text.len() / 2].to_owned())
    }),
    fatal("single quotes", "SL-F201", |g| {
        text(g, |text| text.replace('"', "'"))
    }),
    fatal("a comment", "SL-F201", |g| {
        text(g, |text| text.replacen('{', "{ // TLS\n", 1))
    }),
    fatal("a key nobody knows", "SL-F202", |g| {
        set(g, "tls-verify", json!(true))
    }),
    fatal("a number for a switch", "SL-F204", |g| {
        set(g, "live-restore", json!("true"))
    }),
    fatal("hosts as text", "SL-F204", |g| {
        let listen = g.endpoint();
        set(g, "hosts", json!(listen));
    }),
    // With it off, nobody can tell any more which flags a daemon without a unit had.
    waiting("a flag's twin", "SL-F203", Bites::Start, |g| {
        set(g, "bridge", json!("none"));
    }),
    fatal("https:// among the hosts", "SL-F209", |g| {
        host(g, "https://127.0.0.1:1")
    }),
    fatal("a host with a path", "SL-F209", |g| {
        host(g, "tcp://127.0.0.1:1/docker")
    }),
    fatal("an address of somebody else", "SL-F223", |g| {
        host(g, "tcp://192.0.2.99:2376")
    }),
    fatal("fd:// without systemd", "SL-F219", |g| host(g, "fd://")),
    lost("a relative path", "SL-F220", |g| {
        set(g, "tlscert", json!("server-cert.pem"))
    }),
    lost("no certificate named", "SL-F205", |g| {
        unset(g, &["tlscert"])
    }),
    lost("no key named", "SL-F205", |g| unset(g, &["tlskey"])),
    waiting("a key twice", "SL-F206", Bites::Nobody, |g| {
        text(g, |text| {
            text.replacen('{', "{\n    \"live-restore\": false,", 1)
        });
    }),
    waiting("a registry unverified", "SL-F222", Bites::Nobody, |g| {
        set(g, "insecure-registries", json!(["other.example.org:5000"]));
    }),
    waiting(
        "nothing verified from the next start on",
        "SL-F112",
        Bites::Start,
        |g| set(g, "tlsverify", json!(false)),
    ),
    unread("no TLS from the next start on", "SL-F108", |g| {
        unset(g, &["tls", "tlsverify", "tlscacert", "tlscert", "tlskey"]);
    }),
    unread("paths only from the next start on", "SL-F110", |g| {
        unset(g, &["tls", "tlsverify"])
    }),
    unread(
        "the system's authorities from the next start on",
        "SL-F104",
        |g| unset(g, &["tlscacert"]),
    ),
    waiting("a host without a port", "SL-F208", Bites::Start, |g| {
        host(g, "tcp://127.0.0.1")
    }),
    // Nobody could tell when it has started again.
    Break {
        parts: &[Part::Json, Part::Daemon],
        ..waiting(
            "no unix socket from the next start on",
            "SL-F214",
            Bites::Start,
            |g| {
                let listen = g.endpoint();
                set(g, "hosts", json!([listen]));
            },
        )
    },
    started("nothing verified", "SL-F112", Bites::Intruder, |g| {
        set(g, "tlsverify", json!(false))
    }),
    started("no TLS", "SL-F108", Bites::Intruder, |g| {
        unset(g, &["tls", "tlsverify", "tlscacert", "tlscert", "tlskey"]);
        set(g, "tls", json!(false));
    }),
    started("paths only", "SL-F110", Bites::Intruder, |g| {
        unset(g, &["tls", "tlsverify"])
    }),
    started(
        "the system's authorities",
        "SL-F104",
        Bites::Everyone,
        |g| unset(g, &["tlscacert"]),
    ),
    Break {
        name: "the daemon stopped",
        code: "SL-F211",
        parts: &[Part::Daemon, Part::Wire],
        bites: Bites::Everyone,
        when: When::AtOnce,
        does: |g| {
            g.host.daemon.stop();
            g.daemon_touched = true;
        },
    },
    Break {
        name: "the port taken",
        code: "SL-F218",
        parts: &[Part::Daemon, Part::Wire],
        bites: Bites::Everyone,
        when: When::AtOnce,
        does: |g| {
            g.host.daemon.stop();
            g.daemon_touched = true;
            g.take_port();
        },
    },
    Break {
        name: "the socket open to all",
        code: "SL-F113",
        parts: &[Part::Socket, Part::Daemon],
        bites: Bites::Intruder,
        when: When::AtOnce,
        does: |g| mode(&g.host.daemon.socket(), 0o666),
    },
];

fn text(ground: &Ground, change: impl FnOnce(&str) -> String) {
    let path = ground.host.daemon.config_file();
    let old = fs::read_to_string(&path).unwrap();
    let new = change(&old);
    assert_ne!(old, new, "nothing was broken");
    fs::write(path, new).unwrap();
}

fn edit(ground: &Ground, change: impl FnOnce(&mut serde_json::Map<String, Value>)) {
    text(ground, |text| {
        let mut value: Value = serde_json::from_str(text).unwrap();
        change(value.as_object_mut().unwrap());
        format!("{value:#}\n")
    });
}

fn set(ground: &Ground, key: &str, value: Value) {
    edit(ground, |keys| {
        keys.insert(key.to_owned(), value);
    });
}

fn unset(ground: &Ground, keys: &[&str]) {
    edit(ground, |all| {
        for key in keys {
            all.remove(*key);
        }
    });
}

fn host(ground: &Ground, host: &str) {
    edit(ground, |keys| {
        keys["hosts"].as_array_mut().unwrap().push(json!(host))
    });
}
