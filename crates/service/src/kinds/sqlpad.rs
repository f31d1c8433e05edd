//! SQLPad: HTTPS by the variables of its generation, in an environment file of our own.
//!
//! It serves plain HTTP without a word when it does not know the variables that name key and certificate, and they have
//! changed in 5.1. It asks no client for a certificate; who comes in by one does so through a gateway in front.

mod remarks;
pub mod running;

use std::path::{Path, PathBuf};

use sealock_change::{Content, Edit, fs};

use super::template;
use crate::kind::{Clients, Door, File, Holds, Kind, Problem, Profile, Remark, TakeUp, Unfit};
use crate::owner::Account;
use crate::protocol::Protocol;
use crate::service::{Service, Setting};

/// Every key of its table.
pub(super) const KEYS: &[&str] = &[
    "name",
    "kind",
    "names",
    "life",
    "address",
    "cert",
    "key",
    "owner",
    "restart",
    "generation",
    "environment",
    "public-url",
    "base-url",
    "google-client-id",
    "allowed-domains",
    "userpass-disabled",
    "session-minutes",
    "cookie-name",
    "cookie-secure",
    "auth-proxy-header",
];

const ENVIRONMENT: &str = "/etc/sqlpad/sealock.env";
const CERT: &str = "/etc/sqlpad/tls/cert.pem";
const KEY: &str = "/etc/sqlpad/tls/key.pem";
/// Where Google sends people back to, below the public URL and the base URL.
const CALLBACK: &str = "/auth/google/callback";
const GENERATIONS: [&str; 4] = ["3", "5", "6", "7"];
/// Nobody stays logged in for more than a year.
const MOST_MINUTES: i64 = 366 * 24 * 60;
const PRIVATE: u32 = 0o600;
const PUBLIC: u32 = 0o644;

#[derive(Debug)]
struct Sqlpad {
    cert: PathBuf,
    key: PathBuf,
    owner: Option<Account>,
    environment: PathBuf,
    text: String,
    generation: String,
    believes: bool,
    take_up: TakeUp,
    door: Door,
}

/// The names of the variables changed between 3 and 5.1.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Generation {
    Three,
    /// From 5.1 on.
    Later,
}

pub(super) fn read(service: &Service) -> Result<Box<dyn Kind>, Problem> {
    let file = |key, example| -> Result<PathBuf, Problem> {
        let text = service.needs(key, example)?;
        let path = template::path(service, key)?.unwrap_or_default();
        plain(key, text, "/._-+@").map(|_| path)
    };
    let cert = file("cert", CERT)?;
    let key = file("key", KEY)?;
    let environment = file("environment", ENVIRONMENT)?;
    if key == cert || key == environment {
        return Err(Problem::new("key", "another key names the same file"));
    }
    if cert == environment {
        return Err(Problem::new("cert", "another key names the same file"));
    }
    let owner = service.text("owner")?.map(str::parse).transpose();
    Ok(Box::new(Sqlpad {
        owner: owner.map_err(|why: String| Problem::new("owner", why))?,
        text: environment_of(service, &cert, &key)?,
        generation: service.needs("generation", "7")?.to_owned(),
        believes: service.text("auth-proxy-header")?.is_some(),
        take_up: template::take_up(service)?,
        door: Door {
            protocol: Protocol::Https,
            clients: Clients::NotAsked,
            ..template::door(service, false)?
        },
        cert,
        key,
        environment,
    }))
}

impl Kind for Sqlpad {
    fn profile(&self) -> Profile {
        Profile::default()
    }

    fn files(&self) -> Vec<File> {
        let file = |path: &PathBuf, holds, mode| File {
            path: path.clone(),
            holds,
            mode,
            owner: self.owner.clone(),
        };
        vec![
            file(&self.key, Holds::Key, PRIVATE),
            file(&self.cert, Holds::Certificate, PUBLIC),
        ]
    }

