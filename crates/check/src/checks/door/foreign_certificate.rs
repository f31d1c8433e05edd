//! F103: a certificate of somebody else gets in.

use super::let_in::let_in;
use crate::seen::Visitor;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F103",
    title: "a client with a certificate of a foreign authority gets in",
    severity: Severity::Open,
    stage: Stage::ClientCertificate,
    source: "RFC 5280 §6; Go crypto/tls, ClientAuthType (RequireAnyClientCert)",
    meaning: "A certificate is demanded, but not checked against any authority: one that was made a moment ago, by nobody who \
              is known here, was good enough. Anybody can make such a certificate and is root on the host with it. A proxy in \
              front of the daemon often does this when it asks for a certificate and leaves the check to somebody else.",
    remedy: "Name the authority of your clients where TLS ends: tlscacert for dockerd, the client CA for a proxy.\nFor the daemon of this host: sealock up",
    explains: &["SL-F105", "SL-F106", "SL-F107"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let_in(
        seen,
        Visitor::Foreign,
        "with a certificate of an authority made for this look",
    )
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::door::let_in::is_told_by_the_answer;
    use crate::seen::Visitor;

    #[test]
    fn it_is_told_by_the_answer() {
        is_told_by_the_answer(&CHECK, Visitor::Foreign);
    }
}
