//! Every leftover that can be adopted: what is recognised, what is found wrong, and what comes of it.

use std::path::Path;

use serde_json::Value;

use sealock_testkit::process::call;
use sealock_testkit::redact::Redactor;

use super::makers::{self, PASSPHRASE, make};
use super::{Ground, codes, parts};

/// A leftover, and everything that is expected of it.
struct Case<'a> {
    tool: &'a str,
    script: String,
    /// Below the folder where the tool worked.
    path: &'a str,
    sealed: bool,
    parts: &'a [&'a str],
    codes: &'a [&'a str],
    client: &'a str,
    names: &'a str,
    /// Whether the server's certificate goes on.
    server_stays: bool,
    crls: bool,
}

const RECIPE: &[&str] = &[
    "ca-key.pem sealed-key",
    "ca.pem ca",
    "cert.pem client",
    "key.pem key",
    "server-cert.pem server",
    "server-key.pem key",
];
const NAMES: &str = r#"names = ["h1.test", "localhost", "127.0.0.1"]"#;

/// The recipe's findings: one CA, its key beside the files, what is left of making them.
const RECIPES: &[&str] = &["F333", "F416", "F417"];

impl Case<'_> {
    #[track_caller]
    fn hold(&self, name: &str) {
        let ground = Ground::new(name);
        make(&ground.left(), &self.script);
        ground.put_into_home();
        let path = ground.left().join(self.path);
        let before = ground.originals();
        let seen = ground.json(&path, &["--dry-run"]);
        assert_eq!(seen["leftovers"][0]["tool"], self.tool, "{seen:#}");
        assert_eq!(parts(&seen), self.parts, "{seen:#}");
        assert_eq!(codes(&seen), self.codes, "{seen:#}");
        assert_eq!(seen["changes"], 0);
        assert!(!ground.sealock.home().join("vault.db").exists());

        let passphrase = ground.passphrase(PASSPHRASE);
        let more = match self.sealed {
            true => vec!["--yes", "--key-passphrase", &passphrase],
            false => vec!["--yes"],
        };
        let import = ground.import(&path, &more).expect_code(0);
        assert!(import.stderr.contains("shred -u "), "{import}");
        let revocable = !import.stderr.contains("lacks cRLSign");
        assert_eq!(revocable, self.crls, "{import}");
        ground.originals().expect_same(&before);
        let toml = ground.toml();
        assert!(toml.contains(self.names), "{toml}");
        assert!(
            toml.contains(&format!("[[client]]\nname = \"{}\"\n", self.client)),
            "{toml}"
        );
        let kept = ground.scratch.join("etc/sealock/live/server-cert.pem");
        assert_eq!(kept.exists(), self.server_stays, "{import}");
        self.is_in_the_vault(&ground);

        let again = ground.import(&path, &["--yes"]).expect_code(0);
        assert!(again.stderr.starts_with("0 changes"), "{again}");
        assert_eq!(ground.toml(), toml);
        newcomers_are_accepted(&ground);
    }

    fn is_in_the_vault(&self, ground: &Ground) {
        let shown = ground.sealock.run(&["ca", "show", "--json"]).ok();
        let shown: Value = serde_json::from_str(&shown).unwrap();
        let anchors = shown["anchors"].as_array().unwrap();
        assert_eq!(anchors.len(), 2, "{shown:#}");
        assert_eq!(anchors[0]["fingerprint"], anchors[1]["fingerprint"]);
        for anchor in anchors {
            assert_eq!(anchor["generation"], 1);
            assert_eq!(anchor["state"], "active");
        }
        let hand = ground.scratch.join("hand");
        for file in ["cert.pem", "key.pem"] {
            same_object(&hand.join(file), &ground.client(self.client).join(file));
        }
    }
}

/// Whether two PEM files hold the same certificate or key, in whatever form.
#[track_caller]
fn same_object(one: &Path, other: &Path) {
    let der = |path: &Path| {
        let path = path.display().to_string();
        match path.ends_with("key.pem") {
            true => call("openssl", &["pkey", "-in", &path, "-pubout"]).ok(),
            false => call("openssl", &["x509", "-in", &path, "-outform", "PEM"]).ok(),
        }
    };
    assert_eq!(
        der(one),
        der(other),
        "{} {}",
        one.display(),
        other.display()
    );
}

