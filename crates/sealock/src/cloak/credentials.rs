//! The certificates that a plan needs: those that are good are kept, the others are issued in memory.
//! Nothing is written here; a plan carries what was made.

use std::rc::Rc;
use std::time::Duration;

use sealock_diag::{Diagnose, escape};
use sealock_host::desired::Share;
use sealock_host::{Desired, Installed, Material, Observed};
use sealock_pki::{
    AnchorRequest, AuthorityName, CaKeyUsage, Certificate, CommonName, Issuer, KeyId, KeyKind,
    LeafRequest, PrivateKey, Purpose, San, Timestamp, VerifyOptions, create_anchor, issue_leaf,
    verify,
};
use sealock_tls::Identity;
use sealock_vault::{AnchorState, Scope, SystemEntropy, Unlocked, Usage};

use super::course::Renewal;
use super::generation::ANCHOR_LIFE;
use super::keep::Recorded;
use super::revoked::Revoked;
use super::scopes;
use super::up::DAEMON;
use crate::catalogue;
use crate::failure::Failure;
use crate::session::Session;

/// How long what is made for a look lives.
const LOOK: Duration = Duration::from_secs(10 * 60);

/// The authority as a capability: from the vault, or new and not yet stored.
pub(crate) struct Authority {
    pub(crate) name: AuthorityName,
    /// Whose certificates count no more.
    pub(crate) revoked: Revoked,
    /// After which part of their life certificates are renewed.
    renew_after: Share,
    source: Source,
}

enum Source {
    Stored(Unlocked),
    New {
        key_kind: KeyKind,
        server: Rc<Issuer>,
        client: Rc<Issuer>,
    },
}

impl Authority {
    /// Opens the authority of the vault, or makes one in memory when the vault has none of this name.
    pub(crate) fn open_or_make(
        session: &Session,
        wanted: &sealock_host::desired::Authority,
    ) -> Result<Self, Failure> {
        let name = AuthorityName::try_from(wanted.name.as_str())?;
        let key_kind = wanted.key;
        if let Some(stored) = Self::open_in(session, &name, &wanted.scope)? {
            return Ok(stored);
        }
        // A scope is a part of an authority that others have as well, so neither is made in passing.
        if !wanted.scope.is_own() {
            let make = format!(
                "sealock ca create --name {name}\nsealock ca scope add {}",
                wanted.scope
            );
            return Err(scopes::missing(&name, &wanted.scope)
                .because("the authority is not in the vault yet")
                .help(make));
        }
        let make = |purpose| -> Result<Rc<Issuer>, Failure> {
            let request = AnchorRequest {
                authority: name.clone(),
                purpose,
                scope: None,
                generation: 1,
                life: ANCHOR_LIFE,
            };
            Ok(Rc::new(create_anchor(
                &request,
                PrivateKey::generate(key_kind)?,
                session.now,
                &mut SystemEntropy,
            )?))
        };
        let source = Source::New {
            key_kind,
            server: make(Purpose::Server)?,
            client: make(Purpose::Client)?,
        };
        Ok(Self {
            name,
            revoked: Revoked::default(),
            renew_after: renew_after(session),
            source,
        })
    }

    /// The authority of the vault, with the client anchors of this host's scope; `None` when there is no vault or no such
    /// authority.
    pub(crate) fn open(session: &Session, name: &AuthorityName) -> Result<Option<Self>, Failure> {
        Self::open_in(session, name, &scopes::of_host(session, name)?)
    }

    /// The same, with the client anchors of a scope.
    pub(crate) fn open_in(
        session: &Session,
        name: &AuthorityName,
        scope: &Scope,
    ) -> Result<Option<Self>, Failure> {
        if !session.has_vault()? {
            return Ok(None);
        }
        let vault = session.vault()?;
        let Some(stored) = vault.authority(name)? else {
            return Ok(None);
        };
        scopes::check(&stored, scope)?;
        let sealed = stored
            .anchors
            .iter()
            .any(|anchor| anchor.sealed && anchor.state != AnchorState::Withdrawn);
        let passphrase = session.passphrase_for(sealed)?;
        let unlocked = vault.unlock(name, scope, passphrase.as_ref())?;
        let authority = Self {
            name: name.clone(),
            revoked: Revoked::of(&vault, scope)?,
            renew_after: renew_after(session),
            source: Source::Stored(unlocked),
        };
        authority.check_clock(session.now)?;
        Ok(Some(authority))
    }

