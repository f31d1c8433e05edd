//! What a list has to say, and when it has to be said again.

use sealock_pki::{Crl, KeyId, Revoked, Serial, Timestamp};
use sealock_vault::{Anchor, Vault};

use crate::failure::Failure;

/// A certificate that the same plan revokes, so that the vault does not know it yet.
pub(super) struct Upcoming {
    pub(super) issuer: KeyId,
    pub(super) revoked: Revoked,
}

/// What a list has to say.
pub(super) struct Content {
    /// In the order of their serials.
    pub(super) revoked: Vec<Revoked>,
    /// Those that expired and stood on a list since: they need not be on the next one.
    dropped: Vec<Serial>,
}

impl Content {
    /// Of an anchor that has revoked nobody yet.
    pub(super) fn nothing() -> Self {
        Self {
            revoked: Vec::new(),
            dropped: Vec::new(),
        }
    }

    pub(super) fn of(
        vault: &Vault,
        anchor: &Anchor,
        previous: Option<&Crl>,
        upcoming: &[Upcoming],
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let mut content = Self::nothing();
        for (one, entry) in vault.revoked_by(anchor)? {
            match may_drop_off(&one, entry.not_after, previous, now) {
                true => content.dropped.push(one.serial),
                false => content.revoked.push(one),
            }
        }
        let of_this_plan = upcoming.iter().filter(|one| one.issuer == anchor.key_id);
        content
            .revoked
            .extend(of_this_plan.map(|one| one.revoked.clone()));
        content.revoked.sort_by(|a, b| a.serial.cmp(&b.serial));
        Ok(content)
    }

    /// Whether half of a list's life is over, it comes from a clock ahead of ours, or it says too little or too much.
    pub(super) fn is_due(&self, list: &Crl, now: Timestamp) -> bool {
        let born = list.this_update();
        let half = list.next_update().map(|end| born + end.since(born) / 2);
        let old = now < born || half.is_none_or(|half| now >= half);
        let too_little = self.revoked.iter().any(|one| !list.revoked().contains(one));
        // What merely may drop off is no reason for a new list.
        let known =
            |one: &Revoked| self.revoked.contains(one) || self.dropped.contains(&one.serial);
        old || too_little || !list.revoked().iter().all(known)
    }
}

/// An entry stays until one list has carried it past the end of the certificate (RFC 5280 §3.3).
fn may_drop_off(
    revoked: &Revoked,
    not_after: Timestamp,
    previous: Option<&Crl>,
    now: Timestamp,
) -> bool {
    // That list may come from a clock that ran ahead.
    now > not_after
        && previous.is_some_and(|list| {
            list.this_update() > not_after && list.find(&revoked.serial).is_some()
        })
}

#[cfg(test)]
mod tests {
    use super::{Content, Crl, Revoked, Serial, Timestamp, may_drop_off};
    use sealock_pki::{
        AnchorRequest, KeyKind, PrivateKey, Purpose, RevocationReason, create_anchor, make_crl,
    };
    use sealock_vault::SystemEntropy;
    use std::time::Duration;

    const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);
    const DAY: Duration = Duration::from_secs(86_400);

    fn entry(serial: u8) -> Revoked {
        Revoked {
            serial: Serial::from_bytes(&[serial]),
            at: NOW,
            reason: RevocationReason::KeyCompromise,
        }
    }

    /// Of this moment, for ten days.
    fn list(entries: &[Revoked]) -> Crl {
        let life = DAY * 3650;
        let request = AnchorRequest::new("lab".parse().unwrap(), Purpose::Client, life);
        let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        let issuer = create_anchor(&request, key, NOW, &mut SystemEntropy).unwrap();
        make_crl(&issuer, entries, 1, NOW, NOW + DAY * 10).unwrap()
    }

    fn content(revoked: &[Revoked], dropped: &[u8]) -> Content {
        Content {
            revoked: revoked.to_vec(),
            dropped: dropped
                .iter()
                .map(|one| Serial::from_bytes(&[*one]))
                .collect(),
        }
    }

    #[test]
    fn a_list_is_due_when_it_is_old_or_wrong() {
        let published = list(&[entry(1), entry(2)]);
        let same = content(&[entry(1), entry(2)], &[]);
        for (what, content, at, due) in [
            ("young and right", &same, NOW + DAY, false),
            ("half of its life", &same, NOW + DAY * 5, true),
            ("a clock that went back", &same, NOW - DAY, true),
            (
                "one more",
                &content(&[entry(1), entry(2), entry(3)], &[]),
                NOW,
                true,
            ),
            ("one too many", &content(&[entry(1)], &[]), NOW, true),
            (
                "one that may drop off",
                &content(&[entry(1)], &[2]),
                NOW,
                false,
            ),
        ] {
            assert_eq!(content.is_due(&published, at), due, "{what}");
        }
        let other_reason = Revoked {
            reason: RevocationReason::Superseded,
            ..entry(2)
        };
        assert!(content(&[entry(1), other_reason], &[]).is_due(&published, NOW));
    }

    /// RFC 5280 §3.3: not before it stood on a list that was made after the end of the certificate.
    #[test]
    fn an_entry_stays_for_one_list_past_the_end() {
        let with = list(&[entry(1)]);
        for (what, not_after, previous, may) in [
            ("never listed", NOW - DAY, None, false),
            ("listed while valid", NOW + DAY, Some(&with), false),
            ("listed in its last second", NOW, Some(&with), false),
            ("listed past its end", NOW - DAY, Some(&with), true),
            ("not on that list", NOW - DAY, Some(&list(&[])), false),
        ] {
            let found = may_drop_off(&entry(1), not_after, previous, NOW + DAY * 2);
            assert_eq!(found, may, "{what}");
        }
        // A list of tomorrow, by a clock that ran ahead: today the certificate is still good.
        let today = NOW - DAY * 2;
        assert!(!may_drop_off(&entry(1), NOW - DAY, Some(&with), today));
    }
}
