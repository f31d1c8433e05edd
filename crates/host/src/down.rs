//! The way down: everything byte for byte as it was, and containers alive.
//!
//! A daemon that starts without `live-restore` kills the containers that its predecessor left running,
//! and taking the key out and sending SIGHUP does not switch it off. So, when containers run and the
//! original file has no `live-restore`: the original goes in with `live-restore` lent to it, the daemon
//! restarts, the loan is taken back by SIGHUP with an explicit `false`, and then the original bytes come.

use crate::action::{DaemonReload, LiveRestore, Restart};
use crate::engine::Swarm;
use crate::json::{DaemonJson, OUR_KEYS, TLS_KEYS};
use crate::observe::{Observed, Supervisor};
use crate::plan::{Consent, HostPlan, disk, unit_file};
use crate::{HostError, dropin};
use sealock_change::{Content, Edit, Original, Snapshot};
use serde_json::Value;
use std::path::Path;

/// Plans what puts everything back.
///
/// `originals` and `restore` come from the [`sealock_change::Store`]: what every path was, and the edits
/// that put it back. Edits of paths that are not the daemon's (a client's files) are appended as they
/// are. `serving` says that a certificate of ours is presented on one of its addresses: when no file
/// says so any more, a run was killed after its restart, and the daemon has to read the files again.
pub fn plan_down(
    observed: &Observed,
    originals: &[Original],
    restore: Vec<Edit>,
    serving: bool,
) -> Result<HostPlan, HostError> {
    let config_path = resolved(&observed.at(observed.config.path()))?;
    let unit_path = observed
        .unit
        .as_ref()
        .map(|unit| resolved(&observed.at(&unit.our_path)))
        .transpose()?;
    let mut plan = HostPlan::default();
    let (config_edits, rest): (Vec<Edit>, Vec<Edit>) = restore
        .into_iter()
        .partition(|edit| edit.path() == config_path);
    let (unit_edits, rest): (Vec<Edit>, Vec<Edit>) = rest
        .into_iter()
        .partition(|edit| unit_path.as_deref() == Some(edit.path()));
    let original = originals
        .iter()
        .find(|original| original.path == config_path);
    let goal = Goal::of(
        observed,
        original,
        config_edits.into_iter().next(),
        &config_path,
        &mut plan,
    )?;
    let drop_in = observed.drop_in().is_some();
    if let Some(original) = originals
        .iter()
        .find(|original| Some(&original.path) == unit_path.as_ref())
        && drop_in
        && !original.is_as_we_left_it().map_err(disk)?
    {
        plan.notes.push(format!(
            "{} was edited since; it is removed all the same",
            original.path.display()
        ));
    }
    if drop_in && unit_edits.is_empty() {
        plan.notes
            .push("our drop-in is not in the memory of changes; it is removed all the same".into());
    }
    let changed = goal.edit.is_some() || drop_in;
    let restart = (changed || serving) && observed.engine.facts().is_some();
    let bridge = restart && needs_bridge(observed, &goal.json, &mut plan);
    if bridge
        && observed
            .engine
            .facts()
            .is_some_and(|facts| !facts.live_restore)
    {
        let lent = observed.config.with("live-restore", &Value::Bool(true))?;
        goal.write(&mut plan, &lent);
        plan.act(LiveRestore {
            service: observed.service.clone(),
            on: true,
        });
    }
    let lent = if bridge {
        goal.json.with("live-restore", &Value::Bool(true))?
    } else {
        goal.json.clone()
    };
    back(observed, &goal, &lent, bridge, drop_in, &mut plan)?;
    if restart {
        restart_or_say(observed, &mut plan);
    }
    if bridge && plan.restart {
        goal.write(
            &mut plan,
            &goal.json.with("live-restore", &Value::Bool(false))?,
        );
        plan.act(LiveRestore {
            service: observed.service.clone(),
            on: false,
        });
    }
    if !restart && observed.service.needs_daemon_reload() {
        plan.act(DaemonReload(observed.service.clone()));
    }
    if !restart && loan_is_left(observed, &goal.json) {
        goal.write(
            &mut plan,
            &goal.json.with("live-restore", &Value::Bool(false))?,
        );
        plan.act(LiveRestore {
            service: observed.service.clone(),
            on: false,
        });
        goal.finish(&mut plan);
        plan.notes.push(
            "live-restore is on in the running daemon and no file says so: it is switched off"
                .into(),
        );
    }
    if bridge {
        goal.finish(&mut plan);
    }
    for edit in rest {
        plan.edit(edit);
    }
    Ok(plan)
}

