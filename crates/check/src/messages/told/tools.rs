//! What curl and other tools say.

use super::Case;

pub(super) const MESSAGES: &[Case] = &[
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
