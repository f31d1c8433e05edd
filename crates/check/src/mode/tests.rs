use super::{Mode, Target, hosts, resolve, tls};
use crate::seen::{Config, ConfigProblem, ConfigState, Daemon, Flag, Host, Supervisor, Version};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn host(version: u32, flags: &[&str], json: Value, environment: &[(&str, &str)]) -> Host {
    let flags = flags
        .iter()
        .map(|flag| match flag.trim_start_matches('-').split_once('=') {
            Some((name, value)) => Flag {
                name: name.into(),
                value: Some(value.into()),
            },
            None => Flag {
                name: flag.trim_start_matches('-').into(),
                value: None,
            },
        })
        .collect();
    let text = json.to_string();
    Host {
        names: Vec::new(),
        addresses: Vec::new(),
        supervisor: Supervisor::Systemd,
        unit: None,
        version: Some(Version {
            major: version,
            minor: 0,
            text: format!("{version}.0.0"),
        }),
        daemon: Daemon::Off { why: String::new() },
        config: Config {
            path: "/etc/docker/daemon.json".into(),
            state: ConfigState::Sound,
            keys: json.as_object().cloned().unwrap_or_default(),
            bytes: text.into_bytes(),
        },
        flags,
        running_flags: None,
        environment: environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect::<BTreeMap<_, _>>(),
        listeners: Vec::new(),
        sockets: Vec::new(),
        group_members: Vec::new(),
        wanted_names: Vec::new(),
        files: Vec::new(),
        stale: false,
        cloaked: false,
        drift: Vec::new(),
    }
}

fn mutual(anchors: &str) -> Mode {
    Mode::Mutual {
        anchors: anchors.into(),
    }
}

fn paths(mut with: Value) -> Value {
    let all = json!({"tlscacert": "/c/ca.pem", "tlscert": "/c/cert.pem", "tlskey": "/c/key.pem"});
    if let (Some(with), Some(all)) = (with.as_object_mut(), all.as_object()) {
        with.extend(all.clone());
    }
    with
}

