//! dockerd's command line, from a unit with its variables and from a process: the words that stay
//! after a change are the words that were meant before.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_host::command::{CommandLine, Endpoint};
use std::collections::BTreeMap;

// The text's first line is the command, the others are its variables.
fuzz_target!(|text: &str| {
    let mut lines = text.split('\n');
    let line = lines.next().unwrap_or_default();
    let environment: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let unit = CommandLine::of_unit(line, &environment);
    let argv: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let process = CommandLine::of_process(&argv);
    assert_eq!(process.arguments(), argv[1..]);
    for command in [unit, process] {
        let (quiet, _) = command.quiet();
        assert_eq!(quiet.program(), command.program());
        assert_eq!(quiet.quiet().0, quiet);
        assert!(quiet.tls_flags().is_empty());
        let tcp = |host: &String| matches!(Endpoint::parse(host), Endpoint::Tcp(_));
        assert!(!quiet.hosts().iter().any(tcp));
        // Whatever is left was there, in this order.
        let before = command.arguments();
        let mut before = before.iter();
        for word in quiet.arguments() {
            assert!(before.any(|there| *there == word), "{word:?} is new");
        }
        // systemd takes `%` for specifiers, which is not our part of reading.
        if !text.contains('%') {
            let again = CommandLine::of_unit(&quiet.raw(), &environment);
            assert_eq!(again.arguments(), quiet.arguments(), "{}", quiet.raw());
        }
    }
});
