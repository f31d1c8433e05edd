"""Certificates and keys of every fault. Signed, where it says so, by the keys of the vault that is being tried.

Arguments: the vault's server anchor and its key, its client anchor and its key, the daemon's key, a client's key, and
the folder that takes everything.
"""

import datetime
import ipaddress
import pathlib
import subprocess
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID as EKU, NameOID

server_ca, server_ca_key, client_ca, client_ca_key, server_key, client_key, out = map(pathlib.Path, sys.argv[1:])
now = datetime.datetime.now(datetime.timezone.utc)
day = datetime.timedelta(days=1)
loopback = [x509.IPAddress(ipaddress.ip_address(text)) for text in ("127.0.0.1", "::1")]


def load_key(path):
    return serialization.load_pem_private_key(path.read_bytes(), None)


def load(path):
    return x509.load_pem_x509_certificate(path.read_bytes())


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def key_pem(key, form=serialization.PrivateFormat.PKCS8, encryption=serialization.NoEncryption()):
    return key.private_bytes(serialization.Encoding.PEM, form, encryption)


def write(file, *parts):
    (out / file).write_bytes(b"".join(parts))


def sign(subject, public, issuer, issuer_key, *, ca=False, start=-1, end=80, sans=True, eku=None,
         usage="leaf"):
    """A certificate; `eku` is a list, `sans` True for the right ones, a list for others, None for none."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject) if isinstance(subject, str) else subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + start * day)
        .not_valid_after(now + end * day)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )
    if usage:
        bits = dict.fromkeys(["content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
                              "encipher_only", "decipher_only"], False)
        bits["digital_signature"] = usage == "leaf"
        bits["key_agreement"] = usage == "agreement"
        bits["key_cert_sign"] = usage in ("ca", "no-crl")
        bits["crl_sign"] = usage in ("ca", "no-cert")
        builder = builder.add_extension(x509.KeyUsage(**bits), critical=True)
    key_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    builder = builder.add_extension(key_id, critical=False)
    if sans is True:
        sans = [x509.DNSName("localhost"), x509.DNSName("docker.lab"), *loopback]
    if sans:
        builder = builder.add_extension(x509.SubjectAlternativeName(sans), critical=False)
    if eku:
        builder = builder.add_extension(x509.ExtendedKeyUsage(eku), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def new_key():
    return ec.generate_private_key(ec.SECP256R1())


def authority(subject, key=None, **more):
    key = key or new_key()
    more = {"usage": "ca", **more}
    certificate = sign(subject, key.public_key(), name(subject), key, ca=True, start=-400, end=more.pop("end", 3000),
                       sans=None, **more)
    return certificate, key


ours = {"server": (load(server_ca), load_key(server_ca_key)), "client": (load(client_ca), load_key(client_ca_key))}
foreign, foreign_key = authority("Somebody else")
write("foreign-ca.pem", pem(foreign))
daemon, alice = load_key(server_key), load_key(client_key)


def server(file, *rest, by=None, key=daemon, subject="localhost", **more):
    issuer, issuer_key = by or ours["server"]
    made = sign(subject, key.public_key(), issuer.subject, issuer_key, **{"eku": [EKU.SERVER_AUTH], **more})
    write(f"server-{file}.pem", pem(made), *rest)
    return made


def client(file, *rest, by=None, key=alice, **more):
    issuer, issuer_key = by or ours["client"]
    more = {"eku": [EKU.CLIENT_AUTH], "sans": None, **more}
    made = sign("alice", key.public_key(), issuer.subject, issuer_key, **more)
    write(f"client-{file}.pem", pem(made), *rest)
    return made


# The daemon's own key under certificates of every kind.
server("expired", start=-0.002, end=-0.001)
server("future", start=20)
server("soon", start=-80, end=5)
server("renewed")
server("other-name", sans=[x509.DNSName("elsewhere.example.org"), *loopback])
server("no-address", sans=[x509.DNSName("localhost"), x509.DNSName("docker.lab")])
server("name-only", sans=None)
server("for-clients", eku=[EKU.CLIENT_AUTH])
server("for-anything", eku=None)
server("for-both", eku=[EKU.SERVER_AUTH, EKU.CLIENT_AUTH])
server("foreign", by=(foreign, foreign_key))
server("long", end=1200)
server("agreement", usage="agreement")
server("wildcard", sans=[x509.DNSName("localhost"), x509.DNSName("*.lab"), x509.DNSName("docker.lab"),
                           *loopback])
weak = rsa.generate_private_key(65537, 1024)
server("weak", key=weak)
write("server-weak-key.pem", key_pem(weak))
twin = new_key()
server("twin", by=(ours["server"][0], twin))
itself = sign("docker.lab", daemon.public_key(), name("docker.lab"), daemon, eku=[EKU.SERVER_AUTH])
write("server-self.pem", pem(itself))
as_ca = sign("An authority of its own", daemon.public_key(), ours["server"][0].subject, ours["server"][1], ca=True, usage="ca")
write("server-ca.pem", pem(as_ca))
middle_key = new_key()
middle = sign("A middle one", middle_key.public_key(), ours["server"][0].subject, ours["server"][1], ca=True, sans=None,
              usage="ca")
below = server("below-a-middle-one", by=(middle, middle_key))
write("server-wrong-order.pem", pem(middle), pem(below))
server("superfluous", pem(foreign))

# The same for a client's key.
client("expired", start=-0.002, end=-0.001)
client("future", start=20)
client("soon", start=-80, end=5)
client("for-servers", eku=[EKU.SERVER_AUTH])
client("for-both", eku=[EKU.CLIENT_AUTH, EKU.SERVER_AUTH])
client("foreign", by=(foreign, foreign_key))
stranger = new_key()
client("stranger", by=(foreign, foreign_key), key=stranger)
write("stranger-key.pem", key_pem(stranger))

# Files of anchors: the daemon's, and clients'.
def anchors(file, kind, *more):
    write(f"anchors-{file}.pem", pem(ours[kind][0]), *[pem(one) for one in more])


anchors("and-foreign", "client", foreign)
anchors("and-servers", "client", ours["server"][0])
anchors("and-expired", "server", authority("An old one", end=-10)[0])
anchors("and-twin", "server", sign(ours["server"][0].subject, twin.public_key(), ours["server"][0].subject, twin, ca=True,
                                   usage="ca", sans=None, end=3000))
leaf = sign("No authority", twin.public_key(), foreign.subject, foreign_key, eku=[EKU.SERVER_AUTH])
anchors("and-leaf", "server", leaf)
anchors("and-no-crl", "server", authority("One without lists", usage="no-crl")[0])
anchors("and-no-cert", "server", authority("One that may not sign", usage="no-cert")[0])
write("anchors-foreign.pem", pem(foreign))

# Keys that nobody can use.
secret = serialization.BestAvailableEncryption(b"secret")
for file, key in [("server", daemon), ("client", alice)]:
    write(f"{file}-key-encrypted.pem", key_pem(key, encryption=secret))
    write(f"{file}-key-two.pem", key_pem(key), key_pem(new_key()))
    write(f"{file}-key-other.pem", key_pem(new_key()))
write("key-unusable.pem", key_pem(ed448.Ed448PrivateKey.generate()))


def openssl(*words, given=None):
    return subprocess.run(["openssl", *words], input=given, check=True, capture_output=True).stdout


# Version 1 and SHA-1 only the openssl command still makes.
old = out / "v1-key.pem"
old.write_bytes(key_pem(new_key()))
request = openssl("req", "-new", "-key", old, "-subj", "/CN=One of version 1")
write("anchors-and-v1.pem", pem(ours["server"][0]), openssl("x509", "-req", "-signkey", old, "-days", "900", given=request))
extensions = out / "extensions"
extensions.write_text("basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n"
                      "subjectAltName=DNS:localhost,DNS:docker.lab,IP:127.0.0.1,IP:::1\nauthorityKeyIdentifier=keyid\n")
request = openssl("req", "-new", "-key", server_key, "-subj", "/CN=localhost")
write("server-sha1.pem", openssl("x509", "-req", "-sha1", "-CA", server_ca, "-CAkey", server_ca_key, "-days", "80", "-extfile",
                                 extensions, given=request))
