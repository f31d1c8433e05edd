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
    if !target.iter().all(|byte| PLAIN[usize::from(*byte)]) {
        return Err(unreadable(target));
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
    let path = decoded(path, escaped)?;
    let (version, path) = versioned(&path, reading)?;
    clean(path, escaped)?;
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

/// What may stand in a target: everything visible, but for `;`, which was a separator of queries once, and `#`, which
/// cuts a target off for some readers.
static PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0x21;
    while byte <= 0x7e {
        plain[byte] = byte != b';' as usize && byte != b'#' as usize;
        byte += 1;
    }
    plain
};

#[cold]
fn unreadable(target: &[u8]) -> Unclean {
    match target.iter().find(|byte| !PLAIN[usize::from(**byte)]) {
        Some(byte @ (b';' | b'#')) => {
            Unclean::target(&format!("it has a {} in it", char::from(*byte)))
        }
        Some(byte) => Unclean::target(&format!("it has the byte {byte:#04x} in it")),
        None => Unclean::target("it is empty"),
    }
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
    if !is_host(&rest[..end]) {
        return Err(Unclean::target("its host is none"));
    }
    match rest.get(end) {
        Some(b'/') => Ok(&rest[end..]),
        _ => Err(Unclean::target("it has a host and no path")),
    }
}

