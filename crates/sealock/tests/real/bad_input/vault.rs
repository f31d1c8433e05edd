//! A home that is damaged, open to others, somebody else's, or of another time.

use super::ground::Ground;

#[test]
fn homes() {
    let mut ground = Ground::bare("no-vault");
    ground.about("no vault yet");
    for words in [
        &["ca", "show"][..],
        &["ca", "export", "server"],
        &["cert", "list"],
    ] {
        ground.refuse(words, "SL-V001", 1);
    }
    ground.refuse(
        &[
            "cert",
            "issue",
            "a",
            "--profile",
            "client",
            "--cert",
            "c",
            "--key",
            "k",
        ],
        "SL-V001",
        1,
    );
    ground.about("authorities that cannot be");
    ground.refuse(&["ca", "create", "--name", ""], "SL-P010", 1);
    ground.refuse(&["ca", "create", "--name", "a\u{1b}[2J"], "SL-P012", 1);
    ground.refuse(
        &["ca", "create", "--name", "abcdefghijklmnopqrstuvwxyz"],
        "SL-P011",
        1,
    );
    ground.refuse(&["ca", "create", "--key", "rsa-1024"], "SL-U014", 2);
    ground.about("a home that is a file");
    ground.tool("rm -rf home; touch home");
    ground.refuse(&["ca", "create"], "SL-V003", 1);
    ground.about("a home that is a link to somewhere");
    ground.tool("rm -f home; mkdir elsewhere; ln -s elsewhere home");
    ground.refuse(&["ca", "create"], "SL-V003", 1);
    insta::assert_snapshot!(ground.transcript());
}

#[test]
fn authorities_twice() {
    let mut ground = Ground::with_authority("authorities");
    ground.refuse(&["ca", "create"], "SL-V010", 1);
    let _second = ground.run(&["ca", "create", "--name", "second"]).ok();
    ground.tool("rm etc/sealock.toml");
    ground.about("two of them, and nobody says which");
    ground.refuse(&["ca", "show"], "SL-U006", 1);
    insta::assert_snapshot!(ground.transcript());
}

#[test]
fn damaged() {
    let mut ground = Ground::with_client("vault");
    ground.tool("cp -a home saved");
    let words = ["client", "add", "bob"];
    let restore = |ground: &Ground| ground.tool("rm -rf home; cp -a saved home");
    let cases = [
        (
            "garbage",
            "head -c 40000 /dev/urandom > home/vault.db",
            "SL-V003",
        ),
        ("empty", ": > home/vault.db", "SL-V003"),
        (
            "a directory",
            "rm home/vault.db*; mkdir -m 700 home/vault.db",
            "SL-V003",
        ),
        ("cut off", "truncate -s 5000 home/vault.db", "SL-V007"),
        (
            "overwritten in the middle",
            "dd if=/dev/zero of=home/vault.db bs=4096 seek=1 count=3 conv=notrunc 2>&1",
            "SL-V007",
        ),
        (
            "another program's database",
            "rm home/vault.db; python3 -c \"import sqlite3; sqlite3.connect('home/vault.db').execute('create table t (x)')\"; chmod 600 home/vault.db",
            "SL-V003",
        ),
        (
            "of a newer sealock",
            "python3 -c \"import sqlite3; c=sqlite3.connect('home/vault.db'); c.execute('pragma user_version=99'); c.commit()\"",
            "SL-V004",
        ),
        ("readable by others", "chmod 644 home/vault.db", "SL-V002"),
        ("a home that is open", "chmod 755 home", "SL-V002"),
        ("issuers that are open", "chmod 755 home/issuers", "SL-V002"),
        (
            "a key that others may read",
            "chmod 644 home/issuers/*.key",
            "SL-V002",
        ),
        ("a key that is missing", "rm home/issuers/*.key", "SL-V014"),
        (
            "a key that is empty",
            "for f in home/issuers/*.key; do : > $f; done",
            "SL-V015",
        ),
        (
            "a key that is garbage",
            "for f in home/issuers/*.key; do echo hello > $f; done",
            "SL-V015",
        ),
        (
            "keys mixed up",
            "cd home/issuers; set -- *.key; mv $1 t; mv $2 $1; mv t $2",
            "SL-V016",
        ),
        (
            "a link for a key",
            "cd home/issuers; for f in *.key; do mv $f ../$f.moved; ln -s ../$f.moved $f; done",
            "SL-V003",
        ),
        ("somebody else's", "chown -R 65534:65534 home", "SL-C025"),
        (
            "a key of somebody else's",
            "chown 65534 home/issuers/*.key",
            "SL-V002",
        ),
        (
            "a journal that is garbage",
            "echo garbage > home/changes/ledger",
            "SL-C021",
        ),
    ];
    for (about, damage, code) in cases {
        restore(&ground);
        ground.tool(damage);
        ground.about(about);
        ground.refuse(&words, code, 1);
    }
    insta::assert_snapshot!(ground.transcript());
}
