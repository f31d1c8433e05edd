//! What `sealock check` finds at real services that are a little open, or shut too far; and that it finds nothing at good ones.

use std::path::Path;

use sealock_testkit::process::{call, free_port, run};
use sealock_testkit::server::{Server, Spec};
use sealock_testkit::{Postgres, Redis, Scratch, TdsDouble, TdsMode, tds};

use super::material::Material;
use super::probes::{mariadb, mariadb_data};
use super::template::Stage;
use crate::check::ground::Found;
use crate::common::Sealock;

/// A look from outside with the files of a client.
#[track_caller]
fn look(scratch: &Scratch, bundle: &Path, endpoint: &str, more: &[&str]) -> Found {
    let bundle = bundle.display().to_string();
    let sealock = Sealock::in_folder(scratch.path());
    // Silence costs a share of it, and a busy machine answers late.
    let mut words = vec!["--json", "check", "--timeout", "40"];
    words.extend(["--cert-path", &bundle, endpoint]);
    words.extend(more);
    Found::of(run(&mut sealock.command(&words)))
}

#[test]
fn postgresql_without_tls_with_both_and_as_it_should_be() {
    let (material, scratch) = (Material::new(), Scratch::new("postgres-findings"));
    let [alice, bob] = ["alice", "bob"].map(|name| material.bundle(name));
    let postgres = Postgres::prepare();
    let place = |name: &str| postgres.server().join(name).display().to_string();
    for name in ["server.pem", "server.key", "clients.pem"] {
        let owner = ["-o", Postgres::USER, "-m", "600"];
        let from = material.file(name).display().to_string();
        let _ = call("install", &[&owner[..], &[&from, &place(name)]].concat()).ok();
    }
    postgres.hba("host all all 127.0.0.1/32 trust\n");
    postgres.server().start();
    let _ = postgres.sql("create role alice login").ok();
    let endpoint = format!("postgresql://127.0.0.1:{}", postgres.port());
    look(&scratch, &alice, &endpoint, &[]).expect_first("SL-F650");

    postgres.configure(&format!(
        "ssl = on\nssl_cert_file = '{}'\nssl_key_file = '{}'\nssl_ca_file = '{}'\n",
        place("server.pem"),
        place("server.key"),
        place("clients.pem")
    ));
    postgres.server().restart();
    let both = look(&scratch, &alice, &endpoint, &[]);
    both.expect_first("SL-F651");
    assert_eq!(both.codes().len(), 1, "{both}");

    postgres.hba("hostssl all alice 127.0.0.1/32 cert clientcert=verify-full\n");
    postgres.server().restart();
    look(&scratch, &alice, &endpoint, &[]).expect_nothing();
    look(&scratch, &bob, &endpoint, &[]).expect_first("SL-F656");
    // Its certificate is judged like a daemon's: by the name, and by the anchors of the client.
    let called = ["--name", "db.example.org"];
    look(&scratch, &alice, &endpoint, &called).expect("SL-F304");
    let strangers = Material::new();
    look(&scratch, &strangers.bundle("alice"), &endpoint, &[]).expect("SL-F316");
}

#[test]
fn sql_server_without_tls_for_the_login_alone_and_with_its_own_certificate() {
    let (material, scratch) = (Material::new(), Scratch::new("tds-findings"));
    let alice = material.bundle("alice");
    let files = ["server.pem", "server.key"].map(|name| material.file(name));
    let found = |double: &TdsDouble| {
        let endpoint = format!("mssql://127.0.0.1:{}", double.address().port());
        look(&scratch, &alice, &endpoint, &[])
    };
    for (mode, code) in [
        (TdsMode::NotSupported, Some("SL-F650")),
        (TdsMode::Off, Some("SL-F651")),
        (TdsMode::LoginOnly, Some("SL-F652")),
        (TdsMode::On, None),
        (TdsMode::Required, None),
        (TdsMode::Both, None),
        (TdsMode::Strict, None),
    ] {
        let found = found(&TdsDouble::start(mode, &files[0], &files[1]));
        match code {
            Some(code) => found.expect_first(code),
            None => found.expect_nothing(),
        };
    }
    let (certificate, key) = tds::self_generated(scratch.path());
    let found = found(&TdsDouble::start(TdsMode::Required, &certificate, &key));
    found.expect("SL-F653");
}

#[test]
fn mariadb_that_takes_clear_text_too_and_one_that_is_not_there() {
    let (material, scratch) = (Material::new(), Scratch::new("mariadb-findings"));
    let bob = material.bundle("bob");
    let data = mariadb_data();
    let (server, port) = mariadb(&data, Some(&material), &[]);
    let endpoint = format!("mariadb://127.0.0.1:{port}");
    look(&scratch, &bob, &endpoint, &[]).expect_first("SL-F651");
    drop(server);
    let only_tls = ["--require-secure-transport=ON"];
    let (_server, port) = mariadb(&data, Some(&material), &only_tls);
    let endpoint = format!("mariadb://127.0.0.1:{port}");
    look(&scratch, &bob, &endpoint, &[]).expect_nothing();

    let nobody = format!("redis://127.0.0.1:{}", free_port());
    look(&scratch, &bob, &nobody, &[]).expect_first("SL-F657");
}

