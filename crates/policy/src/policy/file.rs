//! Reading a policy file.

use super::callers::Whom;
use super::constraints::Constraints;
use super::error::PolicyError;
use super::image::ImagePattern;
use super::pattern::Pattern;
use super::role::{CallSet, Deny, Grant, Role, Scope};
use super::rules::{BindRule, PortRule, Subnet, bytes, processors};
use super::section::{Section, nearest, position, short};
use super::{Mode, Rules};
use crate::{ApiVersion, Call, Verb};
use sealock_diag::escape;
use std::collections::BTreeMap;
use std::sync::Arc;
use toml_edit::Document;

/// More than any policy ever has.
const MOST_BYTES: usize = 1 << 20;
/// The roles that are shipped, in the language of policies.
pub(super) const SHIPPED: &str = include_str!("roles.toml");
/// How deep roles may be built on roles.
const MOST_BASES: usize = 16;

const TOP: &[&str] = &[
    "version", "mode", "api", "groups", "roles", "grants", "denies",
];
const API: &[&str] = &["floor", "ceiling"];
const ROLE: &[&str] = &["about", "from", "verbs", "without", "scope"];
const GRANT: &[&str] = &["name", "to", "role", "scope"];
const DENY: &[&str] = &["name", "to", "verbs"];

/// The keys of constraints, in roles and in grants.
pub(super) const CONSTRAINTS: &[&str] = &[
    "unconfined",
    "binds",
    "images",
    "tags",
    "volumes",
    "networks",
    "capabilities",
    "devices",
    "namespaces",
    "ports",
    "subnets",
    "privileged",
    "security-options",
    "sysctls",
    "ulimits",
    "runtimes",
    "log-drivers",
    "volume-drivers",
    "network-drivers",
    "groups",
    "users",
    "exec-users",
    "exec-commands",
    "exec-privileged",
    "strong-containers",
    "env-deny",
    "env-values",
    "memory",
    "cpus",
    "pids",
    "restarts",
    "raw-builds",
    "remote-builds",
];

/// Namespaces and with whom they may be shared.
const NAMESPACES: &[&str] = &[
    "network:host",
    "network:container",
    "pid:host",
    "pid:container",
    "ipc:host",
    "ipc:container",
    "uts:host",
    "userns:host",
    "cgroup:host",
];

/// Reads the whole file.
pub(super) fn read(text: &str) -> Result<Rules, PolicyError> {
    if text.len() > MOST_BYTES {
        return Err(PolicyError::Size {
            found: format!("{} bytes", text.len()),
            most: format!("{MOST_BYTES} bytes"),
        });
    }
    let document = parse(text)?;
    let top = Section {
        text,
        table: document.as_table(),
        line: 1,
    };
    top.only(&[TOP])?;
    match top.number("version")? {
        Some(version) if version == "1" => {}
        Some(_) => return Err(top.refuse("version", "this sealock reads version 1".to_owned())),
        None => {
            return Err(PolicyError::Missing {
                line: 1,
                what: "its version",
                write: "version = 1",
            });
        }
    }
    let mode = match top.string("mode")? {
        None => Mode::Enforce,
        Some(word) => Mode::named(word).ok_or_else(|| {
            top.refuse(
                "mode",
                format!("`{}`: expected enforce, warn or learn", short(word)),
            )
        })?,
    };
    let (floor, ceiling) = api(&top)?;
    let groups = groups(&top)?;
    let mut roles = shipped()?;
    if let Some(table) = top.table("roles")? {
        define(&table, &mut roles)?;
    }
    let mut grants = Vec::new();
    for (index, section) in top.tables("grants")?.iter().enumerate() {
        grants.push(Arc::new(grant(section, index + 1, &roles, &groups)?));
    }
    let mut denies = Vec::new();
    for (index, section) in top.tables("denies")?.iter().enumerate() {
        denies.push(deny(section, index + 1, &groups)?);
    }
    Ok(Rules {
        mode,
        floor,
        ceiling,
        roles,
        grants,
        denies,
    })
}

pub(super) fn parse(text: &str) -> Result<Document<&str>, PolicyError> {
    Document::parse(text).map_err(|error| {
        let (line, column) = position(text, error.span());
        PolicyError::Syntax {
            line,
            column,
            problem: escape(error.message()),
        }
    })
}

