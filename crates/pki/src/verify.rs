//! The strict judgement: does a chain lead to an anchor, with every rule kept?
//!
//! Stricter than TLS libraries on purpose: anchors have dates, the purpose must be stated, a weak
//! key is no key. Paths are searched within a budget that hostile chains cannot stretch.

use crate::algorithm::Scheme;
use crate::certificate::ExtensionState;
use crate::constraints::{self, Violation};
use crate::refusal::{Place, Refusal, Refused, Which};
use crate::{
    Certificate, Crl, KeyAlgorithm, Purpose, San, Timestamp, algorithm, description,
    distinguished_name, oid,
};

mod leaf;
mod revocation;
#[cfg(test)]
mod tests;

use leaf::leaf_refusals;
use revocation::check_revoked;

/// Certificates in a path, leaf and anchor included. Real ones have two to four.
const DEPTH_LIMIT: usize = 8;
/// Issuers tried in one judgement (webpki's figure for signatures).
const CANDIDATES_LIMIT: usize = 100;
/// Certificates presented.
const CHAIN_LIMIT: usize = 1000;
/// Comparisons of names with constraints (webpki's figure).
const COMPARISONS_LIMIT: usize = 250_000;

/// What is asked of a chain.
#[derive(Clone, Debug)]
pub struct VerifyOptions<'a> {
    /// What the leaf must be for.
    pub purpose: Purpose,
    /// The name that a server's leaf must carry; without it none is compared.
    pub name: Option<San>,
    /// The time of the judgement.
    pub at: Timestamp,
    /// Revocation lists at hand.
    pub crls: &'a [Crl],
    /// What a missing list means.
    pub revocation: Revocation,
    /// What a CA without keyUsage is worth.
    pub key_usage: CaKeyUsage,
}

impl VerifyOptions<'_> {
    /// For a purpose at a time; no name, no lists, the strict rules.
    pub fn new(purpose: Purpose, at: Timestamp) -> Self {
        Self {
            purpose,
            name: None,
            at,
            crls: &[],
            revocation: Revocation::WhenListed,
            key_usage: CaKeyUsage::Required,
        }
    }
}

/// What it means when there is no revocation list of an issuer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Revocation {
    /// Its certificates are not revoked. A list that is there but bad is refused all the same.
    #[default]
    WhenListed,
    /// Its certificates are refused.
    Required,
}

/// What a CA certificate without a keyUsage extension is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaKeyUsage {
    /// Nothing: RFC 5280 §4.2.1.3 demands it, and `openssl verify -x509_strict` does.
    #[default]
    Required,
    /// As RFC 5280 §6.1.4 (n) judges and Go does: nothing forbidden. Docker's own recipe for a CA
    /// makes such certificates.
    Optional,
}

/// A chain that was found good: the path from leaf to anchor.
#[derive(Clone, Debug)]
pub struct VerifiedPath {
    path: Vec<Certificate>,
}

impl VerifiedPath {
    /// The certificates from leaf to anchor.
    pub fn certificates(&self) -> &[Certificate] {
        &self.path
    }

    /// The leaf.
    pub fn leaf(&self) -> &Certificate {
        // A path is made of a leaf and an anchor at least.
        &self.path[0]
    }

    /// The anchor it ends in.
    pub fn anchor(&self) -> &Certificate {
        &self.path[self.path.len() - 1]
    }
}

/// Judges a chain: `chain[0]` is the leaf, the others may come in any order. Gives the path, or the
/// one reason to mend first.
pub fn verify(
    chain: &[Certificate],
    anchors: &[Certificate],
    options: &VerifyOptions<'_>,
) -> Result<VerifiedPath, Refusal> {
    verify_with_reasons(chain, anchors, options).map_err(|refused| *refused.root)
}

