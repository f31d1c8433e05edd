//! The verdict of a look is right for real servers, in every mode that they have.

use std::process::Command;
use std::time::Duration;

use sealock_probe::service::{Passage, ServiceSeen, ServiceTarget, TdsEncryption, Way, look};
use sealock_service::Protocol;
use sealock_testkit::process::call;
use sealock_testkit::server::{Server, Spec};
use sealock_testkit::{Postgres, Redis, Scratch, TdsDouble, TdsMode, lab, process, tds};
use sealock_tls::Identity;

use super::material::{Material, now};

const NONE: Option<&Identity> = None;

fn seen(
    port: u16,
    protocol: Protocol,
    identity: Option<&Identity>,
    material: &Material,
) -> ServiceSeen {
    let target = ServiceTarget {
        address: format!("127.0.0.1:{port}"),
        server_name: "localhost".to_owned(),
        protocol,
        // Silence costs a share of it, and a busy machine answers late.
        timeout: Duration::from_secs(40),
        at: now(),
    };
    look(&target, identity, &material.anchors())
}

/// Clear text, no certificate, ours.
fn verdicts(seen: &ServiceSeen) -> (Way, Passage, Option<Passage>) {
    let with = seen.with.as_ref().map(|entry| entry.verdict);
    (seen.clear.verdict, seen.without.verdict, with)
}

fn is_ours(seen: &ServiceSeen) -> bool {
    seen.tls
        .as_ref()
        .is_some_and(|tls| tls.trusted && tls.name_matches)
}

#[test]
fn postgres_says_who_gets_in_and_what_its_s_is_worth() {
    let (material, strangers) = (Material::new(), Material::new());
    let postgres = Postgres::prepare();
    let place = |name: &str| postgres.server().join(name).display().to_string();
    for name in ["server.pem", "server.key", "clients.pem"] {
        let owner = ["-o", Postgres::USER, "-m", "600"];
        let from = material.file(name).display().to_string();
        let _ = call("install", &[&owner[..], &[&from, &place(name)]].concat()).ok();
    }
    postgres.server().start();
    let _ = postgres.sql("create role alice login").ok();
    let alice = material.client("alice");
    let asked = |identity: Option<&Identity>| {
        seen(postgres.port(), Protocol::Postgres, identity, &material)
    };
    let again = |hba: &str, lines: &str| {
        postgres.hba(hba);
        postgres.configure(lines);
        postgres.server().restart();
    };

    // As it comes: no TLS at all.
    again("host all all 127.0.0.1/32 trust\n", "");
    let off = asked(Some(&alice));
    let wanted = (Way::Accepted, Passage::NoTls, Some(Passage::NoTls));
    assert_eq!(verdicts(&off), wanted, "{off:#?}");
    assert!(off.without.said.contains("ssl is off"), "{off:#?}");

    // It answers with S, and takes clear text all the same.
    again(
        "host all all 127.0.0.1/32 scram-sha-256\n",
        &format!(
            "ssl = on\nssl_cert_file = '{}'\nssl_key_file = '{}'\nssl_ca_file = '{}'\n",
            place("server.pem"),
            place("server.key"),
            place("clients.pem")
        ),
    );
    let both = asked(Some(&alice));
    let wanted = (Way::Accepted, Passage::In, Some(Passage::In));
    assert_eq!(verdicts(&both), wanted, "{both:#?}");
    assert_eq!(both.clear.said, "it asks for a password (SASL)");
    assert!(is_ours(&both), "{both:#?}");

    again("hostssl all all 127.0.0.1/32 scram-sha-256\n", "");
    let tls_only = asked(NONE);
    let wanted = (Way::Refused, Passage::In, None);
    assert_eq!(verdicts(&tls_only), wanted, "{tls_only:#?}");
    assert!(
        tls_only
            .clear
            .said
            .starts_with("28000 no pg_hba.conf entry")
    );

    again(
        "hostssl all alice 127.0.0.1/32 cert clientcert=verify-full\n",
        "",
    );
    let mutual = asked(Some(&alice));
    let wanted = (Way::Refused, Passage::Refused, Some(Passage::In));
    assert_eq!(verdicts(&mutual), wanted, "{mutual:#?}");
    // Somebody else's alice, and our own bob.
    for identity in [strangers.client("alice"), material.client("bob")] {
        let refused = asked(Some(&identity));
        assert_eq!(verdicts(&refused).2, Some(Passage::Refused), "{refused:#?}");
    }
    let untrusted = seen(postgres.port(), Protocol::Postgres, NONE, &strangers);
    assert!(!untrusted.tls.unwrap().trusted);
}

