//! MySQL and MariaDB: the server speaks first, an SSLRequest follows, then TLS, then the login.

use super::hear::{Obstacle, Parsed, hear, shown};
use super::road::Road;
use super::way::{Heard, Way, unanswered};
use sealock_check::seen::service::{Clear, Way as Verdict};
use sealock_tls::TlsStream;
use std::io::{Read, Write};

/// Longest packet that is waited for.
const LONGEST: usize = 8 * 1024;

/// CLIENT_LONG_PASSWORD, _PROTOCOL_41, _SECURE_CONNECTION, _PLUGIN_AUTH (manual, "Capabilities Flags").
const CAPABILITIES: u32 = 0x0000_0001 | 0x0000_0200 | 0x0000_8000 | 0x0008_0000;
const CLIENT_SSL: u32 = 0x0000_0800;
/// utf8mb4_general_ci.
const CHARSET: u8 = 45;

/// ER_SECURE_TRANSPORT_REQUIRED: `require_secure_transport` is on.
const SECURE_TRANSPORT_REQUIRED: u16 = 3159;
/// ER_ACCESS_DENIED_ERROR.
const LOGIN_REFUSED: u16 = 1045;

/// A packet of a server: what it greets with, and what it says to a login. Text is escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MysqlPacket {
    /// Its number in the exchange.
    pub sequence: u8,
    /// What it is.
    pub content: MysqlContent,
}

/// What a packet says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MysqlContent {
    /// The greeting of protocol 10.
    Greeting {
        /// The server's version.
        version: String,
        /// Whether it has TLS.
        tls: bool,
    },
    /// The login is accepted.
    Ok,
    /// It asks for more: another method, or a password.
    More(String),
    /// An error, by number and message.
    Error(u16, String),
}

impl MysqlPacket {
    /// Reads a packet. `greeting` says which kind the first one is.
    pub fn parse(bytes: &[u8], greeting: bool) -> Parsed<Self> {
        let broken = || Parsed::Broken(format!("it sent `{}`", shown(bytes)));
        let Some((header, payload)) = bytes.split_first_chunk::<4>() else {
            // Whoever speaks TLS or text here is found out by fewer bytes than the packet would have.
            return Parsed::More(4 - bytes.len());
        };
        let length = u32::from_le_bytes([header[0], header[1], header[2], 0]) as usize;
        if length == 0 || length > LONGEST {
            return broken();
        }
        let Some(payload) = payload.get(..length) else {
            return Parsed::More(length - payload.len());
        };
        let content = match (payload, greeting) {
            ([0xff, low, high, message @ ..], _) => {
                // `#` and a SQLSTATE of five, once both sides know 4.1.
                let message = match message {
                    [b'#', _, _, _, _, _, rest @ ..] => rest,
                    all => all,
                };
                MysqlContent::Error(u16::from_le_bytes([*low, *high]), shown(message))
            }
            ([10, rest @ ..], true) => match greeted(rest) {
                Some(content) => content,
                None => return broken(),
            },
            ([0, ..], false) => MysqlContent::Ok,
            ([0xfe, rest @ ..], false) => {
                let plugin = rest.split(|byte| *byte == 0).next().unwrap_or_default();
                MysqlContent::More(format!("it asks for {}", shown(plugin)))
            }
            ([1, ..], false) => MysqlContent::More("it asks for a password".to_owned()),
            _ => return broken(),
        };
        Parsed::Done(Self {
            sequence: header[3],
            content,
        })
    }
}

/// Version, 0, thread (4), salt (8), 0, capabilities.
fn greeted(rest: &[u8]) -> Option<MysqlContent> {
    let end = rest.iter().position(|byte| *byte == 0)?;
    let (version, after) = rest.split_at(end);
    let flags = after.get(1 + 4 + 8 + 1..)?.first_chunk::<2>()?;
    Some(MysqlContent::Greeting {
        version: shown(version),
        tls: u32::from(u16::from_le_bytes(*flags)) & CLIENT_SSL != 0,
    })
}

