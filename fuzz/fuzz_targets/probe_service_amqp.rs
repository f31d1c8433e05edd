//! A broker's answer to an AMQP header: bounded, never reads past its end, safe to print.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_diag::escape;
use sealock_probe::service::{AmqpAnswer, Parsed};

fuzz_target!(|data: &[u8]| {
    read(data, AmqpAnswer::parse, |_| Vec::new());
});

/// As a look reads: no more than the reader asks for, until it has a message or the peer has no more.
fn read<T: PartialEq>(
    data: &[u8],
    parse: impl Fn(&[u8]) -> Parsed<T>,
    texts: impl Fn(&T) -> Vec<String>,
) {
    let mut known = 0;
    loop {
        match parse(&data[..known]) {
            Parsed::More(missing) => {
                assert!(missing > 0 && missing < 64 * 1024, "{missing}");
                if known + missing > data.len() {
                    return;
                }
                known += missing;
            }
            Parsed::Done(message) => {
                for text in texts(&message) {
                    assert!(text.len() < 1024, "{} bytes", text.len());
                    assert_eq!(escape(&text), text);
                }
                // What follows belongs to somebody else and changes nothing.
                assert!(matches!(parse(data), Parsed::Done(same) if same == message));
                return;
            }
            Parsed::Broken(what) => {
                assert!(what.len() < 4096, "{} bytes", what.len());
                assert_eq!(escape(&what), what);
                return;
            }
        }
    }
}
