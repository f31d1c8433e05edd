//! Signing requests in DER.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_pki::CertificateRequest;

fuzz_target!(|data: &[u8]| {
    if let Ok(request) = CertificateRequest::from_der(data) {
        assert!(!request.subject().chars().any(char::is_control));
        let _ = (
            request.sans(),
            request.ignored().len(),
            request.public_key(),
        );
    }
});
