//! A request that is refused before anybody asks who sent it.

use sealock_diag::{Code, Diagnose, escape};
use thiserror::Error;

/// A request that cannot be read in exactly one way, or not at all.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{detail}")]
pub struct Unclean {
    /// The status to answer with.
    pub status: u16,
    /// The stable code.
    pub code: &'static str,
    /// What is wrong, escaped, fit for the caller and the audit.
    pub detail: String,
}

impl Unclean {
    fn new(status: u16, code: &'static str, detail: String) -> Self {
        Self {
            status,
            code,
            detail,
        }
    }

    pub(super) fn target(why: &str) -> Self {
        Self::new(
            400,
            "SL-A001",
            format!("the request target cannot be read: {why}"),
        )
    }

    pub(super) fn path(why: &str) -> Self {
        Self::new(400, "SL-A002", format!("the path is not clean: {why}"))
    }

    /// In the daemon's words: clients show them.
    pub(super) fn unknown() -> Self {
        Self::new(404, "SL-A003", "page not found".to_owned())
    }

    pub(super) fn version(text: &str) -> Self {
        let text = short(text);
        Self::new(
            400,
            "SL-A004",
            format!("{text} is no spelling of an API version"),
        )
    }

    /// In the daemon's words: clients find the version to fall back to in them.
    pub(super) fn too_old(version: super::ApiVersion, floor: super::ApiVersion) -> Self {
        Self::new(
            400,
            "SL-A005",
            format!(
                "client version {version} is too old. Minimum supported API version is {floor}, \
                 please upgrade your client to a newer version"
            ),
        )
    }

    /// In the daemon's words, as above.
    pub(super) fn too_new(version: super::ApiVersion, ceiling: super::ApiVersion) -> Self {
        Self::new(
            400,
            "SL-A006",
            format!(
                "client version {version} is too new. Maximum supported API version is {ceiling}"
            ),
        )
    }

    pub(super) fn twice(key: &str) -> Self {
        Self::new(
            400,
            "SL-A007",
            format!("the query has {} twice", short(key)),
        )
    }

    pub(super) fn filters(why: &str) -> Self {
        Self::new(400, "SL-A008", format!("the filters cannot be read: {why}"))
    }

    /// In the daemon's words.
    pub(super) fn content_type(given: &str, wanted: &str) -> Self {
        Self::new(
            400,
            "SL-A009",
            format!(
                "unsupported Content-Type header ({}): must be {wanted}",
                short(given)
            ),
        )
    }

    pub(super) fn json(why: &str, at: usize) -> Self {
        Self::new(
            400,
            "SL-A010",
            format!("the body is no JSON: {why} at byte {at}"),
        )
    }

    pub(super) fn repeated(place: &str, key: &str) -> Self {
        Self::new(
            400,
            "SL-A011",
            format!("the body has {} twice", joined(place, key)),
        )
    }

    pub(super) fn unknown_key(place: &str, key: &str) -> Self {
        Self::new(
            400,
            "SL-A012",
            format!(
                "the body has {}, which is not known here",
                joined(place, key)
            ),
        )
    }

    pub(super) fn kind(place: &str, wanted: &str) -> Self {
        let place = if place.is_empty() { "the body" } else { place };
        Self::new(400, "SL-A013", format!("{place} must be {wanted}"))
    }

    pub(super) fn flat(key: &str) -> Self {
        let key = short(key);
        Self::new(
            400,
            "SL-A012",
            format!("the body has {key} at its top, which belongs into HostConfig"),
        )
    }

    /// In the daemon's words.
    pub(super) fn start() -> Self {
        Self::new(
            400,
            "SL-A014",
            "starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24"
                .to_owned(),
        )
    }

    pub(super) fn too_large(limit: usize) -> Self {
        Self::new(
            413,
            "SL-A015",
            format!("the body is larger than {limit} bytes"),
        )
    }

    pub(super) fn outside(prefix: &str) -> Self {
        Self::new(
            404,
            "SL-A016",
            format!("page not found: every path here starts with {prefix}"),
        )
    }
}

impl Diagnose for Unclean {
    fn code(&self) -> Code {
        Code(self.code)
    }
}

fn joined(place: &str, key: &str) -> String {
    if place.is_empty() {
        short(key)
    } else {
        format!("{place}.{}", short(key))
    }
}

/// Foreign text, escaped, and not longer than a message bears.
pub(super) fn short(text: &str) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        None => escape(text),
        Some((end, _)) => format!("{}…", escape(&text[..end])),
    }
}
