//! Requests byte for byte over a unix socket, and whatever comes back.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long a peer may be silent in the middle of an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What came back: of several answers on the connection, the first one's status.
#[derive(Clone, Debug, Default)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) all: Vec<u8>,
}

impl Reply {
    /// The first answer's body, if it is JSON.
    pub(super) fn json(&self) -> Value {
        self.body().map_or(Value::Null, |body| {
            serde_json::from_slice(&body).unwrap_or(Value::Null)
        })
    }

    fn body(&self) -> Option<Vec<u8>> {
        let answer = Answer::read(&self.all)?;
        Some(answer.body)
    }

    pub(super) fn has(&self, text: &str) -> bool {
        self.all
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.all)
            .chars()
            .take(400)
            .collect()
    }
}

/// When an exchange is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// This many whole answers came.
    Answers(usize),
    /// Nothing came for this many milliseconds.
    Quiet(u64),
    /// This many whole answers came, or nothing for this many milliseconds.
    Either(usize, u64),
}

/// Sends and reads until it is over or the peer closes.
pub(super) fn exchange(socket: &Path, bytes: &[u8], until: Until) -> Reply {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    // A peer that refuses early may close before it has read everything.
    let _ = stream.write_all(bytes);
    let mut all = Vec::new();
    let mut buffer = [0; 65536];
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        let patience = match until {
            Until::Answers(count) | Until::Either(count, _) if answers(&all) >= count => break,
            Until::Answers(_) => PATIENCE,
            Until::Quiet(milliseconds) | Until::Either(_, milliseconds) => {
                Duration::from_millis(milliseconds)
            }
        };
        stream.set_read_timeout(Some(patience)).unwrap();
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => all.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    Reply {
        status: Answer::read(&all).map_or(0, |answer| answer.status),
        all,
    }
}

fn answers(mut bytes: &[u8]) -> usize {
    let mut count = 0;
    while let Some(answer) = Answer::read(bytes) {
        if !answer.whole {
            break;
        }
        bytes = &bytes[answer.length..];
        count += usize::from(answer.status >= 200);
    }
    count
}

struct Answer {
    status: u16,
    body: Vec<u8>,
    length: usize,
    whole: bool,
}

impl Answer {
    fn read(bytes: &[u8]) -> Option<Self> {
        let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
        let status: u16 = text.split(' ').nth(1)?.parse().ok()?;
        let field = |name: &str| {
            text.lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.trim().to_owned())
        };
        let rest = &bytes[head..];
        if status < 200 && status != 101 || status == 204 || status == 304 {
            return Some(Self {
                status,
                body: Vec::new(),
                length: head,
                whole: true,
            });
        }
        if field("transfer-encoding").is_some() {
            let (body, used, whole) = chunks(rest);
            return Some(Self {
                status,
                body,
                length: head + used,
                whole,
            });
        }
        let length = field("content-length").and_then(|length| length.parse::<usize>().ok());
        let whole = length.is_some_and(|length| rest.len() >= length);
        let used = length.unwrap_or(rest.len()).min(rest.len());
        Some(Self {
            status,
            body: rest[..used].to_vec(),
            length: head + used,
            whole,
        })
    }
}

fn chunks(bytes: &[u8]) -> (Vec<u8>, usize, bool) {
    let mut body = Vec::new();
    let mut at = 0;
    loop {
        let Some(line) = bytes[at..].windows(2).position(|window| window == b"\r\n") else {
            return (body, at, false);
        };
        let size = std::str::from_utf8(&bytes[at..at + line]).ok();
        let Some(size) = size.and_then(|size| usize::from_str_radix(size, 16).ok()) else {
            return (body, at, false);
        };
        let start = at + line + 2;
        if bytes.len() < start + size + 2 {
            return (body, at, false);
        }
        body.extend_from_slice(&bytes[start..start + size]);
        at = start + size + 2;
        if size == 0 {
            return (body, at, true);
        }
    }
}

/// A request with a body and its length.
pub(super) fn request(line: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{line} HTTP/1.1\r\nHost: docker\r\n").into_bytes();
    for header in headers {
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    if !body.is_empty() {
        bytes.extend_from_slice(format!("Content-Length: {}\r\n", body.len()).as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes
}

/// A request with a JSON body.
pub(super) fn json(line: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    request(line, &["Content-Type: application/json"], body.as_ref())
}

/// A request without a body.
pub(super) fn plain(line: &str) -> Vec<u8> {
    request(line, &[], b"")
}

/// A text as a query or path has it, everything unusual escaped.
pub(super) fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// An archive with one file, as a header and its content.
pub(super) fn tar(name: &str, content: &str) -> Vec<u8> {
    let mut head = [0_u8; 512];
    head[..name.len()].copy_from_slice(name.as_bytes());
    head[100..107].copy_from_slice(b"0000644");
    head[108..115].copy_from_slice(b"0000000");
    head[116..123].copy_from_slice(b"0000000");
    head[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
    head[136..147].copy_from_slice(b"00000000000");
    head[148..156].copy_from_slice(b"        ");
    head[156] = b'0';
    head[257..263].copy_from_slice(b"ustar\0");
    head[263..265].copy_from_slice(b"00");
    let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
    head[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut bytes = head.to_vec();
    bytes.extend_from_slice(content.as_bytes());
    bytes.resize(bytes.len().div_ceil(512) * 512 + 1024, 0);
    bytes
}

/// An archive with several files.
pub(super) fn tars(files: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, content) in files {
        let one = tar(name, content);
        bytes.extend_from_slice(&one[..one.len() - 1024]);
    }
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}
