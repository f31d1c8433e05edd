//! Just enough HTTP/1.1 to serve the routes: no request bodies, bounded headers.

use crate::routes::{self, Reply};
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

/// Longest request head that is read.
const LONGEST_HEAD: usize = 16 * 1024;
/// Most header fields of a request.
const MOST_FIELDS: usize = 64;
/// Time for a whole request head; a client that drips bytes holds its thread no longer.
const HEAD_TIME: Duration = Duration::from_secs(10);

/// What Go's `net/http` says to a plain request on a TLS port, byte for byte.
pub(crate) const PLAIN_ON_TLS: &[u8] =
    b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

/// Serves requests on any stream, a unix socket's for example, until the client has no more, or breaks the rules.
///
/// # Errors
/// When the stream breaks.
pub fn serve(mut stream: impl Read + Write) -> io::Result<()> {
    let mut buffer = Vec::new();
    loop {
        let Some(request) = read_request(&mut stream, &mut buffer)? else {
            return Ok(());
        };
        let reply = match &request {
            Request::Broken => Reply::bad_request("malformed request"),
            Request::Good { method, target, .. } => routes::answer(method, target),
        };
        let (head_only, keep) = match &request {
            Request::Broken => (false, false),
            Request::Good { method, keep, .. } => (method == "HEAD", *keep),
        };
        let mut out = format!(
            "HTTP/1.1 {} {}\r\n{}Content-Type: {}\r\nContent-Length: {}\r\n",
            reply.status,
            reply.reason,
            routes::headers(),
            reply.content_type,
            reply.body.len(),
        )
        .into_bytes();
        out.extend_from_slice(if keep {
            b"\r\n"
        } else {
            b"Connection: close\r\n\r\n"
        });
        if !head_only {
            out.extend_from_slice(&reply.body);
        }
        stream.write_all(&out)?;
        stream.flush()?;
        if !keep {
            return Ok(());
        }
    }
}

enum Request {
    Good {
        method: String,
        target: String,
        keep: bool,
    },
    Broken,
}

/// Reads one request head; bytes beyond it stay in `buffer`. `None` when the client has no more.
fn read_request(stream: &mut impl Read, buffer: &mut Vec<u8>) -> io::Result<Option<Request>> {
    let begun = Instant::now();
    let mut chunk = [0; 4096];
    loop {
        if let Some((request, used)) = parse(buffer) {
            buffer.drain(..used);
            return Ok(Some(request));
        }
        if buffer.len() > LONGEST_HEAD || (!buffer.is_empty() && begun.elapsed() > HEAD_TIME) {
            return Ok(Some(Request::Broken));
        }
        match stream.read(&mut chunk)? {
            0 => return Ok(None),
            n => buffer.extend_from_slice(&chunk[..n]),
        }
    }
}

/// A request and the length of its head, or `None` while it is incomplete.
fn parse(buffer: &[u8]) -> Option<(Request, usize)> {
    let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
    let mut request = httparse::Request::new(&mut fields);
    let used = match request.parse(buffer) {
        Ok(httparse::Status::Partial) => return None,
        Ok(httparse::Status::Complete(used)) => used,
        Err(_) => return Some((Request::Broken, buffer.len())),
    };
    let has = |name: &str, value: &str| {
        request.headers.iter().any(|field| {
            field.name.eq_ignore_ascii_case(name)
                && String::from_utf8_lossy(field.value)
                    .to_ascii_lowercase()
                    .contains(value)
        })
    };
    let carries_body = request.headers.iter().any(|field| {
        field.name.eq_ignore_ascii_case("transfer-encoding")
            || (field.name.eq_ignore_ascii_case("content-length") && field.value != b"0")
    });
    // A body would have to be read before the next request; closing is simpler and always right.
    let keep = request.version == Some(1) && !has("connection", "close") && !carries_body;
    let good = Request::Good {
        method: request.method.unwrap_or_default().to_owned(),
        target: request.path.unwrap_or_default().to_owned(),
        keep,
    };
    Some((good, used))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    struct Pipe {
        input: Cursor<Vec<u8>>,
        output: Vec<u8>,
    }

    impl Read for &mut Pipe {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.input.read(buffer)
        }
    }

    impl Write for &mut Pipe {
        fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
            self.output.write(buffer)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn exchange(input: &[u8]) -> String {
        let mut pipe = Pipe {
            input: Cursor::new(input.to_vec()),
            output: Vec::new(),
        };
        serve(&mut pipe).unwrap();
        String::from_utf8(pipe.output).unwrap()
    }

    #[test]
    fn requests_are_served_one_after_another() {
        let out = exchange(
            b"HEAD /_ping HTTP/1.1\r\nHost: d\r\n\r\nGET /_ping HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\nGET /never HTTP/1.1\r\n\r\n",
        );
        assert_eq!(out.matches("HTTP/1.1 200 OK").count(), 2);
        assert!(out.ends_with("\r\n\r\nOK"));
        assert!(out.contains("Api-Version: 1."));
    }

    #[test]
    fn nonsense_is_refused() {
        for input in [
            &b"\x16\x03\x01\x02\x00\x01\x00"[..],
            b"GET\r\n\r\n",
            &[b'a'; 40_000],
        ] {
            let out = exchange(input);
            assert!(out.starts_with("HTTP/1.1 400 Bad Request"), "{out}");
        }
        assert_eq!(exchange(b""), "");
    }
}
