//! The step that takes an authority and what it signed into the vault.

use std::path::PathBuf;
use std::rc::Rc;

use sealock_change::{Action, BoxDiagnose};
use sealock_diag::escape;
use sealock_pki::{
    AuthorityName, Certificate, Issuer, KeyId, KeyKind, Passphrase, Purpose, Timestamp,
};
use sealock_vault::{NewAnchor, NewEntry, Scope, State, SystemEntropy, Usage, Vault, VaultError};

/// A leaf for the inventory, and what is known of it.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) certificate: Certificate,
    pub(crate) purpose: Purpose,
    pub(crate) identity: String,
    pub(crate) issuer: KeyId,
    pub(crate) state: State,
    pub(crate) places: Vec<String>,
    /// Whether the inventory has it, so that only its state or places are missing there.
    pub(crate) recorded: bool,
}

/// Stores the authority, unless it is stored, and records the leaves. Not undone: what is true stays true, and the next
/// import goes on from it.
pub(crate) struct Adopt {
    pub(crate) home: PathBuf,
    pub(crate) name: AuthorityName,
    pub(crate) key_kind: KeyKind,
    /// Server and client anchor; none when they are stored.
    pub(crate) anchors: Option<(Rc<Issuer>, Rc<Issuer>)>,
    pub(crate) passphrase: Option<Passphrase>,
    pub(crate) leaves: Vec<Known>,
    pub(crate) now: Timestamp,
}

impl Adopt {
    fn run(&self) -> Result<(), VaultError> {
        let mut vault = Vault::create_or_open(&self.home)?;
        if let Some((server, client)) = &self.anchors {
            // Keys of an authority that was never finished help nobody.
            vault.tidy()?;
            vault.store_authority(
                &self.name,
                self.key_kind,
                &[
                    NewAnchor::first(Purpose::Server, server),
                    NewAnchor::first(Purpose::Client, client),
                ],
                self.passphrase.as_ref(),
                &mut SystemEntropy,
                self.now,
            )?;
        }
        let entries: Vec<NewEntry<'_>> = self
            .leaves
            .iter()
            .filter(|leaf| !leaf.recorded)
            .map(|leaf| NewEntry {
                certificate: &leaf.certificate,
                purpose: leaf.purpose,
                identity: &leaf.identity,
                issuer: leaf.issuer,
                generation: 1,
                scope: Scope::own(),
                usage: Usage::Standing,
                run: None,
            })
            .collect();
        vault.record(&entries, self.now)?;
        for leaf in &self.leaves {
            let serial = leaf.certificate.serial();
            if leaf.state != State::Active {
                vault.set_state(serial, &leaf.state)?;
            }
            for place in &leaf.places {
                vault.installed(serial, place, self.now)?;
            }
        }
        Ok(())
    }
}

impl Action for Adopt {
    fn describe(&self) -> String {
        let names: Vec<String> = self
            .leaves
            .iter()
            .map(|leaf| {
                let revoked = match leaf.state {
                    State::Revoked { .. } => ", revoked",
                    _ => "",
                };
                format!("{} ({}{revoked})", escape(&leaf.identity), leaf.purpose)
            })
            .collect();
        let names = match names.as_slice() {
            [] => String::new(),
            names => format!("record in the inventory: {}", names.join(", ")),
        };
        let seal = match self.passphrase {
            Some(_) => "sealed with the passphrase of the vault",
            None => "readable by their owner only",
        };
        match &self.anchors {
            None => names,
            Some((server, client)) => {
                let whose = match server.certificate() == client.certificate() {
                    true => format!(
                        "{} as server anchor and client anchor of generation 1",
                        server.certificate().subject()
                    ),
                    false => format!(
                        "{} as server anchor and {} as client anchor of generation 1",
                        server.certificate().subject(),
                        client.certificate().subject()
                    ),
                };
                let and = if names.is_empty() { "" } else { "; " };
                format!("adopt {whose}, keys {seal}{and}{names}")
            }
        }
    }

    fn apply(&mut self) -> Result<(), BoxDiagnose> {
        self.run().map_err(|error| Box::new(error) as BoxDiagnose)
    }

    fn undo(&mut self) -> Result<(), BoxDiagnose> {
        Ok(())
    }
}
