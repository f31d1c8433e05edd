//! F204: a value of a wrong type.

use super::at_start;
use crate::mode;
use crate::seen::ConfigState;
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F204",
    title: "a key of daemon.json has a value of the wrong type",
    severity: Severity::Latent,
    stage: Stage::Start,
    source: "moby daemon/config/config.go (Config, json tags); Go encoding/json, UnmarshalTypeError",
    meaning: "dockerd expects each value in its own form: true without quotes, a list in brackets even for one host, numbers \
              of log-opts in quotes. It ends when the form is another one. The file is good JSON, so editors and checkers of \
              JSON find nothing.",
    remedy: "Write true and false without quotes, lists as [\"…\"], and every value of log-opts in quotes.",
    explains: super::STOPPED,
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let Some(host) = &seen.host else {
        return Vec::new();
    };
    let path = escape(&host.config.path.to_string_lossy());
    let (place, words) = match &host.config.state {
        ConfigState::Broken(problem) if problem.words.contains("into Go struct field") => (
            format!("{path}:{}:{}", problem.line, problem.column),
            Some(problem.words.clone()),
        ),
        _ => (path, None),
    };
    let mut causes: Vec<String> = mode::members(host)
        .iter()
        .flat_map(|json| json.iter())
        .filter_map(|(key, value)| mode::shape_problem(key, value))
        .collect();
    if let Some(words) = words.filter(|_| causes.is_empty()) {
        causes.push(words);
    }
    causes
        .into_iter()
        .map(|cause| at_start(host, Spot::new(place.clone(), escape(&cause))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::World;
    use serde_json::json;

    #[test]
    fn quotes_in_the_wrong_places() {
        for (key, value, expected) in [
            ("debug", json!("true"), 1),
            ("debug", json!(true), 0),
            ("hosts", json!("fd://"), 1),
            ("log-opts", json!({"max-size": "10m"}), 0),
            ("log-opts", json!({"max-file": 3}), 1),
        ] {
            let mut world = World::new();
            world.host_mut().config.keys.insert(key.into(), value);
            assert_eq!(world.look(&CHECK).len(), expected, "{key}");
        }
    }
}
