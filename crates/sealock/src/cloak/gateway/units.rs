//! The texts of the gateway's service and of its sockets.

use std::path::{Path, PathBuf};

use sealock_host::Desired;
use sealock_host::desired::gateway::{Door, Gateway};
use sealock_host::unit::quote;

use crate::agent::units::written;
use crate::commands::gateway::settings::{DOCKER_DOOR, LOCAL_DOOR, numbered};

/// The service.
pub(crate) const SERVICE: &str = "sealock-gateway.service";
/// What every unit of ours is called first.
pub(crate) const STEM: &str = "sealock-gateway";

/// The first line of every unit, by which it is known again.
const OURS: &str = "# Written by `sealock up --mode gateway`; `sealock down` takes it away. Changes belong in sealock.toml.";

/// A socket unit: systemd opens the door, also while nobody stands behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Socket {
    /// `sealock-gateway-mssql.socket`.
    pub(super) unit: String,
    /// The name by which the service knows the descriptor.
    name: String,
    stream: String,
    /// Whether it is for callers on this host.
    local: bool,
}

impl Socket {
    fn new(name: &str, stream: String, local: bool) -> Self {
        let unit = match name {
            DOCKER_DOOR => format!("{STEM}.socket"),
            other => format!("{STEM}-{other}.socket"),
        };
        Self {
            unit,
            name: name.to_owned(),
            stream,
            local,
        }
    }

    /// Its text.
    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "{OURS}\n[Unit]\nDescription=sealock gateway: the door {}\n\
             Documentation=man:sealock-gateway(1)\n\n[Socket]\nListenStream={}\n\
             FileDescriptorName={}\nService={SERVICE}\nBacklog=4096\n",
            self.name,
            self.stream.replace('%', "%%"),
            self.name
        );
        text.push_str(match self.local {
            true => {
                "# Whoever connects is known by his user, and the policy says what he may.\n\
                 SocketMode=0666\nDirectoryMode=0755\nRemoveOnStop=yes\n"
            }
            // An address that comes up late is bound all the same.
            false => "BindIPv6Only=both\nFreeBind=yes\n",
        });
        text.push_str(
            "# A door that systemd gives up is a door that stays shut.\n\
             TriggerLimitIntervalSec=0\n\n[Install]\nWantedBy=sockets.target\n",
        );
        text
    }
}

/// One socket for each door.
pub(super) fn sockets(desired: &Desired, gateway: &Gateway) -> Vec<Socket> {
    let mut sockets = Vec::new();
    for (index, listen) in desired.daemon.listen.iter().enumerate() {
        let name = numbered(DOCKER_DOOR, index);
        sockets.push(Socket::new(&name, listen.to_string(), false));
    }
    for (index, path) in gateway.local.iter().enumerate() {
        let name = numbered(LOCAL_DOOR, index);
        sockets.push(Socket::new(&name, path.display().to_string(), true));
    }
    for service in &gateway.services {
        let (stream, local) = match &service.listen {
            Door::Tcp(listen) => (listen.to_string(), false),
            Door::Unix(path) => (path.display().to_string(), true),
        };
        sockets.push(Socket::new(&service.name, stream, local));
    }
    sockets
}

/// How the line begins that makes other settings another unit.
const SETTINGS: &str = "# settings: ";

/// Whether two texts of the service say the same of everything but its settings.
pub(super) fn differ_in_settings_only(one: &str, other: &str) -> bool {
    let rest = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.starts_with(SETTINGS));
        lines.map(str::to_owned).collect()
    };
    rest(one) == rest(other)
}

/// Everything that the service's unit says.
pub(super) struct Service<'a> {
    pub(super) program: &'a Path,
    pub(super) home: &'a Path,
    pub(super) config: &'a Path,
    /// The group that may write to the daemon's socket.
    pub(super) group: &'a str,
    pub(super) sockets: &'a [Socket],
    /// The settings, so that a change of them is a change of the unit.
    pub(super) digest: &'a str,
    /// Something of it lies in a home.
    pub(super) homes: bool,
}

