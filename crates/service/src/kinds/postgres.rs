//! PostgreSQL: TLS, and who comes in over TCP by a certificate of ours.
//!
//! A file of our own in the folder that `include_dir` reads names key, certificate and anchors; `pg_hba.conf` is edited
//! line by line where the table names it. PostgreSQL reads all of them again at a SIGHUP, and sessions go on.

pub mod hba;
pub mod openings;
pub mod released;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sealock_change::{Content, Edit, fs};
use sealock_diag::{Sensitive, escape};

use self::hba::{Demands, Include, Standbys};
use self::openings::{Decided, Said};
use super::template;
use crate::kind::{
    Clients, Door, File, Holds, Kind, Problem, Profile, Refused, Remark, TakeUp, Unfit,
};
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
    "clients",
    "config",
    "hba",
    "replication",
    "cert",
    "key",
    "ca",
    "owner",
    "reload",
    "restart",
];

/// Debian's file, read by the `include_dir` of its `postgresql.conf`.
const CONFIG: &str = "/etc/postgresql/15/main/conf.d/sealock.conf";
/// The user that runs the database, where the table says nothing.
const OWNER: &str = "postgres";
const PUBLIC: u32 = 0o644;
/// `pg_hba.conf` lets users in without TLS, or without a certificate.
const OPEN: &str = "SL-F663";
/// How deep files may include others; PostgreSQL's own limit.
const DEPTH: usize = 10;
/// Options of `pg_hba.conf` that hold passwords.
const SECRETS: [&[u8]; 2] = [b"ldapbindpasswd", b"radiussecrets"];

#[derive(Debug)]
struct Postgres {
    service: String,
    cert: PathBuf,
    key: PathBuf,
    key_mode: u32,
    /// Anchors of clients, where they need certificates.
    ca: Option<PathBuf>,
    owner: Account,
    config: PathBuf,
    hba: Option<PathBuf>,
    demands: Demands,
    take_up: TakeUp,
    door: Door,
}

pub(super) fn read(service: &Service) -> Result<Box<dyn Kind>, Problem> {
    service.needs("config", CONFIG)?;
    let config = template::path(service, "config")?.unwrap_or_default();
    let folder = folder(&config).join("sealock");
    let file = |key, name: &str| -> Result<PathBuf, Problem> {
        Ok(template::path(service, key)?.unwrap_or_else(|| folder.join(name)))
    };
    // Nobody else's certificates are demanded unless the table says so.
    let certificates = service.text("clients")? != Some("none");
    let door = Door {
        protocol: Protocol::Postgres,
        ..template::door(service, certificates)?
    };
    let (cert, key, ca) = (
        file("cert", "cert.pem")?,
        file("key", "key.pem")?,
        file("ca", "ca.pem")?,
    );
    let hba = template::path(service, "hba")?;
    let mut taken = BTreeSet::new();
    for (name, path) in [
        ("config", Some(&config)),
        ("hba", hba.as_ref()),
        ("cert", Some(&cert)),
        ("key", Some(&key)),
        ("ca", Some(&ca)),
    ] {
        if let Some(path) = path
            && !taken.insert(path)
        {
            return Err(Problem::new(name, "another key names the same file"));
        }
    }
    let (owner, key_mode) = owner(service)?;
    Ok(Box::new(Postgres {
        service: service.name.clone(),
        take_up: match template::take_up(service)? {
            TakeUp::Hands => debian(&config).map_or(TakeUp::Hands, TakeUp::Reload),
            said => said,
        },
        demands: Demands {
            certificates: door.clients == Clients::Required,
            standbys: match service.text("replication")? {
                None => None,
                Some("required") => Some(Standbys::Required),
                Some("left") => Some(Standbys::Left),
                Some(other) => {
                    let what = format!("`{}`: expected required or left", template::shown(other));
                    return Err(Problem::new("replication", what));
                }
            },
        },
        ca: certificates.then_some(ca),
        cert,
        key,
        key_mode,
        owner,
        config,
        hba,
        door,
    }))
}

/// A look at `pg_hba.conf` with all that it includes.
#[derive(Default)]
struct Look {
    read: BTreeSet<PathBuf>,
    decided: Decided,
    found: Vec<Remark>,
}

impl Kind for Postgres {
    fn profile(&self) -> Profile {
        Profile::default()
    }

