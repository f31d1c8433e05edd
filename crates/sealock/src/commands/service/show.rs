//! `sealock service show`: how a service stands, and how its clients connect.

use std::fmt::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use sealock_diag::escape;
use sealock_host::Desired;
use sealock_host::desired::Install;
use sealock_pki::Certificate;
use sealock_probe::service::{ServiceTarget, look};
use sealock_service::clients::{Customer, Recipe, usual_host};
use sealock_service::{Clients, Door, File, Holds, Kind, Service, TakeUp};

use crate::catalogue;
use crate::cloak::credentials::is_due;
use crate::cloak::{clients, desired, services};
use crate::commands::client;
use crate::exit::Exit;
use crate::failure::{COMMAND_LINE, Failure};
use crate::printer::{BOLD, paint};
use crate::session::Session;
use crate::table::fold;

/// Time for one look at a door.
const PATIENCE: Duration = Duration::from_secs(5);
/// What a page of text is folded to.
const WIDTH: usize = 76;

pub(crate) fn run(
    session: &Session,
    name: &str,
    client: Option<&str>,
    files: Option<&Path>,
) -> Result<Exit, Failure> {
    let wanted = desired::load(session)?;
    let service = super::find(session, &wanted, name)?;
    let kind = services::kind(session, service)?;
    let (customer, exists) = customer(session, &wanted, service, &*kind, client, files)?;
    let shown = Shown {
        service,
        leaf: ours(session, service)?,
        kind,
        customer,
        exists,
    };
    if session.printer.json {
        session.printer.value(&shown.json(session, &wanted));
    } else {
        session.printer.raw(&shown.text(session, &wanted));
    }
    Ok(Exit::Done)
}

/// The certificate in its file, when this vault issued it.
fn ours(session: &Session, service: &Service) -> Result<Option<Certificate>, Failure> {
    match services::certificate_of(service) {
        Some(leaf) if session.has_vault()? => {
            Ok(session.vault()?.find(leaf.serial())?.map(|_| leaf))
        }
        _ => Ok(None),
    }
}

/// Who connects, and whether this host knows anybody who could.
fn customer(
    session: &Session,
    wanted: &Desired,
    service: &Service,
    kind: &dyn Kind,
    client: Option<&str>,
    files: Option<&Path>,
) -> Result<(Customer, bool), Failure> {
    let known = match client {
        Some(name) => Some(client::find(wanted, name)?),
        None => wanted.clients.first(),
    };
    let folder = match (files, known) {
        (Some(files), _) => std::path::absolute(files).unwrap_or_else(|_| files.to_owned()),
        (None, None) => PathBuf::new(),
        (None, Some(client)) => {
            let mut installed = client.install.iter();
            match installed.find(|place| matches!(place, Install::Directory(_))) {
                Some(place) => clients::place(place)?.0.cert_dir(),
                None => clients::folder(session, &wanted.authority.scope, &client.name),
            }
        }
    };
    let doors = kind.doors();
    let asked = doors.first().map_or("", |door| door.server_name.as_str());
    let host = usual_host(service).unwrap_or(asked);
    let name = known.map_or("NAME", |client| client.name.as_str());
    let customer = Customer::new(name, &folder, host).map_err(|why| {
        Failure::own(
            catalogue::BAD_NAME,
            "the files of a client lie where no recipe can name them",
        )
        .at(match files {
            Some(_) => COMMAND_LINE.to_owned(),
            None => session.config.display().to_string(),
        })
        .because(format!("{} {why}", escape(&folder.to_string_lossy())))
        .help("sealock service show NAME --files DIR")
        .exit(Exit::Usage)
    })?;
    Ok((customer, known.is_some()))
}

/// Everything that is shown.
struct Shown<'a> {
    service: &'a Service,
    kind: Box<dyn Kind>,
    leaf: Option<Certificate>,
    customer: Customer,
    /// Whether the customer is a client of this host.
    exists: bool,
}

