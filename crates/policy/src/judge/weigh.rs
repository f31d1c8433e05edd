//! One grant against what a request needs.

use super::facts::{Answer, Facts, Found};
use super::granted::Granted;
use super::hazard::{self, Mounted};
use super::need::{Amount, Flag, List, Need, Use, shown};
use super::needs::PREDEFINED;
use super::question::Question;
use super::refusal::{Reason, Refusal};
use crate::policy::{
    Constraints, Grant, ImagePattern, OWNER, Pattern, RESERVED, Reference, Scope, any_fits,
    may_be_id,
};
use crate::{Call, Json};

/// Why a grant does not simply meet a need.
#[derive(Debug)]
pub(crate) enum Short {
    /// It depends on this.
    Ask(Question),
    /// It does not.
    Refused(Refusal),
    /// The object is outside the scope; the words are the daemon's.
    Hidden(Refusal, String),
}

/// A grant while it is weighed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scales<'a> {
    pub(crate) granted: &'a Granted,
    pub(crate) grant: &'a Grant,
    pub(crate) facts: &'a Facts,
    pub(crate) call: Call,
}

type Met = Result<(), Short>;

impl<'a> Scales<'a> {
    /// Weighs every need; the first that is not met ends it.
    pub(crate) fn weigh(&self, needs: &[Need]) -> Met {
        needs.iter().try_for_each(|need| self.meet(need))
    }

