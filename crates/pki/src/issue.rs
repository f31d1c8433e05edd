//! Signing anchors and leaves. Everything signed is read again and compared with what was asked
//! for before it leaves.

use std::net::IpAddr;
use std::time::Duration;

use sealock_diag::{Code, Diagnose};

use crate::algorithm::verifies_with;
use crate::certificate::ExtensionState;
use crate::der::{self, Critical, Writer, context, context_constructed};
use crate::extensions::KeyUsage;
use crate::{
    AuthorityName, Certificate, CertificateError, CommonName, Entropy, Issuer, IssuerError,
    KeyError, PrivateKey, PublicKey, Purpose, San, Serial, Timestamp, oid,
};

/// Clocks differ: what is new must already be valid for a peer that is five minutes behind.
pub const BACKDATE: Duration = Duration::from_secs(5 * 60);
/// The longest life of a server leaf. Apple's systems refuse more, from private CAs too.
pub const SERVER_LIFE_LIMIT: Duration = Duration::from_secs(825 * 86_400);
/// Names in one leaf; beyond, TLS stacks begin to refuse the handshake message.
pub const NAMES_LIMIT: usize = 500;

/// What an anchor shall be.
#[derive(Clone, Debug)]
pub struct AnchorRequest {
    /// Whose anchor.
    pub authority: AuthorityName,
    /// What the leaves below it are for.
    pub purpose: Purpose,
    /// The group of hosts that it is for, when it is not for all of the authority's; goes into the
    /// subject.
    pub scope: Option<CommonName>,
    /// Counts from 1; goes into the subject, which must differ between generations.
    pub generation: u32,
    /// How long it is valid.
    pub life: Duration,
}

impl AnchorRequest {
    /// The first anchor of an authority, for all of its hosts.
    pub fn new(authority: AuthorityName, purpose: Purpose, life: Duration) -> Self {
        Self {
            authority,
            purpose,
            scope: None,
            generation: 1,
            life,
        }
    }
}

/// What a leaf shall be.
#[derive(Clone, Debug)]
pub struct LeafRequest {
    /// Server or client.
    pub purpose: Purpose,
    /// The subject, for display.
    pub common_name: CommonName,
    /// Servers: at least one DNS name or address. Clients: none of these.
    pub sans: Vec<San>,
    /// How long it is valid, counted from now (or from `not_before`).
    pub life: Duration,
    /// How far its validity begins in the past.
    pub backdate: Duration,
    /// Validity begins here instead; for proofs that need a certificate that is already expired.
    pub not_before: Option<Timestamp>,
}

impl LeafRequest {
    /// A leaf with the usual backdating.
    pub fn new(purpose: Purpose, common_name: CommonName, sans: Vec<San>, life: Duration) -> Self {
        Self {
            purpose,
            common_name,
            sans,
            life,
            backdate: BACKDATE,
            not_before: None,
        }
    }

    /// A client leaf without alternative names.
    pub fn client(common_name: CommonName, life: Duration) -> Self {
        Self::new(Purpose::Client, common_name, Vec::new(), life)
    }

    /// A server leaf whose common name is its first name that fits one (64 characters), else the
    /// first label of its first name.
    pub fn server(sans: Vec<San>, life: Duration) -> Result<Self, IssueError> {
        let names = || {
            sans.iter()
                .filter(|san| san.is_server_name())
                .map(San::value)
        };
        let label = || {
            names()
                .next()
                .map(|name| name.split('.').next().unwrap_or_default().to_owned())
        };
        let common_name = names()
            .chain(label())
            .find_map(|name| CommonName::try_from(name.as_str()).ok())
            .ok_or(IssueError::ServerWithoutName)?;
        Ok(Self::new(Purpose::Server, common_name, sans, life))
    }
}

