//! Judging without a daemon: for whoever writes a policy.

use crate::judge::{needs_of, stamps_of};
use crate::policy::{PolicyError, cases};
use crate::{
    Caller, Decision, ExecMakers, Facts, Incoming, Judgement, Name, Place, Policy, Question,
    Reading, Request, Unclean, Verdict, judge,
};
use std::sync::Arc;

/// Whose the objects are that a request names, when there is no daemon to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assumed {
    /// The caller's own, and of every label that its grants are about.
    Own,
    /// Somebody else's.
    Others,
    /// Nobody's: they do not exist.
    Absent,
}

impl Assumed {
    /// All three.
    pub const ALL: &'static [Self] = &[Self::Own, Self::Others, Self::Absent];

    /// The assumption as a case has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Others => "others",
            Self::Absent => "absent",
        }
    }

    /// The assumption of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|assumed| assumed.name() == name)
    }
}

/// A request as somebody writes it down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Who asks.
    pub caller: Vec<Name>,
    /// Method and target, as `POST /v1.41/containers/create`.
    pub line: String,
    /// The body, when there is one.
    pub body: String,
}

/// What became of a request.
#[derive(Clone, Debug)]
pub struct Tried {
    /// The decision.
    pub decision: Decision,
    /// What the request needs beyond the bare call, each as the end of *may not*.
    pub needs: Vec<String>,
    /// What it would depend on.
    pub questions: Vec<Question>,
    /// The target as it would be sent.
    pub target: String,
    /// The body as it would be sent.
    pub body: Option<String>,
}

impl Tried {
    /// `allow`, `warn`, `deny` or `hide`.
    pub fn word(&self) -> &'static str {
        match (&self.decision.verdict, &self.decision.refusal) {
            (Verdict::Allow, None) => "allow",
            (Verdict::Allow, Some(_)) => "warn",
            (Verdict::Deny, _) => "deny",
            (Verdict::Hide(_), _) => "hide",
        }
    }
}

impl Policy {
    /// Judges a request as the gateway would, with an assumption in the daemon's place.
    pub fn attempt(&self, asked: &Asked, assumed: Assumed) -> Result<Tried, Unclean> {
        let (method, target) = asked.line.split_once(' ').unwrap_or((&asked.line, ""));
        let (floor, ceiling) = self.versions();
        let json = b"application/json".as_slice();
        let incoming = Incoming {
            method: method.as_bytes(),
            target: target.trim().as_bytes(),
            content_type: (!asked.body.is_empty()).then_some(json),
            upgrade: None,
            has_body: !asked.body.is_empty(),
        };
        let reading = Reading {
            prefix: None,
            floor,
            ceiling,
        };
        let mut request = Request::read(&incoming, &reading)?;
        request.set_body(asked.body.as_bytes())?;
        let needs = needs_of(&request).iter().map(ToString::to_string).collect();
        let granted = self.granted(&Caller::new(asked.caller.clone()));
        let labels: Vec<(String, String)> = stamps_of(&granted);
        let makers = Arc::new(ExecMakers::default());
        let mut facts = Facts::new(Arc::clone(&makers));
        let mut questions = Vec::new();
        loop {
            match judge(&granted, &mut request, &facts) {
                Judgement::Ask(question) => {
                    questions.push(question.clone());
                    if let (Question::Exec(id), Assumed::Own) = (&question, assumed) {
                        makers.note(id, granted.label());
                    }
                    match question.place() {
                        Some(_) => facts.learn_place(question, Place::Plain),
                        None => {
                            let (status, body) = answer(&question, assumed, &labels);
                            facts.learn(question, status, body.as_bytes());
                        }
                    }
                }
                Judgement::Decided(decision) => {
                    let body = request.body().and_then(|body| String::from_utf8(body).ok());
                    return Ok(Tried {
                        decision,
                        needs,
                        questions,
                        target: request.target(),
                        body,
                    });
                }
            }
        }
    }
}

