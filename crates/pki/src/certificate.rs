//! Certificates: read once, known ever after.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use sealock_diag::{Code, Diagnose};
use x509_parser::certificate::X509CertificateParser;
use x509_parser::extensions::X509Extension;
use x509_parser::nom::Parser;
use x509_parser::x509::AlgorithmIdentifier;

use crate::algorithm::{KeyAlgorithm, Scheme, read_spki};
use crate::extensions::{self, BasicConstraints, GeneralName, KeyUsage, NameConstraints, Purposes};
use crate::key::{KeyKind, PublicKey};
use crate::{
    Fingerprint, KeyError, KeyId, PemError, San, Serial, Timestamp, distinguished_name, oid, pem,
};

/// The longest certificate that is read. One of 10,000 names has less than 1 MiB.
const LIMIT: usize = 4 * 1024 * 1024;
const LABELS: &[&str] = &["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"];

/// An X.509 certificate with its DER. It was read, which says nothing about trust: that is what
/// [`verify`](crate::verify) is for. Clones share the bytes.
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

struct Inner {
    der: Vec<u8>,
    facts: Facts,
}

/// What a certificate says, in the form every check needs it.
pub(crate) struct Facts {
    /// 1, 2 or 3.
    pub(crate) version: u32,
    pub(crate) serial: Serial,
    pub(crate) serial_flaw: Option<&'static str>,
    pub(crate) scheme: Scheme,
    /// Whether the algorithm inside what is signed is the one outside.
    pub(crate) algorithms_agree: bool,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    pub(crate) key: KeyAlgorithm,
    pub(crate) key_id: KeyId,
    pub(crate) unique_ids: bool,
    pub(crate) extensions: Vec<Extension>,
    pub(crate) basic_constraints: Option<BasicConstraints>,
    pub(crate) key_usage: Option<KeyUsage>,
    pub(crate) purposes: Purposes,
    pub(crate) names: Vec<GeneralName>,
    pub(crate) sans: Vec<San>,
    pub(crate) subject_key_id: Option<Vec<u8>>,
    pub(crate) authority_key_id: Option<Vec<u8>>,
    pub(crate) name_constraints: Option<NameConstraints>,
    signed: Range<usize>,
    issuer: Range<usize>,
    subject: Range<usize>,
    spki: Range<usize>,
    key_bits: Range<usize>,
    signature: Range<usize>,
}

/// One extension as it stands.
pub(crate) struct Extension {
    pub(crate) oid: Vec<u8>,
    pub(crate) critical: bool,
    pub(crate) state: ExtensionState,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExtensionState {
    /// Read and understood.
    Known,
    /// One that we do not process.
    Unknown,
    /// Of a kind that we process, but broken.
    Malformed,
    /// The same kind once more.
    Repeated,
}

impl Certificate {
    /// Reads exactly one certificate in DER; nothing may follow it.
    pub fn from_der(der: Vec<u8>) -> Result<Self, CertificateError> {
        let facts = Facts::read(&der)?;
        Ok(Self(Arc::new(Inner { der, facts })))
    }

    /// Reads PEM that holds exactly one certificate; other blocks (a key, parameters) may be there.
    pub fn from_pem(text: &[u8]) -> Result<Self, CertificateError> {
        let mut block = pem::only_block(text, "certificate", LABELS)?;
        Self::from_block(&block.label.clone(), std::mem::take(&mut *block.body))
    }

    /// Reads PEM of one certificate or more, in the order of the file: a chain or a bundle.
    pub fn chain_from_pem(text: &[u8]) -> Result<Vec<Self>, CertificateError> {
        pem::blocks_labelled(text, "certificate", LABELS)?
            .into_iter()
            .map(|mut block| {
                Self::from_block(&block.label.clone(), std::mem::take(&mut *block.body))
            })
            .collect()
    }

    fn from_block(label: &str, mut der: Vec<u8>) -> Result<Self, CertificateError> {
        if label == "TRUSTED CERTIFICATE" {
            // OpenSSL's own form: trust settings follow the certificate.
            let length = crate::der::take(&der).map(|value| value.whole.len());
            der.truncate(length.unwrap_or(der.len()));
        }
        Self::from_der(der)
    }

    /// The certificate's DER.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// The certificate as PEM, 64 characters a line.
    pub fn to_pem(&self) -> String {
        String::from_utf8_lossy(&pem::encode("CERTIFICATE", self.der())).into_owned()
    }

    /// The serial number.
    pub fn serial(&self) -> &Serial {
        &self.0.facts.serial
    }

    /// The subject in one line, safe to print: `O=…, CN=…`.
    pub fn subject(&self) -> String {
        distinguished_name::display(self.subject_der())
    }

    /// The issuer in one line, safe to print.
    pub fn issuer(&self) -> String {
        distinguished_name::display(self.issuer_der())
    }

