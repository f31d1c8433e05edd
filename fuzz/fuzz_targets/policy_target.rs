//! A request's head: what is read is written in one way, which is read as the same again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_policy::{Incoming, Reading, Request};

fuzz_target!(|data: (u8, Option<&[u8]>, bool, &[u8])| {
    let (method, content_type, prefixed, target) = data;
    let method = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"][usize::from(method) % 6];
    let reading = Reading {
        prefix: prefixed.then_some("/base"),
        ..Reading::default()
    };
    let incoming = Incoming {
        method: method.as_bytes(),
        target,
        content_type,
        upgrade: Some(b"tcp"),
        has_body: content_type.is_some(),
    };
    let Ok(request) = Request::read(&incoming, &reading) else {
        return;
    };
    let written = request.target();
    let path = written.split('?').next().unwrap_or_default();
    assert!(
        written.bytes().all(|byte| matches!(byte, 0x21..=0x7e)),
        "{written}"
    );
    assert!(
        path.starts_with('/') && !path.contains("//") && !path.contains("/../"),
        "{written}"
    );
    assert!(
        !written.contains(';') && !written.contains('#'),
        "{written}"
    );
    let again = Incoming {
        target: written.as_bytes(),
        ..incoming
    };
    let again = Request::read(&again, &Reading::default()).expect("what we write we read");
    assert_eq!(again.call(), request.call(), "{written}");
    assert_eq!(again.name(), request.name(), "{written}");
    assert_eq!(again.query(), request.query(), "{written}");
    assert_eq!(again.filters(), request.filters(), "{written}");
    assert_eq!(again.target(), written);
});
