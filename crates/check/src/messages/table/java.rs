//! Java's JSSE and PKIX, and docker-java and Testcontainers on top of it; rustls for bollard.

use crate::messages::pattern::{Pattern, cause, fatal, means, symptom};
use crate::messages::table::sentences::{
    CLIENT_EXPIRED, CLOSED, FOREIGN_CLIENT, NO_AUTHORITY, NO_CERTIFICATE, NO_PEM, NOT_FOR_SERVERS,
    NOTHING_IN_COMMON, PLAIN_SERVER, REFUSED, SERVER_EXPIRED, SERVER_TOO_YOUNG, SILENT,
    UNKNOWN_ISSUER, WEAK_KEY, WEAK_SIGNATURE,
};

const JAVA: &str = "Java";
const RUSTLS: &str = "rustls";

pub(super) const TABLE: &[Pattern] = &[
    cause(
        JAVA,
        &[
            "PKIX path building failed",
            "unable to find valid certification path to requested target",
            "Path does not chain with any of the trust anchors",
            "No trusted certificate found",
        ],
        UNKNOWN_ISSUER,
    ),
    cause(
        JAVA,
        &["CertificateExpiredException: NotAfter: {end}"],
        &[
            means("SL-F301", "the certificate ended at {end}"),
            means(
                "SL-F801",
                "if that time is still to come, the clock of this machine is wrong",
            ),
        ],
    ),
    cause(
        JAVA,
        &["CertificateNotYetValidException: NotBefore: {start}"],
        &[
            means("SL-F302", "the certificate begins at {start}"),
            means(
                "SL-F801",
                "if that time has passed, the clock of this machine is wrong",
            ),
        ],
    ),
    cause(
        JAVA,
        &[
            "PKIX path validation failed: java.security.cert.CertPathValidatorException: validity check failed",
            "PKIX path validation failed: java.security.cert.CertPathValidatorException: timestamp check failed",
        ],
        SERVER_EXPIRED,
    ),
    cause(
        JAVA,
        &["No subject alternative names matching IP address {name:word} found"],
        &[means(
            "SL-F305",
            "the client calls the host by the address {name}, which the certificate does not hold",
        )],
    ),
    cause(
        JAVA,
        &[
            "No subject alternative DNS name matching {name:word} found",
            "HTTPS hostname wrong:  should be <{name}>",
            "HTTPS hostname wrong: should be <{name}>",
            "Certificate for <{name}> doesn't match any of the subject alternative names",
        ],
        &[means(
            "SL-F304",
            "the client calls the host {name}, which the certificate does not hold",
        )],
    ),
    cause(
        JAVA,
        &[
            "No subject alternative names present",
            "No name matching {name:word} found",
            "Certificate for <{name}> doesn't match common name of the certificate subject",
        ],
        &[means(
            "SL-F306",
            "the certificate has no subject alternative names",
        )],
    ),
    cause(
        JAVA,
        &["Received fatal alert: certificate_required"],
        NO_CERTIFICATE,
    ),
    cause(
        JAVA,
        &[
            "Received fatal alert: bad_certificate",
            "javax.net.ssl.SSLHandshakeException: bad_certificate",
        ],
        REFUSED,
    ),
    cause(
        JAVA,
        &[
            "Received fatal alert: certificate_unknown",
            "Received fatal alert: unknown_ca",
            "Received fatal alert: access_denied",
        ],
        FOREIGN_CLIENT,
    ),
    cause(
        JAVA,
        &["Received fatal alert: certificate_expired"],
        CLIENT_EXPIRED,
    ),
    cause(
        JAVA,
        &["Received fatal alert: certificate_revoked"],
        &[means(
            "SL-F521",
            "the server knows that this client's certificate was revoked",
        )],
    ),
    cause(
        JAVA,
        &[
            "Received fatal alert: unsupported_certificate",
            "Extended key usage does not permit use for TLS client authentication",
        ],
        &[means(
            "SL-F336",
            "the server takes the client's certificate for none of a client",
        )],
    ),
    cause(
        JAVA,
        &["Extended key usage does not permit use for TLS server authentication"],
        NOT_FOR_SERVERS,
    ),
    cause(
        JAVA,
        &[
            "Received fatal alert: handshake_failure",
            "Received fatal alert: protocol_version",
            "No appropriate protocol (protocol is disabled or cipher suites are inappropriate)",
            "The server selected protocol version {version:word} is not accepted by client preferences",
        ],
        NOTHING_IN_COMMON,
    ),
    cause(
        JAVA,
        &[
            "Unrecognized SSL message, plaintext connection?",
            "Unsupported or unrecognized SSL message",
        ],
        PLAIN_SERVER,
    ),
    cause(
        JAVA,
        &[
            "Algorithm constraints check failed on signature algorithm: {algorithm:word}",
            "Algorithm constraints check failed on disabled algorithm: {algorithm:word}",
        ],
        WEAK_SIGNATURE,
    ),
    cause(
        JAVA,
        &["Algorithm constraints check failed on keysize limits"],
        WEAK_KEY,
    ),
    cause(
        JAVA,
        &[
            "basic constraints check failed: this is not a CA certificate",
            "basicConstraints check failed: this is not a CA certificate",
            "is not a CA certificate",
        ],
        NO_AUTHORITY,
    ),
    fatal(
        JAVA,
        &[
            "Enabled TLS verification (DOCKER_TLS_VERIFY=1) but certificate path (DOCKER_CERT_PATH) is not defined",
            "Enabled TLS verification (DOCKER_TLS_VERIFY=1) but certificate path (DOCKER_CERT_PATH) '{folder}' doesn't exist",
        ],
        &[means(
            "SL-F505",
            "docker-java wants DOCKER_CERT_PATH, a folder with ca.pem, cert.pem and key.pem, as soon as DOCKER_TLS_VERIFY is set",
        )],
    ),
    fatal(
        JAVA,
        &["the trustAnchors parameter must be non-empty"],
        NO_PEM,
    ),
    fatal(
        JAVA,
        &[
            "org.bouncycastle.openssl.PEMException: {why}",
            "java.security.spec.InvalidKeySpecException: {why}",
        ],
        &[
            means(
                "SL-F418",
                "the private key is of a kind or form that Java cannot read: {why}",
            ),
            means("SL-F407", "or it has a passphrase"),
        ],
    ),
    cause(
        JAVA,
        &[
            "java.net.ConnectException: Connection refused",
            "ConnectException: Connection refused (Connection refused)",
        ],
        &[
            means(
                "SL-F901",
                "the host was reached, and nobody listens on that port",
            ),
            means("SL-F211", "the daemon does not run"),
        ],
    ),
    cause(
        JAVA,
        &["java.net.UnknownHostException: {name:word}"],
        &[means("SL-F903", "the name {name} has no address here").help("getent hosts {name}")],
    ),
    cause(
        JAVA,
        &["java.nio.channels.UnresolvedAddressException"],
        &[means(
            "SL-F903",
            "the name by which the client calls the host has no address here",
        )],
    ),
    // All that java.net.http says of a port where nobody listens; a connection that ends later is told in other words.
    symptom(
        JAVA,
        &["java.nio.channels.ClosedChannelException"],
        &[
            means(
                "SL-F901",
                "the host was reached, and nobody listens on that port",
            ),
            means("SL-F211", "the daemon does not run"),
        ],
    ),
    cause(
        JAVA,
        &[
            "java.net.SocketTimeoutException: connect timed out",
            "SocketTimeoutException: Connect timed out",
            "java.net.NoRouteToHostException: {why}",
        ],
        SILENT,
    ),
    symptom(
        JAVA,
        &[
            "Remote host terminated the handshake",
            "Remote host closed connection during handshake",
            "SSL peer shut down incorrectly",
        ],
        CLOSED,
    ),
    symptom(
        JAVA,
        &["Could not find a valid Docker environment"],
        &[means(
            "SL-F211",
            "Testcontainers reached no Docker daemon in any of the ways that it knows; why, stands in the lines before",
        )],
    ),
    cause(
        RUSTLS,
        &["invalid peer certificate: UnknownIssuer"],
        UNKNOWN_ISSUER,
    ),
    cause(
        RUSTLS,
        &[
            "invalid peer certificate: certificate expired",
            "invalid peer certificate: Expired",
        ],
        SERVER_EXPIRED,
    ),
    cause(
        RUSTLS,
        &[
            "invalid peer certificate: certificate not valid yet",
            "invalid peer certificate: NotValidYet",
        ],
        SERVER_TOO_YOUNG,
    ),
    cause(
        RUSTLS,
        &[
            "invalid peer certificate: certificate not valid for name \"{name}\"",
            "invalid peer certificate: NotValidForName",
        ],
        &[means(
            "SL-F304",
            "the certificate does not hold the name by which the client calls the host",
        )],
    ),
    cause(
        RUSTLS,
        &[
            "invalid peer certificate: certificate does not allow extended key usage",
            "invalid peer certificate: InvalidPurpose",
        ],
        NOT_FOR_SERVERS,
    ),
    cause(
        RUSTLS,
        &["CaUsedAsEndEntity"],
        &[means(
            "SL-F311",
            "the server shows an authority's certificate as its own",
        )],
    ),
    cause(
        RUSTLS,
        &["UnsupportedCertVersion"],
        &[means(
            "SL-F323",
            "a certificate is of version 1, which rustls does not take",
        )],
    ),
    cause(
        RUSTLS,
        &["received fatal alert: CertificateRequired"],
        NO_CERTIFICATE,
    ),
    cause(RUSTLS, &["received fatal alert: BadCertificate"], REFUSED),
    cause(
        RUSTLS,
        &[
            "received fatal alert: UnknownCA",
            "received fatal alert: CertificateUnknown",
        ],
        FOREIGN_CLIENT,
    ),
    cause(
        RUSTLS,
        &["received fatal alert: CertificateExpired"],
        CLIENT_EXPIRED,
    ),
    cause(
        RUSTLS,
        &[
            "received fatal alert: HandshakeFailure",
            "received fatal alert: ProtocolVersion",
            "peer is incompatible: {why}",
        ],
        NOTHING_IN_COMMON,
    ),
    cause(
        RUSTLS,
        &["received corrupt message of type InvalidContentType"],
        PLAIN_SERVER,
    ),
];
