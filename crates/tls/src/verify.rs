//! Verification of peers: webpki first, then our own stricter judgement.
//!
//! webpki alone accepts anchors past their dates and certificates without an extended key usage;
//! `sealock_pki::verify` does not. Both have to agree before a peer is believed. A CA without a
//! keyUsage extension counts, as RFC 5280 §6.1.4 (n) has it: Docker's own recipe makes such CAs, and
//! every Docker client and daemon believes them.

use crate::clock::timestamp;
use crate::{Seen, ServerRefusal, SettingsError, provider, revocation};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, RootCertStore,
    SignatureScheme,
};
use sealock_diag::escape;
use sealock_pki::{
    CaKeyUsage, Certificate, Crl, Purpose, Refusal, Revocation, San, Timestamp, VerifiedPath,
    VerifyOptions, verify,
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// More certificates than any honest chain has; hostile peers send hundreds.
const LONGEST_CHAIN: usize = 16;

/// What happened during one handshake of a client.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    chain: Mutex<Vec<Vec<u8>>>,
    refusal: Mutex<Option<ServerRefusal>>,
    request: Mutex<Option<Vec<Vec<u8>>>>,
    unproven: Mutex<Option<String>>,
}

impl Watch {
    pub(crate) fn asked_for_certificate(&self, authorities: &[&[u8]]) {
        let names = authorities.iter().map(|name| name.to_vec()).collect();
        *held(&self.request) = Some(names);
    }

    pub(crate) fn refusal(&self) -> Option<ServerRefusal> {
        held(&self.refusal).clone()
    }

    pub(crate) fn report(&self, seen: &mut Seen) {
        if seen.chain_der.is_empty() {
            seen.chain_der.clone_from(&held(&self.chain));
        }
        let request = held(&self.request);
        seen.unproven.clone_from(&held(&self.unproven));
        seen.certificate_requested = request.is_some();
        seen.authorities = request.clone().unwrap_or_default();
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How a client judges servers.
#[derive(Clone, Debug)]
pub(crate) struct ServerCheck {
    against: Option<(Arc<WebPkiServerVerifier>, Arc<[Certificate]>)>,
    name: Option<San>,
    watch: Arc<Watch>,
}

impl ServerCheck {
    /// Chain to one of these anchors, and name.
    pub(crate) fn against(anchors: &[Certificate]) -> Result<Self, SettingsError> {
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots(anchors)?), provider())
                .build()
                .map_err(|_| SettingsError::NoAnchors)?;
        Ok(Self {
            against: Some((verifier, anchors.into())),
            ..Self::nothing()
        })
    }

    /// Nothing but the possession of the key.
    pub(crate) fn nothing() -> Self {
        Self {
            against: None,
            name: None,
            watch: Arc::new(Watch::default()),
        }
    }

    /// The same judgement, for one connection to `name`.
    pub(crate) fn watched_by(&self, name: &San, watch: &Arc<Watch>) -> Self {
        Self {
            against: self.against.clone(),
            name: Some(name.clone()),
            watch: watch.clone(),
        }
    }

    /// A server whose key is too weak for us cannot prove anything to us. Who only looks wants to know
    /// what it does to its clients all the same, and is told.
    fn weigh(
        &self,
        proof: Result<HandshakeSignatureValid, Error>,
    ) -> Result<HandshakeSignatureValid, Error> {
        match (proof, &self.against) {
            (Err(error), None) => {
                *held(&self.watch.unproven) = Some(escape(&error.to_string()));
                Ok(HandshakeSignatureValid::assertion())
            }
            (proof, _) => proof,
        }
    }

    fn refuse(&self, refusal: ServerRefusal, error: CertificateError) -> Error {
        *held(&self.watch.refusal) = Some(refusal);
        Error::InvalidCertificate(error)
    }
}

