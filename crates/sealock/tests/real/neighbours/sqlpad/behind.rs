//! SQLPad behind the gateway: a client certificate in the browser, and the name in a header.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sealock_testkit::process::{Outcome, call, end, free_port, wait_for};
use sealock_testkit::{Browser, Postgres, Scratch, Sqlpad, lab};
use serde_json::{Value, json};

use super::{curl, drawn, json_of, picture};
use crate::common::{Sealock, report};
use crate::gateway::running::Gateway;

const HEADER: &str = "X-WEBAUTH-EMAIL";
const HOP: &str = include_str!("hop.js");

/// SQLPad on loopback in clear text, what writes down headers in front of it, and the gateway in front of that.
struct Behind {
    // They end in this order.
    gateway: Gateway,
    _hop: Hop,
    sqlpad: Sqlpad,
    postgres: Postgres,
    scratch: Scratch,
}

struct Hop(Child);

impl Drop for Hop {
    fn drop(&mut self) {
        end(self.0.id(), Duration::from_secs(3));
        let _ = self.0.wait();
    }
}

impl Behind {
    fn start() -> Self {
        let scratch = Scratch::new("behind");
        let sealock = Sealock::in_folder(scratch.path());
        let at = |name: &str| scratch.join(name).display().to_string();
        let pass = scratch.write("passphrase", "between-two-files\n");
        let issue = |names: &[&str], profile: &str, files: [&str; 2], more: &[&str]| {
            let files = files.map(at);
            let words = [
                &["--yes", "cert", "issue"],
                names,
                &[
                    "--profile",
                    profile,
                    "--cert",
                    &files[0],
                    "--key",
                    &files[1],
                ],
                more,
            ];
            let _ = sealock.run(&words.concat()).expect_code(0);
        };
        let _ = sealock.run(&["--yes", "ca", "create"]).expect_code(0);
        issue(
            &["localhost", "127.0.0.1"],
            "server",
            ["server-cert.pem", "server-key.pem"],
            &[],
        );
        let source = format!("file:{}", pass.display());
        for who in ["alice", "mallory"] {
            let (cert, key) = (format!("{who}.pem"), format!("{who}.key"));
            let archive = at(&format!("{who}.p12"));
            let email = format!("email:{who}@example.org");
            issue(
                &[who, &email],
                "client",
                [&cert, &key],
                &["--p12", &archive, "--p12-passphrase", &source],
            );
        }
        issue(&["reader"], "client", ["reader.pem", "reader.key"], &[]);
        scratch.write("ca.pem", sealock.run(&["ca", "export", "client"]).ok());
        scratch.write("trust.pem", sealock.run(&["ca", "export", "server"]).ok());

        let sqlpad = Sqlpad::prepare();
        let (front, middle) = (free_port(), free_port());
        sqlpad.configure(&format!(
            "{}PUBLIC_URL=https://localhost:{front}\n",
            Sqlpad::SETTINGS
        ));
        for name in ["reader.pem", "reader.key", "trust.pem"] {
            let copy = sqlpad
                .server()
                .write(name, fs::read(scratch.join(name)).unwrap());
            let _ = call("chown", &[Sqlpad::USER, &copy.display().to_string()]).ok();
        }
        sqlpad.server().start();
        let postgres = Self::database(&scratch);
        let hop = Self::hop(&scratch, middle, sqlpad.port());
        let folder = scratch.path().display();
        let gateway = Gateway::with_config(
            scratch.path(),
            front,
            &format!(
                "version = 1\n[gateway]\ncertificates = \"{folder}\"\ncontrol = \"{folder}/control\"\n\
                 [gateway.audit]\npath = \"{folder}/audit.jsonl\"\n\
                 [[gateway.web]]\nname = \"sqlpad\"\nlisten = \"127.0.0.1:{front}\"\nupstream = \"127.0.0.1:{middle}\"\n\
                 allow = [\"email:alice@example.org\"]\nheader = \"{HEADER}=email\"\n"
            ),
        );
        Self {
            gateway,
            _hop: hop,
            sqlpad,
            postgres,
            scratch,
        }
    }

