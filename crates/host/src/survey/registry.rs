//! The folders below `certs.d`.

use super::files::look;
use crate::System;
use sealock_check::seen::{Host, RegistryFolder, Role, Supervisor};
use std::path::{Path, PathBuf};

/// More registries, or files of one, than anybody has.
const MOST: usize = 500;

/// Every folder where the daemon would look for a registry's certificates.
pub(super) fn registries(system: &dyn System, host: Option<&Host>) -> Vec<RegistryFolder> {
    let supervisor = host.map(|host| host.supervisor);
    let mut roots = vec![(PathBuf::from("/etc/docker/certs.d"), 0)];
    if supervisor == Some(Supervisor::Snap) {
        roots.push((
            PathBuf::from("/var/snap/docker/current/etc/docker/certs.d"),
            0,
        ));
    }
    let (uid, _) = system.user();
    if supervisor == Some(Supervisor::Rootless) || uid != 0 {
        let config = system.variable("XDG_CONFIG_HOME").map(PathBuf::from);
        let home = || Some(PathBuf::from(system.variable("HOME")?).join(".config"));
        if let Some(config) = config.or_else(home) {
            roots.push((config.join("docker/certs.d"), uid));
        }
    }
    let mut found: Vec<RegistryFolder> = Vec::new();
    for (root, uid) in roots {
        for name in names(&system.root().at(&root)) {
            let path = root.join(&name);
            if system.root().at(&path).is_dir() {
                found.push(folder(system, path, name, uid));
            }
        }
    }
    found
}

fn folder(system: &dyn System, path: PathBuf, name: String, uid: u32) -> RegistryFolder {
    let at = system.root().at(&path);
    let text = sealock_change::fs::read(&at.join("hosts.toml")).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let files = names(&at)
        .into_iter()
        .filter(|file| file != "hosts.toml" && !at.join(file).is_dir())
        .map(|file| {
            let file_path = path.join(&file);
            let named = text.contains(&file);
            look(system, &file_path, role(&file_path), named, uid)
        })
        .collect();
    RegistryFolder {
        path,
        name,
        files,
        hosts_toml: !text.is_empty(),
    }
}

/// By the ending alone, as the daemon does.
fn role(path: &Path) -> Role {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("crt") => Role::RegistryAnchors,
        Some("cert") => Role::RegistryCertificate,
        Some("key") => Role::RegistryKey,
        _ => Role::Stray,
    }
}

/// The names in a folder, in order.
fn names(at: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(at) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .take(MOST)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::registries;
    use crate::testing::Fake;
    use sealock_check::seen::Role;

    #[test]
    fn files_have_the_role_of_their_ending() {
        let host = Fake::new("registries");
        let folder = "/etc/docker/certs.d/r.example.org:5000";
        for file in ["ca.crt", "client.cert", "client.key", "ca.pem"] {
            host.write(&format!("{folder}/{file}"), "x");
        }
        host.write(&format!("{folder}/folder/x"), "");
        host.write("/etc/docker/certs.d/loose.crt", "x");
        host.write(
            "/etc/docker/certs.d/other/hosts.toml",
            "[host.\"https://r\"]\nca = \"my.crt\"\n",
        );
        host.write("/etc/docker/certs.d/other/my.crt", "x");
        host.write("/etc/docker/certs.d/other/ca.crt", "x");
        let seen = registries(&*host, None);
        let names: Vec<&str> = seen.iter().map(|folder| &*folder.name).collect();
        assert_eq!(names, ["other", "r.example.org:5000"]);
        let roles: Vec<Role> = seen[1].files.iter().map(|file| file.role).collect();
        let expected = [
            Role::RegistryAnchors,
            Role::Stray,
            Role::RegistryCertificate,
            Role::RegistryKey,
        ];
        assert_eq!(roles, expected);
        assert!(seen[0].hosts_toml && !seen[1].hosts_toml);
        let named: Vec<bool> = seen[0].files.iter().map(|file| file.named).collect();
        assert_eq!(named, [false, true], "ca.crt is hidden, my.crt is named");
    }

    #[test]
    fn a_user_s_own_folder_is_seen_too() {
        let host = Fake::new("registries-rootless");
        host.write("/home/u/.config/docker/certs.d/r.example.org/ca.crt", "x");
        assert!(registries(&*host, None).is_empty(), "root has another");
        host.with(|script| script.uid = 1000);
        let seen = registries(&*host, None);
        assert_eq!(seen[0].files[0].rightful_uid, 1000);
    }
}
