//! Single questions.

use crate::socket::Socket;
use crate::{Answer, Dress, Observation, ProbeError, Reply, Target, Verdict, ask};
use sealock_diag::escape;
use sealock_pki::{Certificate, Timestamp};
use sealock_tls::danger::Unverified;
use sealock_tls::{Client, ClientSettings, Clock, Seen, TlsError, Trust, Versions};
use std::time::{Duration, Instant};

/// First pause between two attempts of [`wait_until_ready`]; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// What an endpoint serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// Its certificates, leaf first; never empty. Those that do not parse are left out.
    pub chain: Vec<Certificate>,
    /// Everything else that was seen.
    pub seen: Seen,
}

/// Asks as this client and demands an answer of the API.
///
/// # Errors
/// Says what came instead.
pub fn ping(target: &Target, dress: &Dress) -> Result<Reply, ProbeError> {
    let observed = ask(target, dress);
    match (&observed.answer, observed.verdict()) {
        (Answer::Answered(reply), Verdict::In) => Ok(reply.clone()),
        _ => Err(ProbeError::of(target, &observed)),
    }
}

/// The certificates that an endpoint shows, trusted or not. A server shows them before it looks at
/// the client, so none is needed; nothing is sent but a handshake.
///
/// # Errors
/// When the endpoint cannot be reached, speaks no TLS, or shows no certificate that can be read.
pub fn served_certificate(target: &Target) -> Result<Served, ProbeError> {
    let client = Client::new(ClientSettings {
        trust: Trust::Unverified(Unverified::for_looking_only()),
        identity: None,
        versions: Versions::Both,
        // Nothing is judged here, so any moment will do.
        clock: Clock::Fixed(Timestamp::from_unix(0)),
    })?;
    let reached = Socket::connect(target, Instant::now() + target.timeout);
    let mut socket = reached.map_err(|error| ProbeError::Unreachable {
        target: target.to_string(),
        reason: escape(&error.to_string()),
    })?;
    let mut seen = Seen::default();
    let error = client
        .connect_seen(&mut socket, &target.name, &mut seen)
        .err();
    let chain = seen.chain();
    if !chain.is_empty() {
        // In TLS 1.2 the server refuses us during the handshake, after it has shown itself.
        return Ok(Served { chain, seen });
    }
    let target = target.to_string();
    Err(match error {
        Some(TlsError::PlainText { .. }) => ProbeError::NoTls { target },
        Some(TlsError::Timeout) => ProbeError::TimedOut { target },
        Some(error) => ProbeError::Refused {
            target,
            reason: error.to_string(),
        },
        None => ProbeError::NotTheApi {
            target,
            reason: "it shows no certificate that can be read".to_owned(),
        },
    })
}

/// The answer of the API to plain HTTP, if there is one: then whoever reaches it is root.
pub fn answers_plain(target: &Target) -> Option<Reply> {
    ping(target, &Dress::plain()).ok()
}

/// Asks again and again until the endpoint says something that will not pass by waiting: the API's
/// answer, an alert, a certificate that is not trusted, plain text instead of TLS or the reverse.
/// What it said is the result. A daemon that starts may be unreachable, close connections or answer
/// half: those are asked again. `within` bounds all attempts together.
///
/// # Errors
/// When nothing was decided in time: the last obstacle.
pub fn wait_until_ready(
    target: &Target,
    dress: &Dress,
    within: Duration,
) -> Result<Observation, ProbeError> {
    let deadline = Instant::now() + within;
    let mut pause = FIRST_PAUSE;
    let mut obstacle: Option<Observation> = None;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let attempt = target.clone().within(target.timeout.min(left));
        let observed = ask(&attempt, dress);
        if is_settled(&observed) {
            return Ok(observed);
        }
        // The last attempt may be cut short by our own deadline; what was in the way before tells more.
        let cut_short =
            attempt.timeout < target.timeout && matches!(observed.answer, Answer::TimedOut { .. });
        if !cut_short || obstacle.is_none() {
            obstacle = Some(observed.clone());
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ProbeError::of(target, &obstacle.unwrap_or(observed)));
        }
        std::thread::sleep(pause.min(left));
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn is_settled(observed: &Observation) -> bool {
    match &observed.answer {
        Answer::Answered(_) => observed.verdict() == Verdict::In,
        Answer::Refused { .. }
        | Answer::TlsInsteadOfPlain
        | Answer::PlainTextInsteadOfTls { .. }
        | Answer::ServerNotTrusted(_) => true,
        Answer::Closed { .. }
        | Answer::Nonsense { .. }
        | Answer::Unreachable { .. }
        | Answer::TimedOut { .. } => false,
    }
}
