//! The connections of a look, within its time.

use super::hear::Obstacle;
use super::road::Road;
use super::way::{Heard, Way, unanswered};
use crate::Target;
use crate::ask::is_reset;
use crate::socket::Socket;
use sealock_check::seen::service::{Clear, Entry, Passage, Sight, Way as Verdict};
use sealock_pki::{Certificate, San, Timestamp};
use sealock_tls::danger::Unverified;
use sealock_tls::{Client, ClientSettings, Clock, Identity, Seen, TlsError, Trust, Versions};
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Most names of a certificate that are shown.
const MOST_NAMES: usize = 16;

/// What the visits of one way into TLS found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) clear: Clear,
    pub(super) sight: Option<Sight>,
    pub(super) leaf: Option<Certificate>,
    pub(super) without: Entry,
    pub(super) with: Option<Entry>,
    /// Whether the protocol was heard behind TLS, by whomever.
    pub(super) spoke: bool,
    /// Whether somebody was let in, not merely judged.
    pub(super) let_in: bool,
}

/// Everything that visits have in common.
#[derive(Debug)]
pub(super) struct Visits<'a> {
    pub(super) address: SocketAddr,
    pub(super) name: San,
    pub(super) identity: Option<&'a Identity>,
    pub(super) anchors: &'a [Certificate],
    pub(super) at: Timestamp,
    pub(super) deadline: Instant,
    /// How many visits there may still be: each gets its share of what is left of the time, so that a silence
    /// in one does not hide the others.
    pub(super) left: u32,
    /// More than this is not given to any of them.
    pub(super) most: Option<Duration>,
}

/// One visit by TLS.
struct Visit {
    seen: Seen,
    /// Whether the handshake was finished.
    finished: bool,
    heard: Result<Heard, Obstacle>,
}

impl Visits<'_> {
    /// Opens a connection with its share of the time.
    pub(super) fn open(&mut self) -> io::Result<Socket> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let share = left / self.left.max(1);
        let share = self.most.map_or(share, |most| share.min(most));
        self.left = self.left.saturating_sub(1);
        let target = Target::tcp(self.address, self.name.clone());
        Socket::connect(&target, Instant::now() + share)
    }

    /// Comes in clear text.
    pub(super) fn clear(&mut self, way: &dyn Way) -> Clear {
        match self.open() {
            Ok(socket) => way.clear(&mut Road::new(socket)),
            Err(error) => unanswered(&broken(&error)),
        }
    }

    /// Comes without and with a certificate.
    pub(super) fn come(&mut self, way: &dyn Way) -> Found {
        let (mut stranger, why_not) = self.judge(way);
        if let Some(surer) = surer(way, &stranger) {
            let identity = None;
            let again = self.visit(way, surer, &why_not, identity);
            stranger.heard = again.heard;
        }
        let shown = Some(&stranger.seen).filter(|seen| !seen.chain_der.is_empty());
        let sight = shown.map(|seen| sight(seen, &self.name, why_not.clone()));
        let with = self
            .identity
            .cloned()
            .filter(|_| shown.is_some())
            .map(|identity| {
                let versions = way.versions();
                let mut visit = self.visit(way, versions, &why_not, Some(identity.clone()));
                if let Some(surer) = surer(way, &visit) {
                    visit.heard = self.visit(way, surer, &why_not, Some(identity)).heard;
                }
                visit
            });
        let leaf = stranger.seen.chain().into_iter().next();
        let spoke = [Some(&stranger), with.as_ref()]
            .into_iter()
            .flatten()
            .any(|visit| visit.heard.is_ok());
        // A login that was judged got as far as a login. That the other client was let in shows why it failed.
        let let_in = |visit: &Visit| matches!(visit.heard, Ok(Heard::In(_)));
        let someone = let_in(&stranger) || with.as_ref().is_some_and(let_in);
        let with = match with {
            Some(visit) => Some(entry(&visit, someone)),
            None => self.identity.map(|_| entry(&stranger, someone)),
        };
        Found {
            clear: Clear::new(Verdict::NotAsked, ""),
            sight,
            leaf,
            without: entry(&stranger, someone),
            with,
            spoke,
            let_in: someone,
        }
    }

    /// Comes as a client with our anchors; when they do not lead to the server, once more without judging, because
    /// what it does to others matters all the same. Says why it is not trusted.
    fn judge(&mut self, way: &dyn Way) -> (Visit, Option<String>) {
        let versions = way.versions();
        if self.anchors.is_empty() {
            let why_not = Some("there is no anchor to judge it by".to_owned());
            return (self.visit(way, versions, &why_not, None), why_not);
        }
        let visit = self.visit(way, versions, &None, None);
        match &visit.heard {
            Err(Obstacle::Broken(TlsError::ServerRefused(refusal))) => {
                let why_not = Some(refusal.to_string());
                (self.visit(way, versions, &why_not, None), why_not)
            }
            _ => (visit, None),
        }
    }

    fn visit(
        &mut self,
        way: &dyn Way,
        versions: Versions,
        why_not: &Option<String>,
        identity: Option<Identity>,
    ) -> Visit {
        let mut visit = Visit {
            seen: Seen::default(),
            finished: false,
            heard: Err(Obstacle::Broken(TlsError::Closed)),
        };
        let trust = match why_not {
            None => Trust::Anchors(self.anchors.to_vec()),
            Some(_) => Trust::Unverified(Unverified::for_looking_only()),
        };
        visit.heard = self.converse(way, versions, trust, identity, &mut visit);
        visit
    }

    fn converse(
        &mut self,
        way: &dyn Way,
        versions: Versions,
        trust: Trust,
        identity: Option<Identity>,
        visit: &mut Visit,
    ) -> Result<Heard, Obstacle> {
        let settings = ClientSettings {
            trust,
            identity,
            versions,
            clock: Clock::Fixed(self.at),
        };
        let client = Client::new(settings)
            .map_err(|error| Obstacle::Refused(format!("we cannot come: {error}")))?
            .speaking(way.alpn());
        let socket = self.open().map_err(|error| broken(&error))?;
        let mut road = Road::new(socket);
        way.knock(&mut road)?;
        let mut stream = client
            .connect_seen(road, &self.name, &mut visit.seen)
            .map_err(Obstacle::Broken)?;
        visit.finished = true;
        let heard = way.ask(&mut stream);
        // Good manners, so that the service's log stays clean.
        let _ = stream.close();
        heard
    }
}

