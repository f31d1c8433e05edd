//! Chains of altered certificates: judged within the budget, and never accepted unless the anchor
//! is one that the fuzzer brought itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_pki::{Certificate, Crl, Purpose, Timestamp, VerifyOptions, verify_with_reasons};

fuzz_target!(|data: &[u8]| {
    // Before every DER a byte that says by its remainder of three whether it belongs to the chain, is
    // an anchor or a list, and two bytes of length.
    let (mut chain, mut anchors, mut crls) = (Vec::new(), Vec::new(), Vec::new());
    let mut rest = data;
    while let [kind, high, low, after @ ..] = rest {
        let length = usize::from(*high) << 8 | usize::from(*low);
        let der = &after[..length.min(after.len())];
        match kind % 3 {
            0 => chain.extend(Certificate::from_der(der.to_vec())),
            1 => anchors.extend(Certificate::from_der(der.to_vec())),
            _ => crls.extend(Crl::from_der(der.to_vec())),
        }
        rest = &after[length.min(after.len())..];
    }
    for purpose in [Purpose::Server, Purpose::Client] {
        let mut options = VerifyOptions::new(purpose, Timestamp::from_unix(1_800_000_000));
        options.crls = &crls;
        options.name = "host.example.org".parse().ok();
        match verify_with_reasons(&chain, &anchors, &options) {
            Ok(path) => assert!(anchors.contains(path.anchor())),
            Err(refused) => assert!(
                refused
                    .reasons()
                    .all(|one| !one.to_string().contains('\u{1b}'))
            ),
        }
    }
});
