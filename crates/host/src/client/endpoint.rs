//! Where a docker client finds its daemon.

use super::error::ClientError;
use sealock_diag::escape;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// The port that dockerd's TLS listener has by convention.
pub const TLS_PORT: u16 = 2376;

/// `tcp://NAME:PORT`, the form that every docker client takes.
///
/// The name is what the client verifies the server's certificate against, so it is one of the names
/// or addresses in that certificate, never a wildcard and never `0.0.0.0`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    host: Host,
    port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Host {
    Name(String),
    Ip(IpAddr),
}

impl Endpoint {
    /// An endpoint by address.
    ///
    /// # Errors
    /// [`ClientError::BadEndpoint`] for the unspecified address (`0.0.0.0`, `::`), which is a place
    /// to listen on and nowhere to go, and for port 0.
    pub fn by_ip(address: IpAddr, port: u16) -> Result<Self, ClientError> {
        Self::checked(Host::Ip(address), port, &address.to_string())
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Name or address without brackets, as it stands in a certificate.
    pub fn host(&self) -> String {
        match &self.host {
            Host::Name(name) => name.clone(),
            Host::Ip(address) => address.to_string(),
        }
    }

    /// `NAME:PORT`, with brackets around an IPv6 address.
    pub fn authority(&self) -> String {
        match &self.host {
            Host::Ip(IpAddr::V6(address)) => format!("[{address}]:{}", self.port),
            _ => format!("{}:{}", self.host(), self.port),
        }
    }

    fn checked(host: Host, port: u16, given: &str) -> Result<Self, ClientError> {
        let fault = |why| ClientError::BadEndpoint {
            given: escape(given),
            why,
        };
        if matches!(&host, Host::Ip(address) if address.is_unspecified()) {
            return Err(fault(
                "this address is for listening; a client needs a real one",
            ));
        }
        if port == 0 {
            return Err(fault("port 0 is no port"));
        }
        Ok(Self { host, port })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tcp://{}", self.authority())
    }
}

impl FromStr for Endpoint {
    type Err = ClientError;

    /// Reads `tcp://NAME:PORT`, `https://NAME:PORT`, `NAME:PORT` or `NAME` (port 2376).
    fn from_str(given: &str) -> Result<Self, ClientError> {
        let fault = |why| ClientError::BadEndpoint {
            given: escape(given),
            why,
        };
        let rest = match given.split_once("://") {
            Some(("tcp" | "https", rest)) => rest,
            Some(("http", _)) => return Err(fault("plain HTTP is not protected")),
            Some(_) => return Err(fault("only tcp:// leads to a TLS listener")),
            None => given,
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = split_port(rest).ok_or_else(|| fault("it is no NAME:PORT"))?;
        let port = match port {
            None => TLS_PORT,
            // `u16::from_str` takes a leading `+`, which no client does.
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => digits
                .parse()
                .map_err(|_| fault("the port is not within 1 to 65535"))?,
            Some(_) => return Err(fault("the port is not within 1 to 65535")),
        };
        let host = parse_host(host)
            .ok_or_else(|| fault("the name is neither a DNS name nor an address"))?;
        Self::checked(host, port, given)
    }
}

/// Splits `name`, `name:port`, `[v6]`, `[v6]:port` or a bare v6 address.
fn split_port(text: &str) -> Option<(&str, Option<&str>)> {
    if text.parse::<Ipv6Addr>().is_ok() {
        return Some((text, None));
    }
    if let Some(inner) = text.strip_prefix('[') {
        let (address, after) = inner.split_once(']')?;
        address.parse::<Ipv6Addr>().ok()?;
        return match after {
            "" => Some((address, None)),
            after => Some((address, Some(after.strip_prefix(':')?))),
        };
    }
    Some(match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    })
}

fn parse_host(text: &str) -> Option<Host> {
    if let Ok(address) = text.parse() {
        return Some(Host::Ip(address));
    }
    let bare = text.strip_suffix('.').unwrap_or(text);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // All digits and dots would be taken for an address by some resolvers (RFC 1123 section 2.1).
    let numeric = bare.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    (bare.len() <= 253 && !numeric && bare.split('.').all(label))
        .then(|| Host::Name(bare.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::Endpoint;

    fn check(given: &str, expected: Option<&str>) {
        let got = given
            .parse::<Endpoint>()
            .ok()
            .map(|endpoint| endpoint.to_string());
        assert_eq!(got.as_deref(), expected, "{given:?}");
    }

    #[test]
    fn endpoints_are_read_as_docker_clients_write_them() {
        for (given, expected) in [
            (
                "tcp://build.example.org:2376",
                "tcp://build.example.org:2376",
            ),
            ("tcp://Build.Example.ORG.", "tcp://build.example.org:2376"),
            ("build", "tcp://build:2376"),
            ("build:1234", "tcp://build:1234"),
            ("https://build:1234/", "tcp://build:1234"),
            ("10.0.0.7", "tcp://10.0.0.7:2376"),
            ("[2001:db8::7]", "tcp://[2001:db8::7]:2376"),
            ("tcp://[2001:DB8::7]:77", "tcp://[2001:db8::7]:77"),
            ("::1", "tcp://[::1]:2376"),
            ("my_host", "tcp://my_host:2376"),
        ] {
            check(given, Some(expected));
        }
    }

    #[test]
    fn what_is_no_endpoint_is_refused() {
        for given in [
            "",
            "tcp://",
            "unix:///var/run/docker.sock",
            "http://build",
            "ssh://build",
            "0.0.0.0",
            "[::]:2376",
            "build:0",
            "build:65536",
            "build:+1",
            "build:",
            "*.example.org",
            "a b",
            "a;b",
            "-a",
            "a-",
            "a..b",
            "tcp://user@build:1",
            "tcp://build:1/path",
            "[::1",
            "[::1]x",
            "[build]:1",
            "1.2.3",
            "999.1.1.1",
            "a\u{1b}[2J",
            "bücher.example",
            "fe80::1%eth0",
        ] {
            check(given, None);
        }
    }
}
