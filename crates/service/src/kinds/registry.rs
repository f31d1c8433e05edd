//! The registry server of the distribution project, 2.8 and 3: TLS, and clients by a certificate of ours.
//!
//! Its `config.yml` is edited line by line, or a compose file of our own says the same in variables. It reads its files
//! once, when it starts.

pub mod config;
pub mod remarks;
mod yaml;

use std::path::{Path, PathBuf};

use sealock_change::{Content, Edit, fs};
use sealock_diag::{Sensitive, escape};

use self::config::Tls;
use super::template;
use crate::clients::{self, Customer, Recipe};
use crate::kind::{Door, File, Holds, Kind, Problem, Profile, Refused, Remark, TakeUp, Unfit};
use crate::owner::Account;
use crate::protocol::Protocol;
use crate::service::Service;

/// Every key of its table.
pub(super) const KEYS: &[&str] = &[
    "name",
    "kind",
    "names",
    "life",
    "address",
    "config",
    "compose",
    "compose-service",
    "environment",
    "cert",
    "key",
    "ca",
    "owner",
    "restart",
];

const CONFIG: &str = "/etc/docker/registry/config.yml";
const FOLDER: &str = "/etc/docker/registry/tls";
const OWNER: &str = "docker-registry";
const RESTART: &str = "systemctl restart docker-registry";
/// What an administrator adds to Debian's unit, which has no variables itself.
const DROP_INS: &str = "/etc/systemd/system/docker-registry.service.d";
/// Files that compose reads by itself, where they lie beside ours.
const COMPOSE: [&str; 4] = [
    "docker-compose.yml",
    "docker-compose.yaml",
    "compose.yml",
    "compose.yaml",
];
/// Words of a configuration that stand at secrets, in small letters.
const SECRETS: [&str; 7] = [
    "secret",
    "password",
    "accesskey",
    "accountkey",
    "credentials",
    "authorization",
    "private",
];
const PRIVATE: u32 = 0o600;
const PUBLIC: u32 = 0o644;

#[derive(Debug)]
struct Registry {
    service: String,
    cert: PathBuf,
    key: PathBuf,
    ca: PathBuf,
    owner: Option<Account>,
    place: Place,
    take_up: TakeUp,
    door: Door,
}

#[derive(Debug)]
enum Place {
    /// Its own configuration, and files whose variables stand over it.
    Host {
        config: PathBuf,
        environment: Option<PathBuf>,
    },
    /// A compose file of our own, and what the registry is called in it.
    Compose { path: PathBuf, called: String },
}

pub(super) fn read(service: &Service) -> Result<Box<dyn Kind>, Problem> {
    let file = |key: &str, name: &str| -> Result<PathBuf, Problem> {
        let path = template::path(service, key)?;
        let path = path.unwrap_or_else(|| Path::new(FOLDER).join(name));
        let legal = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
        match path.to_string_lossy().chars().all(legal) {
            true => Ok(path),
            // No reader of YAML, of variables or of compose sees anything but a path then.
            false => Err(Problem::new(
                key,
                format!(
                    "`{}`: only letters, digits and /._- can stand here",
                    template::shown(&path.to_string_lossy())
                ),
            )),
        }
    };
    let (cert, key, ca) = (
        file("cert", "cert.pem")?,
        file("key", "key.pem")?,
        file("ca", "ca.pem")?,
    );
    let place = place(service)?;
    let own = match &place {
        Place::Host { config, .. } => config,
        Place::Compose { path, .. } => path,
    };
    let paths = [("key", &key), ("cert", &cert), ("ca", &ca)];
    for (at, (name, path)) in paths.iter().enumerate() {
        if *path == own || paths[..at].iter().any(|(_, other)| other == path) {
            return Err(Problem::new(name, "another key names the same file"));
        }
    }
    let host = matches!(place, Place::Host { .. });
    if !host && (cert.parent() != key.parent() || cert.parent() != ca.parent()) {
        return Err(Problem::new(
            "cert",
            "the container sees one folder, so `cert`, `key` and `ca` lie in the same",
        ));
    }
    let owner = service.text("owner")?.or(host.then_some(OWNER));
    Ok(Box::new(Registry {
        service: service.name.clone(),
        owner: owner
            .map(str::parse)
            .transpose()
            .map_err(|why: String| Problem::new("owner", why))?,
        take_up: match template::take_up(service)? {
            TakeUp::Hands if host => TakeUp::Restart(RESTART.to_owned()),
            said => said,
        },
        door: Door {
            protocol: Protocol::Https,
            ..template::door(service, true)?
        },
        cert,
        key,
        ca,
        place,
    }))
}

