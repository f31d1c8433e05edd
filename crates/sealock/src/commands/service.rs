//! `sealock service`: what else on this host has a certificate of ours.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use sealock_change::{Plan, fs};
use sealock_diag::escape;
use sealock_host::Desired;
use sealock_host::desired::{add_service, remove_service};
use sealock_pki::Purpose;
use sealock_service::{Problem, Protocol, Service as Wanted, Setting, TakeUp, check_name, kinds};
use sealock_vault::{Filter, State, StateKind};

use crate::ask;
use crate::cli::{Service, ServiceAdd};
use crate::cloak::credentials::is_due;
use crate::cloak::{self, desired, run, services};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use crate::table::{self, Cell};

pub(crate) mod codes;
mod show;

const DAY: u64 = 86_400;

pub(crate) fn run(session: &Session, verb: Service) -> Result<Exit, Failure> {
    match verb {
        Service::Add(args) => add(session, &args),
        Service::List => list(session),
        Service::Show {
            name,
            client,
            files,
        } => show::run(session, &name, client.as_deref(), files.as_deref()),
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
    cloak::show::plan(&session.printer, &plan)?;
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
    let is_template = args.kind == TEMPLATE;
    let probe = args.probe.or(is_template.then_some(Protocol::Tls));
    let probe = probe.map(|probe| Setting::Text(probe.to_string()));
    let owner = args.owner.as_ref().map(ToString::to_string);
    let own = [
        ("address", Some(text(&args.address))),
        ("probe", probe),
        ("cert", args.cert.as_deref().map(file)),
        ("key", args.key.as_deref().map(file)),
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
    ];
    let problem = |problem: Problem| {
        let failure = refuse(format!("{}: {}", problem.key, problem.problem));
        match problem.help {
            Some(help) => failure.help(on_command_line(&help)),
            None => failure,
        }
    };
    let settings = settings(&args.kind, own, &args.set).map_err(problem)?;
    let service = Wanted {
        name: args.name.clone(),
        kind: args.kind.clone(),
        names: args.names.clone(),
        life: Duration::from_secs(u64::from(args.days) * DAY),
        settings,
    };
    service.kind().map_err(problem)?;
    Ok(service)
}

/// The kind of services whose every key has an option.
const TEMPLATE: &str = "template";
/// Keys of a table that have options; `life` is told by days.
const OPTIONS: [(&str, &str); 15] = [
    ("name", "NAME"),
    ("kind", "--kind"),
    ("names", "--names"),
    ("life", "--days"),
    ("address", "--address"),
    ("probe", "--probe"),
    ("cert", "--cert"),
    ("key", "--key"),
    ("ca", "--ca"),
    ("mode", "--mode"),
    ("owner", "--owner"),
    ("reload", "--reload"),
    ("restart", "--restart"),
    ("clients", "--clients"),
    ("profile", "--profile"),
];

/// What options of their own say, and what `--set` does; the kind says which keys there are.
fn settings<const N: usize>(
    kind: &str,
    own: [(&'static str, Option<Setting>); N],
    set: &[(String, String)],
) -> Result<BTreeMap<String, Setting>, Problem> {
    let Some(entry) = kinds::find(kind) else {
        return Err(Problem::new("kind", "no such kind of service"));
    };
    let mut settings = BTreeMap::new();
    for (key, setting) in own {
        let Some(setting) = setting else {
            continue;
        };
        if !entry.keys.contains(&key) {
            return Err(entry.setting(key, "").err().unwrap_or_else(|| {
                Problem::new(key, format!("a service of the kind {kind} has no such key"))
            }));
        }
        settings.insert(key.to_owned(), setting);
    }
    for (key, value) in set {
        let setting = entry.setting(key, value)?;
        if let Some((_, option)) = OPTIONS.iter().find(|(known, _)| known == key) {
            return Err(Problem::new(
                key,
                format!("it is told by {option}, not by --set"),
            ));
        }
        if settings.insert(key.clone(), setting).is_some() {
            return Err(Problem::new(key, "it is set twice"));
        }
    }
    Ok(settings)
}

/// The line of a table as words of the command line: `volume = "/a:/b"` is `--set volume=/a:/b`.
fn on_command_line(help: &str) -> String {
    let legal = |c: char| c.is_ascii_lowercase() || c == '-';
    match help.split_once(" = ") {
        Some((key, value)) if !key.is_empty() && key.chars().all(legal) => {
            let plain = value
                .strip_prefix('"')
                .and_then(|value| value.strip_suffix('"'));
            let value = match plain {
                Some(plain) if !plain.contains('"') => plain,
                None if !value.contains(['"', '[', ' ']) => value,
                _ => return format!("in sealock.toml it would be  {help}"),
            };
            let value = match value.contains(' ') {
                true => format!("'{value}'"),
                false => value.to_owned(),
            };
            match OPTIONS.iter().find(|(known, _)| *known == key) {
                Some((_, option)) => format!("{option} {value}"),
                None => format!("--set {key}={value}"),
            }
        }
        _ => help.to_owned(),
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
    let service = find(session, &wanted, name)?;
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
    let back = services::released(std::slice::from_ref(service), back)?;
    for edit in back.edits {
        plan.push_edit(edit)?;
    }
    plan.push_edit(desired::write(session, without))?;
    for step in farewell.last {
        plan.push_action(step);
    }
    for note in farewell.notes.into_iter().chain(back.notes) {
        plan.note(note);
    }
    let forgotten = originals.into_iter().map(|original| original.path);
    plan.forgets_originals_of(
        forgotten
            .filter(|path| files.contains(path))
            .collect::<Vec<_>>(),
    );
    cloak::show::plan(&session.printer, &plan)?;
    ask::proceed(session, &format!("Forget {name}?"))?;
    run::run(session, &store, &guard, plan)?;
    if session.has_vault()? {
        let mut vault = session.vault()?;
        let filter = Filter::all().identity(name).purpose(Purpose::Server);
        for entry in vault.entries(filter.state(StateKind::Active))? {
            vault.set_state(&entry.serial, &State::Withdrawn)?;
        }
    }
    let but = match back.kept {
        0 => "",
        _ => ", but for what was edited since",
    };
    session.printer.say(&format!(
        "{name} is forgotten; its files are as they were{but}."
    ));
    Ok(Exit::Done)
}

/// The service of that name.
fn find<'a>(session: &Session, wanted: &'a Desired, name: &str) -> Result<&'a Wanted, Failure> {
    let mut services = wanted.services.iter();
    services.find(|one| one.name == name).ok_or_else(|| {
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
        match names.is_empty() {
            true => failure,
            false => failure.because(format!("it has {}", names.join(", "))),
        }
    })
}
