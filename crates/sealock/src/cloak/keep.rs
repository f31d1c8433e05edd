//! Steps that write to the vault.

use std::path::PathBuf;
use std::rc::Rc;

use sealock_change::{Action, BoxDiagnose};
use sealock_pki::{
    AuthorityName, Certificate, Issuer, KeyId, KeyKind, Passphrase, Purpose, Serial, Timestamp,
};
use sealock_vault::{
    AnchorState, NewAnchor, NewEntry, OperationKind, Scope, State, Succession, SystemEntropy,
    Usage, Vault, VaultError,
};

/// Stores a new authority. Not undone: an authority in the vault harms nobody, and the next run uses it.
pub(crate) struct StoreAuthority {
    pub(crate) home: PathBuf,
    pub(crate) name: AuthorityName,
    pub(crate) key_kind: KeyKind,
    pub(crate) server: Rc<Issuer>,
    pub(crate) client: Rc<Issuer>,
    pub(crate) passphrase: Option<Passphrase>,
    pub(crate) now: Timestamp,
}

impl Action for StoreAuthority {
    fn describe(&self) -> String {
        let seal = if self.passphrase.is_some() {
            "sealed with the passphrase"
        } else {
            "readable by their owner only"
        };
        format!(
            "make the authority {}: a server anchor and a client anchor ({}), keys {seal}",
            self.name, self.key_kind
        )
    }

    fn apply(&mut self) -> Result<(), BoxDiagnose> {
        let anchors = [
            NewAnchor::first(Purpose::Server, &self.server),
            NewAnchor::first(Purpose::Client, &self.client),
        ];
        let stored = Vault::create_or_open(&self.home).and_then(|mut vault| {
            // Keys of an authority that was never finished help nobody.
            vault.tidy()?;
            vault.store_authority(
                &self.name,
                self.key_kind,
                &anchors,
                self.passphrase.as_ref(),
                &mut SystemEntropy,
                self.now,
            )
        });
        boxed(stored)
    }

    fn undo(&mut self) -> Result<(), BoxDiagnose> {
        Ok(())
    }
}

/// Stores the anchors of a new generation, which nobody trusts yet, and notes what they are for. Not undone: an anchor
/// that nobody trusts harms nobody, and the next run goes on with it.
pub(crate) struct StoreGeneration {
    pub(crate) home: PathBuf,
    pub(crate) name: AuthorityName,
    pub(crate) scope: Scope,
    pub(crate) kind: OperationKind,
    pub(crate) successions: Vec<Succession>,
    /// Those that are not in the vault yet.
    pub(crate) issuers: Vec<(Succession, Issuer)>,
    pub(crate) passphrase: Option<Passphrase>,
    pub(crate) now: Timestamp,
}

impl Action for StoreGeneration {
    fn describe(&self) -> String {
        let anchors: Vec<String> = self
            .successions
            .iter()
            .map(|one| format!("{} anchor {}", one.purpose, one.to))
            .collect();
        format!("make {}, which nobody trusts yet", anchors.join(" and "))
    }

    fn apply(&mut self) -> Result<(), BoxDiagnose> {
        let anchors: Vec<NewAnchor<'_>> = self
            .issuers
            .iter()
            .map(|(one, issuer)| NewAnchor {
                purpose: one.purpose,
                scope: match one.purpose {
                    Purpose::Server => Scope::own(),
                    Purpose::Client => &self.scope,
                },
                generation: one.to,
                state: AnchorState::Prepared,
                issuer,
            })
            .collect();
        let stored = Vault::open(&self.home).and_then(|mut vault| {
            vault.tidy()?;
            if !anchors.is_empty() {
                vault.add_anchors(
                    &self.name,
                    &anchors,
                    self.passphrase.as_ref(),
                    &mut SystemEntropy,
                    self.now,
                )?;
            }
            vault.begin_operation(
                &self.name,
                &self.scope,
                self.kind,
                &self.successions,
                self.now,
            )
        });
        boxed(stored)
    }

    fn undo(&mut self) -> Result<(), BoxDiagnose> {
        Ok(())
    }
}

/// A certificate for the inventory.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) certificate: Certificate,
    pub(crate) purpose: Purpose,
    pub(crate) identity: String,
    /// The key of the anchor that signed it.
    pub(crate) issuer: KeyId,
    pub(crate) generation: u32,
    pub(crate) scope: Scope,
    pub(crate) usage: Usage,
}

/// Records what is issued, before it is put anywhere. Undone by marking it withdrawn: it was signed, and the inventory tells the truth.
pub(crate) struct Record {
    pub(crate) home: PathBuf,
    pub(crate) entries: Vec<Recorded>,
    pub(crate) now: Timestamp,
}

impl Action for Record {
    fn describe(&self) -> String {
        let names: Vec<String> = self
            .entries
            .iter()
            .map(|entry| {
                format!(
                    "{} ({})",
                    sealock_diag::escape(&entry.identity),
                    entry.purpose
                )
            })
            .collect();
        format!("record in the inventory: {}", names.join(", "))
    }

    fn apply(&mut self) -> Result<(), BoxDiagnose> {
        let entries: Vec<NewEntry<'_>> = self
            .entries
            .iter()
            .map(|entry| NewEntry {
                certificate: &entry.certificate,
                purpose: entry.purpose,
                identity: &entry.identity,
                issuer: entry.issuer,
                generation: entry.generation,
                scope: &entry.scope,
                usage: entry.usage,
                run: None,
            })
            .collect();
        boxed(
            Vault::create_or_open(&self.home)
                .and_then(|mut vault| vault.record(&entries, self.now)),
        )
    }

    fn undo(&mut self) -> Result<(), BoxDiagnose> {
        let withdrawn = Vault::create_or_open(&self.home).and_then(|mut vault| {
            for entry in &self.entries {
                let serial = entry.certificate.serial();
                // All are recorded or none: the step itself may be what failed.
                if vault.find(serial)?.is_some() {
                    vault.set_state(serial, &State::Withdrawn)?;
                }
            }
            Ok(())
        });
        boxed(withdrawn)
    }
}

/// What is in use once everything is proved: older certificates of the same identity are superseded, places are noted.
pub(crate) struct Settle {
    pub(crate) home: PathBuf,
    pub(crate) in_use: Vec<InUse>,
    pub(crate) now: Timestamp,
}

/// A certificate and where it lies now.
#[derive(Clone, Debug)]
pub(crate) struct InUse {
    pub(crate) identity: String,
    pub(crate) purpose: Purpose,
    pub(crate) serial: Serial,
    pub(crate) places: Vec<String>,
}

impl Action for Settle {
    fn describe(&self) -> String {
        "note in the inventory where everything lies now".to_owned()
    }

    fn apply(&mut self) -> Result<(), BoxDiagnose> {
        let noted = Vault::create_or_open(&self.home).and_then(|mut vault| {
            let used: Vec<sealock_vault::InUse<'_>> = self
                .in_use
                .iter()
                .map(|used| sealock_vault::InUse {
                    identity: &used.identity,
                    purpose: used.purpose,
                    serial: &used.serial,
                    places: &used.places,
                })
                .collect();
            vault.settle(&used, self.now)
        });
        boxed(noted)
    }

    /// Bookkeeping about what was proved; the run that fails after it has its own word in [`Record`].
    fn undo(&mut self) -> Result<(), BoxDiagnose> {
        Ok(())
    }
}

fn boxed(outcome: Result<(), VaultError>) -> Result<(), BoxDiagnose> {
    outcome.map_err(|error| Box::new(error) as BoxDiagnose)
}
