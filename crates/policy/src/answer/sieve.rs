//! A stream of events, of which only some may be told.

use super::Keep;
use crate::Json;

/// Longer than any event: labels of one container have no bound, so this is one.
const LONGEST: usize = 1 << 20;

/// Lets those events of a stream through that are about objects to be kept.
///
/// The daemon writes one document per line, in newer versions with a record separator in front. What
/// cannot be read is dropped.
#[derive(Debug)]
pub struct Sieve {
    keep: Keep,
    line: Vec<u8>,
    /// The line has become too long and is being dropped up to its end.
    drowned: bool,
}

impl Sieve {
    /// A sieve for one stream.
    pub fn new(keep: Keep) -> Self {
        Self {
            keep,
            line: Vec::new(),
            drowned: false,
        }
    }

    /// Takes the next bytes of the stream; what may be passed on now is added to `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.line.len() + part.len() > LONGEST {
                self.drowned = true;
                self.line = Vec::new();
            }
            if !self.drowned {
                self.line.extend_from_slice(part);
            }
            if part.ends_with(b"\n") {
                if !self.drowned && self.keeps() {
                    out.extend_from_slice(&self.line);
                }
                self.drowned = false;
                // A stream that is silent for hours holds no memory.
                self.line = Vec::new();
            }
        }
    }

    /// The end of the stream: a last line without its end is judged as well.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if !self.drowned && !self.line.is_empty() && self.keeps() {
            out.extend_from_slice(&self.line);
        }
        self.line = Vec::new();
    }

    fn keeps(&self) -> bool {
        let mut text = self.line.trim_ascii();
        if let Some(rest) = text.strip_prefix(b"\x1e") {
            text = rest.trim_ascii();
        }
        if text.is_empty() {
            return false;
        }
        Json::parse(text).is_ok_and(|event| self.keep.fits(event.at(&["Actor", "Attributes"])))
    }
}

#[cfg(test)]
mod tests {
    use super::Sieve;
    use crate::answer::Keep;

    fn keep() -> Keep {
        Keep {
            labels: vec![
                ("sealock.owner".to_owned(), "cn:alice".to_owned()),
                ("team".to_owned(), "blue".to_owned()),
            ],
            ..Keep::default()
        }
    }

    fn sift(parts: &[&[u8]]) -> String {
        let mut sieve = Sieve::new(keep());
        let mut out = Vec::new();
        for part in parts {
            sieve.push(part, &mut out);
        }
        sieve.finish(&mut out);
        String::from_utf8(out).unwrap()
    }

    const OWN: &str =
        r#"{"Type":"container","Actor":{"ID":"a","Attributes":{"sealock.owner":"cn:alice"}}}"#;
    const TEAM: &str = r#"{"Type":"container","Actor":{"ID":"b","Attributes":{"team":"blue"}}}"#;
    const OTHER: &str =
        r#"{"Type":"container","Actor":{"ID":"c","Attributes":{"sealock.owner":"cn:bob"}}}"#;

    #[test]
    fn only_events_of_kept_objects_pass_however_they_are_cut() {
        let stream = format!("{OWN}\n{OTHER}\n\x1e{TEAM}\nnonsense\n{{}}\n\n");
        let expected = format!("{OWN}\n\x1e{TEAM}\n");
        assert_eq!(sift(&[stream.as_bytes()]), expected);
        for size in [1, 2, 7, 50] {
            let parts: Vec<&[u8]> = stream.as_bytes().chunks(size).collect();
            assert_eq!(sift(&parts), expected, "{size}");
        }
    }

    #[test]
    fn two_documents_on_one_line_are_dropped() {
        assert_eq!(sift(&[format!("{OWN}{OTHER}\n").as_bytes()]), "");
    }

    #[test]
    fn an_endless_line_takes_no_memory_and_hides_nothing_behind_it() {
        let long = vec![b' '; 3 << 20];
        let next = format!("\n{OWN}\n");
        assert_eq!(sift(&[&long, next.as_bytes()]), format!("{OWN}\n"));
    }

    #[test]
    fn a_last_line_without_end_is_judged() {
        assert_eq!(sift(&[OTHER.as_bytes()]), "");
        assert_eq!(sift(&[OWN.as_bytes()]), OWN);
    }
}
