//! `sealock client`: people and machines that may reach the daemon.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use sealock_change::{Edit, Plan, Step, fs};
use sealock_diag::escape;
use sealock_host::Desired;
use sealock_host::client::{
    Bundle, Claim, Endpoint, Front, Place, Shell, WhenCurrent, archive_edit, env, farewell,
    installed, plan_install, plan_remove,
};
use sealock_host::desired::{Client as Wanted, Install, add_client, remove_client};
use sealock_pki::{Certificate, Purpose};
use sealock_vault::{Entry, Filter, State, Usage};

use crate::ask;
use crate::catalogue;
use crate::cli::{Client, ShellName};
use crate::cloak::course::Renewal;
use crate::cloak::credentials::{Authority, is_due};
use crate::cloak::keep::{InUse, Record, Settle};
use crate::cloak::revoked::{self, Revoked};
use crate::cloak::{clients, desired, registries, run, show, waiting};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input;
use crate::session::Session;
use crate::table::{self, Cell};

const DAY: u64 = 86_400;

pub(crate) fn run(session: &Session, verb: Client) -> Result<Exit, Failure> {
    match verb {
        Client::Add {
            name,
            install,
            days,
        } => add(session, &name, &install, days),
        Client::List => list(session),
        Client::Bundle { name, output } => bundle(session, &name, output),
        Client::Install {
            bundle,
            to,
            endpoint,
            replace,
        } => install(session, &bundle, &to, endpoint.as_deref(), replace),
        Client::Env { name, shell } => print_env(session, &name, shell),
        Client::Remove { name } => remove(session, &name),
    }
}

fn add(session: &Session, name: &str, install: &[String], days: u32) -> Result<Exit, Failure> {
    desired::check_name(name)?;
    let places = install
        .iter()
        .map(|text| parse_place(text))
        .collect::<Result<Vec<_>, _>>()?;
    let store = session.store()?;
    let guard = run::begin(session, &store)?;
    let mut wanted = desired::load(session)?;
    let text = desired::text(session)?.unwrap_or_default();
    let known = wanted.clients.iter().position(|client| client.name == name);
    let mut client = known.map_or_else(
        || Wanted {
            name: name.to_owned(),
            install: Vec::new(),
            life: Duration::from_secs(u64::from(days) * DAY),
        },
        |index| wanted.clients[index].clone(),
    );
    for place in places {
        if !client.install.contains(&place) {
            client.install.push(place);
        }
    }
    let new_text = add_client(&session.config, &text, &client)?;
    wanted.clients.retain(|other| other.name != name);
    wanted.clients.push(client.clone());

    let authority = authority(session, &wanted)?;
    let files = clients::files(session, &authority, &wanted, &client, &Renewal::Due)?;
    let mut plan = Plan::new(format!("let {name} in"));
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
    let shown = registries::of_client(session, &authority, &wanted, name, &files.bundle)?;
    for edit in shown.edits {
        plan.push_edit(edit)?;
    }
    plan.push_edit(desired::write(session, new_text))?;
    if plan.is_empty() {
        session.printer.say(&format!(
            "0 changes: {name} has a good certificate, and it is where it should be"
        ));
        return Ok(Exit::Done);
    }
    let in_use = InUse {
        identity: name.to_owned(),
        purpose: Purpose::Client,
        serial: files.bundle.leaf().serial().clone(),
        places: [files.places, shown.places].concat(),
    };
    plan.push_action(Settle {
        home: session.home.clone(),
        in_use: vec![in_use],
        now: session.now,
    });
    show::plan(&session.printer, &plan)?;
    run::run(session, &store, &guard, plan)?;
    session.printer.say(&format!(
        "{name} may come in until {}; no daemon needs a restart.",
        files.bundle.leaf().not_after()
    ));
    session
        .printer
        .say(&format!("To hand over:  sealock client bundle {name}"));
    Ok(Exit::Done)
}

