//! Everything a certificate says, ready to print.

use sealock_diag::escape;

use crate::algorithm::KeyAlgorithm;
use crate::certificate::ExtensionState;
use crate::extensions::{BasicConstraints, GeneralName, KeyUsage, Purposes, address};
use crate::{Certificate, Fingerprint, KeyId, Serial, Timestamp, distinguished_name, oid};

/// What `sealock cert show` prints. Every text in it is escaped already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// 3 for every certificate of today.
    pub version: u32,
    /// The serial number.
    pub serial: Serial,
    /// `O=…, CN=…`.
    pub subject: String,
    /// `O=…, CN=…`.
    pub issuer: String,
    /// Whether subject and issuer are the same name.
    pub self_issued: bool,
    /// First instant of validity.
    pub not_before: Timestamp,
    /// Last instant of validity.
    pub not_after: Timestamp,
    /// Algorithm and size of the key.
    pub key: KeyAlgorithm,
    /// SHA-1 of the public key's bits.
    pub key_id: KeyId,
    /// What it was signed with, for people: `ECDSA with SHA-256`.
    pub signature_algorithm: String,
    /// Subject alternative names in their order, sound or not: `DNS:localhost`.
    pub sans: Vec<String>,
    /// Extended key usages.
    pub purposes: Purposes,
    /// Key usage, when stated.
    pub key_usage: Option<KeyUsage>,
    /// Basic constraints, when stated.
    pub basic_constraints: Option<BasicConstraints>,
    /// The subjectKeyIdentifier in hex, when there is one.
    pub subject_key_id: Option<String>,
    /// The authorityKeyIdentifier's key in hex, when there is one.
    pub authority_key_id: Option<String>,
    /// Subtrees of name constraints: `permitted DNS:example.org`.
    pub name_constraints: Vec<String>,
    /// The other extensions by dotted OID, and what is broken: `1.2.3 (critical)`.
    pub other_extensions: Vec<String>,
    /// SHA-256 of the DER.
    pub fingerprint: Fingerprint,
}

impl Certificate {
    /// Everything the certificate says, ready to print.
    pub fn describe(&self) -> Description {
        let facts = self.facts();
        let constraints = facts.name_constraints.iter().flat_map(|constraints| {
            let permitted = constraints
                .permitted
                .iter()
                .map(|base| format!("permitted {}", show(base)));
            permitted.chain(
                constraints
                    .excluded
                    .iter()
                    .map(|base| format!("excluded {}", show(base))),
            )
        });
        Description {
            version: facts.version,
            serial: facts.serial.clone(),
            subject: self.subject(),
            issuer: self.issuer(),
            self_issued: self.is_self_issued(),
            not_before: facts.not_before,
            not_after: facts.not_after,
            key: facts.key.clone(),
            key_id: facts.key_id,
            signature_algorithm: facts.scheme.to_string(),
            sans: facts.names.iter().map(show).collect(),
            purposes: facts.purposes.clone(),
            key_usage: facts.key_usage,
            basic_constraints: facts.basic_constraints,
            subject_key_id: facts.subject_key_id.as_deref().map(hex),
            authority_key_id: facts.authority_key_id.as_deref().map(hex),
            name_constraints: constraints.collect(),
            other_extensions: other_extensions(self),
            fingerprint: self.fingerprint(),
        }
    }
}

fn other_extensions(certificate: &Certificate) -> Vec<String> {
    let mut lines = Vec::new();
    for extension in &certificate.facts().extensions {
        let state = match extension.state {
            ExtensionState::Known => continue,
            ExtensionState::Unknown => None,
            ExtensionState::Malformed => Some("malformed"),
            ExtensionState::Repeated => Some("repeated"),
        };
        let mut line = oid::extension_name(&extension.oid);
        for remark in extension
            .critical
            .then_some("critical")
            .into_iter()
            .chain(state)
        {
            line.push_str(&format!(" ({remark})"));
        }
        lines.push(line);
    }
    lines
}

/// A general name for people, escaped; addresses of a wrong length as hex, subtrees with their mask.
pub(crate) fn show(name: &GeneralName) -> String {
    match name {
        GeneralName::Dns(text) | GeneralName::Email(text) | GeneralName::Uri(text) => {
            let shown: String = text.chars().take(512).collect();
            format!("{}:{}", name.kind(), escape(&shown))
        }
        GeneralName::Ip(bytes) => {
            let (base, mask) = bytes.split_at(bytes.len() / 2);
            match (address(bytes), address(base), address(mask)) {
                // Sixteen bytes are an IPv6 address; no IPv4 subtree has that length.
                (Some(address), ..) => format!("IP:{address}"),
                (None, Some(base), Some(mask)) => format!("IP:{base}/{mask}"),
                _ => format!(
                    "IP:#{}",
                    hex(bytes.get(..bytes.len().min(64)).unwrap_or_default())
                ),
            }
        }
        GeneralName::Directory(name) => format!("directory:{}", distinguished_name::display(name)),
        GeneralName::Other(_) => name.kind().to_owned(),
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
