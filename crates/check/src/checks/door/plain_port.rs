//! F101: the API answers plain HTTP.

use crate::seen::Outcome;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F101",
    title: "the Docker API answers without TLS",
    severity: Severity::Open,
    stage: Stage::Answer,
    source: "Docker documentation, Protect the Docker daemon socket; moby daemon/command/daemon.go (warnings of loadListeners)",
    meaning: "Anybody who reaches this address can start a container that mounts / and is root on the host. Nothing is asked for and \
              nothing is logged. On loopback every local user and every container with the host's network reaches it, and so do \
              scripts in a browser.",
    remedy: "sealock up",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let open = seen
        .endpoints
        .iter()
        .filter(|end| end.plain == Some(Outcome::In));
    open.map(|end| {
        Spot::new(
            end.label.clone(),
            format!("GET /_ping without TLS was answered by {}", end.address),
        )
        .of(&end.label)
    })
    .collect()
}
