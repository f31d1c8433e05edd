//! Whether a file lies where somebody commits files.

use sealock_check::seen::Repository;
use std::io::Read as _;
use std::path::Path;

/// Folders above a file that are looked at.
const DEPTH: usize = 64;

/// Bytes of an ignore file that are read.
const IGNORE_LIMIT: u64 = 64 * 1024;

/// Bytes of git's index that are read.
const INDEX_LIMIT: u64 = 32 * 1024 * 1024;

/// The longest pattern that is understood.
const PATTERN_LIMIT: usize = 256;

/// The nearest repository around a file, up to `top`.
pub(super) fn around(file: &Path, top: &Path) -> Option<Repository> {
    let folders = file
        .ancestors()
        .skip(1)
        .take(DEPTH)
        .take_while(|folder| folder.starts_with(top));
    for folder in folders {
        let ignored = match () {
            // In a second work tree `.git` is a file.
            // What is committed once is committed again, whatever an ignore file says.
            () if folder.join(".git").exists() => {
                git_ignores(folder, file) && !git_tracks(folder, file)
            }
            () if folder.join(".hg").is_dir() => hg_ignores(folder, file),
            () if folder.join(".svn").is_dir() => false,
            () => continue,
        };
        return Some(Repository {
            root: folder.to_path_buf(),
            ignored,
        });
    }
    None
}

/// Whether `.gitignore` files between `root` and `file`, or `.git/info/exclude`, leave it out: of all
/// patterns the last one that fits counts, and a folder that is left out takes everything in it along.
fn git_ignores(root: &Path, file: &Path) -> bool {
    let Ok(inside) = file.strip_prefix(root) else {
        return false;
    };
    let names: Vec<String> = inside
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    let mut rules: Vec<(usize, String)> = text(&root.join(".git/info/exclude"))
        .lines()
        .map(|line| (0, line.to_owned()))
        .collect();
    let mut folder = root.to_path_buf();
    for depth in 0..names.len() {
        rules.extend(
            text(&folder.join(".gitignore"))
                .lines()
                .map(|line| (depth, line.to_owned())),
        );
        let path = names.get(..=depth).unwrap_or_default();
        let is_folder = depth + 1 < names.len();
        let mut ignored = false;
        for (from, line) in &rules {
            if let Some((pattern, keep)) = Pattern::of_git(line)
                && pattern.fits(path.get(*from..).unwrap_or_default(), is_folder)
            {
                ignored = !keep;
            }
        }
        if ignored {
            return true;
        }
        folder.push(&names[depth]);
    }
    false
}

/// Whether git's index has the file: each entry is some numbers, two bytes whose lower twelve bits are the length of
/// the name, the name, and a zero.
fn git_tracks(root: &Path, file: &Path) -> bool {
    let mut index = Vec::new();
    let (Ok(inside), Ok(opened)) = (
        file.strip_prefix(root),
        std::fs::File::open(root.join(".git/index")),
    ) else {
        return false;
    };
    let name = inside.as_os_str().as_encoded_bytes();
    if name.is_empty() || opened.take(INDEX_LIMIT).read_to_end(&mut index).is_err() {
        return false;
    }
    index.windows(name.len() + 3).any(|part| {
        let (Some((length, rest)), Some(0)) = (part.split_first_chunk::<2>(), part.last()) else {
            return false;
        };
        usize::from(u16::from_be_bytes(*length) & 0xfff) == name.len().min(0xfff)
            && rest.starts_with(name)
    })
}

/// Whether `.hgignore` leaves it out by a glob. Its regular expressions are not read.
fn hg_ignores(root: &Path, file: &Path) -> bool {
    let Ok(inside) = file.strip_prefix(root) else {
        return false;
    };
    let names: Vec<String> = inside
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    let mut globs = false;
    for line in text(&root.join(".hgignore")).lines().map(str::trim) {
        if let Some(syntax) = line.strip_prefix("syntax:") {
            globs = syntax.trim() == "glob";
            continue;
        }
        let glob = line.strip_prefix("glob:").or(globs.then_some(line));
        if let Some((pattern, _)) = glob.and_then(Pattern::of_git)
            && (1..=names.len())
                .any(|end| pattern.fits(names.get(..end).unwrap_or_default(), end < names.len()))
        {
            return true;
        }
    }
    false
}

