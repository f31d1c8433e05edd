//! What was found of a chain is remembered for as long as it holds.
//!
//! A verdict depends on the chain, the anchors, the lists, the deny-list and the time. All but the time
//! are fixed for the life of a gate, and the time enters as a window: the dates of the certificates in
//! the path and of the lists of their issuers. Inside the window the verdict is the same by definition,
//! so a client that comes back is looked up; outside it is judged anew.

use super::DenyList;
use crate::clock::timestamp;
use crate::verify::ClientCheck;
use crate::{Clock, TlsError};
use aws_lc_rs::digest::{Context, SHA256};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use sealock_pki::{Certificate, Crl, Timestamp, VerifiedPath};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Chains remembered at most; each costs about 2 KiB.
const REMEMBERED: usize = 4096;

/// A client's chain that both judges accepted.
#[derive(Clone, Debug)]
pub struct Verified {
    id: [u8; 32],
    path: VerifiedPath,
    from: Timestamp,
    until: Timestamp,
}

impl Verified {
    /// The SHA-256 of the chain as it was sent: the same for every connection with the same certificates.
    pub fn id(&self) -> &[u8; 32] {
        &self.id
    }

    /// The client's certificate.
    pub fn leaf(&self) -> &Certificate {
        self.path.leaf()
    }

    /// From the client's certificate to the anchor.
    pub fn path(&self) -> &[Certificate] {
        self.path.certificates()
    }

    /// The last moment for which the verdict holds: the end of the shortest-lived certificate in the path,
    /// or of an issuer's revocation list.
    pub fn until(&self) -> Timestamp {
        self.until
    }

    fn holds(&self, at: Timestamp) -> bool {
        self.from <= at && at <= self.until
    }
}

/// How a gate judges clients.
#[derive(Debug)]
pub(super) struct GateCheck {
    strict: ClientCheck,
    lists: Vec<Crl>,
    denied: DenyList,
    clock: Clock,
    memory: Mutex<Memory>,
}

impl GateCheck {
    pub(super) fn new(
        strict: ClientCheck,
        lists: Vec<Crl>,
        denied: DenyList,
        clock: Clock,
    ) -> Self {
        Self {
            strict,
            lists,
            denied,
            clock,
            memory: Mutex::default(),
        }
    }

    /// The verdict on a chain now, remembered or fresh.
    pub(super) fn judge(&self, chain: &[CertificateDer<'_>]) -> Result<Arc<Verified>, TlsError> {
        let (leaf, intermediates) = chain
            .split_first()
            .ok_or(TlsError::from_rustls(&Error::NoCertificatesPresented))?;
        let now = u64::try_from(self.clock.now().as_unix()).unwrap_or(0);
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(now));
        self.verdict(leaf, intermediates, now)
            .map_err(|error| TlsError::from_rustls(&error))
    }

    /// Whether a list or the deny-list names a certificate of this path.
    pub(super) fn revokes(&self, path: &[Certificate]) -> bool {
        let listed = || {
            path.iter().zip(path.iter().skip(1)).any(|(one, issuer)| {
                // By its signature: two anchors may have the same name.
                let newest = self
                    .lists
                    .iter()
                    .filter_map(|list| list.number_by(issuer).map(|number| (number, list)))
                    .max_by_key(|(number, _)| *number);
                newest.is_some_and(|(_, list)| list.find(one.serial()).is_some())
            })
        };
        self.denies(path) || listed()
    }

    /// Whether the deny-list names a certificate of this path.
    fn denies(&self, path: &[Certificate]) -> bool {
        match path {
            // The serial of an anchor is often that of a certificate below it, and was meant for that.
            [below @ .., anchor] if !below.is_empty() => {
                below.iter().any(|one| self.denied.names(one).is_some())
                    || self.denied.names_key_of(anchor).is_some()
            }
            path => path.iter().any(|one| self.denied.names(one).is_some()),
        }
    }

    /// Whether chains may end at this anchor.
    pub(super) fn trusts(&self, anchor: &Certificate) -> bool {
        self.strict.trusts(anchor)
    }

