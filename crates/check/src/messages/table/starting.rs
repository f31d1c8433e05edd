//! dockerd as it starts: its configuration and its files. Texts of 20.10, 23 to 28, and 29.

use crate::messages::pattern::{Pattern, cause, fatal, means, symptom, wrapping};
use crate::messages::table::sentences::{MISMATCH, NO_PEM};

const DOCKERD: &str = "dockerd";

pub(super) const TABLE: &[Pattern] = &[
    // daemon.json.
    fatal(
        DOCKERD,
        &["the following directives are specified both as a flag and in the configuration file: {which}"],
        &[means("SL-F203", "set twice, on the command line and in daemon.json, and dockerd takes that from nobody, even where both are equal: {which}")
            .help("systemctl cat docker.service | grep -A1 ExecStart")],
    ),
    fatal(
        DOCKERD,
        &["the following directives don't match any configuration option: {keys}"],
        &[means("SL-F202", "this dockerd knows no key of this name in daemon.json (letters count as they are written): {keys}")],
    ),
    fatal(
        DOCKERD,
        &[
            "unable to configure the Docker daemon with file {file}: invalid character 'ï' {where}",
            "unable to configure the Docker daemon with file {file}: invalid character 'ÿ' {where}",
            "unable to configure the Docker daemon with file {file}: invalid character 'þ' {where}",
        ],
        &[means("SL-F201", "{file} begins with a byte order mark, which this dockerd (before 23) does not take")],
    ),
    fatal(
        DOCKERD,
        &[
            "unable to configure the Docker daemon with file {file}: invalid character {character} {where}",
            "unable to configure the Docker daemon with file {file}: invalid JSON: invalid character {character} {where}",
        ],
        &[means("SL-F201", "{file} is not JSON: {character} stands where it cannot, {where}")
            .help("python3 -m json.tool {file}")],
    ),
    fatal(
        DOCKERD,
        &[
            "unable to configure the Docker daemon with file {file}: invalid JSON: {why}",
            "unable to configure the Docker daemon with file {file}: unexpected end of {why}",
            "unable to configure the Docker daemon with file {file}: unexpected {why}",
        ],
        &[means("SL-F201", "{file} is not JSON: it ends too early ({why})").help("python3 -m json.tool {file}")],
    ),
    fatal(
        DOCKERD,
        &["unable to configure the Docker daemon with file {file}: EOF"],
        &[means("SL-F201", "{file} is empty, which this dockerd (before 23) does not take: an empty object in braces is the least")],
    ),
    fatal(
        DOCKERD,
        &["unable to configure the Docker daemon with file {file}: open {=file}: no such file or directory"],
        &[means("SL-F201", "{file} was named with --config-file and is not there")],
    ),
    fatal(
        DOCKERD,
        &[
            "unable to configure the Docker daemon with file {file}: json: cannot unmarshal {found} into Go struct field {key} of type {wanted}",
            "unable to configure the Docker daemon with file {file}: invalid JSON: json: cannot unmarshal {found} into Go struct field {key} of type {wanted}",
        ],
        &[means("SL-F204", "in {file} the key {key} has a {found}, and a {wanted} is wanted")],
    ),
    fatal(
        DOCKERD,
        &[
            "cannot unmarshal {found} into Go struct field {key} of type {wanted}",
            "cannot unmarshal {found} into Go value of type {key:word}",
        ],
        &[means("SL-F204", "in daemon.json a {found} stands where {key} wants something else")],
    ),
    wrapping(
        DOCKERD,
        &["unable to configure the Docker daemon with file {file}: {why}"],
        &[means("SL-F201", "dockerd cannot take {file} for its configuration: {why}")],
    ),
    wrapping(
        DOCKERD,
        &["Error reloading configuration", "got signal to reload configuration, reloading from: {file}"],
        &[means("SL-F201", "daemon.json was changed and could not be read again; the daemon goes on with what it had")],
    ),
    fatal(
        DOCKERD,
        &[
            "merged configuration validation from file and command line flags failed: Invalid bind address format: {host:word}",
            "merged configuration validation from file and command line flags failed: invalid bind address ({host:word}): {why}",
            "merged configuration validation from file and command line flags failed: invalid bind address format: {host:word}",
            "invalid argument \"{host}\" for \"-H, --host\" flag: invalid bind address {why}",
            "invalid bind address ({host:word}): {why}",
            "error parsing -H {host:word}: Invalid bind address format: {=host}",
        ],
        &[
            means("SL-F209", "{host} is no address that dockerd can listen on: it takes tcp, unix, npipe and fd, and no path behind a port"),
            means("SL-F511", "it is no address for the docker client either: tcp:// is wanted, also for TLS"),
        ],
    ),
    fatal(
        DOCKERD,
        &["merged configuration validation from file and command line flags failed: {why}"],
        &[means("SL-F209", "a value in daemon.json or on the command line is not valid: {why}")],
    ),
    // The files of TLS.
    fatal(
        DOCKERD,
        &["could not load X509 key pair (cert: \"\", key: \"\"): open : no such file or directory"],
        &[
            means("SL-F205", "TLS is switched on in daemon.json, and the paths are not there: paths given as flags are dropped then"),
            means("SL-F402", "no certificate is named, and none lies where dockerd looks for it"),
        ],
    ),
    fatal(
        DOCKERD,
        &[
            "could not load X509 key pair (cert: \"{cert}\", key: \"{key}\"): open {=key}: no such file or directory",
        ],
        &[means("SL-F401", "the key {key} is not there"), means("SL-F220", "a path without a leading / counts from where the daemon was started, under systemd from /")],
    ),
    fatal(
        DOCKERD,
        &[
            "could not load X509 key pair (cert: \"{cert}\", key: \"{key}\"): open {=cert}: no such file or directory",
        ],
        &[means("SL-F402", "the certificate {cert} is not there"), means("SL-F220", "a path without a leading / counts from where the daemon was started, under systemd from /")],
    ),
    fatal(
        DOCKERD,
        &["could not read CA certificate \"{file}\": open {=file}: no such file or directory"],
        &[
            means("SL-F403", "the file of authorities {file} is not there"),
            means("SL-F220", "a path without a leading / counts from where the daemon was started, under systemd from /"),
        ],
    ),
    fatal(
        DOCKERD,
        &["could not read CA certificate \"{file}\": read {=file}: is a directory"],
        &[means("SL-F413", "{file} is a directory, and a file of authorities is wanted")],
    ),
    fatal(
        DOCKERD,
        &["could not read CA certificate \"{file}\": {why}"],
        &[means("SL-F413", "the file of authorities {file} cannot be read: {why}").help("ls -ld {file}")],
    ),
    fatal(
        DOCKERD,
        &["failed to append certificates from PEM file: \"{file}\""],
        &[
            means("SL-F404", "there is no certificate in PEM in {file}: it is empty, or holds something else").help("head -c 64 {file} | xxd"),
            means("SL-F405", "{file} is in DER, the binary form; PEM is wanted"),
            means("SL-F419", "what stands in {file} between BEGIN and END is no certificate"),
        ],
    ),
    fatal(
        DOCKERD,
        &[
            "Error reading X509 key pair (cert: \"{cert}\", key: \"{key}\"): tls: private key does not match public key",
            "error reading X509 key pair - make sure the key is not encrypted (cert: \"{cert}\", key: \"{key}\"): tls: private key does not match public key",
        ],
        &[
            means("SL-F408", "the key {key} does not belong to the first certificate of {cert}"),
            means("SL-F312", "{cert} holds a chain in the wrong order: the certificate of the key has to come first"),
        ],
    ),
    fatal(
        DOCKERD,
        &[
            "Error reading X509 key pair (cert: \"{cert}\", key: \"{key}\"): tls: failed to parse private key",
            "error reading X509 key pair - make sure the key is not encrypted (cert: \"{cert}\", key: \"{key}\"): tls: failed to parse private key",
        ],
        &[
            means("SL-F407", "the key {key} has a passphrase, and dockerd cannot ask for it").help("grep -c ENCRYPTED {key}"),
            means("SL-F418", "the key {key} is of a kind or form that dockerd cannot read"),
        ],
    ),
    fatal(
        DOCKERD,
        &[
            "Error reading X509 key pair (cert: \"{cert}\", key: \"{key}\"): tls: failed to find certificate PEM data in certificate input, but did find a private key",
            "error reading X509 key pair - make sure the key is not encrypted (cert: \"{cert}\", key: \"{key}\"): tls: failed to find certificate PEM data in certificate input, but did find a private key",
            "Error reading X509 key pair (cert: \"{cert}\", key: \"{key}\"): tls: found a certificate rather than a key",
        ],
        &[means("SL-F412", "certificate and key are swapped: in {cert} lies a private key")],
    ),
    fatal(
        DOCKERD,
        &[
            "Error reading X509 key pair (cert: \"{cert}\", key: \"{key}\"): tls: failed to find any PEM data in certificate input",
            "error reading X509 key pair - make sure the key is not encrypted (cert: \"{cert}\", key: \"{key}\"): tls: failed to find any PEM data in certificate input",
        ],
        &[
            means("SL-F404", "there is no PEM in {cert}: it is empty, or holds something else").help("head -c 64 {cert} | xxd"),
            means("SL-F405", "{cert} is in DER, the binary form; PEM is wanted"),
            means("SL-F406", "a byte order mark or UTF-16 stands before the PEM in {cert}"),
        ],
    ),
    fatal(
        DOCKERD,
        &[
            "Error reading X509 key pair (cert: \"{cert}\", key: \"{key}\"): tls: failed to find any PEM data in key input",
            "error reading X509 key pair - make sure the key is not encrypted (cert: \"{cert}\", key: \"{key}\"): tls: failed to find any PEM data in key input",
        ],
        &[
            means("SL-F404", "there is no PEM in {key}: it is empty, or holds something else"),
            means("SL-F405", "{key} is in DER, the binary form; PEM is wanted"),
            means("SL-F406", "a byte order mark or UTF-16 stands before the PEM in {key}"),
        ],
    ),
    fatal(
        DOCKERD,
        &[
            "Error reading X509 key pair (cert: \"{cert}\", key: \"{key}\"): open {file:word}: permission denied",
            "error reading X509 key pair - make sure the key is not encrypted (cert: \"{cert}\", key: \"{key}\"): open {file:word}: permission denied",
            "could not load X509 key pair (cert: \"{cert}\", key: \"{key}\"): open {file:word}: permission denied",
        ],
        &[means("SL-F413", "the daemon's user may not read {file}").help("ls -l {file}")],
    ),
    fatal(
        DOCKERD,
        &[
            "Error reading X509 key pair (cert: \"{cert}\", key: \"{key}\"): read {file:word}: is a directory",
            "error reading X509 key pair - make sure the key is not encrypted (cert: \"{cert}\", key: \"{key}\"): read {file:word}: is a directory",
            "could not load X509 key pair (cert: \"{cert}\", key: \"{key}\"): read {file:word}: is a directory",
        ],
        &[means("SL-F413", "{file} is a directory, and a file is wanted").help("ls -ld {file}")],
    ),
    fatal(
        DOCKERD,
        &[
            "Error reading X509 key pair (cert: \"{cert}\", key: \"{key}\"): x509: {why}",
            "Error reading X509 key pair (cert: \"{cert}\", key: \"{key}\"): asn1: {why}",
            "Error reading X509 key pair (cert: \"{cert}\", key: \"{key}\"): tls: failed to parse certificate{why}",
            "error reading X509 key pair - make sure the key is not encrypted (cert: \"{cert}\", key: \"{key}\"): x509: {why}",
            "error reading X509 key pair - make sure the key is not encrypted (cert: \"{cert}\", key: \"{key}\"): asn1: {why}",
        ],
        &[means("SL-F419", "what stands in {cert} between BEGIN and END is no certificate: {why}")],
    ),
    wrapping(
        DOCKERD,
        &[
            "Error reading X509 key pair (cert: \"{cert}\", key: \"{key}\"): {why}",
            "error reading X509 key pair - make sure the key is not encrypted (cert: \"{cert}\", key: \"{key}\"): {why}",
            "could not load X509 key pair (cert: \"{cert}\", key: \"{key}\"): {why}",
        ],
        &[means("SL-F413", "dockerd cannot use {cert} with {key}: {why}")],
    ),
    fatal(
        "Go",
        &[
            "tls: failed to find any PEM data in certificate input",
            "tls: failed to find any PEM data in key input",
            "tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input",
        ],
        NO_PEM,
    ),
    fatal(
        "Go",
        &[
            "tls: failed to find certificate PEM data in certificate input, but did find a private key",
            "tls: found a certificate rather than a key in the PEM for the private key",
        ],
        &[means("SL-F412", "certificate and key are swapped, or the file of the key holds a certificate")],
    ),
    fatal(
        "Go",
        &[
            "tls: private key does not match public key",
            "tls: private key type does not match public key type",
        ],
        MISMATCH,
    ),
    // Listeners.
    fatal(
        DOCKERD,
        &[
            "listen tcp {address:word}: bind: address already in use",
            "listen tcp4 {address:word}: bind: address already in use",
        ],
        &[means("SL-F218", "another process has the port of {address}").help("ss -ltnp")],
    ),
    fatal(
        DOCKERD,
        &["listen tcp {address:word}: bind: cannot assign requested address"],
        &[means("SL-F223", "{address} is not an address of this host, at least not yet").help("ip -brief address")],
    ),
    fatal(
        DOCKERD,
        &[
            "listen tcp: lookup {name:word}: no such host",
            "listen tcp: lookup {name:word} on {server}: no such host",
        ],
        &[
            means("SL-F223", "the daemon is to listen on the name {name}, which has no address here"),
            means("SL-F209", "if that is no name, the host of the listener is miswritten"),
        ],
    ),
    fatal(
        DOCKERD,
        &["listen tcp: address {address:word}: {why}", "listen tcp: lookup tcp/{address}: {why}"],
        &[means("SL-F209", "{address} is no address that dockerd can listen on: {why}")],
    ),
    fatal(
        DOCKERD,
        &[
            "no sockets found via socket activation: make sure the service was started by systemd",
            "failed to load listeners: no sockets found via socket activation",
        ],
        &[means("SL-F219", "the host fd:// takes sockets that systemd has opened, and none was passed: docker.socket is off, or systemd did not start this dockerd")
            .help("systemctl start docker.socket docker.service")],
    ),
    fatal(
        DOCKERD,
        &["--live-restore daemon configuration is incompatible with swarm mode"],
        &[means("SL-F216", "this host is in a swarm, and a swarm's daemon does not start with live-restore")],
    ),
    symptom(
        DOCKERD,
        &[
            "failed to start daemon: pid file found, ensure docker is not running or delete {file:word}",
            "process with PID {number:num} is still running",
        ],
        &[means("SL-F210", "another dockerd runs already, or one ended without clearing its pid file away")],
    ),
    wrapping(
        DOCKERD,
        &[
            "failed to create API server: {why}",
            "failed to load listeners: {why}",
            "invalid TLS configuration: {why}",
            "failed to start daemon: {why}",
        ],
        &[means("SL-F210", "dockerd did not start: {why}").help("journalctl -u docker.service -n 50 --no-pager")],
    ),
    cause(
        DOCKERD,
        &[
            "Failed to load listeners: can't create unix socket {path:word}: {why}",
            "can't create unix socket {path:word}: {why}",
        ],
        &[means("SL-F214", "dockerd cannot listen on {path}: {why}")],
    ),
];