    fn files(&self) -> Vec<File> {
        let file = |path: &PathBuf, holds, mode| File {
            path: path.clone(),
            holds,
            mode,
            owner: Some(self.owner.clone()),
        };
        let mut files = vec![
            file(&self.key, Holds::Key, self.key_mode),
            file(&self.cert, Holds::Certificate, PUBLIC),
        ];
        let anchors = self.ca.iter();
        files.extend(anchors.map(|path| file(path, Holds::Anchors, PUBLIC)));
        files
    }

    fn configuration(&self) -> Result<Vec<Edit>, Unfit> {
        let parent = self.config.parent().unwrap_or(Path::new("/"));
        if fs::stat(&fs::resolve(parent)?)?.is_none() {
            // Made by us, nobody would read it.
            return Err(unfit(parent, "no such folder, so no PostgreSQL reads it"));
        }
        let mut edits = vec![Edit::Write {
            path: self.config.clone(),
            content: Content::Public(self.settings().into_bytes()),
            mode: mode(&self.config)?.unwrap_or(PUBLIC),
            owner: None,
        }];
        if let Some(hba) = &self.hba {
            rules(hba, self.demands, DEPTH, &mut edits)?;
        }
        Ok(edits)
    }

    fn configured(&self) -> Vec<PathBuf> {
        let mut paths = vec![self.config.clone()];
        paths.extend(self.hba.clone());
        paths
    }

    fn released(
        &self,
        path: &Path,
        was: Option<&[u8]>,
        now: &[u8],
    ) -> Result<Option<Vec<u8>>, Refused> {
        // The other one is ours as a whole.
        let hba = path != self.config;
        Ok(was.filter(|_| hba).map(|was| released::released(was, now)))
    }

    fn remarks(&self) -> Vec<Remark> {
        let beside = || folder(&self.config).join("pg_hba.conf");
        let path = self.hba.clone().unwrap_or_else(beside);
        let mut look = Look::default();
        self.openings(&path, DEPTH, &mut look);
        look.found
    }

    fn take_up(&self) -> TakeUp {
        self.take_up.clone()
    }

    fn doors(&self) -> Vec<Door> {
        vec![self.door.clone()]
    }
}

impl Postgres {
    /// What the lines of a file and of those that it includes open.
    fn openings(&self, path: &Path, depth: usize, look: &mut Look) {
        // A second time its lines decide nothing.
        if !look.read.insert(path.to_owned()) {
            return;
        }
        let Ok(text) = fs::read(path) else {
            return;
        };
        for said in openings::read(&text) {
            let rule = match said {
                Said::Rule(rule) => rule,
                Said::Include(include) => {
                    for other in included(path, &include).unwrap_or_default() {
                        if depth > 0 {
                            self.openings(&other, depth - 1, look);
                        }
                    }
                    continue;
                }
            };
            let Some(opening) = look.decided.judge(&rule, self.demands) else {
                continue;
            };
            let line = text.split_inclusive(|byte| *byte == b'\n');
            let line = line.skip(opening.line - 1).take(1).flatten();
            let line: Vec<u8> = line.copied().collect();
            let help = match (hba::rewrite(&line, self.demands), &self.hba) {
                (Err(refused), _) => refused
                    .help
                    .unwrap_or_else(|| "take the line out, or make its method `reject`".to_owned()),
                (Ok(_), Some(_)) => "sealock apply".to_owned(),
                (Ok(_), None) => {
                    format!(
                        "hba = \"{}\" in sealock.toml, and sealock apply",
                        shown(path)
                    )
                }
            };
            look.found.push(Remark {
                code: OPEN,
                place: format!("{}, line {}", shown(path), opening.line),
                cause: opening.cause,
                help: Some(help),
            });
        }
    }

    /// Our own file. What `ALTER SYSTEM` has set stands over it, and the proof tells.
    fn settings(&self) -> String {
        let mut text = format!(
            "# Written by sealock for the service {} of sealock.toml. What is changed here is put back by sealock apply.\n\
             ssl = on\nssl_cert_file = {}\nssl_key_file = {}\n",
            self.service,
            quoted(&self.cert),
            quoted(&self.key)
        );
        if let Some(ca) = &self.ca {
            text.push_str(&format!("ssl_ca_file = {}\n", quoted(ca)));
        }
        text.push_str("ssl_min_protocol_version = 'TLSv1.2'\n");
        text
    }
}

