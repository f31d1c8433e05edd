//! The file that records go to: numbered, on request chained, rotated by size.
//!
//! Two processes may write the same file while one hands over to the other, and logrotate may move it away at any
//! moment. So each batch is written under a lock, to the file that bears the name, behind the line that is last.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::line::{LONGEST_LINE, decimal, member};
use super::read;
use super::record::{Event, Record};
use super::writer::Batch;
use crate::AuditSettings;

/// Readable by the gateway's group, which an administrator can join.
const MODE: u32 = 0o640;
/// How long another process may hold the file.
const LOCK: Duration = Duration::from_secs(2);
/// So much is formatted before it is written.
const CHUNK: usize = 1 << 20;

/// The last line there is: what the next one is chained to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tip {
    number: u64,
    /// `None` before the first line.
    digest: Option<[u8; 32]>,
}

/// Where records go.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    file: File,
    kind: Kind,
    /// How long the file was when we left it.
    length: u64,
    tip: Tip,
    /// The last line has no end: whoever wrote it was stopped.
    torn: bool,
    chain: bool,
    rotate_at: u64,
    keep: u32,
    out: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A file of this device and number, which can be rotated.
    Regular(u64, u64),
    /// A pipe, a terminal, a device: written to, and no more.
    Stream,
}

impl Log {
    pub(super) fn open(settings: &AuditSettings) -> io::Result<Self> {
        let (file, kind) = if settings.path.as_os_str() == "-" {
            (standard_output()?, Kind::Stream)
        } else {
            open(&settings.path)?
        };
        let mut log = Self {
            path: settings.path.clone(),
            file,
            kind,
            length: 0,
            tip: Tip::default(),
            torn: false,
            chain: settings.chain,
            rotate_at: settings.rotate_at,
            keep: settings.keep,
            out: Vec::new(),
        };
        if kind != Kind::Stream {
            log.hold()?;
            log.relink()?;
            log.release();
        }
        Ok(log)
    }

    /// Writes the batch; what was written is taken out of it, also when the rest fails.
    pub(super) fn write(&mut self, batch: &mut Batch) -> io::Result<()> {
        if batch.ends.is_empty() {
            return Ok(());
        }
        self.hold()?;
        let (written, done) = self.append(batch);
        self.release();
        batch.drop_first(written);
        done
    }

    /// Sees to it that the file that bears the name is the one that is open.
    pub(super) fn look(&mut self) -> io::Result<()> {
        self.hold()?;
        self.release();
        Ok(())
    }

    /// Sees to it that what was written survives a power cut.
    pub(super) fn settle(&self) {
        if self.kind != Kind::Stream {
            let _slow_or_full = self.file.sync_data();
        }
    }

    /// Takes the lock on the file that bears the name now, and learns what others have added.
    fn hold(&mut self) -> io::Result<()> {
        if self.kind == Kind::Stream {
            return Ok(());
        }
        loop {
            lock(&self.file)?;
            match std::fs::metadata(&self.path) {
                Ok(there) if self.kind == Kind::Regular(there.dev(), there.ino()) => break,
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {
                    // Moved away: its lock goes with it.
                    (self.file, self.kind) = open(&self.path)?;
                    self.length = 0;
                    self.torn = false;
                    if self.kind == Kind::Stream {
                        return Ok(());
                    }
                    lock(&self.file)?;
                    self.relink()?;
                }
            }
        }
        if self.file.metadata()?.len() != self.length {
            self.relink()?;
        }
        Ok(())
    }

    fn release(&self) {
        if self.kind != Kind::Stream {
            let _held_until_closed = flock(&self.file, FlockOperation::Unlock);
        }
    }

    /// Finds the last line: in this file, or in the one before when this one is new.
    fn relink(&mut self) -> io::Result<()> {
        self.length = self.file.metadata()?.len();
        self.torn = false;
        if self.length > 0 {
            (self.tip, self.torn) = tip_of(&self.file, self.length)?;
            return Ok(());
        }
        if let Ok(before) = File::open(numbered(&self.path, 1)) {
            let length = before.metadata()?.len();
            let (tip, _) = tip_of(&before, length)?;
            // With logrotate the older file has another name, and what we remember is younger.
            if tip.number > self.tip.number {
                self.tip = tip;
            }
        }
        Ok(())
    }

