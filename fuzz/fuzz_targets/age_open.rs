//! An age file from outside: nothing in it makes us panic, and whatever opens was sealed by somebody who
//! knew the recipient.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_age::{Identity, Key, Lock, asks, is_age, open, seal};

fuzz_target!(|data: &[u8]| {
    let identity = Identity::from_secret([7; 32]).expect("32 bytes are a secret");
    let identities = [identity];
    // As it came, and behind a header that is right: so the payload's reader is reached too.
    let outcome = open(&Key::Identities(&identities), data);
    assert!(outcome.is_err() || is_age(data));
    let _ = asks(data);
    let recipients = [identities[0].recipient()];
    let mut draw = |buffer: &mut [u8]| buffer.fill(1);
    let sealed = seal(&Lock::Recipients(&recipients), data, &mut draw).expect("a good recipient");
    let plain = open(&Key::Identities(&identities), &sealed).expect("our own file");
    assert_eq!(plain.expose(), data);
    let payload = sealed.len() - data.len().div_ceil(65_536).max(1) * 16 - data.len();
    let foreign = [&sealed[..payload], data].concat();
    if foreign != sealed {
        assert!(open(&Key::Identities(&identities), &foreign).is_err());
    }
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = Identity::read_all(text);
        let _ = text.parse::<sealock_age::Recipient>();
    }
});
