//! F201: `daemon.json` does not read.

use super::at_start;
use crate::convert::Conversion;
use crate::seen::{ConfigState, Host};
use crate::{Check, Mend, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F201",
    title: "daemon.json cannot be read",
    severity: Severity::Latent,
    stage: Stage::Start,
    source: "Docker documentation, dockerd: daemon configuration file; moby daemon/config/config.go \
              (getConflictFreeConfiguration); RFC 8259",
    meaning: "dockerd reads this file when it starts, and ends when it cannot. A daemon that runs goes on with what it read \
              before, so the break shows at the next restart, perhaps at the next boot, when nobody remembers the edit. The \
              file is strict JSON: no comments, no trailing comma, no text around the outer braces.",
    remedy: "Mend the place that is named, then test before restarting (dockerd 23 and later):\n  dockerd --validate --config-file /etc/docker/daemon.json",
    explains: super::STOPPED,
    look,
};

const MARK: &[u8] = b"\xef\xbb\xbf";

fn look(seen: &Seen) -> Vec<Spot> {
    let hosts = seen.host.iter();
    hosts
        .filter_map(|host| problem(host).map(|spot| at_start(host, spot)))
        .collect()
}

fn problem(host: &Host) -> Option<Spot> {
    let path = escape(&host.config.path.to_string_lossy());
    let bytes = host.config.bytes.as_slice();
    let strict = host
        .version
        .as_ref()
        .is_some_and(|version| version.major < 23);
    if strict && bytes.starts_with(MARK) {
        let cause = "a byte order mark stands before the text, which dockerd before 23 does not skip: \
                     invalid character 'ï' looking for beginning of value";
        return Some(Spot::new(format!("{path}:1:1"), cause).mend(Mend::Convert {
            path: host.config.path.clone(),
            how: Conversion::PlainText,
        }));
    }
    match &host.config.state {
        ConfigState::Absent => None,
        ConfigState::Sound if strict && bytes.iter().all(u8::is_ascii_whitespace) => Some(
            Spot::new(
                path.clone(),
                "the file is empty, which dockerd before 23 refuses: EOF",
            )
            .help(format!("echo '{{}}' > {path}")),
        ),
        ConfigState::Sound => None,
        ConfigState::Unreadable(why) => Some(Spot::new(path, escape(why))),
        // What is there twice, or of a wrong type, is told by checks of its own. dockerd 23 and later
        // reads UTF-16 behind its mark.
        ConfigState::Broken(problem)
            if problem.duplicate.is_some()
                || problem.words.contains("into Go struct field")
                || (!strict
                    && (bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff"))) =>
        {
            None
        }
        ConfigState::Broken(problem) => Some(Spot::new(
            format!("{path}:{}:{}", problem.line, problem.column),
            problem.words.clone(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::seen::{ConfigProblem, ConfigState, Daemon};
    use crate::testing::World;

    fn broken(words: &str) -> World {
        let mut world = World::new();
        world.host_mut().config.state = ConfigState::Broken(ConfigProblem {
            line: 3,
            column: 5,
            words: words.to_owned(),
            duplicate: None,
        });
        world
    }

    #[test]
    fn latent_while_on_and_down_when_off() {
        assert_eq!(World::new().look(&CHECK), vec![]);
        let mut world = broken("unexpected end of JSON input");
        let spots = world.look(&CHECK);
        assert_eq!(spots[0].place, "/etc/docker/daemon.json:3:5");
        assert_eq!(spots[0].severity, Some(Severity::Latent));
        world.host_mut().daemon = Daemon::Off {
            why: "it ended".into(),
        };
        assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::Down));
        assert_eq!(world.codes(), ["SL-F201"]);
    }

    #[test]
    fn old_versions_are_stricter() {
        for (bytes, major, expected) in [
            (b"\xef\xbb\xbf{}".as_slice(), 20, 1),
            (b"\xef\xbb\xbf{}", 28, 0),
            (b" \n", 20, 1),
            (b" \n", 28, 0),
        ] {
            let mut world = World::new();
            let host = world.host_mut();
            host.config.bytes = bytes.to_vec();
            host.version.as_mut().unwrap().major = major;
            assert_eq!(world.look(&CHECK).len(), expected, "{bytes:?} {major}");
        }
    }

    #[test]
    fn wrong_types_have_a_check_of_their_own() {
        let world =
            broken("json: cannot unmarshal string into Go struct field Config.tls of type bool");
        assert_eq!(world.look(&CHECK), vec![]);
    }
}
