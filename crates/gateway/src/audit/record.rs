//! What an audit record says.

use std::fmt;
use std::time::{Duration, SystemTime};

use super::Who;
use super::line::{
    LONG, TEXT, decimal, first, hex, member, moment, number, padded_hex, some_text, string, text,
    word,
};
use super::target::{Keys, masked};

/// What happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Event {
    /// A request was answered: one record, written when its last byte has gone.
    #[default]
    Request,
    /// A stream began: a hijacked connection, a tunnel, a connection of a plain port.
    Open,
    /// That stream ended; the bytes of both ways and the duration are known.
    Close,
    /// A connection was refused before it could ask for anything.
    Refused,
    /// A live connection was cut, because its caller may no longer be here.
    Cut,
    /// The gateway began.
    Start,
    /// The gateway ended.
    Stop,
    /// Files were taken over, or were not.
    Reload,
    /// Records that could not be written in time.
    Lost,
    /// The line before this one was cut off: the gateway or the machine stopped while writing.
    Torn,
}

impl Event {
    /// The word in the record.
    pub fn word(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Open => "open",
            Self::Close => "close",
            Self::Refused => "refused",
            Self::Cut => "cut",
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Reload => "reload",
            Self::Lost => "lost",
            Self::Torn => "torn",
        }
    }
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Allowed.
    Allow,
    /// Allowed, and would be denied if the policy were enforced.
    Warn,
    /// Denied.
    Deny,
    /// Answered as if the object did not exist.
    Hide,
}

impl Verdict {
    /// The word in the record.
    pub fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Warn => "warn",
            Self::Deny => "deny",
            Self::Hide => "hide",
        }
    }
}

/// Names one request of one connection of one run of the gateway: what a caller is told when it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id {
    pub(super) start: u32,
    pub(super) connection: u64,
    pub(super) number: u32,
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            start,
            connection,
            number,
        } = self;
        write!(f, "{start:08x}-{connection:x}-{number}")
    }
}

/// What was asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// The method.
    pub method: &'a str,
    /// The route's name; empty when none was found.
    pub route: &'a str,
    /// The verb; empty when none was found.
    pub verb: &'a str,
    /// The target as it came.
    pub raw: &'a [u8],
    /// The target as it was judged and forwarded; empty when it could not be read.
    pub target: &'a str,
}

/// What it was asked of.
#[derive(Clone, Copy, Debug, Default)]
pub struct Object<'a> {
    /// `container`, `network` and so on.
    pub kind: &'a str,
    /// The full id.
    pub id: &'a str,
    /// The name; empty when unknown.
    pub name: &'a str,
    /// The owner of its label; empty when there is none.
    pub owner: &'a str,
}

/// How it was judged.
#[derive(Clone, Copy, Debug)]
pub struct Judged<'a> {
    /// Allowed or not.
    pub verdict: Verdict,
    /// The rule of the policy that decided; empty when none did.
    pub rule: &'a str,
    /// The code of the reason; empty when there is none.
    pub code: &'a str,
    /// The reason; empty when there is none.
    pub reason: &'a str,
}

/// One line of the audit. Never a body, never a header.
#[derive(Clone, Copy, Debug, Default)]
pub struct Record<'a> {
    /// What happened.
    pub event: Event,
    /// The connection; `None` for events of the gateway itself.
    pub who: Option<&'a Who>,
    /// The request.
    pub id: Option<Id>,
    /// What was asked for.
    pub asked: Option<Asked<'a>>,
    /// What it was asked of.
    pub object: Option<Object<'a>>,
    /// How it was judged.
    pub judged: Option<Judged<'a>>,
    /// The status of the answer; 0 when there was none.
    pub status: u16,
    /// Bytes of bodies or of the stream that came from the caller.
    pub received: u64,
    /// Bytes of bodies or of the stream that went to the caller.
    pub sent: u64,
    /// From the first byte of the request to the last of the answer; of a stream, how long it lived.
    pub duration: Option<Duration>,
    /// The number of the policy snapshot that judged; 0 when none did.
    pub policy: u64,
    /// The number of the material snapshot (certificates and revocation lists) that the caller was admitted by.
    pub material: u64,
    /// What else there is to say; empty when there is nothing.
    pub detail: &'a str,
}

impl Record<'_> {
    /// Writes the record as the members of a JSON object, without the braces: what stands around is the writer's.
    pub(super) fn write(&self, out: &mut Vec<u8>, at: SystemTime) {
        first(out, member!("time"));
        moment(out, at);
        word(out, member!("event"), self.event.word());
        if let Some(id) = self.id {
            out.extend_from_slice(concat!(member!("id"), "\"").as_bytes());
            padded_hex(out, id.start);
            out.push(b'-');
            hex(out, id.connection);
            out.push(b'-');
            decimal(out, u64::from(id.number));
            out.push(b'"');
        }
        if let Some(who) = self.who {
            who.write(out);
        }
        if let Some(asked) = &self.asked {
            asked.write(out);
        }
        if let Some(object) = &self.object {
            text(out, member!("object"), object.kind.as_bytes(), TEXT);
            some_text(out, member!("object_id"), object.id, TEXT);
            some_text(out, member!("object_name"), object.name, TEXT);
            some_text(out, member!("owner"), object.owner, TEXT);
        }
        if let Some(judged) = &self.judged {
            word(out, member!("decision"), judged.verdict.word());
            some_text(out, member!("rule"), judged.rule, TEXT);
            some_text(out, member!("code"), judged.code, TEXT);
            some_text(out, member!("reason"), judged.reason, LONG / 2);
        }
        if self.status != 0 {
            number(out, member!("status"), u64::from(self.status));
        }
        if let Some(duration) = self.duration {
            number(out, member!("received"), self.received);
            number(out, member!("sent"), self.sent);
            let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
            number(out, member!("duration_us"), micros);
        }
        if self.policy != 0 {
            number(out, member!("policy"), self.policy);
        }
        if self.material != 0 {
            number(out, member!("material"), self.material);
        }
        some_text(out, member!("detail"), self.detail, LONG / 2);
    }
}

impl Asked<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        text(out, member!("method"), self.method.as_bytes(), TEXT / 4);
        some_text(out, member!("route"), self.route, TEXT);
        some_text(out, member!("verb"), self.verb, TEXT);
        // What is no call of the Engine API belongs to a service whose keys nobody here knows.
        let keys = match self.route {
            "" => Keys::Foreign,
            _ => Keys::Engine,
        };
        out.extend_from_slice(member!("raw").as_bytes());
        let start = out.len();
        string(out, &masked(self.raw, keys), LONG);
        let end = out.len();
        if self.raw.len() > LONG {
            number(out, member!("raw_bytes"), self.raw.len() as u64);
        }
        if self.target.is_empty() {
            return;
        }
        if self.target.as_bytes() == self.raw {
            // Nearly always; it reads the same, so it is not looked at twice.
            out.extend_from_slice(member!("target").as_bytes());
            out.extend_from_within(start..end);
        } else {
            text(
                out,
                member!("target"),
                &masked(self.target.as_bytes(), keys),
                LONG,
            );
        }
    }
}
