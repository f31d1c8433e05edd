//! Whose settings are looked at.

use crate::System;
use std::path::PathBuf;

/// Somebody with a home.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::survey) struct User {
    pub(super) name: String,
    pub(in crate::survey) uid: u32,
    pub(in crate::survey) home: PathBuf,
}

/// Everybody for root, only ourselves otherwise. Nobody twice, and nobody without a home.
pub(super) fn all(system: &dyn System) -> Vec<User> {
    if system.user().0 != 0 {
        return vec![own(system)];
    }
    let mut users: Vec<User> = Vec::new();
    for user in passwd(system) {
        let person = user.uid == 0 || user.uid >= 1000;
        let lives = std::fs::metadata(system.root().at(&user.home)).is_ok_and(|home| home.is_dir());
        // A home of `/` is a service's, and its `.docker` would be nobody's.
        let home = user.home.parent().is_some();
        if person && lives && home && !users.iter().any(|other| other.home == user.home) {
            users.push(user);
        }
    }
    users
}

/// Ourselves: our `HOME`, as the docker CLI takes it.
pub(super) fn own(system: &dyn System) -> User {
    let (uid, _) = system.user();
    let entry = passwd(system).into_iter().find(|user| user.uid == uid);
    let home = system.variable("HOME").map(PathBuf::from);
    match (entry, home) {
        (Some(user), home) => User {
            home: home.unwrap_or_else(|| user.home.clone()),
            ..user
        },
        (None, home) => User {
            name: uid.to_string(),
            uid,
            home: home.unwrap_or_else(|| PathBuf::from("/")),
        },
    }
}

/// The account of this name.
pub(in crate::survey) fn named(system: &dyn System, name: &str) -> Option<User> {
    passwd(system).into_iter().find(|user| user.name == name)
}

fn passwd(system: &dyn System) -> Vec<User> {
    let text = sealock_change::fs::read(&system.root().at("/etc/passwd")).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    text.lines().filter_map(entry).collect()
}

/// `name:x:uid:gid:gecos:home:shell`
fn entry(line: &str) -> Option<User> {
    let mut fields = line.split(':');
    let name = fields.next().filter(|name| !name.is_empty())?.to_owned();
    let uid = fields.nth(1)?.parse().ok()?;
    let home = PathBuf::from(fields.nth(2)?);
    home.is_absolute().then_some(User { name, uid, home })
}

#[cfg(test)]
mod tests {
    use super::{all, entry};
    use crate::testing::Fake;

    #[test]
    fn people_are_told_from_services() {
        let host = Fake::new("users");
        for home in ["/root", "/home/ann", "/var/lib/x", "/home/svc"] {
            host.write(&format!("{home}/.keep"), "");
        }
        let lines = [
            "root:x:0:0:root:/root:/bin/sh",
            "daemon:x:1:1::/var/lib/x:/bin/false",
            "ann:x:1000:1000:Ann,,,:/home/ann:/bin/bash",
            "gone:x:1001:1001::/home/gone:/bin/bash",
            "nobody:x:65534:65534::/:/bin/false",
            "twin:x:1002:1002::/home/ann:/bin/bash",
            "broken",
            "relative:x:1003:1003::home:/bin/sh",
        ];
        host.write("/etc/passwd", &lines.join("\n"));
        let names: Vec<String> = all(&*host).into_iter().map(|user| user.name).collect();
        assert_eq!(names, ["root", "ann"]);
        host.with(|script| script.uid = 1000);
        assert_eq!(all(&*host).len(), 1, "others see only themselves");
        assert_eq!(entry(":x:0:0::/:"), None);
    }
}
