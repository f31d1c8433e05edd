//! Any service that reads a key and a certificate from files.
//!
//! What is particular about it is said in the table: the files, the command that makes it take them up, and how it is
//! asked. Its own configuration names the files and is somebody else's to write.

use std::net::SocketAddr;
use std::path::PathBuf;

use sealock_diag::escape;
use sealock_pki::{KeyKind, San};

use crate::kind::{Clients, Door, File, Holds, Kind, Problem, Profile, TakeUp};
use crate::owner::Account;
use crate::protocol::Protocol;
use crate::service::Service;

/// Every key of its table.
pub(super) const KEYS: &[&str] = &[
    "name", "kind", "names", "life", "profile", "address", "probe", "clients", "cert", "key", "ca",
    "mode", "owner", "reload", "restart",
];

/// What the key may be read by unless the table says otherwise: its owner.
const MODE: u32 = 0o600;
/// Certificates are public.
const PUBLIC: u32 = 0o644;

#[derive(Debug)]
struct Template {
    profile: Profile,
    cert: PathBuf,
    key: PathBuf,
    ca: Option<PathBuf>,
    mode: u32,
    owner: Option<Account>,
    take_up: TakeUp,
    door: Door,
}

pub(super) fn read(service: &Service) -> Result<Box<dyn Kind>, Problem> {
    let ca = path(service, "ca")?;
    let cert = needed_path(service, "cert", "/etc/SERVICE/cert.pem")?;
    let key = needed_path(service, "key", "/etc/SERVICE/key.pem")?;
    if key == cert {
        return Err(Problem::new("key", "it is the file of the certificate"));
    }
    if let Some(ca) = ca.as_ref().filter(|ca| **ca == key || **ca == cert) {
        let what = format!(
            "{} holds something else already",
            shown(&ca.to_string_lossy())
        );
        return Err(Problem::new("ca", what));
    }
    Ok(Box::new(Template {
        profile: profile(service)?,
        door: door(service, ca.is_some())?,
        mode: mode(service)?,
        owner: match service.text("owner")? {
            None => None,
            Some(text) => Some(
                text.parse()
                    .map_err(|why: String| Problem::new("owner", why))?,
            ),
        },
        take_up: take_up(service)?,
        cert,
        key,
        ca,
    }))
}

impl Kind for Template {
    fn profile(&self) -> Profile {
        self.profile.clone()
    }

    fn files(&self) -> Vec<File> {
        let file = |path: &PathBuf, holds, mode| File {
            path: path.clone(),
            holds,
            mode,
            owner: self.owner.clone(),
        };
        let mut files = vec![
            file(&self.key, Holds::Key, self.mode),
            file(&self.cert, Holds::Certificate, PUBLIC),
        ];
        files.extend(
            self.ca
                .iter()
                .map(|path| file(path, Holds::Anchors, PUBLIC)),
        );
        files
    }

    fn take_up(&self) -> TakeUp {
        self.take_up.clone()
    }

    fn doors(&self) -> Vec<Door> {
        vec![self.door.clone()]
    }
}

fn profile(service: &Service) -> Result<Profile, Problem> {
    match service.text("profile")? {
        None | Some("server") => Ok(Profile::default()),
        // For clients that know no other keys.
        Some("server-rsa") => Ok(Profile {
            key: Some(KeyKind::Rsa3072),
            ..Profile::default()
        }),
        Some(other) => Err(Problem::new(
            "profile",
            format!("`{}`: expected server or server-rsa", shown(other)),
        )),
    }
}

pub(super) fn door(service: &Service, has_ca: bool) -> Result<Door, Problem> {
    let address = service.needs("address", "127.0.0.1:6379")?;
    let host = host_of(address).map_err(|why| {
        Problem::new("address", format!("`{}` {why}", shown(address)))
            .help("address = \"127.0.0.1:6379\"")
    })?;
    let protocol = match service.text("probe")? {
        None => Protocol::Tls,
        Some(text) => text
            .parse()
            .map_err(|why: String| Problem::new("probe", why))?,
    };
    let clients = match (service.text("clients")?, has_ca) {
        (Some("required"), true) | (None, true) => Clients::Required,
        (Some("none"), _) | (None, false) => Clients::NotAsked,
        (Some("required"), false) => {
            return Err(Problem::new(
                "clients",
                "the service needs a file with the anchors of the clients that it shall let in",
            )
            .help("ca = \"/etc/SERVICE/ca.pem\""));
        }
        (Some(other), _) => {
            return Err(Problem::new(
                "clients",
                format!("`{}`: expected required or none", shown(other)),
            ));
        }
    };
    // It is judged by the address itself where its certificate carries it, else by the first name.
    let carried = service.names.iter().find(|name| same(name, &host));
    let asked = || service.names.iter().find(|name| !name.starts_with("*."));
    let server_name = carried.or_else(asked).cloned().unwrap_or(host);
    Ok(Door {
        address: address.to_owned(),
        server_name,
        protocol,
        clients,
    })
}

