//! One line of why for what was observed, for a person who is learning.

use crate::{Answer, ClientKind, Observation, Reply, Verdict};
use sealock_tls::Version;

/// Says in one line what happened to a client of this kind, and why. It begins with
/// [`Answer::label`].
pub(crate) fn why(kind: ClientKind, version: Option<Version>, observed: &Observation) -> String {
    let reason = reason(kind, version, observed);
    format!("{}: {reason}", observed.answer.label())
}

fn reason(kind: ClientKind, version: Option<Version>, observed: &Observation) -> String {
    match &observed.answer {
        Answer::Answered(reply) if observed.verdict() == Verdict::In => {
            admitted(kind, observed, reply)
        }
        Answer::Answered(reply) => format!(
            "something answered with HTTP {}, but not as an Engine API does{}",
            reply.status,
            quoted(&reply.body)
        ),
        Answer::Refused { alert } => {
            let reason = match (alert.number(), version) {
                (70, Some(version)) => format!("the daemon does not speak {version}"),
                (40 | 71, _) => format!("{}, or no common algorithm", turned_away(kind)),
                _ if alert.is_about_certificates() => turned_away(kind).to_owned(),
                _ => "the daemon ended the handshake".to_owned(),
            };
            format!("alert {alert}: {reason}")
        }
        Answer::Closed { reset } => {
            let how = if *reset { "reset" } else { "closed" };
            format!("the connection was {how} without an answer")
        }
        Answer::PlainTextInsteadOfTls { .. } => {
            "the daemon speaks plain HTTP, so there is nobody to show a certificate to".to_owned()
        }
        Answer::TlsInsteadOfPlain => {
            "the daemon speaks only TLS, plain HTTP gets no answer from the API".to_owned()
        }
        Answer::Nonsense { what } => format!("this is no Engine API: {what}"),
        Answer::ServerNotTrusted(refusal) => {
            format!("we turned away from the server: {refusal}")
        }
        Answer::Unreachable { reason } => format!("nothing was reached: {reason}"),
        Answer::TimedOut { after } => {
            format!("no complete answer within {after:?}")
        }
    }
}

fn admitted(kind: ClientKind, observed: &Observation, reply: &Reply) -> String {
    let asked = observed
        .seen
        .as_ref()
        .is_some_and(|seen| seen.certificate_requested);
    match kind {
        ClientKind::PlainHttp => {
            "the API answers without TLS: whoever reaches it is root on the host".to_owned()
        }
        _ if !asked => {
            "the daemon asks nobody for a certificate: whoever reaches it is root on the host"
                .to_owned()
        }
        ClientKind::Rightful => {
            let api = reply.api_version.as_deref().unwrap_or("unknown");
            format!("API {api} answered: the client anchor signed this certificate")
        }
        ClientKind::NoCertificate => {
            "the daemon asks for a certificate and lets in who has none".to_owned()
        }
        ClientKind::Foreign => {
            "the daemon trusts an anchor that signs certificates for strangers".to_owned()
        }
        ClientKind::Expired => "the daemon does not look at the dates".to_owned(),
        ClientKind::ServerAsClient => {
            "a stolen server key opens this daemon: purpose or anchors are not kept apart"
                .to_owned()
        }
    }
}

fn turned_away(kind: ClientKind) -> &'static str {
    match kind {
        ClientKind::PlainHttp => "the daemon speaks only TLS",
        ClientKind::NoCertificate => "the daemon asks every client for a certificate",
        ClientKind::Rightful => "the daemon does not trust the anchor that signed this client",
        ClientKind::Foreign => {
            "the daemon does not trust the signature of a foreign anchor, whatever its name"
        }
        ClientKind::Expired => "the certificate is past its last day",
        ClientKind::ServerAsClient => {
            "a server certificate is no client: other purpose, other anchor"
        }
    }
}

fn quoted(body: &str) -> String {
    if body.is_empty() {
        return String::new();
    }
    let start: String = body.chars().take(60).collect();
    format!(": `{start}`")
}
