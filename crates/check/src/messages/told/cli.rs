//! What the docker CLI says.

use super::Case;

pub(super) const MESSAGES: &[Case] = &[
    (
        "docker 20.10",
        "unable to resolve docker endpoint: open /home/a/.docker/ca.pem: no such file or directory",
        "505",
    ),
    (
        "docker 28",
        "Failed to initialize: unable to resolve docker endpoint: open /home/a/.docker/ca.pem: no such file or directory",
        "505",
    ),
    (
        "docker 28",
        "Failed to initialize: private key is encrypted - support for encrypted private keys has been removed, see https://docs.docker.com/go/deprecated/",
        "407",
    ),
    (
        "docker 20.10",
        "Enter passphrase for encrypted TLS private key: ",
        "407",
    ),
    (
        "docker 28",
        "failed to retrieve context tls info: tls: failed to parse private key",
        "407",
    ),
    (
        "docker 28",
        "failed to retrieve context tls info: tls: private key does not match public key",
        "408",
    ),
    (
        "docker 28",
        "failed to retrieve context tls info: ca.pem seems invalid",
        "404",
    ),
    (
        "docker 28",
        "conflicting options: cannot specify both --host and --context",
        "509",
    ),
    (
        "docker 20.10",
        "Conflicting options: either specify --host or --context, not both",
        "509",
    ),
    (
        "docker 28",
        "Warning: DOCKER_HOST environment variable overrides the active context. To use \"prod\", either set the global --context flag, or unset DOCKER_HOST environment variable.",
        "509",
    ),
    (
        "docker 28",
        "Failed to initialize: unable to resolve docker endpoint: context \"x\": context not found: open /home/a/.docker/contexts/meta/2d71/meta.json: no such file or directory",
        "510",
    ),
    (
        "docker 20.10",
        "Current context \"x\" is not found on the file system, please check your config file at /home/a/.docker/config.json",
        "510",
    ),
    (
        "docker 28",
        "unknown file in context prod TLS bundle: extra.pem",
        "513",
    ),
    (
        "docker 28",
        "WARNING: Error loading config file: /home/a/.docker/config.json: invalid character 'x' looking for beginning of value",
        "514",
    ),
    (
        "docker 28",
        "invalid bind address format: https://192.0.2.7:2376",
        "511",
    ),
    ("docker 28", "Please specify only one -H", "508"),
    ("docker 20.10", "unable to parse docker host `tpc`", "526"),
    (
        "docker 20.10",
        "Error response from daemon: Client sent an HTTP request to an HTTPS server.",
        "516",
    ),
    (
        "docker 28",
        "error during connect: Get \"https://127.0.0.1:2375/v1.50/version\": http: server gave HTTP response to HTTPS client",
        "515",
    ),
    (
        "docker 28",
        "error during connect: Get \"https://127.0.0.1:2376/v1.50/version\": tls: first record does not look like a TLS handshake",
        "515",
    ),
    (
        "docker 28",
        "error during connect: Get \"https://127.0.0.1:2376/v1.50/version\": tls: failed to verify certificate: x509: certificate signed by unknown authority",
        "316",
    ),
    (
        "docker 20.10",
        "error during connect: Get \"https://127.0.0.1:2376/v1.24/version\": x509: certificate signed by unknown authority",
        "316",
    ),
    (
        "docker 28",
        "error during connect: Get \"https://127.0.0.1:2376/v1.50/version\": tls: failed to verify certificate: x509: certificate signed by unknown authority (possibly because of \"x509: ECDSA verification failure\" while trying to verify candidate authority certificate \"sealock\")",
        "329",
    ),
    (
        "docker 20.10",
        "The server probably has client authentication (--tlsverify) enabled; check your TLS client certification settings: Get \"https://127.0.0.1:2376/v1.24/version\": remote error: tls: bad certificate",
        "522",
    ),
    (
        "docker 28",
        "error during connect: Get \"https://127.0.0.1:2376/v1.50/version\": remote error: tls: certificate required",
        "522",
    ),
    (
        "docker 28",
        "error during connect: Get \"https://127.0.0.1:2376/v1.50/version\": readLoopPeekFailLocked: remote error: tls: expired certificate",
        "301",
    ),
    (
        "docker 28",
        "error during connect: Get \"https://127.0.0.1:2376/v1.50/version\": remote error: tls: unknown certificate authority",
        "338",
    ),
    (
        "docker 28",
        "error during connect: Get \"https://127.0.0.1:2376/v1.50/version\": tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-11-22T08:00:00+01:00 is after 2026-08-04T06:00:00Z",
        "301",
    ),
    (
        "docker 28",
        "error during connect: Get \"https://127.0.0.1:2376/v1.50/version\": tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-11-22T08:00:00+01:00 is before 2027-08-04T06:00:00Z",
        "302",
    ),
    (
        "docker 28",
        "error during connect: Get \"https://127.0.0.1:2376/v1.50/version\": tls: failed to verify certificate: x509: cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs",
        "305",
    ),
    (
        "docker 28",
        "error during connect: Get \"https://localhost:2376/v1.50/version\": tls: failed to verify certificate: x509: certificate relies on legacy Common Name field, use SANs instead",
        "306",
    ),
    (
        "docker 20.10",
        "error during connect: Get \"https://localhost:2376/v1.24/version\": x509: certificate relies on legacy Common Name field, use SANs or temporarily enable Common Name matching with GODEBUG=x509ignoreCN=0",
        "306",
    ),
    (
        "docker 28",
        "error during connect: Get \"https://localhost:2376/v1.50/version\": tls: failed to verify certificate: x509: certificate is valid for elsewhere.example, not localhost",
        "304",
    ),
    (
        "docker 28",
        "error during connect: Get \"https://127.0.0.1:2376/v1.50/version\": tls: failed to verify certificate: x509: certificate is valid for 192.0.2.7, 10.0.0.1, not 127.0.0.1",
        "305",
    ),
    (
        "docker 28",
        "error during connect: Get \"https://127.0.0.1:2376/v1.50/version\": tls: failed to verify certificate: x509: certificate specifies an incompatible key usage",
        "308",
    ),
    (
        "docker 20.10",
        "error during connect: Get \"https://h:2376/v1.24/version\": dial tcp: lookup h on 192.0.2.53:53: no such host",
        "903",
    ),
    (
        "docker 28",
        "error during connect: Get \"https://h:2376/v1.50/version\": dial tcp: lookup h: Temporary failure in name resolution",
        "903",
    ),
    (
        "docker 28",
        "Cannot connect to the Docker daemon at tcp://127.0.0.1:2376. Is the docker daemon running?",
        "901",
    ),
    (
        "docker 28",
        "Cannot connect to the Docker daemon at tcp://127.0.0.1:2375. Is the docker daemon running?",
        "901",
    ),
    (
        "docker 28",
        "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
        "211",
    ),
    (
        "docker 20.10",
        "Got permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get \"http://%2Fvar%2Frun%2Fdocker.sock/v1.24/version\": dial unix /var/run/docker.sock: connect: permission denied",
        "114",
    ),
    (
        "docker 28",
        "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: dial unix /var/run/docker.sock: connect: permission denied",
        "114",
    ),
    (
        "docker 28",
        "Error response from daemon: page not found",
        "523",
    ),
    (
        "docker 28",
        "error during connect: Get \"https://192.0.2.7:2376/v1.50/version\": dial tcp 192.0.2.7:2376: i/o timeout",
        "902",
    ),
    (
        "docker 28",
        "error during connect: Get \"https://192.0.2.7:2376/v1.50/version\": dial tcp 192.0.2.7:2376: connect: connection refused",
        "901",
    ),
    (
        "docker 28",
        "error during connect: Get \"https://192.0.2.7:2376/v1.50/version\": net/http: TLS handshake timeout",
        "905",
    ),
    (
        "docker 28",
        "error during connect: Get \"https://192.0.2.7:2376/v1.50/version\": EOF",
        "906",
    ),
    (
        "docker 28",
        "error during connect: Get \"https://192.0.2.7:2376/v1.50/version\": proxyconnect tcp: dial tcp 127.0.0.1:3128: connect: connection refused",
        "512",
    ),
    (
        "docker 28",
        "error during connect: Get \"https://192.0.2.7:2376/v1.50/version\": read tcp 192.0.2.1:4711->192.0.2.7:2376: read: connection reset by peer",
        "906",
    ),
];
