//! A policy as it is shown, and what should be said about it.

use super::constraints::Constraints;
use super::role::{CallSet, Role, Scope};
use super::{Policy, file};
use crate::judge::{Reach, asks_registry, is_free, is_strong, reach};
use crate::{Call, Mode, Route, Verb};
use std::sync::Arc;

/// One role as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleView {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub about: String,
    /// Whether it is shipped.
    pub shipped: bool,
    /// Verbs it has whole, then single calls.
    pub may: Vec<String>,
    /// Which objects it is about unless a grant says otherwise.
    pub scope: String,
}

/// One grant as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantView {
    /// Its name.
    pub rule: String,
    /// Its line.
    pub line: usize,
    /// Whom it is for.
    pub to: Vec<String>,
    /// Which role it gives.
    pub role: String,
    /// Which objects it is about.
    pub scope: String,
}

/// Something about a policy that is no error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The line; `None` when it is about the whole policy.
    pub line: Option<usize>,
    /// What there is to say.
    pub text: String,
}

/// What a role makes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// It does not have it.
    No,
    /// It has it, whatever the request says.
    Yes,
    /// What the request says is judged.
    Judged,
    /// It has it for the objects of its scope.
    Own,
}

impl Cell {
    /// One short word.
    pub fn name(self) -> &'static str {
        match self {
            Self::No => "-",
            Self::Yes => "yes",
            Self::Judged => "judged",
            Self::Own => "own",
        }
    }
}

impl Policy {
    /// Every role, the shipped ones first.
    pub fn roles(&self) -> Vec<RoleView> {
        let shipped = file::shipped().unwrap_or_default();
        let mut views: Vec<RoleView> = self
            .rules
            .roles
            .values()
            .map(|role| view(role, shipped.contains_key(&role.name)))
            .collect();
        views.sort_by_key(|view| !view.shipped);
        views
    }

    /// Every grant.
    pub fn grant_views(&self) -> Vec<GrantView> {
        self.rules
            .grants
            .iter()
            .map(|grant| GrantView {
                rule: grant.rule.clone(),
                line: grant.line,
                to: grant.to.iter().map(ToString::to_string).collect(),
                role: grant.role.name.clone(),
                scope: grant.scope.to_string(),
            })
            .collect()
    }

    /// What a role makes of a call; `None` when there is no such role.
    pub fn cell(&self, role: &str, call: Call) -> Option<Cell> {
        let role = self.rules.roles.get(role)?;
        let grant = super::Grant {
            rule: String::new(),
            line: 0,
            to: Vec::new(),
            role: Arc::clone(role),
            scope: role.scope.clone(),
            constraints: role.constraints.clone(),
        };
        let scoped = grant.scope != Scope::All;
        Some(
            if role.refuses || !role.calls.has(call) || (scoped && reach(call) == Reach::Everything)
            {
                Cell::No
            } else if is_free(&grant, call) || (role.constraints.unconfined && !scoped) {
                Cell::Yes
            } else if scoped && reach(call) != Reach::Nothing {
                Cell::Own
            } else if matches!(call, Call::Grpc) && !role.constraints.raw_builds {
                Cell::No
            } else if reach(call) == Reach::Nothing && !asks_registry(call) {
                Cell::Yes
            } else {
                Cell::Judged
            },
        )
    }

    /// What its grants give that is as good as root, for whoever did not write them.
    pub(crate) fn dangers(&self) -> Vec<String> {
        let told = |grant: &Arc<super::Grant>| {
            let texts = match grant.constraints.unconfined {
                true => vec!["unconfined is root on the host".to_owned()],
                false => risks(grant),
            };
            let rule = grant.rule.clone();
            texts.into_iter().map(move |text| format!("{rule}: {text}"))
        };
        self.rules.grants.iter().flat_map(told).collect()
    }

