//! Writing `sealock.toml`, and edits that keep what a person wrote in it.

use super::{Authority, CRL_LIFE, Client, Desired, Share, format_life};
use crate::HostError;
use sealock_service::Service;
use std::fmt::Write as _;
use std::path::Path;
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, value};

/// The commented file for a desired state.
pub(super) fn write(desired: &Desired) -> String {
    let mut out = String::new();
    let daemon = &desired.daemon;
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "# What this host shall look like. `sealock plan` shows what would change, `sealock apply` does it,\n\
         # `sealock down` puts everything back.\n\
         version = 1\n\n\
         [authority]\n\
         name = {}\n\
         # ecdsa-p256, ecdsa-p384, ed25519, rsa-2048, rsa-3072 or rsa-4096\n\
         key = {}\n\
         {}\n\
         [daemon]\n\
         # Where dockerd listens, with a client certificate demanded on each.\n\
         listen = {}\n\
         # The names and addresses by which clients reach this host; they go into its certificate.\n\
         names = {}\n",
        text(&desired.authority.name),
        text(&desired.authority.key.to_string()),
        of_authority(&desired.authority),
        list(daemon.listen.iter().map(ToString::to_string)),
        list(daemon.names.iter().cloned()),
    );
    let paths = [
        ("docker-config", &daemon.docker_config),
        ("docker-socket", &daemon.docker_socket),
    ];
    for (key, path) in paths {
        if let Some(path) = path {
            let _ = writeln!(out, "{key} = {}", text(&path.display().to_string()));
        }
    }
    if let Some(command) = &daemon.restart_command {
        let _ = writeln!(
            out,
            "# What restarts the daemon, by /bin/sh.\nrestart-command = {}",
            text(command)
        );
    }
    let _ = write!(
        out,
        "# Keep containers running while dockerd restarts, where it can.\n\
         live-restore = {}\n\
         # Life of the server certificate; it is renewed long before.\n\
         server-life = {}\n",
        daemon.live_restore,
        text(&format_life(daemon.server_life)),
    );
    if let Some(gateway) = &desired.gateway {
        out.push_str(&super::gateway::write(gateway));
    }
    for client in &desired.clients {
        let _ = write!(
            out,
            "\n[[client]]\nname = {}\n\
             # \"~/.docker\", \"dir:/path\", \"context:NAME\" or \"context:NAME@user\"\n\
             install = {}\nlife = {}\n",
            text(&client.name),
            list(client.install.iter().map(ToString::to_string)),
            text(&format_life(client.life)),
        );
    }
    for service in &desired.services {
        out.push_str(&super::service::write(service));
    }
    out.push_str(&super::registry::write(&desired.registries));
    out
}

/// What `[authority]` has beside its name and its key, where it differs from the defaults.
fn of_authority(authority: &Authority) -> String {
    let mut out = String::new();
    if !authority.scope.is_own() {
        let _ = write!(
            out,
            "# The group of hosts whose clients may enter; see `sealock ca scope list`.\nscope = {}\n",
            text(authority.scope.as_str())
        );
    }
    if let Some(folder) = &authority.crl_dir {
        let _ = write!(
            out,
            "# Where revocation lists are published for others to read.\ncrl-dir = {}\n",
            text(&folder.display().to_string())
        );
    }
    if authority.crl_life != CRL_LIFE {
        let _ = writeln!(out, "crl-life = {}", text(&format_life(authority.crl_life)));
    }
    if authority.renew_after != Share::default() {
        let _ = writeln!(
            out,
            "renew-after = {}",
            text(&authority.renew_after.to_string())
        );
    }
    out
}

/// The same text with one more `[[client]]`, or with an existing one of that name replaced.
///
/// Comments, order and spacing of everything else stay.
pub fn add_client(path: &Path, source: &str, client: &Client) -> Result<String, HostError> {
    add(path, source, "client", &client.name, |table| {
        table["name"] = value(client.name.as_str());
        table["install"] = value(
            client
                .install
                .iter()
                .map(ToString::to_string)
                .collect::<Array>(),
        );
        table["life"] = value(format_life(client.life));
    })
}

/// The same text with one more `[[service]]`, or with an existing one of that name replaced.
///
/// Comments, order and spacing of everything else stay.
pub fn add_service(path: &Path, source: &str, service: &Service) -> Result<String, HostError> {
    add(path, source, "service", &service.name, |table| {
        let keys = super::service::keys(service);
        let gone: Vec<String> = table
            .iter()
            .map(|(key, _)| key.to_owned())
            .filter(|key| !keys.iter().any(|(wanted, _)| wanted == key))
            .collect();
        for key in gone {
            table.remove(&key);
        }
        for (key, wanted) in keys {
            table[&key] = Item::Value(wanted);
        }
    })
}

/// The same text without the `[[client]]` of that name; `None` when there is none.
pub fn remove_client(path: &Path, source: &str, name: &str) -> Result<Option<String>, HostError> {
    remove(path, source, "client", name)
}

/// The same text without the `[[service]]` of that name; `None` when there is none.
pub fn remove_service(path: &Path, source: &str, name: &str) -> Result<Option<String>, HostError> {
    remove(path, source, "service", name)
}

fn add(
    path: &Path,
    source: &str,
    key: &'static str,
    name: &str,
    fill: impl Fn(&mut Table),
) -> Result<String, HostError> {
    let mut document = document(path, source)?;
    let tables = document
        .entry(key)
        .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    let Item::ArrayOfTables(tables) = tables else {
        return Err(not_tables(path, key));
    };
    let existing = tables.iter_mut().find(|table| named(table, name));
    match existing {
        Some(table) => fill(table),
        None => {
            let mut table = Table::new();
            fill(&mut table);
            tables.push(table);
        }
    }
    let text = document.to_string();
    Desired::parse(path, &text)?;
    Ok(text)
}

fn remove(path: &Path, source: &str, key: &str, name: &str) -> Result<Option<String>, HostError> {
    let mut document = document(path, source)?;
    let Some(Item::ArrayOfTables(tables)) = document.get_mut(key) else {
        return Ok(None);
    };
    let Some(index) = tables.iter().position(|table| named(table, name)) else {
        return Ok(None);
    };
    tables.remove(index);
    if tables.is_empty() {
        document.remove(key);
    }
    let text = document.to_string();
    // Something else of the file may need what is gone.
    Desired::parse(path, &text)?;
    Ok(Some(text))
}

fn named(table: &Table, name: &str) -> bool {
    named_by(table, "name", name)
}

/// Whether the table has this name under this key.
pub(super) fn named_by(table: &Table, key: &str, name: &str) -> bool {
    table.get(key).and_then(Item::as_str) == Some(name)
}

pub(super) fn document(path: &Path, source: &str) -> Result<DocumentMut, HostError> {
    // Our own reader first: its errors know the line.
    Desired::parse(path, source)?;
    source
        .parse()
        .map_err(|error: toml_edit::TomlError| HostError::DesiredSyntax {
            path: path.to_path_buf(),
            line: 1,
            column: 1,
            problem: sealock_diag::escape(error.message()),
        })
}

pub(super) fn not_tables(path: &Path, key: &str) -> HostError {
    HostError::DesiredValue {
        path: path.to_path_buf(),
        line: 1,
        key: key.into(),
        problem: format!("written inline; it can only be edited as [[{key}]] tables"),
        help: None,
    }
}

pub(super) fn text(plain: &str) -> String {
    toml_edit::Value::from(plain).to_string()
}

pub(super) fn list(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.map(|item| text(&item)).collect();
    format!("[{}]", items.join(", "))
}
