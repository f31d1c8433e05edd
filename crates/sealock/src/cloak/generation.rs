//! A new generation of anchors: made, stored and noted, before anybody trusts it.

use std::time::Duration;

use sealock_change::{Guard, Plan, RunSummary, Store};
use sealock_host::Desired;
use sealock_pki::{
    AnchorRequest, AuthorityName, CommonName, Issuer, PrivateKey, Purpose, Timestamp, create_anchor,
};
use sealock_vault::{
    AnchorState, Authority, Operation, OperationKind, Scope, Succession, SystemEntropy,
};

use super::course::anchors;
use super::keep::StoreGeneration;
use super::{run, show};
use crate::catalogue;
use crate::failure::Failure;
use crate::session::Session;

/// Anchors outlive many generations of leaves; ten years, as docs and peers have it.
pub(super) const ANCHOR_LIFE: Duration = Duration::from_secs(3652 * 86_400);

/// Which authority of the vault this host has, and in which scope.
pub(crate) struct Whose {
    pub(crate) name: AuthorityName,
    pub(crate) scope: Scope,
}

impl Whose {
    pub(crate) fn of(desired: &Desired) -> Result<Self, Failure> {
        Ok(Self {
            name: AuthorityName::try_from(desired.authority.name.as_str())?,
            scope: desired.authority.scope.clone(),
        })
    }

    /// The operation that is under way.
    pub(crate) fn operation(&self, session: &Session) -> Result<Option<Operation>, Failure> {
        Ok(session.vault()?.operation(&self.name, &self.scope)?)
    }

    /// Whether a run that was interrupted had already ended such an operation: its anchors are withdrawn, and only its files
    /// are as they were before.
    pub(crate) fn was_ended_by(
        &self,
        session: &Session,
        run: &RunSummary,
        kind: OperationKind,
        purposes: &[Purpose],
    ) -> Result<bool, Failure> {
        let at = Timestamp::from_unix(run.at);
        let ended = session
            .vault()?
            .ended_operation(&self.name, &self.scope, at)?;
        Ok(ended.is_some_and(|ended| {
            let its = ended.successions.iter().map(|one| &one.purpose);
            ended.kind == kind && its.eq(purposes)
        }))
    }

    fn authority(&self, session: &Session) -> Result<Authority, Failure> {
        session.vault()?.authority(&self.name)?.ok_or_else(|| {
            Failure::own(
                catalogue::NOT_SET_UP,
                format!("the vault has no authority {}", self.name),
            )
            .help("sealock up")
        })
    }
}

/// What follows what: for each purpose the generation that signs now, and the next one. One that was made before and never
/// came to be trusted is taken.
pub(crate) fn successions(
    session: &Session,
    whose: &Whose,
    purposes: &[Purpose],
) -> Result<Vec<Succession>, Failure> {
    let authority = whose.authority(session)?;
    purposes
        .iter()
        .map(|purpose| {
            let from = authority
                .signs_now(*purpose, &whose.scope)
                .map_or(0, |anchor| anchor.generation);
            let youngest = authority.of(*purpose, &whose.scope).next();
            let to = match youngest {
                Some(anchor) if anchor.state == AnchorState::Prepared => anchor.generation,
                Some(anchor) => anchor.generation + 1,
                None => 1,
            };
            Ok(Succession {
                purpose: *purpose,
                from,
                to,
            })
        })
        .collect()
}

/// Makes the anchors and stores them; nobody is asked, because nobody trusts them yet.
pub(crate) fn prepare(
    session: &Session,
    whose: &Whose,
    kind: OperationKind,
    purposes: &[Purpose],
    lost: bool,
    (store, guard): (&Store, &Guard),
) -> Result<Operation, Failure> {
    let authority = whose.authority(session)?;
    let successions = successions(session, whose, purposes)?;
    let known = |one: &Succession| {
        authority
            .of(one.purpose, &whose.scope)
            .any(|anchor| anchor.generation == one.to)
    };
    let mut issuers = Vec::new();
    for one in successions.iter().filter(|one| !known(one)) {
        issuers.push((*one, make(session, whose, &authority, *one)?));
    }
    let sealed = authority
        .anchors
        .iter()
        .any(|anchor| anchor.sealed && anchor.state != AnchorState::Withdrawn);
    let passphrase = if sealed && !lost {
        session.passphrase_for(true)?
    } else {
        session.new_passphrase()?
    };
    if !lost {
        check(session, whose, &successions, passphrase.as_ref())?;
    }
    let now = session.now;
    let mut plan = Plan::new(match kind {
        OperationKind::Rotation => "prepare a rotation",
        OperationKind::Rekey => "prepare a rekey",
    });
    plan.push_action(StoreGeneration {
        home: session.home.clone(),
        name: whose.name.clone(),
        scope: whose.scope.clone(),
        kind,
        successions,
        issuers,
        passphrase,
        now,
    });
    show::plan(&session.printer, &plan)?;
    run::run(session, store, guard, plan)?;
    let operation = whose.operation(session)?;
    operation.ok_or_else(|| Failure::own(catalogue::BUG, "an operation was noted and is not there"))
}

/// The anchor that comes.
pub(crate) fn make(
    session: &Session,
    whose: &Whose,
    authority: &Authority,
    one: Succession,
) -> Result<Issuer, Failure> {
    let mut request = AnchorRequest::new(whose.name.clone(), one.purpose, ANCHOR_LIFE);
    request.generation = one.to;
    if one.purpose == Purpose::Client && !whose.scope.is_own() {
        request.scope = Some(CommonName::try_from(whose.scope.as_str())?);
    }
    let key = PrivateKey::generate(authority.key_kind)?;
    Ok(create_anchor(
        &request,
        key,
        session.now,
        &mut SystemEntropy,
    )?)
}

/// The passphrase of a new key must be the one that opens the old ones, or a slip of the hand locks the next generation.
/// A key that is not there any more cannot be asked.
fn check(
    session: &Session,
    whose: &Whose,
    successions: &[Succession],
    passphrase: Option<&sealock_pki::Passphrase>,
) -> Result<(), Failure> {
    let unlocked = session
        .vault()?
        .unlock(&whose.name, &whose.scope, passphrase)?;
    for one in successions {
        match unlocked.issuer_of(one.purpose, one.from) {
            Ok(_)
            | Err(
                sealock_vault::VaultError::KeyMissing { .. }
                | sealock_vault::VaultError::NoIssuer { .. },
            ) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Ends an operation that nothing came of.
pub(crate) fn cancel(session: &Session, operation: &Operation) -> Result<(), Failure> {
    Ok(session.vault()?.cancel_operation(operation, session.now)?)
}

/// Another operation stands in the way.
pub(crate) fn busy(operation: &Operation) -> Failure {
    let (what, help) = match operation.kind {
        OperationKind::Rotation => (
            "a rotation",
            "sealock ca rotate            goes on with it\nsealock ca rotate --undo     takes it back",
        ),
        OperationKind::Rekey => ("a rekey", "sealock rekey                goes on with it"),
    };
    Failure::own(
        catalogue::UNDER_WAY,
        format!("{what} of the {} is under way", anchors(operation)),
    )
    .because(format!(
        "it began at {} and is {}",
        operation.started_at,
        operation.phase.as_str()
    ))
    .help(help)
}
