//! Recorded and constructed answers, whole and in pieces.

use super::super::choice::{self, RETRY};
use super::*;

fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[kind, 3, 3, length[0], length[1]], content].concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind, length[1], length[2], length[3]], body].concat()
}

fn hello(suite: u16, random: [u8; 32], extensions: &[u8]) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend(random);
    body.push(0);
    body.extend(suite.to_be_bytes());
    body.push(0);
    if !extensions.is_empty() {
        body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
        body.extend(extensions);
    }
    message(2, &body)
}

fn read(until: Until, bytes: &[u8]) -> FlightProgress {
    let mut whole = FlightReader::new(until);
    let mut dripping = FlightReader::new(until);
    let at_once = whole.take(bytes);
    let mut dripped = FlightProgress::More;
    for byte in bytes {
        dripped = dripping.take(std::slice::from_ref(byte));
        if dripped != FlightProgress::More {
            break;
        }
    }
    if matches!(at_once, FlightProgress::Broken(_)) {
        assert!(matches!(dripped, FlightProgress::Broken(_)), "{dripped:?}");
    } else {
        assert_eq!(at_once, dripped);
    }
    at_once
}

#[test]
fn a_retry_names_suite_and_group() {
    let extensions = [0, 43, 0, 2, 3, 4, 0, 51, 0, 2, 0x11, 0xec];
    let bytes = record(22, &hello(0x1302, RETRY, &extensions));
    let FlightProgress::Done(Flight::Hello(hello, None)) = read(Until::KeyExchange, &bytes) else {
        panic!("{:?}", read(Until::Hello, &bytes));
    };
    assert!(hello.retry);
    assert_eq!(
        (hello.version, hello.suite, hello.group),
        (0x0304, 0x1302, Some(0x11ec))
    );
}

#[test]
fn messages_may_be_split_over_records_or_share_one() {
    let alpn = [0, 16, 0, 5, 0, 3, 2, b'h', b'2'];
    let exchange = message(12, &[3, 0, 23, 1, 4]);
    let all = [
        hello(0xc02f, [7; 32], &alpn),
        message(11, &[0; 700]),
        exchange,
        message(14, &[]),
    ]
    .concat();
    let one = record(22, &all);
    let many: Vec<u8> = all.chunks(3).flat_map(|part| record(22, part)).collect();
    for bytes in [one, many] {
        let FlightProgress::Done(Flight::Hello(hello, exchange)) = read(Until::KeyExchange, &bytes)
        else {
            panic!("{:?}", read(Until::KeyExchange, &bytes));
        };
        assert_eq!(hello.alpn.as_deref(), Some(&b"h2"[..]));
        assert_eq!(exchange, Some(Exchange::Group(23)));
    }
}

#[test]
fn a_prime_is_measured() {
    let mut body = vec![0, 128, 0x7f];
    body.extend([0xff; 127]);
    let bytes = record(
        22,
        &[hello(0x0033, [7; 32], &[]), message(12, &body)].concat(),
    );
    let got = read(Until::KeyExchange, &bytes);
    let FlightProgress::Done(Flight::Hello(_, Some(Exchange::Prime(bits)))) = got else {
        panic!("{got:?}");
    };
    assert_eq!(bits, 1023);
    assert_eq!(choice::bits(&[]), 0);
}

#[test]
fn a_static_key_exchange_has_no_message() {
    let bytes = record(
        22,
        &[
            hello(0x002f, [7; 32], &[]),
            message(11, &[]),
            message(14, &[]),
        ]
        .concat(),
    );
    let got = read(Until::KeyExchange, &bytes);
    assert!(
        matches!(got, FlightProgress::Done(Flight::Hello(_, None))),
        "{got:?}"
    );
}

#[test]
fn alerts_are_read_and_warnings_passed_over() {
    let fatal = record(21, &[2, 70]);
    assert_eq!(
        read(Until::Hello, &fatal),
        FlightProgress::Done(Flight::Alert(70))
    );
    let warned = [
        record(21, &[1, 112]),
        record(22, &hello(0xc02f, [7; 32], &[])),
    ]
    .concat();
    let got = read(Until::Hello, &warned);
    assert!(
        matches!(got, FlightProgress::Done(Flight::Hello(..))),
        "{got:?}"
    );
    let split = [record(21, &[2]), record(21, &[40])].concat();
    assert_eq!(
        read(Until::Hello, &split),
        FlightProgress::Done(Flight::Alert(40))
    );
}

#[test]
fn what_is_no_answer_is_broken() {
    for (bytes, why) in [
        (b"HTTP/1.0 400 Bad Request\r\n".to_vec(), "it sent `"),
        (vec![22, 3, 3, 0xff, 0xff], "a record of 65535 bytes"),
        (record(23, b"secret"), "a record of type 23"),
        (record(22, &message(11, &[])), "a message of type 11"),
        (record(22, &message(2, &[3, 3, 0])), "does not read"),
    ] {
        let FlightProgress::Broken(found) = read(Until::Hello, &bytes) else {
            panic!("{bytes:?}");
        };
        assert!(found.contains(why), "{found}");
    }
    let mut cut = FlightReader::new(Until::Hello);
    assert_eq!(cut.take(&[22, 3, 3, 0, 50, 2]), FlightProgress::More);
    assert!(matches!(cut.end(), FlightProgress::Broken(_)));
}

#[test]
fn ten_megabytes_are_announced_and_not_read() {
    let mut bytes = hello(0xc02f, [7; 32], &[]);
    bytes.extend([11, 0x98, 0x96, 0x80, 1, 2, 3]);
    assert_eq!(
        read(Until::KeyExchange, &record(22, &bytes)),
        FlightProgress::Done(Flight::Oversized(11, 10_000_000))
    );
}

#[test]
fn the_size_of_pieces_changes_nothing() {
    let sound = [
        record(21, &[1, 112]),
        record(20, &[1]),
        record(
            22,
            &[hello(0xc02f, [7; 32], &[0, 16, 0, 5, 0, 3, 2, b'h', b'2'])].concat(),
        ),
        record(22, &message(11, &[0; 40])),
        record(22, &message(12, &[3, 0, 23, 1, 4])),
    ]
    .concat();
    // SplitMix64: which byte is spoiled, and how.
    let mut state = 1_u64;
    let mut next = move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        usize::try_from((z ^ (z >> 27)) >> 33).unwrap()
    };
    let mut done = 0;
    for round in 0..20_000 {
        let mut bytes = sound.clone();
        for _ in 0..round % 4 {
            let at = next() % bytes.len();
            bytes[at] = u8::try_from(next() % 256).unwrap();
        }
        bytes.truncate(bytes.len() - next() % 8);
        // `read` compares all at once with byte by byte.
        done += usize::from(matches!(
            read(Until::KeyExchange, &bytes),
            FlightProgress::Done(_)
        ));
    }
    assert!(done > 2_000, "{done}");
}