fn broken(error: &io::Error) -> Obstacle {
    match is_reset(error) {
        true => Obstacle::Broken(TlsError::Reset),
        false => Obstacle::Broken(TlsError::from_io(error)),
    }
}

fn surer(way: &dyn Way, visit: &Visit) -> Option<Versions> {
    let unclear = matches!(visit.heard, Err(Obstacle::Broken(TlsError::Timeout)));
    way.surer().filter(|_| visit.finished && unclear)
}

fn entry(visit: &Visit, someone_was_let_in: bool) -> Entry {
    let showed_itself = !visit.seen.chain_der.is_empty();
    let verdict = match &visit.heard {
        Ok(Heard::In(_)) => Passage::In,
        Ok(Heard::Judged(_)) if someone_was_let_in => Passage::Refused,
        Ok(Heard::Judged(_)) => Passage::In,
        Err(Obstacle::NoWay(_)) => Passage::NoTls,
        Err(Obstacle::Refused(_)) if showed_itself => Passage::Refused,
        Err(Obstacle::Broken(error)) => match error {
            TlsError::AlertReceived { .. } | TlsError::Closed | TlsError::Reset
                if showed_itself =>
            {
                Passage::Refused
            }
            TlsError::Closed | TlsError::Reset | TlsError::PlainText { .. } => Passage::NoTls,
            _ => Passage::Unclear,
        },
        Err(Obstacle::Nonsense(_)) if !showed_itself => Passage::NoTls,
        Err(_) => Passage::Unclear,
    };
    let said = match &visit.heard {
        Ok(Heard::In(said) | Heard::Judged(said)) => said.clone(),
        Err(obstacle) => obstacle.words(),
    };
    Entry { verdict, said }
}

fn sight(seen: &Seen, name: &San, why_not: Option<String>) -> Sight {
    let leaf = seen
        .chain_der
        .first()
        .and_then(|der| Certificate::from_der(der.clone()).ok());
    let leaf = leaf.as_ref();
    let sans = leaf.map(Certificate::sans).unwrap_or_default();
    let text = |text: String| sealock_diag::escape(&text);
    let why_not = why_not.or_else(|| seen.unproven.clone());
    Sight {
        version: seen.version.map(|version| version.to_string()),
        suite: seen.suite.clone(),
        alpn: seen.protocol.clone(),
        certificates: seen.chain_der.len(),
        chain: seen.chain(),
        leaf: leaf.map(|leaf| leaf.fingerprint().to_string()),
        subject: leaf.map(|leaf| text(leaf.subject())),
        issuer: leaf.map(|leaf| text(leaf.issuer())),
        not_after: leaf.map(|leaf| leaf.not_after().to_string()),
        names: sans
            .iter()
            .take(MOST_NAMES)
            .map(|san| text(san.to_string()))
            .collect(),
        trusted: why_not.is_none(),
        why_not,
        name_matches: sans.iter().any(|san| match (san, name) {
            (San::Dns(presented), San::Dns(wanted)) => presented.covers(wanted),
            (presented, wanted) => presented == wanted,
        }),
        asks_for_certificate: seen.certificate_requested,
    }
}
