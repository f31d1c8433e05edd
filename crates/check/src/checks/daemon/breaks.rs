//! One break of a healthy host at a time, and the finding that is told first.

use crate::seen::{
    ConfigProblem, ConfigState, Daemon, Drift, Flag, Outcome, Protocol, Reach, Role, Supervisor,
    Visit, Visitor,
};
use crate::testing::{World, absent};
use serde_json::{Value, json};

fn off(world: &mut World, state: &str, result: &str) {
    let host = world.host_mut();
    host.daemon = Daemon::Off {
        why: "connect: connection refused".into(),
    };
    if let Some(unit) = host.unit.as_mut() {
        unit.active_state = state.into();
        unit.result = result.into();
    }
    world.endpoint_mut().reach = Reach::Refused;
    let end = world.endpoint_mut();
    end.plain = None;
    end.visits.clear();
    end.modes.clear();
    end.chain.clear();
}

fn set(world: &mut World, key: &str, value: Value) {
    world.host_mut().config.keys.insert(key.into(), value);
}

fn host_flag(world: &mut World, value: &str) {
    world.host_mut().flags[1].value = Some(value.to_owned());
}

fn flag(world: &mut World, name: &str, value: Option<&str>) {
    let host = world.host_mut();
    host.flags.retain(|flag| flag.name != name);
    host.flags.push(Flag {
        name: name.into(),
        value: value.map(str::to_owned),
    });
}

fn unset(world: &mut World, name: &str) {
    world.host_mut().flags.retain(|flag| flag.name != name);
}

fn with_json(world: &mut World, keys: Value) {
    let host = world.host_mut();
    host.flags
        .retain(|flag| flag.name == "host" && flag.value.as_deref() == Some("fd://"));
    host.config.keys = keys.as_object().cloned().unwrap();
}

/// What the first finding is, before a restart and after it.
#[test]
fn the_first_finding_names_the_break() {
    type Break = fn(&mut World);
    let breaks: [(&str, Break); 14] = [
        ("SL-F201", |world| {
            world.host_mut().config.state = ConfigState::Broken(ConfigProblem {
                line: 2,
                column: 1,
                words: "invalid character '}' looking for beginning of object key string".into(),
                duplicate: None,
            });
            world.host_mut().config.keys.clear();
            world.host_mut().drift.push(Drift {
                place: "/etc/docker/daemon.json".into(),
                what: "it does not read".into(),
            });
        }),
        ("SL-F202", |world| set(world, "tls_verify", json!(true))),
        ("SL-F203", |world| {
            set(world, "hosts", json!(["tcp://0.0.0.0:2376"]))
        }),
        ("SL-F203", |world| {
            set(world, "tlscacert", json!("/etc/docker/tls/ca.pem"))
        }),
        ("SL-F204", |world| set(world, "live-restore", json!("true"))),
        ("SL-F205", |world| {
            unset(world, "tlsverify");
            set(world, "tlsverify", json!(true));
        }),
        ("SL-F209", |world| host_flag(world, "https://0.0.0.0:2376")),
        ("SL-F220", |world| flag(world, "tlscacert", Some("ca.pem"))),
        ("SL-F223", |world| host_flag(world, "tcp://192.0.2.99:2376")),
        ("SL-F108", |world| {
            for name in ["tlsverify", "tlscacert", "tlscert", "tlskey"] {
                unset(world, name);
            }
        }),
        ("SL-F110", |world| unset(world, "tlsverify")),
        ("SL-F108", |world| {
            unset(world, "tlsverify");
            flag(world, "tls", Some("false"));
        }),
        ("SL-F112", |world| flag(world, "tlsverify", Some("false"))),
        ("SL-F104", |world| {
            with_json(
                world,
                json!({"tlsverify": true, "tlscert": "/a", "tlskey": "/b", "live-restore": true}),
            );
        }),
    ];
    for (code, make) in breaks {
        let mut world = World::new();
        make(&mut world);
        world.host_mut().stale = true;
        assert_eq!(
            world.codes().first(),
            Some(&code),
            "{code}, before the restart"
        );
        assert!(!world.codes().contains(&"SL-F212"), "{code}");
        assert!(!world.codes().contains(&"SL-F805"), "{code}");
        if code.starts_with("SL-F2") {
            for (state, result) in [
                ("failed", "start-limit-hit"),
                ("failed", "exit-code"),
                ("inactive", "success"),
            ] {
                off(&mut world, state, result);
                world.host_mut().stale = false;
                assert_eq!(
                    world.codes().first(),
                    Some(&code),
                    "{code}, {state} {result}"
                );
                for symptom in ["SL-F207", "SL-F210", "SL-F211", "SL-F901"] {
                    assert!(!world.codes().contains(&symptom), "{code}: {symptom}");
                }
            }
        }
    }
}

