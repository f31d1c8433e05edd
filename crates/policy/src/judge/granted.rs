//! A policy as it is for one caller, compiled once per connection.

use crate::policy::{CallSet, Constraints, Grant, Mode, Policy, Role, Scope};
use crate::{Call, Caller, Learned};
use std::sync::Arc;

/// What one caller may do.
#[derive(Clone, Debug)]
pub struct Granted {
    pub(crate) mode: Mode,
    /// The one name of the caller, with which its objects are stamped.
    pub(crate) label: Arc<str>,
    pub(crate) grants: Vec<Arc<Grant>>,
    /// Calls that were taken away, and by which rule.
    pub(crate) denied: Vec<(Arc<str>, CallSet)>,
    /// Keys of labels that decide about scopes.
    pub(crate) keys: Arc<[String]>,
    /// Calls for which one look at this set is the whole judgement.
    pub(crate) free: CallSet,
    /// The rule of the free calls, by number of the call.
    pub(crate) free_rules: Vec<Option<Arc<str>>>,
    /// Where what is asked is noted, while the policy learns.
    pub(crate) learning: Option<(Arc<Learned>, Arc<Grant>)>,
}

impl Policy {
    /// What this caller may do.
    pub fn granted(&self, caller: &Caller) -> Granted {
        let means = |to: &[crate::policy::Whom]| to.iter().any(|whom| whom.means(caller));
        let grants: Vec<Arc<Grant>> = self
            .grants()
            .iter()
            .filter(|grant| means(&grant.to))
            .cloned()
            .collect();
        let mut denied: Vec<(Arc<str>, CallSet)> = self
            .denies()
            .iter()
            .filter(|deny| deny.to.iter().any(|whom| whom.may_mean(caller)))
            .map(|deny| (Arc::from(deny.rule.as_str()), deny.calls))
            .collect();
        for grant in grants.iter().filter(|grant| grant.role.refuses) {
            denied.push((Arc::from(grant.rule.as_str()), CallSet::all()));
        }
        let mut granted = Granted {
            mode: self.mode(),
            label: Arc::from(caller.label()),
            grants,
            denied,
            keys: self.keys(),
            free: CallSet::default(),
            free_rules: vec![None; Call::ALL.len()],
            learning: (self.mode() == Mode::Learn)
                .then(|| (Arc::clone(self.memory()), bare_grant())),
        };
        if granted.learning.is_none() {
            granted.settle_free();
        }
        granted
    }
}

/// The grant that what is asked is measured against while a policy learns: every call, the caller's own
/// objects, and nothing beyond.
fn bare_grant() -> Arc<Grant> {
    let constraints = Constraints {
        env_values: true,
        ..Constraints::default()
    };
    Arc::new(Grant {
        rule: "learn".to_owned(),
        line: 0,
        to: Vec::new(),
        role: Arc::new(Role {
            name: "learn".to_owned(),
            about: String::new(),
            refuses: false,
            calls: CallSet::all(),
            constraints: constraints.clone(),
            scope: Scope::Owner,
        }),
        scope: Scope::Owner,
        constraints,
    })
}

impl Granted {
    /// Whether anything at all was granted.
    pub fn is_empty(&self) -> bool {
        self.grants.is_empty()
    }

    /// The caller's one name.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// What becomes of refusals.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The rule that takes this call away.
    pub(crate) fn taken(&self, call: Call) -> Option<&Arc<str>> {
        let deny = self.denied.iter().find(|(_, calls)| calls.has(call))?;
        Some(&deny.0)
    }

    /// Works out which calls need no look at the request at all.
    fn settle_free(&mut self) {
        for call in Call::ALL.iter().copied() {
            if self.taken(call).is_some() {
                continue;
            }
            // The first grant that has the call decides; one that is free of conditions ends it.
            let first = self.grants.iter().find(|grant| grant.role.calls.has(call));
            if let Some(grant) = first.filter(|grant| super::is_free(grant, call)) {
                self.free.add(call);
                self.free_rules[call as usize] = Some(Arc::from(grant.rule.as_str()));
            }
        }
    }
}