/// `daemon.json` as it shall be in the end.
struct Goal {
    json: DaemonJson,
    /// The edit that ends there; `None` when the file is so already.
    edit: Option<Edit>,
    /// The same, to come back to after a loan.
    last: Edit,
    path: std::path::PathBuf,
    mode: u32,
}

impl Goal {
    fn of(
        observed: &Observed,
        original: Option<&Original>,
        edit: Option<Edit>,
        path: &Path,
        plan: &mut HostPlan,
    ) -> Result<Self, HostError> {
        let mode = observed.config_mode.unwrap_or(0o644);
        let shown = observed.config.path().display();
        let here = || {
            Snapshot::take(path).map_err(disk).map(|was| Edit::Restore {
                path: path.to_path_buf(),
                was,
            })
        };
        let Some(original) = original else {
            return Ok(Self {
                json: observed.config.clone(),
                edit: None,
                last: here()?,
                path: path.to_path_buf(),
                mode,
            });
        };
        let was = DaemonJson::parse(observed.config.path(), &text_of(&original.was))?;
        if edit.is_none() || original.is_as_we_left_it().map_err(disk)? {
            let last = Edit::Restore {
                path: path.to_path_buf(),
                was: original.was.clone(),
            };
            return Ok(Self {
                json: was,
                edit,
                last,
                path: path.to_path_buf(),
                mode,
            });
        }
        // Somebody wrote in it since: only what is ours comes out.
        let mut json = observed.config.unmerged(&was)?;
        let absent = matches!(original.was, Snapshot::Absent);
        if absent && json.keys().next().is_none() {
            json = was;
        }
        let kept: Vec<&str> = json.keys().filter(|key| !OUR_KEYS.contains(key)).collect();
        plan.notes.push(format!(
            "{shown} was edited since: what sealock wrote comes out, the rest ({}) stays",
            if kept.is_empty() {
                "formatting".to_owned()
            } else {
                sealock_diag::escape(&kept.join(", "))
            }
        ));
        let last = if absent && json.text().is_empty() {
            Edit::Remove {
                path: path.to_path_buf(),
            }
        } else {
            Edit::Write {
                path: path.to_path_buf(),
                content: Content::Public(json.text().as_bytes().to_vec()),
                mode,
                owner: None,
            }
        };
        let edit = (json.text() != observed.config.text()).then(|| last.clone());
        Ok(Self {
            json,
            edit,
            last,
            path: path.to_path_buf(),
            mode,
        })
    }

    fn write(&self, plan: &mut HostPlan, json: &DaemonJson) {
        plan.write(self.path.clone(), json.text(), self.mode);
    }

    fn finish(&self, plan: &mut HostPlan) {
        plan.edit(self.last.clone());
    }
}

fn text_of(snapshot: &Snapshot) -> String {
    match snapshot {
        Snapshot::File { bytes, .. } => String::from_utf8_lossy(bytes.expose()).into_owned(),
        Snapshot::Absent | Snapshot::Symlink { .. } | Snapshot::Directory { .. } => String::new(),
    }
}

/// Whether live-restore is on in the running daemon's memory only: what a run leaves that was killed
/// after it had lent it, once its files are back.
fn loan_is_left(observed: &Observed, goal: &DaemonJson) -> bool {
    let on = observed
        .engine
        .facts()
        .is_some_and(|facts| facts.live_restore);
    on && !observed.keeps_live_restore() && goal.flag("live-restore") != Some(true)
}

