//! Somebody else's client certificate, under the name of an authority that the server knows.

use crate::KitError;
use crate::impostor::{impostor_of, issuer_called};
use sealock_pki::{
    AnchorRequest, AuthorityName, Certificate, CommonName, Entropy, Issuer, KeyKind, LeafRequest,
    PrivateKey, Purpose, Timestamp, create_anchor, issue_leaf,
};
use sealock_tls::Identity;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Life of a stranger: longer than any look at any number of endpoints.
const LIFE: Duration = Duration::from_secs(24 * 60 * 60);
/// A stranger that is about to expire is made anew: it must not be refused for its dates.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// Longest name of an authority that is imitated; servers may hint at anything.
const LONGEST_NAME: usize = 2048;
/// Strangers that are kept. A fleet has few authorities, a liar has a new one every time.
const MOST_KEPT: usize = 64;

/// Makes strangers, and keeps them: endpoints of one authority meet the same one.
#[derive(Default)]
pub(crate) struct Strangers(Mutex<HashMap<Vec<u8>, Identity>>);

impl Strangers {
    /// A stranger from an authority called like one of `names` (DER), the first that can be imitated; its
    /// very certificate is imitated where it is among `known`.
    pub(crate) fn called(
        &self,
        names: &[&[u8]],
        known: &[Certificate],
        at: Timestamp,
    ) -> Option<Identity> {
        let usable = |name: &&&[u8]| name.len() > 2 && name.len() <= LONGEST_NAME;
        // The last resort is a name of our own.
        let candidates = names.iter().filter(usable).take(4).copied();
        for name in candidates.chain(std::iter::once(&[][..])) {
            let kept = self.held().get(name).cloned();
            if let Some(kept) = kept.filter(|kept| kept.leaf().not_after() > at + FRESH) {
                return Some(kept);
            }
            if let Ok(made) = make(name, known, at) {
                let mut held = self.held();
                if held.len() >= MOST_KEPT {
                    held.clear();
                }
                held.insert(name.to_vec(), made.clone());
                return Some(made);
            }
        }
        None
    }

    fn held(&self) -> std::sync::MutexGuard<'_, HashMap<Vec<u8>, Identity>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clone for Strangers {
    fn clone(&self) -> Self {
        Self(Mutex::new(self.held().clone()))
    }
}

impl fmt::Debug for Strangers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Strangers({})", self.held().len())
    }
}

fn make(name: &[u8], known: &[Certificate], at: Timestamp) -> Result<Identity, KitError> {
    let issuer = match known.iter().find(|anchor| anchor.subject_der() == name) {
        Some(anchor) => impostor_of(anchor)?,
        None if name.is_empty() => template(at)?,
        None => issuer_called(name, &template(at)?)?,
    };
    let key = new_key()?;
    let request = LeafRequest::client(
        CommonName::try_from("sealock stranger").map_err(failed)?,
        LIFE,
    );
    let mut entropy = OfKey::of(&key);
    let leaf = issue_leaf(&issuer, &request, key.public_key(), at, &mut entropy)?;
    Ok(Identity::new(vec![leaf], &key)?)
}

fn template(at: Timestamp) -> Result<Issuer, KitError> {
    let key = new_key()?;
    let request = AnchorRequest {
        authority: AuthorityName::try_from("stranger").map_err(failed)?,
        purpose: Purpose::Client,
        scope: None,
        generation: 1,
        life: LIFE * 2,
    };
    let mut entropy = OfKey::of(&key);
    Ok(create_anchor(&request, key, at, &mut entropy)?)
}

fn new_key() -> Result<PrivateKey, KitError> {
    PrivateKey::generate(KeyKind::EcdsaP256).map_err(failed)
}

fn failed(error: impl std::error::Error) -> KitError {
    KitError::Key {
        detail: error.to_string(),
    }
}

/// Serials from the identifier of a fresh key: as random as the key, and secret from nobody.
struct OfKey {
    bytes: [u8; 20],
    at: usize,
}

impl OfKey {
    fn of(key: &PrivateKey) -> Self {
        Self {
            bytes: *key.key_id().as_bytes(),
            at: 0,
        }
    }
}

impl Entropy for OfKey {
    fn fill(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            *byte = self.bytes[self.at % self.bytes.len()];
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

    #[test]
    fn a_stranger_bears_the_name_that_was_hinted_at() {
        // CN=docker CA
        let name = [
            0x30, 0x14, 0x31, 0x12, 0x30, 0x10, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x09, b'd',
            b'o', b'c', b'k', b'e', b'r', b' ', b'C', b'A',
        ];
        let strangers = Strangers::default();
        let one = strangers.called(&[&name], &[], NOW).unwrap();
        assert_eq!(one.leaf().issuer_der(), name);
        let again = strangers.called(&[&name], &[], NOW).unwrap();
        assert_eq!(one.leaf(), again.leaf());
        let later = strangers.called(&[&name], &[], NOW + LIFE).unwrap();
        assert_ne!(one.leaf(), later.leaf());
    }

    #[test]
    fn names_that_are_none_are_passed_over() {
        let strangers = Strangers::default();
        for bad in [
            &b""[..],
            &[0x30, 0],
            b"no DER at all",
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x31; 5000],
        ] {
            let stranger = strangers.called(&[bad], &[], NOW).unwrap();
            assert!(stranger.leaf().issuer().contains("stranger"), "{bad:?}");
        }
    }
}
