//! A certificate in DER: read, described, and never a character that drives a terminal.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_pki::Certificate;

fuzz_target!(|data: &[u8]| {
    let Ok(certificate) = Certificate::from_der(data.to_vec()) else {
        return;
    };
    let said = certificate.describe();
    let lists = said
        .sans
        .iter()
        .chain(&said.name_constraints)
        .chain(&said.other_extensions);
    for text in lists.chain([&said.subject, &said.issuer]) {
        assert!(!text.chars().any(char::is_control), "{text:?}");
    }
    let _ = certificate.common_name();
    assert_eq!(
        Certificate::from_pem(certificate.to_pem().as_bytes()).as_ref(),
        Ok(&certificate)
    );
});
