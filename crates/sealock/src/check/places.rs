//! Endpoints from the command line and from files.

use std::path::Path;

use sealock_diag::escape;
use sealock_pki::San;
use sealock_probe::Place;
use sealock_service::Protocol;

use crate::catalogue;
use crate::cli::Check;
use crate::failure::Failure;
use crate::input;

/// A list of endpoints is no longer than this.
const LIST_LIMIT: u64 = 16 * 1024 * 1024;

/// Of a line that is no endpoint, so much is shown.
const SHOWN: usize = 60;

/// What was asked for by its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The API of a Docker daemon.
    Docker(Place),
    /// Another service.
    Service(AskedService),
}

/// A service by its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AskedService {
    /// In full: `postgres://db.example.org:5432`.
    pub(crate) label: String,
    /// `host:port`.
    pub(crate) address: String,
    /// The name that its certificate must carry.
    pub(crate) name: San,
    pub(crate) protocol: Protocol,
}

/// Every endpoint that was asked for, in order, each once.
pub(crate) fn places(args: &Check) -> Result<Vec<Asked>, Failure> {
    let mut places: Vec<Asked> = Vec::new();
    let mut known = std::collections::HashSet::new();
    let mut add = |text: &str, origin: &str| -> Result<(), Failure> {
        let mut asked = asked(text, args.probe).map_err(|why| {
            Failure::own(
                catalogue::BAD_ENDPOINT,
                format!("`{}` is no endpoint to look at", escape(&cut(text))),
            )
            .at(origin.to_owned())
            .because(why)
            .exit(crate::exit::Exit::Usage)
        })?;
        let (name, label) = match &mut asked {
            Asked::Docker(place) => (&mut place.name, place.label.clone()),
            Asked::Service(service) => (&mut service.name, service.label.clone()),
        };
        if let Some(wanted) = &args.name {
            *name = wanted.clone();
        }
        if known.insert(label) {
            places.push(asked);
        }
        Ok(())
    };
    for text in &args.endpoints {
        add(text, crate::failure::COMMAND_LINE)?;
    }
    if let Some(file) = &args.from {
        let path = if file == Path::new("-") {
            Path::new("/dev/stdin")
        } else {
            file
        };
        let bytes = input::read(path, LIST_LIMIT)?;
        let text = String::from_utf8_lossy(&bytes);
        let shown = escape(&file.to_string_lossy());
        for (number, line) in text.lines().enumerate() {
            // A comment begins with #, at the start of a line or behind a blank.
            let line = line
                .split_once(" #")
                .map_or(line, |(before, _)| before)
                .trim();
            if !line.is_empty() && !line.starts_with('#') {
                add(line, &format!("{shown}, line {}", number + 1))?;
            }
        }
        // A list that was cut off on its way must not look like a fleet with which nothing is wrong.
        if places.is_empty() {
            return Err(
                Failure::own(catalogue::BAD_ENDPOINT, "the list holds no endpoint")
                    .at(shown)
                    .because("expected an endpoint on each line, found none")
                    .exit(crate::exit::Exit::Usage),
            );
        }
    }
    Ok(places)
}

/// What a text asks for: what its scheme says, else what `probe` says, else a Docker daemon.
fn asked(text: &str, probe: Option<Protocol>) -> Result<Asked, &'static str> {
    let docker = |text: &str| Place::parse(text).map_err(|error| error.why);
    let (protocol, rest) = match (text.split_once("://"), probe) {
        (Some((scheme, rest)), probe) => match spoken(scheme) {
            Some(protocol) => (protocol, rest),
            None => match probe {
                // What is customary on the web, where it was said that no Docker daemon is meant.
                Some(protocol) if scheme == "https" => (protocol, rest),
                _ => return docker(text).map(Asked::Docker),
            },
        },
        (None, Some(protocol)) => (protocol, text),
        (None, None) => return docker(text).map(Asked::Docker),
    };
    let place = docker(&format!("tcp://{rest}"))?;
    let port = match (has_port(rest), customary(protocol)) {
        (true, _) => place.port,
        (false, Some(port)) => port,
        (false, None) => return Err("TLS alone has no customary port: name one"),
    };
    let host = match place.host.contains(':') {
        true => format!("[{}]", place.host),
        false => place.host,
    };
    let address = format!("{host}:{port}");
    Ok(Asked::Service(AskedService {
        label: format!("{protocol}://{address}"),
        address,
        name: place.name,
        protocol,
    }))
}

/// The protocol that a scheme stands for. `https` is not among them: that is how Docker's API is written too.
fn spoken(scheme: &str) -> Option<Protocol> {
    Some(match scheme {
        "tls" => Protocol::Tls,
        "postgres" | "postgresql" => Protocol::Postgres,
        "tds" | "mssql" | "sqlserver" => Protocol::Tds,
        "redis" | "rediss" => Protocol::Redis,
        "amqp" | "amqps" => Protocol::Amqp,
        "mysql" | "mariadb" => Protocol::Mysql,
        _ => return None,
    })
}

fn customary(protocol: Protocol) -> Option<u16> {
    Some(match protocol {
        Protocol::Tls => return None,
        Protocol::Https => 443,
        Protocol::Postgres => 5432,
        Protocol::Tds => 1433,
        Protocol::Redis => 6379,
        Protocol::Amqp => 5671,
        Protocol::Mysql => 3306,
    })
}

/// Whether a host is followed by a port; an IPv6 address without brackets has none.
fn has_port(rest: &str) -> bool {
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    match rest.strip_prefix('[') {
        Some(rest) => rest.contains("]:"),
        None => rest.matches(':').count() == 1,
    }
}

/// The beginning of a text.
fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Asked, asked};
    use sealock_service::Protocol;

    #[test]
    fn a_scheme_says_what_is_spoken() {
        for (text, probe, expected) in [
            ("postgres://db", None, "postgres://db:5432"),
            ("postgresql://db:5433/", None, "postgres://db:5433"),
            ("mssql://192.0.2.7", None, "tds://192.0.2.7:1433"),
            ("rediss://[::1]", None, "redis://[::1]:6379"),
            ("redis://::1", None, "redis://[::1]:6379"),
            ("amqps://q", None, "amqp://q:5671"),
            ("mariadb://m", None, "mysql://m:3306"),
            ("tls://ldap:636", None, "tls://ldap:636"),
            ("r:5000", Some(Protocol::Https), "https://r:5000"),
            ("https://r", Some(Protocol::Https), "https://r:443"),
            ("https://docker", None, "tcp://docker:2376"),
            ("docker", None, "tcp://docker:2376"),
            ("tcp://docker:1", Some(Protocol::Redis), "tcp://docker:1"),
        ] {
            let label = match asked(text, probe) {
                Ok(Asked::Docker(place)) => place.label,
                Ok(Asked::Service(service)) => service.label,
                Err(why) => panic!("{text}: {why}"),
            };
            assert_eq!(label, expected, "{text}");
        }
        for wrong in [
            "tls://ldap",
            "postgres://",
            "postgres://u@db/x",
            "mysql://m:0",
            "gopher://g",
        ] {
            assert!(asked(wrong, None).is_err(), "{wrong}");
        }
    }
}
