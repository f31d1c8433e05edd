//! Certificate revocation lists (RFC 5280 §5).

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use sealock_diag::{Code, Diagnose};

use crate::algorithm::{Scheme, verifies};
use crate::certificate::range_in;
use crate::der::{self, Critical, Writer, context, context_constructed};
use crate::extensions::{authority_key_id, whole};
use crate::issue::IssueError;
use crate::{Certificate, Issuer, PemError, Serial, Timestamp, distinguished_name, oid, pem};

/// The longest list that is read: more than 300,000 entries.
const LIMIT: usize = 16 * 1024 * 1024;

/// Why a certificate was revoked (RFC 5280 §5.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RevocationReason {
    /// Not said.
    Unspecified,
    /// The key is in other hands.
    KeyCompromise,
    /// The CA's key is in other hands.
    CaCompromise,
    /// The holder left, or changed its name.
    AffiliationChanged,
    /// Replaced by a newer one.
    Superseded,
    /// No longer needed.
    CessationOfOperation,
    /// On hold.
    CertificateHold,
    /// No longer on hold; in delta lists only.
    RemoveFromCrl,
    /// The holder may no longer what the certificate says.
    PrivilegeWithdrawn,
    /// The attribute authority's key is in other hands.
    AaCompromise,
}

impl RevocationReason {
    const ALL: [(Self, u8, &'static str); 10] = [
        (Self::Unspecified, 0, "unspecified"),
        (Self::KeyCompromise, 1, "key compromise"),
        (Self::CaCompromise, 2, "CA compromise"),
        (Self::AffiliationChanged, 3, "affiliation changed"),
        (Self::Superseded, 4, "superseded"),
        (Self::CessationOfOperation, 5, "cessation of operation"),
        (Self::CertificateHold, 6, "certificate hold"),
        (Self::RemoveFromCrl, 8, "removed from the list"),
        (Self::PrivilegeWithdrawn, 9, "privilege withdrawn"),
        (Self::AaCompromise, 10, "attribute authority compromise"),
    ];

    /// The number in the list.
    pub fn code(self) -> u8 {
        Self::ALL
            .iter()
            .find(|(reason, ..)| *reason == self)
            .map_or(0, |(_, code, _)| *code)
    }

    /// The name on a command line: `key-compromise`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "key-compromise",
            Self::CaCompromise => "ca-compromise",
            Self::AffiliationChanged => "affiliation-changed",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessation-of-operation",
            Self::CertificateHold => "certificate-hold",
            Self::RemoveFromCrl => "remove-from-crl",
            Self::PrivilegeWithdrawn => "privilege-withdrawn",
            Self::AaCompromise => "aa-compromise",
        }
    }

    /// The reason of this name; the names are those of RFC 5280, in lower case and with dashes.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .map(|(reason, ..)| *reason)
            .find(|reason| reason.word() == word)
    }

    /// All of them, in the order of their numbers.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::ALL.iter().map(|(reason, ..)| *reason)
    }

    fn from_code(code: u8) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, number, _)| *number == code)
            .map(|(reason, ..)| *reason)
    }
}

impl fmt::Display for RevocationReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            Self::ALL
                .iter()
                .find(|(reason, ..)| reason == self)
                .map_or("", |(_, _, name)| name),
        )
    }
}

/// One entry of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// The certificate's serial.
    pub serial: Serial,
    /// Since when.
    pub at: Timestamp,
    /// Why.
    pub reason: RevocationReason,
}

/// A revocation list that was read; whether it may be relied upon is judged by
/// [`verify`](crate::verify). Clones share the bytes.
#[derive(Clone)]
pub struct Crl(Arc<Inner>);

struct Inner {
    der: Vec<u8>,
    signed: Range<usize>,
    issuer: Range<usize>,
    signature: Range<usize>,
    scheme: Scheme,
    this_update: Timestamp,
    next_update: Option<Timestamp>,
    number: Option<u64>,
    authority_key_id: Option<Vec<u8>>,
    unusable: Option<String>,
    revoked: Vec<Revoked>,
}

