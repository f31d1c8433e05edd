//! F105: an expired client certificate gets in.

use super::let_in::let_in;
use crate::seen::Visitor;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F105",
    title: "a client whose certificate has expired gets in",
    severity: Severity::Open,
    stage: Stage::ClientCertificate,
    source: "RFC 5280 §6.1.3 (a)(2)",
    meaning: "A certificate that is past its last day still opens the API. Whoever left, or whoever found an old laptop or \
              backup, keeps root on the host for ever. dockerd itself refuses such certificates, so this is a proxy that does \
              not check dates, or a host whose clock is far behind.",
    remedy: "timedatectl        # is the clock right?\nThen let dockerd itself end TLS, or switch the check of dates on in the proxy.",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let_in(seen, Visitor::Expired, "with an expired client certificate")
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::door::let_in::is_told_by_the_answer;
    use crate::seen::Visitor;

    #[test]
    fn it_is_told_by_the_answer() {
        is_told_by_the_answer(&CHECK, Visitor::Expired);
    }
}