fn list(session: &Session) -> Result<Exit, Failure> {
    let wanted = desired::load(session)?;
    let vault = session.vault()?;
    let revoked = Revoked::of(&vault, &wanted.authority.scope)?;
    let mut rows = Vec::new();
    let mut values = Vec::new();
    for client in &wanted.clients {
        let filter = Filter::all()
            .identity(&client.name)
            .purpose(Purpose::Client);
        let counts = |entry: &Entry| {
            entry.state == State::Active
                && entry.usage == Usage::Standing
                && entry.scope == wanted.authority.scope
        };
        let entry = vault.entries(filter)?.into_iter().rev().find(counts);
        let places: Vec<String> = entry
            .iter()
            .flat_map(|entry| entry.places.iter().map(|place| escape(&place.place)))
            .collect();
        let until = entry.as_ref().map(|entry| entry.not_after.to_string());
        values.push(json!({
            "name": client.name,
            "serial": entry.as_ref().map(|entry| entry.serial.to_string()),
            "notAfter": until,
            "revoked": revoked.since(&client.name).map(|since| since.to_string()),
            "due": entry.as_ref().map(|entry| is_due(&entry.certificate, wanted.authority.renew_after, session.now)),
            "places": places,
        }));
        rows.push(vec![
            Cell::new(&*client.name),
            Cell::new(until.unwrap_or_else(|| match revoked.since(&client.name) {
                Some(since) => format!("revoked at {since}"),
                None => "no certificate".to_owned(),
            })),
            Cell::new(places.join(", ")),
        ]);
    }
    if session.printer.json {
        session
            .printer
            .value(&json!({ "version": 1, "clients": values }));
    } else {
        session.printer.raw(&table::render(
            &["client", "valid until", "installed"],
            &rows,
        ));
    }
    Ok(Exit::Done)
}

fn bundle(session: &Session, name: &str, output: Option<PathBuf>) -> Result<Exit, Failure> {
    let bundle = stored_bundle(session, name)?;
    let path = output.unwrap_or_else(|| PathBuf::from(format!("{name}.tar")));
    let path = std::path::absolute(&path).unwrap_or(path);
    let Edit::Write { content, mode, .. } = archive_edit(&bundle, &path, session.now, None) else {
        return Err(Failure::own(catalogue::BUG, "an archive that is no file"));
    };
    // Outside the memory of changes: an archive is handed over, and `down` has no business with it.
    fs::write_atomic(&path, content.bytes(), mode, None)?;
    // Who has fetched it is waited for before an old anchor is dropped.
    taken(session, &bundle, &waiting::archive(&path))?;
    session.printer.data(&path.display().to_string());
    session
        .printer
        .say("It holds the private key: hand it over on a safe way, and delete it then.");
    let endpoint = clients::endpoint(&desired::load(session)?)?;
    session.printer.say(&format!(
        "There:  sealock client install {name}.tar --to ~/.docker   or, without sealock:"
    ));
    session.printer.say(&format!(
        "  mkdir -m 700 -p ~/.docker && tar -C ~/.docker -xf {name}.tar"
    ));
    session.printer.say(&format!(
        "  export DOCKER_HOST={endpoint} DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=~/.docker"
    ));
    Ok(Exit::Done)
}

fn install(
    session: &Session,
    source: &str,
    to: &str,
    endpoint: Option<&str>,
    replace: bool,
) -> Result<Exit, Failure> {
    let target = parse_place(to)?;
    let bundle = bundle_from(session, source)?;
    let endpoint = match endpoint {
        Some(text) => text.parse::<Endpoint>()?,
        None if desired::text(session)?.is_some() => clients::endpoint(&desired::load(session)?)?,
        // Only a context needs to know where the daemon is.
        None if matches!(target, Install::Context { .. }) => {
            return Err(Failure::own(
                catalogue::BAD_NAME,
                "a context needs to know where the daemon is",
            )
            .help("--endpoint tcp://NAME:2376")
            .exit(Exit::Usage));
        }
        None => "tcp://localhost:2376".parse()?,
    };
    let (place, owner) = clients::place(&target)?;
    let claim = if replace {
        Claim::Anything
    } else {
        Claim::Recognised
    };
    let store = session.store()?;
    let guard = run::begin(session, &store)?;
    let mut plan = Plan::new(format!("install {} at {target}", bundle.client_name()));
    for edit in plan_install(&bundle, &place, &endpoint, owner, claim)? {
        plan.push_edit(edit)?;
    }
    if plan.is_empty() {
        session
            .printer
            .say("0 changes: it is installed there already");
        return Ok(Exit::Done);
    }
    show::plan(&session.printer, &plan)?;
    // A client's own machine has nothing to take down: the place is the user's from here on.
    let paths: Vec<PathBuf> = plan
        .steps
        .iter()
        .filter_map(|step| {
            if let Step::File(edit) = step {
                Some(edit.path().to_owned())
            } else {
                None
            }
        })
        .collect();
    plan.forgets_originals_of(paths);
    let changes = run::run(session, &store, &guard, plan)?;
    let is_kept = match desired::find(session)? {
        Some(wanted) => {
            let mut clients = wanted.clients.iter();
            clients.any(|client| client.install.contains(&target))
        }
        None => false,
    };
    if !is_kept {
        taken(session, &bundle, &waiting::copy(&target))?;
    }
    session.printer.say(&format!("{changes} changes."));
    match &target {
        Install::Context { name, .. } => session
            .printer
            .say(&format!("Try:  docker --context {name} version")),
        Install::Directory(_) => session.printer.say(&format!(
            "Try:  DOCKER_HOST={endpoint} DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH={} docker version",
            escape(&place.cert_dir().to_string_lossy())
        )),
    }
    Ok(Exit::Done)
}