/// A client that is added afterwards has a certificate of the imported authority, which openssl accepts.
#[track_caller]
fn newcomers_are_accepted(ground: &Ground) {
    let _ = ground
        .sealock
        .run(&["client", "add", "newcomer"])
        .expect_code(0);
    let new = ground.client("newcomer").join("cert.pem");
    let ca = ground.scratch.join("hand/ca.pem");
    let [new, ca] = [new, ca].map(|path| path.display().to_string());
    let verified = call(
        "openssl",
        &["verify", "-purpose", "sslclient", "-CAfile", &ca, &new],
    );
    assert_eq!(verified.code, 0, "{verified}");
    // The issuer's name and key id, byte for byte.
    let field =
        |path: &str, what: &str| call("openssl", &["x509", "-noout", "-in", path, what]).ok();
    assert_eq!(
        field(&new, "-issuer_hash_old"),
        field(&ca, "-subject_hash_old")
    );
}

fn recipe(script: String) -> Case<'static> {
    Case {
        tool: "openssl",
        script,
        path: "",
        sealed: true,
        parts: RECIPE,
        codes: RECIPES,
        client: "client",
        names: NAMES,
        server_stays: true,
        crls: true,
    }
}

#[test]
fn openssl_rsa_sealed_as_openssl_1_did() {
    let script = makers::openssl_rsa_traditional().replace("4096", "2048");
    recipe(script).hold("openssl-1");
}

#[test]
fn openssl_rsa_sealed_as_openssl_3_does() {
    recipe(makers::openssl_rsa_pkcs8()).hold("openssl-3");
}

#[test]
fn openssl_ecdsa() {
    recipe(makers::openssl_ec()).hold("openssl-ec");
}

/// Who leaves the other fields empty gives CA and server one name. Where nothing names the issuer's key, as OpenSSL 1 left
/// it, OpenSSL takes the server's certificate for one that signed itself, and refuses it.
#[test]
fn openssl_with_one_name_for_ca_and_server() {
    let same = || makers::openssl_ec().replace("/C=US/O=Lab/CN", "/CN");
    let codes = &["F326", "F416", "F417"];
    Case {
        codes,
        ..recipe(same())
    }
    .hold("openssl-name");
    let nameless = "serverAuth >> extfile.cnf; printf '%s\\n' authorityKeyIdentifier=none subjectKeyIdentifier=none >> extfile.cnf";
    Case {
        codes,
        server_stays: false,
        ..recipe(same().replace("serverAuth >> extfile.cnf", nameless))
    }
    .hold("openssl-name-1");
}

#[test]
fn openssl_ed25519() {
    recipe(makers::openssl_ed25519()).hold("openssl-ed");
}

fn mkcert(more: &str) -> Case<'static> {
    Case {
        tool: "mkcert",
        script: makers::mkcert(more),
        path: "",
        sealed: false,
        parts: &[
            "alice-client-key.pem key",
            "alice-client.pem client",
            "rootCA-key.pem key",
            "rootCA.pem ca",
            "server-cert.pem server",
            "server-key.pem key",
        ],
        codes: &["F324", "F333", "F417"],
        client: "alice@lab.test",
        names: NAMES,
        server_stays: true,
        crls: false,
    }
}

#[test]
fn mkcert_rsa() {
    mkcert("").hold("mkcert-rsa");
}

#[test]
fn mkcert_ecdsa() {
    mkcert("-ecdsa").hold("mkcert-ec");
}

fn easy_rsa(algorithm: &str) -> Case<'static> {
    Case {
        tool: "easy-rsa",
        script: makers::easy_rsa(algorithm),
        path: "pki",
        sealed: true,
        parts: &[
            "ca.crt ca",
            "issued/alice.crt client",
            "issued/h1.test.crt server",
            "private/alice.key key",
            "private/ca.key sealed-key",
            "private/h1.test.key key",
        ],
        codes: RECIPES,
        client: "alice",
        names: NAMES,
        server_stays: true,
        crls: true,
    }
}