    /// Like [`Authority::open`], for a look: a sealed authority stays closed unless a source for its passphrase was named.
    pub(crate) fn open_unasked(
        session: &Session,
        name: &AuthorityName,
    ) -> Result<Option<Self>, Failure> {
        if !session.has_vault()? {
            return Ok(None);
        }
        let stored = session.vault()?.authority(name)?;
        let sealed =
            stored.is_some_and(|authority| authority.anchors.iter().any(|anchor| anchor.sealed));
        if sealed && !session.has_passphrase_source() {
            return Ok(None);
        }
        Self::open(session, name)
    }

    /// What has to be stored, when it is new: key kind, server issuer, client issuer.
    pub(crate) fn to_store(&self) -> Option<(KeyKind, Rc<Issuer>, Rc<Issuer>)> {
        match &self.source {
            Source::Stored(_) => None,
            Source::New {
                key_kind,
                server,
                client,
            } => Some((*key_kind, Rc::clone(server), Rc::clone(client))),
        }
    }

    pub(crate) fn issuer(&self, purpose: Purpose) -> Result<&Issuer, Failure> {
        match (&self.source, purpose) {
            (Source::Stored(unlocked), _) => Ok(unlocked.issuer(purpose)?),
            (Source::New { server, .. }, Purpose::Server) => Ok(server),
            (Source::New { client, .. }, Purpose::Client) => Ok(client),
        }
    }

    /// Takes anchors for what a plan will make of them.
    pub(crate) fn assume(&mut self, states: &[(Purpose, u32, AnchorState)]) {
        if let Source::Stored(unlocked) = &mut self.source {
            unlocked.assume(states);
        }
    }

    /// The anchors that whoever verifies this purpose shall trust, youngest first.
    pub(crate) fn trusted(&self, purpose: Purpose) -> Result<Vec<Certificate>, Failure> {
        Ok(match &self.source {
            Source::Stored(unlocked) => unlocked
                .anchors(purpose)
                .filter(|anchor| anchor.state.is_trusted())
                .map(|anchor| anchor.certificate.clone())
                .collect(),
            Source::New { .. } => vec![self.anchor(purpose)?.clone()],
        })
    }

    /// The client anchors that are trusted, each with its issuer as far as its key is here.
    pub(crate) fn trusted_clients(
        &self,
    ) -> Result<Vec<(sealock_vault::Anchor, Option<&Issuer>)>, Failure> {
        let purpose = Purpose::Client;
        let Some(unlocked) = self.stored() else {
            let issuer = self.issuer(purpose)?;
            let anchor = sealock_vault::Anchor {
                purpose,
                scope: self.scope().clone(),
                generation: 1,
                certificate: issuer.certificate().clone(),
                key_id: issuer.certificate().key_id(),
                sealed: false,
                state: AnchorState::Active,
            };
            return Ok(vec![(anchor, Some(issuer))]);
        };
        Ok(unlocked
            .anchors(purpose)
            .filter(|anchor| anchor.state.is_trusted())
            .map(|anchor| {
                let issuer = unlocked.issuer_of(purpose, anchor.generation).ok();
                (anchor.clone(), issuer)
            })
            .collect())
    }

    /// What every anchor is good for now.
    pub(crate) fn states(&self) -> Vec<(Purpose, u32, AnchorState)> {
        let stored = self.stored().into_iter();
        stored
            .flat_map(|unlocked| {
                [Purpose::Server, Purpose::Client]
                    .into_iter()
                    .flat_map(|purpose| unlocked.anchors(purpose))
                    .map(|anchor| (anchor.purpose, anchor.generation, anchor.state))
            })
            .collect()
    }

    /// The issuers that are trusted beside the one that signs, as far as their keys are here.
    pub(crate) fn also_trusted(&self, purpose: Purpose) -> Vec<&Issuer> {
        let signs = self.generation(purpose);
        self.of_generations(purpose, |anchor| {
            anchor.state.is_trusted() && anchor.generation != signs
        })
    }

    /// The issuer that was withdrawn last, when its key is still here.
    pub(crate) fn last_withdrawn(&self, purpose: Purpose) -> Option<&Issuer> {
        self.of_generations(purpose, |anchor| anchor.state == AnchorState::Withdrawn)
            .into_iter()
            .next()
    }

