//! Making and publishing the lists: one for each generation of an anchor, numbered, dated, written to files.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sealock_change::{Action, BoxDiagnose, Edit, Plan, fs};
use sealock_host::Desired;
use sealock_host::desired::{Authority as Settings, CRL_LIFE};
use sealock_pki::{AuthorityName, BACKDATE, Crl, Issuer, Purpose, Revoked, Timestamp, make_crl};
use sealock_vault::{Anchor, AnchorState, PublishedList, Scope, Vault};

use super::content::{Content, Upcoming};
use super::keys::Keys;
use crate::cloak::credentials::Authority;
use crate::failure::Failure;
use crate::session::Session;

/// Which lists are signed anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// All of them.
    All,
    /// Those whose content has changed, and those of which half of the life is over.
    Due,
}

/// Where lists go, and how long they live.
#[derive(Clone, Debug)]
pub(super) struct Places {
    folders: Vec<PathBuf>,
    /// Where a gateway of this host reads the lists of the client anchors that it trusts, and their scope.
    gateway: Option<(PathBuf, Scope)>,
    life: Duration,
}

impl Places {
    /// The vault's home, and what `sealock.toml` adds.
    pub(super) fn of(home: &Path, settings: Option<&Settings>) -> Self {
        let mut folders = vec![home.join("crl")];
        folders.extend(settings.and_then(|settings| settings.crl_dir.clone()));
        Self {
            folders,
            gateway: None,
            life: settings.map_or(CRL_LIFE, |settings| settings.crl_life),
        }
    }

    /// The same, and the folder of this host's gateway where it has one.
    pub(super) fn with_gateway(mut self, home: &Path, wanted: &Desired) -> Self {
        if wanted.gateway.is_some() {
            let folder = crate::cloak::gateway::place::lists(home);
            self.gateway = Some((folder, wanted.authority.scope.clone()));
        }
        self
    }

    /// The file that the gateway reads; `None` for anchors whose clients it does not let in.
    pub(super) fn gateway_file(&self, name: &AuthorityName, anchor: &Anchor) -> Option<PathBuf> {
        let (folder, scope) = self.gateway.as_ref()?;
        let counts = anchor.purpose == Purpose::Client
            && anchor.scope == *scope
            && anchor.state.is_trusted();
        counts.then(|| folder.join(format!("{}.crl", file_stem(name, anchor))))
    }

    /// The DER file and the PEM file of a list, in every folder.
    pub(super) fn files(&self, name: &AuthorityName, anchor: &Anchor) -> Vec<[PathBuf; 2]> {
        let stem = file_stem(name, anchor);
        let both =
            |folder: &PathBuf| ["crl", "pem"].map(|end| folder.join(format!("{stem}.{end}")));
        self.folders.iter().map(both).collect()
    }

    /// The largest number of a list of this anchor that lies in one of the files: after a vault came back from a backup
    /// they may be younger than what it remembers.
    fn largest_number(&self, name: &AuthorityName, anchor: &Anchor) -> Option<u64> {
        let files = self.files(name, anchor);
        let numbers = files.iter().filter_map(|[der, _]| {
            let list = Crl::from_der(fs::read(der).ok()?).ok()?;
            list.number_by(&anchor.certificate)
        });
        numbers.max()
    }
}

/// `sealock-client-1`, and `sealock-client@edge-1` for a scope: an authority's name may have dashes, neither has an `@`.
fn file_stem(name: &AuthorityName, anchor: &Anchor) -> String {
    let scope = match anchor.scope.is_own() {
        true => String::new(),
        false => format!("@{}", anchor.scope),
    };
    format!("{name}-{}{scope}-{}", anchor.purpose, anchor.generation)
}

/// What is to be published of one authority.
pub(super) struct Publication {
    name: AuthorityName,
    /// The lists that are signed anew.
    pub(super) fresh: Vec<PublishedList>,
    edits: Vec<Edit>,
    /// What could not be done, in words.
    pub(super) untold: Vec<String>,
}

