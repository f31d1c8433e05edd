//! Reading Rust sources well enough to hold them to rules: what is code, what is test.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Done;
use crate::run::at;

/// One Rust file.
pub(crate) struct Source {
    /// Where it is, from the workspace's root.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
    /// Its text with comments and the insides of literals blanked, and cut where its tests begin.
    pub(crate) product: String,
    /// Whether all of it is test code.
    pub(crate) is_test: bool,
}

/// Every Rust file of the workspace; fuzz targets and the bench's yardstick included.
pub(crate) fn all(root: &Path) -> Done<Vec<Source>> {
    let mut paths = Vec::new();
    for folder in ["crates", "xtask", "fuzz", "yardstick/src"] {
        collect(&root.join(folder), &mut paths)?;
    }
    paths.sort();
    let mut sources = Vec::new();
    let mut tests: Vec<PathBuf> = Vec::new();
    for path in &paths {
        let text = at(path, fs::read_to_string(path))?;
        let blank = without_comments(&text);
        tests.extend(test_modules(path, &blank));
        let relative = path.strip_prefix(root).unwrap_or(path);
        sources.push(Source {
            path: relative.display().to_string(),
            product: before_tests(&blank).to_owned(),
            text,
            is_test: relative.components().any(|part| {
                let part = part.as_os_str();
                part == "tests" || part == "benches" || part == "examples"
            }),
        });
    }
    for source in &mut sources {
        let path = root.join(&source.path);
        source.is_test |= tests
            .iter()
            .any(|test| path == test.with_extension("rs") || path.starts_with(test));
    }
    Ok(sources)
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> Done {
    if !folder.exists() {
        return Ok(());
    }
    for entry in at(folder, fs::read_dir(folder))?.flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() {
            if name != "target" && name != "corpus" && name != "artifacts" {
                collect(&path, paths)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
    Ok(())
}

/// Modules in files of their own that only tests have: `#[cfg(test)] mod name;`.
fn test_modules(path: &Path, blank: &str) -> Vec<PathBuf> {
    let stem = path.file_stem().unwrap_or_default();
    let folder = path.parent().unwrap_or(path);
    let below = if stem == "mod" || stem == "lib" || stem == "main" {
        folder.to_owned()
    } else {
        folder.join(stem)
    };
    blank
        .split("#[cfg(test)]")
        .skip(1)
        .filter_map(|after| {
            let declared = after.trim_start();
            let declared = declared.strip_prefix("pub(crate) ").unwrap_or(declared);
            let (name, _) = declared.strip_prefix("mod ")?.split_once(';')?;
            let is_name = name.chars().all(|c| c.is_alphanumeric() || c == '_');
            is_name.then(|| below.join(name))
        })
        .collect()
}

/// The text up to `#[cfg(test)] mod … {`: tests come last in a file.
fn before_tests(blank: &str) -> &str {
    let mut from = 0;
    while let Some(found) = blank[from..].find("#[cfg(test)]") {
        let start = from + found;
        let after = &blank[start + "#[cfg(test)]".len()..];
        // Attributes may stand between.
        let item = after
            .lines()
            .map(str::trim)
            .find(|line| !line.is_empty() && !line.starts_with("#["));
        if item.is_some_and(|item| item.starts_with("mod ") && item.ends_with('{')) {
            return &blank[..start];
        }
        from = start + 1;
    }
    blank
}

/// Blanks comments and the insides of string and character literals, keeping every line break.
pub(crate) fn without_comments(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    let blank = |from: usize, to: usize, out: &mut String| {
        for character in &characters[from..to] {
            out.push(if *character == '\n' { '\n' } else { ' ' });
        }
    };
    while at < characters.len() {
        let end = match (characters[at], characters.get(at + 1)) {
            ('/', Some('/')) => until(&characters, at, |rest| rest.first() == Some(&'\n')),
            ('/', Some('*')) => (until(&characters, at + 2, |rest| rest.starts_with(&['*', '/']))
                + 2)
            .min(characters.len()),
            ('"', _) => closing(&characters, at + 1),
            ('r', Some('"' | '#')) if !word(&characters, at) => raw(&characters, at),
            ('\'', Some('\\')) => {
                until(&characters, at + 3, |rest| rest.first() == Some(&'\'')) + 1
            }
            ('\'', Some(_)) if characters.get(at + 2) == Some(&'\'') => at + 3,
            _ => at,
        };
        if end > at {
            blank(at, end.min(characters.len()), &mut out);
            at = end;
        } else {
            out.push(characters[at]);
            at += 1;
        }
    }
    out
}

fn until(characters: &[char], from: usize, stop: impl Fn(&[char]) -> bool) -> usize {
    (from..characters.len())
        .find(|at| stop(&characters[*at..]))
        .unwrap_or(characters.len())
}

/// Whether the character before `at` belongs to the same word.
fn word(characters: &[char], at: usize) -> bool {
    at > 0 && (characters[at - 1].is_alphanumeric() || characters[at - 1] == '_')
}

/// The end of a string literal whose inside begins at `from`.
fn closing(characters: &[char], from: usize) -> usize {
    let mut at = from;
    while at < characters.len() {
        match characters[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    characters.len()
}

/// The end of a raw string literal that begins at `at`, or `at` when there is none.
fn raw(characters: &[char], at: usize) -> usize {
    let open = until(characters, at + 1, |rest| rest.first() != Some(&'#'));
    if characters.get(open) != Some(&'"') {
        return at;
    }
    let mut end = vec!['"'];
    end.resize(open - at, '#');
    let found = until(characters, open + 1, |rest| rest.starts_with(&end));
    (found + end.len()).min(characters.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked_and_nothing_else() {
        let cases = [
            ("a // b\nc", "a     \nc"),
            ("a /* b */ c", "a         c"),
            ("f(\"a\\\"b\") + 1", "f(      ) + 1"),
            ("f(r#\"a\"b\"#) + 1", "f(        ) + 1"),
            ("let c = '\"'; d", "let c =    ; d"),
            ("let c = '\\''; d", "let c =     ; d"),
            ("fn f<'a>(x: &'a str)", "fn f<'a>(x: &'a str)"),
        ];
        for (text, wanted) in cases {
            assert_eq!(without_comments(text), wanted, "{text}");
        }
    }

    #[test]
    fn tests_at_the_end_are_cut_and_test_files_are_named() {
        let text =
            "fn a() {}\n#[cfg(test)]\nmod more;\n#[cfg(test)]\n#[allow(x)]\nmod tests {\n}\n";
        assert!(before_tests(text).ends_with("mod more;\n"));
        let named = test_modules(Path::new("/x/store/mod.rs"), text);
        assert_eq!(named, [PathBuf::from("/x/store/more")]);
    }
}
