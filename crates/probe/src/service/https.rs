//! HTTP over TLS.

use super::hear::Obstacle;
use super::road::Road;
use super::way::{Heard, Way, unanswered};
use crate::{AnswerReader, Progress, Reply};
use sealock_check::seen::service::{Clear, Way as Verdict};
use sealock_tls::{TlsError, TlsStream};
use std::io::{ErrorKind, Read, Write};

/// How nginx refuses a client in HTTP, behind a finished handshake.
const CERTIFICATE_WANTED: [&str; 2] = [
    "No required SSL certificate was sent",
    "The SSL certificate error",
];

pub(super) struct Https {
    /// What goes into the `Host` field.
    pub(super) host: String,
}

impl Way for Https {
    fn alpn(&self) -> &'static [&'static [u8]] {
        &[b"http/1.1"]
    }

    fn ask(&self, stream: &mut TlsStream<Road>) -> Result<Heard, Obstacle> {
        let reply = self.get(stream)?;
        let wanted = CERTIFICATE_WANTED
            .iter()
            .any(|sign| reply.body.contains(sign));
        if reply.status == 400 && wanted {
            return Err(Obstacle::Refused(format!(
                "HTTP 400: {}",
                first_line(&reply)
            )));
        }
        Ok(Heard::In(format!("HTTP {}", reply.status)))
    }

    fn clear(&self, road: &mut Road) -> Clear {
        match self.get(road) {
            Ok(reply) if reply.is_tls_wanted() => Clear::new(
                Verdict::Refused,
                format!("HTTP 400: {}", first_line(&reply)),
            ),
            Ok(reply) => Clear::new(Verdict::Accepted, format!("HTTP {}", reply.status)),
            Err(obstacle) => unanswered(&obstacle),
        }
    }
}

impl Https {
    fn get(&self, stream: &mut (impl Read + Write)) -> Result<Reply, Obstacle> {
        let request = format!(
            "GET / HTTP/1.1\r\nHost: {}\r\nUser-Agent: sealock\r\nAccept: */*\r\nConnection: close\r\n\r\n",
            self.host
        );
        // Who refuses us has perhaps closed already, and its reason is there to be read.
        let _ = stream.write_all(request.as_bytes());
        let mut reader = AnswerReader::default();
        let mut chunk = [0; 4096];
        let mut begins_as_tls = false;
        loop {
            let first = reader.is_empty();
            let progress = match stream.read(&mut chunk) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Ok(0) if first => return Err(Obstacle::Broken(TlsError::Closed)),
                Ok(0) => reader.end(),
                Ok(count) => {
                    if first {
                        begins_as_tls = matches!(chunk[..count], [21 | 22, ..]);
                    }
                    reader.take(&chunk[..count])
                }
                Err(error) => match reader.end() {
                    // Who answered and then tore the connection down has answered.
                    Progress::Done(reply) => return Ok(reply),
                    _ => return Err(Obstacle::Broken(TlsError::from_io(&error))),
                },
            };
            match progress {
                Progress::More => {}
                Progress::Done(reply) => return Ok(reply),
                Progress::Broken(_) if begins_as_tls => {
                    return Err(Obstacle::Nonsense("it answers with TLS".to_owned()));
                }
                Progress::Broken(what) => return Err(Obstacle::Nonsense(what)),
            }
        }
    }
}

/// The words of a page, without its tags.
fn first_line(reply: &Reply) -> String {
    let mut words = String::new();
    let mut inside = false;
    for c in reply.body.chars() {
        match c {
            '<' => inside = true,
            '>' => {
                inside = false;
                words.push(' ');
            }
            _ if inside => {}
            _ => words.push(c),
        }
    }
    let words: Vec<&str> = words.split_whitespace().collect();
    words
        .join(" ")
        .replace(r"\u{d}\u{a}", " ")
        .chars()
        .take(120)
        .collect()
}