/// What a daemon would say of an object if the assumption held.
fn answer(question: &Question, assumed: Assumed, labels: &[(String, String)]) -> (u16, String) {
    use crate::Json;
    if assumed == Assumed::Absent {
        return (404, String::new());
    }
    let mut held = Json::Object(Vec::new());
    if assumed == Assumed::Own {
        for (key, value) in labels {
            held.set(key, Json::String(value.clone()));
        }
    }
    let labels = held.to_text();
    let named = |name: &str| Json::String(name.to_owned()).to_text();
    let body = match question {
        Question::Container(name) => {
            format!(
                r#"{{"Id":{0},"Name":{0},"Config":{{"Labels":{labels}}}}}"#,
                named(name)
            )
        }
        Question::Exec(id) => format!(r#"{{"ID":{0},"ContainerID":{0}}}"#, named(id)),
        Question::Network(name) => {
            format!(
                r#"{{"Id":{0},"Name":{0},"Driver":"bridge","Labels":{labels}}}"#,
                named(name)
            )
        }
        Question::Volume(name) => format!(r#"{{"Name":{},"Labels":{labels}}}"#, named(name)),
        Question::Image(name) => {
            format!(r#"{{"Id":{},"Config":{{"Labels":{labels}}}}}"#, named(name))
        }
        Question::Service(name) => {
            format!(
                r#"{{"ID":{0},"Spec":{{"Name":{0},"Labels":{labels}}}}}"#,
                named(name)
            )
        }
        Question::Place(_) => String::new(),
    };
    (200, body)
}

/// One line of a file of cases: what is asked, and what shall become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its line in the file.
    pub line: usize,
    /// What is asked.
    pub asked: Asked,
    /// Whose the objects are.
    pub objects: Assumed,
    /// `allow`, `warn`, `deny`, `hide`, or the code of a refusal.
    pub expect: String,
}

impl Case {
    /// Reads a file of cases.
    pub fn parse(text: &str) -> Result<Vec<Self>, PolicyError> {
        cases(text)
    }

    /// What became of it, and whether that is what was expected.
    pub fn attempt(&self, policy: &Policy) -> (bool, String) {
        match policy.attempt(&self.asked, self.objects) {
            Err(unclean) => {
                let told = format!("{}: {}", unclean.code, unclean.detail);
                let expected = self.expect == "deny" || self.expect == unclean.code;
                (expected, told)
            }
            Ok(tried) => {
                let word = tried.word();
                let code = tried
                    .decision
                    .refusal
                    .as_ref()
                    .map(|refusal| refusal.reason.code());
                let expected =
                    self.expect == word || code.is_some_and(|code| code.0 == self.expect);
                let told = match &tried.decision.refusal {
                    Some(refusal) => format!(
                        "{word}: may not {refusal} ({}, {})",
                        tried.decision.rule,
                        refusal.reason.code()
                    ),
                    None => format!("{word} ({})", tried.decision.rule),
                };
                (expected, told)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Asked, Assumed, Case};
    use crate::{Name, Policy};

    const POLICY: &str =
        "version = 1\n[[grants]]\nto = \"cn:alice\"\nrole = \"deployer\"\nimages = [\"alpine\"]\n";

    #[test]
    fn a_request_is_tried_under_each_assumption() {
        let policy = Policy::parse(POLICY).unwrap();
        let asked = |line: &str| Asked {
            caller: vec![Name::Cn("alice".to_owned())],
            line: line.to_owned(),
            body: String::new(),
        };
        for (line, words) in [
            ("GET /containers/web/json", ["allow", "hide", "hide"]),
            ("POST /exec/e1/start", ["allow", "hide", "hide"]),
            ("GET /nodes", ["deny", "deny", "deny"]),
            ("GET /_ping", ["allow", "allow", "allow"]),
        ] {
            let found: Vec<&str> = Assumed::ALL
                .iter()
                .map(|assumed| policy.attempt(&asked(line), *assumed).unwrap().word())
                .collect();
            assert_eq!(found, words, "{line}");
        }
        assert!(policy.attempt(&asked("GET //x"), Assumed::Own).is_err());
    }

    #[test]
    fn cases_say_what_is_expected() {
        let policy = Policy::parse(POLICY).unwrap();
        let cases = Case::parse(
            r#"
[[case]]
as = "cn:alice"
request = "POST /containers/create"
body = '{"Image":"alpine"}'
expect = "allow"

[[case]]
as = ["cn:alice", "ou:ops"]
request = "POST /containers/create"
body = '{"Image":"alpine","HostConfig":{"Privileged":true}}'
expect = "SL-A068"

[[case]]
as = "cn:alice"
request = "DELETE /containers/web"
objects = "others"
expect = "allow"
"#,
        )
        .unwrap();
        let passed: Vec<bool> = cases.iter().map(|case| case.attempt(&policy).0).collect();
        assert_eq!(passed, [true, true, false]);
        assert_eq!(cases[1].line, 8);
        assert_eq!(
            cases[2].attempt(&policy).1,
            "hide: may not reach container web (grant 1, SL-A063)"
        );
    }
}
