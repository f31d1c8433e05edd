//! What the daemon answered while one request is judged.

use super::makers::ExecMakers;
use super::question::Question;
use crate::Json;
use crate::policy::OWNER;
use std::sync::Arc;

/// What is known while one request is judged; a new one for each request.
#[derive(Debug)]
pub struct Facts {
    answers: Vec<(Question, Answer)>,
    makers: Arc<ExecMakers>,
}

/// One answer.
#[derive(Debug)]
pub(crate) enum Answer {
    /// There is no such thing.
    Absent,
    /// The daemon did not say.
    Unknown,
    /// This is it.
    Found(Box<Found>),
    /// What a place of the host is.
    Place(Place),
}

/// What a place of the host is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It is there, and no part of its path is a symbolic link.
    Plain,
    /// Its path stops being there somewhere, and no part before that is a symbolic link.
    Absent,
    /// Some part of it is a symbolic link.
    Linked,
    /// It cannot be looked at.
    Unknown,
}

/// Something that exists at the daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// What it is: `container`, `network`, ….
    pub kind: &'static str,
    /// Its full ID; its name where there is no other.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Who made it, when the gateway stamped it.
    pub owner: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) object: Object,
    pub(crate) labels: Vec<(String, String)>,
    /// The whole answer.
    pub(crate) json: Json,
}

impl Facts {
    /// Nothing known yet, but who prepared which command.
    pub fn new(makers: Arc<ExecMakers>) -> Self {
        Self {
            answers: Vec::new(),
            makers,
        }
    }

    /// Takes the daemon's answer to a question: its status and its whole body.
    pub fn learn(&mut self, question: Question, status: u16, body: &[u8]) {
        let answer = match status {
            404 => Answer::Absent,
            200 => Json::parse(body)
                .ok()
                .and_then(|json| found(&question, json))
                .map_or(Answer::Unknown, |found| Answer::Found(Box::new(found))),
            _ => Answer::Unknown,
        };
        self.answers.push((question, answer));
    }

    /// Takes what was seen at a place of the host.
    pub fn learn_place(&mut self, question: Question, place: Place) {
        self.answers.push((question, Answer::Place(place)));
    }

    /// What the request is about, as far as it was asked for; for the audit.
    pub fn object(&self) -> Option<&Object> {
        self.answers
            .iter()
            .rev()
            .find_map(|(question, answer)| match (question, answer) {
                // A command is told by its container, which is asked for next.
                (Question::Exec(_), _) => None,
                (_, Answer::Found(found)) => Some(&found.object),
                _ => None,
            })
    }

    /// The labels of what was asked for last.
    pub(crate) fn labels(&self) -> Option<&[(String, String)]> {
        self.answers
            .iter()
            .rev()
            .find_map(|(question, answer)| match (question, answer) {
                (Question::Exec(_), _) => None,
                (_, Answer::Found(found)) => Some(found.labels.as_slice()),
                _ => None,
            })
    }

    /// How many questions were answered.
    pub(crate) fn asked(&self) -> usize {
        self.answers.len()
    }

    pub(crate) fn answer(&self, question: &Question) -> Option<&Answer> {
        self.answers
            .iter()
            .find(|(known, _)| known == question)
            .map(|(_, answer)| answer)
    }

    pub(crate) fn makers(&self) -> &ExecMakers {
        &self.makers
    }
}

/// Reads what every kind of object has; `None` when the answer has not even that.
fn found(question: &Question, json: Json) -> Option<Found> {
    let text = |path: &[&str]| json.at(path).and_then(Json::as_str).map(str::to_owned);
    let (id, name, labels) = match question {
        Question::Container(_) => (
            text(&["Id"])?,
            text(&["Name"])?.trim_start_matches('/').to_owned(),
            json.at(&["Config", "Labels"]),
        ),
        Question::Exec(_) => (text(&["ID"])?, text(&["ContainerID"])?, None),
        Question::Network(_) => (text(&["Id"])?, text(&["Name"])?, json.get("Labels")),
        Question::Volume(_) => (text(&["Name"])?, text(&["Name"])?, json.get("Labels")),
        Question::Image(asked) => (
            text(&["Id"])?,
            asked.clone(),
            json.at(&["Config", "Labels"]),
        ),
        Question::Service(_) => (
            text(&["ID"])?,
            text(&["Spec", "Name"])?,
            json.at(&["Spec", "Labels"]),
        ),
        Question::Place(_) => return None,
    };
    let labels = pairs(labels);
    let owner = labels
        .iter()
        .find(|(key, _)| key == OWNER)
        .map(|(_, value)| value.clone());
    Some(Found {
        object: Object {
            kind: question.kind(),
            id,
            name,
            owner,
        },
        labels,
        json,
    })
}

/// The pairs of an object whose values are texts.
pub(crate) fn pairs(json: Option<&Json>) -> Vec<(String, String)> {
    let fields = json.and_then(Json::as_object).unwrap_or_default();
    fields
        .iter()
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Answer, ExecMakers, Facts, Question};
    use std::sync::Arc;

    #[test]
    fn an_answer_is_an_object_or_its_absence_or_nothing_at_all() {
        let question = || Question::Container("web".to_owned());
        let body =
            br#"{"Id":"ab12","Name":"/web","Config":{"Labels":{"sealock.owner":"cn:alice"}}}"#;
        let answer = |status, body: &[u8]| {
            let mut facts = Facts::new(Arc::new(ExecMakers::default()));
            facts.learn(question(), status, body);
            facts
        };
        let facts = answer(200, body);
        let object = facts.object().unwrap();
        assert_eq!((object.id.as_str(), object.name.as_str()), ("ab12", "web"));
        assert_eq!(object.owner.as_deref(), Some("cn:alice"));
        for (status, body) in [(200, &b"{}"[..]), (200, b"<html>"), (500, body), (301, b"")] {
            let facts = answer(status, body);
            assert!(
                matches!(facts.answer(&question()), Some(Answer::Unknown)),
                "{status}"
            );
        }
        let facts = answer(404, b"");
        assert!(matches!(facts.answer(&question()), Some(Answer::Absent)));
        assert!(facts.object().is_none());
    }
}