    /// What is allowed and should perhaps not be, and what can never take effect.
    pub fn remarks(&self) -> Vec<Remark> {
        let mut remarks = Vec::new();
        let mut say = |line: Option<usize>, text: String| remarks.push(Remark { line, text });
        match self.mode() {
            Mode::Enforce => {}
            Mode::Warn => say(None, "mode = \"warn\": nothing is refused, only written down".to_owned()),
            Mode::Learn => say(
                None,
                "mode = \"learn\": everybody who is let in may do everything that no denial takes away".to_owned(),
            ),
        }
        if self.rules.grants.is_empty() && self.mode() == Mode::Enforce {
            say(None, "there is no grant: nobody may do anything".to_owned());
        }
        for grant in &self.rules.grants {
            let own = &grant.constraints;
            let line = Some(grant.line);
            let rule = &grant.rule;
            if grant.to.is_empty() {
                say(line, format!("{rule} is for nobody"));
            }
            if grant
                .to
                .iter()
                .any(|whom| matches!(whom, super::Whom::Anyone))
                && own.unconfined
            {
                say(
                    line,
                    format!("{rule} makes everybody root who has a certificate"),
                );
            }
            if own.unconfined {
                continue;
            }
            for text in risks(grant) {
                say(line, format!("{rule}: {text}"));
            }
            for text in gaps(&grant.role.calls, own) {
                say(line, format!("{rule}: {text}"));
            }
        }
        for deny in &self.rules.denies {
            if deny.to.is_empty() || deny.calls == CallSet::default() {
                say(None, format!("{} takes nothing from anybody", deny.rule));
            }
        }
        remarks
    }
}

fn view(role: &Role, shipped: bool) -> RoleView {
    let mut may = Vec::new();
    let mut left = role.calls;
    for verb in Verb::ALL {
        let all = CallSet::of(*verb);
        let whole = Call::ALL
            .iter()
            .all(|call| !all.has(*call) || role.calls.has(*call));
        if whole && all != CallSet::default() {
            may.push(verb.name().to_owned());
            left.part(&all);
        }
    }
    for call in Call::ALL.iter().filter(|call| left.has(**call)) {
        may.push(call.name().to_owned());
    }
    RoleView {
        name: role.name.clone(),
        about: role.about.clone(),
        shipped,
        may,
        scope: role.scope.to_string(),
    }
}

/// Calls that no constraint holds, and what whoever has them can do.
const WHOLE: &[(&[Call], &str)] = &[
    (
        &[
            Call::PluginPull,
            Call::PluginCreate,
            Call::PluginUpgrade,
            Call::PluginSet,
            Call::PluginEnable,
        ],
        "a plugin is root on the host",
    ),
    (
        &[
            Call::SwarmInspect,
            Call::SwarmUnlockKey,
            Call::SwarmInit,
            Call::SwarmJoin,
            Call::SwarmUpdate,
            Call::SwarmUnlock,
            Call::NodeUpdate,
        ],
        "whoever has a swarm's tokens, or makes a manager, is root on its hosts",
    ),
    (
        &[Call::ImageLoad],
        "whoever brings in an archive can put any image under any name",
    ),
    (
        &[Call::DebugNamed, Call::DebugTrace, Call::DebugProfile],
        "the inside of the daemon's process may hold anything",
    ),
];

/// What gives more than it seems to.
fn risks(grant: &super::Grant) -> Vec<String> {
    let own = &grant.constraints;
    let mut risks = Vec::new();
    for (calls, what) in WHOLE {
        // A scope takes them away.
        if grant.scope == Scope::All
            && let Some(call) = calls.iter().find(|call| grant.role.calls.has(**call))
        {
            risks.push(format!("{call}: {what}"));
        }
    }
    for rule in &own.binds {
        let text = rule.text();
        if is_strong(&rule.path, rule.write) {
            risks.push(format!("the bind {text} is root on the host"));
        } else if rule.below && rule.write {
            risks.push(format!(
                "whoever writes below {text} can lay a symbolic link there; links are refused when a container is made, \
                 but one laid in that very moment is not seen"
            ));
        }
    }
    for (on, key) in [
        (own.privileged, "privileged"),
        (own.exec_privileged, "exec-privileged"),
        (own.strong_containers, "strong-containers"),
    ] {
        if on {
            risks.push(format!("{key} is root on the host"));
        }
    }
    const CAPABILITIES: &[&str] = &[
        "SYS_ADMIN",
        "SYS_MODULE",
        "SYS_RAWIO",
        "SYS_PTRACE",
        "DAC_READ_SEARCH",
        "BPF",
        "ALL",
    ];
    const OPTIONS: &[&str] = &["systempaths=unconfined", "seccomp=unconfined"];
    for (patterns, words, key) in [
        (&own.capabilities, CAPABILITIES, "capabilities"),
        (&own.namespaces, &["pid:host"], "namespaces"),
        (&own.devices, &["/dev/sda", "/dev/mem"], "devices"),
        (&own.security_options, OPTIONS, "security-options"),
        (&own.runtimes, &["any"], "runtimes"),
    ] {
        if let Some(word) = words.iter().find(|word| super::any_fits(patterns, word)) {
            risks.push(format!(
                "{key} allows {word}, which is as good as root on the host"
            ));
        }
    }
    if own.raw_builds {
        risks.push("raw-builds: names, labels and networks of builds are not held".to_owned());
    }
    risks
}

