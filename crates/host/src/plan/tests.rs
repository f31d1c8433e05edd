use super::{Answering, Consent, HostPlan, Live, Material, plan_up};
use crate::testing::{Fake, desired};
use crate::{HostError, Options};
use sealock_change::{Content, Edit, Step};
use std::path::PathBuf;
use std::sync::Arc;

fn material() -> Material {
    Material::for_test("0123456789abcdef")
}

/// The steps in words, with the temporary root taken out; contents of text files behind `=`.
fn story(host: &Arc<Fake>, plan: &HostPlan) -> Vec<String> {
    let root = crate::System::root(&**host).at("/").display().to_string();
    let root = root.trim_end_matches('/').to_owned();
    plan.steps
        .iter()
        .map(|step| match step {
            Step::File(Edit::Write {
                path,
                content: Content::Public(bytes),
                ..
            }) if !path.to_string_lossy().ends_with(".pem") => {
                let text = String::from_utf8_lossy(bytes).into_owned();
                let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
                format!("write {} = {}", path.display(), kept.join("|"))
            }
            other => other.describe(),
        })
        .map(|line| line.replace(&root, ""))
        .filter(|line| line.contains(" = ") || !line.ends_with(".pem"))
        .collect()
}

fn apply(plan: &mut HostPlan) {
    for step in &mut plan.steps {
        match step {
            Step::File(Edit::Write {
                path,
                content,
                mode,
                ..
            }) => sealock_change::fs::write_atomic(path, content.bytes(), *mode, None).unwrap(),
            Step::File(Edit::Directory { path, mode, .. }) => {
                sealock_change::fs::create_dir(path, *mode, None).unwrap()
            }
            Step::File(Edit::Symlink { path, target }) => {
                sealock_change::fs::symlink_atomic(path, target, None).unwrap()
            }
            Step::File(edit) => panic!("{}", edit.describe()),
            Step::Action(action) => action.apply().unwrap(),
        }
    }
}

const LINE: &str = "[Service]|ExecStart=|ExecStart=/usr/sbin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock $DOCKER_OPTS -H tcp://0.0.0.0:2376 --tlsverify --tlscacert=/etc/docker/sealock/live/ca.pem --tlscert=/etc/docker/sealock/live/server-cert.pem --tlskey=/etc/docker/sealock/live/server-key.pem";

#[test]
fn debian_gets_a_drop_in_and_a_second_plan_is_empty() {
    let host = Fake::debian("up-debian");
    let mut plan = plan_up(
        &host.observe().unwrap(),
        &desired(),
        &material(),
        &Live::default(),
    )
    .unwrap();
    assert_eq!(
        story(&host, &plan),
        [
            "make the directory /etc".to_owned(),
            "make the directory /etc/docker".into(),
            "make the directory /etc/docker/sealock".into(),
            "make the directory /etc/docker/sealock/0123456789abcdef".into(),
            "link /etc/docker/sealock/live to 0123456789abcdef".into(),
            "make the directory /etc/systemd".into(),
            "make the directory /etc/systemd/system".into(),
            "make the directory /etc/systemd/system/docker.service.d".into(),
            format!("write /etc/systemd/system/docker.service.d/zz-sealock.conf = {LINE}"),
            "make systemd read its units again".into(),
            "let dockerd check the new configuration".into(),
            "restart docker.service".into(),
        ]
    );
    assert!(plan.restart && plan.consents.is_empty() && plan.cleanup.is_empty());
    if !rustix::process::geteuid().is_root() {
        return;
    }
    apply(&mut plan);
    let ran = host.script.lock().unwrap().ran.clone();
    assert!(
        ran.iter()
            .any(|line| line.starts_with("/usr/sbin/dockerd -H fd://")
                && line.ends_with("--validate")),
        "{ran:?}"
    );
    let seen = host.observe().unwrap();
    let serving = Live(vec![("0.0.0.0:2376".parse().unwrap(), Answering::Serving)]);
    let again = plan_up(&seen, &desired(), &material(), &serving).unwrap();
    assert!(
        again.steps.is_empty() && again.notes.is_empty(),
        "{:?}",
        again.steps
    );
    assert_eq!(crate::drift(&seen, &desired()), []);
    // The same files with a silent port: a restart and nothing else.
    let silent = plan_up(&seen, &desired(), &material(), &Live::default()).unwrap();
    assert_eq!(
        story(&host, &silent),
        [
            "let dockerd check the new configuration",
            "restart docker.service"
        ]
    );
    // A new certificate: new folder, the link, a restart; the old folder goes behind the proof.
    let renewed = plan_up(
        &seen,
        &desired(),
        &Material::for_test("ffffffffffffffff"),
        &serving,
    )
    .unwrap();
    assert!(
        story(&host, &renewed)
            .contains(&"link /etc/docker/sealock/live to ffffffffffffffff".to_owned())
    );
    assert_eq!(renewed.cleanup.len(), 4);
    // A package that changes its command is drift, and the next plan follows it.
    host.write(
        "/lib/systemd/system/docker.service",
        &crate::testing::DEBIAN.replace("-H fd://", "-H fd:// --new"),
    );
    let seen = host.observe().unwrap();
    let drift = crate::drift(&seen, &desired());
    assert!(
        drift.iter().any(|d| d
            .what
            .contains("and the unit now says `/usr/sbin/dockerd -H fd:// --new")),
        "{drift:?}"
    );
    assert!(
        story(
            &host,
            &plan_up(&seen, &desired(), &material(), &serving).unwrap()
        )[0]
        .contains("--new")
    );
}

