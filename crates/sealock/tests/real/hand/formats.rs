//! `daemon.json` is merged, not rewritten.

use std::fs;

use sealock_testkit::lab::Version;

use crate::common::{Host, Tree};

const KEY: &str = "\"deprecated-key-path\"";

#[test]
fn tabs_and_foreign_keys_are_kept_in_their_order() {
    let text = "{\n\t\"labels\": [\"z=1\", \"a=2\"],\n\t\"hosts\": [\"unix://@SOCKET@\"],\n\t\"log-opts\": {\"max-size\": \"1m\"},\n\t\
                \"deprecated-key-path\": \"@FOLDER@/key.json\",\n\t\"debug\":   false\n}\n";
    let cloaked = kept(Version::V20, text);
    let own = cloaked.lines().filter(|line| line.contains("\"tls"));
    assert!(
        own.clone().all(|line| line.starts_with("\t\"")),
        "{cloaked}"
    );
    assert_eq!(own.count(), 5, "{cloaked}");
    let order = ["labels", "hosts", "log-opts", KEY, "debug"].map(|key| cloaked.find(key).unwrap());
    assert!(order.is_sorted(), "{cloaked}");
    assert!(cloaked.contains("\t\"debug\":   false"), "{cloaked}");
}

#[test]
fn windows_line_ends_are_kept() {
    let text = "{\r\n  \"deprecated-key-path\": \"@FOLDER@/key.json\",\r\n  \"hosts\": [\"unix://@SOCKET@\"]\r\n}\r\n";
    let cloaked = kept(Version::V20, text);
    assert_eq!(
        cloaked.matches('\n').count(),
        cloaked.matches("\r\n").count(),
        "{cloaked:?}"
    );
    assert!(cloaked.ends_with("}\r\n"), "{cloaked:?}");
}

#[test]
fn a_file_without_a_last_line_end_does_not_get_one() {
    let text =
        "{\n    \"hosts\": [\"unix://@SOCKET@\"],\n    \"features\": {\"buildkit\": true}\n}";
    let cloaked = kept(Version::V28, text);
    assert!(cloaked.ends_with('}'), "{cloaked:?}");
}

#[test]
fn a_file_of_one_line_stays_one_line() {
    let text = "{\"hosts\":[\"unix://@SOCKET@\"],\"labels\":[\"x=y\"]}";
    let cloaked = kept(Version::V28, text);
    assert!(!cloaked.contains('\n'), "{cloaked:?}");
}

/// Up and down again with a `daemon.json`; what it looks like in between.
fn kept(version: Version, text: &str) -> String {
    let host = Host::with_config(version, text);
    let before = Tree::of(&[&host.etc()]).seen_by_users();
    let _ = host.up(&[]).expect_code(0);
    host.lives();
    let cloaked = fs::read_to_string(host.daemon.config_file()).unwrap();
    let apply = host.sealock.run(&["apply", "--yes"]).expect_code(0);
    assert!(apply.stderr.starts_with("0 changes"), "{apply}");
    let _ = host.sealock.run(&["down", "--yes"]).expect_code(0);
    host.lives();
    Tree::of(&[&host.etc()])
        .seen_by_users()
        .expect_same(&before);
    cloaked
}