    /// A database with a user who may read one table and who comes with a certificate or not at all.
    fn database(scratch: &Scratch) -> Postgres {
        let postgres = Postgres::prepare();
        let place = |name: &str, from: &str| {
            let copy = postgres
                .server()
                .write(name, fs::read(scratch.join(from)).unwrap());
            let copy = copy.display().to_string();
            let _ = call("chown", &[Postgres::USER, &copy]).ok();
            let _ = call("chmod", &["600", &copy]).ok();
            copy
        };
        postgres.configure(&format!(
            "ssl = on\nssl_cert_file = '{}'\nssl_key_file = '{}'\nssl_ca_file = '{}'\n",
            place("tls/cert.pem", "server-cert.pem"),
            place("tls/key.pem", "server-key.pem"),
            place("tls/ca.pem", "ca.pem"),
        ));
        postgres.hba("hostssl all all 127.0.0.1/32 cert clientcert=verify-full\n");
        postgres.server().start();
        let made = "create table locks (name text); insert into locks values ('Foxton'); \
                    create role reader login; grant select on locks to reader";
        let _ = postgres.sql(made).ok();
        postgres
    }

    fn hop(scratch: &Scratch, port: u16, upstream: u16) -> Hop {
        let script = scratch.write("hop.js", HOP);
        let log = fs::File::create(scratch.join("hop.log")).unwrap();
        let child = Command::new(lab().node())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .arg(script)
            .args([port, upstream].map(|port| port.to_string()))
            .arg(scratch.join("requests"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let hop = Hop(child);
        wait_for("the hop", Duration::from_secs(60), || {
            fs::read_to_string(scratch.join("hop.log")).is_ok_and(|log| log.contains("passes on"))
        });
        hop
    }

    fn file(&self, name: &str) -> PathBuf {
        self.scratch.join(name)
    }

    fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.gateway.port)
    }

    /// curl with the certificate of somebody, or without one.
    fn curl(&self, who: Option<&str>, words: &[&str]) -> Outcome {
        let files = who.map(|who| {
            [".pem", ".key"].map(|end| self.file(&format!("{who}{end}")).display().to_string())
        });
        let mut all: Vec<&str> = Vec::new();
        if let Some([cert, key]) = &files {
            all.extend(["--cert", cert, "--key", key]);
        }
        all.extend(words);
        curl(Some(&self.file("trust.pem")), &all)
    }

    /// The headers of this name of every request to `url` that has come through.
    fn arrived(&self, url: &str, name: &str) -> Vec<Vec<String>> {
        let text = fs::read_to_string(self.file("requests")).unwrap_or_default();
        let requests = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        requests
            .filter(|request| request["url"] == url)
            .map(|request| {
                let raw: Vec<String> = serde_json::from_value(request["headers"].clone()).unwrap();
                raw.chunks(2)
                    .filter(|pair| pair[0].eq_ignore_ascii_case(name))
                    .map(|pair| pair[1].clone())
                    .collect()
            })
            .collect()
    }
}

#[test]
fn behind_the_gateway_with_a_client_certificate() {
    let behind = Behind::start();
    in_a_browser(&behind);

    // Without one, and with one that is not on the list, nothing comes through.
    let before = fs::read(behind.file("requests")).unwrap();
    let none = behind.curl(None, &[&behind.url("/")]);
    assert!(none.code != 0 && none.stdout.is_empty(), "{none}");
    let mallory = behind.curl(Some("mallory"), &["-w", "%{http_code}", &behind.url("/")]);
    assert!(mallory.ok().ends_with("403"));
    let clear = behind.url("/").replace("https", "http");
    let clear = curl(None, &["-w", "%{http_code}", &clear]).ok();
    assert!(
        clear.ends_with("400") && clear.contains("to an HTTPS server"),
        "{clear}"
    );
    assert_eq!(fs::read(behind.file("requests")).unwrap(), before);

    // A header from outside is taken off, however it is spelled; what arrives is the name in the certificate.
    for (number, forged) in [
        "X-WEBAUTH-EMAIL: admin@example.org",
        "x_webauth_email: admin@example.org",
        "X-Webauth.Email: admin@example.org",
    ]
    .iter()
    .enumerate()
    {
        let path = format!("/api/app?{number}");
        let said = behind.curl(Some("alice"), &["-H", forged, &behind.url(&path)]);
        assert!(said.ok().contains("\"version\":\"3.1.0\""));
        assert_eq!(
            behind.arrived(&path, HEADER),
            [["alice@example.org".to_owned()]]
        );
        for spelled in ["x_webauth_email", "X-Webauth.Email"] {
            assert_eq!(behind.arrived(&path, spelled), [[""; 0]], "{forged}");
        }
    }
}

