//! What the same refusal means in every program's words.

use crate::messages::pattern::{Meaning, means};

/// The server asked for a certificate and got none.
pub(super) const NO_CERTIFICATE: &[Meaning] = &[
    means(
        "SL-F522",
        "the server lets in nobody without a certificate, and this client showed none",
    ),
    means(
        "SL-F506",
        "of certificate and key one file is missing, and then most clients silently send neither",
    ),
    means(
        "SL-F338",
        "the client has a certificate of another authority than the server trusts: Go programs do not even send it, and the server sees none",
    ),
];

/// The server did not like the client's certificate, and does not say why.
pub(super) const REFUSED: &[Meaning] = &[
    means(
        "SL-F522",
        "the server refused this client; an older dockerd (20.10) says the same when it was shown no certificate at all",
    ),
    means(
        "SL-F338",
        "the client's certificate comes from another authority than the server trusts; the server's log then says `unknown authority`",
    ),
    means(
        "SL-F301",
        "the client's certificate has expired; the server's log then says `certificate has expired`",
    ),
    means(
        "SL-F336",
        "the client's certificate is one for servers; the server's log then says `incompatible key usage`",
    ),
];

/// The server knows no issuer of the client's certificate.
pub(super) const FOREIGN_CLIENT: &[Meaning] = &[
    means(
        "SL-F338",
        "the server does not trust the authority that issued the client's certificate",
    ),
    means(
        "SL-F521",
        "the certificate is of an authority that the server has put away, as after a withdrawal",
    ),
];

/// The client's certificate is over.
pub(super) const CLIENT_EXPIRED: &[Meaning] = &[
    means(
        "SL-F301",
        "the server refused the client's certificate because it has expired",
    ),
    means(
        "SL-F802",
        "the server's clock is ahead, and only to it the certificate has expired",
    ),
    means(
        "SL-F302",
        "or the certificate is not valid yet, which the server calls expired too",
    ),
];

/// The server's certificate is over.
pub(super) const SERVER_EXPIRED: &[Meaning] = &[
    means("SL-F301", "the certificate has expired"),
    means(
        "SL-F801",
        "the clock of this machine is ahead, and only to it the certificate has expired",
    ),
];

/// The server's certificate does not count yet.
pub(super) const SERVER_TOO_YOUNG: &[Meaning] = &[
    means("SL-F302", "the certificate is not valid yet"),
    means(
        "SL-F801",
        "the clock of this machine is behind, and only to it the certificate is not valid yet",
    ),
];

/// No way leads to an anchor of the client.
pub(super) const UNKNOWN_ISSUER: &[Meaning] = &[
    means(
        "SL-F316",
        "the certificate does not lead to an authority that this client was told to trust",
    ),
    means(
        "SL-F313",
        "the server leaves out an intermediate certificate, and the client has only the anchor",
    ),
    means(
        "SL-F332",
        "the daemon still serves the certificate of before its files were replaced",
    ),
    means(
        "SL-F314",
        "the server shows a certificate that signed itself; some clients do not tell that from an unknown authority",
    ),
];

/// Signed by itself.
pub(super) const SELF_SIGNED: &[Meaning] = &[means(
    "SL-F314",
    "the server shows a certificate that signed itself, and the client was not told to trust it",
)];

/// The chain ends in a root that the client does not have.
pub(super) const UNKNOWN_ROOT: &[Meaning] = &[
    means(
        "SL-F316",
        "the chain ends in an authority of its own making which this client was not told to trust",
    ),
    means(
        "SL-F315",
        "the server sends the anchor along; that does no harm, and no client trusts it for that",
    ),
];

/// TLS to a port that speaks HTTP.
pub(super) const PLAIN_SERVER: &[Meaning] = &[
    means(
        "SL-F515",
        "the client began with TLS, and what answered was no TLS: this port speaks plain HTTP or something else",
    ),
    means(
        "SL-F101",
        "if it is the Docker API that answers there, it answers everybody",
    ),
];

/// HTTP to a port that speaks TLS.
pub(super) const PLAIN_CLIENT: &[Meaning] = &[
    means(
        "SL-F516",
        "the client spoke plain HTTP, and the daemon wants TLS",
    ),
    means(
        "SL-F501",
        "a docker context with tcp:// and no TLS files speaks plain HTTP",
    ),
    means(
        "SL-F504",
        "DOCKER_CERT_PATH alone does not switch TLS on: DOCKER_TLS_VERIFY does",
    ),
];

