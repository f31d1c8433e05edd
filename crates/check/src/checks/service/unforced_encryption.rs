//! F664: a SQL Server that leaves encryption to its clients, or takes old TLS.

use super::told;
use crate::{Check, Seen, Severity, Spot, Stage};

const CODE: &str = "SL-F664";

pub(super) const CHECK: Check = Check {
    code: CODE,
    title: "mssql.conf does not force encryption with TLS 1.2 or newer",
    severity: Severity::Open,
    stage: Stage::Settings,
    source: "SQL Server on Linux, \"Configure with mssql-conf\" (network.forceencryption, network.tlsprotocols); MS-TDS §2.2.6.5",
    meaning: "Without `forceencryption = 1` a SQL Server encrypts what its client asks for. A client that asks for nothing sends its login \
              encrypted, and every query and answer in clear text; one that says it knows no TLS logs in in clear text too. A \
              certificate in `tlscert` changes nothing of that. Before version 2025 TLS 1.0 and 1.1 are taken as well unless \
              `tlsprotocols` says otherwise.",
    remedy: "sealock apply, for a service of the kind mssql; or by hand in the section [network], and a restart:\n  forceencryption = 1\n  \
             tlsprotocols = 1.2",
    explains: &["SL-F651", "SL-F652"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    told(seen, CODE)
}
