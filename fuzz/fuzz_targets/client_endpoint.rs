//! Endpoints, listeners, names: each is written so that it reads the same, and refusals are safe to
//! print.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_host::Listen;
use sealock_host::client::{ContextName, Endpoint};
use sealock_pki::San;
use std::fmt::{Debug, Display};
use std::str::FromStr;

fuzz_target!(|text: &str| {
    reads_alike::<Endpoint>(text);
    reads_alike::<Listen>(text);
    reads_alike::<San>(text);
    reads_alike::<ContextName>(text);
    if let Ok(listen) = text.parse::<Listen>() {
        assert_eq!(listen.host().parse(), Ok(listen));
        assert!(listen.meets(listen.address()));
    }
    if let Ok(endpoint) = text.parse::<Endpoint>() {
        assert!(endpoint.port() != 0);
        assert!(!endpoint.to_string().contains(char::is_whitespace));
    }
});

fn reads_alike<T>(text: &str)
where
    T: FromStr<Err: Display> + Display + Debug + PartialEq,
{
    match text.parse::<T>() {
        Ok(value) => {
            let written = value.to_string();
            assert!(!written.contains(char::is_control), "{written:?}");
            assert_eq!(written.parse::<T>().ok().as_ref(), Some(&value), "{text:?}");
        }
        Err(error) => {
            let said = error.to_string();
            assert!(!said.contains(char::is_control), "{said:?}");
        }
    }
}