/// Makes a self-signed anchor (RFC 5280, v3): CA:TRUE critical with pathlen 0, keyCertSign and
/// cRLSign critical, SKI and AKI, subject
/// `O=<authority>, CN=sealock <authority> <server|client> anchor <generation> <8 hex of key id>`, with
/// `OU=<scope>` in between where there is one.
///
/// The subject differs for every key, because two anchors of one name break path building.
pub fn create_anchor(
    request: &AnchorRequest,
    key: PrivateKey,
    now: Timestamp,
    entropy: &mut dyn Entropy,
) -> Result<Issuer, IssueError> {
    let id = key.key_id();
    let short_id: String = id.to_string().chars().take(8).collect();
    let AnchorRequest {
        authority,
        purpose,
        scope,
        generation,
        life,
    } = request;
    let common_name = format!("sealock {authority} {purpose} anchor {generation} {short_id}");
    let mut subject = Writer::with_capacity(128);
    subject.sequence(|w| {
        w.attribute(oid::ORGANIZATION, authority.as_str());
        if let Some(scope) = scope {
            w.attribute(oid::ORGANIZATIONAL_UNIT, scope.as_str());
        }
        w.attribute(oid::COMMON_NAME, &common_name);
    });
    let subject = subject.finish();
    if life.is_zero() {
        return Err(IssueError::NoLife);
    }
    let profile = Profile {
        serial: Serial::random(entropy),
        issuer: &subject,
        subject: &subject,
        not_before: (now - BACKDATE).max(Timestamp::MIN),
        not_after: (now + *life).min(Timestamp::MAX),
        subject_key: key.public_key(),
        issuer_key_id: id.as_bytes(),
        role: Role::Anchor,
        sans: &[],
    };
    let certificate = profile.sign(&key, SignatureCheck::Verify)?;
    Ok(Issuer::new(certificate, key)?)
}

/// Issues a leaf: AKI, SKI, exactly one EKU, keyUsage digitalSignature (and keyEncipherment for
/// RSA servers) critical, a random serial. It never outlives its issuer nor begins before it: its dates are
/// clamped. What was signed is read again and compared field by field, and its signature verified.
///
/// Costs about 100 µs with P-256, of which two thirds are that verification; see [`issue_leaves`].
pub fn issue_leaf(
    issuer: &Issuer,
    request: &LeafRequest,
    key: PublicKey<'_>,
    now: Timestamp,
    entropy: &mut dyn Entropy,
) -> Result<Certificate, IssueError> {
    leaf(issuer, request, key, now, entropy, SignatureCheck::Verify)
}

