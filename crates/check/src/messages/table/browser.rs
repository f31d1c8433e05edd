//! Browsers, and .NET: shortly.

use crate::messages::pattern::{Pattern, cause, means, symptom};
use crate::messages::table::sentences::{
    CLOSED, NO_ADDRESS, NO_AUTHORITY, NO_CERTIFICATE, NOT_FOR_SERVERS, NOTHING_IN_COMMON,
    PLAIN_SERVER, REFUSED, REFUSED_PORT, SELF_SIGNED, SERVER_EXPIRED, SERVER_TOO_YOUNG, SILENT,
    UNKNOWN_ISSUER, WEAK_KEY, WEAK_SIGNATURE,
};

const BROWSER: &str = "the browser";
const DOTNET: &str = ".NET";

pub(super) const TABLE: &[Pattern] = &[
    cause(
        BROWSER,
        &["ERR_CERT_AUTHORITY_INVALID", "SEC_ERROR_UNKNOWN_ISSUER"],
        UNKNOWN_ISSUER,
    ),
    cause(
        BROWSER,
        &["MOZILLA_PKIX_ERROR_SELF_SIGNED_CERT"],
        SELF_SIGNED,
    ),
    cause(
        BROWSER,
        &["ERR_CERT_COMMON_NAME_INVALID", "SSL_ERROR_BAD_CERT_DOMAIN"],
        &[
            means(
                "SL-F304",
                "the certificate does not hold the name in the address bar",
            ),
            means("SL-F306", "or it holds the name only as its Common Name"),
        ],
    ),
    cause(
        BROWSER,
        &["ERR_CERT_DATE_INVALID", "SEC_ERROR_EXPIRED_CERTIFICATE"],
        SERVER_EXPIRED,
    ),
    cause(
        BROWSER,
        &["MOZILLA_PKIX_ERROR_NOT_YET_VALID_CERTIFICATE"],
        SERVER_TOO_YOUNG,
    ),
    cause(
        BROWSER,
        &["ERR_CERT_VALIDITY_TOO_LONG"],
        &[means(
            "SL-F330",
            "the certificate lives longer than the browser allows",
        )],
    ),
    cause(
        BROWSER,
        &[
            "ERR_CERT_WEAK_KEY",
            "MOZILLA_PKIX_ERROR_INADEQUATE_KEY_SIZE",
        ],
        WEAK_KEY,
    ),
    cause(
        BROWSER,
        &[
            "ERR_CERT_WEAK_SIGNATURE_ALGORITHM",
            "SEC_ERROR_CERT_SIGNATURE_ALGORITHM_DISABLED",
        ],
        WEAK_SIGNATURE,
    ),
    cause(
        BROWSER,
        &[
            "SEC_ERROR_CA_CERT_INVALID",
            "MOZILLA_PKIX_ERROR_V1_CERT_USED_AS_CA",
        ],
        NO_AUTHORITY,
    ),
    cause(
        BROWSER,
        &["MOZILLA_PKIX_ERROR_CA_CERT_USED_AS_END_ENTITY"],
        &[means(
            "SL-F311",
            "the server shows an authority's certificate as its own",
        )],
    ),
    cause(
        BROWSER,
        &["SEC_ERROR_INADEQUATE_CERT_TYPE"],
        NOT_FOR_SERVERS,
    ),
    cause(
        BROWSER,
        &[
            "ERR_BAD_SSL_CLIENT_AUTH_CERT",
            "SSL_ERROR_RX_CERTIFICATE_REQUIRED_ALERT",
            "SSL_ERROR_HANDSHAKE_FAILURE_ALERT",
        ],
        NO_CERTIFICATE,
    ),
    cause(BROWSER, &["SSL_ERROR_BAD_CERT_ALERT"], REFUSED),
    cause(
        BROWSER,
        &["ERR_SSL_PROTOCOL_ERROR", "SSL_ERROR_RX_RECORD_TOO_LONG"],
        PLAIN_SERVER,
    ),
    cause(
        BROWSER,
        &[
            "ERR_SSL_VERSION_OR_CIPHER_MISMATCH",
            "SSL_ERROR_NO_CYPHER_OVERLAP",
            "SSL_ERROR_UNSUPPORTED_VERSION",
        ],
        NOTHING_IN_COMMON,
    ),
    cause(
        BROWSER,
        &["ERR_CONNECTION_REFUSED", "NS_ERROR_CONNECTION_REFUSED"],
        REFUSED_PORT,
    ),
    cause(
        BROWSER,
        &["ERR_CONNECTION_TIMED_OUT", "ERR_ADDRESS_UNREACHABLE"],
        SILENT,
    ),
    cause(
        BROWSER,
        &["ERR_NAME_NOT_RESOLVED", "DNS_PROBE_FINISHED_NXDOMAIN"],
        NO_ADDRESS,
    ),
    symptom(
        BROWSER,
        &[
            "ERR_CONNECTION_RESET",
            "ERR_CONNECTION_CLOSED",
            "ERR_EMPTY_RESPONSE",
        ],
        CLOSED,
    ),
    cause(
        DOTNET,
        &[
            "The remote certificate is invalid because of errors in the certificate chain: NotTimeValid",
        ],
        SERVER_EXPIRED,
    ),
    cause(
        DOTNET,
        &["The remote certificate is invalid because of errors in the certificate chain: {why}"],
        UNKNOWN_ISSUER,
    ),
    cause(
        DOTNET,
        &[
            "The remote certificate is invalid according to the validation procedure: RemoteCertificateNameMismatch",
        ],
        &[means(
            "SL-F304",
            "the certificate does not hold the name by which the client calls the host",
        )],
    ),
    cause(
        DOTNET,
        &["The remote certificate is invalid according to the validation procedure"],
        UNKNOWN_ISSUER,
    ),
];
