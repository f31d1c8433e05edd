//! What dockerd says.

use super::Case;

pub(super) const MESSAGES: &[Case] = &[
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
