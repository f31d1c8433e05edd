//! What keeps a real dockerd from starting is told before the restart, in dockerd's own words, and after it.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sealock_testkit::lab::{Version, lab};
use sealock_testkit::process::{free_port, run, wait_for};
use serde_json::{Map, Value, json};

use super::ground::Found;
use crate::common::Host;

#[test]
fn docker_20() {
    settings(Version::V20);
}

#[test]
fn docker_26() {
    settings(Version::V26);
}

#[test]
fn docker_28() {
    settings(Version::V28);
}

fn settings(version: Version) {
    let host = Host::new(version);
    let _ = host.up(&[]).expect_code(0);
    let config = host.daemon.config_file();
    let healthy = fs::read_to_string(&config).unwrap();
    let breaks = breaks(version, &healthy);
    for broken in &breaks {
        fs::write(&config, &broken.text).unwrap();
        broken.told(&look(&host), "latent");
    }
    what_starts_all_the_same(&host, &healthy);
    host.daemon.stop();
    look(&host).expect_first("SL-F211");
    for broken in &breaks {
        fs::write(&config, &broken.text).unwrap();
        fails(&host, &broken.words);
        broken.told(&look(&host), "down");
    }
    fs::write(&config, &healthy).unwrap();
    taken(&host);
    let _ = host.daemon.start();
    host.lives();
    look(&host).expect_nothing();
}

/// A `daemon.json` with which dockerd does not start.
struct Break {
    code: &'static str,
    text: String,
    /// What both dockerd and the finding say of it.
    words: String,
}

impl Break {
    fn new(code: &'static str, text: impl Into<String>, words: impl Into<String>) -> Self {
        Self {
            code,
            text: text.into(),
            words: words.into(),
        }
    }

    #[track_caller]
    fn told(&self, found: &Found, severity: &str) {
        found.expect_first(self.code);
        let finding = found.finding(self.code);
        assert_eq!(finding["severity"], severity, "{}\n{found}", self.text);
        let cause = finding["spots"][0]["cause"].as_str().unwrap();
        assert!(cause.contains(&self.words), "{}: {found}", self.words);
    }
}

fn breaks(version: Version, healthy: &str) -> Vec<Break> {
    let with = |changes: &[(&str, Value)]| changed(healthy, changes);
    let host = |host: String| with(&[("hosts", json!([socket(healthy), host]))]);
    let port = free_port();
    // Known to 23 and later only, and to 20.10 only.
    let (key, value) = match version {
        Version::V20 => ("http-proxy", json!("http://127.0.0.1:1")),
        _ => ("cluster-store", json!("etcd://127.0.0.1")),
    };
    let unknown = "the following directives don't match any configuration option: ";
    let mut all = vec![
        Break::new(
            "SL-F201",
            healthy
                .trim_end()
                .trim_end_matches('}')
                .trim_end()
                .to_owned()
                + ",\n}\n",
            "invalid character '}' looking for beginning of object key string",
        ),
        Break::new(
            "SL-F201",
            "tlsverify = true\n",
            "invalid character 'l' in literal true (expecting 'r')",
        ),
        Break::new(
            "SL-F202",
            with(&[("tlsVerify", json!(true))]),
            format!("{unknown}tlsVerify"),
        ),
        Break::new("SL-F202", with(&[(key, value)]), format!("{unknown}{key}")),
        Break::new(
            "SL-F204",
            with(&[("tlsverify", json!("true"))]),
            "of type bool",
        ),
        Break::new(
            "SL-F204",
            with(&[("hosts", json!("fd://"))]),
            "of type []string",
        ),
        Break::new(
            "SL-F205",
            with(&[("tlscert", Value::Null), ("tlskey", Value::Null)]),
            "Could not load X509 key pair (cert: \"\", key: \"\"): open : no such file or directory",
        ),
        Break::new(
            "SL-F209",
            host(format!("https://127.0.0.1:{port}")),
            format!("https://127.0.0.1:{port}"),
        ),
        Break::new(
            "SL-F219",
            host("fd://".to_owned()),
            "no sockets found via socket activation",
        ),
        Break::new(
            "SL-F220",
            with(&[("tlscacert", json!("tls/ca.pem"))]),
            "tls/ca.pem",
        ),
        Break::new(
            "SL-F223",
            host(format!("tcp://192.0.2.1:{port}")),
            "bind: cannot assign requested address",
        ),
    ];
    if version == Version::V20 {
        all.push(Break::new("SL-F201", "", "EOF"));
        let marked = format!("\u{feff}{healthy}");
        all.push(Break::new(
            "SL-F201",
            marked,
            "invalid character 'ï' looking for beginning of value",
        ));
    }
    all
}

