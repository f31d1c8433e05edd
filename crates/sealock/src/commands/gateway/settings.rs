//! What the command line and the `[gateway]` of a file say, as the gateway takes it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sealock_change::fs;
use sealock_diag::escape;
use sealock_gateway::{
    AuditSettings, Bind, Limits, Listener, Service, Settings, Sources, Upstream,
};
use sealock_host::Listen;
use sealock_host::desired::gateway::{self as table, Behind, Door, Kind};
use sealock_policy::Name;

use super::codes;
use crate::catalogue;
use crate::cli;
use crate::cloak::gateway::place;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// The docker daemon's socket, when nobody says where it is.
const DOCKER: &str = "/var/run/docker.sock";
/// The name of the daemon's own doors.
pub(crate) const DOCKER_DOOR: &str = "docker";
/// The name of its doors for callers on this host.
pub(crate) const LOCAL_DOOR: &str = "local";

/// Everything that was said, with the defaults of this host.
pub(super) fn settings(session: &Session, args: &cli::Gateway) -> Result<Settings, Failure> {
    let mut gateway = match args.doors.listen.is_empty() {
        true => of_file(session)?,
        false => of_words(&args.doors)?,
    };
    overlay(&mut gateway, args);
    let mut settings = of_table(session, &gateway, &inherited())?;
    if let Some(sources) = &mut settings.sources {
        let given = |path: &Option<PathBuf>| path.as_deref().map(absolute);
        sources.certificate = given(&args.material.cert).unwrap_or(sources.certificate.clone());
        sources.key = given(&args.material.key).unwrap_or(sources.key.clone());
        sources.anchors = given(&args.material.client_ca).unwrap_or(sources.anchors.clone());
        check_sources(sources)?;
    }
    if args.unit && settings.control.is_none() {
        settings.control = Some(place::CONTROL.into());
    }
    Ok(settings)
}

/// The `[gateway]` of the file that --config names.
pub(super) fn of_file(session: &Session) -> Result<table::Gateway, Failure> {
    let nothing = || {
        Failure::own(
            codes::NOTHING_TOLD,
            "nobody has said what the gateway is to do",
        )
        .at(session.config.display().to_string())
        .exit(Exit::Usage)
    };
    if fs::stat(&session.config)?.is_none() {
        return Err(nothing().because("there is no such file, and no --listen"));
    }
    let bytes = fs::read(&session.config)?;
    let text = String::from_utf8(bytes).map_err(|error| {
        Failure::own(catalogue::UNREADABLE_FILE, "the file is not UTF-8 text")
            .at(session.config.display().to_string())
            .because(error.utf8_error().to_string())
    })?;
    table::Gateway::read(&session.config, &text)?
        .ok_or_else(|| nothing().because("it has no [gateway], and there is no --listen"))
}

/// The one service that the command line describes.
fn of_words(doors: &cli::Doors) -> Result<table::Gateway, Failure> {
    let mut gateway = table::Gateway::default();
    let mut places = Vec::new();
    for text in &doors.listen {
        places.push(door(text)?);
    }
    let kind = match (&doors.tcp, &doors.web) {
        (Some(_), _) => Some(Kind::Tcp {
            proxy_header: doors.proxy_header,
        }),
        (None, Some(_)) => Some(Kind::Web {
            header: doors.header.clone().unwrap_or_default(),
        }),
        (None, None) => None,
    };
    let upstream = doors.tcp.clone().or_else(|| doors.web.clone());
    if let (Some(kind), Some(upstream)) = (kind, upstream) {
        let name = match kind {
            Kind::Tcp { .. } => "tcp",
            Kind::Web { .. } => "web",
        };
        gateway.services = places
            .into_iter()
            .map(|listen| table::Service {
                name: name.to_owned(),
                listen,
                upstream: upstream.clone(),
                allow: doors.allow.iter().map(ToString::to_string).collect(),
                kind: kind.clone(),
            })
            .collect();
        return Ok(gateway);
    }
    for place in places {
        match place {
            Door::Tcp(listen) => gateway.listen.push(listen),
            Door::Unix(path) => gateway.local.push(path),
        }
    }
    gateway.docker = doors.docker.clone();
    gateway.prefix = doors.prefix.clone();
    gateway.policy = doors.policy.as_deref().map(absolute);
    Ok(gateway)
}

