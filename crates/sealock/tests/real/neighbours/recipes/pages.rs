//! The commands of docs/clients, run as they stand there.

use std::fs;
use std::path::{Path, PathBuf};

use sealock_testkit::Browser;
use sealock_testkit::process::Outcome;
use serde_json::json;

use super::stage::{Files, Stage};
use super::web::{HELLO, serve};

const CURL: &str = include_str!("../../../../../../docs/clients/curl.md");
const BROWSERS: &str = include_str!("../../../../../../docs/clients/browsers.md");
const SYSTEM: &str = include_str!("../../../../../../docs/clients/system.md");

/// A block of a page.
pub(super) fn block(page: &str, name: &str) -> String {
    let (_, rest) = page
        .split_once(&format!("<!-- {name} -->\n```\n"))
        .expect(name);
    rest.split_once("\n```").expect("its end").0.to_owned()
}

/// A web server, and folders with the three files and a PKCS#12 file made of them by the page.
struct Desk {
    stage: Stage,
    url: String,
    _server: sealock_testkit::Server,
}

impl Desk {
    fn new() -> Self {
        let stage = Stage::new();
        let (server, url) = serve(&stage);
        Self {
            stage,
            url,
            _server: server,
        }
    }

    fn folder(&self, files: Files) -> PathBuf {
        let from = match files {
            Files::Ours => self.stage.alice(),
            Files::Deceived => self.stage.path("deceived"),
            Files::Foreign => self.stage.path("foreign"),
        };
        let work = self.stage.work();
        for name in ["ca.pem", "cert.pem", "key.pem"] {
            fs::copy(from.join(name), work.join(name)).unwrap();
        }
        fs::write(work.join("passphrase"), "secret").unwrap();
        let made = self.run(&work, &block(BROWSERS, "pkcs12"), "secret\nsecret\n");
        let _ = made.expect_code(0);
        work
    }

    fn run(&self, work: &Path, text: &str, input: &str) -> Outcome {
        let text = text.replace("https://web.example.org:8443/", &self.url);
        self.stage.sh(work, &text, input)
    }
}

#[test]
fn curl_by_its_page() {
    let desk = Desk::new();
    for files in [Files::Ours, Files::Deceived, Files::Foreign] {
        let work = desk.folder(files);
        for name in ["curl", "curlrc", "curl-p12"] {
            let text = block(CURL, name);
            assert!(text.contains("https://web.example.org:8443/"), "{text}");
            let said = desk.run(&work, &text, "");
            let is_in = said.code == 0 && said.stdout.contains(HELLO);
            assert_eq!(is_in, files == Files::Ours, "{name} {files:?}: {said}");
        }
    }
}

/// NSS's own client uses the database as a browser does: it shows what the page put there, and trusts what the page says.
#[test]
fn browsers_by_their_page() {
    let desk = Desk::new();
    let port = desk.url.trim_end_matches('/').rsplit(':').next().unwrap();
    let visit = |work: &Path| {
        let get = format!(
            "tstclnt -4 -h localhost -p {port} -d sql:$HOME/.pki/nssdb -V tls1.2:tls1.3 -n alice"
        );
        desk.run(work, &get, "GET / HTTP/1.0\r\n\r\n")
    };
    for files in [Files::Ours, Files::Deceived, Files::Foreign] {
        let work = desk.folder(files);
        let text = block(BROWSERS, "nss");
        // pk12util asks on a terminal, and there is none.
        let text = text.replace("-i alice.p12", "-i alice.p12 -w passphrase");
        let _ = desk.run(&work, &text, "").expect_code(0);
        let said = visit(&work);
        assert_eq!(
            said.stdout.contains(HELLO),
            files == Files::Ours,
            "{files:?}: {said}"
        );
        if files == Files::Ours {
            let _ = desk
                .run(&work, &block(BROWSERS, "nss-out"), "")
                .expect_code(0);
            let said = visit(&work);
            assert!(!said.stdout.contains(HELLO), "{said}");
        }
    }
}

#[test]
fn chromium_by_its_page() {
    let desk = Desk::new();
    let browser = Browser::new();
    browser.shows_its_certificate_to(&[desk.url.trim_end_matches('/')]);
    let work = desk.folder(Files::Ours);
    let at_home = |name: &str| {
        let text = block(BROWSERS, name).replace("-i alice.p12", "-i alice.p12 -w passphrase");
        let text = format!("export HOME='{}'\n{text}", browser.home().display());
        let _ = desk.run(&work, &text, "").expect_code(0);
    };
    let visit = || {
        let told = browser.run(&[json!({"open": desk.url})]);
        told[0].clone()
    };
    at_home("nss");
    let told = visit();
    assert_eq!(
        told["text"].as_str().unwrap_or_default().trim(),
        HELLO,
        "{told}"
    );
    assert_eq!(told["protocol"], "TLS 1.3", "{told}");
    at_home("nss-out");
    let told = visit();
    let error = told["error"].as_str().unwrap_or_default();
    assert!(error.contains("net::ERR_CERT_AUTHORITY_INVALID"), "{told}");
}

/// In a mount namespace of its own, so that this machine goes on trusting what it did.
#[test]
fn debians_store_by_its_page() {
    let desk = Desk::new();
    let work = desk.folder(Files::Ours);
    let visit = "curl --silent --cert cert.pem --key key.pem https://web.example.org:8443/";
    let (into, out) = (block(SYSTEM, "debian"), block(SYSTEM, "debian-out"));
    let inside = format!(
        "unset SSL_CERT_DIR
cp -a /etc/ssl/certs certs
mount --bind certs /etc/ssl/certs
mkdir -p /usr/local/share/ca-certificates local
mount --bind local /usr/local/share/ca-certificates
{visit} && exit 10
({into}) >&2
{visit}
({out}) >&2
! {visit}"
    );
    fs::write(
        work.join("inside"),
        inside.replace("https://web.example.org:8443/", &desk.url),
    )
    .unwrap();
    let said = desk.run(
        &work,
        "unshare --mount --propagation private sh -eu inside",
        "",
    );
    assert_eq!(said.clone().expect_code(0).stdout.trim(), HELLO, "{said}");
}