#[test]
fn running_containers_get_live_restore_first() {
    let host = Fake::debian("up-lr");
    host.containers();
    host.write("/etc/docker/daemon.json", "{\n    \"debug\": true\n}\n");
    let plan = plan_up(
        &host.observe().unwrap(),
        &desired(),
        &material(),
        &Live::default(),
    )
    .unwrap();
    let story = story(&host, &plan);
    let at = |part: &str| {
        story
            .iter()
            .position(|line| line.contains(part))
            .unwrap_or_else(|| panic!("{part}: {story:?}"))
    };
    assert!(
        at("daemon.json = {|    \"debug\": true,|    \"live-restore\": true|}")
            < at("switch live-restore on")
    );
    assert!(at("switch live-restore on") < at("zz-sealock.conf"));
    assert!(at("zz-sealock.conf") < at("restart"));
    assert_eq!(
        story
            .iter()
            .filter(|line| line.contains("daemon.json"))
            .count(),
        1
    );
    assert!(plan.consents.is_empty());
    let mut stubborn = desired();
    stubborn.daemon.live_restore = false;
    let plan = plan_up(
        &host.observe().unwrap(),
        &stubborn,
        &material(),
        &Live::default(),
    )
    .unwrap();
    assert_eq!(
        plan.consents,
        [Consent::ContainersStop {
            names: vec!["web".into()]
        }]
    );
}

#[test]
fn a_swarm_is_asked_about() {
    let host = Fake::debian("up-swarm");
    host.containers();
    host.with(|script| {
        script.engine.insert(
            "/info".into(),
            "{\"Swarm\":{\"LocalNodeState\":\"active\",\"ControlAvailable\":true}}".into(),
        );
        script.engine.insert(
            "/swarm".into(),
            "{\"Spec\":{\"EncryptionConfig\":{\"AutoLockManagers\":true}}}".into(),
        );
    });
    let plan = plan_up(
        &host.observe().unwrap(),
        &desired(),
        &material(),
        &Live::default(),
    )
    .unwrap();
    assert_eq!(
        plan.consents,
        [
            Consent::SwarmRestart {
                containers: vec!["web".into()]
            },
            Consent::Autolock
        ]
    );
}

#[test]
fn tls_that_stands_in_the_file_moves_to_the_flags_without_an_open_instant() {
    let host = Fake::debian("up-apart");
    host.write(
        "/etc/systemd/system/docker.service.d/o.conf",
        "[Service]\nExecStart=\nExecStart=/usr/bin/dockerd -H fd:// -H tcp://0.0.0.0:2376\n",
    );
    host.write("/etc/docker/daemon.json", "{\"tlsverify\": true, \"tlscacert\": \"/a\", \"tlscert\": \"/b\", \"tlskey\": \"/c\", \"x\": 1}");
    let plan = plan_up(
        &host.observe().unwrap(),
        &desired(),
        &material(),
        &Live::default(),
    )
    .unwrap();
    let story = story(&host, &plan);
    let at = story
        .iter()
        .position(|line| line.contains("zz-sealock"))
        .unwrap();
    assert!(
        story[at].ends_with("ExecStart=/usr/bin/dockerd -H fd://"),
        "{}",
        story[at]
    );
    assert_eq!(story[at + 1], "make systemd read its units again");
    assert_eq!(story[at + 2], "write /etc/docker/daemon.json = {\"x\": 1}");
    assert!(story[at + 3].contains("-H tcp://0.0.0.0:2376 --tlsverify"));
    assert_eq!(
        plan.consents,
        [Consent::ReplaceTls {
            anchors: Some("/a".into())
        }]
    );
}

