//! F803: the vault is lost.

use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F803",
    title: "the vault cannot be read, or is gone",
    severity: Severity::Latent,
    stage: Stage::Keeping,
    source: "sealock.toml (authority); docs of the vault",
    meaning: "The daemon and its clients go on with the certificates they have. But nobody can renew them, add a client or \
              replace an anchor: on the day when the first of them expires, it is over. The keys of the issuers cannot be made \
              again, so without a backup everybody needs new anchors.",
    remedy: "Put the home of the vault back, or mend its modes and owner:\n  sealock restore BACKUP\nWithout a backup: sealock down, then sealock up makes new anchors, and every client gets a new bundle.",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let Some(keeping) = &seen.keeping else {
        return Vec::new();
    };
    let home = escape(&keeping.home.to_string_lossy());
    match &keeping.problem {
        Some(problem) => vec![Spot::new(home, problem.clone())],
        None if keeping.expected && keeping.authority.is_none() => vec![Spot::new(
            home,
            "sealock.toml names an authority, and there is none in this vault",
        )],
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::World;

    #[test]
    fn unreadable_or_empty_though_expected() {
        for (problem, authority, expected_at_all, found) in [
            (None, true, true, 0),
            (Some("permission denied"), true, true, 1),
            (None, false, true, 1),
            (None, false, false, 0),
        ] {
            let mut world = World::new();
            let keeping = world.seen.keeping.as_mut().unwrap();
            keeping.problem = problem.map(str::to_owned);
            keeping.expected = expected_at_all;
            if !authority {
                keeping.authority = None;
            }
            assert_eq!(world.look(&CHECK).len(), found);
        }
    }
}
