//! The two steps that look: what answers before, and what answers after.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use sealock_change::{Action, BoxDiagnose, Plan};
use sealock_diag::{Code, Diagnose};
use sealock_host::{Before, Service};
use sealock_pki::Fingerprint;
use sealock_probe::{
    Proof, ProofKit, Row, Target, answers_plain, prove, served_certificate, wait_until_ready,
};

use crate::catalogue;

/// How long a daemon that answers on its unix socket may take until all of its ports do. It opens them first, so only a
/// forwarder beside it (RootlessKit) or a starved machine needs any of this.
const READY: Duration = Duration::from_secs(20);
/// How long a rolled-back daemon may take until its port is as it was: dockerd sleeps 15 s over a plain listener.
const AS_BEFORE: Duration = Duration::from_secs(40);

/// Looks at how the daemon answers now. Its undo is the last of a rollback: the files are back by then, so it
/// puts the running daemon back and demands that every address answers as it did.
pub(crate) struct Baseline {
    service: Service,
    before: Before,
    targets: Vec<Target>,
    seen: Vec<Seen>,
}

/// What an address showed to somebody without any credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Nothing, or nothing that speaks TLS or the API.
    Silent,
    /// The API itself, in clear.
    Plain,
    /// TLS with this certificate, and these anchors of clients named in the request for theirs.
    Tls(Fingerprint, BTreeSet<Vec<u8>>),
}

/// What a target shows now.
pub(crate) fn look(target: &Target) -> Seen {
    if let Ok(served) = served_certificate(target) {
        let authorities = served.seen.authorities.iter().cloned().collect();
        return served.chain.first().map_or(Seen::Silent, |leaf| {
            Seen::Tls(leaf.fingerprint(), authorities)
        });
    }
    if answers_plain(target).is_some() {
        Seen::Plain
    } else {
        Seen::Silent
    }
}

impl Baseline {
    /// Adds the baseline to a plan, with what its undo may leave in `daemon.json` for a while.
    pub(crate) fn open(plan: &mut Plan, service: Service, before: Before, targets: Vec<Target>) {
        for (path, bytes) in before.loans() {
            plan.lends(path, bytes);
        }
        plan.push_action(Self::new(service, before, targets));
    }

    fn new(service: Service, before: Before, targets: Vec<Target>) -> Self {
        Self {
            service,
            before,
            targets,
            seen: Vec::new(),
        }
    }
}

impl Action for Baseline {
    fn describe(&self) -> String {
        "see how the daemon answers now".to_owned()
    }

    fn apply(&mut self) -> Result<(), BoxDiagnose> {
        self.seen = self.targets.iter().map(look).collect();
        Ok(())
    }

    fn undo(&mut self) -> Result<(), BoxDiagnose> {
        self.service
            .restore_running(&self.before)
            .map_err(|error| Box::new(error) as BoxDiagnose)?;
        for (target, before) in self.targets.iter().zip(&self.seen) {
            let now = settle(target, before);
            if &now != before {
                return Err(not_as_before(target, before, now));
            }
        }
        Ok(())
    }

    fn only_looks(&self) -> bool {
        true
    }
}