/// What a gateway needs no part of. `systemd-analyze security` names what is left: sockets, and the user's namespace.
const WALLS: &str = "NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
# Not private but closed: a place that is merely not there would be taken for one that the host does not have.
InaccessiblePaths=/tmp /var/tmp
PrivateDevices=yes
DevicePolicy=closed
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProcSubset=pid
PrivateIPC=yes
RemoveIPC=yes
KeyringMode=private
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
# How an inherited socket is taken by its number without unsafe code.
SystemCallFilter=pidfd_getfd
SystemCallErrorNumber=EPERM
";

impl Service<'_> {
    /// `sealock-gateway.service`.
    pub(super) fn text(&self) -> String {
        let sockets: Vec<&str> = self.sockets.iter().map(|one| one.unit.as_str()).collect();
        let sockets = sockets.join(" ");
        let command = |words: &str| {
            format!(
                "{} --home {} --config {} gateway {words}",
                word(self.program),
                word(self.home),
                word(self.config)
            )
        };
        format!(
            "{OURS}\n{SETTINGS}{}\n[Unit]\nDescription=sealock gateway: mutual TLS, roles and audit in front of the Docker socket\n\
             Documentation=man:sealock-gateway(1)\nAfter=network.target docker.socket {sockets}\nRequires={sockets}\n\
             # It never gives up: without it nobody gets in.\nStartLimitIntervalSec=0\n\n\
             [Service]\nType=notify\nNotifyAccess=all\nExecStart={}\nExecReload={}\nSockets={sockets}\n\
             Restart=always\nRestartSec=1\nWatchdogSec=30\nTimeoutStartSec=60\nTimeoutStopSec=30\n\
             # A user of its own that exists while it runs; its one power is the group of the daemon's socket.\n\
             DynamicUser=yes\nUser={STEM}\nSupplementaryGroups={}\n\
             RuntimeDirectory={STEM}\nRuntimeDirectoryMode=0700\nLogsDirectory={STEM}\nLogsDirectoryMode=0750\n\
             StateDirectory={STEM}\nStateDirectoryMode=0700\n\
             UMask=0077\nLimitNOFILE=131072\nTasksMax=1024\nOOMScoreAdjust=-500\n\
             # Of the vault's home it sees its own certificates and lists; issuer keys do not exist for it.\n\
             TemporaryFileSystem={}:ro\nBindReadOnlyPaths=-{}\nProtectHome={}\n{WALLS}\n\
             [Install]\nWantedBy=multi-user.target\n",
            self.digest,
            command("--unit"),
            command("reload"),
            self.group,
            path(self.home),
            path(&super::place::folder(self.home)),
            if self.homes { "read-only" } else { "yes" },
        )
    }
}

/// The links by which both are started with the machine; what `systemctl enable` would make.
pub(super) fn wants(folder: &Path, unit: &str) -> PathBuf {
    let target = match unit.ends_with(".socket") {
        true => "sockets.target.wants",
        false => "multi-user.target.wants",
    };
    folder.join(target).join(unit)
}

/// A word of a command.
fn word(path: &Path) -> String {
    quote(&path.to_string_lossy())
}

