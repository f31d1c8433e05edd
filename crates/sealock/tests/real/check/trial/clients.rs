//! Breaks of the clients' files: the shell's zone, `~/.docker`, and the context.

use std::fs;

use super::breaks::{Bites, Break, Client, Part, When};
use super::ground::{Ground, mode};
use super::server::{der, marked, remove, write};

const SHELL: Bites = Bites::One(Client::Shell);
const HOME: Bites = Bites::One(Client::Home);
const CONTEXT: Bites = Bites::One(Client::Context);

const fn shell(
    name: &'static str,
    code: &'static str,
    bites: Bites,
    does: fn(&mut Ground),
) -> Break {
    Break {
        name,
        code,
        parts: &[Part::ShellPair],
        bites,
        when: When::AtOnce,
        does,
    }
}

const fn anchors(
    name: &'static str,
    code: &'static str,
    bites: Bites,
    does: fn(&mut Ground),
) -> Break {
    Break {
        name,
        code,
        parts: &[Part::ShellAnchors],
        bites,
        when: When::AtOnce,
        does,
    }
}

const fn home(
    name: &'static str,
    code: &'static str,
    bites: Bites,
    does: fn(&mut Ground),
) -> Break {
    Break {
        name,
        code,
        parts: &[Part::Home],
        bites,
        when: When::AtOnce,
        does,
    }
}

const fn context(
    name: &'static str,
    code: &'static str,
    bites: Bites,
    does: fn(&mut Ground),
) -> Break {
    Break {
        name,
        code,
        parts: &[Part::Context],
        bites,
        when: When::AtOnce,
        does,
    }
}

