//! What an authority has signed: for whom, for what, and what has become of it.

use sealock_change::Plan;
use sealock_diag::escape;
use sealock_host::leftover::Part;
use sealock_pki::{Certificate, Purpose};
use sealock_vault::{State, Vault};

use super::lot::{KeyAt, Leaf};
use super::movement::Import;
use super::names;
use crate::cloak::up::DAEMON;
use crate::failure::Failure;

/// A leaf of the authority, and what becomes of it.
pub(super) struct Member<'a> {
    pub(super) leaf: &'a Leaf,
    pub(super) purpose: Purpose,
    pub(super) identity: String,
    pub(super) state: State,
    /// What the inventory says already.
    pub(super) recorded: Option<State>,
}

impl Member<'_> {
    pub(super) fn certificate(&self) -> &Certificate {
        self.leaf.certificate()
    }

    /// Whether it is in use, by us and by the inventory.
    pub(super) fn is_active(&self) -> bool {
        self.state == State::Active
            && self
                .recorded
                .as_ref()
                .is_none_or(|state| *state == State::Active)
    }
}

impl Import<'_> {
    /// Every leaf that the authority has signed and that is not over, with the name it gets.
    pub(super) fn members(
        &self,
        vault: Option<&Vault>,
        plan: &mut Plan,
    ) -> Result<Vec<Member<'_>>, Failure> {
        let mut members: Vec<Member<'_>> = Vec::new();
        let mut leaves: Vec<&Leaf> = self.lot.leaves.iter().collect();
        // The youngest first: an older one of the same name is what it replaced.
        leaves.sort_by_key(|leaf| std::cmp::Reverse(leaf.certificate().not_before()));
        for leaf in leaves {
            let certificate = leaf.certificate();
            let purpose = purpose_of(leaf);
            if !self.belongs(leaf, purpose) || self.session.now > certificate.not_after() {
                continue;
            }
            let entry = match vault {
                Some(vault) => vault.find(certificate.serial())?,
                None => None,
            };
            if entry
                .as_ref()
                .is_some_and(|entry| entry.certificate != *certificate)
                || members
                    .iter()
                    .any(|one| one.certificate().serial() == certificate.serial())
            {
                plan.note(format!(
                    "{} is not recorded: its serial {} is that of another certificate in the inventory",
                    shown(leaf),
                    certificate.serial()
                ));
                continue;
            }
            let named = match &entry {
                Some(entry) => entry.identity.clone(),
                None if self.is_daemons(leaf, purpose) => DAEMON.to_owned(),
                None => names::of_leaf(leaf),
            };
            let twin = leaf.revoked.is_none()
                && members.iter().any(|one| {
                    one.identity == named && one.purpose == purpose && one.state == State::Active
                });
            let lives = matches!(leaf.key, KeyAt::Plain(_)) || !leaf.used_at.is_empty();
            let (identity, replaced) = match (&entry, twin) {
                (None, true) if lives => {
                    let taken: Vec<String> =
                        members.iter().map(|one| one.identity.clone()).collect();
                    (names::free(&named, &taken), false)
                }
                (_, twin) => (named, twin),
            };
            let state = match leaf.revoked {
                Some((at, reason)) => State::Revoked { at, reason },
                None if replaced => State::Superseded,
                None => State::Active,
            };
            members.push(Member {
                leaf,
                purpose,
                identity,
                state,
                recorded: entry.map(|entry| entry.state),
            });
        }
        members.reverse();
        Ok(members)
    }

    /// Whether a chain leads from the leaf to the anchor of this purpose.
    fn belongs(&self, leaf: &Leaf, purpose: Purpose) -> bool {
        leaf.is_of(&self.choice.of(purpose).certificate)
    }

    /// Whether it is the certificate that this host's daemon has, or the only one that it could have.
    fn is_daemons(&self, leaf: &Leaf, purpose: Purpose) -> bool {
        if self.observed.is_none() || purpose != Purpose::Server {
            return false;
        }
        match self.hints.daemons_chain.first() {
            Some(own) => own == leaf.certificate(),
            None => {
                let servers = self.lot.leaves.iter().filter(|other| {
                    purpose_of(other) == Purpose::Server
                        && other.revoked.is_none()
                        && self.belongs(other, Purpose::Server)
                });
                servers.count() == 1
            }
        }
    }

    pub(super) fn server<'m>(&self, members: &'m [Member<'m>]) -> Option<&'m Member<'m>> {
        members
            .iter()
            .find(|one| one.is_active() && self.is_daemons(one.leaf, one.purpose))
    }
}

/// What a certificate is used for here: for one that is good for both, by where it lies and how it is called.
fn purpose_of(leaf: &Leaf) -> Purpose {
    match leaf.part.purposes() {
        [purpose] => *purpose,
        _ => {
            let called = leaf.paths.iter().any(|path| {
                path.file_name()
                    .is_some_and(|name| name.to_string_lossy().contains("client"))
            });
            let serves = leaf
                .certificate()
                .sans()
                .iter()
                .any(sealock_pki::San::is_server_name);
            match !leaf.used_at.is_empty() || called || (leaf.part == Part::Unstated && !serves) {
                true => Purpose::Client,
                false => Purpose::Server,
            }
        }
    }
}

/// Where a certificate lies, for a message.
pub(super) fn shown(leaf: &Leaf) -> String {
    leaf.paths
        .first()
        .map(|path| escape(&path.to_string_lossy()))
        .unwrap_or_default()
}