/// No version or suite in common.
pub(super) const NOTHING_IN_COMMON: &[Meaning] = &[
    means(
        "SL-F706",
        "client and server have no TLS version, cipher suite or group in common; dockerd speaks 1.2 and 1.3",
    ),
    means("SL-F701", "one of them knows only TLS 1.0 or 1.1"),
];

/// The other end went away.
pub(super) const CLOSED: &[Meaning] = &[
    means(
        "SL-F906",
        "the other end closed the connection without a word",
    ),
    means(
        "SL-F522",
        "with TLS 1.3 a server that refuses a client may hang up while the client still writes, and its reason is lost: there was no certificate",
    ),
    means(
        "SL-F338",
        "or one of an authority that the server does not trust",
    ),
    means(
        "SL-F301",
        "or one that has expired; the server's log says which it was",
    ),
    means("SL-F336", "or one that is not for clients"),
];

/// Nobody listens.
pub(super) const REFUSED_PORT: &[Meaning] = &[
    means(
        "SL-F901",
        "the host was reached, and nobody listens on that port",
    ),
    means(
        "SL-F221",
        "the daemon runs, but without the listener that its configuration names",
    ),
    means("SL-F211", "the daemon does not run"),
];

/// No answer in time.
pub(super) const SILENT: &[Meaning] = &[
    means(
        "SL-F902",
        "nothing came back from that address: a firewall drops the packets, or the host is down",
    ),
    means(
        "SL-F512",
        "a proxy variable sends the connection another way",
    ),
];

/// The certificate is not one for servers.
pub(super) const NOT_FOR_SERVERS: &[Meaning] = &[means(
    "SL-F308",
    "the certificate that the server shows may not be used for servers: serverAuth is not among its usages",
)];

/// An authority's certificate is none.
pub(super) const NO_AUTHORITY: &[Meaning] = &[
    means(
        "SL-F328",
        "a certificate that should be an authority's is no authority's: CA is not true in it",
    ),
    means(
        "SL-F323",
        "it is of version 1, which cannot say that it is an authority's",
    ),
    means(
        "SL-F325",
        "or its key usage does not let it sign certificates",
    ),
];

/// The key does not belong to the certificate.
pub(super) const MISMATCH: &[Meaning] = &[
    means(
        "SL-F408",
        "the private key does not belong to the certificate",
    ),
    means(
        "SL-F312",
        "the chain is in the wrong order: the first certificate of the file must be the one of the key",
    ),
];

/// The key has a passphrase.
pub(super) const ENCRYPTED: &[Meaning] = &[
    means(
        "SL-F407",
        "the private key has a passphrase, and this program cannot ask for it",
    ),
    means(
        "SL-F418",
        "the private key is of a kind or form that this program cannot read",
    ),
];

/// No PEM where PEM has to be.
pub(super) const NO_PEM: &[Meaning] = &[
    means(
        "SL-F404",
        "there is no PEM block of the wanted kind in the file: it is empty, or holds something else",
    ),
    means(
        "SL-F405",
        "the file is in DER, the binary form; PEM is wanted",
    ),
    means(
        "SL-F406",
        "a byte order mark or UTF-16 stands before the PEM",
    ),
];

/// The key is too short for a modern program.
pub(super) const WEAK_KEY: &[Meaning] = &[means(
    "SL-F321",
    "the key of a certificate is too short for this program: RSA needs 2048 bits",
)];

/// The signature is of a bygone kind.
pub(super) const WEAK_SIGNATURE: &[Meaning] = &[means(
    "SL-F322",
    "a certificate is signed with SHA-1 or MD5, which this program no longer takes",
)];

/// The local socket is not for this user.
pub(super) const NO_RIGHT: &[Meaning] = &[means(
    "SL-F114",
    "this user may not open the unix socket: it belongs to root and the group docker, and who is in that group is root on this host",
)];

/// The local socket is not there.
pub(super) const NO_SOCKET: &[Meaning] = &[
    means(
        "SL-F211",
        "nobody listens on the unix socket: the daemon does not run",
    ),
    means(
        "SL-F214",
        "the daemon runs and was told to listen elsewhere only",
    ),
    means(
        "SL-F509",
        "the daemon is meant to be on another host: a context or DOCKER_HOST is missing in this shell",
    ),
];

/// The name has no address.
pub(super) const NO_ADDRESS: &[Meaning] =
    &[means("SL-F903", "the name of the host has no address here")];
