//! A registry's `config.yml`, with `http.tls` as it shall be and everything else as it was.

use super::yaml::{self, Entry, Value, refused};
use crate::kind::Refused;

/// What `http.tls` is to say.
#[derive(Clone, Copy, Debug)]
pub struct Tls<'t> {
    /// The file of the certificate.
    pub certificate: &'t str,
    /// The file of its key.
    pub key: &'t str,
    /// The file of the anchors of clients.
    pub clients: &'t str,
}

/// What distribution requires of clients as soon as `clientcas` is there.
pub(super) const REQUIRED: &str = "require-and-verify-client-cert";
const OLDEST: &str = "tls1.2";

/// The text with `http.tls` as wanted. Lines of others stay byte for byte; where they cannot be understood, the line and
/// the reason come back. The result is read again, and is the file as it was with these values and no other.
///
/// # Errors
/// When something in the file is not understood, or would leave the door open.
pub fn with_tls(now: &[u8], tls: Tls<'_>) -> Result<Vec<u8>, Refused> {
    let Ok(text) = std::str::from_utf8(now) else {
        return Err(whole("it is not UTF-8"));
    };
    let before = yaml::read(text)?;
    let Some(http) = before.get("http") else {
        return Err(whole("there is no section `http`").help("http:\n  addr: :5000"));
    };
    let children = match &http.value {
        Value::Map(children) => children,
        Value::Null => return Err(refused(http.line, "the section `http` is empty")),
        _ => {
            return Err(
                refused(http.line, "`http` is not written with a line for each key")
                    .help("http:\n  addr: :5000"),
            );
        }
    };
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let there = children.iter().find(|entry| entry.key == "tls");
    let wanted = match there {
        Some(entry) => edit(&mut lines, entry, tls)?,
        None => {
            let indent = children.first().map_or(2, |child| child.indent);
            let mut new = vec![format!("{}tls:", blanks(indent))];
            let wanted = all(tls, None);
            for (key, value) in &wanted {
                new.extend(written(key, value, indent + 2));
            }
            lines.splice(http.line + 1..http.line + 1, new);
            wanted
        }
    };
    let text = lines.join("\n");
    // What an edit of lines has really done is seen by reading.
    let after = yaml::read(&text)?;
    match same(&expected(&before, wanted), &after) {
        true => Ok(text.into_bytes()),
        false => Err(whole(
            "its section `http` is written in a way that is not understood",
        )),
    }
}

/// `now` with the keys of `http.tls` that are as wanted as they were in `was`; those that are not are somebody else's by now.
///
/// # Errors
/// When one of the two is not understood.
pub fn without_tls(was: &[u8], now: &[u8], tls: Tls<'_>) -> Result<Vec<u8>, Refused> {
    // Comments that were moved go back to where they were.
    if with_tls(was, tls).is_ok_and(|ours| ours == now) {
        return Ok(was.to_vec());
    }
    let utf8 = |bytes| std::str::from_utf8(bytes).map_err(|_| whole("it is not UTF-8"));
    let (was, now) = (utf8(was)?, utf8(now)?);
    let (before, after) = (yaml::read(was)?, yaml::read(now)?);
    let section =
        |value: &Value| -> Option<Entry> { Some(value.get("http")?.value.get("tls")?.clone()) };
    let (old, new) = (section(&before), section(&after));
    let Some(new) = new else {
        return Ok(now.as_bytes().to_vec());
    };
    let Value::Map(children) = &new.value else {
        return Ok(now.as_bytes().to_vec());
    };
    let old_lines: Vec<&str> = was.split('\n').collect();
    let mut lines: Vec<&str> = now.split('\n').collect();
    let mut expected = after.clone();
    let wanted = all(tls, new.value.get("minimumtls"));
    // From the end, so that the numbers of lines before stay what they are.
    for child in children.iter().rev() {
        let ours = |(key, value): &(&str, Value)| *key == child.key && same(&child.value, value);
        if !wanted.iter().any(ours) {
            continue;
        }
        let there = old.as_ref().and_then(|tls| tls.value.get(&child.key));
        let back: Vec<&str> = match there {
            Some(entry) => old_lines
                .get(entry.line..entry.end)
                .unwrap_or_default()
                .to_vec(),
            None => Vec::new(),
        };
        if child.end > lines.len() || child.line > child.end {
            return Err(refused(child.line, "it is not understood where it ends"));
        }
        lines.splice(child.line..child.end, back);
        let tls = entry(entry(&mut expected, "http"), "tls");
        match (tls, there) {
            (tls, Some(there)) => *entry(tls, &child.key) = there.value.clone(),
            (Value::Map(entries), None) => entries.retain(|entry| entry.key != child.key),
            _ => {}
        }
    }
    let tls = entry(entry(&mut expected, "http"), "tls");
    if *tls == Value::Map(Vec::new()) {
        *tls = Value::Null;
        // It came with what stood in it.
        if old.is_none() {
            lines.remove(new.line);
            if let Value::Map(entries) = entry(&mut expected, "http") {
                entries.retain(|entry| entry.key != "tls");
            }
        }
    }
    let text = lines.join("\n");
    match same(&expected, &yaml::read(&text)?) {
        true => Ok(text.into_bytes()),
        false => Err(whole(
            "its section `http` is written in a way that is not understood",
        )),
    }
}

