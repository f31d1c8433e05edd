//! Messages that people paste, and the findings behind them.
//!
//! The texts stand in tables, one per program that says them (`table`); a text is literal words with
//! named holes (`pattern`, `matcher`). What is pasted is taken apart into lines first (`paste`): a line
//! may be wrapped in timestamps, in `level=error msg=` or in the words of three libraries, and only what
//! stands innermost says why.

mod hit;
mod matcher;
mod paste;
mod pattern;
mod table;
#[cfg(test)]
mod told;

use crate::{Check, checks};
use hit::Hit;
use paste::Paste;
use pattern::Meaning;

/// What a pasted message means.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The finding it points to.
    pub check: &'static Check,
    /// Who says it: `dockerd`, `the docker CLI`, `curl`, `OpenSSL`, `Go`, `Python`, `Java`.
    pub speaker: &'static str,
    /// What it says in plain words, with the values of this message, escaped.
    pub says: String,
    /// What to do, with the values of this message, where they allow more than the remedy of the finding.
    pub help: Option<String>,
}

/// More readings than this are no answer any more.
const MOST: usize = 5;

/// Of an ambiguous line, when other lines are known too.
const MOST_OF_ONE: usize = 3;

/// Reads a message that a user pasted, a line or a whole log; the most specific reading first. Empty when
/// nothing in it is known.
///
/// Of a log, what stops a program comes before what refuses one connection, that before mere
/// consequences, and among equals the first line wins.
pub fn read(text: &str) -> Vec<Reading> {
    let readings = told(text).into_iter().filter_map(|told| {
        Some(Reading {
            check: checks::by_code(told.meaning.code)?,
            speaker: told.speaker,
            says: told.says,
            help: told.help,
        })
    });
    readings.take(MOST).collect()
}

/// A reading by its code only.
struct Told {
    meaning: &'static Meaning,
    speaker: &'static str,
    says: String,
    help: Option<String>,
}

fn told(text: &str) -> Vec<Told> {
    let paste = Paste::of(text);
    let whole = paste.unbroken();
    let mut hits = hits(&paste);
    if hits.iter().all(|hit| hit.pattern.loose) {
        // A terminal or a mail may have broken the line that says why.
        let tight = |hits: &Vec<Hit<'_>>| hits.iter().any(|hit| !hit.pattern.loose);
        if let Some(found) = whole.iter().map(self::hits).find(tight) {
            hits = found;
        }
    }
    if hits.iter().any(|hit| !hit.pattern.loose) {
        hits.retain(|hit| !hit.pattern.loose);
    }
    hits.sort_by_key(|hit| hit.pattern.bite);
    in_order(&hits)
}

fn hits(paste: &Paste) -> Vec<Hit<'_>> {
    paste
        .lines()
        .flat_map(|line| matcher::hits(line, table::all()))
        .collect()
}

/// The likeliest reading of each line, and then the others, each code once.
fn in_order(hits: &[Hit<'_>]) -> Vec<Told> {
    let mut order = Vec::new();
    if let [first, others @ ..] = hits {
        let more = if others.is_empty() { MOST } else { MOST_OF_ONE };
        let (sure, rest) = first
            .pattern
            .means
            .split_at(more.min(first.pattern.means.len()));
        order.extend(sure.iter().map(|meaning| (first, meaning)));
        let firsts = others
            .iter()
            .filter_map(|hit| Some((hit, hit.pattern.means.first()?)));
        order.extend(firsts);
        order.extend(rest.iter().map(|meaning| (first, meaning)));
    }
    let mut told: Vec<Told> = Vec::new();
    for (hit, meaning) in order {
        if told.len() < MOST && told.iter().all(|said| said.meaning.code != meaning.code) {
            told.push(Told {
                meaning,
                speaker: hit.speaker(),
                says: hit.says(meaning),
                help: hit.help(meaning),
            });
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::{MOST, read, told};

    fn codes(text: &str) -> Vec<&'static str> {
        told(text)
            .into_iter()
            .map(|told| told.meaning.code)
            .collect()
    }

    #[test]
    fn the_root_cause_of_a_log_comes_first() {
        let log = "\
Nov 22 07:00:01 h dockerd[7]: time=\"2026-11-22T07:00:01Z\" level=info msg=\"Starting up\"
Nov 22 07:00:01 h dockerd[7]: http: TLS handshake error from 192.0.2.9:4711: remote error: tls: bad certificate
Nov 22 07:00:02 h systemd[1]: docker.service: Main process exited, code=exited, status=1/FAILURE
Nov 22 07:00:09 h dockerd[9]: unable to configure the Docker daemon with file /etc/docker/daemon.json: the following directives don't match any configuration option: tlsVerify
Nov 22 07:00:09 h systemd[1]: docker.service: Start request repeated too quickly.
Nov 22 07:00:09 h systemd[1]: docker.service: Failed with result 'exit-code'.
Nov 22 07:00:09 h dockerd[9]: unable to configure the Docker daemon with file /etc/docker/daemon.json: the following directives don't match any configuration option: tlsVerify";
        let told = codes(log);
        assert_eq!(told.first(), Some(&"SL-F202"), "{told:?}");
        assert!(told.contains(&"SL-F207") && told.len() <= MOST, "{told:?}");
        let mut once = told.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), told.len(), "{told:?}");
    }

    #[test]
    fn a_message_that_a_terminal_broke_is_one_message() {
        for text in [
            "error during connect: Get \"https://127.0.0.1:2376/v1.24/version\": tls: failed to ve\nrify certificate: x509: certificate signed by unknown auth\nority",
            "x509: certificate is valid\n   for elsewhere.example,\n   not localhost",
        ] {
            assert!(!codes(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn nothing_known_is_nothing_said() {
        for text in [
            "",
            "\n\n",
            "hello",
            "{name}",
            "everything is fine: {}\u{0}\u{1b}[",
        ] {
            assert!(codes(text).is_empty() && read(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn values_of_a_message_cannot_drive_a_terminal_or_a_shell() {
        let told = told("x509: certificate is valid for a\u{1b}]0;x\u{7}, not $(reboot)\u{202e}");
        let first = told.first().expect("a reading");
        let harmful = |c: char| c.is_control() || c == '\u{202e}';
        assert!(!first.says.contains(harmful), "{}", first.says);
        let help = told.iter().filter_map(|told| told.help.as_deref());
        assert!(!help.collect::<String>().contains("$("));
    }

    #[test]
    fn a_megabyte_of_anything_is_read_in_bounded_time() {
        let begin = std::time::Instant::now();
        for (piece, size) in [
            ("a", 3 * 1024 * 1024),
            ("x509: certificate is valid for ", 128 * 1024),
            (
                "unable to configure the Docker daemon with file \n",
                128 * 1024,
            ),
            ("http: TLS handshake error from \u{e4}", 128 * 1024),
            ("\u{1b}[", 128 * 1024),
        ] {
            let text = piece.repeat(size / piece.len());
            assert!(told(&text).len() <= MOST);
        }
        assert!(begin.elapsed().as_secs() < 60, "{:?}", begin.elapsed());
    }
}
