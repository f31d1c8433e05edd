//! F406: a byte order mark, or UTF-16.

use super::owner::owned;
use crate::convert::Conversion;
use crate::material::Form;
use crate::seen::Role;
use crate::{Check, Mend, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F406",
    title: "a byte order mark stands before the PEM",
    severity: Severity::Latent,
    stage: Stage::Start,
    source: "Go encoding/pem Decode: a BEGIN line begins at the start of its line; RFC 7468 section 2",
    meaning: "An editor wrote invisible bytes before the first line, or the whole file in UTF-16. Docker does not \
              see the first block then: a certificate or key is not found at all, and of a bundle the first CA is \
              missing without a word.",
    remedy: "Save the file as UTF-8 without a byte order mark, or let sealock do it:\n  sealock check --fix",
    explains: &["SL-F207", "SL-F210", "SL-F211", "SL-F901"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let of = |form| match form {
        Form::Marked => Some("the file begins with EF BB BF, a UTF-8 byte order mark"),
        Form::Utf16 => Some("the file is UTF-16; Docker reads ASCII"),
        _ => None,
    };
    owned(seen)
        .into_iter()
        .filter(|one| !matches!(one.file.role, Role::Stray | Role::IssuerKey))
        .filter_map(|one| {
            let cause = of(one.file.contents()?.form)?;
            Some(one.spot(cause).mend(Mend::Convert {
                path: one.file.path.clone(),
                how: Conversion::PlainText,
            }))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::seen::Role;
    use crate::testing::{World, file, pem};

    #[test]
    fn a_mark_is_the_only_finding() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let text = [b"\xef\xbb\xbf", &pem(&[world.server.clone()])[..]].concat();
        *world.daemon_file(Role::ServerCertificate) = file("/c", Role::ServerCertificate, &text);
        assert_eq!(world.codes(), ["SL-F406"]);
        let mut world = World::new();
        let text = pem(&[world.client_anchor.certificate().clone()]);
        let text: Vec<u8> = [0xff, 0xfe]
            .into_iter()
            .chain(text.iter().flat_map(|b| [*b, 0]))
            .collect();
        *world.daemon_file(Role::DaemonAnchors) = file("/ca", Role::DaemonAnchors, &text);
        assert_eq!(world.codes(), ["SL-F406"]);
    }
}
