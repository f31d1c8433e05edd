//! `cargo xtask tidy`: rules of ours that no compiler knows.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::run::{at, quiet};
use crate::source::{self, Source};
use crate::{Done, arrows, root};

/// Beyond this a file should be thought about again.
const LONG: usize = 700;
/// Beyond this only tables go.
const TOO_LONG: usize = 1000;
/// Files that are tables, and so may be as long as they must.
const TABLES: &[&str] = &[];

/// What prints or ends the process; allowed in the binary and in what is not the product.
const VOICES: &[&str] = &[
    "println!",
    "print!",
    "eprintln!",
    "eprint!",
    "dbg!",
    "process::exit",
    "io::stdout",
    "io::stderr",
];
/// What writes files; allowed behind the one door only.
const WRITES: &[&str] = &[
    "fs::write(",
    "fs::rename(",
    "fs::remove_file(",
    "fs::remove_dir",
    "fs::create_dir",
    "fs::copy(",
    "fs::hard_link(",
    "fs::set_permissions(",
    "File::create",
    "OpenOptions",
    "DirBuilder",
    "unix::fs::symlink",
    "unix::fs::chown",
    "fs::renameat",
    "fs::unlinkat",
    "fs::mkdirat",
    "fs::symlinkat",
    "fs::fchmod",
    "fs::chmodat",
    "fs::chownat",
    "fs::fchown",
];
/// Who may write files besides `change`, and why.
const WRITERS: &[(&str, &str)] = &[
    ("crates/change/", "the door itself"),
    (
        "crates/sealock/src/input.rs",
        "opens for reading only, without waiting for the writer of a pipe",
    ),
    (
        "crates/gateway/src/audit/file.rs",
        "the audit file is appended to; it is no change of the host that could be undone",
    ),
    (
        "crates/gateway/src/listen.rs",
        "the file of a unix socket, which lives as long as the socket",
    ),
    (
        "crates/sealock/src/commands/gateway/control.rs",
        "the same, of the control socket",
    ),
    ("yardstick/", "bench only"),
    ("crates/testkit/", "tests only"),
    ("xtask/", "chores only"),
    ("fuzz/", "fuzz targets only"),
];

/// Holds the workspace to its own rules; every broken one is printed, and any is a failure.
pub(crate) fn tidy() -> Done {
    let root = root();
    let sources = source::all(&root)?;
    let mut broken = Vec::new();
    let mut notes = Vec::new();

    let metadata = metadata(&root)?;
    let architecture = root.join("ARCHITECTURE.md");
    let architecture = at(&architecture, fs::read_to_string(&architecture))?;
    broken.extend(arrows::differences(&architecture, &metadata));
    for source in &sources {
        voices(source, &mut broken);
        writes(source, &mut broken);
        unfinished(source, &mut broken);
        length(source, &mut broken, &mut notes);
    }
    quick_start(&metadata, &mut broken);
    workplace(&root, &mut broken)?;
    changelog(&root, &mut broken)?;
    fuzz(&root, &mut broken)?;
    explained(&root, &mut broken)?;
    provoked(&sources, &mut broken);
    crate::picture::drawn(&root, &mut broken)?;

    for note in &notes {
        println!("tidy: note: {note}");
    }
    for rule in &broken {
        println!("tidy: {rule}");
    }
    if broken.is_empty() {
        println!("tidy: {} files keep every rule", sources.len());
        Ok(())
    } else {
        Err(format!("{} rules are broken", broken.len()))
    }
}

