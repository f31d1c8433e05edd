//! What a removed client can still do. The truth, because stock dockerd knows no revocation.

use super::bundle::name_of;
use sealock_pki::{Certificate, Timestamp};

/// What ends the acceptance of a certificate before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    /// Stock dockerd answers the network itself.
    Dockerd,
    /// A sealock gateway answers it, and knows who was revoked.
    Gateway,
}

/// What is to be said when a client has been removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Farewell {
    /// How many of the client's certificates are still valid at this time.
    pub still_valid: usize,
    /// When the last of them ends.
    pub until: Option<Timestamp>,
    /// Whole sentences for a person, in order; control characters are escaped.
    pub sentences: Vec<String>,
}

/// The words to say after `certificates` of the client `name` were removed at `now`.
///
/// `name` is shown as it is given; certificates that are no longer valid do not count, those that are not
/// valid yet do.
pub fn farewell(
    name: &str,
    certificates: &[Certificate],
    now: Timestamp,
    front: Front,
) -> Farewell {
    let name = sealock_diag::escape(name);
    let valid: Vec<_> = certificates
        .iter()
        .filter(|certificate| certificate.not_after() >= now)
        .collect();
    let Some(until) = valid
        .iter()
        .map(|certificate| certificate.not_after())
        .max()
    else {
        let sentence = format!(
            "{name} has no certificate that is still valid: no daemon lets it in any more."
        );
        return Farewell {
            still_valid: 0,
            until: None,
            sentences: vec![sentence],
        };
    };
    let count = match valid.len() {
        1 => format!("the certificate of {name}"),
        several => format!("{several} certificates of {name}"),
    };
    let mut sentences = Vec::new();
    match front {
        Front::Gateway => sentences.push(format!(
            "The gateway turns {name} away from now on; a dockerd that {name} reaches without the gateway does not."
        )),
        Front::Dockerd => sentences.push(format!(
            "{name} is removed here, yet dockerd still lets it in: it knows no revocation, and takes {count} until \
             {until} ({}).",
            remaining(now, until)
        )),
    }
    if front == Front::Dockerd {
        sentences.push(swap(&name));
        sentences.push(format!(
            "If nobody else has the key, deleting every copy of it is enough: {}.",
            keys(&valid)
        ));
    }
    Farewell {
        still_valid: valid.len(),
        until: Some(until),
        sentences,
    }
}

/// The words to say after `certificates` of `name`, all of them signed by anchors that the daemons trust, were put on
/// the revocation list at `now`.
///
/// Certificates that are no longer valid do not count; without a valid one there is nothing to say.
pub fn revoked(name: &str, certificates: &[Certificate], now: Timestamp) -> Farewell {
    let name = sealock_diag::escape(name);
    let valid: Vec<_> = certificates
        .iter()
        .filter(|certificate| certificate.not_after() >= now)
        .collect();
    let until = valid
        .iter()
        .map(|certificate| certificate.not_after())
        .max();
    let mut sentences = Vec::new();
    if let Some(until) = until {
        let count = match valid.len() {
            1 => "its certificate".to_owned(),
            several => format!("{several} certificates of it"),
        };
        sentences.push(format!(
            "Stock dockerd reads no revocation list: it still lets {name} in, and takes {count} until {until} ({}).",
            remaining(now, until)
        ));
        sentences.push(swap(&name));
        sentences.push(format!(
            "If nobody else has the key, deleting every copy of it is enough: {}.",
            keys(&valid)
        ));
    }
    Farewell {
        still_valid: valid.len(),
        until,
        sentences,
    }
}

/// What ends the acceptance by stock dockerd before its time.
fn swap(name: &str) -> String {
    format!(
        "What ends it now: `sealock cert revoke {name} --swap` puts a new client anchor in the place of the one that \
         signed it, gives everyone else a certificate of the new one, and restarts the daemon once."
    )
}

