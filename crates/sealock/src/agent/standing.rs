//! What can be said of the agent on this host: whether it is installed, and what its last look came to.

use sealock_diag::escape;
use sealock_pki::Timestamp;
use serde_json::{Value, json};

use super::look::system;
use super::memory::Memory;
use super::place::{SERVICE, Systemd, TIMER};
use super::{access, install, units};
use crate::printer::{BAD, GOOD, WARN, paint};
use crate::session::Session;

/// The agent, as far as it can be seen from outside.
pub(crate) struct Standing {
    installed: bool,
    /// Whether its timer is on.
    on: bool,
    memory: Option<Memory>,
    /// Folders that a look has to write to and the service may not.
    closed: Vec<String>,
    now: Timestamp,
}

impl Standing {
    pub(crate) fn look(session: &Session) -> Self {
        let systemd = Systemd::find(system()).ok();
        let systemd = systemd.filter(Systemd::is_installed);
        Self {
            installed: systemd.is_some(),
            on: systemd
                .as_ref()
                .is_some_and(|systemd| systemd.property(TIMER, "ActiveState") == "active"),
            memory: Memory::load(&session.home),
            closed: systemd
                .map(|systemd| closed(session, &systemd))
                .unwrap_or_default(),
            now: session.now,
        }
    }

    /// Lines for people.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = vec![match (self.installed, self.on, &self.memory) {
            (true, true, _) => paint(GOOD, &format!("agent: installed, {TIMER} is on")),
            (true, false, _) => format!(
                "{} installed, and {TIMER} is off; systemctl start {TIMER}",
                paint(BAD, "agent:")
            ),
            (false, _, Some(_)) => "agent: not installed here; it was run by hand".to_owned(),
            (false, _, None) => {
                "agent: none; `sealock agent install` renews all of this in time".to_owned()
            }
        }];
        if let Some(memory) = &self.memory {
            let looked = Timestamp::from_unix(memory.looked);
            lines.push(match memory.failures {
                0 => format!("  last look {looked}: {}", escape(&memory.said)),
                failures => format!(
                    "  last look {looked}: {} ({}), {failures} in a row",
                    paint(BAD, &escape(&memory.said)),
                    escape(memory.code.as_deref().unwrap_or_default())
                ),
            });
        }
        for folder in &self.closed {
            lines.push(format!(
                "  {} {} is closed to the service; `sealock agent install` opens it",
                paint(WARN, "note:"),
                escape(folder)
            ));
        }
        lines
    }

    /// The same for programs.
    pub(crate) fn json(&self) -> Value {
        let at = |seconds: i64| Timestamp::from_unix(seconds).to_string();
        json!({
            "installed": self.installed,
            "timerActive": self.on,
            "overdue": self.memory.as_ref().is_some_and(|memory| self.installed && Timestamp::from_unix(memory.next) < self.now),
            "closedFolders": self.closed,
            "lastLook": self.memory.as_ref().map(|memory| json!({
                "at": at(memory.looked),
                "succeededAt": memory.succeeded.map(at),
                "failures": memory.failures,
                "said": memory.said,
                "code": memory.code,
                "next": at(memory.next),
            })),
        })
    }
}

/// Folders that have become needed since the service was written: a client that was added, a certificate that was issued.
pub(crate) fn closed(session: &Session, systemd: &Systemd) -> Vec<String> {
    let path = systemd.unit(SERVICE);
    let Ok(text) = std::fs::read_to_string(systemd.system.root().at(path)) else {
        return Vec::new();
    };
    // Without walls nothing is closed.
    if !text.contains("\nProtectSystem=strict\n") {
        return Vec::new();
    }
    let metrics = install::metrics_of(&text);
    let program = std::env::current_exe().unwrap_or_default();
    let Ok(wanted) = access::access(session, &program, metrics.as_deref()) else {
        return Vec::new();
    };
    let open = units::writable_of(&text);
    wanted
        .writable
        .iter()
        .filter(|folder| !open.iter().any(|above| folder.starts_with(above)))
        .map(|folder| folder.display().to_string())
        .collect()
}
