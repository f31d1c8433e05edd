//! A registry's config.yml: refused with what can be printed, or changed once and no more, with every other line as it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_diag::escape;
use sealock_service::kinds::registry::config::{Tls, with_tls, without_tls};
use sealock_service::kinds::registry::remarks::assigned;

fuzz_target!(|input: (&[u8], &[u8])| {
    let (data, was) = input;
    for line in String::from_utf8_lossy(data).lines() {
        if let Some((name, value)) = assigned(line) {
            assert!(name.starts_with("REGISTRY_HTTP") && line.contains(&value));
        }
    }
    let tls = Tls {
        certificate: "/t/cert.pem",
        key: "/t/key.pem",
        clients: "/t/ca.pem",
    };
    // Whatever was there before, what comes out is a file that is understood.
    if let Ok(out) = without_tls(was, data, tls) {
        let _ = with_tls(&out, tls).map(|text| text.len());
    }
    match with_tls(data, tls) {
        Ok(text) => {
            assert_eq!(without_tls(data, &text, tls).as_deref(), Ok(data));
            assert_eq!(with_tls(&text, tls).unwrap(), text);
            let text = String::from_utf8(text).unwrap();
            let before = std::str::from_utf8(data).unwrap();
            // A comment is nobody's to take away.
            let comments = |text: &str| {
                text.lines()
                    .filter(|line| line.trim_start().starts_with('#'))
                    .count()
            };
            assert!(comments(&text) >= comments(before), "{text:?}");
            let more = text.lines().count().saturating_sub(before.lines().count());
            assert!(more <= 6, "{more} lines more");
        }
        Err(refused) => {
            assert_eq!(escape(&refused.problem), refused.problem);
            let lines = data.iter().filter(|byte| **byte == b'\n').count() + 1;
            assert!(refused.line.is_none_or(|line| (1..=lines).contains(&line)));
        }
    }
});