pub(super) const ALL: &[Break] = &[
    shell("client: expired", "SL-F301", SHELL, |g| {
        g.put("client-expired.pem", &g.shells("cert.pem"))
    }),
    shell("client: not yet valid", "SL-F302", SHELL, |g| {
        g.put("client-future.pem", &g.shells("cert.pem"))
    }),
    shell("client: a server's certificate", "SL-F336", SHELL, |g| {
        g.put("client-for-servers.pem", &g.shells("cert.pem"))
    }),
    shell("client: both purposes", "SL-F337", Bites::Nobody, |g| {
        g.put("client-for-both.pem", &g.shells("cert.pem"))
    }),
    shell("client: somebody else's authority", "SL-F338", SHELL, |g| {
        g.put("client-foreign.pem", &g.shells("cert.pem"))
    }),
    shell("client: five days to live", "SL-F303", Bites::Nobody, |g| {
        g.put("client-soon.pem", &g.shells("cert.pem"))
    }),
    shell("client: another key", "SL-F408", SHELL, |g| {
        g.put("client-key-other.pem", &g.shells("key.pem"))
    }),
    shell("client: the key encrypted", "SL-F407", SHELL, |g| {
        g.put("client-key-encrypted.pem", &g.shells("key.pem"))
    }),
    shell("client: the key missing", "SL-F506", SHELL, |g| {
        remove(&g.shells("key.pem"))
    }),
    shell("client: the certificate missing", "SL-F506", SHELL, |g| {
        remove(&g.shells("cert.pem"))
    }),
    // Only a daemon that answers says that it demands one.
    Break {
        name: "client: no pair",
        code: "SL-F522",
        parts: &[Part::ShellPair, Part::Wire],
        bites: SHELL,
        when: When::AtOnce,
        does: |g| {
            remove(&g.shells("cert.pem"));
            remove(&g.shells("key.pem"));
        },
    },
    shell("client: the certificate empty", "SL-F404", SHELL, |g| {
        write(&g.shells("cert.pem"), b"")
    }),
    shell("client: the certificate in DER", "SL-F405", SHELL, |g| {
        der(&g.shells("cert.pem"))
    }),
    shell("client: the key behind a BOM", "SL-F406", SHELL, |g| {
        marked(&g.shells("key.pem"))
    }),
    shell("client: swapped", "SL-F412", SHELL, |g| {
        let [cert, key] = ["cert.pem", "key.pem"].map(|file| fs::read(g.shells(file)).unwrap());
        write(&g.shells("cert.pem"), &key);
        write(&g.shells("key.pem"), &cert);
    }),
    shell(
        "client: the key open to others",
        "SL-F409",
        Bites::Intruder,
        |g| {
            mode(&g.zone(), 0o755);
            mode(&g.shells("key.pem"), 0o644);
        },
    ),
    anchors("client: no ca.pem", "SL-F505", SHELL, |g| {
        remove(&g.shells("ca.pem"))
    }),
    anchors("client: ca.pem empty", "SL-F404", SHELL, |g| {
        write(&g.shells("ca.pem"), b"")
    }),
    anchors("client: ca.pem of somebody else", "SL-F316", SHELL, |g| {
        g.put("anchors-foreign.pem", &g.shells("ca.pem"))
    }),
    anchors(
        "client: an expired anchor beside ours",
        "SL-F317",
        Bites::Nobody,
        |g| {
            g.put("anchors-and-expired.pem", &g.shells("ca.pem"));
        },
    ),
    anchors(
        "client: two anchors of one name",
        "SL-F327",
        Bites::Nobody,
        |g| g.put("anchors-and-twin.pem", &g.shells("ca.pem")),
    ),
    anchors(
        "client: no anchor at all among them",
        "SL-F328",
        Bites::Nobody,
        |g| g.put("anchors-and-leaf.pem", &g.shells("ca.pem")),
    ),
    anchors(
        "client: an anchor of version 1",
        "SL-F323",
        Bites::Nobody,
        |g| g.put("anchors-and-v1.pem", &g.shells("ca.pem")),
    ),
    anchors(
        "client: an anchor without cRLSign",
        "SL-F324",
        Bites::Nobody,
        |g| g.put("anchors-and-no-crl.pem", &g.shells("ca.pem")),
    ),
    anchors(
        "client: an anchor without keyCertSign",
        "SL-F325",
        Bites::Nobody,
        |g| {
            g.put("anchors-and-no-cert.pem", &g.shells("ca.pem"));
        },
    ),
    home("~/.docker: the key missing", "SL-F506", HOME, |g| {
        remove(&g.homes("key.pem"))
    }),
    home("~/.docker: no ca.pem", "SL-F505", HOME, |g| {
        remove(&g.homes("ca.pem"))
    }),
    home("~/.docker: another key", "SL-F408", HOME, |g| {
        g.put("client-key-other.pem", &g.homes("key.pem"))
    }),
    home("~/.docker: expired", "SL-F301", HOME, |g| {
        g.put("client-expired.pem", &g.homes("cert.pem"))
    }),
    home(
        "~/.docker: the key open to others",
        "SL-F409",
        Bites::Intruder,
        |g| {
            mode(&g.homes(""), 0o755);
            mode(&g.homes("key.pem"), 0o644);
        },
    ),
    home("config.json broken", "SL-F514", Bites::Nobody, |g| {
        write(&g.homes("config.json"), b"{\"auths\": {,}}")
    }),
    context("a context without TLS files", "SL-F501", CONTEXT, |g| {
        fs::remove_dir_all(g.contexts("tls", "docker")).unwrap()
    }),
    context(
        "a context that skips verification",
        "SL-F502",
        Bites::Nobody,
        |g| {
            replace(g, "\"SkipTLSVerify\":false", "\"SkipTLSVerify\":true");
        },
    ),
    context("a broken meta.json", "SL-F514", CONTEXT, |g| {
        write(&g.contexts("meta", "meta.json"), b"{\"Name\": \"prod\"")
    }),
    context(
        "an unknown file in a context",
        "SL-F513",
        Bites::Nobody,
        |g| write(&g.contexts("tls", "docker/client.pem"), b""),
    ),
    context("a context without ca.pem", "SL-F517", CONTEXT, |g| {
        remove(&g.contexts("tls", "docker/ca.pem"))
    }),
    context("a context without a key", "SL-F506", CONTEXT, |g| {
        remove(&g.contexts("tls", "docker/key.pem"))
    }),
    context(
        "a context whose host has no port",
        "SL-F507",
        CONTEXT,
        |g| {
            let port = format!(":{}", g.host.port);
            replace(g, &port, "");
        },
    ),
    context("a context with another ca.pem", "SL-F316", CONTEXT, |g| {
        g.put("anchors-foreign.pem", &g.contexts("tls", "docker/ca.pem"));
    }),
];

/// Another text in the context's `meta.json`.
fn replace(ground: &Ground, from: &str, to: &str) {
    let path = ground.contexts("meta", "meta.json");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "no {from} in {text}");
    fs::write(path, text.replace(from, to)).unwrap();
}
