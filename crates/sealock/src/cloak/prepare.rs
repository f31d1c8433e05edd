//! From the desired state and the vault to a plan: what is issued, what is written, and in which order.

use sealock_change::{Edit, Plan};
use sealock_diag::escape;
use sealock_host::{Answering, Desired, HostPlan, Live, Observed, plan_up};
use sealock_pki::Purpose;
use sealock_probe::ProofKit;
use sealock_vault::SystemEntropy;

use super::clients;
use super::course::{Advance, Course};
use super::credentials::{self, Authority, Server, is_half_over};
use super::gateway::{self, Front};
use super::keep::{InUse, Record, Recorded, Settle, StoreAuthority};
use super::proof::{Baseline, Kits, Prove, Seen, Shown, look};
use super::registries;
use super::revoked::left_out;
use super::scopes;
use super::services;
use super::singles::{self, Moved};
use super::targets::{self, Door};
use super::up::{DAEMON, UNSEALED, remaining_words};
use crate::failure::Failure;
use crate::session::Session;

/// Everything between the desired state and the run.
pub(crate) struct Prepared {
    pub(crate) plan: Plan,
    pub(super) host: HostSide,
    pub(super) shown: Shown,
    pub(super) kits: Kits,
    pub(super) doors: Vec<Door>,
    /// What was proved of services.
    pub(super) services: services::Proofs,
}

impl Prepared {
    /// What is left to a person although nothing is to be written, in words for them.
    pub(crate) fn only_remaining(&self) -> Option<String> {
        let step = self.host.remaining_step.as_ref()?;
        self.plan.is_empty().then(|| remaining_words(step, 0))
    }

    /// What a person would have to restart, so that nothing can be proved before.
    pub(crate) fn remaining_step(&self) -> Option<&str> {
        self.host.remaining_step.as_deref()
    }
}

pub(super) struct HostSide {
    pub(super) consents: Vec<sealock_host::Consent>,
    pub(super) remaining_step: Option<String>,
}

/// What a plan is made of, before it has an order.
pub(crate) struct Parts {
    pub(crate) authority: Authority,
    pub(crate) server: Server,
    pub(crate) doors: Vec<Door>,
    pub(crate) host: HostPlan,
    /// What is around the host's steps when a gateway stands in front of the daemon.
    pub(crate) front: Option<Front>,
    pub(crate) kits: Kits,
    /// What is issued, for the inventory.
    pub(crate) issued: Vec<Recorded>,
    pub(crate) in_use: Vec<InUse>,
    /// The services of which something is not as it must be.
    pub(crate) beside: Vec<String>,
    /// What else is taken up and proved.
    pub(crate) services: Vec<services::Act>,
    /// What was proved of services, and what will be.
    pub(crate) proofs: services::Proofs,
    /// The files of clients, of services and of single certificates.
    pub(crate) edits: Vec<Edit>,
    pub(crate) moved: Vec<singles::Change>,
    pub(crate) notes: Vec<String>,
    /// Notes in the vault that the phase was reached.
    pub(crate) advance: Option<Advance>,
}

