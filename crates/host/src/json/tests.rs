use super::DaemonJson;
use crate::HostError;
use sealock_diag::Diagnose;
use serde_json::{Value, json};
use std::path::Path;

fn parse(text: &str) -> DaemonJson {
    DaemonJson::parse(Path::new("/etc/docker/daemon.json"), text).unwrap()
}

fn merged(original: &DaemonJson) -> DaemonJson {
    original
        .with("hosts", &json!(["unix:///s", "tcp://0.0.0.0:2376"]))
        .and_then(|j| j.with("tls", &Value::Bool(true)))
        .and_then(|j| j.with("tlsverify", &Value::Bool(true)))
        .and_then(|j| j.with("tlscacert", &json!("/l/ca.pem")))
        .unwrap()
}

#[test]
fn a_merge_keeps_the_style_of_the_file() {
    for (before, after) in [
        ("", "{\n  \"tls\": true\n}\n"),
        ("{}", "{\n  \"tls\": true\n}"),
        ("{}\n", "{\n  \"tls\": true\n}\n"),
        ("{\r\n}\r\n", "{\r\n  \"tls\": true\r\n}\r\n"),
        ("{\"a\":1}", "{\"a\":1,\"tls\":true}"),
        ("{\"a\": 1}", "{\"a\": 1, \"tls\": true}"),
        ("{ \"a\" : 1 }\n", "{ \"a\" : 1, \"tls\" : true }\n"),
        ("{\n  \"a\": 1\n}\n", "{\n  \"a\": 1,\n  \"tls\": true\n}\n"),
        (
            "{\n    \"a\": 1,\n    \"b\": {\"c\": []}\n}",
            "{\n    \"a\": 1,\n    \"b\": {\"c\": []},\n    \"tls\": true\n}",
        ),
        ("{\n\t\"a\": 1\n}\n", "{\n\t\"a\": 1,\n\t\"tls\": true\n}\n"),
        (
            "{\r\n  \"a\": 1\r\n}\r\n",
            "{\r\n  \"a\": 1,\r\n  \"tls\": true\r\n}\r\n",
        ),
        (
            "\u{feff}{\n  \"a\": 1\n}",
            "\u{feff}{\n  \"a\": 1,\n  \"tls\": true\n}",
        ),
        (
            "{\n  \"a\": 1\n  ,\"b\": 2\n}",
            "{\n  \"a\": 1\n  ,\"b\": 2,\"tls\": true\n}",
        ),
        (
            "{\n  \"tls\": false,\n  \"a\": 1\n}",
            "{\n  \"tls\": true,\n  \"a\": 1\n}",
        ),
        ("{ \"tls\" :true }", "{ \"tls\" :true }"),
    ] {
        assert_eq!(
            parse(before)
                .with("tls", &Value::Bool(true))
                .unwrap()
                .text(),
            after,
            "{before:?}"
        );
    }
}

#[test]
fn a_list_keeps_its_shape() {
    let before =
        parse("{\n  \"hosts\": [\n    \"unix:///s\",\n    \"tcp://0.0.0.0:2375\"\n  ]\n}\n");
    let after = before
        .with("hosts", &json!(["unix:///s", "tcp://0.0.0.0:2376"]))
        .unwrap();
    assert_eq!(
        after.text(),
        "{\n  \"hosts\": [\n    \"unix:///s\",\n    \"tcp://0.0.0.0:2376\"\n  ]\n}\n"
    );
}

#[test]
fn unmerging_a_merge_is_identity() {
    for text in [
        "{\"a\":1}",
        "{\"a\": 1, \"b\": \"x\"}",
        "{\n  \"a\": 1\n}\n",
        "{\n\t\"a\": [1,\n2],\n\t\"z\": {}\n}",
        "{\r\n  \"a\": 1\r\n}\r\n",
        "\u{feff}{\n  \"hosts\": [\"fd://\"],\n  \"a\": 1\n}",
        "{\n  \"tlsverify\": false,\n  \"hosts\": [\n \"fd://\"\n],\n  \"tls\" : true\n}\n\n",
        "{ \"a\" : \"\\u00e9\\\"}\" }",
    ] {
        let original = parse(text);
        let changed = merged(&original)
            .with("live-restore", &Value::Bool(true))
            .unwrap();
        assert_eq!(changed.unmerged(&original).unwrap().text(), text);
    }
}

/// The same over generated files: every subset of keys, in every style.
#[test]
fn unmerging_is_identity_for_generated_files() {
    let pool = [
        "\"debug\"~true",
        "\"hosts\"~[\"fd://\"]",
        "\"log-opts\"~{\"a\": \"b\"}",
        "\"tls\"~false",
        "\"live-restore\"~false",
    ];
    let styles = [
        ("", "", "", ":"),
        ("\n  ", "\n  ", "\n", ": "),
        ("\r\n\t", "\r\n\t", "\r\n", " : "),
        (" ", " ", " ", ": "),
    ];
    for mask in 1u32..32 {
        for (lead, gap, tail, colon) in styles {
            let members: Vec<String> = pool
                .iter()
                .enumerate()
                .filter(|(i, _)| mask & (1 << i) != 0)
                .map(|(_, m)| m.replace('~', colon))
                .collect();
            let text = format!("{{{lead}{}{tail}}}\n", members.join(&format!(",{gap}")));
            let original = parse(&text);
            let changed = merged(&original)
                .with("live-restore", &Value::Bool(true))
                .unwrap();
            assert_eq!(changed.unmerged(&original).unwrap().text(), text);
        }
    }
}

