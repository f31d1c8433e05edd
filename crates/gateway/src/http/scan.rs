//! Finds the end of a head while it arrives, looking at every byte once.

use super::malformed::Malformed;

/// How far a head has been looked at.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// Bytes that were looked at.
    at: usize,
    /// Where the line at hand began.
    line: usize,
}

impl Scan {
    /// How long the head is, once its end has arrived. `bytes` begins with the head and has grown since
    /// the last call.
    ///
    /// Only CR LF ends a line here: some readers take a bare LF as well, and a head that is parted in
    /// two ways is the beginning of smuggling.
    pub(crate) fn end(&mut self, bytes: &[u8]) -> Result<Option<usize>, Malformed> {
        while let Some(found) = bytes[self.at..].iter().position(|byte| *byte == b'\n') {
            let newline = self.at + found;
            if newline == self.line || bytes[newline - 1] != b'\r' {
                return Err(Malformed::bad("a line of the head does not end with CR LF"));
            }
            let is_empty = newline - 1 == self.line;
            self.at = newline + 1;
            self.line = self.at;
            if is_empty {
                return Ok(Some(self.at));
            }
        }
        self.at = bytes.len();
        Ok(None)
    }

    /// Whether anything was looked at.
    pub(crate) fn has_begun(&self) -> bool {
        self.at > 0
    }
}

#[cfg(test)]
mod tests {
    use super::Scan;

    #[test]
    fn the_end_is_found_however_it_arrives() {
        let head = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        let all = [head, &b"GET"[..]].concat();
        for step in 1..all.len() {
            let mut scan = Scan::default();
            let mut have = 0;
            let end = loop {
                have = (have + step).min(all.len());
                if let Some(end) = scan.end(&all[..have]).unwrap() {
                    break end;
                }
                assert!(scan.has_begun());
            };
            assert_eq!(end, head.len());
        }
    }

    #[test]
    fn a_bare_line_feed_is_refused() {
        for head in ["GET / HTTP/1.1\nHost: x\n\n", "\n", "A\r\n\n", "A\r\nB\n"] {
            assert!(Scan::default().end(head.as_bytes()).is_err(), "{head:?}");
        }
    }
}