/// [`verify`], with everything that was found wrong, the root cause first. What is wrong with the
/// path comes before what is wrong with the leaf: without a path nobody vouches for its content.
pub fn verify_with_reasons(
    chain: &[Certificate],
    anchors: &[Certificate],
    options: &VerifyOptions<'_>,
) -> Result<VerifiedPath, Refused> {
    let only = |root| {
        Err(Refused {
            root: Box::new(root),
            others: Vec::new(),
        })
    };
    let Some((leaf, intermediates)) = chain.split_first() else {
        return only(Refusal::EmptyChain {});
    };
    if anchors.is_empty() {
        return only(Refusal::NoAnchors {});
    }
    if chain.len() > CHAIN_LIMIT {
        return only(Refusal::TooMuchWork {
            what: "certificates",
        });
    }
    let mut search = Search {
        intermediates,
        anchors,
        options,
        candidates: CANDIDATES_LIMIT,
        comparisons: COMPARISONS_LIMIT,
        most_telling: None,
    };
    let mut path = vec![leaf];
    let found = search.extend(&mut path);
    let mut reasons = Vec::new();
    if found == Found::Nothing {
        reasons.extend(search.most_telling.take().map(|note| note.refusal));
    }
    reasons.extend(leaf_refusals(leaf, options));
    let mut reasons = reasons.into_iter();
    match (reasons.next(), found) {
        (Some(root), _) => Err(Refused {
            root: Box::new(root),
            others: reasons.collect(),
        }),
        (None, Found::Path) => Ok(VerifiedPath {
            path: path.into_iter().cloned().collect(),
        }),
        (None, Found::Nothing) => only(Refusal::TooMuchWork { what: "paths" }),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Path,
    Nothing,
}

/// A refusal, with how far the path had come when it was met.
struct Note {
    progress: (usize, usize),
    refusal: Refusal,
}

struct Search<'a> {
    intermediates: &'a [Certificate],
    anchors: &'a [Certificate],
    options: &'a VerifyOptions<'a>,
    candidates: usize,
    comparisons: usize,
    most_telling: Option<Note>,
}

impl<'a> Search<'a> {
    /// Tries every issuer of the path's last certificate, anchors first.
    fn extend(&mut self, path: &mut Vec<&'a Certificate>) -> Found {
        let depth = path.len();
        let Some(current) = path.last().copied() else {
            return Found::Nothing;
        };
        let (anchors, intermediates) = (self.anchors, self.intermediates);
        let wanted = current.issuer_der();
        let named = |candidate: &&Certificate| candidate.subject_der() == wanted;
        let anchors = anchors
            .iter()
            .filter(named)
            .map(|candidate| (Place::Anchor, candidate));
        let others = intermediates
            .iter()
            .filter(named)
            .map(|candidate| (Place::Intermediate, candidate));
        let mut any = false;
        for (place, candidate) in anchors.chain(others) {
            // A CA that is in the path already adds nothing (cross-certificates, loops).
            let seen = |one: &&Certificate| {
                one.spki_der() == candidate.spki_der()
                    && one.subject_der() == candidate.subject_der()
            };
            if place == Place::Intermediate && path.iter().any(seen) {
                continue;
            }
            any = true;
            if depth + 1 > DEPTH_LIMIT {
                self.note(depth, 0, Refusal::TooDeep { limit: DEPTH_LIMIT });
                return Found::Nothing;
            }
            let Some(left) = self.candidates.checked_sub(1) else {
                self.note(
                    usize::MAX,
                    0,
                    Refusal::TooMuchWork {
                        what: "possible issuers",
                    },
                );
                return Found::Nothing;
            };
            self.candidates = left;
            if let Err((step, refusal)) = self.check_issuer(path, place, candidate) {
                self.note(depth, step, refusal);
                continue;
            }
            path.push(candidate);
            let found = if place == Place::Anchor {
                self.check_revocation(path)
            } else {
                self.extend(path)
            };
            if found == Found::Path {
                return found;
            }
            path.pop();
        }
        if !any {
            let which = which(path, depth - 1);
            let refusal = if current.is_self_issued() {
                Refusal::SelfSigned { which }
            } else {
                Refusal::UnknownIssuer {
                    which,
                    issuer: current.issuer(),
                }
            };
            self.note(depth, 0, refusal);
        }
        Found::Nothing
    }

