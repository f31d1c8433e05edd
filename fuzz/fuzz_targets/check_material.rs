//! A file of certificates and keys: whatever its bytes are, there is a result, of a bounded size.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_check::material::{Contents, Form};

fuzz_target!(|data: &[u8]| {
    let contents = Contents::read(data);
    assert_eq!(contents.length, data.len());
    assert!(contents.blocks.len() <= 4096);
    assert!(contents.keys().count() <= contents.blocks.len());
    if contents.form == Form::Empty || contents.form == Form::Unknown {
        assert!(contents.blocks.is_empty());
    }
});