    /// The subject's Name, byte for byte.
    pub fn subject_der(&self) -> &[u8] {
        self.part(&self.0.facts.subject)
    }

    /// The issuer's Name, byte for byte.
    pub fn issuer_der(&self) -> &[u8] {
        self.part(&self.0.facts.issuer)
    }

    /// The last commonName of the subject, as it stands: escape it before printing. Display only.
    pub fn common_name(&self) -> Option<String> {
        distinguished_name::common_name(self.subject_der())
    }

    /// The organizational units of the subject, as they stand: escape them before printing.
    pub fn organizational_units(&self) -> Vec<String> {
        distinguished_name::organizational_units(self.subject_der())
    }

    /// The subject alternative names that are sound and of the four kinds we know.
    pub fn sans(&self) -> &[San] {
        &self.0.facts.sans
    }

    /// The first instant of validity.
    pub fn not_before(&self) -> Timestamp {
        self.0.facts.not_before
    }

    /// The last instant of validity.
    pub fn not_after(&self) -> Timestamp {
        self.0.facts.not_after
    }

    /// The extended key usages.
    pub fn purposes(&self) -> &Purposes {
        &self.0.facts.purposes
    }

    /// Whether basicConstraints say CA:TRUE.
    pub fn is_ca(&self) -> bool {
        self.0
            .facts
            .basic_constraints
            .is_some_and(|constraints| constraints.ca)
    }

    /// Whether subject and issuer are the same name.
    pub fn is_self_issued(&self) -> bool {
        self.subject_der() == self.issuer_der()
    }

    /// The kind of key, when it is one of those we make.
    pub fn key_kind(&self) -> Option<KeyKind> {
        KeyKind::of(&self.0.facts.key)
    }

    /// SHA-1 of the public key's bits, whatever the subjectKeyIdentifier says.
    pub fn key_id(&self) -> KeyId {
        self.0.facts.key_id
    }

    /// SHA-256 of the DER.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.der())
    }

    /// The public key as SubjectPublicKeyInfo DER.
    pub fn spki_der(&self) -> &[u8] {
        self.part(&self.0.facts.spki)
    }

    /// Whether this was signed with the key of `issuer`: nothing but the signature is looked at, and weak
    /// algorithms are not verified. [`verify`](crate::verify) is what trust takes.
    pub fn is_signed_by(&self, issuer: &Self) -> bool {
        let key = &issuer.facts().key;
        let scheme = &self.facts().scheme;
        crate::algorithm::verifies_with(
            scheme,
            key,
            issuer.key_bits(),
            self.signed_der(),
            self.signature(),
        )
    }

    /// The public key, when it is of a kind that we would certify (again).
    pub fn public_key(&self) -> Result<PublicKey<'_>, KeyError> {
        PublicKey::from_spki_der(self.spki_der())
    }

    pub(crate) fn facts(&self) -> &Facts {
        &self.0.facts
    }

    pub(crate) fn signed_der(&self) -> &[u8] {
        self.part(&self.0.facts.signed)
    }

    pub(crate) fn signature(&self) -> &[u8] {
        self.part(&self.0.facts.signature)
    }

    pub(crate) fn key_bits(&self) -> &[u8] {
        self.part(&self.0.facts.key_bits)
    }

    fn part(&self, range: &Range<usize>) -> &[u8] {
        self.0.der.get(range.clone()).unwrap_or_default()
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der() == other.der()
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Certificate({}, serial {})",
            self.subject(),
            self.serial()
        )
    }
}