#[test]
fn easy_rsa_rsa() {
    easy_rsa("rsa").hold("easy-rsa");
}

#[test]
fn easy_rsa_ecdsa() {
    easy_rsa("ec").hold("easy-ec");
}

fn cfssl(script: String) -> Case<'static> {
    Case {
        tool: "cfssl",
        script,
        path: "",
        sealed: false,
        parts: &[
            "ca-key.pem key",
            "ca.pem ca",
            "client-key.pem key",
            "client.pem client",
            "server-key.pem key",
            "server.pem server",
        ],
        codes: RECIPES,
        client: "alice",
        names: NAMES,
        server_stays: true,
        crls: true,
    }
}

#[test]
fn cfssl_rsa() {
    cfssl(makers::cfssl("rsa", "2048")).hold("cfssl-rsa");
}

#[test]
fn cfssl_ecdsa() {
    cfssl(makers::cfssl("ecdsa", "256")).hold("cfssl-ec");
}

#[test]
fn cfssl_with_an_intermediate() {
    Case {
        parts: &[
            "ca-key.pem key",
            "ca.pem ca",
            "client-key.pem key",
            "client.pem client",
            "intermediate-key.pem key",
            "intermediate.pem intermediate-ca",
            "server-key.pem key",
            "server.pem server",
        ],
        // What the intermediate signed is not seen to lead to the anchor by the check of one CA; the import says it.
        codes: &["F416", "F417"],
        ..cfssl(makers::cfssl_with_intermediate())
    }
    .hold("cfssl-int");
}

#[test]
fn docker_machine() {
    Case {
        tool: "docker-machine",
        script: makers::docker_machine(),
        path: "machine",
        sealed: false,
        parts: &[
            "certs/ca-key.pem key",
            "certs/ca.pem ca",
            "certs/cert.pem client",
            "certs/key.pem key",
            "machines/dev/ca.pem ca",
            "machines/dev/cert.pem client",
            "machines/dev/key.pem key",
            "machines/dev/server-key.pem key",
            "machines/dev/server.pem server-and-client",
        ],
        codes: &["F310", "F324", "F330", "F333", "F417"],
        client: "ann",
        names: r#"names = ["127.0.0.1", "localhost"]"#,
        server_stays: false,
        crls: false,
    }
    .hold("machine");
}

#[test]
fn minica() {
    Case {
        tool: "minica",
        script: makers::minica(),
        path: "",
        sealed: false,
        parts: &[
            "alice.client/cert.pem server-and-client",
            "alice.client/key.pem key",
            "h1.test/cert.pem server-and-client",
            "h1.test/key.pem key",
            "minica-key.pem key",
            "minica.pem ca",
        ],
        codes: &["F310", "F324", "F333", "F417"],
        client: "alice.client",
        names: NAMES,
        server_stays: false,
        crls: false,
    }
    .hold("minica");
}

#[test]
fn what_an_import_says() {
    let ground = Ground::new("import-says");
    make(&ground.left(), &makers::openssl_ec());
    let passphrase = ground.passphrase(PASSPHRASE);
    let mut said = String::new();
    for more in [
        &["--dry-run"][..],
        &["--yes"],
        &["--yes", "--key-passphrase", &passphrase],
        &["--yes"],
    ] {
        let outcome = ground.import(&ground.left(), more);
        let words = match more {
            [yes, option, _] => format!("{yes} {option} file:PASS"),
            more => more.join(" "),
        };
        // What was found is told each time; the first shows it.
        let found = if said.is_empty() {
            &*outcome.stdout
        } else {
            ""
        };
        said.push_str(&format!(
            "$ sealock ca import left {words}\n{found}{}({})\n\n",
            outcome.stderr, outcome.code
        ));
    }
    let said = Redactor::new()
        .replace(ground.scratch.path(), "here")
        .redact(&said);
    insta::assert_snapshot!(said);
}
