//! Reading `sealock.toml` with lines in every message.

mod gateway;
mod registry;
mod service;

use super::gateway::Gateway;
use super::{
    Authority, CRL_LIFE, Client, Daemon, Desired, Install, LEAF_LIFE, Share, check_client_name,
    parse_life,
};
use crate::{HostError, Listen};
use sealock_diag::escape;
use sealock_pki::{AuthorityName, KeyKind, NameError, San};
use sealock_vault::Scope;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;
use toml_edit::{Document, Item, TableLike};

const TOP: &[&str] = &[
    "version",
    "authority",
    "daemon",
    "client",
    "gateway",
    "registry",
    "service",
];
/// What an authority is called unless somebody says otherwise.
const NAME: &str = "sealock";
const AUTHORITY: &[&str] = &["name", "key", "scope", "crl-dir", "crl-life", "renew-after"];
const DAEMON: &[&str] = &[
    "listen",
    "names",
    "docker-config",
    "docker-socket",
    "restart-command",
    "live-restore",
    "server-life",
];
const CLIENT: &[&str] = &["name", "install", "life"];

pub(super) fn read(path: &Path, text: &str) -> Result<Desired, HostError> {
    let file = File { path, text };
    let document = parse(file)?;
    let top = top(file, &document);
    top.only(TOP)?;
    version(&top)?;
    let authority = match top.section("authority", "[authority]")? {
        Some(section) => authority(&section)?,
        None => Authority::new(NAME),
    };
    let daemon = match top.section("daemon", "[daemon]")? {
        Some(section) => daemon(&section)?,
        None => {
            return Err(top.refuse(
                "daemon",
                None,
                "the file has no [daemon]",
                Some("[daemon]\n  listen = [\"0.0.0.0:2376\"]\n  names = [\"HOST\"]"),
            ));
        }
    };
    let mut clients: Vec<Client> = Vec::new();
    for section in top.sections("client", "[[client]]")? {
        let client = client(&section)?;
        if clients.iter().any(|earlier| earlier.name == client.name) {
            let problem = format!("`{}` is there twice", escape(&client.name));
            return Err(section.refuse("name", section.item("name"), &problem, None));
        }
        clients.push(client);
    }
    let registries = registry::registries(&top, &clients)?;
    Ok(Desired {
        authority,
        daemon,
        clients,
        gateway: in_front(&top)?,
        services: service::services(&top)?,
        registries,
    })
}

/// The gateway of any file: of `sealock.toml`, where it listens as `[daemon]` says, or of one that has nothing else.
pub(super) fn gateway_of(path: &Path, text: &str) -> Result<Option<Gateway>, HostError> {
    let file = File { path, text };
    let document = parse(file)?;
    let top = top(file, &document);
    if top.item("daemon").is_some() {
        let desired = read(path, text)?;
        return Ok(desired.gateway.map(|gateway| Gateway {
            listen: desired.daemon.listen,
            ..gateway
        }));
    }
    version(&top)?;
    gateway::alone(&top)
}

fn parse<'t>(file: File<'t>) -> Result<Document<&'t str>, HostError> {
    Document::parse(file.text).map_err(|error| {
        let (line, column) = file.position(error.span());
        HostError::DesiredSyntax {
            path: file.path.to_path_buf(),
            line,
            column,
            problem: escape(error.message()),
        }
    })
}

fn top<'t>(file: File<'t>, document: &'t Document<&'t str>) -> Section<'t> {
    Section {
        file,
        name: "the top level",
        table: document.as_table(),
        line: 1,
    }
}

fn version(top: &Section<'_>) -> Result<(), HostError> {
    match top.item("version") {
        Some(item) if item.as_integer() == Some(1) => Ok(()),
        Some(item) => Err(top.refuse("version", Some(item), "this sealock reads version 1", None)),
        None => Err(top.refuse(
            "version",
            None,
            "the file does not say its version",
            Some("version = 1"),
        )),
    }
}

/// `[gateway]` beside `[daemon]`.
fn in_front(top: &Section<'_>) -> Result<Option<Gateway>, HostError> {
    let Some(section) = top.section("gateway", "[gateway]")? else {
        return Ok(None);
    };
    if let Some(item) = section.item("listen") {
        let problem = "beside [daemon] its `listen` is the gateway's";
        return Err(section.refuse("listen", Some(item), problem, None));
    }
    gateway::gateway(&section).map(Some)
}

