//! F665: a registry that asks no client for a certificate, because its list of authorities is empty.

use super::told;
use crate::{Check, Seen, Severity, Spot, Stage};

const CODE: &str = "SL-F665";

pub(super) const CHECK: Check = Check {
    code: CODE,
    title: "a registry's client authorities are missing, or in the form that fails open",
    severity: Severity::Open,
    stage: Stage::Settings,
    source: "distribution configuration/parser.go (variables over lists), registry/registry.go (clients are asked when clientcas is not empty)",
    meaning: "A registry asks its clients for certificates when the list `clientcas` is not empty, and says nothing when it is. The \
              variable REGISTRY_HTTP_TLS_CLIENTCAS_0, the form that other programs have for the first of a list, is passed over by \
              distribution 2.8 without a word, and everybody gets in; distribution 3 does not start. An empty \
              REGISTRY_HTTP_TLS_CLIENTCAS empties the list of the file. What works in both is the list in brackets.",
    remedy: "In config.yml, clientcas as a list; as a variable REGISTRY_HTTP_TLS_CLIENTCAS='[/path/ca.pem]'. A service of the kind \
             registry has it written:\n  sealock apply",
    explains: &["SL-F654"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    told(seen, CODE)
}
