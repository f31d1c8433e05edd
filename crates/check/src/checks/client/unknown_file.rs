//! F513: a file in a context's TLS folder that the docker CLI does not know.

use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F513",
    title: "a context's TLS folder holds an unknown file",
    severity: Severity::Weak,
    stage: Stage::Settings,
    source: "docker/cli cli/context/tlsdata.go (LoadTLSData: unknown file in context TLS bundle)",
    meaning: "The docker CLI knows ca.pem, cert.pem and key.pem there. For every other file it warns with every command, so that warnings \
              are no longer read. Often it is one of the three under another name, which is then missing. Any file there, even an unknown \
              one, makes the context use TLS.",
    remedy: "Give it its right name, or move it somewhere else.",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for client in &seen.clients {
        let Some(facts) = client
            .context
            .as_ref()
            .filter(|facts| !facts.unknown_files.is_empty())
        else {
            continue;
        };
        let names: Vec<String> = facts
            .unknown_files
            .iter()
            .take(8)
            .map(|name| escape(name))
            .collect();
        let more = facts.unknown_files.len().saturating_sub(names.len());
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        spots.push(
            Spot::new(
                client.label.clone(),
                format!(
                    "expected ca.pem, cert.pem and key.pem, found {}{more}",
                    names.join(", ")
                ),
            )
            .of(&client.label),
        );
    }
    spots
}

#[cfg(test)]
mod tests {
    use crate::checks::client::tests::{codes, context};

    #[test]
    fn a_file_too_many_is_found() {
        let mut world = context();
        let facts = world.seen.clients[0].context.as_mut().unwrap();
        facts.unknown_files = vec!["extra.pem".to_owned()];
        assert_eq!(codes(&world), ["SL-F513"]);
    }
}
