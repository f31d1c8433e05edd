//! `index.txt` of `openssl ca` and easy-rsa.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_host::leftover::read_index;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let revoked = read_index(&text);
    assert!(revoked.len() <= text.lines().count());
});
