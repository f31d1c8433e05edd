//! `sealock.toml`: what is read is written so that it reads the same, and errors are safe to print.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_diag::Diagnose;
use sealock_host::Desired;
use std::path::Path;

fuzz_target!(|text: &str| {
    let path = Path::new("/sealock.toml");
    match Desired::parse(path, text) {
        Ok(desired) => assert_eq!(
            Desired::parse(path, &desired.to_toml()).as_ref().ok(),
            Some(&desired)
        ),
        Err(error) => {
            let said = [
                Some(error.to_string()),
                error.location(),
                error.cause(),
                error.help(),
            ];
            let harmful = |c: char| c.is_control() && c != '\n';
            assert!(
                !said.iter().flatten().any(|text| text.contains(harmful)),
                "{said:?}"
            );
        }
    }
});
