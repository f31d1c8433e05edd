//! The only door that writes files.
//!
//! A file is written beside the old one and put in place by one rename, so a reader, a crash or a
//! full disk sees the old bytes or the new ones. The temporary name is derived from the file's own
//! (`.<name>.sealock-new`), so that recovery finds and removes it without having been told, and it
//! is created exclusively, so a link planted there is never followed. Mode and owner are set
//! before the rename: at no instant are new bytes readable by more people than in the end.

mod shred;
mod whole;

pub use shred::shred;
pub use whole::{Whole, remove_tree};

use crate::error::Error;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The largest file that is read for the way back, in bytes: 64 MiB.
///
/// The largest configuration or bundle that we ever meet is some hundred kilobytes; whatever is
/// larger than this is a wrong path, and would only fill the disk with its copy.
pub const LARGEST: u64 = 64 * 1024 * 1024;

/// Links followed before a path counts as a circle; the kernel's own number.
const LINKS: usize = 40;

/// User and group of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

impl Owner {
    /// The effective user and group of this process: who owns what it creates.
    pub fn of_this_process() -> Self {
        Self {
            uid: rustix::process::geteuid().as_raw(),
            gid: rustix::process::getegid().as_raw(),
        }
    }
}

/// When a file was last modified, as the kernel keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Modified {
    /// Seconds since 1970, may be negative.
    pub seconds: i64,
    /// Nanoseconds within that second.
    pub nanoseconds: u32,
}

impl Modified {
    fn system_time(self) -> SystemTime {
        let whole = Duration::from_secs(self.seconds.unsigned_abs());
        let base = if self.seconds < 0 {
            SystemTime::UNIX_EPOCH - whole
        } else {
            SystemTime::UNIX_EPOCH + whole
        };
        base + Duration::from_nanos(u64::from(self.nanoseconds))
    }
}

/// What kind of thing lies at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A plain file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A device, socket or pipe, by name.
    Special(&'static str),
}

/// What the kernel says of a path, without following a last link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// What lies there.
    pub kind: Kind,
    /// Permission bits, setuid, setgid and sticky included (`mode & 0o7777`).
    pub mode: u32,
    /// Its owner.
    pub owner: Owner,
    /// Its size in bytes.
    pub size: u64,
    /// When it was last modified.
    pub modified: Modified,
}

impl Stat {
    fn of(metadata: &std::fs::Metadata) -> Self {
        let of_type = metadata.file_type();
        Self {
            kind: if of_type.is_file() {
                Kind::File
            } else if of_type.is_dir() {
                Kind::Directory
            } else if of_type.is_symlink() {
                Kind::Symlink
            } else if of_type.is_socket() {
                Kind::Special("socket")
            } else if of_type.is_fifo() {
                Kind::Special("named pipe")
            } else {
                Kind::Special("device")
            },
            mode: metadata.mode() & 0o7777,
            owner: Owner {
                uid: metadata.uid(),
                gid: metadata.gid(),
            },
            size: metadata.len(),
            modified: Modified {
                seconds: metadata.mtime(),
                nanoseconds: u32::try_from(metadata.mtime_nsec()).unwrap_or(0),
            },
        }
    }
}

/// What lies at a path; `None` when nothing does (a missing parent included). A last link is not
/// followed.
pub fn stat(path: &Path) -> Result<Option<Stat>, Error> {
    match std::fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(Stat::of(&metadata))),
        Err(e) if is_absence(&e) => Ok(None),
        Err(e) => Err(Error::io("look at", path, e)),
    }
}

/// The bytes of a file, links followed; at most [`LARGEST`]. A directory or a special file is an
/// error that says so.
pub fn read(path: &Path) -> Result<Vec<u8>, Error> {
    read_with(path, 0)
}

/// Like [`read`], but a last link is an error; for paths that were resolved before.
pub(crate) fn read_unfollowed(path: &Path) -> Result<Vec<u8>, Error> {
    read_with(path, rustix::fs::OFlags::NOFOLLOW.bits())
}

