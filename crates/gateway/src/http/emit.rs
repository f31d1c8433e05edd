//! Writes heads anew: what was understood, and nothing that only the connection before was told.

use super::buffer::Buffer;
use super::field::Kind;
use super::request::RequestHead;
use super::response::ResponseHead;

/// How the body behind a head that is written is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delimit {
    /// As the head that was read says: its Content-Length, if there is one.
    AsRead,
    /// So many bytes.
    Length(u64),
    /// Chunks.
    Chunked,
}

/// What becomes of the Content-Type of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentType {
    /// It is passed on.
    Keep,
    /// It is this one.
    Is(&'static str),
    /// There is none.
    Drop,
}

/// A request that is written with the fields of another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestLine<'a> {
    /// The method.
    pub(crate) method: &'a str,
    /// The target.
    pub(crate) target: &'a str,
    /// The Host; that of the request when `None`.
    pub(crate) host: Option<&'a str>,
    /// How its body is delimited; `None` when there is none to speak of.
    pub(crate) body: Option<Delimit>,
    /// The type of its body.
    pub(crate) content_type: ContentType,
    /// What to ask to change to.
    pub(crate) upgrade: Option<&'a str>,
    /// Whether the service is asked to say `100 Continue`.
    pub(crate) expect: bool,
    /// Whether the answer may come compressed.
    pub(crate) compressed: bool,
    /// Fields that are set, whatever the client sent under these names.
    pub(crate) set: &'a [(&'a str, &'a str)],
}

/// Writes the head of a request: the line, and those fields of `read` that are for the service.
pub(crate) fn request(out: &mut Buffer, line: &RequestLine<'_>, read: &RequestHead, bytes: &[u8]) {
    for part in [line.method, " ", line.target, " HTTP/1.1\r\n"] {
        out.extend(part.as_bytes());
    }
    if let Some(host) = line.host {
        field(out, b"Host", host.as_bytes());
    }
    for each in &read.fields {
        let kept = match each.kind {
            Kind::Other => true,
            Kind::Host => line.host.is_none(),
            Kind::ContentLength => line.body == Some(Delimit::AsRead),
            Kind::ContentType => line.content_type == ContentType::Keep,
            Kind::AcceptEncoding => line.compressed,
            Kind::Trailer => line.body == Some(Delimit::Chunked),
            Kind::Expect => line.expect,
            Kind::Connection
            | Kind::TransferEncoding
            | Kind::Upgrade
            | Kind::Hop
            | Kind::Forged => false,
        };
        let name = each.name.of_head(bytes);
        let is_set = |set: &(&str, &str)| name.eq_ignore_ascii_case(set.0.as_bytes());
        if kept && !line.set.iter().any(is_set) {
            field(out, name, each.value.of_head(bytes));
        }
    }
    for (name, value) in line.set {
        field(out, name.as_bytes(), value.as_bytes());
    }
    if let ContentType::Is(value) = line.content_type {
        field(out, b"Content-Type", value.as_bytes());
    }
    if let Some(delimit) = line.body {
        delimited(out, delimit);
    }
    if let Some(upgrade) = line.upgrade {
        field(out, b"Connection", b"Upgrade");
        field(out, b"Upgrade", upgrade.as_bytes());
    }
    out.extend(b"\r\n");
}

/// What the client is told about its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// Another request may follow.
    Next,
    /// It ends with this response.
    Close,
    /// It becomes what was asked for.
    Upgrade,
    /// It becomes a raw stream although nobody asked: nothing is said about it, as dockerd does.
    Raw,
}

/// A response that is written with the fields of another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StatusLine<'a> {
    /// The 1 of HTTP/1.1 in the request: answers to older clients say 0.
    pub(crate) minor: u8,
    /// How its body is delimited; `None` when the end of the connection is its end.
    pub(crate) body: Option<Delimit>,
    /// What becomes of the connection.
    pub(crate) after: After,
    /// A field that is replaced, where it is there.
    pub(crate) replace: Option<(&'a str, &'a str)>,
}

/// Writes the head of a response: the status, and those fields of `read` that are for the client.
pub(crate) fn response(out: &mut Buffer, line: &StatusLine<'_>, read: &ResponseHead, bytes: &[u8]) {
    let is_raw = matches!(line.after, After::Upgrade | After::Raw);
    status_line(out, if is_raw { 1 } else { line.minor }, read.status);
    out.extend(read.reason(bytes));
    out.extend(b"\r\n");
    for each in &read.fields {
        let name = each.name.of_head(bytes);
        let value = each.value.of_head(bytes);
        match each.kind {
            Kind::Other
            | Kind::Host
            | Kind::ContentType
            | Kind::AcceptEncoding
            | Kind::Expect
            | Kind::Forged => {}
            Kind::ContentLength if line.body == Some(Delimit::AsRead) => {}
            Kind::Trailer if line.body == Some(Delimit::Chunked) => {}
            Kind::Upgrade if line.after == After::Upgrade => {}
            _ => continue,
        }
        match line.replace {
            Some((replaced, with)) if name.eq_ignore_ascii_case(replaced.as_bytes()) => {
                field(out, name, with.as_bytes());
            }
            _ => field(out, name, value),
        }
    }
    if let Some(delimit) = line.body {
        delimited(out, delimit);
    }
    match (line.after, line.minor) {
        (After::Close, 1..) => field(out, b"Connection", b"close"),
        (After::Next, 0) => field(out, b"Connection", b"keep-alive"),
        (After::Upgrade, _) => field(out, b"Connection", b"Upgrade"),
        _ => {}
    }
    out.extend(b"\r\n");
}