impl Kind for Registry {
    fn profile(&self) -> Profile {
        Profile::default()
    }

    fn files(&self) -> Vec<File> {
        let file = |path: &PathBuf, holds, mode| File {
            path: path.clone(),
            holds,
            mode,
            owner: self.owner.clone(),
        };
        vec![
            file(&self.key, Holds::Key, PRIVATE),
            file(&self.cert, Holds::Certificate, PUBLIC),
            file(&self.ca, Holds::Anchors, PUBLIC),
        ]
    }

    fn configuration(&self) -> Result<Vec<Edit>, Unfit> {
        match &self.place {
            Place::Compose { path, called } => Ok(vec![Edit::Write {
                path: path.clone(),
                content: Content::Public(self.snippet(called).into_bytes()),
                mode: PUBLIC,
                owner: None,
            }]),
            Place::Host {
                config,
                environment,
            } => {
                if let Some(path) = environment {
                    overrides(path)?;
                }
                drop_ins(Path::new(DROP_INS))?;
                self.edited(config)
            }
        }
    }

    fn configured(&self) -> Vec<PathBuf> {
        match &self.place {
            Place::Host { config, .. } => vec![config.clone()],
            Place::Compose { path, .. } => vec![path.clone()],
        }
    }

    fn released(
        &self,
        _path: &Path,
        was: Option<&[u8]>,
        now: &[u8],
    ) -> Result<Option<Vec<u8>>, Refused> {
        match (&self.place, was) {
            (Place::Host { .. }, Some(was)) => self
                .with_paths(|tls| config::without_tls(was, now, tls))
                .map(Some),
            // A compose file is ours as a whole.
            _ => Ok(None),
        }
    }

    fn remarks(&self) -> Vec<Remark> {
        match &self.place {
            Place::Host {
                config,
                environment,
            } => {
                let mut files: Vec<PathBuf> = listed(Path::new(DROP_INS)).unwrap_or_default();
                files.extend(environment.clone());
                remarks::of(&remarks::Source::File(config), &files, &self.ca)
            }
            Place::Compose { path, .. } => {
                let beside = COMPOSE.iter().map(|name| path.with_file_name(name));
                let mut files: Vec<PathBuf> = beside.filter(|other| other != path).collect();
                files.push(path.clone());
                remarks::of(&remarks::Source::Image(path), &files, &self.ca)
            }
        }
    }

    fn take_up(&self) -> TakeUp {
        self.take_up.clone()
    }

    fn doors(&self) -> Vec<Door> {
        vec![self.door.clone()]
    }

    fn clients(&self, customer: &Customer) -> Vec<Recipe> {
        clients::registry(&self.door, customer)
    }
}

impl Registry {
    fn edited(&self, config: &Path) -> Result<Vec<Edit>, Unfit> {
        let now = fs::read(config)?;
        let text = self
            .with_paths(|tls| config::with_tls(&now, tls))
            .map_err(|refused| unfit(config, refused))?;
        let small = String::from_utf8_lossy(&now).to_ascii_lowercase();
        let stat = fs::stat(&fs::resolve(config)?)?;
        Ok(vec![Edit::Write {
            path: config.to_owned(),
            // Keys of its storage stand in the same file; plans show none of it then.
            content: match SECRETS.iter().any(|word| small.contains(word)) {
                true => Content::Secret(Sensitive::new(text)),
                false => Content::Public(text),
            },
            mode: stat.map_or(PRIVATE, |stat| stat.mode),
            owner: None,
        }])
    }

