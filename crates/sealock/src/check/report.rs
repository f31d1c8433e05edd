//! One subject that was looked at, and what was found.

use sealock_check::seen::{Endpoint, ServiceDoor};
use sealock_check::{Finding, Mend, Perspective, Seen, Severity, findings};

use crate::exit::Exit;

/// A host, an endpoint, a service or a client, and what is wrong with it.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    /// What was looked at: `this host`, `tcp://docker.example.org:2376`, `context prod`.
    pub(crate) subject: String,
    pub(crate) kind: Kind,
    pub(crate) seen: Seen,
    pub(crate) findings: Vec<Finding>,
    /// What could not be looked at, and why.
    pub(crate) unseen: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Host,
    Endpoint,
    Service,
    Client,
}

impl Kind {
    pub(crate) fn slug(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Endpoint => "endpoint",
            Self::Service => "service",
            Self::Client => "client",
        }
    }
}

impl Report {
    /// Judges what was seen.
    pub(crate) fn of(subject: impl Into<String>, kind: Kind, seen: Seen) -> Self {
        let perspective = match kind {
            Kind::Client => Perspective::Client,
            Kind::Host | Kind::Endpoint | Kind::Service => Perspective::Service,
        };
        Self {
            subject: subject.into(),
            kind,
            findings: findings(&seen, perspective),
            seen,
            unseen: Vec::new(),
        }
    }

    /// With what could not be looked at.
    pub(crate) fn without(mut self, unseen: Vec<String>) -> Self {
        self.unseen = unseen;
        self
    }

    /// The first endpoint, which a report on an endpoint is about.
    pub(crate) fn endpoint(&self) -> Option<&Endpoint> {
        self.seen.endpoints.first()
    }

    /// The first door of the first service, which a report on a service is about.
    pub(crate) fn door(&self) -> Option<&ServiceDoor> {
        self.seen
            .services
            .first()
            .and_then(|service| service.doors.first())
    }

    /// How it bites at worst.
    pub(crate) fn worst(&self) -> Option<Severity> {
        self.findings.first().map(|finding| finding.severity)
    }
}

/// What to do about a finding: the command that does it by itself, else what the check knows of this place, else its remedy.
pub(crate) fn help(finding: &Finding) -> String {
    let mends: Vec<&Mend> = finding.spots.iter().flat_map(|spot| &spot.mends).collect();
    if mends.contains(&&Mend::Apply) {
        return "sealock apply".to_owned();
    }
    let told = finding.spots.iter().find_map(|spot| spot.help.as_deref());
    let told = told.unwrap_or(finding.check.remedy);
    match mends.is_empty() {
        true => told.to_owned(),
        false => format!("{told}\nor let it be done:\n  sealock check --fix"),
    }
}

/// 0 when nothing was found anywhere, 3 otherwise.
pub(crate) fn exit(reports: &[Report]) -> Exit {
    if reports.iter().all(|report| report.findings.is_empty()) {
        Exit::Done
    } else {
        Exit::No
    }
}