/// The README's `cargo run --release -- demo` must know which binary is meant.
fn quick_start(metadata: &Value, broken: &mut Vec<String>) {
    let members = metadata["workspace_default_members"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let is_the_binary = |member: &Value| {
        member
            .as_str()
            .is_some_and(|id| id.contains("crates/sealock#"))
    };
    if members.len() != 1 || !members.iter().all(is_the_binary) {
        broken.push("Cargo.toml: default-members is not the binary alone: `cargo run` at the root would not know what to run".to_owned());
    }
}

fn metadata(root: &Path) -> Done<Value> {
    let said = quiet(Command::new("cargo").current_dir(root).args([
        "metadata",
        "--no-deps",
        "--format-version=1",
        "--locked",
    ]))?;
    serde_json::from_str(&said).map_err(|error| format!("cargo metadata: {error}"))
}

/// stdout is data, stderr is talk: one crate has a voice.
fn voices(source: &Source, broken: &mut Vec<String>) {
    let allowed = [
        "crates/sealock/",
        "crates/testkit/",
        "xtask/",
        "fuzz/",
        "yardstick/",
        // An audit that goes to `-` is the data of the gateway.
        "crates/gateway/src/audit/file.rs",
    ];
    if source.is_test || allowed.iter().any(|folder| source.path.starts_with(folder)) {
        return;
    }
    for (line, what) in occurrences(&source.product, VOICES) {
        broken.push(format!(
            "{}:{line}: `{what}` outside the binary",
            source.path
        ));
    }
}

/// Files are written through `sealock_change::fs`, which syncs, renames and names the path.
fn writes(source: &Source, broken: &mut Vec<String>) {
    if source.is_test
        || WRITERS
            .iter()
            .any(|(folder, _)| source.path.starts_with(folder))
    {
        return;
    }
    // `fs::` alone is the door's own module where that is what is imported.
    let door = source.product.contains("sealock_change") && !imports_std_fs(&source.product);
    for (line, what) in occurrences(&source.product, WRITES) {
        let through = source.product.lines().nth(line - 1).unwrap_or_default();
        let std = through.contains(&format!("std::{what}")) || !what.starts_with("fs::");
        if std || !(door || through.contains("sealock_change::fs::")) {
            broken.push(format!(
                "{}:{line}: `{}` writes past sealock_change::fs",
                source.path,
                what.trim_end_matches('(')
            ));
        }
    }
}

fn imports_std_fs(text: &str) -> bool {
    text.contains("use std::fs")
        || text.split("use std::{").skip(1).any(|after| {
            let list = after.split(';').next().unwrap_or_default();
            list.split([',', '{', '}']).any(|item| item.trim() == "fs")
        })
}

fn unfinished(source: &Source, broken: &mut Vec<String>) {
    let code = source::without_comments(&source.text);
    for (line, what) in occurrences(&code, &["todo!", "unimplemented!", "#[ignore"]) {
        broken.push(format!("{}:{line}: `{what}`", source.path));
    }
    // Spelled in two halves, or this file would break its own rule.
    let mark = concat!("FIX", "ME");
    for (line, _) in occurrences(&source.text, &[mark]) {
        broken.push(format!("{}:{line}: {mark}", source.path));
    }
}

fn length(source: &Source, broken: &mut Vec<String>, notes: &mut Vec<String>) {
    let lines = source.text.lines().count();
    if lines > TOO_LONG && !TABLES.contains(&source.path.as_str()) {
        broken.push(format!(
            "{}: {lines} lines; {TOO_LONG} at most",
            source.path
        ));
    } else if lines > LONG {
        notes.push(format!(
            "{}: {lines} lines; think again past {LONG}",
            source.path
        ));
    }
}

/// Nothing may depend on where or by whom it was written.
fn workplace(root: &Path, broken: &mut Vec<String>) -> Done {
    let listed = quiet(Command::new("git").current_dir(root).args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
    ]))?;
    let marks = [
        concat!("/wor", "k/"),
        concat!("/far", "m/"),
        concat!("../sha", "red"),
    ];
    for name in listed.lines() {
        let Ok(bytes) = fs::read(root.join(name)) else {
            continue;
        };
        let text = String::from_utf8_lossy(&bytes);
        for (line, mark) in occurrences(&text, &marks) {
            // A folder of that name further down an address is no absolute path.
            let at = text.lines().nth(line - 1).unwrap_or_default();
            let absolute = at.match_indices(mark).any(|(index, _)| {
                !at[..index].ends_with(|before: char| before.is_alphanumeric() || before == '.')
                    || mark.starts_with("..")
            });
            if absolute {
                broken.push(format!(
                    "{name}:{line}: names a place of one machine, `{mark}`"
                ));
            }
        }
    }
    Ok(())
}

fn changelog(root: &Path, broken: &mut Vec<String>) -> Done {
    let path = root.join("CHANGELOG.md");
    let text = at(&path, fs::read_to_string(&path))?;
    if !text
        .lines()
        .any(|line| line.starts_with("## ") && line.contains("Unreleased"))
    {
        broken.push("CHANGELOG.md has no section `Unreleased`".to_owned());
    }
    Ok(())
}

