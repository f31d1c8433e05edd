use super::{Options, Supervisor, Way};
use crate::HostError;
use crate::engine::{Engine, Swarm};
use crate::system::System as _;
use crate::testing::Fake;
use std::path::{Path, PathBuf};

#[test]
fn debian_with_a_running_daemon() {
    let host = Fake::debian("observe-debian");
    host.containers();
    host.write("/etc/hosts", "127.0.1.1 h1.example.org h1\n");
    let seen = host.observe().unwrap();
    assert_eq!(
        (seen.supervisor, seen.way()),
        (Supervisor::Systemd, Way::Flags)
    );
    assert_eq!(seen.hostnames, ["h1", "h1.example.org", "localhost"]);
    let addresses: Vec<_> = seen.addresses.iter().map(ToString::to_string).collect();
    assert_eq!(addresses, ["10.0.0.5", "2001:db8::5", "127.0.0.1", "::1"]);
    let facts = seen.engine.facts().unwrap();
    assert_eq!(
        (
            facts.containers[0].name.as_str(),
            facts.containers[0].pid,
            facts.swarm
        ),
        ("web", 4242, Swarm::Inactive)
    );
    assert_eq!(seen.directory, Path::new("/etc/docker/sealock"));
    assert!(
        seen.listeners.is_empty() && seen.remarks.is_empty(),
        "{:?}",
        seen.remarks
    );
}

#[test]
fn drop_ins_count_by_name_and_strength_and_resets_hold() {
    let host = Fake::debian("observe-dropins");
    host.write(
        "/usr/lib/systemd/system/docker.service.d/10-a.conf",
        "[Service]\nExecStart=\nExecStart=/weak\n",
    );
    host.write(
        "/etc/systemd/system/docker.service.d/10-a.conf",
        "[Service]\nExecStart=\nExecStart=/usr/bin/dockerd --data-root \"/srv/d d\"\n",
    );
    let seen = host.observe().unwrap();
    assert_eq!(
        seen.command.as_ref().unwrap().raw(),
        "/usr/bin/dockerd --data-root \"/srv/d d\""
    );
    assert_eq!(seen.way(), Way::Json);
}

