//! The docker CLI, 20.10 to 29, and its contexts.

use crate::messages::pattern::{Pattern, cause, fatal, means, symptom};
use crate::messages::table::sentences::{
    ENCRYPTED, NO_CERTIFICATE, NO_RIGHT, NO_SOCKET, PLAIN_CLIENT, PLAIN_SERVER, REFUSED,
};

const CLI: &str = "the docker CLI";

pub(super) const TABLE: &[Pattern] = &[
    // Its own files and settings.
    fatal(
        CLI,
        &[
            "unable to resolve docker endpoint: open {folder}/ca.pem: no such file or directory",
            "could not read CA certificate \"{folder}/ca.pem\": open {=folder}/ca.pem: no such file or directory",
        ],
        &[
            means(
                "SL-F505",
                "TLS is on and {folder} holds no ca.pem; the docker CLI stops there, even for a unix socket",
            ),
            means(
                "SL-F524",
                "if the daemon is on this host, TLS need not be on: DOCKER_TLS_VERIFY is set in this shell",
            ),
        ],
    ),
    fatal(
        CLI,
        &["unable to resolve docker endpoint: open {file}: no such file or directory"],
        &[
            means("SL-F402", "TLS is on and {file} is not there").help("ls -l {file}"),
            means(
                "SL-F505",
                "DOCKER_CERT_PATH has to be a folder with ca.pem, cert.pem and key.pem",
            ),
        ],
    ),
    fatal(
        CLI,
        &[
            "unable to resolve docker endpoint: open {file}: permission denied",
            "unable to resolve docker endpoint: read {file}: is a directory",
        ],
        &[means("SL-F413", "{file} cannot be read by this user").help("ls -ld {file}")],
    ),
    fatal(
        CLI,
        &[
            "private key is encrypted - support for encrypted private keys has been removed",
            "Enter passphrase for encrypted TLS private key",
            "tls: failed to parse private key",
        ],
        ENCRYPTED,
    ),
    fatal(
        CLI,
        &[
            "ca.pem seems invalid",
            "failed to retrieve context tls info: ca.pem seems invalid",
            "failed to append certificates from PEM file",
        ],
        &[
            means(
                "SL-F404",
                "there is no certificate in ca.pem: it is empty, or holds something else",
            ),
            means(
                "SL-F405",
                "ca.pem is in DER, the binary form; PEM is wanted",
            ),
        ],
    ),
    fatal(
        CLI,
        &[
            "conflicting options: cannot specify both --host and --context",
            "Conflicting options: either specify --host or --context, not both",
        ],
        &[means(
            "SL-F509",
            "a host and a context are both given, and each names a daemon",
        )],
    ),
    cause(
        CLI,
        &[
            "DOCKER_HOST environment variable overrides the active context",
            "DOCKER_HOST overrides the active context",
        ],
        &[means(
            "SL-F509",
            "DOCKER_HOST is set in this shell, and with it no context counts",
        )
        .help("unset DOCKER_HOST")],
    ),
    cause(
        CLI,
        &["DOCKER_CONTEXT environment variable overrides the active context"],
        &[means(
            "SL-F509",
            "DOCKER_CONTEXT is set in this shell and wins over `docker context use`",
        )
        .help("unset DOCKER_CONTEXT")],
    ),
    fatal(
        CLI,
        &[
            "context \"{name}\": context not found",
            "context \"{name}\" does not exist",
            "Current context \"{name}\" is not found on the file system",
            "unable to resolve docker endpoint: context \"{name}\": {why}",
        ],
        &[
            means("SL-F510", "there is no docker context {name} for this user")
                .help("docker context ls"),
        ],
    ),
    cause(
        CLI,
        &["unknown file in context {name} TLS bundle: {file:word}"],
        &[means(
            "SL-F513",
            "{file} lies in the TLS folder of the context {name}, where only ca.pem, cert.pem and key.pem belong",
        )],
    ),
    cause(
        CLI,
        &[
            "Error parsing config file ({file}): {why}",
            "Error loading config file: {file}: {why}",
            "Error loading config file: {file} - {why}",
        ],
        &[means(
            "SL-F514",
            "{file} cannot be read as the client's settings: {why}",
        )],
    ),
    fatal(
        CLI,
        &[
            "unable to resolve docker endpoint: unexpected end of JSON input",
            "unable to resolve docker endpoint: invalid character {why}",
            "parsing {file}/meta.json: {why}",
        ],
        &[means(
            "SL-F514",
            "the meta.json of a docker context is broken",
        )],
    ),
    fatal(
        CLI,
        &["Please specify only one -H", "specify only one -H"],
        &[means(
            "SL-F508",
            "more than one host is given, and the docker CLI speaks to one",
        )],
    ),
    fatal(
        CLI,
        &["Invalid bind address format: http{rest:word}"],
        &[
            means(
                "SL-F511",
                "the docker CLI takes no http{rest} as a host: it says tcp://, also with TLS",
            ),
            means(
                "SL-F209",
                "said by dockerd: it cannot listen on http{rest}, only on tcp, unix, npipe and fd",
            ),
        ],
    ),
    fatal(
        CLI,
        &[
            "Invalid bind address format: {host:word}",
            "unable to parse docker host `{host}`",
            "unable to parse docker host \"{host}\"",
        ],
        &[
            means(
                "SL-F526",
                "{host} is no host for the docker CLI: it takes tcp, unix, npipe, fd and ssh",
            ),
            means(
                "SL-F209",
                "said by dockerd: {host} is no address that it can listen on",
            ),
        ],
    ),
    fatal(
        CLI,
        &[
            "unsupported protocol scheme \"{scheme}\"",
            "protocol not available",
        ],
        &[means(
            "SL-F526",
            "the host begins with a scheme that the docker CLI does not know: it takes tcp, unix, npipe, fd and ssh",
        )],
    ),
    // On the way.
    cause(
        CLI,
        &["Client sent an HTTP request to an HTTPS server"],
        PLAIN_CLIENT,
    ),
    cause(
        CLI,
        &["http: server gave HTTP response to HTTPS client"],
        PLAIN_SERVER,
    ),
    cause(
        CLI,
        &[
            "the server probably has client authentication (--tlsverify) enabled; check your TLS client certification settings: Get \"{url}\": remote error: tls: bad certificate",
            "the server probably has client authentication (--tlsverify) enabled",
        ],
        REFUSED,
    ),
    cause(
        "Go",
        &["remote error: tls: certificate required"],
        NO_CERTIFICATE,
    ),
    symptom(
        CLI,
        &[
            "Cannot connect to the Docker daemon at unix://{path:word}. Is the docker daemon running?",
            "dial unix {path:word}: connect: no such file or directory",
            "dial unix {path:word}: connect: connection refused",
        ],
        NO_SOCKET,
    ),
    symptom(
        CLI,
        &[
            "Cannot connect to the Docker daemon at tcp://{host}:2375. Is the docker daemon running?",
        ],
        &[
            means("SL-F901", "nobody listens on {host}, port 2375")
                .help("sealock check tcp://{host}:2375"),
            means(
                "SL-F507",
                "2375 is what the docker CLI takes when the host has no port, with TLS too",
            ),
        ],
    ),
    symptom(
        CLI,
        &[
            "Cannot connect to the Docker daemon at tcp://{host}. Is the docker daemon running?",
            "Cannot connect to the Docker daemon at http://{host}. Is the docker daemon running?",
            "Cannot connect to the Docker daemon at https://{host}. Is the docker daemon running?",
        ],
        &[
            means("SL-F901", "nobody listens on {host}").help("sealock check tcp://{host}"),
            means(
                "SL-F512",
                "a proxy variable sends the connection to a proxy that does not answer; the CLI says the same then",
            ),
            means("SL-F902", "or nothing came back from there in time"),
        ],
    ),
    cause(
        CLI,
        &[
            "permission denied while trying to connect to the Docker daemon socket",
            "permission denied while trying to connect to the docker API",
            "dial unix {path:word}: connect: permission denied",
        ],
        NO_RIGHT,
    ),
    cause(
        CLI,
        &["Error response from daemon: page not found"],
        &[
            means(
                "SL-F523",
                "the host has a path behind the port, and the daemon knows no such page",
            ),
            means("SL-F909", "or what answers there is no Docker API"),
        ],
    ),
    cause(
        CLI,
        &[
            "proxyconnect tcp: {why}",
            "proxyconnect tcp: dial tcp {address:word}: connect: connection refused",
            "proxyconnect tcp: dial tcp {address:word}: i/o timeout",
            "proxyconnect tcp: dial tcp: lookup {name:word}: no such host",
            "proxyconnect tcp: tls: first record does not look like a TLS handshake",
            "Proxy Authentication Required",
        ],
        &[means(
            "SL-F512",
            "HTTPS_PROXY or HTTP_PROXY sends the connection to a proxy, which does not let it through; NO_PROXY names the exceptions",
        )],
    ),
];
