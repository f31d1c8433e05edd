//! The texts of the service and of its timer.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sealock_host::unit::quote;

use super::access::Access;
use super::credential::Credential;
use super::place::SERVICE;

/// Everything that the two units say.
pub(crate) struct Units<'a> {
    pub(crate) program: &'a Path,
    pub(crate) home: &'a Path,
    pub(crate) config: &'a Path,
    pub(crate) every: Duration,
    pub(crate) metrics: Option<&'a Path>,
    pub(crate) credential: Option<&'a Credential>,
    /// Variables of whoever installs that decide where clients' files go.
    pub(crate) environment: &'a [(String, String)],
    pub(crate) access: &'a Access,
    pub(crate) user: bool,
}

/// The first line of both, by which they are known again.
pub(crate) const OURS: &str =
    "# Written by `sealock agent install`; `sealock agent remove` takes it away.";

/// What a service of the system and of a user can both be denied: the kernel's filters need nobody's permission.
const FILTERS: &str = "NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@resources
SystemCallErrorNumber=EPERM
";

/// What only the system's manager can deny.
const WALLS: &str = "ProtectSystem=strict
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=default
# Files of other users are read, written and given to them, and who listens on the daemon's port is looked up.
CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_SYS_PTRACE
";

impl Units<'_> {
    /// `sealock-agent.service`.
    pub(crate) fn service(&self) -> String {
        let mut text = format!(
            "{OURS}\n[Unit]\nDescription=sealock renews what is due\n\
             Documentation=man:sealock-agent(1)\nAfter=docker.service network-online.target time-sync.target\n\
             Wants=network-online.target\n\n\
             [Service]\nType=oneshot\nExecStart={}\n",
            self.command()
        );
        for (name, value) in self.environment {
            text.push_str(&format!(
                "Environment={}\n",
                written(&format!("{name}={value}"))
            ));
        }
        if let Some(credential) = self.credential {
            text.push_str(&credential.directive());
        }
        // A run ends between two of its steps; what it has started, such as a restart of dockerd, is not to be hit.
        text.push_str("TimeoutStartSec=30min\nTimeoutStopSec=6min\nKillMode=");
        if let Some(why) = &self.access.open {
            text.push_str(&format!("process\n# No walls: {why}.\nUMask=0077\n"));
            return text;
        }
        text.push_str("mixed\nUMask=0077\n");
        text.push_str(FILTERS);
        if self.user {
            return text;
        }
        text.push_str(WALLS);
        let homes = if self.access.homes {
            "read-only"
        } else {
            "yes"
        };
        text.push_str(&format!("ProtectHome={homes}\n"));
        for path in &self.access.writable {
            text.push_str(&format!(
                "ReadWritePaths={}\n",
                written(&path.to_string_lossy())
            ));
        }
        text
    }

    /// `sealock-agent.timer`.
    pub(crate) fn timer(&self) -> String {
        let (calendar, every) = calendar(self.every);
        let jitter = (every / 6).min(Duration::from_secs(30 * 60)).as_secs();
        format!(
            "{OURS}\n[Unit]\nDescription=sealock renews what is due\n\n\
             [Timer]\nUnit={SERVICE}\nOnBootSec=2min\nOnCalendar={calendar}\nRandomizedDelaySec={jitter}\nPersistent=true\n\n\
             [Install]\nWantedBy=timers.target\n"
        )
    }

    fn command(&self) -> String {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let mut words = vec![
            text(self.program),
            "--home".to_owned(),
            text(self.home),
            "--config".to_owned(),
            text(self.config),
        ];
        if self.credential.is_some() {
            words.extend(["--passphrase".to_owned(), Credential::source()]);
        }
        words.extend(["agent", "--once", "--unit"].map(str::to_owned));
        words.extend([
            "--every".to_owned(),
            sealock_host::desired::format_life(self.every),
        ]);
        if let Some(metrics) = self.metrics {
            words.extend(["--metrics".to_owned(), text(metrics)]);
        }
        let quoted: Vec<String> = words.iter().map(|word| quote(word)).collect();
        quoted.join(" ")
    }
}

