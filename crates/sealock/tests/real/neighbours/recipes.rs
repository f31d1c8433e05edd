//! What the program prints for the clients of a service, run as it stands by the real clients: in with our files, out with
//! another anchor, out with another authority's certificate.

mod images;
mod pages;
mod sql;
mod stage;
mod web;

use std::path::Path;

use sealock_testkit::process::{Outcome, call, free_port};
use sealock_testkit::server::{Server, Spec};
use sealock_testkit::{Postgres, Redis, lab};
use serde_json::Value;

use self::stage::{Files, Recipe, Stage, recipe};
use super::probes::{mariadb_data, mariadb_words};

/// A program of the tests' own folder.
fn helper(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/real/neighbours/recipes")
        .join(name)
}

/// A server written in Python, with the files of a service of this name.
fn python_server(name: &'static str, port: u16, folder: &Path) -> Server {
    let file = |file: &str| folder.join(file).display().to_string();
    let script = helper(&format!("{name}.py")).display().to_string();
    let port = port.to_string();
    let server = Server::prepare(&Spec {
        name,
        command: [
            "/usr/bin/python3",
            &script,
            &port,
            &file("cert.pem"),
            &file("key.pem"),
            &file("ca.pem"),
            // By this the test finds what it started.
            "@FOLDER@",
        ]
        .map(str::to_owned)
        .to_vec(),
        ready: "serving",
        user: None,
        network: None,
        libraries: lab().neighbour_libraries(),
    });
    server.start();
    server
}

/// A recipe, and how it is run.
struct Trial<'a> {
    word: &'static str,
    /// What is said when it got in.
    good: &'static str,
    /// Whether it hears that it was refused: some show no certificate, and some do not wait for the answer.
    hears: bool,
    /// Whether it looks at the name in the server's certificate.
    reads_names: bool,
    run: Run<'a>,
}

/// What runs a recipe in a folder, which was filled in with these files.
type Run<'a> = Box<dyn Fn(&Recipe, &Path, Files) -> Outcome + 'a>;

impl<'a> Trial<'a> {
    fn new(
        word: &'static str,
        good: &'static str,
        run: impl Fn(&Recipe, &Path, Files) -> Outcome + 'a,
    ) -> Self {
        Self {
            word,
            good,
            hears: true,
            reads_names: true,
            run: Box::new(run),
        }
    }

    fn shows_nothing(mut self) -> Self {
        self.hears = false;
        self
    }

    fn takes_any_name(mut self) -> Self {
        self.reads_names = false;
        self
    }

    fn with(&self, stage: &Stage, service: &str, files: Files) -> Outcome {
        let found = recipe(&stage.shown(service, files), self.word);
        (self.run)(&found, &stage.work(), files)
    }
}