impl Crl {
    /// Reads one list in DER; nothing may follow it.
    pub fn from_der(der: Vec<u8>) -> Result<Self, CrlError> {
        if der.len() > LIMIT {
            return Err(CrlError::Malformed {
                detail: "it is longer than 16 MiB",
            });
        }
        let inner = read(&der).ok_or(CrlError::Malformed {
            detail: "it is not an X.509 CRL, or cut off",
        })?;
        Ok(Self(Arc::new(Inner { der, ..inner })))
    }

    /// Reads PEM that holds exactly one list.
    pub fn from_pem(text: &[u8]) -> Result<Self, CrlError> {
        let mut block = pem::only_block(text, "revocation list", &["X509 CRL"])?;
        Self::from_der(std::mem::take(&mut *block.body))
    }

    /// Reads PEM of one list or more, in the order of the file.
    pub fn all_from_pem(text: &[u8]) -> Result<Vec<Self>, CrlError> {
        pem::blocks_labelled(text, "revocation list", &["X509 CRL"])?
            .into_iter()
            .map(|mut block| Self::from_der(std::mem::take(&mut *block.body)))
            .collect()
    }

    /// The list's DER.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// The list as PEM.
    pub fn to_pem(&self) -> String {
        String::from_utf8_lossy(&pem::encode("X509 CRL", self.der())).into_owned()
    }

    /// Who issued it, safe to print.
    pub fn issuer(&self) -> String {
        distinguished_name::display(self.issuer_der())
    }

    /// The issuer's Name, byte for byte.
    pub fn issuer_der(&self) -> &[u8] {
        self.part(&self.0.issuer)
    }

    /// The number, which grows from list to list; missing in lists of old tools.
    pub fn number(&self) -> Option<u64> {
        self.0.number
    }

    /// The number of a list that this issuer really signed: whoever makes the next one must go beyond it.
    pub fn number_by(&self, issuer: &Certificate) -> Option<u64> {
        let theirs = self.issuer_der() == issuer.subject_der() && self.is_signed_by(issuer);
        self.number().filter(|_| theirs)
    }

    /// When it was made.
    pub fn this_update(&self) -> Timestamp {
        self.0.this_update
    }

    /// When the next one is due at the latest.
    pub fn next_update(&self) -> Option<Timestamp> {
        self.0.next_update
    }

    /// The entries, in their order.
    pub fn revoked(&self) -> &[Revoked] {
        &self.0.revoked
    }

    /// The entry of this serial.
    pub fn find(&self, serial: &Serial) -> Option<&Revoked> {
        self.revoked().iter().find(|entry| entry.serial == *serial)
    }

    pub(crate) fn authority_key_id(&self) -> Option<&[u8]> {
        self.0.authority_key_id.as_deref()
    }

    /// Why it cannot stand for the whole truth: delta, partial scope, an extension that is critical
    /// and unknown, or repeated.
    pub(crate) fn unusable(&self) -> Option<&str> {
        self.0.unusable.as_deref()
    }

    pub(crate) fn scheme(&self) -> &Scheme {
        &self.0.scheme
    }

    pub(crate) fn is_signed_by(&self, certificate: &Certificate) -> bool {
        let (signed, signature) = (self.part(&self.0.signed), self.part(&self.0.signature));
        verifies(&self.0.scheme, certificate.spki_der(), signed, signature)
    }

    fn part(&self, range: &Range<usize>) -> &[u8] {
        self.0.der.get(range.clone()).unwrap_or_default()
    }
}

impl fmt::Debug for Crl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Crl({}, number {:?}, {} entries)",
            self.issuer(),
            self.number(),
            self.revoked().len()
        )
    }
}