#[test]
fn redis_says_who_gets_in() {
    let (material, strangers) = (Material::new(), Material::new());
    let (alice, foreign) = (material.client("alice"), strangers.client("alice"));
    let redis = Redis::prepare("port @PORT@\nrequirepass secret");
    redis.server().start();
    let asked =
        |identity: Option<&Identity>| seen(redis.port(), Protocol::Redis, identity, &material);
    let plain = asked(Some(&alice));
    assert_eq!(plain.clear.verdict, Way::Accepted, "{plain:#?}");
    assert_eq!(plain.clear.said, "-NOAUTH Authentication required.");
    assert_eq!(plain.tls, None);
    assert_ne!(verdicts(&plain).2, Some(Passage::In), "{plain:#?}");

    for (word, without, with_foreign) in [
        ("yes", Passage::Refused, Passage::Refused),
        ("optional", Passage::In, Passage::Refused),
        ("no", Passage::In, Passage::In),
    ] {
        redis.configure(&format!(
            "port 0\ntls-port @PORT@\ntls-cert-file {}\ntls-key-file {}\ntls-ca-cert-file {}\ntls-auth-clients {word}",
            material.file("server.pem").display(),
            material.file("server.key").display(),
            material.file("clients.pem").display(),
        ));
        redis.server().restart();
        let rightful = asked(Some(&alice));
        let wanted = (Way::NotSpoken, without, Some(Passage::In));
        assert_eq!(verdicts(&rightful), wanted, "{word} {rightful:#?}");
        assert!(is_ours(&rightful));
        let refused = asked(Some(&foreign));
        assert_eq!(
            verdicts(&refused).2,
            Some(with_foreign),
            "{word} {refused:#?}"
        );
        // The same by TLS alone, where nothing is known of what is inside.
        let bare = seen(redis.port(), Protocol::Tls, Some(&alice), &material);
        let wanted = (Way::NotAsked, without, Some(Passage::In));
        assert_eq!(verdicts(&bare), wanted, "{word} {bare:#?}");
    }
}

/// Users and tables of a MariaDB: `alice` has no password and needs a certificate of ours, `bob` needs neither.
pub(super) fn mariadb_data() -> Scratch {
    let data = Scratch::new("mariadb-data");
    let share = lab().root().join("neighbours/usr/share/mysql");
    let read = |name: &str| std::fs::read_to_string(share.join(name)).unwrap();
    // The tables as its own installer makes them, one statement after the other.
    let statements = [
        "create database mysql;\nuse mysql;\n",
        &read("mysql_system_tables.sql"),
        &read("mysql_system_tables_data.sql"),
        "flush privileges;\ncreate user alice@'%' require x509;\ncreate user bob@'%';\n",
    ]
    .concat()
    .replace("ENGINE=InnoDB", "ENGINE=Aria")
    .replace("engine=InnoDB", "engine=Aria");
    let script = data.write("bootstrap.sql", statements);
    let mut bootstrap = Command::new("sh");
    bootstrap
        .args(["-c", "exec \"$@\" --bootstrap <\"$SCRIPT\"", "sh"])
        .args(mariadb_words(&data))
        .env("SCRIPT", script)
        .env("LD_LIBRARY_PATH", lab().neighbour_libraries());
    let _ = process::run(&mut bootstrap).ok();
    data
}

