//! What a check found, and in which order it is told.

use crate::convert::Conversion;
use crate::{Check, Seen, Severity, Stage, checks};
use sealock_pki::Fingerprint;
use std::path::PathBuf;

/// What a check found at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// Where: a file, an endpoint, a setting. Escaped.
    pub place: String,
    /// What was seen, with values: expected and found. Escaped.
    pub cause: String,
    /// What to do here, pasteable; without it the remedy of the check stands.
    pub help: Option<String>,
    /// How it bites here, where that differs from the check's usual way.
    pub severity: Option<Severity>,
    /// The certificate that it is about: the same one on disk and on the wire is one finding.
    pub about: Option<Fingerprint>,
    /// The client or endpoint it belongs to, by its label; empty for the host as a whole. A finding explains
    /// consequences of its own scope only, unless its scope is the host.
    pub scope: String,
    /// What `--fix` would do about it; none when only a person can.
    pub mends: Vec<Mend>,
    /// The earliest stage at which it is met here, where that is later than the check's usual one.
    pub earliest: Option<Stage>,
    /// Whose turn comes within a stage: what is read later comes later.
    pub turn: u8,
}

impl Spot {
    /// A spot with its place and cause. Both must be escaped where they hold foreign text.
    pub fn new(place: impl Into<String>, cause: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            cause: cause.into(),
            help: None,
            severity: None,
            about: None,
            scope: String::new(),
            mends: Vec::new(),
            earliest: None,
            turn: 0,
        }
    }

    /// Met at this stage at the earliest.
    #[must_use]
    pub fn not_before(mut self, stage: Stage) -> Self {
        self.earliest = Some(stage);
        self
    }

    /// Met in this turn within its stage; the first is 0.
    #[must_use]
    pub fn turn(mut self, turn: u8) -> Self {
        self.turn = turn;
        self
    }

    /// Belonging to this client or endpoint.
    #[must_use]
    pub fn of(mut self, label: &str) -> Self {
        label.clone_into(&mut self.scope);
        self
    }

    /// With help that knows the values.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Biting in another way than usual.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// About this certificate.
    #[must_use]
    pub fn about(mut self, certificate: &sealock_pki::Certificate) -> Self {
        self.about = Some(certificate.fingerprint());
        self
    }

    /// With something that `--fix` can do.
    #[must_use]
    pub fn mend(mut self, mend: Mend) -> Self {
        self.mends.push(mend);
        self
    }
}

/// A change that mends a finding. Described here, planned and applied by whoever may write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mend {
    /// `sealock apply` makes it right: it is drift from `sealock.toml`.
    Apply,
    /// Give the file or directory this mode.
    Mode {
        /// The file.
        path: PathBuf,
        /// Permission bits.
        mode: u32,
    },
    /// Give the file this name.
    Rename {
        /// As it is called.
        from: PathBuf,
        /// As it must be called.
        to: PathBuf,
    },
    /// Remove the file.
    Remove {
        /// The file.
        path: PathBuf,
    },
    /// Write the same content in another form.
    Convert {
        /// The file.
        path: PathBuf,
        /// How.
        how: Conversion,
    },
}

/// Something that is wrong, at every place where it is seen.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The check that found it.
    pub check: &'static Check,
    /// How it bites: the worst of its spots.
    pub severity: Severity,
    /// Where and what; never empty, the telling one first.
    pub spots: Vec<Spot>,
    /// What follows from it and is therefore not listed by itself.
    pub consequences: Vec<&'static Check>,
}

impl Finding {
    /// When it is met on the way of a request.
    fn met(&self) -> (Stage, u8) {
        let stage = self.check.stage;
        let spots = self.spots.iter();
        spots
            .filter(|spot| spot.severity.unwrap_or(self.check.severity) == self.severity)
            .map(|spot| {
                (
                    spot.earliest.map_or(stage, |earliest| stage.max(earliest)),
                    spot.turn,
                )
            })
            .min()
            .unwrap_or((stage, 0))
    }
}

/// For whom the order is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Perspective {
    /// The host or endpoint: what shuts everybody out comes before what shuts one client out.
    Service,
    /// One client that does not get in: what comes first on the way of its request comes first.
    Client,
}

/// Runs every check and orders what was found: what bites first comes first.
///
/// The order is severity, then the stage on the way of a request and the turn within it, then the code. Findings that merely
/// follow from another are folded into it.
pub fn findings(seen: &Seen, perspective: Perspective) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for check in checks::all() {
        let mut spots = (check.look)(seen);
        spots.dedup();
        for group in by_subject(check, spots) {
            let severity = group
                .iter()
                .map(|spot| spot.severity.unwrap_or(check.severity))
                .min()
                .unwrap_or(check.severity);
            found.push(Finding {
                check,
                severity,
                spots: group,
                consequences: Vec::new(),
            });
        }
    }
    let mut found = fold(found);
    found.sort_by_key(|finding| {
        let severity = match (perspective, finding.severity) {
            (Perspective::Client, Severity::LockedOut) => Severity::Down,
            (_, severity) => severity,
        };
        (severity, finding.met(), finding.check.code)
    });
    found
}

/// Spots about one certificate belong together; the others stand alone.
fn by_subject(check: &Check, spots: Vec<Spot>) -> Vec<Vec<Spot>> {
    let mut groups: Vec<Vec<Spot>> = Vec::new();
    for spot in spots {
        let same = spot.about.and_then(|about| {
            groups.iter_mut().find(|group| {
                group
                    .first()
                    .is_some_and(|first| first.about == Some(about))
            })
        });
        match same {
            Some(group) => group.push(spot),
            None => groups.push(vec![spot]),
        }
    }
    for group in &mut groups {
        // The worst spot is the one to tell.
        group.sort_by_key(|spot| spot.severity.unwrap_or(check.severity));
    }
    groups
}

/// Takes away what another finding explains, and notes it there as a consequence. What only waits explains nothing that
/// bites now.
fn fold(found: Vec<Finding>) -> Vec<Finding> {
    let explains = |finding: &Finding, other: &Finding| {
        let subject = other.spots.first().map_or("", |spot| spot.scope.as_str());
        // What has not happened yet is no reason for what bites now.
        let waits = finding.severity >= Severity::Latent && other.severity < Severity::Latent;
        !waits
            && finding.check.explains.contains(&other.check.code)
            && finding
                .spots
                .iter()
                .any(|spot| spot.scope.is_empty() || spot.scope == subject)
    };
    let (kept, gone): (Vec<Finding>, Vec<Finding>) = found
        .iter()
        .cloned()
        .partition(|other| !found.iter().any(|finding| explains(finding, other)));
    let mut kept = kept;
    for finding in &mut kept {
        let follow: Vec<&'static Check> = gone
            .iter()
            .filter(|other| explains(finding, other))
            .map(|other| other.check)
            .collect();
        for check in follow {
            if !finding.consequences.contains(&check) {
                finding.consequences.push(check);
            }
        }
    }
    kept
}
