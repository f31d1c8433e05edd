//! Registries: what dockerd and containerd say of `certs.d`.

use crate::messages::pattern::{Pattern, cause, means};
use crate::messages::table::sentences::{NO_CERTIFICATE, REFUSED};

const DOCKERD: &str = "dockerd";

pub(super) const TABLE: &[Pattern] = &[
    cause(
        DOCKERD,
        &["missing key {key:word} for client certificate {cert:word}"],
        &[
            means(
                "SL-F601",
                "in the registry's folder below certs.d lies {cert}, and its key {key} does not",
            ),
            means(
                "SL-F603",
                "if {cert} is an authority's, it has to end in .crt",
            ),
        ],
    ),
    cause(
        DOCKERD,
        &["missing client certificate {cert:word} for key {key:word}"],
        &[means(
            "SL-F602",
            "in the registry's folder below certs.d lies {key}, and its certificate {cert} does not; a client's certificate has to end in .cert, not .crt",
        )],
    ),
    cause(
        DOCKERD,
        &[
            "failed to load X509 key pair: tls: found a certificate rather than a key in the PEM for the private key",
        ],
        &[means(
            "SL-F601",
            "below certs.d a .cert has no .key beside it, and containerd took the certificate for both",
        )],
    ),
    cause(
        DOCKERD,
        &["failed to load X509 key pair: tls: private key does not match public key"],
        &[means(
            "SL-F408",
            "below certs.d a certificate and the key of the same name do not belong together",
        )],
    ),
    cause(
        DOCKERD,
        &["failed to load X509 key pair: tls: failed to parse private key"],
        &[means(
            "SL-F407",
            "below certs.d a key has a passphrase, or is of a form that cannot be read",
        )],
    ),
    cause(
        DOCKERD,
        &[
            "unable to load CA cert \"{file}\"",
            "unable to load CA cert {file:word}",
        ],
        &[means(
            "SL-F607",
            "{file} holds no certificate of an authority",
        )],
    ),
    cause(
        DOCKERD,
        &[
            "Get \"https://{registry}/v2/\": tls: failed to verify certificate: x509: certificate signed by unknown authority",
            "Get \"https://{registry}/v2/\": x509: certificate signed by unknown authority",
            "Get https://{registry}/v2/: x509: certificate signed by unknown authority",
        ],
        &[
            means(
                "SL-F316",
                "the certificate of the registry {registry} does not lead to an authority that this host trusts; its own belongs into /etc/docker/certs.d/{registry}/ca.crt",
            ),
            means(
                "SL-F605",
                "the folder below certs.d is not called {registry}, port included",
            ),
            means(
                "SL-F603",
                "the file of the authority there does not end in .crt",
            ),
            means(
                "SL-F607",
                "the file of the authority there holds no certificate",
            ),
        ],
    ),
    cause(
        DOCKERD,
        &[
            "Head \"https://{registry}/v2/{path:word}\": tls: failed to verify certificate: x509: certificate signed by unknown authority",
        ],
        &[
            means(
                "SL-F316",
                "the certificate of the registry {registry} does not lead to an authority that this host trusts; its own belongs into /etc/docker/certs.d/{registry}/ca.crt",
            ),
            means(
                "SL-F606",
                "a hosts.toml in the folder below certs.d hides the files beside it",
            ),
            means(
                "SL-F605",
                "the folder below certs.d is not called {registry}, port included",
            ),
        ],
    ),
    cause(
        DOCKERD,
        &["Get \"https://{registry}/v2/\": remote error: tls: certificate required"],
        NO_CERTIFICATE,
    ),
    cause(
        DOCKERD,
        &["Get \"https://{registry}/v2/\": remote error: tls: bad certificate"],
        REFUSED,
    ),
    cause(
        DOCKERD,
        &[
            "Get \"https://{registry}/v2/\": http: server gave HTTP response to HTTPS client",
            "Get https://{registry}/v2/: http: server gave HTTP response to HTTPS client",
        ],
        &[
            means(
                "SL-F604",
                "the registry {registry} speaks plain HTTP, which Docker takes only from registries that are called insecure",
            ),
            means(
                "SL-F222",
                "to put {registry} among insecure-registries silences the message and verifies nothing",
            ),
        ],
    ),
];
