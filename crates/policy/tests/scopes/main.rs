//! Whose objects a caller reaches, under which names, and what is written for it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod commands;
#[path = "../daemon/mod.rs"]
mod daemon;
mod images;
mod making;
mod services;
mod sight;
mod stamps;

use daemon::Front;

pub(crate) fn deployer() -> Front {
    Front::granting(
        "role = \"deployer\"\nimages = [\"alpine\"]\ntags = [\"r.example/ci/*\"]\nexec-users = [\"app\"]\nnetworks = [\"bridge\", \"default\", \"front\"]",
    )
}

pub(crate) fn builder(lines: &str) -> Front {
    Front::granting(&format!(
        "role = \"ci-builder\"\nimages = [\"alpine\"]\ntags = [\"r.example/ci/*\"]\n{lines}"
    ))
}
