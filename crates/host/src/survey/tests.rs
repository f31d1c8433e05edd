use super::{Survey, survey};
use crate::testing::{Fake, desired};
use crate::{HostError, Options, System};
use sealock_check::seen::{
    ConfigState, Daemon, File, FileState, Host, ListenerKind, Role, Supervisor,
};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn look(host: &Arc<Fake>) -> Survey {
    look_with(host, &Options::default())
}

fn look_with(host: &Arc<Fake>, options: &Options) -> Survey {
    let system: Arc<dyn System> = host.clone();
    survey(&system, options, None)
}

fn seen(host: &Arc<Fake>) -> Host {
    let survey = look(host);
    assert!(survey.problems.is_empty(), "{:?}", survey.problems);
    survey.host.unwrap()
}

fn paths(files: &[File]) -> Vec<(&str, Role, bool)> {
    files
        .iter()
        .map(|file| (file.path.to_str().unwrap(), file.role, file.named))
        .collect()
}

fn key() -> String {
    let key = sealock_pki::PrivateKey::generate(sealock_pki::KeyKind::EcdsaP256).unwrap();
    String::from_utf8(key.to_pem().unwrap().expose().to_vec()).unwrap()
}

fn chmod(host: &Fake, path: &str, mode: u32) {
    std::fs::set_permissions(host.root().at(path), std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_healthy_debian() {
    let fake = Fake::debian("survey-debian");
    fake.write("/etc/group", "docker:x:998:alice\n");
    let host = seen(&fake);
    assert_eq!(host.supervisor, Supervisor::Systemd);
    assert!(host.is_on() && !host.stale && !host.cloaked);
    assert_eq!(host.config.state, ConfigState::Absent);
    assert_eq!(host.version.as_ref().unwrap().text, "26.1.5");
    assert_eq!(host.group_members, ["alice"]);
    let flags: Vec<_> = host.flags.iter().map(|flag| flag.name.as_str()).collect();
    assert_eq!(flags, ["host", "containerd"]);
    assert_eq!(host.running_flags.as_ref().unwrap().len(), 1);
    let unit = host.unit.as_ref().unwrap();
    assert_eq!(
        (unit.active_state.as_str(), unit.result.as_str()),
        ("active", "success")
    );
    assert_eq!(
        unit.files,
        [Path::new("/lib/systemd/system/docker.service")]
    );
    assert_eq!(unit.socket.as_ref().unwrap().listen, ["/run/docker.sock"]);
    assert!(host.listeners.is_empty() && host.files.is_empty() && host.drift.is_empty());
}

#[test]
fn a_broken_daemon_json_hides_nothing_else() {
    let fake = Fake::debian("survey-broken");
    fake.write("/etc/docker/daemon.json", "{\n  \"tls\": true,\n}\n");
    let host = seen(&fake);
    let ConfigState::Broken(problem) = &host.config.state else {
        panic!("{:?}", host.config.state)
    };
    assert_eq!((problem.line, problem.column), (3, 1));
    assert!(
        problem.words.contains("invalid character '}'"),
        "{problem:?}"
    );
    assert!(host.config.keys.is_empty() && !host.config.bytes.is_empty());
    assert!(host.is_on() && host.unit.is_some());
    for (text, words, duplicate, keys) in [
        ("{\"debug\": 1, \"debug\": true}", "", Some("debug"), 1),
        (
            "{\"tls\": \"yes\"}",
            "json: cannot unmarshal string into Go struct field Config.tls of type bool",
            None,
            1,
        ),
        ("[]", "json: cannot unmarshal array", None, 0),
    ] {
        fake.write("/etc/docker/daemon.json", text);
        let host = seen(&fake);
        let ConfigState::Broken(problem) = &host.config.state else {
            panic!("{:?}", host.config.state)
        };
        assert!(problem.words.starts_with(words), "{problem:?}");
        assert_eq!(problem.duplicate.as_deref(), duplicate);
        assert_eq!(host.config.keys.len(), keys, "{text}");
    }
    let path = fake.root().at("/etc/docker/daemon.json");
    std::fs::write(&path, [0xff, 0xfe, b'{']).unwrap();
    let ConfigState::Broken(problem) = seen(&fake).config.state else {
        panic!("sound")
    };
    assert!(problem.words.contains("'ÿ'"), "{problem:?}");
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    let state = seen(&fake).config.state;
    assert!(matches!(state, ConfigState::Unreadable(_)), "{state:?}");
}

#[test]
fn a_daemon_that_is_off_or_masked_or_absent() {
    let fake = Fake::debian("survey-off");
    fake.unit("docker.service", "failed");
    let host = seen(&fake);
    assert!(
        matches!(&host.daemon, Daemon::Off { why } if why == "docker.service is failed"),
        "{:?}",
        host.daemon
    );
    let words = "failed to start daemon: --live-restore daemon configuration is incompatible with swarm mode";
    fake.with(|script| script.journal = format!("Starting up\n{words}\nFailed with result\n"));
    let Daemon::Off { why } = seen(&fake).daemon else {
        panic!("on")
    };
    assert_eq!(why, format!("docker.service is failed: {words}"));
    let given_up = |journal: &str| {
        fake.with(|script| script.journal = journal.to_owned());
        seen(&fake).unit.unwrap().result == "start-limit-hit"
    };
    let too_often = "docker.service: Start request repeated too quickly.\n";
    let starting = "Starting docker.service - Docker Application Container Engine...\n";
    assert!(given_up(&format!(
        "{starting}{too_often}docker.service: Failed with result 'exit-code'.\n"
    )));
    assert!(!given_up(&format!("{too_often}{starting}")));
    assert!(!given_up(""));
    fake.with(|script| {
        let unit = script.units.get_mut("docker.service").unwrap();
        unit.insert("LoadState".into(), "masked".into());
        script.engine.clear();
    });
    let survey = look(&fake);
    let Daemon::Off { why } = survey.host.unwrap().daemon else {
        panic!("on")
    };
    assert!(why.contains("it is masked"), "{why}");
    assert!(matches!(survey.problems[0], HostError::Unit { .. }));

    let nothing = Fake::new("survey-nothing");
    nothing.with(|script| script.version.clear());
    let survey = look(&nothing);
    assert!(survey.host.is_none());
    assert!(matches!(survey.problems[0], HostError::NoDaemon { .. }));
}

#[test]
fn a_unit_without_a_command_and_an_engine_that_talks_rubbish() {
    let fake = Fake::debian("survey-noexec");
    fake.write(
        "/etc/systemd/system/docker.service.d/x.conf",
        "[Service]\nExecStart=\n",
    );
    let survey = look(&fake);
    let host = survey.host.unwrap();
    assert!(host.is_on() && host.flags.is_empty());
    assert_eq!(host.unit.unwrap().exec_start, "");
    assert!(matches!(survey.problems[0], HostError::Unit { .. }));

    let fake = Fake::debian("survey-rubbish");
    fake.with(|script| {
        script.engine.insert("/version".into(), "<html>".into());
    });
    assert!(matches!(seen(&fake).daemon, Daemon::Off { .. }));
}

#[test]
fn somebody_elses_file_under_our_name_counts_for_the_next_start() {
    let fake = Fake::debian("survey-notours");
    let path = "/etc/systemd/system/docker.service.d/zz-sealock.conf";
    fake.write(
        path,
        "[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd -H fd:// -H tcp://:2375 --host docker.example.org\n",
    );
    let survey = look(&fake);
    assert!(matches!(survey.problems[0], HostError::NotOurs { .. }));
    let host = survey.host.unwrap();
    let found: Vec<_> = host
        .listeners
        .iter()
        .map(|l| (l.address.as_str(), l.kind, l.origin.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            (":2375", ListenerKind::Flag, path),
            ("docker.example.org", ListenerKind::Flag, path)
        ]
    );
    // The daemon that runs has not got these.
    assert!(host.stale);
}

#[test]
fn listeners_of_every_kind_and_who_is_in_the_way() {
    let fake = Fake::debian("survey-listeners");
    fake.write(
        "/etc/default/docker",
        "DOCKER_OPTS=\"-H tcp://0.0.0.0:2376\"\n",
    );
    fake.write(
        "/etc/docker/daemon.json",
        "{\"hosts\": [\"tcp://127.0.0.1:2377\", \"unix:///run/d.sock\"]}",
    );
    fake.write(
        "/lib/systemd/system/docker.socket",
        "[Socket]\nListenStream=/run/docker.sock\nListenStream=2378\n",
    );
    fake.write("/proc/100/environ", "DOCKER_TLS_VERIFY=1\0HOME=/root\0");
    let row = |port: u16, inode: u32| {
        format!(
            "   0: 00000000:{port:04X} 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 {inode} 1 0 100 0 0 10 0\n"
        )
    };
    fake.write(
        "/proc/net/tcp",
        &format!("header\n{}{}", row(2376, 7), row(2377, 8)),
    );
    fake.process(55, "nginx", &["nginx"], 1);
    for (pid, inode) in [(55, 7), (100, 8)] {
        let fd = fake.root().at(format!("/proc/{pid}/fd"));
        std::fs::create_dir_all(&fd).unwrap();
        std::os::unix::fs::symlink(format!("socket:[{inode}]"), fd.join("3")).unwrap();
    }
    let host = seen(&fake);
    // The running process was not given `-H tcp://0.0.0.0:2376`.
    assert!(host.stale);
    let found: Vec<_> = host
        .listeners
        .iter()
        .map(|l| (l.address.as_str(), l.kind, l.taken_by.as_deref()))
        .collect();
    assert_eq!(
        found,
        [
            (
                "0.0.0.0:2376",
                ListenerKind::Flag,
                Some("process 55 (nginx)")
            ),
            ("127.0.0.1:2377", ListenerKind::Json, None),
            ("[::]:2378", ListenerKind::Passed, None),
        ]
    );
    let names: Vec<_> = host.environment.keys().map(String::as_str).collect();
    assert_eq!(names, ["DOCKER_OPTS", "DOCKER_TLS_VERIFY", "HOME"]);
}

#[test]
fn which_tls_files_the_daemon_would_open() {
    let by_flag = |flags: &str, json: &str| {
        let fake = Fake::debian("survey-tls");
        fake.write("/etc/default/docker", &format!("DOCKER_OPTS=\"{flags}\"\n"));
        fake.write("/etc/docker/daemon.json", json);
        paths(&seen(&fake).files)
            .into_iter()
            .map(|(path, _, named)| format!("{path}{}", if named { "" } else { " by default" }))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        by_flag("--tlsverify --tlscert=/k/c.pem", "{\"tlskey\": \"k.pem\"}"),
        ["/root/.docker/ca.pem by default", "/k/c.pem", "/k.pem"]
    );
    assert_eq!(
        by_flag("", "{\"tlsverify\": true, \"tlscert\": \"/c\"}"),
        ["/c"]
    );
    assert!(by_flag("--tls=false", "{}").is_empty());
    // The variable switches nothing on, so its default paths are not opened.
    let fake = Fake::debian("survey-variable");
    fake.write("/etc/default/docker", "DOCKER_TLS_VERIFY=1\n");
    assert!(seen(&fake).files.is_empty());
}

#[test]
fn the_files_of_a_broken_daemon_json_are_looked_at_all_the_same() {
    let fake = Fake::debian("survey-salvage");
    let broken = |text: &str| {
        fake.write("/etc/docker/daemon.json", text);
        let host = seen(&fake);
        assert!(matches!(host.config.state, ConfigState::Broken(_)));
        paths(&host.files)
            .into_iter()
            .map(|(path, _, _)| path.to_owned())
            .collect::<Vec<_>>()
    };
    assert!(broken("{,").is_empty());
    assert_eq!(broken("{\"tlskey\": \"/k\",}"), ["/k"]);
    fake.write("/etc/docker/sealock/live/ca.pem", "");
    let live = "/etc/docker/sealock/live";
    assert_eq!(
        broken("{,\"tlscacert\": \"/ca\""),
        [
            "/ca".to_owned(),
            format!("{live}/server-cert.pem"),
            format!("{live}/server-key.pem")
        ]
    );
}

#[test]
fn started_by_hand_with_a_config_that_is_broken() {
    let fake = Fake::new("survey-hand");
    fake.with(|script| script.listener = Some(77));
    let argv = [
        "dockerd",
        "--config-file",
        "/d/daemon.json",
        "--tls",
        "-H",
        "tcp://0.0.0.0",
    ];
    fake.process(77, "dockerd", &argv, 10);
    fake.engine_on("20.10.24");
    fake.write("/d/daemon.json", "{");
    let options = Options {
        docker_socket: Some(PathBuf::from("/d/s.sock")),
        ..Options::default()
    };
    let host = look_with(&fake, &options).host.unwrap();
    assert_eq!(host.supervisor, Supervisor::Hand);
    assert!(host.is_on());
    assert!(matches!(host.config.state, ConfigState::Broken(_)));
    assert_eq!(host.flags.len(), 3);
    assert_eq!(host.running_flags.as_ref(), Some(&host.flags));
}

#[test]
fn strays_beside_the_keys() {
    let fake = Fake::debian("survey-strays");
    fake.write(
        "/etc/docker/daemon.json",
        "{\"tlsverify\": true, \"tlskey\": \"/etc/docker/tls/key.pem\"}",
    );
    let key = key();
    for path in [
        "/etc/docker/tls/key.pem",
        "/etc/docker/tls/key.pem.bak",
        "/etc/docker/tls/ca-key.pem",
        "/etc/docker/tls/deep/deeper/key.pem",
        "/etc/docker/certs.d/r/client.key",
        "/etc/docker.old/tls/server-key.pem",
        "/etc/dockery/key.pem",
    ] {
        fake.write(path, &key);
    }
    for path in [
        "tls/server.csr",
        "tls/ca.srl",
        "key.json",
        "tls/notes",
        "tls/keynote",
    ] {
        fake.write(&format!("/etc/docker/{path}"), "text\n");
    }
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(key.len() as u64);
    header.set_mode(0o600);
    tar.append_data(&mut header, "docker/key.pem", key.as_bytes())
        .unwrap();
    let tar = tar.into_inner().unwrap();
    for (name, mode) in [
        ("/etc/docker-2024.tar", 0o644),
        ("/etc/docker/mine.tar", 0o600),
    ] {
        std::fs::write(fake.root().at(name), &tar).unwrap();
        chmod(&fake, name, mode);
    }
    let host = seen(&fake);
    let strays: Vec<_> = host
        .files
        .iter()
        .filter(|file| file.role == Role::Stray)
        .collect();
    let names: Vec<_> = strays
        .iter()
        .map(|file| file.path.to_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "/etc/docker/tls/ca-key.pem",
            "/etc/docker/tls/ca.srl",
            "/etc/docker/tls/key.pem.bak",
            "/etc/docker/tls/server.csr",
            "/etc/docker-2024.tar",
            "/etc/docker.old/tls/server-key.pem",
        ]
    );
    let packed = strays[4].contents().unwrap();
    assert!(packed.key().is_some());
    assert!(matches!(host.files[0].state, FileState::Read(_)));
}

#[test]
fn a_certificate_that_came_after_the_start_is_not_the_one_in_use() {
    let fake = Fake::debian("survey-stale");
    fake.with(|script| script.booted = Some(1000.0));
    fake.write("/etc/docker/daemon.json", "{\"debug\": true}");
    assert!(!seen(&fake).stale);
    fake.write("/etc/docker/daemon.json", "{\"tlscert\": \"/c.pem\"}");
    assert!(seen(&fake).stale);
}

#[test]
fn a_listener_that_nobody_opened_came_after_the_start() {
    let fake = Fake::debian("survey-unopened");
    fake.write(
        "/etc/docker/daemon.json",
        "{\"hosts\": [\"tcp://127.0.0.1:2376\"]}",
    );
    assert!(!seen(&fake).stale);
    fake.write("/proc/100/net/tcp", "header\n");
    assert!(seen(&fake).stale);
    fake.write(
        "/proc/100/net/tcp",
        "header\n   0: 00000000:0948 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 7 1 0 100 0 0 10 0\n",
    );
    assert!(!seen(&fake).stale);
}

#[test]
fn a_daemon_that_outlives_its_masked_unit_is_found_behind_a_passed_socket() {
    let fake = Fake::debian("survey-masked-on");
    fake.with(|script| {
        let unit = script.units.get_mut("docker.service").unwrap();
        unit.insert("LoadState".into(), "masked".into());
        script.listener = Some(1);
    });
    fake.process(1, "systemd", &["/sbin/init"], 1);
    fake.write("/var/run/docker.pid", "100");
    let host = look(&fake).host.unwrap();
    assert_eq!(host.supervisor, Supervisor::Hand);
    assert!(host.is_on() && !host.stale);
    assert_eq!(host.running_flags.unwrap()[0].name, "host");
}

#[test]
fn drift_is_told_of_a_cloaked_host_only() {
    let fake = Fake::debian("survey-drift");
    let system: Arc<dyn System> = fake.clone();
    let wanted = desired();
    let look = || {
        survey(&system, &Options::default(), Some(&wanted))
            .host
            .unwrap()
    };
    assert!(look().drift.is_empty());
    fake.write("/etc/docker/sealock/.keep", "");
    let host = look();
    assert!(host.cloaked);
    assert!(
        host.drift.iter().any(|drift| drift.what == "missing"),
        "{:?}",
        host.drift
    );
}
