//! curl, with its exit codes; what stands behind the colon is mostly OpenSSL's.

use crate::messages::pattern::{Pattern, cause, means, symptom, wrapping};
use crate::messages::table::sentences::{
    CLOSED, ENCRYPTED, MISMATCH, NO_ADDRESS, SELF_SIGNED, SILENT, UNKNOWN_ISSUER, UNKNOWN_ROOT,
};

const CURL: &str = "curl";

pub(super) const TABLE: &[Pattern] = &[
    cause(
        CURL,
        &[
            "Failed to connect to {host:word} port {port:num}: Connection refused",
            "Failed to connect to {host:word} port {port:num} after {time:num} ms: Connection refused",
            "Failed to connect to {host:word} port {port:num} after {time:num} ms: Couldn't connect to server",
            "Failed to connect to {host:word} port {port:num} after {time:num} ms: Could not connect to server",
            "Failed to connect to {host:word} port {port:num} via {way} after {time:num} ms: {why}",
        ],
        &[
            means("SL-F901", "the host {host} was reached, and nobody listens on port {port}").help("sealock check tcp://{host}:{port}"),
            means("SL-F902", "or it was not reached at all: a firewall, or the host is down"),
        ],
    ),
    cause(
        CURL,
        &[
            "Failed to connect to {host:word} port {port:num} after {time:num} ms: Connection timed out",
            "Failed to connect to {host:word} port {port:num} after {time:num} ms: Timeout was reached",
            "Failed to connect to {host:word} port {port:num}: Connection timed out",
            "Failed to connect to {host:word} port {port:num}: No route to host",
            "Failed to connect to {host:word} port {port:num} after {time:num} ms: No route to host",
        ],
        &[means("SL-F902", "nothing came back from {host}, port {port}: a firewall drops the packets, or the host is down").help("sealock check tcp://{host}:{port}")],
    ),
    cause(
        CURL,
        &[
            "curl: (28) Connection timed out after {time}",
            "curl: (28) Connection timeout after {time}",
        ],
        SILENT,
    ),
    symptom(
        CURL,
        &["Operation timed out after {time:num} milliseconds with {bytes}", "SSL connection timeout"],
        &[means("SL-F905", "the connection stands, and the other end does not go on: it stalls in the handshake or in its answer")],
    ),
    cause(
        CURL,
        &[
            "Could not resolve host: {host:word}",
        ],
        &[means("SL-F903", "the name {host} has no address here").help("getent hosts {host}")],
    ),
    cause(
        CURL,
        &[
            "SSL: no alternative certificate subject name matches target host name '{name:ip}'",
            "SSL: certificate subject name '{cn}' does not match target host name '{name:ip}'",
            "SSL: no alternative certificate subject name matches target ipv4 address '{name:ip}'",
            "SSL: no alternative certificate subject name matches target ipv6 address '{name:ip}'",
        ],
        &[means("SL-F305", "the client calls the host by the address {name}, which the certificate does not hold")],
    ),
    cause(
        CURL,
        &[
            "SSL: no alternative certificate subject name matches target host name '{name}'",
            "SSL: no alternative certificate subject name matches target hostname '{name}'",
        ],
        &[means("SL-F304", "the client calls the host {name}, which the certificate does not hold")],
    ),
    cause(
        CURL,
        &[
            "SSL: certificate subject name '{cn}' does not match target host name '{name}'",
            "SSL: certificate subject name '{cn}' does not match target hostname '{name}'",
            "SSL: unable to obtain common name from peer certificate",
        ],
        &[
            means("SL-F306", "the certificate has no subject alternative names, and its Common Name is not what the client calls the host"),
            means("SL-F304", "the certificate does not hold the name by which the client calls the host"),
        ],
    ),
    symptom(CURL, &["curl: (52) Empty reply from server", "Empty reply from server"], CLOSED),
    symptom(
        CURL,
        &[
            "Recv failure: Connection reset by peer",
            "Send failure: Broken pipe",
            "curl: (35) Recv failure",
            "curl: (56) Recv failure",
            "curl: (55) getpeername() failed",
            "curl: (55) Send failure",
        ],
        CLOSED,
    ),
    cause(
        CURL,
        &["unable to set private key file: '{file}' type PEM", "unable to set private key file: '{file}'"],
        &[
            means("SL-F401", "the private key {file} cannot be used: it is not there, or holds none").help("ls -l {file}"),
            means("SL-F407", "the key {file} has a passphrase"),
            means("SL-F408", "the key {file} does not belong to the certificate"),
        ],
    ),
    cause(
        CURL,
        &[
            "could not load PEM client certificate, OpenSSL error error:{number:word}:system library::No such file or directory",
            "could not load PEM client certificate from {file:word}, OpenSSL error error:{number:word}:system library::No such file or directory",
        ],
        &[means("SL-F402", "the client's certificate is not there")],
    ),
    cause(
        CURL,
        &[
            "could not load PEM client certificate, OpenSSL error error:{number:word}:PEM routines::no start line",
            "could not load PEM client certificate from {file:word}, OpenSSL error error:{number:word}:PEM routines::no start line",
        ],

        &[
            means("SL-F404", "there is no PEM in the client's certificate: it is empty, or holds something else"),
            means("SL-F405", "it is in DER, the binary form"),
        ]),
    cause(
        CURL,
        &[
            "could not load PEM client certificate",
            "unable to use client certificate (no key found or wrong pass phrase?)",
            "unable to use client certificate",
        ],
        &[
            means("SL-F402", "the client's certificate cannot be used: it is not there, or no certificate is in it"),
            means("SL-F404", "the file is empty, or holds something else"),
        ],
    ),
    cause(CURL, &["Private key does not match the certificate public key"], MISMATCH),
    cause(
        CURL,
        &[
            "unable to load client key: -{number:num}",
            "schannel: Failed to import cert file",
        ],
        ENCRYPTED,
    ),
    cause(
        CURL,
        &[
            "error setting certificate file: {file}",
            "error setting certificate verify locations: CAfile: {file}",
            "error setting certificate verify locations:",
            "error adding trust anchors from file: {file}",
        ],
        &[
            means("SL-F505", "the file of authorities cannot be read: it is not there, or no certificate is in it"),
            means("SL-F404", "the file is empty, or holds something else"),
        ],
    ),
    cause(
        CURL,
        &["Received HTTP/0.9 when not allowed"],
        &[
            means("SL-F516", "what came back is no HTTP: plain HTTP was spoken to a port with TLS"),
            means("SL-F909", "or what answers there is no Docker API"),
        ],
    ),
    cause(
        CURL,
        &[
            "schannel: next InitializeSecurityContext failed: {why}",
            "SEC_E_UNTRUSTED_ROOT",
            "SSL certificate problem: unable to get local issuer certificate",
        ],
        UNKNOWN_ISSUER,
    ),
    cause(
        CURL,
        &[
            "SSL certificate problem: self-signed certificate in certificate chain",
            "SSL certificate problem: self signed certificate in certificate chain",
        ],
        UNKNOWN_ROOT,
    ),
    cause(
        CURL,
        &[
            "SSL certificate problem: self-signed certificate",
            "SSL certificate problem: self signed certificate",
        ],
        SELF_SIGNED,
    ),
    // The codes alone.
    wrapping(CURL, &["curl: (60){why}", "curl: (51){why}"], &[
        means("SL-F316", "curl does not trust the server's certificate: {why}"),
        means("SL-F304", "or it does not hold the name by which the host is called"),
    ]),
    wrapping(
        CURL,
        &[
            "curl: (58){why}",
        ],
        &[means("SL-F402", "curl cannot use the client's certificate or key: {why}")],
    ),
    wrapping(
        CURL,
        &[
            "curl: (77){why}",
        ],
        &[means("SL-F505", "curl cannot read the file of authorities: {why}")],
    ),
    wrapping(CURL, &["curl: (7){why}"], &[means("SL-F901", "curl cannot connect: {why}")]),
    wrapping(CURL, &["curl: (28){why}"], &[means("SL-F902", "nothing came back in time: {why}")]),
    wrapping(CURL, &["curl: (35){why}"], &[means("SL-F706", "the handshake failed: {why}")]),
    wrapping(
        CURL,
        &[
            "curl: (56){why}",
        ],
        &[means("SL-F906", "the connection broke while the answer was awaited: {why}")],
    ),
    wrapping(CURL, &["curl: (6){why}"], NO_ADDRESS),
];
