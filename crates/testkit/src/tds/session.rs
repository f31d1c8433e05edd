//! One connection, from PRELOGIN to the end.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;

use sealock_tls::{TlsError, TlsStream};

use super::pipe::Pipe;
use super::{Shared, TdsLogin, TdsMode, answer, held, packets};

/// A client that asks for nothing to be encrypted.
const NOT_SUPPORTED: u8 = 2;
/// The login alone.
const LOGIN: u8 = 0;
const REQUIRED: u8 = 3;

pub(super) fn serve(socket: TcpStream, shared: &Shared) {
    // Whoever goes away, goes away.
    let _ = converse(socket, shared);
}

fn converse(socket: TcpStream, shared: &Shared) -> io::Result<()> {
    let mut first = [0];
    if socket.peek(&mut first)? == 0 {
        return Ok(());
    }
    // A record of TLS begins with 22: that is TDS 8.0.
    match (shared.mode, first[0]) {
        (TdsMode::Both | TdsMode::Strict, 22) => strictly(socket, shared),
        (TdsMode::Strict, _) | (_, 22) => Ok(()),
        _ => in_band(socket, shared),
    }
}

fn strictly(socket: TcpStream, shared: &Shared) -> io::Result<()> {
    let mut tls = shared
        .tls(true)
        .accept(Pipe::new(socket, false))
        .map_err(TlsError::into_io)?;
    let wish = prelogin(&mut tls)?;
    // Inside of TLS there is nothing left to agree on.
    agree(&mut tls, wish)?;
    let used = used(&tls);
    let user = login(&mut tls)?;
    held(&shared.logins).push(TdsLogin {
        user: user.clone(),
        tls: Some(used.clone()),
        lasting: true,
        strict: true,
    });
    queries(&mut tls, &[&used.0, &used.1, &user])
}

fn in_band(mut socket: TcpStream, shared: &Shared) -> io::Result<()> {
    let wish = prelogin(&mut socket)?;
    let said = shared.mode.answer(wish);
    agree(&mut socket, said)?;
    if said == NOT_SUPPORTED {
        let user = login(&mut socket)?;
        held(&shared.logins).push(TdsLogin {
            user: user.clone(),
            tls: None,
            lasting: false,
            strict: false,
        });
        return queries(&mut socket, &["none", "none", &user]);
    }
    if wish == NOT_SUPPORTED {
        // It was told that encryption is required; there is nothing to go on with.
        return match said {
            REQUIRED => Ok(()),
            _ => Err(ErrorKind::InvalidData.into()),
        };
    }
    let pipe = Pipe::new(socket.try_clone()?, true);
    let mut tls = shared.tls(false).accept(pipe).map_err(TlsError::into_io)?;
    tls.socket().unwrap();
    let used = used(&tls);
    let user = login(&mut tls)?;
    let lasting = said != LOGIN;
    held(&shared.logins).push(TdsLogin {
        user: user.clone(),
        tls: Some(used.clone()),
        lasting,
        strict: false,
    });
    let told = [used.0.as_str(), used.1.as_str(), user.as_str()];
    match lasting {
        true => queries(&mut tls, &told),
        // Only the login was encrypted: from here on the socket is bare.
        false => queries(&mut socket, &told),
    }
}

fn used(tls: &TlsStream<Pipe>) -> (String, String) {
    (
        tls.version().map(|one| one.to_string()).unwrap_or_default(),
        tls.suite().unwrap_or_default().to_owned(),
    )
}

/// Reads a PRELOGIN and gives the client's wish.
fn prelogin(stream: &mut impl Read) -> io::Result<u8> {
    let (kind, message) = packets::read(stream)?;
    if kind != packets::PRELOGIN {
        return Err(ErrorKind::InvalidData.into());
    }
    let mut rest = message.as_slice();
    while let [token, high, low, _, _, after @ ..] = rest {
        if *token == 1 {
            let offset = usize::from(u16::from_be_bytes([*high, *low]));
            return message
                .get(offset)
                .copied()
                .ok_or_else(|| ErrorKind::InvalidData.into());
        }
        if *token == 0xff {
            break;
        }
        rest = after;
    }
    Ok(NOT_SUPPORTED)
}

/// Answers a PRELOGIN: version, encryption, instance, thread, MARS.
fn agree(stream: &mut impl Write, encryption: u8) -> io::Result<()> {
    let options: [(u8, &[u8]); 5] = [
        (0, &[16, 0, 0x03, 0xe8, 0, 0]),
        (1, &[encryption]),
        (2, &[0]),
        (3, &[]),
        (4, &[0]),
    ];
    let mut head = Vec::new();
    let mut body: Vec<u8> = Vec::new();
    let begin = options.len() * 5 + 1;
    for (token, value) in options {
        let offset = u16::try_from(begin + body.len()).unwrap_or(0);
        let length = u16::try_from(value.len()).unwrap_or(0);
        head.push(token);
        head.extend(offset.to_be_bytes());
        head.extend(length.to_be_bytes());
        body.extend(value);
    }
    head.push(0xff);
    head.extend(body);
    packets::write(stream, packets::ANSWER, &head)
}

/// Takes a LOGIN7, whoever it is, and gives the user's name.
fn login(stream: &mut (impl Read + Write)) -> io::Result<String> {
    let (kind, message) = packets::read(stream)?;
    let number = |at: usize| {
        let bytes = message.get(at..at + 2)?;
        Some(usize::from(u16::from_le_bytes([bytes[0], bytes[1]])))
    };
    // ibUserName and cchUserName (§2.2.6.4).
    let user = number(40)
        .zip(number(42))
        .and_then(|(offset, length)| message.get(offset..offset + 2 * length));
    match (kind, user) {
        (packets::LOGIN7, Some(user)) => Ok(utf16(user)),
        _ => Err(ErrorKind::InvalidData.into()),
    }
}

/// Says hello, and answers queries until the client goes away.
fn queries(stream: &mut (impl Read + Write), told: &[&str]) -> io::Result<()> {
    packets::write(stream, packets::ANSWER, &answer::login())?;
    loop {
        let (kind, message) = packets::read(stream)?;
        let said = match kind {
            packets::BATCH if wants_rows(&text_of(&message)) => answer::row(told),
            packets::RPC => answer::returned(told),
            packets::ATTENTION => answer::attention(),
            packets::TRANSACTION => {
                let at = headers(&message);
                let request = message
                    .get(at..at + 2)
                    .map_or([0; 2], |two| [two[0], two[1]]);
                answer::transaction(u16::from_le_bytes(request))
            }
            _ => answer::done(None),
        };
        packets::write(stream, packets::ANSWER, &said)?;
    }
}

/// Settings that clients make on their own have no rows.
fn wants_rows(text: &str) -> bool {
    let text = text.trim().to_lowercase();
    let quiet = ["set ", "begin", "commit", "rollback", "if @@", "use "];
    text.contains("select") && !quiet.iter().any(|start| text.starts_with(start))
}

/// Bytes of ALL_HEADERS before a batch's text (§2.2.5.3).
fn headers(message: &[u8]) -> usize {
    let length = message
        .first_chunk::<4>()
        .map_or(0, |four| u32::from_le_bytes(*four));
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length <= message.len() { length } else { 0 }
}

fn text_of(message: &[u8]) -> String {
    utf16(&message[headers(message)..])
}

fn utf16(bytes: &[u8]) -> String {
    let units: Vec<u16> = bytes
        .chunks_exact(2)
        .map(|two| u16::from_le_bytes([two[0], two[1]]))
        .collect();
    String::from_utf16_lossy(&units)
}
