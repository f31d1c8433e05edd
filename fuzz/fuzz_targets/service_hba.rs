//! `pg_hba.conf`: what is written demands what it has to, a second time changes nothing, and comments and lines survive.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_service::kinds::postgres::hba::{Demands, Standbys, rewrite};
use sealock_service::kinds::postgres::openings::openings;
use sealock_service::kinds::postgres::released::released;

fuzz_target!(|input: (bool, u8, &[u8], &[u8])| {
    let (certificates, standbys, text, other) = input;
    // Whatever was there before: what comes out is made of lines that are there.
    let out = released(other, text);
    // Each of the two last lines may have lacked its end.
    assert!(out.len() <= other.len() + text.len() + 2);
    let demands = Demands {
        certificates,
        standbys: match standbys % 3 {
            0 => None,
            1 => Some(Standbys::Required),
            _ => Some(Standbys::Left),
        },
    };
    let found = openings(text, demands);
    let count = text.split(|byte| *byte == b'\n').count();
    for opening in &found {
        assert!((1..=count).contains(&opening.line));
        assert!(!opening.cause.contains(|c: char| c.is_control()));
    }
    let Ok(first) = rewrite(text, demands) else {
        return;
    };
    let second = rewrite(&first.text, demands).expect("what we write we read");
    assert_eq!(first, second);
    // What is written leaves nothing open, but for lines that their owner keeps; and taken out again it is what it was.
    if demands.standbys != Some(Standbys::Left) {
        assert_eq!(openings(&first.text, demands), []);
    }
    assert_eq!(released(text, &first.text), text);
    let lines = |text: &[u8]| {
        text.split(|byte| *byte == b'\n')
            .map(<[u8]>::to_vec)
            .collect::<Vec<_>>()
    };
    let (before, after) = (lines(text), lines(&first.text));
    assert_eq!(before.len(), after.len());
    for (before, after) in before.iter().zip(&after) {
        if before == after {
            continue;
        }
        assert!(
            after
                .trim_ascii_start()
                .windows(7)
                .any(|word| word == b"hostssl")
        );
        // What nobody demands is not written.
        let option = b"clientcert=verify-full";
        let has = |line: &[u8]| line.windows(option.len()).any(|word| word == option);
        assert!(certificates || has(before) == has(after));
    }
});
