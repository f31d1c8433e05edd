//! Tar archives in memory.

use std::collections::HashSet;
use std::io::Read;

use sealock_diag::{Sensitive, escape};
use sealock_pki::Timestamp;
use tar::{Archive, Builder, EntryType, Header};

use super::codes;
use crate::failure::Failure;

/// Tar counts in blocks of this many bytes.
const BLOCK: usize = 512;
/// More members than a vault of 50,000 clients has.
const MOST_MEMBERS: usize = 200_000;
/// Deeper than anything in a vault lies.
const DEEPEST: usize = 6;

/// A file or directory of an archive.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// Its path inside, with `/` between the parts.
    pub(crate) name: String,
    /// Its bytes; `None` for a directory.
    pub(crate) bytes: Option<Sensitive<Vec<u8>>>,
    /// Permission bits.
    pub(crate) mode: u32,
}

impl Member {
    pub(crate) fn file(name: impl Into<String>, bytes: Vec<u8>, mode: u32) -> Self {
        Self {
            name: name.into(),
            bytes: Some(Sensitive::new(bytes)),
            mode,
        }
    }

    pub(crate) fn directory(name: impl Into<String>, mode: u32) -> Self {
        Self {
            name: name.into(),
            bytes: None,
            mode,
        }
    }

    /// The bytes; none for a directory.
    pub(crate) fn content(&self) -> &[u8] {
        self.bytes.as_ref().map_or(&[], |bytes| bytes.expose())
    }
}