    fn of_generations(
        &self,
        purpose: Purpose,
        wanted: impl Fn(&sealock_vault::Anchor) -> bool,
    ) -> Vec<&Issuer> {
        let Some(unlocked) = self.stored() else {
            return Vec::new();
        };
        unlocked
            .anchors(purpose)
            .filter(|anchor| wanted(anchor))
            // A key that is lost or sealed with another passphrase only makes the proof smaller.
            .filter_map(|anchor| unlocked.issuer_of(purpose, anchor.generation).ok())
            .collect()
    }

    /// Whether one of its anchors for this purpose has this key.
    pub(crate) fn knows(&self, purpose: Purpose, key: KeyId) -> bool {
        self.stored().is_some_and(|unlocked| {
            let mut anchors = unlocked.anchors(purpose);
            anchors.any(|anchor| anchor.key_id == key)
        })
    }

    /// The vault's side of it; `None` while it is not stored.
    pub(crate) fn stored(&self) -> Option<&Unlocked> {
        match &self.source {
            Source::Stored(unlocked) => Some(unlocked),
            Source::New { .. } => None,
        }
    }

    /// The scope of the client anchors.
    pub(crate) fn scope(&self) -> &Scope {
        match &self.source {
            Source::Stored(unlocked) => unlocked.scope(),
            Source::New { .. } => Scope::own(),
        }
    }

    pub(crate) fn generation(&self, purpose: Purpose) -> u32 {
        match &self.source {
            Source::Stored(unlocked) => unlocked.generation(purpose).unwrap_or(1),
            Source::New { .. } => 1,
        }
    }

    /// The certificate of the anchor that signs now. Its key is not needed for it, and may be lost.
    pub(crate) fn anchor(&self, purpose: Purpose) -> Result<&Certificate, Failure> {
        let signs = self.stored().and_then(|unlocked| {
            let mut anchors = unlocked.anchors(purpose);
            anchors.find(|anchor| anchor.state == AnchorState::Active)
        });
        match signs {
            Some(anchor) => Ok(&anchor.certificate),
            None => Ok(self.issuer(purpose)?.certificate()),
        }
    }

    /// A clock before the anchors' birth would issue certificates that nobody accepts.
    fn check_clock(&self, now: Timestamp) -> Result<(), Failure> {
        for purpose in [Purpose::Server, Purpose::Client] {
            let born = self.anchor(purpose)?.not_before();
            if now < born {
                return Err(
                    Failure::own(catalogue::CLOCK, "this host's clock cannot be right")
                        .at("this host")
                        .because(format!(
                            "it says {now}; the {purpose} anchor of {} was born at {born}",
                            self.name
                        ))
                        .help("timedatectl set-ntp true"),
                );
            }
        }
        Ok(())
    }

    /// The scope that a certificate for this purpose belongs to.
    pub(crate) fn scope_of(&self, purpose: Purpose) -> Scope {
        match purpose {
            Purpose::Server => Scope::own().clone(),
            Purpose::Client => self.scope().clone(),
        }
    }

    /// Makes a key and a leaf.
    pub(crate) fn issue(
        &self,
        request: &LeafRequest,
        key_kind: KeyKind,
        identity: &str,
        now: Timestamp,
    ) -> Result<Issued, Failure> {
        let key = PrivateKey::generate(key_kind)?;
        let certificate = issue_leaf(
            self.issuer(request.purpose)?,
            request,
            key.public_key(),
            now,
            &mut SystemEntropy,
        )
        .map_err(|error| {
            use sealock_pki::IssueError as E;
            let of_the_anchor =
                matches!(error, E::IssuerExpired { .. } | E::IssuerNotYetValid { .. });
            let failure = Failure::new(&error);
            match of_the_anchor {
                true => failure.at(format!("the {} anchor of {}", request.purpose, self.name)),
                false => failure,
            }
        })?;
        let record = Recorded {
            certificate,
            purpose: request.purpose,
            identity: identity.to_owned(),
            issuer: self.anchor(request.purpose)?.key_id(),
            generation: self.generation(request.purpose),
            scope: self.scope_of(request.purpose),
            usage: Usage::Standing,
        };
        Ok(Issued { record, key })
    }
}

