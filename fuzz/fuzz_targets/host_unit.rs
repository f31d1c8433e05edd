//! Unit files, command lines and environment files: read without a panic, and a quiet command neither
//! listens on TCP nor asks for TLS.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_host::command::{CommandLine, Endpoint};
use sealock_host::unit::{Effective, environment_file, quote, words};

fuzz_target!(|text: &str| {
    let effective = Effective::of([text]);
    let environment = environment_file(text);
    let lines = effective
        .exec_start
        .iter()
        .map(String::as_str)
        .chain([text]);
    for line in lines {
        let command = CommandLine::of_unit(line, &environment);
        let (quiet, _) = command.quiet();
        assert!(quiet.tls_flags().is_empty(), "{line:?}");
        let tcp = |host: &String| matches!(Endpoint::parse(host), Endpoint::Tcp(_));
        assert!(!quiet.hosts().iter().any(tcp), "{line:?}");
    }
    let quoted = quote(text);
    let read: Vec<String> = words(&quoted).into_iter().map(|word| word.value).collect();
    assert_eq!(read, [text.replace('%', "%%").replace('$', "$$")]);
});
