//! Where a bundle is installed, and the edits that put it there or take it away.
//!
//! The order of edits keeps a kill harmless: directories are closed before a key goes into them, and a
//! context's `meta.json` is written last and removed first. A context without its certificates would
//! make the CLI talk plain HTTP.

mod context_store;

pub use context_store::{StoredContext, WhenCurrent, plan_use};

use super::bundle::{Bundle, name_of};
use super::context::{ContextName, ContextPaths};
use super::endpoint::Endpoint;
use super::error::{BundleFile, ClientError, Obstacle};
use sealock_change::{Content, Edit, Owner, Stat, fs};
use sealock_diag::escape;
use sealock_pki::{Certificate, Fingerprint};
use std::fmt;
use std::path::{Path, PathBuf};

/// Where a docker client looks for its three files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// `~/.docker` (or `$DOCKER_CONFIG`): used when `DOCKER_CERT_PATH` is not set. Other files live there too.
    DockerHome {
        /// The directory.
        dir: PathBuf,
    },
    /// A directory of its own, for `DOCKER_CERT_PATH`.
    Zone {
        /// The directory.
        dir: PathBuf,
    },
    /// A Docker context.
    Context {
        /// `~/.docker` or `$DOCKER_CONFIG`.
        docker_config_dir: PathBuf,
        /// The context's name.
        name: ContextName,
        /// What `docker context ls` shows; `None` keeps what an existing context says.
        description: Option<String>,
    },
}

impl Place {
    /// The directory that holds the three files: what `DOCKER_CERT_PATH` may be set to.
    pub fn cert_dir(&self) -> PathBuf {
        match self {
            Self::DockerHome { dir } | Self::Zone { dir } => dir.clone(),
            Self::Context {
                docker_config_dir,
                name,
                ..
            } => ContextPaths::new(docker_config_dir, name).endpoint_dir,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DockerHome { dir } | Self::Zone { dir } => {
                f.write_str(&escape(&dir.to_string_lossy()))
            }
            Self::Context {
                docker_config_dir,
                name,
                ..
            } => {
                write!(
                    f,
                    "docker context {name} in {}",
                    escape(&docker_config_dir.to_string_lossy())
                )
            }
        }
    }
}

/// What is at a place already, and may be overwritten or removed.
#[derive(Clone, Copy, Debug)]
pub enum Claim<'a> {
    /// What is recognisably ours: a context that sealock made, or a directory with a certificate of the
    /// same name and authority as the new one.
    Recognised,
    /// Also a place whose certificate is one of these; what the vault says was installed there.
    OneOf(&'a [Fingerprint]),
    /// Whatever is there: the user has said so.
    Anything,
}

/// The edits that install `bundle` at `place`. They change nothing on a place that is up to date.
///
/// In directories certificates are 0444 and the key is 0400, in a context all three are 0600 as the
/// CLI writes them. A new directory is 0700; an existing `~/.docker` only loses what lets others write.
/// `owner` owns what is made; without it new things belong to this process, old ones keep theirs.
///
/// # Errors
/// [`ClientError::Occupied`] or [`ClientError::ContextExists`] when something is there that `claim` does
/// not cover; [`ClientError::Obstructed`] for links, wrong kinds and directories that serve others;
/// [`ClientError::ContextBroken`].
pub fn plan_install(
    bundle: &Bundle,
    place: &Place,
    endpoint: &Endpoint,
    owner: Option<Owner>,
    claim: Claim<'_>,
) -> Result<Vec<Edit>, ClientError> {
    match place {
        Place::DockerHome { dir } | Place::Zone { dir } => {
            let mut edits = match stat(dir)? {
                None => make_directories(dir, 0o700, owner)?,
                Some(found) => {
                    let mode = closed_mode(place, dir, &found)?;
                    let directory = Edit::Directory {
                        path: dir.clone(),
                        mode,
                        owner: None,
                    };
                    if mode == found.mode {
                        Vec::new()
                    } else {
                        vec![directory]
                    }
                }
            };
            may_overwrite(bundle, dir, claim)?;
            edits.extend(write_files(
                bundle,
                dir,
                Modes {
                    public: 0o444,
                    secret: 0o400,
                },
                owner,
            )?);
            Ok(edits)
        }
        Place::Context {
            docker_config_dir,
            name,
            description,
        } => {
            let description = description.as_deref();
            context_store::install(
                bundle,
                docker_config_dir,
                name,
                description,
                endpoint,
                owner,
                claim,
            )
        }
    }
}

