//! Whether a certificate is on its issuer's list, and whether the list may be relied upon.

use super::{CANDIDATES_LIMIT, Revocation, VerifyOptions};
use crate::algorithm::Scheme;
use crate::refusal::{Place, Refusal, Which};
use crate::{Certificate, Crl, KeyUsage, Timestamp};

/// Judges one step of a path by the lists of its issuer: the newest good one counts, and bad ones
/// without a good one are refused.
pub(super) fn check_revoked(
    certificate: &Certificate,
    issuer: &Certificate,
    who: &dyn Fn() -> Which,
    which: Which,
    options: &VerifyOptions<'_>,
) -> Result<(), Refusal> {
    let key_id = issuer.facts().subject_key_id.as_deref();
    let theirs = options.crls.iter().filter(|crl| {
        let other_key = crl
            .authority_key_id()
            .zip(key_id)
            .is_some_and(|(named, own)| named != own);
        crl.issuer_der() == issuer.subject_der() && !other_key
    });
    let (mut newest, mut refused): (Option<&Crl>, Option<Refusal>) = (None, None);
    // As many lists as there are possible issuers: each costs a signature.
    for crl in theirs.take(CANDIDATES_LIMIT) {
        match check_crl(crl, issuer, who, options.at) {
            Ok(()) if newest.is_none_or(|known| known.number() < crl.number()) => {
                newest = Some(crl)
            }
            Ok(()) => {}
            Err(refusal) => refused = Some(refusal),
        }
    }
    match (newest, refused) {
        (Some(crl), _) => match crl.find(certificate.serial()) {
            Some(entry) => Err(Refusal::Revoked {
                which,
                serial: entry.serial.clone(),
                at: entry.at,
                reason: entry.reason,
            }),
            None => Ok(()),
        },
        (None, Some(refusal)) => Err(refusal),
        (None, None) if options.revocation == Revocation::Required => {
            Err(Refusal::NoCrl { issuer: who() })
        }
        (None, None) => Ok(()),
    }
}

impl Crl {
    /// Whether this list may be relied upon for what `anchor` issued, at this time.
    ///
    /// # Errors
    /// The reason why not; [`Refusal::CrlBadSignature`] when it is the list of somebody else.
    pub fn judge(&self, anchor: &Certificate, at: Timestamp) -> Result<(), Refusal> {
        check_crl(self, anchor, &|| Which::new(Place::Anchor, anchor), at)
    }
}

/// Whether a list may be relied upon (RFC 5280 §6.3.3).
fn check_crl(
    crl: &Crl,
    issuer: &Certificate,
    who: &dyn Fn() -> Which,
    at: Timestamp,
) -> Result<(), Refusal> {
    if !issuer.facts().key_usage.is_none_or(KeyUsage::crl_sign) {
        return Err(Refusal::CrlNotAllowed { issuer: who() });
    }
    let unusable = |why: &str| Refusal::CrlUnusable {
        issuer: who(),
        why: why.to_owned(),
    };
    if let Scheme::Weak(_) | Scheme::Unknown(_) = crl.scheme() {
        return Err(unusable(&format!("it is signed with {}", crl.scheme())));
    }
    if !crl.is_signed_by(issuer) {
        return Err(Refusal::CrlBadSignature { issuer: who() });
    }
    if let Some(why) = crl.unusable() {
        return Err(unusable(why));
    }
    if crl.number().is_none() {
        return Err(unusable("it has no number"));
    }
    if crl.authority_key_id().is_none() {
        return Err(unusable("it does not name its issuer's key"));
    }
    if at < crl.this_update() {
        return Err(Refusal::CrlNotYetValid {
            issuer: who(),
            this_update: crl.this_update(),
            at,
        });
    }
    match crl.next_update() {
        None => Err(unusable("it does not say when the next one is due")),
        Some(next_update) if at > next_update => Err(Refusal::CrlExpired {
            issuer: who(),
            next_update,
            at,
        }),
        Some(_) => Ok(()),
    }
}
