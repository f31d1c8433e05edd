//! Reading an HTTP/1.1 answer from a peer that may be anything.

use sealock_diag::escape;

/// Longest head of an answer that is read; dockerd sends a few hundred bytes.
const LONGEST_HEAD: usize = 16 * 1024;
/// Most bytes of a body that are kept.
const LONGEST_BODY: usize = 4 * 1024;
/// Most bytes taken in all, interim answers included.
const LONGEST_ANSWER: usize = 64 * 1024;
/// Most header fields of an answer.
const MOST_FIELDS: usize = 64;
/// How much of a body or of nonsense is shown to a person.
const SHOWN: usize = 256;

/// An HTTP answer. All text is escaped and cut to what a person reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status code, 200..=999.
    pub status: u16,
    /// The `Api-Version` field: every Docker daemon sends it.
    pub api_version: Option<String>,
    /// The `Server` field.
    pub server: Option<String>,
    /// The `Date` field.
    pub date: Option<String>,
    /// The start of the body.
    pub body: String,
}

impl Reply {
    /// Whether this is what an Engine API says to a ping: 200, with its version or `OK`; or what a gateway says to somebody
    /// whom it has let in and whose policy has no ping.
    pub fn is_from_the_api(&self) -> bool {
        let pong = self.status == 200 && (self.api_version.is_some() || self.body == "OK");
        pong || self.is_by_policy()
    }

    /// Whether a gateway of ours has let the client in and refused the request.
    pub fn is_by_policy(&self) -> bool {
        let message = self.body.split_once("\"message\":\"").map(|(_, text)| text);
        self.status == 403 && message.is_some_and(|text| text.starts_with("sealock: "))
    }

    /// Whether this is how a TLS server refuses a plain HTTP request (Go, nginx, Apache).
    pub fn is_tls_wanted(&self) -> bool {
        const SIGNS: [&str; 3] = [
            "Client sent an HTTP request to an HTTPS server",
            "The plain HTTP request was sent to HTTPS port",
            "speaking plain HTTP to an SSL-enabled server port",
        ];
        self.status == 400 && SIGNS.iter().any(|sign| self.body.contains(sign))
    }
}

/// How far an answer has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// More bytes are needed.
    More,
    /// The answer is complete, or as much of it as is kept.
    Done(Reply),
    /// This is no HTTP answer, or one beyond all bounds; why, escaped.
    Broken(String),
}

/// Puts an answer together from pieces, in bounded memory and time.
#[derive(Debug, Default)]
pub struct AnswerReader {
    buffer: Vec<u8>,
    taken: usize,
    /// Up to here no end of the head was found.
    scanned: usize,
    head: Option<Head>,
}

#[derive(Debug)]
struct Head {
    reply: Reply,
    framing: Framing,
}

#[derive(Debug, PartialEq, Eq)]
enum Framing {
    Length(usize),
    Chunked,
    UntilClosed,
}

impl AnswerReader {
    /// Takes the next bytes of the peer.
    pub fn take(&mut self, bytes: &[u8]) -> Progress {
        self.taken = self.taken.saturating_add(bytes.len());
        self.buffer.extend_from_slice(bytes);
        self.advance(false)
    }

    /// The peer has no more: what is there must do.
    pub fn end(&mut self) -> Progress {
        self.advance(true)
    }

    /// Whether nothing came at all.
    pub fn is_empty(&self) -> bool {
        self.taken == 0
    }

    fn advance(&mut self, ended: bool) -> Progress {
        while self.head.is_none() {
            let Some(end) = self.find_head_end() else {
                return self.without_head(ended);
            };
            match parse_head(&self.buffer[..end]) {
                Err(why) => return Progress::Broken(why),
                Ok(head) => {
                    self.buffer.drain(..end);
                    self.scanned = 0;
                    // 1xx answers announce another one (RFC 9110 §15.2).
                    if head.reply.status >= 200 {
                        self.head = Some(head);
                    }
                }
            }
        }
        self.with_head(ended)
    }