/// A `pg_hba.conf` and what it includes, as changes; everything that is right already is among them as it is.
fn rules(path: &Path, demands: Demands, depth: usize, edits: &mut Vec<Edit>) -> Result<(), Unfit> {
    if edits.iter().any(|edit| edit.path() == path) {
        return Ok(());
    }
    if depth == 0 {
        return Err(unfit(path, "files that include others go too deep"));
    }
    let now = fs::read(path)?;
    let rewritten = hba::rewrite(&now, demands).map_err(|refused| Unfit::Text {
        path: path.to_owned(),
        refused,
    })?;
    let text = rewritten.text;
    let has = |word: &&[u8]| now.windows(word.len()).any(|window| window == *word);
    edits.push(Edit::Write {
        path: path.to_owned(),
        content: match SECRETS.iter().any(has) {
            true => Content::Secret(Sensitive::new(text)),
            false => Content::Public(text),
        },
        mode: mode(path)?.unwrap_or(0o640),
        owner: None,
    });
    for include in &rewritten.includes {
        for other in included(path, include)? {
            rules(&other, demands, depth - 1, edits)?;
        }
    }
    Ok(())
}

/// The files that a line of the file at `path` reads in.
fn included(path: &Path, include: &Include) -> Result<Vec<PathBuf>, Unfit> {
    let beside = |other: &PathBuf| path.parent().map_or(other.clone(), |at| at.join(other));
    match include {
        Include::File(other) => Ok(vec![beside(other)]),
        Include::IfExists(other) => {
            let other = beside(other);
            let there = fs::stat(&fs::resolve(&other)?)?.is_some();
            Ok(if there { vec![other] } else { Vec::new() })
        }
        Include::Folder(folder) => listed(&beside(folder)),
    }
}

/// A path as it is told.
fn shown(path: &Path) -> String {
    escape(&path.to_string_lossy())
}

/// What `include_dir` reads: `*.conf`, nothing hidden, by name.
fn listed(folder: &Path) -> Result<Vec<PathBuf>, Unfit> {
    let fail = |error: std::io::Error| unfit(folder, &error.to_string());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".conf") && !name.starts_with('.') {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn unfit(path: &Path, problem: &str) -> Unfit {
    Unfit::Text {
        path: path.to_owned(),
        refused: Refused {
            line: None,
            problem: escape(problem),
            help: None,
        },
    }
}

/// The mode of a file that is there; it keeps it.
fn mode(path: &Path) -> Result<Option<u32>, Unfit> {
    Ok(fs::stat(&fs::resolve(path)?)?.map(|stat| stat.mode))
}

/// The folder of a cluster's configuration: that of our file, or the one above `conf.d`.
fn folder(config: &Path) -> &Path {
    let parent = config.parent().unwrap_or(Path::new("/"));
    match (parent.file_name(), parent.parent()) {
        (Some(name), Some(above)) if name == "conf.d" => above,
        _ => parent,
    }
}

/// Debian's command for the cluster that the file belongs to.
fn debian(config: &Path) -> Option<String> {
    let below = config.strip_prefix("/etc/postgresql").ok()?;
    let words: Vec<&str> = below.iter().filter_map(|word| word.to_str()).collect();
    let [version, cluster, _, ..] = words.as_slice() else {
        return None;
    };
    let digit = |c: char| c.is_ascii_digit() || c == '.';
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let fits = version.chars().all(digit)
        && cluster.chars().all(plain)
        && !cluster.starts_with(['-', '.']);
    fits.then(|| format!("pg_ctlcluster {version} {cluster} reload"))
}

/// Whose the files are, and what the key may be then: the database refuses a key that others can read, and its group
/// may where root owns it.
fn owner(service: &Service) -> Result<(Account, u32), Problem> {
    let text = service.text("owner")?.unwrap_or(OWNER);
    let account: Account = text
        .parse()
        .map_err(|why: String| Problem::new("owner", why))?;
    let (user, group) = text.split_once(':').unwrap_or((text, "root"));
    let is_root = |name: &str| name == "root" || name == "0";
    match (is_root(user), is_root(group)) {
        (true, true) => Err(Problem::new(
            "owner",
            "the database could not read a key that only root can",
        )
        .help("owner = \"root:postgres\"")),
        (true, false) => Ok((account, 0o640)),
        (false, _) => Ok((account, 0o600)),
    }
}

/// A value of `postgresql.conf` (§20.1.2): quotes are doubled, and a backslash escapes.
fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests;
