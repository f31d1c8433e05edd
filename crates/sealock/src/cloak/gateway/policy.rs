//! The policy of a host that gets a gateway: the one that is there, or a first one.

use std::path::{Path, PathBuf};

use sealock_change::{Content, Edit, Plan, fs};
use sealock_diag::escape;
use sealock_host::Desired;
use sealock_host::desired::gateway::Gateway;
use sealock_policy::{Caller, Name, Policy};

use crate::catalogue;
use crate::failure::Failure;
use crate::session::Session;

/// Where the policy of this host lies.
pub(crate) fn path(session: &Session, gateway: &Gateway) -> PathBuf {
    gateway.policy.clone().unwrap_or_else(|| {
        let folder = session.config.parent().unwrap_or(Path::new("/etc/sealock"));
        folder.join("policy.toml")
    })
}

/// Writes a first policy where there is none. One that is there is a person's: it is read, and never written.
pub(super) fn write(
    session: &Session,
    desired: &Desired,
    gateway: &Gateway,
    plan: &mut Plan,
) -> Result<(), Failure> {
    if desired.daemon.listen.is_empty() && gateway.local.is_empty() {
        return Ok(());
    }
    let path = path(session, gateway);
    let text = match load(&path)? {
        Some(text) => text,
        None => {
            let text = first(desired);
            if let Some(folder) = path.parent() {
                for edit in Edit::missing_directories(folder, 0o755, None)? {
                    plan.push_edit(edit)?;
                }
            }
            plan.push_edit(Edit::Write {
                path: path.clone(),
                content: Content::Public(text.clone().into_bytes()),
                mode: 0o644,
                owner: None,
            })?;
            plan.note(format!(
                "{} gives every client of sealock.toml the role admin, as the daemon itself would; smaller roles are named in it",
                escape(&path.to_string_lossy())
            ));
            text
        }
    };
    for client in without_grant(desired, &parse(&path, &text)?) {
        plan.note(format!(
            "{client} has no grant in {}: every request is refused",
            escape(&path.to_string_lossy())
        ));
    }
    Ok(())
}

/// The policy in force on this host's disk; `None` when there is none.
pub(crate) fn load(path: &Path) -> Result<Option<String>, Failure> {
    if fs::stat(path)?.is_none() {
        return Ok(None);
    }
    String::from_utf8(fs::read(path)?)
        .map(Some)
        .map_err(|error| {
            Failure::own(catalogue::UNREADABLE_FILE, "the policy is not UTF-8 text")
                .at(escape(&path.to_string_lossy()))
                .because(error.utf8_error().to_string())
        })
}

fn parse(path: &Path, text: &str) -> Result<Policy, Failure> {
    Policy::parse(text).map_err(|error| Failure::new(&error).at(escape(&path.to_string_lossy())))
}

/// The clients whose every request would be refused.
pub(super) fn without_grant(desired: &Desired, policy: &Policy) -> Vec<String> {
    let names = desired.clients.iter().map(|client| client.name.clone());
    names
        .filter(|name| {
            let caller = Caller::new(vec![Name::Cn(name.clone())]);
            policy.granted(&caller).is_empty()
        })
        .collect()
}

/// A client of `sealock.toml` whom the policy gives anything, the first policy counted where there is none yet.
pub(crate) fn somebody_granted(
    session: &Session,
    desired: &Desired,
) -> Result<Option<String>, Failure> {
    let Some(gateway) = &desired.gateway else {
        return Ok(None);
    };
    let text = load(&path(session, gateway))?.unwrap_or_else(|| first(desired));
    // One that is broken is told of by whoever would write or judge it.
    let Ok(policy) = Policy::parse(&text) else {
        return Ok(None);
    };
    let without = without_grant(desired, &policy);
    let mut names = desired.clients.iter().map(|client| &client.name);
    Ok(names.find(|name| !without.contains(name)).cloned())
}

/// Everybody as the daemon would have had them: whoever has a certificate is root on this host. Made smaller by hand.
fn first(desired: &Desired) -> String {
    let mut text = String::from(
        "# Who may do what with the Docker API. Whoever has no grant is refused everything.\n\
         #   observer    lists, states, events         operator    and logs, start, stop, restart\n\
         #   debugger    and exec, attach              ci-builder  build, pull, push, own containers\n\
         #   deployer    create and delete, within constraints     admin  everything: root on this host\n\
         # `sealock policy check` reads this file, `sealock policy test` tries a request. The gateway reads it again\n\
         # by itself when it changes.\n\
         version = 1\n",
    );
    for client in &desired.clients {
        // Names of clients have neither quotes nor backslashes.
        text.push_str(&format!(
            "\n[[grants]]\nto = [\"cn:{}\"]\nrole = \"admin\"\n",
            client.name
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{first, without_grant};
    use sealock_host::Desired;
    use sealock_host::desired::Client;
    use sealock_policy::Policy;
    use std::time::Duration;

    #[test]
    fn the_first_policy_is_one_and_knows_every_client() {
        let mut desired = Desired::new("lab", Vec::new(), Vec::new());
        let client = |name: &str| Client {
            name: name.to_owned(),
            install: Vec::new(),
            life: Duration::from_secs(3600),
        };
        desired.clients = vec![client("alice"), client("ci@example.org")];
        let policy = Policy::parse(&first(&desired)).unwrap();
        assert!(without_grant(&desired, &policy).is_empty());
        desired.clients.push(client("bob"));
        assert_eq!(without_grant(&desired, &policy), ["bob"]);
    }
}
