//! `sealock service`: what else on this host has a certificate of ours.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use sealock_change::{Plan, fs};
use sealock_diag::escape;
use sealock_host::desired::{add_service, remove_service};
use sealock_pki::Purpose;
use sealock_service::{Service as Wanted, Setting, TakeUp, check_name};
use sealock_vault::{Filter, State, StateKind};

use crate::ask;
use crate::cli::{Service, ServiceAdd};
use crate::cloak::credentials::is_due;
use crate::cloak::{desired, run, services, show};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use crate::table::{self, Cell};

pub(crate) mod codes;

const DAY: u64 = 86_400;

pub(crate) fn run(session: &Session, verb: Service) -> Result<Exit, Failure> {
    match verb {
        Service::Add(args) => add(session, &args),
        Service::List => list(session),
        Service::Remove { name } => remove(session, &name),
    }
}

fn add(session: &Session, args: &ServiceAdd) -> Result<Exit, Failure> {
    let service = wanted(args)?;
    let store = session.store()?;
    let guard = run::begin(session, &store)?;
    desired::load(session)?;
    let text = desired::text(session)?.unwrap_or_default();
    let new_text = add_service(&session.config, &text, &service)?;
    let mut plan = Plan::new(format!("write down the service {}", service.name));
    plan.push_edit(desired::write(session, new_text))?;
    if plan.is_empty() {
        session.printer.say(&format!(
            "0 changes: sealock.toml has {} like this already",
            service.name
        ));
        return Ok(Exit::Done);
    }
    show::plan(&session.printer, &plan)?;
    run::run(session, &store, &guard, plan)?;
    session.printer.say(&format!(
        "{} is written down. Next:  sealock apply",
        service.name
    ));
    Ok(Exit::Done)
}

/// The table for what the command line says.
fn wanted(args: &ServiceAdd) -> Result<Wanted, Failure> {
    let refuse = |why: String| {
        Failure::own(codes::TABLE, "this service cannot be made so")
            .because(why)
            .exit(Exit::Usage)
    };
    check_name(&args.name).map_err(|why| {
        let short: String = args.name.chars().take(64).collect();
        refuse(format!("`{}`: {why}", escape(&short)))
    })?;
    for name in &args.names {
        let san = name.parse::<sealock_pki::San>();
        san.map_err(|error| Failure::new(&error).exit(Exit::Usage))?;
    }
    let file = |path: &Path| {
        let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Setting::Text(whole.to_string_lossy().into_owned())
    };
    let text = |text: &String| Setting::Text(text.clone());
    let protocol = args.probe.to_string();
    let owner = args.owner.as_ref().map(ToString::to_string);
    let settings: BTreeMap<String, Setting> = [
        ("address", Some(text(&args.address))),
        ("probe", Some(Setting::Text(protocol))),
        ("cert", Some(file(&args.cert))),
        ("key", Some(file(&args.key))),
        ("ca", args.ca.as_deref().map(file)),
        ("mode", args.mode.as_ref().map(text)),
        ("owner", owner.as_ref().map(text)),
        ("reload", args.reload.as_ref().map(text)),
        ("restart", args.restart.as_ref().map(text)),
        ("clients", args.clients.as_ref().map(text)),
        (
            "profile",
            (args.profile != "server").then(|| text(&args.profile)),
        ),
    ]
    .into_iter()
    .filter_map(|(key, setting)| Some((key.to_owned(), setting?)))
    .collect();
    let service = Wanted {
        name: args.name.clone(),
        kind: args.kind.clone(),
        names: args.names.clone(),
        life: Duration::from_secs(u64::from(args.days) * DAY),
        settings,
    };
    match service.kind() {
        Ok(_) => Ok(service),
        Err(problem) => {
            let failure = refuse(format!("{}: {}", problem.key, problem.problem));
            Err(match problem.help {
                Some(help) => failure.help(format!("in sealock.toml it would be  {help}")),
                None => failure,
            })
        }
    }
}

