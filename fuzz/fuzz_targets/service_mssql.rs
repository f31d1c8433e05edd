//! `mssql.conf`: the keys have their values, a second time changes nothing, and every other line survives.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_service::kinds::mssql::conf::{section, set, unset};

const WANTED: &[(&str, &str)] = &[("tlscert", "/a/cert.pem"), ("forceencryption", "1")];

fuzz_target!(|input: (&[u8], &[u8])| {
    let (text, was) = input;
    // Whatever was there before, what comes out is read again.
    if let Ok(out) = unset(was, text, "network", WANTED) {
        let _ = section(&out, "network").map(|told| told.len());
    }
    let Ok(first) = set(text, "network", WANTED) else {
        return;
    };
    let second = set(&first, "network", WANTED).expect("what we write we read");
    assert_eq!(first, second);
    assert_eq!(unset(text, &first, "network", WANTED).as_deref(), Ok(text));
    if let Ok(told) = section(&first, "network") {
        for (key, value) in WANTED {
            assert!(
                told.iter()
                    .any(|line| line.key == *key && line.value == *value)
            );
        }
    }
    let other = |line: &&str| {
        let key = line.split('=').next().unwrap_or_default().trim();
        !line.trim().is_empty()
            && !WANTED
                .iter()
                .any(|(wanted, _)| wanted.eq_ignore_ascii_case(key))
    };
    let text = std::str::from_utf8(text).expect("it was taken");
    let out = std::str::from_utf8(&first).expect("it was taken");
    // A last line may lack its end, and its CR belongs to it then.
    let plain = |line: &'_ str| line.trim_end_matches('\r').to_owned();
    let mut rest = out.lines().filter(other).map(plain);
    for line in text.lines().filter(other).map(plain) {
        assert!(rest.any(|there| there == line), "{line:?}");
    }
});