pub(super) struct Mysql {
    /// The user to name.
    pub(super) user: String,
}

impl Way for Mysql {
    fn knock(&self, road: &mut Road) -> Result<(), Obstacle> {
        let (version, tls) = greeting(road)?;
        if !tls {
            return Err(Obstacle::NoWay(format!(
                "the greeting of {version} has no TLS in it"
            )));
        }
        let request = login_head(CAPABILITIES | CLIENT_SSL);
        let _ = road.write_all(&packet(1, &request));
        Ok(())
    }

    fn ask(&self, stream: &mut TlsStream<Road>) -> Result<Heard, Obstacle> {
        match self.log_in(stream, 2, CLIENT_SSL)? {
            MysqlContent::Ok => Ok(Heard::In(format!(
                "it let {} in",
                shown(self.user.as_bytes())
            ))),
            MysqlContent::Error(SECURE_TRANSPORT_REQUIRED, message) => Err(Obstacle::Refused(
                format!("error {SECURE_TRANSPORT_REQUIRED}: {message}"),
            )),
            MysqlContent::Error(number, message) => {
                Ok(Heard::Judged(format!("error {number}: {message}")))
            }
            MysqlContent::More(what) => Ok(Heard::Judged(what)),
            MysqlContent::Greeting { .. } => {
                Err(Obstacle::Nonsense("a second greeting".to_owned()))
            }
        }
    }

    fn clear(&self, road: &mut Road) -> Clear {
        let answer = greeting(road).and_then(|(_, tls)| Ok((tls, self.log_in(road, 1, 0)?)));
        let (tls, answer) = match answer {
            Ok(answer) => answer,
            Err(obstacle) => return unanswered(&obstacle),
        };
        // MariaDB refuses a login by the same error for want of TLS, of a certificate and of the right password.
        let judged = match tls {
            true => Verdict::Unclear,
            false => Verdict::Accepted,
        };
        match answer {
            MysqlContent::Error(SECURE_TRANSPORT_REQUIRED, message) => Clear::new(
                Verdict::Refused,
                format!("error {SECURE_TRANSPORT_REQUIRED}: {message}"),
            ),
            MysqlContent::Error(LOGIN_REFUSED, message) => {
                Clear::new(judged, format!("error {LOGIN_REFUSED}: {message}"))
            }
            MysqlContent::Error(number, message) => {
                Clear::new(Verdict::Unclear, format!("error {number}: {message}"))
            }
            MysqlContent::More(what) => Clear::new(judged, what),
            MysqlContent::Ok => Clear::new(
                Verdict::Accepted,
                format!("it let {} in", shown(self.user.as_bytes())),
            ),
            MysqlContent::Greeting { .. } => Clear::new(Verdict::NotSpoken, "a second greeting"),
        }
    }

    fn settled(&self, clear: Clear, let_in: bool) -> Clear {
        let judged = clear.said.starts_with(&format!("error {LOGIN_REFUSED}:"));
        match clear.verdict {
            Verdict::Unclear if judged && let_in => Clear::new(Verdict::Refused, clear.said),
            _ => clear,
        }
    }
}

impl Mysql {
    /// Logs in with an empty password, which no server takes for one that is set.
    fn log_in(
        &self,
        stream: &mut (impl Read + Write),
        sequence: u8,
        flags: u32,
    ) -> Result<MysqlContent, Obstacle> {
        let mut login = login_head(CAPABILITIES | flags);
        login.extend_from_slice(self.user.replace('\0', "").as_bytes());
        login.extend_from_slice(b"\0\0mysql_native_password\0");
        let send = |stream: &mut dyn Write, packet: &[u8]| {
            let _ = stream.write_all(packet).and_then(|()| stream.flush());
        };
        send(stream, &packet(sequence, &login));
        let first = hear(stream, |bytes| MysqlPacket::parse(bytes, false))?;
        let MysqlContent::More(asked) = first.content else {
            return Ok(first.content);
        };
        // Another method: an empty answer is an empty password there too.
        send(stream, &packet(first.sequence.wrapping_add(1), &[]));
        let second = hear(stream, |bytes| MysqlPacket::parse(bytes, false));
        Ok(second.map_or(MysqlContent::More(asked), |packet| packet.content))
    }
}

