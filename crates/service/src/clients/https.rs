//! HTTP over TLS: curl, Python, browsers, Java.

use super::quoting::{literal, sh};
use super::{Form, Recipe, Way, recipe};

/// A trust store of Java's, in the folder where somebody is.
pub(super) const TRUST: &str = "trust.p12";

pub(super) fn recipes(way: &Way<'_>) -> Vec<Recipe> {
    let mut recipes = vec![curl(way), python(way), browser(way)];
    recipes.extend(archive(way));
    recipes.extend(java(way));
    recipes
}

/// `https://HOST:PORT/`.
pub(super) fn url(way: &Way<'_>) -> String {
    format!("https://{}/", way.authority())
}

/// curl with our files, for any page.
pub(super) fn curl_words(way: &Way<'_>) -> String {
    let mut words = format!("curl --cacert {}", sh(&way.ca()));
    if way.shows() {
        words.push_str(&format!(
            " --cert {} --key {}",
            sh(&way.cert()),
            sh(&way.key())
        ));
    }
    words
}

fn curl(way: &Way<'_>) -> Recipe {
    let text = format!("{} {}", curl_words(way), sh(&url(way)));
    recipe("curl", "curl", Form::Shell, text)
}

fn python(way: &Way<'_>) -> Recipe {
    let mut lines = vec![
        "import ssl, urllib.request".to_owned(),
        format!(
            "tls = ssl.create_default_context(cafile={})",
            literal(&way.ca())
        ),
    ];
    if way.shows() {
        lines.push(format!(
            "tls.load_cert_chain({}, {})",
            literal(&way.cert()),
            literal(&way.key())
        ));
    }
    lines.push(format!(
        "answer = urllib.request.urlopen({}, context=tls)",
        literal(&url(way))
    ));
    recipe(
        "python",
        "Python",
        Form::Program("python"),
        lines.join("\n"),
    )
}

fn browser(way: &Way<'_>) -> Recipe {
    let opened = recipe("browser", "browsers", Form::Address, url(way));
    opened.note(match way.shows() {
        true => format!(
            "It has to trust {} and to have the certificate, from the PKCS#12 file below: docs/clients/browsers.md.",
            way.ca()
        ),
        false => format!(
            "It has to trust {}: docs/clients/browsers.md.",
            way.ca()
        ),
    })
}

/// One file for whatever reads PKCS#12: browsers, Java, Windows, macOS.
fn archive(way: &Way<'_>) -> Option<Recipe> {
    if !way.shows() {
        return None;
    }
    let name = way.customer.name();
    let text = format!(
        "(umask 077; openssl pkcs12 -export -name {} -in {} -inkey {} -out {})",
        sh(name),
        sh(&way.cert()),
        sh(&way.key()),
        sh(&format!("{name}.p12"))
    );
    let made = recipe(
        "pkcs12",
        "browsers, Java, Windows, macOS: one file first",
        Form::Shell,
        text,
    );
    Some(made.note("It asks for a passphrase of its own. After a renewal it is made anew. Where it goes: docs/clients/browsers.md."))
}

/// What makes a trust store of Java's.
pub(super) fn trust_store(way: &Way<'_>) -> Recipe {
    let text = format!(
        "keytool -importcert -noprompt -alias sealock -file {} -keystore {TRUST} -storetype PKCS12 -storepass changeit",
        sh(&way.ca())
    );
    recipe("java-trust", "Java: its trust store", Form::Shell, text)
        .note("Its password guards public certificates; everybody may know it.")
}

/// The trust store, and the file of words that a program is started with (JEP 293: `java @FILE`).
fn java(way: &Way<'_>) -> [Recipe; 2] {
    let name = way.customer.name();
    let mut words = vec![
        format!("-Djavax.net.ssl.trustStore={}", TRUST),
        "-Djavax.net.ssl.trustStorePassword=changeit".to_owned(),
    ];
    if way.shows() {
        words.push(format!(
            "-Djavax.net.ssl.keyStore={}",
            format_args!("{name}.p12")
        ));
    }
    let lines: Vec<String> = words.iter().map(|word| literal(word)).collect();
    let started = recipe(
        "java",
        "Java: java @java.args PROGRAM",
        Form::File("java.args"),
        lines.join("\n"),
    );
    let started = match way.shows() {
        true => started.note(
            "One more line, -Djavax.net.ssl.keyStorePassword=…, is the passphrase of the key; so the file has mode 0600.",
        ),
        false => started,
    };
    [trust_store(way), started]
}
