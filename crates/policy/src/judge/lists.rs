//! Lists, events and prunes, held to a scope by filters.

use super::granted::Granted;
use super::weigh::in_scope;
use crate::answer::{AnswerRule, Keep, Whole};
use crate::policy::{Grant, ImagePattern, OWNER, Pattern, Scope};
use crate::{Call, Request};
use std::sync::Arc;

/// The label by which a scope is told; `None` when it is everything.
pub(crate) fn label_of(scope: &Scope, caller: &str) -> Option<(String, String)> {
    match scope {
        Scope::All => None,
        Scope::Owner => Some((OWNER.to_owned(), caller.to_owned())),
        Scope::Label { key, value } => Some((key.clone(), value.clone())),
    }
}

/// Filters a list to everything that any of these grants is about. None of them is about everything.
pub(crate) fn filter(
    granted: &Granted,
    grants: &[&Arc<Grant>],
    request: &mut Request,
) -> AnswerRule {
    let call = request.call();
    let mut keep = Keep::default();
    for grant in grants {
        let label = label_of(&grant.scope, &granted.label);
        if let Some(label) = label.filter(|label| !keep.labels.contains(label)) {
            keep.labels.push(label);
        }
        let own = &grant.constraints;
        match call {
            Call::ImageList | Call::DiskUsage => keep.images.extend(own.images.iter().cloned()),
            Call::NetworkList | Call::NetworkListSlash => {
                keep.names.extend(own.networks.iter().cloned())
            }
            Call::VolumeList => keep.names.extend(own.volumes.iter().cloned()),
            _ => {}
        }
    }
    let whole_images = call == Call::ImageList && keep.images.iter().any(ImagePattern::is_any);
    let whole_names = keep.names.iter().any(Pattern::is_any) && call == Call::VolumeList;
    if whole_images || whole_names {
        return AnswerRule::Pass;
    }
    // The daemon can hold a list to one label; to one of several it cannot. Swarm takes the last of several values of
    // one key, and lists cluster volumes whatever the filter says.
    let alone = keep.images.is_empty() && keep.names.is_empty() && call != Call::DiskUsage;
    let exact = matches!(call, Call::ContainerList | Call::ImageList);
    if let ([(key, value)], true, Some(filters)) =
        (keep.labels.as_slice(), alone, request.filters_mut())
    {
        filters.add("label", &format!("{key}={value}"));
        if exact {
            return AnswerRule::Pass;
        }
    }
    if call == Call::Events {
        return AnswerRule::Events(keep);
    }
    AnswerRule::Whole(Whole {
        keep: Some(keep),
        ..Whole::default()
    })
}

/// Holds a prune to what this grant is about.
pub(crate) fn hold_prune(granted: &Granted, grant: &Grant, request: &mut Request) {
    if let Some((key, value)) = label_of(&grant.scope, &granted.label)
        && let Some(filters) = request.filters_mut()
    {
        filters.add("label", &format!("{key}={value}"));
    }
}

/// Whether one of the caller's other grants lets it look at the object that this one hides.
pub(crate) fn is_seen(granted: &Granted, call: Call, labels: Option<&[(String, String)]>) -> bool {
    let inspect = match call {
        Call::NetworkConnect
        | Call::NetworkDisconnect
        | Call::NetworkDelete
        | Call::NetworkInspect => Call::NetworkInspect,
        Call::VolumeDelete | Call::VolumeInspect => Call::VolumeInspect,
        Call::ImageDelete | Call::ImageTag | Call::ImageInspect | Call::ImageSaveOne => {
            Call::ImageInspect
        }
        Call::ServiceUpdate | Call::ServiceDelete | Call::ServiceInspect => Call::ServiceInspect,
        _ => Call::ContainerInspect,
    };
    granted
        .grants
        .iter()
        .filter(|grant| grant.role.calls.has(inspect))
        .any(|grant| match labels {
            Some(labels) => in_scope(&grant.scope, &granted.label, labels),
            None => grant.scope == Scope::All,
        })
}