/// The lines of a `tls` that is there, changed; what it says afterwards.
fn edit(
    lines: &mut Vec<String>,
    entry: &Entry,
    tls: Tls<'_>,
) -> Result<Vec<(&'static str, Value)>, Refused> {
    let none = Vec::new();
    let children = match &entry.value {
        Value::Map(children) => children,
        Value::Null => &none,
        _ => {
            return Err(refused(
                entry.line,
                "`tls` is not written with a line for each key",
            ));
        }
    };
    for child in children {
        judge(child)?;
    }
    let find = |key: &str| children.iter().find(|child| child.key == key);
    let wanted = all(tls, find("minimumtls"));
    let indent = children
        .first()
        .map_or(entry.indent + 2, |child| child.indent);
    let mut missing = Vec::new();
    let mut changes = Vec::new();
    for (key, value) in &wanted {
        match find(key) {
            None => missing.extend(written(key, value, indent)),
            Some(child) if same(&child.value, value) => {}
            Some(child) => changes.push((child, written(key, value, indent))),
        }
    }
    // From the end, so that the numbers of lines before stay what they are.
    changes.sort_by_key(|(child, _)| std::cmp::Reverse(child.line));
    for (child, mut new) in changes {
        let Some(old) = lines.get(child.line..child.end) else {
            return Err(refused(child.line, "it is not understood where it ends"));
        };
        if let (Some(first), Some(comment)) = (new.first_mut(), comment(old)) {
            first.push_str(&comment);
        }
        let comments = old
            .iter()
            .filter(|line| line.trim_start().starts_with('#') || line.trim().is_empty());
        new.extend(comments.cloned());
        lines.splice(child.line..child.end, new);
    }
    lines.splice(entry.line + 1..entry.line + 1, missing);
    Ok(wanted)
}

/// Whether a key of `tls` may stay.
fn judge(child: &Entry) -> Result<(), Refused> {
    let text = match &child.value {
        Value::Plain(text) => yaml::unquoted(text),
        _ => None,
    };
    match child.key.as_str() {
        "certificate" | "key" | "clientcas" | "minimumtls" | "ciphersuites" => Ok(()),
        "clientauth" if text == Some(REQUIRED) => Ok(()),
        "clientauth" => Err(refused(
            child.line,
            "`clientauth` lets clients in without a certificate of ours",
        )
        .help(format!("clientauth: {REQUIRED}, or no such line"))),
        "letsencrypt" => Err(refused(
            child.line,
            "`letsencrypt` has certificates of its own made, and they would be served",
        )
        .help("take `letsencrypt` out of the file")),
        other => Err(refused(
            child.line,
            format!(
                "`{}` is not known, and it could change who is let in",
                sealock_diag::escape(other)
            ),
        )),
    }
}

/// Every key and its value.
fn all(tls: Tls<'_>, oldest: Option<&Entry>) -> Vec<(&'static str, Value)> {
    let plain = |text: &str| Value::Plain(text.to_owned());
    // Who wants 1.3 keeps it.
    let strict = oldest.filter(|entry| same(&entry.value, &plain("tls1.3")));
    vec![
        ("certificate", plain(tls.certificate)),
        ("key", plain(tls.key)),
        // A list: a single path is taken for nothing by some releases, and then no client is asked.
        ("clientcas", Value::List(vec![plain(tls.clients)])),
        (
            "minimumtls",
            strict.map_or_else(|| plain(OLDEST), |entry| entry.value.clone()),
        ),
    ]
}

fn written(key: &str, value: &Value, indent: usize) -> Vec<String> {
    let at = blanks(indent);
    match value {
        Value::Plain(text) => vec![format!("{at}{key}: {text}")],
        Value::List(items) => {
            let items = items.iter().filter_map(|item| match item {
                Value::Plain(text) => Some(format!("{at}  - {text}")),
                _ => None,
            });
            std::iter::once(format!("{at}{key}:"))
                .chain(items)
                .collect()
        }
        Value::Null | Value::Map(_) => vec![format!("{at}{key}:")],
    }
}

/// The comment behind the first of these lines, with the blanks before it.
fn comment(lines: &[String]) -> Option<String> {
    let line = lines.first()?;
    let (key, rest) = line.split_once(':')?;
    let value = rest.trim_start_matches(' ');
    let end = key.len() + 1 + (rest.len() - value.len()) + yaml::value_len(value);
    let tail = line.get(end..)?.trim_matches(' ');
    tail.starts_with('#').then(|| format!(" {tail}"))
}

fn blanks(count: usize) -> String {
    " ".repeat(count)
}

/// The file as it was, with these values.
fn expected(before: &Value, wanted: Vec<(&'static str, Value)>) -> Value {
    let mut after = before.clone();
    let tls = entry(entry(&mut after, "http"), "tls");
    for (key, value) in wanted {
        *entry(tls, key) = value;
    }
    after
}

/// The value of a key, made where it is missing.
fn entry<'v>(value: &'v mut Value, key: &str) -> &'v mut Value {
    if !matches!(value, Value::Map(_)) {
        *value = Value::Map(Vec::new());
    }
    let Value::Map(entries) = value else {
        return value;
    };
    let at = match entries.iter().position(|entry| entry.key == key) {
        Some(at) => at,
        None => {
            entries.push(Entry {
                key: key.to_owned(),
                value: Value::Null,
                indent: 0,
                line: 0,
                end: 0,
            });
            entries.len() - 1
        }
    };
    &mut entries[at].value
}

/// Whether two values mean the same: quotes and the order of keys mean nothing.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Map(one), Value::Map(other)) => {
            one.len() == other.len()
                && one.iter().all(|entry| {
                    let mut found = other.iter().filter(|twin| twin.key == entry.key);
                    found
                        .next()
                        .is_some_and(|twin| same(&entry.value, &twin.value))
                })
        }
        (Value::List(one), Value::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Plain(one), Value::Plain(other)) => {
            one == other
                || matches!((yaml::unquoted(one), yaml::unquoted(other)), (Some(a), Some(b)) if a == b)
        }
        (one, other) => one == other,
    }
}

fn whole(problem: &str) -> Refused {
    Refused {
        line: None,
        problem: problem.to_owned(),
        help: None,
    }
}
