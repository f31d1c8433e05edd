//! Every check, one file each, grouped by what it looks at.
//!
//! | codes | group | looks at |
//! |---|---|---|
//! | F1xx | [`door`] | who gets in who must not |
//! | F2xx | [`daemon`] | `daemon.json`, flags, units: what the daemon makes of them |
//! | F3xx | [`certificate`] | certificates and chains, on disk and on the wire |
//! | F4xx | [`mod@file`] | files: form, match, modes, places |
//! | F5xx | [`client`] | contexts, environment, `~/.docker` |
//! | F60x | [`registry`] | `certs.d` |
//! | F65x, F66x | [`service`] | services beside the daemon |
//! | F7xx | [`wire`] | versions, suites |
//! | F8xx | [`keeping`] | the vault, clocks, drift |
//! | F9xx | [`endpoint`] | endpoints that do not answer, or lie |

pub mod certificate;
pub mod client;
pub mod daemon;
pub mod door;
pub mod endpoint;
pub mod file;
pub mod keeping;
pub mod registry;
pub mod service;
pub mod wire;

use crate::Check;
use sealock_diag::Entry;
use std::sync::OnceLock;

/// Every check, in the order of the codes.
pub fn all() -> &'static [&'static Check] {
    static ALL: OnceLock<Vec<&'static Check>> = OnceLock::new();
    ALL.get_or_init(|| {
        let groups = [
            door::ALL,
            daemon::ALL,
            certificate::ALL,
            file::ALL,
            client::ALL,
            registry::ALL,
            service::ALL,
            wire::ALL,
            keeping::ALL,
            endpoint::ALL,
        ];
        let mut all: Vec<&'static Check> = groups.into_iter().flatten().copied().collect();
        all.sort_by_key(|check| check.code);
        all
    })
}

/// The check with this code.
pub fn by_code(code: &str) -> Option<&'static Check> {
    all().iter().copied().find(|check| check.code == code)
}

/// What `sealock explain` says of every finding, in the order of the codes.
pub fn catalogue() -> &'static [Entry] {
    static ENTRIES: OnceLock<Vec<Entry>> = OnceLock::new();
    ENTRIES.get_or_init(|| all().iter().map(|check| check.entry()).collect())
}

#[cfg(test)]
mod tests {
    use super::{all, by_code};

    #[test]
    fn every_check_says_what_it_is() {
        for pair in all().windows(2) {
            assert!(
                pair[0].code < pair[1].code,
                "{} is there twice",
                pair[1].code
            );
        }
        for check in all() {
            let code = check.code;
            assert!(code.starts_with("SL-F") && code.len() == 7, "{code}");
            assert!(
                !check.title.ends_with('.') && check.title.len() < 90,
                "{code}"
            );
            assert!(
                check.meaning.len() > 80 && check.meaning.ends_with('.'),
                "{code}: meaning"
            );
            assert!(
                !check.source.is_empty() && !check.remedy.is_empty(),
                "{code}"
            );
        }
    }

    #[test]
    fn nothing_explains_itself() {
        for check in all() {
            for code in check.explains {
                let other = by_code(code);
                assert!(
                    other.is_some(),
                    "{} explains {code}, which is no check",
                    check.code
                );
                let back = other.is_some_and(|other| other.explains.contains(&check.code));
                assert!(
                    !back && *code != check.code,
                    "{} and {code} explain each other",
                    check.code
                );
            }
        }
    }
}