/// What was granted and cannot be used, because a list is empty.
fn gaps(calls: &CallSet, own: &Constraints) -> Vec<String> {
    let mut gaps = Vec::new();
    if calls.has(Call::ContainerCreate) && own.images.is_empty() {
        gaps.push(
            "images is empty, so containers can be made of the caller's own images only".to_owned(),
        );
    }
    if calls.has(Call::ExecCreate) && own.exec_users.is_empty() {
        gaps.push("exec-users is empty, so no command can be run".to_owned());
    }
    if (calls.has(Call::ImagePush) || calls.has(Call::ImageTag)) && own.tags.is_empty() {
        gaps.push("tags is empty, so no image can be named or pushed".to_owned());
    }
    gaps
}

/// Every call with one of its routes, in the order of the daemon's table.
pub fn calls() -> impl Iterator<Item = &'static Route> {
    let mut seen = CallSet::default();
    Route::all().filter(move |route| {
        let new = !seen.has(route.call);
        seen.add(route.call);
        new
    })
}

#[cfg(test)]
mod tests {
    use super::{Cell, calls};
    use crate::{Call, Policy};

    #[test]
    fn every_call_is_shown_once() {
        assert_eq!(calls().count(), Call::ALL.len());
    }

    #[test]
    fn remarks_name_what_gives_more_than_it_seems() {
        let policy = Policy::parse(
            "version = 1\nmode = \"warn\"\n[[denies]]\nto = \"cn:b\"\nverbs = []\n[[grants]]\nto = []\nrole = \"deployer\"\nbinds = [\"/*\", \"/srv/*\", \"/run/docker.sock\", \"/srv/a\", \"/etc/hosts:ro\"]\n\
             capabilities = [\"*\"]\n[[grants]]\nto = \"*\"\nrole = \"admin\"\n[[grants]]\nto = \"cn:a\"\nrole = \"debugger\"\n",
        )
        .unwrap();
        let texts: Vec<String> = policy
            .remarks()
            .into_iter()
            .map(|remark| format!("{}: {}", remark.line.unwrap_or_default(), remark.text))
            .collect();
        insta::assert_snapshot!(texts.join("\n"));
        let quiet = "version = 1\n[[grants]]\nto = \"cn:a\"\nrole = \"observer\"\n";
        assert_eq!(Policy::parse(quiet).unwrap().remarks(), []);
    }

    #[test]
    fn a_cell_says_what_a_role_makes_of_a_call() {
        let policy = Policy::parse("version = 1\n").unwrap();
        for (role, call, cell) in [
            ("none", Call::Ping, Cell::No),
            ("observer", Call::Ping, Cell::Yes),
            ("observer", Call::ContainerLogs, Cell::No),
            ("operator", Call::ContainerLogs, Cell::Yes),
            ("deployer", Call::ContainerCreate, Cell::Own),
            ("ci-builder", Call::Grpc, Cell::No),
            ("admin", Call::DebugVars, Cell::Yes),
        ] {
            assert_eq!(policy.cell(role, call), Some(cell), "{role} {call}");
        }
        assert_eq!(policy.cell("nobody", Call::Ping), None);
    }
}
