//! The small languages inside a policy: binds, ports, sizes, subnets.

use std::net::IpAddr;

/// A place of the host that may be mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BindRule {
    /// The place, clean and absolute.
    pub(crate) path: String,
    /// Everything below it too.
    pub(crate) below: bool,
    /// Also for writing.
    pub(crate) write: bool,
}

impl BindRule {
    /// Reads `/path`, `/path:ro`, `/path/*` or `/path/*:ro`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (path, write) = match text.strip_suffix(":ro") {
            Some(path) => (path, false),
            None => (text.strip_suffix(":rw").unwrap_or(text), true),
        };
        let (path, below) = match path.strip_suffix("/*") {
            Some("") => ("/", true),
            Some(path) => (path, true),
            None => (path, false),
        };
        let clean = clean_path(path)?;
        (clean == path && !path.contains(['*', ':'])).then_some(Self {
            path: clean,
            below,
            write,
        })
    }

    /// Whether the rule means this clean path.
    pub(crate) fn covers(&self, path: &str, write: bool) -> bool {
        if write && !self.write {
            return false;
        }
        if self.path == path {
            return true;
        }
        self.below
            && (self.path == "/"
                || path
                    .strip_prefix(self.path.as_str())
                    .is_some_and(|rest| rest.starts_with('/')))
    }

    /// As it is written in a policy.
    pub(crate) fn text(&self) -> String {
        let below = match (self.below, self.path.as_str()) {
            (false, _) => "",
            (true, "/") => "*",
            (true, _) => "/*",
        };
        let write = if self.write { "" } else { ":ro" };
        format!("{}{below}{write}", self.path)
    }
}

/// An absolute path as the daemon cleans it; `None` when it is relative or climbs.
///
/// The daemon resolves `..` by the text alone, the kernel by what is there: a path with one is refused.
pub(crate) fn clean_path(path: &str) -> Option<String> {
    if !path.starts_with('/') || path.contains('\0') {
        return None;
    }
    let mut clean = String::with_capacity(path.len());
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => return None,
            part => {
                clean.push('/');
                clean.push_str(part);
            }
        }
    }
    if clean.is_empty() {
        clean.push('/');
    }
    Some(clean)
}

/// Ports of the host that may be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PortRule {
    /// On this address only; on any when `None`.
    pub(crate) address: Option<IpAddr>,
    /// Which ports.
    pub(crate) ports: Ports,
}

/// A range of ports, or whichever the kernel gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ports {
    /// From, to, both included.
    Range(u16, u16),
    /// The daemon chooses a high one that is free.
    Ephemeral,
}

impl PortRule {
    /// Reads `8000`, `8000-8999`, `ephemeral`, each with an address in front: `127.0.0.1:8000`, `[::1]:80`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (address, ports) = match text.rsplit_once(':') {
            None => (None, text),
            Some((address, ports)) => {
                let bare = match address.strip_prefix('[') {
                    Some(rest) => rest.strip_suffix(']')?,
                    None if address.contains(':') => return None,
                    None => address,
                };
                (Some(bare.parse().ok()?), ports)
            }
        };
        let ports = if ports == "ephemeral" {
            Ports::Ephemeral
        } else {
            let (from, to) = port_range(ports)?;
            Ports::Range(from, to)
        };
        Some(Self { address, ports })
    }

    /// Whether the rule means these ports on this address; `None` is every address.
    pub(crate) fn covers(&self, address: Option<IpAddr>, ports: Ports) -> bool {
        let place = match self.address {
            None => true,
            Some(own) => address == Some(own),
        };
        place
            && match (self.ports, ports) {
                (Ports::Ephemeral, Ports::Ephemeral) => true,
                (Ports::Range(from, to), Ports::Range(low, high)) => from <= low && high <= to,
                _ => false,
            }
    }
}

/// Reads `80` or `80-90`.
pub(crate) fn port_range(text: &str) -> Option<(u16, u16)> {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    let (from, to) = (port(from)?, port(to)?);
    (from <= to).then_some((from, to))
}

fn port(text: &str) -> Option<u16> {
    let plain =
        !text.is_empty() && text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    let number: u16 = if plain {
        text.parse().ok()?
    } else {
        return None;
    };
    (number > 0).then_some(number)
}

/// Reads a number of bytes: `64MiB`, `2GiB`, `512k`, `1000`.
pub(crate) fn bytes(text: &str) -> Option<u64> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let number: u64 = text[..end].parse().ok()?;
    let factor: u64 = match text[end..].trim_start() {
        "" | "B" => 1,
        "k" | "K" | "KiB" => 1 << 10,
        "m" | "M" | "MiB" => 1 << 20,
        "g" | "G" | "GiB" => 1 << 30,
        "t" | "T" | "TiB" => 1 << 40,
        _ => return None,
    };
    number.checked_mul(factor).filter(|bytes| *bytes > 0)
}

