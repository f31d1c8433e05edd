//! What was learned outlives the process: it is written down, and who starts goes on from there.
//!
//! Two processes may learn at once, while one hands over to the other. Whoever writes takes in first what lies there.

use std::fs::File;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use sealock_change::fs;
use sealock_diag::escape;
use sealock_gateway::Gateway;
use sealock_policy::Learned;

use super::codes;
use crate::failure::Failure;

const NAME: &str = "learned.toml";

/// Where it is written.
pub(super) struct Memory {
    path: Option<PathBuf>,
    /// That it cannot be written was told.
    told: bool,
}

impl Memory {
    /// In the folder that systemd gives a service for its state, else beside the control socket.
    pub(super) fn of(control: Option<&Path>) -> Self {
        let given = std::env::var_os("STATE_DIRECTORY");
        let given = given.as_ref().and_then(|all| all.to_str());
        // More than one is possible, and the first is the service's own.
        let given = given
            .and_then(|all| all.split(':').next())
            .map(PathBuf::from);
        let folder = given.or_else(|| control?.parent().map(Path::to_owned));
        Self {
            path: folder.map(|folder| folder.join(NAME)),
            told: false,
        }
    }

    /// Reads, joins and writes, while the policy learns. What is wrong is given once.
    pub(super) fn keep(&mut self, gateway: &Gateway) -> Option<Failure> {
        let policy = gateway.learning()?;
        let failure = match &self.path {
            None => not_kept(
                Path::new("STATE_DIRECTORY"),
                "neither it nor --control names a folder",
            ),
            Some(path) => match join(path, policy.learned()) {
                Ok(()) => {
                    self.told = false;
                    return None;
                }
                Err(failure) => failure,
            },
        };
        (!std::mem::replace(&mut self.told, true)).then_some(failure)
    }
}

/// What lies there and what is remembered become one; it is written where that is more than lies there.
fn join(path: &Path, learned: &Learned) -> Result<(), Failure> {
    let wrong = |why: String| not_kept(path, &why);
    let folder = path.parent().unwrap_or(Path::new("/"));
    let lock = File::open(folder).map_err(|error| wrong(error.to_string()))?;
    flock(&lock, FlockOperation::LockExclusive).map_err(|error| wrong(error.to_string()))?;
    let there = match fs::stat(path)? {
        None => None,
        Some(_) => {
            let text = String::from_utf8(fs::read(path)?);
            Some(text.map_err(|error| wrong(error.utf8_error().to_string()))?)
        }
    };
    let text = learned
        .write_down(there.as_deref())
        .map_err(|error| wrong(error.to_string()))?;
    if there.as_deref() != Some(text.as_str()) {
        fs::write_atomic(path, text.as_bytes(), 0o600, None)?;
    }
    Ok(())
}

fn not_kept(path: &Path, why: &str) -> Failure {
    Failure::own(codes::NOT_KEPT, "what is learned is kept in memory only")
        .at(escape(&path.to_string_lossy()))
        .because(escape(why))
}

#[cfg(test)]
mod tests {
    use super::{Learned, Memory, NAME, join};
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    #[test]
    fn it_is_written_for_nobody_else_and_what_it_is_not_is_told() {
        let folder = std::env::temp_dir().join(format!("sealock-memory-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(NAME);
        let learned = Learned::default();
        join(&path, &learned).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let before = fs::read_to_string(&path).unwrap();
        join(&path, &learned).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), before);
        for bad in [&b"what is this?"[..], b"\xff"] {
            fs::write(&path, bad).unwrap();
            let failure = join(&path, &learned).unwrap_err();
            assert_eq!(failure.code.0, "SL-U116");
            assert_eq!(fs::read(&path).unwrap(), bad, "it is somebody's");
        }
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(join(&path, &learned).unwrap_err().code.0, "SL-U116");
    }

    #[test]
    fn beside_the_control_socket_where_nobody_gives_a_folder() {
        let memory = Memory::of(Some(Path::new("/srv/gate/control")));
        assert_eq!(memory.path.unwrap(), Path::new("/srv/gate/learned.toml"));
        assert!(Memory::of(None).path.is_none());
    }
}