    fn without_head(&self, ended: bool) -> Progress {
        let start = &self.buffer[..self.buffer.len().min(5)];
        if !b"HTTP/".starts_with(start) {
            return Progress::Broken(format!("it sent `{}`", shown(&self.buffer)));
        }
        if self.buffer.len() > LONGEST_HEAD || self.taken > LONGEST_ANSWER {
            return Progress::Broken(format!(
                "the head of its answer is longer than {LONGEST_HEAD} bytes"
            ));
        }
        if ended {
            return Progress::Broken("its answer ends in the middle of the head".to_owned());
        }
        Progress::More
    }

    fn with_head(&self, ended: bool) -> Progress {
        let Some(head) = &self.head else {
            return Progress::More;
        };
        let (body, complete) = match head.framing {
            Framing::Length(length) => {
                let kept = self.buffer.len().min(length);
                (self.buffer[..kept].to_vec(), self.buffer.len() >= length)
            }
            Framing::UntilClosed => (self.buffer.clone(), false),
            Framing::Chunked => unchunk(&self.buffer),
        };
        if complete || ended || self.buffer.len() >= LONGEST_BODY || self.taken > LONGEST_ANSWER {
            let mut reply = head.reply.clone();
            reply.body = shown(&body);
            return Progress::Done(reply);
        }
        Progress::More
    }

    /// The length of the head with its empty line, once it is there.
    fn find_head_end(&mut self) -> Option<usize> {
        let from = self.scanned.saturating_sub(3);
        for at in from..self.buffer.len() {
            let rest = &self.buffer[at..];
            if rest.starts_with(b"\n\r\n") {
                return Some(at + 3);
            }
            if rest.starts_with(b"\n\n") {
                return Some(at + 2);
            }
        }
        self.scanned = self.buffer.len();
        None
    }
}

fn parse_head(head: &[u8]) -> Result<Head, String> {
    if head.len() > LONGEST_HEAD {
        return Err(format!(
            "the head of its answer is longer than {LONGEST_HEAD} bytes"
        ));
    }
    let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
    let mut response = httparse::Response::new(&mut fields);
    match response.parse(head) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => {
            return Err(format!("it sent `{}`", shown(head)));
        }
        Err(error) => return Err(format!("it sent `{}` ({error})", shown(head))),
    }
    let status = response.code.unwrap_or_default();
    if status < 100 {
        return Err(format!("its status code {status} does not exist"));
    }
    let field = |name: &str| {
        response
            .headers
            .iter()
            .find(|field| field.name.eq_ignore_ascii_case(name))
            .map(|field| field.value)
    };
    let chunked = field("transfer-encoding").is_some_and(|value| {
        String::from_utf8_lossy(value)
            .to_ascii_lowercase()
            .contains("chunked")
    });
    let length = field("content-length")
        .and_then(|value| std::str::from_utf8(value).ok())
        .and_then(|value| value.trim().parse().ok());
    let framing = match (chunked, length) {
        (true, _) => Framing::Chunked,
        _ if status == 204 || status == 304 => Framing::Length(0),
        (false, Some(length)) => Framing::Length(length),
        (false, None) => Framing::UntilClosed,
    };
    Ok(Head {
        reply: Reply {
            status,
            api_version: field("api-version").map(shown),
            server: field("server").map(shown),
            date: field("date").map(shown),
            body: String::new(),
        },
        framing,
    })
}

/// Decodes RFC 9112 §7.1 chunks as far as they came, and says whether the last one was there.
/// Broken chunks end the body: the head has said what we wanted to know.
fn unchunk(mut bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let (used, size) = match httparse::parse_chunk_size(bytes) {
            Ok(httparse::Status::Complete((used, size))) => (used, size),
            Ok(httparse::Status::Partial) => return (body, false),
            Err(_) => return (body, true),
        };
        bytes = &bytes[used..];
        let Some(size) = usize::try_from(size).ok().filter(|size| *size > 0) else {
            return (body, true);
        };
        let kept = bytes.len().min(size);
        body.extend_from_slice(&bytes[..kept]);
        match bytes
            .get(size..)
            .and_then(|rest| rest.strip_prefix(b"\r\n"))
        {
            Some(rest) => bytes = rest,
            None if bytes.len() < size.saturating_add(2) => return (body, false),
            None => return (body, true),
        }
    }
}

