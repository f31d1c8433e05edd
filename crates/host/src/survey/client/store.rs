//! Contexts as they lie in a store, sound or not.

use super::{names, nobody, read, three};
use crate::System;
use crate::client::ContextMeta;
use sealock_change::Digest;
use sealock_check::seen::{ClientSide, ContextFacts, Origin, TlsUse};
use sealock_diag::escape;
use std::path::Path;

/// Every context of a store.
pub(super) fn all(system: &dyn System, dir: &Path, uid: u32) -> Vec<ClientSide> {
    let folders = names(system, &dir.join("contexts/meta"));
    let found = folders
        .iter()
        .map(|folder| context(system, dir, folder, None, uid))
        .filter(|client| {
            let facts = client.context.as_ref();
            facts.is_some_and(|facts| facts.exists || facts.broken.is_some())
        });
    found.collect()
}

/// The context of this name, whether there is one or not.
pub(super) fn named(system: &dyn System, dir: &Path, name: &str, uid: u32) -> ClientSide {
    let folder = Digest::of(name.as_bytes()).to_string();
    context(system, dir, &folder, Some(name), uid)
}

/// What lies under a folder's name, which is the digest of the context's.
fn context(
    system: &dyn System,
    dir: &Path,
    folder: &str,
    name: Option<&str>,
    uid: u32,
) -> ClientSide {
    let meta = dir.join("contexts/meta").join(folder).join("meta.json");
    let mut client = ClientSide {
        origin: Origin::Context {
            name: name.unwrap_or(folder).to_owned(),
            store: dir.to_path_buf(),
        },
        context: Some(ContextFacts::default()),
        ..nobody()
    };
    let mut facts = ContextFacts::default();
    let parsed = match read(system, &meta) {
        Ok(None) => return client,
        Ok(Some(bytes)) => sound(&bytes),
        Err(why) => Err(why),
    };
    let meta = match parsed {
        Ok(meta) => meta,
        Err(why) => {
            facts.broken = Some(escape(&why));
            client.context = Some(facts);
            return client;
        }
    };
    if name.is_none() {
        client.origin = Origin::Context {
            name: meta.name().to_owned(),
            store: dir.to_path_buf(),
        };
    }
    let tls = dir.join("contexts/tls").join(folder).join("docker");
    let has_folder = std::fs::metadata(system.root().at(&tls)).is_ok_and(|found| found.is_dir());
    let known = ["ca.pem", "cert.pem", "key.pem"];
    facts.exists = true;
    facts.skip_tls_verify = meta.skips_verification();
    facts.unknown_files = names(system, &tls)
        .into_iter()
        .filter(|name| !known.contains(&&**name))
        // The CLI passes over folders.
        .filter(|name| {
            std::fs::metadata(system.root().at(tls.join(name))).is_ok_and(|found| !found.is_dir())
        })
        .collect();
    // The folder alone switches TLS on, whatever is in it.
    client.tls = match (facts.skip_tls_verify, has_folder) {
        (true, _) => TlsUse::Unverified,
        (false, true) => TlsUse::Verified,
        (false, false) => TlsUse::Off,
    };
    if client.tls != TlsUse::Off {
        client.files = three(system, &known.map(|name| tls.join(name)), uid);
    }
    let written = meta.host().unwrap_or_default();
    client.host = Some(completed(written, client.tls != TlsUse::Off));
    client.written = (!written.is_empty()).then(|| written.to_owned());
    client.context = Some(facts);
    client
}

/// A `meta.json` that the CLI can use.
fn sound(bytes: &[u8]) -> Result<ContextMeta, String> {
    let meta = ContextMeta::parse(bytes)?;
    let value: serde_json::Value =
        serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    match value.get("Endpoints").and_then(|all| all.get("docker")) {
        Some(_) => Ok(meta),
        None => Err("it has no endpoint \"docker\"".to_owned()),
    }
}

/// A context's host as the CLI uses it: every scheme that it does not know is TCP, and a missing port is
/// that of HTTP.
fn completed(written: &str, tls: bool) -> String {
    let rest = match written.split_once("://") {
        None if written.is_empty() => return "unix:///var/run/docker.sock".to_owned(),
        None | Some(("unix" | "npipe" | "ssh" | "fd", _)) => return written.to_owned(),
        Some((_, rest)) => rest,
    };
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let behind = authority
        .rsplit_once(']')
        .map_or(authority, |(_, after)| after);
    let port = behind
        .rsplit_once(':')
        .is_some_and(|(_, port)| !port.is_empty());
    let path = if path == "/" { "" } else { path };
    match port {
        true => format!("tcp://{authority}{path}"),
        false => format!(
            "tcp://{}:{}{path}",
            authority.trim_end_matches(':'),
            if tls { 443 } else { 80 }
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::completed;

    #[test]
    fn hosts_are_used_as_the_cli_uses_them() {
        for (written, tls, expected) in [
            ("tcp://h:2376", true, "tcp://h:2376"),
            ("tcp://h:2376/", true, "tcp://h:2376"),
            ("tcp://h", true, "tcp://h:443"),
            ("tcp://h:", false, "tcp://h:80"),
            ("tcp://[::1]", true, "tcp://[::1]:443"),
            ("https://h:2376/x", true, "tcp://h:2376/x"),
            ("unix:///x", true, "unix:///x"),
            ("ssh://u@h", false, "ssh://u@h"),
            ("h:2376", true, "h:2376"),
            ("", true, "unix:///var/run/docker.sock"),
        ] {
            assert_eq!(completed(written, tls), expected, "{written}");
        }
    }
}
