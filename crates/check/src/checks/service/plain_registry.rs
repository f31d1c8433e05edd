//! F666: a registry that serves plain HTTP, at its own door or at the one for debugging.

use super::told;
use crate::{Check, Seen, Severity, Spot, Stage};

const CODE: &str = "SL-F666";

pub(super) const CHECK: Check = Check {
    code: CODE,
    title: "a registry serves plain HTTP",
    severity: Severity::Open,
    stage: Stage::Settings,
    source: "distribution registry/registry.go (TLS when http.tls.certificate is not empty; the debug server has none)",
    meaning: "A registry serves TLS when `http.tls` names a certificate. Without one it serves plain HTTP and says so nowhere, also when \
              key and client authorities are there: whoever is on the way reads and replaces images, and nobody is asked for a \
              certificate. The listener of `http.debug` has no TLS at all; besides figures it hands out the memory of the process, with \
              the keys in it.",
    remedy: "Name certificate, key and clientcas in http.tls; a service of the kind registry has it written:\n  sealock apply\nBind \
             http.debug to 127.0.0.1, or take it out.",
    explains: &["SL-F650"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    told(seen, CODE)
}
