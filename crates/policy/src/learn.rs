//! The smallest policy that would have allowed what was seen.

mod state;

pub use state::BrokenState;

use crate::judge::{Amount, List, Need, Use, canonical_user};
use crate::policy::{Ports, Reference};
use crate::{Call, Policy};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

/// More callers than anybody learns from.
const MOST_CALLERS: usize = 1000;
/// More values of one key than anybody would read through.
const MOST_VALUES: usize = 1000;

/// What was seen while a policy learns.
#[derive(Debug, Default)]
pub struct Learned {
    held: Mutex<Held>,
}

#[derive(Clone, Debug, Default)]
struct Held {
    requests: u64,
    /// Of these, those that are not written down yet.
    unwritten: u64,
    /// It was written down, or taken up again, at least once.
    written: bool,
    /// One more with everything new.
    changes: u64,
    callers: BTreeMap<String, Seen>,
    /// Callers or values that had no room.
    dropped: u64,
}

/// What one caller needed.
#[derive(Clone, Debug, Default)]
struct Seen {
    calls: BTreeSet<&'static str>,
    lists: BTreeMap<Cow<'static, str>, BTreeSet<String>>,
    flags: BTreeSet<Cow<'static, str>>,
    /// Objects of others were reached.
    others: bool,
    /// Fields that only the unconfined may set.
    beyond: BTreeSet<String>,
}

impl Learned {
    /// How many things were new so far; whoever writes them down compares.
    pub fn changes(&self) -> u64 {
        self.with(|held| held.changes)
    }

    /// Goes on from what another policy has seen.
    pub(crate) fn take_over(&self, other: &Self) {
        let seen = other.with(|held| held.clone());
        self.with(|held| *held = seen);
    }

