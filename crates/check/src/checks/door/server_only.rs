//! F102: TLS, and nobody is asked for a certificate.

use super::let_in::let_in;
use crate::seen::Visitor;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F102",
    title: "a client without a certificate gets in",
    severity: Severity::Open,
    stage: Stage::ClientCertificate,
    source: "moby daemon/command/daemon.go (tlsverify false with tls true); RFC 8446 §4.3.2",
    meaning: "The connection is encrypted and the server proves who it is, but nobody asks who the client is. Whoever reaches \
              the address can start a container that mounts / and is root on the host. Encryption keeps others from reading \
              along; it keeps nobody out.",
    remedy: "sealock up",
    explains: &["SL-F103", "SL-F105", "SL-F106", "SL-F107"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let_in(
        seen,
        Visitor::NoCertificate,
        "over TLS without a certificate",
    )
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::door::let_in::is_told_by_the_answer;
    use crate::seen::Visitor;

    #[test]
    fn it_is_told_by_the_answer() {
        is_told_by_the_answer(&CHECK, Visitor::NoCertificate);
    }
}
