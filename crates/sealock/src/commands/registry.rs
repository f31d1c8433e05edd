//! `sealock registry`: where dockerd pulls from and pushes to with our certificates.

use std::path::Path;

use serde_json::json;

use sealock_change::Plan;
use sealock_check::checks::registry::why_unverified;
use sealock_diag::{Diagnose, escape};
use sealock_host::Desired;
use sealock_host::client::Bundle;
use sealock_host::desired::registry::ROOT_USER;
use sealock_host::desired::{Registry as Wanted, add_registry, remove_registry};
use sealock_host::registry::{RegistryError, check_host};
use sealock_host::survey::survey;
use sealock_pki::Purpose;

use crate::agent::place::Systemd;
use crate::agent::standing;
use crate::ask;
use crate::catalogue;
use crate::check::look::system;
use crate::cli::Registry;
use crate::cloak::course::Renewal;
use crate::cloak::keep::{InUse, Record, Settle};
use crate::cloak::registries::{self, Known};
use crate::cloak::{clients, desired, revoked, run, show};
use crate::commands::client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use crate::table::{self, Cell};

/// The word for whoever calls.
const CURRENT: &str = "current";

pub(crate) fn run(session: &Session, verb: Registry) -> Result<Exit, Failure> {
    match verb {
        Registry::Trust {
            host,
            client,
            rootless,
            hosts_toml,
        } => {
            let user = match rootless.as_deref() {
                None => ROOT_USER.to_owned(),
                Some(CURRENT) => invoking_user()?,
                Some(user) => user.to_owned(),
            };
            let asked = Wanted {
                host,
                client,
                users: vec![user],
                hosts_toml,
            };
            trust(session, asked)
        }
        Registry::List => list(session),
        Registry::Distrust { host } => distrust(session, &host),
    }
}

fn trust(session: &Session, asked: Wanted) -> Result<Exit, Failure> {
    check_host(&asked.host).map_err(|error| Failure::new(&error).exit(Exit::Usage))?;
    let store = session.store()?;
    let guard = run::begin(session, &store)?;
    let mut wanted = desired::load(session)?;
    let text = desired::text(session)?.unwrap_or_default();
    let registry = merged(&wanted, asked);
    let authority = client::authority(session, &wanted)?;
    let mut plan = Plan::new(format!("trust the registry {}", escape(&registry.host)));
    let mut pair: Option<Bundle> = None;
    let mut in_use = None;
    if let Some(name) = &registry.client {
        let client = client::find(&wanted, name)?;
        revoked::check(&session.vault()?, &wanted.authority.scope, name)?;
        let files = clients::files(session, &authority, &wanted, client, &Renewal::Due)?;
        if let Some(issued) = &files.issued {
            plan.push_action(Record {
                home: session.home.clone(),
                entries: vec![issued.to_record()],
                now: session.now,
            });
        }
        for edit in files.edits {
            plan.push_edit(edit)?;
        }
        let mut places = files.places;
        places.extend(registries::places(&registry)?);
        in_use = Some(InUse {
            identity: name.clone(),
            purpose: Purpose::Client,
            serial: files.bundle.leaf().serial().clone(),
            places,
        });
        pair = Some(files.bundle);
    }
    let known = Known::of(session, &authority)?;
    let anchors = authority.trusted(Purpose::Server)?;
    for edit in registries::edits(&registry, &anchors, pair.as_ref(), &known)? {
        plan.push_edit(edit)?;
    }
    let new_text = add_registry(&session.config, &text, &registry)?;
    plan.push_edit(desired::write(session, new_text))?;
    wanted
        .registries
        .retain(|other| other.host != registry.host);
    wanted.registries.push(registry.clone());
    if plan.is_empty() {
        session.printer.say(&format!(
            "0 changes: everything for {} is where it should be",
            escape(&registry.host)
        ));
    } else {
        if let Some(in_use) = in_use {
            plan.push_action(Settle {
                home: session.home.clone(),
                in_use: vec![in_use],
                now: session.now,
            });
        }
        show::plan(&session.printer, &plan)?;
        run::run(session, &store, &guard, plan)?;
        session.printer.say(&format!(
            "dockerd reads them at its next request to {}; no daemon needs a restart.",
            escape(&registry.host)
        ));
    }
    warn_unverified(session, &wanted, &registry);
    warn_closed(session, &registry)?;
    Ok(Exit::Done)
}

/// What was asked for over what the file says of this registry: another user comes beside those that are there.
fn merged(wanted: &Desired, asked: Wanted) -> Wanted {
    let Some(known) = wanted
        .registries
        .iter()
        .find(|known| known.host == asked.host)
    else {
        return asked;
    };
    let mut users = known.users.clone();
    for user in asked.users {
        if !users.contains(&user) {
            users.push(user);
        }
    }
    Wanted {
        host: asked.host,
        client: asked.client.or_else(|| known.client.clone()),
        users,
        hosts_toml: asked.hosts_toml || known.hosts_toml,
    }
}