fn list(session: &Session) -> Result<Exit, Failure> {
    let wanted = desired::load(session)?;
    let (mut rows, mut values) = (Vec::new(), Vec::new());
    for service in &wanted.services {
        let Ok(kind) = service.kind() else {
            continue;
        };
        let ours = services::certificate_of(service);
        let ours = match ours {
            Some(leaf) if session.has_vault()? => {
                session.vault()?.find(leaf.serial())?.map(|_| leaf)
            }
            _ => None,
        };
        let until = ours.as_ref().map(|leaf| leaf.not_after().to_string());
        let doors: Vec<String> = kind
            .doors()
            .iter()
            .map(|door| format!("{} {}", door.protocol, escape(&door.address)))
            .collect();
        let (word, command) = match kind.take_up() {
            TakeUp::Reload(line) => ("reload", Some(line)),
            TakeUp::Restart(line) => ("restart", Some(line)),
            TakeUp::Hands => ("by hand", None),
        };
        let clients: Vec<&str> = kind
            .doors()
            .iter()
            .map(|door| door.clients.as_str())
            .collect();
        values.push(json!({
            "name": service.name,
            "kind": service.kind,
            "names": service.names,
            "doors": kind.doors().iter().map(|door| json!({
                "address": door.address,
                "protocol": door.protocol.as_str(),
                "clients": door.clients.as_str(),
            })).collect::<Vec<_>>(),
            "files": kind.files().iter().map(|file| json!({
                "path": file.path.to_string_lossy(),
                "mode": format!("{:04o}", file.mode),
            })).collect::<Vec<_>>(),
            "takeUp": word,
            "command": command,
            "notAfter": until,
            "due": ours.as_ref().map(|leaf| is_due(leaf, wanted.authority.renew_after, session.now)),
        }));
        rows.push(vec![
            Cell::new(&*service.name),
            Cell::new(doors.join(", ")),
            Cell::new(clients.join(", ")),
            Cell::new(word),
            Cell::new(until.unwrap_or_else(|| "no certificate of ours".to_owned())),
        ]);
    }
    if session.printer.json {
        session
            .printer
            .value(&json!({ "version": 1, "services": values }));
    } else {
        session.printer.raw(&table::render(
            &[
                "service",
                "asked at",
                "clients",
                "takes up by",
                "valid until",
            ],
            &rows,
        ));
    }
    Ok(Exit::Done)
}

fn remove(session: &Session, name: &str) -> Result<Exit, Failure> {
    let store = session.store()?;
    let guard = run::begin(session, &store)?;
    let wanted = desired::load(session)?;
    let Some(service) = wanted.services.iter().find(|one| one.name == name) else {
        let names: Vec<&str> = wanted
            .services
            .iter()
            .map(|one| one.name.as_str())
            .collect();
        let failure = Failure::own(
            codes::NO_SERVICE,
            format!("there is no service {}", escape(name)),
        )
        .at(session.config.display().to_string());
        return Err(match names.is_empty() {
            true => failure,
            false => failure.because(format!("it has {}", names.join(", "))),
        });
    };
    let text = desired::text(session)?.unwrap_or_default();
    let without = remove_service(&session.config, &text, name)?.unwrap_or(text);
    let files: Vec<_> = service
        .kind()
        .map(|kind| services::paths(&*kind))
        .unwrap_or_default();
    let files: Vec<_> = files
        .iter()
        .filter_map(|path| fs::resolve(path).ok())
        .collect();
    let its = |path: &Path| {
        files
            .iter()
            .any(|file| file == path || file.starts_with(path))
    };
    let originals = store.originals()?;
    let farewell = services::farewell(std::slice::from_ref(service), &originals);
    let mut plan = Plan::new(format!("forget the service {name}"));
    for step in farewell.first {
        plan.push_action(step);
    }
    let back = store.restore_edits_where(|original| its(&original.path))?;
    for edit in back {
        plan.push_edit(edit)?;
    }
    plan.push_edit(desired::write(session, without))?;
    for step in farewell.last {
        plan.push_action(step);
    }
    for note in farewell.notes {
        plan.note(note);
    }
    let forgotten = originals.into_iter().map(|original| original.path);
    plan.forgets_originals_of(
        forgotten
            .filter(|path| files.contains(path))
            .collect::<Vec<_>>(),
    );
    show::plan(&session.printer, &plan)?;
    ask::proceed(session, &format!("Forget {name}?"))?;
    run::run(session, &store, &guard, plan)?;
    if session.has_vault()? {
        let mut vault = session.vault()?;
        let filter = Filter::all().identity(name).purpose(Purpose::Server);
        for entry in vault.entries(filter.state(StateKind::Active))? {
            vault.set_state(&entry.serial, &State::Withdrawn)?;
        }
    }
    session
        .printer
        .say(&format!("{name} is forgotten; its files are as they were."));
    Ok(Exit::Done)
}
