use super::plan_down;
use crate::plan::{Answering, HostPlan, Live, Material, plan_up};
use crate::testing::{Fake, desired};
use sealock_change::{Content, Edit, Plan, Silent, Step, Store};
use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

/// The tests write as root writes; without its rights the owners cannot be what they are expected.
fn root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Every path below `/etc`: kind, mode, owner and content.
fn tree(host: &Arc<Fake>) -> BTreeMap<String, String> {
    fn walk(base: &Path, at: &Path, found: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(at).into_iter().flatten().flatten() {
            let path = entry.path();
            let metadata = std::fs::symlink_metadata(&path).unwrap();
            let content = match metadata.is_file() {
                true => String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned(),
                false => String::new(),
            };
            let stamp = if metadata.is_file() {
                metadata.mtime_nsec()
            } else {
                0
            };
            let name = path.strip_prefix(base).unwrap().display().to_string();
            found.insert(
                name,
                format!("{:o} {} {stamp} {content}", metadata.mode(), metadata.uid()),
            );
            if metadata.is_dir() {
                walk(base, &path, found);
            }
        }
    }
    let base = crate::System::root(&**host).at("/etc");
    let mut found = BTreeMap::new();
    walk(&base, &base, &mut found);
    found
}

fn run(store: &Store, host_plan: HostPlan, last: bool) {
    let guard = store.lock().unwrap();
    let mut plan = Plan::new("test");
    plan.steps = host_plan.steps;
    for edit in host_plan.cleanup {
        plan.push(Step::File(edit));
    }
    if last {
        plan.forgets_originals();
    }
    store.run(&guard, plan, 0, &mut Silent).unwrap();
}

fn up(host: &Arc<Fake>, store: &Store) {
    let plan = plan_up(
        &host.observe().unwrap(),
        &desired(),
        &Material::for_test("0123456789abcdef"),
        &Live::default(),
    )
    .unwrap();
    // The engine takes over live-restore when told to.
    let on = |script: &mut crate::testing::Script| {
        script.engine.insert(
            "/info".into(),
            "{\"LiveRestoreEnabled\":true,\"Swarm\":{\"LocalNodeState\":\"inactive\"}}".into(),
        );
    };
    host.with(on);
    run(store, plan, false);
}

fn store(host: &Arc<Fake>) -> Store {
    let path = crate::System::root(&**host).at("/var/lib/sealock/changes");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::set_permissions(
        path.parent().unwrap(),
        std::fs::Permissions::from_mode(0o700),
    )
    .unwrap();
    Store::open(path).unwrap()
}

fn down(host: &Arc<Fake>, store: &Store) -> HostPlan {
    plan_down(
        &host.observe().unwrap(),
        &store.originals().unwrap(),
        store.restore_edits().unwrap(),
        false,
    )
    .unwrap()
}

fn without_pem(plan: &HostPlan) -> Vec<String> {
    plan.steps
        .iter()
        .map(Step::describe)
        .filter(|line| !line.contains("/sealock/"))
        .map(|l| l.rsplit('/').next().unwrap().to_owned())
        .collect()
}

#[test]
fn everything_is_as_before_byte_for_byte() {
    if !root() {
        return;
    }
    for (name, config, dropin) in [
        ("absent", None, None),
        ("present", Some("{\n\t\"debug\": true\n}"), None),
        (
            "json",
            Some("{\"hosts\": [\"fd://\"], \"tlsverify\": false}\r\n"),
            Some("[Service]\nExecStart=\nExecStart=/usr/bin/dockerd\n"),
        ),
        (
            "tls-flags",
            Some("{\"debug\": true}"),
            Some(
                "[Service]\nExecStart=\nExecStart=/usr/bin/dockerd --tlsverify --tlscacert=/a --tlscert=/b --tlskey=/c\n",
            ),
        ),
        (
            "tls-json",
            Some("{\"tlsverify\":true,\"tlscacert\":\"/a\",\"tlscert\":\"/b\",\"tlskey\":\"/c\"}"),
            None,
        ),
    ] {
        let host = Fake::debian(&format!("down-{name}"));
        host.write("/etc/hosts", "127.0.0.1 localhost\n");
        if let Some(text) = config {
            host.write("/etc/docker/daemon.json", text);
        }
        if let Some(text) = dropin {
            host.write("/etc/systemd/system/docker.service.d/o.conf", text);
        }
        let before = tree(&host);
        let store = store(&host);
        up(&host, &store);
        assert_ne!(tree(&host), before, "{name}");
        // A renewed certificate in between.
        let seen = host.observe().unwrap();
        let live = Live(vec![("0.0.0.0:2376".parse().unwrap(), Answering::Serving)]);
        run(
            &store,
            plan_up(
                &seen,
                &desired(),
                &Material::for_test("ffffffffffffffff"),
                &live,
            )
            .unwrap(),
            false,
        );
        let plan = down(&host, &store);
        assert!(plan.restart, "{name}");
        run(&store, plan, true);
        assert_eq!(tree(&host), before, "{name}");
    }
}

