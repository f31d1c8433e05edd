//! What every test of this folder needs: the binary with a home of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use sealock_testkit::dockerd::{Builder, Container, Dockerd};
use sealock_testkit::lab::{Version, lab};
use sealock_testkit::process::{Outcome, free_port, run};

/// The binary under test. Some tests mount something else over `/tmp`, so that it must not lie there.
pub(crate) fn program() -> &'static Path {
    static PLACE: OnceLock<PathBuf> = OnceLock::new();
    let built = Path::new(env!("CARGO_BIN_EXE_sealock"));
    if !built.starts_with("/tmp") {
        return built;
    }
    PLACE.get_or_init(|| {
        let copy = lab().root().join(format!("sealock-{}", std::process::id()));
        std::fs::copy(built, &copy).unwrap();
        copy
    })
}

/// The binary, with a vault and a `sealock.toml` in a folder of the test's own.
pub(crate) struct Sealock {
    folder: PathBuf,
}

impl Sealock {
    /// Keeps everything in `folder`.
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.join("home")
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.join("sealock.toml")
    }

    /// The command line, to be run or to be traced.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(program());
        command
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", &self.folder);
        command
            .arg("--home")
            .arg(self.home())
            .arg("--config")
            .arg(self.config())
            .args(words);
        command
    }

    pub(crate) fn run(&self, words: &[&str]) -> Outcome {
        run(&mut self.command(words))
    }

    /// `up` for a daemon that was started by hand.
    pub(crate) fn up(&self, daemon: &Dockerd, listen: &str, more: &[&str]) -> Outcome {
        let (config, socket, restart) = (
            daemon.config_file(),
            daemon.socket(),
            daemon.restart_script(),
        );
        let paths = [&config, &socket, &restart].map(|path| path.display().to_string());
        let mut words = vec!["up", "--yes", "--listen", listen, "--client", "alice"];
        words.extend([
            "--docker-config",
            &paths[0],
            "--docker-socket",
            &paths[1],
            "--restart-command",
            &paths[2],
        ]);
        words.extend(more);
        self.run(&words)
    }
}

/// A real daemon started by hand, one container that runs in it, and sealock beside it.
pub(crate) struct Host {
    pub(crate) daemon: Dockerd,
    pub(crate) sealock: Sealock,
    pub(crate) container: Container,
    pub(crate) port: u16,
}

impl Host {
    /// With a `daemon.json` of the testkit's own.
    pub(crate) fn new(version: Version) -> Self {
        Self::of(Dockerd::builder(version).hosts_in_config())
    }

    /// With the `daemon.json` given.
    pub(crate) fn with_config(version: Version, text: &str) -> Self {
        Self::of(Dockerd::builder(version).hosts_in_config().config(text))
    }

    fn of(builder: Builder) -> Self {
        let daemon = builder.start();
        let container = daemon.run_container("lives");
        let ours = daemon.folder().join("sealock");
        std::fs::create_dir(&ours).unwrap();
        Self {
            sealock: Sealock::in_folder(&ours),
            daemon,
            container,
            port: free_port(),
        }
    }