    fn configuration(&self) -> Result<Vec<Edit>, Unfit> {
        Ok(vec![Edit::Write {
            path: self.environment.clone(),
            content: Content::Public(self.text.clone().into_bytes()),
            mode: PUBLIC,
            owner: None,
        }])
    }

    fn configured(&self) -> Vec<PathBuf> {
        vec![self.environment.clone()]
    }

    fn remarks(&self) -> Vec<Remark> {
        let told = remarks::Told {
            generation: &self.generation,
            environment: &self.environment,
            believes: self.believes,
            address: &self.door.address,
        };
        let bytes = fs::read(&self.environment).ok();
        let text = bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let listeners = running::at(&self.door.address);
        remarks::all(&told, text.as_deref(), &listeners)
    }

    fn take_up(&self) -> TakeUp {
        self.take_up.clone()
    }

    fn doors(&self) -> Vec<Door> {
        vec![self.door.clone()]
    }
}

/// Our environment file. systemd and compose read lines like these alike: no value in it needs a quote.
fn environment_of(service: &Service, cert: &Path, key: &Path) -> Result<String, Problem> {
    let generation = generation(service)?;
    let later = generation == Generation::Later;
    let mut lines = vec![format!(
        "# Written by sealock for the service {} of sealock.toml. What is changed here is put back by sealock apply.",
        service.name
    )];
    let name = |three: &'static str, now: &'static str| if later { now } else { three };
    let [old, new] = [remarks::OLD, remarks::NEW];
    let mut set = |name: &str, value: String| lines.push(format!("{name}={value}"));
    set(name(old[0], new[0]), key.display().to_string());
    set(name(old[1], new[1]), cert.display().to_string());
    let public = public_url(service)?;
    if let Some(url) = public {
        set("PUBLIC_URL", url.to_owned());
    }
    let base = base_url(service)?;
    if let Some(path) = base {
        set("SQLPAD_BASE_URL", path.to_owned());
    }
    let google = service.text("google-client-id")?;
    if let Some(id) = google {
        plain("google-client-id", id, "._-")?;
        set(
            name("GOOGLE_CLIENT_ID", "SQLPAD_GOOGLE_CLIENT_ID"),
            id.to_owned(),
        );
    }
    if let Some(domains) = domains(service)? {
        set(
            name("WHITELISTED_DOMAINS", "SQLPAD_ALLOWED_DOMAINS"),
            domains,
        );
    }
    if let Some(disabled) = flag(service, "userpass-disabled")? {
        let name = name("DISABLE_USERPASS_AUTH", "SQLPAD_USERPASS_AUTH_DISABLED");
        set(name, disabled.to_string());
    }
    if let Some(minutes) = minutes(service)? {
        set("SQLPAD_SESSION_MINUTES", minutes.to_string());
    }
    if let Some(cookie) = service.text("cookie-name")? {
        plain("cookie-name", cookie, "._-")?;
        set("SQLPAD_COOKIE_NAME", cookie.to_owned());
    }
    let since = |key: &str, version: &str| {
        let what = format!("this generation has no such setting; {version} does");
        Problem::new(key, what).help("generation = \"7\"")
    };
    let word = service.needs("generation", "7")?;
    match flag(service, "cookie-secure")? {
        Some(_) if matches!(word, "3" | "5") => return Err(since("cookie-secure", "6.9")),
        Some(secure) => set("SQLPAD_COOKIE_SECURE", secure.to_string()),
        None => {}
    }
    match service.text("auth-proxy-header")? {
        Some(_) if !later => return Err(since("auth-proxy-header", "4.2")),
        Some(header) => {
            plain("auth-proxy-header", header, "-")?;
            set("SQLPAD_AUTH_PROXY_ENABLED", "true".to_owned());
            set("SQLPAD_AUTH_PROXY_HEADERS", format!("email:{header}"));
        }
        None => {}
    }
    match (google, public) {
        (Some(_), None) => {
            let what = "Google sends people back to the public URL, and there is none";
            return Err(
                Problem::new("google-client-id", what).help("public-url = \"https://HOST\"")
            );
        }
        (Some(_), Some(url)) => {
            let secret = name("GOOGLE_CLIENT_SECRET", "SQLPAD_GOOGLE_CLIENT_SECRET");
            lines.push(format!(
                "# Google must know {url}{}{CALLBACK}; {secret} belongs into an environment file of yours.",
                base.unwrap_or_default()
            ));
        }
        (None, _) => {}
    }
    lines.push(String::new());
    Ok(lines.join("\n"))
}

