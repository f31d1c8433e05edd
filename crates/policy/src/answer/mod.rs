//! What is done to an answer on its way to the caller.

mod scrub;
mod sieve;

use crate::Json;
use crate::judge::ExecMakers;
use crate::policy::{ImagePattern, Pattern, Reference};

pub use sieve::Sieve;

/// What is done to an answer. Only answers of success (status below 300) are touched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AnswerRule {
    /// It is passed on as it comes.
    #[default]
    Pass,
    /// The whole JSON body is collected and goes through [`AnswerRule::apply`].
    Whole(Whole),
    /// The body is a stream of JSON documents, each of which is kept or dropped by a [`Sieve`].
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
    /// Who else is in a network is taken out.
    pub(crate) alone: bool,
}

/// Which objects a caller may know of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// Those with one of these labels.
    pub(crate) labels: Vec<(String, String)>,
    /// Images with one of these names.
    pub(crate) images: Vec<ImagePattern>,
    /// Networks and volumes with one of these names.
    pub(crate) names: Vec<Pattern>,
}

/// What of a network tells of others in it.
const MEMBERS: &[&str] = &["Containers", "Services", "Peers"];
/// The lists of what takes room, and which of them can be told apart by owner.
const ROOM: &[&str] = &["Images", "Containers", "Volumes"];

impl AnswerRule {
    /// Whether the body must be collected before a byte of it is passed on.
    pub fn wants_whole(&self) -> bool {
        matches!(self, Self::Whole(_))
    }

    /// The same, with the values of environment variables taken out.
    pub(crate) fn scrubbed(self) -> Self {
        let whole = match self {
            Self::Pass => Whole::default(),
            Self::Whole(whole) => whole,
            events @ Self::Events(_) => return events,
        };
        Self::Whole(Whole {
            scrub: true,
            ..whole
        })
    }

    /// The body to send instead; `None` when it cannot be read, and then nothing of it may be sent.
    pub fn apply(&self, body: &[u8], makers: &ExecMakers) -> Option<Vec<u8>> {
        let Self::Whole(whole) = self else {
            return Some(body.to_vec());
        };
        let mut json = Json::parse(body).ok()?;
        if let Some(maker) = &whole.remember
            && let Some(id) = json.get("Id").and_then(Json::as_str)
        {
            makers.note(id, maker);
        }
        if let Some(keep) = &whole.keep {
            keep.lists(&mut json);
        }
        if whole.alone {
            strip_members(&mut json);
        }
        if whole.scrub {
            scrub::scrub(&mut json);
        }
        let mut text = json.to_text().into_bytes();
        text.push(b'\n');
        Some(text)
    }
}

fn strip_members(json: &mut Json) {
    for key in MEMBERS {
        if json.get(key).is_some() {
            json.set(key, Json::Object(Vec::new()));
        }
    }
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

    /// Takes out of a list, or of an object of lists, what the caller may not know of.
    fn lists(&self, json: &mut Json) {
        match json {
            Json::Array(items) => self.sift(items),
            Json::Object(fields) => {
                // Totals are of everybody, and the build cache is nobody's.
                fields.retain(|(key, _)| {
                    ROOM.contains(&key.as_str()) || key == "Warnings" || key == "BuildCache"
                });
                for (key, value) in fields {
                    match value {
                        Json::Array(items) if ROOM.contains(&key.as_str()) => self.sift(items),
                        Json::Array(items) => items.clear(),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    fn sift(&self, items: &mut Vec<Json>) {
        items.retain_mut(|item| {
            if self.fits(item.get("Labels")) || self.fits(item.at(&["Spec", "Labels"])) {
                return true;
            }
            strip_members(item);
            self.fits_name(item)
        });
    }

    fn fits_name(&self, item: &Json) -> bool {
        let name = item.get("Name").and_then(Json::as_str);
        if name.is_some_and(|name| self.names.iter().any(|pattern| pattern.fits(name))) {
            return true;
        }
        ["RepoTags", "RepoDigests"].iter().any(|key| {
            let names = item.get(key).and_then(Json::as_array).unwrap_or_default();
            names.iter().filter_map(Json::as_str).any(|name| {
                Reference::read(name).is_some_and(|reference| {
                    self.images.iter().any(|pattern| pattern.fits(&reference))
                })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{AnswerRule, Keep, Whole};
    use crate::judge::ExecMakers;
    use crate::policy::{ImagePattern, Pattern};

    fn applied(whole: Whole, body: &str) -> String {
        let makers = ExecMakers::default();
        let out = AnswerRule::Whole(whole)
            .apply(body.as_bytes(), &makers)
            .unwrap();
        String::from_utf8(out).unwrap().trim_end().to_owned()
    }

    fn keep() -> Whole {
        Whole {
            keep: Some(Keep {
                labels: vec![("sealock.owner".to_owned(), "cn:alice".to_owned())],
                images: vec![ImagePattern::read("alpine").unwrap()],
                names: vec![Pattern::new("bridge")],
            }),
            ..Whole::default()
        }
    }

    #[test]
    fn only_own_and_named_entries_stay() {
        let own = r#"{"Id":"1","Labels":{"sealock.owner":"cn:alice"}}"#;
        let foreign = r#"{"Id":"2","Labels":{"sealock.owner":"cn:bob"}}"#;
        let named = r#"{"RepoTags":["alpine:3"],"Labels":null}"#;
        let list = format!("[{own},{foreign},{named}]");
        assert_eq!(applied(keep(), &list), format!("[{own},{named}]"));
        let volumes = format!(r#"{{"Volumes":[{own},{foreign}],"Warnings":null}}"#);
        assert_eq!(
            applied(keep(), &volumes),
            format!(r#"{{"Volumes":[{own}],"Warnings":null}}"#)
        );
        let room = format!(r#"{{"LayersSize":9,"Images":[{foreign}],"BuildCache":[{own}]}}"#);
        assert_eq!(applied(keep(), &room), r#"{"Images":[],"BuildCache":[]}"#);
    }

    #[test]
    fn a_shared_network_does_not_tell_who_is_in_it() {
        let list = r#"[{"Name":"bridge","Containers":{"a":{"Name":"secret"}}}]"#;
        assert_eq!(
            applied(keep(), list),
            r#"[{"Name":"bridge","Containers":{}}]"#
        );
    }

    #[test]
    fn what_cannot_be_read_is_not_sent() {
        let makers = ExecMakers::default();
        let rule = AnswerRule::Whole(keep());
        for body in ["", "<html>", "{", "{} {}"] {
            assert_eq!(rule.apply(body.as_bytes(), &makers), None, "{body}");
        }
    }

    #[test]
    fn a_prepared_command_is_remembered() {
        let makers = ExecMakers::default();
        let rule = AnswerRule::Whole(Whole {
            remember: Some("cn:alice".to_owned()),
            ..Whole::default()
        });
        rule.apply(br#"{"Id":"e1"}"#, &makers).unwrap();
        assert!(makers.made("e1", "cn:alice"));
    }
}