    /// Where the daemon is to listen.
    pub(crate) fn listen(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// `up` on that address.
    pub(crate) fn up(&self, more: &[&str]) -> Outcome {
        self.sealock.up(&self.daemon, &self.listen(), more)
    }

    /// `up` that nobody told how the daemon is restarted.
    pub(crate) fn up_without_restart(&self, more: &[&str]) -> Command {
        let paths = [self.daemon.config_file(), self.daemon.socket()]
            .map(|path| path.display().to_string());
        let listen = self.listen();
        let mut words = vec!["up", "--yes", "--listen", &listen, "--client", "alice"];
        words.extend(["--docker-config", &paths[0], "--docker-socket", &paths[1]]);
        words.extend(more);
        self.sealock.command(&words)
    }

    /// The folder of a client's three files.
    pub(crate) fn client(&self, name: &str) -> PathBuf {
        self.sealock.home().join("clients").join(name)
    }

    /// The folder of `daemon.json` and of what sealock puts beside it.
    pub(crate) fn etc(&self) -> PathBuf {
        self.daemon.folder().join("etc")
    }

    /// The daemon's certificate in force.
    pub(crate) fn live(&self) -> PathBuf {
        self.etc().join("sealock/live")
    }

    /// Insists that the container is the very process that it was.
    #[track_caller]
    pub(crate) fn lives(&self) {
        assert_eq!(
            self.daemon.container_pid(&self.container.id),
            Some(self.container.pid),
            "the container was lost"
        );
    }

    /// What the running daemon says of live-restore.
    pub(crate) fn live_restore(&self) -> bool {
        self.daemon
            .docker(&["info", "-f", "{{.LiveRestoreEnabled}}"])
            .ok()
            .trim()
            == "true"
    }

    /// Whether somebody takes connections on the port.
    pub(crate) fn is_open(&self) -> bool {
        std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok()
    }
}

/// Everything about the files of some folders that a change would change.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Tree(BTreeMap<PathBuf, Item>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Item {
    content: Vec<u8>,
    mode: u32,
    owner: (u32, u32),
    modified: (i64, i64),
    inode: u64,
}

impl Tree {
    pub(crate) fn of(paths: &[&Path]) -> Self {
        let mut items = BTreeMap::new();
        paths.iter().for_each(|path| Self::add(path, &mut items));
        Self(items)
    }

    fn add(path: &Path, items: &mut BTreeMap<PathBuf, Item>) {
        let Ok(metadata) = std::fs::symlink_metadata(path) else {
            return;
        };
        let mut content = Vec::new();
        if metadata.is_symlink() {
            content = std::fs::read_link(path)
                .unwrap()
                .into_os_string()
                .into_encoded_bytes();
        } else if metadata.is_file() {
            content = std::fs::read(path).unwrap();
        } else if metadata.is_dir() {
            std::fs::read_dir(path)
                .unwrap()
                .for_each(|entry| Self::add(&entry.unwrap().path(), items));
        }
        let item = Item {
            content,
            mode: metadata.mode(),
            owner: (metadata.uid(), metadata.gid()),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            inode: metadata.ino(),
        };
        items.insert(path.to_owned(), item);
    }

    /// Without what even a file that was put back exactly cannot keep: its inode, and the times of its folder and of links.
    pub(crate) fn seen_by_users(mut self) -> Self {
        for item in self.0.values_mut() {
            item.inode = 0;
            if item.mode & 0o170_000 != 0o100_000 {
                item.modified = (0, 0);
            }
        }
        self
    }

    /// Insists that nothing has changed since `before`.
    #[track_caller]
    pub(crate) fn expect_same(&self, before: &Self) {
        let all: BTreeSet<&PathBuf> = self.0.keys().chain(before.0.keys()).collect();
        for path in all {
            assert_eq!(
                self.0.get(path),
                before.0.get(path),
                "{} now, and before",
                path.display()
            );
        }
    }
}

/// The same command at another time, such as `-200d`. Times of files stay real.
///
/// The library and not the program `faketime`, which waits for daemons that were left behind.
pub(crate) fn faketime(when: &str, mut command: Command) -> Command {
    command
        .env("LD_PRELOAD", faketime_library())
        .env("FAKETIME", when)
        .env("NO_FAKE_STAT", "1");
    command
}

/// What gives a program another clock.
pub(crate) fn faketime_library() -> PathBuf {
    std::fs::read_dir("/usr/lib")
        .unwrap()
        .map(|entry| entry.unwrap().path().join("faketime/libfaketime.so.1"))
        .find(|path| path.exists())
        .expect("libfaketime")
}

/// A figure for whoever reads the log of a run that passed: the test harness keeps back what `println!` prints.
pub(crate) fn report(text: &str) {
    let _closed = writeln!(std::io::stdout(), "{text}");
}