/// The shipped roles.
pub(super) fn shipped() -> Result<BTreeMap<String, Arc<Role>>, PolicyError> {
    let document = parse(SHIPPED)?;
    let section = Section {
        text: SHIPPED,
        table: document.as_table(),
        line: 1,
    };
    let mut roles = BTreeMap::new();
    define(&section, &mut roles)?;
    Ok(roles)
}

fn api(top: &Section<'_>) -> Result<(ApiVersion, ApiVersion), PolicyError> {
    let Some(section) = top.table("api")? else {
        return Ok((ApiVersion::LOWEST, ApiVersion::HIGHEST));
    };
    section.only(&[API])?;
    let version = |key: &str, default: ApiVersion| match section.string(key)? {
        None => Ok(default),
        Some(text) => text
            .parse::<ApiVersion>()
            .ok()
            .filter(|version| (ApiVersion::LOWEST..=ApiVersion::HIGHEST).contains(version))
            .ok_or_else(|| {
                section.refuse(
                    key,
                    format!(
                        "`{}`: expected a version from {} to {}, as \"1.41\"",
                        short(text),
                        ApiVersion::LOWEST,
                        ApiVersion::HIGHEST
                    ),
                )
            }),
    };
    let floor = version("floor", ApiVersion::LOWEST)?;
    let ceiling = version("ceiling", ApiVersion::HIGHEST)?;
    if floor > ceiling {
        return Err(section.refuse("floor", format!("{floor} is above the ceiling, {ceiling}")));
    }
    Ok((floor, ceiling))
}

fn groups(top: &Section<'_>) -> Result<BTreeMap<String, Vec<Whom>>, PolicyError> {
    let mut groups = BTreeMap::new();
    let Some(section) = top.table("groups")? else {
        return Ok(groups);
    };
    for (name, _) in section.table.iter() {
        let members = section.strings(name)?.unwrap_or_default();
        let mut read = Vec::new();
        for (text, line) in members {
            if text.starts_with("group:") {
                return Err(PolicyError::Caller {
                    line,
                    text: short(text),
                    problem: "a group holds callers, not groups".to_owned(),
                });
            }
            read.push(Whom::read(text, line)?);
        }
        groups.insert(name.to_owned(), read);
    }
    Ok(groups)
}

/// Adds the roles of a table to those that are there, bases first.
fn define(table: &Section<'_>, roles: &mut BTreeMap<String, Arc<Role>>) -> Result<(), PolicyError> {
    let sections: BTreeMap<String, Section<'_>> = table.children()?.into_iter().collect();
    for (name, section) in &sections {
        if roles.contains_key(name) {
            return Err(PolicyError::Role {
                line: section.line,
                name: short(name),
                problem:
                    "a shipped role has this name; choose another, and build on it with `from`"
                        .to_owned(),
            });
        }
    }
    for name in sections.keys() {
        resolve(name, &sections, roles, 0)?;
    }
    Ok(())
}

fn resolve(
    name: &str,
    sections: &BTreeMap<String, Section<'_>>,
    roles: &mut BTreeMap<String, Arc<Role>>,
    depth: usize,
) -> Result<Arc<Role>, PolicyError> {
    if let Some(role) = roles.get(name) {
        return Ok(Arc::clone(role));
    }
    let Some(section) = sections.get(name) else {
        return Err(PolicyError::Unknown {
            line: 1,
            kind: "role",
            name: short(name),
            meant: None,
        });
    };
    if depth > MOST_BASES {
        return Err(PolicyError::Role {
            line: section.line,
            name: short(name),
            problem: "it is built on itself, or on too many others".to_owned(),
        });
    }
    section.only(&[ROLE, CONSTRAINTS])?;
    let base = match section.string("from")? {
        None => None,
        Some(base) if roles.contains_key(base) || sections.contains_key(base) => {
            Some(resolve(base, sections, roles, depth + 1)?)
        }
        Some(base) => return Err(unknown_role(section, "from", base, roles)),
    };
    let mut calls = base.as_ref().map(|base| base.calls).unwrap_or_default();
    calls.join(&calls_of(section, "verbs")?);
    calls.part(&calls_of(section, "without")?);
    let start = base.as_ref().map(|base| base.constraints.clone());
    let scope = match scope(section)? {
        Some(scope) => scope,
        None => base.as_ref().map_or(Scope::All, |base| base.scope.clone()),
    };
    let role = Arc::new(Role {
        name: name.to_owned(),
        about: section.string("about")?.unwrap_or_default().to_owned(),
        refuses: base.as_ref().is_some_and(|base| base.refuses) || name == "none",
        calls,
        constraints: constraints(section, start.unwrap_or_default())?,
        scope,
    });
    roles.insert(name.to_owned(), Arc::clone(&role));
    Ok(role)
}