    fn verdict(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<Arc<Verified>, Error> {
        let id = id_of(leaf, intermediates);
        let at = timestamp(now);
        if let Some(known) = self.recall(&id)
            && known.holds(at)
        {
            return Ok(known);
        }
        let path = self.strict.path(leaf, intermediates, now)?;
        if self.denies(path.certificates()) {
            return Err(CertificateError::Revoked.into());
        }
        let (from, until) = self.window(&path, at);
        let verified = Arc::new(Verified {
            id,
            path,
            from,
            until,
        });
        self.memory
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .keep(verified.clone());
        Ok(verified)
    }

    fn recall(&self, id: &[u8; 32]) -> Option<Arc<Verified>> {
        self.memory
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recall(id)
    }

    /// The time around `at` in which nothing that the verdict rests on begins or ends.
    fn window(&self, path: &VerifiedPath, at: Timestamp) -> (Timestamp, Timestamp) {
        let mut from = Timestamp::MIN;
        let mut until = Timestamp::MAX;
        for certificate in path.certificates() {
            from = from.max(certificate.not_before());
            until = until.min(certificate.not_after());
        }
        for issuer in path.certificates().iter().skip(1) {
            for list in &self.lists {
                if list.issuer_der() == issuer.subject_der() {
                    // A boundary that was passed already is not in the future any more.
                    let begin = Some(list.this_update()).filter(|begin| *begin <= at);
                    from = from.max(begin.unwrap_or(Timestamp::MIN));
                    let ends = [list.next_update(), Some(list.this_update())];
                    for end in ends.into_iter().flatten().filter(|end| *end >= at) {
                        until = until.min(end);
                    }
                }
            }
        }
        (from, until.max(at))
    }
}

impl ClientCertVerifier for GateCheck {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.strict.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.verdict(leaf, intermediates, now)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.strict.verify_tls12_signature(message, leaf, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.strict.verify_tls13_signature(message, leaf, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.strict.supported_verify_schemes()
    }
}

/// The lengths go in as well: the same bytes cut elsewhere are another chain.
fn id_of(leaf: &CertificateDer<'_>, intermediates: &[CertificateDer<'_>]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for der in std::iter::once(leaf).chain(intermediates) {
        context.update(&(der.len() as u64).to_be_bytes());
        context.update(der);
    }
    let mut id = [0; 32];
    id.copy_from_slice(context.finish().as_ref());
    id
}

/// Two generations of verdicts: when the younger is full it becomes the older, and the older is
/// forgotten. Who comes back moves to the younger. Only verified chains get in.
#[derive(Debug, Default)]
struct Memory {
    young: HashMap<[u8; 32], Arc<Verified>>,
    old: HashMap<[u8; 32], Arc<Verified>>,
}

impl Memory {
    fn recall(&mut self, id: &[u8; 32]) -> Option<Arc<Verified>> {
        if let Some(known) = self.young.get(id) {
            return Some(known.clone());
        }
        let known = self.old.remove(id)?;
        self.keep(known.clone());
        Some(known)
    }

    fn keep(&mut self, verified: Arc<Verified>) {
        if self.young.len() >= REMEMBERED / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(verified.id, verified);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealock_pki::{
        AnchorRequest, CommonName, Entropy, Issuer, KeyKind, LeafRequest, PrivateKey, Purpose,
        create_anchor, issue_leaf, make_crl,
    };
    use std::time::Duration;

    const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);
    const DAY: Duration = Duration::from_secs(86_400);

    struct Counting(u8);

    impl Entropy for Counting {
        fn fill(&mut self, buffer: &mut [u8]) {
            for byte in buffer {
                self.0 = self.0.wrapping_mul(5).wrapping_add(7);
                *byte = self.0;
            }
        }
    }

    fn anchor() -> Issuer {
        let request = AnchorRequest::new("test".parse().unwrap(), Purpose::Client, DAY * 100);
        let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        create_anchor(&request, key, NOW - DAY, &mut Counting(1)).unwrap()
    }

    /// A leaf that lives three days and five minutes, from five minutes ago.
    fn leaf(issuer: &Issuer, seed: u8) -> Certificate {
        let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        let name = CommonName::try_from("leaf").unwrap();
        let request = LeafRequest::new(Purpose::Client, name, Vec::new(), DAY * 3);
        issue_leaf(issuer, &request, key.public_key(), NOW, &mut Counting(seed)).unwrap()
    }

