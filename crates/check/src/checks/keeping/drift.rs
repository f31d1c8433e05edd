//! F805: not as `sealock.toml` has it.

use crate::checks::{daemon, registry};
use crate::seen::Drift;
use crate::{Check, Mend, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F805",
    title: "the host differs from sealock.toml",
    severity: Severity::Latent,
    stage: Stage::Keeping,
    source: "sealock.toml (the desired state)",
    meaning: "Somebody or something changed what sealock had made: a file, a mode, a drop-in, the command of the unit after an \
              upgrade. It may be harmless, or the half of a change that bites at the next restart. sealock.toml is what this \
              host was meant to be.",
    remedy: "sealock plan      # shows what would change\nsealock apply",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let Some(host) = seen.host.as_ref().filter(|host| !host.drift.is_empty()) else {
        return Vec::new();
    };
    let told = Told::of(seen);
    let left = host.drift.iter().filter(|drift| !told.covers(drift));
    left.map(|drift| {
        let spot = Spot::new(drift.place.clone(), drift.what.clone());
        match host.cloaked {
            true => spot.mend(Mend::Apply),
            false => spot,
        }
    })
    .collect()
}

/// What other checks tell more precisely.
struct Told {
    /// Something in the settings is told.
    settings: bool,
    /// Somebody gets in who must not.
    open: bool,
    /// The daemon is off, or runs with what it read before.
    daemon: bool,
    /// Where something in a file is told.
    places: Vec<String>,
    /// Whose mode is told, however little it bites.
    modes: Vec<String>,
    /// The folders of registries of which something is told: what is misnamed is missing too.
    registries: Vec<String>,
}

/// Checks that look at modes.
const MODES: [&str; 3] = ["SL-F409", "SL-F414", "SL-F415"];

impl Told {
    fn of(seen: &Seen) -> Self {
        let finds = |code: &str| {
            crate::checks::by_code(code).is_some_and(|check| !(check.look)(seen).is_empty())
        };
        Self {
            settings: daemon::config_is_told(seen),
            open: ["SL-F101", "SL-F102", "SL-F103"].into_iter().any(finds),
            daemon: ["SL-F207", "SL-F210", "SL-F211", "SL-F212"]
                .into_iter()
                .any(finds),
            places: daemon::places(seen).collect(),
            modes: MODES
                .iter()
                .filter_map(|code| crate::checks::by_code(code))
                .flat_map(|check| (check.look)(seen))
                .map(|spot| spot.place)
                .collect(),
            registries: registries(seen),
        }
    }

    fn covers(&self, drift: &Drift) -> bool {
        let settings = [".json", ".conf", ".service", ".socket"]
            .iter()
            .any(|end| drift.place.ends_with(end));
        let running = drift.what.contains("runs since before");
        (settings && self.settings)
            || (drift.what.starts_with("mode ") && self.modes.contains(&drift.place))
            || (running && (self.daemon || self.settings || !self.places.is_empty()))
            || (drift.what.contains("API is accessible") && (self.open || self.settings))
            || self
                .places
                .iter()
                .any(|place| place.starts_with(&drift.place))
            || self.registries.iter().any(|folder| {
                let rest = drift.place.strip_prefix(folder.as_str());
                rest.is_some_and(|rest| rest.starts_with('/'))
            })
    }
}

/// The folders in which a check of registries finds something.
fn registries(seen: &Seen) -> Vec<String> {
    let found: Vec<Spot> = registry::ALL
        .iter()
        .flat_map(|check| (check.look)(seen))
        .collect();
    let folders = seen.registries.iter();
    let folders = folders.map(|folder| escape(&folder.path.to_string_lossy()));
    folders
        .filter(|folder| found.iter().any(|spot| spot.place.starts_with(folder)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Mend;
    use crate::checks::registry::tests::registry;
    use crate::seen::{Drift, Role};
    use crate::testing::World;

    #[test]
    fn only_what_nobody_else_tells() {
        assert_eq!(World::new().look(&CHECK), vec![]);
        for (place, what, broken, expected) in [
            (
                "/etc/docker/tls/ca.pem",
                "mode 0600, expected 0444",
                false,
                1,
            ),
            ("/etc/docker/daemon.json", "`tls` is not true", false, 1),
            ("/etc/docker/daemon.json", "`tls` is not true", true, 0),
            (
                "/etc/docker/tls/ca.pem",
                "mode 0600, expected 0444",
                true,
                1,
            ),
        ] {
            let mut world = World::new();
            let host = world.host_mut();
            host.drift.push(Drift {
                place: place.into(),
                what: what.into(),
            });
            if broken {
                host.flags.retain(|flag| flag.name != "tlsverify");
            }
            assert_eq!(world.look(&CHECK).len(), expected, "{place} {broken}");
        }
    }

    #[test]
    fn what_is_misnamed_is_not_told_as_missing_too() {
        const FOLDER: &str = "/etc/docker/certs.d/registry.example.org:5000";
        for (misnamed, expected) in [(false, 2), (true, 1)] {
            let mut world = registry();
            if misnamed {
                let files = &mut world.seen.registries[0].files;
                let file = files
                    .iter_mut()
                    .find(|file| file.path.ends_with("client.cert"));
                let file = file.unwrap();
                file.path.set_file_name("client.crt");
                file.role = Role::RegistryAnchors;
            }
            for place in [format!("{FOLDER}/client.cert"), format!("{FOLDER}1/ca.crt")] {
                world.host_mut().drift.push(Drift {
                    place,
                    what: "missing".into(),
                });
            }
            assert_eq!(world.look(&CHECK).len(), expected, "{misnamed}");
        }
    }

    #[test]
    fn a_mode_that_bites_little_is_told_once_and_mended_to_what_is_expected() {
        let mut world = World::new();
        let key = world.daemon_file(Role::ServerKey);
        key.mode = 0o644;
        let place = key.shown();
        let host = world.host_mut();
        host.cloaked = true;
        let what = "mode 0644, expected 0400".to_owned();
        host.drift.push(Drift { place, what });
        assert_eq!(world.codes(), ["SL-F409"]);
        let check = crate::checks::by_code("SL-F409").unwrap();
        let spot = &world.look(check)[0];
        let path = spot.place.clone().into();
        assert_eq!(spot.mends, [Mend::Mode { path, mode: 0o400 }]);
        assert!(spot.cause.ends_with("expected 0400"), "{}", spot.cause);
    }

    #[test]
    fn a_stale_daemon_has_its_own_name() {
        let mut world = World::new();
        let host = world.host_mut();
        host.stale = true;
        host.drift.push(Drift {
            place: "/etc/docker/daemon.json".into(),
            what: "docker.service runs since before its configuration or certificate was changed"
                .into(),
        });
        assert_eq!(world.codes(), ["SL-F212"]);
    }
}
