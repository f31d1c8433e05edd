//! A client's archive: nothing that it holds makes us panic, and what was read is written and read
//! alike.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_diag::Diagnose;
use sealock_host::client::Bundle;
use sealock_pki::Timestamp;

fuzz_target!(|data: &[u8]| {
    match Bundle::from_archive("/alice.tar", data) {
        Ok(unpacked) => {
            let again = unpacked.bundle.to_archive(Timestamp::from_unix(0));
            let again =
                Bundle::from_archive("/again.tar", again.expose()).expect("our own archive");
            assert_eq!(again.bundle.leaf(), unpacked.bundle.leaf());
            assert_eq!(again.bundle.anchors(), unpacked.bundle.anchors());
        }
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