#[test]
fn what_is_open_now_comes_before_what_waits() {
    let mut world = World::new();
    set(&mut world, "hosts", json!(["fd://"]));
    world.endpoint_mut().visits.push(Visit {
        visitor: Visitor::Foreign,
        protocol: Some(Protocol::Tls13),
        outcome: Outcome::In,
    });
    assert_eq!(world.codes(), ["SL-F103", "SL-F203"]);
}

/// What a daemon that runs has not read yet takes nothing away from clients.
#[test]
fn a_listener_to_come_is_not_missing() {
    let mut world = World::new();
    world.host_mut().stale = true;
    host_flag(&mut world, "tcp://192.0.2.99:2376");
    world.endpoint_mut().reach = Reach::Refused;
    assert_eq!(world.codes(), ["SL-F223"]);
}

/// A daemon that runs and will not start again does not explain that nobody answers at the port now.
#[test]
fn what_waits_explains_nothing_that_bites_now() {
    let mut world = World::new();
    set(&mut world, "hosts", json!(["fd://"]));
    world.host_mut().listeners.clear();
    let end = world.endpoint_mut();
    end.reach = Reach::Refused;
    end.plain = None;
    end.visits.clear();
    end.modes.clear();
    end.chain.clear();
    assert_eq!(world.codes(), ["SL-F901", "SL-F203"]);
}

/// `sealock up` uses keys where no systemd unit runs the daemon, and a drop-in with flags elsewhere.
#[test]
fn healthy_hosts_of_every_kind_have_no_finding() {
    for supervisor in [
        Supervisor::Hand,
        Supervisor::Snap,
        Supervisor::Sysvinit,
        Supervisor::Rootless,
    ] {
        for major in [20, 26, 28, 29] {
            let mut world = World::new();
            let host = world.host_mut();
            host.supervisor = supervisor;
            host.unit = None;
            host.flags.clear();
            host.running_flags = None;
            host.version.as_mut().unwrap().major = major;
            host.config.keys = json!({
                "hosts": ["unix:///var/run/docker.sock", "tcp://0.0.0.0:2376"],
                "tls": true,
                "tlsverify": true,
                "tlscacert": "/etc/docker/tls/ca.pem",
                "tlscert": "/etc/docker/tls/server-cert.pem",
                "tlskey": "/etc/docker/tls/server-key.pem",
                "live-restore": true,
                "log-driver": "json-file",
                "log-opts": {"max-size": "10m", "max-file": "3"}
            })
            .as_object()
            .cloned()
            .unwrap();
            assert_eq!(world.codes(), Vec::<&str>::new(), "{supervisor:?} {major}");
        }
    }
}

/// Behind a wildcard every address of the host is an endpoint; the break is one all the same.
#[test]
fn one_listener_with_many_addresses_is_one_finding() {
    let twice = |change: fn(&mut World)| {
        let mut world = World::new();
        change(&mut world);
        let mut other = world.seen.endpoints[0].clone();
        other.label = "tcp://198.51.100.7:2376".into();
        other.address = "198.51.100.7:2376".into();
        world.seen.endpoints.push(other);
        world.codes()
    };
    let open = twice(|world| {
        unset(world, "tlsverify");
        world.endpoint_mut().plain = Some(Outcome::In);
    });
    assert_eq!(open.iter().filter(|code| **code == "SL-F110").count(), 1);
    assert!(!open.contains(&"SL-F101"));
    let refused = twice(|world| world.endpoint_mut().reach = Reach::Refused);
    assert_eq!(refused.iter().filter(|code| **code == "SL-F221").count(), 1);
    assert!(!refused.contains(&"SL-F901"));
}

/// That the daemon is off is what a client meets; a file that keeps it from starting comes before.
#[test]
fn a_missing_file_comes_before_its_symptoms() {
    for (state, result) in [
        ("failed", "start-limit-hit"),
        ("failed", "exit-code"),
        ("inactive", "success"),
    ] {
        let mut world = World::new();
        *world.daemon_file(Role::ServerKey) =
            absent("/etc/docker/tls/server-key.pem", Role::ServerKey);
        off(&mut world, state, result);
        assert_eq!(world.codes().first(), Some(&"SL-F401"), "{state} {result}");
    }
}
