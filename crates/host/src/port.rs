//! Who listens on a TCP port, from `/proc`: asked before anything is changed.

use crate::{HostError, Listen, System};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// A listening socket.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Socket {
    address: SocketAddr,
    inode: u64,
}

/// Who is on an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// This process, with its name, escaped.
    Process {
        /// Its number.
        pid: u32,
        /// What it is called.
        name: String,
    },
    /// Somebody whose descriptors we may not see.
    Unknown,
}

impl Holder {
    /// Whether it is dockerd, or what forwards for it.
    pub(crate) fn is_docker(&self) -> bool {
        match self {
            Self::Process { name, .. } => {
                matches!(name.as_str(), "dockerd" | "rootlesskit" | "rootlessport")
            }
            Self::Unknown => false,
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process { pid, name } => write!(f, "process {pid} ({name})"),
            Self::Unknown => f.write_str("another process"),
        }
    }
}

/// Refuses an address that a process other than dockerd holds.
pub(crate) fn check(system: &dyn System, listen: &Listen) -> Result<(), HostError> {
    match holders(system, None, listen)
        .into_iter()
        .find(|holder| !holder.is_docker())
    {
        Some(holder) => Err(HostError::PortTaken {
            address: listen.to_string(),
            holder: holder.to_string(),
        }),
        None => Ok(()),
    }
}

/// Who listens where `listen` would, by name; `None` when the address is free. What systemd holds is told too.
pub fn holder_of(system: &dyn System, listen: &Listen) -> Option<String> {
    let found = holders(system, None, listen).into_iter().next();
    found.map(|holder| holder.to_string())
}

/// Everybody who listens where `listen` would, in the network that `daemon` sees: it may live in another one
/// than we do.
pub(crate) fn holders(system: &dyn System, daemon: Option<u32>, listen: &Listen) -> Vec<Holder> {
    let folder = daemon
        .and_then(|pid| network_of(system, pid))
        .unwrap_or_else(|| "/proc/net".into());
    sockets(system, &folder)
        .into_iter()
        .filter(|socket| listen.meets(socket.address))
        .map(|socket| holder(system, socket.inode))
        .collect()
}

/// Whether anybody listens where `listen` would, in the network that this process sees; `None` when that
/// cannot be seen.
pub(crate) fn is_open_to(system: &dyn System, pid: u32, listen: &Listen) -> Option<bool> {
    network_of(system, pid).map(|folder| {
        sockets(system, &folder)
            .iter()
            .any(|socket| listen.meets(socket.address))
    })
}

/// Where the tables of a process's network are; `None` when they cannot be seen.
fn network_of(system: &dyn System, pid: u32) -> Option<String> {
    let folder = format!("/proc/{pid}/net");
    let visible = system.root().at(format!("{folder}/tcp")).exists();
    visible.then_some(folder)
}

fn sockets(system: &dyn System, folder: &str) -> Vec<Socket> {
    ["tcp", "tcp6"]
        .iter()
        .filter_map(|file| {
            std::fs::read_to_string(system.root().at(format!("{folder}/{file}"))).ok()
        })
        .flat_map(|text| text.lines().skip(1).filter_map(parse).collect::<Vec<_>>())
        .collect()
}

/// A line of `/proc/net/tcp{,6}`; `None` unless it listens.
fn parse(line: &str) -> Option<Socket> {
    let mut words = line.split_whitespace();
    let local = words.nth(1)?;
    let state = words.nth(1)?;
    let inode = words.nth(5)?.parse().ok()?;
    if state != "0A" {
        return None;
    }
    let (address, port) = local.split_once(':')?;
    let ip = match address.len() {
        // Words of 32 bits in the machine's byte order.
        8 => IpAddr::V4(Ipv4Addr::from(
            u32::from_str_radix(address, 16).ok()?.to_ne_bytes(),
        )),
        32 => {
            let mut bytes = [0u8; 16];
            for (at, slot) in bytes.chunks_exact_mut(4).enumerate() {
                let word = u32::from_str_radix(address.get(at * 8..at * 8 + 8)?, 16).ok()?;
                slot.copy_from_slice(&word.to_ne_bytes());
            }
            IpAddr::V6(Ipv6Addr::from(bytes))
        }
        _ => return None,
    };
    Some(Socket {
        address: SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?),
        inode,
    })
}

fn holder(system: &dyn System, inode: u64) -> Holder {
    let wanted = format!("socket:[{inode}]");
    let Ok(processes) = std::fs::read_dir(system.root().at("/proc")) else {
        return Holder::Unknown;
    };
    for process in processes.flatten() {
        let Ok(pid) = process.file_name().to_string_lossy().parse::<u32>() else {
            continue;
        };
        let Ok(descriptors) = std::fs::read_dir(process.path().join("fd")) else {
            continue;
        };
        let has = descriptors.flatten().any(|fd| {
            std::fs::read_link(fd.path()).is_ok_and(|target| target.to_string_lossy() == wanted)
        });
        if has {
            let name = std::fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            return Holder::Process {
                pid,
                name: sealock_diag::escape(name.trim()),
            };
        }
    }
    Holder::Unknown
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn lines_of_proc() {
        let line = "   0: 0100007F:0948 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 0000000000000000 100 0 0 10 0";
        let socket = parse(line).unwrap();
        assert_eq!(
            (socket.address.to_string().as_str(), socket.inode),
            ("127.0.0.1:2376", 12345)
        );
        let six = "   0: 00000000000000000000000000000000:0947 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 7 1 0 100 0 0 10 0";
        assert_eq!(parse(six).unwrap().address.to_string(), "[::]:2375");
        assert_eq!(parse(&line.replace(" 0A ", " 01 ")), None);
        for text in [
            "",
            "x",
            "0: zz:yy a 0A",
            "0: é00007F:0948 00000000:0000 0A 0:0 0:0 0 0 0 1 1",
        ] {
            assert_eq!(parse(text), None);
        }
    }
}