fn unknown_role(
    section: &Section<'_>,
    key: &str,
    name: &str,
    roles: &BTreeMap<String, Arc<Role>>,
) -> PolicyError {
    PolicyError::Unknown {
        line: section.line_of(key),
        kind: "role",
        name: short(name),
        meant: nearest(name, roles.keys().map(String::as_str)).map(str::to_owned),
    }
}

/// The calls of a list of verbs and names of calls.
fn calls_of(section: &Section<'_>, key: &str) -> Result<CallSet, PolicyError> {
    let mut calls = CallSet::default();
    for (word, line) in section.strings(key)?.unwrap_or_default() {
        if word == "*" {
            calls.join(&CallSet::all());
        } else if let Some(verb) = Verb::named(word) {
            calls.join(&CallSet::of(verb));
        } else if let Some(call) = Call::named(word) {
            calls.add(call);
        } else {
            let verbs = Verb::ALL.iter().map(|verb| verb.name());
            let names = Call::ALL.iter().map(|call| call.name());
            return Err(PolicyError::Unknown {
                line,
                kind: if word.contains('.') { "call" } else { "verb" },
                name: short(word),
                meant: nearest(word, verbs.chain(names)).map(str::to_owned),
            });
        }
    }
    Ok(calls)
}

fn scope(section: &Section<'_>) -> Result<Option<Scope>, PolicyError> {
    let Some(text) = section.string("scope")? else {
        return Ok(None);
    };
    Scope::read(text).map(Some).ok_or_else(|| {
        let problem = format!(
            "`{}`: expected \"all\", \"owner=self\" or \"label:KEY=VALUE\"",
            short(text)
        );
        section.refuse("scope", problem)
    })
}

fn whom(
    section: &Section<'_>,
    groups: &BTreeMap<String, Vec<Whom>>,
) -> Result<Vec<Whom>, PolicyError> {
    let mut all = Vec::new();
    for (text, line) in section.strings("to")?.unwrap_or_default() {
        match text.strip_prefix("group:") {
            None => all.push(Whom::read(text, line)?),
            Some(group) => match groups.get(group) {
                Some(members) => all.extend(members.iter().cloned()),
                None => {
                    return Err(PolicyError::Unknown {
                        line,
                        kind: "group",
                        name: short(group),
                        meant: nearest(group, groups.keys().map(String::as_str)).map(str::to_owned),
                    });
                }
            },
        }
    }
    if !section.has("to") {
        return Err(PolicyError::Missing {
            line: section.line,
            what: "whom it is for",
            write: "to = \"cn:alice\"",
        });
    }
    Ok(all)
}

fn grant(
    section: &Section<'_>,
    number: usize,
    roles: &BTreeMap<String, Arc<Role>>,
    groups: &BTreeMap<String, Vec<Whom>>,
) -> Result<Grant, PolicyError> {
    section.only(&[GRANT, CONSTRAINTS])?;
    let Some(name) = section.string("role")? else {
        return Err(PolicyError::Missing {
            line: section.line,
            what: "the role of a grant",
            write: "role = \"observer\"",
        });
    };
    let role = roles
        .get(name)
        .ok_or_else(|| unknown_role(section, "role", name, roles))?;
    let label = section.string("name")?;
    Ok(Grant {
        rule: match label {
            Some(label) => short(label),
            None => format!("grant {number}"),
        },
        line: section.line,
        to: whom(section, groups)?,
        scope: scope(section)?.unwrap_or_else(|| role.scope.clone()),
        constraints: constraints(section, role.constraints.clone())?,
        role: Arc::clone(role),
    })
}

fn deny(
    section: &Section<'_>,
    number: usize,
    groups: &BTreeMap<String, Vec<Whom>>,
) -> Result<Deny, PolicyError> {
    section.only(&[DENY])?;
    Ok(Deny {
        rule: match section.string("name")? {
            Some(label) => short(label),
            None => format!("deny {number}"),
        },
        to: whom(section, groups)?,
        calls: if section.has("verbs") {
            calls_of(section, "verbs")?
        } else {
            CallSet::all()
        },
    })
}