/// A leaf made in this process, with its key.
#[derive(Clone, Debug)]
pub(crate) struct Issued {
    pub(crate) record: Recorded,
    pub(crate) key: PrivateKey,
}

impl Issued {
    /// What the inventory keeps of it.
    pub(crate) fn to_record(&self) -> Recorded {
        self.record.clone()
    }

    pub(crate) fn certificate(&self) -> &Certificate {
        &self.record.certificate
    }
}

/// The daemon's credentials: the files, and the identity they amount to.
pub(crate) struct Server {
    pub(crate) material: Material,
    pub(crate) identity: Identity,
    pub(crate) leaf: Certificate,
    /// `None` when the installed certificate is good as it is.
    pub(crate) issued: Option<Issued>,
    /// Why it was issued anew, when there was one before.
    pub(crate) reason: Option<String>,
}

/// A server of the authority for the time of a look, whose theft is played: it is never written anywhere.
pub(crate) fn throwaway_server(authority: &Authority, now: Timestamp) -> Result<Identity, Failure> {
    let key = PrivateKey::generate(KeyKind::EcdsaP256)?;
    let request = LeafRequest::server(vec![San::Ip(std::net::Ipv4Addr::LOCALHOST.into())], LOOK)?;
    let leaf = issue_leaf(
        authority.issuer(Purpose::Server)?,
        &request,
        key.public_key(),
        now,
        &mut SystemEntropy,
    )?;
    Ok(Identity::new(vec![leaf], &key)?)
}

/// A client of an issuer for the time of a look. `None` when the issuer is too old to sign.
pub(crate) fn throwaway_client(
    issuer: &Issuer,
    now: Timestamp,
) -> Result<Option<Identity>, Failure> {
    if issuer.certificate().not_after() < now + LOOK {
        return Ok(None);
    }
    let key = PrivateKey::generate(KeyKind::EcdsaP256)?;
    let name = CommonName::try_from("sealock proof retired")?;
    let request = LeafRequest::client(name, LOOK);
    let leaf = issue_leaf(issuer, &request, key.public_key(), now, &mut SystemEntropy)?;
    Ok(Some(Identity::new(vec![leaf], &key)?))
}

/// Keeps the installed server certificate when it is good, else issues one.
pub(crate) fn server(
    session: &Session,
    authority: &Authority,
    desired: &Desired,
    observed: &Observed,
    renewal: &Renewal,
) -> Result<Server, Failure> {
    let (installed, unreadable) = match observed.installed() {
        Ok(installed) => (installed, None),
        Err(error) => (
            None,
            Some(format!(
                "{error}: {}: {}",
                error.location().unwrap_or_default(),
                Diagnose::cause(&error).unwrap_or_default()
            )),
        ),
    };
    let reason = match &installed {
        Some(installed) => match judge_installed(session, authority, desired, installed) {
            Ok(_) if renewal.asks_for(DAEMON) => Some("a new one was asked for".to_owned()),
            Ok((chain, key)) => return keep(authority, chain, &key),
            Err(reason) => Some(reason),
        },
        None => unreadable,
    };
    issue_server(session, authority, desired, reason)
}

/// Makes a certificate for the daemon.
pub(crate) fn issue_server(
    session: &Session,
    authority: &Authority,
    desired: &Desired,
    reason: Option<String>,
) -> Result<Server, Failure> {
    let sans = desired
        .daemon
        .names
        .iter()
        .map(|name| name.parse::<San>())
        .collect::<Result<Vec<_>, _>>()?;
    let wanted = escape(&session.config.to_string_lossy());
    let request = LeafRequest::server(sans, desired.daemon.server_life)
        .map_err(|error| Failure::new(&error).at(&wanted))?;
    let issued = authority
        .issue(&request, desired.authority.key, DAEMON, session.now)
        .map_err(|failure| failure.or_at(&wanted))?;
    let chain = vec![issued.certificate().clone()];
    let mut server = keep(authority, chain, &issued.key)?;
    server.issued = Some(issued);
    server.reason = reason;
    Ok(server)
}