/// Issues many leaves, in the order of the requests; all or none.
///
/// Every one is read again and compared field by field, as [`issue_leaf`] does. The signatures are
/// verified of the first, the last and every sixteenth: all come from one key through one code
/// path, so what could go wrong (the wrong key, broken hardware) shows in a sample as well, and
/// verifying costs twice what signing does.
pub fn issue_leaves(
    issuer: &Issuer,
    requests: &[(LeafRequest, PublicKey<'_>)],
    now: Timestamp,
    entropy: &mut dyn Entropy,
) -> Result<Vec<Certificate>, IssueError> {
    let last = requests.len().saturating_sub(1);
    requests
        .iter()
        .enumerate()
        .map(|(index, (request, key))| {
            let sampled = index % 16 == 0 || index == last;
            let check = if sampled {
                SignatureCheck::Verify
            } else {
                SignatureCheck::Trust
            };
            leaf(issuer, request, *key, now, entropy, check)
        })
        .collect()
}

fn leaf(
    issuer: &Issuer,
    request: &LeafRequest,
    key: PublicKey<'_>,
    now: Timestamp,
    entropy: &mut dyn Entropy,
    check: SignatureCheck,
) -> Result<Certificate, IssueError> {
    check_names(request)?;
    let (not_before, not_after) = dates(issuer.certificate(), request, now)?;
    let mut subject = Writer::with_capacity(96);
    subject.sequence(|w| w.attribute(oid::COMMON_NAME, request.common_name.as_str()));
    let profile = Profile {
        serial: Serial::random(entropy),
        issuer: issuer.certificate().subject_der(),
        subject: &subject.finish(),
        not_before,
        not_after,
        subject_key: key,
        issuer_key_id: &issuer.key_identifier(),
        role: Role::Leaf(request.purpose),
        sans: &request.sans,
    };
    profile.sign(issuer.key(), check)
}

fn check_names(request: &LeafRequest) -> Result<(), IssueError> {
    let count = request.sans.len();
    if count > NAMES_LIMIT {
        return Err(IssueError::TooManyNames { count });
    }
    let server_name = request.sans.iter().find(|san| san.is_server_name());
    match (request.purpose, server_name) {
        (Purpose::Server, None) => Err(IssueError::ServerWithoutName),
        (Purpose::Client, Some(name)) => {
            Err(IssueError::ClientWithServerName { name: name.clone() })
        }
        _ => request.sans.iter().try_for_each(sound),
    }
}

/// `San::Email` and `San::Uri` are open to construct: what goes in must still be sound.
fn sound(san: &San) -> Result<(), IssueError> {
    let again = match san {
        San::Email(text) => San::email(text),
        San::Uri(text) => San::uri(text),
        San::Dns(_) | San::Ip(_) => return Ok(()),
    };
    again.map(|_| ()).map_err(IssueError::Name)
}

fn dates(
    issuer: &Certificate,
    request: &LeafRequest,
    now: Timestamp,
) -> Result<(Timestamp, Timestamp), IssueError> {
    let limit = match request.purpose {
        Purpose::Server => SERVER_LIFE_LIMIT,
        Purpose::Client => Duration::MAX,
    };
    if request.life.is_zero() {
        return Err(IssueError::NoLife);
    }
    if request.life > limit {
        return Err(IssueError::LifeTooLong {
            presented: request.life,
        });
    }
    let (from, to) = (issuer.not_before(), issuer.not_after());
    if now < from {
        return Err(IssueError::IssuerNotYetValid {
            not_before: from,
            now,
        });
    }
    if now > to {
        return Err(IssueError::IssuerExpired { not_after: to, now });
    }
    let not_before = request
        .not_before
        .unwrap_or(now - request.backdate)
        .max(from)
        .max(Timestamp::MIN);
    let start = if request.not_before.is_some() {
        not_before
    } else {
        now
    };
    // Both ends count (RFC 5280 §4.1.2.5): the limit holds with the backdating and its last second.
    let longest = not_before + limit.saturating_sub(Duration::from_secs(1));
    let not_after = (start + request.life)
        .min(to)
        .min(longest)
        .min(Timestamp::MAX);
    if not_after < not_before {
        return Err(IssueError::NoLife);
    }
    Ok((not_before, not_after))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum SignatureCheck {
    Verify,
    Trust,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Anchor,
    Leaf(Purpose),
}

/// Everything that goes into a certificate.
struct Profile<'a> {
    serial: Serial,
    issuer: &'a [u8],
    subject: &'a [u8],
    not_before: Timestamp,
    not_after: Timestamp,
    subject_key: PublicKey<'a>,
    issuer_key_id: &'a [u8],
    role: Role,
    sans: &'a [San],
}

impl Profile<'_> {
    fn key_usage(&self) -> u16 {
        match self.role {
            Role::Anchor => KeyUsage::CERT_SIGN | KeyUsage::CRL_SIGN,
            // For clients RFC 5280 §4.2.1.12 names digitalSignature and keyAgreement only.
            Role::Leaf(Purpose::Server) if self.subject_key.kind().is_rsa() => {
                KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT
            }
            Role::Leaf(_) => KeyUsage::DIGITAL_SIGNATURE,
        }
    }

    fn sign(&self, key: &PrivateKey, check: SignatureCheck) -> Result<Certificate, IssueError> {
        let mut signed = Writer::with_capacity(1024);
        self.write(key, &mut signed);
        let signed = signed.finish();
        let signature = key.sign(&signed)?;
        let mut w = Writer::with_capacity(signed.len() + signature.len() + 48);
        w.sequence(|w| {
            w.raw(&signed);
            key.kind().write_signature_algorithm(w);
            w.bits(&signature);
        });
        let certificate = Certificate::from_der(w.finish())?;
        self.check(&certificate, key, check)?;
        Ok(certificate)
    }

    /// TBSCertificate (RFC 5280 §4.1).
    fn write(&self, key: &PrivateKey, w: &mut Writer) {
        w.sequence(|w| {
            w.nested(context_constructed(0), |w| w.number(2));
            w.unsigned(self.serial.as_bytes());
            key.kind().write_signature_algorithm(w);
            w.raw(self.issuer);
            w.sequence(|w| {
                w.time(self.not_before);
                w.time(self.not_after);
            });
            w.raw(self.subject);
            w.raw(self.subject_key.spki_der());
            w.nested(context_constructed(3), |w| {
                w.sequence(|w| self.write_extensions(w))
            });
        });
    }

    fn write_extensions(&self, w: &mut Writer) {
        if self.role == Role::Anchor {
            w.extension(oid::BASIC_CONSTRAINTS, Critical::Yes, |w| {
                w.sequence(|w| {
                    w.truth();
                    w.number(0);
                });
            });
        }
        w.extension(oid::KEY_USAGE, Critical::Yes, |w| {
            w.named_bits(self.key_usage())
        });
        if let Role::Leaf(purpose) = self.role {
            w.extension(oid::EXTENDED_KEY_USAGE, Critical::No, |w| {
                w.sequence(|w| w.oid(purpose.oid()))
            });
        }
        w.extension(oid::SUBJECT_KEY_ID, Critical::No, |w| {
            w.value(der::OCTET_STRING, self.subject_key.key_id().as_bytes());
        });
        w.extension(oid::AUTHORITY_KEY_ID, Critical::No, |w| {
            w.sequence(|w| w.value(context(0), self.issuer_key_id));
        });
        if !self.sans.is_empty() {
            w.extension(oid::SUBJECT_ALT_NAME, Critical::No, |w| {
                w.sequence(|w| self.sans.iter().for_each(|san| write_san(san, w)));
            });
        }
    }

    /// Reads what was signed as a stranger would, and compares it with what was meant.
    fn check(
        &self,
        made: &Certificate,
        key: &PrivateKey,
        check: SignatureCheck,
    ) -> Result<(), IssueError> {
        let facts = made.facts();
        let usage = facts.key_usage.map(|usage| usage.0);
        let (ca, extensions) = match self.role {
            Role::Anchor => (
                facts
                    .basic_constraints
                    .is_some_and(|bc| bc.ca && bc.path_length == Some(0)),
                4,
            ),
            Role::Leaf(purpose) => (
                facts.basic_constraints.is_none() && made.purposes().only() == Some(purpose),
                4,
            ),
        };
        let extensions = extensions + usize::from(!self.sans.is_empty());
        let checks = [
            ("version", facts.version == 3),
            (
                "serial",
                facts.serial == self.serial && facts.serial_flaw.is_none(),
            ),
            (
                "algorithm",
                facts.algorithms_agree && facts.scheme == key.kind().scheme(),
            ),
            ("issuer", made.issuer_der() == self.issuer),
            ("subject", made.subject_der() == self.subject),
            (
                "dates",
                (facts.not_before, facts.not_after) == (self.not_before, self.not_after),
            ),
            ("public key", made.spki_der() == self.subject_key.spki_der()),
            ("purpose", ca),
            ("key usage", usage == Some(self.key_usage())),
            (
                "names",
                facts.sans == self.sans && facts.names.len() == self.sans.len(),
            ),
            (
                "key id",
                facts.subject_key_id.as_deref() == Some(&self.subject_key.key_id().as_bytes()[..]),
            ),
            (
                "issuer key id",
                facts.authority_key_id.as_deref() == Some(self.issuer_key_id),
            ),
            (
                "extensions",
                facts.extensions.len() == extensions
                    && facts
                        .extensions
                        .iter()
                        .all(|extension| extension.state == ExtensionState::Known),
            ),
        ];
        if let Some((what, _)) = checks.into_iter().find(|(_, good)| !good) {
            return Err(IssueError::SelfCheck { what });
        }
        if check == SignatureCheck::Verify {
            let issuer = key.public_key();
            let good = crate::algorithm::read_spki(issuer.spki_der()).is_some_and(|spki| {
                verifies_with(
                    &facts.scheme,
                    &spki.algorithm,
                    spki.bits,
                    made.signed_der(),
                    made.signature(),
                )
            });
            if !good {
                return Err(IssueError::SelfCheck { what: "signature" });
            }
        }
        Ok(())
    }
}

fn write_san(san: &San, w: &mut Writer) {
    match san {
        San::Email(text) => w.value(context(1), text.as_bytes()),
        San::Dns(name) => w.value(context(2), name.as_str().as_bytes()),
        San::Uri(text) => w.value(context(6), text.as_bytes()),
        San::Ip(IpAddr::V4(address)) => w.value(context(7), &address.octets()),
        San::Ip(IpAddr::V6(address)) => w.value(context(7), &address.octets()),
    }
}

/// Why nothing was signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// A key is at fault.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The issuer is at fault.
    #[error(transparent)]
    Issuer(#[from] IssuerError),
    /// A name cannot go into a certificate.
    #[error(transparent)]
    Name(#[from] crate::NameError),
    /// What was made could not be read again: a bug of ours.
    #[error("what was signed cannot be read again")]
    Unreadable(#[from] CertificateError),
    /// What was made is not what was asked for: a bug of ours.
    #[error("what was signed is not what was asked for: its {what} differs")]
    SelfCheck {
        /// The field.
        what: &'static str,
    },
    /// A life of no length, or one that ends before it begins.
    #[error("the certificate would never be valid")]
    NoLife,
    /// Longer than servers may live.
    #[error("a server certificate may live 825 days; {} were asked for", presented.as_secs() / 86_400)]
    LifeTooLong {
        /// What was asked for.
        presented: Duration,
    },
    /// The clock is before the issuer's birth.
    #[error("the issuer is valid from {not_before}, and it is {now} now")]
    IssuerNotYetValid {
        /// The issuer's first instant.
        not_before: Timestamp,
        /// The time given.
        now: Timestamp,
    },
    /// The issuer is expired.
    #[error("the issuer was valid until {not_after}, and it is {now} now")]
    IssuerExpired {
        /// The issuer's last instant.
        not_after: Timestamp,
        /// The time given.
        now: Timestamp,
    },
    /// A server certificate that no client could match.
    #[error("a server certificate needs a DNS name or an IP address, and none was given")]
    ServerWithoutName,
    /// A client certificate that could pass for a server.
    #[error("a client certificate carries no server names, and {name} was asked for")]
    ClientWithServerName {
        /// The name.
        name: San,
    },
    /// Beyond [`NAMES_LIMIT`].
    #[error("{count} names were asked for; {NAMES_LIMIT} are the most in one certificate")]
    TooManyNames {
        /// How many.
        count: usize,
    },
    /// The CSR wants to be a CA.
    #[error("the signing request of `{subject}` asks to become a CA")]
    RequestAsksForCa {
        /// Its subject.
        subject: String,
    },
    /// The CSR asks for a name that the policy does not permit.
    #[error("the signing request asks for {name}, which the policy does not permit")]
    NameNotPermitted {
        /// The name, ready to print.
        name: String,
    },
    /// The issuer may not sign CRLs.
    #[error("`{issuer}` may not sign revocation lists: its key usage lacks cRLSign")]
    NoCrlSign {
        /// The issuer.
        issuer: String,
    },
    /// nextUpdate is not after thisUpdate.
    #[error("a revocation list of {this_update} cannot be replaced by {next_update}")]
    CrlDates {
        /// When it is made.
        this_update: Timestamp,
        /// When the next one is due.
        next_update: Timestamp,
    },
    /// One serial twice in a CRL.
    #[error("the serial {serial} would be revoked twice")]
    RevokedTwice {
        /// The serial.
        serial: Serial,
    },
}

impl Diagnose for IssueError {
    fn code(&self) -> Code {
        Code(match self {
            Self::Key(error) => return error.code(),
            Self::Issuer(error) => return error.code(),
            Self::Name(error) => return error.code(),
            Self::Unreadable(_) => "SL-P310",
            Self::SelfCheck { .. } => "SL-P311",
            Self::NoLife => "SL-P312",
            Self::LifeTooLong { .. } => "SL-P313",
            Self::IssuerNotYetValid { .. } => "SL-P314",
            Self::IssuerExpired { .. } => "SL-P315",
            Self::ServerWithoutName => "SL-P316",
            Self::ClientWithServerName { .. } => "SL-P317",
            Self::TooManyNames { .. } => "SL-P318",
            Self::RequestAsksForCa { .. } => "SL-P319",
            Self::NameNotPermitted { .. } => "SL-P320",
            Self::NoCrlSign { .. } => "SL-P321",
            Self::CrlDates { .. } => "SL-P322",
            Self::RevokedTwice { .. } => "SL-P323",
        })
    }

    fn help(&self) -> Option<String> {
        Some(match self {
            Self::Key(error) => return error.help(),
            Self::Issuer(error) => return error.help(),
            Self::Name(error) => return error.help(),
            Self::IssuerNotYetValid { .. } => "set the clock: `timedatectl` shows it".into(),
            Self::IssuerExpired { .. } => "make new anchors:\n  sealock rekey".into(),
            Self::NoCrlSign { .. } => "replace the anchor:\n  sealock ca rotate".into(),
            Self::ServerWithoutName => {
                "name the host as its clients do, such as host.example.org or 192.0.2.7".into()
            }
            _ => return None,
        })
    }
}
