//! Breaks of the daemon's certificate, key and anchors, and of what lies around them.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::Path;

use sealock_testkit::process::call;

use super::breaks::{Bites, Break, Part, When};
use super::ground::{Ground, mode, shown};

/// A file with which the daemon does not start.
const fn fatal(
    name: &'static str,
    code: &'static str,
    part: &'static [Part],
    does: fn(&mut Ground),
) -> Break {
    Break {
        name,
        code,
        parts: part,
        bites: Bites::Start,
        when: When::NoStart,
        does,
    }
}

const PAIR: &[Part] = &[Part::ServerPair, Part::ServerKey];
const ANCHORS: &[Part] = &[Part::ServerAnchors];

/// A certificate that the daemon serves.
const fn served(
    name: &'static str,
    code: &'static str,
    bites: Bites,
    does: fn(&mut Ground),
) -> Break {
    Break {
        name,
        code,
        parts: &[Part::ServerPair, Part::ServerKey, Part::Daemon, Part::Wire],
        bites,
        when: When::Restarted,
        does,
    }
}

/// Anchors by which the daemon judges.
const fn judged(
    name: &'static str,
    code: &'static str,
    bites: Bites,
    does: fn(&mut Ground),
) -> Break {
    Break {
        name,
        code,
        parts: &[Part::ServerAnchors, Part::Daemon, Part::Wire],
        bites,
        when: When::Restarted,
        does,
    }
}

/// Something about a file that nobody notices.
const fn quiet(
    name: &'static str,
    code: &'static str,
    parts: &'static [Part],
    bites: Bites,
    does: fn(&mut Ground),
) -> Break {
    Break {
        name,
        code,
        parts,
        bites,
        when: When::AtOnce,
        does,
    }
}

const CERT: &str = "server-cert.pem";
const KEY: &str = "server-key.pem";
const CA: &str = "ca.pem";