/// Writes an interim response as it came, without what was for us.
pub(crate) fn interim(out: &mut Buffer, read: &ResponseHead, bytes: &[u8]) {
    let line = StatusLine {
        minor: 1,
        body: None,
        after: After::Next,
        replace: None,
    };
    response(out, &line, read, bytes);
}

/// Writes a whole response of our own. The answer to a HEAD has no body, but says how long it would be.
pub(crate) fn own(
    out: &mut Buffer,
    minor: u8,
    status: u16,
    after: After,
    content_type: &str,
    body: Option<&[u8]>,
    length: usize,
) {
    status_line(out, minor, status);
    out.extend(reason(status).as_bytes());
    out.extend(b"\r\n");
    field(out, b"Content-Type", content_type.as_bytes());
    delimited(out, Delimit::Length(length as u64));
    match (after, minor) {
        (After::Close, 1..) => field(out, b"Connection", b"close"),
        (After::Next, 0) => field(out, b"Connection", b"keep-alive"),
        _ => {}
    }
    out.extend(b"\r\n");
    out.extend(body.unwrap_or_default());
}

/// The usual words behind a status that we answer with.
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Request Entity Too Large",
        415 => "Unsupported Media Type",
        417 => "Expectation Failed",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        _ => "",
    }
}

fn status_line(out: &mut Buffer, minor: u8, status: u16) {
    let digit = |value: u16| b'0' + u8::try_from(value % 10).unwrap_or_default();
    let version: &[u8] = if minor == 0 {
        b"HTTP/1.0 "
    } else {
        b"HTTP/1.1 "
    };
    out.extend(version);
    out.extend(&[digit(status / 100), digit(status / 10), digit(status), b' ']);
}

fn delimited(out: &mut Buffer, delimit: Delimit) {
    match delimit {
        Delimit::AsRead => {}
        Delimit::Length(length) => field(out, b"Content-Length", length.to_string().as_bytes()),
        Delimit::Chunked => field(out, b"Transfer-Encoding", b"chunked"),
    }
}

fn field(out: &mut Buffer, name: &[u8], value: &[u8]) {
    out.extend_all(&[name, b": ", value, b"\r\n"]);
}

#[cfg(test)]
mod tests {
    use super::{After, ContentType, Delimit, RequestLine, StatusLine, own, request, response};
    use crate::http::buffer::Buffer;
    use crate::http::request::RequestHead;
    use crate::http::response::ResponseHead;

    fn text(out: &Buffer) -> String {
        String::from_utf8(out.filled().to_vec())
            .unwrap()
            .replace("\r\n", "\n")
    }