/// The edits that take a client away from `place`: the three files, a context with all of its own
/// directories, a zone directory when it is empty then. Empty when nothing is there.
///
/// # Errors
/// As for [`plan_install`]; [`ClientError::ContextInUse`] for the current context, unless `current` says
/// to go back to `default`.
pub fn plan_remove(
    place: &Place,
    claim: Claim<'_>,
    current: WhenCurrent,
) -> Result<Vec<Edit>, ClientError> {
    match place {
        Place::DockerHome { dir } | Place::Zone { dir } => {
            let mut edits = remove_files(dir)?;
            if !edits.is_empty() && !claimed(dir, claim)? {
                return Err(occupied(dir, "an unknown client"));
            }
            if matches!(place, Place::Zone { .. }) && !edits.is_empty() && only_these(dir, &edits)?
            {
                edits.push(Edit::Remove { path: dir.clone() });
            }
            Ok(edits)
        }
        Place::Context {
            docker_config_dir,
            name,
            ..
        } => context_store::remove(docker_config_dir, name, claim, current),
    }
}

/// The certificate that is installed at a place, `None` when there is none or none that parses.
///
/// # Errors
/// [`ClientError::Unreadable`].
pub fn installed(place: &Place) -> Result<Option<Certificate>, ClientError> {
    leaf_in(&place.cert_dir())
}

struct Modes {
    public: u32,
    secret: u32,
}

/// The key first: until its certificate is there too, clients without it are no worse off, and a new
/// certificate beside an old key would make the CLI stop altogether.
fn write_files(
    bundle: &Bundle,
    dir: &Path,
    modes: Modes,
    owner: Option<Owner>,
) -> Result<Vec<Edit>, ClientError> {
    [BundleFile::Key, BundleFile::Cert, BundleFile::Ca]
        .into_iter()
        .map(|file| {
            let mode = if file == BundleFile::Key {
                modes.secret
            } else {
                modes.public
            };
            plain_file(&dir.join(file.name()), bundle.content(file), mode, owner)
        })
        .collect()
}

fn plain_file(
    path: &Path,
    content: Content,
    mode: u32,
    owner: Option<Owner>,
) -> Result<Edit, ClientError> {
    match stat(path)?.map(|found| found.kind) {
        None | Some(fs::Kind::File) => Ok(Edit::Write {
            path: path.to_owned(),
            content,
            mode,
            owner,
        }),
        Some(fs::Kind::Symlink) => Err(obstructed(path, Obstacle::Link)),
        Some(_) => Err(obstructed(path, Obstacle::NotAFile)),
    }
}

/// A directory and its missing parents; what exists stays as it is.
fn make_directories(
    path: &Path,
    mode: u32,
    owner: Option<Owner>,
) -> Result<Vec<Edit>, ClientError> {
    // A link in place of `~/.docker` leads where its owner says, and the files below are checked.
    if std::fs::metadata(path).is_ok_and(|found| found.is_dir()) {
        return Ok(Vec::new());
    }
    if stat(path)?.is_some() {
        return Err(obstructed(path, Obstacle::NotADirectory));
    }
    Edit::missing_directories(path, mode, owner)
        .map_err(|error| ClientError::unreadable(path, error))
}

/// The mode that an existing directory must have so that a key may go into it.
fn closed_mode(place: &Place, dir: &Path, found: &Stat) -> Result<u32, ClientError> {
    match found.kind {
        fs::Kind::Directory => {}
        fs::Kind::Symlink => return Err(obstructed(dir, Obstacle::Link)),
        _ => return Err(obstructed(dir, Obstacle::NotADirectory)),
    }
    match place {
        Place::Zone { .. } if only_these(dir, &remove_files(dir)?)? => Ok(0o700),
        Place::Zone { .. } => Err(obstructed(dir, Obstacle::OtherFiles)),
        _ => Ok(found.mode & !0o022),
    }
}

