//! Everybody who would use Docker here.

mod shell;
mod store;
pub(super) mod users;

use crate::System;
use crate::client::{CliFlags, ContextName, config_dir, current_context};
use crate::survey::files::look;
use sealock_check::seen::{ClientSide, File, FileState, Origin, Role, TlsUse};
use sealock_diag::escape;
use std::path::{Path, PathBuf};
use users::User;

/// This shell, and every user's folder and contexts.
pub(super) fn clients(system: &dyn System) -> Vec<ClientSide> {
    let env = |name: &str| system.variable(name);
    let own = users::own(system);
    let shell = shell_client(system, &env, &own.home);
    let mut others = clients_of_all_users(system);
    others.retain(|other| !same(&shell, other));
    others.insert(0, shell);
    others
}

/// Every user's folder with the three files, and every context of their stores: of all users for root, of
/// the own one for others.
pub(crate) fn clients_of_all_users(system: &dyn System) -> Vec<ClientSide> {
    let users = users::all(system);
    users
        .iter()
        .flat_map(|user| of_user(system, user))
        .collect()
}

/// This shell: what the docker CLI would do with this environment. `env` is asked for every variable that
/// counts, proxies included.
pub fn shell_client(
    system: &dyn System,
    env: &dyn Fn(&str) -> Option<String>,
    home: &Path,
) -> ClientSide {
    shell::client(system, env, home, &CliFlags::default())
}

/// The client that a user means: a context of the own store (`default` is this shell without one), or a
/// folder. `None` when it is neither.
pub fn client_at(
    system: &dyn System,
    env: &dyn Fn(&str) -> Option<String>,
    home: &Path,
    what: &str,
) -> Option<ClientSide> {
    if what == crate::client::DEFAULT_CONTEXT {
        let flags = CliFlags {
            context: Some(what.to_owned()),
            ..CliFlags::default()
        };
        return Some(shell::client(system, env, home, &flags));
    }
    let dir = absolute(config_dir(env, home));
    let (uid, _) = system.user();
    if what.parse::<ContextName>().is_ok() {
        let mut found = store::named(system, &dir, what, uid);
        if found.context.as_ref().is_some_and(|facts| facts.exists) {
            found.label = format!("context {}", escape(what));
            found.variables = shell::variables(env);
            return Some(found);
        }
    }
    if what.is_empty() {
        return None;
    }
    let folder = absolute(PathBuf::from(what));
    std::fs::metadata(system.root().at(&folder))
        .is_ok_and(|found| found.is_dir())
        .then(|| folder_client(system, &folder, escape(what), uid))
}

/// Whether two are one and the same: what the shell uses is not told again as somebody's context or folder.
fn same(shell: &ClientSide, other: &ClientSide) -> bool {
    let paths = |client: &ClientSide| -> Vec<PathBuf> {
        client.files.iter().map(|file| file.path.clone()).collect()
    };
    match other.origin {
        Origin::Context { .. } => shell.origin == other.origin,
        _ => !shell.files.is_empty() && paths(shell) == paths(other),
    }
}

/// The folder and the contexts of a user.
fn of_user(system: &dyn System, user: &User) -> Vec<ClientSide> {
    let dir = user.home.join(".docker");
    let settings = settings(system, &dir);
    let name = escape(&user.name);
    let mut found = Vec::new();
    let mut folder = folder_client(system, &dir, format!("~/.docker of {name}"), user.uid);
    let holds = |file: &File| !matches!(file.state, FileState::Absent);
    if folder.files.iter().any(holds) {
        found.push(folder);
    } else if settings.problem.is_some() {
        folder.files.clear();
        found.push(folder);
    }
    found.extend(store::all(system, &dir, user.uid));
    if let Some(current) = &settings.current {
        let is_current = |client: &ClientSide| matches!(&client.origin, Origin::Context { name, .. } if name == current);
        if !found.iter().any(is_current) {
            found.push(store::named(system, &dir, current, user.uid));
        }
        for client in found.iter_mut().filter(|client| is_current(client)) {
            client.because = Some(format!(
                "{} makes it the current one",
                shown(&dir.join("config.json"))
            ));
            if let Some(facts) = &mut client.context {
                facts.current = true;
            }
        }
    }
    for client in &mut found {
        client.config_problem.clone_from(&settings.problem);
        if let Origin::Context { name: context, .. } = &client.origin {
            client.label = format!("context {} of {name}", escape(context));
        }
    }
    found
}

