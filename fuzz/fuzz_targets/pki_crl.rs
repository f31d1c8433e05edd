//! Revocation lists in DER.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_pki::Crl;

fuzz_target!(|data: &[u8]| {
    if let Ok(list) = Crl::from_der(data.to_vec()) {
        assert!(!list.issuer().chars().any(char::is_control));
        for entry in list.revoked() {
            assert!(list.find(&entry.serial).is_some());
        }
    }
});
