//! What lives beside a Docker host: databases, a registry, and the clients that know their protocols.
//!
//! ```text
//! $SEALOCK_LAB/neighbours  postgresql, redis, mariadb and FreeTDS, unpacked: none of them is installed or started
//!              tds         a Python environment with three drivers of SQL Server
//!              tedious     node's driver of SQL Server
//! ```
//!
//! The registry is among the gateway's peers.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::gateway::unpacked;
use super::{component, fresh};
use crate::Done;
use crate::run::{at, quiet, show};

/// Debian 12's servers and clients, each with the libraries that a small Debian lacks.
const SERVERS: &[&str] = &[
    "freetds-bin",
    "mariadb-client-core",
    "mariadb-server-core",
    "postgresql-15",
    "postgresql-client-15",
    "redis-server",
    "redis-tools",
    "freetds-common",
    "libaio1",
    "libct4",
    "libicu72",
    "libjemalloc2",
    "libldap-2.5-0",
    "libltdl7",
    "liblzf1",
    "libnuma1",
    "libodbc2",
    "libpq5",
    "libsasl2-2",
    "libsnappy1v5",
    "libsybdb5",
    "liburing2",
    "libxml2",
    "libxslt1.1",
    "odbcinst",
];

/// Drivers of SQL Server: Microsoft's own ODBC driver, FreeTDS's library, and one written in Python. The last one calls
/// what pyOpenSSL 25 took away.
const DRIVERS: &[&str] = &[
    "mssql-python==1.16.0",
    "pymssql==2.4.6",
    "python-tds==1.17.1",
    "pyOpenSSL<25",
];

const TEDIOUS: &str = "tedious@19";

/// Installs whatever is missing.
pub(super) fn install(lab: &Path) -> Done {
    unpacked(lab, "neighbours", "bookworm", SERVERS)?;
    drivers(lab)?;
    tedious(lab)
}

fn drivers(lab: &Path) -> Done {
    component(lab, "tds", &DRIVERS.join(" "), || {
        let folder = lab.join("tds");
        quiet(
            Command::new("/usr/bin/python3")
                .args(["-m", "venv", "--clear"])
                .arg(&folder),
        )?;
        quiet(
            Command::new(folder.join("bin/pip"))
                .args(["install", "--quiet", "--disable-pip-version-check"])
                .args(DRIVERS),
        )
        .map(drop)
    })
}

fn tedious(lab: &Path) -> Done {
    component(lab, "tedious", TEDIOUS, || {
        let folder = fresh(&lab.join("tedious"))?;
        let manifest = folder.join("package.json");
        at(&manifest, fs::write(&manifest, "{\"private\":true}\n"))?;
        show(
            Command::new("npm")
                .current_dir(&folder)
                .args([
                    "install",
                    "--silent",
                    "--no-audit",
                    "--no-fund",
                    "--ignore-scripts",
                ])
                .arg(TEDIOUS),
        )
    })
}
