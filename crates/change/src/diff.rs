//! What an edit would change, as people expect to see it.

use crate::fs::Owner;
use crate::snapshot::Snapshot;
use sealock_diag::escape;
use similar::{ChangeTag, TextDiff};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Lines around a change, as `diff -u` has them.
const CONTEXT: usize = 3;

/// What happens to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It comes to be.
    Created,
    /// It becomes something else.
    Changed,
    /// It goes.
    Removed,
}

impl Change {
    /// "created", "changed" or "removed".
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Removed => "removed",
        }
    }
}

/// Whether a line stays, comes or goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// It stays.
    Context,
    /// It comes.
    Added,
    /// It goes.
    Removed,
}

impl LineKind {
    /// The sign in front of the line: `' '`, `'+'` or `'-'`.
    pub fn sign(self) -> char {
        match self {
            Self::Context => ' ',
            Self::Added => '+',
            Self::Removed => '-',
        }
    }
}

/// One line of a hunk, safe to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Whether it stays, comes or goes.
    pub kind: LineKind,
    /// The text, escaped, without its end of line.
    pub text: String,
    /// Whether the file ends here without an end of line.
    pub unterminated: bool,
}

/// Lines that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunk {
    /// `@@ -1,3 +1,4 @@`
    pub header: String,
    /// The lines.
    pub lines: Vec<Line>,
}

/// What there is to show of the content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Text; no hunks when only mode or owner change.
    Text(Vec<Hunk>),
    /// One line before and one after, where the content itself is not shown: a secret, binary
    /// bytes, a link, a directory. `None` where there is nothing.
    Summary {
        /// What was there.
        before: Option<String>,
        /// What will be there.
        after: Option<String>,
    },
}

/// What an edit would change about one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDiff {
    /// The path that really changes (links resolved).
    pub path: PathBuf,
    /// What happens to it.
    pub change: Change,
    /// Permission bits before and after, where they differ; `None` where nothing is there.
    pub mode: Option<(Option<u32>, Option<u32>)>,
    /// Owner before and after, where it differs.
    pub owner: Option<(Option<Owner>, Option<Owner>)>,
    /// What there is to show of the content.
    pub body: Body,
}

impl FileDiff {
    pub(crate) fn between(path: &Path, before: &Snapshot, after: &Snapshot, secret: bool) -> Self {
        let change = match (before, after) {
            (Snapshot::Absent, _) => Change::Created,
            (_, Snapshot::Absent) => Change::Removed,
            _ => Change::Changed,
        };
        let differing = change == Change::Changed;
        let (mode_before, mode_after) = (mode_of(before), mode_of(after));
        let (owner_before, owner_after) = (before.owner(), after.owner());
        Self {
            path: path.to_path_buf(),
            change,
            mode: (mode_before != mode_after).then_some((mode_before, mode_after)),
            owner: (differing && owner_before != owner_after)
                .then_some((owner_before, owner_after)),
            body: body(before, after, secret),
        }
    }

    /// Names for the two sides: the path, or `/dev/null`. Escaped.
    pub fn labels(&self) -> (String, String) {
        let path = escape(&self.path.to_string_lossy());
        let null = || String::from("/dev/null");
        match self.change {
            Change::Created => (null(), path),
            Change::Changed => (path.clone(), path),
            Change::Removed => (path, null()),
        }
    }

    /// What is said of mode and owner, one line each: `mode 0644 -> 0600`.
    pub fn attributes(&self) -> Vec<String> {
        let mut lines = Vec::new();
        match self.mode {
            Some((Some(before), Some(after))) => {
                lines.push(format!("mode {before:04o} -> {after:04o}"));
            }
            Some((None, Some(after))) => lines.push(format!("mode {after:04o}")),
            _ => {}
        }
        if let Some((Some(before), Some(after))) = self.owner {
            lines.push(format!(
                "owner {}:{} -> {}:{}",
                before.uid, before.gid, after.uid, after.gid
            ));
        }
        lines
    }

    /// The whole as unified text without colour, ending in a newline.
    pub fn unified(&self) -> String {
        let (before, after) = self.labels();
        let mut out = format!("--- {before}\n+++ {after}\n");
        for line in self.attributes() {
            let _ = writeln!(out, "# {line}");
        }
        match &self.body {
            Body::Text(hunks) => {
                for hunk in hunks {
                    let _ = writeln!(out, "{}", hunk.header);
                    for line in &hunk.lines {
                        let _ = writeln!(out, "{}{}", line.kind.sign(), line.text);
                        if line.unterminated {
                            out.push_str("\\ No newline at end of file\n");
                        }
                    }
                }
            }
            Body::Summary { before, after } => {
                for (sign, side) in [('-', before), ('+', after)] {
                    if let Some(text) = side {
                        let _ = writeln!(out, "{sign}{text}");
                    }
                }
            }
        }
        out
    }

    /// Version 1 of the diff as JSON.
    pub fn to_json(&self) -> serde_json::Value {
        let octal = |mode: Option<u32>| mode.map(|m| format!("{m:04o}"));
        let ids = |owner: Option<Owner>| owner.map(|o| format!("{}:{}", o.uid, o.gid));
        let mut json = serde_json::json!({
            "path": escape(&self.path.to_string_lossy()),
            "change": self.change.as_str(),
            "mode": self.mode.map(|(b, a)| serde_json::json!({"before": octal(b), "after": octal(a)})),
            "owner": self.owner.map(|(b, a)| serde_json::json!({"before": ids(b), "after": ids(a)})),
        });
        match &self.body {
            Body::Text(hunks) => {
                json["hunks"] = hunks
                    .iter()
                    .map(|hunk| {
                        serde_json::json!({
                            "header": hunk.header,
                            "lines": hunk.lines.iter().map(|l| format!("{}{}", l.kind.sign(), l.text)).collect::<Vec<_>>(),
                        })
                    })
                    .collect();
            }
            Body::Summary { before, after } => {
                json["summary"] = serde_json::json!({"before": before, "after": after});
            }
        }
        json
    }
}

