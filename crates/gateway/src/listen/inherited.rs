//! Sockets that were opened by somebody else: systemd, or the gateway that hands over.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::OwnedFd;

use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
use sealock_diag::escape;

use crate::GatewayError;

/// The first descriptor of sd_listen_fds(3).
const FIRST: i32 = 3;
/// More than any socket unit lists.
const MOST: i32 = 64;

/// Inherited sockets by their names.
#[derive(Debug, Default)]
pub(crate) struct Inherited {
    started_with: BTreeMap<String, OwnedFd>,
    handed_over: BTreeMap<String, OwnedFd>,
    /// Listeners whose socket is a service manager's, whichever process it was passed to first.
    managed: BTreeSet<String>,
}

/// What a service manager's sockets are marked with when they are handed over: they are where it says, not where the
/// settings do.
const MANAGED: char = '@';

impl Inherited {
    /// What systemd passed (`LISTEN_PID`, `LISTEN_FDS`, `LISTEN_FDNAMES`).
    pub(crate) fn from_environment() -> Result<Self, GatewayError> {
        let of = |name: &str| std::env::var(name).ok();
        Self::read(
            of("LISTEN_PID").as_deref(),
            of("LISTEN_FDS").as_deref(),
            of("LISTEN_FDNAMES").as_deref(),
            own,
        )
    }

    fn read(
        pid: Option<&str>,
        count: Option<&str>,
        names: Option<&str>,
        take: impl Fn(i32) -> io::Result<OwnedFd>,
    ) -> Result<Self, GatewayError> {
        let mut inherited = Self::default();
        // Meant for somebody else, or for nobody.
        if pid != Some(std::process::id().to_string().as_str()) {
            return Ok(inherited);
        }
        let count = count.and_then(|count| count.parse().ok()).unwrap_or(0);
        let mut names = names.unwrap_or_default().split(':');
        for descriptor in FIRST..FIRST + i32::clamp(count, 0, MOST) {
            // systemd calls what has no name so.
            let name = names.next().filter(|name| !name.is_empty());
            let name = name.unwrap_or("unknown");
            let socket = take(descriptor).map_err(|error| {
                GatewayError::new("SL-G052", "an inherited socket cannot be taken over")
                    .at(format!("descriptor {descriptor}, {}", escape(name)))
                    .because(error.to_string())
            })?;
            if inherited
                .started_with
                .insert(name.to_owned(), socket)
                .is_some()
            {
                return Err(GatewayError::new(
                    "SL-G052",
                    "two inherited sockets have the same name",
                )
                .at(format!("descriptor {descriptor}"))
                .because(format!("LISTEN_FDNAMES holds {} twice", escape(name))));
            }
        }
        Ok(inherited)
    }

    /// Adds the sockets of a gateway that hands over, by the names of their listeners.
    pub(crate) fn hand_over(&mut self, sockets: impl IntoIterator<Item = (String, OwnedFd)>) {
        for (name, socket) in sockets {
            let name = match name.strip_prefix(MANAGED) {
                Some(name) => {
                    self.managed.insert(name.to_owned());
                    name.to_owned()
                }
                None => name,
            };
            self.handed_over.insert(name, socket);
        }
    }

    /// Whether the socket of this name is a service manager's.
    pub(crate) fn is_managed(&self, name: &str) -> bool {
        self.managed.contains(name)
    }

    /// The name by which the socket of a listener is handed over.
    pub(crate) fn handed_name(&self, name: &str) -> String {
        match self.is_managed(name) {
            true => format!("{MANAGED}{name}"),
            false => name.to_owned(),
        }
    }

    /// The socket that the listener of this name had in the process before.
    pub(crate) fn handed_over(&mut self, name: &str) -> Option<OwnedFd> {
        self.handed_over.remove(name)
    }

    /// The socket that systemd gave this name.
    pub(crate) fn take(&mut self, name: &str) -> Option<OwnedFd> {
        let socket = self.started_with.remove(name)?;
        self.managed.insert(name.to_owned());
        Some(socket)
    }

    /// Why there is none of this name.
    pub(crate) fn missing(&self, name: &str) -> GatewayError {
        let there: Vec<String> = self.started_with.keys().map(|name| escape(name)).collect();
        let there = match there.is_empty() {
            true => "none was inherited".to_owned(),
            false => format!("inherited and not in use: {}", there.join(", ")),
        };
        GatewayError::new("SL-G053", "the inherited socket of a listener is missing")
            .at(escape(name))
            .because(there)
    }
}

/// A descriptor of this process by its number. Safe Rust cannot take one over by its number, but it can ask the
/// kernel for another one of the same socket.
fn own(descriptor: i32) -> io::Result<OwnedFd> {
    let this = pidfd_open(getpid(), PidfdFlags::empty())?;
    Ok(pidfd_getfd(this, descriptor, PidfdGetfdFlags::empty())?)
}

#[cfg(test)]
mod tests {
    use super::{Inherited, own};
    use sealock_diag::Diagnose;
    use std::net::TcpListener;
    use std::os::fd::{AsRawFd, OwnedFd};

    fn read(pid: &str, count: &str, names: Option<&str>) -> Result<Inherited, crate::GatewayError> {
        Inherited::read(Some(pid), Some(count), names, |_| {
            Ok(OwnedFd::from(TcpListener::bind("127.0.0.1:0").unwrap()))
        })
    }

    #[test]
    fn sockets_have_the_names_of_the_unit() {
        let this = std::process::id().to_string();
        let mut found = read(&this, "3", Some("docker:local")).unwrap();
        assert!(found.take("docker").is_some() && found.take("docker").is_none());
        assert!(found.take("local").is_some() && found.take("unknown").is_some());
        let error = found.missing("docker");
        assert_eq!(error.code().0, "SL-G053");
        assert_eq!(Diagnose::cause(&error).unwrap(), "none was inherited");
        let twice = read(&this, "2", Some("a:a")).unwrap_err();
        assert_eq!(twice.code().0, "SL-G052");
    }

    #[test]
    fn a_managers_socket_is_one_in_every_process_after() {
        let mut found = read(&std::process::id().to_string(), "1", Some("docker")).unwrap();
        let socket = found.take("docker").unwrap();
        assert_eq!(
            (found.handed_name("docker"), found.handed_name("web")),
            ("@docker".into(), "web".into())
        );
        let mut next = Inherited::default();
        let own = OwnedFd::from(TcpListener::bind("127.0.0.1:0").unwrap());
        next.hand_over([("@docker".to_owned(), socket), ("web".to_owned(), own)]);
        assert!(next.is_managed("docker") && !next.is_managed("web"));
        assert!(next.handed_over("docker").is_some() && next.handed_over("web").is_some());
        assert_eq!(next.handed_name("docker"), "@docker");
    }

    #[test]
    fn what_is_meant_for_another_process_is_left_alone() {
        let mut found = read("1", "1", Some("docker")).unwrap();
        assert!(found.take("docker").is_none());
        for count in ["0", "-1", "x", ""] {
            let mut found = read(&std::process::id().to_string(), count, None).unwrap();
            assert!(found.take("unknown").is_none(), "{count}");
        }
    }

    #[test]
    fn a_descriptor_by_its_number_is_the_same_socket() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let same = TcpListener::from(own(listener.as_raw_fd()).unwrap());
        assert_eq!(same.local_addr().unwrap(), listener.local_addr().unwrap());
        assert!(own(1 << 20).is_err());
    }
}
