//! `--fix`: what can be mended becomes a plan: shown, asked about, journalled, and judged at its end by another look.

use std::collections::BTreeSet;
use std::path::PathBuf;

use sealock_change::fs::{self, Kind};
use sealock_change::{Action, BoxDiagnose, Content, Edit, Plan};
use sealock_check::convert::convert;
use sealock_check::{Finding, Mend, Perspective, findings};
use sealock_diag::{Code, Diagnose, Sensitive};

use super::keeping::keys_only;
use super::look::Inside;
use super::report::Report;
use crate::cli::Check;
use crate::cloak::{run, show, up};
use crate::failure::Failure;
use crate::session::Session;
use crate::{ask, catalogue};

/// Where a finding is: its code and one place.
type Spotted = BTreeSet<(&'static str, String)>;

/// Mends what can be mended; `look` looks again. Gives the last look.
pub(crate) fn mend(
    session: &Session,
    args: &Check,
    inside: &Inside,
    first: Report,
    look: &dyn Fn() -> Result<Report, Failure>,
) -> Result<Report, Failure> {
    let mut report = first;
    if mends(&report.findings).any(|(_, mend)| *mend == Mend::Apply) {
        up::apply(&session.for_a_step(), &args.consent)?;
        report = look()?;
    }
    if mends(&report.findings).next().is_none() {
        return Ok(left(session, report));
    }
    let store = session.store()?;
    let guard = run::begin(session, &store)?;
    let known: BTreeSet<_> = store
        .originals()?
        .into_iter()
        .map(|original| original.path)
        .collect();
    let mut plan = Plan::new("mend what was found");
    let mut touched = Vec::new();
    let mut mended = Spotted::new();
    for (spotted, mend) in mends(&report.findings) {
        for edit in edits(mend)? {
            touched.push(edit.path().to_path_buf());
            plan.push_edit(edit)?;
            mended.insert(spotted.clone());
        }
    }
    if plan.is_empty() {
        return Ok(left(session, report));
    }
    plan.push_action(LookAgain {
        inside: inside.clone(),
        home: session.home.clone(),
        mended,
    });
    // What is mended stays mended when the host is uncloaked one day; what `up` had touched before keeps its way back.
    plan.forgets_originals_of(touched.into_iter().filter(|path| !known.contains(path)));
    show::plan(&session.printer, &plan)?;
    ask::proceed(session, "Mend this?")?;
    let changes = run::run(session, &store, &guard, plan)?;
    session.printer.say(&format!("{changes} changes applied"));
    look()
}

/// Says that what is left needs a person.
fn left(session: &Session, report: Report) -> Report {
    if !report.findings.is_empty() {
        session.printer.say(
            "0 changes: nothing of what was found can be mended without a person; each finding says what to do",
        );
    }
    report
}

/// Every mend, with the finding that asks for it.
fn mends(findings: &[Finding]) -> impl Iterator<Item = ((&'static str, String), &Mend)> {
    findings.iter().flat_map(|finding| {
        finding.spots.iter().flat_map(move |spot| {
            let spotted = (finding.check.code, spot.place.clone());
            spot.mends.iter().map(move |mend| (spotted.clone(), mend))
        })
    })
}

fn edits(mend: &Mend) -> Result<Vec<Edit>, Failure> {
    Ok(match mend {
        Mend::Apply => Vec::new(),
        Mend::Mode { path, mode } => match fs::stat(path)?.map(|stat| stat.kind) {
            Some(Kind::Directory) => vec![Edit::Directory {
                path: path.clone(),
                mode: *mode,
                owner: None,
            }],
            Some(Kind::File | Kind::Symlink) => {
                let path = fs::resolve(path)?;
                vec![Edit::Write {
                    content: content(fs::read(&path)?),
                    path,
                    mode: *mode,
                    owner: None,
                }]
            }
            _ => Vec::new(),
        },
        Mend::Rename { from, to } => match fs::stat(from)? {
            // Two files are a choice, and that is a person's.
            Some(stat) if fs::stat(to)?.is_none() => vec![
                Edit::Write {
                    path: to.clone(),
                    content: content(fs::read(from)?),
                    mode: stat.mode,
                    owner: None,
                },
                Edit::Remove { path: from.clone() },
            ],
            _ => Vec::new(),
        },
        Mend::Remove { path } => vec![Edit::Remove { path: path.clone() }],
        Mend::Convert { path, how } => {
            let path = fs::resolve(path)?;
            let (Some(stat), Some(bytes)) = (fs::stat(&path)?, convert(&fs::read(&path)?, *how))
            else {
                return Ok(Vec::new());
            };
            vec![Edit::Write {
                path,
                content: content(bytes),
                mode: stat.mode,
                owner: None,
            }]
        }
    })
}

/// Keys are never shown in a diff.
fn content(bytes: Vec<u8>) -> Content {
    let has = |needle: &[u8]| bytes.windows(needle.len()).any(|part| part == needle);
    if has(b"PRIVATE KEY") || !bytes.is_ascii() {
        Content::Secret(Sensitive::new(bytes))
    } else {
        Content::Public(bytes)
    }
}

/// The last step of the plan: what was to be mended must be gone.
struct LookAgain {
    inside: Inside,
    home: PathBuf,
    mended: Spotted,
}

impl Action for LookAgain {
    fn describe(&self) -> String {
        "look again: what was found there must be gone".to_owned()
    }

    fn apply(&mut self) -> Result<(), BoxDiagnose> {
        let mut seen = self.inside.files_only();
        seen.keeping = Some(keys_only(&self.home));
        let still: Vec<String> = findings(&seen, Perspective::Service)
            .iter()
            .flat_map(|finding| {
                let code = finding.check.code;
                finding
                    .spots
                    .iter()
                    .map(move |spot| (code, spot.place.clone()))
            })
            .filter(|spotted| self.mended.contains(spotted))
            .map(|(code, place)| format!("{place}: {code}"))
            .collect();
        if still.is_empty() {
            Ok(())
        } else {
            Err(Box::new(NotMended { still }))
        }
    }

    fn undo(&mut self) -> Result<(), BoxDiagnose> {
        Ok(())
    }

    fn only_looks(&self) -> bool {
        true
    }
}

#[derive(Debug)]
struct NotMended {
    still: Vec<String>,
}

impl std::fmt::Display for NotMended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("what was to be mended is still there")
    }
}

impl std::error::Error for NotMended {}

impl Diagnose for NotMended {
    fn code(&self) -> Code {
        catalogue::NOT_MENDED
    }

    fn cause(&self) -> Option<String> {
        Some(self.still.join("\n"))
    }
}
