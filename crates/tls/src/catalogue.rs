//! What the codes of this crate mean.

use sealock_diag::{Code, Entry};

const fn entry(
    code: &'static str,
    title: &'static str,
    meaning: &'static str,
    remedy: &'static str,
) -> Entry {
    Entry {
        code: Code(code),
        title,
        meaning,
        remedy,
    }
}

/// Every code of this crate.
pub const CATALOGUE: &[Entry] = &[
    entry(
        "SL-T101",
        "the peer refused the connection with a TLS alert",
        "The peer ended the connection and said why, with one of the alerts of RFC 8446 §6. \
         `certificate_required` (116) and `bad_certificate` (42) mean that it wants a client \
         certificate and got none, or none that it accepts. In TLS 1.3 this arrives after the \
         handshake, so a client that only shakes hands believes that it got in.",
        "Look at which certificate is sent: its issuer must be an anchor of the server's `tlscacert`, \
         its dates must be current and it must be made for clients.",
    ),
    entry(
        "SL-T102",
        "the peer does not speak TLS",
        "The first bytes of the peer were no TLS record. A Docker daemon without TLS answers a \
         handshake with `HTTP/1.1 400 Bad Request`; it gives root on its host to everybody who can \
         reach the port.",
        "If this is a Docker daemon, close the plain listener: `sealock plan` shows the change.",
    ),
    entry(
        "SL-T103",
        "the peer broke the TLS protocol",
        "The two sides have no version or algorithm in common, or the peer sent something that TLS \
         does not allow at that point. A proxy or another service on the port is a common reason.",
        "Make sure that the address and port are those of the daemon.",
    ),
    entry(
        "SL-T104",
        "the peer closed the connection",
        "The peer closed the connection without a word. Load balancers and firewalls do this, and \
         some servers when they do not like a certificate.",
        "Look into the peer's log; dockerd writes one line per failed handshake.",
    ),
    entry(
        "SL-T105",
        "the connection was reset",
        "The connection was torn down by the peer's operating system or by something on the way.",
        "Look into the peer's log, and for firewalls on the way.",
    ),
    entry(
        "SL-T106",
        "the peer did not answer in time",
        "The time given for the whole exchange was up. A peer that sends one byte now and then is \
         treated like one that sends nothing.",
        "Make sure that the address is right and that the daemon is not stopped.",
    ),
    entry(
        "SL-T107",
        "the connection failed",
        "The operating system reported an error on the connection that has no name of its own here.",
        "Read the cause: it is the text of the operating system.",
    ),
    entry(
        "SL-T111",
        "the server's certificate is signed by none of our anchors",
        "No path of signatures leads from the certificate to an anchor we trust. Either the anchor \
         file is of another authority or generation, an intermediate is missing, or this is not the \
         server we think it is.",
        "Compare the issuer with `sealock ca show`; after a change of authority, install the new anchor for the client.",
    ),
    entry(
        "SL-T112",
        "the server's certificate is for another name",
        "A certificate names the servers it is for (subjectAltName, RFC 6125). The name or address \
         that was connected to is not among them. The common name does not count.",
        "Connect by one of the names in the certificate, or add the missing one to `names` in \
         `sealock.toml` and run `sealock apply`.",
    ),
    entry(
        "SL-T113",
        "the server's certificate has expired",
        "A certificate on the path is past its last day. No verifying client gets in until it is \
         replaced, and dockerd reads its certificate only when it starts.",
        "Run `sealock apply` on the server: it issues a new one.",
    ),
    entry(
        "SL-T114",
        "the server's certificate is not valid yet",
        "A certificate on the path begins in the future. Mostly a clock is wrong: ours or the one of \
         the machine that signed.",
        "Compare the clocks of both machines.",
    ),
    entry(
        "SL-T115",
        "the server's certificate is not made for servers",
        "The extended key usage does not allow serverAuth. Certificates of clients must not be usable \
         as servers, and the other way round.",
        "Issue a server certificate: `sealock cert issue --purpose server`.",
    ),
    entry(
        "SL-T116",
        "the server's certificate is not acceptable",
        "The certificate or its path breaks a rule of RFC 5280 or one of ours: an anchor outside its \
         dates, no extended key usage, a weak key, too many certificates.",
        "Read the cause; `sealock cert verify` gives the same judgement on files.",
    ),
    entry(
        "SL-T121",
        "the client sent no certificate",
        "The server asks every client for a certificate. The client had none to show, or kept it \
         back because its issuer was not among those the server listed.",
        "Give the client its certificate: `sealock client install`.",
    ),
    entry(
        "SL-T122",
        "the client's certificate is not acceptable",
        "The certificate that the client sent is signed by another authority, outside its dates, or \
         not made for clients.",
        "Read the cause; `sealock cert verify --purpose client` gives the same judgement on files.",
    ),
    entry(
        "SL-T123",
        "the client's certificate was revoked",
        "The certificate stands on the revocation list of the authority that signed it.",
        "Give the client a new certificate: `sealock client add NAME`.",
    ),
    entry(
        "SL-T124",
        "whether the client's certificate was revoked cannot be told",
        "The server takes nobody without a revocation list that is current and signed by the client's issuer. That \
         list is missing, overdue or broken, so every client of this issuer is refused.",
        "Publish it anew with `sealock ca crl publish`, and bring it where the server reads it.",
    ),
    entry(
        "SL-T201",
        "the identity has no certificate",
        "An identity is a chain of certificates, leaf first, and the key of the leaf. The chain is empty.",
        "Put the certificate of the key first into the file.",
    ),
    entry(
        "SL-T202",
        "the private key cannot be used for TLS",
        "The TLS library supports RSA from 2048 bits, ECDSA on P-256, P-384 and P-521, and Ed25519.",
        "Issue the certificate again with a supported key: `sealock cert issue --key ecdsa-p256`.",
    ),
    entry(
        "SL-T203",
        "the private key belongs to another certificate",
        "The public key in the first certificate of the chain is not the public half of the private \
         key. The files are of different generations, or the chain is in the wrong order: the leaf \
         comes first.",
        "Take certificate and key of the same generation, leaf first.",
    ),
    entry(
        "SL-T204",
        "there is no trust anchor to verify with",
        "Verification needs at least one anchor. Without one nobody would be accepted; sealock never \
         falls back to the anchors of the system.",
        "Give the anchor of the authority: `sealock ca show` prints where it lies.",
    ),
    entry(
        "SL-T205",
        "a trust anchor cannot be used",
        "The TLS library cannot read the anchor. Version 1 certificates and broken encodings are \
         typical.",
        "Look at it with `sealock cert show`, and create a new anchor if it is broken.",
    ),
    entry(
        "SL-T206",
        "this cannot be the name of a server",
        "A server is named by a DNS name without wildcard or by an IP address.",
        "Give a host name or an address.",
    ),
    entry(
        "SL-T207",
        "there is no revocation list to verify with",
        "The server was told to take nobody who was revoked, and was given no list. It would refuse everybody.",
        "Publish the lists with `sealock ca crl publish`, and name the file of the anchor that signs the clients.",
    ),
    entry(
        "SL-T208",
        "a revocation list cannot be used",
        "The TLS library cannot read the list: it is of version 1, tells of changes only (a delta), or has a critical \
         extension that is not known.",
        "Publish it anew with `sealock ca crl publish`.",
    ),
];