impl Publication {
    /// Plans the lists of the anchors of an authority that `of` picks.
    pub(super) fn plan(
        session: &Session,
        vault: &Vault,
        name: &AuthorityName,
        places: &Places,
        sign: Sign,
        upcoming: &[Upcoming],
        of: impl Fn(&Anchor) -> bool,
    ) -> Result<Self, Failure> {
        let mut publication = Self {
            name: name.clone(),
            fresh: Vec::new(),
            edits: Vec::new(),
            untold: Vec::new(),
        };
        let authority = vault.authority(name)?;
        let anchors = authority.into_iter().flat_map(|one| one.anchors);
        let published = vault.lists(name)?;
        let mut keys = Keys::new(session, vault, name);
        let mut told = HashSet::new();
        for anchor in anchors.filter(|one| of(one) && can_matter(one, session.now)) {
            let previous = published.iter().find(|one| one.is_of(&anchor));
            let previous = previous.map(|one| &one.list);
            let content = Content::of(vault, &anchor, previous, upcoming, session.now)?;
            let list = match previous {
                Some(list) if sign == Sign::Due && !content.is_due(list, session.now) => {
                    list.clone()
                }
                _ => {
                    let issuer = match keys.issuer(&anchor, session.now)? {
                        Ok(issuer) => issuer,
                        Err(why) => {
                            // Of a retired anchor without its key the agent need not hear every six hours.
                            let matters = anchor.state.is_trusted() || !upcoming.is_empty();
                            let news = matters && !content.revoked.is_empty();
                            // One CA for both purposes is two anchors with one key.
                            if (news || sign == Sign::All) && told.insert(anchor.key_id) {
                                publication.untold.push(why);
                            }
                            continue;
                        }
                    };
                    publication.sign(
                        places,
                        issuer,
                        &anchor,
                        &content.revoked,
                        previous,
                        session.now,
                    )?
                }
            };
            publication.write(places, &anchor, &list)?;
        }
        Ok(publication)
    }

    /// What is to be published of the client anchors that a gateway will trust, whether or not the vault has them yet.
    pub(super) fn of_trusted(
        session: &Session,
        authority: &Authority,
        places: &Places,
    ) -> Result<Self, Failure> {
        let mut publication = Self {
            name: authority.name.clone(),
            fresh: Vec::new(),
            edits: Vec::new(),
            untold: Vec::new(),
        };
        let vault = match authority.stored() {
            Some(_) => Some(session.vault()?),
            None => None,
        };
        let published = match &vault {
            Some(vault) => vault.lists(&authority.name)?,
            None => Vec::new(),
        };
        for (anchor, issuer) in authority.trusted_clients()? {
            let previous = published.iter().find(|one| one.is_of(&anchor));
            let previous = previous.map(|one| &one.list);
            let content = match &vault {
                Some(vault) => Content::of(vault, &anchor, previous, &[], session.now)?,
                None => Content::nothing(),
            };
            let list = match (previous, issuer) {
                (Some(list), _) if !content.is_due(list, session.now) => list.clone(),
                // Without its key an old list is better than none; the gateway says when it is overdue.
                (Some(list), None) => list.clone(),
                (None, None) => {
                    publication.untold.push(format!(
                        "there is no revocation list of client anchor {} and its key is not here",
                        anchor.generation
                    ));
                    continue;
                }
                (previous, Some(issuer)) => publication.sign(
                    places,
                    issuer,
                    &anchor,
                    &content.revoked,
                    previous,
                    session.now,
                )?,
            };
            publication.write(places, &anchor, &list)?;
        }
        Ok(publication)
    }

    fn sign(
        &mut self,
        places: &Places,
        issuer: &Issuer,
        anchor: &Anchor,
        revoked: &[Revoked],
        previous: Option<&Crl>,
        now: Timestamp,
    ) -> Result<Crl, Failure> {
        let number = next_number(previous, places.largest_number(&self.name, anchor), now);
        // As a certificate, a list must be good for a peer whose clock is a little behind.
        let from = (now - BACKDATE).max(anchor.certificate.not_before());
        let list = make_crl(issuer, revoked, number, from, now + places.life)?;
        self.fresh.push(PublishedList {
            purpose: anchor.purpose,
            scope: anchor.scope.clone(),
            generation: anchor.generation,
            list: list.clone(),
        });
        Ok(list)
    }

    /// Whether there is a list of any anchor that was picked.
    pub(super) fn has_lists(&self) -> bool {
        !self.edits.is_empty()
    }

    /// Adds it to a plan; a file that is as it should be adds nothing. Gives the paths, which are others' to read:
    /// `down` has no business with them.
    pub(super) fn push_to(&self, plan: &mut Plan, home: &Path) -> Result<Vec<PathBuf>, Failure> {
        if !self.fresh.is_empty() {
            plan.push_action(NoteLists {
                home: home.to_owned(),
                name: self.name.clone(),
                lists: self.fresh.clone(),
            });
        }
        for edit in &self.edits {
            plan.push_edit(edit.clone())?;
        }
        let paths = self.edits.iter().map(|edit| edit.path().to_owned());
        Ok(paths.collect())
    }

