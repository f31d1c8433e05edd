//! Whether a client's certificate was taken back: webpki and our own judgement read the same lists.

use rustls::pki_types::CertificateRevocationListDer;
use rustls::{CertificateError, Error, OtherError};
use sealock_diag::escape;
use sealock_pki::{Crl, Refusal};
use std::sync::Arc;

/// The lists as webpki takes them. Of several with one issuer's name it believes the first, whatever
/// its number, so the newest comes first.
pub(crate) fn newest_first(lists: &[Crl]) -> Vec<CertificateRevocationListDer<'static>> {
    let mut sorted: Vec<&Crl> = lists.iter().collect();
    sorted.sort_by_key(|list| std::cmp::Reverse(list.number()));
    sorted
        .into_iter()
        .map(|list| list.der().to_vec().into())
        .collect()
}

/// Nobody can tell whether the certificate was revoked: the list is missing, overdue or not to be
/// relied upon. That is a refusal, and not the same as being revoked.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Undecided(pub(crate) String);

impl Undecided {
    fn into_error(self) -> CertificateError {
        CertificateError::Other(OtherError(Arc::new(self)))
    }

    /// The one inside an error of rustls.
    pub(crate) fn within(error: &CertificateError) -> Option<&Self> {
        match error {
            CertificateError::Other(OtherError(inner)) => inner.downcast_ref(),
            _ => None,
        }
    }
}

/// What webpki says of lists, told apart from what it says of certificates.
pub(crate) fn of_webpki(error: Error) -> Error {
    let detail = match &error {
        Error::InvalidCertificate(
            inner @ (CertificateError::UnknownRevocationStatus
            | CertificateError::ExpiredRevocationList
            | CertificateError::ExpiredRevocationListContext { .. }),
        ) => escape(&inner.to_string()),
        Error::InvalidCertRevocationList(_) => escape(&error.to_string()),
        _ => return error,
    };
    Undecided(detail).into_error().into()
}

/// What our own judgement says of lists; `None` when its refusal is about something else.
pub(crate) fn of_ours(refusal: &Refusal) -> Option<CertificateError> {
    match refusal {
        Refusal::Revoked { .. } => Some(CertificateError::Revoked),
        Refusal::NoCrl { .. }
        | Refusal::CrlExpired { .. }
        | Refusal::CrlNotYetValid { .. }
        | Refusal::CrlBadSignature { .. }
        | Refusal::CrlNotAllowed { .. }
        | Refusal::CrlUnusable { .. } => Some(Undecided(escape(&refusal.to_string())).into_error()),
        _ => None,
    }
}
