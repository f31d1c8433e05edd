//! F337: a client certificate that is a server too.

use super::both_purposes::of_both;
use super::sighting::Part;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F337",
    title: "the client certificate is also good for a server",
    severity: Severity::Weak,
    stage: Stage::Keeping,
    source: "RFC 5280 section 4.2.1.12",
    meaning: "With serverAuth among its purposes, or any purpose, whoever has this certificate can stand in for a \
              server wherever its CA vouches for servers, and read what other clients send there.",
    remedy: "Issue it again with the purpose client alone:\n  sealock client bundle NAME",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    of_both(seen, Part::Client)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::*;

    #[test]
    fn client_both_purposes() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let both = forge::purposes(&[forge::SERVER_AUTH, forge::CLIENT_AUTH]);
        let forged = world.forged_client().with(both);
        world.come_as(&[forged.sign()]);
        assert_eq!(world.codes(), ["SL-F337"]);
    }
}
