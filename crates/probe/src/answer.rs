//! What an endpoint did to a client.

use crate::Reply;
use sealock_tls::{Alert, Seen, ServerRefusal};
use std::time::Duration;

/// What came back. Text of the peer in it is escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// An HTTP answer, not necessarily one of the API: see [`Reply::is_from_the_api`].
    Answered(Reply),
    /// A TLS alert: the peer said no.
    Refused {
        /// The alert.
        alert: Alert,
    },
    /// The peer ended the connection without a word.
    Closed {
        /// By a reset instead of an orderly end.
        reset: bool,
    },
    /// We spoke TLS, the peer speaks plain HTTP.
    PlainTextInsteadOfTls {
        /// How its answer begins.
        start: String,
    },
    /// We spoke plain HTTP, the peer wants TLS.
    TlsInsteadOfPlain,
    /// The peer speaks neither, or beyond all bounds.
    Nonsense {
        /// What it did, in words.
        what: String,
    },
    /// We refused the server: what it would have done to us is not known.
    ServerNotTrusted(ServerRefusal),
    /// No connection came about.
    Unreachable {
        /// Why, in the words of the operating system.
        reason: String,
    },
    /// The peer did not finish in time.
    TimedOut {
        /// The time it was given.
        after: Duration,
    },
}

/// What an [`Answer`] means for the question "did this client get in?".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The API answered.
    In,
    /// The peer turned the client away.
    Out,
    /// Neither was seen: nothing is proved.
    Unclear,
}

impl Answer {
    /// Whether the client got in. Only an HTTP answer of the API is "in"; only a peer that was
    /// reached and turned the client away is "out".
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Answered(reply) if reply.is_from_the_api() => Verdict::In,
            Self::Refused { .. } | Self::Closed { .. } | Self::TlsInsteadOfPlain => Verdict::Out,
            Self::Answered(_)
            | Self::PlainTextInsteadOfTls { .. }
            | Self::Nonsense { .. }
            | Self::ServerNotTrusted(_)
            | Self::Unreachable { .. }
            | Self::TimedOut { .. } => Verdict::Unclear,
        }
    }

    /// One or two words for a table: "got in", "refused", or the obstacle.
    pub fn label(&self) -> &'static str {
        match (self.verdict(), self) {
            (Verdict::In, _) => "got in",
            (Verdict::Out, _) => "refused",
            (_, Self::PlainTextInsteadOfTls { .. }) => "no TLS",
            (_, Self::ServerNotTrusted(_)) => "not trusted",
            (_, Self::Unreachable { .. }) => "unreachable",
            (_, Self::TimedOut { .. }) => "timed out",
            _ => "unclear",
        }
    }

    /// The name in JSON; never changes.
    pub fn slug(&self) -> &'static str {
        match self {
            Self::Answered(_) => "answered",
            Self::Refused { .. } => "alert",
            Self::Closed { reset: false } => "closed",
            Self::Closed { reset: true } => "reset",
            Self::PlainTextInsteadOfTls { .. } => "plain-text-instead-of-tls",
            Self::TlsInsteadOfPlain => "tls-instead-of-plain",
            Self::Nonsense { .. } => "nonsense",
            Self::ServerNotTrusted(_) => "server-not-trusted",
            Self::Unreachable { .. } => "unreachable",
            Self::TimedOut { .. } => "timed-out",
        }
    }
}

impl Verdict {
    /// The name in JSON; never changes.
    pub fn slug(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
            Self::Unclear => "unclear",
        }
    }

    /// Two words for a table; [`Answer::label`] names the obstacle too.
    pub fn label(self) -> &'static str {
        match self {
            Self::In => "got in",
            Self::Out => "refused",
            Self::Unclear => "unclear",
        }
    }
}

/// One exchange: what was seen and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// What came back.
    pub answer: Answer,
    /// What was seen of the handshake; `None` without TLS.
    pub seen: Option<Seen>,
    /// How long the exchange took.
    pub took: Duration,
}

impl Observation {
    /// Whether the client got in.
    pub fn verdict(&self) -> Verdict {
        self.answer.verdict()
    }
}
