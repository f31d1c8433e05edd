//! An archive's content, judged before any of it is used.

use std::collections::HashMap;

use sealock_diag::escape;

use super::codes;
use super::manifest::{self, Manifest};
use super::tar::{Member, members_of};
use crate::failure::Failure;

/// The database in an archive.
pub(super) const VAULT: &str = "vault.db";
/// The desired state in an archive; it lies outside the home.
pub(super) const CONFIG: &str = "sealock.toml";
/// The memory of what files were before sealock touched them.
pub(super) const LEDGER: &str = "changes/ledger";
/// The folders of a home whose files all belong into an archive.
pub(super) const FOLDERS: [&str; 2] = ["clients", "crl"];

/// What an archive of ours holds.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) manifest: Manifest,
    /// Everything but the manifest; a directory stands before what is in it.
    pub(super) members: Vec<Member>,
}

impl Content {
    /// The bytes of one file.
    pub(super) fn file(&self, name: &str) -> Option<&[u8]> {
        let file = |member: &&Member| member.name == name && member.bytes.is_some();
        self.members.iter().find(file).map(Member::content)
    }

    /// How many files it holds.
    pub(crate) fn files(&self) -> usize {
        let is_file = |member: &&Member| member.bytes.is_some();
        self.members.iter().filter(is_file).count()
    }
}

/// Reads the tar archive that came out of an age file. What it holds must be ours, listed, and as it was listed.
pub(crate) fn read_content(plain: &[u8]) -> Result<Content, Failure> {
    let mut members = members_of(plain)?;
    let manifest = Manifest::read(&members)?;
    members.retain(|member| member.name != manifest::NAME);
    for member in &mut members {
        member.mode =
            mode_of(member).ok_or_else(|| hostile(member, "it does not belong into a vault"))?;
    }
    complete(&mut members)?;
    manifest.compare(&members)?;
    let content = Content { manifest, members };
    match content.file(VAULT) {
        Some(_) => Ok(content),
        None => Err(Failure::own(
            codes::NOT_INTACT,
            "what the archive holds is not an intact vault",
        )
        .because("it has no vault.db")),
    }
}

/// Every directory that something lies in, and parents before their children, whoever packed it.
fn complete(members: &mut Vec<Member>) -> Result<(), Failure> {
    let directory = |member: &Member| (member.name.clone(), member.bytes.is_none());
    let mut known: HashMap<String, bool> = members.iter().map(directory).collect();
    let mut missing = Vec::new();
    for member in members.iter() {
        let ends = member.name.match_indices('/').map(|(at, _)| at);
        for parent in ends.filter_map(|at| member.name.get(..at)) {
            match known.get(parent) {
                Some(true) => {}
                Some(false) => {
                    return Err(hostile(member, "it lies in something that is no directory"));
                }
                None => {
                    known.insert(parent.to_owned(), true);
                    missing.push(Member::directory(parent, 0o700));
                }
            }
        }
    }
    members.append(&mut missing);
    members.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(())
}

fn hostile(member: &Member, why: &str) -> Failure {
    Failure::own(
        codes::HOSTILE,
        "the archive holds something that no archive of ours holds",
    )
    .because(format!("{}: {why}", escape(&member.name)))
}

/// The mode a member gets; `None` for what does not belong. What an archive says counts within what is safe.
fn mode_of(member: &Member) -> Option<u32> {
    let (top, below) = match member.name.split_once('/') {
        Some((top, below)) => (top, Some(below)),
        None => (member.name.as_str(), None),
    };
    let folder = FOLDERS.contains(&top);
    if member.bytes.is_none() {
        return match (top, below) {
            ("issuers" | "changes", None) => Some(0o700),
            _ if folder => Some(member.mode & 0o755 | 0o700),
            _ => None,
        };
    }
    match (member.name.as_str(), top, below) {
        (VAULT | LEDGER, ..) => Some(0o600),
        (CONFIG, ..) => Some(member.mode & 0o644 | 0o600),
        (_, "issuers", Some(name)) => is_key_file(name).then_some(0o400),
        (_, _, Some(below)) if folder => Some(
            if below.contains("key") || top == "clients" && !below.ends_with(".pem") {
                member.mode & 0o700 | 0o400
            } else {
                member.mode & 0o755 | 0o400
            },
        ),
        _ => None,
    }
}

/// Named after the id of its key, as the vault names them.
fn is_key_file(name: &str) -> bool {
    let id = name.strip_suffix(".key").unwrap_or_default();
    !id.is_empty()
        && id
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_stands_before_what_is_in_it_even_when_nobody_packed_it() {
        let file = |name: &str| Member::file(name, Vec::new(), 0o600);
        let mut members = vec![
            file("clients/edge/bob/key.pem"),
            file(VAULT),
            file("clients/a"),
        ];
        complete(&mut members).unwrap();
        let names: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
        let wanted = ["clients", "clients/a", "clients/edge", "clients/edge/bob"];
        assert_eq!(names[..4], wanted);
        assert_eq!(names[4..], ["clients/edge/bob/key.pem", VAULT]);
    }

    #[test]
    fn modes_are_what_is_safe_whatever_an_archive_says() {
        let file = |name: &str, mode| mode_of(&Member::file(name, Vec::new(), mode));
        let directory = |name: &str, mode| mode_of(&Member::directory(name, mode));
        let id = format!("issuers/{}.key", "ab".repeat(20));
        assert_eq!(file(VAULT, 0o777), Some(0o600));
        assert_eq!(file(&id, 0o666), Some(0o400));
        assert_eq!(file("clients/alice/key.pem", 0o644), Some(0o600));
        assert_eq!(file("clients/alice/cert.pem", 0o6666), Some(0o644));
        assert_eq!(file("clients/alice/alice.p12", 0o644), Some(0o600));
        assert_eq!(file("crl/client.crl", 0o644), Some(0o644));
        assert_eq!(directory("issuers", 0o777), Some(0o700));
        assert_eq!(directory("clients/alice", 0o777), Some(0o755));
        for foreign in [
            "etc/passwd",
            "issuers/evil",
            "changes/journal",
            "clients",
            "vault.db/x",
            "x",
        ] {
            assert_eq!(file(foreign, 0o600), None, "{foreign}");
        }
        assert_eq!(directory("etc", 0o755), None);
    }
}