fn read_with(path: &Path, flags: u32) -> Result<Vec<u8>, Error> {
    let fail = |e| Error::io("read", path, e);
    // Without O_NONBLOCK, opening a pipe that somebody put there would wait for a writer forever.
    let flags = flags | rustix::fs::OFlags::NONBLOCK.bits();
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.cast_signed())
        .open(path)
        .map_err(fail)?;
    let stat = Stat::of(&file.metadata().map_err(fail)?);
    match stat.kind {
        Kind::File => {}
        Kind::Directory => {
            return Err(fail(io::Error::from(io::ErrorKind::IsADirectory)));
        }
        Kind::Symlink => return Err(not_regular(path, "symbolic link")),
        Kind::Special(found) => return Err(not_regular(path, found)),
    }
    let too_large = |size| Error::TooLarge {
        path: path.to_path_buf(),
        size,
    };
    if stat.size > LARGEST {
        return Err(too_large(stat.size));
    }
    // One byte more than the file had: the growing of a vector would leave copies of a key behind.
    let mut bytes = Vec::with_capacity(usize::try_from(stat.size).unwrap_or(0) + 1);
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(fail)?;
    if bytes.len() as u64 > LARGEST {
        return Err(too_large(bytes.len() as u64));
    }
    Ok(bytes)
}

/// Where a symbolic link leads, as written in it.
pub fn read_link(path: &Path) -> Result<PathBuf, Error> {
    std::fs::read_link(path).map_err(|e| Error::io("read the link", path, e))
}

/// Writes a file so that it has its old bytes or the new ones at every instant, and the new ones
/// for good when this returns. `mode` is exact whatever the umask; without `owner` the file belongs
/// to this process. A last symbolic link is replaced, not followed: see [`resolve`].
pub fn write_atomic(
    path: &Path,
    bytes: &[u8],
    mode: u32,
    owner: Option<Owner>,
) -> Result<(), Error> {
    replace(path, bytes, mode, owner, None)?;
    sync_parent(path)
}

/// Like [`write_atomic`] without making the rename durable: the caller syncs the directory.
pub(crate) fn replace(
    path: &Path,
    bytes: &[u8],
    mode: u32,
    owner: Option<Owner>,
    modified: Option<Modified>,
) -> Result<(), Error> {
    stage(path, bytes, mode, owner, modified)?;
    put_staged(path)
}

/// Writes new bytes beside a file, durably; [`put_staged`] or [`discard_staged`] follows.
pub(crate) fn stage(
    path: &Path,
    bytes: &[u8],
    mode: u32,
    owner: Option<Owner>,
    modified: Option<Modified>,
) -> Result<(), Error> {
    let temporary = temporary_of(path)?;
    fill(&temporary, bytes, mode, owner, modified).map_err(|e| {
        discard_staged(path);
        Error::io("write", path, e)
    })
}

/// Puts what was staged in the place of the file.
pub(crate) fn put_staged(path: &Path) -> Result<(), Error> {
    let temporary = temporary_of(path)?;
    mutate(|| std::fs::rename(&temporary, path)).map_err(|e| {
        discard_staged(path);
        Error::io("write", path, e)
    })
}

/// Removes what was staged: the name is ours alone, and what is left of it helps nobody. Recovery would remove it too.
pub(crate) fn discard_staged(path: &Path) {
    if let Ok(temporary) = temporary_of(path) {
        let _ = mutate(|| std::fs::remove_file(&temporary));
    }
}

fn fill(
    temporary: &Path,
    bytes: &[u8],
    mode: u32,
    owner: Option<Owner>,
    modified: Option<Modified>,
) -> io::Result<()> {
    let create = || {
        // Exclusive creation follows no link. The final mode from the start, without the bits that
        // mean something for whoever owns it now.
        mutate(|| {
            OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(mode & 0o777)
                .open(temporary)
        })
    };
    let mut file = match create() {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            mutate(|| std::fs::remove_file(temporary))?;
            create()?
        }
        other => other?,
    };
    settle(&file, mode, owner)?;
    write_all(&mut file, bytes)?;
    if let Some(modified) = modified {
        mutate(|| file.set_modified(modified.system_time()))?;
    }
    mutate(|| file.sync_all())
}

/// Sets owner and mode where they differ; the owner first, because changing it clears setuid bits.
fn settle(file: &File, mode: u32, owner: Option<Owner>) -> io::Result<()> {
    let now = Stat::of(&file.metadata()?);
    let mut mode_is = now.mode;
    if let Some(owner) = owner
        && owner != now.owner
    {
        mutate(|| std::os::unix::fs::fchown(file, Some(owner.uid), Some(owner.gid)))?;
        mode_is = Stat::of(&file.metadata()?).mode;
    }
    if mode_is != mode {
        mutate(|| file.set_permissions(std::fs::Permissions::from_mode(mode)))?;
    }
    Ok(())
}

