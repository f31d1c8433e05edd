//! What the libraries of other languages say.

use super::Case;

pub(super) const MESSAGES: &[Case] = &[
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
    // Java 17.0.21 has the alert in front, also that which it sent itself.
    (
        "Java 17",
        "javax.net.ssl.SSLHandshakeException: (certificate_unknown) PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification path to requested target",
        "316",
    ),
    (
        "Java 17",
        "javax.net.ssl.SSLHandshakeException: (certificate_unknown) No subject alternative DNS name matching localhost found.",
        "304",
    ),
    (
        "Java 17",
        "Exception in thread \"main\" java.net.ConnectException\nCaused by: java.net.ConnectException\nCaused by: java.nio.channels.ClosedChannelException",
        "901",
    ),
    (
        "Java 17",
        "Exception in thread \"main\" java.net.ConnectException\nCaused by: java.net.ConnectException\nCaused by: java.nio.channels.UnresolvedAddressException",
        "903",
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
