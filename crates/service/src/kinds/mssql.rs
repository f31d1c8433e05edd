//! SQL Server on Linux, on a host or in a container.
//!
//! It reads key and certificate once, when it starts, and names both in the section `[network]` of `mssql.conf`. It asks
//! no client for a certificate. Its clients look for the name that they came by in the subject, so that is where it
//! stands too, and they are given no intermediates.

pub mod conf;
mod remarks;

use std::path::{Path, PathBuf};

use sealock_change::{Content, Edit, fs};
use sealock_pki::{CommonName, KeyKind, San};

use super::template;
use crate::clients::{self, Customer, Recipe, Tds};
use crate::kind::{Door, File, Holds, Kind, Problem, Profile, Refused, Remark, TakeUp, Unfit};
use crate::owner::Account;
use crate::protocol::Protocol;
use crate::service::{Service, Setting};

/// Every key of its table.
pub(super) const KEYS: &[&str] = &[
    "name", "kind", "names", "life", "address", "where", "volume", "version", "strict", "config",
    "cert", "key", "owner", "restart",
];

/// The folder of everything that it has, on a host and in a container.
const HOME: &str = "/var/opt/mssql";
const VOLUME: &str = "/srv/mssql:/var/opt/mssql";
const RESTART: &str = "systemctl restart mssql-server";
/// The newest version, which has TLS 1.3 and a switch for TDS 8 alone.
const NEWEST: &str = "2025";
const VERSIONS: [&str; 4] = ["2017", "2019", "2022", NEWEST];
const PUBLIC: u32 = 0o644;

#[derive(Debug)]
struct Mssql {
    common_name: CommonName,
    cert: PathBuf,
    key: PathBuf,
    key_mode: u32,
    owner: Account,
    config: PathBuf,
    /// What `[network]` is to hold.
    network: Vec<(&'static str, String)>,
    restart: String,
    door: Door,
}

/// Where it runs.
enum Place {
    Host,
    /// A folder of this host, and what it is called inside.
    Container {
        outside: PathBuf,
        inside: PathBuf,
    },
}

pub(super) fn read(service: &Service) -> Result<Box<dyn Kind>, Problem> {
    let place = place(service)?;
    let home = match &place {
        Place::Host => Path::new(HOME),
        Place::Container { outside, .. } => outside,
    };
    let file = |key, name: &str| -> Result<PathBuf, Problem> {
        Ok(template::path(service, key)?.unwrap_or_else(|| home.join(name)))
    };
    let cert = file("cert", "tls/cert.pem")?;
    let key = file("key", "tls/key.pem")?;
    let config = file("config", "mssql.conf")?;
    if key == cert || key == config {
        return Err(Problem::new("key", "another key names the same file"));
    }
    if cert == config {
        return Err(Problem::new("cert", "another key names the same file"));
    }
    let (owner, key_mode) = match place {
        Place::Host => ("mssql:mssql", 0o400),
        // The user of Microsoft's image, who is in the group 0.
        Place::Container { .. } => ("10001:0", 0o440),
    };
    let owner = service.text("owner")?.unwrap_or(owner);
    let restart = match (template::take_up(service)?, &place) {
        (TakeUp::Restart(line), _) => line,
        (_, Place::Host) => RESTART.to_owned(),
        (_, Place::Container { .. }) => {
            let what = "it says how the container is started anew";
            return Err(Problem::new("restart", what).help("restart = \"docker restart mssql\""));
        }
    };
    let network = network(service, &place, &cert, &key)?;
    Ok(Box::new(Mssql {
        common_name: common_name(service)?,
        key_mode,
        owner: owner
            .parse()
            .map_err(|why: String| Problem::new("owner", why))?,
        network,
        restart,
        door: Door {
            protocol: Protocol::Tds,
            ..template::door(service, false)?
        },
        cert,
        key,
        config,
    }))
}

impl Kind for Mssql {
    fn profile(&self) -> Profile {
        Profile {
            // Its TLS 1.2 asks for keyEncipherment, which only RSA has.
            key: Some(KeyKind::Rsa3072),
            common_name: Some(self.common_name.clone()),
        }
    }

    fn files(&self) -> Vec<File> {
        let file = |path: &PathBuf, holds, mode| File {
            path: path.clone(),
            holds,
            mode,
            owner: Some(self.owner.clone()),
        };
        vec![
            file(&self.key, Holds::Key, self.key_mode),
            file(&self.cert, Holds::Certificate, PUBLIC),
        ]
    }

    fn configuration(&self) -> Result<Vec<Edit>, Unfit> {
        let there = fs::stat(&fs::resolve(&self.config)?)?;
        let now = match there {
            Some(_) => fs::read(&self.config)?,
            None => Vec::new(),
        };
        let unfit = |refused| Unfit::Text {
            path: self.config.clone(),
            refused,
        };
        let wanted: Vec<conf::Wanted<'_>> = self
            .network
            .iter()
            .map(|(key, value)| (*key, value.as_str()))
            .collect();
        let text = conf::set(&now, "network", &wanted).map_err(unfit)?;
        // A file that is there keeps its owner; a new one is the server's, who writes into it too.
        let owner = match there {
            Some(_) => None,
            None => Some(self.owner.resolve().map_err(|problem| {
                unfit(Refused {
                    line: None,
                    problem,
                    help: None,
                })
            })?),
        };
        Ok(vec![Edit::Write {
            path: self.config.clone(),
            content: Content::Public(text),
            mode: there.map_or(PUBLIC, |stat| stat.mode),
            owner,
        }])
    }

