//! The judgement: a request against what was granted to its caller.

mod calls;
mod catalogue;
mod decision;
mod facts;
mod granted;
mod hazard;
mod lists;
mod makers;
mod need;
mod needs;
mod question;
mod refusal;
mod rewrite;
mod weigh;

use crate::answer::{AnswerRule, Whole};
use crate::policy::{Grant, Mode, Scope};
use crate::{Call, Learned, Request};
use calls::{is_unscopable, names_its_container, shows_env};
use facts::Answer;
use std::sync::Arc;
use weigh::{Scales, Short};

pub use catalogue::CATALOGUE;
pub use decision::{Decision, Judgement, Verdict};
pub use facts::{Facts, Object, Place};
pub use granted::Granted;
pub use makers::ExecMakers;
pub use question::Question;
pub use refusal::{Reason, Refusal};

pub(crate) use calls::{Reach, asks_registry, is_free, reach};
pub(crate) use hazard::is_strong;
pub(crate) use need::{Amount, List, Need, Use};
pub(crate) use needs::of as needs_of;
pub(crate) use weigh::canonical_user;

/// Judges a request. Where it is allowed, the request is changed to what was judged: full IDs, stamps,
/// filters. Until it is decided, the request stays as it is.
pub fn judge(granted: &Granted, request: &mut Request, facts: &Facts) -> Judgement {
    let call = request.call();
    if granted.free.has(call)
        && let Some(rule) = granted
            .free_rules
            .get(call as usize)
            .and_then(Option::as_ref)
    {
        return Judgement::Decided(Decision::allow(request, rule, AnswerRule::Pass));
    }
    if let Some((learned, bare)) = &granted.learning
        && granted.taken(call).is_none()
    {
        let scales = Scales {
            granted,
            grant: bare,
            facts,
            call,
        };
        return learn(learned, &scales, request);
    }
    match weigh_all(granted, request, facts) {
        Ok(decision) => Judgement::Decided(decision),
        Err(Stop::Ask(question)) => Judgement::Ask(question),
        Err(Stop::Refused(refusal, words, rule)) => {
            let verdict = match (granted.mode, words) {
                (Mode::Warn, _) => Verdict::Allow,
                // Whoever learns what is needed still keeps what was taken away by name.
                (Mode::Enforce | Mode::Learn, Some(words)) => Verdict::Hide(words),
                (Mode::Enforce | Mode::Learn, None) => Verdict::Deny,
            };
            Judgement::Decided(Decision::refuse(request, verdict, refusal, rule))
        }
    }
}

/// Allows everything, and notes what a grant would have to say to allow it.
fn learn(learned: &Learned, scales: &Scales<'_>, request: &mut Request) -> Judgement {
    let mut lacking = Vec::new();
    let mut strong = false;
    for need in needs::of(request) {
        match scales.weigh(std::slice::from_ref(&need)) {
            // The call alone does not say that it brings in an archive.
            Ok(()) if need == Need::Import => lacking.push(need),
            Ok(()) => {}
            Err(Short::Ask(question)) => return Judgement::Ask(question),
            // How it was made was noted when it was made.
            Err(Short::Refused(_)) if matches!(need, Need::Exec { .. }) => {}
            Err(Short::Refused(refusal)) => match refusal.reason {
                Reason::Strong => strong = true,
                // Nothing that a policy could say would have helped.
                Reason::ForeignExec | Reason::Unanswered | Reason::TooMany => {}
                _ => lacking.push(scales.told(need)),
            },
            // What is not there is needed by nobody.
            Err(Short::Hidden(..)) if scales.is_absent(&need) => {}
            Err(Short::Hidden(..)) => lacking.push(scales.told(need)),
        }
    }
    if let Some(question) = witness(request, scales.facts) {
        return Judgement::Ask(question);
    }
    let caller = &scales.granted.label;
    learned.note(caller, scales.call, &lacking);
    if strong {
        learned.note_strong(caller);
    }
    if is_unscopable(request) {
        learned.note_whole(caller);
    }
    let answer = answer_of(scales, request);
    rewrite::rewrite(scales, request);
    Judgement::Decided(Decision::allow(request, &Arc::from("learn"), answer))
}

/// Why the weighing ended without a permission.
enum Stop {
    Ask(Question),
    /// The refusal, the daemon's words when the object is hidden, and the rule.
    Refused(Refusal, Option<String>, Arc<str>),
}

