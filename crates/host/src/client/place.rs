//! Where a bundle is installed, and the edits that put it there or take it away.
//!
//! The order of edits keeps a kill harmless: directories are closed before a key goes into them, and a
//! context's `meta.json` is written last and removed first. A context without its certificates would
//! make the CLI talk plain HTTP.

use super::bundle::{Bundle, name_of};
use super::config::{current_context, with_current_context};
use super::context::{ContextMeta, ContextName, ContextPaths};
use super::endpoint::Endpoint;
use super::error::{BundleFile, ClientError, Obstacle};
use sealock_change::{Content, Edit, Owner, Stat, fs};
use sealock_diag::{Sensitive, escape};
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

/// What happens when the context to be removed is the CLI's current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenCurrent {
    /// [`ClientError::ContextInUse`].
    Refuse,
    /// `config.json` goes back to `default` in the same plan.
    BackToDefault,
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
            let paths = ContextPaths::new(docker_config_dir, name);
            let meta = match read_meta(&paths.meta, name, claim)? {
                Some(present) => {
                    if !present.is_ours() && !claimed(&paths.endpoint_dir, claim)? {
                        return Err(ClientError::ContextExists {
                            name: name.to_string(),
                            path: paths.meta,
                        });
                    }
                    present.refreshed(endpoint, description.as_deref())
                }
                None => ContextMeta::new(name, endpoint, description.as_deref()),
            };
            let contexts = docker_config_dir.join("contexts");
            let mut edits = make_directories(docker_config_dir, 0o700, owner)?;
            for (dir, mode) in [
                (&contexts, 0o755),
                (&contexts.join("tls"), 0o700),
                (&paths.tls_dir, 0o700),
                (&paths.endpoint_dir, 0o700),
            ] {
                edits.extend(directory(dir, mode, owner)?);
            }
            edits.extend(write_files(
                bundle,
                &paths.endpoint_dir,
                Modes {
                    public: 0o600,
                    secret: 0o600,
                },
                owner,
            )?);
            edits.extend(directory(&contexts.join("meta"), 0o755, owner)?);
            edits.extend(directory(&paths.meta_dir, 0o755, owner)?);
            edits.push(plain_file(
                &paths.meta,
                Content::Public(meta.to_json()),
                0o644,
                owner,
            )?);
            Ok(edits)
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
        } => {
            let paths = ContextPaths::new(docker_config_dir, name);
            let mut edits = Vec::new();
            match read_meta(&paths.meta, name, claim)? {
                Some(meta) if !meta.is_ours() && !claimed(&paths.endpoint_dir, claim)? => {
                    return Err(ClientError::ContextExists {
                        name: name.to_string(),
                        path: paths.meta,
                    });
                }
                None if stat(&paths.meta)?.is_none() && stat(&paths.tls_dir)?.is_none() => {
                    return Ok(edits);
                }
                _ => {}
            }
            let config = docker_config_dir.join("config.json");
            let text = read_config(&config)?.unwrap_or_default();
            if current_context(&text, &config)?.as_deref() == Some(name.as_str()) {
                if current == WhenCurrent::Refuse {
                    return Err(ClientError::ContextInUse {
                        name: name.to_string(),
                        path: config,
                    });
                }
                edits.extend(plan_use(docker_config_dir, None, None)?);
            }
            for (files, dirs) in [
                (
                    vec![Edit::Remove {
                        path: paths.meta.clone(),
                    }],
                    vec![&paths.meta_dir],
                ),
                (
                    remove_files(&paths.endpoint_dir)?,
                    vec![&paths.endpoint_dir, &paths.tls_dir],
                ),
            ] {
                let mut gone = files;
                for dir in dirs {
                    if stat(dir)?.is_some() && only_these(dir, &gone)? {
                        gone.push(Edit::Remove { path: dir.clone() });
                    }
                }
                edits.extend(gone);
            }
            Ok(edits)
        }
    }
}

