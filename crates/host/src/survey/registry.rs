//! The folders below `certs.d`.

use super::client::users::named;
use super::files::look;
use crate::System;
use crate::desired::Desired;
use crate::desired::registry::ROOT_USER;
use crate::registry::{BELOW_CONFIG, ROOT};
use sealock_check::seen::{Host, RegistryFolder, Role, Supervisor};
use std::path::{Path, PathBuf};

/// More registries, or files of one, than anybody has.
const MOST: usize = 500;

/// Every folder where the daemon would look for a registry's certificates, and those of `sealock.toml` also where they are
/// not.
pub(super) fn registries(
    system: &dyn System,
    host: Option<&Host>,
    desired: Option<&Desired>,
) -> Vec<RegistryFolder> {
    let supervisor = host.map(|host| host.supervisor);
    let wanted = desired.map_or(&[][..], |desired| &desired.registries);
    let mut roots = vec![(PathBuf::from(ROOT), 0)];
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
            roots.push((config.join(BELOW_CONFIG), uid));
        }
    }
    let mut asked: Vec<PathBuf> = Vec::new();
    for registry in wanted {
        for user in &registry.users {
            let root = match user.as_str() {
                ROOT_USER => (PathBuf::from(ROOT), 0),
                // Somebody else's is not ours to look into, and our own is among them.
                _ if uid != 0 => continue,
                other => match named(system, other) {
                    Some(user) => (user.home.join(".config").join(BELOW_CONFIG), user.uid),
                    None => continue,
                },
            };
            asked.push(root.0.join(&registry.host));
            if !roots.iter().any(|(known, _)| *known == root.0) {
                roots.push(root);
            }
        }
    }
    let mut found: Vec<RegistryFolder> = Vec::new();
    for (root, uid) in roots {
        for name in names(&system.root().at(&root)) {
            let path = root.join(&name);
            if system.root().at(&path).is_dir() {
                let wanted = asked.contains(&path);
                found.push(folder(system, path, name, wanted, uid));
            }
        }
        let missing = |path: &&PathBuf| {
            path.parent() == Some(&*root) && !found.iter().any(|folder| folder.path == **path)
        };
        let missing: Vec<PathBuf> = asked.iter().filter(missing).cloned().collect();
        for path in missing {
            let name = path.file_name().unwrap_or_default();
            let name = name.to_string_lossy().into_owned();
            found.push(folder(system, path, name, true, uid));
        }
    }
    found
}

fn folder(
    system: &dyn System,
    path: PathBuf,
    name: String,
    wanted: bool,
    uid: u32,
) -> RegistryFolder {
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
        wanted,
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
    use crate::Desired;
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
        let seen = registries(&*host, None, None);
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
        assert!(
            registries(&*host, None, None).is_empty(),
            "root has another"
        );
        host.with(|script| script.uid = 1000);
        let seen = registries(&*host, None, None);
        assert_eq!(seen[0].files[0].rightful_uid, 1000);
    }

    #[test]
    fn what_is_asked_for_is_seen_where_it_is_not() {
        let host = Fake::new("registries-asked");
        host.write("/etc/passwd", "ann:x:1000:1000::/home/ann:/bin/sh\n");
        host.write("/etc/docker/certs.d/r.example.org/ca.crt", "x");
        let own = "/home/ann/.config/docker/certs.d";
        host.write(&format!("{own}/r.example.org:5000/ca.crt"), "x");
        let text = "version = 1\n[daemon]\n[[registry]]\nhost = \"r.example.org:5000\"\nusers = [\"root\", \"ann\", \"gone\"]\n";
        let desired = Desired::parse("/etc/sealock/sealock.toml".as_ref(), text).unwrap();
        let seen = registries(&*host, None, Some(&desired));
        let seen: Vec<(String, bool, usize, u32)> = seen
            .iter()
            .map(|folder| {
                let uid = folder.files.first().map_or(0, |file| file.rightful_uid);
                let path = folder.path.display().to_string();
                (path, folder.wanted, folder.files.len(), uid)
            })
            .collect();
        let there = |path: String, wanted, files, uid| (path, wanted, files, uid);
        assert_eq!(
            seen,
            [
                there("/etc/docker/certs.d/r.example.org".to_owned(), false, 1, 0),
                there(
                    "/etc/docker/certs.d/r.example.org:5000".to_owned(),
                    true,
                    0,
                    0
                ),
                there(format!("{own}/r.example.org:5000"), true, 1, 1000),
            ]
        );
        host.with(|script| script.uid = 1000);
        let seen = registries(&*host, None, Some(&desired));
        assert!(
            seen.iter()
                .all(|folder| !folder.path.starts_with("/home/ann/.config"))
        );
    }
}