/// Says when the daemon will not look at what was written.
fn warn_unverified(session: &Session, wanted: &Desired, registry: &Wanted) {
    let survey = survey(&system(), &wanted.options(), None);
    // What a rootless daemon is told stands in files of its user's.
    let host = survey
        .host
        .as_ref()
        .filter(|_| registry.users.iter().any(|user| user == ROOT_USER));
    if let Some(why) = why_unverified(host, &registry.host) {
        session.printer.warn(&format!(
            "{} is not verified: {why}, and none of these files is read for it; reach it by a name that leads to another address, and \
             keep it out of insecure-registries (sealock explain SL-F604)",
            escape(&registry.host)
        ));
    }
}

/// Says when the agent's service cannot write there: a look that has to would fail as a whole.
fn warn_closed(session: &Session, registry: &Wanted) -> Result<(), Failure> {
    let Ok(systemd) = Systemd::find(system()) else {
        return Ok(());
    };
    let closed = standing::closed(session, &systemd);
    let places = registries::places(registry)?;
    for folder in closed.iter().filter(|folder| {
        places
            .iter()
            .any(|place| Path::new(place).starts_with(folder))
    }) {
        session.printer.warn(&format!(
            "{} is closed to the agent's service, which keeps the files there; open it:  sealock agent install",
            escape(folder)
        ));
    }
    Ok(())
}

fn list(session: &Session) -> Result<Exit, Failure> {
    let wanted = desired::load(session)?;
    let mut rows = Vec::new();
    let mut values = Vec::new();
    for registry in &wanted.registries {
        let places = registries::places(registry)?;
        values.push(json!({
            "host": registry.host,
            "client": registry.client,
            "users": registry.users,
            "hostsToml": registry.hosts_toml,
            "places": places,
        }));
        rows.push(vec![
            Cell::new(&*registry.host),
            Cell::new(registry.client.as_deref().unwrap_or("nobody")),
            Cell::new(places.join(", ")),
        ]);
    }
    if session.printer.json {
        let value = json!({ "version": 1, "registries": values });
        session.printer.value(&value);
    } else {
        let heads = ["registry", "is shown", "installed"];
        session.printer.raw(&table::render(&heads, &rows));
    }
    Ok(Exit::Done)
}

fn distrust(session: &Session, host: &str) -> Result<Exit, Failure> {
    let store = session.store()?;
    let guard = run::begin(session, &store)?;
    let wanted = desired::load(session)?;
    let registry = find(&wanted, host)?;
    let text = desired::text(session)?.unwrap_or_default();
    let without = remove_registry(&session.config, &text, host)?.unwrap_or(text);
    let authority = client::authority(session, &wanted)?;
    let known = Known::of(session, &authority)?;
    let mut plan = Plan::new(format!("distrust the registry {}", escape(host)));
    for edit in registries::removals(registry, &known)? {
        plan.push_edit(edit)?;
    }
    plan.push_edit(desired::write(session, without))?;
    if let Some(client) = &registry.client {
        plan.note(format!(
            "{} keeps its certificate, and the registry still takes it; `sealock client remove {}` or `sealock revoke` end that",
            escape(client),
            escape(client)
        ));
    }
    show::plan(&session.printer, &plan)?;
    ask::proceed(session, &format!("Distrust {}?", escape(host)))?;
    run::run(session, &store, &guard, plan)?;
    Ok(Exit::Done)
}

/// The registry of this name; the error tells the names there are.
fn find<'a>(wanted: &'a Desired, host: &str) -> Result<&'a Wanted, Failure> {
    let all = &wanted.registries;
    all.iter()
        .find(|registry| registry.host == host)
        .ok_or_else(|| {
            let names: Vec<String> = all.iter().map(|one| escape(&one.host)).collect();
            let short: String = host.chars().take(64).collect();
            let error = RegistryError::Unknown {
                host: escape(&short),
                known: names.join(", "),
            };
            Failure::new(&error as &dyn Diagnose)
        })
}

/// Who stands behind sudo, else who this is. Root has no rootless daemon.
fn invoking_user() -> Result<String, Failure> {
    let named = ["SUDO_USER", "LOGNAME", "USER"]
        .iter()
        .filter_map(|variable| std::env::var(variable).ok())
        .find(|name| !name.is_empty() && name != ROOT_USER);
    named.ok_or_else(|| {
        Failure::own(
            catalogue::BAD_NAME,
            "nobody is known whose rootless daemon this would be",
        )
        .because("neither SUDO_USER nor LOGNAME nor USER names anybody but root")
        .help("name the user:\n  --rootless USER")
        .exit(Exit::Usage)
    })
}