    fn write(&mut self, places: &Places, anchor: &Anchor, list: &Crl) -> Result<(), Failure> {
        for [der, pem] in places.files(&self.name, anchor) {
            let contents = [
                (der, list.der().to_vec()),
                (pem, list.to_pem().into_bytes()),
            ];
            for (path, bytes) in contents {
                if let Some(folder) = path.parent() {
                    self.edits
                        .extend(Edit::missing_directories(folder, 0o755, None)?);
                }
                self.edits.push(Edit::Write {
                    path,
                    content: sealock_change::Content::Public(bytes),
                    mode: 0o644,
                    owner: None,
                });
            }
        }
        if let Some(path) = places.gateway_file(&self.name, anchor) {
            self.edits.push(Edit::Write {
                path,
                content: sealock_change::Content::Public(list.der().to_vec()),
                mode: 0o444,
                owner: None,
            });
        }
        Ok(())
    }
}

/// Whether anybody may ask for a list of this anchor.
fn can_matter(anchor: &Anchor, now: Timestamp) -> bool {
    anchor.state != AnchorState::Prepared && anchor.certificate.not_after() > now
}

/// Larger than the last one and than the one on disk. The time as its floor keeps it growing when both are lost, as on
/// an empty machine to which an old backup came back.
fn next_number(previous: Option<&Crl>, on_disk: Option<u64>, now: Timestamp) -> u64 {
    let last = previous.and_then(Crl::number).max(on_disk).unwrap_or(0);
    let floor = u64::try_from(now.as_unix()).unwrap_or(0);
    floor.max(last.saturating_add(1))
}

/// Notes the lists before their files are written. Not undone: a number that was given away is not given twice, and the
/// next publication sees what the list says too much.
struct NoteLists {
    home: PathBuf,
    name: AuthorityName,
    lists: Vec<PublishedList>,
}

impl Action for NoteLists {
    fn describe(&self) -> String {
        let lists: Vec<String> = self
            .lists
            .iter()
            .map(|one| {
                let scope = match one.scope.is_own() {
                    true => String::new(),
                    false => format!(" of the scope {}", one.scope),
                };
                format!(
                    "{} of the {} anchor{scope}, generation {}",
                    one.list.number().unwrap_or(0),
                    one.purpose,
                    one.generation
                )
            })
            .collect();
        format!("sign the revocation list {}", lists.join(", "))
    }

    fn apply(&mut self) -> Result<(), BoxDiagnose> {
        Vault::open(&self.home)
            .and_then(|mut vault| vault.note_lists(&self.name, &self.lists))
            .map_err(|error| Box::new(error) as BoxDiagnose)
    }

    fn undo(&mut self) -> Result<(), BoxDiagnose> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::next_number;
    use sealock_pki::{
        AnchorRequest, KeyKind, PrivateKey, Purpose, Timestamp, create_anchor, make_crl,
    };
    use sealock_vault::SystemEntropy;
    use std::time::Duration;

    /// Neither a clock that went back nor a vault from a backup makes a number smaller.
    #[test]
    fn numbers_grow() {
        let now = Timestamp::from_unix(1_800_000_000);
        let day = Duration::from_secs(86_400);
        let request = AnchorRequest::new("lab".parse().unwrap(), Purpose::Client, day * 3650);
        let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        let issuer = create_anchor(&request, key, now, &mut SystemEntropy).unwrap();
        let list = |number| make_crl(&issuer, &[], number, now, now + day).unwrap();
        for (what, previous, on_disk, at, expected) in [
            ("the first", None, None, now, 1_800_000_000),
            (
                "the next day",
                Some(1_800_000_000),
                None,
                now + day,
                1_800_086_400,
            ),
            (
                "the same second",
                Some(1_800_000_000),
                None,
                now,
                1_800_000_001,
            ),
            (
                "a clock that went back",
                Some(1_800_000_007),
                None,
                now - day,
                1_800_000_008,
            ),
            (
                "a vault from a backup",
                Some(5),
                Some(1_900_000_000),
                now,
                1_900_000_001,
            ),
            (
                "a clock before 1970",
                Some(5),
                None,
                Timestamp::from_unix(-9),
                6,
            ),
        ] {
            let previous = previous.map(list);
            assert_eq!(
                next_number(previous.as_ref(), on_disk, at),
                expected,
                "{what}"
            );
        }
    }
}
