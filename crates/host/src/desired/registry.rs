//! `[[registry]]`: where dockerd pulls from and pushes to with our certificates.

use super::Desired;
use super::edit::{document, list, named_by, not_tables, text};
use crate::HostError;
use std::fmt::Write as _;
use std::path::Path;
use toml_edit::{Array, ArrayOfTables, Item, Table, value};

/// The user whose daemon is not rootless.
pub const ROOT_USER: &str = "root";

/// `[[registry]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registry {
    /// What stands before the first slash of its images' names: the host, with the port when one is typed.
    pub host: String,
    /// Which client is shown to it; without one its certificate is verified and nothing is shown.
    pub client: Option<String>,
    /// Whose daemons: `root`, or users with a rootless one.
    pub users: Vec<String>,
    /// Whether containerd's `hosts.toml` is written too.
    pub hosts_toml: bool,
}

/// The tables for the registries of a desired state.
pub(super) fn write(registries: &[Registry]) -> String {
    let mut out = String::new();
    for registry in registries {
        // Writing to a String cannot fail.
        let _ = write!(
            out,
            "\n[[registry]]\n# As before the first slash of an image's name.\nhost = {}\n",
            text(&registry.host)
        );
        if let Some(client) = &registry.client {
            let _ = writeln!(out, "client = {}", text(client));
        }
        let _ = write!(
            out,
            "# Whose daemon: \"root\", or users with a rootless one.\nusers = {}\n",
            list(registry.users.iter().cloned())
        );
        if registry.hosts_toml {
            out.push_str("hosts-toml = true\n");
        }
    }
    out
}

/// The same text with one more `[[registry]]`, or with an existing one of that host replaced.
///
/// Comments, order and spacing of everything else stay.
pub fn add_registry(path: &Path, source: &str, registry: &Registry) -> Result<String, HostError> {
    let mut document = document(path, source)?;
    let registries = document
        .entry("registry")
        .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    let Item::ArrayOfTables(registries) = registries else {
        return Err(not_tables(path, "registry"));
    };
    let fill = |table: &mut Table| {
        table["host"] = value(registry.host.as_str());
        match &registry.client {
            Some(client) => table["client"] = value(client.as_str()),
            None => drop(table.remove("client")),
        }
        table["users"] = value(registry.users.iter().map(String::as_str).collect::<Array>());
        match registry.hosts_toml {
            true => table["hosts-toml"] = value(true),
            false => drop(table.remove("hosts-toml")),
        }
    };
    let existing = registries
        .iter_mut()
        .find(|table| named_by(table, "host", &registry.host));
    match existing {
        Some(table) => fill(table),
        None => {
            let mut table = Table::new();
            fill(&mut table);
            registries.push(table);
        }
    }
    let text = document.to_string();
    Desired::parse(path, &text)?;
    Ok(text)
}

/// The same text without the `[[registry]]` of that host; `None` when there is none.
pub fn remove_registry(path: &Path, source: &str, host: &str) -> Result<Option<String>, HostError> {
    let mut document = document(path, source)?;
    let registries = match document.get_mut("registry") {
        None => return Ok(None),
        Some(Item::ArrayOfTables(registries)) => registries,
        Some(_) => return Err(not_tables(path, "registry")),
    };
    let Some(index) = registries
        .iter()
        .position(|table| named_by(table, "host", host))
    else {
        return Ok(None);
    };
    registries.remove(index);
    if registries.is_empty() {
        document.remove("registry");
    }
    Ok(Some(document.to_string()))
}

#[cfg(test)]
mod tests {
    use super::{Registry, add_registry, remove_registry};
    use crate::Desired;
    use crate::desired::{Client, LEAF_LIFE, remove_client};
    use sealock_diag::Diagnose;
    use std::path::Path;

    fn path() -> &'static Path {
        Path::new("/etc/sealock/sealock.toml")
    }

    fn registry(host: &str, client: Option<&str>) -> Registry {
        Registry {
            host: host.to_owned(),
            client: client.map(str::to_owned),
            users: vec!["root".to_owned()],
            hosts_toml: false,
        }
    }

    fn host() -> Desired {
        let mut desired = Desired::new("a", Vec::new(), Vec::new());
        desired.clients.push(Client {
            name: "alice".to_owned(),
            install: Vec::new(),
            life: LEAF_LIFE,
        });
        desired
    }

    #[test]
    fn what_is_written_reads_back() {
        let mut desired = host();
        desired.registries = vec![
            registry("r.example.org", None),
            Registry {
                users: vec!["root".to_owned(), "bob".to_owned()],
                hosts_toml: true,
                ..registry("[2001:db8::5]:5000", Some("alice"))
            },
        ];
        let text = desired.to_toml();
        assert_eq!(Desired::parse(path(), &text).unwrap(), desired);
    }

    #[test]
    fn a_table_comes_changes_and_goes_and_comments_stay() {
        let source = format!("{}\n# mine\n", host().to_toml());
        let added = add_registry(path(), &source, &registry("r:5000", Some("alice"))).unwrap();
        assert!(
            added.contains("# mine") && added.contains("[[registry]]"),
            "{added}"
        );
        let again = add_registry(path(), &added, &registry("r:5000", None)).unwrap();
        let read = Desired::parse(path(), &again).unwrap();
        assert_eq!(read.registries, [registry("r:5000", None)]);
        let gone = remove_registry(path(), &again, "r:5000").unwrap().unwrap();
        assert!(gone.contains("# mine"), "{gone}");
        assert_eq!(Desired::parse(path(), &gone).unwrap(), host());
        assert!(remove_registry(path(), &gone, "r:5000").unwrap().is_none());
    }

    #[test]
    fn a_client_that_a_registry_is_shown_stays() {
        let source = host().to_toml();
        let added = add_registry(path(), &source, &registry("r:5000", Some("alice"))).unwrap();
        let error = remove_client(path(), &added, "alice").unwrap_err();
        assert_eq!(error.code().0, "SL-H103");
        assert!(add_registry(path(), &source, &registry("r:5000", Some("bob"))).is_err());
    }

    #[test]
    fn errors_name_line_key_and_remedy() {
        for (table, cause) in [
            ("", "the registry has no host"),
            ("host = \"https://r\"", "expected HOST:PORT, found a scheme"),
            ("host = \"registry\"", "without a dot or a port"),
            ("host = \"r:5000\"\nusers = []", "nobody's daemon"),
            ("host = \"r:5000\"\nusers = [\"../x\"]", "no name of a user"),
            (
                "host = \"r:5000\"\nclient = \"bob\"",
                "no client of this file",
            ),
            (
                "host = \"r:5000\"\n[[registry]]\nhost = \"r:5000\"",
                "is there twice",
            ),
        ] {
            let text = format!("version = 1\n[daemon]\n[[registry]]\n{table}\n");
            let error = Desired::parse(path(), &text).unwrap_err();
            assert_eq!(error.code().0, "SL-H103", "{table}");
            let said = Diagnose::cause(&error).unwrap_or_default();
            assert!(said.contains(cause), "{table}: {said}");
        }
    }
}
