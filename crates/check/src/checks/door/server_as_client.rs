//! F106: a server's certificate opens the API.

use super::let_in::let_in;
use crate::seen::Visitor;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F106",
    title: "a server's certificate gets in as a client",
    severity: Severity::Open,
    stage: Stage::ClientCertificate,
    source: "RFC 5280 §4.2.1.12; Go crypto/x509, VerifyOptions.KeyUsages",
    meaning: "A certificate that was made for a server was accepted as a client's. Whoever reads the key of one server of this \
              authority is root on this host, and on every other that trusts the same authority. It happens when server \
              certificates carry both usages, or none, and one authority signs servers and clients.",
    remedy: "Give servers certificates with serverAuth only, and sign clients with an anchor of their own:\nsealock up",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let_in(seen, Visitor::ServerAsClient, "with a server's certificate")
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::door::let_in::is_told_by_the_answer;
    use crate::seen::Visitor;

    #[test]
    fn it_is_told_by_the_answer() {
        is_told_by_the_answer(&CHECK, Visitor::ServerAsClient);
    }
}
