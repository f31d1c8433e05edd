//! What `sealock explain CODE` says of the codes of this crate.

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

/// One entry per code `SL-P…`, in the order of the codes.
pub const CATALOGUE: &[Entry] = &[
    entry(
        "SL-P001",
        "a text is no point in time",
        "A date or time was expected, and the text is neither. Times are read as RFC 3339 says, in UTC unless an offset is written; a date alone means its midnight in UTC.",
        "Write 2026-11-22 or 2026-11-22T04:28:27Z.",
    ),
    entry(
        "SL-P002",
        "a text is no serial, key id or fingerprint",
        "Serial numbers, key ids and fingerprints are written in hexadecimal digits, with or without colons. A key id has 40 digits, a fingerprint 64.",
        "Copy it from `sealock cert list` or `sealock cert show FILE`.",
    ),
    entry(
        "SL-P010",
        "a name is empty",
        "Nothing, or only white space, was given where a certificate needs a name.",
        "Give a name.",
    ),
    entry(
        "SL-P011",
        "a name is too long",
        "X.509 bounds the common name to 64 characters. The name of an authority may have 22, because it becomes a part of its anchors' common names.",
        "Choose a shorter name; long host names belong into the alternative names.",
    ),
    entry(
        "SL-P012",
        "a name has characters that do not show",
        "Control characters, bidirectional overrides and zero-width characters make one name look like another, and can drive a terminal. White space at an end is lost on the way through other tools.",
        "Type the name anew instead of copying it.",
    ),
    entry(
        "SL-P013",
        "a name is malformed",
        "The text breaks the rule of its kind: host names have labels of letters, digits, hyphens and underscores; a wildcard is the whole first label; addresses are complete.",
        "Write host.example.org, *.example.org, 192.0.2.7, email:a@example.org or URI:https://example.org/x.",
    ),
    entry(
        "SL-P101",
        "the input is empty",
        "The file or stream has no content. A write that was interrupted, or a full disk, leaves such files.",
        "Copy the file again from where it came.",
    ),
    entry(
        "SL-P102",
        "the input is too large",
        "Files of keys and certificates have kilobytes. More than 16 MiB is not read, so that a wrong or hostile file costs nothing.",
        "Check that the right file was named.",
    ),
    entry(
        "SL-P103",
        "the input is binary",
        "PEM is text between BEGIN and END lines. The file holds DER, a PKCS#12 archive, UTF-16 text or something else; Docker does not read these either.",
        "Convert it: `openssl x509 -inform DER -in OLD -out NEW.pem` for certificates, `openssl pkey -inform DER -in OLD -out NEW.pem` for keys, `openssl pkcs12 -in OLD.p12` for archives.",
    ),
    entry(
        "SL-P104",
        "there is no PEM block",
        "The text has no `-----BEGIN` line, so it holds neither keys nor certificates.",
        "Check that the right file was named.",
    ),
    entry(
        "SL-P105",
        "a PEM block is cut off",
        "A BEGIN line has no END line of the same label after it. The file was truncated, or two files ran into each other.",
        "Copy the file again from where it came.",
    ),
    entry(
        "SL-P106",
        "a PEM block holds broken base64",
        "Between BEGIN and END only base64 is possible. Mail programs and terminals break lines or insert characters.",
        "Copy the file again, as a file rather than as text.",
    ),
    entry(
        "SL-P107",
        "the PEM blocks are of another kind",
        "The text holds PEM, but not what was looked for: a key where a certificate was expected, or the other way round.",
        "Swap the two files.",
    ),
    entry(
        "SL-P108",
        "there are several where one is expected",
        "Two keys, or two certificates where only one can be meant. Guessing which would be worse than asking.",
        "Split the file and name the right part.",
    ),
    entry(
        "SL-P110",
        "a certificate cannot be read",
        "The content is no X.509 certificate, is cut off, or is not encoded in DER.",
        "Look at it with `openssl x509 -in FILE -noout -text`, and fetch it again.",
    ),
    entry(
        "SL-P111",
        "a certificate is too large",
        "Certificates have a few kilobytes; more than 4 MiB is not read.",
        "Check that the right file was named.",
    ),
    entry(
        "SL-P201",
        "a text is no kind of key",
        "The kinds are ecdsa-p256 (the default), ecdsa-p384, ed25519, rsa-2048, rsa-3072 and rsa-4096.",
        "Write ecdsa-p256 (the default), ecdsa-p384, ed25519, rsa-2048, rsa-3072 or rsa-4096.",
    ),
    entry(
        "SL-P202",
        "the passphrase is empty",
        "An empty passphrase protects nothing, and looks as if it did.",
        "Give a passphrase, or none at all.",
    ),
    entry(
        "SL-P203",
        "a passphrase is needed",
        "The private key is encrypted, and no passphrase was given.",
        "Give it at the prompt, from a file, an inherited descriptor, or a systemd credential.",
    ),
    entry(
        "SL-P204",
        "the passphrase is wrong",
        "The private key was not opened by this passphrase. Note that a final newline in a passphrase file is not part of it.",
        "Try again; without the passphrase the key is lost and a new one must be made.",
    ),
    entry(
        "SL-P205",
        "a private key is encrypted in the old way",
        "Keys with `Proc-Type: 4,ENCRYPTED` are protected by RFC 1423, whose key derivation is one round of MD5. Go, and so Docker, dropped it.",
        "Rewrite it: `openssl pkey -in OLD.pem -out NEW.pem`, or `openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD.pem -out NEW.pem` to keep it encrypted.",
    ),
    entry(
        "SL-P206",
        "a private key has an unknown encryption",
        "PBES2 with AES or 3DES, and PBKDF2 or scrypt, is read. This key uses something else, such as the RC2 and RC4 of PKCS#12.",
        "Rewrite it: `openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD.pem -out NEW.pem`.",
    ),
    entry(
        "SL-P207",
        "a private key is too costly to open",
        "The file asks for more rounds or memory than any honest key does, which would keep the machine busy for minutes.",
        "Rewrite it with `openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD.pem -out NEW.pem` if you trust it.",
    ),
    entry(
        "SL-P208",
        "a key is too weak",
        "RSA under 2048 bits can be broken or soon will be. It is neither certified nor relied upon.",
        "Make a new key: ecdsa-p256, or rsa-3072 where RSA is needed.",
    ),
    entry(
        "SL-P209",
        "a key is of an unsupported kind",
        "P-256, P-384, Ed25519 and RSA of 2048, 3072 and 4096 bits are issued for. Other curves, sizes and DSA are not.",
        "Make a new key of a supported kind.",
    ),
    entry(
        "SL-P210",
        "a key cannot be read",
        "The content of the key's block is broken, or its private and public parts do not fit together.",
        "Look at it with `openssl pkey -in FILE -check -noout`, and copy it again.",
    ),
    entry(
        "SL-P211",
        "the cryptographic library failed",
        "aws-lc could not make, encode or use a key. That happens when the machine has no randomness or no memory.",
        "Try again; if it persists, report it with the version of sealock and the kernel.",
    ),
    entry(
        "SL-P301",
        "a certificate is not that of a CA",
        "Only a version 3 certificate with CA:TRUE in its basic constraints can issue others.",
        "Give the CA's certificate, not a leaf.",
    ),
    entry(
        "SL-P302",
        "a CA may not sign certificates",
        "The key usage of the CA certificate lacks keyCertSign, so nothing it signed would be accepted.",
        "Import another CA, or make one with `sealock ca create`.",
    ),
    entry(
        "SL-P303",
        "the key of a CA is too weak",
        "A CA's key is worth as much as everything it ever signed. RSA under 2048 bits is not enough.",
        "Make a new authority with `sealock ca create`.",
    ),
    entry(
        "SL-P304",
        "key and CA certificate do not belong together",
        "The private key is not the one whose public half the certificate carries; what it signs would not verify.",
        "Give the key file that was made together with this certificate; `openssl pkey -in KEY -pubout` and `openssl x509 -in CERT -pubkey -noout` must print the same.",
    ),
    entry(
        "SL-P310",
        "what was signed cannot be read",
        "Everything signed is read again before it leaves. This failed: nothing was handed out. It is a bug of sealock.",
        "Please report it with the command that was run.",
    ),
    entry(
        "SL-P311",
        "what was signed is not what was asked for",
        "Everything signed is compared with the request before it leaves. A field differs, so nothing was handed out. It is a bug of sealock or broken hardware.",
        "Please report it with the command that was run.",
    ),
    entry(
        "SL-P312",
        "the certificate would never be valid",
        "Its life is zero, or its validity ends before it begins, for instance because the issuer's does.",
        "Ask for a longer life. When it is the issuer that ends too early, replace it with `sealock ca rotate`.",
    ),
    entry(
        "SL-P313",
        "a server certificate would live too long",
        "Apple's systems refuse server certificates of more than 825 days, from private authorities too. Short lives limit the harm of a stolen key.",
        "Ask for 825 days at most; 90 days is the default, and renewal is automatic.",
    ),
    entry(
        "SL-P314",
        "the issuer is not yet valid",
        "The clock stands before the birth of the anchor: it is wrong now, or was wrong when the anchor was made.",
        "Compare the clock with another machine's: `timedatectl`.",
    ),
    entry(
        "SL-P315",
        "the issuer is expired",
        "The anchor's validity is over; nothing it signs would be accepted.",
        "Make new anchors, and give everybody new certificates: `sealock rekey`.",
    ),
    entry(
        "SL-P316",
        "a server certificate has no name",
        "Clients compare the host they connect to with the alternative names; the common name does not count. Without a DNS name or address, nobody could connect.",
        "Name the host as its clients do.",
    ),
    entry(
        "SL-P317",
        "a client certificate asks for a server name",
        "A certificate of a client that carries host names could be taken for a server's. Clients carry a common name, and e-mail addresses or URIs if needed.",
        "Leave the host names out.",
    ),
    entry(
        "SL-P318",
        "there are too many names",
        "More than 500 names make a certificate so large that TLS stacks refuse it.",
        "Issue several certificates, or use a wildcard.",
    ),
    entry(
        "SL-P319",
        "a signing request asks for a CA",
        "A request with CA:TRUE would, if copied, make its sender an authority. It is refused, not trimmed, because nobody asks for that by accident.",
        "Make the request without basicConstraints.",
    ),
    entry(
        "SL-P320",
        "a signing request asks for a name that is not permitted",
        "Under the policy in force, every name of a request must be permitted. One is not, or is of a kind that is never copied.",
        "Permit the name, or make the request without it.",
    ),
    entry(
        "SL-P321",
        "the issuer may not sign revocation lists",
        "The CA certificate's key usage lacks cRLSign, as those of mkcert, minica and docker-machine do. Lists it signed would be refused everywhere.",
        "Replace the anchor with `sealock ca rotate`; anchors that sealock makes may sign lists.",
    ),
    entry(
        "SL-P322",
        "the dates of a revocation list are in the wrong order",
        "The next list must be due after this one is made.",
        "Give a later date for the next list.",
    ),
    entry(
        "SL-P323",
        "a serial would be revoked twice",
        "A revocation list holds every serial once.",
        "Remove the second entry.",
    ),
    entry(
        "SL-P401",
        "a signing request cannot be read",
        "The content is no PKCS#10 request, is cut off, or is not encoded in DER.",
        "Make a new one with `openssl req -new -sha256 -key KEY.pem -subj /CN=NAME -out NEW.csr`.",
    ),
    entry(
        "SL-P402",
        "a signing request is not signed by its own key",
        "The self-signature proves that the sender holds the private key. It does not verify: the request was altered, or put together from another's key.",
        "Ask for a new request.",
    ),
    entry(
        "SL-P403",
        "a signing request is signed with a weak algorithm",
        "Signatures with MD5 or SHA-1 can be forged.",
        "Make a new one with `openssl req -new -sha256 -key KEY.pem -subj /CN=NAME -out NEW.csr`.",
    ),
    entry(
        "SL-P501",
        "a revocation list cannot be read",
        "The content is no X.509 CRL, is cut off, or is not encoded in DER.",
        "Look at it with `openssl crl -in FILE -noout -text`, and fetch it again.",
    ),
    entry(
        "SL-P601",
        "no certificate was presented",
        "The other side sent an empty chain, or the list given was empty, so there is nothing to verify.",
        "Give the chain, leaf first.",
    ),
    entry(
        "SL-P602",
        "there are no trust anchors",
        "A chain is verified against certificates that are trusted already. An empty set trusts nobody.",
        "Give the CA certificate of the other side.",
    ),
    entry(
        "SL-P603",
        "a certificate is not yet valid",
        "Its validity begins in the future. Mostly one of the two clocks is wrong.",
        "Compare the clocks of both machines: `timedatectl`.",
    ),
    entry(
        "SL-P604",
        "a certificate is expired",
        "Its validity is over. Anchors expire too: Go and OpenSSL refuse an expired anchor, some other libraries do not.",
        "Renew a leaf where it was issued (`sealock apply` does so for a daemon and its clients). An anchor is replaced with `sealock ca rotate`.",
    ),
    entry(
        "SL-P605",
        "the issuer is unknown",
        "Neither the anchors nor the chain hold a certificate of the issuer's name. The anchor is another authority's, or an intermediate is missing from the chain.",
        "Give the right CA certificate; put intermediates behind the leaf in its file.",
    ),
    entry(
        "SL-P606",
        "a self-signed certificate is no anchor",
        "It vouches for itself only, and nobody else trusts it.",
        "If it is a CA of yours, give it as anchor; else issue the certificate from your authority.",
    ),
    entry(
        "SL-P607",
        "a signature does not verify",
        "The issuer's name fits, its key does not: mostly a CA was made anew under its old name, or the certificate was altered.",
        "Give the generation of the CA that issued the certificate.",
    ),
    entry(
        "SL-P608",
        "the issuer has another key",
        "The certificate names the id of its issuer's key, and the CA of that name has another. A CA was made anew under its old name.",
        "Give the generation of the CA that issued the certificate.",
    ),
    entry(
        "SL-P609",
        "a signature algorithm is too weak",
        "MD5 and SHA-1 no longer resist collisions: a second certificate with the same signature can be made.",
        "Issue the certificate again with SHA-256 or better.",
    ),
    entry(
        "SL-P610",
        "a signature algorithm is unknown",
        "ECDSA and RSA with SHA-256, SHA-384 or SHA-512, and Ed25519, are verified. This is something else.",
        "Issue the certificate again with one of these.",
    ),
    entry(
        "SL-P611",
        "a certificate names two signature algorithms",
        "The algorithm stands inside and outside of what is signed, and both must be the same (RFC 5280 §4.1.1.2).",
        "Issue the certificate again.",
    ),
    entry(
        "SL-P612",
        "a key is not accepted",
        "RSA under 2048 bits, unknown curves and unknown algorithms are not relied upon.",
        "Issue the certificate again with a new key.",
    ),
    entry(
        "SL-P613",
        "a certificate does not say what it is for",
        "Without an extended key usage many programs take a certificate for anything: a stolen server key would open every daemon as a client. The purpose is required.",
        "Issue it again with serverAuth or clientAuth.",
    ),
    entry(
        "SL-P614",
        "a certificate is for another purpose",
        "A server's certificate was presented by a client, or the other way round.",
        "Use the certificate made for this purpose.",
    ),
    entry(
        "SL-P615",
        "a certificate is for any purpose",
        "anyExtendedKeyUsage says nothing; the purpose must be named.",
        "Issue it again with serverAuth or clientAuth.",
    ),
    entry(
        "SL-P616",
        "a CA was presented as a leaf",
        "The key of a CA signs certificates and should be locked away, not lie on a server.",
        "Issue a leaf from the CA and present that.",
    ),
    entry(
        "SL-P617",
        "a leaf has the wrong key usage",
        "TLS needs digitalSignature; only CAs may have keyCertSign.",
        "Issue the certificate again.",
    ),
    entry(
        "SL-P618",
        "a certificate is of an old version",
        "Versions 1 and 2 have no extensions, so nothing says whether it is a CA and what it is for.",
        "Issue the certificate again; every tool of this century makes version 3.",
    ),
    entry(
        "SL-P619",
        "an issuer is not a CA",
        "A leaf was used to sign another certificate. To accept that would make everybody an authority.",
        "Issue the certificate from the CA itself.",
    ),
    entry(
        "SL-P620",
        "an issuer may not sign certificates",
        "The key usage of the CA certificate lacks keyCertSign, so nothing that it signed counts.",
        "Make the CA again with keyCertSign and cRLSign.",
    ),
    entry(
        "SL-P621",
        "an issuer has no key usage",
        "RFC 5280 §4.2.1.3 requires it of CAs, and `openssl verify -x509_strict` refuses CAs without. Docker's own recipe makes such CAs; Go accepts them.",
        "Make a new anchor with `sealock ca rotate`, or accept it as it is.",
    ),
    entry(
        "SL-P622",
        "a path is longer than its CA allows",
        "The path length in a CA's basic constraints limits how many CAs may follow below it.",
        "Issue the leaf from a CA nearer to the anchor.",
    ),
    entry(
        "SL-P623",
        "a path is too deep",
        "Real paths have two to four certificates; eight are followed.",
        "Give an intermediate as anchor.",
    ),
    entry(
        "SL-P624",
        "a CA may not certify a name",
        "The CA carries name constraints, and the certificate has a name outside of them.",
        "Issue the certificate from a CA that may, or without the name.",
    ),
    entry(
        "SL-P625",
        "name constraints cannot be judged",
        "They speak of a kind of name that is not processed, or are malformed. What cannot be judged is not permitted.",
        "Make the CA again with constraints on DNS names, addresses, mail addresses, URIs or directory names.",
    ),
    entry(
        "SL-P626",
        "a critical extension is unknown",
        "Critical means: refuse the certificate if you do not understand this.",
        "Issue the certificate again without it.",
    ),
    entry(
        "SL-P627",
        "an extension is malformed",
        "Its content is not what its standard says.",
        "Issue the certificate again.",
    ),
    entry(
        "SL-P628",
        "an extension is repeated",
        "Of two extensions of one kind, programs read either the first or the last; so none may be there twice (RFC 5280 §4.2).",
        "Issue the certificate again.",
    ),
    entry(
        "SL-P629",
        "a subject is empty",
        "A CA must have a name, and a leaf a subject or critical alternative names.",
        "Issue the certificate again.",
    ),
    entry(
        "SL-P630",
        "a serial number is bad",
        "Serials are positive and have 20 bytes at most (RFC 5280 §4.1.2.2); revocation relies on them.",
        "Issue the certificate again.",
    ),
    entry(
        "SL-P631",
        "a certificate has no alternative names",
        "A host is compared with the alternative names only; the common name has not counted since RFC 6125 and Go 1.15.",
        "Issue it again with the name.",
    ),
    entry(
        "SL-P632",
        "a certificate is for other names",
        "The host that was connected to is not among its names. Wildcards stand for one label; addresses must be listed.",
        "Connect by a name it carries, or issue it again with this one.",
    ),
    entry(
        "SL-P633",
        "a certificate carries an unlawful name",
        "A host name with forbidden characters, or an address of a wrong length: such names were used to fool programs that read only a part.",
        "Issue the certificate again.",
    ),
    entry(
        "SL-P634",
        "a certificate is revoked",
        "Its issuer put it on the revocation list.",
        "Issue a new one, with a new key if the old one was compromised.",
    ),
    entry(
        "SL-P635",
        "a revocation list is missing",
        "A list was required for every issuer of the path, and none of this issuer is at hand.",
        "Fetch the list from the authority.",
    ),
    entry(
        "SL-P636",
        "a revocation list is overdue",
        "The next list should have replaced it already; what was revoked since is not on it.",
        "Fetch the newest list from the authority.",
    ),
    entry(
        "SL-P637",
        "a revocation list is from the future",
        "It was made later than the time of the judgement. Mostly a clock is wrong.",
        "Compare the clocks: `timedatectl`.",
    ),
    entry(
        "SL-P638",
        "a revocation list is forged or of another key",
        "It bears the issuer's name, not its signature.",
        "Fetch the list again from the authority.",
    ),
    entry(
        "SL-P639",
        "an issuer may not sign revocation lists",
        "The key usage of the CA certificate lacks cRLSign, so no list that it signed counts.",
        "Replace the anchor with `sealock ca rotate`; anchors that sealock makes may sign lists.",
    ),
    entry(
        "SL-P640",
        "a revocation list cannot be used",
        "It is partial (delta, or limited in scope), or lacks what RFC 5280 requires: number, issuer's key, date of the next list.",
        "Publish a complete version 2 list.",
    ),
    entry(
        "SL-P641",
        "a chain asks for too much work",
        "The judgement has a budget that no honest chain comes near. This one was made to exhaust it, or thousands of certificates were given.",
        "Give the leaf and its intermediates only.",
    ),
    entry(
        "SL-P642",
        "a certificate carries unique identifiers",
        "The identifiers of X.509 version 2 must not be made (RFC 5280 §4.1.2.8).",
        "Issue the certificate again.",
    ),
    entry(
        "SL-P643",
        "a CA is limited to other purposes",
        "A CA with an extended key usage may issue for these purposes only.",
        "Issue the certificate from the right CA.",
    ),
    entry(
        "SL-P701",
        "an archive needs a certificate",
        "A PKCS#12 archive holds a key with its chain; no certificate was given.",
        "Give the leaf, and its issuers behind it.",
    ),
    entry(
        "SL-P702",
        "key and certificate of an archive do not belong together",
        "The first certificate must be that of the key.",
        "Give the chain with the leaf first.",
    ),
    entry(
        "SL-P703",
        "an archive could not be written",
        "The PKCS#12 library refused to pack the key and its certificates, so no archive was made.",
        "Please report it with the cause that was printed.",
    ),
];