#[test]
fn without_host_flags_the_listeners_go_into_the_file() {
    let host = Fake::debian("up-json");
    host.write(
        "/etc/systemd/system/docker.service.d/o.conf",
        "[Service]\nExecStart=\nExecStart=/usr/bin/dockerd\n",
    );
    host.write(
        "/etc/docker/daemon.json",
        "{\n  \"hosts\": [\"fd://\", \"tcp://0.0.0.0:2375\"],\n  \"x\": 1\n}\n",
    );
    let plan = plan_up(
        &host.observe().unwrap(),
        &desired(),
        &material(),
        &Live::default(),
    )
    .unwrap();
    let story = story(&host, &plan);
    assert!(
        story.contains(&"write /etc/docker/daemon.json = {|  \"hosts\": [\"fd://\", \"tcp://0.0.0.0:2376\"],|  \"x\": 1,|  \"tls\": true,|  \"tlsverify\": true,|  \"tlscacert\": \"/etc/docker/sealock/live/ca.pem\",|  \"tlscert\": \"/etc/docker/sealock/live/server-cert.pem\",|  \"tlskey\": \"/etc/docker/sealock/live/server-key.pem\"|}".to_owned()),
        "{story:?}"
    );
    assert!(!story.iter().any(|line| line.contains("zz-sealock")));
    assert!(
        plan.notes
            .iter()
            .any(|note| note.starts_with("0.0.0.0:2375 (daemon.json) was open")),
        "{:?}",
        plan.notes
    );
}

#[test]
fn a_listener_in_the_environment_file_is_written_out_of_it() {
    let host = Fake::debian("up-env");
    host.write(
        "/etc/default/docker",
        "DOCKER_OPTS=\"--dns 8.8.8.8 -H tcp://0.0.0.0:2375\"\n",
    );
    let plan = plan_up(
        &host.observe().unwrap(),
        &desired(),
        &material(),
        &Live::default(),
    )
    .unwrap();
    let story = story(&host, &plan).join("\n");
    assert!(
        story.contains("containerd.sock --dns 8.8.8.8 -H tcp://0.0.0.0:2376"),
        "{story}"
    );
    assert!(!story.contains("2375"));
    assert!(
        plan.notes
            .iter()
            .any(|note| note.contains("$DOCKER_OPTS holds listeners"))
    );
}

#[test]
fn started_by_hand_the_last_step_is_told() {
    let host = Fake::new("up-hand");
    host.with(|script| script.listener = Some(77));
    host.process(
        77,
        "dockerd",
        &["dockerd", "--config-file", "/d/daemon.json"],
        10,
    );
    host.engine_on("20.10.24");
    host.write("/d/daemon.json", "{}\n");
    let options = Options {
        docker_socket: Some(PathBuf::from("/d/s.sock")),
        ..Options::default()
    };
    let plan = plan_up(
        &host.observe_with(&options).unwrap(),
        &desired(),
        &material(),
        &Live::default(),
    )
    .unwrap();
    assert_eq!(
        plan.remaining_step.as_deref(),
        Some("restart dockerd (process 77) the way it was started, then `sealock apply`")
    );
    assert!(
        story(&host, &plan)
            .iter()
            .any(|line| line.contains("\"hosts\": [\"unix:///d/s.sock\", \"tcp://0.0.0.0:2376\"]"))
    );
    host.process(
        77,
        "dockerd",
        &["dockerd", "-H", "unix:///d/s.sock", "--tlsverify"],
        10,
    );
    let refused = plan_up(
        &host.observe_with(&options).unwrap(),
        &desired(),
        &material(),
        &Live::default(),
    );
    assert!(
        matches!(refused, Err(HostError::HandFlags { pid: 77, ref flags, .. }) if flags == &["-H unix:///d/s.sock", "--tlsverify"])
    );
}

#[test]
fn a_rootless_daemon_gets_its_port_forwarded() {
    let host = Fake::new("up-rootless");
    host.with(|script| script.uid = 1000);
    host.write("/run/systemd/system/.keep", "");
    host.write("/lib/systemd/system/docker.service", "[Service]\nEnvironment=DOCKERD_ROOTLESS_ROOTLESSKIT_FLAGS=--debug\nExecStart=/usr/bin/dockerd-rootless.sh\n");
    host.unit("docker.service", "active");
    host.engine_on("28.5.2");
    let mut wanted = desired();
    wanted.daemon.listen = vec!["192.0.2.7:2376".parse().unwrap()];
    let plan = plan_up(
        &host.observe().unwrap(),
        &wanted,
        &material(),
        &Live::default(),
    )
    .unwrap();
    let lines = story(&host, &plan).join("\n");
    assert!(
        lines.contains("-p 192.0.2.7:2376:2376/tcp") && lines.contains("\"tcp://0.0.0.0:2376\""),
        "{lines}"
    );
    let plan = plan_up(
        &host.observe().unwrap(),
        &desired(),
        &material(),
        &Live::default(),
    )
    .unwrap();
    let story = story(&host, &plan).join("\n");
    assert!(story.contains("/home/u/.config/systemd/user/docker.service.d/zz-sealock.conf = [Service]|Environment=\"DOCKERD_ROOTLESS_ROOTLESSKIT_FLAGS=--debug -p 0.0.0.0:2376:2376/tcp\""), "{story}");
    host.engine_on("29.1.0");
    let plan = plan_up(
        &host.observe().unwrap(),
        &desired(),
        &material(),
        &Live::default(),
    )
    .unwrap();
    assert!(
        !plan
            .steps
            .iter()
            .any(|step| step.describe().contains("zz-sealock"))
    );
}

