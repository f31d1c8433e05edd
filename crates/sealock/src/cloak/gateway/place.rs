//! Where a gateway's things lie.

use std::borrow::Cow;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use sealock_host::desired::gateway::Gateway;
use sealock_host::{Desired, Observed};

use crate::commands::gateway::codes;
use crate::failure::Failure;
use crate::session::Session;

/// Where `gateway reload` asks the service, unless `[gateway]` names another place.
pub(crate) const CONTROL: &str = "/run/sealock-gateway/control";

/// Where this gateway is asked.
pub(super) fn control(gateway: &Gateway) -> PathBuf {
    gateway.control.clone().unwrap_or_else(|| CONTROL.into())
}

/// The folder of a gateway's certificates and lists, below the vault's home: only root can get there, and its service is
/// shown this folder and nothing else of the home.
pub(crate) fn folder(home: &Path) -> PathBuf {
    home.join("gateway")
}

/// The link to the certificates in force.
pub(crate) fn live(home: &Path) -> PathBuf {
    folder(home).join("live")
}

/// What the service is told: a copy, so that an edit of `sealock.toml` is nothing until it is applied and proved.
pub(crate) fn settings(home: &Path) -> PathBuf {
    folder(home).join("gateway.toml")
}

/// The lists of the anchors that are trusted.
pub(crate) fn lists(home: &Path) -> PathBuf {
    folder(home).join("lists")
}

/// What was observed, as `desired` needs it: with a gateway, our certificates are the gateway's.
pub(crate) fn seen<'a>(
    session: &Session,
    desired: &Desired,
    observed: &'a Observed,
) -> Cow<'a, Observed> {
    match desired.gateway {
        None => Cow::Borrowed(observed),
        Some(_) => {
            let mut observed = observed.clone();
            observed.directory = folder(&session.home);
            Cow::Owned(observed)
        }
    }
}

/// The group that may write to the daemon's socket: its name where it has one.
pub(crate) fn group(socket: &Path) -> Result<Group, Failure> {
    let closed = |why: &str| {
        Failure::own(
            codes::CLOSED_SOCKET,
            "the daemon's socket can be opened by root only",
        )
        .at(socket.display().to_string())
        .because(why.to_owned())
    };
    let found = std::fs::metadata(socket).map_err(|error| closed(&error.to_string()))?;
    if found.mode() & 0o020 == 0 {
        return Err(closed(&format!(
            "its mode is {:04o}: no group may write to it",
            found.mode() & 0o7777
        )));
    }
    if found.gid() == 0 {
        return Err(closed("its group is root"));
    }
    let groups = std::fs::read_to_string("/etc/group").unwrap_or_default();
    let named = groups.lines().find_map(|line| {
        let mut parts = line.split(':');
        let (name, gid) = (parts.next()?, parts.nth(1)?);
        (gid.parse() == Ok(found.gid())).then(|| name.to_owned())
    });
    Ok(Group {
        gid: found.gid(),
        name: named.unwrap_or_else(|| found.gid().to_string()),
    })
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) gid: u32,
    pub(crate) name: String,
}
