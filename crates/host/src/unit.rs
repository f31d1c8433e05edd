//! Unit files of systemd, read from their text.
//!
//! `systemctl show -p ExecStart` loses quoting and expands nothing, so the command is taken from the
//! files themselves, as systemd.syntax(7) and systemd.service(5) describe them. Specifiers (`%n`) are
//! left alone: what is kept is kept literally.

use std::collections::BTreeMap;

/// One `Key=value` of a unit file, with continuation lines joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// The section, without brackets.
    pub section: String,
    /// The key.
    pub key: String,
    /// The value, trimmed.
    pub value: String,
    /// Line it starts on, from 1.
    pub line: usize,
}

/// The directives of a unit file. Lines that are none are skipped, as systemd does with a warning.
pub fn directives(text: &str) -> Vec<Directive> {
    let mut found = Vec::new();
    let mut section = String::new();
    let mut pending: Option<(usize, String)> = None;
    for (index, raw) in text.lines().enumerate() {
        let trimmed = raw.trim();
        // A comment between continued lines is skipped, and the value goes on after it.
        if trimmed.starts_with(['#', ';']) {
            continue;
        }
        let (line, mut joined) = pending.take().unwrap_or((index + 1, String::new()));
        if let Some(head) = raw.trim_end_matches('\r').strip_suffix('\\') {
            joined.push_str(head);
            joined.push(' ');
            pending = Some((line, joined));
            continue;
        }
        joined.push_str(raw);
        take(&joined, line, &mut section, &mut found);
    }
    if let Some((line, joined)) = pending {
        take(&joined, line, &mut section, &mut found);
    }
    found
}

fn take(line_text: &str, line: usize, section: &mut String, found: &mut Vec<Directive>) {
    let text = line_text.trim();
    if let Some(name) = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        *section = name.to_owned();
    } else if let Some((key, value)) = text.split_once('=') {
        found.push(Directive {
            section: section.clone(),
            key: key.trim().to_owned(),
            value: value.trim().to_owned(),
            line,
        });
    }
}

/// What the files of a service unit say together: the fragment first, then its drop-ins in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effective {
    /// The `ExecStart` values in force, after every reset.
    pub exec_start: Vec<String>,
    /// `Environment=` assignments in force.
    pub environment: BTreeMap<String, String>,
    /// `EnvironmentFile=` paths in force; a leading `-` (may be absent) is kept.
    pub environment_files: Vec<String>,
    /// `ListenStream=` of a socket unit in force.
    pub listen_streams: Vec<String>,
    /// Whether there is an `ExecReload`.
    pub reloads: bool,
}

impl Effective {
    /// Folds the texts of a unit's files.
    pub fn of<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        let mut effective = Self::default();
        for directive in texts.into_iter().flat_map(directives) {
            effective.apply(&directive);
        }
        effective
    }

    fn apply(&mut self, directive: &Directive) {
        let value = &directive.value;
        match (directive.section.as_str(), directive.key.as_str()) {
            ("Service", "ExecStart") => list(&mut self.exec_start, value),
            ("Service", "ExecReload") => self.reloads = !value.is_empty(),
            ("Service", "EnvironmentFile") => list(&mut self.environment_files, value),
            ("Socket", "ListenStream") => list(&mut self.listen_streams, value),
            ("Service", "Environment") if value.is_empty() => self.environment.clear(),
            ("Service", "Environment") => {
                for word in words(value) {
                    if let Some((name, text)) = word.value.split_once('=') {
                        self.environment.insert(name.to_owned(), text.to_owned());
                    }
                }
            }
            _ => {}
        }
    }
}

fn list(values: &mut Vec<String>, value: &str) {
    if value.is_empty() {
        values.clear();
    } else {
        values.push(value.to_owned());
    }
}

/// A word of a command, as written and as meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// As it stands in the file, with quotes and escapes.
    pub raw: String,
    /// Without quotes and escapes.
    pub value: String,
}

/// Splits a value into words by systemd's rules: single and double quotes, C escapes.
///
/// An open quote ends with the text, as `EXTRACT_RELAX` has it.
pub fn words(text: &str) -> Vec<Word> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (word, length) = first_word(rest);
        found.push(word);
        rest = rest.get(length..).unwrap_or_default().trim_start();
    }
    found
}

fn first_word(text: &str) -> (Word, usize) {
    let mut value = String::new();
    let mut quote: Option<char> = None;
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        match (c, quote) {
            (_, None) if c.is_whitespace() => {
                return (
                    Word {
                        raw: text[..at].to_owned(),
                        value,
                    },
                    at,
                );
            }
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            ('\\', _) => match characters.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, 't')) => value.push('\t'),
                Some((_, 'r')) => value.push('\r'),
                Some((_, 's')) => value.push(' '),
                Some((_, 'x')) => {
                    let digits: String = characters.by_ref().take(2).map(|(_, c)| c).collect();
                    match u8::from_str_radix(&digits, 16) {
                        Ok(byte) => value.push(char::from(byte)),
                        Err(_) => value.push_str(&format!("\\x{digits}")),
                    }
                }
                Some((_, c @ ('"' | '\'' | '\\'))) => value.push(c),
                Some((_, c)) => value.extend(['\\', c]),
                None => value.push('\\'),
            },
            (c, _) => value.push(c),
        }
    }
    (
        Word {
            raw: text.to_owned(),
            value,
        },
        text.len(),
    )
}

