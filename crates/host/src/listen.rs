//! Addresses to listen on.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// An address and port where dockerd shall listen: `0.0.0.0:2376`, `[::]:2376`.
///
/// The port is mandatory: dockerd would take 2375, the customary *plain* port, even with TLS. The host
/// is an IP address, because dockerd resolves a name once at boot, when the resolver may not be up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Listen(SocketAddr);

impl Listen {
    /// The socket address.
    pub fn address(&self) -> SocketAddr {
        self.0
    }

    /// As dockerd's `-H` and `hosts` take it: `tcp://0.0.0.0:2376`.
    pub fn host(&self) -> String {
        format!("tcp://{}", self.0)
    }

    /// Whether two listeners cannot both be bound: same port, and the same address or a wildcard.
    ///
    /// Go binds `[::]` to both families, so an IPv6 wildcard meets every IPv4 address too.
    pub fn meets(&self, other: SocketAddr) -> bool {
        let (a, b) = (self.0.ip(), other.ip());
        self.0.port() == other.port() && (a == b || wide(a, b) || wide(b, a))
    }
}

fn wide(wildcard: IpAddr, other: IpAddr) -> bool {
    wildcard.is_unspecified() && (wildcard.is_ipv6() || other.is_ipv4() || other.is_unspecified())
}

/// Why a text is no address to listen on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct ListenError {
    /// What is wrong.
    pub problem: String,
    /// What to write instead, when that is clear.
    pub help: Option<String>,
}

impl FromStr for Listen {
    type Err = ListenError;

    fn from_str(text: &str) -> Result<Self, ListenError> {
        let shown = sealock_diag::escape(text);
        let refuse = |problem: &str, help: Option<String>| ListenError {
            problem: format!("`{shown}`: {problem}"),
            help,
        };
        let bare = match text.split_once("://") {
            Some(("tcp", rest)) => rest,
            Some((scheme, _)) => {
                let scheme = sealock_diag::escape(scheme);
                return Err(refuse(
                    &format!("`{scheme}` is not a network address"),
                    None,
                ));
            }
            None => text,
        };
        if let Ok(address) = bare.parse::<SocketAddr>() {
            return match address.port() {
                0 => Err(refuse(
                    "port 0 would be another one at every start",
                    Some(format!("{}:2376", bare.trim_end_matches(":0"))),
                )),
                _ => Ok(Self(address)),
            };
        }
        if let Ok(ip) = bare
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>()
        {
            return Err(refuse(
                "the port is missing; dockerd would take 2375, the plain one",
                Some(SocketAddr::new(ip, 2376).to_string()),
            ));
        }
        if let Some(port) = bare
            .strip_prefix(':')
            .or_else(|| bare.strip_prefix("*:"))
            .and_then(|p| p.parse::<u16>().ok())
        {
            return Err(refuse(
                "the address is missing",
                Some(format!("0.0.0.0:{port}")),
            ));
        }
        match bare.rsplit_once(':') {
            Some((host, port)) if port.parse::<u16>().is_ok() && !host.is_empty() => Err(refuse(
                "a name; dockerd listens on addresses, names belong in `names`",
                Some(format!("0.0.0.0:{port}")),
            )),
            _ => Err(refuse("expected ADDRESS:PORT", Some("0.0.0.0:2376".into()))),
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::Listen;

    #[test]
    fn addresses_that_dockerd_can_listen_on() {
        for text in [
            "0.0.0.0:2376",
            "[::]:2376",
            "127.0.0.1:1",
            "[2001:db8::1]:65535",
        ] {
            assert_eq!(text.parse::<Listen>().unwrap().to_string(), text);
        }
        assert_eq!(
            "tcp://0.0.0.0:2376".parse::<Listen>().unwrap().host(),
            "tcp://0.0.0.0:2376"
        );
    }

    #[test]
    fn others_are_refused_with_help() {
        for (text, help) in [
            ("0.0.0.0", Some("0.0.0.0:2376")),
            ("::1", Some("[::1]:2376")),
            ("[::]", Some("[::]:2376")),
            (":2376", Some("0.0.0.0:2376")),
            ("*:2376", Some("0.0.0.0:2376")),
            ("0.0.0.0:0", Some("0.0.0.0:2376")),
            ("docker.example:2376", Some("0.0.0.0:2376")),
            ("unix:///x", None),
            ("", Some("0.0.0.0:2376")),
            ("0.0.0.0:99999", Some("0.0.0.0:2376")),
        ] {
            assert_eq!(
                text.parse::<Listen>().unwrap_err().help.as_deref(),
                help,
                "{text}"
            );
        }
    }

    #[test]
    fn which_listeners_cannot_both_be_bound() {
        for (a, b, meets) in [
            ("0.0.0.0:1", "127.0.0.1:1", true),
            ("127.0.0.1:1", "0.0.0.0:1", true),
            ("127.0.0.1:1", "127.0.0.2:1", false),
            ("0.0.0.0:1", "0.0.0.0:2", false),
            ("[::]:1", "127.0.0.1:1", true),
            ("0.0.0.0:1", "[::1]:1", false),
        ] {
            assert_eq!(
                a.parse::<Listen>().unwrap().meets(b.parse().unwrap()),
                meets,
                "{a} {b}"
            );
        }
    }
}
