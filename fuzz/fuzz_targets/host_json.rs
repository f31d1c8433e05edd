//! `daemon.json`: what serde_json refuses we refuse, and merging and taking out again is identity.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_host::json::DaemonJson;
use serde_json::{Value, json};
use std::path::Path;

fuzz_target!(|text: &str| {
    let Ok(original) = DaemonJson::parse(Path::new("/daemon.json"), text) else {
        return;
    };
    let plain = text.trim_start_matches('\u{feff}');
    assert!(plain.trim().is_empty() || serde_json::from_str::<Value>(plain).is_ok());
    let changed = original
        .with("hosts", &json!(["unix:///s", "tcp://[::]:2376"]))
        .and_then(|json| json.with("tlsverify", &Value::Bool(true)))
        .and_then(|json| json.with("live-restore", &Value::Bool(true)))
        .expect("a readable file stays readable");
    assert_eq!(changed.flag("tlsverify"), Some(true));
    for key in original
        .keys()
        .filter(|key| !["hosts", "tlsverify", "live-restore"].contains(key))
    {
        assert_eq!(original.get(key), changed.get(key));
    }
    let back = changed
        .unmerged(&original)
        .expect("and can be changed back");
    match original.keys().next() {
        Some(_) => assert_eq!(back.text(), text),
        None => assert_eq!(back.keys().next(), None),
    }
});