impl ServerCertVerifier for ServerCheck {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let ders = std::iter::once(leaf).chain(intermediates);
        *held(&self.watch.chain) = ders.map(|der| der.as_ref().to_vec()).collect();
        let Some((webpki, anchors)) = &self.against else {
            return Ok(ServerCertVerified::assertion());
        };
        let at = timestamp(now);
        if let Err(error) = check_length(intermediates) {
            let detail = error.clone();
            return Err(self.refuse(
                ServerRefusal::Unacceptable { detail },
                CertificateError::BadEncoding,
            ));
        }
        if let Err(error) = webpki.verify_server_cert(leaf, intermediates, server_name, ocsp, now) {
            let Error::InvalidCertificate(error) = error else {
                let detail = escape(&error.to_string());
                *held(&self.watch.refusal) = Some(ServerRefusal::Unacceptable { detail });
                return Err(error);
            };
            return Err(self.refuse(server_refusal(&error, leaf, server_name, at), error));
        }
        let options = VerifyOptions {
            name: self.name.clone(),
            ..VerifyOptions::new(Purpose::Server, at)
        };
        strictly(leaf, intermediates, anchors, options).map_err(|Doubt { detail, error }| {
            let refusal = match error {
                CertificateError::InvalidPurpose => ServerRefusal::WrongPurpose { detail },
                _ => ServerRefusal::Unacceptable { detail },
            };
            self.refuse(refusal, error)
        })?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = provider().signature_verification_algorithms;
        self.weigh(verify_tls12_signature(
            message,
            leaf,
            signature,
            &algorithms,
        ))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = provider().signature_verification_algorithms;
        self.weigh(verify_tls13_signature(
            message,
            leaf,
            signature,
            &algorithms,
        ))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// How a server judges clients.
#[derive(Clone, Debug)]
pub(crate) struct ClientCheck {
    webpki: Arc<dyn ClientCertVerifier>,
    anchors: Arc<[Certificate]>,
    /// `None` when nobody is asked for a revocation list.
    lists: Option<Arc<[Crl]>>,
}

impl ClientCheck {
    /// Chain to one of these anchors.
    pub(crate) fn against(anchors: &[Certificate]) -> Result<Self, SettingsError> {
        let builder =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots(anchors)?), provider());
        Ok(Self {
            webpki: builder.build().map_err(|_| SettingsError::NoAnchors)?,
            anchors: anchors.into(),
            lists: None,
        })
    }

    /// Chain to one of these anchors, and every issuer of the chain has a list that is current and
    /// does not name what it signed.
    pub(crate) fn unrevoked(anchors: &[Certificate], lists: &[Crl]) -> Result<Self, SettingsError> {
        // Without any list webpki would not look for one.
        if lists.is_empty() {
            return Err(SettingsError::NoLists);
        }
        let builder =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots(anchors)?), provider())
                .with_crls(revocation::newest_first(lists))
                .enforce_revocation_expiration();
        let webpki = builder.build().map_err(|error| match error {
            VerifierBuilderError::InvalidCrl(error) => SettingsError::ListUnusable {
                detail: format!("{error:?}"),
            },
            _ => SettingsError::NoAnchors,
        })?;
        Ok(Self {
            webpki,
            anchors: anchors.into(),
            lists: Some(lists.into()),
        })
    }

    /// Whether this is one of the anchors, by name and key.
    pub(crate) fn trusts(&self, anchor: &Certificate) -> bool {
        self.anchors.iter().any(|one| {
            one.subject_der() == anchor.subject_der() && one.spki_der() == anchor.spki_der()
        })
    }

    /// The path from the client's certificate to an anchor, when both judges accept it.
    pub(crate) fn path(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<VerifiedPath, Error> {
        check_length(intermediates)
            .map_err(|detail| CertificateError::Other(OtherError(Arc::new(Strict(detail)))))?;
        match self.webpki.verify_client_cert(leaf, intermediates, now) {
            // A signature that fits no anchor of ours is an issuer we do not know, also when
            // somebody gave his anchor the name of ours.
            Err(Error::InvalidCertificate(CertificateError::BadSignature)) => {
                return Err(CertificateError::UnknownIssuer.into());
            }
            other => other.map_err(revocation::of_webpki)?,
        };
        let options = VerifyOptions {
            crls: self.lists.as_deref().unwrap_or_default(),
            revocation: match self.lists {
                Some(_) => Revocation::Required,
                None => Revocation::WhenListed,
            },
            ..VerifyOptions::new(Purpose::Client, timestamp(now))
        };
        strictly(leaf, intermediates, &self.anchors, options).map_err(|doubt| doubt.error.into())
    }
}

