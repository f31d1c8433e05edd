//! An HTTP answer of a peer that may be anything, in pieces of any size: bounded, and safe to print.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_diag::escape;
use sealock_probe::{AnswerReader, Progress};

fuzz_target!(|data: &[u8]| {
    for size in [1, 1 + data.len() / 7, data.len().max(1)] {
        match read(data, size) {
            Progress::More => panic!("the end is the end"),
            Progress::Broken(why) => assert_eq!(escape(&why), why),
            Progress::Done(reply) => {
                assert!((200..=999).contains(&reply.status), "{reply:?}");
                let fields = [&reply.api_version, &reply.server, &reply.date];
                for text in fields.into_iter().flatten().chain([&reply.body]) {
                    assert_eq!(&escape(text), text);
                    assert!(text.len() < 4096, "{} bytes", text.len());
                }
                let _ = (reply.is_from_the_api(), reply.is_tls_wanted());
            }
        }
    }
});

fn read(data: &[u8], size: usize) -> Progress {
    let mut reader = AnswerReader::default();
    for chunk in data.chunks(size) {
        match reader.take(chunk) {
            Progress::More => {}
            other => return other,
        }
    }
    reader.end()
}
