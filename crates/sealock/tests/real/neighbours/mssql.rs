//! A SQL Server in a container as `sealock.toml` has it. The server is the double; its files and its `mssql.conf` are real.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use sealock_pki::{Certificate, KeyKind};
use sealock_testkit::lab::Version;
use sealock_testkit::process::run;
use sealock_testkit::tds::self_generated;
use sealock_testkit::{Scratch, TdsDouble, TdsMode};

use crate::common::Host;

#[test]
fn a_container_gets_an_rsa_certificate_and_its_settings() {
    let host = Host::new(Version::V28);
    let _ = host.up(&[]).expect_code(0);
    let volume = Scratch::new("mssql");
    let (cert, key) = self_generated(volume.path());
    let before = "# ours\r\n[network]\r\ntcpport = 1433\r\n[sqlagent]\r\nenabled = true\r\n";
    let conf = volume.write("mssql.conf", before);
    let double = TdsDouble::start(TdsMode::Required, &cert, &key);
    let restart = volume.write("restart", format!("{}\n", double.restart_command()));
    let sealock = |words: &[&str]| run(&mut host.sealock.command(&[&["--yes"], words].concat()));
    let text = |path: &std::path::Path| path.display().to_string();
    let inside = format!("volume={}:/var/opt/mssql", text(volume.path()));
    let again = format!("bash {}", text(&restart));
    let add = |set: &[&str]| {
        let (cert, key, address) = (text(&cert), text(&key), double.address().to_string());
        let mut words = vec!["service", "add", "sql", "--kind", "mssql"];
        words.extend(["--names", "127.0.0.1,sql.example.org"]);
        words.extend(["--address", &address, "--cert", &cert, "--key", &key]);
        words.extend(["--restart", &again]);
        words.extend(set.iter().flat_map(|set| ["--set", set]));
        sealock(&words)
    };
    // What a stranger gets wrong is told by the key, and with what he could have written.
    for (set, why, help) in [
        (&["where=container"][..], "volume: ", "--set volume="),
        (&["where=pod"], "where: `pod`", ""),
        (
            &["hba=/x"],
            "hba: a service of the kind mssql has no such key",
            "it has name,",
        ),
        (&["strict=yes"], "strict: `yes`: expected true or false", ""),
        (
            &["strict=true"],
            "strict: versions before 2025",
            "--set version=2025",
        ),
        (
            &["address=127.0.0.1:1"],
            "address: it is told by --address",
            "",
        ),
    ] {
        let said = add(set).expect_code(2);
        assert!(
            said.stderr.contains(why) && said.stderr.contains(help),
            "{said}"
        );
    }
    let _ = add(&["where=container", &inside]).expect_code(0);

    let applied = sealock(&["apply"]).expect_code(0);
    assert!(
        applied
            .stderr
            .contains("clients are not asked for certificates"),
        "{applied}"
    );
    let leaf = Certificate::chain_from_pem(&fs::read(&cert).unwrap()).unwrap();
    assert_eq!(leaf.len(), 1, "no intermediates");
    // Not the address, though it is the first of its names.
    assert_eq!(leaf[0].common_name().as_deref(), Some("sql.example.org"));
    assert_eq!(leaf[0].key_kind(), Some(KeyKind::Rsa3072));
    let metadata = fs::metadata(&key).unwrap();
    assert_eq!(metadata.mode() & 0o7777, 0o440);
    assert_eq!((metadata.uid(), metadata.gid()), (10_001, 0));
    assert_eq!(
        fs::read_to_string(&conf).unwrap(),
        "# ours\r\n[network]\r\ntcpport = 1433\r\ntlscert = /var/opt/mssql/fallback.pem\r\n\
         tlskey = /var/opt/mssql/fallback.key\r\nforceencryption = 1\r\ntlsprotocols = 1.2\r\n[sqlagent]\r\nenabled = true\r\n"
    );
    let _ = sealock(&["plan"]).expect_code(0);
    let _ = sealock(&["status"]).expect_code(0);

    let served = fs::read(&cert).unwrap();
    let _ = sealock(&["renew", "sql"]).expect_code(0);
    assert_ne!(fs::read(&cert).unwrap(), served);
    // What its owner has written since stays.
    let more = "[memory]\r\nmemorylimitmb = 2048\r\n";
    let now = fs::read_to_string(&conf).unwrap();
    fs::write(&conf, now + more).unwrap();
    let _ = sealock(&["service", "remove", "sql"]).expect_code(0);
    assert_eq!(
        fs::read_to_string(&conf).unwrap(),
        format!("{before}{more}")
    );
    host.lives();
}