    /// How many records were written, and what stopped it.
    fn append(&mut self, batch: &Batch) -> (usize, io::Result<()>) {
        let mut tip = self.tip;
        let mut written = 0;
        let mut start = 0;
        self.out.clear();
        if self.torn {
            self.out.push(b'\n');
            let mut line = Vec::new();
            let record = Record {
                event: Event::Torn,
                ..Record::default()
            };
            record.write(&mut line, SystemTime::now());
            self.line(&mut tip, &line);
        }
        for (at, end) in batch.ends.iter().enumerate() {
            let record = batch.bytes.get(start..*end).unwrap_or_default();
            start = *end;
            let room = self.length + (self.out.len() + record.len()) as u64;
            let full = self.kind != Kind::Stream
                && self.rotate_at > 0
                && room > self.rotate_at
                && room > record.len() as u64;
            if full || self.out.len() > CHUNK {
                if let Err(error) = self.flush(tip) {
                    return (written, Err(error));
                }
                written = at;
                if full && let Err(error) = self.shift() {
                    return (written, Err(error));
                }
            }
            self.line(&mut tip, record);
        }
        match self.flush(tip) {
            Ok(()) => (batch.ends.len(), Ok(())),
            Err(error) => (written, Err(error)),
        }
    }

    /// Formats one line behind those that wait in `out`.
    fn line(&mut self, tip: &mut Tip, record: &[u8]) {
        let start = self.out.len();
        tip.number += 1;
        self.out.extend_from_slice(b"{\"seq\":");
        decimal(&mut self.out, tip.number);
        self.out.push(b',');
        self.out.extend_from_slice(record);
        if self.chain {
            self.out.extend_from_slice(member!("previous").as_bytes());
            match &tip.digest {
                Some(digest) => {
                    self.out.push(b'"');
                    read::hex(&mut self.out, digest);
                    self.out.push(b'"');
                }
                None => self.out.extend_from_slice(b"null"),
            }
        }
        self.out.push(b'}');
        if self.chain {
            tip.digest = Some(read::digest(&self.out[start..]));
        }
        self.out.push(b'\n');
    }

    /// Writes `out` as a whole or, as far as the file allows, not at all.
    fn flush(&mut self, tip: Tip) -> io::Result<()> {
        let done = self.file.write_all(&self.out);
        match &done {
            Ok(()) => {
                self.length += self.out.len() as u64;
                self.tip = tip;
                self.torn = false;
            }
            Err(_) if self.kind != Kind::Stream => {
                // Half a line would be a torn one. What cannot be cut back is found by the next `hold`.
                let _found_later = self.file.set_len(self.length);
            }
            Err(_) => {}
        }
        self.out.clear();
        if self.out.capacity() > 2 * CHUNK {
            self.out = Vec::new();
        }
        done
    }

    /// Moves the files on by one number and opens a new one, under the lock of the old.
    fn shift(&mut self) -> io::Result<()> {
        self.settle();
        for number in (1..self.keep.max(1)).rev() {
            absent_is_fine(std::fs::rename(
                numbered(&self.path, number),
                numbered(&self.path, number + 1),
            ))?;
        }
        std::fs::rename(&self.path, numbered(&self.path, 1))?;
        if self.keep == 0 {
            absent_is_fine(std::fs::remove_file(numbered(&self.path, 1)))?;
        }
        let (file, kind) = open(&self.path)?;
        lock(&file)?;
        (self.file, self.kind, self.length) = (file, kind, 0);
        Ok(())
    }
}

/// The file with a number behind its name.
pub(super) fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    PathBuf::from(name)
}

/// Takes the lock. Another gateway holds it for a batch; whoever holds it longer (anybody may who can read the file) is
/// not waited for, so that what cannot be written is told.
fn lock(file: &File) -> io::Result<()> {
    let until = Instant::now() + LOCK;
    loop {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::AGAIN) if Instant::now() < until => std::thread::sleep(LOCK / 1000),
            done => return Ok(done?),
        }
    }
}

fn absent_is_fine(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn open(path: &Path) -> io::Result<(File, Kind)> {
    let file = OpenOptions::new()
        .append(true)
        .read(true)
        .create(true)
        .mode(MODE)
        .open(path)?;
    let about = file.metadata()?;
    if about.is_file() {
        let kind = Kind::Regular(about.dev(), about.ino());
        return Ok((file, kind));
    }
    Ok((file, Kind::Stream))
}

fn standard_output() -> io::Result<File> {
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

/// The last line of a file, and whether it is torn.
fn tip_of(file: &File, length: u64) -> io::Result<(Tip, bool)> {
    let window = length.min(2 * LONGEST_LINE as u64);
    let mut bytes = vec![0; usize::try_from(window).unwrap_or_default()];
    file.read_exact_at(&mut bytes, length - window)?;
    let torn = !bytes.is_empty() && bytes.last() != Some(&b'\n');
    let mut lines = bytes
        .rsplit(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    let Some(last) = lines.next() else {
        return Ok((Tip::default(), torn));
    };
    let digest = Some(read::digest(last));
    // One that lacks nothing but its end is a record all the same.
    let number = if torn && read::fields(last).is_none() {
        lines.find_map(read::sequence)
    } else {
        read::sequence(last)
    };
    let number = number.unwrap_or_default();
    Ok((Tip { number, digest }, torn))
}