    /// What `http.tls` is to say.
    fn with_paths<T>(&self, edit: impl FnOnce(Tls<'_>) -> T) -> T {
        let [certificate, key, clients] =
            [&self.cert, &self.key, &self.ca].map(|path| path.to_string_lossy());
        edit(Tls {
            certificate: &certificate,
            key: &key,
            clients: &clients,
        })
    }

    /// A folder is mounted and not its files: a file that is replaced would stay the old one in the container.
    fn snippet(&self, called: &str) -> String {
        let folder = self.cert.parent().unwrap_or(Path::new("/")).display();
        format!(
            "# Written by sealock for the service {} of sealock.toml. What is changed here is put back by sealock apply.\n\
             services:\n  {called}:\n    environment:\n      REGISTRY_HTTP_TLS_CERTIFICATE: '{}'\n      \
             REGISTRY_HTTP_TLS_KEY: '{}'\n      REGISTRY_HTTP_TLS_CLIENTCAS: '[{}]'\n      \
             REGISTRY_HTTP_TLS_MINIMUMTLS: 'tls1.2'\n    volumes:\n      - '{folder}:{folder}:ro'\n",
            self.service,
            self.cert.display(),
            self.key.display(),
            self.ca.display(),
        )
    }
}

fn place(service: &Service) -> Result<Place, Problem> {
    let only = |key: &str, other: &str| -> Result<(), Problem> {
        match service.settings.contains_key(key) {
            true => Err(Problem::new(key, format!("it has no meaning {other}"))),
            false => Ok(()),
        }
    };
    let Some(path) = template::path(service, "compose")? else {
        only("compose-service", "without `compose`")?;
        let config = template::path(service, "config")?;
        return Ok(Place::Host {
            config: config.unwrap_or_else(|| PathBuf::from(CONFIG)),
            environment: template::path(service, "environment")?,
        });
    };
    only("config", "with `compose`")?;
    only("environment", "with `compose`")?;
    let called = service.text("compose-service")?.unwrap_or("registry");
    let legal = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    if !called.starts_with(|c: char| c.is_ascii_alphabetic()) || !called.chars().all(legal) {
        let what = format!("`{}` is no plain name", template::shown(called));
        return Err(Problem::new("compose-service", what));
    }
    Ok(Place::Compose {
        path,
        called: called.to_owned(),
    })
}

/// Refuses variables that stand over `http.tls`, in a file where systemd or a shell reads them.
fn overrides(path: &Path) -> Result<(), Unfit> {
    if fs::stat(&fs::resolve(path)?)?.is_none() {
        return Ok(());
    }
    let bytes = fs::read(path)?;
    match first_override(&String::from_utf8_lossy(&bytes)) {
        Some(refused) => Err(unfit(path, refused)),
        None => Ok(()),
    }
}

/// The first line that sets `http` or something of `http.tls`.
fn first_override(text: &str) -> Option<Refused> {
    let sets = |line: &str| {
        let line = line.trim_start();
        let comment = line.starts_with(['#', ';']);
        !comment
            && ["REGISTRY_HTTP_TLS", "REGISTRY_HTTP="]
                .iter()
                .any(|name| line.contains(name))
    };
    let at = text.lines().position(sets)?;
    Some(
        Refused::line(
            at + 1,
            "a variable of the registry's stands over its `http.tls`",
        )
        .help("take REGISTRY_HTTP_TLS_… out of its environment"),
    )
}

fn drop_ins(folder: &Path) -> Result<(), Unfit> {
    for path in listed(folder)? {
        overrides(&path)?;
    }
    Ok(())
}

/// The files of a folder that systemd reads, in its order.
fn listed(folder: &Path) -> Result<Vec<PathBuf>, Unfit> {
    if fs::stat(folder)?.is_none() {
        return Ok(Vec::new());
    }
    let fail = |error: std::io::Error| {
        let problem = escape(&error.to_string());
        unfit(
            folder,
            Refused {
                line: None,
                problem,
                help: None,
            },
        )
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if path.extension().is_some_and(|ending| ending == "conf") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn unfit(path: &Path, refused: Refused) -> Unfit {
    Unfit::Text {
        path: path.to_owned(),
        refused,
    }
}

#[cfg(test)]
mod tests;
