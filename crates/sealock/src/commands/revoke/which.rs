//! Which certificates are meant: those of a name, one by its serial, or the one in a file.

use std::collections::BTreeSet;
use std::path::Path;

use sealock_diag::escape;
use sealock_host::desired::nearest;
use sealock_pki::{AuthorityName, Certificate, Purpose, RevocationReason, Serial};
use sealock_vault::{Anchor, Entry, Filter, Scope, State, Usage, Vault};

use crate::catalogue;
use crate::cloak::keep::Recorded;
use crate::exit::Exit;
use crate::failure::{COMMAND_LINE, Failure};
use crate::input;

/// A file with one certificate is smaller.
const LARGEST: u64 = 1024 * 1024;
/// So much of a word that means nothing is shown.
const SHOWN: usize = 64;

/// What is to be revoked.
pub(super) struct Meant {
    /// The identity, as the words for people name it.
    pub(super) name: String,
    /// Those that the inventory knows, revoked already or not.
    pub(super) entries: Vec<Entry>,
    /// One that an anchor of ours has signed before the vault had it: it is recorded first.
    pub(super) foreign: Option<Recorded>,
}

/// Looks for a name, then for a serial, then for a file.
pub(super) fn find(vault: &Vault, what: &str, scope: Option<&Scope>) -> Result<Meant, Failure> {
    let of_name = Filter::all().identity(what);
    let mut entries = vault.entries(of_name.clone().purpose(Purpose::Client))?;
    if entries.is_empty() {
        entries = vault.entries(of_name)?;
    }
    if let Some(scope) = scope {
        let (here, others): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|entry| entry.scope == *scope);
        if here.is_empty() && !others.is_empty() {
            return Err(of_other_scopes(what, scope, &others));
        }
        entries = here;
    }
    if !entries.is_empty() {
        return Ok(Meant {
            name: what.to_owned(),
            entries,
            foreign: None,
        });
    }
    if let Ok(serial) = what.parse::<Serial>()
        && let Some(entry) = vault.find(&serial)?
    {
        return Ok(one(entry));
    }
    match sealock_change::fs::stat(Path::new(what)) {
        Ok(Some(_)) => in_file(vault, Path::new(what)),
        _ => Err(unknown(vault, what)?),
    }
}

fn one(entry: Entry) -> Meant {
    Meant {
        name: entry.identity.clone(),
        entries: vec![entry],
        foreign: None,
    }
}

/// The first certificate of a file: that is the leaf.
fn in_file(vault: &Vault, path: &Path) -> Result<Meant, Failure> {
    let place = escape(&path.to_string_lossy());
    let bytes = input::read(path, LARGEST)?;
    let chain =
        Certificate::chain_from_pem(&bytes).map_err(|error| Failure::new(&error).or_at(&place))?;
    let leaf = chain.into_iter().next();
    let leaf = leaf.ok_or_else(|| Failure::own(catalogue::BUG, "a chain without a certificate"))?;
    if let Some(entry) = vault.find(leaf.serial())?
        && entry.certificate == leaf
    {
        return Ok(one(entry));
    }
    for name in vault.authorities()? {
        if let Some(anchor) = signer(vault, &name, &leaf)? {
            let identity = leaf
                .common_name()
                .unwrap_or_else(|| leaf.serial().to_string());
            return Ok(Meant {
                name: identity.clone(),
                entries: Vec::new(),
                foreign: Some(Recorded {
                    certificate: leaf,
                    purpose: anchor.purpose,
                    identity,
                    issuer: anchor.key_id,
                    generation: anchor.generation,
                    scope: anchor.scope,
                    usage: Usage::Standing,
                }),
            });
        }
    }
    Err(Failure::own(
        catalogue::NOT_OURS,
        "no anchor of this vault has signed this certificate",
    )
    .at(place)
    .because(format!(
        "it was signed by `{}`; a list says nothing of the certificates of others",
        leaf.issuer()
    )))
}

fn signer(
    vault: &Vault,
    name: &AuthorityName,
    leaf: &Certificate,
) -> Result<Option<Anchor>, Failure> {
    let anchors = vault.authority(name)?.map(|authority| authority.anchors);
    let signed = |anchor: &Anchor| {
        anchor.certificate.subject_der() == leaf.issuer_der()
            && leaf.is_signed_by(&anchor.certificate)
    };
    let mut found: Vec<Anchor> = anchors.into_iter().flatten().filter(signed).collect();
    // One CA for both purposes, as others make it: the leaf says which is meant.
    let fits = |anchor: &Anchor| leaf.purposes().only() == Some(anchor.purpose);
    let index = found.iter().position(fits).unwrap_or(0);
    Ok((index < found.len()).then(|| found.swap_remove(index)))
}