/// The healthy text with other values; `null` takes a key away.
fn changed(healthy: &str, changes: &[(&str, Value)]) -> String {
    let mut keys: Map<String, Value> = serde_json::from_str(healthy).unwrap();
    for (key, value) in changes {
        match value {
            Value::Null => keys.remove(*key),
            value => keys.insert((*key).to_owned(), value.clone()),
        };
    }
    serde_json::to_string_pretty(&keys).unwrap()
}

fn socket(healthy: &str) -> Value {
    let keys: Value = serde_json::from_str(healthy).unwrap();
    keys["hosts"][0].clone()
}

/// A look by somebody who finds this daemon's program on the PATH, as it is where the program is installed.
#[track_caller]
fn look(host: &Host) -> Found {
    let mut command = host.sealock.command(&["--json", "check", "--short"]);
    let path = lab().docker_path(host.daemon.version());
    Found::of(run(command.env("PATH", path)))
}

/// dockerd is started, and ends with these words.
#[track_caller]
fn fails(host: &Host, words: &str) {
    let before = host.daemon.log().len();
    let outcome = host.daemon.try_start();
    assert!(outcome.code != 0, "it started: {words}");
    let log = host.daemon.log()[before..].replace('\\', "");
    assert!(log.contains(words), "{words}:\n{log}");
}

/// What dockerd takes without a word, and what its running process does not show.
fn what_starts_all_the_same(host: &Host, healthy: &str) {
    let config = host.daemon.config_file();
    let write = |changes: &[(&str, Value)]| fs::write(&config, changed(healthy, changes)).unwrap();
    let told = |code: &str, severity: &str| {
        let found = look(host);
        found.expect_first(code);
        assert_eq!(found.finding(code)["severity"], severity, "{found}");
    };
    let unix = socket(healthy);
    let twice = |key: &str| healthy.replacen('{', &format!("{{\n    {key},"), 1);

    fs::write(&config, twice("\"tlsverify\": false")).unwrap();
    told("SL-F206", "latent");
    write(&[(
        "insecure-registries",
        json!(["registry.example.org:5000", "127.0.0.0/8"]),
    )]);
    told("SL-F222", "weak");
    // A listener that the running daemon was not told of.
    let late = json!([
        unix,
        format!("tcp://{}", host.listen()),
        format!("tcp://127.0.0.1:{}", free_port())
    ]);
    write(&[("hosts", late)]);
    told("SL-F212", "down");
    // live-restore is read again without a restart.
    write(&[("live-restore", json!(false))]);
    host.daemon.reload();
    wait_for("the reload", Duration::from_secs(10), || {
        !host.live_restore()
    });
    look(host).expect("SL-F215");
    write(&[]);
    host.daemon.reload();
    wait_for("the reload", Duration::from_secs(10), || {
        host.live_restore()
    });

    // An address of our own: 2375 cannot be chosen.
    let own = format!("127.{}.{}.1", 64 + host.port % 128, host.port / 256);
    write(&[("hosts", json!([unix, format!("tcp://{own}")]))]);
    look(host).expect_first("SL-F208");
    host.daemon.restart();
    let _stream = TcpStream::connect((own.as_str(), 2375)).unwrap();
    let found = look(host);
    found.expect_first("SL-F208");
    assert!(!found.codes().contains(&"SL-F217".to_owned()), "{found}");
    write(&[("hosts", json!([unix, format!("tcp://{own}:2375")]))]);
    look(host).expect("SL-F217");
    write(&[]);
    host.daemon.restart();
    look(host).expect_nothing();
}

/// Somebody was faster, and hangs up on whoever comes.
fn taken(host: &Host) {
    let other = TcpListener::bind(host.listen()).unwrap();
    let hangs_up = other.try_clone().unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let until = Arc::clone(&done);
    let thread =
        std::thread::spawn(
            move || {
                while hangs_up.accept().is_ok() && !until.load(Ordering::Relaxed) {}
            },
        );
    let words = "bind: address already in use";
    fails(host, words);
    let found = look(host);
    found.expect_first("SL-F218");
    assert!(found.to_string().contains(words), "{found}");
    done.store(true, Ordering::Relaxed);
    let _last = TcpStream::connect(host.listen()).unwrap();
    thread.join().unwrap();
    drop(other);
}
