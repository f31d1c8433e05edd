//! What cannot be adopted, and the reason that is given.

use std::path::Path;

use sealock_testkit::leak::Secrets;
use sealock_testkit::process::Outcome;

use super::makers::{self, PASSPHRASE, make};
use super::{Ground, parts};
use crate::common::faketime_library;

/// A CA made by hand: its key as openssl is told, its extensions, its days.
fn ca(key: &str, extensions: &str, days: &str) -> String {
    format!(
        "openssl genpkey {key} -out ca-key.pem
        openssl req -new -x509 -days {days} -key ca-key.pem -subj '/CN=Lab CA' -out ca.pem -config <(printf '%s\\n' '[req]' 'distinguished_name=n' 'x509_extensions=x' '[n]' '[x]' {extensions})"
    )
}

const EC: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256";
const SOUND: &str = "'basicConstraints=critical,CA:TRUE' 'keyUsage=critical,keyCertSign,cRLSign'";

#[track_caller]
fn says(outcome: Outcome, code: &str, words: &[&str]) {
    let outcome = outcome.expect_code(1);
    assert!(
        outcome.stderr.contains(&format!("error[{code}]")),
        "{outcome}"
    );
    // Causes are folded.
    let flat: String = outcome
        .stderr
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    for word in words {
        assert!(flat.contains(word), "`{word}`: {outcome}");
    }
    assert!(flat.contains("state: nothing was changed"), "{outcome}");
}

#[track_caller]
fn nothing_is_written(ground: &Ground) {
    assert!(!ground.sealock.home().join("vault.db").exists());
    assert!(!ground.sealock.config().exists());
    assert!(!ground.scratch.join("etc/sealock").exists());
}

/// Makes, imports, and insists on the error.
#[track_caller]
fn refused(name: &str, script: &str, code: &str, words: &[&str]) -> Ground {
    let ground = Ground::new(name);
    make(&ground.left(), script);
    says(ground.import(&ground.left(), &["--yes"]), code, words);
    says(ground.import(&ground.left(), &["--dry-run"]), code, words);
    nothing_is_written(&ground);
    ground
}

#[test]
fn no_authority_and_several() {
    let nothing = "touch notes.txt; mkdir empty";
    let _ = refused("import-nothing", nothing, "SL-U040", &["left"]);

    let ground = Ground::new("import-several");
    let one = ca(EC, SOUND, "9");
    make(
        &ground.left(),
        &format!("mkdir one 'the other'; cd one; {one}; cd '../the other'; {one}"),
    );
    let words = [
        "one/ca.pem",
        "'",
        "the other/ca.pem'",
        "CN=Lab CA (openssl, until",
    ];
    says(ground.import(&ground.left(), &["--yes"]), "SL-U041", &words);
    nothing_is_written(&ground);
    let chosen = ground.left().join("the other/ca.pem");
    let _ = ground.import(&chosen, &["--yes"]).expect_code(0);
    let chosen = ground.left().join("one");
    says(
        ground.import(&chosen, &["--yes"]),
        "SL-U047",
        &["sealock is not CN=Lab CA"],
    );
    let named = ground.import(&chosen, &["--yes", "--name", "second"]);
    let named = named.expect_code(0);
    assert!(named.stderr.contains("second is only stored"), "{named}");
    assert!(ground.toml().contains("name = \"sealock\""));
    let again = ground
        .import(&chosen, &["--yes", "--name", "second"])
        .expect_code(0);
    assert!(again.stderr.contains("0 changes: second"), "{again}");

    let gone = ground
        .import(Path::new("/nowhere/at/all"), &["--yes"])
        .expect_code(2);
    assert!(gone.stderr.contains("error[SL-U008]"), "{gone}");
}

#[test]
fn authorities_that_are_none() {
    let anonym = refused(
        "import-anonym",
        &makers::anonym(),
        "SL-U042",
        &["version 1", "sealock up --accept replace-tls"],
    );
    let seen = anonym.import(&anonym.left(), &["--dry-run"]);
    assert!(seen.stdout.contains("made by anonym"), "{seen}");
    assert!(seen.stdout.contains("[SL-F323]"), "{seen}");
    assert!(seen.stdout.contains("CA-cert.pem"), "{seen}");

    let no_sign = "'basicConstraints=critical,CA:TRUE' 'keyUsage=critical,digitalSignature'";
    for (name, script, words) in [
        (
            "import-nosign",
            ca(EC, no_sign, "9"),
            "its key usage is digitalSignature",
        ),
        (
            "import-weak",
            ca("-algorithm RSA -pkeyopt rsa_keygen_bits:1024", SOUND, "9"),
            "its key is RSA",
        ),
        (
            "import-p521",
            ca("-algorithm EC -pkeyopt ec_paramgen_curve:P-521", SOUND, "9"),
            "its key is ECDSA P-521",
        ),
        (
            "import-purpose",
            ca(EC, &format!("{SOUND} extendedKeyUsage=serverAuth"), "9"),
            "it may not issue for a client: its purposes are server",
        ),
    ] {
        let _ = refused(name, &script, "SL-U042", &[words]);
    }
}