/// A path elsewhere, where a dollar is a dollar.
fn path(path: &Path) -> String {
    written(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::{Service, sockets, wants};
    use sealock_host::Desired;
    use sealock_host::desired::gateway::{Behind, Door, Gateway, Kind, Service as Behind2};
    use std::path::Path;

    fn desired() -> Desired {
        let listen = ["0.0.0.0:2376", "[::1]:2377"].map(|text| text.parse().unwrap());
        let mut desired = Desired::new("lab", listen.to_vec(), vec!["box".to_owned()]);
        desired.gateway = Some(Gateway {
            local: vec!["/run/sandbox/docker.sock".into()],
            services: vec![Behind2 {
                name: "mssql".to_owned(),
                listen: Door::Tcp("0.0.0.0:11433".parse().unwrap()),
                upstream: Behind::Tcp("127.0.0.1:1433".parse().unwrap()),
                allow: Vec::new(),
                kind: Kind::Tcp {
                    proxy_header: false,
                },
            }],
            ..Gateway::default()
        });
        desired
    }

    #[test]
    fn every_door_has_a_socket_and_the_service_has_them_all() {
        let desired = desired();
        let sockets = sockets(&desired, desired.gateway.as_ref().unwrap());
        let texts: Vec<String> = sockets.iter().map(super::Socket::text).collect();
        for (text, lines) in texts.iter().zip([
            "ListenStream=0.0.0.0:2376\nFileDescriptorName=docker\n",
            "ListenStream=[::1]:2377\nFileDescriptorName=docker-2\n",
            "ListenStream=/run/sandbox/docker.sock\nFileDescriptorName=local\n",
            "ListenStream=0.0.0.0:11433\nFileDescriptorName=mssql\n",
        ]) {
            assert!(text.contains(lines), "{text}");
        }
        let text = Service {
            program: Path::new("/usr/local/bin/sealock"),
            home: Path::new("/var/lib/sealock"),
            config: Path::new("/etc/sealock/100% ours.toml"),
            group: "docker",
            sockets: &sockets,
            digest: "00",
            homes: false,
        }
        .text();
        for line in [
            "ExecStart=/usr/local/bin/sealock --home /var/lib/sealock --config \"/etc/sealock/100%% ours.toml\" gateway --unit",
            "Sockets=sealock-gateway.socket sealock-gateway-docker-2.socket sealock-gateway-local.socket sealock-gateway-mssql.socket",
            "SupplementaryGroups=docker",
            "BindReadOnlyPaths=-/var/lib/sealock/gateway",
            "TimeoutStopSec=30",
            "CapabilityBoundingSet=",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }

    /// What is shipped for those who write their units themselves is what `up` installs, with its usual places.
    #[test]
    fn the_shipped_units_are_those_of_up() {
        let listen = vec!["0.0.0.0:2376".parse().unwrap()];
        let mut desired = Desired::new("lab", listen, vec!["box".to_owned()]);
        desired.gateway = Some(Gateway::default());
        let sockets = sockets(&desired, desired.gateway.as_ref().unwrap());
        let service = Service {
            program: Path::new("/usr/local/bin/sealock"),
            home: Path::new("/var/lib/sealock"),
            config: Path::new("/etc/sealock/gateway.toml"),
            group: "docker",
            sockets: &sockets,
            digest: "",
            homes: false,
        };
        // Who wrote it, and for whom, is told in other words, and so is how the vault is kept away: only `up` knows that
        // there is one.
        let vault = [
            "TemporaryFileSystem=",
            "BindReadOnlyPaths=",
            "InaccessiblePaths=-",
        ];
        let body = |text: &str| {
            let lines = text.lines().filter(|line| {
                !line.starts_with('#') && !vault.iter().any(|word| line.starts_with(word))
            });
            lines.collect::<Vec<_>>().join("\n")
        };
        for (shipped, installed) in [
            (
                include_str!("../../../../../packaging/systemd/sealock-gateway.service"),
                service.text(),
            ),
            (
                include_str!("../../../../../packaging/systemd/sealock-gateway.socket"),
                sockets[0].text(),
            ),
        ] {
            assert!(shipped.starts_with("# For a gateway that"), "{shipped}");
            assert_eq!(body(shipped), body(&installed));
        }
        let service = include_str!("../../../../../packaging/systemd/sealock-gateway.service");
        assert!(
            service.contains("\nInaccessiblePaths=-/var/lib/sealock\n"),
            "{service}"
        );
    }

    #[test]
    fn other_settings_are_told_from_another_unit() {
        let same = super::differ_in_settings_only;
        assert!(same(
            "# settings: 1\n[Unit]\nA=1\n",
            "# settings: 2\n[Unit]\nA=1\n"
        ));
        assert!(!same(
            "# settings: 1\n[Unit]\nA=1\n",
            "# settings: 1\n[Unit]\nA=2\n"
        ));
        assert!(!same("", "[Unit]\n"));
    }

    #[test]
    fn what_is_enabled() {
        let folder = Path::new("/etc/systemd/system");
        assert!(wants(folder, "a.socket").ends_with("sockets.target.wants/a.socket"));
        assert!(wants(folder, "a.service").ends_with("multi-user.target.wants/a.service"));
    }
}