#[test]
fn unmerging_keeps_what_somebody_added_since() {
    let original = parse("{\n  \"a\": 1\n}\n");
    let edited = merged(&original)
        .text()
        .replace("\"a\": 1", "\"a\": 2,\n  \"debug\": true");
    assert_eq!(
        parse(&edited).unmerged(&original).unwrap().text(),
        "{\n  \"a\": 2,\n  \"debug\": true\n}\n"
    );
}

#[test]
fn a_broken_file_is_refused_with_position_and_dockerds_words() {
    for (text, place, words) in [
        (
            "{\n  \"a\": 1,\n}\n",
            "3:1",
            "invalid character '}' looking for beginning of object key string",
        ),
        (
            "{\n  // no\n}",
            "2:3",
            "invalid character '/' looking for beginning of object key string",
        ),
        ("{\"a\" 1}", "1:6", "invalid character '1' after object key"),
        (
            "{\"a\": 1 \"b\": 2}",
            "1:9",
            "invalid character '\\\"' after object key:value pair",
        ),
        (
            "{\"a\": [1 2]}",
            "1:10",
            "invalid character '2' after array element",
        ),
        (
            "{\"a\": tru}",
            "1:10",
            "invalid character '}' in literal true (expecting 'e')",
        ),
        ("{\"a\": 1", "1:8", "unexpected end of JSON input"),
        ("{} x", "1:4", "invalid character 'x' after top-level value"),
        (
            "[]",
            "1:1",
            "json: cannot unmarshal array into Go value of type map[string]interface {}",
        ),
        (
            "{'a': 1}",
            "1:2",
            r"invalid character '\'' looking for beginning of object key string",
        ),
        (
            "{\"tlsverify\": \"yes\"}",
            "1:15",
            "json: cannot unmarshal string into Go struct field Config.tlsverify of type bool",
        ),
        (
            "{\"hosts\": \"fd://\"}",
            "1:11",
            "json: cannot unmarshal string into Go struct field Config.hosts of type []string",
        ),
        (
            "{\"a\": \"\u{1b}[2J\"}",
            "1:8",
            "invalid character '\\u{1b}' in string literal",
        ),
    ] {
        let error = DaemonJson::parse(Path::new("/d.json"), text).unwrap_err();
        assert_eq!(
            error.location().unwrap(),
            format!("/d.json:{place}"),
            "{text}"
        );
        assert_eq!(error.cause().unwrap(), words, "{text}");
    }
}

#[test]
fn a_key_that_stands_twice_is_named() {
    let error =
        DaemonJson::parse(Path::new("/d.json"), "{\"tls\": true,\n\"tls\": false}").unwrap_err();
    assert!(matches!(error, HostError::ConfigDuplicate { line: 2, ref key, .. } if key == "tls"));
}

#[test]
fn deep_nesting_ends_in_an_error() {
    let text = format!("{{\"a\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(DaemonJson::parse(Path::new("/d"), &text).is_err());
}

/// Whatever text comes: no panic, and what can be read can be changed and changed back.
#[test]
fn damaged_files_end_in_errors_and_readable_ones_survive_the_round_trip() {
    let seeds = [
        "{\"hosts\": [\"fd://\"], \"a\": {\"b\": [1, -2.5e3, null]}, \"tls\": true}",
        "{\n  \"x\": \"\\u00e9\",\r\n\t\"live-restore\": false }\n",
        "\u{feff}{}",
    ];
    let pieces = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        " ",
        "\n",
        "1",
        "true",
        "\"tls\"",
        "é",
        "\u{0}",
        "\"hosts\":[]",
    ];
    let mut state = 1u64;
    let mut next = |bound: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % bound
    };
    let mut readable = 0;
    for _ in 0..20_000 {
        let mut text: Vec<char> = seeds[next(seeds.len())].chars().collect();
        for _ in 0..=next(3) {
            let at = next(text.len() + 1);
            match next(3) {
                0 if at < text.len() => drop(text.remove(at)),
                1 => text.truncate(at),
                _ => drop(text.splice(at..at, pieces[next(pieces.len())].chars())),
            }
        }
        let text: String = text.into_iter().collect();
        let Ok(original) = DaemonJson::parse(Path::new("/d"), &text) else {
            continue;
        };
        readable += 1;
        let changed = merged(&original);
        assert_eq!(changed.flag("tlsverify"), Some(true));
        let back = changed.unmerged(&original).unwrap();
        if original.keys().next().is_some() {
            assert_eq!(back.text(), text);
        } else {
            assert_eq!(back.keys().next(), None);
        }
    }
    assert!(readable > 500, "{readable}");
}