    const PLAIN: RequestLine<'_> = RequestLine {
        method: "GET",
        target: "/v1.41/info",
        host: Some("docker"),
        body: None,
        content_type: ContentType::Keep,
        upgrade: None,
        expect: false,
        compressed: true,
        set: &[],
    };

    fn written(line: &RequestLine<'_>, head: &str) -> String {
        let bytes = head.replace('\n', "\r\n");
        let read = RequestHead::read(bytes.as_bytes()).unwrap();
        let mut out = Buffer::default();
        request(&mut out, line, &read, bytes.as_bytes());
        text(&out)
    }

    #[test]
    fn what_is_about_the_connection_or_claims_to_be_from_a_proxy_stays_here() {
        let head = "GET /V1.41//info HTTP/1.1\nHost: evil\nUser-Agent: c\nConnection: keep-alive, x-y\n\
            X-Y: 1\nKeep-Alive: 5\nTE: trailers\nTrailer: A\nUpgrade: h2c\nHTTP2-Settings: x\n\
            Proxy-Connection: x\nX-Forwarded-For: 1\nForwarded: for=1\nX-Sealock-Identity: root\n\
            X-Real-IP: 1\nAccept-Encoding: gzip\nX-Registry-Auth: e30=\ntraceparent: 00-1\n\n";
        assert_eq!(
            written(&PLAIN, head),
            "GET /v1.41/info HTTP/1.1\nHost: docker\nUser-Agent: c\nAccept-Encoding: gzip\n\
             X-Registry-Auth: e30=\ntraceparent: 00-1\n\n"
        );
    }

    #[test]
    fn framing_and_upgrades_are_ours() {
        let head = "POST / HTTP/1.1\nHost: d\nContent-Length: 5\nContent-Type: text/plain\n\
            Expect: 100-continue\nAccept-Encoding: gzip\nUpgrade: TCP\nConnection: Upgrade\n\n";
        let line = RequestLine {
            method: "POST",
            body: Some(Delimit::Length(2)),
            content_type: ContentType::Is("application/json"),
            upgrade: Some("tcp"),
            compressed: false,
            ..PLAIN
        };
        assert_eq!(
            written(&line, head),
            "POST /v1.41/info HTTP/1.1\nHost: docker\nContent-Type: application/json\n\
             Content-Length: 2\nConnection: Upgrade\nUpgrade: tcp\n\n"
        );
        let line = RequestLine {
            method: "POST",
            host: None,
            body: Some(Delimit::AsRead),
            expect: true,
            set: &[("X-User", "alice")],
            ..PLAIN
        };
        assert_eq!(
            written(&line, &head.replace("\n\n", "\nx-user: root\n\n")),
            "POST /v1.41/info HTTP/1.1\nHost: d\nContent-Length: 5\nContent-Type: text/plain\n\
             Expect: 100-continue\nAccept-Encoding: gzip\nX-User: alice\n\n"
        );
    }

    fn answered(line: &StatusLine<'_>, head: &str) -> String {
        let bytes = head.replace('\n', "\r\n");
        let read = ResponseHead::read(bytes.as_bytes(), "GET").unwrap();
        let mut out = Buffer::default();
        response(&mut out, line, &read, bytes.as_bytes());
        text(&out)
    }

    #[test]
    fn a_response_keeps_what_is_for_the_client() {
        let head = "HTTP/1.1 200 All right\nApi-Version: 1.56\nContent-Length: 2\nConnection: close\n\
            Keep-Alive: 5\nServer: Docker/28\n\n";
        let line = StatusLine {
            minor: 1,
            body: Some(Delimit::AsRead),
            after: After::Next,
            replace: Some(("api-version", "1.55")),
        };
        assert_eq!(
            answered(&line, head),
            "HTTP/1.1 200 All right\nApi-Version: 1.55\nContent-Length: 2\nServer: Docker/28\n\n"
        );
        let line = StatusLine {
            minor: 0,
            body: Some(Delimit::Length(7)),
            ..line
        };
        assert_eq!(
            answered(&line, head),
            "HTTP/1.0 200 All right\nApi-Version: 1.55\nServer: Docker/28\nContent-Length: 7\n\
             Connection: keep-alive\n\n"
        );
        let line = StatusLine {
            minor: 1,
            body: Some(Delimit::Chunked),
            after: After::Close,
            replace: None,
        };
        assert_eq!(
            answered(
                &line,
                "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nTrailer: A\n\n"
            ),
            "HTTP/1.1 200 OK\nTrailer: A\nTransfer-Encoding: chunked\nConnection: close\n\n"
        );
    }

    #[test]
    fn a_hijacked_answer_says_what_dockerd_says() {
        let raw = "application/vnd.docker.raw-stream";
        let line = StatusLine {
            minor: 0,
            body: None,
            after: After::Raw,
            replace: None,
        };
        assert_eq!(
            answered(&line, &format!("HTTP/1.1 200 OK\nContent-Type: {raw}\n\n")),
            format!("HTTP/1.1 200 OK\nContent-Type: {raw}\n\n")
        );
        let line = StatusLine {
            after: After::Upgrade,
            ..line
        };
        let head = format!(
            "HTTP/1.1 101 UPGRADED\nContent-Type: {raw}\nConnection: Upgrade\nUpgrade: tcp\n\n"
        );
        assert_eq!(
            answered(&line, &head),
            format!(
                "HTTP/1.1 101 UPGRADED\nContent-Type: {raw}\nUpgrade: tcp\nConnection: Upgrade\n\n"
            )
        );
    }

    #[test]
    fn an_answer_of_our_own_to_a_head_has_no_body() {
        let mut out = Buffer::default();
        own(&mut out, 1, 403, After::Close, "application/json", None, 5);
        assert_eq!(
            text(&out),
            "HTTP/1.1 403 Forbidden\nContent-Type: application/json\nContent-Length: 5\n\
             Connection: close\n\n"
        );
        let mut out = Buffer::default();
        own(&mut out, 0, 200, After::Next, "text/plain", Some(b"OK"), 2);
        assert_eq!(
            text(&out),
            "HTTP/1.0 200 OK\nContent-Type: text/plain\nContent-Length: 2\n\
             Connection: keep-alive\n\nOK"
        );
    }
}
