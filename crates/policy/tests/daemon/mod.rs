//! A daemon made of a table, and a caller in front of it.
#![allow(dead_code, unreachable_pub)]

use sealock_policy::{
    Caller, Decision, ExecMakers, Facts, Incoming, Judgement, Name, Place, Policy, Question,
    Reading, Request, Verdict, judge,
};
use std::sync::Arc;

/// What the daemon has: objects of alice's, of bob's, and of nobody's.
pub(crate) fn answer(question: &Question) -> (u16, String) {
    let labels = |owner: &str, more: &str| format!(r#"{{"sealock.owner":"cn:{owner}"{more}}}"#);
    let container = |id: &str, name: &str, labels: &str, host: &str, mounts: &str| {
        let id = id.repeat(32);
        format!(
            r#"{{"Id":"{id}","Name":"/{name}","Config":{{"User":"app","Labels":{labels}}},"HostConfig":{{{host}}},"Mounts":[{mounts}]}}"#
        )
    };
    let socket = r#"{"Type":"bind","Source":"/var/run/docker.sock","RW":true}"#;
    let found = match question {
        Question::Container(name) => match name.as_str() {
            "mine" | "aaaaaaaaaaaa" => container("aa", "mine", &labels("alice", ""), "", ""),
            n if *n == "aa".repeat(32) => container("aa", "mine", &labels("alice", ""), "", ""),
            "theirs" => container("bb", "theirs", &labels("bob", ""), "", ""),
            n if *n == "bb".repeat(32) => container("bb", "theirs", &labels("bob", ""), "", ""),
            "blue" => container("cc", "blue", &labels("bob", r#","team":"blue""#), "", ""),
            "strong" => container(
                "dd",
                "strong",
                &labels("alice", ""),
                r#""Privileged":true"#,
                "",
            ),
            "socket" => container("ee", "socket", &labels("alice", ""), "", socket),
            "hostpid" => container(
                "ef",
                "hostpid",
                &labels("alice", ""),
                r#""PidMode":"host""#,
                "",
            ),
            _ => return (404, r#"{"message":"No such container"}"#.to_owned()),
        },
        Question::Exec(id) => {
            let exec = |container: &str, user: &str, privileged: bool| {
                format!(
                    r#"{{"ID":"{id}","ContainerID":"{}","ProcessConfig":{{"user":"{user}","privileged":{privileged},"entrypoint":"sh","arguments":[]}}}}"#,
                    container.repeat(32)
                )
            };
            match id.as_str() {
                "e-mine" => exec("aa", "app", false),
                "e-root" => exec("aa", "0", false),
                "e-privileged" => exec("aa", "app", true),
                "e-theirs" => exec("bb", "app", false),
                _ => return (404, String::new()),
            }
        }
        Question::Network(name) => {
            let network = |id: &str, name: &str, driver: &str, labels: &str| {
                format!(
                    r#"{{"Id":"{}","Name":"{name}","Driver":"{driver}","Labels":{labels}}}"#,
                    id.repeat(32)
                )
            };
            match name.as_str() {
                "net-mine" => network("1a", "net-mine", "bridge", &labels("alice", "")),
                "net-theirs" => network("1b", "net-theirs", "bridge", &labels("bob", "")),
                "front" => network("1c", "front", "bridge", "{}"),
                "1d1d1d1d1d1d" => network("1d", "host", "host", "{}"),
                "bridge" => network("1e", "bridge", "bridge", "{}"),
                _ => return (404, String::new()),
            }
        }
        Question::Volume(name) => {
            let volume = |labels: &str, options: &str| {
                format!(
                    r#"{{"Name":"{name}","Driver":"local","Labels":{labels},"Options":{options}}}"#
                )
            };
            match name.as_str() {
                "vol-mine" => volume(&labels("alice", ""), "null"),
                "vol-theirs" => volume(&labels("bob", ""), "null"),
                "vol-etc" => volume(
                    &labels("alice", ""),
                    r#"{"type":"none","o":"bind","device":"/etc"}"#,
                ),
                "shared" => volume("null", "null"),
                _ => return (404, String::new()),
            }
        }
        Question::Image(name) => {
            let image = |id: &str, tags: &str, labels: &str| {
                format!(
                    r#"{{"Id":"sha256:{}","RepoTags":[{tags}],"RepoDigests":[],"Config":{{"Labels":{labels}}}}}"#,
                    id.repeat(32)
                )
            };
            match name.as_str() {
                "app" | "cafe" => image("2a", r#""app:latest""#, &labels("alice", "")),
                "secret" | "deadbeef" => image("2b", r#""secret:latest""#, &labels("bob", "")),
                "feed" => image("2c", r#""r.example/blue/x:1""#, "null"),
                _ => return (404, String::new()),
            }
        }
        Question::Service(name) => match name.as_str() {
            "svc-mine" => format!(
                r#"{{"ID":"s1","Spec":{{"Name":"svc-mine","Labels":{}}}}}"#,
                labels("alice", "")
            ),
            "svc-theirs" => format!(
                r#"{{"ID":"s2","Spec":{{"Name":"svc-theirs","Labels":{}}}}}"#,
                labels("bob", "")
            ),
            _ => return (404, String::new()),
        },
        Question::Place(_) => return (500, String::new()),
    };
    (200, found)
}

/// What lies at a place of the host.
fn place(path: &str) -> Place {
    if path.contains("/link") {
        Place::Linked
    } else if path.contains("/dark") {
        Place::Unknown
    } else {
        Place::Plain
    }
}

/// A request and what became of it.
pub(crate) struct Outcome {
    pub(crate) decision: Decision,
    pub(crate) target: String,
    pub(crate) body: String,
    pub(crate) asked: usize,
}

impl Outcome {
    /// `allow`, the code of a refusal, or `hide`.
    pub(crate) fn word(&self) -> String {
        match (&self.decision.verdict, &self.decision.refusal) {
            (Verdict::Allow, None) => "allow".to_owned(),
            (Verdict::Allow, Some(refusal)) => format!("warn {}", refusal.reason.code()),
            (Verdict::Deny, Some(refusal)) => refusal.reason.code().to_string(),
            (Verdict::Hide(_), _) => "hide".to_owned(),
            (Verdict::Deny, None) => unreachable!("a denial says why"),
        }
    }
}

/// Alice in front of a policy.
pub(crate) struct Front {
    pub(crate) policy: Policy,
    pub(crate) makers: Arc<ExecMakers>,
}

impl Front {
    pub(crate) fn new(policy: &str) -> Self {
        let policy = Policy::parse(&format!("version = 1\n{policy}")).unwrap();
        Self {
            policy,
            makers: Arc::new(ExecMakers::default()),
        }
    }

    /// One grant for alice, with these lines in it.
    pub(crate) fn granting(lines: &str) -> Self {
        Self::new(&format!("[[grants]]\nto = \"cn:alice\"\n{lines}\n"))
    }

    pub(crate) fn ask(&self, line: &str, body: &str) -> Result<Outcome, String> {
        self.ask_as("alice", line, body)
    }

    /// `METHOD TARGET` and a body; an error when it cannot be read.
    pub(crate) fn ask_as(&self, who: &str, line: &str, body: &str) -> Result<Outcome, String> {
        let (method, target) = line.split_once(' ').unwrap();
        let incoming = Incoming {
            method: method.as_bytes(),
            target: target.as_bytes(),
            content_type: (!body.is_empty()).then_some(b"application/json".as_slice()),
            upgrade: None,
            has_body: !body.is_empty(),
        };
        let mut request = Request::read(&incoming, &Reading::default())
            .map_err(|unclean| format!("{}: {unclean}", unclean.code))?;
        request
            .set_body(body.as_bytes())
            .map_err(|unclean| format!("{}: {unclean}", unclean.code))?;
        let granted = self
            .policy
            .granted(&Caller::new(vec![Name::Cn(who.to_owned())]));
        let mut facts = Facts::new(Arc::clone(&self.makers));
        for asked in 0..200 {
            match judge(&granted, &mut request, &facts) {
                Judgement::Ask(question) => match question.place().map(place) {
                    Some(place) => facts.learn_place(question, place),
                    None => {
                        let (status, body) = answer(&question);
                        facts.learn(question, status, body.as_bytes());
                    }
                },
                Judgement::Decided(decision) => {
                    return Ok(Outcome {
                        decision,
                        target: request.target(),
                        body: request
                            .body()
                            .map(|body| String::from_utf8(body).unwrap())
                            .unwrap_or_default(),
                        asked,
                    });
                }
            }
        }
        panic!("{line} asks without end");
    }

    /// The word of what becomes of a request; `unclean` when it cannot be read.
    pub(crate) fn word(&self, line: &str, body: &str) -> String {
        match self.ask(line, body) {
            Ok(outcome) => outcome.word(),
            Err(_) => "unclean".to_owned(),
        }
    }

    /// Goes through a table of requests.
    #[track_caller]
    pub(crate) fn check(&self, rows: &[(&str, &str, &str)]) {
        let mut wrong = Vec::new();
        for (line, body, expected) in rows {
            let found = self.word(line, body);
            if found != *expected {
                let why = match self.ask(line, body) {
                    Ok(outcome) => outcome.decision.refusal.map(|refusal| refusal.detail),
                    Err(unclean) => Some(unclean),
                };
                wrong.push(format!(
                    "{line} {body}\n    is {found}, not {expected}: {why:?}"
                ));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
