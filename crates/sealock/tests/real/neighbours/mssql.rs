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
    let path = host.sealock.config();
    let table = format!(
        "\n[[service]]\nname = \"sql\"\nkind = \"mssql\"\nwhere = \"container\"\nvolume = \"{}:/var/opt/mssql\"\n\
         names = [\"127.0.0.1\", \"sql.example.org\"]\naddress = \"{}\"\ncert = \"{}\"\nkey = \"{}\"\n\
         restart = \"bash {}\"\n",
        volume.path().display(),
        double.address(),
        cert.display(),
        key.display(),
        restart.display(),
    );
    fs::write(&path, fs::read_to_string(&path).unwrap() + &table).unwrap();
    let sealock = |words: &[&str]| run(&mut host.sealock.command(&[&["--yes"], words].concat()));

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
    let _ = sealock(&["service", "remove", "sql"]).expect_code(0);
    assert_eq!(fs::read_to_string(&conf).unwrap(), before);
    host.lives();
}
