//! Private keys: PEM of every form, and PKCS#8; what was read is written and read alike.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_pki::{Passphrase, PrivateKey, PublicKey};

fuzz_target!(|data: &[u8]| {
    let _ = PublicKey::from_spki_der(data);
    let passphrase = Passphrase::new("horse".to_owned()).unwrap();
    for key in [
        PrivateKey::from_pem(data, None),
        PrivateKey::from_pem(data, Some(&passphrase)),
        PrivateKey::from_pkcs8_der(data),
    ]
    .into_iter()
    .flatten()
    {
        let der = key.pkcs8_der().unwrap();
        assert_eq!(
            PrivateKey::from_pkcs8_der(der.expose()).unwrap().key_id(),
            key.key_id()
        );
    }
});
