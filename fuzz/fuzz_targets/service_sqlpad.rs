//! What `/proc` and a `package.json` say of a SQLPad that somebody else runs: whatever they hold, there is an answer, and no
//! secret in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_service::kinds::sqlpad::running::{listening, told, version_of};

const SECRET: &str = "a-secret-that-nobody-else-has";

fuzz_target!(|input: (&str, &str, &[u8])| {
    let (manifest, line, environment) = input;
    let version = version_of(manifest);
    if let Some(version) = version {
        assert!(manifest.contains("sqlpad"));
        let said = version.to_string();
        assert!(
            said.bytes()
                .all(|byte| byte == b'.' || byte.is_ascii_digit())
        );
    }
    let _ = listening(line);
    let words: Vec<&str> = line.split('\0').collect();
    for (variable, at) in [("SQLPAD_COOKIE_SECRET", 0), ("SQLPAD_PASSPHRASE", 1)] {
        let last = [
            environment,
            b"\0",
            variable.as_bytes(),
            b"=",
            SECRET.as_bytes(),
        ]
        .concat();
        let process = told(1, version, &words, &last);
        assert!(!process.public[at]);
        assert!(!format!("{process:?}").contains(SECRET));
        assert!(process.names.iter().all(|name| !name.contains(['=', '\0'])));
    }
});
