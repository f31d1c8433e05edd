//! `sealock ca import`: what other tools have left.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use serde_json::json;

use sealock_change::fs;
use sealock_check::Finding;
use sealock_check::seen::ClientSide;
use sealock_diag::escape;
use sealock_host::leftover::usual_places;
use sealock_host::survey::{client_at, survey};
use sealock_host::{Local, Observed, Supervisor, System};
use sealock_pki::{AuthorityName, Certificate, Purpose};

use crate::ask;
use crate::catalogue;
use crate::cli;
use crate::cloak::{desired, run, show, up};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::import::choice::{self, Choice, Hints};
use crate::import::judge::judge;
use crate::import::lot::Lot;
use crate::import::movement::Import;
use crate::import::tell::{self, Next};
use crate::session::Session;

/// The name of an authority that nobody named.
const NAME: &str = "sealock";

pub(crate) fn run(session: &Session, args: &cli::Import) -> Result<Exit, Failure> {
    let named = named(&args.paths)?;
    let system: Arc<dyn System> = Arc::new(Local::new());
    let options = desired::options(session, &args.daemon)?;
    let observed = up::observed(&options);
    let daemons = Daemons::of(observed.as_ref().ok());
    let seen = survey(&system, &options, None);
    let daemon = match &observed {
        Ok(_) if seen.host.is_none() => Err("there is none".to_owned()),
        Ok(found) if !is_ours_to_change(found) => Err("that takes root".to_owned()),
        Ok(found) => Ok(found),
        Err(failure) => Err(failure.headline.clone()),
    };
    let clients = with_own_folder(&*system, seen.clients);
    let lot = Lot::gather(&*system, &looked_at(&*system, &named, &daemons), &clients);
    let hints = Hints {
        named: &named,
        daemons_anchors: &daemons.anchors,
        daemons_chain: &daemons.chain,
    };
    let choice = choice::choose(&lot, &hints);
    let meant = match &choice {
        Ok(choice) => choice.all(),
        Err(_) => lot.cas.iter().collect(),
    };
    let findings = judge(&lot, &meant, session.now);
    if !session.printer.json && !lot.leftovers.is_empty() {
        session.printer.raw(&tell::text(
            &lot,
            &findings,
            session.printer.verbose,
            session.now,
        ));
    }
    let choice = choice?;
    for ca in choice.all() {
        let purposes: Vec<Purpose> = [Purpose::Server, Purpose::Client]
            .into_iter()
            .filter(|purpose| choice.of(*purpose).certificate == ca.certificate)
            .collect();
        choice::fit(ca, session, &purposes)?;
    }
    let name = name(session, args)?;
    let own = is_this_hosts(session, &name)?;
    let import = Import {
        session,
        lot: &lot,
        choice: &choice,
        hints: &hints,
        name: &name,
        observed: daemon.as_ref().ok().copied().filter(|_| own),
        options: &options,
    };
    let stored = import.is_stored()?;
    if args.dry_run {
        session.printer.say(&format!(
            "{} can be imported as {name}; without --dry-run it is",
            choice
                .all()
                .iter()
                .map(|ca| ca.certificate.subject())
                .collect::<Vec<_>>()
                .join(" and ")
        ));
        return report(session, &lot, &findings, &choice, &name, 0);
    }
    if let Err(why) = &daemon {
        session.printer.warn(&format!(
            "no Docker daemon can be configured from here ({why}), so sealock.toml is not written"
        ));
    } else if !own {
        session.printer.warn(&format!(
            "sealock.toml names another authority, so it stays as it is; {name} is only stored"
        ));
    }
    let store = session.store()?;
    let guard = run::begin(session, &store)?;
    let anchors = match stored {
        true => None,
        false => Some(opened(session, &choice, args)?),
    };
    let plan = import.plan(anchors)?;
    if plan.is_empty() {
        session
            .printer
            .say(&format!("0 changes: {name} was imported already"));
        return report(session, &lot, &findings, &choice, &name, 0);
    }
    show::plan(&session.printer, &plan)?;
    ask::proceed(session, "Import this?")?;
    let changes = run::run(session, &store, &guard, plan)?;
    session.printer.say(&format!("{changes} changes.\n"));
    let next = match (own, &daemon) {
        (false, _) => Next::OtherAuthority,
        (true, Ok(_)) => Next::Apply,
        (true, Err(_)) => Next::Elsewhere,
    };
    session
        .printer
        .say(tell::closing(&lot, &choice, next).trim_end());
    report(session, &lot, &findings, &choice, &name, changes)
}

/// Whether the daemon's files may be written by whoever runs this.
fn is_ours_to_change(observed: &Observed) -> bool {
    rustix::process::geteuid().is_root() || observed.supervisor == Supervisor::Rootless
}

/// The anchors' issuers, the same one twice when one CA is both.
fn opened(
    session: &Session,
    choice: &Choice<'_>,
    args: &cli::Import,
) -> Result<(Rc<sealock_pki::Issuer>, Rc<sealock_pki::Issuer>), Failure> {
    let source = args.key_passphrase.as_ref();
    let server = choice::open(choice.server, source, session)?;
    let client = match choice.is_one() {
        true => Rc::clone(&server),
        false => choice::open(choice.client, source, session)?,
    };
    Ok((server, client))
}

