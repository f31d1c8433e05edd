//! Whether audit files are whole: every record there, in its order, and chained to the one before.

use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::read::{self, Fields};
use crate::GatewayError;

/// What was found in audit files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Records.
    pub records: u64,
    /// Those that are chained to the one before.
    pub chained: u64,
    /// The number of the first record; above 1 when older files are gone.
    pub first: Option<u64>,
    /// The number of the last record.
    pub last: Option<u64>,
    /// The SHA-256 of the last line: noted elsewhere, it proves later that nothing before it was changed.
    pub tip: Option<String>,
    /// Whether the digest that was noted earlier is that of a line; `None` when none was asked for.
    pub noted: Option<bool>,
    /// Lines that the writer could not finish, and said so.
    pub torn: Vec<Place>,
    /// Records that were never written because the disk was full or slow for too long.
    pub lost: Vec<Place>,
    /// What is wrong.
    pub broken: Vec<Broken>,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.broken.is_empty() && self.noted != Some(false)
    }
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: u64,
    /// What the record says about it.
    pub detail: String,
}

/// A break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Where.
    pub place: Place,
    /// What.
    pub what: Break,
}

/// How a line does not follow from the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Break {
    /// It is no record.
    NotARecord,
    /// Records are missing, or are there twice.
    Number {
        /// What would follow.
        expected: u64,
        /// What is there.
        found: u64,
    },
    /// The line before is not the one that it was written behind.
    Link,
    /// The records before were chained, and this one is not.
    Unchained,
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotARecord => f.write_str("the line is no audit record"),
            Self::Number { expected, found } if found > expected => write!(
                f,
                "{} records are missing: {found} where {expected} was to be",
                found - expected
            ),
            Self::Number { expected, found } => {
                write!(f, "record {found} where {expected} was to be")
            }
            Self::Link => {
                f.write_str("the line before is not the one that this record was chained to")
            }
            Self::Unchained => f.write_str("the record is not chained, and those before it are"),
        }
    }
}

/// More breaks than this are not listed: one changed file can be all breaks.
const MOST: usize = 100;

/// Goes through the files, the oldest first. `noted` is the SHA-256 of a line that was noted earlier, in hex.
///
/// # Errors
/// A file cannot be read.
pub fn verify(files: &[PathBuf], noted: Option<&str>) -> Result<Report, GatewayError> {
    let mut verifier = Verifier::new(noted);
    read::each_line(files, |file, number, line| {
        verifier.line(file, number, line)
    })?;
    Ok(verifier.end())
}

/// Takes lines one after the other.
#[derive(Debug, Default)]
pub struct Verifier {
    report: Report,
    noted: Option<String>,
    before: Option<Before>,
    /// A line that is no record: torn if the next one says so.
    suspect: Option<Place>,
}

#[derive(Debug)]
struct Before {
    number: Option<u64>,
    digest: String,
    chained: bool,
}

impl Verifier {
    /// Begins.
    pub fn new(noted: Option<&str>) -> Self {
        Self {
            report: Report {
                noted: noted.map(|_| false),
                ..Report::default()
            },
            noted: noted.map(str::to_ascii_lowercase),
            ..Self::default()
        }
    }

    /// The next line, without its end.
    pub fn line(&mut self, file: &Path, number: u64, line: &[u8]) {
        let place = |detail: &str| Place {
            file: file.to_owned(),
            line: number,
            detail: detail.to_owned(),
        };
        let mut digest = Vec::with_capacity(64);
        read::hex(&mut digest, &read::digest(line));
        let digest = String::from_utf8(digest).unwrap_or_default();
        if self.noted.as_deref() == Some(&digest) {
            self.report.noted = Some(true);
        }
        let Some(fields) = read::fields(line) else {
            self.convict();
            self.suspect = Some(place(""));
            let before = self.before.take();
            self.before = Some(Before {
                number: before.as_ref().and_then(|before| before.number),
                chained: before.is_some_and(|before| before.chained),
                digest,
            });
            return;
        };
        let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
        match text("event") {
            "torn" => self.report.torn.extend(self.suspect.take()),
            "lost" => self.report.lost.push(place(text("detail"))),
            _ => {}
        }
        self.convict();
        let found = fields
            .get("seq")
            .and_then(Value::as_u64)
            .unwrap_or_default();
        let what = self.judge(found, &fields);
        for what in what.into_iter().flatten() {
            self.broken(place(""), what);
        }
        self.report.records += 1;
        self.report.chained += u64::from(fields.contains_key("previous"));
        self.report.first.get_or_insert(found);
        self.report.last = Some(found);
        self.report.tip = Some(digest.clone());
        self.before = Some(Before {
            number: Some(found),
            digest,
            chained: fields.contains_key("previous"),
        });
    }

    fn judge(&self, found: u64, fields: &Fields) -> [Option<Break>; 2] {
        let previous = fields.get("previous");
        let Some(before) = &self.before else {
            // Older files may be gone, but a first record is chained to nothing.
            let wrong = previous == Some(&Value::Null) && found != 1;
            return [wrong.then_some(Break::Link), None];
        };
        let expected = before
            .number
            .map_or(found, |number| number.saturating_add(1));
        let number = (expected != found).then_some(Break::Number { expected, found });
        let link = match previous {
            None => before.chained.then_some(Break::Unchained),
            Some(previous) => (previous != before.digest.as_str()).then_some(Break::Link),
        };
        [number, link]
    }