#[test]
fn redis_in_clear_text_and_what_is_told_of_several() {
    let (material, scratch) = (Material::new(), Scratch::new("redis-findings"));
    let alice = material.bundle("alice");
    let redis = Redis::prepare("port @PORT@\nrequirepass secret");
    redis.server().start();
    let endpoint = format!("127.0.0.1:{}", redis.port());
    let probe = ["--probe", "redis"];
    look(&scratch, &alice, &endpoint, &probe).expect_first("SL-F650");

    redis.configure(&format!(
        "port 0\ntls-port @PORT@\ntls-cert-file {}\ntls-key-file {}\ntls-ca-cert-file {}\n",
        material.file("server.pem").display(),
        material.file("server.key").display(),
        material.file("clients.pem").display(),
    ));
    redis.server().restart();
    let good = look(&scratch, &alice, &endpoint, &probe);
    good.expect_nothing();
    let door = &good.json["reports"][0]["services"][0]["doors"][0];
    assert_eq!(door["without"]["verdict"], "refused", "{door:#}");
    assert_eq!(door["foreign"]["verdict"], "refused", "{door:#}");
    assert_eq!(door["chain"].as_array().map(Vec::len), Some(1), "{door:#}");

    // For people: one alone, and among others.
    let sealock = Sealock::in_folder(scratch.path());
    let bundle = alice.display().to_string();
    let words = [
        "check",
        "--cert-path",
        &bundle,
        &format!("redis://{endpoint}"),
    ];
    let said = run(&mut sealock.command(&words)).expect_code(0);
    for words in [
        "mutual TLS: clients must show a certificate",
        "no certificate   refused",
        "our certificate  in",
        "somebody else's  refused",
        "nothing found",
    ] {
        assert!(said.stdout.contains(words), "{words}: {said}");
    }
    let nobody = format!("tls://127.0.0.1:{}", free_port());
    let words = [&words[..], &[&nobody]].concat();
    let said = run(&mut sealock.command(&words)).expect_code(3);
    for words in ["mutual TLS", "not reached", "SL-F657", "1 of 2 endpoints"] {
        assert!(said.stdout.contains(words), "{words}: {said}");
    }
    let metrics = [&words[..], &["--format", "prometheus"]].concat();
    let said = run(&mut sealock.command(&metrics)).expect_code(3);
    let ends = format!("sealock_certificate_not_after_seconds{{place=\"redis://{endpoint}\"");
    assert!(said.stdout.contains(&ends), "{said}");
    let wrong = run(&mut sealock.command(&["check", "tls://127.0.0.1"])).expect_code(2);
    assert!(wrong.stderr.contains("no customary port"), "{wrong}");
}

#[test]
fn a_service_of_ours_that_lets_others_in_or_serves_another_certificate() {
    let stage = Stage::new();
    let _ = stage.added().expect_code(0);
    let sealock = &stage.host.sealock;
    let look = || {
        let words = ["--json", "check", "--short", "--timeout", "40"];
        Found::of(run(&mut sealock.command(&words)))
    };
    let ours = |found: &Found| -> Vec<String> {
        let codes = found.codes().into_iter();
        codes
            .filter(|code| code.as_str() >= "SL-F650" && code.as_str() < "SL-F700")
            .collect()
    };
    let good = look();
    assert_eq!(ours(&good), Vec::<String>::new(), "{good}");
    assert!(!good.codes().contains(&"SL-F805".to_owned()), "{good}");
    let door = &good.json["reports"][0]["services"][0]["doors"][0];
    assert_eq!(door["with"]["verdict"], "in", "{door:#}");

    for word in ["optional", "no"] {
        stage.configure("tls-auth-clients yes", &format!("tls-auth-clients {word}"));
        stage.redis.server().restart();
        look().expect("SL-F654");
    }

    // Somebody else's clients instead of ours.
    let strangers = Material::new();
    let theirs = |name: &str| strangers.file(name).display().to_string();
    stage.configure("/etc/redis/tls/ca.pem", &theirs("clients.pem"));
    stage.redis.server().restart();
    look().expect("SL-F656");

    // Another pair than that of its files.
    stage.configure(
        "tls-cert-file /etc/redis/tls/cert.pem\ntls-key-file /etc/redis/tls/key.pem",
        &format!(
            "tls-cert-file {}\ntls-key-file {}",
            theirs("server.pem"),
            theirs("server.key")
        ),
    );
    stage.redis.server().restart();
    look().expect("SL-F658");
    stage.redis.server().stop();
    look().expect("SL-F657");
}

/// OpenSSL's own server asks for a certificate, wants one, and looks no further when it is told nothing else.
#[test]
fn a_service_that_takes_a_certificate_of_anybody() {
    let (material, scratch) = (Material::new(), Scratch::new("anybody"));
    let alice = material.bundle("alice");
    let server = |more: &[&str]| {
        let port = free_port();
        let file = |name: &str| material.file(name).display().to_string();
        let words = ["openssl", "s_server", "-www", "-Verify", "1", "-accept"];
        let mut command: Vec<String> = words.map(str::to_owned).to_vec();
        command.push(format!("127.0.0.1:{port}"));
        for (word, name) in [
            ("-cert", "server.pem"),
            ("-key", "server.key"),
            ("-CAfile", "clients.pem"),
        ] {
            command.extend([word.to_owned(), file(name)]);
        }
        command.extend(more.iter().map(|word| (*word).to_owned()));
        let server = Server::prepare(&Spec {
            name: "s_server",
            command,
            ready: "ACCEPT",
            user: None,
            network: None,
            libraries: std::path::PathBuf::new(),
        });
        server.start();
        (server, format!("tls://127.0.0.1:{port}"))
    };
    let (_lax, endpoint) = server(&[]);
    look(&scratch, &alice, &endpoint, &[]).expect_first("SL-F655");
    let (_strict, endpoint) = server(&["-verify_return_error"]);
    look(&scratch, &alice, &endpoint, &[]).expect_nothing();
}