fn door(text: &str) -> Result<Door, Failure> {
    if let Some(path) = text.strip_prefix("unix://").filter(|p| p.starts_with('/')) {
        return Ok(Door::Unix(PathBuf::from(path)));
    }
    text.parse::<Listen>().map(Door::Tcp).map_err(|error| {
        let failure = bad_door("--listen", &error.problem).exit(Exit::Usage);
        match error.help {
            Some(help) => failure.help(format!("--listen {help}")),
            None => failure,
        }
    })
}

fn bad_door(place: &str, why: &str) -> Failure {
    Failure::own(codes::BAD_DOOR, "this is no door of a gateway")
        .at(place)
        .because(why)
}

/// What the command line says beside the doors goes before what the file says.
fn overlay(gateway: &mut table::Gateway, args: &cli::Gateway) {
    let cli::Gateway {
        material, running, ..
    } = args;
    if let Some(folder) = &material.certificates {
        gateway.certificates = Some(absolute(folder));
    }
    if !material.crl.is_empty() {
        gateway.lists = material.crl.iter().map(|path| absolute(path)).collect();
    }
    if let Some(deny) = &material.deny {
        gateway.deny = Some(absolute(deny));
    }
    if let Some(path) = &running.audit {
        let to = match path.as_os_str() == "-" {
            true => path.clone(),
            false => absolute(path),
        };
        let mut audit = table::Audit::to(to);
        audit.chain = running.audit_chain;
        audit.required = running.audit_required;
        gateway.audit = Some(audit);
    }
    gateway.metrics = running.metrics.or(gateway.metrics);
    if let Some(control) = &running.control {
        gateway.control = Some(absolute(control));
    }
    gateway.workers = running.workers.map(usize::from).or(gateway.workers);
    gateway.limits.drain_time = running.drain_time.or(gateway.limits.drain_time);
}

/// The names of the sockets that a service manager hands over.
fn inherited() -> BTreeSet<String> {
    let ours = std::env::var("LISTEN_PID").is_ok_and(|pid| pid.parse() == Ok(std::process::id()));
    let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
    match ours {
        true => names.split(':').map(str::to_owned).collect(),
        false => BTreeSet::new(),
    }
}

/// The settings for a `[gateway]`; `inherited` are the names of doors that are open already.
pub(crate) fn of_table(
    session: &Session,
    gateway: &table::Gateway,
    inherited: &BTreeSet<String>,
) -> Result<Settings, Failure> {
    let mut listeners = docker_doors(gateway, inherited);
    let docker = !listeners.is_empty();
    for service in &gateway.services {
        listeners.push(of_service(service, inherited)?);
    }
    if listeners.is_empty() {
        return Err(bad_door(
            &session.config.display().to_string(),
            "[gateway] has neither `listen` nor `local`, no [[gateway.tcp]] and no [[gateway.web]]",
        ));
    }
    let speaks_tls = !gateway.listen.is_empty()
        || gateway
            .services
            .iter()
            .any(|service| matches!(service.listen, Door::Tcp(_)));
    let beside = || session.config.parent().map(|dir| dir.join("policy.toml"));
    Ok(Settings {
        listeners,
        sources: match speaks_tls {
            true => Some(sources(session, gateway)),
            false => None,
        },
        policy: match docker {
            true => gateway.policy.clone().or_else(beside),
            false => None,
        },
        audit: gateway.audit.as_ref().map(|audit| AuditSettings {
            path: audit.path.clone(),
            chain: audit.chain,
            rotate_at: audit.rotate_at,
            keep: audit.keep,
            required: audit.required,
        }),
        metrics: gateway.metrics,
        control: gateway.control.clone(),
        limits: limits(&gateway.limits),
        workers: gateway.workers,
    })
}

fn docker_doors(gateway: &table::Gateway, inherited: &BTreeSet<String>) -> Vec<Listener> {
    let upstream = match &gateway.docker {
        Some(behind) => upstream(behind),
        None => Upstream::Unix(DOCKER.into()),
    };
    let listener = |name: &str, at: Bind| Listener {
        name: name.to_owned(),
        at,
        service: Service::Docker {
            upstream: upstream.clone(),
            prefix: gateway.prefix.clone(),
        },
    };
    let tcp = gateway.listen.iter().map(|one| Bind::Tcp(one.address()));
    let unix = gateway.local.iter().map(|path| Bind::Unix(path.clone()));
    let tcp = tcp.enumerate().map(|(at, bind)| (DOCKER_DOOR, at, bind));
    let unix = unix.enumerate().map(|(at, bind)| (LOCAL_DOOR, at, bind));
    tcp.chain(unix)
        .map(|(stem, index, bind)| {
            let name = numbered(stem, index);
            match inherited.contains(&name) {
                true => listener(&name, Bind::Inherited(name.clone())),
                false => listener(&name, bind),
            }
        })
        .collect()
}

