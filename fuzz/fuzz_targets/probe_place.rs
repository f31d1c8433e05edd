//! An endpoint as a person writes it: what is read is safe to print, and reads again as itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_diag::escape;
use sealock_probe::Place;

fuzz_target!(|text: &str| {
    match Place::parse(text) {
        Ok(place) => {
            assert_eq!(escape(&place.label), place.label);
            assert_eq!(Place::parse(&place.label), Ok(place));
        }
        Err(error) => {
            let said = error.to_string();
            assert_eq!(escape(&said), said);
        }
    }
});