/// The edit that makes `context` the docker CLI's current one, or `None` for `default`; the rest of
/// `config.json` stays byte for byte. Empty when it is so already.
///
/// # Errors
/// [`ClientError::ConfigBroken`] when `config.json` is no JSON object; [`ClientError::Unreadable`].
pub fn plan_use(
    docker_config_dir: &Path,
    context: Option<&ContextName>,
    owner: Option<Owner>,
) -> Result<Vec<Edit>, ClientError> {
    let path = docker_config_dir.join("config.json");
    let text = read_config(&path)?;
    let now = current_context(text.as_deref().unwrap_or_default(), &path)?;
    if now.as_deref() == context.map(ContextName::as_str) {
        return Ok(Vec::new());
    }
    let next = with_current_context(text.as_deref(), context, &path)?;
    let landing = fs::resolve(&path).map_err(|error| ClientError::unreadable(&path, error))?;
    let mode = stat(&landing)?.map_or(0o600, |found| found.mode);
    let mut edits = make_directories(docker_config_dir, 0o700, owner)?;
    // The file may hold registry passwords, so its text is never shown in a diff.
    let content = Content::Secret(Sensitive::new(next.into_bytes()));
    edits.push(Edit::Write {
        path,
        content,
        mode,
        owner,
    });
    Ok(edits)
}

/// A context as it lies on the disk.
#[derive(Debug)]
pub struct StoredContext {
    /// Its metadata.
    pub meta: ContextMeta,
    /// Where it is kept.
    pub paths: ContextPaths,
    /// Which of the three files are there.
    pub files: Vec<BundleFile>,
}

impl StoredContext {
    /// Reads a context of sealock's or the CLI's making.
    ///
    /// # Errors
    /// [`ClientError::ContextMissing`], [`ClientError::ContextBroken`], [`ClientError::Unreadable`].
    pub fn read(docker_config_dir: &Path, name: &ContextName) -> Result<Self, ClientError> {
        let paths = ContextPaths::new(docker_config_dir, name);
        let meta = read_meta(&paths.meta, name, Claim::Recognised)?.ok_or_else(|| {
            ClientError::ContextMissing {
                name: name.to_string(),
                path: paths.meta.clone(),
            }
        })?;
        let mut files = Vec::new();
        for file in BundleFile::ALL {
            if stat(&paths.endpoint_dir.join(file.name()))?.is_some() {
                files.push(file);
            }
        }
        Ok(Self { meta, paths, files })
    }

