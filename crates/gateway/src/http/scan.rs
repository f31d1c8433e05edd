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
        while let Some(found) = line_feed(&bytes[self.at..]) {
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

/// Where the first line feed is. Eight bytes at a time: two heads a request go through here.
fn line_feed(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let mut at = 0;
    for word in bytes.chunks_exact(8) {
        // The lowest byte that is zero keeps its high bit; those above it may err, and are not asked.
        let odd = u64::from_le_bytes(word.try_into().unwrap_or_default()) ^ (ONES * 0x0a);
        let zero = odd.wrapping_sub(ONES) & !odd & (ONES << 7);
        if zero != 0 {
            return Some(at + zero.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    let rest = bytes[at..].iter().position(|byte| *byte == b'\n')?;
    Some(at + rest)
}

#[cfg(test)]
mod tests {
    use super::{Scan, line_feed};

    #[test]
    fn a_line_feed_is_found_wherever_it_is_and_nothing_else_is_one() {
        for length in 0..40 {
            for at in 0..=length {
                for around in [0x00, 0x09, 0x0b, 0x8a, 0xff, b'x'] {
                    let mut bytes = vec![around; length];
                    assert_eq!(line_feed(&bytes), None);
                    let expected = bytes.get_mut(at).map(|byte| *byte = b'\n').map(|()| at);
                    assert_eq!(line_feed(&bytes), expected, "{length} {at} {around}");
                }
            }
        }
    }

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