/// Whether containers need live-restore lent to them, or consent that they stop.
fn needs_bridge(observed: &Observed, goal: &DaemonJson, plan: &mut HostPlan) -> bool {
    let Some(facts) = observed.engine.facts() else {
        return false;
    };
    let names: Vec<String> = facts
        .containers
        .iter()
        .map(|container| container.name.clone())
        .collect();
    match facts.swarm {
        Swarm::Inactive => {}
        Swarm::Worker => plan.consents.push(Consent::SwarmRestart {
            containers: names.clone(),
        }),
        Swarm::Manager { autolock } => {
            plan.consents.push(Consent::SwarmRestart {
                containers: names.clone(),
            });
            plan.consents.extend(autolock.then_some(Consent::Autolock));
        }
        Swarm::Locked => plan.consents.push(Consent::Autolock),
    }
    if names.is_empty() || facts.swarm != Swarm::Inactive {
        return false;
    }
    if let Some(why) = crate::outlive::obstacle(observed) {
        plan.notes.push(why);
        plan.consents.push(Consent::ContainersStop { names });
        return false;
    }
    if goal.flag("live-restore") == Some(true) {
        return false;
    }
    if let Some(flag) = observed.command.as_ref().and_then(|command| {
        command
            .flags()
            .into_iter()
            .rev()
            .find(|flag| flag.name == "live-restore")
    }) {
        if flag.value.as_deref() == Some("false") {
            plan.consents.push(Consent::ContainersStop { names });
        }
        return false;
    }
    if !observed.service.can_restart() {
        plan.notes
            .push("containers stop when dockerd is restarted with the original daemon.json".into());
        return false;
    }
    true
}

/// `daemon.json` and the drop-in back, in an order in which the daemon can start after each, and never
/// listens without TLS where it had some.
fn back(
    observed: &Observed,
    goal: &Goal,
    lent: &DaemonJson,
    bridge: bool,
    drop_in: bool,
    plan: &mut HostPlan,
) -> Result<(), HostError> {
    let config = |plan: &mut HostPlan| match (&goal.edit, bridge) {
        (_, true) if lent.text() != observed.config.text() => goal.write(plan, lent),
        (Some(_), false) => goal.finish(plan),
        _ => {}
    };
    let has_flags = observed
        .drop_in()
        .is_some_and(|text| text.contains("--tlsverify"));
    let tls_returns = TLS_KEYS.iter().any(|key| goal.json.has(key));
    if drop_in && observed.supervisor == Supervisor::Systemd && has_flags && tls_returns {
        let (quiet, _) = dropin::quiet(
            observed,
            observed
                .listeners
                .iter()
                .any(|l| l.origin.ends_with(".socket")),
        );
        unit_file(observed, Some(&dropin::text(observed, &quiet)), plan)?;
        config(plan);
        return unit_file(observed, None, plan);
    }
    if drop_in && observed.supervisor == Supervisor::Systemd && !has_flags && goal.edit.is_some() {
        // TLS flags of the unit come back: our keys have to be gone before, and no listener be open.
        let mut quiet = if bridge {
            observed.config.with("live-restore", &Value::Bool(true))?
        } else {
            observed.config.clone()
        };
        for key in TLS_KEYS {
            quiet = quiet.without(key)?;
        }
        let unix = format!("unix://{}", observed.socket.display());
        quiet = quiet.with("hosts", &Value::from(vec![unix]))?;
        goal.write(plan, &quiet);
        unit_file(observed, None, plan)?;
        config(plan);
        return Ok(());
    }
    if drop_in {
        unit_file(observed, None, plan)?;
    }
    config(plan);
    Ok(())
}

fn restart_or_say(observed: &Observed, plan: &mut HostPlan) {
    if observed.service.can_restart() {
        plan.restart = true;
        plan.act(Restart {
            service: observed.service.clone(),
            start: false,
        });
        return;
    }
    plan.remaining_step = observed.service.running().map(|running| {
        format!(
            "restart dockerd (process {}) the way it was started",
            running.pid
        )
    });
}

fn resolved(path: &Path) -> Result<std::path::PathBuf, HostError> {
    match sealock_change::fs::resolve(path) {
        Ok(path) => Ok(path),
        // Its directory is not there: then nothing of it was ever touched.
        Err(_) => Ok(path.to_path_buf()),
    }
}

#[cfg(test)]
mod tests;