/// The start of some bytes as text for a person.
fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN)]);
    escape(text.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Progress {
        let mut reader = AnswerReader::default();
        match reader.take(bytes) {
            Progress::More => reader.end(),
            other => other,
        }
    }

    fn read_byte_by_byte(bytes: &[u8]) -> Progress {
        let mut reader = AnswerReader::default();
        for byte in bytes {
            match reader.take(std::slice::from_ref(byte)) {
                Progress::More => {}
                other => return other,
            }
        }
        reader.end()
    }

    fn done(bytes: &[u8]) -> Reply {
        let Progress::Done(reply) = read(bytes) else {
            panic!("{:?}", read(bytes));
        };
        assert_eq!(read_byte_by_byte(bytes), Progress::Done(reply.clone()));
        reply
    }

    #[test]
    fn a_ping_is_recognised() {
        let reply = done(
            b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nServer: Docker/20.10.24 (linux)\r\nContent-Length: 2\r\n\r\nOK",
        );
        assert_eq!(reply.status, 200);
        assert_eq!(reply.api_version.as_deref(), Some("1.41"));
        assert_eq!(reply.body, "OK");
        assert!(reply.is_from_the_api());
    }

    #[test]
    fn every_framing_gives_the_same_body() {
        for answer in [
            &b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more"[..],
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n\r\nhello",
            b"HTTP/1.0 200 OK\n\nhello",
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nhello",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\nbroken",
        ] {
            assert_eq!(done(answer).body, "hello");
        }
    }

    #[test]
    fn the_refusal_of_plain_http_is_no_answer() {
        let reply = done(
            b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n",
        );
        assert!(reply.is_tls_wanted());
        assert!(!reply.is_from_the_api());
    }

    #[test]
    fn foreign_text_is_escaped_and_cut() {
        let mut answer = b"HTTP/1.1 200 OK\r\nServer: \x1b[2J\r\n\r\n".to_vec();
        assert!(matches!(read(&answer), Progress::Broken(_)));
        answer = b"HTTP/1.1 200 OK\r\n\r\n\x1b[2J".to_vec();
        answer.extend(std::iter::repeat_n(b'x', 100_000));
        let reply = done(&answer);
        assert!(reply.body.starts_with("\\u{1b}[2Jxxx"));
        assert!(reply.body.len() < 2 * SHOWN);
    }

    #[test]
    fn nonsense_is_broken_at_once() {
        for (bytes, why) in [
            (&b"SSH-2.0-OpenSSH_9.2\r\n"[..], "it sent `SSH-2.0"),
            (b"HTTP/1.1 200 OK\r\nNo", "ends in the middle"),
            (b"HTTP/1.1 2x0 OK\r\n\r\n", "it sent `HTTP/1.1 2x0"),
            (b"HTTP/1.1 050 OK\r\n\r\n", "does not exist"),
            (b"\x15\x03\x01\x00\x02\x02\x0a", "it sent `"),
        ] {
            let Progress::Broken(found) = read(bytes) else {
                panic!("{bytes:?}");
            };
            assert!(found.contains(why), "{found}");
            // What comes in single bytes is known to be broken before all of it is there.
            assert!(matches!(read_byte_by_byte(bytes), Progress::Broken(_)));
        }
    }

    #[test]
    fn endless_heads_are_cut() {
        let mut reader = AnswerReader::default();
        let mut taken = 0;
        let mut next: &[u8] = b"HTTP/1.1 200 OK\r\n";
        loop {
            match reader.take(next) {
                Progress::More => taken += next.len(),
                Progress::Broken(why) => {
                    assert!(why.contains("longer than"), "{why}");
                    break;
                }
                Progress::Done(reply) => panic!("{reply:?}"),
            }
            assert!(taken < 100_000);
            next = b"X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n";
        }
    }

    #[test]
    fn endless_interim_answers_are_cut() {
        let mut reader = AnswerReader::default();
        let interim = b"HTTP/1.1 100 Continue\r\n\r\n";
        let count = (0..10_000)
            .take_while(|_| reader.take(interim) == Progress::More)
            .count();
        assert!(count * interim.len() <= LONGEST_ANSWER);
    }
}