/// Notes in the inventory that a bundle was taken to a place that `apply` does not reach. A client's own machine has no
/// inventory, and a certificate of somebody else's stands in none.
fn taken(session: &Session, bundle: &Bundle, place: &str) -> Result<(), Failure> {
    if !session.has_vault()? {
        return Ok(());
    }
    let mut vault = session.vault()?;
    let serial = bundle.leaf().serial();
    if vault.find(serial)?.is_some() {
        vault.installed(serial, place, session.now)?;
    }
    Ok(())
}

fn print_env(session: &Session, name: &str, shell: ShellName) -> Result<Exit, Failure> {
    let wanted = desired::load(session)?;
    find(&wanted, name)?;
    let folder = clients::folder(session, &wanted.authority.scope, name);
    Bundle::read_dir(&folder)?;
    let endpoint = clients::endpoint(&wanted)?;
    let (shell, flag) = match shell {
        ShellName::Bash => (Shell::Bash, ""),
        ShellName::Fish => (Shell::Fish, " --shell fish"),
        ShellName::Powershell => (Shell::PowerShell, " --shell powershell"),
    };
    let script = env(
        &folder,
        &endpoint,
        shell,
        &format!("sealock client env {name}{flag}"),
    )?;
    session.printer.raw(&script);
    Ok(Exit::Done)
}

fn remove(session: &Session, name: &str) -> Result<Exit, Failure> {
    let store = session.store()?;
    let guard = run::begin(session, &store)?;
    let wanted = desired::load(session)?;
    let client = find(&wanted, name)?;
    let text = desired::text(session)?.unwrap_or_default();
    let without = remove_client(&session.config, &text, name)?.unwrap_or(text);
    let mut vault = session.vault()?;
    let mut entries = vault.entries(Filter::all().identity(name).purpose(Purpose::Client))?;
    // Who has this name in another scope is somebody else.
    entries.retain(|entry| entry.scope == wanted.authority.scope);
    let certificates: Vec<Certificate> = entries
        .iter()
        .map(|entry| entry.certificate.clone())
        .collect();

    let mut plan = Plan::new(format!("forget {name}"));
    let folder = clients::folder(session, &wanted.authority.scope, name);
    for (place, _) in places_of(client, &folder)? {
        if installed(&place)?.is_none_or(|leaf| certificates.contains(&leaf)) {
            let ours: Vec<_> = certificates.iter().map(Certificate::fingerprint).collect();
            for edit in plan_remove(&place, Claim::OneOf(&ours), WhenCurrent::Refuse)? {
                plan.push_edit(edit)?;
            }
        }
    }
    plan.push_edit(desired::write(session, without))?;
    let words = farewell(name, &certificates, session.now, Front::Dockerd);
    for sentence in &words.sentences {
        plan.note(sentence.clone());
    }
    show::plan(&session.printer, &plan)?;
    ask::proceed(session, &format!("Forget {name}?"))?;
    run::run(session, &store, &guard, plan)?;
    for entry in entries.iter().filter(|entry| entry.state == State::Active) {
        vault.set_state(&entry.serial, &State::Withdrawn)?;
    }
    if session.printer.json {
        session.printer.value(&json!({
            "version": 1,
            "name": name,
            "stillValid": words.still_valid,
            "until": words.until.map(|until| until.to_string()),
            "sentences": words.sentences,
        }));
    }
    Ok(Exit::Done)
}

