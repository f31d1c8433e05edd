//! The command line matrix: every row over every way, output and exit code as over dockerd's own TLS.

use std::path::{Path, PathBuf};
use std::thread;

use sealock_testkit::lab::{Version, lab};
use sealock_testkit::process::Outcome;

use super::rows::{LONG_ROWS, ROWS, Row, Scale, Wants};
use super::stage::{Caller, Stage};
use super::way::Way;
use super::whole;
use crate::common::report;

#[test]
fn docker_20_by_every_row() {
    by_every_row(Version::V20);
}

#[test]
fn docker_28_by_every_row() {
    by_every_row(Version::V28);
}

/// Other proxies by the same rows: what they lose shows that the rows can be lost.
#[test]
fn other_proxies_by_the_same_rows() {
    let stage = Stage::new(Version::V20);
    let ways: Vec<Way> = [Way::Dockerd]
        .into_iter()
        .chain(Way::PEERS)
        .chain([Way::Ours])
        .collect();
    let _open: Vec<_> = ways.iter().map(|way| stage.open(*way)).collect();
    let few = [
        "run",
        "exec",
        "exec, exit 7",
        "exec -i",
        "hijack without Upgrade",
    ];
    let rows: Vec<&Row> = ROWS
        .iter()
        .filter(|row| whole() || few.contains(&row.name))
        .collect();
    let cli = lab().docker_cli(Version::V28);
    let scale = if whole() { Scale::MIDDLE } else { Scale::SHORT };
    let seen = side_by_side(&stage, &ways, &cli, (&rows, &[]), scale);
    let verdicts: Vec<Vec<Option<String>>> = seen
        .iter()
        .map(|one| {
            rows.iter()
                .zip(one)
                .zip(&seen[0])
                .map(|((row, one), own)| row.verdict(one, own))
                .collect()
        })
        .collect();

    let mut table = format!("{:42}", "docker 28 -> dockerd 20.10");
    ways.iter().for_each(|way| table += &format!(" {way:>13}"));
    for (at, row) in rows.iter().enumerate() {
        table += &format!("\n{:42}", row.name);
        for (way, seen) in verdicts.iter().zip(&seen) {
            table += &format!(
                " {:>13}",
                if way[at].is_none() {
                    "ok".to_owned()
                } else {
                    seen[at].word()
                }
            );
        }
    }
    report(&table);

    // Where dockerd itself loses something, only we are held to it.
    let held = |way: Way, row: &Row| way == Way::Ours || !matches!(row.wants, Wants::Better(_));
    let lost = |way: Way| {
        let at = ways.iter().position(|one| *one == way).unwrap();
        let judged = rows.iter().zip(&verdicts[at]);
        let lost = judged.filter_map(|(row, lost)| lost.clone().filter(|_| held(way, row)));
        lost.collect::<Vec<_>>()
    };
    assert!(
        lost(Way::Ours).is_empty(),
        "{}",
        lost(Way::Ours).join("\n\n")
    );
    assert!(
        lost(Way::Dockerd).is_empty(),
        "{}",
        lost(Way::Dockerd).join("\n\n")
    );
    for way in [Way::Nginx, Way::Hitch, Way::HaproxyHttp] {
        assert!(
            !lost(way).is_empty(),
            "{way} lost nothing: these rows prove nothing"
        );
    }
}

