//! F801: the clock of this host.

use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F801",
    title: "this host's clock stands before the birth of its anchors",
    severity: Severity::Down,
    stage: Stage::Handshake,
    source: "RFC 5280 §4.1.2.5 (notBefore); Go crypto/x509 (Certificate.Verify, CurrentTime)",
    meaning: "Certificates are valid from a first moment on, and by the clock of this host that moment has not come. \
              Everything that checks certificates here refuses all of them as not yet valid, though they are sound. It happens \
              after a flat battery, in a snapshot that was resumed, or when the time service has not started.",
    remedy: "timedatectl set-ntp true     # then look at the time again with: timedatectl",
    explains: &["SL-F302", "SL-F318"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let current = seen
        .keeping
        .iter()
        .flat_map(|keeping| keeping.anchors.iter())
        .filter(|anchor| anchor.current);
    // One certificate of the future is the certificate's fault; all anchors together are the clock's.
    let Some(first) = current.map(|anchor| anchor.certificate.not_before()).min() else {
        return Vec::new();
    };
    if first <= seen.now {
        return Vec::new();
    }
    vec![Spot::new(
        "the clock of this host",
        format!(
            "it says {}; the anchors that were made here are valid from {first} on",
            seen.now
        ),
    )]
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::{DAY, NOW, World};

    #[test]
    fn nothing_is_made_in_the_future() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), vec![]);
        world.seen.now = NOW - 30 * DAY;
        assert_eq!(world.look(&CHECK).len(), 1);
        assert_eq!(world.codes()[0], "SL-F801");
    }
}