#[test]
fn open_doors_and_traps_are_said() {
    let host = Fake::debian("observe-open");
    host.write(
        "/etc/default/docker",
        "DOCKER_OPTS=\"-H tcp://0.0.0.0:2375\"\n",
    );
    host.write(
        "/proc/100/environ",
        "DOCKER_TLS_VERIFY=1\0SSL_CERT_FILE=/x\0",
    );
    host.write(
        "/lib/systemd/system/docker.socket",
        "[Socket]\nListenStream=/run/docker.sock\nListenStream=2377\n",
    );
    let seen = host.observe().unwrap();
    let plain: Vec<_> = seen
        .listeners
        .iter()
        .map(|l| (l.address.as_str(), l.origin.as_str(), l.plain))
        .collect();
    assert_eq!(
        plain,
        [
            ("0.0.0.0:2375", "docker.service", true),
            ("[::]:2377", "docker.socket", true)
        ]
    );
    let text = seen.remarks.join("\n");
    for part in [
        "DOCKER_TLS_VERIFY",
        "SSL_CERT_FILE",
        "0.0.0.0:2375 (docker.service) is open",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let host = Fake::debian("observe-roots");
    host.write(
        "/etc/docker/daemon.json",
        "{\"tlsverify\": true, \"tlscert\": \"/c\", \"tlskey\": \"/k\"}",
    );
    let seen = host.observe().unwrap();
    assert!(seen.remarks[0].contains("without tlscacert"));
    assert_eq!(seen.foreign_tls(), Some(None));
}

#[test]
fn a_daemon_that_is_off_is_not_woken() {
    let host = Fake::debian("observe-off");
    host.unit("docker.service", "inactive");
    let seen = host.observe().unwrap();
    assert_eq!(
        seen.engine,
        Engine::Off {
            why: "docker.service is inactive".into()
        }
    );
    assert_eq!(seen.version.unwrap().major, 26);
}

#[test]
fn the_snap() {
    let host = Fake::new("observe-snap");
    host.write("/run/systemd/system/.keep", "");
    host.write(
        "/lib/systemd/system/snap.docker.dockerd.service",
        "[Service]\nExecStart=/usr/bin/snap run docker.dockerd\n",
    );
    host.unit("snap.docker.dockerd.service", "active");
    host.engine_on("27.2.0");
    let seen = host.observe().unwrap();
    assert_eq!((seen.supervisor, seen.way()), (Supervisor::Snap, Way::Json));
    assert_eq!(
        seen.config.path(),
        Path::new("/var/snap/docker/current/config/daemon.json")
    );
    assert_eq!(seen.directory, Path::new("/var/snap/docker/common/sealock"));
}

#[test]
fn a_rootless_daemon() {
    let host = Fake::new("observe-rootless");
    host.with(|script| script.uid = 1000);
    host.write("/run/systemd/system/.keep", "");
    host.write(
        "/lib/systemd/system/docker.service",
        "[Service]\nExecStart=/usr/bin/dockerd-rootless.sh\n",
    );
    host.unit("docker.service", "active");
    host.engine_on("28.5.2");
    let seen = host.observe().unwrap();
    assert_eq!(
        (seen.supervisor, seen.way()),
        (Supervisor::Rootless, Way::Json)
    );
    assert_eq!(seen.socket, Path::new("/run/user/1000/docker.sock"));
    assert_eq!(
        seen.config.path(),
        Path::new("/home/u/.config/docker/daemon.json")
    );
    assert!(host.script.lock().unwrap().ran[0].starts_with("systemctl --user show"));
}

#[test]
fn an_init_script() {
    let host = Fake::new("observe-init");
    host.write("/etc/init.d/docker", "#!/bin/sh\n");
    host.write("/etc/default/docker", "DOCKER_OPTS=\"--dns 8.8.8.8\"\n");
    host.engine_on("20.10.24");
    let seen = host.observe().unwrap();
    assert_eq!(
        (seen.supervisor, seen.way()),
        (Supervisor::Sysvinit, Way::Json)
    );
    assert_eq!(seen.command.unwrap().raw(), "dockerd --dns 8.8.8.8");
}

#[test]
fn started_by_hand() {
    let host = Fake::new("observe-hand");
    host.with(|script| script.listener = Some(77));
    host.process(
        77,
        "dockerd",
        &["dockerd", "--config-file", "/d/daemon.json", "-p", "/d/pid"],
        10,
    );
    host.engine_on("20.10.24");
    let options = Options {
        docker_socket: Some(PathBuf::from("/d/s.sock")),
        ..Options::default()
    };
    let seen = host.observe_with(&options).unwrap();
    assert_eq!(seen.supervisor, Supervisor::Hand);
    assert_eq!(seen.config.path(), Path::new("/d/daemon.json"));
    assert_eq!(seen.directory, Path::new("/d/sealock"));
    assert_eq!(seen.service.running().unwrap().pid, 77);
    assert!(!seen.service.can_restart());
}

#[test]
fn the_dockerd_that_runs_is_asked_and_not_another_on_our_path() {
    let host = Fake::new("observe-exe");
    host.with(|script| script.listener = Some(77));
    host.process(77, "dockerd", &["dockerd"], 10);
    host.engine_on("28.5.2");
    let program = || {
        let seen = host.observe_with(&Options::default()).unwrap();
        seen.command.unwrap().program().unwrap().to_owned()
    };
    assert_eq!(program(), "dockerd");
    let link = host.root().at("/proc/77/exe");
    std::os::unix::fs::symlink("/opt/docker/dockerd (deleted)", &link).unwrap();
    assert_eq!(program(), "dockerd");
    host.write("/opt/docker/dockerd", "the next one");
    assert_eq!(program(), "/opt/docker/dockerd");
}

#[test]
fn what_cannot_be_used_is_refused() {
    let nothing = Fake::new("observe-nothing");
    assert!(matches!(nothing.observe(), Err(HostError::NoDaemon { .. })));

    let host = Fake::debian("observe-broken");
    host.write("/etc/docker/daemon.json", "{\n  \"a\": 1,\n}\n");
    assert!(matches!(
        host.observe(),
        Err(HostError::ConfigBroken {
            line: 3,
            column: 1,
            ..
        })
    ));

    let host = Fake::debian("observe-binary");
    std::fs::create_dir_all(crate::System::root(&*host).at("/etc/docker")).unwrap();
    std::fs::write(
        crate::System::root(&*host).at("/etc/docker/daemon.json"),
        [0xff, 0xfe],
    )
    .unwrap();
    assert!(matches!(
        host.observe(),
        Err(HostError::ConfigBroken { .. })
    ));

    let host = Fake::debian("observe-noexec");
    host.write(
        "/etc/systemd/system/docker.service.d/x.conf",
        "[Service]\nExecStart=\n",
    );
    assert!(matches!(host.observe(), Err(HostError::Unit { .. })));

    let host = Fake::debian("observe-notours");
    host.write(
        "/etc/systemd/system/docker.service.d/zz-sealock.conf",
        "[Service]\nA=1\n",
    );
    assert!(matches!(host.observe(), Err(HostError::NotOurs { .. })));

    let host = Fake::debian("observe-engine");
    host.with(|script| {
        script.engine.insert("/version".into(), "<html>".into());
    });
    assert!(matches!(host.observe(), Err(HostError::Engine { .. })));
}