pub(super) fn mariadb_words(data: &Scratch) -> Vec<String> {
    let program = lab().neighbour("usr/sbin/mariadbd");
    let share = lab().root().join("neighbours/usr/share/mysql");
    vec![
        program.get_program().display().to_string(),
        "--no-defaults".to_owned(),
        "--user=root".to_owned(),
        "--bind-address=127.0.0.1".to_owned(),
        "--skip-innodb".to_owned(),
        "--default-storage-engine=Aria".to_owned(),
        format!("--datadir={}", data.path().display()),
        format!("--lc-messages-dir={}", share.display()),
    ]
}

/// A MariaDB with TLS when there is material, and these words besides; its port comes with it.
pub(super) fn mariadb(data: &Scratch, material: Option<&Material>, more: &[&str]) -> (Server, u16) {
    let port = process::free_port();
    let mut words = mariadb_words(data);
    words.push(format!("--port={port}"));
    words.push("--socket=@FOLDER@/socket".to_owned());
    words.push("--pid-file=@FOLDER@/own-pid".to_owned());
    for (word, name) in [
        ("cert", "server.pem"),
        ("key", "server.key"),
        ("ca", "clients.pem"),
    ] {
        if let Some(material) = material {
            words.push(format!("--ssl-{word}={}", material.file(name).display()));
        }
    }
    words.extend(more.iter().map(|word| (*word).to_owned()));
    let server = Server::prepare(&Spec {
        name: "mariadb",
        command: words,
        ready: "ready for connections",
        user: None,
        network: None,
        libraries: lab().neighbour_libraries(),
    });
    server.start();
    (server, port)
}

#[test]
fn mariadb_says_who_gets_in_and_whether_clear_text_will_do() {
    let (material, strangers) = (Material::new(), Material::new());
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| material.client(name));
    let asked = |mariadb: &(Server, u16), identity: &Identity| {
        seen(mariadb.1, Protocol::Mysql, Some(identity), &material)
    };
    let data = mariadb_data();

    let off = asked(&mariadb(&data, None, &[]), &alice);
    let wanted = (Way::Accepted, Passage::NoTls, Some(Passage::NoTls));
    assert_eq!(verdicts(&off), wanted, "{off:#?}");

    let both = mariadb(&data, Some(&material), &[]);
    let mutual = asked(&both, &alice);
    let wanted = (Way::Refused, Passage::Refused, Some(Passage::In));
    assert_eq!(verdicts(&mutual), wanted, "{mutual:#?}");
    assert!(is_ours(&mutual), "{mutual:#?}");
    let open = asked(&both, &bob);
    let wanted = (Way::Accepted, Passage::In, Some(Passage::In));
    assert_eq!(verdicts(&open), wanted, "{open:#?}");
    // Nobody is called carol, with or without a certificate: TLS itself let both in, and of clear text nothing is learned.
    let unknown = asked(&both, &carol);
    let wanted = (Way::Unclear, Passage::In, Some(Passage::In));
    assert_eq!(verdicts(&unknown), wanted, "{unknown:#?}");
    assert!(
        unknown.without.said.contains("Access denied"),
        "{unknown:#?}"
    );
    // A foreign certificate is turned away by TLS.
    let foreign = asked(&both, &strangers.client("alice"));
    assert_eq!(verdicts(&foreign).2, Some(Passage::Refused), "{foreign:#?}");
    drop(both);

    let only_tls = ["--require-secure-transport=ON"];
    let refused = asked(&mariadb(&data, Some(&material), &only_tls), &bob);
    let wanted = (Way::Refused, Passage::In, Some(Passage::In));
    assert_eq!(verdicts(&refused), wanted, "{refused:#?}");
}

