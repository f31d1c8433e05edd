//! Conversions of a file: what comes out is in the form asked for, and says what the file said.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_check::convert::{Conversion, convert};
use sealock_check::material::{Contents, Form};

fuzz_target!(|data: &[u8]| {
    let before = Contents::read(data);
    if let Some(made) = convert(data, Conversion::ToPem) {
        let after = Contents::read(&made);
        assert_eq!((before.form, after.form), (Form::Der, Form::Pem));
        assert!(after.certificates().eq(before.certificates()));
    }
    if let Some(made) = convert(data, Conversion::LeafFirst) {
        let after = Contents::read(&made);
        assert_eq!(after.certificates().count(), before.certificates().count());
        assert!(convert(&made, Conversion::LeafFirst).is_none());
    }
    let _ = convert(data, Conversion::PlainText);
});