#[test]
fn keys_that_are_missing_or_another_ones() {
    let _ = refused(
        "import-nokey",
        &format!("{}; rm ca-key.pem", ca(EC, SOUND, "9")),
        "SL-U043",
        &["no key that was found is that of CN=Lab CA"],
    );
    let _ = refused(
        "import-otherkey",
        &format!(
            "{}; openssl genpkey {EC} -out ca-key.pem",
            ca(EC, SOUND, "9")
        ),
        "SL-U044",
        &["ca-key.pem", "it is not the key of CN=Lab CA"],
    );
    // The library: the program `faketime` fails where a killed one with the same process number left its semaphore.
    let past = format!(
        "LD_PRELOAD='{}' FAKETIME=-20d openssl req",
        faketime_library().display()
    );
    let expired = ca(EC, SOUND, "9").replace("openssl req", &past);
    let _ = refused(
        "import-expired",
        &expired,
        "SL-U045",
        &["CN=Lab CA was good until"],
    );
    let intermediate = format!(
        "{}; rm ca-key.pem; mv intermediate-key.pem ca-key.pem; mv intermediate.pem ca.pem; rm -r ../hand",
        makers::cfssl_with_intermediate()
    );
    let _ = refused(
        "import-inter",
        &intermediate,
        "SL-U048",
        &["CN=Lab Intermediate was signed by O=Lab, CN=Lab CA"],
    );
}

#[test]
fn a_sealed_key_is_opened_with_its_passphrase_only_and_nobody_sees_it() {
    let ground = Ground::new("import-sealed");
    make(&ground.left(), &makers::openssl_ec());
    let left = ground.left();
    says(
        ground.import(&left, &["--yes"]),
        "SL-U046",
        &["ca-key.pem", "there is nobody to ask"],
    );
    let wrong = ground.passphrase("fünf bunte Boote");
    says(
        ground.import(&left, &["--yes", "--key-passphrase", &wrong]),
        "SL-U046",
        &["the passphrase does not open it"],
    );
    assert!(!ground.sealock.config().exists());

    // The vault has a passphrase of its own.
    let own = ground.scratch.write("own", "sieben Schwäne\n");
    let own = format!("file:{}", own.display());
    let right = ground.passphrase(PASSPHRASE);
    let words = ground.words(
        &left,
        &["--yes", "--key-passphrase", &right, "--passphrase", &own],
    );
    let command = ground.sealock.command(&words.each());
    let secrets = Secrets::new()
        .word(PASSPHRASE)
        .word("sieben Schwäne")
        .key_file(&left.join("key.pem"));
    let (leaks, outcome) = secrets.in_run(&command);
    let outcome = outcome.expect_code(0);
    assert_eq!(leaks, []);
    assert_eq!(
        secrets.in_text("what was said", outcome.to_string().as_bytes()),
        []
    );
    assert_eq!(secrets.in_readable_files(&ground.sealock.home()), []);
    for key in std::fs::read_dir(ground.sealock.home().join("issuers")).unwrap() {
        let pem = std::fs::read_to_string(key.unwrap().path()).unwrap();
        assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    }
    let _ = ground
        .sealock
        .run(&["client", "add", "newcomer", "--passphrase", &own])
        .expect_code(0);
}

#[test]
fn two_authorities_take_their_places_and_the_revoked_stay_so() {
    let ground = Ground::new("import-two");
    let issue = "issue() { # CA, name, usage
        openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $2.key
        openssl req -new -key $2.key -subj /CN=$2 -out req; printf '%s\\n' extendedKeyUsage=$3 $4 > ext
        openssl x509 -req -in req -days 99 -CA $1/ca.pem -CAkey $1/ca-key.pem -CAcreateserial -extfile ext -out $2.crt; }";
    let one = ca(EC, SOUND, "400");
    let (servers, clients) = (
        one.replace("Lab CA", "Servers"),
        one.replace("Lab CA", "Clients"),
    );
    make(
        &ground.left(),
        &format!(
            "{issue}; mkdir servers clients; (cd servers; {servers}); (cd clients; {clients})
            issue servers h1.test serverAuth subjectAltName=DNS:h1.test
            issue clients alice clientAuth ''; mv alice.key bob.key; mv alice.crt bob.crt
            issue clients alice clientAuth ''"
        ),
    );
    let import = ground.json(&ground.left(), &["--yes"]);
    assert_eq!(import["authority"]["oneForBoth"], false, "{import:#}");
    assert_eq!(import["authority"]["server"]["subject"], "CN=Servers");
    assert_eq!(import["authority"]["client"]["subject"], "CN=Clients");
    assert!(
        ground
            .scratch
            .join("etc/sealock/live/server-cert.pem")
            .exists()
    );
    // Two people of one name, as the documentation calls every client.
    for name in ["alice", "alice-2"] {
        assert!(ground.client(name).join("key.pem").exists());
        assert!(ground.toml().contains(&format!("name = \"{name}\"")));
    }

    let ground = Ground::new("import-revoked");
    make(&ground.left(), &makers::easy_rsa("ec"));
    let passphrase = ground.passphrase(PASSPHRASE);
    let import = ground.json(&ground.left(), &["--yes", "--key-passphrase", &passphrase]);
    let told = parts(&import).join("\n");
    assert!(told.contains("issued/alice.crt client"), "{told}");
    assert!(!ground.toml().contains("bob"), "{}", ground.toml());
    let list = ground.sealock.run(&["cert", "list", "--json"]).ok();
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let states: Vec<(String, String)> = list["certificates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let text = |key: &str| one[key].as_str().unwrap().to_owned();
            (text("identity"), text("state"))
        })
        .collect();
    let expected = [
        ("bob", "revoked"),
        ("alice", "active"),
        ("dockerd", "active"),
    ];
    for (identity, state) in expected {
        assert!(
            states.contains(&(identity.to_owned(), state.to_owned())),
            "{states:?}"
        );
    }
}
