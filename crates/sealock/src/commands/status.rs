//! `sealock status`: is this host still as it was proved?

use serde_json::json;

use sealock_check::seen::Drift;
use sealock_diag::escape;
use sealock_host::drift;
use sealock_pki::{AuthorityName, Certificate, Purpose};
use sealock_vault::{Operation, OperationKind, Phase};

use crate::agent::standing::Standing;
use crate::cloak::course::{self, Renewal};
use crate::cloak::credentials::{self, Authority, is_due};
use crate::cloak::revoked::left_out;
use crate::cloak::{
    clients, desired, gateway, prepare, registries, services, show, targets, up, waiting,
};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::printer::{BAD, GOOD, WARN, paint};
use crate::session::Session;
use crate::timeline;

pub(crate) fn run(session: &Session) -> Result<Exit, Failure> {
    let wanted = desired::load(session)?;
    let observed = up::observed(&wanted.options())?;
    let drifts = match &wanted.gateway {
        None => drift(&observed, &wanted),
        Some(front) => gateway::drift(session, &wanted, front, &observed),
    };
    let observed = &*gateway::seen(session, &wanted, &observed);
    let mut problems: Vec<String> = drifts
        .into_iter()
        .map(|drift| format!("{}: {}", escape(&drift.place.to_string_lossy()), drift.what))
        .collect();
    if let Some(run) = session.interrupted()? {
        problems.push(format!(
            "a run was interrupted ({}); `sealock apply` finishes it, `sealock down` undoes it",
            escape(&run.title)
        ));
    }
    let name = AuthorityName::try_from(wanted.authority.name.as_str())?;
    let Some(authority) = Authority::open(session, &name)? else {
        problems.push(format!(
            "the vault in {} has no authority {name}",
            session.home.display()
        ));
        return finish(session, &problems, None, &[]);
    };
    let server = credentials::server(session, &authority, &wanted, observed, &Renewal::Due)?;
    if let Some(reason) = &server.reason {
        problems.push(format!("the daemon's certificate: {reason}"));
    } else if server.issued.is_some() {
        problems.push(match wanted.gateway {
            None => "the daemon has no certificate of ours".to_owned(),
            Some(_) => "the gateway has no certificate of ours".to_owned(),
        });
    }
    let mut lives = vec![
        life("server anchor", authority.anchor(Purpose::Server)?),
        life("client anchor", authority.anchor(Purpose::Client)?),
    ];
    if server.issued.is_none() {
        lives.push(life(up::DAEMON, &server.leaf));
    }
    let mut bundles = registries::Bundles::new();
    for client in &wanted.clients {
        if let Some(since) = authority.revoked.since(&client.name) {
            session.printer.warn(&left_out(&client.name, since));
            continue;
        }
        let files = clients::files(session, &authority, &wanted, client, &Renewal::Due)?;
        if files.issued.is_some() {
            problems.push(format!(
                "the client {} has no good certificate in the vault's home",
                client.name
            ));
        } else {
            lives.push(life(&client.name, files.bundle.leaf()));
            bundles.insert(client.name.clone(), files.bundle);
        }
    }
    let of_registries = registries::drift(session, &authority, &wanted, &bundles)?;
    let told = |drift: &Drift| format!("{}: {}", drift.place, drift.what);
    problems.extend(of_registries.iter().map(told));
    let beside = services::drift(session, &authority, &wanted)?;
    problems.extend(beside.problems);
    lives.extend(beside.good.iter().map(|(name, leaf)| life(name, leaf)));
    let kits = prepare::kits(session, &wanted, &authority, &server)?;
    let all = targets::all(&targets::doors(observed, &wanted));
    let proof = sealock_probe::prove(&all, &kits.signing);
    problems.extend(kits.failures(&all, &proof));
    finish(session, &problems, Some(&proof), &lives)
}

/// A certificate on the list of what ends when.
struct Life {
    what: String,
    certificate: Certificate,
}

