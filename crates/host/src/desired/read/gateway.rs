//! Reading `[gateway]`.

use super::{Section, shown};
use crate::desired::gateway::{
    Audit, Behind, Door, Gateway, Kind, Limits, Service, check_service_name,
};
use crate::{HostError, Listen};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use toml_edit::Item;

const GATEWAY: &[&str] = &[
    "listen",
    "local",
    "docker",
    "prefix",
    "policy",
    "certificates",
    "crl",
    "deny",
    "metrics",
    "control",
    "workers",
    "audit",
    "limits",
    "tcp",
    "web",
];
const AUDIT: &[&str] = &["path", "chain", "rotate-at", "keep", "required"];
const LIMITS: &[&str] = &[
    "connections",
    "per-caller",
    "handshakes",
    "handshakes-per-address",
    "handshake-time",
    "head-time",
    "idle-time",
    "drain-time",
    "end-expired",
    "head-bytes",
    "body-bytes",
];
const TCP: &[&str] = &["name", "listen", "upstream", "allow", "proxy-header"];
const WEB: &[&str] = &["name", "listen", "upstream", "allow", "header"];

/// The smallest file that is worth a rotation.
const LEAST_FILE: u64 = 64 << 10;

pub(super) fn gateway(section: &Section<'_>) -> Result<Gateway, HostError> {
    section.only(GATEWAY)?;
    let prefix = section.string("prefix")?;
    if let Some(text) = &prefix
        && (!text.starts_with('/') || text.ends_with('/'))
    {
        let problem = format!(
            "`{}`: a prefix begins with `/` and does not end with it",
            shown(text)
        );
        return Err(section.refuse("prefix", section.item("prefix"), &problem, None));
    }
    let limits = match section.section("limits", "[gateway.limits]")? {
        Some(limits) => self::limits(&limits)?,
        None => Limits::default(),
    };
    let audit = section.section("audit", "[gateway.audit]")?;
    Ok(Gateway {
        listen: addresses(section)?,
        local: paths(section, "local")?,
        docker: section
            .string("docker")?
            .map(|text| parsed(section, "docker", &text))
            .transpose()?,
        prefix,
        policy: section.absolute("policy")?,
        certificates: section.absolute("certificates")?,
        lists: paths(section, "crl")?,
        deny: section.absolute("deny")?,
        metrics: metrics(section)?,
        control: section.absolute("control")?,
        workers: match section.number("workers", 1024)? {
            Some(0) => {
                return Err(section.refuse("workers", section.item("workers"), "1 to 1024", None));
            }
            workers => workers.and_then(|count| usize::try_from(count).ok()),
        },
        audit: audit.map(|audit| self::audit(&audit)).transpose()?,
        limits,
        services: services(section)?,
    })
}

/// A file that has nothing but a gateway.
pub(super) fn alone(top: &Section<'_>) -> Result<Option<Gateway>, HostError> {
    top.only(&["version", "gateway"])?;
    let section = top.section("gateway", "[gateway]")?;
    section.map(|section| gateway(&section)).transpose()
}

fn addresses(section: &Section<'_>) -> Result<Vec<Listen>, HostError> {
    let mut listen: Vec<Listen> = Vec::new();
    for text in section.strings("listen")? {
        let parsed = self::listen(section, &text)?;
        if listen.iter().any(|other| other.meets(parsed.address())) {
            let problem = format!("`{parsed}` cannot be bound beside another one of the list");
            return Err(section.refuse("listen", section.item("listen"), &problem, None));
        }
        listen.push(parsed);
    }
    Ok(listen)
}

fn listen(section: &Section<'_>, text: &str) -> Result<Listen, HostError> {
    text.parse::<Listen>().map_err(|error| {
        let item = section.item("listen");
        section.refuse("listen", item, &error.problem, error.help.as_deref())
    })
}

fn paths(section: &Section<'_>, key: &str) -> Result<Vec<PathBuf>, HostError> {
    let mut paths = Vec::new();
    for text in section.strings(key)? {
        if !text.starts_with('/') {
            let problem = format!("`{}` is not an absolute path", shown(&text));
            return Err(section.refuse(key, section.item(key), &problem, None));
        }
        paths.push(PathBuf::from(text));
    }
    Ok(paths)
}

fn metrics(section: &Section<'_>) -> Result<Option<SocketAddr>, HostError> {
    let Some(text) = section.string("metrics")? else {
        return Ok(None);
    };
    text.parse().map(Some).map_err(|_| {
        let problem = format!("`{}`: expected ADDRESS:PORT", shown(&text));
        let item = section.item("metrics");
        section.refuse(
            "metrics",
            item,
            &problem,
            Some("metrics = \"127.0.0.1:9376\""),
        )
    })
}

fn parsed(section: &Section<'_>, key: &str, text: &str) -> Result<Behind, HostError> {
    text.parse::<Behind>()
        .map_err(|problem| section.refuse(key, section.item(key), &problem, None))
}

