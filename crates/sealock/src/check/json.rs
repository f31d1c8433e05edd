//! A report for programs. The shape is version 1: fields are added, never renamed or given another meaning.

use sealock_check::Finding;
use sealock_check::seen::{Endpoint, Offer, Outcome, Reach, Service};
use sealock_check::verdict::daemon_mode;
use sealock_pki::{Certificate, San};
use serde_json::{Value, json};

use super::report::{Report, help};

/// All reports of one look.
pub(crate) fn reports(reports: &[Report]) -> Value {
    json!({
        "version": 1,
        "at": reports.first().map(|report| report.seen.now.to_string()),
        "found": reports.iter().map(|report| report.findings.len()).sum::<usize>(),
        "reports": reports.iter().map(report).collect::<Vec<_>>(),
    })
}

fn report(report: &Report) -> Value {
    json!({
        "subject": report.subject,
        "kind": report.kind.slug(),
        "notLookedAt": report.unseen,
        "worst": report.worst().map(|severity| severity.word()),
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
        "endpoints": report.seen.endpoints.iter().map(endpoint).collect::<Vec<_>>(),
        "services": report.seen.services.iter().map(service).collect::<Vec<_>>(),
        "clients": report.seen.clients.iter().map(|client| json!({
            "label": client.label,
            "host": client.host,
            "because": client.because,
            "withoutEffect": client.without_effect,
        })).collect::<Vec<_>>(),
    })
}

fn finding(finding: &Finding) -> Value {
    json!({
        "code": finding.check.code,
        "title": finding.check.title,
        "severity": finding.severity.word(),
        "help": help(finding),
        "canBeMended": finding.spots.iter().any(|spot| !spot.mends.is_empty()),
        "spots": finding.spots.iter().map(|spot| json!({
            "where": spot.place,
            "cause": spot.cause,
            "certificate": spot.about.map(|about| about.to_string()),
        })).collect::<Vec<_>>(),
        "consequences": finding.consequences.iter().map(|check| check.code).collect::<Vec<_>>(),
    })
}

fn endpoint(end: &Endpoint) -> Value {
    let (reached, why) = match &end.reach {
        Reach::Reached => ("reached", None),
        Reach::Unresolved(why) => ("unresolved", Some(why.clone())),
        Reach::Refused => ("refused", None),
        Reach::Silent(after) => ("silent", Some(format!("{} s", after.as_secs()))),
        Reach::Failed(why) => ("failed", Some(why.clone())),
    };
    json!({
        "label": end.label,
        "address": end.address,
        "name": end.name.value(),
        "reach": reached,
        "reachDetail": why,
        "mode": daemon_mode(end).slug(),
        "plain": end.plain.as_ref().map(outcome),
        "visits": end.visits.iter().map(|visit| json!({
            "visitor": visit.visitor.slug(),
            "version": visit.protocol.map(|protocol| protocol.label()),
            "outcome": outcome(&visit.outcome),
        })).collect::<Vec<_>>(),
        "clientModes": end.modes.iter().map(|visit| json!({
            "mode": visit.mode.slug(),
            "outcome": visit.outcome.as_ref().map(outcome),
        })).collect::<Vec<_>>(),
        "chain": end.chain.iter().map(certificate).collect::<Vec<_>>(),
        "offers": end.scan.as_ref().map(|scan| json!({
            "versions": scan.protocols.iter().map(|(protocol, offer)| json!({
                "version": protocol.label(),
                "offered": match offer { Offer::Yes => Some(true), Offer::No => Some(false), Offer::Unclear => None },
            })).collect::<Vec<_>>(),
            "suites": scan.suites.iter().map(|suite| json!({
                "version": suite.protocol.label(),
                "number": suite.number,
                "name": suite.name,
            })).collect::<Vec<_>>(),
            "groups": scan.groups,
            "alpn": scan.alpn,
        })),
        "misbehaviour": end.misbehaviour,
        "milliseconds": u64::try_from(end.took.as_millis()).unwrap_or(u64::MAX),
    })
}

fn service(service: &Service) -> Value {
    let doors = service.doors.iter().map(|door| {
        let mut value = json!(door.seen);
        value["foreign"] = json!(door.foreign);
        value["name"] = json!(door.name.as_ref().map(San::value));
        value["chain"] = door.chain.iter().map(certificate).collect();
        value
    });
    json!({
        "label": service.label,
        "kind": service.kind,
        "clientsRequired": service.clients,
        "doors": doors.collect::<Vec<_>>(),
    })
}

fn outcome(outcome: &Outcome) -> Value {
    let detail = match outcome {
        Outcome::NotTheApi(status) => Some(status.to_string()),
        Outcome::Alert(name, number) => Some(format!("{name} ({number})")),
        Outcome::NotTrusted(why) | Outcome::Nonsense(why) | Outcome::Unreachable(why) => {
            Some(why.clone())
        }
        _ => None,
    };
    json!({ "is": outcome.slug(), "detail": detail })
}

fn certificate(certificate: &Certificate) -> Value {
    json!({
        "subject": certificate.subject(),
        "issuer": certificate.issuer(),
        "serial": certificate.serial().to_string(),
        "notBefore": certificate.not_before().to_string(),
        "notAfter": certificate.not_after().to_string(),
        "fingerprint": certificate.fingerprint().to_string(),
    })
}