fn keep(
    authority: &Authority,
    chain: Vec<Certificate>,
    key: &PrivateKey,
) -> Result<Server, Failure> {
    let ca_pem: String = authority
        .trusted(Purpose::Client)?
        .iter()
        .map(Certificate::to_pem)
        .collect();
    let identity = Identity::new(chain.clone(), key)?;
    let no_leaf = || Failure::own(catalogue::BUG, "a server without a certificate");
    let material = Material::new(ca_pem.into_bytes(), &chain, key.to_pem()?).ok_or_else(no_leaf)?;
    let leaf = chain.into_iter().next().ok_or_else(no_leaf)?;
    Ok(Server {
        material,
        identity,
        leaf,
        issued: None,
        reason: None,
    })
}

/// Whether what is installed may stay; the error is the reason in words.
fn judge_installed(
    session: &Session,
    authority: &Authority,
    desired: &Desired,
    installed: &Installed,
) -> Result<(Vec<Certificate>, PrivateKey), String> {
    let chain =
        Certificate::chain_from_pem(&installed.cert_pem).map_err(|error| error.to_string())?;
    let key = PrivateKey::from_pem(installed.key_pem.expose(), None)
        .map_err(|error| error.to_string())?;
    let leaf = chain.first().ok_or("it is empty")?;
    good_for(leaf, &chain, &key, authority, Purpose::Server, session.now)?;
    let mut wanted: Vec<San> = Vec::new();
    for name in &desired.daemon.names {
        wanted.push(
            name.parse()
                .map_err(|error: sealock_pki::NameError| error.to_string())?,
        );
    }
    for name in &wanted {
        if !leaf.sans().contains(name) {
            return Err(format!("it does not carry {}", escape(&name.value())));
        }
    }
    if let Some(surplus) = leaf.sans().iter().find(|san| !wanted.contains(san)) {
        return Err(format!(
            "it carries {}, which is not wanted any more",
            escape(&surplus.value())
        ));
    }
    Ok((chain, key))
}

/// Whether a leaf with its key is good: signed by our anchor, for this purpose, now and for a while.
pub(crate) fn good_for(
    leaf: &Certificate,
    chain: &[Certificate],
    key: &PrivateKey,
    authority: &Authority,
    purpose: Purpose,
    now: Timestamp,
) -> Result<(), String> {
    let anchors = [authority
        .anchor(purpose)
        .map_err(|failure| failure.headline)?
        .clone()];
    let options = VerifyOptions {
        // An imported CA may state none (Docker's own recipe makes such); ours always do.
        key_usage: CaKeyUsage::Optional,
        ..VerifyOptions::new(purpose, now)
    };
    verify(chain, &anchors, &options).map_err(|refusal| refusal.to_string())?;
    if authority.revoked.has(leaf.serial()) {
        return Err("it was revoked".to_owned());
    }
    if leaf.spki_der() != key.spki_der() {
        return Err("its key does not match".to_owned());
    }
    if is_due(leaf, authority.renew_after, now) {
        return Err(format!(
            "{} of its life are over ({} to {})",
            match authority.renew_after {
                Share::TWO_THIRDS => "two thirds".to_owned(),
                other => other.to_string(),
            },
            leaf.not_before(),
            leaf.not_after()
        ));
    }
    Ok(())
}

/// After which part of their life certificates are renewed, as sealock.toml has it.
pub(crate) fn renew_after(session: &Session) -> Share {
    // A file that somebody broke is an error of whoever needs more of it.
    let wanted = super::desired::find(session).ok().flatten();
    wanted.map_or(Share::default(), |wanted| wanted.authority.renew_after)
}

/// Whether it is time to renew a certificate: see [`due_at`].
pub(crate) fn is_due(leaf: &Certificate, after: Share, now: Timestamp) -> bool {
    now > due_at(leaf, after)
}

/// Whether half of a certificate's life is over.
pub(crate) fn is_half_over(leaf: &Certificate, now: Timestamp) -> bool {
    now > leaf.not_before() + leaf.not_after().since(leaf.not_before()) / 2
}

/// When that part of a certificate's life is over, or a little before: up to a twelfth of its life earlier, each
/// certificate at a moment of its own, so that a thousand of them that were born in one minute are not renewed in one.
pub(crate) fn due_at(leaf: &Certificate, after: Share) -> Timestamp {
    let whole = leaf.not_after().since(leaf.not_before());
    let last = leaf.serial().as_bytes().last().copied().unwrap_or(0);
    let early = whole / 12 * u32::from(last) / 255;
    leaf.not_before() + after.of(whole) - early
}
