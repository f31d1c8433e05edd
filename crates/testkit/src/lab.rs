//! The lab: where the real things lie that `cargo xtask test` installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The form of the lab this testkit understands; `xtask` writes it last, when all is there.
const FORM: &str = "1";

/// A version of Docker, as Debian packages it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 20.10.24, Debian 12.
    V20,
    /// 26.1.5, Debian 13.
    V26,
    /// 28.5.2, Debian sid.
    V28,
}

impl Version {
    /// Every version, oldest first.
    pub const ALL: [Self; 3] = [Self::V20, Self::V26, Self::V28];

    fn suite(self) -> &'static str {
        match self {
            Self::V20 => "bookworm",
            Self::V26 => "trixie",
            Self::V28 => "sid",
        }
    }
}

/// A Debian release that a [`crate::Machine`] can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// Debian 12, docker.io 20.10.24, systemd 252.
    Bookworm,
    /// Debian 13, docker.io 26.1.5, systemd 257.
    Trixie,
}

impl Suite {
    /// Debian's name for the release.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bookworm => "bookworm",
            Self::Trixie => "trixie",
        }
    }
}

/// Paths of the lab. Everything under it is read-only for tests, except through [`crate::Scratch`].
#[derive(Debug)]
pub struct Lab {
    root: PathBuf,
}

/// The lab that `cargo xtask test` installed.
///
/// # Panics
/// When the tests were not started by `cargo xtask test`, or a component is missing: a test that
/// skips itself proves nothing.
#[must_use]
pub fn lab() -> &'static Lab {
    static LAB: OnceLock<Lab> = OnceLock::new();
    LAB.get_or_init(|| {
        let root = std::env::var_os("SEALOCK_LAB")
            .map(PathBuf::from)
            .expect("SEALOCK_LAB is not set; run the tests through: cargo xtask test");
        let form = fs::read_to_string(root.join("form")).unwrap_or_default();
        assert!(
            form == FORM,
            "the lab at {} is not complete (form `{form}`, wanted `{FORM}`); \
             run the tests through: cargo xtask test",
            root.display()
        );
        Lab { root }
    })
}

impl Lab {
    /// The lab's folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder into which Docker of `version` is unpacked (`usr/sbin/dockerd`, …).
    #[must_use]
    pub fn prefix(&self, version: Version) -> PathBuf {
        self.existing(&format!("prefix/{}", version.suite()))
    }

    /// The real docker command line client of `version`.
    #[must_use]
    pub fn docker_cli(&self, version: Version) -> PathBuf {
        self.existing(&format!("prefix/{}/usr/bin/docker", version.suite()))
    }

    /// The PATH with which Docker of `version` finds its own containerd and runc.
    #[must_use]
    pub fn docker_path(&self, version: Version) -> String {
        let own = self.prefix(version);
        // runc is always Debian 12's: newer ones want a newer glibc than this machine may have.
        let runc = self.prefix(Version::V20);
        format!(
            "{0}/usr/sbin:{0}/usr/bin:{1}/usr/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
            own.display(),
            runc.display()
        )
    }

    /// The root filesystem of a machine. Never boot it itself: [`crate::Machine`] lays a copy.
    #[must_use]
    pub fn rootfs(&self, suite: Suite) -> PathBuf {
        self.existing(&format!("rootfs/{}", suite.name()))
    }

    /// The container image (busybox, every applet) in the form that `docker import` takes.
    #[must_use]
    pub fn image(&self) -> PathBuf {
        self.existing("image/busybox.tar")
    }

    /// A Python with docker-py, cryptography and pkilint.
    #[must_use]
    pub fn python(&self) -> PathBuf {
        self.existing("venv/bin/python3")
    }

    /// A program of the Python environment, such as `lint_pkix_cert`.
    #[must_use]
    pub fn python_program(&self, name: &str) -> PathBuf {
        self.existing(&format!("venv/bin/{name}"))
    }

    /// The folder for `NODE_PATH` under which `require('dockerode')` works.
    #[must_use]
    pub fn node_modules(&self) -> PathBuf {
        self.existing("npm/node_modules")
    }

    /// zlint, a certificate linter written in Go.
    #[must_use]
    pub fn zlint(&self) -> PathBuf {
        self.existing("prefix/sid/usr/bin/zlint")
    }

    /// The folder into which other proxies and a registry are unpacked (`usr/sbin/nginx`, …); they find their
    /// libraries through `LD_LIBRARY_PATH`, see [`Lab::peer`].
    #[must_use]
    pub fn peers(&self) -> PathBuf {
        self.existing("peers")
    }

    /// A program out of [`Lab::peers`], such as `usr/sbin/haproxy`, ready to be given its arguments.
    #[must_use]
    pub fn peer(&self, program: &str) -> std::process::Command {
        self.unpacked("peers", program)
    }

    /// A program out of the folder into which databases and their clients are unpacked (`usr/bin/redis-cli`,
    /// `usr/bin/tsql`, `usr/lib/postgresql/15/bin/psql`, …), ready to be given its arguments.
    #[must_use]
    pub fn neighbour(&self, program: &str) -> std::process::Command {
        self.unpacked("neighbours", program)
    }

