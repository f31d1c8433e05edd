//! SQLPad 3.1.0, the real one, and a real browser: https with our certificate, and behind the gateway with a client
//! certificate. What the variables of another generation do, and what `check` says of it.
//!
//! The pictures that the browser takes lie in `target/sqlpad`.

mod behind;
mod wrong;

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use sealock_testkit::lab::Version;
use sealock_testkit::process::{Outcome, run};
use sealock_testkit::{Browser, Sqlpad, lab};
use serde_json::{Value, json};

use super::material::now;
use crate::common::{Host, report};

/// The page with what is shown here.
const PAGE: &str = include_str!("../../../../../docs/services/sqlpad.md");

const SECRET: &str = "of-google-and-the-test";
/// Below which path it is asked.
const BASE: &str = "/pad";

/// Where a picture goes; it is there when the browser has taken it.
fn picture(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .unwrap()
        .join("sqlpad");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    let _ = fs::remove_file(&path);
    path
}

/// Width and height of a PNG, and its size in bytes.
fn drawn(path: &Path) -> (u32, u32, usize) {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(
        bytes.starts_with(b"\x89PNG\r\n\x1a\n"),
        "{}",
        path.display()
    );
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    (number(16), number(20), bytes.len())
}

/// curl that trusts this anchor and nobody else.
fn curl(ca: Option<&Path>, words: &[&str]) -> Outcome {
    let mut curl = Command::new("curl");
    curl.env_clear().env("PATH", "/usr/bin:/bin").args([
        "-sS",
        "--noproxy",
        "*",
        "--max-time",
        "60",
    ]);
    if let Some(ca) = ca {
        curl.args(["--capath", "/nowhere", "--cacert"]).arg(ca);
    }
    run(curl.args(words))
}

fn json_of(said: Outcome) -> Value {
    let said = said.ok();
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
}

/// A host behind mutual TLS, with a SQLPad beside it that does not run yet.
struct Stage {
    host: Host,
    sqlpad: Sqlpad,
}

impl Stage {
    fn new() -> Self {
        let host = Host::new(Version::V28);
        let _ = host.up(&[]).expect_code(0);
        Self {
            host,
            sqlpad: Sqlpad::prepare(),
        }
    }

    fn add(&self, generation: &str, more: &str) {
        let path = self.host.sealock.config();
        let before = fs::read_to_string(&path).unwrap();
        let table = self.sqlpad.table("sqlpad", generation, more);
        fs::write(&path, before + &table).unwrap();
    }

    fn sealock(&self, words: &[&str]) -> Outcome {
        self.host.sealock.run(&[&["--yes"], words].concat())
    }

    /// The anchor that servers' certificates lead to, as a client has it.
    fn ca(&self) -> PathBuf {
        self.host.client("alice").join("ca.pem")
    }

    fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.sqlpad.port())
    }
}

