//! Tells when files have changed: by inotify, and by looking now and then where inotify cannot see.
//!
//! Files are replaced in many ways: written over, renamed over, reached by a symbolic link that is swapped
//! (as Kubernetes and certbot do). What is watched is therefore every folder on the way to a file in which
//! something can be swapped, and whether a file changed is judged by what its path leads to now.

use crate::GatewayError;
use crate::reload::Cause;
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::task::Poll;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::unix::pipe::Receiver;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout, timeout_at};

/// Several files are replaced one after the other: this long nothing must happen before they are read.
const QUIET: Duration = Duration::from_millis(50);
/// A folder that is never quiet is read all the same.
const AT_MOST: Duration = Duration::from_millis(300);
/// Network file systems and mounts tell nothing.
const LOOK: Duration = Duration::from_secs(10);
/// How often is looked when there is no inotify at all.
const LOOK_ALONE: Duration = Duration::from_millis(400);
/// How soon is read again what time alone may change, such as a list that begins in a second: first, and twice as long
/// each time, but no longer than [`LOOK`].
const AGAIN: Duration = Duration::from_secs(1);
/// When the first look is: not while the first clients are waiting for the gateway to start.
const FIRST: Duration = Duration::from_millis(500);
/// Symbolic links on one path; the kernel has the same bound.
const LINKS: usize = 40;