/// Makes a v2 list with AKI and number (RFC 5280 §5.2), reads it again, and compares.
pub fn make_crl(
    issuer: &Issuer,
    revoked: &[Revoked],
    number: u64,
    this_update: Timestamp,
    next_update: Timestamp,
) -> Result<Crl, IssueError> {
    if !issuer.can_sign_crls() {
        return Err(IssueError::NoCrlSign {
            issuer: issuer.certificate().subject(),
        });
    }
    if next_update <= this_update {
        return Err(IssueError::CrlDates {
            this_update,
            next_update,
        });
    }
    let mut sorted: Vec<_> = revoked.iter().collect();
    sorted.sort_by(|a, b| a.serial.cmp(&b.serial));
    if let Some([twice, _]) = sorted
        .windows(2)
        .find(|pair| pair[0].serial == pair[1].serial)
    {
        return Err(IssueError::RevokedTwice {
            serial: twice.serial.clone(),
        });
    }
    let key = issuer.key();
    let mut signed = Writer::with_capacity(256 + revoked.len() * 48);
    signed.sequence(|w| {
        w.number(1);
        key.kind().write_signature_algorithm(w);
        w.raw(issuer.certificate().subject_der());
        w.time(this_update);
        w.time(next_update);
        // An empty list must be left out (RFC 5280 §5.1.2.6).
        if !revoked.is_empty() {
            w.sequence(|w| revoked.iter().for_each(|entry| write_entry(entry, w)));
        }
        w.nested(context_constructed(0), |w| {
            w.sequence(|w| {
                w.extension(oid::AUTHORITY_KEY_ID, Critical::No, |w| {
                    w.sequence(|w| w.value(context(0), &issuer.key_identifier()));
                });
                w.extension(oid::CRL_NUMBER, Critical::No, |w| w.number(number));
            });
        });
    });
    let signed = signed.finish();
    let signature = key.sign(&signed)?;
    let mut w = Writer::with_capacity(signed.len() + signature.len() + 48);
    w.sequence(|w| {
        w.raw(&signed);
        key.kind().write_signature_algorithm(w);
        w.bits(&signature);
    });
    let crl = Crl::from_der(w.finish()).map_err(|_| IssueError::SelfCheck { what: "form" })?;
    let same = crl.revoked() == revoked
        && crl.number() == Some(number)
        && (crl.this_update(), crl.next_update()) == (this_update, Some(next_update))
        && crl.issuer_der() == issuer.certificate().subject_der()
        && crl.unusable().is_none();
    if !same {
        return Err(IssueError::SelfCheck { what: "content" });
    }
    if !crl.is_signed_by(issuer.certificate()) {
        return Err(IssueError::SelfCheck { what: "signature" });
    }
    Ok(crl)
}

fn write_entry(entry: &Revoked, w: &mut Writer) {
    w.sequence(|w| {
        w.unsigned(entry.serial.as_bytes());
        w.time(entry.at);
        // "unspecified" is said by saying nothing (RFC 5280 §5.3.1).
        if entry.reason != RevocationReason::Unspecified {
            w.sequence(|w| {
                w.extension(oid::CRL_REASON, Critical::No, |w| {
                    w.integer_like(der::ENUMERATED, &[entry.reason.code()]);
                });
            });
        }
    });
}

fn read(bytes: &[u8]) -> Option<Inner> {
    let outer = whole(der::SEQUENCE, bytes)?;
    let signed = der::expect(der::SEQUENCE, outer)?;
    let algorithm = der::expect(der::SEQUENCE, signed.rest)?;
    let (0, signature) = whole(der::BIT_STRING, algorithm.rest)?
        .split_first()
        .map(|(n, rest)| (*n, rest))?
    else {
        return None;
    };
    let kind = der::expect(der::OID, algorithm.content)?;
    let scheme = Scheme::recognise(
        kind.content,
        der::take(kind.rest).map(|value| value.content),
    );

    let mut rest = signed.content;
    let mut unusable = None;
    match der::expect(der::INTEGER, rest) {
        Some(version) if version.content == [1] => rest = version.rest,
        Some(_) => return None,
        None => unusable = Some("it is of version 1".to_owned()),
    }
    let inner_algorithm = der::expect(der::SEQUENCE, rest)?;
    if inner_algorithm.whole != algorithm.whole {
        unusable = Some("its two signature algorithms differ".into());
    }
    let issuer = der::expect(der::SEQUENCE, inner_algorithm.rest)?;
    let (this_update, after) = der::read_time(issuer.rest)?;
    rest = after;
    let mut next_update = None;
    if let Some((time, after)) = der::read_time(rest) {
        (next_update, rest) = (Some(time), after);
    }
    let mut revoked = Vec::new();
    if let Some(entries) = der::expect(der::SEQUENCE, rest) {
        let mut entry_rest = entries.content;
        while !entry_rest.is_empty() {
            let entry = der::expect(der::SEQUENCE, entry_rest)?;
            revoked.push(read_entry(entry.content, &mut unusable)?);
            entry_rest = entry.rest;
        }
        rest = entries.rest;
    }
    let (mut number, mut key_id) = (None, None);
    if !rest.is_empty() {
        let list = whole(der::SEQUENCE, whole(context_constructed(0), rest)?)?;
        let repeated = each_extension(list, |oid, critical, value| {
            match oid {
                oid::CRL_NUMBER => {
                    let digits =
                        whole(der::INTEGER, value).filter(|content| content.len() <= 20)?;
                    // Twenty bytes are lawful; only the order matters, and ours fit.
                    number = Some(digits.iter().fold(0u64, |sum, b| {
                        sum.saturating_mul(256).saturating_add(u64::from(*b))
                    }));
                }
                oid::AUTHORITY_KEY_ID => key_id = authority_key_id(value)?.map(<[u8]>::to_vec),
                other if critical => {
                    unusable = Some(format!(
                        "its critical extension {} is not understood",
                        oid::dotted(other)
                    ));
                }
                _ => {}
            }
            Some(())
        })?;
        if let Some(oid) = repeated {
            unusable = Some(format!("its extension {} is repeated", oid::dotted(oid)));
        }
    }
    Some(Inner {
        der: Vec::new(),
        signed: range_in(bytes, signed.whole)?,
        issuer: range_in(bytes, issuer.whole)?,
        signature: range_in(bytes, signature)?,
        scheme,
        this_update,
        next_update,
        number,
        authority_key_id: key_id,
        unusable,
        revoked,
    })
}