/// Each recipe lets alice in with our files; with another anchor the client turns away, and with the certificate of another
/// authority the server does. Then the server has a certificate of ours for another name, and nobody believes in it.
#[track_caller]
fn try_all(stage: &Stage, service: &str, trials: &[Trial<'_>], take_up: impl FnOnce()) {
    for trial in trials {
        let (word, good) = (trial.word, trial.good);
        let said = trial.with(stage, service, Files::Ours);
        let words = format!("{}{}", said.stdout, said.stderr);
        assert!(said.code == 0 && words.contains(good), "{word}: {said}");

        let said = trial.with(stage, service, Files::Deceived);
        assert!(
            said.code != 0 && !said.stdout.contains(good),
            "{word}, another anchor: {said}"
        );
        let words = format!("{}{}", said.stdout, said.stderr);
        // FreeTDS has one sentence for everything.
        let blames = [
            "ertificate",
            "PKIX",
            "verify",
            "Unable to connect",
            "connection failed",
        ];
        assert!(
            blames.iter().any(|blame| words.contains(blame)),
            "{word}, another anchor: {said}"
        );
        if trial.hears {
            let said = trial.with(stage, service, Files::Foreign);
            assert!(
                said.code != 0 && !said.stdout.contains(good),
                "{word}, another authority's alice: {said}"
            );
        }
    }
    stage.misname(service);
    take_up();
    for trial in trials {
        let (word, good) = (trial.word, trial.good);
        let said = trial.with(stage, service, Files::Ours);
        let is_in = said.code == 0 && said.stdout.contains(good);
        assert_eq!(is_in, !trial.reads_names, "{word}, another name: {said}");
    }
}

#[test]
fn postgres() {
    let stage = Stage::new();
    let postgres = Postgres::prepare();
    let folder = stage.service(
        "pg",
        postgres.port(),
        "kind = \"postgres\"\nca = \"@CA@\"\nconfig = \"@FOLDER@/sealock.conf\"",
    );
    let names = ["cert.pem", "key.pem", "ca.pem"];
    let place = |name: &str| postgres.server().join(name).display().to_string();
    let install = || {
        for name in names {
            let from = folder.join(name).display().to_string();
            let owner = ["-o", Postgres::USER, "-m", "600"];
            let _ = call("install", &[&owner[..], &[&from, &place(name)]].concat()).ok();
        }
    };
    install();
    let settings = ["ssl_cert_file", "ssl_key_file", "ssl_ca_file"];
    let settings = settings.iter().zip(names);
    let settings: String = settings
        .map(|(setting, name)| format!("{setting} = '{}'\n", place(name)))
        .collect();
    postgres.configure(&format!("ssl = on\n{settings}"));
    postgres.hba("hostssl all all 127.0.0.1/32 cert clientcert=verify-full\n");
    postgres.server().start();
    let _ = postgres.sql("create role alice login").ok();
    let statement = "select 'in as ' || current_user;\n";

    let classes = web::classes(&stage);
    let key = recipe(&stage.shown("pg", Files::Ours), "postgres-jdbc-key");
    let jar = lab().clients("usr/share/java/postgresql.jar");
    let trials = [
        Trial::new("psql", "in as alice", |one, work, _| {
            stage.sh(work, &one.text, statement)
        }),
        Trial::new("libpq-environment", "in as alice", |one, work, _| {
            let psql = format!("{}\npsql --no-psqlrc -At", one.text);
            stage.sh(work, &psql, statement)
        }),
        Trial::new("postgres-jdbc", "in as alice", |one, work, _| {
            assert_eq!(one.form, "connection string");
            let java = format!(
                "{}\njava -cp {}:{} Query '{}' \"select 'in as ' || current_user\"",
                key.text,
                classes.display(),
                jar.display(),
                one.text
            );
            stage.sh(work, &java, "")
        })
        .shows_nothing(),
        openssl(&stage),
    ];
    try_all(&stage, "pg", &trials, || {
        install();
        postgres.server().restart();
    });
}

#[test]
fn redis() {
    let stage = Stage::new();
    let redis = Redis::prepare("");
    let folder = stage.service(
        "cache",
        redis.port(),
        "kind = \"template\"\nprobe = \"redis\"\nca = \"@CA@\"",
    );
    let file = |name: &str| folder.join(name).display().to_string();
    redis.configure(&format!(
        "port 0\ntls-port @PORT@\ntls-cert-file {}\ntls-key-file {}\ntls-ca-cert-file {}\ntls-auth-clients yes\n",
        file("cert.pem"),
        file("key.pem"),
        file("ca.pem")
    ));
    redis.server().start();
    let trials = [
        Trial::new("redis-cli", "PONG", |one, work, _| {
            stage.sh(work, &format!("{} ping", one.text), "")
        })
        .takes_any_name(),
        Trial::new("redis-py", "answer True", |one, work, _| {
            let more = "print('answer', connection.ping())";
            stage.program(work, one, more, "drivers-python", "")
        }),
        openssl(&stage),
    ];
    let page = stage.page("cache");
    try_all(&stage, "cache", &trials, || {
        how_it_stands(&stage, &page);
        redis.server().restart();
    });
    how_it_falls(&stage, &redis);
}

/// What openssl says when it knows the server; it may be gone before the server has looked at the client.
fn openssl(stage: &Stage) -> Trial<'_> {
    Trial::new("openssl", "Verify return code: 0 (ok)", |one, work, _| {
        stage.sh(work, &one.text, "")
    })
    .shows_nothing()
}

