//! Whether a certificate of the inventory is still used by anybody, as far as its places tell.

use std::path::Path;

use sealock_pki::Timestamp;

use crate::session::Session;

/// What the places of a certificate are judged by.
pub(crate) struct Users<'a> {
    home: &'a Path,
    /// Whether there is a `sealock.toml`: without one the vault's own copies of clients' files serve nobody.
    is_up: bool,
    now: Timestamp,
}

impl<'a> Users<'a> {
    pub(crate) fn of(session: &'a Session) -> Self {
        Self {
            home: &session.home,
            is_up: session.config.exists(),
            now: session.now,
        }
    }
}

/// Whether somebody uses a certificate that lies in these places and ends then.
///
/// One whose files are all gone is used by nobody. One that went to somebody else (a signed request) has no place that
/// we know; it counts until it ends, and is nobody's worry after that.
pub(crate) fn is_in_use(places: &[String], ends: Timestamp, users: &Users<'_>) -> bool {
    if places.is_empty() {
        return ends > users.now;
    }
    places.iter().any(|place| is_there(place, users))
}

fn is_there(place: &str, users: &Users<'_>) -> bool {
    let bare = ["cert:", "key:", "dir:"]
        .iter()
        .find_map(|kind| place.strip_prefix(kind))
        .unwrap_or(place);
    let path = Path::new(bare);
    if !path.is_absolute() {
        // A context, a path below somebody's home, a copy that somebody took away: as long as there is a host that they
        // lead to, they are believed.
        return users.is_up;
    }
    path.exists() && (users.is_up || !path.starts_with(users.home))
}

#[cfg(test)]
mod tests {
    use super::{Users, is_in_use};
    use sealock_pki::Timestamp;
    use std::path::Path;

    #[test]
    fn files_that_are_gone_are_used_by_nobody() {
        let now = Timestamp::from_unix(1_000);
        let (later, earlier) = (Timestamp::from_unix(2_000), Timestamp::from_unix(500));
        let here = std::env::temp_dir();
        let file = here.display().to_string();
        for (places, ends, is_up, used) in [
            (vec![], later, false, true),
            (vec![], earlier, true, false),
            (vec![file.clone()], earlier, false, true),
            (vec![format!("cert:{file}")], earlier, false, true),
            (vec!["cert:/no/such/file".to_owned()], later, true, false),
            (
                vec!["/no/such/folder".to_owned(), file.clone()],
                later,
                true,
                true,
            ),
            (vec!["context:prod@bob".to_owned()], later, true, true),
            (vec!["context:prod".to_owned()], later, false, false),
        ] {
            let users = Users {
                home: Path::new("/no/such/home"),
                is_up,
                now,
            };
            assert_eq!(is_in_use(&places, ends, &users), used, "{places:?}");
        }
        let home = Users {
            home: &here,
            is_up: false,
            now,
        };
        assert!(!is_in_use(&[file], later, &home));
    }
}
