//! Messages as the programs print them, and what they are read as.

use super::told;
use crate::checks;

/// Who says it, and in which version; the words; the code that has to come first.
type Case = (&'static str, &'static str, &'static str);

const DAEMON: &[Case] = &[
    (
        "dockerd 20.10",
        "unable to configure the Docker daemon with file /etc/docker/daemon.json: the following directives are specified both as a flag and in the configuration file: hosts: (from flag: [fd://], from file: [tcp://127.0.0.1:23762])",
        "203",
    ),
    (
        "dockerd 28",
        "unable to configure the Docker daemon with file /etc/docker/daemon.json: the following directives are specified both as a flag and in the configuration file: tlsverify: (from flag: true, from file: true), hosts: (from flag: [fd://], from file: [fd://])",
        "203",
    ),
    (
        "dockerd 28",
        "unable to configure the Docker daemon with file /etc/docker/daemon.json: the following directives don't match any configuration option: foo, bar",
        "202",
    ),
    (
        "dockerd 20.10",
        "unable to configure the Docker daemon with file /etc/docker/daemon.json: the following directives don't match any configuration option: tlsVerify",
        "202",
    ),
    (
        "dockerd 20.10",
        "unable to configure the Docker daemon with file /etc/docker/daemon.json: invalid character '}' looking for beginning of object key string",
        "201",
    ),
    (
        "dockerd 28",
        "unable to configure the Docker daemon with file /etc/docker/daemon.json: invalid JSON: invalid character '}' looking for beginning of object key string",
        "201",
    ),
    (
        "dockerd 20.10",
        "unable to configure the Docker daemon with file /etc/docker/daemon.json: EOF",
        "201",
    ),
    (
        "dockerd 20.10",
        "unable to configure the Docker daemon with file /etc/docker/daemon.json: invalid character 'ï' looking for beginning of value",
        "201",
    ),
    (
        "dockerd 26",
        "unable to configure the Docker daemon with file /etc/docker/daemon.json: unexpected end of JSON input",
        "201",
    ),
    (
        "dockerd 28",
        "unable to configure the Docker daemon with file /nope.json: open /nope.json: no such file or directory",
        "201",
    ),
    (
        "dockerd 20.10",
        "unable to configure the Docker daemon with file /etc/docker/daemon.json: json: cannot unmarshal string into Go struct field Config.tlsverify of type bool",
        "204",
    ),
    (
        "dockerd 29",
        "unable to configure the Docker daemon with file /etc/docker/daemon.json: invalid JSON: json: cannot unmarshal string into Go struct field Config.CommonConfig.tlsverify of type bool",
        "204",
    ),
    (
        "dockerd 29",
        "unable to configure the Docker daemon with file /etc/docker/daemon.json: merged configuration validation from file and command line flags failed: invalid bind address (http://0.0.0.0:2376): unsupported proto 'http'",
        "209",
    ),
    (
        "dockerd 28",
        "unable to configure the Docker daemon with file /etc/docker/daemon.json: merged configuration validation from file and command line flags failed: invalid bind address (tcp://0.0.0.0:2376/x): should not contain a path element",
        "209",
    ),
    (
        "dockerd 20.10",
        "unable to configure the Docker daemon with file /etc/docker/daemon.json: merged configuration validation from file and command line flags failed: Invalid bind address format: http://0.0.0.0:2376",
        "209",
    ),
    (
        "dockerd 20.10",
        "failed to create API server: Could not load X509 key pair (cert: \"\", key: \"\"): open : no such file or directory",
        "205",
    ),
    (
        "dockerd 29",
        "invalid TLS configuration: could not load X509 key pair (cert: \"\", key: \"\"): open : no such file or directory",
        "205",
    ),
    (
        "dockerd 20.10",
        "failed to create API server: Could not load X509 key pair (cert: \"/nope.pem\", key: \"/etc/docker/key.pem\"): open /nope.pem: no such file or directory",
        "402",
    ),
    (
        "dockerd 28",
        "invalid TLS configuration: Could not load X509 key pair (cert: \"/etc/docker/cert.pem\", key: \"/nope.pem\"): open /nope.pem: no such file or directory",
        "401",
    ),
    (
        "dockerd 29",
        "invalid TLS configuration: could not load X509 key pair (cert: \"/etc/docker/cert.pem\", key: \"/nope.pem\"): open /nope.pem: no such file or directory",
        "401",
    ),
    (
        "dockerd 20.10",
        "failed to create API server: could not read CA certificate \"/nope\": open /nope: no such file or directory",
        "403",
    ),
    (
        "dockerd 28",
        "invalid TLS configuration: could not read CA certificate \"/d\": read /d: is a directory",
        "413",
    ),
    (
        "dockerd 28",
        "invalid TLS configuration: could not read CA certificate \"/d/ca.pem\": open /d/ca.pem: permission denied",
        "413",
    ),
    (
        "dockerd 28",
        "invalid TLS configuration: failed to append certificates from PEM file: \"/etc/docker/ca.pem\"",
        "404",
    ),
    (
        "dockerd 20.10",
        "failed to create API server: Error reading X509 key pair (cert: \"/etc/docker/cert.pem\", key: \"/etc/docker/key.pem\"): tls: private key does not match public key. Make sure the key is not encrypted.",
        "408",
    ),
    (
        "dockerd 29",
        "invalid TLS configuration: error reading X509 key pair - make sure the key is not encrypted (cert: \"/etc/docker/cert.pem\", key: \"/etc/docker/key.pem\"): tls: private key does not match public key",
        "408",
    ),
    (
        "dockerd 20.10",
        "failed to create API server: Error reading X509 key pair (cert: \"/c\", key: \"/k\"): tls: failed to parse private key: asn1: structure error: tags don't match (2 vs {class:0 tag:16 length:64 isCompound:true}) {optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false} int @2. Make sure the key is not encrypted.",
        "407",
    ),
    (
        "dockerd 29",
        "invalid TLS configuration: error reading X509 key pair - make sure the key is not encrypted (cert: \"/c\", key: \"/k\"): tls: failed to parse private key",
        "407",
    ),
    (
        "dockerd 28",
        "invalid TLS configuration: Error reading X509 key pair (cert: \"/c\", key: \"/k\"): open /k: permission denied. Make sure the key is not encrypted.",
        "413",
    ),
    (
        "dockerd 29",
        "invalid TLS configuration: error reading X509 key pair - make sure the key is not encrypted (cert: \"/c\", key: \"/k\"): open /k: permission denied",
        "413",
    ),
    (
        "dockerd 28",
        "invalid TLS configuration: Error reading X509 key pair (cert: \"/c\", key: \"/k\"): tls: failed to find any PEM data in certificate input. Make sure the key is not encrypted.",
        "404",
    ),
    (
        "dockerd 28",
        "invalid TLS configuration: Error reading X509 key pair (cert: \"/c\", key: \"/k\"): tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched. Make sure the key is not encrypted.",
        "412",
    ),
    (
        "dockerd 28",
        "invalid TLS configuration: Error reading X509 key pair (cert: \"/c\", key: \"/k\"): tls: failed to find any PEM data in key input. Make sure the key is not encrypted.",
        "404",
    ),
    (
        "dockerd 28",
        "invalid TLS configuration: Error reading X509 key pair (cert: \"/c\", key: \"/k\"): x509: malformed certificate. Make sure the key is not encrypted.",
        "419",
    ),
    (
        "dockerd 20.10",
        "failed to load listeners: listen tcp 127.0.0.1:23770: bind: address already in use",
        "218",
    ),
    (
        "dockerd 28",
        "failed to load listeners: listen tcp 192.0.2.1:2376: bind: cannot assign requested address",
        "223",
    ),
    (
        "dockerd 28",
        "failed to load listeners: listen tcp: lookup nohost.invalid: no such host",
        "223",
    ),
    (
        "dockerd 20.10",
        "failed to load listeners: no sockets found via socket activation: make sure the service was started by systemd",
        "219",
    ),
    (
        "dockerd 20.10",
        "failed to load listeners: listen tcp: lookup tcp/2376/x: Servname not supported for ai_socktype",
        "209",
    ),
    (
        "dockerd 28",
        "failed to start daemon: --live-restore daemon configuration is incompatible with swarm mode",
        "216",
    ),
    (
        "dockerd 20.10",
        "failed to start daemon: pid file found, ensure docker is not running or delete /var/run/docker.pid",
        "210",
    ),
    (
        "dockerd 20.10",
        "time=\"2026-11-22T07:00:01.1Z\" level=warning msg=\"Binding to IP address without --tlsverify is insecure and gives root access on this machine to everyone who has access to your network.\" host=\"tcp://0.0.0.0:2375\"",
        "101",
    ),
    (
        "dockerd 28",
        "time=\"2026-11-22T07:00:01.1Z\" level=warning msg=\"[DEPRECATION NOTICE] In future versions this will be a hard failure preventing the daemon from starting! Learn more at: https://docs.docker.com/go/api-security/\" host=\"tcp://0.0.0.0:2375\"",
        "101",
    ),
    (
        "dockerd 28",
        "Binding to an IP address without --tlsverify is deprecated. Startup is intentionally being slowed down to show this message",
        "101",
    ),
    (
        "dockerd 28",
        "You can override this by explicitly specifying '--tls=false' or '--tlsverify=false'",
        "101",
    ),
    (
        "docker info 28",
        "[DEPRECATION NOTICE]: API is accessible on http://0.0.0.0:2375 without encryption.",
        "101",
    ),
    (
        "docker info 24",
        "WARNING: API is accessible on http://0.0.0.0:2375 without encryption.",
        "101",
    ),
    (
        "docker info 28",
        "[DEPRECATION NOTICE]: API is accessible on https://0.0.0.0:2376 without TLS client verification.",
        "102",
    ),
    (
        "dockerd 20.10",
        "http: TLS handshake error from 192.0.2.9:4711: client sent an HTTP request to an HTTPS server",
        "516",
    ),
    (
        "dockerd 28",
        "http: TLS handshake error from 192.0.2.9:4711: tls: client didn't provide a certificate",
        "522",
    ),
    (
        "dockerd 20.10",
        "http: TLS handshake error from 192.0.2.9:4711: remote error: tls: bad certificate",
        "316",
    ),
    (
        "dockerd 28",
        "http: TLS handshake error from 192.0.2.9:4711: remote error: tls: unknown certificate authority",
        "316",
    ),
    (
        "dockerd 28",
        "http: TLS handshake error from 192.0.2.9:4711: remote error: tls: unknown certificate",
        "316",
    ),
    (
        "dockerd 28",
        "http: TLS handshake error from [2001:db8::9]:4711: remote error: tls: expired certificate",
        "301",
    ),
    (
        "dockerd 20.10",
        "http: TLS handshake error from 192.0.2.9:4711: tls: failed to verify client certificate: x509: certificate has expired or is not yet valid: current time 2026-11-22T07:00:01Z is after 2026-08-04T07:00:01Z",
        "301",
    ),
    (
        "dockerd 28",
        "http: TLS handshake error from 192.0.2.9:4711: tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-11-22T07:00:01Z is before 2027-08-04T07:00:01Z",
        "302",
    ),
    (
        "dockerd 20.10",
        "http: TLS handshake error from 192.0.2.9:4711: tls: failed to verify client certificate: x509: certificate specifies an incompatible key usage",
        "336",
    ),
    (
        "dockerd 28",
        "http: TLS handshake error from 192.0.2.9:4711: tls: failed to verify certificate: x509: certificate specifies an incompatible key usage",
        "336",
    ),
    (
        "dockerd 28",
        "http: TLS handshake error from 192.0.2.9:4711: tls: failed to verify certificate: x509: certificate signed by unknown authority",
        "338",
    ),
    (
        "dockerd 18.09",
        "http: TLS handshake error from 192.0.2.9:4711: tls: failed to verify client's certificate: x509: certificate signed by unknown authority",
        "338",
    ),
    (
        "dockerd 28",
        "http: TLS handshake error from 192.0.2.9:4711: tls: client offered only unsupported versions: [302 301]",
        "706",
    ),
    (
        "dockerd 28",
        "http: TLS handshake error from 192.0.2.9:4711: tls: no cipher suite supported by both client and server",
        "706",
    ),
    (
        "dockerd 28",
        "http: TLS handshake error from 192.0.2.9:4711: tls: first record does not look like a TLS handshake",
        "516",
    ),
    (
        "dockerd 20.10",
        "level=error msg=\"Error reloading configuration\" error=\"x\"",
        "201",
    ),
    (
        "dockerd 28",
        "failed to create API server: something that nobody has met",
        "210",
    ),
];

const CLI: &[Case] = &[
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

const GO: &[Case] = &[
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

const LIBRARIES: &[Case] = &[
    (
        "Python 3.11",
        "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate in certificate chain (_ssl.c:992)",
        "316",
    ),
    (
        "Python 3.8",
        "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self signed certificate (_ssl.c:1131)",
        "314",
    ),
    (
        "Python 3.11",
        "docker.errors.DockerException: Error while fetching server API version: HTTPSConnectionPool(host='127.0.0.1', port=2376): Max retries exceeded with url: /version (Caused by SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate (_ssl.c:992)')))",
        "316",
    ),
    (
        "Python 3.11",
        "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired (_ssl.c:992)",
        "301",
    ),
    (
        "Python 3.11",
        "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate is not yet valid (_ssl.c:992)",
        "302",
    ),
    (
        "Python 3.11",
        "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: IP address mismatch, certificate is not valid for '127.0.0.1'. (_ssl.c:992)",
        "305",
    ),
    (
        "Python 3.11",
        "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: Hostname mismatch, certificate is not valid for 'localhost'. (_ssl.c:992)",
        "304",
    ),
    (
        "urllib3 1.26",
        "hostname '127.0.0.1' doesn't match either of 'docker.example', 'localhost'",
        "305",
    ),
    (
        "urllib3 1.26",
        "hostname 'h' doesn't match 'docker.example'",
        "304",
    ),
    (
        "Python 3.11",
        "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unsuitable certificate purpose (_ssl.c:992)",
        "308",
    ),
    (
        "Python 3.13",
        "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: Missing Authority Key Identifier (_ssl.c:1028)",
        "329",
    ),
    (
        "Python 3.13",
        "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: CA cert does not include key usage extension (_ssl.c:1028)",
        "325",
    ),
    (
        "Python 3.11",
        "ssl.SSLError: [SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:992)",
        "515",
    ),
    (
        "Python 3.11",
        "ssl.SSLError: [SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required (_ssl.c:2580)",
        "522",
    ),
    (
        "Python 3.11",
        "ssl.SSLError: [SSL: SSLV3_ALERT_BAD_CERTIFICATE] sslv3 alert bad certificate (_ssl.c:2580)",
        "522",
    ),
    (
        "Python 3.11",
        "ssl.SSLError: [SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca (_ssl.c:2580)",
        "338",
    ),
    (
        "Python 3.11",
        "ssl.SSLError: [SSL: KEY_VALUES_MISMATCH] key values mismatch (_ssl.c:3900)",
        "408",
    ),
    (
        "docker-py 7",
        "docker.errors.TLSParameterError: Path to a certificate and key files must be provided through the client_cert param. TLS configurations should map the Docker CLI client configurations. See https://docs.docker.com/engine/articles/https/ for API details.",
        "506",
    ),
    (
        "requests 2.32",
        "OSError: Could not find a suitable TLS CA certificate bundle, invalid path: /srv/ca.pem",
        "505",
    ),
    (
        "requests 2.32",
        "OSError: Could not find the TLS certificate file, invalid path: /srv/cert.pem",
        "402",
    ),
    (
        "requests 2.32",
        "OSError: Could not find the TLS key file, invalid path: /srv/key.pem",
        "401",
    ),
    (
        "docker-py 7",
        "docker.errors.DockerException: Error while fetching server API version: ('Connection aborted.', FileNotFoundError(2, 'No such file or directory'))",
        "211",
    ),
    (
        "docker-py 7",
        "docker.errors.DockerException: Error while fetching server API version: ('Connection aborted.', PermissionError(13, 'Permission denied'))",
        "114",
    ),
    (
        "requests 2.32",
        "NewConnectionError('<urllib3.connection.HTTPSConnection object at 0x7f>: Failed to establish a new connection: [Errno 111] Connection refused')",
        "901",
    ),
    (
        "requests 2.32",
        "NewConnectionError('<urllib3.connection.HTTPSConnection object at 0x7f>: Failed to establish a new connection: [Errno -2] Name or service not known')",
        "903",
    ),
    (
        "requests 2.32",
        "('Connection aborted.', RemoteDisconnected('Remote end closed connection without response'))",
        "906",
    ),
    (
        "docker-py 7",
        "requests.exceptions.HTTPError: 400 Client Error: Bad Request for url: http://127.0.0.1:2376/version (\"Client sent an HTTP request to an HTTPS server.\")",
        "516",
    ),
    (
        "Node 20",
        "Error: self-signed certificate\n  code: 'DEPTH_ZERO_SELF_SIGNED_CERT'",
        "314",
    ),
    (
        "Node 20",
        "Error: self-signed certificate in certificate chain\n  code: 'SELF_SIGNED_CERT_IN_CHAIN'",
        "316",
    ),
    (
        "Node 20",
        "Error: unable to verify the first certificate\n  code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'",
        "316",
    ),
    ("Node 20", "UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "316"),
    (
        "Node 20",
        "Error: certificate has expired\n  code: 'CERT_HAS_EXPIRED'",
        "301",
    ),
    ("Node 20", "CERT_NOT_YET_VALID", "302"),
    (
        "Node 20",
        "Error [ERR_TLS_CERT_ALTNAME_INVALID]: Hostname/IP does not match certificate's altnames: IP: 127.0.0.1 is not in the cert's list: 192.0.2.7",
        "305",
    ),
    (
        "Node 20",
        "Error [ERR_TLS_CERT_ALTNAME_INVALID]: Hostname/IP does not match certificate's altnames: Host: localhost. is not in the cert's altnames: DNS:elsewhere.example",
        "304",
    ),
    (
        "Node 20",
        "Error [ERR_TLS_CERT_ALTNAME_INVALID]: Hostname/IP does not match certificate's altnames: Cert does not contain a DNS name",
        "306",
    ),
    (
        "Node 20",
        "Error: C0A7:error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:../deps/openssl/openssl/ssl/record/rec_layer_s3.c:1605:SSL alert number 116",
        "522",
    ),
    (
        "Node 20",
        "Error: write EPROTO 00A7:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../deps/openssl/openssl/ssl/record/ssl3_record.c:354:",
        "515",
    ),
    (
        "Node 20",
        "Error: socket hang up\n  code: 'ECONNRESET'",
        "906",
    ),
    (
        "Node 20",
        "Error: connect ECONNREFUSED 127.0.0.1:2376",
        "901",
    ),
    (
        "Node 20",
        "Error: connect ENOENT /var/run/docker.sock",
        "211",
    ),
    (
        "Node 20",
        "Error: connect EACCES /var/run/docker.sock",
        "114",
    ),
    (
        "Node 20",
        "Error: getaddrinfo ENOTFOUND docker.example",
        "903",
    ),
    (
        "Node 20",
        "Error: ENOENT: no such file or directory, open '/home/a/.docker/ca.pem'",
        "505",
    ),
    (
        "Node 20",
        "Error: ENOENT: no such file or directory, open '/home/a/.docker/key.pem'",
        "506",
    ),
    (
        "Node 20",
        "Error: error:05800074:x509 certificate routines::key values mismatch\n  code: 'ERR_OSSL_X509_KEY_VALUES_MISMATCH'",
        "408",
    ),
    (
        "Node 20",
        "Error: error:07880109:common libcrypto routines::interrupted or cancelled",
        "407",
    ),
    ("Node 20", "Error: Parse Error: Expected HTTP/", "516"),
    (
        "Java 17",
        "javax.net.ssl.SSLHandshakeException: PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification path to requested target",
        "316",
    ),
    (
        "Java 17",
        "Caused by: java.security.cert.CertificateExpiredException: NotAfter: Tue Aug 04 07:00:01 CEST 2026",
        "301",
    ),
    (
        "Java 17",
        "Caused by: java.security.cert.CertificateNotYetValidException: NotBefore: Tue Aug 04 07:00:01 CEST 2027",
        "302",
    ),
    (
        "Java 17",
        "javax.net.ssl.SSLHandshakeException: PKIX path validation failed: java.security.cert.CertPathValidatorException: validity check failed",
        "301",
    ),
    (
        "Java 17",
        "javax.net.ssl.SSLHandshakeException: No subject alternative names matching IP address 127.0.0.1 found",
        "305",
    ),
    (
        "Java 17",
        "java.security.cert.CertificateException: No subject alternative DNS name matching localhost found.",
        "304",
    ),
    (
        "Java 17",
        "java.security.cert.CertificateException: No subject alternative names present",
        "306",
    ),
    (
        "Java 8",
        "java.security.cert.CertificateException: No name matching docker.example found",
        "306",
    ),
    (
        "Java 17",
        "javax.net.ssl.SSLHandshakeException: Received fatal alert: bad_certificate",
        "522",
    ),
    (
        "Java 17",
        "javax.net.ssl.SSLHandshakeException: Received fatal alert: certificate_required",
        "522",
    ),
    (
        "Java 17",
        "javax.net.ssl.SSLHandshakeException: Received fatal alert: certificate_unknown",
        "338",
    ),
    (
        "Java 17",
        "javax.net.ssl.SSLHandshakeException: (bad_certificate) Received fatal alert: bad_certificate",
        "522",
    ),
    (
        "Java 11",
        "javax.net.ssl.SSLException: Unsupported or unrecognized SSL message",
        "515",
    ),
    (
        "Java 8",
        "javax.net.ssl.SSLException: Unrecognized SSL message, plaintext connection?",
        "515",
    ),
    (
        "Java 17",
        "sun.security.validator.ValidatorException: Extended key usage does not permit use for TLS server authentication",
        "308",
    ),
    (
        "Java 17",
        "java.security.cert.CertPathValidatorException: Algorithm constraints check failed on signature algorithm: SHA1withRSA",
        "322",
    ),
    (
        "Java 17",
        "javax.net.ssl.SSLHandshakeException: No appropriate protocol (protocol is disabled or cipher suites are inappropriate)",
        "706",
    ),
    (
        "Java 17",
        "javax.net.ssl.SSLHandshakeException: Received fatal alert: handshake_failure",
        "706",
    ),
    (
        "docker-java 3",
        "Enabled TLS verification (DOCKER_TLS_VERIFY=1) but certificate path (DOCKER_CERT_PATH) is not defined.",
        "505",
    ),
    (
        "Java 17",
        "java.net.ConnectException: Connection refused",
        "901",
    ),
    (
        "rustls 0.23",
        "invalid peer certificate: UnknownIssuer",
        "316",
    ),
    (
        "rustls 0.23",
        "received fatal alert: CertificateRequired",
        "522",
    ),
    (
        "rustls 0.23",
        "received corrupt message of type InvalidContentType",
        "515",
    ),
    ("Chrome", "NET::ERR_CERT_AUTHORITY_INVALID", "316"),
    ("Chrome", "ERR_BAD_SSL_CLIENT_AUTH_CERT", "522"),
    ("Firefox", "Error code: SSL_ERROR_RX_RECORD_TOO_LONG", "515"),
    ("Firefox", "MOZILLA_PKIX_ERROR_SELF_SIGNED_CERT", "314"),
];

const TOOLS: &[Case] = &[
    (
        "curl 7.88",
        "curl: (7) Failed to connect to 127.0.0.1 port 2376 after 0 ms: Couldn't connect to server",
        "901",
    ),
    (
        "curl 7.64",
        "curl: (7) Failed to connect to 127.0.0.1 port 2376: Connection refused",
        "901",
    ),
    (
        "curl 7.88",
        "curl: (6) Could not resolve host: docker.invalid",
        "903",
    ),
    (
        "curl 7.88",
        "curl: (28) Failed to connect to 192.0.2.7 port 2376 after 3001 ms: Timeout was reached",
        "902",
    ),
    (
        "curl 7.88",
        "curl: (28) Operation timed out after 3001 milliseconds with 0 bytes received",
        "905",
    ),
    ("curl 7.88", "curl: (28) SSL connection timeout", "905"),
    (
        "curl 7.88",
        "curl: (35) error:0A00010B:SSL routines::wrong version number",
        "515",
    ),
    (
        "curl 8.14",
        "curl: (35) TLS connect error: error:0A00010B:SSL routines::wrong version number",
        "515",
    ),
    (
        "curl 7.88",
        "curl: (35) error:0A000410:SSL routines::sslv3 alert handshake failure",
        "706",
    ),
    (
        "curl 7.88",
        "curl: (35) OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to 127.0.0.1:2376",
        "906",
    ),
    (
        "curl 7.88",
        "curl: (35) Recv failure: Connection reset by peer",
        "906",
    ),
    (
        "curl 7.58",
        "curl: (51) SSL: no alternative certificate subject name matches target host name 'localhost'",
        "304",
    ),
    (
        "curl 7.88",
        "curl: (60) SSL: no alternative certificate subject name matches target host name '127.0.0.1'",
        "305",
    ),
    (
        "curl 7.88",
        "curl: (60) SSL: certificate subject name 'docker' does not match target host name 'localhost'",
        "306",
    ),
    ("curl 7.88", "curl: (52) Empty reply from server", "906"),
    (
        "curl 7.88",
        "curl: (56) OpenSSL SSL_read: error:0A00045C:SSL routines::tlsv13 alert certificate required, errno 0",
        "522",
    ),
    (
        "curl 7.88",
        "curl: (56) OpenSSL SSL_read: error:0A000412:SSL routines::sslv3 alert bad certificate, errno 0",
        "522",
    ),
    (
        "curl 7.88",
        "curl: (56) OpenSSL SSL_read: error:0A000415:SSL routines::sslv3 alert certificate expired, errno 0",
        "301",
    ),
    (
        "curl 7.88",
        "curl: (56) OpenSSL SSL_read: error:0A000418:SSL routines::tlsv1 alert unknown ca, errno 0",
        "338",
    ),
    (
        "curl 7.88",
        "curl: (58) unable to set private key file: '/srv/key.pem' type PEM",
        "401",
    ),
    (
        "curl 7.88",
        "curl: (58) could not load PEM client certificate, OpenSSL error error:80000002:system library::No such file or directory, (no key found, wrong pass phrase, or wrong file format?)",
        "402",
    ),
    (
        "curl 7.88",
        "curl: (58) could not load PEM client certificate, OpenSSL error error:0480006C:PEM routines::no start line, (no key found, wrong pass phrase, or wrong file format?)",
        "404",
    ),
    (
        "curl 7.58",
        "curl: (58) Private key does not match the certificate public key",
        "408",
    ),
    (
        "curl 7.88",
        "curl: (60) SSL certificate problem: unable to get local issuer certificate\nMore details here: https://curl.se/docs/sslcerts.html",
        "316",
    ),
    (
        "curl 7.88",
        "curl: (60) SSL certificate problem: self-signed certificate in certificate chain",
        "316",
    ),
    (
        "curl 7.88",
        "curl: (60) SSL certificate problem: self-signed certificate",
        "314",
    ),
    (
        "curl 7.88",
        "curl: (60) SSL certificate problem: certificate has expired",
        "301",
    ),
    (
        "curl 7.88",
        "curl: (60) SSL certificate problem: certificate is not yet valid",
        "302",
    ),
    (
        "curl 7.88",
        "curl: (60) SSL certificate problem: unsuitable certificate purpose",
        "308",
    ),
    (
        "curl 7.88",
        "curl: (77) error setting certificate file: /srv/ca.pem",
        "505",
    ),
    (
        "curl 7.64",
        "curl: (77) error setting certificate verify locations:\n  CAfile: /srv/ca.pem\n  CApath: /etc/ssl/certs",
        "505",
    ),
    (
        "curl 7.88",
        "curl: (1) Received HTTP/0.9 when not allowed",
        "516",
    ),
    ("curl", "curl: (60)", "316"),
    (
        "OpenSSL 3.0",
        "verify error:num=18:self-signed certificate",
        "314",
    ),
    (
        "OpenSSL 1.1",
        "verify error:num=19:self signed certificate in certificate chain",
        "316",
    ),
    (
        "OpenSSL 3.0",
        "depth=0 CN = docker\nverify error:num=20:unable to get local issuer certificate\nverify return:1\nverify error:num=21:unable to verify the first certificate",
        "316",
    ),
    (
        "OpenSSL 3.0",
        "verify error:num=10:certificate has expired\nnotAfter=Aug  4 07:00:01 2026 GMT",
        "301",
    ),
    (
        "OpenSSL 3.0",
        "verify error:num=62:hostname mismatch",
        "304",
    ),
    (
        "OpenSSL 3.0",
        "verify error:num=64:IP address mismatch",
        "305",
    ),
    (
        "OpenSSL 3.0",
        "    Verify return code: 21 (unable to verify the first certificate)",
        "316",
    ),
    (
        "OpenSSL 3.0",
        "verify error:num=26:unsuitable certificate purpose",
        "308",
    ),
    (
        "OpenSSL 3.0",
        "verify error:num=24:invalid CA certificate",
        "328",
    ),
    (
        "OpenSSL 3.0",
        "verify error:num=66:EE certificate key too weak",
        "321",
    ),
    (
        "OpenSSL 3.0",
        "40A7:error:0A000412:SSL routines:ssl3_read_bytes:sslv3 alert bad certificate:../ssl/record/rec_layer_s3.c:1586:SSL alert number 42",
        "522",
    ),
    (
        "OpenSSL 3.5",
        "40A7:error:0A000412:SSL routines:ssl3_read_bytes:ssl/tls alert bad certificate:../ssl/record/rec_layer_s3.c:916:SSL alert number 42",
        "522",
    ),
    (
        "OpenSSL 3.0",
        "40A7:error:0A000126:SSL routines:ssl3_read_n:unexpected eof while reading:../ssl/record/rec_layer_s3.c:303:",
        "906",
    ),
    (
        "OpenSSL 3.0",
        "40A7:error:0A000102:SSL routines:ssl_choose_client_version:unsupported protocol:../ssl/statem/statem_lib.c:1957:",
        "706",
    ),
    (
        "OpenSSL 3.0",
        "40A7:error:05800074:x509 certificate routines:X509_check_private_key:key values mismatch:../crypto/x509/x509_cmp.c:405:",
        "408",
    ),
    (
        "nginx",
        "<center>No required SSL certificate was sent</center>",
        "522",
    ),
    (
        "nginx",
        "<center>The plain HTTP request was sent to HTTPS port</center>",
        "516",
    ),
    (
        "dockerd 20.10, registry",
        "missing key client.key for client certificate client.cert. Note that CA certificates should use the extension .crt",
        "601",
    ),
    (
        "dockerd 29, registry",
        "missing key client.key for client certificate client.cert. CA certificates must use the extension .crt",
        "601",
    ),
    (
        "dockerd 20.10, registry",
        "Missing client certificate client.cert for key client.key",
        "602",
    ),
    (
        "containerd, registry",
        "failed to load X509 key pair: tls: found a certificate rather than a key in the PEM for the private key",
        "601",
    ),
    (
        "containerd, registry",
        "failed to load X509 key pair: tls: private key does not match public key",
        "408",
    ),
    (
        "containerd, registry",
        "unable to load CA cert \"/etc/docker/certs.d/r.example:5000/ca.crt\"",
        "607",
    ),
    (
        "dockerd 28, registry",
        "Error response from daemon: Get \"https://r.example:5000/v2/\": tls: failed to verify certificate: x509: certificate signed by unknown authority",
        "316",
    ),
    (
        "dockerd 29, registry",
        "failed to resolve reference \"r.example:5000/a:1\": failed to do request: Head \"https://r.example:5000/v2/a/manifests/1\": tls: failed to verify certificate: x509: certificate signed by unknown authority",
        "316",
    ),
    (
        "dockerd 28, registry",
        "Error response from daemon: Get \"https://r.example:5000/v2/\": remote error: tls: bad certificate",
        "522",
    ),
    (
        "dockerd 28, registry",
        "Error response from daemon: Get \"https://r.example:5000/v2/\": http: server gave HTTP response to HTTPS client",
        "604",
    ),
    (
        "systemd 252",
        "docker.service: Start request repeated too quickly.",
        "207",
    ),
    (
        "systemd 252",
        "docker.service: Failed with result 'start-limit-hit'.",
        "207",
    ),
    (
        "systemd 252",
        "Job for docker.service failed because the control process exited with error code.\nSee \"systemctl status docker.service\" and \"journalctl -xeu docker.service\" for details.",
        "210",
    ),
    (
        "systemd 252",
        "     Active: failed (Result: exit-code) since Sun 2026-11-22 07:00:09 UTC; 3s ago",
        "210",
    ),
    ("systemd 252", "     Active: inactive (dead)", "211"),
    (
        "systemd 252",
        "Warning: The unit file, source configuration file or drop-ins of docker.service changed on disk. Run 'systemctl daemon-reload' to reload units.",
        "213",
    ),
    (
        "systemd 252",
        "docker.socket: Socket service docker.service already active, refusing.",
        "219",
    ),
    (
        "systemd 252",
        "docker.socket: Failed to create listening socket (0.0.0.0:2376): Address already in use",
        "218",
    ),
];

#[test]
fn messages_are_read_as_what_they_are() {
    let all = [DAEMON, CLI, GO, LIBRARIES, TOOLS];
    let mut wrong = Vec::new();
    for (speaker, text, code) in all.iter().flat_map(|table| table.iter()) {
        let codes: Vec<&str> = told(text).iter().map(|told| told.meaning.code).collect();
        if codes.first().and_then(|first| first.strip_prefix("SL-F")) != Some(code) {
            wrong.push(format!(
                "{speaker}: {text}\n  wanted {code}, read {codes:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let count: usize = all.iter().map(|table| table.len()).sum();
    assert!(count >= 150, "only {count} messages");
}

#[test]
fn every_code_is_one_of_a_check() {
    let codes = super::table::codes();
    let missing: Vec<&&str> = codes
        .iter()
        .filter(|code| checks::by_code(code).is_none())
        .collect();
    assert!(missing.is_empty(), "no check has these codes: {missing:?}");
}