fn mode_of(snapshot: &Snapshot) -> Option<u32> {
    match snapshot {
        Snapshot::File { mode, .. } | Snapshot::Directory { mode, .. } => Some(*mode),
        _ => None,
    }
}

fn body(before: &Snapshot, after: &Snapshot, secret: bool) -> Body {
    if !secret
        && !before.is_secret()
        && !after.is_secret()
        && let (Some(old), Some(new)) = (text(before), text(after))
    {
        return Body::Text(hunks(old, new));
    }
    Body::Summary {
        before: summary(before, secret),
        after: summary(after, secret),
    }
}

/// The text of a file; nothing is the empty text, so that a new file is all additions.
fn text(snapshot: &Snapshot) -> Option<&str> {
    match snapshot {
        Snapshot::Absent => Some(""),
        Snapshot::File { bytes, .. } => std::str::from_utf8(bytes.expose())
            .ok()
            .filter(|text| !text.contains('\0')),
        _ => None,
    }
}

fn summary(snapshot: &Snapshot, secret: bool) -> Option<String> {
    match snapshot {
        Snapshot::Absent => None,
        Snapshot::File { bytes, .. } => {
            let size = bytes.expose().len();
            Some(if secret || snapshot.is_secret() {
                format!("(secret, {size} bytes)")
            } else if text(snapshot).is_some() {
                format!("(text, {size} bytes)")
            } else {
                format!("(binary, {size} bytes)")
            })
        }
        Snapshot::Symlink { target, .. } => {
            Some(format!("(link to {})", escape(&target.to_string_lossy())))
        }
        Snapshot::Directory { .. } => Some("(directory)".into()),
    }
}

fn hunks(old: &str, new: &str) -> Vec<Hunk> {
    let diff = TextDiff::from_lines(old, new);
    diff.unified_diff()
        .context_radius(CONTEXT)
        .iter_hunks()
        .map(|hunk| Hunk {
            header: hunk.header().to_string(),
            lines: hunk
                .iter_changes()
                .map(|change| {
                    let value: &str = change.value();
                    let (text, unterminated) = match value.strip_suffix('\n') {
                        // A carriage return is content that a person must see coming and going.
                        Some(text) => (text, false),
                        None => (value, true),
                    };
                    Line {
                        kind: match change.tag() {
                            ChangeTag::Equal => LineKind::Context,
                            ChangeTag::Insert => LineKind::Added,
                            ChangeTag::Delete => LineKind::Removed,
                        },
                        text: escape_line(text),
                        unterminated,
                    }
                })
                .collect(),
        })
        .collect()
}

/// Tabs stay: configuration is indented with them, and they drive no terminal.
fn escape_line(text: &str) -> String {
    let parts: Vec<_> = text.split('\t').map(escape).collect();
    parts.join("\t")
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealock_diag::Sensitive;

    fn file(bytes: &[u8], mode: u32) -> Snapshot {
        Snapshot::File {
            bytes: Sensitive::new(bytes.to_vec()),
            mode,
            owner: Owner { uid: 0, gid: 0 },
            modified: None,
        }
    }

    fn shown(before: &Snapshot, after: &Snapshot, secret: bool) -> String {
        FileDiff::between(Path::new("/etc/x"), before, after, secret).unified()
    }

    #[test]
    fn text_is_unified_and_cannot_drive_a_terminal() {
        let old = file(b"a\nb\nc\n\tkept\n", 0o644);
        let new = file(b"a\nB\x1b[2J\nc\n\tkept", 0o600 | 0o44);
        insta::assert_snapshot!(shown(&old, &new, false), @r"
        --- /etc/x
        +++ /etc/x
        @@ -1,4 +1,4 @@
         a
        -b
        +B\u{1b}[2J
         c
        -	kept
        +	kept
        \ No newline at end of file
        ");
    }

    #[test]
    fn secrets_show_their_length_only() {
        let key = b"-----BEGIN PRIVATE KEY-----\nMIG\n";
        for (before, after, secret) in [
            (Snapshot::Absent, file(b"hunter2", 0o644), true),
            (file(b"hunter2", 0o600), file(b"x", 0o644), false),
            (file(key, 0o644), Snapshot::Absent, false),
            (file(b"old", 0o644), file(key, 0o644), false),
        ] {
            let text = shown(&before, &after, secret);
            assert!(text.contains("(secret, "), "{text}");
            assert!(!text.contains("hunter2") && !text.contains("MIG"), "{text}");
            let diff = FileDiff::between(Path::new("/etc/x"), &before, &after, secret);
            let json = diff.to_json().to_string();
            assert!(!json.contains("hunter2") && !json.contains("MIG"), "{json}");
            assert!(!format!("{diff:?}").contains("hunter2"));
        }
    }

    #[test]
    fn binary_links_and_directories_are_summarised() {
        insta::assert_snapshot!(shown(&file(&[0xff, 0], 0o644), &file(b"text\n", 0o755), false), @r"
        --- /etc/x
        +++ /etc/x
        # mode 0644 -> 0755
        -(binary, 2 bytes)
        +(text, 5 bytes)
        ");
        let owner = Owner { uid: 0, gid: 0 };
        let link = Snapshot::Symlink {
            target: "/a\u{7}".into(),
            owner,
        };
        insta::assert_snapshot!(shown(&Snapshot::Absent, &link, false), @r"
        --- /dev/null
        +++ /etc/x
        +(link to /a\u{7})
        ");
    }
}
