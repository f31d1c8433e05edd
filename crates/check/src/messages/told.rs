//! Messages as the programs print them, and what they are read as.

mod cli;
mod daemon;
mod go;
mod libraries;
mod tools;

use super::told;
use crate::checks;

/// Who says it, and in which version; the words; the code that has to come first.
type Case = (&'static str, &'static str, &'static str);

#[test]
fn messages_are_read_as_what_they_are() {
    let all = [
        daemon::MESSAGES,
        cli::MESSAGES,
        go::MESSAGES,
        libraries::MESSAGES,
        tools::MESSAGES,
    ];
    let mut wrong = Vec::new();
    for (speaker, text, code) in all.iter().flat_map(|table| table.iter()) {
        let codes: Vec<&str> = told(text).iter().map(|told| told.meaning.code).collect();
        if codes.first().and_then(|first| first.strip_prefix("SL-F")) != Some(code) {
            wrong.push(format!(
                "{speaker}: {text}\n  wanted {code}, read {codes:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let count: usize = all.iter().map(|table| table.len()).sum();
    assert!(count >= 150, "only {count} messages");
}

#[test]
fn every_code_is_one_of_a_check() {
    let codes = super::table::codes();
    let missing: Vec<&&str> = codes
        .iter()
        .filter(|code| checks::by_code(code).is_none())
        .collect();
    assert!(missing.is_empty(), "no check has these codes: {missing:?}");
}

/// Java writes the alert that it sends itself in front of its reason: that is no server's word about a client.
#[test]
fn java_that_turns_a_server_away_blames_no_client() {
    for text in [
        "javax.net.ssl.SSLHandshakeException: (certificate_unknown) PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification path to requested target",
        "javax.net.ssl.SSLHandshakeException: (certificate_unknown) No subject alternative DNS name matching localhost found.",
    ] {
        let codes: Vec<&str> = told(text).iter().map(|told| told.meaning.code).collect();
        assert!(!codes.contains(&"SL-F338"), "{text}: {codes:?}");
    }
}
