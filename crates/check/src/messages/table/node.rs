//! Node, dockerode and undici: codes in capitals, texts of OpenSSL.

use crate::messages::pattern::{Pattern, cause, fatal, means, symptom};
use crate::messages::table::sentences::{
    CLIENT_EXPIRED, CLOSED, ENCRYPTED, FOREIGN_CLIENT, MISMATCH, NO_AUTHORITY, NO_CERTIFICATE,
    NO_PEM, NO_RIGHT, NO_SOCKET, NOT_FOR_SERVERS, NOTHING_IN_COMMON, PLAIN_CLIENT, PLAIN_SERVER,
    REFUSED, SELF_SIGNED, SERVER_EXPIRED, SERVER_TOO_YOUNG, UNKNOWN_ISSUER, UNKNOWN_ROOT, WEAK_KEY,
};

const NODE: &str = "Node";

pub(super) const TABLE: &[Pattern] = &[
    cause(NODE, &["DEPTH_ZERO_SELF_SIGNED_CERT"], SELF_SIGNED),
    cause(NODE, &["SELF_SIGNED_CERT_IN_CHAIN"], UNKNOWN_ROOT),
    cause(
        NODE,
        &[
            "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
            "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
            "Error: unable to verify the first certificate",
        ],
        UNKNOWN_ISSUER,
    ),
    cause(
        NODE,
        &["UNABLE_TO_GET_ISSUER_CERT"],
        &[means(
            "SL-F313",
            "the chain stops below the anchor: a certificate between them is missing",
        )],
    ),
    cause(NODE, &["CERT_HAS_EXPIRED"], SERVER_EXPIRED),
    cause(NODE, &["CERT_NOT_YET_VALID"], SERVER_TOO_YOUNG),
    cause(
        NODE,
        &["CERT_SIGNATURE_FAILURE"],
        &[
            means(
                "SL-F316",
                "an authority of the right name is trusted, and it is not the one that signed",
            ),
            means(
                "SL-F327",
                "two authorities have one name and different keys: one was made anew",
            ),
        ],
    ),
    cause(
        NODE,
        &[
            "Hostname/IP does not match certificate's altnames: IP: {name:word} is not in the cert's list:{names}",
        ],
        &[means(
            "SL-F305",
            "the client calls the host by the address {name}, which is not among the addresses of the certificate",
        )],
    ),
    cause(
        NODE,
        &[
            "Hostname/IP does not match certificate's altnames: Host: {name}. is not in the cert's altnames: {names}",
            "Hostname/IP doesn't match certificate's altnames: \"Host: {name}. is not in the cert's altnames: {names}",
        ],
        &[means(
            "SL-F304",
            "the client calls the host {name}, and the certificate holds {names}",
        )],
    ),
    cause(
        NODE,
        &[
            "Hostname/IP does not match certificate's altnames: Host: {name}. is not cert's CN: {names}",
            "Hostname/IP does not match certificate's altnames: Cert does not contain a DNS name",
            "Hostname/IP does not match certificate's altnames: Cert is empty",
        ],
        &[means(
            "SL-F306",
            "the certificate has no subject alternative names",
        )],
    ),
    cause(
        NODE,
        &["ERR_TLS_CERT_ALTNAME_INVALID"],
        &[
            means(
                "SL-F304",
                "the certificate does not hold the name by which the client calls the host",
            ),
            means(
                "SL-F305",
                "or it does not hold the address by which the client calls it",
            ),
        ],
    ),
    cause(
        NODE,
        &["code: 'INVALID_PURPOSE'", "INVALID_PURPOSE"],
        NOT_FOR_SERVERS,
    ),
    cause(NODE, &["code: 'INVALID_CA'"], NO_AUTHORITY),
    cause(
        NODE,
        &["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED"],
        NO_CERTIFICATE,
    ),
    cause(
        NODE,
        &[
            "ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE",
            "ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE",
        ],
        REFUSED,
    ),
    cause(
        NODE,
        &[
            "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA",
            "ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN",
        ],
        FOREIGN_CLIENT,
    ),
    cause(
        NODE,
        &["ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED"],
        CLIENT_EXPIRED,
    ),
    cause(
        NODE,
        &[
            "ERR_SSL_WRONG_VERSION_NUMBER",
            "ERR_SSL_PACKET_LENGTH_TOO_LONG",
        ],
        PLAIN_SERVER,
    ),
    cause(
        NODE,
        &[
            "ERR_SSL_UNSUPPORTED_PROTOCOL",
            "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE",
            "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION",
            "ERR_SSL_NO_PROTOCOLS_AVAILABLE",
        ],
        NOTHING_IN_COMMON,
    ),
    cause(NODE, &["ERR_OSSL_X509_KEY_VALUES_MISMATCH"], MISMATCH),
    cause(
        NODE,
        &[
            "ERR_OSSL_CRYPTO_INTERRUPTED_OR_CANCELLED",
            "ERR_OSSL_BAD_DECRYPT",
            "ERR_OSSL_EVP_BAD_DECRYPT",
        ],
        ENCRYPTED,
    ),
    cause(
        NODE,
        &["ERR_OSSL_PEM_NO_START_LINE", "ERR_OSSL_UNSUPPORTED"],
        NO_PEM,
    ),
    cause(
        NODE,
        &["ERR_SSL_EE_KEY_TOO_SMALL", "ERR_SSL_CA_KEY_TOO_SMALL"],
        WEAK_KEY,
    ),
    cause(
        NODE,
        &["Parse Error: Expected HTTP/", "HPE_INVALID_CONSTANT"],
        PLAIN_CLIENT,
    ),
    fatal(
        NODE,
        &["ENOENT: no such file or directory, open '{folder}/ca.pem'"],
        &[means("SL-F505", "TLS is on and {folder} holds no ca.pem").help("ls -l {folder}")],
    ),
    fatal(
        NODE,
        &[
            "ENOENT: no such file or directory, open '{folder}/cert.pem'",
            "ENOENT: no such file or directory, open '{folder}/key.pem'",
        ],
        &[
            means("SL-F506", "{folder} holds not both of certificate and key")
                .help("ls -l {folder}"),
            means("SL-F522", "there is no certificate for this client"),
        ],
    ),
    symptom(
        NODE,
        &[
            "socket hang up",
            "Client network socket disconnected before secure TLS connection was established",
            "read ECONNRESET",
        ],
        CLOSED,
    ),
    cause(
        NODE,
        &["connect ECONNREFUSED {address:word}"],
        &[
            means("SL-F901", "nobody listens on {address}").help("sealock check tcp://{address}"),
            means("SL-F211", "the daemon does not run"),
        ],
    ),
    cause(
        NODE,
        &[
            "getaddrinfo ENOTFOUND {name:word}",
            "getaddrinfo EAI_AGAIN {name:word}",
        ],
        &[means("SL-F903", "the name {name} has no address here").help("getent hosts {name}")],
    ),
    cause(
        NODE,
        &[
            "connect ETIMEDOUT {address:word}",
            "connect EHOSTUNREACH {address:word}",
            "connect ENETUNREACH {address:word}",
        ],
        &[means(
            "SL-F902",
            "nothing came back from {address}: a firewall drops the packets, or the host is down",
        )],
    ),
    symptom(NODE, &["connect ENOENT {path:word}"], NO_SOCKET),
    cause(NODE, &["connect EACCES {path:word}"], NO_RIGHT),
];
