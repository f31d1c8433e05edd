//! The client that this environment makes.

use super::{absolute, nobody, settings, shown, store, three};
use crate::System;
use crate::client::{self, Because, CliFlags, Reach, Selection, Surroundings, config_dir, select};
use sealock_check::seen::{ClientSide, TlsUse};
use sealock_diag::escape;
use std::collections::BTreeMap;
use std::path::Path;

/// Everything that decides where the docker CLI goes and how.
const VARIABLES: [&str; 12] = [
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CONFIG",
    "DOCKER_CERT_PATH",
    "DOCKER_TLS_VERIFY",
    "DOCKER_TLS",
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "NO_PROXY",
    "no_proxy",
];

/// Those of them that are set.
pub(super) fn variables(env: &dyn Fn(&str) -> Option<String>) -> BTreeMap<String, String> {
    let set = VARIABLES
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), env(name)?)));
    set.collect()
}

/// What the docker CLI would do here.
pub(super) fn client(
    system: &dyn System,
    env: &dyn Fn(&str) -> Option<String>,
    home: &Path,
    flags: &CliFlags,
) -> ClientSide {
    let dir = absolute(config_dir(env, home));
    let settings = settings(system, &dir);
    let around = Surroundings {
        env,
        home,
        // A broken one counts as empty, for the CLI too.
        config_json: settings.text.as_deref(),
    };
    let (uid, _) = system.user();
    let base = ClientSide {
        label: "this shell".to_owned(),
        variables: variables(env),
        config_problem: settings.problem.clone(),
        ..nobody()
    };
    let Ok(selection) = select(flags, &around) else {
        return base;
    };
    let because = because(&selection, &dir);
    let mut idle: Vec<String> = selection
        .without_effect
        .iter()
        .map(|name| (*name).to_owned())
        .collect();
    match &selection.reach {
        None => {
            let found = store::named(system, &dir, &selection.context, uid);
            let context = found.context.map(|mut facts| {
                facts.current = settings.current.as_deref() == Some(&*selection.context);
                facts
            });
            ClientSide {
                label: format!("this shell, context {}", escape(&selection.context)),
                because,
                without_effect: idle,
                variables: base.variables,
                config_problem: base.config_problem,
                context,
                ..found
            }
        }
        Some(reach) => {
            if let (Because::DockerHost, Some(name)) = (selection.because, &settings.current) {
                idle.push(format!("currentContext {name}"));
            }
            let tls = tls_use(reach);
            let path = base.variable("DOCKER_CERT_PATH").is_some();
            if path && tls == TlsUse::Off && !reach.host.starts_with("tcp://") {
                idle.push("DOCKER_CERT_PATH".to_owned());
            }
            let paths = [&reach.ca, &reach.cert, &reach.key].map(|path| absolute(path.clone()));
            ClientSide {
                written: base.variable("DOCKER_HOST").map(str::to_owned),
                host: Some(reach.host.clone()),
                tls,
                because,
                without_effect: idle,
                files: match tls {
                    TlsUse::Off | TlsUse::Unused => Vec::new(),
                    TlsUse::Unverified | TlsUse::Verified => three(system, &paths, uid),
                },
                ..base
            }
        }
    }
}

fn tls_use(reach: &Reach) -> TlsUse {
    match reach.tls {
        client::TlsUse::Off => TlsUse::Off,
        client::TlsUse::Unverified => TlsUse::Unverified,
        client::TlsUse::Verified => TlsUse::Verified,
    }
}

/// Which setting won, and over which ones.
fn because(selection: &Selection, dir: &Path) -> Option<String> {
    let context = escape(&selection.context);
    let lost = selection.without_effect.iter().copied();
    let lost: Vec<&str> = lost
        .filter(|name| matches!(*name, "DOCKER_HOST" | "DOCKER_CONTEXT"))
        .collect();
    let over = match lost.as_slice() {
        [] => String::new(),
        names => format!(" and outranks {}", names.join(" and ")),
    };
    Some(match selection.because {
        Because::ContextFlag => format!("--context {context} was asked for{over}"),
        Because::HostFlag => format!("--host was given{over}"),
        Because::DockerHost => format!("DOCKER_HOST is set{over}"),
        Because::DockerContext => format!("DOCKER_CONTEXT is set to {context}{over}"),
        Because::ConfigFile => {
            format!(
                "{} makes {context} the current context",
                shown(&dir.join("config.json"))
            )
        }
        Because::Nothing => match &selection.reach {
            Some(reach) if reach.tls != client::TlsUse::Off => {
                "nothing names a host, and with TLS that means localhost:2376".to_owned()
            }
            _ => return None,
        },
    })
}
