//! What was learned as it is written down, so that it outlives the process, and two that learn at once lose nothing.

use super::{Held, Learned, MOST_CALLERS, MOST_VALUES, Seen};
use crate::Call;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

const VERSION: u32 = 1;

/// Text that holds nothing learned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not what was learned: {problem}")]
pub struct BrokenState {
    problem: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    requests: u64,
    dropped: u64,
    #[serde(default)]
    callers: BTreeMap<String, WrittenCaller>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenCaller {
    calls: BTreeSet<String>,
    flags: BTreeSet<String>,
    beyond: BTreeSet<String>,
    others: bool,
    #[serde(default)]
    lists: BTreeMap<String, BTreeSet<String>>,
}

impl Learned {
    /// Takes in what is written down already, and gives all of it to be written down anew. `there` is what lies there;
    /// when nothing does any more, somebody wants to begin anew, and what is remembered is forgotten.
    ///
    /// # Errors
    /// `there` is something else; what is remembered stays as it is.
    pub fn write_down(&self, there: Option<&str>) -> Result<String, BrokenState> {
        let before = there.map(read).transpose()?;
        self.with(|held| {
            match before {
                Some(before) => held.join(before),
                None if held.written => *held = Held::default(),
                None => {}
            }
            held.written = true;
            held.unwritten = 0;
            write(held)
        })
    }
}

fn read(text: &str) -> Result<Written, BrokenState> {
    let broken = |problem: String| BrokenState { problem };
    let written: Written =
        toml_edit::de::from_str(text).map_err(|error| broken(error.message().to_owned()))?;
    if written.version != VERSION {
        return Err(broken(format!("its version is {}", written.version)));
    }
    let is_key = |key: &String| {
        key.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
    };
    for seen in written.callers.values() {
        if let Some(call) = seen.calls.iter().find(|call| Call::named(call).is_none()) {
            return Err(broken(format!("there is no call {}", call.escape_debug())));
        }
        if let Some(key) = seen
            .lists
            .keys()
            .chain(&seen.flags)
            .find(|key| !is_key(key))
        {
            return Err(broken(format!("there is no key {}", key.escape_debug())));
        }
    }
    Ok(written)
}

fn write(held: &Held) -> Result<String, BrokenState> {
    let owned =
        |words: &BTreeSet<Cow<'static, str>>| words.iter().map(ToString::to_string).collect();
    let callers = held.callers.iter().map(|(caller, seen)| {
        let written = WrittenCaller {
            calls: seen.calls.iter().map(ToString::to_string).collect(),
            flags: owned(&seen.flags),
            beyond: seen.beyond.clone(),
            others: seen.others,
            lists: seen
                .lists
                .iter()
                .map(|(key, values)| (key.to_string(), values.clone()))
                .collect(),
        };
        (caller.clone(), written)
    });
    let written = Written {
        version: VERSION,
        requests: held.requests,
        dropped: held.dropped,
        callers: callers.collect(),
    };
    toml_edit::ser::to_string(&written).map_err(|error| BrokenState {
        problem: error.to_string(),
    })
}

impl Held {
    fn join(&mut self, before: Written) {
        self.requests = before.requests.saturating_add(self.unwritten);
        self.dropped = self.dropped.max(before.dropped);
        for (caller, seen) in before.callers {
            if !self.callers.contains_key(&caller) && self.callers.len() >= MOST_CALLERS {
                self.dropped += 1;
                continue;
            }
            self.dropped += self.callers.entry(caller).or_default().join(seen);
        }
    }
}

impl Seen {
    /// Gives how many values had no room.
    fn join(&mut self, before: WrittenCaller) -> u64 {
        let mut dropped = 0;
        let calls = before.calls.iter().filter_map(|call| Call::named(call));
        self.calls.extend(calls.map(Call::name));
        self.flags.extend(before.flags.into_iter().map(Cow::Owned));
        self.beyond.extend(before.beyond);
        self.others |= before.others;
        for (key, values) in before.lists {
            let held = self.lists.entry(Cow::Owned(key)).or_default();
            for value in values {
                if held.len() >= MOST_VALUES && !held.contains(&value) {
                    dropped += 1;
                } else {
                    held.insert(value);
                }
            }
        }
        dropped
    }
}

#[cfg(test)]
mod tests {
    use super::Learned;
    use crate::Call;
    use crate::judge::Need;

    fn bind(path: &str) -> Need {
        Need::Bind {
            path: path.to_owned(),
            write: true,
        }
    }

    #[test]
    fn what_two_have_seen_is_one_whoever_writes_last() {
        let (old, new) = (Learned::default(), Learned::default());
        old.note(
            "cn:al\"ice\\",
            Call::ContainerCreate,
            &[bind("/srv/a"), Need::Beyond("x".into())],
        );
        old.note_strong("cn:al\"ice\\");
        let first = old.write_down(None).unwrap();
        let second = new.write_down(Some(&first)).unwrap();
        assert_eq!(first, second);
        assert_eq!(new.to_policy(), old.to_policy());
        // Both go on, as at a hand-over.
        old.note("cn:bob", Call::Ping, &[]);
        new.note("cn:al\"ice\\", Call::ContainerCreate, &[bind("/srv/b")]);
        let third = new.write_down(Some(&second)).unwrap();
        let fourth = old.write_down(Some(&third)).unwrap();
        let last = new.write_down(Some(&fourth)).unwrap();
        assert_eq!(last, fourth);
        let text = new.to_policy();
        assert_eq!(text, old.to_policy());
        for words in [
            "3 requests of 2 callers",
            "/srv/a",
            "/srv/b",
            "cn:bob",
            "strong-containers",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
    }

    #[test]
    fn what_somebody_has_deleted_is_forgotten() {
        let learned = Learned::default();
        learned.note("cn:alice", Call::Ping, &[]);
        let text = learned.write_down(None).unwrap();
        assert!(text.contains("cn:alice"), "nothing was there yet: {text}");
        let text = learned.write_down(None).unwrap();
        assert!(!text.contains("cn:alice"), "{text}");
    }

    #[test]
    fn what_is_no_state_changes_nothing() {
        let learned = Learned::default();
        learned.note("cn:alice", Call::Ping, &[]);
        let before = learned.to_policy();
        for text in [
            "",
            "x",
            "version = 2\nrequests = 1\ndropped = 0\n",
            "version = 1\nrequests = 1\ndropped = 0\nmore = 1\n",
            "version = 1\nrequests = 1\ndropped = 0\n[callers.a]\ncalls = [\"no.such\"]\nflags = []\nbeyond = []\nothers = false\n",
            "version = 1\nrequests = 1\ndropped = 0\n[callers.a]\ncalls = []\nflags = [\"a = 1\\n\"]\nbeyond = []\nothers = false\n",
        ] {
            assert!(learned.write_down(Some(text)).is_err(), "{text}");
        }
        assert_eq!(learned.to_policy(), before);
    }
}