/// `docker`, `docker-2`: every door has a name of its own.
pub(crate) fn numbered(stem: &str, index: usize) -> String {
    match index {
        0 => stem.to_owned(),
        index => format!("{stem}-{}", index + 1),
    }
}

fn of_service(service: &table::Service, inherited: &BTreeSet<String>) -> Result<Listener, Failure> {
    let mut allow = Vec::new();
    for text in &service.allow {
        let name = text.parse::<Name>().map_err(|why| {
            bad_door(
                &format!("`allow` of {}", service.name),
                &format!("`{}`: {why}", escape(text)),
            )
        })?;
        allow.push(name);
    }
    let upstream = upstream(&service.upstream);
    let at = match &service.listen {
        _ if inherited.contains(&service.name) => Bind::Inherited(service.name.clone()),
        Door::Tcp(listen) => Bind::Tcp(listen.address()),
        Door::Unix(path) => Bind::Unix(path.clone()),
    };
    Ok(Listener {
        name: service.name.clone(),
        at,
        service: match &service.kind {
            Kind::Tcp { proxy_header } => Service::Tcp {
                upstream,
                allow,
                proxy_header: *proxy_header,
            },
            Kind::Web { header } => Service::Web {
                upstream,
                allow,
                header: header.clone(),
            },
        },
    })
}

fn upstream(behind: &Behind) -> Upstream {
    match behind {
        Behind::Unix(path) => Upstream::Unix(path.clone()),
        Behind::Tcp(address) => Upstream::Tcp(*address),
    }
}

/// Where the files are: the folder that was named, else the gateway's own of this host, else the daemon's.
fn sources(session: &Session, gateway: &table::Gateway) -> Sources {
    let ours = place::live(&session.home);
    let lists = place::lists(&session.home);
    let daemon = Path::new("/etc/docker/sealock/live");
    let (folder, own) = match &gateway.certificates {
        Some(folder) => (folder.clone(), false),
        None if !ours.exists() && daemon.exists() => (daemon.to_owned(), false),
        None => (ours, true),
    };
    let given = |path: &Path| path.to_owned();
    Sources {
        certificate: folder.join("server-cert.pem"),
        key: folder.join("server-key.pem"),
        anchors: folder.join("ca.pem"),
        // Where nobody has said what clients trust, nobody can be told that they would not.
        server_anchors: Some(folder.join("server-ca.pem")).filter(|path| path.exists()),
        // Our own lists belong to our own anchors.
        lists: match gateway.lists.is_empty() && own && lists.exists() {
            true => vec![lists],
            false => gateway.lists.iter().map(|path| given(path)).collect(),
        },
        deny: gateway.deny.clone(),
    }
}

fn check_sources(sources: &Sources) -> Result<(), Failure> {
    for path in [&sources.certificate, &sources.key, &sources.anchors] {
        // Whether it can be read is said by who reads it; this is about having named nothing.
        if !path.exists() && path.parent().is_none_or(|folder| !folder.exists()) {
            return Err(Failure::own(
                codes::NO_CERTIFICATES,
                "there are no certificates for the gateway",
            )
            .at(path.display().to_string())
            .because("the folder is not there"));
        }
    }
    Ok(())
}

fn limits(told: &table::Limits) -> Limits {
    let default = Limits::default();
    Limits {
        connections: told.connections.unwrap_or(default.connections),
        per_caller: told.per_caller.unwrap_or(default.per_caller),
        handshakes: told.handshakes.unwrap_or(default.handshakes),
        handshakes_per_address: told
            .handshakes_per_address
            .unwrap_or(default.handshakes_per_address),
        handshake_time: told.handshake_time.unwrap_or(default.handshake_time),
        head_time: told.head_time.unwrap_or(default.head_time),
        idle_time: told.idle_time.unwrap_or(default.idle_time),
        head_bytes: told.head_bytes.unwrap_or(default.head_bytes),
        body_bytes: told.body_bytes.unwrap_or(default.body_bytes),
        drain_time: told.drain_time.unwrap_or(default.drain_time),
        end_expired: told.end_expired.unwrap_or(default.end_expired),
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
