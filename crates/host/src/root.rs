//! Where the file system begins: `/`, or a temporary directory in tests.

use std::path::{Path, PathBuf};

/// The directory that stands for `/`.
///
/// Paths inside this crate are what the daemon sees (`/etc/docker`); [`Root::at`] turns them into
/// what we open. On a real host both are the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root(PathBuf);

impl Root {
    /// The root of a real host.
    pub fn host() -> Self {
        Self(PathBuf::from("/"))
    }

    /// A root elsewhere.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self(directory.into())
    }

    /// The path to open for what the daemon calls `path`.
    pub fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        self.0.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// What the daemon calls a path below this root.
    pub fn seen(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(&self.0) {
            Ok(rest) => Path::new("/").join(rest),
            Err(_) => path.to_path_buf(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Root;
    use std::path::Path;

    #[test]
    fn a_root_is_invisible_on_a_real_host() {
        let host = Root::host();
        assert_eq!(host.at("/etc/docker"), Path::new("/etc/docker"));
        assert_eq!(
            host.seen(Path::new("/etc/docker")),
            Path::new("/etc/docker")
        );
        let elsewhere = Root::new("/tmp/x");
        assert_eq!(elsewhere.at("/etc/docker"), Path::new("/tmp/x/etc/docker"));
        assert_eq!(elsewhere.seen(Path::new("/tmp/x/etc")), Path::new("/etc"));
    }
}
