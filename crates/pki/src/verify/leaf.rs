//! What a leaf itself must be, whoever issued it.

use super::{VerifyOptions, check_dates, check_form, check_key};
use crate::extensions::GeneralName;
use crate::refusal::{Place, Refusal, Which};
use crate::{Certificate, Purpose, Purposes, San, description, distinguished_name, oid};

/// Everything wrong with the leaf itself.
pub(super) fn leaf_refusals(leaf: &Certificate, options: &VerifyOptions<'_>) -> Vec<Refusal> {
    let who = || Which::new(Place::Leaf, leaf);
    let facts = leaf.facts();
    let mut found = Vec::new();
    if facts.version != 3 {
        found.push(Refusal::OldVersion {
            which: who(),
            presented: facts.version,
        });
    }
    found.extend(check_form(leaf, &who).err());
    found.extend(check_dates(leaf, options.at, &who).err());
    found.extend(check_key(leaf, &who).err());
    if leaf.is_ca() {
        found.push(Refusal::CaAsLeaf { which: who() });
    } else if let Some(presented) = facts
        .key_usage
        .filter(|usage| !usage.digital_signature() || usage.cert_sign())
    {
        found.push(Refusal::LeafKeyUsage {
            which: who(),
            presented,
        });
    }
    let (expected, purposes) = (options.purpose, leaf.purposes());
    if *purposes == Purposes::Unstated {
        found.push(Refusal::NoPurpose {
            which: who(),
            expected,
        });
    } else if !purposes.include(expected) {
        found.push(if purposes.lists_any() {
            Refusal::AnyPurpose {
                which: who(),
                expected,
            }
        } else {
            Refusal::WrongPurpose {
                which: who(),
                expected,
                presented: purposes.clone(),
            }
        });
    }
    found.extend(check_names(leaf, options, &who).err());
    found
}

fn check_names(
    leaf: &Certificate,
    options: &VerifyOptions<'_>,
    who: &dyn Fn() -> Which,
) -> Result<(), Refusal> {
    let facts = leaf.facts();
    // What cfssl makes of `"hosts": [""]`, its customary word for a client without names: it names nothing, and no
    // name of a client is compared with anything. Go takes it too.
    let nameless = |name: &GeneralName| {
        options.purpose == Purpose::Client && *name == GeneralName::Dns(String::new())
    };
    let unsound = facts.names.iter().find(|name| {
        matches!(name, GeneralName::Dns(_) | GeneralName::Ip(_))
            && name.san().is_none()
            && !nameless(name)
    });
    if let Some(name) = unsound {
        return Err(Refusal::UnsoundName {
            which: who(),
            name: description::show(name),
        });
    }
    let critical = || {
        facts
            .extensions
            .iter()
            .any(|one| one.oid == oid::SUBJECT_ALT_NAME && one.critical)
    };
    if distinguished_name::is_empty(leaf.subject_der()) && !critical() {
        return Err(Refusal::EmptySubject { which: who() });
    }
    let Some(expected) = &options.name else {
        return Ok(());
    };
    if leaf.sans().is_empty() {
        return Err(Refusal::NoNames {
            which: who(),
            expected: expected.clone(),
        });
    }
    let fits = leaf.sans().iter().any(|san| match (san, expected) {
        (San::Dns(presented), San::Dns(wanted)) => presented.covers(wanted),
        (presented, wanted) => presented == wanted,
    });
    if fits {
        return Ok(());
    }
    let count = leaf.sans().len();
    let mut presented: Vec<String> = leaf.sans().iter().take(10).map(San::to_string).collect();
    if count > presented.len() {
        presented.push(format!("and {} more", count - presented.len()));
    }
    Err(Refusal::WrongName {
        which: who(),
        expected: expected.clone(),
        presented: presented.join(", "),
    })
}