/// A word of a unit outside of its commands, where a dollar is nothing special: specifiers doubled, quoted where it has to be.
pub(crate) fn written(word: &str) -> String {
    let text = word.replace('%', "%%");
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@%".contains(c);
    if text.chars().all(plain) {
        return text;
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The paths that a service's text lets it write to.
pub(crate) fn writable_of(service: &str) -> Vec<PathBuf> {
    service
        .lines()
        .filter_map(|line| line.strip_prefix("ReadWritePaths="))
        .flat_map(sealock_host::unit::words)
        .map(|word| PathBuf::from(word.value.replace("%%", "%")))
        .collect()
}

/// The calendar that comes nearest to a rhythm without being slower, and the rhythm that it has.
///
/// A calendar and not an interval, because only a calendar makes up for what was missed while the machine was off.
pub(crate) fn calendar(every: Duration) -> (String, Duration) {
    const MINUTES: [u64; 11] = [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30];
    const HOURS: [u64; 7] = [1, 2, 3, 4, 6, 8, 12];
    let seconds = every.as_secs();
    let largest = |list: &[u64], unit: u64| {
        let fitting = list.iter().rev().find(|number| **number * unit <= seconds);
        fitting.copied().unwrap_or(1)
    };
    let (text, seconds) = match seconds {
        ..3600 => {
            let minutes = largest(&MINUTES, 60);
            (format!("*-*-* *:0/{minutes}:00"), minutes * 60)
        }
        3600..86_400 => {
            let hours = largest(&HOURS, 3600);
            (format!("*-*-* 0/{hours}:00:00"), hours * 3600)
        }
        86_400..604_800 => ("*-*-* 00:00:00".to_owned(), 86_400),
        _ => ("Mon *-*-* 00:00:00".to_owned(), 604_800),
    };
    (text, Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::super::access::Access;
    use super::{Units, calendar, writable_of};
    use crate::agent::credential::Credential;
    use std::path::{Path, PathBuf};
    use std::time::Duration;

    fn units<'a>(access: &'a Access, credential: Option<&'a Credential>) -> Units<'a> {
        Units {
            program: Path::new("/usr/local/bin/sealock"),
            home: Path::new("/var/lib/sealock"),
            config: Path::new("/etc/sealock/100% ours.toml"),
            every: Duration::from_secs(6 * 3600),
            metrics: Some(Path::new("/var/lib/node_exporter/sealock.prom")),
            credential,
            environment: &[],
            access,
            user: false,
        }
    }

    #[test]
    fn the_command_is_quoted_and_the_passphrase_is_a_name() {
        let access = Access {
            writable: ["/var/lib/sealock", "/srv/100% sure"]
                .map(PathBuf::from)
                .to_vec(),
            ..Access::default()
        };
        let credential = Credential::of_file(Path::new("/etc/sealock/pass"));
        let text = units(&access, Some(&credential)).service();
        let exec = "ExecStart=/usr/local/bin/sealock --home /var/lib/sealock --config \"/etc/sealock/100%% ours.toml\" \
                    --passphrase credential:sealock-passphrase agent --once --unit --every 6h --metrics /var/lib/node_exporter/sealock.prom";
        assert!(text.lines().any(|line| line == exec), "{text}");
        assert!(text.contains("\nLoadCredential=sealock-passphrase:/etc/sealock/pass\n"));
        assert_eq!(writable_of(&text), access.writable);
        assert!(text.contains("ProtectHome=yes\n") && text.contains("KillMode=mixed\n"));
    }

    #[test]
    fn walls_come_down_only_where_they_cannot_stand() {
        let open = Access {
            open: Some("the restart command starts dockerd itself".to_owned()),
            ..Access::default()
        };
        let text = units(&open, None).service();
        assert!(
            text.contains("KillMode=process\n# No walls: the restart command"),
            "{text}"
        );
        assert!(!text.contains("Protect") && !text.contains("SystemCallFilter"));
        let homes = Access {
            homes: true,
            ..Access::default()
        };
        let mut own = units(&homes, None);
        assert!(own.service().contains("ProtectHome=read-only\n"));
        own.user = true;
        let text = own.service();
        assert!(text.contains("SystemCallFilter=") && !text.contains("ProtectSystem="));
    }

    #[test]
    fn a_rhythm_is_never_slower_than_asked() {
        for (asked, text, is) in [
            (1, "*-*-* *:0/1:00", 60),
            (600, "*-*-* *:0/10:00", 600),
            (1740, "*-*-* *:0/20:00", 1200),
            (3600, "*-*-* 0/1:00:00", 3600),
            (5 * 3600, "*-*-* 0/4:00:00", 4 * 3600),
            (21_600, "*-*-* 0/6:00:00", 21_600),
            (86_400, "*-*-* 00:00:00", 86_400),
            (700_000, "Mon *-*-* 00:00:00", 604_800),
        ] {
            let (calendar, every) = calendar(Duration::from_secs(asked));
            assert_eq!((calendar.as_str(), every.as_secs()), (text, is));
        }
    }
}