fn of_other_scopes(what: &str, scope: &Scope, others: &[Entry]) -> Failure {
    let scopes: BTreeSet<String> = others
        .iter()
        .map(|entry| match entry.scope.is_own() {
            true => "no scope".to_owned(),
            false => format!("the scope {}", entry.scope),
        })
        .collect();
    let scopes: Vec<String> = scopes.into_iter().collect();
    let shown = escape(what);
    Failure::own(
        catalogue::NOTHING_TO_REVOKE,
        format!("the vault knows no certificate of `{shown}` in the scope {scope}"),
    )
    .at(COMMAND_LINE)
    .because(format!("those of {shown} are of {}", scopes.join(", ")))
    .help(format!("sealock cert revoke {shown}"))
    .exit(Exit::Usage)
}

fn unknown(vault: &Vault, what: &str) -> Result<Failure, Failure> {
    let entries = vault.entries(Filter::all())?;
    let names: BTreeSet<&str> = entries
        .iter()
        .map(|entry| entry.identity.as_str())
        .collect();
    let short: String = what.chars().take(SHOWN).collect();
    let failure = Failure::own(
        catalogue::NOTHING_TO_REVOKE,
        format!("the vault knows no certificate of `{}`", escape(&short)),
    )
    .at(COMMAND_LINE)
    .exit(Exit::Usage);
    Ok(match nearest(what, names.iter().copied()) {
        Some(near) => failure
            .because(format!("there are some of {}", escape(near)))
            .help(format!("sealock cert revoke {}", escape(near))),
        None if names.is_empty() => failure.because("it has issued none yet"),
        None => failure
            .because("it is neither the name of a client, nor a serial, nor a file")
            .help("sealock cert list"),
    })
}

/// The reason of this name, of those that end a certificate.
pub(super) fn reason(word: &str) -> Result<RevocationReason, Failure> {
    use RevocationReason::{CertificateHold, RemoveFromCrl};
    let lasting = |reason: &RevocationReason| !matches!(reason, CertificateHold | RemoveFromCrl);
    match RevocationReason::from_word(word) {
        Some(reason) if lasting(&reason) => Ok(reason),
        Some(reason) => Err(Failure::own(
            catalogue::ON_HOLD,
            format!("`{}` is no reason that sealock revokes for", reason.word()),
        )
        .at(COMMAND_LINE)
        .because(
            "a certificate on hold comes back, and whoever has seen only the later list never learns that it was held; \
             sealock revokes for good",
        )
        .help("revoke it, and give the client a new one later:\n  sealock client add NAME")
        .exit(Exit::Usage)),
        None => {
            let words: Vec<&str> = RevocationReason::all()
                .filter(lasting)
                .map(RevocationReason::word)
                .collect();
            let short: String = word.chars().take(SHOWN).collect();
            let failure = Failure::own(
                catalogue::BAD_REASON,
                format!("`{}` is no reason of RFC 5280", escape(&short)),
            )
            .at(COMMAND_LINE)
            .because(format!("known are {}", words.join(", ")))
            .exit(Exit::Usage);
            let plain = word.to_ascii_lowercase().replace(['_', ' '], "-");
            Err(match nearest(&plain, words) {
                Some(near) => failure.help(format!("--reason {near}")),
                None => failure,
            })
        }
    }
}

/// Whether it is on a list already.
pub(super) fn is_revoked(entry: &Entry) -> bool {
    matches!(entry.state, State::Revoked { .. })
}

#[cfg(test)]
mod tests {
    use super::reason;
    use sealock_pki::RevocationReason;

    #[test]
    fn reasons() {
        assert_eq!(
            reason("key-compromise").unwrap(),
            RevocationReason::KeyCompromise
        );
        for (word, code, help) in [
            ("keyCompromise", "SL-U082", "--reason key-compromise"),
            ("superceded", "SL-U082", "--reason superseded"),
            ("because", "SL-U082", ""),
            ("certificate-hold", "SL-U083", "sealock client add"),
            ("remove-from-crl", "SL-U083", "sealock client add"),
        ] {
            let failure = reason(word).unwrap_err();
            assert_eq!(failure.code.0, code, "{word}");
            let advice = failure.help.unwrap_or_default();
            assert!(advice.contains(help), "{word}: {advice}");
        }
    }
}