#[test]
fn https_with_our_certificate_in_a_browser_that_trusts_our_anchor() {
    let stage = Stage::new();
    let public = stage.url("");
    stage.sqlpad.configure(&format!(
        "{}GOOGLE_CLIENT_SECRET={SECRET}\n",
        Sqlpad::SETTINGS
    ));
    stage.add(
        "3",
        &format!(
            "public-url = \"{public}\"\ngoogle-client-id = \"of-the-test\"\nallowed-domains = [\"example.org\", \"example.net\"]\n\
             session-minutes = 30\ncookie-name = \"pad.sid\"\nbase-url = \"{BASE}\"\n"
        ),
    );
    let planned = stage.sealock(&["plan"]).expect_code(3);
    let callback = format!("# Google must know {public}{BASE}/auth/google/callback");
    for words in [
        &*callback,
        "KEY_PATH=",
        "WHITELISTED_DOMAINS=example.org example.net",
    ] {
        assert!(planned.stderr.contains(words), "{words}: {planned}");
    }
    let _ = stage.sealock(&["apply"]).expect_code(0);
    let key = fs::metadata(stage.sqlpad.server().join("tls/key.pem")).unwrap();
    let games = sealock_testkit::process::call("id", &["-u", Sqlpad::USER]).ok();
    assert_eq!(
        (key.mode() & 0o7777, key.uid().to_string()),
        (0o600, games.trim().to_owned())
    );

    compose_reads_it_alike(&stage);
    nobody_but_our_anchor_and_no_clear_text(&stage);
    what_the_page_says_of_settings(&stage, &public);
    in_a_browser(&stage);

    // A renewal starts it anew, and what it serves then is the new one.
    let (pid, before) = (
        stage.sqlpad.server().pid(),
        fs::read(stage.sqlpad.server().join("tls/cert.pem")).unwrap(),
    );
    let _ = stage.sealock(&["renew", "sqlpad"]).expect_code(0);
    assert_ne!(stage.sqlpad.server().pid(), pid);
    assert_ne!(
        fs::read(stage.sqlpad.server().join("tls/cert.pem")).unwrap(),
        before
    );
    nobody_but_our_anchor_and_no_clear_text(&stage);
    let _ = stage.sealock(&["plan"]).expect_code(0);

    // A setting that is changed, by a restart too: nobody comes in by a password any more.
    let path = stage.host.sealock.config();
    let text = fs::read_to_string(&path).unwrap() + "userpass-disabled = true\n";
    fs::write(&path, text).unwrap();
    let _ = stage.sealock(&["apply"]).expect_code(0);
    let app = stage.url(&format!("{BASE}/api/app"));
    let app = json_of(curl(Some(&stage.ca()), &[&app]));
    assert_eq!(app["config"]["localAuthConfigured"], false);
    stage.host.lives();
}

/// The page's compose file with this environment file: what systemd makes of it is what the process has, and compose makes
/// the same of it.
fn compose_reads_it_alike(stage: &Stage) {
    let (_, rest) = PAGE
        .split_once("<!-- compose.yaml -->\n```yaml\n")
        .expect("a block");
    let (block, _) = rest.split_once("```").expect("its end");
    let ours = stage.sqlpad.environment();
    let text = block
        .replace("/srv/sqlpad/sealock.env", &ours.display().to_string())
        .replace(
            "/srv/sqlpad/secrets.env",
            &stage
                .sqlpad
                .server()
                .join("settings.env")
                .display()
                .to_string(),
        );
    let file = stage.sqlpad.server().write("compose.yaml", text);
    let mut compose = Command::new(lab().docker_plugins().join("docker-compose"));
    compose
        .env_clear()
        .env("HOME", stage.sqlpad.server().folder())
        .arg("--file")
        .arg(file)
        .args(["config", "--format", "json"]);
    let value = json_of(run(&mut compose));
    let environment = &value["services"]["sqlpad"]["environment"];
    let pid = stage.sqlpad.server().pid().unwrap();
    let process = fs::read_to_string(format!("/proc/{pid}/environ")).unwrap();
    for line in fs::read_to_string(ours).unwrap().lines() {
        if line.starts_with('#') {
            continue;
        }
        let (name, wanted) = line.split_once('=').unwrap();
        assert_eq!(environment[name], wanted, "{name}");
        assert!(process.split('\0').any(|one| one == line), "{line}");
    }
    assert_eq!(
        environment["WHITELISTED_DOMAINS"],
        "example.org example.net"
    );
}

fn nobody_but_our_anchor_and_no_clear_text(stage: &Stage) {
    let page = curl(Some(&stage.ca()), &[&stage.url("/")]).ok();
    assert!(page.contains("<title>SQLPad</title>"), "{page}");
    let stranger = curl(None, &[&stage.url("/")]);
    assert_eq!(stranger.code, 60, "{stranger}");
    let clear = curl(None, &[&stage.url("/").replace("https", "http")]);
    assert!(
        clear.code != 0 && clear.stdout.is_empty(),
        "plain HTTP is refused: {clear}"
    );
}