    fn constraints(&self) -> &'a Constraints {
        &self.grant.constraints
    }

    fn meet(&self, need: &Need) -> Met {
        let own = self.constraints();
        match need {
            Need::Container { name, how } => self.container(name, *how),
            Need::Exec { id, start } => self.exec(id, *start),
            Need::Network { name, how } => self.network(name, *how),
            Need::Volume { name, how } => self.volume(name, *how),
            Need::Image { name, how } => self.image(name, *how),
            Need::Service { name } => self.service(name),
            Need::Unclear(_) => refuse(Reason::Unclear, need),
            Need::Import if self.grant.role.calls.has(Call::ImageLoad) => Ok(()),
            Need::Import => refuse(Reason::NotGranted, need),
            _ if own.unconfined => Ok(()),
            Need::ExecUser { user, container } => self.exec_user(user, container, need),
            Need::Bind { path, write } => self.bind(path, *write),
            _ => self.plain(need),
        }
    }

    /// Needs that the constraints alone decide.
    fn plain(&self, need: &Need) -> Met {
        let own = self.constraints();
        let (met, reason) = match need {
            Need::Pull(reference) => (own.images.iter().any(|p| p.fits(reference)), Reason::Image),
            Need::Registry(host) => (
                own.images
                    .iter()
                    .chain(&own.tags)
                    .any(|p| p.may_be_of(host)),
                Reason::Image,
            ),
            Need::Tag(reference) => (own.tags.iter().any(|p| p.fits(reference)), Reason::Tag),
            Need::Port { address, ports } => (
                own.ports.iter().any(|rule| rule.covers(*address, *ports)),
                Reason::Port,
            ),
            Need::Word(list, word) => self.word(*list, word),
            Need::Env(name) => {
                // By another PATH the name of a program means another program.
                let renames = self.call == Call::ExecCreate
                    && name == "PATH"
                    && !own
                        .exec_commands
                        .as_ref()
                        .is_none_or(|list| list.iter().any(Pattern::is_any));
                (!renames && !any_fits(&own.env_deny, name), Reason::Process)
            }
            Need::Flag(flag) => match flag {
                Flag::Privileged => (own.privileged, Reason::Capability),
                Flag::ExecPrivileged => (own.exec_privileged, Reason::Process),
                Flag::RawBuild => (own.raw_builds, Reason::Build),
                Flag::RemoteBuild => (own.remote_builds, Reason::Build),
            },
            Need::Amount(amount, size) => {
                let most = match amount {
                    Amount::Memory => own.memory,
                    Amount::Cpus => own.cpus,
                    Amount::Pids => own.pids,
                };
                let met = most.is_none_or(|most| size.is_some_and(|size| size <= most));
                (met, Reason::Limit)
            }
            Need::Subnet(subnet) => (
                own.subnets.iter().any(|own| own.covers(subnet)),
                Reason::Network,
            ),
            Need::Label { key, .. } => (!self.is_foreign(key), Reason::Label),
            Need::Beyond(_) => (false, Reason::Field),
            _ => (false, Reason::Unclear),
        };
        if met { Ok(()) } else { refuse(reason, need) }
    }

    fn word(&self, list: List, word: &str) -> (bool, Reason) {
        let own = self.constraints();
        let on = |patterns: &[Pattern]| any_fits(patterns, word);
        let unless_none = |list: &Option<Vec<Pattern>>| list.as_deref().is_none_or(on);
        match list {
            List::Capability => (on(&own.capabilities), Reason::Capability),
            List::Device => (on(&own.devices), Reason::Device),
            List::Namespace => (on(&own.namespaces), Reason::Namespace),
            List::SecurityOption => (on(&own.security_options), Reason::Field),
            List::Sysctl => (on(&own.sysctls), Reason::Field),
            List::Ulimit => (on(&own.ulimits), Reason::Limit),
            List::Runtime => (on(&own.runtimes), Reason::Field),
            List::LogDriver => (on(&own.log_drivers), Reason::Field),
            List::VolumeDriver => (on(&own.volume_drivers), Reason::Volume),
            List::NetworkDriver => (on(&own.network_drivers), Reason::Network),
            List::Group => (on(&own.groups), Reason::Process),
            List::User => {
                let user = canonical_user(word);
                let met = own
                    .users
                    .as_ref()
                    .is_none_or(|users| any_fits(users, &user));
                (met, Reason::Process)
            }
            List::ExecCommand => {
                // A path that climbs leaves every folder that a pattern names.
                let climbs = word.split('/').any(|part| part == "..");
                let fits = |pattern: &Pattern| pattern.is_any() || (!climbs && pattern.fits(word));
                let list = own.exec_commands.as_deref();
                let met = list.is_none_or(|list| list.iter().any(fits));
                (met, Reason::Process)
            }
            List::Restart => (unless_none(&own.restarts), Reason::Field),
        }
    }

    /// Whether a label's key decides about somebody's scope, and is not one that is stamped anyway.
    fn is_foreign(&self, key: &str) -> bool {
        let decides =
            key.starts_with(RESERVED) || self.granted.keys.iter().any(|known| known == key);
        decides && !self.stamps().iter().any(|(own, _)| own == key)
    }

    /// The labels that everything new gets, whatever was asked for.
    pub(crate) fn stamps(&self) -> Vec<(String, String)> {
        let mut stamps = vec![(OWNER.to_owned(), self.granted.label.to_string())];
        match &self.grant.scope {
            Scope::All if self.constraints().unconfined => stamps.clear(),
            Scope::Label { key, value } => stamps.push((key.clone(), value.clone())),
            Scope::All | Scope::Owner => {}
        }
        stamps
    }

    fn is_scoped(&self) -> bool {
        self.grant.scope != Scope::All
    }

    /// Whether an object belongs to what the grant is about.
    pub(crate) fn holds(&self, found: &Found) -> bool {
        in_scope(&self.grant.scope, &self.granted.label, &found.labels)
    }

    /// Whether the caller made the object, or it belongs to the label that the grant is about. Who made it
    /// is told by a stamp that nobody confined can forge.
    fn is_own(&self, found: &Found) -> bool {
        let made = found.object.owner.as_deref() == Some(&*self.granted.label);
        made || (self.is_scoped() && self.holds(found))
    }

    /// The answer to a question; asks it when it has none, or when too many were asked already.
    fn known(&self, question: Question) -> Result<&'a Answer, Short> {
        /// A request that names more objects than this is no honest one.
        const MOST: usize = 64;
        match self.facts.answer(&question) {
            Some(answer) => Ok(answer),
            None if self.facts.asked() >= MOST => Err(Short::Refused(Refusal::new(
                Reason::TooMany,
                format!("name more than {MOST} objects in one request"),
            ))),
            None => Err(Short::Ask(question)),
        }
    }

    /// The object that is asked for, when it exists and is in scope.
    fn found(&self, question: Question) -> Result<&'a Found, Short> {
        let hidden = || hidden(&question);
        match self.known(question.clone())? {
            Answer::Absent => Err(hidden()),
            Answer::Found(found) if self.holds(found) => Ok(found),
            Answer::Found(_) => Err(hidden()),
            Answer::Unknown | Answer::Place(_) => Err(unanswered(&question)),
        }
    }

    /// Whether the object that is needed does not exist.
    pub(crate) fn is_absent(&self, need: &Need) -> bool {
        question_of(need)
            .and_then(|question| self.facts.answer(&question))
            .is_some_and(|answer| matches!(answer, Answer::Absent))
    }

    /// The same need in the words of a policy: names instead of IDs, and the user that it comes down to.
    pub(crate) fn told(&self, need: Need) -> Need {
        let question = question_of(&need);
        let found = match question.and_then(|question| self.facts.answer(&question)) {
            Some(Answer::Found(found)) => found,
            _ => return need,
        };
        match need {
            Need::Network { how, .. } => network(&found.object.name, how),
            Need::Image { name, how } if may_be_id(&name) => {
                let tags = found.json.get("RepoTags").and_then(Json::as_array);
                let first = tags.and_then(|tags| tags.first()).and_then(Json::as_str);
                image(first.unwrap_or(&name), how)
            }
            Need::ExecUser { user, container } if user.is_empty() => Need::ExecUser {
                user: found
                    .json
                    .at(&["Config", "User"])
                    .and_then(Json::as_str)
                    .unwrap_or_default()
                    .to_owned(),
                container,
            },
            other => other,
        }
    }

    fn container(&self, name: &str, how: Use) -> Met {
        let own = self.constraints();
        let enters = matches!(how, Use::Enter | Use::Mount);
        let enters = enters && !own.unconfined && !own.strong_containers;
        if !self.is_scoped() && !enters {
            return Ok(());
        }
        let found = self.found(Question::Container(name.to_owned()))?;
        if !enters {
            return Ok(());
        }
        // What is mounted once more is judged as if it were asked for; what is entered, by what it reaches.
        let which = match how {
            Use::Mount => Mounted::All,
            _ => Mounted::Strong,
        };
        for need in hazard::of_container(&found.json, which) {
            self.hazard(&need, name)?;
        }
        for volume in hazard::volumes(&found.json) {
            if any_fits(&own.volumes, volume) {
                continue;
            }
            let question = Question::Volume(volume.to_owned());
            match self.known(question.clone())? {
                Answer::Absent => {}
                Answer::Unknown | Answer::Place(_) => return Err(unanswered(&question)),
                Answer::Found(found) => {
                    for need in hazard::of_volume(&found.json, which) {
                        self.hazard(&need, name)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// What an object can already do counts as if it were asked for now.
    fn hazard(&self, need: &Need, name: &str) -> Met {
        match self.meet(need) {
            Err(Short::Refused(refusal)) if refusal.reason != Reason::Unanswered => {
                Err(Short::Refused(Refusal::new(
                    Reason::Strong,
                    format!("enter {}, which can {}", shown(name), refusal.detail),
                )))
            }
            other => other,
        }
    }

    fn exec(&self, id: &str, start: bool) -> Met {
        let own = self.constraints();
        if !self.is_scoped() && own.unconfined {
            return Ok(());
        }
        let question = Question::Exec(id.to_owned());
        let found = match self.known(question.clone())? {
            Answer::Found(found) => found,
            Answer::Absent => return Err(hidden(&question)),
            Answer::Unknown | Answer::Place(_) => return Err(unanswered(&question)),
        };
        let how = if start { Use::Enter } else { Use::Target };
        // A command is its container's: who may not know of that may not know of this.
        self.container(&found.object.name, how)
            .map_err(|short| match short {
                Short::Hidden(refusal, _) => {
                    let Short::Hidden(_, words) = hidden(&question) else {
                        return Short::Refused(refusal);
                    };
                    Short::Hidden(refusal, words)
                }
                other => other,
            })?;
        if !start {
            return Ok(());
        }
        // Its environment is not told, so only what was judged when it was made may be started.
        if !self
            .facts
            .makers()
            .made(&found.object.id, &self.granted.label)
        {
            return Err(Short::Refused(Refusal::new(
                Reason::ForeignExec,
                format!("start the command {}, which it did not prepare", shown(id)),
            )));
        }
        let process = found.json.get("ProcessConfig");
        let text = |key: &str| {
            process
                .and_then(|process| process.get(key))
                .and_then(Json::as_str)
                .unwrap_or_default()
        };
        let privileged = process
            .and_then(|process| process.get("privileged"))
            .and_then(Json::as_bool)
            .unwrap_or_default();
        if privileged {
            self.meet(&Need::Flag(Flag::ExecPrivileged))?;
        }
        self.meet(&Need::Word(
            List::ExecCommand,
            text("entrypoint").to_owned(),
        ))?;
        self.meet(&Need::ExecUser {
            user: text("user").to_owned(),
            container: found.object.name.clone(),
        })
    }

    /// A command without a user runs as the container's.
    fn exec_user(&self, user: &str, container: &str, need: &Need) -> Met {
        let own = self.constraints();
        if own.exec_users.iter().any(|pattern| pattern.is_any()) {
            return Ok(());
        }
        let user = if user.is_empty() {
            let question = Question::Container(container.to_owned());
            match self.known(question.clone())? {
                Answer::Found(found) => {
                    let user = found.json.at(&["Config", "User"]).and_then(Json::as_str);
                    user.unwrap_or_default().to_owned()
                }
                Answer::Absent => return Err(hidden(&question)),
                Answer::Unknown | Answer::Place(_) => return Err(unanswered(&question)),
            }
        } else {
            user.to_owned()
        };
        if any_fits(&own.exec_users, &canonical_user(&user)) {
            return Ok(());
        }
        if user.is_empty() {
            return refuse(Reason::Process, need);
        }
        refuse(
            Reason::Process,
            &Need::ExecUser {
                user,
                container: container.to_owned(),
            },
        )
    }

    fn network(&self, name: &str, how: Use) -> Met {
        let own = self.constraints();
        if how == Use::Join && PREDEFINED.contains(&name) {
            let met = own.unconfined || any_fits(&own.networks, name);
            return if met {
                Ok(())
            } else {
                refuse(Reason::Network, &network(name, how))
            };
        }
        if !self.is_scoped() && (own.unconfined || how != Use::Join) {
            return Ok(());
        }
        let question = Question::Network(name.to_owned());
        let found = match self.known(question.clone())? {
            Answer::Found(found) => found,
            Answer::Absent => return Err(hidden(&question)),
            Answer::Unknown | Answer::Place(_) => return Err(unanswered(&question)),
        };
        let driver = found
            .json
            .get("Driver")
            .and_then(Json::as_str)
            .unwrap_or_default();
        if driver == "host" && how == Use::Join {
            return self.meet(&Need::Word(List::Namespace, "network:host".to_owned()));
        }
        let shared = any_fits(&own.networks, &found.object.name);
        let own_one = self.is_own(found);
        // A shared network is joined, left and looked at; it is removed by whoever it belongs to.
        let met = own_one
            || (shared && self.call != Call::NetworkDelete)
            || (!self.is_scoped() && own.networks.iter().any(|pattern| pattern.is_any()));
        match met {
            true => Ok(()),
            false if self.is_scoped() && !shared => Err(hidden(&question)),
            false => refuse(Reason::Network, &network(name, how)),
        }
    }

    fn volume(&self, name: &str, how: Use) -> Met {
        let own = self.constraints();
        if !self.is_scoped() && (own.unconfined || how != Use::Join) {
            return Ok(());
        }
        let shared = any_fits(&own.volumes, name);
        if shared && how == Use::Join {
            return Ok(());
        }
        let question = Question::Volume(name.to_owned());
        match self.known(question.clone())? {
            // It will be made, with this caller's stamp on it.
            Answer::Absent if how == Use::Join || how == Use::Create => Ok(()),
            Answer::Absent => Err(hidden(&question)),
            Answer::Unknown | Answer::Place(_) => Err(unanswered(&question)),
            Answer::Found(found) if self.holds(found) => {
                if how == Use::Join && !own.unconfined {
                    for need in hazard::of_volume(&found.json, Mounted::All) {
                        self.hazard(&need, name)?;
                    }
                }
                Ok(())
            }
            Answer::Found(_) if shared && self.call == Call::VolumeInspect => Ok(()),
            Answer::Found(_) if how == Use::Target && !shared => Err(hidden(&question)),
            Answer::Found(_) => refuse(
                Reason::Volume,
                &Need::Volume {
                    name: name.to_owned(),
                    how,
                },
            ),
        }
    }

    fn image(&self, name: &str, how: Use) -> Met {
        let own = self.constraints();
        if !self.is_scoped() && own.unconfined {
            return Ok(());
        }
        let patterns: &[ImagePattern] = match how {
            // Whoever may give names may take them back.
            Use::Target => &own.tags,
            _ => &own.images,
        };
        if how != Use::Target && patterns.iter().any(ImagePattern::is_any) {
            return Ok(());
        }
        let fits = |name: &str| {
            Reference::read(name)
                .is_some_and(|reference| patterns.iter().any(|p| p.fits(&reference)))
        };
        let by_id = may_be_id(name);
        if !by_id && fits(name) {
            return Ok(());
        }
        let question = Question::Image(name.to_owned());
        let found = match self.known(question.clone())? {
            Answer::Found(found) => found,
            Answer::Absent => return Err(hidden(&question)),
            Answer::Unknown | Answer::Place(_) => return Err(unanswered(&question)),
        };
        if self.is_own(found) {
            return Ok(());
        }
        let null = Json::Null;
        let named = |key: &str| {
            let items = found
                .json
                .get(key)
                .unwrap_or(&null)
                .as_array()
                .unwrap_or_default();
            items.iter().filter_map(Json::as_str).collect::<Vec<_>>()
        };
        let tags = named("RepoTags");
        let met = match how {
            // By its ID an image goes with every name it has.
            Use::Target => !tags.is_empty() && tags.iter().all(|tag| fits(tag)),
            _ => tags
                .iter()
                .chain(&named("RepoDigests"))
                .any(|name| fits(name)),
        };
        // What may be used is no secret, though it may not be changed.
        let seen = how == Use::Target
            && Reference::read(name)
                .is_some_and(|reference| own.images.iter().any(|p| p.fits(&reference)));
        match met {
            true => Ok(()),
            false if seen => refuse(Reason::Tag, &image(name, how)),
            false
                if self.is_scoped()
                    && matches!(self.call, Call::ContainerCreate | Call::ServiceCreate) =>
            {
                refuse(Reason::Image, &image(name, how))
            }
            false if self.is_scoped() => Err(hidden(&question)),
            false => refuse(Reason::Image, &image(name, how)),
        }
    }

    fn service(&self, name: &str) -> Met {
        if self.is_scoped() {
            self.found(Question::Service(name.to_owned()))?;
        }
        Ok(())
    }

    fn bind(&self, path: &str, write: bool) -> Met {
        let need = Need::Bind {
            path: path.to_owned(),
            write,
        };
        let rules = &self.constraints().binds;
        if rules
            .iter()
            .any(|rule| rule.path == path && rule.covers(path, write))
        {
            return Ok(());
        }
        if !rules.iter().any(|rule| rule.covers(path, write)) {
            return refuse(Reason::Bind, &need);
        }
        // Below a place that somebody writes to, a symbolic link leads anywhere; only the host knows.
        let question = Question::Place(path.to_owned());
        match self.known(question)? {
            Answer::Place(super::Place::Plain | super::Place::Absent) => Ok(()),
            Answer::Place(super::Place::Linked) => Err(Short::Refused(Refusal::new(
                Reason::Bind,
                format!("mount {}, which a symbolic link leads to", shown(path)),
            ))),
            _ => Err(Short::Refused(Refusal::new(
                Reason::Unanswered,
                format!("mount {}, which cannot be looked at", shown(path)),
            ))),
        }
    }
}

/// The question about the object of a need.
fn question_of(need: &Need) -> Option<Question> {
    Some(match need {
        Need::Container { name, .. } => Question::Container(name.clone()),
        Need::ExecUser { container, .. } => Question::Container(container.clone()),
        Need::Exec { id, .. } => Question::Exec(id.clone()),
        Need::Network { name, .. } => Question::Network(name.clone()),
        Need::Volume { name, .. } => Question::Volume(name.clone()),
        Need::Image { name, .. } => Question::Image(name.clone()),
        Need::Service { name } => Question::Service(name.clone()),
        _ => return None,
    })
}

/// Whether labels are those of a scope.
pub(crate) fn in_scope(scope: &Scope, caller: &str, labels: &[(String, String)]) -> bool {
    let has = |key: &str, value: &str| labels.iter().any(|(k, v)| k == key && v == value);
    match scope {
        Scope::All => true,
        Scope::Owner => has(OWNER, caller),
        Scope::Label { key, value } => has(key, value),
    }
}

/// `root` for every spelling of it that can be told without the container's own list of users.
pub(crate) fn canonical_user(user: &str) -> String {
    let (name, group) = user.split_once(':').unwrap_or((user, ""));
    let zero = !name.is_empty() && name.bytes().all(|byte| byte == b'0');
    let name = if name.is_empty() || zero {
        "root"
    } else {
        name
    };
    match group {
        "" => name.to_owned(),
        group => format!("{name}:{group}"),
    }
}

fn network(name: &str, how: Use) -> Need {
    Need::Network {
        name: name.to_owned(),
        how,
    }
}

fn image(name: &str, how: Use) -> Need {
    Need::Image {
        name: name.to_owned(),
        how,
    }
}

fn refuse(reason: Reason, need: &Need) -> Met {
    Err(Short::Refused(Refusal::new(reason, need.to_string())))
}

fn unanswered(question: &Question) -> Short {
    Short::Refused(Refusal::new(
        Reason::Unanswered,
        format!(
            "go on: the daemon does not say what {} it is",
            question.kind()
        ),
    ))
}

/// The same words whether it is absent or outside the scope: nobody learns which.
pub(crate) fn hidden(question: &Question) -> Short {
    let (what, words) = match question {
        Question::Container(name) => (name, format!("No such container: {name}")),
        Question::Exec(id) => (id, format!("No such exec instance: {id}")),
        Question::Network(name) => (name, format!("network {name} not found")),
        Question::Volume(name) => (name, format!("get {name}: no such volume")),
        Question::Image(name) => {
            let last = name.rsplit('/').next().unwrap_or_default();
            let tag = if last.contains([':', '@']) {
                ""
            } else {
                ":latest"
            };
            (name, format!("No such image: {name}{tag}"))
        }
        Question::Service(name) => (name, format!("service {name} not found")),
        Question::Place(path) => (path, "no such place".to_owned()),
    };
    let detail = format!("reach {} {}", question.kind(), shown(what));
    Short::Hidden(Refusal::new(Reason::Hidden, detail), words)
}
