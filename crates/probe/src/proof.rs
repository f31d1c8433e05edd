//! The proof: every kind of client is treated as it must be.

use crate::error::finding;
use crate::why::why;
use crate::{Answer, ClientKind, Observation, ProofKit, Target, Verdict, ask};
use sealock_diag::Code;
use sealock_tls::Version;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Exchanges at the same time. They mostly wait for the peer, so this is more than the processors.
const AT_ONCE: usize = 8;
/// The alert of a server that does not speak the version offered (RFC 8446 §6.2).
const PROTOCOL_VERSION: u8 = 70;

/// What must happen to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The API must answer it.
    In,
    /// It must be turned away.
    Out,
}

impl Expected {
    /// What must happen to this kind of client at an endpoint that is as it should be.
    pub fn of(kind: ClientKind) -> Self {
        match kind {
            ClientKind::Rightful => Self::In,
            _ => Self::Out,
        }
    }

    /// The name in JSON; never changes.
    pub fn slug(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

/// One client at one endpoint.
#[derive(Clone, Debug)]
pub struct Row {
    /// The endpoint.
    pub target: String,
    /// The kind of client.
    pub kind: ClientKind,
    /// The version of TLS it spoke; `None` for plain HTTP.
    pub version: Option<Version>,
    /// What must happen to it.
    pub expected: Expected,
    /// What happened.
    pub observed: Observation,
}

impl Row {
    /// Whether what happened is what must happen. An endpoint may leave out a version of TLS
    /// altogether; [`Proof::holds`] demands that it speaks one.
    pub fn holds(&self) -> bool {
        match (self.expected, self.observed.verdict()) {
            (Expected::In, Verdict::In) | (Expected::Out, Verdict::Out) => true,
            (Expected::In, Verdict::Out) => self.is_version_refused(),
            _ => false,
        }
    }

    /// What happened and why, in one line.
    pub fn why(&self) -> String {
        why(self.kind, self.version, &self.observed)
    }

    /// The finding, when the row does not hold.
    pub fn code(&self) -> Option<Code> {
        (!self.holds()).then(|| finding(self.expected == Expected::In, self.observed.verdict()))
    }

    fn is_version_refused(&self) -> bool {
        matches!(&self.observed.answer, Answer::Refused { alert } if alert.number() == PROTOCOL_VERSION)
    }
}

/// What happened to every kind of client at every endpoint.
#[derive(Clone, Debug)]
pub struct Proof {
    rows: Vec<Row>,
}

impl Proof {
    /// All rows: endpoint by endpoint, in the order of [`ClientKind::ALL`], older TLS first.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The rows that do not hold.
    pub fn failures(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| !row.holds())
    }

    /// Whether there is something to prove, every row holds, and every endpoint let the rightful
    /// client in at least once.
    pub fn holds(&self) -> bool {
        let let_in = |target: &str| {
            self.rows
                .iter()
                .any(|row| row.target == target && row.observed.verdict() == Verdict::In)
        };
        !self.rows.is_empty()
            && self.failures().next().is_none()
            && self.rows.iter().all(|row| let_in(&row.target))
    }
}

/// Asks every endpoint as every kind of client: over TLS 1.2 and 1.3, and once over plain HTTP.
///
/// Takes as long as the slowest few exchanges; each is bounded by its target's timeout.
pub fn prove(targets: &[Target], kit: &ProofKit) -> Proof {
    let jobs: Vec<_> = targets
        .iter()
        .flat_map(|target| {
            visits().map(move |(kind, version)| (target, kind, version, kit.dress(kind, version)))
        })
        .collect();
    let observations = all_at_once(&jobs, |(target, _, _, dress)| ask(target, dress));
    let rows = jobs
        .into_iter()
        .zip(observations)
        .map(|((target, kind, version, _), observed)| Row {
            target: target.to_string(),
            kind,
            version,
            expected: Expected::of(kind),
            observed,
        })
        .collect();
    Proof { rows }
}

/// Every kind of client with every version it can speak.
pub(crate) fn visits() -> impl Iterator<Item = (ClientKind, Option<Version>)> {
    ClientKind::ALL.into_iter().flat_map(|kind| {
        let versions: &[Option<Version>] = match kind {
            ClientKind::PlainHttp => &[None],
            _ => &[Some(Version::Tls12), Some(Version::Tls13)],
        };
        versions.iter().map(move |version| (kind, *version))
    })
}

/// Runs the jobs on a few threads and gives the results in the order of the jobs.
pub(crate) fn all_at_once<J: Sync, R: Send>(jobs: &[J], run: impl Fn(&J) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(jobs.len()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(jobs.len()) {
            scope.spawn(|| {
                while let Some((index, job)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    jobs.get(index).map(|job| (index, job))
                } {
                    let result = run(job);
                    done.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push((index, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}
