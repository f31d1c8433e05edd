//! The textfile format of Prometheus, read by a parser that takes nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Command;

use sealock_testkit::process::run;

use crate::check::peers::{Closed, Kit};

/// A sample: name, labels, value.
type Sample = (String, BTreeMap<String, String>, i64);

/// Text format 0.0.4, without what sealock does not use: timestamps, infinities, histograms.
fn parse(text: &str) -> Vec<Sample> {
    assert!(text.ends_with('\n'));
    let mut samples = Vec::new();
    let mut known = BTreeSet::new();
    let mut current = String::new();
    let mut helped = String::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(is_name(name) && !help.is_empty(), "{line}");
            name.clone_into(&mut helped);
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert_eq!((name, kind), (helped.as_str(), "gauge"), "{line}");
            // A family that comes twice is refused by collectors.
            assert!(known.insert((name.to_owned(), BTreeMap::new())), "{line}");
            name.clone_into(&mut current);
        } else {
            let sample = sample(line);
            assert_eq!(sample.0, current, "{line}");
            let is_new = sample.1.is_empty() || known.insert((sample.0.clone(), sample.1.clone()));
            assert!(is_new, "twice: {line}");
            samples.push(sample);
        }
    }
    samples
}

fn sample(line: &str) -> Sample {
    let end = line.find(['{', ' ']).unwrap_or_else(|| panic!("{line}"));
    let (name, mut rest) = line.split_at(end);
    assert!(is_name(name), "{line}");
    let mut labels = BTreeMap::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (label, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("{line}"));
            assert!(is_name(label), "{line}");
            let (value, after) = value(after);
            assert!(labels.insert(label.to_owned(), value).is_none(), "{line}");
            rest = after;
            match rest.split_at(1) {
                (",", more) => rest = more,
                ("}", more) => {
                    rest = more;
                    break;
                }
                _ => panic!("{line}"),
            }
        }
    }
    let number = rest
        .strip_prefix(' ')
        .and_then(|digits| digits.parse().ok());
    (
        name.to_owned(),
        labels,
        number.unwrap_or_else(|| panic!("{line}")),
    )
}

/// A label's value up to its closing quote, and what is behind that.
fn value(text: &str) -> (String, &str) {
    let mut out = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (out, &text[at + 1..]),
            '\\' => out.push(match characters.next() {
                Some((_, 'n')) => '\n',
                Some((_, plain @ ('\\' | '"'))) => plain,
                other => panic!("{other:?} behind a backslash: {text}"),
            }),
            plain => out.push(plain),
        }
    }
    panic!("no end: {text}");
}

fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[test]
fn a_collector_reads_it() {
    let kit = Kit::new();
    kit.server(
        "odd",
        "/O=a\"b\\\\\nc/CN=\u{1b}[2J",
        "IP:127.0.0.1,DNS:docker.example",
    );
    // Two certificates that are alike in everything that a label says.
    let mut twins = String::new();
    for days in [10, 20] {
        kit.openssl(&format!(
            "x509 -req -in odd.csr -CA server-ca.pem -CAkey server-ca-key.pem -set_serial 7 -days {days} \
             -extfile odd.ext -out one.pem"
        ));
        twins += &fs::read_to_string(kit.path("one.pem")).unwrap();
    }
    kit.folder.write("twins.pem", twins);
    let odd = kit.serve("odd", "-cipher ECDHE+AESGCM -cert_chain twins.pem");
    let engine = kit.engine();
    let closed = Closed::new();
    let closed = closed.place();
    kit.list(&format!(
        "{}\n{}\n{closed}\n",
        odd.place(),
        super::place(&engine)
    ));
    let samples = parse(&kit.fleet(&["--format", "prometheus"]).expect_code(3).stdout);
    let of = |name: &str, wanted: &[(&str, &str)]| -> Vec<(BTreeMap<String, String>, i64)> {
        samples
            .iter()
            .filter(|(found, labels, _)| {
                found == name
                    && wanted
                        .iter()
                        .all(|(label, value)| labels.get(*label).is_some_and(|is| is == value))
            })
            .map(|(_, labels, value)| (labels.clone(), *value))
            .collect()
    };
    let healthy: Vec<i64> = of("sealock_healthy", &[])
        .iter()
        .map(|(_, value)| *value)
        .collect();
    assert_eq!(healthy, [0, 1, 0]);
    assert_eq!(
        of(
            "sealock_findings",
            &[
                ("subject", &closed),
                ("code", "SL-F901"),
                ("severity", "down")
            ]
        )[0]
        .1,
        1
    );
    assert_eq!(
        of(
            "sealock_findings",
            &[("subject", &odd.place()), ("code", "SL-F908")]
        )
        .len(),
        1
    );
    let ends = of(
        "sealock_certificate_not_after_seconds",
        &[("place", &odd.place())],
    );
    // The leaf, and the twins as one.
    assert_eq!(ends.len(), 2, "{ends:?}");
    let now = of("sealock_look_seconds", &[])[0].1;
    assert!(
        (now + 9 * 86_400..now + 11 * 86_400).contains(&ends[1].1),
        "{ends:?}"
    );
    // As the JSON has it: what was a newline and an escape in the certificate is visible, and no other label.
    let subject = "O=a\\\"b\\\\\\u{a}c, CN=\\u{1b}[2J";
    assert_eq!(ends[0].0["subject"], subject);
    let json = kit.look(&odd.place()).json;
    assert_eq!(
        json["reports"][0]["endpoints"][0]["chain"][0]["subject"],
        subject
    );
    assert!(of("sealock_checks", &[])[0].1 >= 70);
}

#[test]
fn a_file_is_replaced_and_never_half_there() {
    let kit = Kit::new();
    let engine = kit.engine();
    kit.list(&super::place(&engine));
    let folder = kit.path("textfiles");
    fs::create_dir(&folder).unwrap();
    let file = folder.join("sealock.prom");
    let look = || {
        let command = kit.fleet_command(&[
            "--short",
            "--format",
            "prometheus",
            "-o",
            file.to_str().unwrap(),
        ]);
        // The collector is another user, whatever ours may be told to hide.
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "umask 077; exec \"$@\"", "sh"])
            .arg(command.get_program())
            .args(command.get_args());
        let said = run(&mut shell).expect_code(0);
        assert_eq!((said.stdout.as_str(), said.stderr.as_str()), ("", ""));
        let stat = fs::metadata(&file).unwrap();
        assert!(!parse(&fs::read_to_string(&file).unwrap()).is_empty());
        (stat.mode() & 0o7777, stat.ino())
    };
    let (mode, first) = look();
    assert_eq!(mode, 0o644);
    let held = fs::File::open(&file).unwrap();
    let (mode, second) = look();
    assert_eq!(mode, 0o644);
    assert_ne!(first, second, "it was written in place");
    // Whoever had it open still reads all of the old one.
    assert_eq!(held.metadata().unwrap().ino(), first);
    assert!(!parse(&std::io::read_to_string(held).unwrap()).is_empty());
    let names: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["sealock.prom"]);
}