fn read_entry(content: &[u8], unusable: &mut Option<String>) -> Option<Revoked> {
    let serial = der::expect(der::INTEGER, content)?;
    let (at, rest) = der::read_time(serial.rest)?;
    let mut reason = RevocationReason::Unspecified;
    if !rest.is_empty() {
        let list = whole(der::SEQUENCE, rest)?;
        let repeated = each_extension(list, |oid, critical, value| {
            match oid {
                oid::CRL_REASON => match whole(der::ENUMERATED, value)? {
                    [code] => reason = RevocationReason::from_code(*code)?,
                    _ => return None,
                },
                other if critical => {
                    // certificateIssuer of indirect lists, above all: the entry may be another CA's.
                    *unusable = Some(format!(
                        "an entry's critical extension {} is not understood",
                        oid::dotted(other)
                    ));
                }
                _ => {}
            }
            Some(())
        })?;
        if let Some(oid) = repeated {
            *unusable = Some(format!(
                "an entry's extension {} is repeated",
                oid::dotted(oid)
            ));
        }
    }
    Some(Revoked {
        serial: Serial::from_bytes(serial.content),
        at,
        reason,
    })
}

/// Visits every extension once, and gives one that is there again: programs that read the last of
/// two would read another list than we do, so none may be repeated (RFC 5280 §4.2, §5.2).
fn each_extension<'a>(
    mut rest: &'a [u8],
    mut visit: impl FnMut(&'a [u8], bool, &'a [u8]) -> Option<()>,
) -> Option<Option<&'a [u8]>> {
    // Ordered: a hostile list has millions of them.
    let (mut seen, mut repeated) = (BTreeSet::new(), None);
    while !rest.is_empty() {
        let extension = der::expect(der::SEQUENCE, rest)?;
        let kind = der::expect(der::OID, extension.content)?;
        let (critical, after) = match der::expect(der::BOOLEAN, kind.rest) {
            Some(flag) => (flag.content != [0], flag.rest),
            None => (false, kind.rest),
        };
        let value = whole(der::OCTET_STRING, after)?;
        if seen.insert(kind.content) {
            visit(kind.content, critical, value)?;
        } else {
            repeated = Some(kind.content);
        }
        rest = extension.rest;
    }
    Some(repeated)
}

/// Why something is no revocation list that can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CrlError {
    /// The text holds no block that could be a list.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// Broken DER.
    #[error("the revocation list cannot be read: {detail}")]
    Malformed {
        /// What is wrong.
        detail: &'static str,
    },
}

impl Diagnose for CrlError {
    fn code(&self) -> Code {
        match self {
            Self::Pem(error) => error.code(),
            Self::Malformed { .. } => Code("SL-P501"),
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Pem(error) => error.help(),
            Self::Malformed { .. } => None,
        }
    }
}
