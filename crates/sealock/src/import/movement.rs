//! The plan of an import.

use std::path::PathBuf;
use std::rc::Rc;

use sealock_change::{Edit, Plan, fs};
use sealock_diag::escape;
use sealock_host::client::{Bundle, Claim, Endpoint, Place, plan_install};
use sealock_host::desired::{Client, Install, Share};
use sealock_host::{Material, Observed, Options, plan_material};
use sealock_pki::{
    AuthorityName, CaKeyUsage, Certificate, Issuer, KeyKind, PrivateKey, Purpose, VerifyOptions,
    verify,
};
use sealock_vault::{Scope, State, Vault};

use super::adopt::{Adopt, Known};
use super::choice::{Choice, Hints, read_key};
use super::lot::{KeyAt, Leaf, Lot, Used};
use super::members::{Member, shown};
use super::{codes, wanted};
use crate::cloak::credentials::is_due;
use crate::cloak::up::{UNSEALED, intent};
use crate::cloak::{clients, desired, scopes};
use crate::failure::Failure;
use crate::session::Session;

/// Everything that an import is made of.
pub(crate) struct Import<'a> {
    pub(crate) session: &'a Session,
    pub(crate) lot: &'a Lot,
    pub(crate) choice: &'a Choice<'a>,
    pub(crate) hints: &'a Hints<'a>,
    pub(crate) name: &'a AuthorityName,
    /// The daemon of this host, where there is one that this authority is for.
    pub(crate) observed: Option<&'a Observed>,
    pub(crate) options: &'a Options,
}