fn life(what: &str, certificate: &Certificate) -> Life {
    Life {
        what: what.to_owned(),
        certificate: certificate.clone(),
    }
}

fn finish(
    session: &Session,
    problems: &[String],
    proof: Option<&sealock_probe::Proof>,
    lives: &[Life],
) -> Result<Exit, Failure> {
    let exit = if problems.is_empty() {
        Exit::Done
    } else {
        Exit::No
    };
    let after = credentials::renew_after(session);
    let ahead = timeline::items(session)?;
    let operations = timeline::operations(session)?;
    let agent = Standing::look(session);
    if session.printer.json {
        let certificates: Vec<_> = lives
            .iter()
            .map(|life| json!({ "name": life.what, "serial": life.certificate.serial().to_string(), "notAfter": life.certificate.not_after().to_string(), "due": is_due(&life.certificate, after, session.now) }))
            .collect();
        session.printer.value(&json!({
            "version": 1,
            "healthy": problems.is_empty(),
            "problems": problems,
            "certificates": certificates,
            "timeline": timeline::json(&ahead, session.now),
            "operations": operations
                .iter()
                .map(|operation| operation_json(session, operation))
                .collect::<Result<Vec<_>, _>>()?,
            "agent": agent.json(),
            "proof": proof.map(sealock_probe::Proof::report),
        }));
        return Ok(exit);
    }
    if let Some(proof) = proof {
        session.printer.raw(&show::proof(proof));
        session.printer.data("");
    }
    if !ahead.is_empty() {
        session.printer.raw(&timeline::draw(&ahead, session.now));
        session.printer.data("");
    }
    for operation in &operations {
        session.printer.data(&operation_line(operation));
        for waiting in waiting::list(&session.vault()?, operation, session.now)? {
            session.printer.data(&format!(
                "  waits for {}: {}",
                escape(&waiting.identity),
                escape(&waiting.help)
            ));
        }
    }
    for line in agent.lines() {
        session.printer.data(&line);
    }
    session.printer.data("");
    for problem in problems {
        session
            .printer
            .data(&format!("{} {problem}", paint(BAD, "drift:")));
    }
    session.printer.data(&match problems.len() {
        0 => paint(GOOD, "healthy: as sealock.toml wants it, and proved"),
        _ => format!(
            "{} · `sealock plan` shows what would mend it, `sealock apply` does it",
            paint(WARN, "not healthy")
        ),
    });
    Ok(exit)
}

/// A rotation or rekey that is under way.
fn operation_line(operation: &Operation) -> String {
    let done = Phase::ALL
        .iter()
        .position(|phase| *phase == operation.phase)
        .map_or(0, |index| index + 1);
    let goes_on = match operation.kind {
        OperationKind::Rotation => "sealock ca rotate",
        OperationKind::Rekey => "sealock rekey",
    };
    format!(
        "{} of the {} since {}: {}, {done} of {} phases; `{goes_on}` goes on",
        paint(WARN, operation.kind.as_str()),
        course::anchors(operation),
        operation.started_at,
        operation.phase.as_str(),
        Phase::ALL.len()
    )
}

fn operation_json(session: &Session, operation: &Operation) -> Result<serde_json::Value, Failure> {
    let waiting = waiting::list(&session.vault()?, operation, session.now)?;
    Ok(json!({
        "kind": operation.kind.as_str(),
        "scope": operation.scope.as_str(),
        "phase": operation.phase.as_str(),
        "phaseAt": operation.phase_at.to_string(),
        "startedAt": operation.started_at.to_string(),
        "anchors": operation.successions.iter().map(|one| json!({
            "purpose": one.purpose.as_str(), "from": one.from, "to": one.to,
        })).collect::<Vec<_>>(),
        "waitingFor": waiting.iter().map(|one| json!({
            "identity": one.identity, "place": one.place,
        })).collect::<Vec<_>>(),
    }))
}
