//! Docker contexts on the disk: the edits that make one, take it away or choose it.

use super::{
    Claim, Modes, claimed, make_directories, obstructed, only_these, plain_file, read,
    remove_files, stat, write_files,
};
use crate::client::bundle::Bundle;
use crate::client::config::{current_context, with_current_context};
use crate::client::context::{ContextMeta, ContextName, ContextPaths};
use crate::client::endpoint::Endpoint;
use crate::client::error::{BundleFile, ClientError, Obstacle};
use sealock_change::{Content, Edit, Owner, fs};
use sealock_diag::{Sensitive, escape};
use std::path::Path;

/// What happens when the context to be removed is the CLI's current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenCurrent {
    /// [`ClientError::ContextInUse`].
    Refuse,
    /// `config.json` goes back to `default` in the same plan.
    BackToDefault,
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

/// The edits of [`super::plan_install`] for a context.
pub(super) fn install(
    bundle: &Bundle,
    docker_config_dir: &Path,
    name: &ContextName,
    description: Option<&str>,
    endpoint: &Endpoint,
    owner: Option<Owner>,
    claim: Claim<'_>,
) -> Result<Vec<Edit>, ClientError> {
    let paths = ContextPaths::new(docker_config_dir, name);
    let meta = match read_meta(&paths.meta, name, claim)? {
        Some(present) => {
            if !present.is_ours() && !claimed(&paths.endpoint_dir, claim)? {
                return Err(ClientError::ContextExists {
                    name: name.to_string(),
                    path: paths.meta,
                });
            }
            present.refreshed(endpoint, description)
        }
        None => ContextMeta::new(name, endpoint, description),
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

/// The edits of [`super::plan_remove`] for a context.
pub(super) fn remove(
    docker_config_dir: &Path,
    name: &ContextName,
    claim: Claim<'_>,
    current: WhenCurrent,
) -> Result<Vec<Edit>, ClientError> {
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

#[cfg(test)]
mod tests {
    use super::super::tests::{chmod, context, mode};
    use super::super::{Claim, plan_install, plan_remove};
    use super::{StoredContext, WhenCurrent, plan_use};
    use crate::client::fixture::{Authority, Scratch, apply, endpoint};
    use crate::client::{BundleFile, ClientError, ContextPaths};

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
