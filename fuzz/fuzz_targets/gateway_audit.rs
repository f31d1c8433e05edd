//! Audit records of anything that can come from outside: each is one JSON line that harms no terminal and has a bound,
//! and the reader finds in it what was written. Lines of anything: read, judged, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_gateway::audit::{
    Asked, Audit, Event, Judged, LONGEST_LINE, Leaf, Object, Record, Verdict, Verifier, Wanted,
    fields, line_of, since,
};
use sealock_policy::{Caller, Name};
use std::path::Path;

fuzz_target!(|data: &[u8]| {
    written(data);
    read(data);
});

/// The parts of the data become the parts of a record.
fn written(data: &[u8]) {
    let mut parts = data.split(|byte| *byte == 0xff);
    let mut bytes = || parts.next().unwrap_or_default();
    let (raw, target, name) = (bytes(), text(bytes()), text(bytes()));
    let (owner, reason, other) = (text(bytes()), text(bytes()), text(bytes()));
    let caller = Caller::new(vec![
        Name::Uri(name.clone()),
        Name::Cn(owner.clone()),
        Name::Ou(other.clone()),
    ]);
    let leaf = Leaf {
        issuer: &other,
        serial: &owner,
        spki: &name,
    };
    let who = Audit::off().who(&other, &owner, Some(&caller), Some(leaf));
    let record = Record {
        event: Event::Request,
        who: Some(&who),
        id: Some(who.id(7)),
        asked: Some(Asked {
            method: &other,
            route: &name,
            verb: &owner,
            raw,
            target: &target,
        }),
        object: Some(Object {
            kind: "container",
            id: &other,
            name: &name,
            owner: &owner,
        }),
        judged: Some(Judged {
            verdict: Verdict::Deny,
            rule: &owner,
            code: "SL-A060",
            reason: &reason,
        }),
        detail: &reason,
        ..Record::default()
    };
    let line = line_of(&record);
    assert!(line.len() <= LONGEST_LINE, "{}", line.len());
    assert!(!line.chars().any(char::is_control), "{line:?}");
    assert_eq!(sealock_diag::escape(&line), line);
    let found = fields(line.as_bytes()).expect("a record of ours is read");
    assert_eq!(found.get("status"), None);
    assert_eq!(found["decision"], "deny");
    if owner.len() <= 256 && !owner.is_empty() {
        assert_eq!(found["owner"], owner.as_str());
        let wanted = Wanted {
            decision: Some("deny".to_owned()),
            id: Some(who.id(7).to_string()),
            ..Wanted::default()
        };
        assert!(wanted.matches(&found));
    }
    // What a query may hide never stands in a line.
    if let Some(secret) = target.strip_prefix("/build?buildargs=")
        && secret.len() > 20
        && !secret.contains(['&', '<'])
    {
        assert!(!found["target"].as_str().is_some_and(|there| there.contains(secret)));
    }
}

/// Lines of anything.
fn read(data: &[u8]) {
    let mut verifier = Verifier::new(None);
    for (number, line) in (1..).zip(data.split(|byte| *byte == b'\n')) {
        verifier.line(Path::new("a"), number, line);
    }
    let report = verifier.end();
    assert!(report.chained <= report.records);
    for broken in &report.broken {
        assert!(!broken.what.to_string().is_empty());
    }
    let _ = since(&text(data));
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
