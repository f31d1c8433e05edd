//! Archives that cannot be made, opened, believed or put in place.

use super::ground::Ground;

/// Of nobody: made for this page, so that it reads the same each time.
const IDENTITY: &str =
    "AGE-SECRET-KEY-1GWL99TCLUFLGMAZ30DQY804D3G2KN22VNZQZCVMH29VFPSG7HMUQS3AEW0\n";
const RECIPIENT: &str = "age1me3sfgndyf745gfhm7lzmu4qvxyrllmanqh7qw5wyej2tjtvedusd7lupd";

#[test]
fn backups() {
    let mut ground = Ground::bare("no-backup");
    let to = |whom: &'static str| ["backup", "-o", "vault.age", "--to", whom];
    ground.about("no vault");
    ground.refuse(&to(RECIPIENT), "SL-V001", 1);
    let _made = ground.run(&["ca", "create"]).ok();
    ground.about("nobody who could open it");
    ground.refuse(&["backup", "-o", "vault.age"], "SL-U050", 2);
    ground.about("nobody we know");
    for whom in [
        "",
        "nobody",
        &RECIPIENT[..60],
        "age1me3sfgndyf745gfhm7lzmu4qvxyrllmanqh7qw5wyej2tjtvedusd7lupq",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI",
        "age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t",
        "AGE-SECRET-KEY-1QQQQ",
        "a\u{1b}[2J",
    ] {
        ground.refuse(&to(whom), "SL-U051", 2);
    }
    ground.about("a passphrase from nowhere");
    ground.refuse(
        &[
            "backup",
            "-o",
            "vault.age",
            "--archive-passphrase",
            "file:absent",
        ],
        "SL-U011",
        1,
    );
    ground.about("something else lies there");
    for make in [
        "echo words > vault.age",
        "mkdir vault.age",
        "ln -s /etc vault.age",
        "mkfifo vault.age",
    ] {
        ground.tool(&format!("rm -rf vault.age; {make}"));
        ground.refuse(&to(RECIPIENT), "SL-U058", 1);
    }
    ground.about("no such folder");
    ground.refuse(
        &["backup", "-o", "absent/vault.age", "--to", RECIPIENT],
        "SL-C001",
        1,
    );
    ground.about("a key of the vault is missing");
    ground.tool("rm -rf vault.age home/issuers; mkdir -m 700 home/issuers");
    ground.refuse(&to(RECIPIENT), "SL-V014", 1);
    insta::assert_snapshot!(ground.transcript());
}

#[test]
fn restores() {
    let mut ground = Ground::with_authority("no-restore");
    ground.write("key.txt", IDENTITY);
    let _made = ground
        .run(&["backup", "-o", "vault.age", "--to", RECIPIENT])
        .expect_code(0);
    ground.tool("mv home original; rm etc/sealock.toml");
    ground.tool("age-keygen -o other.txt 2>&1; echo words > words; age -r $(age-keygen -y key.txt) -o sealed.txt key.txt");
    ground.tool("cp vault.age altered.age; printf x | dd of=altered.age bs=1 seek=5000 conv=notrunc status=none");
    ground.tool("head -c 5000 vault.age > short.age; age -a -r $(age-keygen -y key.txt) -o armoured.age vault.age");
    ground.tool("age -r $(age-keygen -y key.txt) -o text.age words; tar -cf foreign.tar words");
    ground.tool("age -r $(age-keygen -y key.txt) -o foreign.age foreign.tar");
    ground.tool("mkdir t; age -d -i key.txt vault.age | tar -C t -xpf -; ln -s /etc t/crl");
    ground.tool("tar -C t -cf link.tar manifest.json crl; age -r $(age-keygen -y key.txt) -o link.age link.tar");
    ground.tool("tar -C t -P -cf out.tar --transform s,manifest.json,../evil, manifest.json; age -r $(age-keygen -y key.txt) -o out.age out.tar");
    ground.tool("rm t/crl; echo more >> t/sealock.toml; tar -C t -cf other.tar manifest.json vault.db issuers sealock.toml");
    ground.tool("age -r $(age-keygen -y key.txt) -o other.age other.tar");
    let mut refuse = |archive: &'static str, key: &'static str, code: &str| {
        let exit = 1;
        match key {
            "" => ground.refuse(&["restore", archive, "--yes"], code, exit),
            _ => ground.refuse(
                &["restore", archive, "--identity", key, "--yes"],
                code,
                exit,
            ),
        }
    };
    for archive in ["absent.age", "etc"] {
        refuse(archive, "key.txt", "SL-U008");
    }
    for archive in ["words", "armoured.age", "text.age", "foreign.age"] {
        refuse(archive, "key.txt", "SL-U052");
    }
    for archive in ["altered.age", "short.age"] {
        refuse(archive, "key.txt", "SL-U053");
    }
    for key in ["", "other.txt"] {
        refuse("vault.age", key, "SL-U054");
    }
    for key in ["words", "sealed.txt"] {
        refuse("vault.age", key, "SL-U051");
    }
    for archive in ["link.age", "out.age"] {
        refuse(archive, "key.txt", "SL-U055");
    }
    refuse("other.age", "key.txt", "SL-U057");
    ground.tool("mkdir home");
    let asked = ground
        .run(&["restore", "vault.age", "--identity", "key.txt"])
        .expect_code(1);
    assert!(asked.stderr.contains("error[SL-U003]"), "{asked}");
    ground.about("something lies there");
    ground.tool("echo mine > home/notes");
    ground.refuse(
        &["restore", "vault.age", "--identity", "key.txt", "--yes"],
        "SL-U056",
        1,
    );
    insta::assert_snapshot!(ground.transcript());
}
