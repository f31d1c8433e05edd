//! dockerd as it runs: what it warns of, and what it says of connections.

use crate::messages::pattern::{Meaning, Pattern, cause, means};

const DOCKERD: &str = "dockerd";

const OPEN_PORT: &[Meaning] = &[
    means(
        "SL-F101",
        "the daemon listens on TCP and asks nobody for a certificate: who reaches the port is root",
    ),
    means("SL-F108", "a TCP listener is configured without TLS"),
    means(
        "SL-F112",
        "or TLS is on and verification is switched off, with tls or tlsverify=false",
    ),
];

const CLIENT_REFUSED_US: &[Meaning] = &[
    means(
        "SL-F316",
        "the client does not trust the authority of the daemon's certificate, and hung up",
    ),
    means(
        "SL-F304",
        "or the client calls this host by a name that the certificate does not hold",
    ),
    means("SL-F301", "or the daemon's certificate has expired"),
];

pub(super) const TABLE: &[Pattern] = &[
    cause(
        DOCKERD,
        &[
            "Binding to IP address without --tlsverify is insecure and gives root access on this machine to everyone who has access to your network",
            "Binding to an IP address, even on localhost, can also give access to scripts run in a browser",
            "In future versions this will be a hard failure preventing the daemon from starting! Learn more at: https://docs.docker.com/go/api-security/",
        ],
        OPEN_PORT,
    ),
    cause(
        DOCKERD,
        &[
            "Binding to an IP address without --tlsverify is deprecated. Startup is intentionally being slowed down to show this message",
            "Binding to an IP address without --tlsverify is deprecated",
            "Please consider generating tls certificates with client validation to prevent exposing unauthenticated root access to your network",
            "You can override this by explicitly specifying '--tls=false' or '--tlsverify=false'",
            "Support for listening on TCP without authentication or explicit intent to run without authentication will be removed",
        ],
        &[
            means(
                "SL-F101",
                "the daemon listens on a TCP port without TLS, and waits 15 seconds to say so: nothing in its configuration speaks of TLS",
            ),
            means(
                "SL-F110",
                "paths of certificates alone do not switch TLS on",
            ),
            means(
                "SL-F111",
                "neither does DOCKER_TLS_VERIFY in the daemon's environment",
            ),
        ],
    ),
    cause(
        DOCKERD,
        &["API is accessible on http://{address:word} without encryption"],
        &[
            means("SL-F101", "the Docker API answers without TLS on {address}")
                .help("sealock check tcp://{address}"),
        ],
    ),
    cause(
        DOCKERD,
        &["API is accessible on https://{address:word} without TLS client verification"],
        &[
            means(
                "SL-F102",
                "the Docker API on {address} speaks TLS and lets everybody in",
            )
            .help("sealock check tcp://{address}"),
            means(
                "SL-F112",
                "verification is switched off in the daemon's configuration",
            ),
        ],
    ),
    // Connections. The peer is in all of them.
    cause(
        DOCKERD,
        &["http: TLS handshake error from {peer}: client sent an HTTP request to an HTTPS server"],
        &[
            means(
                "SL-F516",
                "the client at {peer} spoke plain HTTP to the port with TLS",
            ),
            means(
                "SL-F501",
                "a docker context with tcp:// and no TLS files does that",
            ),
        ],
    ),
    cause(
        DOCKERD,
        &["http: TLS handshake error from {peer}: tls: client didn't provide a certificate"],
        &[
            means("SL-F522", "the client at {peer} showed no certificate"),
            means(
                "SL-F338",
                "its certificate is of another authority than this daemon trusts: Go programs do not send such a one",
            ),
            means("SL-F506", "of its certificate and key one file is missing"),
        ],
    ),
    cause(
        DOCKERD,
        &[
            "http: TLS handshake error from {peer}: tls: failed to verify client certificate: x509: certificate has expired or is not yet valid: current time {now} is after {end:word}",
            "http: TLS handshake error from {peer}: tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time {now} is after {end:word}",
            "http: TLS handshake error from {peer}: tls: failed to verify client's certificate: x509: certificate has expired or is not yet valid: current time {now} is after {end:word}",
        ],
        &[
            means(
                "SL-F301",
                "the certificate of the client at {peer} ended at {end}; the daemon's clock says {now}",
            ),
            means(
                "SL-F801",
                "if that is not the time, this host's clock is wrong",
            ),
        ],
    ),
    cause(
        DOCKERD,
        &[
            "http: TLS handshake error from {peer}: tls: failed to verify client certificate: x509: certificate has expired or is not yet valid: current time {now} is before {start:word}",
            "http: TLS handshake error from {peer}: tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time {now} is before {start:word}",
        ],
        &[
            means(
                "SL-F302",
                "the certificate of the client at {peer} begins at {start}; the daemon's clock says {now}",
            ),
            means(
                "SL-F801",
                "if that is not the time, this host's clock is wrong",
            ),
        ],
    ),
    cause(
        DOCKERD,
        &[
            "http: TLS handshake error from {peer}: tls: failed to verify client certificate: x509: certificate specifies an incompatible key usage",
            "http: TLS handshake error from {peer}: tls: failed to verify certificate: x509: certificate specifies an incompatible key usage",
            "http: TLS handshake error from {peer}: tls: failed to verify client's certificate: x509: certificate specifies an incompatible key usage",
        ],
        &[means(
            "SL-F336",
            "the client at {peer} showed a certificate that is not for clients: clientAuth is not among its usages",
        )],
    ),
    cause(
        DOCKERD,
        &[
            "http: TLS handshake error from {peer}: tls: failed to verify client certificate: x509: certificate signed by unknown authority",
            "http: TLS handshake error from {peer}: tls: failed to verify certificate: x509: certificate signed by unknown authority",
            "http: TLS handshake error from {peer}: tls: failed to verify client's certificate: x509: certificate signed by unknown authority",
        ],
        &[
            means(
                "SL-F338",
                "the client at {peer} showed a certificate of an authority that this daemon does not trust",
            ),
            means(
                "SL-F313",
                "the client leaves out an intermediate certificate",
            ),
            means(
                "SL-F104",
                "if the client is a rightful one: without tlscacert in daemon.json the daemon trusts the authorities of the system instead of yours",
            ),
        ],
    ),
    cause(
        DOCKERD,
        // A client of OpenSSL that hangs up in TLS 1.3 does so in keys that Go does not expect.
        &[
            "http: TLS handshake error from {peer}: remote error: tls: bad certificate",
            "http: TLS handshake error from {peer}: local error: tls: bad record MAC",
        ],
        CLIENT_REFUSED_US,
    ),
    cause(
        DOCKERD,
        &[
            "http: TLS handshake error from {peer}: remote error: tls: unknown certificate authority",
        ],
        &[means(
            "SL-F316",
            "the client at {peer} does not know the authority of the daemon's certificate",
        )],
    ),
    cause(
        DOCKERD,
        &["http: TLS handshake error from {peer}: remote error: tls: unknown certificate"],
        CLIENT_REFUSED_US,
    ),
    cause(
        DOCKERD,
        &["http: TLS handshake error from {peer}: remote error: tls: expired certificate"],
        &[
            means(
                "SL-F301",
                "the client at {peer} says that the daemon's certificate has expired",
            ),
            means("SL-F802", "or its clock is ahead"),
        ],
    ),
    cause(
        DOCKERD,
        &["http: TLS handshake error from {peer}: remote error: tls: unsupported certificate"],
        &[means(
            "SL-F308",
            "the client at {peer} takes the daemon's certificate for none of a server: wrong usage, or a kind that it does not know",
        )],
    ),
    cause(
        DOCKERD,
        &[
            "http: TLS handshake error from {peer}: tls: client offered only unsupported versions: {versions}",
            "http: TLS handshake error from {peer}: tls: client offered an unsupported, maximum protocol version of {versions:word}",
        ],
        &[means(
            "SL-F706",
            "the client at {peer} offers TLS in versions that dockerd does not speak any more ({versions}); it speaks 1.2 and 1.3",
        )],
    ),
    cause(
        DOCKERD,
        &[
            "http: TLS handshake error from {peer}: tls: no cipher suite supported by both client and server",
            "http: TLS handshake error from {peer}: tls: unsupported SSLv2 handshake received",
            "http: TLS handshake error from {peer}: tls: peer doesn't support any of the certificate's signature algorithms",
            "http: TLS handshake error from {peer}: tls: no supported elliptic curves offered",
            "http: TLS handshake error from {peer}: remote error: tls: handshake failure",
            "http: TLS handshake error from {peer}: remote error: tls: protocol version not supported",
            "http: TLS handshake error from {peer}: tls: client requested unsupported application protocols {protocols}",
        ],
        &[means(
            "SL-F706",
            "the client at {peer} and the daemon have nothing in common that they could speak",
        )],
    ),
    cause(
        DOCKERD,
        &[
            "http: TLS handshake error from {peer}: tls: first record does not look like a TLS handshake",
        ],
        &[means(
            "SL-F516",
            "what came from {peer} was neither TLS nor HTTP: a client of another protocol, or a port scanner",
        )],
    ),
];
