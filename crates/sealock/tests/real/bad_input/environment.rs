//! The machine itself: rights, disks, mounts, clocks, and no Docker at all.

use super::ground::{Ground, TOML};

#[test]
fn no_rights() {
    let mut ground = Ground::with_client("rights");
    ground.write("secret.pem", "x");
    ground.mode("secret.pem", 0o600);
    ground.through(&[
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
    ]);
    ground.about("somebody else's home");
    ground.refuse(&["ca", "show"], "SL-C002", 1);
    ground.refuse(&["client", "add", "bob"], "SL-C002", 1);
    ground.refuse(&["status"], "SL-C002", 1);
    ground.refuse(&["down"], "SL-C002", 1);
    ground.about("a file that this user may not read");
    ground.refuse(&["cert", "show", "secret.pem"], "SL-U008", 1);
    ground.about("a home that this user may not make");
    ground.refuse(&["--home", "/root/x/y", "ca", "create"], "SL-C002", 1);
    ground.about("a configuration that this user may not read");
    ground.mode("etc/sealock.toml", 0o600);
    ground.refuse(&["plan", "--home", "mine"], "SL-C002", 1);
    insta::assert_snapshot!(ground.transcript());
}

#[test]
fn a_daemon_of_root_and_a_user_who_is_not() {
    let mut ground = Ground::bare("not-root");
    ground.toml(TOML);
    ground.tool("mkdir home; chown 65534:65534 home; chmod 700 home");
    ground.through(&[
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
    ]);
    ground.about("the folder of the daemon's configuration is root's");
    ground.refuse(&["up", "--yes"], "SL-C002", 4);
    insta::assert_snapshot!(ground.transcript());
}

#[test]
fn read_only() {
    let mut ground = Ground::with_client("read-only");
    ground.tool(
        "mkdir ro; cp etc/sealock.toml ro/; mount --bind etc etc; mount -o remount,ro,bind etc",
    );
    ground.about("the daemon's configuration and sealock.toml lie on a read-only file system");
    ground.refuse(&["up", "--yes"], "SL-C004", 4);
    ground.refuse(&["apply", "--yes"], "SL-C004", 4);
    ground.refuse(&["client", "add", "bob"], "SL-C004", 4);
    ground.about("a certificate cannot be written there");
    ground.refuse(
        &[
            "cert",
            "issue",
            "a.example.org",
            "--profile",
            "server",
            "--cert",
            "etc/c.pem",
            "--key",
            "etc/k.pem",
        ],
        "SL-C004",
        4,
    );
    ground.tool("umount etc; mount --bind home home; mount -o remount,ro,bind home");
    ground.about("the home does");
    ground.refuse(&["client", "add", "bob"], "SL-C004", 1);
    insta::assert_snapshot!(ground.transcript());
}

#[test]
fn full_disks() {
    let mut ground = Ground::with_client("full");
    ground.tool("mkdir full; mount -t tmpfs -o size=32k,mode=755 tmpfs full; cp etc/sealock.toml full/; sed -i s,/etc/,/full/, full/sealock.toml");
    ground.tool("dd if=/dev/zero of=full/ballast bs=1k count=100 2>/dev/null || true");
    let config = ground.join("full/sealock.toml").display().to_string();
    ground.about("the disk of the daemon's configuration");
    ground.refuse(&["apply", "--yes", "--config", &config], "SL-C003", 4);
    ground.about("the disk of a certificate");
    ground.refuse(
        &[
            "cert",
            "issue",
            "a.example.org",
            "--profile",
            "server",
            "--cert",
            "full/c.pem",
            "--key",
            "full/k.pem",
        ],
        "SL-C003",
        4,
    );
    ground.about("the disk of a bundle");
    ground.refuse(
        &["client", "bundle", "alice", "-o", "full/alice.tar"],
        "SL-C003",
        1,
    );
    ground.about("the disk of the home");
    ground.tool("mv home saved; mkdir -m 700 home; mount -t tmpfs -o size=80k,mode=700 tmpfs home; cp -a saved/. home/; dd if=/dev/zero of=home/ballast bs=1k count=100 2>/dev/null || true");
    ground.refuse(&["client", "add", "bob"], "SL-C003", 1);
    insta::assert_snapshot!(ground.transcript());
}

#[test]
fn a_clock_before_the_birth_of_the_anchors() {
    let mut ground = Ground::with_client("clock");
    ground.at_time("2001-01-01 00:00:00");
    for words in [&["client", "add", "bob"][..], &["plan"], &["status"]] {
        ground.refuse(words, "SL-U022", 1);
    }
    ground.refuse(
        &[
            "cert",
            "issue",
            "a.example.org",
            "--profile",
            "server",
            "--cert",
            "c.pem",
            "--key",
            "k.pem",
        ],
        "SL-U022",
        1,
    );
    ground.about("and long after their death");
    ground.at_time("2050-01-01 00:00:00");
    ground.refuse(&["client", "add", "bob"], "SL-P315", 1);
    insta::assert_snapshot!(ground.transcript());
}

#[test]
fn no_docker_at_all() {
    let mut ground = Ground::bare("no-docker");
    // A machine without Docker: its units, scripts, sockets and programs are hidden.
    let hide = "for d in /etc/docker /etc/init.d /run /usr/lib/systemd /lib/systemd /etc/systemd /snap /var/snap; do \
                if [ -d $d ] && [ ! -L $d ]; then mount -t tmpfs tmpfs $d; fi; done; export PATH=/nowhere; exec \"$0\" \"$@\"";
    ground.through(&["unshare", "-m", "sh", "-c", hide]);
    ground.refuse(&["up", "--yes"], "SL-H110", 1);
    ground.toml(
        &TOML
            .lines()
            .filter(|line| !line.contains("docker-"))
            .collect::<Vec<_>>()
            .join("\n"),
    );
    ground.refuse(&["plan"], "SL-H110", 1);
    ground.refuse(&["status"], "SL-H110", 1);
    insta::assert_snapshot!(ground.transcript());
}

#[test]
fn nobody_to_ask() {
    let mut ground = Ground::with_client("nobody");
    ground.refuse(&["up"], "SL-U003", 1);
    ground.refuse(&["apply"], "SL-U003", 1);
    ground.refuse(&["client", "remove", "alice"], "SL-U003", 1);
    insta::assert_snapshot!(ground.transcript());
}
