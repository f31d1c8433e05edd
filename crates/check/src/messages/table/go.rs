//! Go's crypto/x509, crypto/tls and net, as they stand inside the messages of every Docker program.

use crate::messages::pattern::{Pattern, cause, means, symptom};
use crate::messages::table::sentences::{
    CLIENT_EXPIRED, CLOSED, FOREIGN_CLIENT, NO_AUTHORITY, NOT_FOR_SERVERS, NOTHING_IN_COMMON,
    PLAIN_SERVER, REFUSED, SERVER_EXPIRED, UNKNOWN_ISSUER, WEAK_KEY, WEAK_SIGNATURE,
};

const GO: &str = "Go";

pub(super) const TABLE: &[Pattern] = &[
    cause(
        GO,
        &["x509: certificate is valid for {names}, not {name:ip}"],
        &[means("SL-F305", "the client calls the host by the address {name}, and the certificate holds {names}")],
    ),
    cause(
        GO,
        &["x509: certificate is valid for {names}, not {name:word}"],
        &[means("SL-F304", "the client calls the host {name}, and the certificate holds {names}")],
    ),
    cause(
        GO,
        &["x509: cannot validate certificate for {name:word} because it doesn't contain any IP SANs"],
        &[means("SL-F305", "the client calls the host by the address {name}, and the certificate holds no address at all")],
    ),
    cause(
        GO,
        &["x509: certificate is not valid for any names, but wanted to match {name:word}"],
        &[
            means("SL-F306", "the certificate holds no name among its subject alternative names, and the client calls the host {name}"),
            means("SL-F304", "{name} is missing in the certificate"),
        ],
    ),
    cause(
        GO,
        &[
            "x509: certificate relies on legacy Common Name field, use SANs",
            "x509: Common Name is not a valid hostname: {name}",
        ],
        &[means("SL-F306", "the name stands only as the Common Name of the certificate, where Go has not looked since 1.15; it has to be a subject alternative name")],
    ),
    cause(
        GO,
        &["x509: certificate has expired or is not yet valid: current time {now} is after {end:word}"],
        &[
            means("SL-F301", "the certificate ended at {end}; the clock that judged it says {now}"),
            means("SL-F801", "if {now} is not the time, that clock is wrong"),
        ],
    ),
    cause(
        GO,
        &["x509: certificate has expired or is not yet valid: current time {now} is before {start:word}"],
        &[
            means("SL-F302", "the certificate begins at {start}; the clock that judged it says {now}"),
            means("SL-F801", "if {now} is not the time, that clock is wrong"),
        ],
    ),
    cause(
        GO,
        &["x509: certificate has expired or is not yet valid"],
        &[
            means("SL-F301", "the certificate has expired"),
            means("SL-F302", "or it is not valid yet"),
            means("SL-F801", "or the clock that judged it is wrong"),
        ],
    ),
    cause(GO, &["x509: \"{name}\" certificate is expired"], SERVER_EXPIRED),
    cause(
        GO,
        &[
            "x509: \"{name}\" certificate is not trusted",
            "x509: failed to load system roots and no roots provided",
        ],
        UNKNOWN_ISSUER,
    ),
    cause(
        GO,
        &["x509: \"{name}\" certificate is not standards compliant"],
        &[means("SL-F330", "macOS does not take the certificate of {name}: its life is over 825 days, or it breaks another rule of Apple's")],
    ),
    cause(GO, &["x509: certificate signed by unknown authority"], UNKNOWN_ISSUER),
    cause(
        GO,
        &[
            "x509: certificate signed by unknown authority (possibly because of \"{why}\" while trying to verify candidate authority certificate \"{name}\")",
        ],
        &[
            means("SL-F329", "the client has an authority of the right name, {name}, and it is not the one that signed: {why}"),
            means("SL-F327", "two authorities have the name {name} and different keys: one was made anew"),
            means("SL-F331", "the certificate is one of before the authority was made anew"),
        ],
    ),
    cause(
        GO,
        &[
            "x509: certificate signed by unknown authority (possibly because of \"x509: invalid signature: parent certificate cannot sign this kind of certificate\" while trying to verify candidate authority certificate \"{name}\")",
            "x509: invalid signature: parent certificate cannot sign this kind of certificate",
            "x509: certificate is not authorized to sign other certificates",
            "x509: cannot verify signature: parent certificate cannot sign",
        ],
        NO_AUTHORITY,
    ),
    cause(
        GO,
        &[
            "x509: cannot verify signature: insecure algorithm {algorithm:word}",
            "x509: certificate signed by unknown authority (possibly because of \"x509: cannot verify signature: insecure algorithm {algorithm}\" while trying to verify candidate authority certificate \"{name}\")",
        ],
        WEAK_SIGNATURE,
    ),
    cause(
        GO,
        &[
            "bit keys are insecure (see https://go.dev/pkg/crypto/rsa#hdr-Minimum_key_size)",
            "bit keys are insecure (see https://pkg.go.dev/crypto/rsa",
        ],
        WEAK_KEY,
    ),
    cause(GO, &["x509: certificate specifies an incompatible key usage"], NOT_FOR_SERVERS),
    cause(
        GO,
        &["x509: too many intermediates for path length constraint"],
        &[means("SL-F316", "the chain has more authorities one below the other than the anchor allows")],
    ),
    cause(
        GO,
        &[
            "x509: malformed {what}",
            "asn1: structure error: {what}",
            "asn1: syntax error: {what}",
            "x509: negative serial number",
            "tls: failed to parse certificate from server: {what}",
        ],
        &[means("SL-F419", "the bytes are no certificate or key that can be read")],
    ),
    // What the other end answered.
    cause(GO, &["remote error: tls: bad certificate"], REFUSED),
    cause(
        GO,
        &[
            "remote error: tls: unknown certificate authority",
            "remote error: tls: unknown certificate",
            "remote error: tls: access denied",
        ],
        FOREIGN_CLIENT,
    ),
    cause(GO, &["remote error: tls: expired certificate"], CLIENT_EXPIRED),
    cause(
        GO,
        &["remote error: tls: revoked certificate"],
        &[means("SL-F521", "the server knows that this client's certificate was revoked")],
    ),
    cause(
        GO,
        &["remote error: tls: unsupported certificate"],
        &[
            means("SL-F336", "the server takes the client's certificate for none of a client: wrong usage, or a kind that it does not know"),
            means("SL-F418", "the key is of a kind that the other end does not know"),
        ],
    ),
    cause(
        GO,
        &[
            "remote error: tls: handshake failure",
            "remote error: tls: protocol version not supported",
            "remote error: tls: insufficient security level",
            "remote error: tls: no application protocol",
            "tls: no supported versions satisfy MinVersion and MaxVersion",
            "tls: server selected unsupported protocol version {version:word}",
            "tls: no cipher suite supported by both client and server",
            "tls: peer doesn't support any of the certificate's signature algorithms",
            "tls: client offered only unsupported versions: {version}",
        ],
        NOTHING_IN_COMMON,
    ),
    cause(
        GO,
        &["remote error: tls: unrecognized name"],
        &[means("SL-F304", "the server has no certificate for the name that the client asked for")],
    ),
    cause(
        GO,
        &[
            "remote error: tls: error decrypting message",
            "tls: invalid signature by the server certificate",
            "tls: invalid signature by the client certificate",
        ],
        &[means("SL-F408", "what was signed in the handshake does not fit the certificate: its key is another one")],
    ),
    cause(GO, &["tls: first record does not look like a TLS handshake"], PLAIN_SERVER),
    cause(
        GO,
        &[
            "tls: handshake message of length {length:num} bytes exceeds maximum of {most:num} bytes",
            "tls: excessive message size",
            "tls: server sent certificate containing RSA key larger than {most:num} bits",
        ],
        &[means("SL-F907", "the certificates that came are larger than a TLS library reads")],
    ),
    // Below TLS.
    cause(
        GO,
        &[
            "dial tcp {address:word}: connect: connection refused",
            "dial tcp {address:word}: connectex: No connection could be made because the target machine actively refused it",
        ],
        &[
            means("SL-F901", "the host was reached, and nobody listens on {address}").help("sealock check tcp://{address}"),
            means("SL-F221", "the daemon runs, but without the listener that its configuration names"),
        ],
    ),
    cause(
        GO,
        &[
            "dial tcp {address:word}: i/o timeout",
            "dial tcp {address:word}: connect: connection timed out",
            "dial tcp {address:word}: connect: no route to host",
            "dial tcp {address:word}: connect: network is unreachable",
        ],
        &[
            means("SL-F902", "nothing came back from {address}: a firewall drops the packets, or the host is down").help("sealock check tcp://{address}"),
            means("SL-F512", "or a proxy variable sends the connection another way"),
        ],
    ),
    cause(
        GO,
        &[
            "dial tcp: lookup {name:word}: no such host",
            "dial tcp: lookup {name:word} on {server:word}: no such host",
            "dial tcp: lookup {name:word}: Temporary failure in name resolution",
            "dial tcp: lookup {name:word} on {server:word}: server misbehaving",
            "dial tcp: lookup {name:word} on {server}: i/o timeout",
            "dial tcp: lookup {name:word}: {why}",
        ],
        &[means("SL-F903", "the name {name} has no address here").help("getent hosts {name}")],
    ),
    symptom(
        GO,
        &[
            "net/http: TLS handshake timeout",
            "context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
            "net/http: request canceled (Client.Timeout exceeded while awaiting headers)",
            "net/http: timeout awaiting response headers",
        ],
        &[
            means("SL-F905", "the connection stands, and the other end does not go on: it stalls in the handshake or in its answer"),
            means("SL-F902", "or a firewall drops the packets"),
        ],
    ),
    symptom(
        GO,
        &[
            "read: connection reset by peer",
            "write: broken pipe",
            "write: connection reset by peer",
        ],
        CLOSED,
    ),
    symptom(
        GO,
        &[
            "error during connect: Get \"{url}\": EOF",
            "error during connect: Get {url}: EOF",
            "Get \"{url}\": EOF",
            "Get \"{url}\": unexpected EOF",
        ],
        CLOSED,
    ),
];