/// A thread that watches, and calls when something has changed; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Watch {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Watches these files, and what is in these folders. `changed` is called on the thread of the watch,
    /// never twice at once, and once soon after the beginning: whatever changed since the files were read is
    /// not lost. It says whether it wants to be called again after a while, although nothing changes.
    ///
    /// # Errors
    /// When there is no thread or no event queue to be had. Without inotify it looks now and then.
    pub(crate) fn start(
        paths: Vec<PathBuf>,
        mut changed: impl FnMut(Cause) -> bool + Send + 'static,
    ) -> Result<Self, GatewayError> {
        let failed = |error: io::Error| blind(&error);
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(failed)?;
        let (stop, mut stopped) = oneshot::channel::<()>();
        let watching = async move {
            let mut changes = Changes::new(paths);
            let mut again = None;
            loop {
                // A change is never half waited for: what it holds is only looked at between two waits.
                let mut wait = std::pin::pin!(changes.changed());
                loop {
                    let mut pause = again.map(|pause| Box::pin(tokio::time::sleep(pause)));
                    let woken = std::future::poll_fn(|cx| {
                        if std::pin::Pin::new(&mut stopped).poll(cx).is_ready() {
                            return Poll::Ready(None);
                        }
                        if wait.as_mut().poll(cx).is_ready() {
                            return Poll::Ready(Some(Cause::Change));
                        }
                        match &mut pause {
                            Some(pause) => pause.as_mut().poll(cx).map(|()| Some(Cause::Time)),
                            None => Poll::Pending,
                        }
                    });
                    let Some(cause) = woken.await else { return };
                    let longer = again.filter(|_| cause == Cause::Time);
                    let longer = longer.map_or(AGAIN, |pause: Duration| (pause * 2).min(LOOK));
                    again = changed(cause).then_some(longer);
                    if cause == Cause::Change {
                        break;
                    }
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("watch".to_owned())
            .spawn(move || runtime.block_on(watching))
            .map_err(failed)?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

/// Waits for changes of files and folders.
#[derive(Debug)]
struct Changes {
    paths: Vec<PathBuf>,
    events: Option<Receiver>,
    armed: BTreeSet<i32>,
    /// A folder on the way is not watched.
    blind: bool,
    /// What was there when the last change was told; `None` before the first.
    seen: Option<Vec<Mark>>,
}

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Mark {
    Absent,
    File {
        place: (u64, u64),
        size: u64,
        changed: (i64, i64),
    },
    Folder(Vec<(PathBuf, Mark)>),
}

impl Changes {
    /// Watches these files, and what is in these folders. Within a runtime only.
    fn new(paths: Vec<PathBuf>) -> Self {
        let begun = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)
            .map_err(io::Error::from)
            // A descriptor that becomes readable, like a pipe's: all that is wanted of it here.
            .and_then(Receiver::from_owned_fd_unchecked);
        let mut watch = Self {
            paths,
            // Without events it looks more often.
            events: begun.ok(),
            armed: BTreeSet::new(),
            blind: false,
            seen: None,
        };
        watch.arm();
        watch
    }

    /// Waits for a change, and until all is quiet again. The first call returns soon in any case: whatever
    /// changed between reading the files and watching them is not lost.
    async fn changed(&mut self) {
        if self.seen.is_none() {
            tokio::time::sleep(FIRST).await;
            self.seen = Some(self.look());
            return;
        }
        loop {
            if self.wait().await {
                self.settle().await;
            }
            // Before the look: what changes after it wakes us again.
            self.arm();
            let now = self.look();
            if self.seen.as_ref() != Some(&now) {
                self.seen = Some(now);
                return;
            }
        }
    }

    /// Waits for an event (true), or for the time to look.
    async fn wait(&self) -> bool {
        match &self.events {
            Some(events) => {
                let look = if self.blind { LOOK_ALONE } else { LOOK };
                timeout(look, drained(events)).await.is_ok()
            }
            None => {
                tokio::time::sleep(LOOK_ALONE).await;
                false
            }
        }
    }

    async fn settle(&self) {
        let Some(events) = &self.events else { return };
        let last = Instant::now() + AT_MOST;
        while Instant::now() < last {
            let quiet = (Instant::now() + QUIET).min(last);
            if timeout_at(quiet, drained(events)).await.is_err() {
                return;
            }
        }
    }

    /// Watches the folders that are on the way now, and no others.
    fn arm(&mut self) {
        let Some(events) = &self.events else { return };
        let flags = WatchFlags::CREATE
            | WatchFlags::CLOSE_WRITE
            | WatchFlags::ATTRIB
            | WatchFlags::DELETE
            | WatchFlags::MOVED_FROM
            | WatchFlags::MOVED_TO
            | WatchFlags::DELETE_SELF
            | WatchFlags::MOVE_SELF
            | WatchFlags::ONLYDIR;
        let mut armed = BTreeSet::new();
        let mut blind = false;
        let on_the_way: BTreeSet<_> = self.paths.iter().flat_map(|path| folders(path)).collect();
        for folder in on_the_way {
            match inotify::add_watch(events, &folder, flags) {
                Ok(number) => {
                    armed.insert(number);
                }
                // Not there yet, not ours to read, or one too many: looking finds what comes.
                Err(_) => blind = true,
            }
        }
        for number in self.armed.difference(&armed) {
            let _gone_already = inotify::remove_watch(events, *number);
        }
        self.armed = armed;
        self.blind = blind;
    }

    fn look(&self) -> Vec<Mark> {
        self.paths.iter().map(|path| mark(path, true)).collect()
    }
}

fn blind(error: &io::Error) -> GatewayError {
    GatewayError::new("SL-G010", "files cannot be watched").because(error.to_string())
}

/// Waits until there are events, and takes them; which they were does not matter.
async fn drained(events: &Receiver) {
    let mut room = [0; 4096];
    loop {
        if events.readable().await.is_err() {
            // The runtime is going down.
            return std::future::pending().await;
        }
        let mut any = false;
        while events.try_read(&mut room).is_ok_and(|count| count > 0) {
            any = true;
        }
        if any {
            return;
        }
    }
}

fn mark(path: &Path, inside: bool) -> Mark {
    let Ok(metadata) = fs::metadata(path) else {
        return Mark::Absent;
    };
    if !metadata.is_dir() {
        return Mark::File {
            place: (metadata.dev(), metadata.ino()),
            size: metadata.size(),
            // Of the inode, so that a file with an older date counts as well.
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        };
    }
    if !inside {
        return Mark::Folder(Vec::new());
    }
    let mut files: Vec<_> = fs::read_dir(path)
        .into_iter()
        .flatten()
        .flatten()
        .take(10_000)
        .map(|entry| (entry.path(), mark(&entry.path(), false)))
        .collect();
    files.sort_by(|one, other| one.0.cmp(&other.0));
    Mark::Folder(files)
}

/// Every folder in which something can be swapped that the path leads through: those of the file, of its
/// folder, and of every symbolic link on the way.
fn folders(path: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut links = 0;
    let mut rest: Vec<PathBuf> = parts(&std::path::absolute(path).unwrap_or_else(|_| path.into()));
    let mut at = PathBuf::from("/");
    while let Some(part) = rest.pop() {
        if part.as_os_str() == ".." {
            at.pop();
            continue;
        }
        let next = at.join(&part);
        match fs::read_link(&next) {
            Ok(target) if links < LINKS => {
                links += 1;
                found.insert(at.clone());
                if target.is_absolute() {
                    at = PathBuf::from("/");
                }
                rest.extend(parts(&target));
            }
            _ => at = next,
        }
    }
    found.extend(at.parent().map(Path::to_owned));
    found.extend(at.parent().and_then(Path::parent).map(Path::to_owned));
    if at.is_dir() {
        // A list may be a link to somewhere else.
        let inside = fs::read_dir(&at).into_iter().flatten().flatten();
        for entry in inside.take(1000) {
            if entry.file_type().is_ok_and(|kind| kind.is_symlink()) {
                let target = fs::canonicalize(entry.path()).ok();
                found.extend(target.and_then(|target| target.parent().map(Path::to_owned)));
            }
        }
        found.insert(at);
    }
    found
}

/// The names on a path, last first, without the root.
fn parts(path: &Path) -> Vec<PathBuf> {
    let mut parts: Vec<PathBuf> = path
        .components()
        .filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir))
        .map(|part| PathBuf::from(part.as_os_str()))
        .collect();
    parts.reverse();
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use std::sync::atomic::{AtomicU32, Ordering};

    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Self {
            static COUNT: AtomicU32 = AtomicU32::new(0);
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let name = format!("sealock-watch-{}-{number}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::create_dir_all(path.join("in")).unwrap();
            Self(fs::canonicalize(path).unwrap())
        }

        fn at(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    /// Whether `change` is told in time, and then nothing more.
    async fn told(watch: &mut Changes, change: impl FnOnce()) -> bool {
        change();
        let told = timeout(Duration::from_secs(2), watch.changed())
            .await
            .is_ok();
        assert!(
            timeout(Duration::from_millis(150), watch.changed())
                .await
                .is_err(),
            "told twice"
        );
        told
    }

    fn run(test: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(test);
    }

    #[test]
    fn every_way_of_replacing_a_file_is_told_once() {
        run(async {
            let folder = Folder::new();
            let file = folder.at("in/cert.pem");
            fs::write(&file, "one").unwrap();
            let mut watch = Changes::new(vec![file.clone()]);
            assert!(watch.events.is_some() && !watch.blind);
            timeout(FIRST * 4, watch.changed())
                .await
                .expect("the first time in any case");
            assert!(
                told(&mut watch, || fs::write(&file, "two").unwrap()).await,
                "written over"
            );
            let renamed = told(&mut watch, || {
                fs::write(folder.at("in/.new"), "333").unwrap();
                fs::rename(folder.at("in/.new"), &file).unwrap();
            });
            assert!(renamed.await, "renamed over");
            assert!(
                told(&mut watch, || fs::remove_file(&file).unwrap()).await,
                "removed"
            );
            assert!(
                told(&mut watch, || fs::write(&file, "four").unwrap()).await,
                "made again"
            );
            let folder_swapped = told(&mut watch, || {
                fs::create_dir(folder.at("next")).unwrap();
                fs::write(folder.at("next/cert.pem"), "five").unwrap();
                fs::rename(folder.at("in"), folder.at("old")).unwrap();
                fs::rename(folder.at("next"), folder.at("in")).unwrap();
            });
            assert!(folder_swapped.await, "the folder was swapped");
            assert!(
                told(&mut watch, || fs::write(&file, "six").unwrap()).await,
                "in the new folder"
            );
        });
    }

    #[test]
    fn what_is_beside_does_not_matter() {
        run(async {
            let folder = Folder::new();
            let file = folder.at("in/cert.pem");
            fs::write(&file, "one").unwrap();
            let mut watch = Changes::new(vec![file]);
            watch.changed().await;
            fs::write(folder.at("in/other"), "x").unwrap();
            assert!(
                timeout(Duration::from_millis(200), watch.changed())
                    .await
                    .is_err()
            );
        });
    }

    #[test]
    fn links_are_followed_wherever_they_are_swapped() {
        run(async {
            let folder = Folder::new();
            for name in ["..one", "..two"] {
                fs::create_dir(folder.at("in").join(name)).unwrap();
                fs::write(folder.at("in").join(name).join("cert.pem"), name).unwrap();
            }
            symlink("..one", folder.at("in/..data")).unwrap();
            symlink("..data/cert.pem", folder.at("in/cert.pem")).unwrap();
            let mut watch = Changes::new(vec![folder.at("in/cert.pem")]);
            watch.changed().await;
            let swapped = told(&mut watch, || {
                symlink("..two", folder.at("in/..new")).unwrap();
                fs::rename(folder.at("in/..new"), folder.at("in/..data")).unwrap();
            });
            assert!(swapped.await, "as a mounted volume is swapped");
            let written = told(&mut watch, || {
                fs::write(folder.at("in/..two/cert.pem"), "changed behind the link").unwrap();
            });
            assert!(written.await, "behind the new link");
            // As certbot has it: a link to another folder altogether.
            fs::create_dir(folder.at("archive")).unwrap();
            fs::write(folder.at("archive/cert1.pem"), "1").unwrap();
            let away = told(&mut watch, || {
                fs::remove_file(folder.at("in/cert.pem")).unwrap();
                symlink(folder.at("archive/cert1.pem"), folder.at("in/cert.pem")).unwrap();
            });
            assert!(away.await);
            let there = told(&mut watch, || {
                fs::write(folder.at("archive/cert1.pem"), "22").unwrap()
            });
            assert!(there.await);
        });
    }

    #[test]
    fn folders_are_watched_with_what_is_in_them() {
        run(async {
            let folder = Folder::new();
            let mut watch = Changes::new(vec![folder.at("in"), folder.at("not/there/yet")]);
            watch.changed().await;
            assert!(
                told(&mut watch, || fs::write(folder.at("in/a.crl"), "a")
                    .unwrap())
                .await
            );
            assert!(
                told(&mut watch, || fs::write(folder.at("in/a.crl"), "bb")
                    .unwrap())
                .await
            );
            assert!(
                told(&mut watch, || fs::remove_file(folder.at("in/a.crl"))
                    .unwrap())
                .await
            );
        });
    }

    #[test]
    fn without_inotify_changes_are_found_by_looking() {
        run(async {
            let folder = Folder::new();
            let file = folder.at("in/cert.pem");
            let mut watch = Changes::new(vec![file.clone()]);
            watch.events = None;
            watch.changed().await;
            fs::write(&file, "one").unwrap();
            timeout(Duration::from_secs(1), watch.changed())
                .await
                .unwrap();
        });
    }

    #[test]
    fn a_watch_calls_until_it_is_dropped() {
        let folder = Folder::new();
        let file = folder.at("in/cert.pem");
        let (tell, told) = std::sync::mpsc::channel();
        let watch = Watch::start(vec![file.clone()], move |cause| {
            tell.send(cause).unwrap();
            false
        })
        .unwrap();
        let second = Duration::from_secs(2);
        told.recv_timeout(second).expect("at the beginning");
        fs::write(&file, "one").unwrap();
        told.recv_timeout(second).expect("after a change");
        drop(watch);
        assert!(told.recv_timeout(second).is_err(), "its thread has ended");
    }

    #[test]
    fn who_waits_for_a_time_is_called_until_it_has_come() {
        let folder = Folder::new();
        let (tell, told) = std::sync::mpsc::channel();
        let mut calls = 0;
        let _watch = Watch::start(vec![folder.at("in/clients.crl")], move |cause| {
            tell.send(cause).unwrap();
            calls += 1;
            calls < 3
        })
        .unwrap();
        let long = Duration::from_secs(20);
        let causes: Vec<_> = (0..3).map(|_| told.recv_timeout(long).unwrap()).collect();
        assert_eq!(causes, [Cause::Change, Cause::Time, Cause::Time]);
        assert!(
            told.recv_timeout(AGAIN * 3 / 2).is_err(),
            "nobody waits any more"
        );
    }

    /// The limit holds for a whole process, so the test runs itself once more in one of its own.
    #[test]
    fn without_descriptors_it_says_so() {
        use rustix::process::{Resource, Rlimit, setrlimit};
        const FEW: &str = "SEALOCK_TEST_FEW_DESCRIPTORS";
        if std::env::var_os(FEW).is_some() {
            let none = Rlimit {
                current: Some(0),
                maximum: Some(0),
            };
            setrlimit(Resource::Nofile, none).unwrap();
            let error = Watch::start(Vec::new(), |_| false).unwrap_err();
            assert_eq!(sealock_diag::Diagnose::code(&error).to_string(), "SL-G010");
            return;
        }
        let test = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "watch::tests::without_descriptors_it_says_so"])
            .env(FEW, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&test.stdout).into_owned();
        assert!(test.status.success() && said.contains("1 passed"), "{said}");
    }

    #[test]
    fn loops_of_links_end() {
        let folder = Folder::new();
        symlink("b", folder.at("in/a")).unwrap();
        symlink("a", folder.at("in/b")).unwrap();
        assert!(!folders(&folder.at("in/a")).is_empty());
    }
}
