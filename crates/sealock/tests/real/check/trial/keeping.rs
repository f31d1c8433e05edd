//! Breaks of the vault, of clocks, and of the folders below `certs.d`.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use sealock_testkit::process::{call, naming, wait_for};

use super::breaks::{Bites, Break, Part, When};
use super::ground::{Ground, mode};
use super::server::{remove, write};

const fn vault(
    name: &'static str,
    code: &'static str,
    bites: Bites,
    does: fn(&mut Ground),
) -> Break {
    Break {
        name,
        code,
        parts: &[Part::Vault, Part::Clock, Part::Wire],
        bites,
        when: When::AtOnce,
        does,
    }
}

const fn registry(name: &'static str, code: &'static str, does: fn(&mut Ground)) -> Break {
    Break {
        name,
        code,
        parts: &[Part::Registry],
        bites: Bites::Others,
        when: When::AtOnce,
        does,
    }
}

/// Nothing about a certificate is what it seems to somebody whose clock is wrong.
const CLOCK: &[Part] = &[
    Part::Clock,
    Part::Wire,
    Part::Vault,
    Part::ServerPair,
    Part::ServerAnchors,
    Part::ShellPair,
    Part::ShellAnchors,
    Part::Home,
    Part::Context,
    Part::Registry,
];

pub(super) const ALL: &[Break] = &[
    vault("the vault gone", "SL-F803", Bites::Nobody, |g| {
        remove(&g.host.sealock.home().join("vault.db"))
    }),
    vault("the vault is garbage", "SL-F803", Bites::Nobody, |g| {
        write(&g.host.sealock.home().join("vault.db"), &[7; 9000])
    }),
    vault(
        "an issuer's key open to others",
        "SL-F422",
        Bites::Intruder,
        |g| {
            mode(g.host.sealock.home().parent().unwrap(), 0o755);
            mode(&g.host.sealock.home(), 0o755);
            mode(&g.host.sealock.home().join("issuers"), 0o755);
            for key in fs::read_dir(g.host.sealock.home().join("issuers")).unwrap() {
                mode(&key.unwrap().path(), 0o644);
            }
        },
    ),
    vault(
        "a run that was killed",
        "SL-F804",
        Bites::Nobody,
        interrupted,
    ),
    Break {
        name: "a client that was removed and came back",
        code: "SL-F521",
        parts: &[Part::Vault, Part::Clock, Part::Wire, Part::ShellPair],
        bites: Bites::Nobody,
        when: When::AtOnce,
        does: |g| {
            let _ = g.sealock(&["client", "add", "mallory"]).expect_code(0);
            for file in ["cert.pem", "key.pem"] {
                let bytes = fs::read(g.host.client("mallory").join(file)).unwrap();
                write(&g.shells(file), &bytes);
            }
            let _ = g
                .sealock(&["--yes", "client", "remove", "mallory"])
                .expect_code(0);
        },
    },
    Break {
        name: "a clock before the birth of the anchors",
        code: "SL-F801",
        parts: CLOCK,
        bites: Bites::Nobody,
        when: When::AtOnce,
        does: |g| g.clock = Some("-20d"),
    },
    registry("a registry's certificate without a key", "SL-F601", |g| {
        remove(&g.registry().join("client.key"))
    }),
    registry("a registry's client.crt", "SL-F602", |g| {
        fs::rename(
            g.registry().join("client.cert"),
            g.registry().join("client.crt"),
        )
        .unwrap();
    }),
    registry("a registry's ca.pem", "SL-F603", |g| {
        fs::rename(g.registry().join("ca.crt"), g.registry().join("ca.pem")).unwrap();
    }),
    registry("a registry on the loopback", "SL-F604", |g| {
        named(g, "127.0.0.1:5000")
    }),
    registry("a registry with a scheme", "SL-F605", |g| {
        named(g, "https:")
    }),
    registry("a registry in capitals", "SL-F605", |g| {
        named(g, "Registry.Example.Org:5000")
    }),
    registry("a registry's hosts.toml", "SL-F606", |g| {
        write(
            &g.registry().join("hosts.toml"),
            b"server = \"https://registry.example.org:5000\"\n",
        );
    }),
    registry("a registry's CA is garbage", "SL-F607", |g| {
        write(&g.registry().join("ca.crt"), b"garbage\n")
    }),
    registry("a registry's other key", "SL-F408", |g| {
        g.put("client-key-other.pem", &g.registry().join("client.key"))
    }),
];

/// The registry's folder under another name.
fn named(ground: &Ground, name: &str) {
    let folder = ground.registry();
    fs::rename(&folder, folder.with_file_name(name)).unwrap();
}

/// A real run, killed while it waits for a restart that never ends; its files are then put back by hand.
fn interrupted(ground: &mut Ground) {
    let restart = ground.host.daemon.restart_script();
    let kept = fs::read(&restart).unwrap();
    fs::write(&restart, "#!/bin/sh\nsleep 600; :\n").unwrap();
    remove(&ground.live("server-cert.pem"));
    let mut child = ground
        .host
        .sealock
        .command(&["apply", "--yes"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_for("a restart that never ends", Duration::from_secs(20), || {
        !naming(&restart).is_empty()
    });
    child.kill().unwrap();
    child.wait().unwrap();
    for pid in naming(&restart) {
        let _ = call("kill", &["-9", &pid.to_string()]);
    }
    fs::write(&restart, kept).unwrap();
    let changes = ground.host.sealock.home().join("changes");
    let aside = ground.host.daemon.folder().join("changes");
    fs::rename(&changes, &aside).unwrap();
    ground.heal();
    fs::remove_dir_all(&changes).unwrap();
    fs::rename(&aside, &changes).unwrap();
}