fn text(path: &Path) -> String {
    let mut bytes = Vec::new();
    if path.is_file()
        && let Ok(file) = std::fs::File::open(path)
    {
        // What cannot be read ignores nothing.
        let _ = file.take(IGNORE_LIMIT).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A pattern of an ignore file, part by part.
struct Pattern {
    parts: Vec<String>,
    folders_only: bool,
}

impl Pattern {
    /// The pattern of a line, and whether it keeps what it fits instead of leaving it out.
    fn of_git(line: &str) -> Option<(Self, bool)> {
        let line = line.trim_end();
        if line.is_empty() || line.starts_with('#') || line.len() > PATTERN_LIMIT {
            return None;
        }
        let (keep, line) = match line.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, line.strip_prefix('\\').unwrap_or(line)),
        };
        let (folders_only, line) = match line.strip_suffix('/') {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let mut parts: Vec<String> = Vec::new();
        // Without a slash it fits at any depth.
        if !line.contains('/') {
            parts.push("**".into());
        }
        parts.extend(line.trim_start_matches('/').split('/').map(str::to_owned));
        Some((
            Self {
                parts,
                folders_only,
            },
            keep,
        ))
    }

    fn fits(&self, path: &[String], is_folder: bool) -> bool {
        if path.is_empty() || (self.folders_only && !is_folder) {
            return false;
        }
        // reached[n]: the parts so far fit the first n names.
        let mut reached = vec![false; path.len() + 1];
        reached[0] = true;
        for part in &self.parts {
            let mut next = vec![false; path.len() + 1];
            if part == "**" {
                let mut open = false;
                for (slot, was) in next.iter_mut().zip(&reached) {
                    open |= *was;
                    *slot = open;
                }
            } else {
                for (at, name) in path.iter().enumerate() {
                    next[at + 1] = reached[at] && fits_name(part, name);
                }
            }
            reached = next;
        }
        reached[path.len()]
    }
}

/// `*` and `?` in one name; a bracket stands for itself.
fn fits_name(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    // Where to go on when the last star has to take one more character.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p + 1, n));
                p += 1;
            }
            Some(c) if *c == '?' || name.get(n) == Some(c) => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((after, taken)) => {
                    star = Some((after, taken + 1));
                    p = after;
                    n = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::around;
    use crate::System as _;
    use crate::testing::Fake;
    use std::path::Path;

    fn ignored(name: &str, rules: &[(&str, &str)], file: &str) -> Option<bool> {
        let host = Fake::new(&format!("repository-{name}"));
        host.write(file, "");
        for (path, text) in rules {
            host.write(path, text);
        }
        let top = host.root().at("/");
        around(&host.root().at(file), &top).map(|found| {
            assert_eq!(host.root().seen(&found.root), Path::new("/srv/r"));
            found.ignored
        })
    }

    #[test]
    fn git_takes_a_file_unless_a_pattern_leaves_it_out() {
        let git = ("/srv/r/.git/HEAD", "ref: x\n");
        assert_eq!(ignored("none", &[], "/srv/r/a/key.pem"), None);
        for (name, rules, expected) in [
            ("taken", "", false),
            ("name", "# keys\nkey.pem\n", true),
            ("glob", "*.pem\n", true),
            ("other", "*.key\n", false),
            ("deep", "/a/**/key.pem", true),
            ("anchored", "/key.pem", false),
            ("folder", "tls/\n", true),
            ("file-is-no-folder", "key.pem/\n", false),
            ("kept", "*.pem\n!key.pem\n", false),
            ("lost-with-its-folder", "/a\n!key.pem\n", true),
            ("path", "a/tls/key.???", true),
        ] {
            let rules = [git, ("/srv/r/.gitignore", rules)];
            let found = ignored(name, &rules, "/srv/r/a/tls/key.pem");
            assert_eq!(found, Some(expected), "{name}");
        }
        let nested = [git, ("/srv/r/a/.gitignore", "/tls/*.pem\n")];
        assert_eq!(
            ignored("nested", &nested, "/srv/r/a/tls/key.pem"),
            Some(true)
        );
        let exclude = [git, ("/srv/r/.git/info/exclude", "key.pem\n")];
        assert_eq!(ignored("exclude", &exclude, "/srv/r/key.pem"), Some(true));
    }

    #[test]
    fn a_file_in_git_s_index_is_taken_whatever_is_ignored() {
        let ignore = ("/srv/r/.gitignore", "tls/\n");
        for (name, entry, expected) in [
            ("tracked", "\0\u{9}tls/a.pem\0", false),
            ("another-folder", "\0\u{b}x/tls/a.pem\0", true),
            ("longer-name", "\0\u{d}tls/a.pem.bak\0", true),
        ] {
            let index = format!("DIRC\0\0\0\u{2}\0\0\0\u{1}{entry}");
            let rules = [("/srv/r/.git/index", &*index), ignore];
            let found = ignored(name, &rules, "/srv/r/tls/a.pem");
            assert_eq!(found, Some(expected), "{name}");
        }
    }

    #[test]
    fn mercurial_and_subversion() {
        let hg = ("/srv/r/.hg/store", "");
        let globs = ("/srv/r/.hgignore", "syntax: glob\n*.pem\n");
        assert_eq!(ignored("hg", &[hg, globs], "/srv/r/key.pem"), Some(true));
        let regexp = ("/srv/r/.hgignore", ".*pem\n");
        assert_eq!(
            ignored("hg-re", &[hg, regexp], "/srv/r/key.pem"),
            Some(false)
        );
        let svn = ("/srv/r/.svn/entries", "");
        assert_eq!(ignored("svn", &[svn], "/srv/r/key.pem"), Some(false));
    }
}