impl Import<'_> {
    /// Whether the vault has this very authority under this name; another one is an error.
    pub(crate) fn is_stored(&self) -> Result<bool, Failure> {
        if !self.session.has_vault()? {
            return Ok(false);
        }
        let Some(stored) = self.session.vault()?.authority(self.name)? else {
            return Ok(false);
        };
        let has = |purpose| {
            let wanted = &self.choice.of(purpose).certificate;
            stored
                .anchors
                .iter()
                .any(|anchor| anchor.purpose == purpose && anchor.certificate == *wanted)
        };
        if has(Purpose::Server) && has(Purpose::Client) {
            return Ok(true);
        }
        Err(
            Failure::own(codes::TAKEN, "the vault has another authority of this name")
                .at(self.session.home.display().to_string())
                .because(format!(
                    "{} is not {}",
                    self.name,
                    self.choice.server.certificate.subject()
                ))
                .help(format!(
                    "give it another name:\n  sealock ca import {} --name NAME",
                    super::tell::quoted(
                        &self
                            .choice
                            .server
                            .paths
                            .first()
                            .map(|path| path.to_string_lossy())
                            .unwrap_or_default()
                    )
                )),
        )
    }

    /// The plan. `anchors` are opened, unless they are in the vault already.
    pub(crate) fn plan(&self, anchors: Option<(Rc<Issuer>, Rc<Issuer>)>) -> Result<Plan, Failure> {
        let mut plan = Plan::new(format!("import the authority {}", self.name));
        let vault = match self.session.has_vault()? {
            true => Some(self.session.vault()?),
            false => None,
        };
        let members = self.members(vault.as_ref(), &mut plan)?;
        let server = self.server(&members);
        let passphrase = match anchors {
            Some(_) => self.session.new_passphrase()?,
            None => None,
        };
        if anchors.is_some() && passphrase.is_none() {
            plan.note(UNSEALED);
        }
        let (clients, mut edits) = self.clients(&members, &mut plan)?;
        let leaves = self.known(&members, &clients, vault.as_ref())?;
        if anchors.is_some() || !leaves.is_empty() {
            plan.push_action(Adopt {
                home: self.session.home.clone(),
                name: self.name.clone(),
                key_kind: KeyKind::default(),
                anchors,
                passphrase,
                leaves,
                now: self.session.now,
            });
        }
        if let Some(observed) = self.observed {
            let kept = server.filter(|member| self.stays(member, observed, &mut plan));
            if let Some(member) = kept {
                edits.extend(self.material(member, observed)?);
            }
            let clients: Vec<Client> = clients.into_iter().map(|(_, client)| client).collect();
            let leaf = server.map(Member::certificate);
            if let Some(text) = wanted::text(
                self.session,
                self.name,
                observed,
                self.options,
                leaf,
                &clients,
            )? {
                let written = intent(desired::write(self.session, text))?;
                edits.extend(files_of(written));
            }
        }
        for edit in edits {
            plan.push_edit(edit)?;
        }
        self.notes(&mut plan);
        Ok(plan)
    }

    /// Whether the daemon's certificate can go on as it is; when it cannot, the reason is told.
    fn stays(&self, member: &Member<'_>, observed: &Observed, plan: &mut Plan) -> bool {
        let leaf = member.certificate();
        let reason = if matches!(observed.installed(), Ok(Some(_))) {
            return false;
        } else if !matches!(member.leaf.key, KeyAt::Plain(_)) {
            Some("its key was not found, or is encrypted".to_owned())
        } else if self.choice.is_one() && leaf.purposes().include(Purpose::Client) {
            // With one CA for both, who steals it from the daemon would be a client everywhere.
            Some("it is good for a client too".to_owned())
        } else if leaf.is_self_issued() && leaf.describe().authority_key_id.is_none() {
            Some(
                "it bears the name of its CA, and OpenSSL takes it for one that signed itself"
                    .to_owned(),
            )
        } else if wanted::has_other_names(leaf) {
            Some("it carries names that no server has".to_owned())
        } else if is_due(leaf, Share::default(), self.session.now) {
            Some("two thirds of its life are over".to_owned())
        } else {
            self.verified(member.leaf, Purpose::Server).err()
        };
        match reason {
            None => true,
            Some(reason) => {
                plan.note(format!(
                    "`sealock apply` will give the daemon a new certificate of the same authority: {reason}"
                ));
                false
            }
        }
    }

    fn verified(&self, leaf: &Leaf, purpose: Purpose) -> Result<(), String> {
        let options = VerifyOptions {
            key_usage: CaKeyUsage::Optional,
            ..VerifyOptions::new(purpose, self.session.now)
        };
        let anchors = [self.choice.of(purpose).certificate.clone()];
        verify(&leaf.chain, &anchors, &options)
            .map(|_| ())
            .map_err(|refusal| refusal.to_string())
    }

    /// The daemon's certificate where `apply` finds it as the installed one.
    fn material(&self, member: &Member<'_>, observed: &Observed) -> Result<Vec<Edit>, Failure> {
        let Some(key) = key_of(member.leaf) else {
            return Ok(Vec::new());
        };
        let anchor = self.choice.client.certificate.to_pem().into_bytes();
        let Some(material) = Material::new(anchor, &below_root(member.leaf), key.to_pem()?) else {
            return Ok(Vec::new());
        };
        let mut plan = Plan::new("");
        plan.steps = plan_material(observed, &material)?;
        Ok(files_of(plan))
    }

    /// Clients whose key is at hand: what `sealock.toml` says of them, and the edits that put their files into the home.
    fn clients<'m>(
        &self,
        members: &'m [Member<'m>],
        plan: &mut Plan,
    ) -> Result<(Vec<Entrant<'m>>, Vec<Edit>), Failure> {
        let mut found = Vec::new();
        let mut edits = Vec::new();
        if self.observed.is_none() && desired::text(self.session)?.is_none() {
            return Ok((found, edits));
        }
        let endpoint: Endpoint = "tcp://localhost:2376".parse()?;
        for member in members
            .iter()
            .filter(|one| one.purpose == Purpose::Client && one.is_active())
        {
            let Some(key) = key_of(member.leaf) else {
                plan.note(format!(
                    "{}: the key is not here, so this certificate is recorded and goes on being good until {}; \
                     `sealock client add {}` makes a new one",
                    shown(member.leaf),
                    member.certificate().not_after(),
                    member.identity
                ));
                continue;
            };
            let anchors = vec![self.choice.server.certificate.clone()];
            let bundle = match Bundle::new(anchors, below_root(member.leaf), &key) {
                Ok(bundle) => bundle,
                Err(error) => {
                    plan.note(format!("{} is only recorded: {error}", shown(member.leaf)));
                    continue;
                }
            };
            let folder = self.folder(&member.identity);
            edits.extend(plan_install(
                &bundle,
                &Place::Zone { dir: folder },
                &endpoint,
                None,
                Claim::Anything,
            )?);
            let install = self.installs(member, &bundle, &endpoint, plan)?;
            found.push((
                member,
                Client {
                    name: member.identity.clone(),
                    install,
                    life: wanted::life(member.certificate()),
                },
            ));
        }
        Ok((found, edits))
    }

    /// Where the vault's copy of a client's files lies: an imported anchor is the authority's own, of no scope.
    fn folder(&self, name: &str) -> PathBuf {
        scopes::clients_home(self.session, Scope::own()).join(name)
    }

    /// Where a client's files lie in a form that renewals can go on with.
    fn installs(
        &self,
        member: &Member<'_>,
        bundle: &Bundle,
        endpoint: &Endpoint,
        plan: &mut Plan,
    ) -> Result<Vec<Install>, Failure> {
        // Renewed certificates are recognised by their common name.
        let same_name = member.certificate().common_name().as_deref() == Some(&*member.identity);
        let mut folders: Vec<PathBuf> = Vec::new();
        for used in &member.leaf.used_at {
            match used {
                Used::Folder(folder) => folders.push(folder.clone()),
                Used::Context(label) => plan.note(format!(
                    "{label} has the certificate of {} too; after a renewal, `sealock client install` brings it there",
                    escape(&member.identity)
                )),
            }
        }
        folders.extend(
            member
                .leaf
                .paths
                .iter()
                .filter(|path| path.file_name().is_some_and(|name| name == "cert.pem"))
                .filter_map(|path| path.parent().map(PathBuf::from)),
        );
        let mut installs = Vec::new();
        for folder in folders {
            let install = Install::Directory(folder.clone());
            if installs.contains(&install) {
                continue;
            }
            let (place, owner) = clients::place(&install)?;
            let goes = fs::stat(&folder.join("key.pem"))?.is_some()
                && plan_install(bundle, &place, endpoint, owner, Claim::Recognised).is_ok();
            if same_name && goes {
                installs.push(install);
            }
        }
        Ok(installs)
    }

    /// What the inventory does not have yet.
    fn known(
        &self,
        members: &[Member<'_>],
        clients: &[Entrant<'_>],
        vault: Option<&Vault>,
    ) -> Result<Vec<Known>, Failure> {
        let mut leaves = Vec::new();
        for member in members {
            let certificate = member.certificate();
            let mut places: Vec<String> = Vec::new();
            let client = clients
                .iter()
                .find(|(one, _)| std::ptr::eq(*one, member))
                .map(|(_, client)| client);
            match client {
                Some(client) => {
                    places.push(self.folder(&client.name).display().to_string());
                    places.extend(client.install.iter().map(ToString::to_string));
                }
                None => places.extend(
                    member
                        .leaf
                        .paths
                        .iter()
                        .map(|path| path.display().to_string()),
                ),
            }
            let entry = match vault {
                Some(vault) => vault.find(certificate.serial())?,
                None => None,
            };
            if let Some(entry) = &entry {
                places.retain(|place| !entry.places.iter().any(|known| known.place == *place));
            }
            let due = match &member.recorded {
                None => true,
                // What was renewed, revoked or taken away here since stays so.
                Some(State::Active) => member.state != State::Active || !places.is_empty(),
                Some(_) => false,
            };
            if due {
                leaves.push(Known {
                    certificate: certificate.clone(),
                    purpose: member.purpose,
                    identity: member.identity.clone(),
                    issuer: self.choice.of(member.purpose).certificate.key_id(),
                    state: member.state.clone(),
                    places,
                    recorded: member.recorded.is_some(),
                });
            }
        }
        Ok(leaves)
    }

    fn notes(&self, plan: &mut Plan) {
        for ca in self.choice.all() {
            let usage = ca.certificate.describe().key_usage;
            if usage.is_some_and(|usage| !usage.crl_sign()) {
                plan.note(format!(
                    "{} may not sign revocation lists (its key usage lacks cRLSign): `sealock cert revoke` will have none to \
                     publish until `sealock ca rotate`",
                    ca.certificate.subject()
                ));
            }
        }
        if self.choice.is_one() {
            plan.note(
                "one CA vouches for servers and for clients (SL-F333); `sealock ca rotate` moves to two anchors",
            );
        }
    }
}

/// A client whose key is at hand, and what `sealock.toml` says of it.
type Entrant<'m> = (&'m Member<'m>, Client);

/// The chain without a root at its end: a root is an anchor or nothing.
fn below_root(leaf: &Leaf) -> Vec<Certificate> {
    leaf.chain
        .iter()
        .enumerate()
        .filter(|(index, link)| *index == 0 || !link.is_self_issued())
        .map(|(_, link)| link.clone())
        .collect()
}

fn key_of(leaf: &Leaf) -> Option<PrivateKey> {
    match &leaf.key {
        KeyAt::Plain(path) => read_key(path, None).ok(),
        KeyAt::Sealed(_) | KeyAt::Other(_) | KeyAt::Missing => None,
    }
}

fn files_of(plan: Plan) -> Vec<Edit> {
    plan.steps
        .into_iter()
        .filter_map(|step| match step {
            sealock_change::Step::File(edit) => Some(edit),
            sealock_change::Step::Action(_) => None,
        })
        .collect()
}
