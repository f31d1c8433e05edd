//! Certificate signing requests (RFC 2986). One from outside contributes a public key and, after
//! policy, names; nothing else in it reaches a certificate.

use std::fmt;
use std::time::Duration;

use sealock_diag::{Code, Diagnose, escape};

use crate::algorithm::{Scheme, verifies};
use crate::der::{self, context_constructed};
use crate::description::show;
use crate::extensions::{self, GeneralName, whole};
use crate::issue::{BACKDATE, IssueError, LeafRequest, issue_leaf};
use crate::{
    Certificate, CommonName, Entropy, Issuer, KeyError, PemError, PublicKey, Purpose, San,
    Timestamp, distinguished_name, oid, pem,
};

const LIMIT: usize = 1024 * 1024;
/// id-ExtensionReq of PKCS#9.
const EXTENSION_REQUEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 14];

/// A signing request whose self-signature was verified: whoever made it holds the key.
#[derive(Clone)]
pub struct CertificateRequest {
    spki: Vec<u8>,
    subject: Vec<u8>,
    names: Vec<GeneralName>,
    asks_for_ca: bool,
    ignored: Vec<String>,
}

impl CertificateRequest {
    /// Reads PEM that holds exactly one request, and verifies it.
    pub fn from_pem(text: &[u8]) -> Result<Self, RequestError> {
        const LABELS: &[&str] = &["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"];
        let block = pem::only_block(text, "certificate signing request", LABELS)?;
        Self::from_der(&block.body)
    }

    /// Reads DER, and verifies the self-signature and that the key is one we would certify.
    pub fn from_der(der: &[u8]) -> Result<Self, RequestError> {
        if der.len() > LIMIT {
            return Err(RequestError::Malformed {
                detail: "it is longer than 1 MiB",
            });
        }
        let parts = Parts::read(der).ok_or(RequestError::Malformed {
            detail: "it is not PKCS#10",
        })?;
        // The key is judged first: of a weak key, a good signature proves nothing.
        PublicKey::from_spki_der(parts.spki)?;
        match &parts.scheme {
            Scheme::Weak(name) => return Err(RequestError::WeakSignature { algorithm: name }),
            scheme if !verifies(scheme, parts.spki, parts.signed, parts.signature) => {
                return Err(RequestError::BadSignature);
            }
            _ => {}
        }
        let mut request = Self {
            spki: parts.spki.to_vec(),
            subject: parts.subject.to_vec(),
            names: Vec::new(),
            asks_for_ca: false,
            ignored: Vec::new(),
        };
        let read = request.read_attributes(parts.attributes);
        read.ok_or(RequestError::Malformed {
            detail: "its attributes are broken",
        })?;
        Ok(request)
    }

    /// The key it asks a certificate for.
    pub fn public_key(&self) -> Result<PublicKey<'_>, KeyError> {
        PublicKey::from_spki_der(&self.spki)
    }

    /// The subject it asks for, safe to print.
    pub fn subject(&self) -> String {
        distinguished_name::display(&self.subject)
    }

    /// The alternative names it asks for that are sound.
    pub fn sans(&self) -> Vec<San> {
        self.names.iter().filter_map(GeneralName::san).collect()
    }

    /// What else it asks for and never gets, by name: key usages, constraints, unknown extensions.
    pub fn ignored(&self) -> &[String] {
        &self.ignored
    }

    fn read_attributes(&mut self, mut rest: &[u8]) -> Option<()> {
        while !rest.is_empty() {
            let attribute = der::expect(der::SEQUENCE, rest)?;
            let kind = der::expect(der::OID, attribute.content)?;
            let values = whole(der::SET, kind.rest)?;
            if kind.content == EXTENSION_REQUEST {
                self.read_extensions(whole(der::SEQUENCE, values)?)?;
            } else if self.ignored.len() < 64 {
                self.ignored
                    .push(format!("attribute {}", oid::dotted(kind.content)));
            }
            rest = attribute.rest;
        }
        Some(())
    }

    fn read_extensions(&mut self, mut rest: &[u8]) -> Option<()> {
        while !rest.is_empty() {
            let extension = der::expect(der::SEQUENCE, rest)?;
            let kind = der::expect(der::OID, extension.content)?;
            let after =
                der::expect(der::BOOLEAN, kind.rest).map_or(kind.rest, |critical| critical.rest);
            let value = whole(der::OCTET_STRING, after)?;
            match kind.content {
                oid::SUBJECT_ALT_NAME if self.names.is_empty() => {
                    self.names = extensions::general_names(value)?
                }
                oid::SUBJECT_ALT_NAME => return None,
                other => {
                    let ca = extensions::basic_constraints(value)
                        .is_some_and(|constraints| constraints.ca);
                    self.asks_for_ca |= other == oid::BASIC_CONSTRAINTS && ca;
                    if self.ignored.len() < 64 {
                        self.ignored.push(oid::extension_name(other));
                    }
                }
            }
            rest = extension.rest;
        }
        Some(())
    }
}

impl fmt::Debug for CertificateRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CertificateRequest({})", self.subject())
    }
}

/// The pieces of a CertificationRequest.
struct Parts<'a> {
    signed: &'a [u8],
    subject: &'a [u8],
    spki: &'a [u8],
    attributes: &'a [u8],
    scheme: Scheme,
    signature: &'a [u8],
}