fn generation(service: &Service) -> Result<Generation, Problem> {
    match service.needs("generation", "7")? {
        "3" => Ok(Generation::Three),
        other if GENERATIONS.contains(&other) => Ok(Generation::Later),
        other => Err(Problem::new(
            "generation",
            format!(
                "`{}` is none of {}",
                template::shown(other),
                GENERATIONS.join(", ")
            ),
        )
        .help("5 is 5.1 and later")),
    }
}

/// `https://HOST[:PORT]`, without a slash at the end: paths are appended.
fn public_url(service: &Service) -> Result<Option<&str>, Problem> {
    const NAME: &str = "public-url";
    let Some(url) = service.text(NAME)? else {
        return Ok(None);
    };
    let authority = url.strip_prefix("https://");
    let legal = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    match authority {
        Some(authority) if !authority.is_empty() && authority.chars().all(legal) => Ok(Some(url)),
        _ => {
            let what = format!("`{}` is not https://HOST[:PORT]", template::shown(url));
            Err(Problem::new(NAME, what).help("public-url = \"https://sqlpad.example.org\""))
        }
    }
}

fn base_url(service: &Service) -> Result<Option<&str>, Problem> {
    const NAME: &str = "base-url";
    match service.text(NAME)? {
        None => Ok(None),
        Some(path) if !path.starts_with('/') || path.ends_with('/') => {
            let what = format!(
                "`{}` is no path without a slash at its end",
                template::shown(path)
            );
            Err(Problem::new(NAME, what).help("base-url = \"/sqlpad\""))
        }
        Some(path) => plain(NAME, path, "/._-").map(Some),
    }
}

/// SQLPad wants a blank between domains.
fn domains(service: &Service) -> Result<Option<String>, Problem> {
    const NAME: &str = "allowed-domains";
    match service.settings.get(NAME) {
        None => Ok(None),
        Some(Setting::List(all)) if !all.is_empty() => {
            for one in all {
                plain(NAME, one, ".-")?;
            }
            Ok(Some(all.join(" ")))
        }
        Some(_) => Err(Problem::new(NAME, "expected a list of domains")
            .help("allowed-domains = [\"example.org\"]")),
    }
}

fn flag(service: &Service, key: &str) -> Result<Option<bool>, Problem> {
    match service.settings.get(key) {
        None => Ok(None),
        Some(Setting::Flag(flag)) => Ok(Some(*flag)),
        Some(_) => Err(Problem::new(key, "expected true or false")),
    }
}

fn minutes(service: &Service) -> Result<Option<i64>, Problem> {
    const NAME: &str = "session-minutes";
    match service.settings.get(NAME) {
        None => Ok(None),
        Some(Setting::Number(minutes)) if (1..=MOST_MINUTES).contains(minutes) => {
            Ok(Some(*minutes))
        }
        Some(_) => Err(Problem::new(
            NAME,
            format!("expected minutes, 1 to {MOST_MINUTES}"),
        )),
    }
}

/// Letters, digits and a few more, so that no reader of such a file sees a quote, a variable or a comment.
fn plain<'t>(key: &str, text: &'t str, more: &str) -> Result<&'t str, Problem> {
    let legal = |c: char| c.is_ascii_alphanumeric() || more.contains(c);
    match !text.is_empty() && text.chars().all(legal) {
        true => Ok(text),
        false => Err(Problem::new(
            key,
            format!(
                "`{}`: only letters, digits and {more} can stand here",
                template::shown(text)
            ),
        )),
    }
}

#[cfg(test)]
mod tests;
