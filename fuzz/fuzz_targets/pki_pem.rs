//! PEM of any kind: every reader answers, and what was read is written and read alike.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_pki::{Certificate, CertificateRequest, Crl, is_sealed};

fuzz_target!(|data: &[u8]| {
    let _ = is_sealed(data);
    let _ = CertificateRequest::from_pem(data);
    let _ = Crl::from_pem(data);
    if let Ok(chain) = Certificate::chain_from_pem(data) {
        let text: String = chain.iter().map(Certificate::to_pem).collect();
        assert_eq!(
            Certificate::chain_from_pem(text.as_bytes()).as_ref(),
            Ok(&chain)
        );
    }
});
