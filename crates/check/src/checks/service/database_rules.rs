//! F663: a line of `pg_hba.conf` by which users come in without TLS, or without a certificate.

use super::told;
use crate::{Check, Seen, Severity, Spot, Stage};

const CODE: &str = "SL-F663";

pub(super) const CHECK: Check = Check {
    code: CODE,
    title: "pg_hba.conf lets users in without TLS, or without a certificate",
    severity: Severity::Open,
    stage: Stage::Settings,
    source: "PostgreSQL documentation §21.1 (the first record with a matching connection type, address, database and user is used)",
    meaning: "PostgreSQL answers `S` to whoever asks for TLS, and that says nothing of those who do not ask. Who may come in, and how, is \
              decided by the first line of pg_hba.conf that fits: `host` fits connections with TLS and without, `hostnossl` those without. \
              A password, and everything after it, then travels in clear text. A `hostssl` line without `clientcert` asks nobody for a \
              certificate. A line that only this host itself can use is told as well: every user of the host can.",
    remedy: "Let sealock edit the file: hba = \"/etc/postgresql/15/main/pg_hba.conf\" in the service's table, then\n  sealock apply\nor by \
             hand: hostssl … clientcert=verify-full, and a reload.",
    explains: &["SL-F651", "SL-F654"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    told(seen, CODE)
}