    fn configured(&self) -> Vec<PathBuf> {
        vec![self.config.clone()]
    }

    fn released(
        &self,
        _path: &Path,
        was: Option<&[u8]>,
        now: &[u8],
    ) -> Result<Option<Vec<u8>>, Refused> {
        let wanted: Vec<conf::Wanted<'_>> = self
            .network
            .iter()
            .map(|(key, value)| (*key, value.as_str()))
            .collect();
        conf::unset(was.unwrap_or_default(), now, "network", &wanted).map(Some)
    }

    fn remarks(&self) -> Vec<Remark> {
        remarks::of(&self.config, &self.network)
    }

    fn take_up(&self) -> TakeUp {
        TakeUp::Restart(self.restart.clone())
    }

    fn doors(&self) -> Vec<Door> {
        vec![self.door.clone()]
    }

    fn clients(&self, customer: &Customer) -> Vec<Recipe> {
        let strict = |(key, value): &(&str, String)| *key == "forcestrict" && value == "1";
        let tds = match self.network.iter().any(strict) {
            true => Tds::Strict,
            false => Tds::Any,
        };
        clients::tds(&self.door, customer, tds)
    }
}

fn place(service: &Service) -> Result<Place, Problem> {
    let volume = service.text("volume")?;
    match (service.text("where")?, volume) {
        (None | Some("host"), None) => Ok(Place::Host),
        (None | Some("host"), Some(_)) => Err(Problem::new(
            "volume",
            "only a server in a container has one",
        )
        .help("where = \"container\"")),
        (Some("container"), _) => {
            let volume = service.needs("volume", VOLUME)?;
            let plain = |text: &str| {
                let path = text.trim_end_matches('/');
                let odd = text.contains(|c: char| c.is_control() || c == ':')
                    || !path.starts_with('/')
                    || path.split('/').any(|part| part == "..");
                (!odd).then(|| PathBuf::from(path))
            };
            let paths = volume.split_once(':');
            let paths = paths.and_then(|(outside, inside)| Some((plain(outside)?, plain(inside)?)));
            let Some((outside, inside)) = paths else {
                let what = format!(
                    "`{}` is not FOLDER:FOLDER, here and in the container",
                    template::shown(volume)
                );
                return Err(Problem::new("volume", what).help(format!("volume = \"{VOLUME}\"")));
            };
            Ok(Place::Container { outside, inside })
        }
        (Some(other), _) => Err(Problem::new(
            "where",
            format!("`{}`: expected host or container", template::shown(other)),
        )),
    }
}

/// What stands in `[network]`.
fn network(
    service: &Service,
    place: &Place,
    cert: &Path,
    key: &Path,
) -> Result<Vec<(&'static str, String)>, Problem> {
    let seen = |key: &str, path: &Path| -> Result<String, Problem> {
        let path = match place {
            Place::Host => path.to_owned(),
            Place::Container { outside, inside } => match path.strip_prefix(outside) {
                Ok(below) => inside.join(below),
                Err(_) => {
                    return Err(Problem::new(
                        key,
                        "it does not lie in the volume, so the server does not see it",
                    ));
                }
            },
        };
        Ok(path.to_string_lossy().into_owned())
    };
    let version = service.text("version")?;
    if let Some(other) = version.filter(|version| !VERSIONS.contains(version)) {
        let what = format!(
            "`{}` is none of {}",
            template::shown(other),
            VERSIONS.join(", ")
        );
        return Err(Problem::new("version", what));
    }
    let newest = version == Some(NEWEST);
    let mut network = vec![
        ("tlscert", seen("cert", cert)?),
        ("tlskey", seen("key", key)?),
        ("forceencryption", "1".to_owned()),
    ];
    if !newest {
        // Left alone, it takes 1.0 as well.
        network.push(("tlsprotocols", "1.2".to_owned()));
    }
    match service.settings.get("strict") {
        None => {}
        Some(Setting::Flag(strict)) if newest => {
            network.push(("forcestrict", u8::from(*strict).to_string()));
        }
        Some(Setting::Flag(false)) => {}
        Some(Setting::Flag(true)) => {
            return Err(
                Problem::new("strict", "versions before 2025 cannot refuse TDS 7")
                    .help(format!("version = \"{NEWEST}\"")),
            );
        }
        Some(_) => return Err(Problem::new("strict", "expected true or false")),
    }
    Ok(network)
}

/// The first name of a host: that is what clients look for in the subject.
fn common_name(service: &Service) -> Result<CommonName, Problem> {
    let mut names = service.names.iter();
    names
        .find_map(|name| match name.parse() {
            Ok(San::Dns(_)) => CommonName::try_from(name.as_str()).ok(),
            _ => None,
        })
        .ok_or_else(|| {
            Problem::new(
                "names",
                "clients look for a host name in the subject of its certificate, and there is none of at most 64 \
                 characters",
            )
            .help("names = [\"sql.example.org\"]")
        })
}

#[cfg(test)]
mod tests;