    fn check(anchor: &Issuer, lists: Vec<Crl>) -> GateCheck {
        let anchors = [anchor.certificate().clone()];
        let strict = ClientCheck::unrevoked(&anchors, &lists).unwrap();
        GateCheck::new(strict, lists, DenyList::default(), Clock::Fixed(NOW))
    }

    fn verdict(
        check: &GateCheck,
        leaf: &Certificate,
        at: Timestamp,
    ) -> Result<Arc<Verified>, Error> {
        let at = UnixTime::since_unix_epoch(Duration::from_secs(at.as_unix() as u64));
        check.verdict(&CertificateDer::from(leaf.der()), &[], at)
    }

    #[test]
    fn a_verdict_is_remembered_for_as_long_as_it_holds_and_no_longer() {
        let anchor = anchor();
        let leaf = leaf(&anchor, 3);
        let list = make_crl(&anchor, &[], 1, NOW - DAY, NOW + DAY).unwrap();
        let check = check(&anchor, vec![list]);
        let first = verdict(&check, &leaf, NOW).unwrap();
        assert_eq!(first.until(), NOW + DAY, "the list ends first");
        let again = verdict(&check, &leaf, NOW + DAY).unwrap();
        assert!(Arc::ptr_eq(&first, &again), "looked up");
        // A second later the list is overdue: what was remembered is worth nothing.
        assert!(verdict(&check, &leaf, NOW + DAY + Duration::from_secs(1)).is_err());
        assert!(verdict(&check, &leaf, NOW - DAY).is_err(), "not yet valid");
        // And at a time in the window it holds again.
        assert!(verdict(&check, &leaf, NOW + Duration::from_secs(1)).is_ok());
    }

    #[test]
    fn a_certificate_ends_its_verdict_too() {
        let anchor = anchor();
        let leaf = leaf(&anchor, 3);
        let list = make_crl(&anchor, &[], 1, NOW - DAY, NOW + DAY * 50).unwrap();
        let check = check(&anchor, vec![list]);
        let found = verdict(&check, &leaf, NOW).unwrap();
        assert_eq!(found.until(), leaf.not_after());
        assert!(verdict(&check, &leaf, leaf.not_after()).is_ok());
        let after = leaf.not_after() + Duration::from_secs(1);
        assert!(verdict(&check, &leaf, after).is_err());
    }

    #[test]
    fn a_list_of_tomorrow_does_not_begin_behind_the_back_of_a_verdict() {
        let anchor = anchor();
        let leaf = leaf(&anchor, 3);
        let today = make_crl(&anchor, &[], 1, NOW - DAY, NOW + DAY * 9).unwrap();
        let tomorrow = make_crl(&anchor, &[], 2, NOW + DAY, NOW + DAY * 9).unwrap();
        let check = check(&anchor, vec![today, tomorrow]);
        if let Ok(found) = verdict(&check, &leaf, NOW) {
            assert!(found.until() <= NOW + DAY);
        }
    }

    #[test]
    fn the_memory_is_bounded_and_keeps_who_comes_back() {
        let anchor = anchor();
        let leaf = leaf(&anchor, 3);
        let list = make_crl(&anchor, &[], 1, NOW - DAY, NOW + DAY).unwrap();
        let found = verdict(&check(&anchor, vec![list]), &leaf, NOW).unwrap();
        let numbered = |number: u64| {
            let mut id = [0; 32];
            id[..8].copy_from_slice(&number.to_be_bytes());
            Arc::new(Verified {
                id,
                ..(*found).clone()
            })
        };
        let mut memory = Memory::default();
        memory.keep(found.clone());
        for number in 0..3 * REMEMBERED as u64 {
            memory.keep(numbered(number));
            assert!(memory.young.len() + memory.old.len() <= REMEMBERED + 1);
            if number % 100 == 0 {
                assert!(memory.recall(found.id()).is_some(), "after {number}");
            }
        }
        assert!(memory.recall(numbered(0).id()).is_none());
    }

    #[test]
    fn the_same_bytes_cut_elsewhere_are_another_chain() {
        let whole = CertificateDer::from(vec![1, 2, 3]);
        let (head, tail) = (
            CertificateDer::from(vec![1]),
            CertificateDer::from(vec![2, 3]),
        );
        assert_ne!(id_of(&whole, &[]), id_of(&head, &[tail]));
    }
}