/// Every fuzz target on disk is in the manifest, and the other way round.
fn fuzz(root: &Path, broken: &mut Vec<String>) -> Done {
    let manifest = root.join("fuzz/Cargo.toml");
    if !manifest.exists() {
        return Ok(());
    }
    let text = at(&manifest, fs::read_to_string(&manifest))?;
    let mut declared: Vec<&str> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("path = \"fuzz_targets/"))
        .filter_map(|rest| rest.strip_suffix(".rs\""))
        .collect();
    declared.sort_unstable();
    let folder = root.join("fuzz/fuzz_targets");
    let mut there: Vec<String> = at(&folder, fs::read_dir(&folder))?
        .flatten()
        .filter_map(|entry| {
            entry
                .file_name()
                .to_str()?
                .strip_suffix(".rs")
                .map(str::to_owned)
        })
        .collect();
    there.sort();
    if declared != there {
        broken.push(format!(
            "fuzz/Cargo.toml declares {declared:?}, fuzz_targets has {there:?}"
        ));
    }
    Ok(())
}

/// docs/errors.md and docs/findings.md are what the binary says of itself.
fn explained(root: &Path, broken: &mut Vec<String>) -> Done {
    for which in ["errors", "findings"] {
        let path = root.join(format!("docs/{which}.md"));
        let written = at(&path, fs::read_to_string(&path))?;
        let words = ["run", "-q", "--locked", "-p", "sealock", "--", "explain"];
        let said = quiet(
            Command::new("cargo")
                .current_dir(root)
                .args(words)
                .args(["--markdown", which]),
        )?;
        if written != said {
            broken.push(format!(
                "docs/{which}.md is not what the binary prints; renew it with \
                 `cargo run -q -p sealock -- explain --markdown {which} > docs/{which}.md`"
            ));
        }
    }
    Ok(())
}

/// Every finding is provoked by a test against the real software, which names its code.
fn provoked(sources: &[Source], broken: &mut Vec<String>) {
    let real: Vec<&Source> = sources
        .iter()
        .filter(|source| source.path.starts_with("crates/sealock/tests/real/"))
        .collect();
    let checks = sources
        .iter()
        .filter(|source| source.path.starts_with("crates/check/src/checks/"));
    for source in checks {
        let Some((_, after)) = source.text.split_once("    code: \"") else {
            continue;
        };
        let code = after.split('"').next().unwrap_or_default();
        if !real.iter().any(|test| test.text.contains(code)) {
            broken.push(format!(
                "{}: no test below crates/sealock/tests/real provokes {code}",
                source.path
            ));
        }
    }
}

/// Where any of `needles` occurs as a whole word: line number and needle.
fn occurrences<'a>(text: &str, needles: &[&'a str]) -> Vec<(usize, &'a str)> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for needle in needles {
            let whole = line.match_indices(needle).any(|(at, _)| {
                !line[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_')
            });
            if whole {
                found.push((index + 1, *needle));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, product: &str) -> Source {
        Source {
            path: path.to_owned(),
            text: product.to_owned(),
            product: product.to_owned(),
            is_test: false,
        }
    }

    #[test]
    fn a_voice_or_a_write_in_the_wrong_crate_is_found() {
        let mut broken = Vec::new();
        let line = "fn f() {\n    println!();\n    std::fs::write(a, b);\n}\n";
        voices(&source("crates/pki/src/lib.rs", line), &mut broken);
        writes(&source("crates/pki/src/lib.rs", line), &mut broken);
        assert_eq!(
            broken,
            [
                "crates/pki/src/lib.rs:2: `println!` outside the binary",
                "crates/pki/src/lib.rs:3: `fs::write` writes past sealock_change::fs",
            ]
        );
        broken.clear();
        voices(&source("crates/sealock/src/printer.rs", line), &mut broken);
        writes(&source("crates/change/src/fs.rs", line), &mut broken);
        writes(
            &source("crates/host/src/a.rs", "sealock_change::fs::create_dir(x)"),
            &mut broken,
        );
        assert!(broken.is_empty(), "{broken:?}");
    }

    #[test]
    fn a_needle_inside_a_word_is_none() {
        assert!(occurrences("my_println!()", &["println!"]).is_empty());
        assert_eq!(
            occurrences("a\nprintln!()", &["println!"]),
            [(2, "println!")]
        );
    }
}