fn authority(section: &Section<'_>) -> Result<Authority, HostError> {
    section.only(AUTHORITY)?;
    let name = section.string("name")?.unwrap_or_else(|| NAME.into());
    let valid = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    if !valid || AuthorityName::try_from(name.as_str()).is_err() {
        let problem = format!(
            "`{}`: 1 to 22 letters, digits, `.`, `_` or `-`",
            shown(&name)
        );
        return Err(section.refuse("name", section.item("name"), &problem, None));
    }
    let key = match section.string("key")? {
        None => KeyKind::default(),
        Some(text) => text.parse::<KeyKind>().map_err(|_| {
            let problem = format!(
                "`{}`: expected ecdsa-p256, ecdsa-p384, ed25519, rsa-2048, rsa-3072 or rsa-4096",
                escape(&text)
            );
            section.refuse("key", section.item("key"), &problem, None)
        })?,
    };
    let scope = match section.string("scope")? {
        None => Scope::own().clone(),
        Some(text) => Scope::try_from(text.as_str()).map_err(|problem| {
            let problem = format!("`{}`: {problem}", shown(&text));
            section.refuse("scope", section.item("scope"), &problem, None)
        })?,
    };
    Ok(Authority {
        name,
        key,
        scope,
        crl_dir: section.absolute("crl-dir")?,
        crl_life: section.life("crl-life", CRL_LIFE)?,
        renew_after: match section.string("renew-after")? {
            None => Share::default(),
            Some(text) => text.parse().map_err(|problem: String| {
                section.refuse("renew-after", section.item("renew-after"), &problem, None)
            })?,
        },
    })
}

fn daemon(section: &Section<'_>) -> Result<Daemon, HostError> {
    section.only(DAEMON)?;
    let mut listen: Vec<Listen> = Vec::new();
    for text in section.strings("listen")? {
        let parsed = text.parse::<Listen>().map_err(|error| {
            section.refuse(
                "listen",
                section.item("listen"),
                &error.problem,
                error.help.as_deref(),
            )
        })?;
        if listen.iter().any(|earlier| earlier.meets(parsed.address())) {
            let problem = format!("`{parsed}` cannot be bound beside another one of the list");
            return Err(section.refuse("listen", section.item("listen"), &problem, None));
        }
        listen.push(parsed);
    }
    Ok(Daemon {
        listen,
        names: names(section)?,
        docker_config: section.absolute("docker-config")?,
        docker_socket: section.absolute("docker-socket")?,
        restart_command: section.string("restart-command")?,
        live_restore: section.boolean("live-restore")?.unwrap_or(true),
        server_life: section.life("server-life", LEAF_LIFE)?,
    })
}

/// What the server certificate carries: DNS names and addresses, and no two of them the same.
fn names(section: &Section<'_>) -> Result<Vec<String>, HostError> {
    let names = section.strings("names")?;
    for (index, name) in names.iter().enumerate() {
        let problem = match name.parse::<San>() {
            Ok(San::Dns(_) | San::Ip(_)) if names.iter().take(index).any(|other| other == name) => {
                "it is there twice".to_owned()
            }
            Ok(San::Dns(_) | San::Ip(_)) => continue,
            Ok(_) => "a server has DNS names and IP addresses only".to_owned(),
            Err(NameError::Malformed { why, .. }) => why.to_owned(),
            Err(error) => error.to_string(),
        };
        let problem = format!("`{}`: {problem}", shown(name));
        return Err(section.refuse("names", section.item("names"), &problem, None));
    }
    Ok(names)
}

fn client(section: &Section<'_>) -> Result<Client, HostError> {
    section.only(CLIENT)?;
    let Some(name) = section.string("name")? else {
        return Err(section.refuse(
            "name",
            None,
            "the client has no name",
            Some("name = \"alice\""),
        ));
    };
    if let Err(problem) = check_client_name(&name) {
        let problem = format!("`{}`: {problem}", shown(&name));
        return Err(section.refuse("name", section.item("name"), &problem, None));
    }
    let mut install = Vec::new();
    for text in section.strings("install")? {
        install.push(text.parse::<Install>().map_err(|problem| {
            section.refuse("install", section.item("install"), &problem, None)
        })?);
    }
    Ok(Client {
        name,
        install,
        life: section.life("life", LEAF_LIFE)?,
    })
}

/// A value from the file as it is shown: escaped, and short enough to be read.
fn shown(text: &str) -> String {
    const MOST: usize = 64;
    let short: String = text.chars().take(MOST).collect();
    if short.len() == text.len() {
        escape(text)
    } else {
        format!("{} …", escape(&short))
    }
}

#[derive(Clone, Copy)]
struct File<'t> {
    path: &'t Path,
    text: &'t str,
}

impl File<'_> {
    fn position(&self, span: Option<Range<usize>>) -> (usize, usize) {
        let offset = span.map_or(0, |span| span.start).min(self.text.len());
        let before = self.text.as_bytes().get(..offset).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let start = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let column = String::from_utf8_lossy(before.get(start..).unwrap_or_default())
            .chars()
            .count()
            + 1;
        (line, column)
    }
}

struct Section<'t> {
    file: File<'t>,
    name: &'static str,
    table: &'t dyn TableLike,
    line: usize,
}

