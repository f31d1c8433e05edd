//! JSON: what we take, serde_json takes for the same, and so it does with what we write.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_policy::Json;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let Ok(json) = Json::parse(bytes) else {
        return;
    };
    let text = json.to_text();
    assert_eq!(Json::parse(text.as_bytes()).as_ref(), Ok(&json));
    // serde_json has bounds of its own for numbers.
    if let (Ok(theirs), Ok(ours)) = (
        serde_json::from_slice::<Value>(bytes),
        serde_json::from_str::<Value>(&text),
    ) {
        assert_eq!(theirs, ours);
    }
});