pub(super) const ALL: &[Break] = &[
    fatal("the key missing", "SL-F401", PAIR, |g| remove(&g.live(KEY))),
    fatal("the certificate missing", "SL-F402", PAIR, |g| {
        remove(&g.live(CERT))
    }),
    fatal("the CA missing", "SL-F403", ANCHORS, |g| {
        remove(&g.live(CA))
    }),
    fatal("the key empty", "SL-F404", PAIR, |g| {
        write(&g.live(KEY), b"")
    }),
    fatal("the certificate empty", "SL-F404", PAIR, |g| {
        write(&g.live(CERT), b"")
    }),
    fatal("the CA empty", "SL-F404", ANCHORS, |g| {
        write(&g.live(CA), b"")
    }),
    fatal("the certificate in DER", "SL-F405", PAIR, |g| {
        der(&g.live(CERT))
    }),
    fatal("the CA in DER", "SL-F405", ANCHORS, |g| der(&g.live(CA))),
    fatal("the certificate behind a BOM", "SL-F406", PAIR, |g| {
        marked(&g.live(CERT))
    }),
    fatal("the key in UTF-16", "SL-F406", PAIR, |g| wide(&g.live(KEY))),
    fatal("the key encrypted", "SL-F407", PAIR, |g| {
        g.put("server-key-encrypted.pem", &g.live(KEY))
    }),
    fatal("another key", "SL-F408", PAIR, |g| {
        g.put("server-key-other.pem", &g.live(KEY))
    }),
    fatal("certificate and key swapped", "SL-F412", PAIR, |g| {
        let [cert, key] = [CERT, KEY].map(|file| fs::read(g.live(file)).unwrap());
        write(&g.live(CERT), &key);
        write(&g.live(KEY), &cert);
    }),
    fatal("the certificate is garbage", "SL-F404", PAIR, |g| {
        write(&g.live(CERT), b"garbage\n")
    }),
    fatal("a broken block in the certificate", "SL-F419", PAIR, |g| {
        let text = fs::read_to_string(g.live(CERT)).unwrap();
        write(&g.live(CERT), text.replace("MII", "AAA").as_bytes());
    }),
    fatal(
        "a key of a kind that Go does not know",
        "SL-F418",
        PAIR,
        |g| g.put("key-unusable.pem", &g.live(KEY)),
    ),
    fatal("a folder in the key's place", "SL-F413", PAIR, |g| {
        remove(&g.live(KEY));
        fs::create_dir(g.live(KEY)).unwrap();
    }),
    fatal("a link to nowhere", "SL-F413", ANCHORS, |g| {
        remove(&g.live(CA));
        symlink("/nowhere/ca.pem", g.live(CA)).unwrap();
    }),
    fatal("the chain in the wrong order", "SL-F312", PAIR, |g| {
        g.put("server-wrong-order.pem", &g.live(CERT))
    }),
    served("expired", "SL-F301", Bites::Everyone, |g| {
        g.put("server-expired.pem", &g.live(CERT))
    }),
    served("not yet valid", "SL-F302", Bites::Everyone, |g| {
        g.put("server-future.pem", &g.live(CERT))
    }),
    served("another name", "SL-F304", Bites::Others, |g| {
        g.put("server-other-name.pem", &g.live(CERT))
    }),
    served("no address", "SL-F305", Bites::Everyone, |g| {
        g.put("server-no-address.pem", &g.live(CERT))
    }),
    served("a common name only", "SL-F306", Bites::Everyone, |g| {
        g.put("server-name-only.pem", &g.live(CERT))
    }),
    served("a client's certificate", "SL-F308", Bites::Everyone, |g| {
        g.put("server-for-clients.pem", &g.live(CERT))
    }),
    served("no purpose", "SL-F309", Bites::Nobody, |g| {
        g.put("server-for-anything.pem", &g.live(CERT))
    }),
    served("both purposes", "SL-F310", Bites::Nobody, |g| {
        g.put("server-for-both.pem", &g.live(CERT))
    }),
    served("a CA as a server", "SL-F311", Bites::Others, |g| {
        g.put("server-ca.pem", &g.live(CERT))
    }),
    served("self-signed", "SL-F314", Bites::Everyone, |g| {
        g.put("server-self.pem", &g.live(CERT))
    }),
    served("too much in the chain", "SL-F315", Bites::Nobody, |g| {
        g.put("server-superfluous.pem", &g.live(CERT))
    }),
    served(
        "somebody else's authority",
        "SL-F331",
        Bites::Everyone,
        |g| g.put("server-foreign.pem", &g.live(CERT)),
    ),
    served(
        "an authority of the same name",
        "SL-F329",
        Bites::Everyone,
        |g| g.put("server-twin.pem", &g.live(CERT)),
    ),
    served("a weak key", "SL-F321", Bites::Nobody, |g| {
        g.put("server-weak.pem", &g.live(CERT));
        g.put("server-weak-key.pem", &g.live(KEY));
    }),
    served("signed with SHA-1", "SL-F322", Bites::Everyone, |g| {
        g.put("server-sha1.pem", &g.live(CERT))
    }),
    served("a life of three years", "SL-F330", Bites::Nobody, |g| {
        g.put("server-long.pem", &g.live(CERT))
    }),
    served(
        "a key usage that does not fit",
        "SL-F334",
        Bites::Nobody,
        |g| g.put("server-agreement.pem", &g.live(CERT)),
    ),
    served("a wildcard for everything", "SL-F335", Bites::Nobody, |g| {
        g.put("server-wildcard.pem", &g.live(CERT))
    }),
    served("five days to live", "SL-F303", Bites::Nobody, |g| {
        g.put("server-soon.pem", &g.live(CERT))
    }),
    judged(
        "a foreign authority beside ours",
        "SL-F339",
        Bites::Intruder,
        |g| g.put("anchors-and-foreign.pem", &g.live(CA)),
    ),
    judged(
        "a foreign authority instead of ours",
        "SL-F339",
        Bites::Intruder,
        |g| g.put("anchors-foreign.pem", &g.live(CA)),
    ),
    judged("one authority for both", "SL-F339", Bites::Nobody, |g| {
        g.put("anchors-and-servers.pem", &g.live(CA))
    }),
    quiet(
        "a certificate that is not served yet",
        "SL-F332",
        &[Part::ServerPair, Part::ServerKey, Part::Wire],
        Bites::Nobody,
        |g| {
            g.put("server-renewed.pem", &g.live(CERT));
        },
    ),
    quiet(
        "the key open to others",
        "SL-F409",
        &[Part::ServerKey],
        Bites::Nobody,
        |g| {
            opened(g);
            mode(&g.live(KEY), 0o644);
        },
    ),
    quiet(
        "the certificate writable by others",
        "SL-F414",
        &[Part::ServerPair],
        Bites::Nobody,
        |g| {
            opened(g);
            mode(&g.live(CERT), 0o666);
        },
    ),
    quiet(
        "the folder writable by others",
        "SL-F415",
        &[Part::Around],
        Bites::Nobody,
        |g| {
            opened(g);
            mode(&g.host.live(), 0o777);
        },
    ),
    quiet("two keys in a file", "SL-F421", PAIR, Bites::Nobody, |g| {
        g.put("server-key-two.pem", &g.live(KEY))
    }),
    quiet(
        "a key of another user's",
        "SL-F420",
        &[Part::ServerKey],
        Bites::Nobody,
        |g| chown(g.live(KEY), Some(65534), None).unwrap(),
    ),
    quiet(
        "the key under git",
        "SL-F410",
        &[Part::Around],
        Bites::Nobody,
        |g| {
            let _ = call("git", &["init", "-q", &shown(&g.host.etc())]).ok();
        },
    ),
    quiet(
        "a copy of the key for everybody",
        "SL-F411",
        &[Part::Around],
        Bites::Nobody,
        |g| {
            let copy = g.host.etc().join("server-key.pem.bak");
            fs::copy(g.live(KEY), &copy).unwrap();
            mode(&copy, 0o644);
        },
    ),
    quiet(
        "an archive with the key for everybody",
        "SL-F411",
        &[Part::Around],
        Bites::Nobody,
        |g| {
            let archive = shown(&g.host.etc().join("backup.tar.gz"));
            let _ = call(
                "tar",
                &[
                    "-chzf",
                    &archive,
                    "-C",
                    &shown(&g.host.etc()),
                    "sealock/live",
                ],
            )
            .ok();
            mode(Path::new(&archive), 0o644);
        },
    ),
    quiet(
        "leftovers",
        "SL-F416",
        &[Part::Around],
        Bites::Nobody,
        |g| write(&g.host.etc().join("server.csr"), b""),
    ),
    quiet(
        "the key of a CA beside",
        "SL-F417",
        &[Part::Around],
        Bites::Nobody,
        |g| {
            let beside = g.host.etc().join("ca-key.pem");
            g.put("server-key-other.pem", &beside);
            mode(&beside, 0o600);
        },
    ),
];

/// Lets everybody into our folders; their files still have modes of their own.
fn opened(ground: &Ground) {
    mode(&ground.host.etc().join("sealock"), 0o755);
    let mut folder = fs::canonicalize(ground.host.live()).unwrap();
    while folder.starts_with(ground.host.etc().join("sealock")) {
        mode(&folder, 0o755);
        folder.pop();
    }
}

pub(super) fn remove(path: &Path) {
    fs::remove_file(path).unwrap();
}

/// Another content under the same mode.
pub(super) fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
}

pub(super) fn der(path: &Path) {
    let _ = call(
        "openssl",
        &[
            "x509",
            "-outform",
            "DER",
            "-in",
            &shown(path),
            "-out",
            &shown(path),
        ],
    )
    .ok();
}

pub(super) fn marked(path: &Path) {
    write(
        path,
        &[b"\xef\xbb\xbf", fs::read(path).unwrap().as_slice()].concat(),
    );
}

fn wide(path: &Path) {
    let text = fs::read_to_string(path).unwrap();
    let wide = std::iter::once(0xfeff).chain(text.encode_utf16());
    write(path, &wide.flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
}