#[cfg(test)]
mod tests {
    use super::CATALOGUE;

    /// Every code in the sources has its entry, and every entry is of a code in the sources.
    #[test]
    fn every_code_is_explained() {
        let sources = [
            include_str!("certificate.rs"),
            include_str!("crl.rs"),
            include_str!("identifiers.rs"),
            include_str!("issue.rs"),
            include_str!("issuer.rs"),
            include_str!("key.rs"),
            include_str!("names.rs"),
            include_str!("pem.rs"),
            include_str!("pkcs12.rs"),
            include_str!("refusal.rs"),
            include_str!("request.rs"),
            include_str!("timestamp.rs"),
        ];
        let mut used: Vec<&str> = sources
            .iter()
            .flat_map(|source| source.split("\"SL-P").skip(1))
            .filter_map(|rest| rest.get(..3))
            .collect();
        used.sort_unstable();
        used.dedup();
        let listed: Vec<&str> = CATALOGUE
            .iter()
            .filter_map(|entry| entry.code.0.strip_prefix("SL-P"))
            .collect();
        assert_eq!(used, listed);
        for entry in CATALOGUE {
            assert!(
                !entry.title.ends_with('.')
                    && entry.meaning.ends_with('.')
                    && entry.remedy.ends_with('.'),
                "{}",
                entry.code
            );
        }
    }
}
