//! Filters: both forms become one, and one that was added is there.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_policy::Filters;

fuzz_target!(|text: &str| {
    let Ok(mut filters) = Filters::parse(text) else {
        return;
    };
    assert_eq!(Filters::parse(&filters.to_text()).as_ref(), Ok(&filters));
    filters.add("label", "sealock.owner=cn:alice");
    let again = Filters::parse(&filters.to_text()).expect("what we write we read");
    assert!(
        again
            .get("label")
            .iter()
            .any(|value| value == "sealock.owner=cn:alice")
    );
});
