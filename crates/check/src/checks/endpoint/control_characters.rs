//! F908: names that would drive a terminal.

use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_pki::Certificate;

pub(super) const CHECK: Check = Check {
    code: "SL-F908",
    title: "a name in the certificate holds control characters",
    severity: Severity::Weak,
    stage: Stage::ServerCertificate,
    source: "RFC 5280 §4.1.2.4 and §4.2.1.6; CWE-150 (escape sequences)",
    meaning: "Names in certificates are shown to people, by every tool that lists them. Control characters, escape \
              sequences and marks that turn the direction of writing make a terminal show something else than what is \
              there, or carry out commands. Nobody puts them there by accident.",
    remedy: "Do not trust this endpoint before you know who made its certificate. Look at it through a tool that \
              escapes, such as `sealock check`, not with `openssl x509 -text`.",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for end in &seen.endpoints {
        for certificate in &end.chain {
            if let Some(name) = harmful(certificate) {
                let cause = format!("expected visible characters, found `{name}`");
                let spot = Spot::new(end.label.clone(), cause).of(&end.label);
                spots.push(spot.about(certificate));
            }
        }
    }
    spots
}

/// The first name that was escaped on its way here, cut.
fn harmful(certificate: &Certificate) -> Option<String> {
    let said = certificate.describe();
    [said.subject, said.issuer]
        .into_iter()
        .chain(said.sans)
        .find(|name| name.contains("\\u{"))
        .map(|name| name.chars().take(80).collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::World;
    use sealock_pki::Certificate;

    /// The certificate with a letter of its subject turned into an escape; its signature does not matter here.
    fn spoiled(certificate: &Certificate) -> Certificate {
        let mut der = certificate.der().to_vec();
        let name = b"docker.example.org";
        let at = der.windows(name.len()).position(|part| part == name);
        der[at.unwrap()] = 0x1b;
        Certificate::from_der(der).unwrap()
    }

    #[test]
    fn an_escape_sequence_is_found_and_escaped() {
        let mut world = World::new();
        let bad = spoiled(&world.server);
        world.endpoint_mut().chain = vec![bad];
        let spots = world.look(&CHECK);
        assert!(
            spots[0].cause.contains("\\u{1b}ocker"),
            "{}",
            spots[0].cause
        );
        assert!(!spots[0].cause.contains('\u{1b}'));
        assert!(World::new().look(&CHECK).is_empty());
    }
}
