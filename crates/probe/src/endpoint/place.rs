//! Where to look, as a person writes it.

use sealock_diag::{Code, Diagnose, escape};
use sealock_pki::{DnsName, San};
use std::fmt;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::str::FromStr;
use std::sync::mpsc;
use std::time::Duration;
use thiserror::Error;

/// The customary port of the API over TLS.
const PORT: u16 = 2376;
/// The customary port of the API without TLS.
const PLAIN_PORT: u16 = 2375;
/// Addresses of one name that are looked at.
const MOST_ADDRESSES: usize = 8;

/// An endpoint by host and port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// In full: `tcp://docker.example.org:2376`.
    pub label: String,
    /// The host, a name or an address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The name that its certificate must carry.
    pub name: San,
    /// Where its name leads, when that is not the resolver's business.
    known: Vec<SocketAddr>,
}

/// A text that names no endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{}` is no endpoint: {why}", escape(presented))]
pub struct PlaceError {
    /// What was given, cut.
    pub presented: String,
    /// Why not.
    pub why: &'static str,
}

impl Diagnose for PlaceError {
    fn code(&self) -> Code {
        Code("SL-W401")
    }

    fn help(&self) -> Option<String> {
        Some("write it like tcp://docker.example.org:2376".to_owned())
    }
}

impl Place {
    /// Reads `tcp://h:2376`, `h:2376`, `https://h:2376`, `h` (port 2376), `[::1]:2376`, `::1`.
    ///
    /// # Errors
    /// When there is another scheme, a path, no host, or no port where one is announced.
    pub fn parse(text: &str) -> Result<Self, PlaceError> {
        let refused = |why| PlaceError {
            presented: text.chars().take(300).collect(),
            why,
        };
        let (scheme, rest) = text.split_once("://").unwrap_or(("tcp", text));
        let customary = match scheme {
            "tcp" | "https" => PORT,
            "http" => PLAIN_PORT,
            _ => return Err(refused("tcp://, https:// and http:// can be looked at")),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '#', '@']) {
            return Err(refused("it is a host and a port, without a path or a user"));
        }
        let (host, port) = split(rest).ok_or_else(|| refused("the brackets do not match"))?;
        let port = match port {
            None => customary,
            Some(digits) => digits
                .parse::<u16>()
                .ok()
                .filter(|port| *port > 0 && digits.bytes().all(|byte| byte.is_ascii_digit()))
                .ok_or_else(|| refused("a port is a number from 1 to 65535"))?,
        };
        let name = match host.parse::<IpAddr>() {
            Ok(address) => San::Ip(address),
            Err(_) => DnsName::try_from(host)
                .ok()
                .filter(|name| !name.is_wildcard())
                .map(San::Dns)
                .ok_or_else(|| refused("the host is neither an address nor a DNS name"))?,
        };
        Ok(Self::new(name, port))
    }

    /// An address whose certificate must carry the address itself.
    pub fn at(address: SocketAddr) -> Self {
        Self::new(San::Ip(address.ip()), address.port())
    }

    /// The same place, whose certificate must carry another name.
    #[must_use]
    pub fn called(mut self, name: San) -> Self {
        self.name = name;
        self
    }

    /// The same place, whose name leads to these addresses whatever the resolver says.
    #[must_use]
    pub fn leading_to(mut self, addresses: &[SocketAddr]) -> Self {
        self.known = addresses.iter().take(MOST_ADDRESSES).copied().collect();
        self
    }

    fn new(name: San, port: u16) -> Self {
        let host = name.value();
        let label = match &name {
            San::Ip(IpAddr::V6(_)) => format!("tcp://[{host}]:{port}"),
            _ => format!("tcp://{host}:{port}"),
        };
        Self {
            label,
            host,
            port,
            name,
            known: Vec::new(),
        }
    }

    /// Every address of it, in the order of the resolver; waits no longer than told.
    pub(crate) fn addresses(&self, within: Duration) -> Result<Vec<SocketAddr>, String> {
        if !self.known.is_empty() {
            return Ok(self.known.clone());
        }
        if let Ok(address) = self.host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, self.port)]);
        }
        // The resolver knows no deadline. A thread that waits for it in vain ends when it gives up.
        let (tell, told) = mpsc::channel();
        let (host, port) = (self.host.clone(), self.port);
        let resolver = std::thread::Builder::new().name("resolve".into());
        resolver
            .spawn(move || {
                let found = (host.as_str(), port).to_socket_addrs();
                let _ = tell.send(found.map(Iterator::collect::<Vec<_>>));
            })
            .map_err(|error| escape(&error.to_string()))?;
        let mut found = told
            .recv_timeout(within)
            .map_err(|_| format!("the resolver did not answer within {within:?}"))?
            .map_err(|error| escape(&error.to_string()))?;
        let mut seen = std::collections::HashSet::new();
        found.retain(|address| seen.insert(*address));
        found.truncate(MOST_ADDRESSES);
        if found.is_empty() {
            return Err("the name has no address".to_owned());
        }
        Ok(found)
    }
}

/// Host and port as written; `None` when brackets do not match.
fn split(text: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        return match after {
            "" => Some((host, None)),
            _ => Some((host, Some(after.strip_prefix(':')?))),
        };
    }
    match text.split_once(':') {
        // More than one colon without brackets is an IPv6 address without a port.
        Some((_, rest)) if rest.contains(':') => Some((text, None)),
        Some((host, port)) => Some((host, Some(port))),
        None => Some((text, None)),
    }
}

impl FromStr for Place {
    type Err = PlaceError;
    fn from_str(text: &str) -> Result<Self, PlaceError> {
        Self::parse(text)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label)
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn places_are_read_as_people_write_them() {
        for (text, label) in [
            ("tcp://h.example:2376", "tcp://h.example:2376"),
            ("h.example:2377", "tcp://h.example:2377"),
            ("H.Example", "tcp://h.example:2376"),
            ("https://h/", "tcp://h:2376"),
            ("http://h", "tcp://h:2375"),
            ("tcp://192.0.2.7", "tcp://192.0.2.7:2376"),
            ("[::1]:2376", "tcp://[::1]:2376"),
            ("::1", "tcp://[::1]:2376"),
            ("tcp://docker_host:1", "tcp://docker_host:1"),
        ] {
            assert_eq!(Place::parse(text).unwrap().label, label, "{text}");
        }
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for text in [
            "",
            "tcp://",
            "unix:///var/run/docker.sock",
            "ssh://h",
            "tcp://h:0",
            "tcp://h:65536",
            "tcp://h:+1",
            "tcp://h:",
            "tcp://h/v1.41",
            "tcp://u@h",
            "[::1",
            "[::1]2376",
            "*.example.org",
            "a b",
            "h\u{1b}[2J",
        ] {
            let error = Place::parse(text).unwrap_err();
            assert!(!error.to_string().contains('\u{1b}'));
        }
    }

    #[test]
    fn addresses_need_no_resolver() {
        let place = Place::parse("127.0.0.1:1").unwrap();
        assert_eq!(
            place.addresses(std::time::Duration::ZERO).unwrap(),
            ["127.0.0.1:1".parse().unwrap()]
        );
    }
}