/// Makes one directory (not its parents) with exactly this mode and owner; one that exists gets
/// them. Without `owner` a new one belongs to this process, and an old one keeps its owner.
pub fn create_dir(path: &Path, mode: u32, owner: Option<Owner>) -> Result<(), Error> {
    let fail = |e| Error::io("create the directory", path, e);
    match mutate(|| {
        std::fs::DirBuilder::new()
            // Closed until it has its owner.
            .mode(if owner.is_some() {
                mode & 0o700
            } else {
                mode & 0o777
            })
            .create(path)
    }) {
        Ok(()) => {}
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => match stat(path)?.map(|s| s.kind) {
            Some(Kind::Directory) | None => {}
            Some(kind) => return Err(in_the_way(path, "directory", kind)),
        },
        Err(e) => return Err(fail(e)),
    }
    let flags = rustix::fs::OFlags::DIRECTORY | rustix::fs::OFlags::NOFOLLOW;
    let directory = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
        .map_err(fail)?;
    settle(&directory, mode, owner).map_err(fail)
}

/// Puts a symbolic link at a path, in place of a file or link that lies there, by one rename.
/// A directory in the way is an error.
pub fn symlink_atomic(path: &Path, target: &Path, owner: Option<Owner>) -> Result<(), Error> {
    relink(path, target, owner)?;
    sync_parent(path)
}

pub(crate) fn relink(path: &Path, target: &Path, owner: Option<Owner>) -> Result<(), Error> {
    let temporary = temporary_of(path)?;
    let attempt = || -> io::Result<()> {
        let link = || mutate(|| std::os::unix::fs::symlink(target, &temporary));
        match link() {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                mutate(|| std::fs::remove_file(&temporary))?;
                link()?;
            }
            other => other?,
        }
        if let Some(owner) = owner
            && owner != Stat::of(&std::fs::symlink_metadata(&temporary)?).owner
        {
            mutate(|| std::os::unix::fs::lchown(&temporary, Some(owner.uid), Some(owner.gid)))?;
        }
        mutate(|| std::fs::rename(&temporary, path))
    };
    attempt().map_err(|e| {
        let _ = mutate(|| std::fs::remove_file(&temporary));
        Error::io("put a link at", path, e)
    })
}

/// Removes a file or link, or a directory when it is empty. What is absent already is no error.
pub fn remove(path: &Path) -> Result<(), Error> {
    let Some(found) = stat(path)? else {
        return Ok(());
    };
    let result = match found.kind {
        Kind::Directory => mutate(|| std::fs::remove_dir(path)),
        Kind::File | Kind::Symlink => mutate(|| std::fs::remove_file(path)),
        Kind::Special(found) => return Err(not_regular(path, found)),
    };
    match result {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(|e| Error::io("remove", path, e)),
    }
}

/// Makes the entries of a directory durable: creations, renames and removals in it. A file system
/// that cannot do this for directories (some network and FUSE ones say EINVAL) does what it can
/// by itself, and that is no error.
pub fn sync_dir(directory: &Path) -> Result<(), Error> {
    let cannot = rustix::io::Errno::INVAL.raw_os_error();
    match File::open(directory).and_then(|d| mutate(|| d.sync_all())) {
        Err(e) if e.raw_os_error() == Some(cannot) => Ok(()),
        other => other.map_err(|e| Error::io("sync the directory", directory, e)),
    }
}

pub(crate) fn sync_parent(path: &Path) -> Result<(), Error> {
    sync_dir(path.parent().unwrap_or(Path::new("/")))
}

/// Opens (or makes, 0600) a file to lock it; its bytes do not matter.
pub(crate) fn open_lock(path: &Path) -> Result<File, Error> {
    let open = |create: bool| {
        OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(create)
            .mode(0o600)
            .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
            .open(path)
    };
    // Opening what exists changes nothing, so it is not counted as a mutation.
    match open(false) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => match mutate(|| open(true)) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => open(false),
            other => other,
        },
        other => other,
    }
    .map_err(|e| Error::io("open the lock", path, e))
}

/// Writes at the beginning of an open file, for the pid in the lock.
pub(crate) fn stamp(file: &File, text: &str) -> io::Result<()> {
    use std::os::unix::fs::FileExt;
    mutate(|| file.write_all_at(text.as_bytes(), 0))
}

/// Where an edit of a path's *content* lands: every link followed, the last one too, whether or not
/// its target exists. Directories that do not exist yet are kept as they are written.
pub fn resolve(path: &Path) -> Result<PathBuf, Error> {
    let mut at = resolve_parent(path)?;
    for _ in 0..LINKS {
        match stat(&at)? {
            Some(Stat {
                kind: Kind::Symlink,
                ..
            }) => {
                let to = read_link(&at)?;
                let base = at.parent().unwrap_or(Path::new("/"));
                at = resolve_parent(&base.join(to))?;
            }
            _ => return Ok(at),
        }
    }
    let errno = rustix::io::Errno::LOOP.raw_os_error();
    Err(Error::io(
        "follow the link",
        path,
        io::Error::from_raw_os_error(errno),
    ))
}