    fn with<T>(&self, look: impl FnOnce(&mut Held) -> T) -> T {
        look(&mut self.held.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes a call, and what it needed beyond it.
    pub(crate) fn note(&self, caller: &str, call: Call, needs: &[Need]) {
        self.with(|held| {
            held.requests += 1;
            held.unwritten += 1;
            if !held.callers.contains_key(caller) && held.callers.len() >= MOST_CALLERS {
                held.dropped += 1;
                return;
            }
            let seen = held.callers.entry(caller.to_owned()).or_default();
            let mut new = seen.calls.insert(call.name());
            for need in needs {
                match seen.note(need) {
                    Noted::New => new = true,
                    Noted::Known => {}
                    Noted::NoRoom => held.dropped += 1,
                }
            }
            held.changes += u64::from(new);
        });
    }

    /// The policy, in the language of policies.
    pub fn to_policy(&self) -> String {
        let held = self.with(|held| held.clone());
        let mut out = String::from("version = 1\nmode = \"enforce\"\n");
        let _ = writeln!(
            out,
            "\n# Learned from {} requests of {} callers. Read it before it is used: it allows what was asked,\n\
             # whether or not that was right.",
            held.requests,
            held.callers.len()
        );
        if held.dropped > 0 {
            let _ = writeln!(
                out,
                "# {} values had no room and are missing.",
                held.dropped
            );
        }
        let mut roles = String::new();
        for (number, (caller, seen)) in held.callers.iter().enumerate() {
            seen.write(&mut roles, caller, number + 1);
        }
        // Who reads only the head of it learns at least what is as good as root.
        if let Ok(policy) = Policy::parse(&format!("version = 1\n{roles}")) {
            for danger in policy.dangers() {
                let _ = writeln!(out, "# Beware: {danger}");
            }
        }
        out + &roles
    }
}

enum Noted {
    New,
    Known,
    NoRoom,
}

impl Seen {
    fn list(&mut self, key: &'static str, value: String) -> Noted {
        let values = self.lists.entry(Cow::Borrowed(key)).or_default();
        if values.len() >= MOST_VALUES && !values.contains(&value) {
            return Noted::NoRoom;
        }
        if values.insert(value) {
            Noted::New
        } else {
            Noted::Known
        }
    }

    fn flag(&mut self, key: &'static str) -> Noted {
        if self.flags.insert(Cow::Borrowed(key)) {
            Noted::New
        } else {
            Noted::Known
        }
    }

    fn others(&mut self) -> Noted {
        if std::mem::replace(&mut self.others, true) {
            Noted::Known
        } else {
            Noted::New
        }
    }

    fn note(&mut self, need: &Need) -> Noted {
        match need {
            Need::Container { .. } | Need::Exec { .. } | Need::Service { .. } => self.others(),
            Need::Network { name, .. } => self.list("networks", name.clone()),
            Need::Volume { name, .. } => self.list("volumes", name.clone()),
            Need::Image { name, how } => {
                let key = if *how == Use::Target {
                    "tags"
                } else {
                    "images"
                };
                match Reference::read(name) {
                    Some(reference) => self.list(key, pattern(&reference)),
                    None => Noted::Known,
                }
            }
            // Whoever pulls or pushes there may log in there.
            Need::Registry(_) => Noted::Known,
            Need::Pull(reference) => self.list("images", pattern(reference)),
            Need::Tag(reference) => self.list("tags", pattern(reference)),
            Need::Import => {
                if self.calls.insert(Call::ImageLoad.name()) {
                    Noted::New
                } else {
                    Noted::Known
                }
            }
            Need::Bind { path, write } => {
                let how = if *write { "" } else { ":ro" };
                self.list("binds", format!("{path}{how}"))
            }
            Need::Port { address, ports } => {
                let ports = match ports {
                    Ports::Ephemeral => "ephemeral".to_owned(),
                    Ports::Range(from, to) if from == to => from.to_string(),
                    Ports::Range(from, to) => format!("{from}-{to}"),
                };
                let text = match address {
                    Some(address) if address.is_ipv6() => format!("[{address}]:{ports}"),
                    Some(address) => format!("{address}:{ports}"),
                    None => ports,
                };
                self.list("ports", text)
            }
            Need::Word(List::User | List::ExecCommand | List::Restart, _) => Noted::Known,
            Need::Word(list, word) => self.list(list.key(), word.clone()),
            Need::ExecUser { user, .. } => self.list("exec-users", canonical_user(user)),
            Need::Flag(flag) => self.flag(flag.key()),
            Need::Amount(Amount::Memory | Amount::Cpus | Amount::Pids, _) | Need::Env(_) => {
                Noted::Known
            }
            Need::Subnet(subnet) => self.list("subnets", subnet.to_string()),
            Need::Label { .. } | Need::Unclear(_) => Noted::Known,
            Need::Beyond(what) => {
                if self
                    .beyond
                    .insert(what.chars().filter(|c| !c.is_control()).collect())
                {
                    Noted::New
                } else {
                    Noted::Known
                }
            }
        }
    }

    /// Something that a container of the caller's can do already.
    pub(crate) fn strong(&mut self) -> Noted {
        self.flag("strong-containers")
    }

    fn write(&self, out: &mut String, caller: &str, number: usize) {
        let _ = writeln!(out, "\n[roles.learned-{number}]");
        write_list(out, "verbs", self.calls.iter().copied());
        for (key, values) in &self.lists {
            write_list(out, key, values.iter().map(String::as_str));
        }
        for flag in &self.flags {
            let _ = writeln!(out, "{flag} = true");
        }
        if !self.beyond.is_empty() {
            let all: Vec<&str> = self.beyond.iter().map(String::as_str).collect();
            let _ = writeln!(out, "# Only the unconfined may set: {}", all.join(", "));
            let _ = writeln!(out, "unconfined = true");
        }
        let scope = if self.others { "all" } else { "owner=self" };
        let _ = writeln!(
            out,
            "\n[[grants]]\nto = {}\nrole = \"learned-{number}\"\nscope = \"{scope}\"",
            quoted(caller)
        );
    }
}

fn pattern(reference: &Reference) -> String {
    match (&reference.tag, &reference.digest) {
        (Some(tag), None) => format!("{}:{tag}", reference.name),
        _ => reference.name.clone(),
    }
}

fn write_list<'a>(out: &mut String, key: &str, values: impl Iterator<Item = &'a str>) {
    let values: Vec<String> = values.map(quoted).collect();
    let line = values.join(", ");
    if line.len() <= 90 {
        let _ = writeln!(out, "{key} = [{line}]");
    } else {
        let _ = writeln!(out, "{key} = [\n  {},\n]", values.join(",\n  "));
    }
}

fn quoted(text: &str) -> String {
    toml_edit::Value::from(text).to_string()
}

impl Policy {
    /// What was seen while it learns.
    pub fn learned(&self) -> &Learned {
        self.memory()
    }

    /// Goes on from what the policy before has seen, when both learn.
    pub fn go_on_learning(&self, before: &Self) {
        self.memory().take_over(before.memory());
    }
}

impl Learned {
    /// Notes that a caller asked for what no scope can hold: about everything at once.
    pub(crate) fn note_whole(&self, caller: &str) {
        self.with(|held| {
            if let Some(seen) = held.callers.get_mut(caller)
                && matches!(seen.others(), Noted::New)
            {
                held.changes += 1;
            }
        });
    }

    /// Notes that a container or volume was entered that can do more than its caller could ask for.
    pub(crate) fn note_strong(&self, caller: &str) {
        self.with(|held| {
            if let Some(seen) = held.callers.get_mut(caller)
                && matches!(seen.strong(), Noted::New)
            {
                held.changes += 1;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::Learned;
    use crate::judge::Need;
    use crate::{Call, Policy};

    #[test]
    fn the_memory_is_bounded_and_says_what_it_left_out() {
        let learned = Learned::default();
        for number in 0..1_200 {
            let need = Need::Bind {
                path: format!("/srv/{number}"),
                write: true,
            };
            learned.note("cn:alice", Call::ContainerCreate, &[need]);
        }
        let text = learned.to_policy();
        assert!(text.contains("# 200 values had no room"), "{text}");
        Policy::parse(&text).unwrap();
        assert_eq!(learned.changes(), 1_000);
    }

    #[test]
    fn odd_names_are_written_so_that_they_read_back() {
        let learned = Learned::default();
        learned.note("cn:al\"ice\\", Call::Ping, &[]);
        Policy::parse(&learned.to_policy()).unwrap();
    }
}