/// dockerd's own TLS and ours, by every command line, at one daemon.
fn by_every_row(version: Version) {
    let stage = Stage::new(version);
    let _ours = stage.open(Way::Ours);
    let (rows, scale) = if whole() {
        (LONG_ROWS, Scale::LONG)
    } else {
        (&[][..], Scale::SHORT)
    };
    let (rows, alone): (Vec<&Row>, Vec<&Row>) = (ROWS.iter().collect(), rows.iter().collect());
    let ways = [Way::Dockerd, Way::Ours];
    let mut wrong = Vec::new();
    for cli in clis(version) {
        let seen = side_by_side(&stage, &ways, &cli, (&rows, &alone), scale);
        let rows = rows.iter().chain(&alone);
        for (at, row) in rows.enumerate() {
            let (own, ours) = (&seen[0][at], &seen[1][at]);
            for (way, one) in [(Way::Dockerd, own), (Way::Ours, ours)] {
                if let Some(reason) = row.verdict(one, own) {
                    // Where dockerd itself loses something, only we are held to it.
                    if way == Way::Ours || !matches!(row.wants, Wants::Better(_)) {
                        wrong.push(format!(
                            "{way} of {version:?}, {}, {}",
                            cli.display(),
                            reason
                        ));
                    }
                }
            }
        }
    }
    report(&format!(
        "{version:?}: {} rows by {} command lines, {} wrong",
        rows.len() + alone.len(),
        clis(version).len(),
        wrong.len()
    ));
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// The daemon's own command line; in the whole sweep those of 28 and 20.10, and one more where `SEALOCK_DOCKER_CLI`
/// names it.
fn clis(daemon: Version) -> Vec<PathBuf> {
    if !whole() {
        return vec![lab().docker_cli(daemon)];
    }
    let more = std::env::var_os("SEALOCK_DOCKER_CLI").map(PathBuf::from);
    [Version::V28, Version::V20]
        .map(|version| lab().docker_cli(version))
        .into_iter()
        .chain(more)
        .collect()
}

fn in_threads<T: Sync, R: Send>(over: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    thread::scope(|scope| {
        let threads: Vec<_> = over.iter().map(|one| scope.spawn(|| work(one))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    })
}

/// The first rows on all ways at once, and then those that must be alone, way after way.
fn side_by_side(
    stage: &Stage,
    ways: &[Way],
    cli: &Path,
    (rows, alone): (&[&Row], &[&Row]),
    scale: Scale,
) -> Vec<Vec<Seen>> {
    let callers: Vec<Caller<'_>> = ways.iter().map(|way| stage.caller(*way, cli)).collect();
    let mut seen = in_threads(&callers, |caller| walk(caller, rows, scale));
    for (caller, seen) in callers.iter().zip(&mut seen) {
        seen.extend(walk(caller, alone, scale));
    }
    // dockerd's own TLS now and then resets a long answer at its end. What others are held against must be what it
    // does, so that it alone is asked twice, and as somebody new: what the row has left is not in its way.
    for (at, row) in rows.iter().enumerate() {
        if let Some(own) = ways.iter().position(|way| *way == Way::Dockerd)
            && let Some(lost) = row.verdict(&seen[own][at], &seen[own][at])
            && !matches!(row.wants, Wants::Better(_))
        {
            report(&format!("dockerd's own TLS lost: {lost}"));
            seen[own][at] = walk(&stage.caller(Way::Dockerd, cli), &[row], scale).remove(0);
        }
    }
    seen
}

/// All rows, one after the other, on one way.
fn walk(caller: &Caller<'_>, rows: &[&Row], scale: Scale) -> Vec<Seen> {
    rows.iter()
        .map(|row| {
            let patience = scale.patience(row.line);
            Seen::of(caller, &caller.bash(patience, &scale.fill(row.line)))
        })
        .collect()
}

/// What came out of a row, without what differs from one run to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    stdout: String,
    stderr: String,
    code: i32,
}

impl Seen {
    fn of(caller: &Caller<'_>, outcome: &Outcome) -> Self {
        let plain = |text: &str| -> String {
            let text = text
                .replace(caller.container(), "NAME")
                .replace(&format!(":{}", caller.way.port()), ":PORT");
            let words = text.split(' ').map(|word| {
                word.split('\t')
                    .map(without_id)
                    .collect::<Vec<_>>()
                    .join("\t")
            });
            let text = words.collect::<Vec<_>>().join(" ");
            // What the command line logs of itself comes and goes with the moment.
            text.split_inclusive('\n')
                .filter(|line| !line.starts_with("time="))
                .collect()
        };
        Self {
            stdout: plain(&outcome.stdout),
            stderr: plain(&outcome.stderr),
            code: outcome.code,
        }
    }

    /// Output and exit code as rows have them.
    fn text(&self) -> String {
        let code = if self.code == 0 {
            String::new()
        } else {
            format!("rc {}", self.code)
        };
        format!("{}{code}", self.stdout)
    }

    /// What went wrong, in a word.
    fn word(&self) -> String {
        match self.code {
            124 | 137 if self.stdout.is_empty() => "HANGS".to_owned(),
            code if self.stdout.trim().is_empty() => format!("nothing, rc {code}"),
            code => format!("other, rc {code}"),
        }
    }
}

/// A word, or `ID` when it is the long or short id of something.
fn without_id(word: &str) -> String {
    let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let id = [12, 25, 64].contains(&bare.len())
        && bare
            .bytes()
            .all(|b| b.is_ascii_hexdigit() || bare.len() == 25 && b.is_ascii_alphanumeric());
    if id {
        word.replace(bare, "ID")
    } else {
        word.to_owned()
    }
}

impl Row {
    /// Why `one` is not as it should be; `own` is what dockerd's own TLS gave.
    fn verdict(&self, one: &Seen, own: &Seen) -> Option<String> {
        let right = match self.wants {
            Wants::Text(text) | Wants::Better(text) => one.text() == text,
            Wants::Same => !own.stdout.is_empty() && one.text() == own.text(),
        };
        // Docker says more than it prints: what it complains of must be the same as well.
        let complains =
            matches!(self.wants, Wants::Same | Wants::Text(_)) && one.stderr != own.stderr;
        (!right || complains).then(|| {
            format!(
                "{}:\n  {}\n  seen {one:?}\n  dockerd's own TLS {own:?}",
                self.name, self.line
            )
        })
    }
}

/// The folder of what rows call upon.
pub(crate) fn raw() -> &'static Path {
    Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/real/gateway/raw.py"
    ))
}