fn same(name: &str, host: &str) -> bool {
    match (name.parse::<San>(), host.parse::<San>()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// The host of `host:port`; the error continues a sentence.
fn host_of(address: &str) -> Result<String, &'static str> {
    if let Ok(socket) = address.parse::<SocketAddr>() {
        return match (socket.ip().is_unspecified(), socket.port()) {
            (true, _) => {
                Err("is where a server listens; name one address at which it is reached from here")
            }
            (_, 0) => Err("has no port"),
            _ => Ok(socket.ip().to_string()),
        };
    }
    let Some((host, port)) = address.rsplit_once(':') else {
        return Err("is not HOST:PORT");
    };
    let port = port.parse::<u16>().is_ok_and(|port| port > 0);
    match (host.parse::<San>(), port) {
        (Ok(San::Dns(_)), true) if !host.starts_with("*.") => Ok(host.to_owned()),
        _ => Err("is not HOST:PORT"),
    }
}

fn mode(service: &Service) -> Result<u32, Problem> {
    let Some(text) = service.text("mode")? else {
        return Ok(MODE);
    };
    let octal = text.len() <= 4 && text.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    let bits = u32::from_str_radix(text, 8).ok().filter(|_| octal);
    let expected = |what: String| Problem::new("mode", what).help("mode = \"0640\"");
    match bits {
        None => Err(expected(format!("`{}` is no mode", shown(text)))),
        Some(bits) if bits & 0o7000 != 0 || bits & 0o111 != 0 => {
            Err(expected(format!("`{text}`: a key is nothing to run")))
        }
        Some(bits) if bits & 0o007 != 0 => Err(expected(format!(
            "`{text}`: everybody on this host could read the key"
        ))),
        Some(bits) if bits & 0o022 != 0 => {
            Err(expected(format!("`{text}`: others could replace the key")))
        }
        Some(bits) if bits & 0o400 == 0 => Err(expected(format!(
            "`{text}`: its owner could not read the key"
        ))),
        Some(bits) => Ok(bits),
    }
}

pub(super) fn take_up(service: &Service) -> Result<TakeUp, Problem> {
    let command = |key: &str| -> Result<Option<String>, Problem> {
        match service.text(key)? {
            Some(text) if text.trim().is_empty() || text.contains('\0') => {
                Err(Problem::new(key, "it is no command"))
            }
            found => Ok(found.map(str::to_owned)),
        }
    };
    match (command("reload")?, command("restart")?) {
        (Some(_), Some(_)) => Err(Problem::new(
            "restart",
            "there is a reload as well, and one of them is enough",
        )),
        (Some(line), None) => Ok(TakeUp::Reload(line)),
        (None, Some(line)) => Ok(TakeUp::Restart(line)),
        (None, None) => Ok(TakeUp::Hands),
    }
}

fn needed_path(service: &Service, key: &str, example: &str) -> Result<PathBuf, Problem> {
    service.needs(key, example)?;
    path(service, key).map(Option::unwrap_or_default)
}

pub(super) fn path(service: &Service, key: &str) -> Result<Option<PathBuf>, Problem> {
    match service.text(key)? {
        None => Ok(None),
        Some(text) if !text.starts_with('/') || text.ends_with('/') => Err(Problem::new(
            key,
            format!("`{}` is not the absolute path of a file", shown(text)),
        )),
        Some(text)
            if text.split('/').any(|part| part == "..") || text.contains(char::is_control) =>
        {
            Err(Problem::new(
                key,
                format!("`{}` is not a plain path", shown(text)),
            ))
        }
        Some(text) => Ok(Some(PathBuf::from(text))),
    }
}

/// A value as it is shown: escaped, and short enough to be read.
pub(super) fn shown(text: &str) -> String {
    let short: String = text.chars().take(64).collect();
    escape(&short)
}

#[cfg(test)]
mod tests;
