//! F114: members of the group docker.

use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F114",
    title: "members of the group docker are root, without a certificate",
    severity: Severity::Weak,
    stage: Stage::Keeping,
    source: "Docker documentation, Linux post-installation steps (warning on the docker group)",
    meaning: "Whoever is in the group may write to the unix socket, and so is root on the host: no password is asked for and \
              no log says who it was. A stolen session of one of these users is the whole host. For people who work on this \
              host that may be what you want; then this is a reminder of who they are.",
    remedy: "gpasswd --delete USER docker     # then give that user a certificate:\nsealock client add USER && sealock client bundle USER",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let hosts = seen.host.iter();
    hosts
        .filter(|host| !host.group_members.is_empty())
        .map(|host| {
            let members: Vec<String> = host.group_members.iter().map(|name| escape(name)).collect();
            Spot::new("group docker", format!("members: {}", members.join(", ")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::World;

    #[test]
    fn members_are_listed_once() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), vec![]);
        world.host_mut().group_members = vec!["alice".into(), "bob".into()];
        let spots = world.look(&CHECK);
        assert_eq!(
            (spots.len(), spots[0].cause.as_str()),
            (1, "members: alice, bob")
        );
    }
}
