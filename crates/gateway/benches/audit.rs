//! What a record costs the worker that notes it.
//!
//! `cargo bench -p sealock-gateway --bench audit`: medians of rounds that alternate, one thread.
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use sealock_gateway::AuditSettings;
use sealock_gateway::audit::{Asked, Audit, Judged, Record, Verdict};
use sealock_policy::{Caller, Name};

const RECORDS: u32 = 20_000;
const ROUNDS: usize = 5;

fn main() {
    let folder = std::env::temp_dir().join(format!("sealock-bench-audit-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut plain = Vec::new();
    let mut chained = Vec::new();
    for round in 0..ROUNDS {
        plain.push(each(folder.join(format!("plain-{round}")), false));
        chained.push(each(folder.join(format!("chained-{round}")), true));
    }
    std::fs::remove_dir_all(&folder).unwrap();
    println!("a record              {:?}", median(plain));
    println!("a record of a chain   {:?}", median(chained));
}

/// The mean time of a note; the writer must keep up, or the figure would be that of dropping.
fn each(path: PathBuf, chain: bool) -> Duration {
    let audit = Audit::open(&AuditSettings {
        path,
        chain,
        rotate_at: 1 << 30,
        keep: 1,
        required: false,
    })
    .unwrap();
    let caller = Caller::new(vec![Name::Cn("alice".into()), Name::Ou("ops".into())]);
    let who = audit.who("docker", &"192.0.2.7:50000", Some(&caller), None);
    let record = Record {
        who: Some(&who),
        id: Some(who.id(1)),
        asked: Some(Asked {
            method: "GET",
            route: "container.list",
            verb: "observe",
            raw: b"/v1.51/containers/json?all=1",
            target: "/v1.51/containers/json?all=1",
        }),
        judged: Some(Judged {
            verdict: Verdict::Allow,
            rule: "grants[0]",
            code: "",
            reason: "",
        }),
        status: 200,
        sent: 1024,
        duration: Some(Duration::from_micros(350)),
        policy: 1,
        material: 1,
        ..Record::default()
    };
    let since = Instant::now();
    for _ in 0..RECORDS {
        audit.note(&record);
    }
    let each = since.elapsed() / RECORDS;
    assert_eq!(audit.lost(), 0, "the writer did not keep up");
    audit.stop(Duration::from_secs(10));
    each
}

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort();
    all[all.len() / 2]
}