#[cfg(test)]
mod tests {
    use super::CATALOGUE;
    use crate::{Alert, ClientRefusal, ServerRefusal, SettingsError, Spoken, TlsError};
    use sealock_diag::Diagnose;
    use sealock_pki::Timestamp;

    #[test]
    fn every_error_is_explained_once() {
        let at = Timestamp::from_unix(0);
        let text = String::new;
        let errors: Vec<Box<dyn Diagnose>> = vec![
            Box::new(TlsError::AlertReceived {
                alert: Alert::from_number(116),
            }),
            Box::new(TlsError::PlainText {
                spoken: Spoken::Http,
                start: text(),
            }),
            Box::new(TlsError::Protocol { detail: text() }),
            Box::new(TlsError::Closed),
            Box::new(TlsError::Reset),
            Box::new(TlsError::Timeout),
            Box::new(TlsError::Io {
                kind: std::io::ErrorKind::Other,
                detail: text(),
            }),
            Box::new(TlsError::ServerRefused(ServerRefusal::UnknownIssuer {
                issuer: text(),
            })),
            Box::new(TlsError::ServerRefused(ServerRefusal::NameMismatch {
                expected: text(),
                presented: vec![],
            })),
            Box::new(TlsError::ServerRefused(ServerRefusal::Expired {
                at,
                not_after: at,
            })),
            Box::new(TlsError::ServerRefused(ServerRefusal::NotYetValid {
                at,
                not_before: at,
            })),
            Box::new(TlsError::ServerRefused(ServerRefusal::WrongPurpose {
                detail: text(),
            })),
            Box::new(TlsError::ServerRefused(ServerRefusal::Unacceptable {
                detail: text(),
            })),
            Box::new(TlsError::ClientRefused(ClientRefusal::NoCertificate)),
            Box::new(TlsError::ClientRefused(ClientRefusal::Unacceptable {
                detail: text(),
            })),
            Box::new(TlsError::ClientRefused(ClientRefusal::Revoked)),
            Box::new(TlsError::ClientRefused(ClientRefusal::RevocationUnknown {
                detail: text(),
            })),
            Box::new(SettingsError::NoLists),
            Box::new(SettingsError::ListUnusable { detail: text() }),
            Box::new(SettingsError::EmptyChain),
            Box::new(SettingsError::KeyUnusable { detail: text() }),
            Box::new(SettingsError::KeyMismatch { subject: text() }),
            Box::new(SettingsError::NoAnchors),
            Box::new(SettingsError::AnchorUnusable {
                subject: text(),
                detail: text(),
            }),
            Box::new(SettingsError::NameUnusable { name: text() }),
        ];
        assert_eq!(errors.len(), CATALOGUE.len());
        for error in errors {
            let found = CATALOGUE
                .iter()
                .filter(|entry| entry.code == error.code())
                .count();
            assert_eq!(found, 1, "{}", error.code());
        }
    }
}
