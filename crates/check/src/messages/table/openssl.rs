//! OpenSSL's own texts, which curl, Python, Node, Ruby, PHP and nginx repeat.

use crate::messages::pattern::{Pattern, cause, means, symptom};
use crate::messages::table::sentences::{
    CLIENT_EXPIRED, CLOSED, ENCRYPTED, FOREIGN_CLIENT, MISMATCH, NO_AUTHORITY, NO_CERTIFICATE,
    NO_PEM, NOT_FOR_SERVERS, NOTHING_IN_COMMON, PLAIN_CLIENT, PLAIN_SERVER, REFUSED, REFUSED_PORT,
    SELF_SIGNED, SERVER_EXPIRED, SERVER_TOO_YOUNG, UNKNOWN_ISSUER, UNKNOWN_ROOT, WEAK_KEY,
    WEAK_SIGNATURE,
};

const OPENSSL: &str = "OpenSSL";

pub(super) const TABLE: &[Pattern] = &[
    // What it says of the server's certificate; with a number in s_client, without it in what is built on it.
    cause(
        OPENSSL,
        &[
            "verify error:num=18:{text}",
            "Verify return code: 18 ({text}",
            "self-signed certificate",
            "self signed certificate",
        ],
        SELF_SIGNED,
    ),
    cause(
        OPENSSL,
        &[
            "verify error:num=19:{text}",
            "Verify return code: 19 ({text}",
            "self-signed certificate in certificate chain",
            "self signed certificate in certificate chain",
        ],
        UNKNOWN_ROOT,
    ),
    cause(
        OPENSSL,
        &[
            "verify error:num=20:{text}",
            "verify error:num=21:{text}",
            "Verify return code: 20 ({text}",
            "Verify return code: 21 ({text}",
            "unable to get local issuer certificate",
            "unable to verify the first certificate",
        ],
        UNKNOWN_ISSUER,
    ),
    cause(
        OPENSSL,
        &[
            "verify error:num=2:{text}",
            "Verify return code: 2 ({text}",
            "unable to get issuer certificate",
        ],
        &[
            means(
                "SL-F313",
                "the chain stops below the anchor: a certificate between them is missing",
            ),
            means(
                "SL-F316",
                "or the client was given an intermediate authority as its anchor, and OpenSSL wants the root",
            ),
        ],
    ),
    cause(
        OPENSSL,
        &[
            "verify error:num=10:{text}",
            "Verify return code: 10 ({text}",
            "certificate has expired",
        ],
        SERVER_EXPIRED,
    ),
    cause(
        OPENSSL,
        &[
            "verify error:num=9:{text}",
            "Verify return code: 9 ({text}",
            "certificate is not yet valid",
        ],
        SERVER_TOO_YOUNG,
    ),
    cause(
        OPENSSL,
        &[
            "verify error:num=62:{text}",
            "Verify return code: 62 ({text}",
            "hostname mismatch",
        ],
        &[
            means(
                "SL-F304",
                "the certificate does not hold the name by which the client calls the host",
            ),
            means("SL-F306", "or it holds the name only as its Common Name"),
        ],
    ),
    cause(
        OPENSSL,
        &[
            "verify error:num=64:{text}",
            "Verify return code: 64 ({text}",
            "IP address mismatch",
        ],
        &[means(
            "SL-F305",
            "the certificate does not hold the address by which the client calls the host",
        )],
    ),
    cause(
        OPENSSL,
        &[
            "verify error:num=26:{text}",
            "Verify return code: 26 ({text}",
            "unsuitable certificate purpose",
            "unsupported certificate purpose",
        ],
        NOT_FOR_SERVERS,
    ),
    cause(
        OPENSSL,
        &[
            "verify error:num=24:{text}",
            "verify error:num=79:{text}",
            "Verify return code: 24 ({text}",
            "Verify return code: 79 ({text}",
            "invalid CA certificate",
        ],
        NO_AUTHORITY,
    ),
    cause(
        OPENSSL,
        &[
            "verify error:num=32:{text}",
            "Verify return code: 32 ({text}",
            "key usage does not include certificate signing",
            "CA cert does not include key usage extension",
        ],
        &[means(
            "SL-F325",
            "the authority's certificate does not say that it may sign certificates",
        )],
    ),
    cause(
        OPENSSL,
        &[
            "verify error:num=30:{text}",
            "authority and subject key identifier mismatch",
            "Missing Authority Key Identifier",
        ],
        &[means(
            "SL-F329",
            "the certificate names another key of its issuer than the authority has",
        )],
    ),
    cause(
        OPENSSL,
        &[
            "verify error:num=7:{text}",
            "Verify return code: 7 ({text}",
            "certificate signature failure",
        ],
        &[
            means(
                "SL-F316",
                "an authority of the right name is trusted, and it is not the one that signed",
            ),
            means(
                "SL-F327",
                "two authorities have one name and different keys: one was made anew",
            ),
            means(
                "SL-F331",
                "the certificate is one of before the authority was made anew",
            ),
        ],
    ),
    cause(
        OPENSSL,
        &[
            "verify error:num=66:{text}",
            "verify error:num=67:{text}",
            "EE certificate key too weak",
            "CA certificate key too weak",
            "ee key too small",
            "ca key too small",
        ],
        WEAK_KEY,
    ),
    cause(
        OPENSSL,
        &[
            "verify error:num=68:{text}",
            "CA signature digest algorithm too weak",
            "ca md too weak",
        ],
        WEAK_SIGNATURE,
    ),
    cause(
        OPENSSL,
        &[
            "verify error:num=23:{text}",
            "Verify return code: 23 ({text}",
        ],
        &[means("SL-F107", "the certificate is on a revocation list")],
    ),
    // Alerts of the other end.
    cause(
        OPENSSL,
        &[
            "tlsv13 alert certificate required",
            "SSL alert number 116",
            "peer did not return a certificate",
            "No required SSL certificate was sent",
        ],
        NO_CERTIFICATE,
    ),
    cause(
        OPENSSL,
        &[
            "ssl/tls alert bad certificate",
            "sslv3 alert bad certificate",
            "tlsv1 alert bad certificate",
            "SSL alert number 42",
            "The SSL certificate error",
        ],
        REFUSED,
    ),
    cause(
        OPENSSL,
        &[
            "tlsv1 alert unknown ca",
            "SSL alert number 48",
            "sslv3 alert certificate unknown",
            "ssl/tls alert certificate unknown",
            "SSL alert number 46",
            "tlsv1 alert access denied",
        ],
        FOREIGN_CLIENT,
    ),
    cause(
        OPENSSL,
        &[
            "sslv3 alert certificate expired",
            "ssl/tls alert certificate expired",
            "SSL alert number 45",
        ],
        CLIENT_EXPIRED,
    ),
    cause(
        OPENSSL,
        &[
            "sslv3 alert certificate revoked",
            "ssl/tls alert certificate revoked",
            "SSL alert number 44",
        ],
        &[means(
            "SL-F521",
            "the server knows that this client's certificate was revoked",
        )],
    ),
    cause(
        OPENSSL,
        &[
            "sslv3 alert unsupported certificate",
            "ssl/tls alert unsupported certificate",
            "SSL alert number 43",
        ],
        &[means(
            "SL-F336",
            "the server takes the client's certificate for none of a client",
        )],
    ),
    cause(
        OPENSSL,
        &[
            "tlsv1 alert protocol version",
            "SSL alert number 70",
            "sslv3 alert handshake failure",
            "ssl/tls alert handshake failure",
            "SSL alert number 40",
            "unsupported protocol:",
            "SSL routines::unsupported protocol",
            "no protocols available",
            "no cipher match",
            "no ciphers available",
            "no shared cipher",
            "tlsv1 alert no application protocol",
            "tlsv1 alert insufficient security",
            "dh key too small",
            "unsafe legacy renegotiation disabled",
            "inappropriate fallback",
            "wrong signature type",
        ],
        NOTHING_IN_COMMON,
    ),
    cause(
        OPENSSL,
        &[
            "wrong version number",
            "SSL routines::packet length too long",
            "http request:",
            "SSL routines::unknown protocol",
            "SSL23_GET_SERVER_HELLO:unknown protocol",
        ],
        PLAIN_SERVER,
    ),
    cause(
        OPENSSL,
        &[
            "The plain HTTP request was sent to HTTPS port",
            "SSL routines::http request",
        ],
        PLAIN_CLIENT,
    ),
    symptom(
        OPENSSL,
        &[
            "unexpected eof while reading",
            "SSL_ERROR_SYSCALL",
            "SSL handshake has read 0 bytes",
        ],
        CLOSED,
    ),
    symptom(
        OPENSSL,
        &["no peer certificate available"],
        &[
            means(
                "SL-F904",
                "no certificate came: what answers there speaks no TLS, or broke off before",
            ),
            means("SL-F906", "the other end closed the connection"),
        ],
    ),
    // Files.
    cause(
        OPENSSL,
        &[
            "key values mismatch",
            "private key does not match the certificate public key",
        ],
        MISMATCH,
    ),
    cause(
        OPENSSL,
        &[
            "bad decrypt",
            "bad password read",
            "maybe wrong password",
            "bad pass phrase",
            "interrupted or cancelled",
            "processing error",
        ],
        ENCRYPTED,
    ),
    cause(
        OPENSSL,
        &[
            "PEM routines::no start line",
            "PEM routines:get_name:no start line",
            "PEM lib (_ssl.c",
            "no certificate or crl found",
            "no start line",
            "Expecting: ANY PRIVATE KEY",
            "Expecting: TRUSTED CERTIFICATE",
        ],
        NO_PEM,
    ),
    cause(
        OPENSSL,
        &[
            "bad base64 decode",
            "bad end line",
            "asn1 encoding routines::wrong tag",
            "asn1 encoding routines::header too long",
            "asn1 encoding routines::not enough data",
            "not enough data (_ssl.c",
        ],
        &[means(
            "SL-F419",
            "what stands between BEGIN and END in a file is damaged",
        )],
    ),
    cause(
        OPENSSL,
        &[
            "Could not open file or uri for loading private key from {file:word}",
            "Could not read private key from {file:word}",
            "unable to load client certificate private key file",
            "unable to load Private Key",
        ],
        &[means(
            "SL-F401",
            "the private key cannot be loaded: it is not there, or is none",
        )],
    ),
    cause(
        OPENSSL,
        &[
            "Could not open file or uri for loading {kind} from {file:word}",
            "Could not read certificate from {file:word}",
            "Could not find certificate from {file:word}",
            "Could not read {kind} from {file:word}",
            "Could not find {kind} from {file:word}",
        ],
        &[
            means("SL-F402", "{file} is not there, or no certificate is in it")
                .help("ls -l {file}"),
            means("SL-F404", "{file} is empty, or holds something else"),
        ],
    ),
    cause(
        OPENSSL,
        &["connect:errno=111", "errno=111", "errno=61"],
        REFUSED_PORT,
    ),
];