/// Every place that a client's files are at: the vault's home, and where they are installed.
fn places_of(
    client: &Wanted,
    folder: &Path,
) -> Result<Vec<(Place, Option<sealock_change::Owner>)>, Failure> {
    let mut places = vec![(
        Place::Zone {
            dir: folder.to_owned(),
        },
        None,
    )];
    for install in &client.install {
        places.push(clients::place(install)?);
    }
    Ok(places)
}

fn parse_place(text: &str) -> Result<Install, Failure> {
    let expanded = match text.strip_prefix("dir:").unwrap_or(text) {
        // A relative folder means the one seen from here.
        path if !path.starts_with(['/', '~']) && !text.starts_with("context:") => {
            format!(
                "dir:{}",
                std::path::absolute(path)
                    .unwrap_or_else(|_| path.into())
                    .display()
            )
        }
        _ => text.to_owned(),
    };
    expanded.parse::<Install>().map_err(|problem| {
        Failure::own(catalogue::BAD_NAME, "this is no place for a client's files")
            .because(problem)
            .help("write ~/.docker, dir:DIR or context:NAME")
            .exit(Exit::Usage)
    })
}

pub(super) fn authority(session: &Session, wanted: &Desired) -> Result<Authority, Failure> {
    let name = sealock_pki::AuthorityName::try_from(wanted.authority.name.as_str())?;
    Authority::open(session, &name)?.ok_or_else(|| {
        Failure::own(
            catalogue::NOT_SET_UP,
            format!("the vault has no authority {name}"),
        )
        .at(session.home.display().to_string())
        .help("sealock up")
    })
}

/// The client of this name; the error tells the names there are.
pub(super) fn find<'a>(wanted: &'a Desired, name: &str) -> Result<&'a Wanted, Failure> {
    wanted
        .clients
        .iter()
        .find(|client| client.name == name)
        .ok_or_else(|| {
            let names: Vec<&str> = wanted
                .clients
                .iter()
                .map(|client| client.name.as_str())
                .collect();
            Failure::own(
                catalogue::NO_CLIENT,
                format!("there is no client `{}`", escape(name)),
            )
            .because(match names.is_empty() {
                true => "there are none yet".to_owned(),
                false => format!("known are: {}", names.join(", ")),
            })
            .help(match desired::check_name(name) {
                Ok(()) => format!("sealock client add {name}"),
                Err(_) => "sealock client list".to_owned(),
            })
        })
}

/// The bundle in the vault's home.
fn stored_bundle(session: &Session, name: &str) -> Result<Bundle, Failure> {
    let wanted = desired::load(session)?;
    find(&wanted, name)?;
    revoked::check(&session.vault()?, &wanted.authority.scope, name)?;
    Ok(Bundle::read_dir(&clients::folder(
        session,
        &wanted.authority.scope,
        name,
    ))?)
}

/// A bundle by a client's name, from a folder, or from an archive.
fn bundle_from(session: &Session, source: &str) -> Result<Bundle, Failure> {
    let path = Path::new(source);
    match fs::stat(path)?.map(|stat| stat.kind) {
        Some(fs::Kind::Directory) => Ok(Bundle::read_dir(path)?),
        Some(_) => {
            let bytes = input::read(path, sealock_host::client::LARGEST_ARCHIVE as u64)?;
            Ok(Bundle::from_archive(&path.display().to_string(), &bytes)?.bundle)
        }
        None if desired::text(session)?.is_some()
            && find(&desired::load(session)?, source).is_ok() =>
        {
            stored_bundle(session, source)
        }
        None => Err(
            Failure::own(catalogue::UNREADABLE_FILE, "there is no such bundle")
                .at(escape(source))
                .because("it is neither a file, nor a directory, nor a client of this host")
                .help("sealock client bundle NAME        where the client was made"),
        ),
    }
}
