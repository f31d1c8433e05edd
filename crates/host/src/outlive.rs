//! Whether containers can outlive a restart of the daemon.
//!
//! live-restore only tells dockerd to leave them alone. What ends them all the same is the service
//! manager, when their shims live in the daemon's control group, and RootlessKit, whose namespaces end
//! with it.

use crate::observe::{Observed, Supervisor};
use std::path::Path;

/// Why containers end with the daemon whatever live-restore says; `None` when they can outlive it.
pub(crate) fn obstacle(observed: &Observed) -> Option<String> {
    if observed.engine.containers().is_empty() {
        return None;
    }
    let unit = observed.unit.as_ref()?;
    if observed.supervisor == Supervisor::Rootless {
        return Some(
            "containers of a rootless daemon end with it: the namespaces they live in are its own"
                .into(),
        );
    }
    let kills = matches!(unit.kill_mode.as_str(), "mixed" | "control-group");
    let theirs = || {
        let containers = observed.engine.containers().iter();
        containers
            .into_iter()
            .any(|container| shim_is_in(observed, container.pid, &unit.control_group))
    };
    (kills && theirs()).then(|| {
        format!(
            "{} has KillMode={}: a restart ends its containers, whatever live-restore says",
            unit.name, unit.kill_mode
        )
    })
}

/// Whether the parent of a container's first process is in a control group, or below it. What cannot
/// be read counts as a yes.
fn shim_is_in(observed: &Observed, pid: u32, group: &str) -> bool {
    let read = |path: String| std::fs::read_to_string(observed.at(Path::new(&path))).ok();
    let parent = || {
        let stat = read(format!("/proc/{pid}/stat"))?;
        // The name in parentheses may hold spaces and parentheses itself.
        let fields = stat.get(stat.rfind(')')? + 1..)?;
        fields.split_whitespace().nth(1)?.parse::<u32>().ok()
    };
    let Some(groups) = parent().and_then(|parent| read(format!("/proc/{parent}/cgroup"))) else {
        return true;
    };
    let inside = |path: &str| {
        path.strip_prefix(group)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    groups
        .lines()
        .filter_map(|line| line.splitn(3, ':').nth(2))
        .any(|path| !group.is_empty() && inside(path))
}

#[cfg(test)]
mod tests {
    use super::obstacle;
    use crate::testing::Fake;

    fn host(name: &str, kill_mode: &str, shim: &str) -> std::sync::Arc<Fake> {
        let host = Fake::debian(name);
        host.containers();
        host.with(|script| {
            let unit = script.units.get_mut("docker.service").unwrap();
            unit.insert("KillMode".into(), kill_mode.into());
            unit.insert("ControlGroup".into(), "/system.slice/docker.service".into());
        });
        let pid = host.observe().unwrap().engine.containers()[0].pid;
        host.write(
            &format!("/proc/{pid}/stat"),
            &format!("{pid} (a (b) c) S 77 1 1"),
        );
        host.write(
            "/proc/77/cgroup",
            &format!("3:pids:/\n1:name=systemd:{shim}\n0::/\n"),
        );
        host
    }

    #[test]
    fn the_units_kill_mode_counts_only_for_what_is_in_its_control_group() {
        let docker = "/system.slice/docker.service";
        for (name, kill_mode, shim, ends) in [
            ("process", "process", docker, false),
            ("mixed", "mixed", docker, true),
            (
                "below",
                "control-group",
                "/system.slice/docker.service/x",
                true,
            ),
            (
                "containerd",
                "control-group",
                "/system.slice/containerd.service",
                false,
            ),
            ("namesake", "mixed", "/system.slice/docker.service2", false),
        ] {
            let host = host(&format!("outlive-{name}"), kill_mode, shim);
            let said = obstacle(&host.observe().unwrap());
            assert_eq!(said.is_some(), ends, "{name}: {said:?}");
        }
        let blind = host("outlive-blind", "mixed", docker);
        std::fs::remove_file(crate::System::root(&*blind).at("/proc/77/cgroup")).unwrap();
        assert!(obstacle(&blind.observe().unwrap()).is_some());
    }
}