/// Issues what is needed, in memory; nothing is written.
pub(crate) fn parts(
    session: &Session,
    desired: &Desired,
    observed: &Observed,
    course: &Course,
) -> Result<Parts, Failure> {
    gateway::check(desired, observed)?;
    let observed = &*gateway::seen(session, desired, observed);
    let mut authority = Authority::open_or_make(session, &desired.authority)?;
    let before = authority.states();
    if let Some(transition) = &course.transition {
        authority.assume(&transition.states());
    }
    let mut server = credentials::server(session, &authority, desired, observed, &course.renewal)?;
    let doors = targets::doors(observed, desired);
    let live = live(&authority, &server, &doors)?;
    let (mut host, front) = match &desired.gateway {
        None => {
            let host = plan_up(observed, desired, &server.material, &live)?;
            (host, None)
        }
        Some(gateway) => {
            let material = (&authority, &server.material);
            let (host, front) =
                gateway::front(session, desired, gateway, observed, material, &doors, &live)?;
            (host, Some(front))
        }
    };
    if host.restart && server.issued.is_none() && is_half_over(&server.leaf, session.now) {
        // The daemon is restarted anyway: renewed now, it need not be restarted for that.
        let reason = "the daemon is restarted anyway, and half of its life is over".to_owned();
        server = credentials::issue_server(session, &authority, desired, Some(reason))?;
        let live = self::live(&authority, &server, &doors)?;
        host = plan_up(observed, desired, &server.material, &live)?;
    }
    if course.transition.is_none() {
        host.consents
            .extend(scopes::left(session, &authority, observed)?);
    }
    let mut parts = Parts {
        kits: kits(session, desired, &authority, &server)?,
        issued: server.issued.iter().map(|new| new.to_record()).collect(),
        in_use: vec![InUse {
            identity: DAEMON.to_owned(),
            purpose: Purpose::Server,
            serial: server.leaf.serial().clone(),
            places: vec![
                observed
                    .directory
                    .join(server.material.folder())
                    .display()
                    .to_string(),
            ],
        }],
        beside: Vec::new(),
        services: Vec::new(),
        proofs: services::Proofs::default(),
        edits: Vec::new(),
        moved: Vec::new(),
        notes: Vec::new(),
        advance: course.transition.as_ref().map(|transition| Advance {
            home: session.home.clone(),
            name: authority.name.clone(),
            transition: transition.clone(),
            before,
            now: session.now,
        }),
        authority,
        server,
        doors,
        host,
        front,
    };
    let wanted = |name: &String| !course.without.contains(name);
    let mut bundles = registries::Bundles::new();
    for client in desired.clients.iter().filter(|one| wanted(&one.name)) {
        if let Some(since) = parts.authority.revoked.since(&client.name)
            && !course.renewal.names(&client.name)
        {
            parts.notes.push(left_out(&client.name, since));
            continue;
        }
        let files = clients::files(session, &parts.authority, desired, client, &course.renewal)?;
        parts
            .issued
            .extend(files.issued.iter().map(|new| new.to_record()));
        parts.in_use.push(InUse {
            identity: client.name.clone(),
            purpose: Purpose::Client,
            serial: files.bundle.leaf().serial().clone(),
            places: files.places,
        });
        parts.edits.extend(files.edits);
        bundles.insert(client.name.clone(), files.bundle);
    }
    registries::join(session, desired, &bundles, &mut parts)?;
    for part in services::parts(session, &parts.authority, desired, course, &parts.proofs)? {
        parts.beside.extend(part.changes.then_some(part.name));
        parts.issued.extend(part.issued);
        parts.in_use.push(part.in_use);
        parts.edits.extend(part.edits);
        parts.notes.extend(part.notes);
        parts.services.extend(part.act);
        parts.proofs.borrow_mut().extend(part.held);
    }
    for single in singles::due(session, &parts.authority, course)? {
        let serial = single.issued.certificate().serial().clone();
        parts.moved.push((single.old, serial, single.places));
        parts.issued.push(single.issued.to_record());
        parts.edits.extend(single.edits);
        parts.notes.extend(single.note);
    }
    Ok(parts)
}

/// Makes the plan; nothing is written.
pub(crate) fn prepare(
    session: &Session,
    desired: &Desired,
    observed: &Observed,
    course: &Course,
) -> Result<Prepared, Failure> {
    let parts = parts(session, desired, observed, course)?;
    let rests =
        parts.host.steps.is_empty() && parts.front.as_ref().is_none_or(|one| one.run.is_none());
    let title = match (&course.transition, &desired.gateway) {
        (Some(transition), _) => transition.title(),
        (None, _) if rests && !parts.issued.is_empty() => given(&parts.issued),
        (None, _) if rests && !parts.beside.is_empty() => {
            format!("put {} in order", listed(&parts.beside))
        }
        (None, None) => format!("put {} behind mutual TLS", observed.service.name()),
        (None, Some(_)) => format!("put a gateway in front of {}", observed.service.name()),
    };
    in_order(session, observed, title, parts)
}

/// Who gets a certificate while the daemon stays as it is.
fn given(issued: &[Recorded]) -> String {
    let names: Vec<String> = issued.iter().map(|one| escape(&one.identity)).collect();
    match names.len() {
        1 => format!("give {} a certificate", names[0]),
        _ => format!("give {} their certificates", listed(&names)),
    }
}