/// Lays what a table says over what was there.
fn constraints(section: &Section<'_>, mut to: Constraints) -> Result<Constraints, PolicyError> {
    for (key, place) in [
        ("volumes", &mut to.volumes),
        ("networks", &mut to.networks),
        ("devices", &mut to.devices),
        ("security-options", &mut to.security_options),
        ("sysctls", &mut to.sysctls),
        ("ulimits", &mut to.ulimits),
        ("runtimes", &mut to.runtimes),
        ("log-drivers", &mut to.log_drivers),
        ("volume-drivers", &mut to.volume_drivers),
        ("network-drivers", &mut to.network_drivers),
        ("groups", &mut to.groups),
        ("exec-users", &mut to.exec_users),
        ("env-deny", &mut to.env_deny),
    ] {
        if let Some(found) = patterns(section, key)? {
            *place = found;
        }
    }
    for (key, place) in [
        ("users", &mut to.users),
        ("exec-commands", &mut to.exec_commands),
        ("restarts", &mut to.restarts),
    ] {
        if let Some(found) = patterns(section, key)? {
            *place = Some(found);
        }
    }
    for (key, place) in [
        ("unconfined", &mut to.unconfined),
        ("privileged", &mut to.privileged),
        ("exec-privileged", &mut to.exec_privileged),
        ("strong-containers", &mut to.strong_containers),
        ("env-values", &mut to.env_values),
        ("raw-builds", &mut to.raw_builds),
        ("remote-builds", &mut to.remote_builds),
    ] {
        if let Some(found) = section.boolean(key)? {
            *place = found;
        }
    }
    if let Some(found) = list(section, "capabilities", "as NET_ADMIN", |text| {
        let upper = text.to_ascii_uppercase();
        let name = upper.strip_prefix("CAP_").unwrap_or(&upper);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'*';
        name.bytes().all(plain).then(|| Pattern::new(name))
    })? {
        to.capabilities = found;
    }
    if let Some(found) = list(section, "namespaces", &NAMESPACES.join(", "), |text| {
        (text == "*" || NAMESPACES.contains(&text)).then(|| Pattern::new(text))
    })? {
        to.namespaces = found;
    }
    let form = "a clean absolute path, maybe with /* or :ro behind it";
    if let Some(found) = list(section, "binds", form, BindRule::read)? {
        to.binds = found;
    }
    for (key, place) in [("images", &mut to.images), ("tags", &mut to.tags)] {
        let form = "the name of an image, maybe with *";
        if let Some(found) = list(section, key, form, ImagePattern::read)? {
            *place = found;
        }
    }
    let form = "8080, 8000-8999, ephemeral, or one of these behind ADDRESS:";
    if let Some(found) = list(section, "ports", form, PortRule::read)? {
        to.ports = found;
    }
    if let Some(found) = list(
        section,
        "subnets",
        "a network as 172.20.0.0/16",
        Subnet::read,
    )? {
        to.subnets = found;
    }
    if let Some(text) = section.number("memory")? {
        let problem = || format!("`{}`: expected a size, as \"2GiB\"", short(&text));
        to.memory = Some(bytes(&text).ok_or_else(|| section.refuse("memory", problem()))?);
    }
    if let Some(text) = section.number("cpus")? {
        let problem = || format!("`{}`: expected a number, as 1.5", short(&text));
        to.cpus = Some(processors(&text).ok_or_else(|| section.refuse("cpus", problem()))?);
    }
    if let Some(text) = section.number("pids")? {
        let problem = || format!("`{}`: expected a whole number above 0", short(&text));
        let number = text.parse::<u64>().ok().filter(|number| *number > 0);
        to.pids = Some(number.ok_or_else(|| section.refuse("pids", problem()))?);
    }
    Ok(to)
}

fn patterns(section: &Section<'_>, key: &str) -> Result<Option<Vec<Pattern>>, PolicyError> {
    list(section, key, "a text that is not empty", |text| {
        (!text.is_empty()).then(|| Pattern::new(text))
    })
}

fn list<T>(
    section: &Section<'_>,
    key: &str,
    form: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Option<Vec<T>>, PolicyError> {
    let Some(found) = section.strings(key)? else {
        return Ok(None);
    };
    let mut values = Vec::with_capacity(found.len());
    for (text, line) in found {
        values.push(read(text).ok_or_else(|| PolicyError::Value {
            line,
            key: key.to_owned(),
            problem: format!("`{}`: expected {form}", short(text)),
        })?);
    }
    Ok(Some(values))
}
