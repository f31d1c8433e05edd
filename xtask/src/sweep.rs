//! Clearing away what a killed test run left behind.
//!
//! Every scratch folder is `run/PID-N-NAME`, PID being the test process that made it. When that
//! process is gone, so must be whatever still names the folder: daemons, containers, mounts and
//! network namespaces. Only processes whose own command line names the folder are ended, by id.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::Done;
use crate::run::{at, quiet};

/// Removes the leftovers under `lab/run` whose owner is gone.
pub(crate) fn sweep(lab: &Path) -> Done {
    let run = lab.join("run");
    if !run.exists() {
        return Ok(());
    }
    for entry in at(&run, fs::read_dir(&run))?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name.split('-').next().unwrap_or_default();
        if owner.parse::<u32>().is_ok() && !Path::new("/proc").join(owner).exists() {
            println!("lab: sweeping away what an interrupted run left: {name}");
            clear(&entry.path())?;
            network(owner);
        }
    }
    Ok(())
}

fn clear(folder: &Path) -> Done {
    let needle = folder.display().to_string();
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let left = processes_naming(&needle);
        if left.is_empty() || Instant::now() > deadline {
            break;
        }
        for pid in left {
            let _ = quiet(Command::new("kill").args(["-s", "KILL", &pid.to_string()]));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let mut points: Vec<&str> = mounts
        .lines()
        .filter_map(|line| line.split(' ').nth(1))
        .filter(|point| point.starts_with(&needle))
        .collect();
    points.sort_by_key(|point| std::cmp::Reverse(point.len()));
    for point in points {
        let _ = quiet(Command::new("umount").args(["-l", point]));
    }
    at(folder, fs::remove_dir_all(folder))
}

fn network(owner: &str) {
    for entry in fs::read_dir("/run/netns").into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(&format!("sealock-{owner}-")) {
            let _ = quiet(Command::new("ip").args(["netns", "delete", &name]));
        }
    }
}

/// Processes whose command line names `needle`, and their descendants (a container's own
/// processes name nothing, but hang below a shim that does).
fn processes_naming(needle: &str) -> Vec<u32> {
    let mut parents = Vec::new();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else {
            continue;
        };
        let words = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        let mut fields = after_name.split_whitespace();
        let dead = fields.next() == Some("Z");
        let parent = fields.next().and_then(|field| field.parse::<u32>().ok());
        if dead || pid == std::process::id() {
            continue;
        }
        parents.push((pid, parent.unwrap_or(0)));
        if String::from_utf8_lossy(&words).contains(needle) {
            found.push(pid);
        }
    }
    loop {
        let before = found.len();
        for (pid, parent) in &parents {
            if found.contains(parent) && !found.contains(pid) {
                found.push(*pid);
            }
        }
        if found.len() == before {
            return found;
        }
    }
}