impl<'t> Section<'t> {
    fn only(&self, known: &'static [&'static str]) -> Result<(), HostError> {
        for (key, item) in self.table.iter() {
            if known.contains(&key) {
                continue;
            }
            let span = self
                .table
                .key(key)
                .and_then(|key| key.span())
                .or_else(|| item.span());
            return Err(HostError::DesiredKey {
                path: self.file.path.to_path_buf(),
                line: self.file.position(span).0,
                key: escape(key),
                table: self.name.to_owned(),
                meant: meant(key, known),
                known,
            });
        }
        Ok(())
    }

    fn item(&self, key: &str) -> Option<&'t Item> {
        self.table.get(key)
    }

    fn section(&self, key: &str, name: &'static str) -> Result<Option<Section<'t>>, HostError> {
        let Some(item) = self.item(key) else {
            return Ok(None);
        };
        let Some(table) = item.as_table_like() else {
            return Err(self.refuse(key, Some(item), &format!("expected a table, {name}"), None));
        };
        Ok(Some(Section {
            file: self.file,
            name,
            table,
            line: self.file.position(item.span()).0,
        }))
    }

    fn sections(&self, key: &str, name: &'static str) -> Result<Vec<Section<'t>>, HostError> {
        let file = self.file;
        let section = |table: &'t dyn TableLike, span| Section {
            file,
            name,
            table,
            line: file.position(span).0,
        };
        match self.item(key) {
            None => Ok(Vec::new()),
            Some(Item::ArrayOfTables(tables)) => {
                Ok(tables.iter().map(|t| section(t, t.span())).collect())
            }
            Some(item) => {
                let inline = item.as_array().and_then(|array| {
                    array
                        .iter()
                        .map(|v| v.as_inline_table().map(|t| section(t, v.span())))
                        .collect::<Option<Vec<_>>>()
                });
                inline.ok_or_else(|| {
                    self.refuse(key, Some(item), &format!("expected tables, {name}"), None)
                })
            }
        }
    }

    fn string(&self, key: &str) -> Result<Option<String>, HostError> {
        match self.item(key) {
            None => Ok(None),
            Some(item) => match item.as_str() {
                Some(text) => Ok(Some(text.to_owned())),
                None => Err(self.refuse(
                    key,
                    Some(item),
                    &format!("{}, expected a string", item.type_name()),
                    None,
                )),
            },
        }
    }

    fn boolean(&self, key: &str) -> Result<Option<bool>, HostError> {
        match self.item(key) {
            None => Ok(None),
            Some(item) => match item.as_bool() {
                Some(value) => Ok(Some(value)),
                None => Err(self.refuse(
                    key,
                    Some(item),
                    &format!("{}, expected true or false", item.type_name()),
                    None,
                )),
            },
        }
    }

    fn strings(&self, key: &str) -> Result<Vec<String>, HostError> {
        let Some(item) = self.item(key) else {
            return Ok(Vec::new());
        };
        let found = item.as_array().and_then(|array| {
            array
                .iter()
                .map(|v| v.as_str().map(str::to_owned))
                .collect()
        });
        found.ok_or_else(|| {
            self.refuse(
                key,
                Some(item),
                &format!("{}, expected a list of strings", item.type_name()),
                Some(&format!("{key} = [\"…\"]")),
            )
        })
    }

    fn absolute(&self, key: &str) -> Result<Option<PathBuf>, HostError> {
        match self.string(key)? {
            Some(text) if !text.starts_with('/') => {
                let problem = format!("`{}` is not an absolute path", escape(&text));
                Err(self.refuse(key, self.item(key), &problem, None))
            }
            found => Ok(found.map(PathBuf::from)),
        }
    }

    fn life(&self, key: &str, default: Duration) -> Result<Duration, HostError> {
        match self.string(key)? {
            None => Ok(default),
            Some(text) => parse_life(&text)
                .map_err(|problem| self.refuse(key, self.item(key), &problem, None)),
        }
    }

    fn refuse(
        &self,
        key: &str,
        item: Option<&Item>,
        problem: &str,
        help: Option<&str>,
    ) -> HostError {
        HostError::DesiredValue {
            path: self.file.path.to_path_buf(),
            line: item.map_or(self.line, |item| self.file.position(item.span()).0),
            key: key.to_owned(),
            problem: problem.to_owned(),
            help: help.map(|help| format!("write {help}")),
        }
    }
}

/// The known key that is nearest to `key`, when it is near enough to be meant.
fn meant(key: &str, known: &'static [&'static str]) -> Option<&'static str> {
    let plain = key.to_ascii_lowercase().replace('_', "-");
    nearest(&plain, known.iter().copied())
}

/// The word that is nearest to `word`, when it is near enough to be meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Edits (insert, delete, replace) between two words.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(64).enumerate() {
        let mut diagonal = i;
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}