/// What the user named, absolute; what is not there is told.
fn named(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut named = Vec::new();
    for path in paths {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        if std::fs::metadata(&path).is_err() {
            return Err(
                Failure::own(catalogue::UNREADABLE_FILE, "a file cannot be read")
                    .at(escape(&path.to_string_lossy()))
                    .because("there is nothing of this name")
                    .exit(Exit::Usage),
            );
        }
        named.push(path);
    }
    Ok(named)
}

/// Where the daemon's configuration leads.
#[derive(Debug, Default)]
struct Daemons {
    folders: Vec<PathBuf>,
    anchors: Vec<Certificate>,
    chain: Vec<Certificate>,
}

impl Daemons {
    fn of(observed: Option<&Observed>) -> Self {
        let mut found = Self::default();
        let Some(observed) = observed else {
            return found;
        };
        let path = |key: &str| {
            let by_flag = observed
                .command
                .as_ref()
                .and_then(|command| command.value(key));
            by_flag
                .or_else(|| observed.config.string(key).map(str::to_owned))
                .map(PathBuf::from)
                // What is relative to the daemon is nowhere to us; our own files are no leftover.
                .filter(|path| path.is_absolute() && !path.starts_with(&observed.directory))
        };
        let certificates = |path: &Path| -> Vec<Certificate> {
            fs::read(path)
                .ok()
                .and_then(|pem| Certificate::chain_from_pem(&pem).ok())
                .unwrap_or_default()
        };
        if let Some(path) = path("tlscacert") {
            found.anchors = certificates(&path);
            found.folders.extend(path.parent().map(Path::to_owned));
        }
        if let Some(path) = path("tlscert") {
            found.chain = certificates(&path);
            found.folders.extend(path.parent().map(Path::to_owned));
        }
        if let Some(path) = path("tlskey") {
            found.folders.extend(path.parent().map(Path::to_owned));
        }
        found
    }
}

/// What was named, else the usual places; and where the daemon's files are in either case.
fn looked_at(system: &dyn System, named: &[PathBuf], daemons: &Daemons) -> Vec<PathBuf> {
    let env = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let mut paths = match named.is_empty() {
        true => usual_places(system, &env),
        false => named.to_vec(),
    };
    for folder in &daemons.folders {
        // `/` and `/etc` are nobody's leftover.
        if folder.components().count() > 2 && !paths.contains(folder) {
            paths.push(folder.clone());
        }
    }
    paths
}

/// The clients of this machine and the own `~/.docker`, whether or not it is used at the moment.
fn with_own_folder(system: &dyn System, mut clients: Vec<ClientSide>) -> Vec<ClientSide> {
    let env = |name: &str| std::env::var(name).ok();
    let folders = [
        env("HOME").map(|home| PathBuf::from(home).join(".docker")),
        env("DOCKER_CERT_PATH").map(PathBuf::from),
    ];
    let home = PathBuf::from(env("HOME").unwrap_or_default());
    for folder in folders.into_iter().flatten() {
        let found = client_at(system, &env, &home, &folder.to_string_lossy());
        clients.extend(found);
    }
    clients
}

/// What the authority is called in the vault.
fn name(session: &Session, args: &cli::Import) -> Result<AuthorityName, Failure> {
    let told = match &args.name {
        Some(name) => Some(name.clone()),
        None => desired::find(session)?.map(|desired| desired.authority.name),
    };
    let name = told.unwrap_or_else(|| NAME.to_owned());
    Ok(AuthorityName::try_from(name.as_str())?)
}

/// Whether `sealock.toml` names this authority, or can still do so.
fn is_this_hosts(session: &Session, name: &AuthorityName) -> Result<bool, Failure> {
    Ok(desired::find(session)?.is_none_or(|desired| {
        desired.authority.name == name.as_str() && desired.authority.scope.is_own()
    }))
}

fn report(
    session: &Session,
    lot: &Lot,
    findings: &[Finding],
    choice: &Choice<'_>,
    name: &AuthorityName,
    changes: usize,
) -> Result<Exit, Failure> {
    if session.printer.json {
        let (leftovers, findings) = tell::to_json(lot, findings);
        let anchor = |purpose: Purpose| {
            let ca = choice.of(purpose);
            json!({
                "subject": ca.certificate.subject(),
                "fingerprint": ca.certificate.fingerprint().to_string(),
                "tool": ca.tool.word(),
                "path": choice::first(ca),
            })
        };
        session.printer.value(&json!({
            "version": 1,
            "leftovers": leftovers,
            "findings": findings,
            "authority": {
                "name": name.as_str(),
                "oneForBoth": choice.is_one(),
                "server": anchor(Purpose::Server),
                "client": anchor(Purpose::Client),
            },
            "changes": changes,
        }));
    }
    Ok(Exit::Done)
}