impl<'a> Parts<'a> {
    fn read(der: &'a [u8]) -> Option<Self> {
        let outer = whole(der::SEQUENCE, der)?;
        let info = der::expect(der::SEQUENCE, outer)?;
        let algorithm = der::expect(der::SEQUENCE, info.rest)?;
        let (0, signature) = whole(der::BIT_STRING, algorithm.rest)?
            .split_first()
            .map(|(n, rest)| (*n, rest))?
        else {
            return None;
        };
        let version =
            der::expect(der::INTEGER, info.content).filter(|version| version.content == [0])?;
        let subject = der::expect(der::SEQUENCE, version.rest)?;
        let spki = der::expect(der::SEQUENCE, subject.rest)?;
        // Old tools leave the empty set of attributes out.
        let attributes = if spki.rest.is_empty() {
            &[]
        } else {
            whole(context_constructed(0), spki.rest)?
        };
        let kind = der::expect(der::OID, algorithm.content)?;
        let parameters = der::take(kind.rest).map(|value| value.content);
        let scheme = Scheme::recognise(kind.content, parameters);
        let (signed, subject, spki) = (info.whole, subject.whole, spki.whole);
        Some(Self {
            signed,
            subject,
            spki,
            attributes,
            scheme,
            signature,
        })
    }
}

/// What a signing request may turn into.
#[derive(Clone, Debug)]
pub struct CsrPolicy {
    /// What the leaf is for, whatever the request says.
    pub purpose: Purpose,
    /// Where its names come from.
    pub names: CsrNames,
    /// How long it is valid.
    pub life: Duration,
    /// How far its validity begins in the past.
    pub backdate: Duration,
}

impl CsrPolicy {
    /// A policy with the usual backdating.
    pub fn new(purpose: Purpose, names: CsrNames, life: Duration) -> Self {
        Self {
            purpose,
            names,
            life,
            backdate: BACKDATE,
        }
    }
}

/// Where the names of a signed request come from.
#[derive(Clone, Debug)]
pub enum CsrNames {
    /// From us; those of the request are ignored.
    Given {
        /// The subject.
        common_name: CommonName,
        /// The alternative names.
        sans: Vec<San>,
    },
    /// From the request, each of which must be permitted here: equal, or a host name under a
    /// permitted wildcard. A request with any other name is refused. Clients take the common name
    /// of the request's subject, servers their first name.
    Requested {
        /// What may be asked for.
        permitted: Vec<San>,
    },
}

/// Signs a request under a policy. Only its key and, where the policy says so, its names count; one
/// that asks to become a CA is refused.
pub fn sign_csr(
    issuer: &Issuer,
    csr: &CertificateRequest,
    policy: &CsrPolicy,
    now: Timestamp,
    entropy: &mut dyn Entropy,
) -> Result<Certificate, IssueError> {
    if csr.asks_for_ca {
        return Err(IssueError::RequestAsksForCa {
            subject: csr.subject(),
        });
    }
    let mut request = match &policy.names {
        CsrNames::Given { common_name, sans } => LeafRequest::new(
            policy.purpose,
            common_name.clone(),
            sans.clone(),
            policy.life,
        ),
        CsrNames::Requested { permitted } => requested(csr, policy, permitted)?,
    };
    request.backdate = policy.backdate;
    issue_leaf(issuer, &request, csr.public_key()?, now, entropy)
}

fn requested(
    csr: &CertificateRequest,
    policy: &CsrPolicy,
    permitted: &[San],
) -> Result<LeafRequest, IssueError> {
    let mut sans = Vec::with_capacity(csr.names.len().min(64));
    for name in &csr.names {
        let refused = || IssueError::NameNotPermitted { name: show(name) };
        let san = name.san().ok_or_else(refused)?;
        let allowed = permitted.iter().any(|allowed| match (allowed, &san) {
            (San::Dns(pattern), San::Dns(host)) => pattern.covers(host),
            (allowed, san) => allowed == san,
        });
        if !allowed {
            return Err(refused());
        }
        sans.push(san);
    }
    match policy.purpose {
        Purpose::Server => LeafRequest::server(sans, policy.life),
        Purpose::Client => {
            let presented = distinguished_name::common_name(&csr.subject).unwrap_or_default();
            let common_name = CommonName::try_from(presented.as_str())?;
            Ok(LeafRequest::new(
                Purpose::Client,
                common_name,
                sans,
                policy.life,
            ))
        }
    }
}

/// Why something is no signing request that counts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The text holds no block that could be a request.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// Its key is weak, unknown or broken.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Broken DER.
    #[error("the signing request cannot be read: {detail}")]
    Malformed {
        /// What is wrong.
        detail: &'static str,
    },
    /// The self-signature is not by its own key.
    #[error("the signing request is not signed by the key it is for")]
    BadSignature,
    /// Signed with an outworn algorithm.
    #[error(
        "the signing request is signed with {}, which is too weak",
        escape(algorithm)
    )]
    WeakSignature {
        /// The algorithm.
        algorithm: &'static str,
    },
}

impl Diagnose for RequestError {
    fn code(&self) -> Code {
        Code(match self {
            Self::Pem(error) => return error.code(),
            Self::Key(error) => return error.code(),
            Self::Malformed { .. } => "SL-P401",
            Self::BadSignature => "SL-P402",
            Self::WeakSignature { .. } => "SL-P403",
        })
    }

    fn help(&self) -> Option<String> {
        Some(match self {
            Self::Pem(error) => return error.help(),
            Self::Key(error) => return error.help(),
            Self::Malformed { .. } | Self::BadSignature | Self::WeakSignature { .. } => {
                "make a new one with `openssl req -new -sha256 -key KEY.pem -subj /CN=NAME -out NEW.csr`".into()
            }
        })
    }
}