    /// The client in it.
    ///
    /// # Errors
    /// Those of [`Bundle::read_dir`].
    pub fn bundle(&self) -> Result<Bundle, ClientError> {
        Bundle::read_dir(&self.paths.endpoint_dir)
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

/// One directory of the context store: made when it is missing, closed when it should be closed.
fn directory(path: &Path, mode: u32, owner: Option<Owner>) -> Result<Option<Edit>, ClientError> {
    let edit = |mode, owner| {
        Some(Edit::Directory {
            path: path.to_owned(),
            mode,
            owner,
        })
    };
    match stat(path)? {
        None => Ok(edit(mode, owner)),
        Some(found) if found.kind == fs::Kind::Symlink => Err(obstructed(path, Obstacle::Link)),
        Some(found) if found.kind != fs::Kind::Directory => {
            Err(obstructed(path, Obstacle::NotADirectory))
        }
        // Bits that are missing were taken away by somebody on purpose.
        Some(found) if found.mode & !mode != 0 => Ok(edit(found.mode & mode, None)),
        Some(_) => Ok(None),
    }
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

/// The `meta.json` of a context. Under [`Claim::Anything`] one that cannot be understood counts as none.
fn read_meta(
    path: &Path,
    name: &ContextName,
    claim: Claim<'_>,
) -> Result<Option<ContextMeta>, ClientError> {
    let Some(bytes) = read(path)? else {
        return Ok(None);
    };
    let parsed = ContextMeta::parse(&bytes).and_then(|meta| {
        if meta.name() == name.as_str() {
            Ok(meta)
        } else {
            Err(format!(
                "it is the context {:?}, not {:?}",
                escape(meta.name()),
                name.as_str()
            ))
        }
    });
    match parsed {
        Ok(meta) => Ok(Some(meta)),
        Err(_) if matches!(claim, Claim::Anything) => Ok(None),
        Err(why) => Err(ClientError::ContextBroken {
            path: path.to_owned(),
            why: escape(&why),
        }),
    }
}

/// The text of `config.json`; one that is no text is refused, since it could not be written back.
fn read_config(path: &Path) -> Result<Option<String>, ClientError> {
    let text = |bytes| {
        String::from_utf8(bytes).map_err(|_| ClientError::ConfigBroken {
            path: path.to_owned(),
            why: "it is not UTF-8 text".to_owned(),
        })
    };
    read(path)?.map(text).transpose()
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
    use super::{
        Claim, Place, StoredContext, WhenCurrent, installed, plan_install, plan_remove, plan_use,
    };
    use crate::client::fixture::{Authority, Scratch, apply, endpoint};
    use crate::client::{BundleFile, ClientError, ContextPaths, Obstacle};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::{Path, PathBuf};

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    fn chmod(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    fn context(dir: &Path) -> Place {
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
    fn foreign_contexts_stay_unless_the_user_says_so() {
        let bundle = Authority::new("main").bundle("alice");
        let scratch = Scratch::new();
        let place = context(scratch.path());
        let name = "prod".parse().unwrap();
        let paths = ContextPaths::new(scratch.path(), &name);
        std::fs::create_dir_all(&paths.meta_dir).unwrap();
        let foreign = r#"{"Name":"prod","Metadata":{"Description":"hers","x":1},"Endpoints":{"docker":{"Host":"ssh://h"}}}"#;
        std::fs::write(&paths.meta, foreign).unwrap();
        let plan = |claim| plan_install(&bundle, &place, &endpoint(), None, claim);
        assert!(matches!(
            plan(Claim::Recognised).unwrap_err(),
            ClientError::ContextExists { .. }
        ));
        assert!(plan_remove(&place, Claim::Recognised, WhenCurrent::Refuse).is_err());
        apply(&plan(Claim::Anything).unwrap());
        let stored = StoredContext::read(scratch.path(), &name).unwrap();
        assert!(stored.meta.is_ours());
        assert_eq!(stored.meta.description(), Some("the build host"));
        assert_eq!(stored.files, BundleFile::ALL);
        assert_eq!(stored.bundle().unwrap().leaf().der(), bundle.leaf().der());
        assert!(
            std::fs::read_to_string(&paths.meta)
                .unwrap()
                .contains(r#""x":1"#)
        );
        for broken in ["{", r#"{"Name":"elsewhere"}"#, "\u{1b}"] {
            std::fs::write(&paths.meta, broken).unwrap();
            assert!(matches!(
                plan(Claim::Recognised).unwrap_err(),
                ClientError::ContextBroken { .. }
            ));
            assert!(plan(Claim::Anything).is_ok());
        }
        let other = "other".parse().unwrap();
        assert!(matches!(
            StoredContext::read(scratch.path(), &other).unwrap_err(),
            ClientError::ContextMissing { .. }
        ));
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

    #[test]
    fn the_current_context_goes_only_together_with_its_choice() {
        let bundle = Authority::new("main").bundle("alice");
        let scratch = Scratch::new();
        let place = context(scratch.path());
        let name = "prod".parse().unwrap();
        apply(&plan_install(&bundle, &place, &endpoint(), None, Claim::Recognised).unwrap());
        let config = scratch.path().join("config.json");
        std::fs::write(&config, "{\n\t\"auths\": {}\n}").unwrap();
        chmod(&config, 0o640);
        apply(&plan_use(scratch.path(), Some(&name), None).unwrap());
        assert!(
            plan_use(scratch.path(), Some(&name), None)
                .unwrap()
                .is_empty()
        );
        assert_eq!(mode(&config), 0o640);
        let refused = plan_remove(&place, Claim::Recognised, WhenCurrent::Refuse).unwrap_err();
        assert!(matches!(refused, ClientError::ContextInUse { .. }));
        apply(&plan_remove(&place, Claim::Recognised, WhenCurrent::BackToDefault).unwrap());
        assert_eq!(
            std::fs::read_to_string(&config).unwrap(),
            "{\n\t\"auths\": {}\n}"
        );
        assert!(!place.cert_dir().exists());
        std::fs::write(&config, b"{\"a\":\"\xff\"}").unwrap();
        assert!(
            plan_use(scratch.path(), Some(&name), None).is_err(),
            "not ours to rewrite"
        );
        assert_eq!(
            apply(&plan_use(&scratch.path().join("new"), Some(&name), None).unwrap()),
            2
        );
        assert_eq!(mode(&scratch.path().join("new/config.json")), 0o600);
    }

    #[test]
    fn open_directories_of_the_store_are_closed() {
        let bundle = Authority::new("main").bundle("alice");
        let scratch = Scratch::new();
        let place = context(scratch.path());
        apply(&plan_install(&bundle, &place, &endpoint(), None, Claim::Recognised).unwrap());
        let tls = scratch.path().join("contexts/tls");
        chmod(&tls, 0o777);
        chmod(&place.cert_dir(), 0o755);
        apply(&plan_install(&bundle, &place, &endpoint(), None, Claim::Recognised).unwrap());
        assert_eq!((mode(&tls), mode(&place.cert_dir())), (0o700, 0o700));
    }
}