/// A folder that nobody uses at the moment.
fn folder_client(system: &dyn System, dir: &Path, label: String, uid: u32) -> ClientSide {
    ClientSide {
        label,
        origin: Origin::Directory(dir.to_path_buf()),
        tls: TlsUse::Unused,
        files: three(
            system,
            &["ca.pem", "cert.pem", "key.pem"].map(|name| dir.join(name)),
            uid,
        ),
        ..nobody()
    }
}

/// A client without anything.
fn nobody() -> ClientSide {
    ClientSide {
        label: String::new(),
        origin: Origin::Shell,
        written: None,
        host: None,
        tls: TlsUse::Off,
        because: None,
        without_effect: Vec::new(),
        variables: std::collections::BTreeMap::new(),
        files: Vec::new(),
        context: None,
        config_problem: None,
    }
}

/// The three files at these places. None counts as named: the CLI has its own way with missing ones.
fn three(system: &dyn System, paths: &[PathBuf; 3], uid: u32) -> Vec<File> {
    let roles = [
        Role::ClientAnchors,
        Role::ClientCertificate,
        Role::ClientKey,
    ];
    let files = paths.iter().zip(roles);
    files
        .map(|(path, role)| look(system, path, role, false, uid))
        .collect()
}

/// What counts of a `config.json`.
#[derive(Debug, Default)]
struct Settings {
    /// Its text, when it can be used.
    text: Option<String>,
    /// The current context that it names.
    current: Option<String>,
    /// Its path and why it cannot be used, escaped.
    problem: Option<String>,
}

fn settings(system: &dyn System, dir: &Path) -> Settings {
    let path = dir.join("config.json");
    let problem = |why: &str| Settings {
        problem: Some(format!("{}: {}", shown(&path), escape(why))),
        ..Settings::default()
    };
    let bytes = match read(system, &path) {
        Ok(None) => return Settings::default(),
        Ok(Some(bytes)) => bytes,
        Err(why) => return problem(&why),
    };
    let Ok(text) = String::from_utf8(bytes) else {
        return problem("it is no UTF-8 text");
    };
    match current_context(&text, &path) {
        Ok(current) => Settings {
            text: Some(text),
            current,
            problem: None,
        },
        Err(crate::client::ClientError::ConfigBroken { why, .. }) => problem(&why),
        Err(error) => problem(&error.to_string()),
    }
}

/// The bytes of a small file; `None` when there is none, and otherwise why not.
fn read(system: &dyn System, path: &Path) -> Result<Option<Vec<u8>>, String> {
    let at = system.root().at(path);
    if std::fs::symlink_metadata(&at)
        .is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
    {
        return Ok(None);
    }
    sealock_change::fs::read(&at).map(Some).map_err(|error| {
        use sealock_diag::Diagnose as _;
        error.cause().unwrap_or_else(|| error.to_string())
    })
}

/// The names in a folder, in order; none when it cannot be listed. Bounded, whoever filled it.
fn names(system: &dyn System, dir: &Path) -> Vec<String> {
    const MOST: usize = 1000;
    let Ok(entries) = std::fs::read_dir(system.root().at(dir)) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .take(MOST)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

fn shown(path: &Path) -> String {
    escape(&path.to_string_lossy())
}

/// A relative path in a variable counts from where we stand.
fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

#[cfg(test)]
mod tests;
