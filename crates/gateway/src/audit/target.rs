//! What of a request's target may be written down: people put passwords into queries.

use std::borrow::Cow;

/// The keys of the Engine API whose values say what was done and are never secret, sorted.
///
/// Left out on purpose: `buildargs`, `changes`, `comment`, `fromSrc`, `labels`, `message`, `remote`, `session`.
/// A key that is not here may say anything, as `?access_token=` does.
const KNOWN: &[&str] = &[
    "all",
    "author",
    "buildid",
    "cachefrom",
    "cgroupparent",
    "checkpoint",
    "condition",
    "container",
    "copyUIDGID",
    "cpuperiod",
    "cpuquota",
    "cpusetcpus",
    "cpusetmems",
    "cpushares",
    "decode",
    "detachKeys",
    "details",
    "digests",
    "dir",
    "dockerfile",
    "exit",
    "extrahosts",
    "filters",
    "follow",
    "force",
    "forcerm",
    "fromImage",
    "h",
    "id",
    "identity",
    "insertDefaults",
    "isolation",
    "keep-storage",
    "limit",
    "link",
    "logs",
    "manifests",
    "max-used-space",
    "memory",
    "memswap",
    "min-free-space",
    "name",
    "names",
    "networkmode",
    "noOverwriteDirNonDir",
    "nocache",
    "noprune",
    "one-shot",
    "outputs",
    "path",
    "pause",
    "platform",
    "ps_args",
    "pull",
    "q",
    "quiet",
    "registryAuthFrom",
    "repo",
    "reserved-space",
    "rm",
    "rollback",
    "rotateManagerToken",
    "rotateManagerUnlockKey",
    "rotateWorkerToken",
    "scope",
    "securityopt",
    "shared-size",
    "shmsize",
    "signal",
    "since",
    "size",
    "squash",
    "status",
    "stderr",
    "stdin",
    "stdout",
    "stream",
    "t",
    "tag",
    "tail",
    "target",
    "term",
    "timeout",
    "timestamps",
    "type",
    "ulimits",
    "until",
    "v",
    "verbose",
    "version",
    "w",
];

/// Whose keys stand in a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    /// Those of the Engine API.
    Engine,
    /// Those of some service: `t` may be a tag and may be a token.
    Foreign,
}

/// The target without what may be secret in it: the values of other keys are counted, and so is a user and
/// password in front of a host.
pub(super) fn masked(target: &[u8], keys: Keys) -> Cow<'_, [u8]> {
    let relative = target.first() == Some(&b'/');
    if relative && !target.contains(&b'?') {
        return Cow::Borrowed(target);
    }
    let question = target.iter().position(|byte| *byte == b'?');
    let (path, query) = match question {
        Some(at) => (&target[..at], Some(&target[at + 1..])),
        None => (target, None),
    };
    let mut out = Vec::with_capacity(target.len());
    if relative {
        out.extend_from_slice(path);
    } else {
        without_user(&mut out, path);
    }
    for (number, piece) in query
        .iter()
        .flat_map(|query| query.split(|byte| *byte == b'&'))
        .enumerate()
    {
        out.push(if number == 0 { b'?' } else { b'&' });
        let equals = piece.iter().position(|byte| *byte == b'=');
        let name = &piece[..equals.unwrap_or(piece.len())];
        if keys == Keys::Engine && is_known(name) {
            out.extend_from_slice(piece);
        } else if let Some(at) = equals {
            out.extend_from_slice(&piece[..=at]);
            counted(&mut out, piece.len() - at - 1);
        } else {
            counted(&mut out, piece.len());
        }
    }
    Cow::Owned(out)
}

fn is_known(name: &[u8]) -> bool {
    KNOWN
        .binary_search_by(|known| known.as_bytes().cmp(name))
        .is_ok()
}

fn counted(out: &mut Vec<u8>, length: usize) {
    if length > 0 {
        out.extend_from_slice(format!("<{length} bytes>").as_bytes());
    }
}

/// `http://user:password@host/path`, `user:password@host:443`.
fn without_user(out: &mut Vec<u8>, path: &[u8]) {
    let start = path
        .windows(3)
        .position(|three| three == b"://")
        .map_or(0, |at| at + 3);
    let end = path[start..]
        .iter()
        .position(|byte| *byte == b'/')
        .map_or(path.len(), |at| start + at);
    match path[start..end].iter().rposition(|byte| *byte == b'@') {
        Some(at) => {
            out.extend_from_slice(&path[..start]);
            counted(out, at);
            out.extend_from_slice(&path[start + at..]);
        }
        None => out.extend_from_slice(path),
    }
}

#[cfg(test)]
mod tests {
    use super::{KNOWN, Keys, masked};

    #[test]
    fn secrets_in_targets_are_counted() {
        for (raw, kept) in [
            (
                "/v1.41/containers/json?all=1&filters=%7B%7D",
                "/v1.41/containers/json?all=1&filters=%7B%7D",
            ),
            ("/_ping", "/_ping"),
            (
                "/build?t=a&buildargs=%7B%22TOKEN%22%3A%22x%22%7D",
                "/build?t=a&buildargs=<27 bytes>",
            ),
            ("/build?build%61rgs=s3cret", "/build?build%61rgs=<6 bytes>"),
            (
                "/build?remote=https://u:p@h/r.git",
                "/build?remote=<19 bytes>",
            ),
            ("/x?s3cret", "/x?<6 bytes>"),
            ("/x?&access_token=s&", "/x?&access_token=<1 bytes>&"),
            ("/x?a=1?b=2", "/x?a=<5 bytes>"),
            (
                "http://user:pass@host/info?all=1",
                "http://<9 bytes>@host/info?all=1",
            ),
            ("user:pass@host:443", "<9 bytes>@host:443"),
            ("http://host/a@b", "http://host/a@b"),
            ("*", "*"),
            ("", ""),
        ] {
            assert_eq!(
                String::from_utf8_lossy(&masked(raw.as_bytes(), Keys::Engine)),
                kept,
                "{raw}"
            );
        }
    }

    #[test]
    fn a_key_of_the_engine_may_be_a_secret_of_another_service() {
        let reset = masked(b"/reset?t=s3cret&name=a", Keys::Foreign);
        assert_eq!(&*reset, b"/reset?t=<6 bytes>&name=<1 bytes>");
    }

    #[test]
    fn the_list_can_be_searched() {
        assert!(KNOWN.is_sorted());
        for secret in [
            "buildargs",
            "remote",
            "fromSrc",
            "changes",
            "labels",
            "session",
            "message",
            "comment",
        ] {
            assert!(!KNOWN.contains(&secret), "{secret}");
        }
    }
}
