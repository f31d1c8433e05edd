//! Every door through which a container reaches beyond itself, tried one by one.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../daemon/mod.rs"]
mod daemon;
mod fields;
mod limits;
mod places;
mod spaces;

use daemon::Front;

pub(crate) const CREATE: &str = "POST /v1.41/containers/create";

/// Each row is one body of a create, and what becomes of it.
pub(crate) fn check(front: &Front, rows: &[(&str, &str)]) {
    let rows: Vec<(&str, &str, &str)> = rows
        .iter()
        .map(|(body, word)| (CREATE, *body, *word))
        .collect();
    front.check(&rows);
}

pub(crate) fn deployer() -> Front {
    Front::granting(
        r#"role = "deployer"
images = ["alpine", "r.example/blue/*"]
binds = ["/srv/app", "/srv/static:ro", "/srv/data/*"]
networks = ["default", "bridge", "none", "front"]
volumes = ["shared"]
capabilities = ["NET_BIND_SERVICE"]
devices = ["/dev/fuse"]
"#,
    )
}
