//! Files that a user names: read to a limit, and never waited for.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;
use sealock_diag::escape;
use zeroize::Zeroizing;

use crate::catalogue;
use crate::failure::Failure;

/// The bytes of a file, or of a pipe that somebody writes to; more than `limit` bytes are refused.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    let fail = |cause: String| {
        Failure::own(catalogue::UNREADABLE_FILE, "a file cannot be read")
            .at(escape(&path.to_string_lossy()))
            .because(cause)
    };
    let bytes = open(path)
        .and_then(|file| take(file, limit))
        .map_err(|error| fail(words(path, &error)))?;
    match bytes {
        Some(bytes) => Ok(bytes.to_vec()),
        None => Err(fail(format!("it is larger than {}", size(limit)))),
    }
}

/// Opens a plain file, or a pipe with a writer: without a writer there is nothing to read, and waiting for one
/// would be waiting for ever.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)?;
    let kind = file.metadata()?.file_type();
    if kind.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if kind.is_block_device() || (kind.is_char_device() && !is_standard_input(path)) {
        return Err(io::Error::other("it is a device"));
    }
    // A writer may be slower than we are: from here on a read waits for it.
    rustix::fs::fcntl_setfl(&file, OFlags::empty())?;
    Ok(file)
}

/// At most `limit` bytes; `None` when there are more.
pub(crate) fn take(file: File, limit: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    // Room for any key or passphrase from the start: a buffer that has to grow leaves a copy behind, which nobody wipes.
    const ROOM: usize = 64 * 1024;
    let room = usize::try_from(limit + 2).map_or(ROOM, |most| most.min(ROOM));
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(limit + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

/// What the kernel said, in words that help; a link that leads nowhere is named.
pub(crate) fn words(path: &Path, error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::NotFound
        && let Ok(target) = std::fs::read_link(path)
    {
        return format!(
            "it is a link to {}, which does not exist",
            escape(&target.to_string_lossy())
        );
    }
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
        io::ErrorKind::PermissionDenied => format!(
            "user {} may not read it",
            rustix::process::geteuid().as_raw()
        ),
        _ => error.to_string(),
    }
}

fn is_standard_input(path: &Path) -> bool {
    path == Path::new("/dev/stdin") || path.starts_with("/dev/fd") || path.starts_with("/proc/self")
}

fn size(bytes: u64) -> String {
    const MIB: u64 = 1024 * 1024;
    if bytes >= MIB {
        format!("{} MiB", bytes / MIB)
    } else {
        format!("{bytes} bytes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_to_its_limit_and_a_directory_is_not() {
        let itself = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        assert!(read(&itself, 1 << 20).unwrap().starts_with(b"[package]"));
        let cases = [
            (itself.as_path(), 10, "it is larger than 10 bytes"),
            (Path::new("/"), 10, "it is a directory"),
            (Path::new("/nowhere\u{1b}[2J"), 10, "there is no such file"),
            (Path::new("/dev/zero"), 10, "it is a device"),
        ];
        for (path, limit, cause) in cases {
            let failure = read(path, limit).unwrap_err();
            assert_eq!(failure.cause.as_deref(), Some(cause));
            assert!(!failure.location.unwrap().contains('\u{1b}'));
        }
    }
}
