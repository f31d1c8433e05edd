//! Why a chain is not accepted: one variant per reason, with what was expected and what was there.

use std::fmt;

use sealock_diag::{Code, Diagnose};

use crate::{
    Certificate, KeyAlgorithm, KeyUsage, Purpose, Purposes, RevocationReason, San, Serial,
    Timestamp,
};

/// Which certificate of a path is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Which {
    /// Its part in the path.
    pub place: Place,
    /// Its subject, ready to print.
    pub subject: String,
}

/// The part a certificate plays in a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The certificate that was presented first.
    Leaf,
    /// A CA between leaf and anchor.
    Intermediate,
    /// One of the trust anchors.
    Anchor,
}

impl Which {
    pub(crate) fn new(place: Place, certificate: &Certificate) -> Self {
        Self {
            place,
            subject: certificate.subject(),
        }
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.place {
            Place::Leaf => "leaf",
            Place::Intermediate => "intermediate",
            Place::Anchor => "anchor",
        };
        write!(f, "the {place} `{}`", self.subject)
    }
}

macro_rules! refusals {
    ($($(#[doc = $doc:literal])* $name:ident { $($(#[doc = $field_doc:literal])* $field:ident: $type:ty),* $(,)? } = $code:literal, $text:literal $(, $arg:expr)*;)*) => {
        /// Why a chain is not accepted.
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
        pub enum Refusal {
            $(
                $(#[doc = $doc])*
                #[error($text $(, $arg)*)]
                $name { $($(#[doc = $field_doc])* $field: $type),* },
            )*
        }

        impl Diagnose for Refusal {
            fn code(&self) -> Code {
                Code(match self { $(Self::$name { .. } => $code,)* })
            }
            fn help(&self) -> Option<String> {
                help(self)
            }
        }
    };
}

refusals! {
    /// No certificate was presented.
    EmptyChain {} = "SL-P601", "no certificate was presented";
    /// There is nothing to trust.
    NoAnchors {} = "SL-P602", "there are no trust anchors to verify against";
    /// Validity begins later.
    NotYetValid {
        /// Which certificate.
        which: Which,
        /// Its first instant.
        not_before: Timestamp,
        /// The time of the judgement.
        at: Timestamp,
    } = "SL-P603", "{which} is valid from {not_before}, and it is {at}";
    /// Validity is over; anchors have an end too.
    Expired {
        /// Which certificate.
        which: Which,
        /// Its last instant.
        not_after: Timestamp,
        /// The time of the judgement.
        at: Timestamp,
    } = "SL-P604", "{which} expired on {not_after}, and it is {at}";
    /// No anchor and no intermediate has the issuer's name.
    UnknownIssuer {
        /// Whose issuer is missing.
        which: Which,
        /// The issuer's name, ready to print.
        issuer: String,
    } = "SL-P605", "{which} was issued by `{issuer}`, which is neither an anchor nor in the chain";
    /// It vouches for itself and is no anchor.
    SelfSigned {
        /// Which certificate.
        which: Which,
    } = "SL-P606", "{which} is signed by itself, and is not a trust anchor";
    /// The name fits, the key does not.
    BadSignature {
        /// Whose signature.
        which: Which,
        /// The supposed issuer.
        issuer: Which,
    } = "SL-P607", "{which} was not signed by {issuer}, although that is its issuer's name";
    /// The issuer of this name has another key id than the certificate says.
    OtherIssuerKey {
        /// Which certificate.
        which: Which,
        /// The key id that it names, hex.
        expected: String,
        /// The supposed issuer.
        issuer: Which,
        /// That one's key id, hex.
        presented: String,
    } = "SL-P608", "{which} was signed by the key {expected}, and {issuer} has the key {presented}";
    /// MD5, SHA-1 and the like.
    WeakSignature {
        /// Whose signature.
        which: Which,
        /// The algorithm.
        algorithm: &'static str,
    } = "SL-P609", "{which} is signed with {algorithm}, which is too weak";
    /// An algorithm that we do not verify.
    UnknownSignature {
        /// Whose signature.
        which: Which,
        /// The algorithm.
        algorithm: String,
    } = "SL-P610", "{which} is signed with an {algorithm}";
    /// The algorithm inside what is signed differs from the one outside.
    SignatureAlgorithmsDiffer {
        /// Which certificate.
        which: Which,
    } = "SL-P611", "{which} names two different signature algorithms";
    /// RSA under 2048 bits, unknown curves.
    WeakKey {
        /// Whose key.
        which: Which,
        /// The key.
        key: KeyAlgorithm,
    } = "SL-P612", "{which} has a key that is not accepted: {key}";
    /// No extKeyUsage at all.
    NoPurpose {
        /// Which certificate.
        which: Which,
        /// The purpose needed.
        expected: Purpose,
    } = "SL-P613", "{which} does not say what it is for; an extended key usage for a {expected} is required";
    /// An extKeyUsage for something else.
    WrongPurpose {
        /// Which certificate.
        which: Which,
        /// The purpose needed.
        expected: Purpose,
        /// What it is for.
        presented: Purposes,
    } = "SL-P614", "{which} is not for a {expected}: its purposes are {presented}";
    /// anyExtendedKeyUsage is no permission.
    AnyPurpose {
        /// Which certificate.
        which: Which,
        /// The purpose needed.
        expected: Purpose,
    } = "SL-P615", "{which} is for any purpose, which does not count; a {expected} must say so";
    /// A CA's certificate presented as a leaf.
    CaAsLeaf {
        /// Which certificate.
        which: Which,
    } = "SL-P616", "{which} is the certificate of a CA, not of a server or client";
    /// A leaf whose keyUsage lacks digitalSignature, or has keyCertSign.
    LeafKeyUsage {
        /// Which certificate.
        which: Which,
        /// What it may.
        presented: KeyUsage,
    } = "SL-P617", "{which} has the key usage {presented}; digitalSignature and no keyCertSign is required";
    /// Version 1 or 2: no extensions, hence no limits.
    OldVersion {
        /// Which certificate.
        which: Which,
        /// Its version.
        presented: u32,
    } = "SL-P618", "{which} is of version {presented}; version 3 is required";
    /// An issuer without CA:TRUE.
    IssuerNotCa {
        /// Which certificate.
        which: Which,
    } = "SL-P619", "{which} issued a certificate, and is not a CA";
    /// An issuer whose keyUsage lacks keyCertSign.
    NoCertSign {
        /// Which certificate.
        which: Which,
        /// What it may.
        presented: KeyUsage,
    } = "SL-P620", "{which} may not sign certificates: its key usage is {presented}";
    /// An issuer without keyUsage.
    NoKeyUsage {
        /// Which certificate.
        which: Which,
    } = "SL-P621", "{which} has no key usage; a CA must state keyCertSign";
    /// More CAs below than allowed.
    PathTooLong {
        /// Whose limit.
        which: Which,
        /// CAs allowed below it.
        limit: u32,
        /// CAs that are below it.
        presented: usize,
    } = "SL-P622", "{which} allows {limit} CAs below it, and there are {presented}";
    /// More than we follow.
    TooDeep {
        /// Certificates in the path.
        limit: usize,
    } = "SL-P623", "no path of at most {limit} certificates leads to an anchor";
    /// A name outside what the CA may certify.
    NameNotPermitted {
        /// Whose constraints.
        issuer: Which,
        /// The name, ready to print.
        name: String,
        /// Whose name.
        which: Which,
    } = "SL-P624", "{issuer} may not certify {name}, which {which} carries";
    /// Constraints that we cannot judge.
    UnsupportedConstraint {
        /// Whose constraints.
        which: Which,
        /// Their kind.
        kind: String,
    } = "SL-P625", "{which} is bound by name constraints that cannot be judged: {kind}";
    /// A critical extension that we do not know.
    UnknownCriticalExtension {
        /// Which certificate.
        which: Which,
        /// The extension.
        extension: String,
    } = "SL-P626", "{which} has the critical extension {extension}, which is not understood";
    /// A broken extension.
    MalformedExtension {
        /// Which certificate.
        which: Which,
        /// The extension.
        extension: String,
    } = "SL-P627", "{which} has a malformed {extension} extension";
    /// One extension twice.
    RepeatedExtension {
        /// Which certificate.
        which: Which,
        /// The extension.
        extension: String,
    } = "SL-P628", "{which} has the extension {extension} more than once";
    /// A CA without a name, or a leaf without any.
    EmptySubject {
        /// Which certificate.
        which: Which,
    } = "SL-P629", "{which} has no name: its subject is empty";
    /// Negative, zero, or too long.
    BadSerial {
        /// Which certificate.
        which: Which,
        /// What is wrong.
        flaw: &'static str,
    } = "SL-P630", "{which} has a bad serial number: {flaw}";
    /// A name was asked for, and there are no subjectAltNames.
    NoNames {
        /// Which certificate.
        which: Which,
        /// The name asked for.
        expected: San,
    } = "SL-P631", "{which} has no alternative names, so it cannot be {expected}; a common name does not count";
    /// A name was asked for, and others are there.
    WrongName {
        /// Which certificate.
        which: Which,
        /// The name asked for.
        expected: San,
        /// The names there, ready to print.
        presented: String,
    } = "SL-P632", "{which} is not for {expected}, but for {presented}";
    /// An alternative name that is no lawful host name or address.
    UnsoundName {
        /// Which certificate.
        which: Which,
        /// The name, ready to print.
        name: String,
    } = "SL-P633", "{which} carries the unlawful name {name}";
    /// It is on the list.
    Revoked {
        /// Which certificate.
        which: Which,
        /// Its serial.
        serial: Serial,
        /// Since when.
        at: Timestamp,
        /// Why.
        reason: RevocationReason,
    } = "SL-P634", "{which} was revoked on {at}: {reason}";
    /// A list is required, and there is none of this issuer.
    NoCrl {
        /// Whose list.
        issuer: Which,
    } = "SL-P635", "there is no revocation list of {issuer}, and one is required";
    /// A list whose replacement is overdue.
    CrlExpired {
        /// Whose list.
        issuer: Which,
        /// When the next was due.
        next_update: Timestamp,
        /// The time of the judgement.
        at: Timestamp,
    } = "SL-P636", "the revocation list of {issuer} was due for renewal on {next_update}, and it is {at}";
    /// A list from the future.
    CrlNotYetValid {
        /// Whose list.
        issuer: Which,
        /// When it was made.
        this_update: Timestamp,
        /// The time of the judgement.
        at: Timestamp,
    } = "SL-P637", "the revocation list of {issuer} is of {this_update}, and it is {at}";
    /// A list somebody else signed, or nobody.
    CrlBadSignature {
        /// Whose list it claims to be.
        issuer: Which,
    } = "SL-P638", "the revocation list was not signed by {issuer}, although that is its issuer's name";
    /// A list by a CA that may not make any.
    CrlNotAllowed {
        /// Whose list.
        issuer: Which,
    } = "SL-P639", "{issuer} may not sign revocation lists: its key usage lacks cRLSign";
    /// A list that cannot stand for the whole truth.
    CrlUnusable {
        /// Whose list.
        issuer: Which,
        /// Why.
        why: String,
    } = "SL-P640", "the revocation list of {issuer} cannot be used: {why}";
    /// More work than an honest chain needs.
    TooMuchWork {
        /// What there was too much of.
        what: &'static str,
    } = "SL-P641", "the chain asks for more work than any honest one: too many {what}";
    /// issuerUniqueID and subjectUniqueID, which RFC 5280 forbids to make.
    UniqueIds {
        /// Which certificate.
        which: Which,
    } = "SL-P642", "{which} carries unique identifiers, which certificates must not";
    /// A CA limited to other purposes.
    IssuerPurpose {
        /// Which certificate.
        which: Which,
        /// The purpose needed.
        expected: Purpose,
        /// What it may issue for.
        presented: Purposes,
    } = "SL-P643", "{which} may not issue for a {expected}: its purposes are {presented}";
}

impl Refusal {
    /// Whether the only thing wrong is the time: renewal mends it.
    pub fn is_about_time(&self) -> bool {
        matches!(
            self,
            Self::NotYetValid { .. }
                | Self::Expired { .. }
                | Self::CrlExpired { .. }
                | Self::CrlNotYetValid { .. }
        )
    }
}

fn help(refusal: &Refusal) -> Option<String> {
    Some(match refusal {
        Refusal::NotYetValid { .. } | Refusal::CrlNotYetValid { .. } => {
            "compare the clocks of both machines (`timedatectl`)".into()
        }
        Refusal::Expired {
            which: Which {
                place: Place::Leaf, ..
            },
            ..
        } => "renew it where it was issued; `sealock apply` does so for a daemon and its clients"
            .into(),
        Refusal::Expired { .. } => "its authority must make a new anchor and issue again".into(),
        Refusal::UnknownIssuer { .. } | Refusal::SelfSigned { .. } => {
            "give the CA certificate that issued it as anchor, and every intermediate in the chain"
                .into()
        }
        Refusal::BadSignature { .. } | Refusal::OtherIssuerKey { .. } => {
            "a CA of the same name with another key is given; give the generation that issued it"
                .into()
        }
        Refusal::NoPurpose { expected, .. }
        | Refusal::WrongPurpose { expected, .. }
        | Refusal::AnyPurpose { expected, .. } => {
            let usage = if *expected == Purpose::Server {
                "serverAuth"
            } else {
                "clientAuth"
            };
            format!("issue it again with the extended key usage {usage}")
        }
        Refusal::WrongName { .. } | Refusal::NoNames { .. } => {
            "connect by a name that it carries, or issue it again with this one".into()
        }
        Refusal::NoCrl { .. } | Refusal::CrlExpired { .. } => {
            "fetch the newest list from the authority".into()
        }
        _ => return None,
    })
}

/// A refusal with everything else that was found: the root cause comes first.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{root}")]
pub struct Refused {
    /// What to mend first.
    pub root: Box<Refusal>,
    /// What is wrong besides.
    pub others: Vec<Refusal>,
}

impl Refused {
    /// Every reason, the root cause first.
    pub fn reasons(&self) -> impl Iterator<Item = &Refusal> {
        std::iter::once(&*self.root).chain(&self.others)
    }
}

impl Diagnose for Refused {
    fn code(&self) -> Code {
        self.root.code()
    }
    fn cause(&self) -> Option<String> {
        let others: Vec<_> = self.others.iter().map(ToString::to_string).collect();
        (!others.is_empty()).then(|| others.join("; "))
    }
    fn help(&self) -> Option<String> {
        self.root.help()
    }
}