/// The page of a service tells what is there now, and no secret.
fn how_it_stands(stage: &Stage, page: &str) {
    for words in [
        "service      cache, template",
        "names        127.0.0.1, localhost",
        "valid until 20",
        "key, mode 0600, owner 0:0",
        "anchors of clients, mode 0644",
        "clients need certificates",
        "serves this certificate, TLS 1.3",
        "How alice connects",
        "redis-cli --tls",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let key = std::fs::read_to_string(stage.alice().join("key.pem")).unwrap();
    let secret = key.lines().nth(1).unwrap();
    assert!(!page.contains(secret), "{page}");
    // What is on the disk by now is not what is served.
    let shown = stage.shown("cache", Files::Ours);
    let door = shown["doors"][0]["now"].as_str().unwrap();
    assert_eq!(door, "serves another certificate, TLS 1.3");
    assert_eq!(shown["certificate"]["due"], false);
    let path = |name: &str| Value::from(stage.alice().join(name).display().to_string());
    for (what, name) in [("ca", "ca.pem"), ("cert", "cert.pem"), ("key", "key.pem")] {
        assert_eq!(shown["client"][what], path(name));
    }
}

/// The same of what is missing, and what cannot be shown.
fn how_it_falls(stage: &Stage, redis: &Redis) {
    redis.server().stop();
    std::fs::remove_file(stage.path("cache/key.pem")).unwrap();
    let page = stage.page("cache");
    for words in ["nobody answers", "key, missing"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    for (words, code) in [
        (&["service", "show", "cash"][..], "SL-U126"),
        (
            &["service", "show", "cache", "--client", "carol"],
            "SL-U009",
        ),
        (&["service", "show", "cache", "--files", "/a\nb"], "SL-U007"),
    ] {
        let said = stage.sealock().run(words);
        assert!(said.code != 0 && said.stderr.contains(code), "{said}");
    }
}

/// Before there is a vault and anybody to come: the names of files stand for themselves.
#[test]
fn a_service_that_is_only_written_down() {
    let scratch = sealock_testkit::Scratch::new("bare");
    let sealock = crate::common::Sealock::in_folder(scratch.path());
    let table = "version = 1\n[authority]\nname = \"bare\"\n[daemon]\nlisten = [\"127.0.0.1:2376\"]\nnames = [\"localhost\"]\n\
                 [[service]]\nname = \"web\"\nkind = \"template\"\nnames = [\"*.example.org\"]\naddress = \"127.0.0.1:1\"\n\
                 probe = \"https\"\ncert = \"/nowhere/cert.pem\"\nkey = \"/nowhere/key.pem\"\nca = \"/nowhere/ca.pem\"\n";
    std::fs::write(sealock.config(), table).unwrap();
    let page = sealock.run(&["service", "show", "web"]).ok();
    for words in [
        "certificate  none of ours",
        "/nowhere/key.pem  key, missing",
        "nobody answers",
        "sealock client add NAME",
        "curl --cacert ca.pem --cert cert.pem --key key.pem https://",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let shown = sealock.run(&["--json", "service", "show", "web"]).ok();
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["client"], Value::Null);
    assert!(!scratch.join("home").exists(), "looking makes nothing");
}

#[test]
fn mariadb() {
    let stage = Stage::new();
    let port = free_port();
    let folder = stage.service(
        "orders",
        port,
        "kind = \"template\"\nprobe = \"mysql\"\nca = \"@CA@\"",
    );
    let data = mariadb_data();
    let mut command = mariadb_words(&data);
    command.push(format!("--port={port}"));
    command.push("--socket=@FOLDER@/socket".to_owned());
    command.push("--pid-file=@FOLDER@/own-pid".to_owned());
    for (word, name) in [("cert", "cert.pem"), ("key", "key.pem"), ("ca", "ca.pem")] {
        command.push(format!("--ssl-{word}={}", folder.join(name).display()));
    }
    let server = Server::prepare(&Spec {
        name: "mariadb",
        command,
        ready: "ready for connections",
        user: None,
        network: None,
        libraries: lab().neighbour_libraries(),
    });
    server.start();
    let trials = [
        Trial::new("mariadb", "in as alice", |one, work, _| {
            stage.sh(work, &one.text, "select concat('in as ', user());\n")
        }),
        openssl(&stage),
    ];
    try_all(&stage, "orders", &trials, || server.restart());
}

#[test]
fn amqp() {
    let stage = Stage::new();
    let port = free_port();
    let folder = stage.service(
        "queue",
        port,
        "kind = \"template\"\nprobe = \"amqp\"\nca = \"@CA@\"",
    );
    let server = python_server("amqp", port, &folder);
    let trials = [
        Trial::new("pika", "open True", |one, work, _| {
            let more = "print('open', connection.is_open)\nconnection.close()";
            stage.program(work, one, more, "drivers-python", "")
        }),
        openssl(&stage),
    ];
    try_all(&stage, "queue", &trials, || server.restart());
}