fn audit(section: &Section<'_>) -> Result<Audit, HostError> {
    section.only(AUDIT)?;
    let path = match section.string("path")? {
        Some(text) if text == "-" => PathBuf::from(text),
        Some(_) => section.absolute("path")?.unwrap_or_default(),
        None => return Err(missing(section, "path", "path = \"/var/log/audit.jsonl\"")),
    };
    let default = Audit::to(path);
    let rotate_at = section.number("rotate-at", u64::MAX >> 1)?;
    if rotate_at.is_some_and(|bytes| bytes < LEAST_FILE) {
        let item = section.item("rotate-at");
        return Err(section.refuse("rotate-at", item, "at least 65536 bytes (64 KiB)", None));
    }
    let keep = section.number("keep", 10_000)?;
    Ok(Audit {
        chain: section.boolean("chain")?.unwrap_or(default.chain),
        rotate_at: rotate_at.unwrap_or(default.rotate_at),
        keep: keep
            .and_then(|keep| u32::try_from(keep).ok())
            .unwrap_or(default.keep),
        required: section.boolean("required")?.unwrap_or(default.required),
        path: default.path,
    })
}

fn limits(section: &Section<'_>) -> Result<Limits, HostError> {
    section.only(LIMITS)?;
    let count = |key: &str, most: u64| -> Result<Option<usize>, HostError> {
        let number = section.number(key, most)?;
        Ok(number.and_then(|number| usize::try_from(number).ok()))
    };
    let time = |key: &str| -> Result<Option<Duration>, HostError> {
        match section.item(key) {
            Some(_) => section.life(key, Duration::ZERO).map(Some),
            None => Ok(None),
        }
    };
    const MANY: u64 = 10_000_000;
    const LARGE: u64 = 1 << 30;
    Ok(Limits {
        connections: count("connections", MANY)?,
        per_caller: count("per-caller", MANY)?,
        handshakes: count("handshakes", MANY)?,
        handshakes_per_address: count("handshakes-per-address", MANY)?,
        handshake_time: time("handshake-time")?,
        head_time: time("head-time")?,
        idle_time: time("idle-time")?,
        drain_time: time("drain-time")?,
        end_expired: section.boolean("end-expired")?,
        head_bytes: count("head-bytes", LARGE)?,
        body_bytes: count("body-bytes", LARGE)?,
    })
}

fn services(section: &Section<'_>) -> Result<Vec<Service>, HostError> {
    let mut services: Vec<Service> = Vec::new();
    for (key, table, known) in [
        ("tcp", "[[gateway.tcp]]", TCP),
        ("web", "[[gateway.web]]", WEB),
    ] {
        for one in section.sections(key, table)? {
            one.only(known)?;
            let service = service(&one, key == "web")?;
            if services.iter().any(|other| other.name == service.name) {
                let problem = format!("`{}` is there twice", service.name);
                return Err(one.refuse("name", one.item("name"), &problem, None));
            }
            services.push(service);
        }
    }
    Ok(services)
}

fn service(section: &Section<'_>, web: bool) -> Result<Service, HostError> {
    let Some(name) = section.string("name")? else {
        return Err(missing(section, "name", "name = \"mssql\""));
    };
    if let Err(problem) = check_service_name(&name) {
        let problem = format!("`{}`: {problem}", shown(&name));
        return Err(section.refuse("name", section.item("name"), &problem, None));
    }
    let Some(text) = section.string("listen")? else {
        return Err(missing(section, "listen", "listen = \"0.0.0.0:1433\""));
    };
    let door = match text.strip_prefix("unix://").unwrap_or(&text) {
        path if path.starts_with('/') => Door::Unix(PathBuf::from(path)),
        _ => Door::Tcp(listen(section, &text)?),
    };
    let Some(text) = section.string("upstream")? else {
        return Err(missing(
            section,
            "upstream",
            "upstream = \"127.0.0.1:1433\"",
        ));
    };
    let upstream = parsed(section, "upstream", &text)?;
    let kind = match web {
        false => Kind::Tcp {
            proxy_header: section.boolean("proxy-header")?.unwrap_or(false),
        },
        true => Kind::Web {
            header: header(section)?,
        },
    };
    Ok(Service {
        name,
        listen: door,
        upstream,
        allow: section.strings("allow")?,
        kind,
    })
}

/// A token (RFC 9110 §5.6.2), and behind it where wanted `=KIND` for names of one kind; which kinds there are the gateway
/// knows, and refuses others before it starts.
fn header(section: &Section<'_>) -> Result<String, HostError> {
    let Some(name) = section.string("header")? else {
        return Err(missing(section, "header", "header = \"X-Remote-User\""));
    };
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let (token, kind) = name.split_once('=').unwrap_or((&name, "any"));
    let is_kind = !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_lowercase());
    if token.is_empty() || !token.bytes().all(legal) || !is_kind {
        let problem = format!("`{}` is no name of a header", shown(&name));
        return Err(section.refuse("header", section.item("header"), &problem, None));
    }
    Ok(name)
}

fn missing(section: &Section<'_>, key: &str, example: &str) -> HostError {
    section.refuse(key, None, "it is missing", Some(example))
}

impl Section<'_> {
    /// A whole number from 0 to `most`.
    fn number(&self, key: &str, most: u64) -> Result<Option<u64>, HostError> {
        let refuse = |item: &Item, problem: &str| Err(self.refuse(key, Some(item), problem, None));
        match self.item(key) {
            None => Ok(None),
            Some(item) => match item.as_integer().map(u64::try_from) {
                Some(Ok(number)) if number <= most => Ok(Some(number)),
                Some(_) => refuse(item, &format!("out of range, 0 to {most}")),
                None => refuse(item, &format!("{}, expected an integer", item.type_name())),
            },
        }
    }
}