#[test]
fn containers_live_through_it() {
    if !root() {
        return;
    }
    for config in [None, Some("{\n  \"debug\": true\n}\n")] {
        let host = Fake::debian(&format!("down-bridge-{}", config.is_some()));
        host.containers();
        if let Some(text) = config {
            host.write("/etc/docker/daemon.json", text);
        }
        let before = tree(&host);
        let store = store(&host);
        up(&host, &store);
        let plan = down(&host, &store);
        let story = without_pem(&plan);
        let mut expected = vec![
            "zz-sealock.conf",
            "make systemd read its units again",
            "restart docker.service",
            "daemon.json",
            "switch live-restore off in the running daemon (SIGHUP)",
            "daemon.json",
        ];
        expected.truncate(story.len());
        assert_eq!(story.get(..expected.len()).unwrap(), expected);
        assert!(story.len() >= 6);
        let texts: Vec<String> = plan
            .steps
            .iter()
            .filter_map(|step| match step {
                Step::File(Edit::Write {
                    content: Content::Public(bytes),
                    ..
                }) => Some(String::from_utf8_lossy(bytes).into_owned()),
                _ => None,
            })
            .collect();
        assert!(texts[0].contains("\"live-restore\": false"), "{texts:?}");
        host.with(|script| {
            script
                .engine
                .insert("/info".into(), "{\"LiveRestoreEnabled\":false}".into());
        });
        run(&store, plan, true);
        assert_eq!(tree(&host), before);
    }
}

#[test]
fn what_somebody_wrote_since_stays() {
    if !root() {
        return;
    }
    let host = Fake::debian("down-edited");
    host.write(
        "/etc/systemd/system/docker.service.d/o.conf",
        "[Service]\nExecStart=\nExecStart=/usr/bin/dockerd\n",
    );
    host.write("/etc/docker/daemon.json", "{\n  \"debug\": true\n}\n");
    let store = store(&host);
    up(&host, &store);
    let text = host.read("/etc/docker/daemon.json");
    host.write(
        "/etc/docker/daemon.json",
        &text.replace("\"debug\": true", "\"debug\": false,\n  \"mtu\": 1400"),
    );
    let plan = down(&host, &store);
    assert!(
        plan.notes
            .iter()
            .any(|note| note.contains("(debug, mtu) stays")),
        "{:?}",
        plan.notes
    );
    run(&store, plan, true);
    assert_eq!(
        host.read("/etc/docker/daemon.json"),
        "{\n  \"debug\": false,\n  \"mtu\": 1400\n}\n"
    );
}

#[test]
fn a_daemon_that_is_off_stays_off() {
    if !root() {
        return;
    }
    let host = Fake::debian("down-off");
    let store = store(&host);
    up(&host, &store);
    host.unit("docker.service", "inactive");
    let plan = down(&host, &store);
    assert!(!plan.restart);
}

#[test]
fn a_rollback_ends_with_the_old_daemon_and_live_containers() {
    if !root() {
        return;
    }
    let host = Fake::debian("rollback");
    host.containers();
    host.write("/etc/docker/daemon.json", "{}\n");
    let seen = host.observe().unwrap();
    let before = seen.before();
    // Nothing happened: nothing is done.
    seen.service.restore_running(&before).unwrap();
    assert!(
        !host
            .script
            .lock()
            .unwrap()
            .ran
            .iter()
            .any(|line| line.contains(" restart"))
    );
    // Restarted meanwhile: restarted again with live-restore lent, and the file is as it was.
    seen.service.restart().unwrap();
    seen.service.restore_running(&before).unwrap();
    assert_eq!(host.read("/etc/docker/daemon.json"), "{}\n");
    let restarts = host
        .script
        .lock()
        .unwrap()
        .ran
        .iter()
        .filter(|line| line.contains(" restart"))
        .count();
    assert_eq!(restarts, 2);
    // Off before: off after.
    host.unit("docker.service", "inactive");
    let before = host.observe().unwrap().before();
    host.unit("docker.service", "active");
    seen.service.restore_running(&before).unwrap();
    assert!(
        host.script
            .lock()
            .unwrap()
            .ran
            .contains(&"systemctl stop docker.service".to_owned())
    );
}