impl ClientCertVerifier for ClientCheck {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.webpki.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.path(leaf, intermediates, now)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls12_signature(message, leaf, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls13_signature(message, leaf, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}

/// The refusal of our own verification, in words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Strict(String);

fn strictly(
    leaf: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
    anchors: &[Certificate],
    options: VerifyOptions<'_>,
) -> Result<VerifiedPath, Doubt> {
    let chain = std::iter::once(leaf)
        .chain(intermediates)
        .map(|der| Certificate::from_der(der.as_ref().to_vec()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| Doubt::other(&error))?;
    let options = VerifyOptions {
        key_usage: CaKeyUsage::Optional,
        ..options
    };
    match verify(&chain, anchors, &options) {
        Ok(path) => Ok(path),
        Err(
            refusal @ (Refusal::NoPurpose { .. }
            | Refusal::WrongPurpose { .. }
            | Refusal::AnyPurpose { .. }),
        ) => Err(Doubt {
            detail: escape(&refusal.to_string()),
            error: CertificateError::InvalidPurpose,
        }),
        Err(refusal) => Err(match revocation::of_ours(&refusal) {
            Some(error) => Doubt {
                detail: escape(&refusal.to_string()),
                error,
            },
            None => Doubt::other(&refusal),
        }),
    }
}

/// What our own verification found, and the error that makes rustls send the fitting alert.
struct Doubt {
    detail: String,
    error: CertificateError,
}

impl Doubt {
    fn other(error: &dyn std::error::Error) -> Self {
        let detail = escape(&error.to_string());
        let strict = Strict(detail.clone());
        Self {
            detail,
            error: CertificateError::Other(OtherError(Arc::new(strict))),
        }
    }
}

fn check_length(intermediates: &[CertificateDer<'_>]) -> Result<(), String> {
    let count = intermediates.len() + 1;
    if count > LONGEST_CHAIN {
        return Err(format!(
            "it sent {count} certificates, {LONGEST_CHAIN} are the most we look at"
        ));
    }
    Ok(())
}

fn roots(anchors: &[Certificate]) -> Result<RootCertStore, SettingsError> {
    let mut store = RootCertStore::empty();
    for anchor in anchors {
        store
            .add(CertificateDer::from(anchor.der().to_vec()))
            .map_err(|error| SettingsError::AnchorUnusable {
                subject: escape(&anchor.subject()),
                detail: escape(&error.to_string()),
            })?;
    }
    Ok(store)
}

/// webpki's verdict with expected and presented values from the certificate itself.
fn server_refusal(
    error: &CertificateError,
    leaf: &CertificateDer<'_>,
    expected: &ServerName<'_>,
    at: Timestamp,
) -> ServerRefusal {
    let leaf = Certificate::from_der(leaf.as_ref().to_vec()).ok();
    match error {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            ServerRefusal::UnknownIssuer {
                issuer: leaf.map_or_else(
                    || "nobody we can read".to_owned(),
                    |leaf| escape(&leaf.issuer()),
                ),
            }
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            ServerRefusal::NameMismatch {
                expected: expected.to_str().into_owned(),
                presented: leaf
                    .iter()
                    .flat_map(|leaf| leaf.sans())
                    .map(|san| escape(&san.to_string()))
                    .collect(),
            }
        }
        CertificateError::ExpiredContext { not_after, .. } => ServerRefusal::Expired {
            at,
            not_after: timestamp(*not_after),
        },
        CertificateError::NotValidYetContext { not_before, .. } => ServerRefusal::NotYetValid {
            at,
            not_before: timestamp(*not_before),
        },
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            ServerRefusal::WrongPurpose {
                detail: escape(&error.to_string()),
            }
        }
        other => ServerRefusal::Unacceptable {
            detail: escape(&other.to_string()),
        },
    }
}