fn greeting(road: &mut Road) -> Result<(String, bool), Obstacle> {
    match hear(road, |bytes| MysqlPacket::parse(bytes, true))?.content {
        MysqlContent::Greeting { version, tls } => Ok((version, tls)),
        // Too many connections, a host that is blocked: before anything could be learned.
        MysqlContent::Error(number, message) => {
            Err(Obstacle::Refused(format!("error {number}: {message}")))
        }
        _ => Err(Obstacle::Nonsense("it does not greet".to_owned())),
    }
}

/// An SSLRequest, which is also how a login begins: flags, largest packet, character set, 23 zeros.
fn login_head(flags: u32) -> Vec<u8> {
    let mut head = flags.to_le_bytes().to_vec();
    head.extend_from_slice(&0x0100_0000_u32.to_le_bytes());
    head.push(CHARSET);
    head.extend_from_slice(&[0; 23]);
    head
}

fn packet(sequence: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(0).to_le_bytes();
    let mut packet = vec![length[0], length[1], length[2], sequence];
    packet.extend_from_slice(payload);
    packet
}

#[cfg(test)]
mod tests {
    use super::*;

    fn greeting(flags: u16) -> Vec<u8> {
        let mut payload = b"\x0a8.0.36\0".to_vec();
        payload.extend([1, 0, 0, 0]);
        payload.extend(*b"saltsalt\0");
        payload.extend(flags.to_le_bytes());
        payload.extend([33, 2, 0]);
        packet(0, &payload)
    }

    #[test]
    fn greetings_tell_of_tls() {
        for (flags, expected) in [(0xf7ff, false), (0xffff, true), (0x0800, true), (0, false)] {
            let Parsed::Done(packet) = MysqlPacket::parse(&greeting(flags), true) else {
                panic!("{flags:x}");
            };
            let MysqlContent::Greeting { version, tls } = packet.content else {
                panic!("{packet:?}");
            };
            assert_eq!((version.as_str(), tls), ("8.0.36", expected));
        }
    }

    #[test]
    fn answers_are_told_apart() {
        let content = |payload: &[u8]| MysqlPacket::parse(&packet(2, payload), false);
        let done = |content| {
            Parsed::Done(MysqlPacket {
                sequence: 2,
                content,
            })
        };
        assert_eq!(content(&[0, 0, 0, 2, 0]), done(MysqlContent::Ok));
        assert_eq!(
            content(b"\xff\x15\x04#28000Access denied"),
            done(MysqlContent::Error(1045, "Access denied".to_owned()))
        );
        assert_eq!(
            content(b"\xfemysql_native_password\0salt"),
            done(MysqlContent::More(
                "it asks for mysql_native_password".to_owned()
            ))
        );
        assert!(matches!(content(&[7]), Parsed::Broken(_)));
    }

    #[test]
    fn what_is_no_packet_is_refused_early() {
        assert_eq!(MysqlPacket::parse(b"HT", true), Parsed::More(2));
        // `HTTP` would be a packet of five megabytes.
        assert!(matches!(
            MysqlPacket::parse(b"HTTP", true),
            Parsed::Broken(_)
        ));
        assert!(matches!(
            MysqlPacket::parse(&[0, 0, 0, 0], true),
            Parsed::Broken(_)
        ));
        assert_eq!(MysqlPacket::parse(&[5, 0, 0, 0, 10], true), Parsed::More(4));
        let short = packet(0, b"\x0a8.0\0ab");
        assert!(matches!(
            MysqlPacket::parse(&short, true),
            Parsed::Broken(_)
        ));
    }
}