/// Signs up as the administrator, and gives him a connection to the database whose user may only read. It is what the page
/// asks for: what he sends to change something is refused by the database.
fn a_connection_that_may_only_read(behind: &Behind) {
    let jar = behind.file("cookies").display().to_string();
    let post = |path: &str, body: &Value| {
        let (url, body) = (behind.url(path), body.to_string());
        let words = [
            "-c",
            &jar,
            "-b",
            &jar,
            "-H",
            "Content-Type: application/json",
        ];
        behind.curl(Some("alice"), &[&words[..], &["-d", &body, &url]].concat())
    };
    let mut admin = user();
    admin["passwordConfirmation"] = admin["password"].clone();
    assert_eq!(json_of(post("/api/signup", &admin)), json!({}));
    let folder = behind.sqlpad.server().folder().display();
    let connection = json!({
        "name": "Reading", "driver": "postgres", "host": "localhost", "port": behind.postgres.port().to_string(),
        "database": "postgres", "username": "reader", "postgresSsl": true,
        "postgresCert": format!("{folder}/reader.pem"), "postgresKey": format!("{folder}/reader.key"),
        "postgresCA": format!("{folder}/trust.pem"),
    });
    let made = json_of(post("/api/connections", &connection));
    let id = made["connection"]["_id"]
        .as_str()
        .unwrap_or_else(|| panic!("{made}"));
    let ask = |text: &str| {
        let query =
            json!({"connectionId": id, "cacheKey": "test", "queryName": "test", "queryText": text});
        json_of(post("/api/query-result", &query))
    };
    let read = ask("select name from locks");
    assert_eq!(read["queryResult"]["rows"][0]["name"], "Foxton", "{read}");
    for change in [
        "insert into locks values ('Tuel Lane')",
        "create table more (name text)",
    ] {
        let refused = ask(change);
        let why = refused["error"].as_str().unwrap_or_default();
        assert!(why.contains("permission denied"), "{refused}");
    }
}

fn user() -> Value {
    json!({"email": Sqlpad::ADMIN, "password": "pass-word"})
}

fn in_a_browser(behind: &Behind) {
    const QUERY: &str = "SELECT current_user AS \"user\", version AS tls, cipher, client_dn AS certificate\n\
         FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let browser = Browser::new();
    let url = behind.url("/");
    browser.trust(&behind.file("trust.pem"));
    // It has none to show.
    let told = browser.run(&[json!({"open": url})]);
    let error = told[0]["error"].as_str().unwrap_or_default();
    assert!(error.contains("net::ERR_"), "{told:?}");
    assert!(!behind.file("requests").exists(), "it came through");
    a_connection_that_may_only_read(behind);

    browser.import(&behind.file("alice.p12"), &behind.file("passphrase"));
    browser.shows_its_certificate_to(&[url.trim_end_matches('/')]);
    let shot = picture("editor.png");
    let told = browser.run(&[
        json!({"open": url, "headers": {HEADER: "admin@example.org"}}),
        json!({"fill": user(), "click": "Sign in", "wait": "/queries"}),
        json!({"open": behind.url("/queries/new"), "type": {"into": ".ace_content", "text": QUERY}, "click": "Run",
               "see": "CN=reader", "shot": shot}),
    ]);
    assert_eq!(told[0]["title"], "SQLPad - Sign In", "{told:?}");
    assert_eq!(told[2]["error"], Value::Null, "{told:?}");
    let text = told[2]["text"].as_str().unwrap_or_default();
    assert!(text.contains("TLSv1.3"), "{told:?}");
    let arrived = behind.arrived("/", HEADER);
    assert!(!arrived.is_empty(), "{told:?}");
    assert!(
        arrived.iter().all(|one| *one == ["alice@example.org"]),
        "{arrived:?}"
    );
    let (width, height, bytes) = drawn(&shot);
    assert!((width, height) == (1000, 420) && bytes > 10_000, "{bytes}");
    report(&format!(
        "SQLPad behind the gateway: {}, {bytes} bytes",
        shot.display()
    ));
}