fn weigh_all(granted: &Granted, request: &mut Request, facts: &Facts) -> Result<Decision, Stop> {
    let call = request.call();
    let nobody = || Arc::from("none");
    let bare = |reason, rule| {
        let refusal = Refusal::new(reason, format!("{} ({call})", request.verb()));
        Stop::Refused(refusal, None, rule)
    };
    if let Some(rule) = granted.taken(call) {
        return Err(bare(Reason::Denied, Arc::clone(rule)));
    }
    if granted.is_empty() {
        return Err(bare(Reason::NoGrant, nobody()));
    }
    let grants: Vec<&Arc<Grant>> = granted
        .grants
        .iter()
        .filter(|grant| grant.role.calls.has(call))
        .collect();
    let Some(first) = grants.first() else {
        return Err(bare(Reason::NotGranted, nobody()));
    };
    if reach(call) == Reach::List {
        let whole = grants.iter().find(|grant| grant.scope == Scope::All);
        let rule: Arc<str> = Arc::from(whole.unwrap_or(first).rule.as_str());
        let mut answer = match whole {
            Some(_) => AnswerRule::Pass,
            None => lists::filter(granted, &grants, request),
        };
        // Shown are the values that any of the grants shows.
        let shown = grants.iter().any(|grant| shows_values(grant));
        if shows_env(call) && !shown {
            answer = answer.scrubbed();
        }
        return Ok(Decision::allow(request, &rule, answer));
    }
    let needs = needs::of(request);
    let mut refused: Option<Stop> = None;
    for grant in grants {
        let rule: Arc<str> = Arc::from(grant.rule.as_str());
        let scales = Scales {
            granted,
            grant,
            facts,
            call,
        };
        let met = if grant.scope != Scope::All && is_unscopable(request) {
            Err(Short::Refused(Refusal::new(
                Reason::Unscopable,
                format!(
                    "{} ({call}), which cannot be held to {}",
                    request.verb(),
                    grant.scope
                ),
            )))
        } else {
            scales.weigh(&needs)
        };
        match met {
            Ok(()) => {
                if let Some(question) = witness(request, facts) {
                    return Err(Stop::Ask(question));
                }
                if reach(call) == Reach::Prune {
                    lists::hold_prune(granted, grant, request);
                }
                let answer = answer_of(&scales, request);
                rewrite::rewrite(&scales, request);
                return Ok(Decision::allow(request, &rule, answer));
            }
            Err(Short::Ask(question)) => return Err(Stop::Ask(question)),
            Err(Short::Refused(refusal)) => {
                let hidden_before = matches!(refused, None | Some(Stop::Refused(_, Some(_), _)));
                if hidden_before {
                    refused = Some(Stop::Refused(refusal, None, rule));
                }
            }
            Err(Short::Hidden(refusal, words)) => {
                // A 404 to a create means to clients that the image is missing, and they pull it.
                let is_image = words.starts_with("No such image");
                let words = (call != Call::ContainerCreate || is_image).then_some(words);
                refused.get_or_insert(Stop::Refused(refusal, words, rule));
            }
        }
    }
    Err(match refused {
        Some(Stop::Refused(refusal, Some(words), rule)) => {
            // What another grant lets the caller see is no secret; the words would be a lie.
            let seen = lists::is_seen(granted, call, facts.labels());
            Stop::Refused(refusal, (!seen).then_some(words), rule)
        }
        Some(other) => other,
        None => bare(Reason::NotGranted, nobody()),
    })
}

/// The labels of everything that any of a caller's grants would count as its own.
pub(crate) fn stamps_of(granted: &Granted) -> Vec<(String, String)> {
    let mut labels = vec![(crate::OWNER.to_owned(), granted.label.to_string())];
    for grant in &granted.grants {
        labels.extend(lists::label_of(&grant.scope, &granted.label));
    }
    labels
}

fn shows_values(grant: &Grant) -> bool {
    grant.constraints.unconfined || grant.constraints.env_values
}

/// What is done to the answer of a request that this grant allows.
fn answer_of(scales: &Scales<'_>, request: &Request) -> AnswerRule {
    let call = request.call();
    let grant = scales.grant;
    let mut whole = Whole::default();
    if shows_env(call) && !shows_values(grant) {
        whole.scrub = true;
    }
    if call == Call::ExecCreate && !(grant.scope == Scope::All && grant.constraints.unconfined) {
        whole.remember = Some(scales.granted.label.to_string());
    }
    if call == Call::NetworkInspect && grant.scope != Scope::All {
        let question = Question::Network(request.name().unwrap_or_default().to_owned());
        whole.alone = match scales.facts.answer(&question) {
            Some(Answer::Found(found)) => !scales.holds(found),
            _ => true,
        };
    }
    match whole == Whole::default() {
        true => AnswerRule::Pass,
        false => AnswerRule::Whole(whole),
    }
}

/// What the audit wants to know of a container before it is changed, whatever the judgement needs.
fn witness(request: &Request, facts: &Facts) -> Option<Question> {
    let call = request.call();
    if !names_its_container(call) {
        return None;
    }
    let name = request.name().filter(|name| question::is_askable(name))?;
    let first = match call {
        Call::ExecStart => Question::Exec(name.to_owned()),
        _ => Question::Container(name.to_owned()),
    };
    match facts.answer(&first) {
        None => Some(first),
        Some(Answer::Found(found)) if call == Call::ExecStart => {
            let second = Question::Container(found.object.name.clone());
            facts.answer(&second).is_none().then_some(second)
        }
        Some(_) => None,
    }
}