/// What docs/services/sqlpad.md says of settings, asked of SQLPad itself.
fn what_the_page_says_of_settings(stage: &Stage, public: &str) {
    let ca = stage.ca();
    let app = json_of(curl(Some(&ca), &[&stage.url(&format!("{BASE}/api/app"))]));
    assert_eq!(app["config"]["baseUrl"], BASE);
    assert_eq!(app["version"], "3.1.0");
    assert_eq!(app["config"]["publicUrl"], *public);
    // It means to say "yes" here.
    assert_eq!(app["config"]["googleAuthConfigured"], SECRET);

    let google = curl(
        Some(&ca),
        &["-D", "-", &stage.url(&format!("{BASE}/auth/google"))],
    )
    .ok();
    let callback = format!("{public}{BASE}/auth/google/callback")
        .replace(':', "%3A")
        .replace('/', "%2F");
    assert!(
        google.contains("302 Found")
            && google.contains("ocation: https://accounts.google.com/")
            && google.contains(&format!("redirect_uri={callback}")),
        "{google}"
    );

    let jar = stage.sqlpad.server().join("cookies").display().to_string();
    let before = now().as_unix();
    let sign_up = |email: &str| {
        let body =
            json!({"email": email, "password": "pass-word", "passwordConfirmation": "pass-word"});
        let words = [
            "-c",
            &jar,
            "-D",
            "-",
            "-H",
            "Content-Type: application/json",
            "-d",
        ];
        let url = stage.url(&format!("{BASE}/api/signup"));
        curl(
            Some(&ca),
            &[&words[..], &[&body.to_string(), &url]].concat(),
        )
        .ok()
    };
    let stranger = sign_up("eve@example.com");
    assert!(stranger.contains("not whitelisted"), "{stranger}");
    let colleague = sign_up("bob@example.net");
    assert!(
        colleague.contains("200 OK") && colleague.contains("et-Cookie: pad.sid="),
        "{colleague}"
    );
    let jar = fs::read_to_string(&jar).unwrap();
    let ends = jar.lines().find(|line| line.contains("pad.sid"));
    let ends: i64 = ends.unwrap().split('\t').nth(4).unwrap().parse().unwrap();
    // Half of what it is by itself; a machine may be slow for ten minutes.
    assert!((1790..2400).contains(&(ends - before)), "{jar}");
    // This generation has no way to mark it as one for https alone.
    assert!(
        colleague.contains("HttpOnly") && !colleague.contains("Secure"),
        "{colleague}"
    );
}

fn in_a_browser(stage: &Stage) {
    let (url, shot) = (stage.url(&format!("{BASE}/")), picture("sign-in.png"));
    let browser = Browser::new();
    let told = browser.run(&[json!({"open": url})]);
    let error = told[0]["error"].as_str().unwrap_or_default();
    assert!(error.contains("ERR_CERT_AUTHORITY_INVALID"), "{told:?}");

    browser.trust(&stage.ca());
    let clear = url.replace("https", "http");
    let told = browser.run(&[json!({"open": url, "shot": shot}), json!({"open": clear})]);
    assert_eq!(told[0]["status"], 200, "{told:?}");
    assert_eq!(told[0]["title"], "SQLPad - Sign In", "{told:?}");
    assert_eq!(told[0]["inputs"], json!(["email", "password"]), "{told:?}");
    assert_eq!(told[0]["protocol"], "TLS 1.3", "{told:?}");
    assert!(
        told[0]["issuer"].as_str().unwrap().contains("server"),
        "{told:?}"
    );
    let error = told[1]["error"].as_str().unwrap_or_default();
    assert!(error.contains("net::ERR_EMPTY_RESPONSE"), "{told:?}");
    let (width, height, bytes) = drawn(&shot);
    assert_eq!((width, height), (1000, 420));
    // An empty page of this size has 2 kB.
    assert!(bytes > 6_000, "{bytes}");
    report(&format!("SQLPad's page: {}, {bytes} bytes", shot.display()));
}