    fn note(&mut self, depth: usize, step: usize, refusal: Refusal) {
        let progress = (depth, step);
        if self
            .most_telling
            .as_ref()
            .is_none_or(|note| note.progress < progress)
        {
            self.most_telling = Some(Note { progress, refusal });
        }
    }

    /// Everything an issuer must be, in the order in which a failure tells more: before the
    /// signature is verified it may be the wrong candidate, afterwards it is the issuer.
    fn check_issuer(
        &mut self,
        path: &[&Certificate],
        place: Place,
        issuer: &Certificate,
    ) -> Result<(), (usize, Refusal)> {
        let depth = path.len();
        let Some(current) = path.last() else {
            return Ok(());
        };
        let who = || Which::new(place, issuer);
        let child = || which(path, depth - 1);
        let (facts, current_facts) = (issuer.facts(), current.facts());

        if let (Some(expected), Some(presented)) =
            (&current_facts.authority_key_id, &facts.subject_key_id)
            && expected != presented
        {
            let (expected, presented) = (description::hex(expected), description::hex(presented));
            return Err((
                1,
                Refusal::OtherIssuerKey {
                    which: child(),
                    expected,
                    issuer: who(),
                    presented,
                },
            ));
        }
        match &current_facts.scheme {
            Scheme::Weak(algorithm) => {
                return Err((
                    2,
                    Refusal::WeakSignature {
                        which: child(),
                        algorithm,
                    },
                ));
            }
            Scheme::Unknown(_) => {
                let algorithm = current_facts.scheme.to_string();
                return Err((
                    2,
                    Refusal::UnknownSignature {
                        which: child(),
                        algorithm,
                    },
                ));
            }
            _ => {}
        }
        check_key(issuer, &who).map_err(|refusal| (3, refusal))?;
        let good = algorithm::verifies_with(
            &current_facts.scheme,
            &facts.key,
            issuer.key_bits(),
            current.signed_der(),
            current.signature(),
        );
        if !good {
            return Err((
                4,
                Refusal::BadSignature {
                    which: child(),
                    issuer: who(),
                },
            ));
        }
        if facts.version != 3 {
            return Err((
                5,
                Refusal::OldVersion {
                    which: who(),
                    presented: facts.version,
                },
            ));
        }
        check_form(issuer, &who).map_err(|refusal| (6, refusal))?;
        if !issuer.is_ca() {
            return Err((7, Refusal::IssuerNotCa { which: who() }));
        }
        match facts.key_usage {
            Some(usage) if !usage.cert_sign() => {
                return Err((
                    8,
                    Refusal::NoCertSign {
                        which: who(),
                        presented: usage,
                    },
                ));
            }
            None if self.options.key_usage == CaKeyUsage::Required => {
                return Err((8, Refusal::NoKeyUsage { which: who() }));
            }
            _ => {}
        }
        if distinguished_name::is_empty(issuer.subject_der()) {
            return Err((8, Refusal::EmptySubject { which: who() }));
        }
        check_dates(issuer, self.options.at, &who).map_err(|refusal| (9, refusal))?;
        // Self-issued intermediates do not count (RFC 5280 §4.2.1.9).
        let below = path
            .iter()
            .skip(1)
            .filter(|ca| !ca.is_self_issued())
            .count();
        if let Some(limit) = facts
            .basic_constraints
            .and_then(|constraints| constraints.path_length)
            && u32::try_from(below).is_ok_and(|below| below > limit)
        {
            return Err((
                10,
                Refusal::PathTooLong {
                    which: who(),
                    limit,
                    presented: below,
                },
            ));
        }
        let purposes = issuer.purposes();
        let stated = *purposes != crate::Purposes::Unstated;
        if stated && !purposes.include(self.options.purpose) && !purposes.lists_any() {
            let presented = purposes.clone();
            return Err((
                11,
                Refusal::IssuerPurpose {
                    which: who(),
                    expected: self.options.purpose,
                    presented,
                },
            ));
        }
        self.check_constraints(path, issuer, &who)
            .map_err(|refusal| (12, refusal))
    }