fn keys(certificates: &[&Certificate]) -> String {
    certificates
        .iter()
        .map(|certificate| {
            format!(
                "key of {} with serial {}",
                name_of(certificate),
                certificate.serial()
            )
        })
        .collect::<Vec<_>>()
        .join(", ")
}

/// The time that is left, in the largest unit that tells something, rounded: a certificate of 90 days
/// that was issued a moment ago has 90 days left, not 89.
fn remaining(now: Timestamp, until: Timestamp) -> String {
    let seconds = until.as_unix().saturating_sub(now.as_unix());
    let (size, unit) = match seconds {
        172_800.. => (86_400, "days"),
        7_200.. => (3_600, "hours"),
        120.. => (60, "minutes"),
        _ => (1, "seconds"),
    };
    format!("{} {unit} from now", (seconds + size / 2) / size)
}

#[cfg(test)]
mod tests {
    use super::{Front, farewell, remaining, revoked};
    use crate::client::fixture::{Authority, NOW};
    use sealock_pki::{Purpose, Timestamp};
    use std::time::Duration;

    const DAY: Duration = Duration::from_secs(86_400);

    #[test]
    fn the_truth_about_stock_dockerd_is_told() {
        let main = Authority::new("main");
        let (one, _) = main.leaf("alice", Purpose::Client);
        let (two, _) = main.leaf("alice", Purpose::Client);
        let after = farewell("alice", std::slice::from_ref(&one), NOW, Front::Dockerd);
        assert_eq!((after.still_valid, after.until), (1, Some(one.not_after())));
        let text = after.sentences.join(" ");
        let told = [
            "dockerd still lets it in",
            "no revocation",
            "90 days from now",
            "cert revoke alice --swap",
        ];
        assert!(told.iter().all(|words| text.contains(words)), "{text}");
        assert!(
            text.contains(&one.not_after().to_string()) && text.contains(&one.serial().to_string())
        );
        let both = farewell("alice", &[one.clone(), two], NOW, Front::Dockerd);
        assert!(both.sentences.join(" ").contains("2 certificates of alice"));
        let gateway = farewell("alice", std::slice::from_ref(&one), NOW, Front::Gateway);
        assert!(gateway.sentences.join(" ").contains("without the gateway"));
        for past in [
            farewell("alice", &[one], NOW + DAY * 91, Front::Dockerd),
            farewell("a\u{1b}", &[], NOW, Front::Dockerd),
        ] {
            assert_eq!(
                (past.still_valid, past.until, past.sentences.len()),
                (0, None, 1)
            );
            assert!(!past.sentences[0].contains('\u{1b}'));
        }
    }

    #[test]
    fn who_was_revoked_still_gets_in_and_that_is_said() {
        let main = Authority::new("main");
        let (one, _) = main.leaf("alice", Purpose::Client);
        let (two, _) = main.leaf("alice", Purpose::Client);
        let words = revoked("alice", &[one.clone(), two], NOW);
        assert_eq!((words.still_valid, words.until), (2, Some(one.not_after())));
        let text = words.sentences.join(" ");
        for told in [
            "reads no revocation list",
            "2 certificates of it",
            "--swap",
            "90 days from now",
        ] {
            assert!(text.contains(told), "{text}");
        }
        let later = revoked("alice", &[one], NOW + DAY * 91);
        assert_eq!((later.still_valid, later.sentences.len()), (0, 0));
    }

    #[test]
    fn what_remains_is_said_in_a_fitting_unit() {
        for (seconds, expected) in [
            (90 * 86_400, "90 days"),
            (86_400, "24 hours"),
            (3_600, "60 minutes"),
            (59, "59 seconds"),
            (0, "0 seconds"),
            // It read 89 days or 90, as the second between issuing and asking fell.
            (90 * 86_400 - 1, "90 days"),
            (89 * 86_400 + 1, "89 days"),
        ] {
            let until = Timestamp::from_unix(NOW.as_unix() + seconds);
            assert_eq!(remaining(NOW, until), format!("{expected} from now"));
        }
    }
}
