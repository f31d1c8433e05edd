//! Groups and users, as `/etc/group` and `/etc/passwd` have them. A directory service is not asked.

use crate::System;
use std::collections::BTreeMap;

/// The names of groups, by number.
pub(super) fn names(system: &dyn System) -> BTreeMap<u32, String> {
    lines(system, "/etc/group")
        .into_iter()
        .filter_map(|fields| {
            let name = fields.first()?.clone();
            Some((fields.get(2)?.parse().ok()?, name))
        })
        .collect()
}

/// The members of a group: those it lists, and the users whose first group it is.
pub(super) fn members(system: &dyn System, group: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut add = |name: &str| {
        if !name.is_empty() && !found.iter().any(|known| known == name) {
            found.push(name.to_owned());
        }
    };
    let users = lines(system, "/etc/passwd");
    for fields in lines(system, "/etc/group") {
        if fields.first().is_none_or(|name| name != group) {
            continue;
        }
        for name in fields.get(3).map_or("", String::as_str).split(',') {
            add(name.trim());
        }
        for user in users.iter().filter(|user| user.get(3) == fields.get(2)) {
            add(user.first().map_or("", String::as_str));
        }
    }
    found
}

fn lines(system: &dyn System, path: &str) -> Vec<Vec<String>> {
    let bytes = sealock_change::fs::read(&system.root().at(path)).unwrap_or_default();
    String::from_utf8_lossy(&bytes)
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split(':').map(str::to_owned).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::members;
    use crate::testing::Fake;

    #[test]
    fn listed_and_first_group() {
        let host = Fake::new("group");
        host.write(
            "/etc/group",
            "root:x:0:\ndocker:x:998:alice,bob,\nother:x:7:eve\n",
        );
        host.write(
            "/etc/passwd",
            "root:x:0:0::/root:/bin/sh\nalice:x:1:998::/:\nci:x:2:998::/:\nbroken\n",
        );
        assert_eq!(members(&*host, "docker"), ["alice", "bob", "ci"]);
        assert!(members(&*host, "none").is_empty());
    }
}