    fn check_constraints(
        &mut self,
        path: &[&Certificate],
        issuer: &Certificate,
        who: &dyn Fn() -> Which,
    ) -> Result<(), Refusal> {
        let Some(bounds) = &issuer.facts().name_constraints else {
            return Ok(());
        };
        for (index, below) in path.iter().enumerate() {
            // Constraints bind every leaf, and every CA that is not the same one renewed.
            if index > 0 && below.is_self_issued() {
                continue;
            }
            constraints::check(bounds, below, &mut self.comparisons).map_err(|violation| {
                match violation {
                    Violation::Name(name) => Refusal::NameNotPermitted {
                        issuer: who(),
                        name,
                        which: which(path, index),
                    },
                    Violation::Unsupported(kind) => {
                        Refusal::UnsupportedConstraint { which: who(), kind }
                    }
                    Violation::TooMuchWork => Refusal::TooMuchWork {
                        what: "names under constraints",
                    },
                }
            })?;
        }
        Ok(())
    }

    /// Of a whole path: none of its certificates, but for the anchor, is on its issuer's list.
    fn check_revocation(&mut self, path: &[&Certificate]) -> Found {
        let last = path.len() - 1;
        for (index, pair) in path.windows(2).enumerate() {
            let [certificate, issuer] = pair else {
                continue;
            };
            let place = if index + 1 == last {
                Place::Anchor
            } else {
                Place::Intermediate
            };
            let issuer_name = || Which::new(place, issuer);
            if let Err(refusal) = check_revoked(
                certificate,
                issuer,
                &issuer_name,
                which(path, index),
                self.options,
            ) {
                self.note(path.len(), 100, refusal);
                return Found::Nothing;
            }
        }
        Found::Path
    }
}

fn check_dates(
    certificate: &Certificate,
    at: Timestamp,
    who: &dyn Fn() -> Which,
) -> Result<(), Refusal> {
    let (not_before, not_after) = (certificate.not_before(), certificate.not_after());
    if at < not_before {
        Err(Refusal::NotYetValid {
            which: who(),
            not_before,
            at,
        })
    } else if at > not_after {
        Err(Refusal::Expired {
            which: who(),
            not_after,
            at,
        })
    } else {
        Ok(())
    }
}

fn check_key(certificate: &Certificate, who: &dyn Fn() -> Which) -> Result<(), Refusal> {
    let key: &KeyAlgorithm = &certificate.facts().key;
    if key.is_strong() {
        Ok(())
    } else {
        Err(Refusal::WeakKey {
            which: who(),
            key: key.clone(),
        })
    }
}

/// What any certificate must be, whatever its part.
fn check_form(certificate: &Certificate, who: &dyn Fn() -> Which) -> Result<(), Refusal> {
    let facts = certificate.facts();
    if !facts.algorithms_agree {
        return Err(Refusal::SignatureAlgorithmsDiffer { which: who() });
    }
    if facts.unique_ids {
        return Err(Refusal::UniqueIds { which: who() });
    }
    for extension in &facts.extensions {
        let (which, name) = (who, || oid::extension_name(&extension.oid));
        match extension.state {
            ExtensionState::Known => {}
            ExtensionState::Unknown if !extension.critical => {}
            ExtensionState::Unknown => {
                return Err(Refusal::UnknownCriticalExtension {
                    which: which(),
                    extension: name(),
                });
            }
            ExtensionState::Malformed => {
                return Err(Refusal::MalformedExtension {
                    which: which(),
                    extension: name(),
                });
            }
            ExtensionState::Repeated => {
                return Err(Refusal::RepeatedExtension {
                    which: which(),
                    extension: name(),
                });
            }
        }
    }
    match facts.serial_flaw {
        Some(flaw) => Err(Refusal::BadSerial { which: who(), flaw }),
        None => Ok(()),
    }
}

/// The certificate at this place of an unfinished path.
fn which(path: &[&Certificate], index: usize) -> Which {
    let place = if index == 0 {
        Place::Leaf
    } else {
        Place::Intermediate
    };
    match path.get(index) {
        Some(certificate) => Which::new(place, certificate),
        None => Which {
            place,
            subject: String::new(),
        },
    }
}
