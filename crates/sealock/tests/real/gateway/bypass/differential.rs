//! The reader of requests against the daemon it reads for: what it lets through leads where the daemon would have
//! gone with the original, and to nowhere else.

use std::fmt::Write as _;

use sealock_policy::{ApiVersion, Call, Incoming, Json, Reading, Request};
use sealock_testkit::dockerd::{Dockerd, IMAGE};
use sealock_testkit::lab::Version;
use serde_json::{Value, json};

use super::raw::{self, Reply, Until, exchange};

/// A sequence that only looks random, so that a failure can be had again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap() % sides
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.roll(from.len())]
    }
}

/// The same every time, or what `SEALOCK_SEED` says.
fn seed() -> u64 {
    let given = std::env::var("SEALOCK_SEED")
        .ok()
        .and_then(|text| text.parse().ok());
    given.filter(|seed| *seed > 0).unwrap_or(0x5ea1_0c4a)
}

/// Nothing that changes the daemon, waits, or never ends.
const PATHS: &[(&str, &str)] = &[
    ("GET", "/_ping"),
    ("GET", "/version"),
    ("GET", "/containers/json"),
    ("GET", "/containers/N/json"),
    ("GET", "/containers/N/changes"),
    ("GET", "/containers/N/export"),
    ("GET", "/containers/N/top"),
    ("GET", "/containers/N/logs?stdout=1"),
    ("GET", "/containers/N/archive?path=/x"),
    ("POST", "/containers/N/kill?signal=KILL"),
    ("POST", "/containers/N/stop?t=1"),
    ("POST", "/containers/N/rename?name=x"),
    ("POST", "/containers/N/pause"),
    ("DELETE", "/containers/N"),
    ("DELETE", "/containers/N/checkpoints/c"),
    ("GET", "/containers/N/checkpoints"),
    ("GET", "/exec/N/json"),
    ("GET", "/images/json"),
    ("GET", "/images/N/json"),
    ("GET", "/images/N/history"),
    ("GET", "/images/N/N/json"),
    ("POST", "/images/N/tag?repo=x"),
    ("DELETE", "/images/N"),
    ("GET", "/networks"),
    ("GET", "/networks/"),
    ("GET", "/networks/N"),
    ("DELETE", "/networks/N"),
    ("GET", "/volumes"),
    ("GET", "/volumes/N"),
    ("DELETE", "/volumes/N"),
    ("GET", "/plugins"),
    ("GET", "/plugins/N/json"),
    ("GET", "/services/N"),
    ("GET", "/nodes/N"),
    ("GET", "/tasks/N"),
    ("GET", "/secrets/N"),
    ("GET", "/configs/N"),
    ("GET", "/swarm"),
    ("GET", "/nothing/N"),
    ("OPTIONS", "/nothing/N"),
];

const NAMES: &[&str] = &[
    "zz",
    "zz-1",
    "json",
    "create",
    "z.z",
    "z_z",
    "containers",
    "v1.41",
    "zz@sha256",
    "zz:1",
];

/// A target near one of the daemon's, bent in some places.
fn target(dice: &mut Dice, path: &str) -> String {
    let mut text = path.to_owned();
    while let Some(at) = text.find('N') {
        text.replace_range(at..=at, dice.pick(NAMES));
    }
    let versions = [
        "", "", "/v1.41", "/v1.24", "/v1.30", "/v1.41", "/v01.41", "/v1.41.0", "/v1.12", "/v1.",
        "/v9.9", "/v1", "/V1.41",
    ];
    text.insert_str(0, dice.pick(&versions));
    for _ in 0..dice.roll(4) {
        let end = text.find('?').unwrap_or(text.len());
        let at = dice.roll(end);
        if !text.is_char_boundary(at) {
            continue;
        }
        match dice.roll(12) {
            0..=3 => {
                let byte = text.as_bytes()[at];
                text.replace_range(at..=at, &format!("%{byte:02x}"));
            }
            4 => text.insert_str(at, dice.pick(&["/", "//", "/.", "/..", "/./", "/../"])),
            5 => text.insert_str(
                at,
                dice.pick(&[
                    "%2f", "%2F", "%2e", "%2E%2e", "%25", "%00", "%3f", "%23", "%3b", "%5c",
                ]),
            ),
            6 => text.insert_str(
                at,
                dice.pick(&[
                    ";", "+", "~", "!", "'", "(", ",", "=", "&", "$", "*", ":", "@",
                ]),
            ),
            7 => {
                let upper = text[at..=at].to_uppercase();
                text.replace_range(at..=at, &upper);
            }
            8 => text.insert(end, '/'),
            9 => text.insert_str(0, dice.pick(&["http://docker", "HTTP://x:1", "/", "%2f"])),
            10 => text.push_str(dice.pick(&["?", "&", "?x=1", "&x=%zz", "&a=1;b=2", "&=", "&&"])),
            _ => text.truncate(at.max(1)),
        }
    }
    text
}

