//! The request target: decoded once, matched, and never looked at again.

use super::percent::{Plus, decode};
use super::route::{Method, Route};
use super::{ApiVersion, Reading, Unclean, routes};
use std::borrow::Cow;

/// A target taken apart.
#[derive(Debug)]
pub(super) struct Target<'a> {
    pub(super) route: &'static Route,
    pub(super) version: Option<ApiVersion>,
    pub(super) name: Option<String>,
    pub(super) second: Option<String>,
    /// As it came, without the question mark.
    pub(super) query: &'a [u8],
}

pub(super) fn read<'a>(
    method: &[u8],
    target: &'a [u8],
    reading: &Reading<'_>,
) -> Result<Target<'a>, Unclean> {
    if let Some(byte) = target.iter().find(|byte| !matches!(byte, 0x21..=0x7e)) {
        return Err(Unclean::target(&format!(
            "it has the byte {byte:#04x} in it"
        )));
    }
    // A `;` was a separator of queries once, and a `#` cuts a target off for some readers.
    if let Some(byte) = target.iter().find(|byte| matches!(byte, b';' | b'#')) {
        return Err(Unclean::target(&format!(
            "it has a {} in it",
            char::from(*byte)
        )));
    }
    let method = std::str::from_utf8(method)
        .ok()
        .and_then(Method::named)
        .ok_or_else(Unclean::unknown)?;
    let origin = origin_form(target)?;
    let (path, query) = match origin.iter().position(|byte| *byte == b'?') {
        Some(at) => (&origin[..at], &origin[at + 1..]),
        None => (origin, &[][..]),
    };
    let path = below(path, reading.prefix)?;
    let escaped = path.contains(&b'%');
    let path = decoded(path)?;
    let (version, path) = versioned(&path, reading)?;
    clean(path)?;
    let (route, name, second) = routes::find(method, path).ok_or_else(Unclean::unknown)?;
    if name.contains('/') && !route.segments {
        return Err(Unclean::path(if escaped {
            "a name with a slash in it"
        } else {
            "a name of several segments"
        }));
    }
    let owned = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Ok(Target {
        route,
        version,
        name: owned(name),
        second: owned(second),
        query,
    })
}

/// Without scheme and host: a proxy may be spoken to with them, and the daemon does not look at either.
fn origin_form(target: &[u8]) -> Result<&[u8], Unclean> {
    if target.starts_with(b"/") {
        return Ok(target);
    }
    let scheme = [&b"http://"[..], b"https://"].into_iter().find(|scheme| {
        target
            .get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    let rest = scheme.and_then(|scheme| target.get(scheme.len()..));
    let rest = rest.ok_or_else(|| Unclean::target("it does not start with a slash"))?;
    let end = rest
        .iter()
        .position(|byte| matches!(byte, b'/' | b'?'))
        .unwrap_or(rest.len());
    let host = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_:[]%".contains(byte);
    if end == 0 || !rest[..end].iter().all(host) {
        return Err(Unclean::target("its host has characters that no host has"));
    }
    match rest.get(end) {
        Some(b'/') => Ok(&rest[end..]),
        _ => Err(Unclean::target("it has a host and no path")),
    }
}

/// The path below the prefix.
fn below<'a>(path: &'a [u8], prefix: Option<&str>) -> Result<&'a [u8], Unclean> {
    let Some(prefix) = prefix
        .map(|prefix| prefix.trim_end_matches('/'))
        .filter(|prefix| !prefix.is_empty())
    else {
        return Ok(path);
    };
    path.strip_prefix(prefix.as_bytes())
        .filter(|rest| rest.starts_with(b"/"))
        .ok_or_else(|| Unclean::outside(prefix))
}

fn decoded(path: &[u8]) -> Result<Cow<'_, str>, Unclean> {
    if !path.contains(&b'%') {
        return std::str::from_utf8(path)
            .map(Cow::Borrowed)
            .map_err(|_| Unclean::target("its path is no UTF-8"));
    }
    let bytes = decode(path, Plus::Itself)
        .ok_or_else(|| Unclean::target("a % without two digits behind it"))?;
    String::from_utf8(bytes)
        .map(Cow::Owned)
        .map_err(|_| Unclean::target("its path is no UTF-8"))
}

fn versioned<'a>(
    path: &'a str,
    reading: &Reading<'_>,
) -> Result<(Option<ApiVersion>, &'a str), Unclean> {
    let Some(rest) = path.strip_prefix("/v") else {
        return Ok((None, path));
    };
    let (text, _) = rest.split_once('/').unwrap_or((rest, ""));
    // `/version` and `/volumes` start like this too; a version starts with what the daemon takes for one.
    if text.is_empty()
        || !text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        return Ok((None, path));
    }
    let version: ApiVersion = text.parse().map_err(|_| Unclean::version(text))?;
    if version < reading.floor {
        return Err(Unclean::too_old(version, reading.floor));
    }
    if version > reading.ceiling {
        return Err(Unclean::too_new(version, reading.ceiling));
    }
    Ok((Some(version), &rest[text.len()..]))
}

/// Nothing a daemon would redirect, a file system resolve, or a second decoder see otherwise.
fn clean(path: &str) -> Result<(), Unclean> {
    let Some(rest) = path.strip_prefix('/') else {
        return Err(Unclean::unknown());
    };
    if let Some(c) = path
        .chars()
        .find(|c| c.is_control() || matches!(c, '%' | '\\' | ';' | '?' | '#'))
    {
        return Err(Unclean::path(&match c {
            '%' => "it is encoded twice".to_owned(),
            c => format!("it has {} in it", c.escape_unicode()),
        }));
    }
    let mut segments = rest.split('/').peekable();
    while let Some(segment) = segments.next() {
        match segment {
            "." | ".." => return Err(Unclean::path("it has a dot segment")),
            // Only the last may be empty: a slash at the end, which one route has.
            "" if segments.peek().is_some() => {
                return Err(Unclean::path("it has an empty segment"));
            }
            _ => {}
        }
    }
    Ok(())
}
