//! Programs that use services: what our recipes say is run with them.
//!
//! ```text
//! $SEALOCK_LAB/clients  unixODBC with FreeTDS's driver, NSS's tools, and Java with PostgreSQL's driver, unpacked
//!              drivers  Python's drivers of Redis and of RabbitMQ
//! ```

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{component, fresh};
use crate::run::{at, quiet};
use crate::{Done, apt};

/// Debian 12's, each with the libraries that a small Debian lacks. Debian's runtime of Java has the compiler's module, so
/// that it runs a program from its source.
const PROGRAMS: &[&str] = &[
    "libnss3-tools",
    "openjdk-17-jre-headless",
    "unixodbc",
    "tdsodbc",
    "libnspr4",
    "libnss3",
    "libodbc2",
    "libodbcinst2",
    "libltdl7",
    "libpostgresql-jdbc-java",
    "libreadline8",
    "libsqlite3-0",
    "libsybdb5",
];

const DRIVERS: &[&str] = &["redis==5.2.1", "pika==1.3.2"];

/// Installs whatever is missing.
pub(super) fn install(lab: &Path) -> Done {
    component(lab, "clients", &PROGRAMS.join(" "), || {
        let folder = fresh(&lab.join("clients"))?;
        apt::Suite::open(lab, "bookworm")?.unpack(PROGRAMS, &folder)?;
        settle(&folder, &folder)
    })?;
    component(lab, "drivers", &DRIVERS.join(" "), || {
        let folder = fresh(&lab.join("drivers"))?;
        // The environment's own pip; what it installs is plain Python.
        quiet(
            Command::new(lab.join("tds/bin/pip"))
                .args(["install", "--quiet", "--disable-pip-version-check"])
                .arg("--target")
                .arg(&folder)
                .args(DRIVERS),
        )
        .map(drop)
    })
}

/// Java's settings are links into /etc, where nothing was installed: they lead to the files beside them instead.
fn settle(root: &Path, folder: &Path) -> Done {
    for entry in at(folder, fs::read_dir(folder))?.flatten() {
        let path = entry.path();
        let kind = at(&path, entry.file_type())?;
        if kind.is_dir() {
            settle(root, &path)?;
        } else if kind.is_symlink() {
            let target = at(&path, fs::read_link(&path))?;
            let here = inside(root, &target);
            if let Some(here) = here.filter(|here| here.exists()) {
                at(&path, fs::remove_file(&path))?;
                at(&path, symlink(here, &path))?;
            }
        }
    }
    Ok(())
}

/// Where an absolute path lies below `root`.
fn inside(root: &Path, target: &Path) -> Option<PathBuf> {
    Some(root.join(target.strip_prefix("/").ok()?))
}
