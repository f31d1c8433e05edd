//! F660: SQLPad with the variables of another generation, and so in clear text.

use super::told;
use crate::{Check, Seen, Severity, Spot, Stage};

const CODE: &str = "SL-F660";

pub(super) const CHECK: Check = Check {
    code: CODE,
    title: "SQLPad has the variables of another generation, and serves plain HTTP",
    severity: Severity::Open,
    stage: Stage::Settings,
    source: "SQLPad server.js (https only when key and certificate are both named) and CHANGELOG.md, 5.1.0 (new names), 6.0.0 (old ones gone)",
    meaning: "SQLPad serves HTTPS when it knows a key and a certificate, and plain HTTP without a word when it does not. Before 5.1 their \
              variables are KEY_PATH and CERT_PATH; since then SQLPAD_HTTPS_KEY_PATH and SQLPAD_HTTPS_CERT_PATH, and from 6 on the old \
              names are passed over. With the names of another generation it starts as if nothing were wrong, and passwords, queries \
              and their results travel in clear text. The version that is told here stands in the package.json of the process that \
              listens at the service's address; of a process that cannot be looked into, its environment file is judged alone.",
    remedy: "In the service's table, the generation that runs, such as generation = \"3\"; then\n  sealock apply",
    explains: &["SL-F650"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    told(seen, CODE)
}
