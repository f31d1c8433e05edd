//! One exchange: connect, shake hands, ask, and read what comes back.

use crate::socket::Socket;
use crate::{Answer, AnswerReader, Observation, Progress, Target};
use sealock_diag::escape;
use sealock_tls::{Client, ClientSettings, Seen, SettingsError, TlsError};
use std::io::{self, Read, Write};
use std::time::Instant;

/// How a client comes to an endpoint.
#[derive(Clone, Debug)]
pub struct Dress(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Plain,
    Tls(Box<Client>),
}

impl Dress {
    /// HTTP without TLS.
    pub fn plain() -> Self {
        Self(Kind::Plain)
    }

    /// TLS with these settings.
    ///
    /// # Errors
    /// When the settings cannot work, see [`SettingsError`].
    pub fn tls(settings: ClientSettings) -> Result<Self, SettingsError> {
        Ok(Self(Kind::Tls(Box::new(Client::new(settings)?))))
    }

    pub(crate) fn client(&self) -> Option<&Client> {
        match &self.0 {
            Kind::Plain => None,
            Kind::Tls(client) => Some(client),
        }
    }
}

/// Asks the endpoint for `/_ping`, and always reads the answer.
///
/// Never takes longer than the target's timeout (connecting to a unix socket with a full queue
/// excepted) nor more than a few hundred kilobytes, whatever the peer does.
pub fn ask(target: &Target, dress: &Dress) -> Observation {
    let begun = Instant::now();
    let answer = match Socket::connect(target, begun + target.timeout) {
        Err(error) if error.kind() == io::ErrorKind::TimedOut => Answer::TimedOut {
            after: target.timeout,
        },
        // Somebody took the connection, and was faster than we at ending it.
        Err(error) if is_reset(&error) => Answer::Closed { reset: true },
        Err(error) => Answer::Unreachable {
            reason: escape(&error.to_string()),
        },
        Ok(socket) => return ask_over(socket, target, dress, begun),
    };
    Observation {
        answer,
        seen: None,
        took: begun.elapsed(),
    }
}

/// Whether a connection was made and torn down before we could use it.
pub(crate) fn is_reset(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
    )
}

/// The same over a socket that is connected already.
pub(crate) fn ask_over(
    mut socket: Socket,
    target: &Target,
    dress: &Dress,
    begun: Instant,
) -> Observation {
    let mut seen = None;
    let answer = match dress.client() {
        None => ask_plainly(&mut socket, target),
        Some(client) => {
            let mut handshake = Seen::default();
            let answer = ask_over_tls(&mut socket, target, client, &mut handshake);
            seen = Some(handshake);
            answer
        }
    };
    Observation {
        answer: judge_bounds(&socket, target, answer),
        seen,
        took: begun.elapsed(),
    }
}

fn ask_over_tls(socket: &mut Socket, target: &Target, client: &Client, seen: &mut Seen) -> Answer {
    match client.connect_seen(socket, &target.name, seen) {
        Err(error) => failed(error, target),
        Ok(mut stream) => {
            let answer = converse(&mut stream, target);
            // Good manners, so that the peer's log stays clean; its end of it is not our concern.
            let _ = stream.close();
            answer
        }
    }
}

fn ask_plainly(socket: &mut Socket, target: &Target) -> Answer {
    match converse(socket, target) {
        Answer::Answered(reply) if reply.is_tls_wanted() => Answer::TlsInsteadOfPlain,
        answer => answer,
    }
}

fn converse(stream: &mut (impl Read + Write), target: &Target) -> Answer {
    let request = format!(
        "GET /_ping HTTP/1.1\r\nHost: {}\r\nUser-Agent: sealock\r\nAccept: */*\r\n\
         Connection: close\r\n\r\n",
        target.host()
    );
    // A peer that refuses us has perhaps closed already. Its reason is there to be read, so a
    // failed write is no reason to stop.
    let _ = stream.write_all(request.as_bytes());
    let mut reader = AnswerReader::default();
    let mut first = [0; 2];
    let mut known = 0;
    let mut chunk = [0; 4096];
    loop {
        let progress = match stream.read(&mut chunk) {
            Ok(0) if reader.is_empty() => return Answer::Closed { reset: false },
            Ok(0) => reader.end(),
            Ok(count) => {
                for byte in &chunk[..count.min(2 - known)] {
                    first[known] = *byte;
                    known += 1;
                }
                reader.take(&chunk[..count])
            }
            Err(error) => match (TlsError::from_io(&error), reader.end()) {
                // A peer that answered and then tore the connection down has answered.
                (_, Progress::Done(reply)) => Progress::Done(reply),
                (error, _) => return failed(error, target),
            },
        };
        match progress {
            Progress::More => {}
            Progress::Done(reply) => return Answer::Answered(reply),
            // An alert or handshake record in answer to plain HTTP.
            Progress::Broken(_) if matches!(first, [21 | 22, 3]) => {
                return Answer::TlsInsteadOfPlain;
            }
            Progress::Broken(what) => return Answer::Nonsense { what },
        }
    }
}

fn failed(error: TlsError, target: &Target) -> Answer {
    match error {
        TlsError::AlertReceived { alert } => Answer::Refused { alert },
        TlsError::PlainText {
            spoken: sealock_tls::Spoken::Http,
            start,
        } => Answer::PlainTextInsteadOfTls { start },
        TlsError::PlainText { start, .. } => Answer::Nonsense {
            what: format!("it sent `{start}`"),
        },
        TlsError::ServerRefused(refusal) => Answer::ServerNotTrusted(refusal),
        TlsError::Closed => Answer::Closed { reset: false },
        TlsError::Reset => Answer::Closed { reset: true },
        TlsError::Timeout => Answer::TimedOut {
            after: target.timeout,
        },
        TlsError::Protocol { detail } | TlsError::Io { detail, .. } => {
            Answer::Nonsense { what: detail }
        }
        other @ TlsError::ClientRefused(_) => Answer::Nonsense {
            what: other.to_string(),
        },
    }
}

/// Bounds that were hit in the middle look like other failures from inside.
fn judge_bounds(socket: &Socket, target: &Target, answer: Answer) -> Answer {
    match answer {
        Answer::Answered(_) | Answer::Refused { .. } | Answer::ServerNotTrusted(_) => answer,
        _ if socket.is_overfull() => Answer::Nonsense {
            what: "it sent more than an answer of the API can be".to_owned(),
        },
        Answer::Nonsense { .. } if socket.is_late() => Answer::TimedOut {
            after: target.timeout,
        },
        _ => answer,
    }
}
