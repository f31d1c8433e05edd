//! What is done to an answer on its way to the caller.

mod sieve;

use crate::Json;
use crate::judge::ExecMakers;
use crate::policy::ImagePattern;

pub use sieve::Sieve;

/// What is done to an answer. Only answers of success (status below 300) are touched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AnswerRule {
    /// It is passed on as it comes.
    #[default]
    Pass,
    /// The whole JSON body is collected and goes through [`AnswerRule::apply`].
    Whole(Whole),
    /// The body is a stream of JSON documents, each of which is kept or dropped by a
    /// [`Sieve`](super::Sieve).
    Events(Keep),
}

/// What is done to a whole body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whole {
    /// The values of environment variables are taken out.
    pub(crate) scrub: bool,
    /// Only these entries of lists stay.
    pub(crate) keep: Option<Keep>,
    /// The ID in it is remembered as a command of this caller.
    pub(crate) remember: Option<String>,
}

/// Which objects a caller may know of: those with one of these labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    pub(crate) labels: Vec<(String, String)>,
    /// Images of these names are nobody's own, and stay too.
    pub(crate) names: Vec<ImagePattern>,
}

impl Keep {
    /// Whether an object with these labels stays.
    pub(crate) fn fits(&self, labels: Option<&Json>) -> bool {
        self.labels.iter().any(|(key, value)| {
            labels
                .and_then(|labels| labels.get(key))
                .and_then(Json::as_str)
                == Some(value)
        })
    }
}

impl AnswerRule {
    /// Whether the body must be collected before a byte of it is passed on.
    pub fn wants_whole(&self) -> bool {
        matches!(self, Self::Whole(_))
    }

    /// The body to send instead; `None` when it cannot be read, and then nothing of it may be sent.
    pub fn apply(&self, body: &[u8], makers: &ExecMakers) -> Option<Vec<u8>> {
        let Self::Whole(whole) = self else {
            return Some(body.to_vec());
        };
        let json = Json::parse(body).ok()?;
        if let Some(maker) = &whole.remember
            && let Some(id) = json.get("Id").and_then(Json::as_str)
        {
            makers.note(id, maker);
        }
        Some(json.to_text().into_bytes())
    }
}
