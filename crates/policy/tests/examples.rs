//! The policies that are shipped as examples are good, and their cases come out as they say.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use sealock_policy::{Case, Policy};
use std::fs;
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/policies")
}

#[test]
fn every_example_is_a_policy_without_gaps() {
    let mut seen = 0;
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with("-cases.toml") || !name.ends_with(".toml") {
            continue;
        }
        let policy = Policy::parse(&fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let remarks = policy.remarks();
        let expected = usize::from(name == "try.toml");
        assert_eq!(remarks.len(), expected, "{name}: {remarks:?}");
        seen += 1;
    }
    assert!(seen >= 4, "{seen}");
}

#[test]
fn the_cases_of_the_example_come_out_as_they_say() {
    let read = |name: &str| fs::read_to_string(folder().join(name)).unwrap();
    let policy = Policy::parse(&read("team.toml")).unwrap();
    let cases = Case::parse(&read("team-cases.toml")).unwrap();
    assert!(cases.len() >= 7);
    for case in cases {
        let (good, told) = case.attempt(&policy);
        assert!(good, "line {}: {told}", case.line);
    }
}

/// Every policy and every file of cases in the page.
#[test]
fn every_policy_in_the_page_reads() {
    let page = fs::read_to_string(folder().join("../policy.md")).unwrap();
    let mut seen = 0;
    for block in page.split("```toml\n").skip(1) {
        let text = block.split("```").next().unwrap();
        if text.starts_with("version") {
            Policy::parse(text).unwrap_or_else(|error| panic!("{error:?} in\n{text}"));
        } else if text.starts_with("[[case]]") {
            Case::parse(text).unwrap_or_else(|error| panic!("{error:?} in\n{text}"));
        } else {
            // A part of a policy.
            Policy::parse(&format!("version = 1\n{text}"))
                .unwrap_or_else(|error| panic!("{error:?} in\n{text}"));
        }
        seen += 1;
    }
    assert!(seen >= 4, "{seen}");
}