/// Reads a number of processors, as `1.5`, in billionths.
pub(crate) fn processors(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) || part.len() > 9 {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let part: u64 = format!("{part:0<9}").parse().ok()?;
    whole
        .checked_mul(1_000_000_000)?
        .checked_add(part)
        .filter(|nano| *nano > 0)
}

/// A network in CIDR notation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subnet {
    address: IpAddr,
    length: u8,
}

impl Subnet {
    /// Reads `172.20.0.0/16`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        let length: u8 = length.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        (length <= most).then_some(Self { address, length })
    }

    /// Whether the other lies inside this one.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        if self.length > other.length {
            return false;
        }
        match (self.address, other.address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let shift = 32 - u32::from(self.length);
                own.to_bits().checked_shr(shift) == other.to_bits().checked_shr(shift)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let shift = 128 - u32::from(self.length);
                own.to_bits().checked_shr(shift) == other.to_bits().checked_shr(shift)
            }
            _ => false,
        }
    }
}

impl std::fmt::Display for Subnet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::{BindRule, PortRule, Ports, Subnet, bytes, clean_path, processors};

    #[test]
    fn a_bind_is_a_place_or_what_is_below_it() {
        for (rule, path, write, expected) in [
            ("/srv/a", "/srv/a", true, true),
            ("/srv/a", "/srv/a/b", true, false),
            ("/srv/a:ro", "/srv/a", true, false),
            ("/srv/a:ro", "/srv/a", false, true),
            ("/srv/a/*", "/srv/a/b/c", true, true),
            ("/srv/a/*", "/srv/a", true, true),
            ("/srv/a/*", "/srv/ab", true, false),
            ("/srv/a/*:ro", "/srv/a/b", true, false),
            ("/*", "/etc", true, true),
            ("/", "/", true, true),
            ("/", "/etc", true, false),
        ] {
            let read = BindRule::read(rule).unwrap();
            assert_eq!(read.covers(path, write), expected, "{rule} {path}");
            assert_eq!(read.text(), rule);
        }
        for bad in ["srv", "/srv/", "/srv/../etc", "/a*b", "", "/a:b", "*"] {
            assert_eq!(BindRule::read(bad), None, "{bad}");
        }
    }

    #[test]
    fn paths_are_cleaned_and_never_climb() {
        assert_eq!(clean_path("//srv/./a//b/").as_deref(), Some("/srv/a/b"));
        assert_eq!(clean_path("/").as_deref(), Some("/"));
        assert_eq!(clean_path("/a/../b"), None);
        assert_eq!(clean_path("a"), None);
    }

    #[test]
    fn ports_have_ranges_and_addresses() {
        let local = "127.0.0.1".parse().ok();
        for (rule, address, ports, expected) in [
            ("8000-8999", None, Ports::Range(8080, 8080), true),
            ("8000-8999", local, Ports::Range(8080, 8090), true),
            ("8000-8999", None, Ports::Range(8990, 9000), false),
            ("127.0.0.1:80", None, Ports::Range(80, 80), false),
            ("127.0.0.1:80", local, Ports::Range(80, 80), true),
            ("ephemeral", None, Ports::Ephemeral, true),
            ("1-65535", None, Ports::Ephemeral, false),
        ] {
            let rule_read = PortRule::read(rule).unwrap();
            assert_eq!(rule_read.covers(address, ports), expected, "{rule}");
        }
        for bad in ["", "0", "9-8", "65536", "x:80", "::1:80", "80-", "+80"] {
            assert_eq!(PortRule::read(bad), None, "{bad}");
        }
        assert!(PortRule::read("[::1]:80").is_some());
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(bytes("2GiB"), Some(2 << 30));
        assert_eq!(bytes("512m"), Some(512 << 20));
        assert_eq!(bytes("0"), None);
        assert_eq!(bytes("2 apples"), None);
        assert_eq!(processors("1.5"), Some(1_500_000_000));
        assert_eq!(processors("0"), None);
        assert_eq!(processors("-1"), None);
    }

    #[test]
    fn a_subnet_lies_in_another_or_not() {
        let covers = |own: &str, other: &str| {
            Subnet::read(own)
                .unwrap()
                .covers(&Subnet::read(other).unwrap())
        };
        assert!(covers("172.16.0.0/12", "172.20.0.0/16"));
        assert!(!covers("172.16.0.0/12", "10.0.0.0/16"));
        assert!(!covers("172.20.0.0/16", "172.16.0.0/12"));
        assert!(covers("0.0.0.0/0", "10.0.0.0/8"));
        assert!(!covers("0.0.0.0/0", "fd00::/8"));
        assert!(covers("fd00::/8", "fd01::/64"));
    }
}
