//! F206: a key is there twice.

use crate::seen::ConfigState;
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F206",
    title: "a key stands twice in daemon.json",
    severity: Severity::Weak,
    stage: Stage::Start,
    source: "RFC 8259 §4 (names should be unique); Go encoding/json (the last one counts)",
    meaning: "dockerd takes the last of the two and says nothing about the other. Somebody who reads the file sees the first \
              one and believes it: tlsverify can stand there as true and be false. Tools that edit the file may change the one \
              that does not count.",
    remedy: "Leave the one that is right.",
    explains: &[],
    look,
};

/// Keys that decide who gets in.
const TELLING: [&str; 6] = [
    "hosts",
    "tls",
    "tlsverify",
    "tlscacert",
    "tlscert",
    "tlskey",
];

fn look(seen: &Seen) -> Vec<Spot> {
    let Some(host) = &seen.host else {
        return Vec::new();
    };
    let ConfigState::Broken(problem) = &host.config.state else {
        return Vec::new();
    };
    let Some(key) = &problem.duplicate else {
        return Vec::new();
    };
    let severity = if TELLING.contains(&key.as_str()) {
        Severity::Latent
    } else {
        Severity::Weak
    };
    let path = escape(&host.config.path.to_string_lossy());
    let cause = format!("`{}` is there twice; dockerd takes the last", escape(key));
    vec![Spot::new(format!("{path}:{}", problem.line), cause).severity(severity)]
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::seen::{ConfigProblem, ConfigState};
    use crate::testing::World;

    #[test]
    fn the_key_decides_how_bad_it_is() {
        assert_eq!(World::new().look(&CHECK), vec![]);
        for (key, expected) in [("debug", Severity::Weak), ("tlsverify", Severity::Latent)] {
            let mut world = World::new();
            world.host_mut().config.state = ConfigState::Broken(ConfigProblem {
                line: 4,
                column: 3,
                words: String::new(),
                duplicate: Some(key.into()),
            });
            assert_eq!(world.look(&CHECK)[0].severity, Some(expected), "{key}");
        }
    }
}