#[test]
fn what_stands_in_the_way_is_named_before_anything_is_changed() {
    let host = Fake::debian("up-conflict");
    host.write(
        "/etc/docker/daemon.json",
        "{\"hosts\": [\"tcp://0.0.0.0:2375\"]}",
    );
    let refused = plan_up(
        &host.observe().unwrap(),
        &desired(),
        &material(),
        &Live::default(),
    );
    assert!(
        matches!(refused, Err(HostError::Conflict { ref key, ref flag, .. }) if key == "hosts" && flag == "-H fd://")
    );

    let host = Fake::debian("up-busy");
    host.write(
        "/proc/net/tcp",
        "h\n 0: 00000000:0948 00000000:0000 0A 0:0 00:0 0 0 0 999 1 0 100 0 0 10 0\n",
    );
    host.process(55, "nginx", &["nginx"], 1);
    let fd = crate::System::root(&*host).at("/proc/55/fd");
    std::fs::create_dir_all(&fd).unwrap();
    std::os::unix::fs::symlink("socket:[999]", fd.join("3")).unwrap();
    let refused = plan_up(
        &host.observe().unwrap(),
        &desired(),
        &material(),
        &Live::default(),
    );
    assert!(
        matches!(refused, Err(HostError::PortTaken { ref holder, .. }) if holder == "process 55 (nginx)")
    );

    let host = Fake::debian("up-later");
    host.write(
        "/etc/systemd/system/docker.service.d/zzz.conf",
        "[Service]\nExecStart=\nExecStart=/usr/bin/dockerd -H fd://\n",
    );
    let refused = plan_up(
        &host.observe().unwrap(),
        &desired(),
        &material(),
        &Live::default(),
    );
    assert!(
        matches!(refused, Err(HostError::Unit { ref problem, .. }) if problem.contains("read after"))
    );

    let mut nowhere = desired();
    nowhere.daemon.listen.clear();
    let host = Fake::debian("up-nowhere");
    assert!(matches!(
        plan_up(
            &host.observe().unwrap(),
            &nowhere,
            &material(),
            &Live::default()
        ),
        Err(HostError::NoListen)
    ));
}

#[test]
fn a_daemon_that_was_off_is_started_and_that_is_said() {
    let host = Fake::debian("up-off");
    host.unit("docker.service", "failed");
    host.with(|script| {
        script
            .units
            .get_mut("docker.service")
            .unwrap()
            .insert("UnitFileState".into(), "disabled".into());
    });
    let mut plan = plan_up(
        &host.observe().unwrap(),
        &desired(),
        &material(),
        &Live::default(),
    )
    .unwrap();
    assert_eq!(story(&host, &plan).last().unwrap(), "start docker.service");
    assert_eq!(plan.notes.len(), 2, "{:?}", plan.notes);
    if let Some(Step::Action(action)) = plan.steps.last_mut() {
        action.apply().unwrap();
    }
    assert!(
        host.script
            .lock()
            .unwrap()
            .ran
            .contains(&"systemctl reset-failed docker.service".to_owned())
    );
}

#[test]
fn a_daemon_that_does_not_come_back_says_why() {
    let host = Fake::debian("up-dead");
    host.with(|script| {
        script.dead = true;
        script.failing.push(("restart docker.service".into(), "Job for docker.service failed".into()));
        script.journal = "failed to load listeners: listen tcp: bind: address already in use\ndocker.service: Failed\n".into();
    });
    let refused = host.observe().unwrap().service.restart();
    assert!(
        matches!(refused, Err(HostError::NotBack { ref said, .. }) if said.starts_with("failed to load listeners"))
    );
    host.with(|script| script.failing = vec![("--validate".into(), "unable to configure".into())]);
    let mut plan = plan_up(
        &host.observe().unwrap(),
        &desired(),
        &material(),
        &Live::default(),
    )
    .unwrap();
    let validate = plan.steps.iter_mut().rev().nth(1);
    let Some(Step::Action(action)) = validate else {
        panic!()
    };
    assert_eq!(action.apply().unwrap_err().code().0, "SL-H116");
    assert!(matches!(
        host.observe().unwrap().service.reload_live_restore(true),
        Err(HostError::LiveRestore { .. })
    ));
    host.with(|script| script.failing = vec![("daemon-reload".into(), "Access denied".into())]);
    assert!(matches!(
        host.observe().unwrap().service.daemon_reload(),
        Err(HostError::Command { .. })
    ));
}