#[test]
fn tds_is_classified_in_every_mode() {
    let material = Material::new();
    let files = ["server.pem", "server.key"].map(|name| material.file(name));
    for mode in TdsMode::ALL {
        let double = TdsDouble::start(mode, &files[0], &files[1]);
        let seen = seen(double.address().port(), Protocol::Tds, NONE, &material);
        let tds = seen.tds.as_ref().unwrap();
        let (encryption, strict, clear) = match mode {
            TdsMode::NotSupported => (Some(TdsEncryption::NotSupported), false, Way::Accepted),
            TdsMode::Off => (Some(TdsEncryption::Off), false, Way::Accepted),
            TdsMode::LoginOnly => (Some(TdsEncryption::LoginOnly), false, Way::Refused),
            TdsMode::On => (Some(TdsEncryption::On), false, Way::Refused),
            TdsMode::Required => (Some(TdsEncryption::Required), false, Way::Refused),
            TdsMode::Both => (Some(TdsEncryption::Required), true, Way::Refused),
            TdsMode::Strict => (None, true, Way::NotSpoken),
        };
        assert_eq!(tds.encryption, encryption, "{mode:?} {seen:#?}");
        assert_eq!(tds.strict, strict, "{mode:?} {seen:#?}");
        assert_eq!(seen.clear.verdict, clear, "{mode:?} {seen:#?}");
        assert!(!tds.self_generated, "{mode:?}");
        let (without, version) = match mode {
            TdsMode::NotSupported => (Passage::NoTls, None),
            TdsMode::Strict => (Passage::In, Some("TLS 1.3")),
            _ => (Passage::In, Some("TLS 1.2")),
        };
        assert_eq!(seen.without.verdict, without, "{mode:?} {seen:#?}");
        assert_eq!(is_ours(&seen), version.is_some(), "{mode:?} {seen:#?}");
        let spoken = seen.tls.as_ref().and_then(|tls| tls.version.as_deref());
        assert_eq!(spoken, version, "{mode:?}");
        assert!(double.logins().is_empty(), "a look logs nobody in");
    }
}

#[test]
fn a_certificate_that_sql_server_made_for_itself_is_none_of_ours() {
    let (material, strangers) = (Material::new(), Material::new());
    let scratch = Scratch::new("fallback");
    let (certificate, key) = tds::self_generated(scratch.path());
    for mode in [TdsMode::Off, TdsMode::Required, TdsMode::Strict] {
        let double = TdsDouble::start(mode, &certificate, &key);
        let seen = seen(double.address().port(), Protocol::Tds, NONE, &material);
        assert!(
            seen.tds.as_ref().unwrap().self_generated,
            "{mode:?} {seen:#?}"
        );
        assert!(!is_ours(&seen), "{mode:?} {seen:#?}");
    }
    // Ours for others, and not made by the server itself.
    let files = ["server.pem", "server.key"].map(|name| strangers.file(name));
    let double = TdsDouble::start(TdsMode::Required, &files[0], &files[1]);
    let seen = seen(double.address().port(), Protocol::Tds, NONE, &material);
    assert!(!seen.tds.as_ref().unwrap().self_generated && !is_ours(&seen));
}

#[test]
fn a_restarted_double_serves_its_new_certificate() {
    let material = Material::new();
    let files = ["server.pem", "server.key"].map(|name| material.file(name));
    let double = TdsDouble::start(TdsMode::Required, &files[0], &files[1]);
    let leaf = || {
        let seen = seen(double.address().port(), Protocol::Tds, NONE, &material);
        seen.tls.and_then(|tls| tls.leaf).unwrap()
    };
    let before = leaf();
    material.replace_server();
    assert_eq!(leaf(), before, "SQL Server reads its files when it starts");
    let _ = call("bash", &["-c", &double.restart_command()]).ok();
    assert_ne!(leaf(), before);
    std::fs::write(&files[1], "no key").unwrap();
    let refused = call("bash", &["-c", &double.restart_command()]).expect_code(1);
    assert!(refused.stderr.contains("server.key"), "{refused}");
}
