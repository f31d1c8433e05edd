//! docker-py, requests, urllib3 and Python's ssl; most of its texts are OpenSSL's.

use crate::messages::pattern::{Pattern, cause, fatal, means, symptom};
use crate::messages::table::sentences::{
    CLIENT_EXPIRED, CLOSED, FOREIGN_CLIENT, MISMATCH, NO_ADDRESS, NO_CERTIFICATE, NO_RIGHT,
    NO_SOCKET, NOTHING_IN_COMMON, PLAIN_SERVER, REFUSED, REFUSED_PORT, SELF_SIGNED, SERVER_EXPIRED,
    SERVER_TOO_YOUNG, SILENT, UNKNOWN_ISSUER, UNKNOWN_ROOT,
};

const PYTHON: &str = "Python";

pub(super) const TABLE: &[Pattern] = &[
    cause(
        PYTHON,
        &["IP address mismatch, certificate is not valid for '{name}'"],
        &[means(
            "SL-F305",
            "the client calls the host by the address {name}, which the certificate does not hold",
        )],
    ),
    cause(
        PYTHON,
        &["Hostname mismatch, certificate is not valid for '{name}'"],
        &[means(
            "SL-F304",
            "the client calls the host {name}, which the certificate does not hold",
        )],
    ),
    cause(
        PYTHON,
        &[
            "hostname '{name:ip}' doesn't match either of {names}",
            "hostname '{name:ip}' doesn't match '{names}'",
        ],
        &[means(
            "SL-F305",
            "the client calls the host by the address {name}, and the certificate holds {names}",
        )],
    ),
    cause(
        PYTHON,
        &[
            "hostname '{name}' doesn't match either of {names}",
            "hostname '{name}' doesn't match '{names}'",
        ],
        &[means(
            "SL-F304",
            "the client calls the host {name}, and the certificate holds {names}",
        )],
    ),
    cause(
        PYTHON,
        &[
            "no appropriate subjectAltName fields were found",
            "no appropriate commonName or subjectAltName fields were found",
        ],
        &[means(
            "SL-F306",
            "the certificate has no subject alternative names",
        )],
    ),
    cause(
        PYTHON,
        &[
            "certificate verify failed: self-signed certificate in certificate chain",
            "certificate verify failed: self signed certificate in certificate chain",
        ],
        UNKNOWN_ROOT,
    ),
    cause(
        PYTHON,
        &[
            "certificate verify failed: self-signed certificate",
            "certificate verify failed: self signed certificate",
        ],
        SELF_SIGNED,
    ),
    cause(
        PYTHON,
        &[
            "certificate verify failed: unable to get local issuer certificate",
            "certificate verify failed: unable to get issuer certificate",
        ],
        UNKNOWN_ISSUER,
    ),
    cause(
        PYTHON,
        &["certificate verify failed: certificate has expired"],
        SERVER_EXPIRED,
    ),
    cause(
        PYTHON,
        &["certificate verify failed: certificate is not yet valid"],
        SERVER_TOO_YOUNG,
    ),
    cause(
        PYTHON,
        &[
            "certificate verify failed: Basic Constraints of CA cert not marked critical",
            "certificate verify failed: Missing Subject Key Identifier",
        ],
        &[means(
            "SL-F323",
            "Python from 3.13 on is strict: the authority's certificate lacks what RFC 5280 asks of one",
        )],
    ),
    cause(
        PYTHON,
        &["TLSV13_ALERT_CERTIFICATE_REQUIRED"],
        NO_CERTIFICATE,
    ),
    cause(
        PYTHON,
        &[
            "SSLV3_ALERT_BAD_CERTIFICATE",
            "SSL/TLS_ALERT_BAD_CERTIFICATE",
        ],
        REFUSED,
    ),
    cause(
        PYTHON,
        &["TLSV1_ALERT_UNKNOWN_CA", "SSLV3_ALERT_CERTIFICATE_UNKNOWN"],
        FOREIGN_CLIENT,
    ),
    cause(
        PYTHON,
        &[
            "SSLV3_ALERT_CERTIFICATE_EXPIRED",
            "SSL/TLS_ALERT_CERTIFICATE_EXPIRED",
        ],
        CLIENT_EXPIRED,
    ),
    cause(
        PYTHON,
        &[
            "SSLV3_ALERT_HANDSHAKE_FAILURE",
            "TLSV1_ALERT_PROTOCOL_VERSION",
            "[SSL: UNSUPPORTED_PROTOCOL]",
            "NO_PROTOCOLS_AVAILABLE",
            "DH_KEY_TOO_SMALL",
        ],
        NOTHING_IN_COMMON,
    ),
    cause(PYTHON, &["WRONG_VERSION_NUMBER"], PLAIN_SERVER),
    cause(PYTHON, &["KEY_VALUES_MISMATCH"], MISMATCH),
    fatal(
        PYTHON,
        &["Path to a certificate and key files must be provided through the client_cert param"],
        &[
            means(
                "SL-F506",
                "docker-py wants a certificate and a key as soon as TLS is on, and one of the files is missing",
            ),
            means("SL-F522", "there is no certificate for this client"),
        ],
    ),
    fatal(
        PYTHON,
        &[
            "Invalid CA certificate provided for `ca_cert`",
            "Invalid CA certificate provided for `tls_ca_cert`",
            "Could not find a suitable TLS CA certificate bundle, invalid path: {file:word}",
        ],
        &[means("SL-F505", "the file of authorities is not there")],
    ),
    fatal(
        PYTHON,
        &["Could not find the TLS certificate file, invalid path: {file:word}"],
        &[means("SL-F402", "the client's certificate {file} is not there").help("ls -l {file}")],
    ),
    fatal(
        PYTHON,
        &["Could not find the TLS key file, invalid path: {file:word}"],
        &[means("SL-F401", "the client's key {file} is not there").help("ls -l {file}")],
    ),
    symptom(
        PYTHON,
        &[
            "Remote end closed connection without response",
            "ConnectionResetError(104",
            "[Errno 104] Connection reset by peer",
            "EOF occurred in violation of protocol",
        ],
        CLOSED,
    ),
    cause(
        PYTHON,
        &[
            "[Errno 111] Connection refused",
            "ConnectionRefusedError(111",
            "[Errno 61] Connection refused",
        ],
        REFUSED_PORT,
    ),
    cause(
        PYTHON,
        &[
            "Name or service not known",
            "Temporary failure in name resolution",
            "nodename nor servname provided",
            "Failed to resolve '{name}'",
        ],
        NO_ADDRESS,
    ),
    cause(
        PYTHON,
        &[
            "[Errno 110] Connection timed out",
            "[Errno 113] No route to host",
            "[Errno 101] Network is unreachable",
            "(connect timeout={time}",
        ],
        SILENT,
    ),
    symptom(
        PYTHON,
        &[
            "Read timed out. (read timeout={time}",
            "The handshake operation timed out",
        ],
        &[means(
            "SL-F905",
            "the connection stands, and the other end does not go on: it stalls in the handshake or in its answer",
        )],
    ),
    symptom(
        PYTHON,
        &[
            "('Connection aborted.', FileNotFoundError(2",
            "Error while fetching server API version: ('Connection aborted.', FileNotFoundError",
        ],
        NO_SOCKET,
    ),
    cause(
        PYTHON,
        &["('Connection aborted.', PermissionError(13"],
        NO_RIGHT,
    ),
];
