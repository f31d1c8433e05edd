//! `hosts.toml` and the names of registries: whatever is in them, there is an answer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_diag::Diagnose;
use sealock_host::registry::{check_host, names_files};

fuzz_target!(|text: &str| {
    // What names the pair and the anchors names the anchors.
    assert!(!names_files(text, true) || names_files(text, false));
    match check_host(text) {
        Ok(()) => assert!(!text.contains(['/', '\0']) && text != "." && text != ".."),
        Err(error) => {
            let said = [Some(error.to_string()), error.cause(), error.help()];
            let harmful = |c: char| c.is_control() && c != '\n';
            assert!(!said.iter().flatten().any(|text| text.contains(harmful)));
        }
    }
});