    /// Where programs of [`Lab::neighbour`] find libraries.
    #[must_use]
    pub fn neighbour_libraries(&self) -> PathBuf {
        self.existing("neighbours").join("usr/lib").join(triplet())
    }

    /// A Python with three drivers of SQL Server: mssql-python (Microsoft's ODBC driver), pymssql and python-tds.
    #[must_use]
    pub fn tds_python(&self) -> PathBuf {
        self.existing("tds/bin/python3")
    }

    /// The folder for `NODE_PATH` under which `require('tedious')` works.
    #[must_use]
    pub fn tedious(&self) -> PathBuf {
        self.existing("tedious/node_modules")
    }

    /// The folder with SQLPad and a browser's driver in `node_modules`.
    #[must_use]
    pub fn sqlpad(&self) -> PathBuf {
        self.existing("sqlpad")
    }

    /// This machine's node.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn node(&self) -> PathBuf {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path)
            .map(|folder| folder.join("node"))
            .find(|node| node.is_file())
            .expect("node is on PATH; run the tests through: cargo xtask test")
    }

    /// A program out of the folder into which Chromium and the tools of its certificate database are unpacked
    /// (`usr/lib/chromium/chromium`, `usr/bin/certutil`), ready to be given its arguments.
    #[must_use]
    pub fn chromium(&self, program: &str) -> std::process::Command {
        let mut command = self.unpacked("chromium", program);
        let folder = self.existing("chromium");
        let places = ["usr/lib", "lib"].map(|place| folder.join(place).join(triplet()));
        let inner = ["nss", "pulseaudio"].map(|place| places[0].join(place));
        let path =
            std::env::join_paths(places.iter().chain(&inner)).expect("a path without colons");
        command.env("LD_LIBRARY_PATH", path);
        command
    }

    /// A program that uses services (`usr/bin/isql`, `usr/bin/certutil`, …), ready to be given its arguments.
    #[must_use]
    pub fn client_program(&self, program: &str) -> std::process::Command {
        self.unpacked("clients", program)
    }

    /// A folder of [`Lab::client_program`]'s, such as that of its libraries or of Java.
    #[must_use]
    pub fn clients(&self, relative: &str) -> PathBuf {
        self.existing(&format!("clients/{relative}"))
    }

    /// Java, as `bin/java` and `bin/keytool` below it.
    #[must_use]
    pub fn java(&self) -> PathBuf {
        let homes = self.clients("usr/lib/jvm");
        let found = fs::read_dir(&homes).into_iter().flatten().flatten();
        let mut homes = found.map(|entry| entry.path());
        homes
            .find(|home| home.join("bin/java").exists())
            .expect("the lab's Java")
    }

    /// Microsoft's ODBC driver for SQL Server, as mssql-python brings it.
    #[must_use]
    pub fn microsoft_odbc(&self) -> PathBuf {
        let mut folders = vec![self.existing("tds/lib")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                let name = entry.file_name();
                let is_driver = name.to_string_lossy().starts_with("libmsodbcsql-");
                if is_driver && path.to_string_lossy().contains("debian") {
                    return path;
                }
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push(path);
                }
            }
        }
        panic!("mssql-python has no driver for Debian in it")
    }

    /// The folder for `PYTHONPATH` under which `import redis` and `import pika` work.
    #[must_use]
    pub fn drivers(&self) -> PathBuf {
        self.existing("drivers")
    }

    /// The folder of the docker command line's plugins: `docker-buildx` and `docker-compose`.
    #[must_use]
    pub fn docker_plugins(&self) -> PathBuf {
        self.existing("plugins/usr/libexec/docker/cli-plugins")
    }

    /// docker-py's own tests (`source/tests/integration`) and a Python that has what they need (`venv/bin/python3`).
    #[must_use]
    pub fn docker_py(&self) -> PathBuf {
        self.existing("docker-py")
    }

    /// bollard's own tests, built: a program each (`tests/exec_test`, …).
    #[must_use]
    pub fn bollard(&self) -> PathBuf {
        self.existing("bollard")
    }

    /// A program of a folder of unpacked packages, which finds the libraries that lie beside it.
    fn unpacked(&self, folder: &str, program: &str) -> std::process::Command {
        let libraries = self.existing(folder).join("usr/lib").join(triplet());
        let mut command = std::process::Command::new(self.existing(&format!("{folder}/{program}")));
        command
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("LD_LIBRARY_PATH", libraries);
        command
    }

    fn existing(&self, relative: &str) -> PathBuf {
        let path = self.root.join(relative);
        assert!(
            path.exists(),
            "the lab has no {}; run the tests through: cargo xtask test",
            path.display()
        );
        path
    }
}

/// Debian's name of this machine's architecture in library folders.
fn triplet() -> String {
    format!("{}-linux-gnu", std::env::consts::ARCH)
}
