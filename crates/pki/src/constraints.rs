//! Name constraints (RFC 5280 §4.2.1.10): which names a CA may certify. In doubt, none.

use crate::description::show;
use crate::extensions::{GeneralName, NameConstraints, address};
use crate::{Certificate, DnsName, distinguished_name};

/// Why constraints keep a certificate out.
pub(crate) enum Violation {
    /// This name (ready to print) is outside.
    Name(String),
    /// A constraint of this kind cannot be judged.
    Unsupported(String),
    /// More comparisons than the budget holds.
    TooMuchWork,
}

/// Compares every name of a certificate, in its subject too, with the constraints; each comparison
/// costs one of `budget`.
pub(crate) fn check(
    constraints: &NameConstraints,
    below: &Certificate,
    budget: &mut usize,
) -> Result<(), Violation> {
    for base in constraints.permitted.iter().chain(&constraints.excluded) {
        if !is_lawful(base) {
            return Err(Violation::Unsupported(show(base)));
        }
    }
    for name in &below.facts().names {
        check_name(constraints, name, budget)?;
    }
    let subject = below.subject_der();
    if !distinguished_name::is_empty(subject) {
        check_name(
            constraints,
            &GeneralName::Directory(subject.to_vec()),
            budget,
        )?;
    }
    for email in distinguished_name::email_addresses(subject) {
        check_name(constraints, &GeneralName::Email(email), budget)?;
    }
    Ok(())
}

fn check_name(
    constraints: &NameConstraints,
    name: &GeneralName,
    budget: &mut usize,
) -> Result<(), Violation> {
    let same_kind =
        |base: &&GeneralName| std::mem::discriminant(*base) == std::mem::discriminant(name);
    let cost = constraints.permitted.len() + constraints.excluded.len();
    *budget = budget.checked_sub(cost).ok_or(Violation::TooMuchWork)?;
    let mut permitted = constraints.permitted.iter().filter(same_kind).peekable();
    let outside = || Violation::Name(show(name));
    if permitted.peek().is_some() && !permitted.any(|base| is_within(name, base, Side::Permitted)) {
        return Err(outside());
    }
    if constraints
        .excluded
        .iter()
        .filter(same_kind)
        .any(|base| is_within(name, base, Side::Excluded))
    {
        return Err(outside());
    }
    Ok(())
}

/// What a doubtful match means: outside of what is permitted, inside of what is excluded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Permitted,
    Excluded,
}

fn is_within(name: &GeneralName, base: &GeneralName, side: Side) -> bool {
    let doubt = side == Side::Excluded;
    match (name, base) {
        (GeneralName::Dns(name), GeneralName::Dns(base)) => {
            match DnsName::try_from(name.as_str()) {
                Ok(name) => dns_is_within(&name, &base.to_ascii_lowercase(), side),
                Err(_) => doubt,
            }
        }
        (GeneralName::Ip(name), GeneralName::Ip(base)) => {
            let (network, mask) = base.split_at(base.len() / 2);
            match address(name) {
                None => doubt,
                Some(_) if name.len() != network.len() => false,
                Some(_) => name
                    .iter()
                    .zip(network)
                    .zip(mask)
                    .all(|((a, b), mask)| a & mask == b & mask),
            }
        }
        (GeneralName::Email(name), GeneralName::Email(base)) => match name.rsplit_once('@') {
            Some((local, host)) => match base.rsplit_once('@') {
                Some((base_local, base_host)) => {
                    local == base_local && host.eq_ignore_ascii_case(base_host)
                }
                None => host_is_within(host, base),
            },
            None => doubt,
        },
        (GeneralName::Uri(name), GeneralName::Uri(base)) => match uri_host(name) {
            Some(host) => host_is_within(host, base),
            None => doubt,
        },
        (GeneralName::Directory(name), GeneralName::Directory(base)) => {
            distinguished_name::is_within(name, base)
        }
        _ => doubt,
    }
}

fn dns_is_within(name: &DnsName, base: &str, side: Side) -> bool {
    let name = name.as_str();
    let covered = match base.strip_prefix('.') {
        // A leading dot asks for at least one label more.
        Some(parent) => name
            .strip_suffix(parent)
            .is_some_and(|rest| rest.ends_with('.')),
        None => {
            base.is_empty()
                || name == base
                || name
                    .strip_suffix(base)
                    .is_some_and(|rest| rest.ends_with('.'))
        }
    };
    // `*.example.org` could stand for the excluded `secret.example.org`.
    let could_hit = || {
        name.strip_prefix("*.").is_some_and(|parent| {
            base.split_once('.')
                .is_some_and(|(_, base_parent)| base_parent == parent)
        })
    };
    covered || (side == Side::Excluded && could_hit())
}

/// Of e-mail hosts and URIs: a base without a leading dot is one host, with it everything below.
fn host_is_within(host: &str, base: &str) -> bool {
    let (host, base) = (host.to_ascii_lowercase(), base.to_ascii_lowercase());
    base.is_empty()
        || if base.starts_with('.') {
            host.ends_with(&base) && host != base
        } else {
            host == base
        }
}

/// The host of a URI with an authority; none for addresses, which constraints cannot bind.
fn uri_host(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    DnsName::try_from(host).is_ok().then_some(host)
}

