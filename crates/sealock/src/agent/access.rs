//! What a look has to write to, so that everything else can be closed to the service.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sealock_host::client::Place;
use sealock_host::{Desired, Observed, Supervisor};
use sealock_service::{Service, TakeUp};
use sealock_vault::{Filter, StateKind};

use crate::cloak::{clients, desired, registries, services, up};
use crate::failure::Failure;
use crate::session::Session;

/// The places of a host that the service needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Access {
    /// Folders that are written to, sorted, none below another.
    pub(crate) writable: Vec<PathBuf>,
    /// Whether something in people's homes has to be seen.
    pub(crate) homes: bool,
    /// Why there can be no walls at all.
    pub(crate) open: Option<String>,
}

/// Everything that `sealock.toml`, the daemon and the inventory name.
pub(crate) fn access(
    session: &Session,
    program: &Path,
    metrics: Option<&Path>,
) -> Result<Access, Failure> {
    let mut folders = vec![session.home.clone()];
    folders.extend(metrics.and_then(Path::parent).map(Path::to_owned));
    let mut open = None;
    if let Some(wanted) = desired::find(session)? {
        folders.extend(wanted.authority.crl_dir.clone());
        let observed = up::observed(&wanted.options())?;
        folders.extend(match wanted.gateway {
            None => of_daemon(&observed),
            // Its units; what it reads lies in the vault's home.
            Some(_) => vec![PathBuf::from("/etc/systemd/system")],
        });
        for install in wanted.clients.iter().flat_map(|client| &client.install) {
            let (place, _) = clients::place(install)?;
            folders.push(match place {
                Place::DockerHome { dir } | Place::Zone { dir } => dir,
                Place::Context {
                    docker_config_dir, ..
                } => docker_config_dir,
            });
        }
        for registry in &wanted.registries {
            let places = registries::places(registry)?;
            folders.extend(places.into_iter().map(PathBuf::from));
        }
        for service in &wanted.services {
            let files = service.kind().map(|kind| services::paths(&*kind));
            let files = files.unwrap_or_default();
            folders.extend(
                files
                    .iter()
                    .filter_map(|file| file.parent())
                    .map(Path::to_owned),
            );
        }
        let by_command = wanted.gateway.is_none()
            && observed.supervisor == Supervisor::Hand
            && wanted.daemon.restart_command.is_some();
        open = by_command.then(|| {
            "the restart command of sealock.toml may start dockerd itself, which would live behind them".to_owned()
        });
        open = open.or_else(|| of_services(&wanted));
    }
    folders.extend(of_single_certificates(session)?);
    let seen = [program.to_owned(), session.config.clone()];
    let homes = folders.iter().chain(&seen).any(|path| is_in_a_home(path));
    Ok(Access {
        writable: outermost(folders.iter().map(|folder| existing(folder))),
        homes,
        open,
    })
}

/// The folder of `daemon.json` with ours in it, and the one of our drop-in.
fn of_daemon(observed: &Observed) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = observed
        .directory
        .parent()
        .into_iter()
        .chain(observed.config.path().parent())
        .map(Path::to_owned)
        .collect();
    let drop_in = observed
        .unit
        .as_ref()
        .and_then(|unit| unit.our_path.parent());
    folders.extend(drop_in.filter(|dir| dir.exists()).map(Path::to_owned));
    folders
}

/// Why there can be no walls around the commands of services: only systemd does its work outside of them.
fn of_services(wanted: &Desired) -> Option<String> {
    let needs_none = |service: &&Service| match service.kind().map(|kind| kind.take_up()) {
        Ok(TakeUp::Reload(line) | TakeUp::Restart(line)) => !is_systemctl(&line),
        Ok(TakeUp::Hands) | Err(_) => false,
    };
    let service = wanted.services.iter().find(needs_none)?;
    Some(format!(
        "the command that makes {} take up its files may start it or send it a signal, which they would not let through",
        service.name
    ))
}

/// Whether a command line is one call of systemctl and nothing else.
fn is_systemctl(line: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@._- ".contains(c);
    line.starts_with("systemctl ") && line.chars().all(plain)
}

fn of_single_certificates(session: &Session) -> Result<Vec<PathBuf>, Failure> {
    if !session.has_vault()? {
        return Ok(Vec::new());
    }
    let entries = session
        .vault()?
        .entries(Filter::all().state(StateKind::Active))?;
    let files = entries.iter().flat_map(|entry| &entry.places);
    Ok(files
        .filter_map(|place| {
            let place = &place.place;
            let file = place
                .strip_prefix("cert:")
                .or_else(|| place.strip_prefix("key:"))?;
            Path::new(file).parent().map(Path::to_owned)
        })
        // Whose folder is gone is renewed nowhere.
        .filter(|folder| folder.exists())
        .collect())
}

/// The folder, or the nearest one above it: a place that is not there yet is made by a look.
fn existing(folder: &Path) -> PathBuf {
    let found = folder.ancestors().find(|folder| folder.exists());
    found.unwrap_or(folder).to_owned()
}

fn outermost(folders: impl Iterator<Item = PathBuf>) -> Vec<PathBuf> {
    let sorted: BTreeSet<PathBuf> = folders.collect();
    let mut kept: Vec<PathBuf> = Vec::new();
    for folder in sorted {
        if !kept.iter().any(|above| folder.starts_with(above)) {
            kept.push(folder);
        }
    }
    kept
}

fn is_in_a_home(path: &Path) -> bool {
    ["/home", "/root", "/run/user"]
        .iter()
        .any(|home| path.starts_with(home))
}

#[cfg(test)]
mod tests {
    use super::{existing, is_in_a_home, is_systemctl, outermost};
    use std::path::{Path, PathBuf};

    #[test]
    fn only_systemd_does_its_work_outside_of_walls() {
        for (line, whole) in [
            ("systemctl restart redis-server", true),
            ("systemctl reload nginx@a.service", true),
            ("systemctl reload nginx; nginx", false),
            ("systemctl is-active x || redis-server", false),
            ("nginx -s reload", false),
            ("systemctl $(x)", false),
            ("systemctlx y", false),
        ] {
            assert_eq!(is_systemctl(line), whole, "{line}");
        }
    }

    #[test]
    fn what_lies_below_another_is_not_named_twice() {
        let folders = ["/b/c", "/a", "/b", "/a", "/bc"].map(PathBuf::from);
        assert_eq!(
            outermost(folders.into_iter()),
            ["/a", "/b", "/bc"].map(PathBuf::from)
        );
        let here = std::env::temp_dir();
        assert_eq!(existing(&here.join("no/such/folder")), here);
        assert_eq!(existing(&here), here);
        for (path, home) in [
            ("/home/bob/.docker", true),
            ("/homework", false),
            ("/root", true),
        ] {
            assert_eq!(is_in_a_home(Path::new(path)), home);
        }
    }
}
