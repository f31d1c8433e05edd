//! F804: a run that did not end.

use crate::{Check, Mend, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F804",
    title: "a run of sealock was interrupted",
    severity: Severity::Latent,
    stage: Stage::Keeping,
    source: "journal of the host (a run is open until it is committed or undone)",
    meaning: "A run that changes the host writes down every step before it takes it. This one has not been finished or taken \
              back, because it was killed or the power went. Until then some files may be new and others old. The next run of \
              sealock takes it back, or finishes it, before it does anything else.",
    remedy: "sealock apply",
    explains: &["SL-F212", "SL-F332", "SL-F805", "SL-F807"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let Some(keeping) = &seen.keeping else {
        return Vec::new();
    };
    let cloaked = seen.host.as_ref().is_some_and(|host| host.cloaked);
    let runs = keeping.interrupted.iter();
    runs.map(|title| {
        let spot = Spot::new(
            escape(&keeping.home.to_string_lossy()),
            format!("`{title}` was begun and neither finished nor taken back"),
        );
        match cloaked {
            true => spot.mend(Mend::Apply),
            false => spot,
        }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::World;

    #[test]
    fn an_open_run() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), vec![]);
        world.seen.keeping.as_mut().unwrap().interrupted = Some("apply".into());
        assert_eq!(world.look(&CHECK).len(), 1);
        // What it left half done follows from it.
        world.host_mut().stale = true;
        assert_eq!(world.codes(), ["SL-F804"]);
    }
}