    /// Nobody has said that the suspect was torn.
    fn convict(&mut self) {
        if let Some(place) = self.suspect.take() {
            self.broken(place, Break::NotARecord);
        }
    }

    fn broken(&mut self, place: Place, what: Break) {
        if self.report.broken.len() < MOST {
            self.report.broken.push(Broken { place, what });
        }
    }

    /// What was found.
    pub fn end(mut self) -> Report {
        self.convict();
        self.report
    }
}

#[cfg(test)]
mod tests {
    use super::{Break, Report, Verifier};
    use crate::audit::read::{digest, hex};
    use std::path::Path;

    fn hex_of(line: &str) -> String {
        let mut out = Vec::new();
        hex(&mut out, &digest(line.as_bytes()));
        String::from_utf8(out).unwrap()
    }

    /// Records 1 to `count`, chained.
    fn chain(count: usize) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for number in 1..=count {
            let previous = lines
                .last()
                .map_or("null".to_owned(), |line| format!("\"{}\"", hex_of(line)));
            lines.push(format!(
                "{{\"seq\":{number},\"event\":\"request\",\"previous\":{previous}}}"
            ));
        }
        lines
    }

    fn verified(lines: &[String], noted: Option<&str>) -> Report {
        let mut verifier = Verifier::new(noted);
        for (number, line) in (1..).zip(lines) {
            verifier.line(Path::new("a"), number, line.as_bytes());
        }
        verifier.end()
    }

    fn breaks(lines: &[String]) -> Vec<(u64, Break)> {
        let report = verified(lines, None);
        let broken = report.broken.into_iter();
        broken
            .map(|broken| (broken.place.line, broken.what))
            .collect()
    }

    #[test]
    fn a_chain_that_was_left_alone_is_whole() {
        let lines = chain(5);
        let report = verified(&lines, Some(&hex_of(&lines[2]).to_uppercase()));
        assert!(report.is_whole(), "{report:?}");
        assert_eq!((report.records, report.chained), (5, 5));
        assert_eq!((report.first, report.last), (Some(1), Some(5)));
        assert_eq!(report.tip.unwrap(), hex_of(&lines[4]));
        // The oldest file was rotated away.
        let report = verified(&lines[2..], None);
        assert!(report.is_whole());
        assert_eq!(report.first, Some(3));
    }

    #[test]
    fn every_tampering_is_found() {
        let mut changed = chain(5);
        changed[1] = changed[1].replace("request", "reqvest");
        assert_eq!(breaks(&changed), [(3, Break::Link)]);
        let mut removed = chain(5);
        removed.remove(2);
        let number = Break::Number {
            expected: 3,
            found: 4,
        };
        assert_eq!(breaks(&removed), [(3, number), (3, Break::Link)]);
        let mut doubled = chain(3);
        doubled.insert(1, doubled[0].clone());
        let number = Break::Number {
            expected: 2,
            found: 1,
        };
        assert_eq!(breaks(&doubled), [(2, number), (2, Break::Link)]);
        let mut swapped = chain(4);
        swapped.swap(1, 2);
        assert_eq!(breaks(&swapped).len(), 6);
        let mut inserted = chain(3);
        inserted.insert(1, "not a record".to_owned());
        assert_eq!(
            breaks(&inserted),
            [(2, Break::NotARecord), (3, Break::Link)]
        );
        let mut unchained = chain(3);
        unchained[2] = "{\"seq\":3,\"event\":\"request\"}".to_owned();
        assert_eq!(breaks(&unchained), [(3, Break::Unchained)]);
        // The beginning cut off, with the first that is left passed off as the very first.
        let mut beheaded = chain(3);
        beheaded.remove(0);
        beheaded[0] = "{\"seq\":2,\"event\":\"request\",\"previous\":null}".to_owned();
        assert_eq!(breaks(&beheaded)[0], (1, Break::Link));
    }

    #[test]
    fn a_rewritten_file_is_whole_but_not_the_one_that_was_noted() {
        let before = chain(4);
        let noted = hex_of(&before[3]);
        let report = verified(&chain(3), Some(&noted));
        assert!(report.broken.is_empty() && !report.is_whole());
        assert_eq!(report.noted, Some(false));
        assert!(verified(&before, Some(&noted)).is_whole());
    }

    #[test]
    fn a_torn_line_is_told_and_is_no_break() {
        let mut lines = chain(2);
        let torn = lines[1][..20].to_owned();
        let next = format!(
            "{{\"seq\":2,\"event\":\"torn\",\"previous\":\"{}\"}}",
            hex_of(&torn)
        );
        lines[1] = torn.clone();
        assert_eq!(breaks(&lines), [(2, Break::NotARecord)]);
        lines.push(next);
        let report = verified(&lines, None);
        assert!(report.is_whole(), "{report:?}");
        assert_eq!(report.torn[0].line, 2);
        // Somebody cuts the torn line shorter still.
        lines[1].pop();
        assert_eq!(breaks(&lines), [(3, Break::Link)]);
    }
}