/// Where an edit of a path's *entry* lands: links above it are followed, the last one is not.
pub fn resolve_parent(path: &Path) -> Result<PathBuf, Error> {
    let bad = |why| Error::BadPath {
        path: path.to_path_buf(),
        why,
    };
    if !path.is_absolute() {
        return Err(bad("it is not absolute"));
    }
    if path.as_os_str().as_bytes().contains(&0) {
        return Err(bad("it contains a NUL byte"));
    }
    let Some(name) = path.file_name() else {
        return Err(bad("it does not end in a name"));
    };
    // The longest part that exists is made canonical; the rest will be made by the plan itself.
    let mut parent = path.parent().unwrap_or(Path::new("/"));
    let mut rest = Vec::new();
    let base = loop {
        match std::fs::canonicalize(parent) {
            Ok(base) => break base,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                match (parent.components().next_back(), parent.parent()) {
                    (Some(Component::Normal(last)), Some(above)) => {
                        rest.push(last);
                        parent = above;
                    }
                    _ => return Err(bad("`..` leads out of a directory that does not exist")),
                }
            }
            Err(e) => return Err(Error::io("find", path, e)),
        }
    };
    let mut resolved = base;
    resolved.extend(rest.iter().rev());
    resolved.push(name);
    Ok(resolved)
}

/// The name under which the next version of a file is written, beside it: what a kill may leave of
/// a write that no run has journalled.
pub fn temporary_of(path: &Path) -> Result<PathBuf, Error> {
    const SUFFIX: &[u8] = b".sealock-new";
    let name = path.file_name().ok_or_else(|| Error::BadPath {
        path: path.to_path_buf(),
        why: "it does not end in a name",
    })?;
    let mut temporary = vec![b'.'];
    if name.len() + SUFFIX.len() < 255 {
        temporary.extend_from_slice(name.as_bytes());
    } else {
        // File names end at 255 bytes; the digest of a long name is as much its own.
        let digest = crate::digest::Digest::of(name.as_bytes()).to_string();
        temporary.extend_from_slice(digest.as_bytes());
    }
    temporary.extend_from_slice(SUFFIX);
    Ok(path.with_file_name(OsString::from_vec(temporary)))
}

pub(crate) fn in_the_way(path: &Path, wanted: &'static str, found: Kind) -> Error {
    Error::InTheWay {
        path: path.to_path_buf(),
        wanted,
        found: match found {
            Kind::File => "file",
            Kind::Directory => "directory",
            Kind::Symlink => "symbolic link",
            Kind::Special(name) => name,
        },
    }
}

pub(crate) fn not_regular(path: &Path, found: &'static str) -> Error {
    Error::NotRegular {
        path: path.to_path_buf(),
        found,
    }
}

fn is_absence(e: &io::Error) -> bool {
    matches!(
        e.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn write_all(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    #[cfg(test)]
    if killer::burns_next() {
        // A kill inside a write leaves a part of it.
        file.write_all(bytes.get(..bytes.len() / 2).unwrap_or_default())?;
    }
    mutate(|| file.write_all(bytes))
}

/// Every system call that changes the disk goes through here, so that tests can end the process
/// (as it were) before each of them.
fn mutate<T>(operation: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    #[cfg(test)]
    killer::instant()?;
    operation()
}

/// Stops everything at the N-th change of the disk, as SIGKILL would.
#[cfg(test)]
pub(crate) mod killer {
    use std::cell::Cell;
    use std::io;

    thread_local! {
        static FUSE: Cell<Option<u64>> = const { Cell::new(None) };
        static COUNT: Cell<u64> = const { Cell::new(0) };
    }

    /// The changes after the next `n` fail, all of them, until [`disarm`].
    pub(crate) fn arm(n: u64) {
        FUSE.set(Some(n));
        COUNT.set(0);
    }

    /// Ends the killing; says whether it had come to that, and how many changes were made.
    pub(crate) fn disarm() -> (bool, u64) {
        (FUSE.take() == Some(0), COUNT.get())
    }

    pub(super) fn burns_next() -> bool {
        FUSE.get() == Some(0)
    }

    pub(super) fn instant() -> io::Result<()> {
        match FUSE.get() {
            Some(0) => return Err(io::Error::other("killed")),
            Some(n) => FUSE.set(Some(n - 1)),
            None => {}
        }
        COUNT.set(COUNT.get() + 1);
        Ok(())
    }
}
