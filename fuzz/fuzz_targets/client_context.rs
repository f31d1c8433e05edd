//! The docker CLI's own files, `meta.json` and `config.json`: what is foreign in them stays.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_host::client::{ContextMeta, ContextName, current_context, with_current_context};
use serde_json::{Map, Value};
use std::path::Path;

fuzz_target!(|data: &[u8]| {
    if let Ok(meta) = ContextMeta::parse(data) {
        let _ = (meta.name(), meta.description(), meta.skips_verification());
        assert_eq!(ContextMeta::parse(&meta.to_json()).as_ref(), Ok(&meta));
        let endpoint = "docker.example.org".parse().expect("an endpoint");
        let ours = meta.refreshed(&endpoint, Some("<\u{2028}>"));
        assert!(ours.is_ours() && !ours.skips_verification());
        assert_eq!(ours.host(), Some("tcp://docker.example.org:2376"));
        assert_eq!(ours.name(), meta.name());
        assert_eq!(ContextMeta::parse(&ours.to_json()).as_ref(), Ok(&ours));
    }
    let path = Path::new("/config.json");
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let _ = current_context(text, path);
    let name: ContextName = "prod".parse().expect("a name");
    for wanted in [Some(&name), None] {
        let Ok(changed) = with_current_context(Some(text), wanted, path) else {
            return;
        };
        let now = current_context(&changed, path).expect("our own text");
        assert_eq!(now.as_deref(), wanted.map(ContextName::as_str));
        assert_eq!(foreign(&changed), foreign(text));
    }
});

/// Everything but the current context.
fn foreign(text: &str) -> Map<String, Value> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    let mut object: Map<String, Value> = serde_json::from_str(text).expect("JSON");
    object.retain(|key, _| !key.eq_ignore_ascii_case("currentContext"));
    object
}