/// Looks until the target shows what is expected, or patience ends.
pub(super) fn settle(target: &Target, expected: &Seen) -> Seen {
    let deadline = std::time::Instant::now() + AS_BEFORE;
    loop {
        let now = look(target);
        if &now == expected || std::time::Instant::now() > deadline {
            return now;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// An address that shows something else than before.
pub(super) fn not_as_before(target: &Target, before: &Seen, now: Seen) -> BoxDiagnose {
    Box::new(NotAsBefore {
        target: target.to_string(),
        before: before.clone(),
        now,
    })
}

#[derive(Debug)]
struct NotAsBefore {
    target: String,
    before: Seen,
    now: Seen,
}

impl std::fmt::Display for NotAsBefore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the daemon does not answer as it did before")
    }
}

impl std::error::Error for NotAsBefore {}

impl Diagnose for NotAsBefore {
    fn code(&self) -> Code {
        catalogue::BASELINE
    }

    fn location(&self) -> Option<String> {
        Some(self.target.clone())
    }

    fn cause(&self) -> Option<String> {
        Some(format!(
            "before: {}, now: {}",
            words(&self.before),
            words(&self.now)
        ))
    }
}

fn words(seen: &Seen) -> String {
    match seen {
        Seen::Silent => "no answer".to_owned(),
        Seen::Plain => "the API in clear".to_owned(),
        Seen::Tls(fingerprint, authorities) => format!(
            "TLS with certificate {fingerprint}, {} anchors of clients",
            authorities.len()
        ),
    }
}

/// Where the proof is kept for whoever prints it.
pub(crate) type Shown = Rc<RefCell<Option<Proof>>>;

/// Everybody who has to be treated rightly: the clients of the anchor that signs, and those of other generations.
#[derive(Clone, Debug)]
pub(crate) struct Kits {
    pub(crate) signing: ProofKit,
    pub(crate) others: Vec<(String, ProofKit)>,
}

impl Kits {
    /// Waits until every port is open, then proves for the anchor that signs; what does not hold for another generation
    /// is an error.
    pub(crate) fn prove(&self, targets: &[Target]) -> Result<Proof, BoxDiagnose> {
        let proof = after_start(targets, &self.signing)?;
        let rows = match proof.holds() {
            true => self.failures(targets, &proof),
            // What fails for the anchor that signs stands in the proof itself.
            false => Vec::new(),
        };
        match rows.is_empty() {
            true => Ok(proof),
            false => Err(Box::new(DoesNotHold { rows })),
        }
    }

    /// What does not hold, row by row: for the anchor that signs, or else for the other generations.
    pub(crate) fn failures(&self, targets: &[Target], proof: &Proof) -> Vec<String> {
        if !proof.holds() {
            return failed_rows(proof);
        }
        let mut rows = Vec::new();
        for (who, kit) in &self.others {
            let other = prove(targets, kit);
            if !other.holds() {
                rows.push(who.clone());
                rows.extend(failed_rows(&other));
            }
        }
        rows
    }
}

/// Asks from outside as every kind of client; fails unless every one is treated as it must be.
pub(crate) struct Prove {
    kits: Kits,
    targets: Vec<Target>,
    shown: Shown,
}

impl Prove {
    pub(crate) fn new(kits: Kits, targets: Vec<Target>) -> (Self, Shown) {
        let shown = Shown::default();
        (
            Self {
                kits,
                targets,
                shown: Rc::clone(&shown),
            },
            shown,
        )
    }
}

impl Action for Prove {
    fn describe(&self) -> String {
        let generations = match self.kits.others.len() {
            0 => String::new(),
            others => format!(", {} generations of anchors", others + 1),
        };
        format!(
            "prove it from outside: {} addresses, six kinds of client, TLS 1.2 and 1.3{generations}",
            self.targets.len()
        )
    }

    fn apply(&mut self) -> Result<(), BoxDiagnose> {
        let proof = self.kits.prove(&self.targets)?;
        let holds = proof.holds();
        let failed = failed_rows(&proof);
        *self.shown.borrow_mut() = Some(proof);
        if holds {
            Ok(())
        } else {
            Err(Box::new(DoesNotHold { rows: failed }))
        }
    }

    fn undo(&mut self) -> Result<(), BoxDiagnose> {
        Ok(())
    }

    fn only_looks(&self) -> bool {
        true
    }
}

/// Waits until every port is open, then proves.
pub(crate) fn after_start(targets: &[Target], kit: &ProofKit) -> Result<Proof, BoxDiagnose> {
    let rightful = kit
        .rightful()
        .map_err(|error| Box::new(error) as BoxDiagnose)?;
    let deadline = std::time::Instant::now() + READY;
    for target in targets {
        let left = deadline.saturating_duration_since(std::time::Instant::now());
        // Silence to the end is a row of the proof, with its own reason; it is not judged here.
        let _silent = wait_until_ready(target, &rightful, left);
    }
    Ok(prove(targets, kit))
}

/// Why a proof does not hold, row by row.
pub(crate) fn failed_rows(proof: &Proof) -> Vec<String> {
    let failed: Vec<&Row> = proof.failures().collect();
    let mut rows = Vec::new();
    let mut told: Vec<&str> = Vec::new();
    for row in &failed {
        if told.contains(&row.target.as_str()) {
            continue;
        }
        // An address that is silent to everybody is one finding, and not one for each who asked.
        let all: Vec<&&Row> = failed
            .iter()
            .filter(|other| other.target == row.target)
            .collect();
        if all.len() > 1 && all.iter().all(|other| other.why() == row.why()) {
            rows.push(format!("{}: {}, whoever asks", row.target, row.why()));
            told.push(&row.target);
        } else {
            rows.push(finding(row));
        }
    }
    if rows.is_empty() {
        rows.push("no address let the rightful client in".to_owned());
    }
    rows
}

fn finding(row: &Row) -> String {
    let version = row
        .version
        .map(|version| format!(", {version}"))
        .unwrap_or_default();
    format!(
        "{} as {}{version}: expected {}, {}",
        row.target,
        row.kind,
        row.expected.slug(),
        row.why()
    )
}

#[derive(Debug)]
struct DoesNotHold {
    rows: Vec<String>,
}

impl std::fmt::Display for DoesNotHold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the proof does not hold")
    }
}

impl std::error::Error for DoesNotHold {}

impl Diagnose for DoesNotHold {
    fn code(&self) -> Code {
        catalogue::PROOF
    }

    fn cause(&self) -> Option<String> {
        const MOST: usize = 6;
        let mut rows: Vec<String> = self.rows.iter().take(MOST).cloned().collect();
        if self.rows.len() > MOST {
            rows.push(format!("and {} more", self.rows.len() - MOST));
        }
        Some(rows.join("\n"))
    }
}