impl Facts {
    fn read(der: &[u8]) -> Result<Self, CertificateError> {
        if der.len() > LIMIT {
            return Err(CertificateError::TooLarge { length: der.len() });
        }
        let malformed = |detail| CertificateError::Malformed { detail };
        let (rest, parsed) = X509CertificateParser::new()
            .with_deep_parse_extensions(false)
            .parse(der)
            .map_err(|_| malformed("it is not an X.509 certificate, or cut off"))?;
        if !rest.is_empty() {
            return Err(malformed("something follows it"));
        }
        let within = |part: &[u8]| range_in(der, part).ok_or(malformed("it is not encoded in DER"));
        let tbs = &parsed.tbs_certificate;
        let spki = read_spki(tbs.subject_pki.raw).ok_or(malformed("its public key is broken"))?;

        let mut facts = Self {
            version: tbs.version.0.saturating_add(1),
            serial: Serial::from_bytes(tbs.raw_serial()),
            serial_flaw: serial_flaw(tbs.raw_serial()),
            scheme: scheme_of(&parsed.signature_algorithm),
            algorithms_agree: parsed.signature_algorithm == tbs.signature,
            not_before: Timestamp::from_unix(tbs.validity.not_before.timestamp()),
            not_after: Timestamp::from_unix(tbs.validity.not_after.timestamp()),
            key_id: KeyId::of_key_bits(spki.bits),
            key_bits: within(spki.bits)?,
            key: spki.algorithm,
            unique_ids: tbs.issuer_uid.is_some() || tbs.subject_uid.is_some(),
            extensions: Vec::with_capacity(tbs.extensions().len()),
            basic_constraints: None,
            key_usage: None,
            purposes: Purposes::Unstated,
            names: Vec::new(),
            sans: Vec::new(),
            subject_key_id: None,
            authority_key_id: None,
            name_constraints: None,
            signed: within(tbs.as_ref())?,
            issuer: within(tbs.issuer.as_raw())?,
            subject: within(tbs.subject.as_raw())?,
            spki: within(tbs.subject_pki.raw)?,
            signature: within(&parsed.signature_value.data)?,
        };
        if tbs.extensions().len() > 256 {
            return Err(malformed("it has more than 256 extensions"));
        }
        for extension in tbs.extensions() {
            let state = facts.take_extension(extension);
            let oid = extension.oid.as_bytes().to_vec();
            facts.extensions.push(Extension {
                oid,
                critical: extension.critical,
                state,
            });
        }
        facts.sans = facts.names.iter().filter_map(GeneralName::san).collect();
        Ok(facts)
    }

    fn take_extension(&mut self, extension: &X509Extension<'_>) -> ExtensionState {
        let oid = extension.oid.as_bytes();
        if self.extensions.iter().any(|earlier| earlier.oid == oid) {
            return ExtensionState::Repeated;
        }
        let value = extension.value;
        let understood = match oid {
            oid::BASIC_CONSTRAINTS => {
                self.basic_constraints = extensions::basic_constraints(value);
                self.basic_constraints.is_some()
            }
            oid::KEY_USAGE => {
                self.key_usage = extensions::key_usage(value);
                self.key_usage.is_some()
            }
            oid::EXTENDED_KEY_USAGE => extensions::extended_key_usage(value)
                .map(|list| self.purposes = Purposes::Listed(list))
                .is_some(),
            oid::SUBJECT_ALT_NAME => extensions::general_names(value)
                .map(|names| self.names = names)
                .is_some(),
            oid::SUBJECT_KEY_ID => {
                self.subject_key_id = extensions::subject_key_id(value).map(<[u8]>::to_vec);
                self.subject_key_id.is_some()
            }
            oid::AUTHORITY_KEY_ID => extensions::authority_key_id(value)
                .map(|id| self.authority_key_id = id.map(<[u8]>::to_vec))
                .is_some(),
            oid::NAME_CONSTRAINTS => {
                self.name_constraints = extensions::name_constraints(value);
                self.name_constraints.is_some()
            }
            _ => return ExtensionState::Unknown,
        };
        if understood {
            ExtensionState::Known
        } else {
            ExtensionState::Malformed
        }
    }
}

/// Recognises the algorithm of an AlgorithmIdentifier that the reader took apart.
pub(crate) fn scheme_of(identifier: &AlgorithmIdentifier<'_>) -> Scheme {
    let parameters = identifier.parameters.as_ref().map(|any| any.data);
    Scheme::recognise(identifier.algorithm.as_bytes(), parameters)
}

/// What is wrong with the content of a serial's INTEGER (RFC 5280 §4.1.2.2).
pub(crate) fn serial_flaw(content: &[u8]) -> Option<&'static str> {
    match content {
        [first, ..] if first & 0x80 != 0 => Some("it is negative"),
        _ if content.iter().all(|b| *b == 0) => Some("it is zero"),
        _ if content.len() > 20 => Some("it is longer than 20 bytes"),
        _ => None,
    }
}

/// Where `part`, a slice of `whole`, lies in it.
pub(crate) fn range_in(whole: &[u8], part: &[u8]) -> Option<Range<usize>> {
    let start = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    let range = start..start.checked_add(part.len())?;
    (whole.get(range.clone())? == part).then_some(range)
}

/// Why something is no certificate that can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// The text holds no block that could be a certificate.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// Broken DER.
    #[error("the certificate cannot be read: {detail}")]
    Malformed {
        /// What is wrong.
        detail: &'static str,
    },
    /// More than four MiB.
    #[error("the certificate has {length} bytes; {LIMIT} are the most that are read")]
    TooLarge {
        /// Bytes presented.
        length: usize,
    },
}

impl Diagnose for CertificateError {
    fn code(&self) -> Code {
        match self {
            Self::Pem(error) => error.code(),
            Self::Malformed { .. } => Code("SL-P110"),
            Self::TooLarge { .. } => Code("SL-P111"),
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Pem(error) => error.help(),
            _ => None,
        }
    }
}