#[test]
fn every_row_of_the_mode_table() {
    let files = [
        "--tlscacert=/f/ca.pem",
        "--tlscert=/f/cert.pem",
        "--tlskey=/f/key.pem",
    ];
    let with = |flags: &[&'static str]| [flags, files.as_slice()].concat();
    let ours = || mutual("/c/ca.pem");
    let theirs = || mutual("/f/ca.pem");
    let none = json!({});
    type Row = (
        &'static str,
        Vec<&'static str>,
        Value,
        Vec<(&'static str, &'static str)>,
        Mode,
    );
    let cases: Vec<Row> = vec![
        ("nothing", vec![], none.clone(), vec![], Mode::Plain),
        ("flag tls=false", vec!["--tls=false"], none.clone(), vec![], Mode::Plain),
        ("key tls false", vec![], paths(json!({"tls": false})), vec![], Mode::Plain),
        ("flag tls", with(&["--tls"]), none.clone(), vec![], theirs()),
        ("key tls", vec![], paths(json!({"tls": true})), vec![], ours()),
        ("flag tlsverify", with(&["--tlsverify"]), none.clone(), vec![], theirs()),
        ("key tlsverify", vec![], paths(json!({"tlsverify": true})), vec![], ours()),
        ("flags tls, tlsverify=false", with(&["--tls", "--tlsverify=false"]), none.clone(), vec![], Mode::ServerOnly),
        ("keys tls, tlsverify false", vec![], paths(json!({"tls": true, "tlsverify": false})), vec![], Mode::ServerOnly),
        ("flag tlsverify=false", with(&["--tlsverify=false"]), none.clone(), vec![], Mode::ServerOnly),
        ("key tlsverify false", vec![], paths(json!({"tlsverify": false})), vec![], Mode::ServerOnly),
        ("flags tls=false, tlsverify", with(&["--tls=false", "--tlsverify"]), none.clone(), vec![], theirs()),
        ("keys tls false, tlsverify true", vec![], paths(json!({"tls": false, "tlsverify": true})), vec![], ours()),
        ("flag tls, key tlsverify false", vec!["--tls"], paths(json!({"tlsverify": false})), vec![], Mode::ServerOnly),
        ("flag tls=false, key tlsverify true", vec!["--tls=false"], paths(json!({"tlsverify": true})), vec![], ours()),
        ("flag tlsverify, key tls false, keys for files", vec!["--tlsverify"], paths(json!({"tls": false})), vec![], ours()),
        ("paths as flags only", with(&[]), none.clone(), vec![], Mode::Plain),
        ("paths as keys only", vec![], paths(json!({})), vec![], Mode::Plain),
        ("variable only", vec![], none.clone(), vec![("DOCKER_TLS_VERIFY", "1")], Mode::Plain),
        ("variables", vec![], none.clone(), vec![("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", "/e")], Mode::Plain),
        ("DOCKER_CONFIG", vec!["--tlsverify"], none.clone(), vec![("DOCKER_CONFIG", "/e")], mutual("/e/ca.pem")),
        ("default paths", vec!["--tlsverify"], none.clone(), vec![], mutual("/root/.docker/ca.pem")),
        ("key without anchors", vec![], json!({"tlsverify": true, "tlscert": "/c/c", "tlskey": "/c/k"}), vec![], Mode::MutualSystemRoots),
        ("anchors as a flag are dropped", vec!["--tlscacert=/f/ca.pem"], json!({"tlsverify": true, "tlscert": "/c/c", "tlskey": "/c/k"}), vec![], Mode::MutualSystemRoots),
        ("pair as flags is dropped", with(&[]), json!({"tlsverify": true}), vec![],
            Mode::WouldNotStart("Could not load X509 key pair (cert: \"\", key: \"\"): open : no such file or directory".into())),
    ];
    for (what, flags, json, environment, expected) in cases {
        for version in [20, 28, 29] {
            let host = host(version, &flags, json.clone(), &environment);
            let expected = match &expected {
                Mode::WouldNotStart(words) if version == 29 => {
                    Mode::WouldNotStart(words.replacen("Could", "could", 1))
                }
                other => other.clone(),
            };
            assert_eq!(resolve(&host), expected, "{what}, {version}");
        }
    }
}

#[test]
fn what_keeps_the_daemon_from_starting() {
    let words = |host: &Host| match resolve(host) {
        Mode::WouldNotStart(words) => words,
        other => panic!("{other:?}"),
    };
    let both = host(
        28,
        &["--host=fd://"],
        json!({"hosts": ["tcp://127.0.0.1:2376"]}),
        &[],
    );
    assert!(words(&both).ends_with(
        "the following directives are specified both as a flag and in the configuration file: \
         hosts: (from flag: [fd://], from file: [tcp://127.0.0.1:2376])"
    ));
    let unknown = host(28, &[], json!({"tlsVerify": true}), &[]);
    assert!(words(&unknown).ends_with("don't match any configuration option: tlsVerify"));
    let scheme = host(28, &["--host=https://0.0.0.0:2376"], json!({}), &[]);
    assert!(words(&scheme).contains("unsupported proto 'https'"));
    let mut broken = host(28, &[], json!({}), &[]);
    broken.config.bytes = b"{".to_vec();
    broken.config.state = ConfigState::Broken(ConfigProblem {
        line: 1,
        column: 2,
        words: "unexpected end of JSON input".into(),
        duplicate: None,
    });
    assert!(words(&broken).ends_with("unexpected end of JSON input"));
    assert_eq!(tls(&broken), None);
}

#[test]
fn a_key_that_is_there_twice_counts_last() {
    let mut twice = host(28, &[], json!({}), &[]);
    twice.config.bytes =
        br#"{"tls": true, "tlsverify": true, "tlscert": "/a", "tlskey": "/b", "tlsverify": false}"#
            .to_vec();
    twice.config.state = ConfigState::Broken(ConfigProblem {
        line: 1,
        column: 70,
        words: String::new(),
        duplicate: Some("tlsverify".into()),
    });
    assert_eq!(resolve(&twice), Mode::ServerOnly);
}

#[test]
fn keys_by_version() {
    for (key, value, unknown) in [
        ("debug", json!(true), vec![]),
        ("host", json!("x"), vec![]),
        ("ip-forward-no-drop", json!(true), vec![20, 23, 27]),
        ("proxies", json!({"http-proxy": "http://p"}), vec![20]),
        ("graph", json!("/g"), vec![23, 29]),
        ("log-opts", json!({"max-size": "10m"}), vec![]),
        ("TLS", json!(true), vec![20, 29]),
        ("registry", json!({"mirrors": 1}), vec![20, 29]),
    ] {
        for version in [20, 23, 24, 27, 28, 29, 30] {
            let host = host(version, &[], json!({key: value.clone()}), &[]);
            let found = !super::unknown_keys(&host, &host.config.keys).is_empty();
            let between = version == 24 && unknown.contains(&23) && unknown.len() > 1;
            let between = between || (version > 20 && version < 29 && unknown == [20, 29]);
            let between = between || (version > 23 && version < 29 && unknown == [23, 29]);
            assert_eq!(
                found,
                unknown.contains(&version) || between,
                "{key}, {version}"
            );
        }
    }
    assert_eq!(super::similar("tlsVerify"), Some("tlsverify"));
    assert_eq!(super::similar("live_restore"), Some("live-restore"));
    assert_eq!(super::similar("something-else"), None);
}

#[test]
fn values_of_a_wrong_type() {
    for (key, value, problem) in [
        (
            "debug",
            json!("true"),
            Some("string into Go struct field Config.debug of type bool"),
        ),
        (
            "hosts",
            json!("tcp://x"),
            Some("string into Go struct field Config.hosts of type []string"),
        ),
        (
            "log-opts",
            json!({"max-file": 3}),
            Some("number into Go struct field Config.log-opts of type string"),
        ),
        ("mtu", json!(1500), None),
        (
            "mtu",
            json!("1500"),
            Some("string into Go struct field Config.mtu of type int"),
        ),
        ("default-shm-size", json!("64M"), None),
        ("tls", Value::Null, None),
        ("no-such-key", json!(1), None),
    ] {
        let found = super::shape_problem(key, &value);
        match problem {
            Some(end) => assert!(found.is_some_and(|found| found.ends_with(end)), "{key}"),
            None => assert_eq!(found, None, "{key}"),
        }
    }
}

#[test]
fn hosts_as_dockerd_reads_them() {
    let tcp = |host: &str, port| Target::Tcp {
        host: host.into(),
        port,
    };
    for (written, expected) in [
        ("tcp://0.0.0.0:2376", tcp("0.0.0.0", Some(2376))),
        ("0.0.0.0:2376", tcp("0.0.0.0", Some(2376))),
        ("tcp://", tcp("", None)),
        ("tcp://192.0.2.1", tcp("192.0.2.1", None)),
        ("tcp://[::]:2376", tcp("::", Some(2376))),
        ("tcp://[::1]", tcp("::1", None)),
        ("tcp://:2376", tcp("", Some(2376))),
        ("unix://", Target::Unix("/var/run/docker.sock".into())),
        ("unix:///run/d.sock", Target::Unix("/run/d.sock".into())),
        ("fd://", Target::Passed),
        (
            "https://0.0.0.0:2376",
            Target::Invalid("unsupported proto 'https'".into()),
        ),
        (
            "tcp://0.0.0.0:2376/x",
            Target::Invalid("should not contain a path element".into()),
        ),
    ] {
        let host = host(28, &[&format!("--host={written}")], json!({}), &[]);
        assert_eq!(hosts(&host)[0].target, expected, "{written}");
    }
}
