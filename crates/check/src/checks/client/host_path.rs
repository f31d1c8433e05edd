//! F523: a path behind the port.

use super::spelling::{Fault, fault};
use super::{place, written};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F523",
    title: "a client's host has a path",
    severity: Severity::LockedOut,
    stage: Stage::Answer,
    source: "moby client/client.go (ParseHostURL, getAPIPath: the path goes before /v1.xx)",
    meaning: "The docker CLI puts the path in front of every request. dockerd knows no such address and answers \"page not found\", after \
              a handshake in which all was well. Only a reverse proxy that takes the path away again makes it work.",
    remedy: "Write tcp://HOST:2376 and nothing behind the port.",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for client in &seen.clients {
        if let Some(Fault::Path(path)) = fault(client) {
            let text = written(client);
            let path = escape(&path);
            let bare = text.strip_suffix(&path).unwrap_or(&text).to_owned();
            spots.push(
                Spot::new(
                    place(client),
                    format!("it says {text}; requests go to {path}/v1.xx/…"),
                )
                .help(format!("write {bare}"))
                .of(&client.label),
            );
        }
    }
    spots
}

#[cfg(test)]
mod tests {
    use crate::checks::client::tests::{codes, context, goes_to};
    use crate::testing::World;

    #[test]
    fn a_path_is_found_and_a_last_slash_is_not() {
        for make in [World::new, context] {
            for (tail, expected) in [("/docker", &["SL-F523"][..]), ("/", &[])] {
                let mut world = make();
                let written = format!("tcp://docker.example.org:2376{tail}");
                goes_to(&mut world, &written, &written);
                assert_eq!(codes(&world), expected, "{tail}");
            }
        }
    }
}