/// What an answer says, without what is different every time.
fn gist(reply: &Reply) -> (u16, String) {
    let json = reply.json();
    let text = json
        .get("message")
        .and_then(Value::as_str)
        .unwrap_or_default();
    (reply.status, text.to_owned())
}

#[test]
fn what_is_read_is_what_the_daemon_reads() {
    for version in [Version::V20, Version::V28] {
        let daemon = Dockerd::builder(version).flag("--experimental").start();
        targets(&daemon, if super::super::whole() { 60_000 } else { 1_500 });
        if version == Version::V20 || super::super::whole() {
            daemon.import_busybox();
            bodies(&daemon, if super::super::whole() { 600 } else { 60 });
        }
    }
}

fn targets(daemon: &Dockerd, count: usize) {
    let mut dice = Dice(seed());
    let (mut taken, mut wrong) = (0, Vec::new());
    let reading = Reading {
        floor: ApiVersion::new(1, 24),
        ..Reading::default()
    };
    for _ in 0..count {
        let (method, path) = dice.pick(PATHS);
        let target = target(&mut dice, path);
        let incoming = Incoming {
            method: method.as_bytes(),
            target: target.as_bytes(),
            content_type: None,
            upgrade: None,
            has_body: false,
        };
        let read = Request::read(&incoming, &reading);
        if read
            .as_ref()
            .is_ok_and(|request| is_endless(request.call()))
        {
            continue;
        }
        let said = gist(&exchange(
            &daemon.socket(),
            &raw::plain(&format!("{method} {target}")),
            Until::Answers(1),
        ));
        match read {
            Ok(request) => {
                taken += 1;
                let line = format!("{method} {}", request.target());
                let again = gist(&exchange(
                    &daemon.socket(),
                    &raw::plain(&line),
                    Until::Answers(1),
                ));
                if again != said {
                    wrong.push(format!(
                        "{method} {target}: {said:?}, but {line}: {again:?}"
                    ));
                }
                let nowhere = said.0 / 100 == 3 || said.1 == "page not found";
                // Routes that are younger than this daemon lead nowhere there.
                if nowhere
                    && request
                        .version()
                        .is_none_or(|version| version <= ApiVersion::new(1, 41))
                    && is_old(request.call())
                {
                    wrong.push(format!(
                        "{method} {target} is {} to us and {said:?} to the daemon",
                        request.call()
                    ));
                }
                if let Some(name) = request
                    .name()
                    .filter(|_| said.0 == 404 && request.call() != Call::Options)
                    // Newer daemons repeat in part, or not at all, what is no image's name.
                    && !said.1.starts_with("invalid reference format")
                    && !said.1.to_lowercase().contains(&name.to_lowercase())
                {
                    wrong.push(format!(
                        "{method} {target}: {name} to us, {said:?} to the daemon"
                    ));
                }
            }
            Err(unclean) if unclean.code == "SL-A003" => {
                // No route of ours must be none of the daemon's; OPTIONS it answers anywhere.
                if said.0 < 400 && said.0 / 100 != 3 && method != "OPTIONS" {
                    wrong.push(format!(
                        "{method} {target} is nothing to us and {said:?} to the daemon"
                    ));
                }
            }
            Err(_) => {}
        }
    }
    println!(
        "{:?}: {taken} of {count} targets taken, {} wrong",
        daemon.version(),
        wrong.len()
    );
    assert!(taken > count / 8, "{taken} of {count}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn is_endless(call: Call) -> bool {
    matches!(
        call,
        Call::Events | Call::DebugProfile | Call::DebugTrace | Call::ContainerAttachWebsocket
    )
}

/// Whether even the oldest daemon here has the route.
fn is_old(call: Call) -> bool {
    !matches!(call, Call::ImageAttestations | Call::VolumeUpdate)
}

/// Bodies, bent in ways that the daemon bears: the original and ours must make the same container.
fn bodies(daemon: &Dockerd, count: usize) {
    let mut dice = Dice(seed());
    let (mut taken, mut wrong) = (0, Vec::new());
    for number in 0..count {
        let body = body(&mut dice);
        let incoming = Incoming {
            method: b"POST",
            target: b"/containers/create",
            content_type: Some(b"application/json"),
            upgrade: None,
            has_body: true,
        };
        let mut request = Request::read(&incoming, &Reading::default()).unwrap();
        if request.set_body(body.as_bytes()).is_err() {
            continue;
        }
        taken += 1;
        let ours = request.json().map(Json::to_text).unwrap_or_default();
        let [original, rewritten] = [&body, &ours].map(|body| {
            let name = format!("twin{number}");
            let reply = raw::json(&format!("POST /containers/create?name={name}"), body);
            let reply = exchange(&daemon.socket(), &reply, Until::Answers(1));
            let found = exchange(
                &daemon.socket(),
                &raw::plain(&format!("GET /containers/{name}/json")),
                Until::Answers(1),
            )
            .json();
            exchange(
                &daemon.socket(),
                &raw::plain(&format!("DELETE /containers/{name}?v=1")),
                Until::Answers(1),
            );
            let mut config = found["Config"].clone();
            // The short ID of the container, when nothing else was asked for.
            if let Some(config) = config.as_object_mut() {
                config.remove("Hostname");
            }
            (reply.status, config, found["HostConfig"].clone())
        });
        if original != rewritten {
            let mut line = String::new();
            let _ = write!(
                line,
                "{body}\n  became {ours}\n  {original:?}\n  {rewritten:?}"
            );
            wrong.push(line);
        }
    }
    println!(
        "{:?}: {taken} of {count} bodies taken, {} wrong",
        daemon.version(),
        wrong.len()
    );
    assert!(taken > count / 4, "{taken} of {count}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn body(dice: &mut Dice) -> String {
    let values: [(&str, Value); 15] = [
        ("Env", json!(["A=b", "C"])),
        ("Cmd", json!("true")),
        ("Cmd", json!(["echo", "é\u{1f600}"])),
        ("Entrypoint", json!([])),
        ("Labels", json!({"a": "b", "A": "c", "": null})),
        ("ExposedPorts", json!({"80/tcp": null})),
        ("Tty", json!(true)),
        ("WorkingDir", json!("/x")),
        ("User", json!("1:2")),
        ("StopTimeout", json!(7)),
        (
            "Healthcheck",
            json!({"Test": ["CMD", "true"], "Interval": 1_000_000_000_u64, "retries": 3}),
        ),
        ("Volumes", json!({"/v": {}})),
        ("StopSignal", json!("SIGINT")),
        ("OnBuild", json!(null)),
        ("NetworkingConfig", json!({"EndpointsConfig": {}})),
    ];
    let host: [(&str, Value); 14] = [
        ("Privileged", json!(true)),
        ("Binds", json!(["/etc:/h:ro"])),
        ("CapAdd", json!("SYS_ADMIN")),
        ("CapDrop", json!(["ALL"])),
        ("Memory", json!(67_108_864)),
        ("PidsLimit", json!(null)),
        ("MaskedPaths", json!([])),
        ("ReadonlyPaths", json!(null)),
        (
            "Mounts",
            json!([{"type": "tmpfs", "TARGET": "/t", "TmpfsOptions": {"SizeBytes": 4096}}]),
        ),
        (
            "Ulimits",
            json!([{"name": "nofile", "Soft": 10, "hard": 20}]),
        ),
        (
            "PortBindings",
            json!({"80/tcp": [{"hostport": "8080"}, null]}),
        ),
        (
            "RestartPolicy",
            json!({"Name": "on-failure", "MaximumRetryCount": 2}),
        ),
        (
            "LogConfig",
            json!({"Type": "json-file", "Config": {"max-size": "1m"}}),
        ),
        ("Sysctls", json!({"net.ipv4.ip_forward": "1"})),
    ];
    let mut inner = Vec::new();
    for _ in 0..dice.roll(5) {
        let (key, value) = &host[dice.roll(host.len())];
        inner.push(format!("{}:{}", spelled(dice, key), value));
    }
    let mut fields = vec![format!("{}:\"{IMAGE}\"", spelled(dice, "Image"))];
    for _ in 0..dice.roll(5) {
        let (key, value) = &values[dice.roll(values.len())];
        fields.push(format!("{}:{}", spelled(dice, key), value));
    }
    if dice.roll(5) > 0 {
        let space = dice.pick(&["", " ", "\n\t"]);
        fields.push(format!(
            "{}:{{{space}{}{space}}}",
            spelled(dice, "HostConfig"),
            inner.join(",")
        ));
    }
    let at = dice.roll(fields.len());
    fields.swap(0, at);
    format!("{{{}}}", fields.join(","))
}

/// A key in one of the daemon's spellings.
fn spelled(dice: &mut Dice, key: &str) -> String {
    let text: String = match dice.roll(6) {
        0 => key.to_lowercase(),
        1 => key.to_uppercase(),
        2 => key.replace('s', "\u{17f}").replace('k', "\u{212a}"),
        3 => key
            .chars()
            .map(|c| format!("\\u{:04X}", u32::from(c)))
            .collect(),
        _ => key.to_owned(),
    };
    format!("\"{text}\"")
}