/// Whether a constraint is of a kind and form that can be judged.
fn is_lawful(base: &GeneralName) -> bool {
    let host = |text: &str| {
        let bare = text.strip_prefix('.').unwrap_or(text);
        text.is_empty()
            || (DnsName::try_from(bare).is_ok_and(|name| !name.is_wildcard())
                && !bare.ends_with('.'))
    };
    match base {
        GeneralName::Dns(text) | GeneralName::Uri(text) => host(text),
        GeneralName::Email(text) => text
            .rsplit_once('@')
            .map_or_else(|| host(text), |(_, part)| host(part)),
        GeneralName::Ip(bytes) => {
            let mask = bytes.get(bytes.len() / 2..).unwrap_or_default();
            matches!(bytes.len(), 8 | 32) && is_contiguous(mask)
        }
        GeneralName::Directory(_) => true,
        GeneralName::Other(_) => false,
    }
}

fn is_contiguous(mask: &[u8]) -> bool {
    let mut ended = false;
    mask.iter().all(|byte| {
        let lawful = if ended {
            *byte == 0
        } else {
            byte.leading_ones() + byte.trailing_zeros() >= 8
        };
        ended |= *byte != 0xff;
        lawful
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(base: GeneralName, name: GeneralName) -> bool {
        let constraints = NameConstraints {
            permitted: vec![base],
            excluded: Vec::new(),
        };
        check_name(&constraints, &name, &mut 10).is_ok()
    }

    fn excludes(base: GeneralName, name: GeneralName) -> bool {
        let constraints = NameConstraints {
            permitted: Vec::new(),
            excluded: vec![base],
        };
        check_name(&constraints, &name, &mut 10).is_err()
    }

    #[test]
    fn names_are_held_to_their_subtrees() {
        let dns = |text: &str| GeneralName::Dns(text.into());
        let email = |text: &str| GeneralName::Email(text.into());
        let uri = |text: &str| GeneralName::Uri(text.into());
        let ip = |bytes: &[u8]| GeneralName::Ip(bytes.to_vec());
        // base, name, permitted by it, excluded by it
        let cases = [
            (dns("b.c"), dns("b.c"), true, true),
            (dns("b.c"), dns("A.B.C"), true, true),
            (dns("b.c"), dns("ab.c"), false, false),
            (dns("b.c"), dns("c"), false, false),
            (dns(".b.c"), dns("b.c"), false, false),
            (dns(".b.c"), dns("a.b.c"), true, true),
            (dns(""), dns("a.b.c"), true, true),
            (dns("x.b.c"), dns("*.b.c"), false, true),
            (dns("b.c"), dns("*.b.c"), true, true),
            (dns("b.c"), dns("not a name"), false, true),
            (dns("b.c"), ip(&[1, 2, 3, 4]), true, false),
            (
                ip(&[10, 0, 0, 0, 255, 0, 0, 0]),
                ip(&[10, 1, 2, 3]),
                true,
                true,
            ),
            (
                ip(&[10, 0, 0, 0, 255, 0, 0, 0]),
                ip(&[11, 1, 2, 3]),
                false,
                false,
            ),
            (ip(&[10, 0, 0, 0, 255, 0, 0, 0]), ip(&[0; 16]), false, false),
            (ip(&[10, 0, 0, 0, 255, 0, 0, 0]), ip(&[10, 1]), false, true),
            (email("b.c"), email("x@b.c"), true, true),
            (email("b.c"), email("x@a.b.c"), false, false),
            (email(".b.c"), email("x@a.b.c"), true, true),
            (email("x@b.c"), email("x@B.C"), true, true),
            (email("x@b.c"), email("y@b.c"), false, false),
            (email("b.c"), email("nobody"), false, true),
            (uri("b.c"), uri("https://u@b.c:8/x"), true, true),
            (uri(".b.c"), uri("https://a.b.c"), true, true),
            (uri("b.c"), uri("https://10.0.0.1/"), false, true),
            (uri("b.c"), uri("urn:x"), false, true),
        ];
        for (base, name, permitted, excluded) in cases {
            assert!(is_lawful(&base), "{base:?}");
            assert_eq!(
                permits(base.clone(), name.clone()),
                permitted,
                "permitted {base:?} {name:?}"
            );
            assert_eq!(
                excludes(base.clone(), name.clone()),
                excluded,
                "excluded {base:?} {name:?}"
            );
        }
    }

    #[test]
    fn constraints_that_cannot_be_judged_are_known_as_such() {
        for base in [
            GeneralName::Other(0),
            GeneralName::Dns("*.b.c".into()),
            GeneralName::Dns("b.c.".into()),
            GeneralName::Ip(vec![10, 0, 0, 0, 255, 0, 255, 0]),
            GeneralName::Ip(vec![10, 0, 0, 0, 0xf1, 0, 0, 0]),
            GeneralName::Ip(vec![10, 0, 0, 0]),
            GeneralName::Email("x@".into()),
        ] {
            let lawful = is_lawful(&base);
            assert!(
                !lawful || base == GeneralName::Email("x@".into()),
                "{base:?}"
            );
        }
    }
}
