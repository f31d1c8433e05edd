//! Anything that somebody pastes: read within bounds, a few readings, nothing that drives a terminal.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let readings = sealock_check::messages::read(&text);
    assert!(readings.len() <= 5, "{readings:?}");
    let codes: std::collections::BTreeSet<_> =
        readings.iter().map(|reading| reading.check.code).collect();
    assert_eq!(codes.len(), readings.len(), "a finding is told twice");
    for reading in &readings {
        assert!(!reading.says.is_empty());
        assert!(!reading.says.contains(char::is_control), "{reading:?}");
        let help = reading.help.as_deref().unwrap_or_default();
        assert!(
            !help.contains(|c: char| c.is_control() && c != '\n'),
            "{reading:?}"
        );
    }
});
