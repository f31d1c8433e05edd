//! A server's answer to a hello, in pieces of any size: bounded, the same for every size, safe to print.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_diag::escape;
use sealock_probe::{FlightProgress, FlightReader, Until};

fuzz_target!(|data: &[u8]| {
    for until in [Until::Hello, Until::KeyExchange] {
        let whole = read(data, data.len().max(1), until);
        for size in [1, 1 + data.len() / 7] {
            let pieces = read(data, size, until);
            // What is broken may be found out later or in other words, but not be taken for sound.
            let broken = |progress: &FlightProgress| matches!(progress, FlightProgress::Broken(_));
            assert!(broken(&whole) || broken(&pieces) || whole == pieces);
        }
        if let FlightProgress::Broken(why) = whole {
            assert_eq!(escape(&why), why);
            assert!(why.len() < 1024);
        }
    }
});

fn read(data: &[u8], size: usize, until: Until) -> FlightProgress {
    let mut reader = FlightReader::new(until);
    for chunk in data.chunks(size) {
        match reader.take(chunk) {
            FlightProgress::More => {}
            other => return other,
        }
    }
    reader.end()
}