/// `a`, `a and b`, `a, b and c`.
fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The order makes every prefix safe: what is issued is recorded before it lies anywhere, the way back is known before
/// anything changes, and the vault says what is proved only when it is.
fn in_order(
    session: &Session,
    observed: &Observed,
    title: String,
    parts: Parts,
) -> Result<Prepared, Failure> {
    let Parts {
        authority,
        server,
        doors,
        mut host,
        front,
        beside: _,
        services,
        proofs,
        kits,
        issued,
        in_use,
        edits,
        moved,
        notes,
        advance,
    } = parts;
    let mut plan = Plan::new(title);
    plan.notes = notes;
    if let Some((key_kind, server, client)) = authority.to_store() {
        let passphrase = session.new_passphrase()?;
        if passphrase.is_none() {
            plan.note(UNSEALED);
        }
        plan.push_action(StoreAuthority {
            home: session.home.clone(),
            name: authority.name.clone(),
            key_kind,
            server,
            client,
            passphrase,
            now: session.now,
        });
    }
    let settle = !issued.is_empty();
    if settle {
        plan.push_action(Record {
            home: session.home.clone(),
            entries: issued,
            now: session.now,
        });
    }
    let (before, act, untouched) = match front {
        None => (None, None, None),
        Some(front) => (Some(front.before), front.run, Some(front.untouched)),
    };
    let daemon_changes = !host.steps.is_empty() || act.is_some();
    match before {
        Some(before) if daemon_changes => plan.push_action(before),
        None if daemon_changes => Baseline::open(
            &mut plan,
            observed.service.clone(),
            observed.before(),
            targets::all(&doors),
        ),
        _ => {}
    }
    let (mut before, mut then) = (Vec::new(), Vec::new());
    for act in services {
        before.push(act.before);
        then.push((act.take, act.prove));
    }
    for before in before {
        plan.push_action(before);
    }
    push_host(&mut plan, &mut host, edits, then)?;
    if let Some(act) = act {
        plan.push_action(act);
    }
    let mut shown = Shown::default();
    if (daemon_changes || advance.is_some()) && host.remaining_step.is_none() {
        let (prove, place) = Prove::new(kits.clone(), targets::all(&doors));
        shown = place;
        plan.push_action(prove);
        if let Some(untouched) = untouched {
            plan.push_action(untouched);
        }
    }
    if let Some(advance) = advance {
        plan.push_action(advance);
    }
    if !moved.is_empty() {
        plan.push_action(Moved {
            home: session.home.clone(),
            moved,
            now: session.now,
        });
    }
    if settle {
        plan.push_action(Settle {
            home: session.home.clone(),
            in_use,
            now: session.now,
        });
    }
    if host.remaining_step.is_none() {
        for edit in std::mem::take(&mut host.cleanup) {
            plan.push_edit(edit)?;
        }
    }
    if let Some(reason) = &server.reason {
        plan.note(format!(
            "the daemon's certificate is issued anew: {}",
            escape(reason)
        ));
    }
    for note in &host.notes {
        plan.note(note.clone());
    }
    Ok(Prepared {
        plan,
        host: HostSide {
            consents: host.consents,
            remaining_step: host.remaining_step,
        },
        shown,
        kits,
        doors,
        services: proofs,
    })
}

/// What answers now.
fn live(
    authority: &Authority,
    server: &credentials::Server,
    doors: &[Door],
) -> Result<Live, Failure> {
    let trusted = authority
        .trusted(Purpose::Client)?
        .iter()
        .map(|anchor| anchor.subject_der().to_vec())
        .collect();
    let expected = Seen::Tls(server.leaf.fingerprint(), trusted);
    Ok(Live(
        doors
            .iter()
            .map(|door| (door.listen, answering(door, &expected)))
            .collect(),
    ))
}

/// Who must get in and who must not: the clients of the anchor that signs, of others that are trusted, and of the
/// youngest that is withdrawn.
pub(crate) fn kits(
    session: &Session,
    desired: &Desired,
    authority: &Authority,
    server: &credentials::Server,
) -> Result<Kits, Failure> {
    let trust = vec![authority.anchor(Purpose::Server)?.clone()];
    // Behind a gateway the daemon answers those whom the policy knows.
    let granted = gateway::somebody_granted(session, desired)?;
    let name = granted.as_deref().unwrap_or("sealock proof rightful");
    let forge = |issuer| {
        ProofKit::forge_as(
            name,
            issuer,
            trust.clone(),
            server.identity.clone(),
            session.now,
            &mut SystemEntropy,
        )
    };
    let signing = forge(authority.issuer(Purpose::Client)?)?;
    let mut others = Vec::new();
    for issuer in authority.also_trusted(Purpose::Client) {
        let who = format!("clients of {}", escape(&issuer.certificate().subject()));
        others.push((who, forge(issuer)?));
    }
    if let Some(retired) = authority.last_withdrawn(Purpose::Client) {
        let who = format!(
            "clients of {}, which is withdrawn",
            escape(&retired.certificate().subject())
        );
        let foreign = credentials::throwaway_client(retired, session.now)?;
        if let Some(foreign) = foreign {
            others.push((who, signing.with_foreign(foreign)?));
        }
    }
    Ok(Kits { signing, others })
}

/// The host's steps, with the files of clients just before the restart: until then the old ones let them in. Services
/// take theirs up there too: what does not hold of them is found before the daemon is restarted for nothing.
fn push_host(
    plan: &mut Plan,
    host: &mut HostPlan,
    edits: Vec<Edit>,
    services: Vec<(services::Take, services::Prove)>,
) -> Result<(), Failure> {
    let mut steps = std::mem::take(&mut host.steps);
    let restart = if host.restart { steps.pop() } else { None };
    for step in steps {
        plan.push(step);
    }
    for edit in edits {
        plan.push_edit(edit)?;
    }
    for (take, prove) in services {
        plan.push_action(take);
        plan.push_action(prove);
    }
    if let Some(restart) = restart {
        plan.push(restart);
    }
    Ok(())
}

/// What the first reachable address of a door answers with.
fn answering(door: &Door, expected: &Seen) -> Answering {
    let mut worst = Answering::Serving;
    for target in &door.targets {
        match look(target) {
            seen if seen == *expected => {}
            Seen::Tls(..) | Seen::Plain => return Answering::Stale,
            Seen::Silent => worst = Answering::Silent,
        }
    }
    worst
}