fn may_overwrite(bundle: &Bundle, dir: &Path, claim: Claim<'_>) -> Result<(), ClientError> {
    if remove_files(dir)?.is_empty() || claimed(dir, claim)? {
        return Ok(());
    }
    let wanted = bundle.client_name();
    let refuse = |present: String| {
        Err(ClientError::Occupied {
            dir: dir.to_owned(),
            present,
            wanted: wanted.clone(),
        })
    };
    let Some(leaf) = leaf_in(dir)? else {
        return refuse("somebody unknown (no readable cert.pem)".to_owned());
    };
    let same_name = leaf.common_name() == bundle.leaf().common_name();
    // After a rotation the issuer is another generation, and ca.pem still shares an anchor.
    let same_authority = leaf.issuer() == bundle.leaf().issuer()
        || certificates_in(&dir.join(BundleFile::Ca.name()))?
            .iter()
            .any(|anchor| {
                bundle
                    .anchors()
                    .iter()
                    .any(|ours| ours.der() == anchor.der())
            });
    match (same_name, same_authority) {
        (true, true) => Ok(()),
        (true, false) => refuse(format!(
            "{}, issued by {}",
            name_of(&leaf),
            escape(&leaf.issuer())
        )),
        (false, _) => refuse(name_of(&leaf)),
    }
}

/// Whether the claim alone covers what is in this directory.
fn claimed(dir: &Path, claim: Claim<'_>) -> Result<bool, ClientError> {
    Ok(match claim {
        Claim::Recognised => false,
        Claim::Anything => true,
        Claim::OneOf(known) => {
            leaf_in(dir)?.is_some_and(|leaf| known.contains(&leaf.fingerprint()))
        }
    })
}

fn leaf_in(dir: &Path) -> Result<Option<Certificate>, ClientError> {
    Ok(certificates_in(&dir.join(BundleFile::Cert.name()))?
        .into_iter()
        .next())
}