/// Writes a word so that systemd reads exactly `value` from a command line: quoted when needed, with
/// `$` and `%` doubled.
pub fn quote(value: &str) -> String {
    let doubled = value.replace('%', "%%").replace('$', "$$");
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@%$[]".contains(c);
    if !doubled.is_empty() && doubled.chars().all(plain) {
        return doubled;
    }
    let mut out = String::from("\"");
    for c in doubled.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Reads an environment file: `NAME=value` lines, `#` and `;` comments, quotes, continuations.
pub fn environment_file(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let joined = text.replace("\\\r\n", "").replace("\\\n", "");
    for line in joined.lines() {
        let line = line.trim();
        if line.starts_with(['#', ';']) {
            continue;
        }
        // Debian's init scripts allow `export`; systemd would not take the line.
        let line = line.strip_prefix("export ").unwrap_or(line);
        if let Some((name, value)) = line.split_once('=') {
            found.insert(name.trim().to_owned(), unquoted(value.trim()));
        }
    }
    found
}

fn unquoted(value: &str) -> String {
    for mark in ['"', '\''] {
        if let Some(inner) = value
            .strip_prefix(mark)
            .and_then(|rest| rest.strip_suffix(mark))
        {
            return inner.replace("\\\"", "\"").replace("\\\\", "\\");
        }
    }
    value.to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Effective, directives, environment_file, quote, words};

    #[test]
    fn continuations_comments_and_sections() {
        let text = "# c\n[Unit]\nA=1\n[Service]\nExecStart=/usr/bin/dockerd \\\n# between\n  -H fd:// \\\n  --x\nB = 2 \n; c\nrubbish\n";
        let all = directives(text);
        assert_eq!(all.len(), 3);
        assert_eq!(all[1].line, 5);
        assert_eq!(
            words(&all[1].value)
                .iter()
                .map(|w| w.value.as_str())
                .collect::<Vec<_>>(),
            ["/usr/bin/dockerd", "-H", "fd://", "--x"]
        );
        assert_eq!(
            (all[2].section.as_str(), all[2].value.as_str()),
            ("Service", "2")
        );
    }

    #[test]
    fn an_empty_assignment_resets() {
        let effective = Effective::of([
            "[Service]\nExecStart=/a\nEnvironment=X=1 \"Y=a b\"\n",
            "[Service]\nExecStart=\nExecStart=/b\nEnvironment=X=2\n",
        ]);
        assert_eq!(effective.exec_start, ["/b"]);
        assert_eq!(effective.environment["X"], "2");
        assert_eq!(effective.environment["Y"], "a b");
    }

    #[test]
    fn words_keep_what_was_written_and_know_what_was_meant() {
        for (text, values) in [
            ("a  b", vec!["a", "b"]),
            ("'a b' \"c d\"e", vec!["a b", "c de"]),
            (r#"--label="x \"y\"" z"#, vec!["--label=x \"y\"", "z"]),
            (r"a\x20b a\sc \q", vec!["a b", "a c", r"\q"]),
            ("'open", vec!["open"]),
            ("", vec![]),
        ] {
            assert_eq!(
                words(text)
                    .iter()
                    .map(|w| w.value.as_str())
                    .collect::<Vec<_>>(),
                values,
                "{text}"
            );
            let raws: Vec<_> = words(text).into_iter().map(|w| w.raw).collect();
            assert_eq!(raws.join(" ").replace(' ', ""), text.replace(' ', ""));
        }
    }

    #[test]
    fn quoting_is_undone_by_reading() {
        for value in ["plain", "a b", "q\"x\\y", "tab\there", "", "ünï"] {
            assert_eq!(words(&quote(value))[0].value, value);
        }
        assert_eq!(quote("100%$x"), "100%%$$x");
        assert_eq!(quote("tcp://[::]:2376"), "tcp://[::]:2376");
    }

    #[test]
    fn environment_files_of_the_distributions() {
        let env = environment_file(
            "# DOCKER_OPTS=\"no\"\nDOCKER_OPTS=\"--dns 8.8.8.8 \\\n --dns 1.1.1.1\"\nexport http_proxy='x'\nPLAIN=a b\n",
        );
        assert_eq!(env["DOCKER_OPTS"], "--dns 8.8.8.8  --dns 1.1.1.1");
        assert_eq!(env["http_proxy"], "x");
        assert_eq!(env["PLAIN"], "a b");
    }

    #[test]
    fn nothing_panics() {
        let pieces = [
            "[",
            "]",
            "=",
            "\\",
            "\n",
            "\"",
            "'",
            "\\x",
            "é",
            "#",
            ";",
            " ",
            "[Service]",
            "ExecStart=",
            "$",
            "\r\n",
            "\0",
        ];
        let mut state = 7usize;
        for _ in 0..20_000 {
            let mut text = String::new();
            for _ in 0..12 {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                text.push_str(pieces[(state >> 33) % pieces.len()]);
            }
            let _ = Effective::of([text.as_str()]);
            let _ = words(&text);
            let _ = environment_file(&text);
        }
    }
}