impl Shown<'_> {
    fn is_due(&self, session: &Session, wanted: &Desired) -> Option<bool> {
        let after = wanted.authority.renew_after;
        let leaf = self.leaf.as_ref();
        leaf.map(|leaf| is_due(leaf, after, session.now))
    }

    fn text(&self, session: &Session, wanted: &Desired) -> String {
        let mut out = String::new();
        let mut line = |label: &str, text: &str| {
            let _never = writeln!(out, "{label:<13}{text}");
        };
        line(
            "service",
            &format!("{}, {}", self.service.name, self.service.kind),
        );
        line("names", &escape(&self.service.names.join(", ")));
        match &self.leaf {
            None => line("certificate", "none of ours"),
            Some(leaf) => {
                let due = match self.is_due(session, wanted) {
                    Some(true) => ", due to be renewed",
                    _ => "",
                };
                line(
                    "certificate",
                    &format!("valid until {}{due}", leaf.not_after()),
                );
                line("", &format!("serial {}", leaf.serial()));
            }
        }
        for (at, file) in self.kind.files().iter().enumerate() {
            let label = if at == 0 { "files" } else { "" };
            let path = escape(&file.path.to_string_lossy());
            line(
                label,
                &format!("{path}  {}, {}", holds(file.holds), state(file)),
            );
        }
        for path in self.kind.configured() {
            line(
                "",
                &format!("{}  configuration", escape(&path.to_string_lossy())),
            );
        }
        match self.kind.take_up() {
            TakeUp::Reload(command) => line("reload", &escape(&command)),
            TakeUp::Restart(command) => line("restart", &escape(&command)),
            TakeUp::Hands => line("takes up", "by hand"),
        }
        for (at, door) in self.kind.doors().iter().enumerate() {
            let label = if at == 0 { "doors" } else { "" };
            let address = escape(&door.address);
            let who = match door.clients {
                Clients::Required => "clients need certificates",
                Clients::NotAsked => "clients are not asked for certificates",
            };
            line(label, &format!("{} at {address}, {who}", door.protocol));
            line("", &self.at_door(session, door));
        }
        let name = escape(self.customer.name());
        let _never = writeln!(
            out,
            "\n{}",
            paint(BOLD, &format!("How {name} connects, and knows the server:"))
        );
        if !self.exists {
            let _never = writeln!(
                out,
                "This host has no clients yet:  sealock client add NAME"
            );
        }
        for recipe in self.kind.clients(&self.customer) {
            out.push_str(&page(&recipe));
        }
        out
    }

    /// What a client without a certificate sees there now.
    fn at_door(&self, session: &Session, door: &Door) -> String {
        let seen = look(
            &ServiceTarget {
                address: door.address.clone(),
                server_name: door.server_name.clone(),
                protocol: door.protocol,
                timeout: PATIENCE,
                at: session.now,
            },
            None,
            &[],
        );
        if let Some(why) = seen.unreached {
            return format!("nobody answers: {why}");
        }
        let Some(tls) = seen.tls else {
            return format!("no TLS: {}", seen.without.said);
        };
        let version = tls.version.as_deref().unwrap_or("TLS");
        let own = self
            .leaf
            .as_ref()
            .map(|leaf| leaf.fingerprint().to_string());
        match own.is_some() && tls.leaf == own {
            true => format!("serves this certificate, {version}"),
            false => format!("serves another certificate, {version}"),
        }
    }

    fn json(&self, session: &Session, wanted: &Desired) -> Value {
        let (word, command) = match self.kind.take_up() {
            TakeUp::Reload(line) => ("reload", Some(line)),
            TakeUp::Restart(line) => ("restart", Some(line)),
            TakeUp::Hands => ("by hand", None),
        };
        let files: Vec<Value> = self
            .kind
            .files()
            .iter()
            .map(|file| {
                json!({
                    "path": file.path.to_string_lossy(),
                    "holds": holds(file.holds),
                    "mode": format!("{:04o}", file.mode),
                    "owner": file.owner.as_ref().map(ToString::to_string),
                    "state": state(file),
                })
            })
            .collect();
        let doors: Vec<Value> = self
            .kind
            .doors()
            .iter()
            .map(|door| {
                json!({
                    "address": door.address,
                    "protocol": door.protocol.as_str(),
                    "clients": door.clients.as_str(),
                    "now": self.at_door(session, door),
                })
            })
            .collect();
        let recipes: Vec<Value> = self
            .kind
            .clients(&self.customer)
            .iter()
            .map(|recipe| {
                json!({
                    "word": recipe.word,
                    "client": recipe.client,
                    "form": recipe.form.as_str(),
                    "text": recipe.text,
                    "notes": recipe.notes,
                })
            })
            .collect();
        let path = |name: &str| self.customer.file(name).to_string_lossy().into_owned();
        json!({
            "version": 1,
            "name": self.service.name,
            "kind": self.service.kind,
            "names": self.service.names,
            "certificate": self.leaf.as_ref().map(|leaf| json!({
                "serial": leaf.serial().to_string(),
                "notAfter": leaf.not_after().to_string(),
                "due": self.is_due(session, wanted),
            })),
            "files": files,
            "configuration": self.kind.configured().iter().map(|path| path.to_string_lossy()).collect::<Vec<_>>(),
            "takeUp": word,
            "command": command,
            "doors": doors,
            "client": self.exists.then(|| json!({
                "name": self.customer.name(),
                "ca": path("ca.pem"),
                "cert": path("cert.pem"),
                "key": path("key.pem"),
            })),
            "recipes": recipes,
        })
    }
}

fn holds(holds: Holds) -> &'static str {
    match holds {
        Holds::Key => "key",
        Holds::Certificate => "certificate",
        Holds::Anchors => "anchors of clients",
    }
}

/// How a file is, held against how it shall be.
fn state(file: &File) -> String {
    let Ok(metadata) = std::fs::metadata(&file.path) else {
        return "missing".to_owned();
    };
    let bits = metadata.mode() & 0o7777;
    let mode = match bits == file.mode {
        true => format!("mode {bits:04o}"),
        false => format!("mode {bits:04o}, expected {:04o}", file.mode),
    };
    let owner = format!("{}:{}", metadata.uid(), metadata.gid());
    match file.owner.as_ref().map(|account| account.resolve()) {
        Some(Ok(wanted)) if (wanted.uid, wanted.gid) != (metadata.uid(), metadata.gid()) => {
            format!(
                "{mode}, owner {owner}, expected {}:{}",
                wanted.uid, wanted.gid
            )
        }
        Some(Err(why)) => format!("{mode}, {why}"),
        _ => format!("{mode}, owner {owner}"),
    }
}

/// A recipe for people. Its text stands by itself in lines that are not folded, so that it can be pasted.
fn page(recipe: &Recipe) -> String {
    let mut out = format!("\n{}", paint(BOLD, recipe.client));
    let form = recipe.form.as_str();
    if !recipe.client.contains(form) && form != "shell" {
        let _never = write!(out, " ({form})");
    }
    out.push('\n');
    for line in recipe.text.lines() {
        let _never = writeln!(out, "    {}", escape(line));
    }
    for note in &recipe.notes {
        for line in fold(note, WIDTH).lines() {
            let _never = writeln!(out, "  {}", escape(line));
        }
    }
    out
}