/// A name or address, with a port or without.
fn is_host(text: &[u8]) -> bool {
    let (host, port) = match text.iter().rposition(|byte| *byte == b':') {
        Some(at) if !text[at..].contains(&b']') => (&text[..at], &text[at + 1..]),
        _ => (text, &[][..]),
    };
    let inner = host
        .strip_prefix(b"[")
        .and_then(|rest| rest.strip_suffix(b"]"));
    let (inner, colons) = inner.map_or((host, false), |inner| (inner, true));
    let fits = |byte: &u8| {
        byte.is_ascii_alphanumeric() || b".-_".contains(byte) || colons && *byte == b':'
    };
    !inner.is_empty() && inner.iter().all(fits) && port.iter().all(u8::is_ascii_digit)
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

fn decoded(path: &[u8], escaped: bool) -> Result<Cow<'_, str>, Unclean> {
    if !escaped {
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
    let text = until_slash(rest);
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
fn clean(path: &str, escaped: bool) -> Result<(), Unclean> {
    let Some(rest) = path.strip_prefix('/') else {
        return Err(Unclean::unknown());
    };
    // Without escapes it is visible ASCII, and a backslash is all that can be wrong.
    let odd = |c: &char| c.is_control() || matches!(c, '%' | '\\' | ';' | '?' | '#');
    let found = if escaped {
        path.chars().find(odd)
    } else {
        path.as_bytes().contains(&b'\\').then_some('\\')
    };
    if let Some(c) = found {
        return Err(Unclean::path(&match c {
            '%' => "it is encoded twice".to_owned(),
            c => format!("it has {} in it", c.escape_unicode()),
        }));
    }
    let mut rest = rest;
    while !rest.is_empty() {
        let segment = until_slash(rest);
        inner(segment)?;
        // The last may be empty: a slash at the end, which one route has.
        rest = rest.get(segment.len() + 1..).unwrap_or_default();
    }
    Ok(())
}

/// What stands in front of the first slash. A path is short: a search by `char` begins with more than it costs.
pub(super) fn until_slash(path: &str) -> &str {
    let end = path.bytes().position(|byte| byte == b'/');
    &path[..end.unwrap_or(path.len())]
}

fn inner(segment: &str) -> Result<(), Unclean> {
    match segment {
        "" => Err(Unclean::path("it has an empty segment")),
        "." | ".." => Err(Unclean::path("it has a dot segment")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use crate::read::{ApiVersion, Incoming, Reading, Request};

    const READING: Reading<'static> = Reading {
        prefix: None,
        floor: ApiVersion::new(1, 24),
        ceiling: ApiVersion::new(1, 44),
    };

    fn read(method: &str, target: &[u8], reading: &Reading<'_>) -> Result<String, &'static str> {
        let incoming = Incoming {
            method: method.as_bytes(),
            target,
            content_type: None,
            upgrade: None,
            has_body: false,
        };
        Request::read(&incoming, reading)
            .map(|request| format!("{} {}", request.call(), request.target()))
            .map_err(|unclean| unclean.code)
    }

    fn check(method: &str, target: &str, expected: Result<&str, &str>) {
        let got = read(method, target.as_bytes(), &READING);
        assert_eq!(
            got.as_deref().map_err(|code| *code),
            expected,
            "{method} {target}"
        );
        if let Ok(text) = &got {
            let (_, again) = text.split_once(' ').unwrap();
            assert_eq!(
                read(method, again.as_bytes(), &READING).as_ref(),
                Ok(text),
                "{target} twice"
            );
        }
    }

    #[test]
    fn a_target_has_one_spelling() {
        check("GET", "/_ping", Ok("system.ping /_ping"));
        check("HEAD", "/_ping", Ok("system.ping /_ping"));
        check("GET", "/v1.41/_ping", Ok("system.ping /v1.41/_ping"));
        check("GET", "/version", Ok("system.version /version"));
        check("GET", "/volumes", Ok("volume.list /volumes"));
        check(
            "GET",
            "/v1.41/volumes/v1.41",
            Ok("volume.inspect /v1.41/volumes/v1.41"),
        );
        check(
            "GET",
            "http://docker/v1.41/info",
            Ok("system.info /v1.41/info"),
        );
        check("GET", "HTTP://[::1]:2376/info", Ok("system.info /info"));
        check(
            "POST",
            "/containers/%63reate",
            Ok("container.create /containers/create"),
        );
        check("GET", "/%76%31.41/info", Ok("system.info /v1.41/info"));
        check(
            "GET",
            "/images/library%2Fbusybox:1/json",
            Ok("image.inspect /images/library/busybox:1/json"),
        );
        check(
            "GET",
            "/images/a/b@sha256:00/json",
            Ok("image.inspect /images/a/b@sha256:00/json"),
        );
        check(
            "GET",
            "/networks/my%20net",
            Ok("network.inspect /networks/my%20net"),
        );
        check(
            "GET",
            "/networks/a+b",
            Ok("network.inspect /networks/a%2Bb"),
        );
        check("GET", "/networks/", Ok("network.list.slash /networks/"));
        check(
            "GET",
            "/containers/json?",
            Ok("container.list /containers/json"),
        );
        check(
            "GET",
            "/containers/json?all=1&trunc_cmd=0&limit=-1",
            Ok("container.list /containers/json?all=1&limit=-1"),
        );
        check(
            "GET",
            "/containers/json?%61ll=1",
            Ok("container.list /containers/json?all=1"),
        );
        check(
            "GET",
            "/containers/json?all",
            Ok("container.list /containers/json?all="),
        );
        check(
            "GET",
            "/images/get?names=a&names=b:1",
            Ok("image.save /images/get?names=a&names=b:1"),
        );
        check(
            "GET",
            "/containers/json?filters={%22label%22:[%22a=b%22]}",
            Ok("container.list /containers/json?filters=%7B%22label%22:%7B%22a%3Db%22:true%7D%7D"),
        );
        check(
            "GET",
            "/containers/a/archive?path=/etc/my+file",
            Ok("container.archive.read /containers/a/archive?path=/etc/my%20file"),
        );
        check(
            "DELETE",
            "/containers/a/checkpoints/b?dir=/x",
            Ok("checkpoint.delete /containers/a/checkpoints/b?dir=/x"),
        );
    }

    #[test]
    fn what_a_daemon_would_redirect_or_read_otherwise_is_refused() {
        for target in [
            "/containers//json",
            "//containers/json",
            "/containers/./json",
            "/containers/../containers/json",
            "/containers/%2e%2e/json",
            "/containers/.%2E/json",
            "/%2e/info",
            "/containers/a%2fb/json",
            "/containers/a/b/json",
            "/containers/%2563reate",
            "/networks/a%25b",
            "/networks/a%5Cb",
            "/networks/a%3Bb",
            "/networks/a%00b",
            "/networks/a%0Ab",
            "/networks/a%3Fb",
            "/networks/a%23b",
            "/%2Fcontainers/json",
            "/v1.41//info",
            "/v1.41/%2finfo",
        ] {
            check("GET", target, Err("SL-A002"));
        }
        for target in [
            "",
            "info",
            "*",
            "docker:80",
            "/info#x",
            "/containers/json;x",
            "/info?a=1;b=2",
            "/info%",
            "/info%4",
            "/%zz",
            "/info?x=%zz",
            "/%ff",
            "/info?x=%ff",
            "ftp://docker/info",
            "http:///info",
            "http://a b/info",
            "http://docker",
            "http://docker?x",
            "http://user@docker/info",
            "http://dock%65r/info",
            "http://docker:x/info",
            "http://a:1:2/info",
            "http://[::1/info",
            "http://[]/info",
            "/in fo",
            "/info\t",
        ] {
            check("GET", target, Err("SL-A001"));
        }
        assert_eq!(read("GET", b"/inf\xc3\xb6", &READING), Err("SL-A001"));
        for target in [
            "/",
            "/v1.41",
            "/v1.41/",
            "/Info",
            "/info/",
            "/containers/json/",
            "/containers/",
            "/nothing",
            "/v1/info",
            "/v/info",
            "/containers",
            "/_ping/",
            "/v1.41/v1.41/info",
            "/1.41/info",
            "/V1.41/info",
            "/images/",
        ] {
            let code = read("GET", target.as_bytes(), &READING);
            assert!(
                matches!(code, Err("SL-A003" | "SL-A004")),
                "{target}: {code:?}"
            );
        }
        for (method, target) in [
            ("get", "/info"),
            ("PATCH", "/info"),
            ("TRACE", "/info"),
            ("CONNECT", "/info"),
            ("POST", "/info"),
            ("HEAD", "/info"),
            ("DELETE", "/containers/"),
            ("GET\0", "/info"),
            ("", "/info"),
        ] {
            assert_eq!(
                read(method, target.as_bytes(), &READING),
                Err("SL-A003"),
                "{method} {target}"
            );
        }
    }

    #[test]
    fn versions_have_one_spelling_and_two_ends() {
        for target in [
            "/v01.41/info",
            "/v1.041/info",
            "/v1.41.0/info",
            "/v1./info",
            "/v../info",
            "/v1.4.1/info",
        ] {
            check("GET", target, Err("SL-A004"));
        }
        check("GET", "/v1.23/info", Err("SL-A005"));
        check("GET", "/v0.99/info", Err("SL-A005"));
        check("GET", "/v1.24/info", Ok("system.info /v1.24/info"));
        check("GET", "/v1.44/info", Ok("system.info /v1.44/info"));
        check("GET", "/v1.45/info", Err("SL-A006"));
        check("GET", "/v2.0/info", Err("SL-A006"));
    }

    #[test]
    fn queries_say_one_thing() {
        check("GET", "/containers/json?all=1&all=0", Err("SL-A007"));
        check("GET", "/containers/json?all=1&%61ll=1", Err("SL-A007"));
        check("POST", "/containers/create?name=a&name=b", Err("SL-A007"));
        check(
            "GET",
            "/containers/json?x=1&x=2",
            Ok("container.list /containers/json"),
        );
        check("GET", "/containers/json?filters=%7B", Err("SL-A008"));
    }

    #[test]
    fn a_prefix_is_taken_away() {
        let reading = Reading {
            prefix: Some("/base"),
            ..READING
        };
        let read = |target: &str| read("GET", target.as_bytes(), &reading);
        assert_eq!(
            read("/base/v1.41/info").as_deref(),
            Ok("system.info /v1.41/info")
        );
        assert_eq!(
            read("http://docker/base/info").as_deref(),
            Ok("system.info /info")
        );
        for outside in ["/info", "/base", "/basement/info", "/%62ase/info", "/"] {
            assert_eq!(read(outside), Err("SL-A016"), "{outside}");
        }
        assert_eq!(read("/base//info"), Err("SL-A002"));
        assert_eq!(read("/base/../info"), Err("SL-A002"));
    }
}