/// The certificates of a file; none when there is no such file, or nothing that parses.
fn certificates_in(path: &Path) -> Result<Vec<Certificate>, ClientError> {
    Ok(read(path)?
        .and_then(|bytes| Certificate::chain_from_pem(&bytes).ok())
        .unwrap_or_default())
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, ClientError> {
    if stat(path)?.is_none() {
        return Ok(None);
    }
    fs::read(path)
        .map(Some)
        .map_err(|error| ClientError::unreadable(path, error))
}

/// The removal of the three files, as far as they are there; the key first.
fn remove_files(dir: &Path) -> Result<Vec<Edit>, ClientError> {
    let mut edits = Vec::new();
    for file in [BundleFile::Key, BundleFile::Cert, BundleFile::Ca] {
        let path = dir.join(file.name());
        if stat(&path)?.is_some() {
            edits.push(Edit::Remove { path });
        }
    }
    Ok(edits)
}

/// Whether a directory holds nothing else than what these edits are about.
fn only_these(dir: &Path, edits: &[Edit]) -> Result<bool, ClientError> {
    let failed = |error| ClientError::Unlistable {
        path: dir.to_owned(),
        source: error,
    };
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if !edits.iter().any(|edit| edit.path() == path) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn stat(path: &Path) -> Result<Option<Stat>, ClientError> {
    fs::stat(path).map_err(|error| ClientError::unreadable(path, error))
}

fn occupied(dir: &Path, wanted: &str) -> ClientError {
    let present = match leaf_in(dir) {
        Ok(Some(leaf)) => name_of(&leaf),
        _ => "somebody unknown (no readable cert.pem)".to_owned(),
    };
    ClientError::Occupied {
        dir: dir.to_owned(),
        present,
        wanted: wanted.to_owned(),
    }
}

fn obstructed(path: &Path, obstacle: Obstacle) -> ClientError {
    ClientError::Obstructed {
        path: path.to_owned(),
        obstacle,
    }
}

#[cfg(test)]
mod tests {
    use super::{Claim, Place, WhenCurrent, installed, plan_install, plan_remove};
    use crate::client::fixture::{Authority, Scratch, apply, endpoint};
    use crate::client::{BundleFile, ClientError, ContextPaths, Obstacle};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::{Path, PathBuf};

    pub(super) fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    pub(super) fn chmod(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    pub(super) fn context(dir: &Path) -> Place {
        Place::Context {
            docker_config_dir: dir.to_owned(),
            name: "prod".parse().unwrap(),
            description: Some("the build host".to_owned()),
        }
    }

    fn places(dir: &Path) -> [Place; 3] {
        [
            Place::DockerHome {
                dir: dir.join(".docker"),
            },
            Place::Zone {
                dir: dir.join("zones/a"),
            },
            context(&dir.join("config")),
        ]
    }

    /// Every file and directory below, for comparison.
    fn tree(dir: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                found.extend(tree(&path));
            }
            found.push(path);
        }
        found.sort();
        found
    }

    #[test]
    fn each_place_gets_three_files_once() {
        let scratch = Scratch::new();
        let main = Authority::new("main");
        let bundle = main.bundle("alice");
        for place in places(scratch.path()) {
            let edits =
                plan_install(&bundle, &place, &endpoint(), None, Claim::Recognised).unwrap();
            assert!(apply(&edits) >= 4, "{place}");
            let again =
                plan_install(&bundle, &place, &endpoint(), None, Claim::Recognised).unwrap();
            assert_eq!(apply(&again), 0, "{place} is up to date");
            let dir = place.cert_dir();
            let (public, secret) = match place {
                Place::Context { .. } => (0o600, 0o600),
                _ => (0o444, 0o400),
            };
            assert_eq!(mode(&dir), 0o700);
            for file in BundleFile::ALL {
                let path = dir.join(file.name());
                assert_eq!(
                    mode(&path),
                    if file == BundleFile::Key {
                        secret
                    } else {
                        public
                    }
                );
                assert_eq!(std::fs::read(&path).unwrap(), bundle.content(file).bytes());
            }
            assert_eq!(
                installed(&place).unwrap().unwrap().der(),
                bundle.leaf().der()
            );
            // A renewal is recognised.
            let renewed = main.bundle("alice");
            apply(&plan_install(&renewed, &place, &endpoint(), None, Claim::Recognised).unwrap());
            assert_eq!(
                installed(&place).unwrap().unwrap().der(),
                renewed.leaf().der()
            );
        }
    }

    #[test]
    fn a_kill_between_two_edits_leaves_no_open_key_and_no_bare_context() {
        let bundle = Authority::new("main").bundle("alice");
        for which in 0..3 {
            let scratch = Scratch::new();
            let place = &places(scratch.path())[which];
            let install =
                plan_install(&bundle, place, &endpoint(), None, Claim::Recognised).unwrap();
            let check = || {
                let dir = place.cert_dir();
                let key = dir.join("key.pem");
                assert!(!key.exists() || (mode(&dir) == 0o700 && mode(&key) & 0o077 == 0));
                if let Place::Context {
                    docker_config_dir,
                    name,
                    ..
                } = place
                {
                    let bare = !(key.exists() && dir.join("ca.pem").exists());
                    assert!(!bare || !ContextPaths::new(docker_config_dir, name).meta.exists());
                }
            };
            for edit in &install {
                apply(std::slice::from_ref(edit));
                check();
            }
            for edit in plan_remove(place, Claim::Anything, WhenCurrent::Refuse).unwrap() {
                apply(&[edit]);
                check();
            }
        }
    }

    #[test]
    fn others_credentials_are_not_overwritten() {
        let scratch = Scratch::new();
        let main = Authority::new("main");
        let alice = main.bundle("alice");
        for place in &places(scratch.path())[..2] {
            apply(&plan_install(&alice, place, &endpoint(), None, Claim::Recognised).unwrap());
            for other in [main.bundle("bob"), Authority::new("other").bundle("alice")] {
                let error =
                    plan_install(&other, place, &endpoint(), None, Claim::Recognised).unwrap_err();
                assert!(matches!(error, ClientError::Occupied { .. }), "{error:?}");
            }
            let bob = main.bundle("bob");
            let known = [alice.leaf().fingerprint()];
            assert!(plan_install(&bob, place, &endpoint(), None, Claim::OneOf(&known)).is_ok());
            assert!(plan_install(&bob, place, &endpoint(), None, Claim::OneOf(&[])).is_err());
            assert!(plan_install(&bob, place, &endpoint(), None, Claim::Anything).is_ok());
            let cert = place.cert_dir().join("cert.pem");
            std::fs::remove_file(&cert).unwrap();
            assert!(
                plan_install(&alice, place, &endpoint(), None, Claim::Recognised).is_err(),
                "whose key is it?"
            );
        }
    }

    #[test]
    fn what_is_in_the_way_is_named() {
        let bundle = Authority::new("main").bundle("alice");
        let scratch = Scratch::new();
        let dir = scratch.path();
        std::fs::create_dir(dir.join("real")).unwrap();
        std::fs::write(dir.join("file"), "x").unwrap();
        std::fs::create_dir(dir.join("used")).unwrap();
        std::fs::write(dir.join("used/report.txt"), "x").unwrap();
        std::fs::create_dir(dir.join("odd")).unwrap();
        symlink("/dev/null", dir.join("odd/key.pem")).unwrap();
        std::fs::create_dir_all(dir.join("odd2/key.pem")).unwrap();
        symlink("real", dir.join("link")).unwrap();
        for (name, expected) in [
            ("link", Obstacle::Link),
            ("file", Obstacle::NotADirectory),
            ("used", Obstacle::OtherFiles),
            ("odd", Obstacle::Link),
            ("odd2", Obstacle::NotAFile),
        ] {
            let place = Place::Zone {
                dir: dir.join(name),
            };
            let error =
                plan_install(&bundle, &place, &endpoint(), None, Claim::Anything).unwrap_err();
            assert!(
                matches!(&error, ClientError::Obstructed { obstacle, .. } if *obstacle == expected),
                "{name}: {error:?}"
            );
        }
        // ~/.docker serves others too: it is only closed to their pens.
        let place = Place::DockerHome {
            dir: dir.join("used"),
        };
        chmod(&dir.join("used"), 0o775);
        apply(&plan_install(&bundle, &place, &endpoint(), None, Claim::Recognised).unwrap());
        assert_eq!(mode(&dir.join("used")), 0o755);
    }

    #[test]
    fn removal_takes_what_was_installed_and_nothing_else() {
        let bundle = Authority::new("main").bundle("alice");
        let known = [bundle.leaf().fingerprint()];
        let scratch = Scratch::new();
        std::fs::create_dir(scratch.path().join(".docker")).unwrap();
        std::fs::write(scratch.path().join(".docker/config.json"), "{}").unwrap();
        std::fs::create_dir(scratch.path().join("zones")).unwrap();
        std::fs::create_dir_all(scratch.path().join("config/contexts/meta")).unwrap();
        std::fs::create_dir_all(scratch.path().join("config/contexts/tls")).unwrap();
        let before = tree(scratch.path());
        for place in places(scratch.path()) {
            apply(&plan_install(&bundle, &place, &endpoint(), None, Claim::Recognised).unwrap());
            if !matches!(place, Place::Context { .. }) {
                assert!(plan_remove(&place, Claim::OneOf(&[]), WhenCurrent::Refuse).is_err());
            }
            apply(&plan_remove(&place, Claim::OneOf(&known), WhenCurrent::Refuse).unwrap());
            assert_eq!(tree(scratch.path()), before, "{place}");
            assert!(
                plan_remove(&place, Claim::OneOf(&known), WhenCurrent::Refuse)
                    .unwrap()
                    .is_empty()
            );
        }
    }
}
