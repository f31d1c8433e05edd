//! Deny-lists: every line is read or refused by its number, and what is read does not depend on spelling.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_diag::escape;
use sealock_tls::DenyList;

fuzz_target!(|data: &[u8]| match DenyList::parse(data) {
    Ok(list) => {
        let lines = data.split(|byte| *byte == b'\n').count();
        assert!(list.len() <= lines);
        assert_eq!(
            DenyList::parse(&data.to_ascii_lowercase()),
            Ok(list.clone())
        );
        let twice = [data, b"\n", data].concat();
        assert_eq!(DenyList::parse(&twice), Ok(list));
    }
    Err(error) => {
        assert!(error.line >= 1);
        let text = error.to_string();
        assert_eq!(escape(&text), text);
        assert!(text.len() < 2048);
    }
});
