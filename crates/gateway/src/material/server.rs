//! The server's own certificate, looked at as a client would.

use crate::GatewayError;
use sealock_diag::escape;
use sealock_pki::{Certificate, Purpose, Purposes, San, Timestamp};
use sealock_tls::Gate;
use std::time::Duration;

/// Below this there should be a newer one.
const SOON: Duration = Duration::from_secs(7 * 86_400);

/// Whether clients that trust the issuer would accept the chain: dates, purpose, a name, signatures from
/// link to link, and a real handshake in each version. `trusted` are the anchors that clients have, when they are known.
pub(super) fn prove(
    gate: &Gate,
    chain: &[Certificate],
    trusted: Option<&[Certificate]>,
    now: Timestamp,
    notes: &mut Vec<String>,
) -> Result<(), GatewayError> {
    let refused = |cause: String| {
        GatewayError::new("SL-G002", "no client would accept the server's certificate")
            .because(cause)
    };
    let Some(leaf) = chain.first() else {
        return Err(refused("there is none".to_owned()));
    };
    for certificate in chain {
        let subject = escape(&certificate.subject());
        if now < certificate.not_before() {
            let begin = certificate.not_before();
            return Err(refused(format!(
                "{subject} is valid from {begin}; it is {now}"
            )));
        }
        if certificate.not_after() < now {
            let end = certificate.not_after();
            return Err(refused(format!("{subject} expired at {end}; it is {now}")));
        }
    }
    for (certificate, issuer) in chain.iter().zip(chain.iter().skip(1)) {
        if !certificate.is_signed_by(issuer) {
            return Err(refused(format!(
                "{} was not signed by {}, which follows it in the file",
                escape(&certificate.subject()),
                escape(&issuer.subject())
            )));
        }
    }
    let stated = match leaf.purposes() {
        Purposes::Unstated => {
            notes.push("the server's certificate does not say that it is for servers".to_owned());
            false
        }
        purposes if purposes.include(Purpose::Server) => true,
        purposes => {
            return Err(refused(format!(
                "it is not for servers: its purposes are {purposes}"
            )));
        }
    };
    let Some(name) = leaf.sans().iter().find(|san| san.is_server_name()) else {
        return Err(refused("it has no host name and no address".to_owned()));
    };
    if leaf.not_after().since(now) < SOON {
        notes.push(format!(
            "the server's certificate expires at {}",
            leaf.not_after()
        ));
    }
    if let (Some(trusted), Some(last)) = (trusted, chain.last())
        && !trusted
            .iter()
            .any(|anchor| last == anchor || last.is_signed_by(anchor))
    {
        let subjects: Vec<String> = trusted
            .iter()
            .map(|anchor| escape(&anchor.subject()))
            .collect();
        return Err(refused(format!(
            "{} is of {}; clients trust {}",
            escape(&last.subject()),
            escape(&last.issuer()),
            subjects.join(", ")
        )));
    }
    // With the anchor at hand the whole judgement is made; most servers do not send it.
    let top = chain.last().filter(|top| top.is_ca());
    let anchors = trusted.or(top.map(std::slice::from_ref));
    gate.prove(anchors.filter(|_| stated), &sayable(name))
        .map_err(|error| refused(error.to_string()))
}

/// A wildcard stands for a name; it is none.
fn sayable(name: &San) -> San {
    match name {
        San::Dns(dns) if dns.is_wildcard() => dns
            .to_string()
            .replacen('*', "any", 1)
            .parse()
            .unwrap_or_else(|_| name.clone()),
        other => other.clone(),
    }
}

/// Clients connect by names: one that is gone shuts out whoever used it.
pub(super) fn names_lost(before: &Certificate, after: &Certificate, notes: &mut Vec<String>) {
    for name in before.sans().iter().filter(|name| name.is_server_name()) {
        if !after.sans().contains(name) {
            notes.push(format!(
                "the new server certificate is not for {name} any more"
            ));
        }
    }
}
