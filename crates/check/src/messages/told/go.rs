//! What programs in Go say.

use super::Case;

pub(super) const MESSAGES: &[Case] = &[
    (
        "Go 1.10",
        "x509: certificate has expired or is not yet valid",
        "301",
    ),
    (
        "Go 1.15",
        "x509: certificate is not valid for any names, but wanted to match docker.example",
        "306",
    ),
    (
        "Go 1.14",
        "x509: Common Name is not a valid hostname: docker host",
        "306",
    ),
    (
        "Go 1.18",
        "x509: cannot verify signature: insecure algorithm SHA1-RSA (temporarily override with GODEBUG=x509sha1=1)",
        "322",
    ),
    (
        "Go 1.18",
        "x509: certificate signed by unknown authority (possibly because of \"x509: cannot verify signature: insecure algorithm SHA1-RSA\" while trying to verify candidate authority certificate \"ca\")",
        "322",
    ),
    (
        "Go 1.12",
        "x509: certificate signed by unknown authority (possibly because of \"x509: invalid signature: parent certificate cannot sign this kind of certificate\" while trying to verify candidate authority certificate \"ca\")",
        "328",
    ),
    (
        "Go 1.21",
        "x509: “docker.example” certificate is not trusted",
        "316",
    ),
    (
        "Go 1.21",
        "x509: “docker.example” certificate is not standards compliant",
        "330",
    ),
    (
        "Go 1.24",
        "crypto/rsa: 1024-bit keys are insecure (see https://go.dev/pkg/crypto/rsa#hdr-Minimum_key_size)",
        "321",
    ),
    ("Go 1.22", "remote error: tls: bad certificate", "522"),
    ("Go 1.22", "remote error: tls: handshake failure", "706"),
    (
        "Go 1.22",
        "remote error: tls: protocol version not supported",
        "706",
    ),
    (
        "Go 1.22",
        "tls: server selected unsupported protocol version 302",
        "706",
    ),
    ("Go 1.22", "remote error: tls: revoked certificate", "521"),
    (
        "Go 1.22",
        "tls: handshake message of length 10485760 bytes exceeds maximum of 65536 bytes",
        "907",
    ),
    (
        "Go 1.22",
        "tls: failed to parse certificate from server: x509: malformed certificate",
        "419",
    ),
    ("Go 1.22", "x509: negative serial number", "419"),
    (
        "Go 1.22",
        "dial tcp 192.0.2.7:2376: connect: no route to host",
        "902",
    ),
];