/// The members as a tar archive, owned by root, all of one time: the same members give the same bytes.
pub(crate) fn tar_of(
    members: &[Member],
    modified: Timestamp,
) -> Result<Sensitive<Vec<u8>>, Failure> {
    // Reserved in full, two more headers for a long name included: a vector that grows leaves copies of keys behind.
    let size: usize = members
        .iter()
        .map(|member| 4 * BLOCK + member.content().len() + BLOCK)
        .sum();
    let mut builder = Builder::new(Vec::with_capacity(size + 4 * BLOCK));
    for member in members {
        let mut header = Header::new_gnu();
        header.set_entry_type(match member.bytes {
            Some(_) => EntryType::Regular,
            None => EntryType::Directory,
        });
        header.set_mode(member.mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(member.content().len() as u64);
        // Tar knows no time before 1970.
        header.set_mtime(u64::try_from(modified.as_unix()).unwrap_or(0));
        // Directories end in a slash, as everybody else writes them.
        let slash = if member.bytes.is_some() { "" } else { "/" };
        builder
            .append_data(
                &mut header,
                format!("{}{slash}", member.name),
                member.content(),
            )
            .map_err(|error| not_packed(&member.name, &error))?;
    }
    let bytes = builder
        .into_inner()
        .map_err(|error| not_packed("the end", &error))?;
    Ok(Sensitive::new(bytes))
}

/// The members of an archive. Plain files and directories only, each once, with names that stay inside.
pub(super) fn members_of(bytes: &[u8]) -> Result<Vec<Member>, Failure> {
    let no_tar = || {
        Failure::own(codes::NO_ARCHIVE, "this is no archive of sealock")
            .because("what is sealed in it is no tar archive")
    };
    let mut archive = Archive::new(bytes);
    let mut seen = HashSet::new();
    let mut members = Vec::new();
    for entry in archive.entries().map_err(|_| no_tar())? {
        let mut entry = entry.map_err(|_| no_tar())?;
        let raw = entry.path_bytes().into_owned();
        let refuse = |why: &str| {
            let name: String = String::from_utf8_lossy(&raw).chars().take(80).collect();
            Failure::own(
                codes::HOSTILE,
                "the archive holds something that no archive of ours holds",
            )
            .because(format!("{}: {why}", escape(&name)))
        };
        let kind = entry.header().entry_type();
        if kind.is_symlink() || kind.is_hard_link() {
            return Err(refuse("it is a link"));
        }
        if !kind.is_file() && !kind.is_dir() {
            return Err(refuse("it is neither a plain file nor a directory"));
        }
        let name = plain_name(&raw).ok_or_else(|| refuse("its name leads out of the archive"))?;
        if seen.len() == MOST_MEMBERS {
            return Err(refuse("it is one of more than 200000 members"));
        }
        if !seen.insert(name.clone()) {
            return Err(refuse("it is there twice"));
        }
        let end = entry.raw_file_position().saturating_add(entry.size());
        if end > bytes.len() as u64 {
            return Err(refuse("it claims to be larger than the archive"));
        }
        let mode = entry.header().mode().map_err(|_| no_tar())? & 0o7777;
        let mut content = Vec::with_capacity(usize::try_from(entry.size()).unwrap_or(0));
        entry.read_to_end(&mut content).map_err(|_| no_tar())?;
        let content = Sensitive::new(content);
        if kind.is_dir() && !content.expose().is_empty() {
            return Err(refuse("it is a directory with bytes of its own"));
        }
        members.push(Member {
            name,
            bytes: kind.is_file().then_some(content),
            mode,
        });
    }
    if members.is_empty() {
        return Err(no_tar());
    }
    Ok(members)
}

/// Whether a name is one that [`members_of`] takes.
pub(super) fn is_plain(name: &str) -> bool {
    plain_name(name.as_bytes()).as_deref() == Some(name)
}

/// The name without the `./` before and the `/` behind that tar writes; `None` for one that is absolute, roundabout, or
/// no plain text.
fn plain_name(raw: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(raw).ok()?;
    let name = name.strip_prefix("./").unwrap_or(name);
    let name = name.strip_suffix('/').unwrap_or(name);
    let good = |part: &str| {
        !matches!(part, "" | "." | "..")
            && part.len() <= 255
            && !part.contains(|letter: char| letter == '\\' || letter.is_control())
    };
    let parts = name.split('/').count();
    (parts <= DEEPEST && name.split('/').all(good)).then(|| name.to_owned())
}

fn not_packed(name: &str, error: &std::io::Error) -> Failure {
    Failure::own(crate::catalogue::BUG, "a file cannot be packed")
        .at(escape(name))
        .because(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix(1_790_000_000);

    fn plain(members: &[Member]) -> Vec<(String, Vec<u8>, u32)> {
        let one = |member: &Member| (member.name.clone(), member.content().to_vec(), member.mode);
        members.iter().map(one).collect()
    }

    #[test]
    fn members_come_back_as_they_were() {
        let long = format!("clients/{}/{}", "a".repeat(120), "key.pem");
        let members = [
            Member::directory("clients", 0o700),
            Member::file("clients/key.pem", b"secret".to_vec(), 0o400),
            Member::file("empty", Vec::new(), 0o644),
            Member::file(&long, vec![1; 1000], 0o600),
        ];
        let packed = tar_of(&members, NOW).unwrap();
        assert_eq!(packed.expose(), tar_of(&members, NOW).unwrap().expose());
        assert_eq!(
            plain(&members_of(packed.expose()).unwrap()),
            plain(&members)
        );
    }

    /// A member as hostile as the caller wants it: the name is written past every check.
    fn raw(name: &[u8], kind: EntryType, content: &[u8], size: u64) -> Vec<u8> {
        let mut header = Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_mode(0o600);
        header.set_cksum();
        let mut out = [header.as_bytes().as_slice(), content].concat();
        out.resize(out.len().next_multiple_of(BLOCK), 0);
        out
    }

    #[test]
    fn what_no_archive_of_ours_holds_is_refused() {
        use EntryType as E;
        let deep = "a/".repeat(DEEPEST) + "a";
        for (name, kind, content, size, why) in [
            (&b"../x"[..], E::Regular, &b"x"[..], 1, "leads out"),
            (b"a/../../x", E::Regular, b"x", 1, "leads out"),
            (b"/etc/passwd", E::Regular, b"x", 1, "leads out"),
            (b"a//x", E::Regular, b"x", 1, "leads out"),
            (b"a\\x", E::Regular, b"x", 1, "leads out"),
            (b"a\x1b[2Jx", E::Regular, b"x", 1, "leads out"),
            (b"a\xff", E::Regular, b"x", 1, "leads out"),
            (b".", E::Directory, b"", 0, "leads out"),
            (deep.as_bytes(), E::Regular, b"x", 1, "leads out"),
            (b"x", E::Symlink, b"", 0, "a link"),
            (b"x", E::Link, b"", 0, "a link"),
            (b"x", E::Char, b"", 0, "neither"),
            (b"x", E::Fifo, b"", 0, "neither"),
            (b"x", E::Regular, b"x", 1 << 40, "larger than"),
            (b"x", E::Directory, b"x", 1, "bytes of its own"),
        ] {
            let mut archive = raw(name, kind, content, size);
            archive.resize(archive.len() + 2 * BLOCK, 0);
            let failure = members_of(&archive).unwrap_err();
            let cause = failure.cause.unwrap();
            assert_eq!(failure.code, codes::HOSTILE, "{cause}");
            assert!(cause.contains(why) && !cause.contains('\u{1b}'), "{cause}");
        }
        // A sparse member would grow as it is read; its map is not even looked at.
        assert!(members_of(&raw(b"x", E::GNUSparse, b"", 0)).is_err());
        let one = raw(b"x", E::Regular, b"x", 1);
        let failure = members_of(&[one.clone(), one].concat()).unwrap_err();
        assert!(failure.cause.unwrap().contains("twice"));
    }

    #[test]
    fn what_is_no_tar_archive_says_so() {
        for bytes in [&b""[..], b"words", &[0; 1024], &[b'x'; 2048]] {
            assert_eq!(members_of(bytes).unwrap_err().code, codes::NO_ARCHIVE);
        }
    }
}
