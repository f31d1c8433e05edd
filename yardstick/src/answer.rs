//! Just enough HTTP/1.1 to know where a message ends.

use crate::Fault;

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// After this many bytes.
    Length(u64),
    /// After the last chunk.
    Chunked,
}

/// Where the head ends, once all of it is there.
pub fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .map(|at| at + 4)
}

/// What a head says about its body.
pub fn framing(head: &str, without: Framing) -> Result<Framing, Fault> {
    for line in head.split("\r\n").skip(1) {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            return Ok(Framing::Length(value.parse()?));
        }
        if name.eq_ignore_ascii_case("transfer-encoding") && value.eq_ignore_ascii_case("chunked") {
            return Ok(Framing::Chunked);
        }
    }
    Ok(without)
}

/// A chunk of `size` bytes with its framing.
pub fn chunk(size: usize) -> Vec<u8> {
    let mut bytes = format!("{size:x}\r\n").into_bytes();
    // Not zeroes: nobody shall be tempted to compress.
    bytes.extend((0..size).map(|at| (at * 31 % 251) as u8));
    bytes.extend_from_slice(b"\r\n");
    bytes
}

/// What is left of a body, counted while it passes.
#[derive(Debug)]
pub struct Left {
    state: State,
    /// Bytes of content so far.
    pub content: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Plain(u64),
    /// In the size of a chunk, and whether its digits are over.
    Size(u64, bool),
    /// In a chunk; the line's end behind it included.
    Data(u64),
    /// In the lines behind the last chunk; whether this one has content.
    Trailer(bool),
    Done,
}

impl Left {
    /// The whole body is left.
    pub fn new(framing: Framing) -> Self {
        let state = match framing {
            Framing::Length(0) => State::Done,
            Framing::Length(length) => State::Plain(length),
            Framing::Chunked => State::Size(0, false),
        };
        Self { state, content: 0 }
    }

    /// Whether nothing is left.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Takes what belongs to the body from the front of `bytes` and gives how many bytes these were.
    pub fn take(&mut self, bytes: &[u8]) -> Result<usize, Fault> {
        let mut at = 0;
        while at < bytes.len() {
            let rest = (bytes.len() - at) as u64;
            match self.state {
                State::Done => break,
                State::Plain(left) => {
                    let some = left.min(rest);
                    self.content += some;
                    at += some as usize;
                    self.state = if some == left {
                        State::Done
                    } else {
                        State::Plain(left - some)
                    };
                }
                State::Data(left) => {
                    let some = left.min(rest);
                    // The last two bytes are the end of its line.
                    self.content += some.min(left.saturating_sub(2));
                    at += some as usize;
                    self.state = if some == left {
                        State::Size(0, false)
                    } else {
                        State::Data(left - some)
                    };
                }
                State::Size(size, over) => {
                    let byte = bytes[at];
                    at += 1;
                    self.state = match (byte as char).to_digit(16) {
                        Some(digit) if !over => State::Size(size * 16 + u64::from(digit), false),
                        _ if byte == b'\n' && size == 0 => State::Trailer(false),
                        _ if byte == b'\n' => State::Data(size + 2),
                        _ if byte == b'\r' || byte == b';' || over => State::Size(size, true),
                        _ => return Err(format!("a chunk's size has the byte {byte}").into()),
                    };
                }
                State::Trailer(content) => {
                    let byte = bytes[at];
                    at += 1;
                    self.state = match byte {
                        b'\n' if !content => State::Done,
                        b'\n' => State::Trailer(false),
                        b'\r' => State::Trailer(content),
                        _ => State::Trailer(true),
                    };
                }
            }
        }
        Ok(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunked_body_ends_where_it_ends_however_it_is_cut() {
        let mut bytes = chunk(300);
        bytes.extend(chunk(5));
        bytes.extend_from_slice(b"0\r\nTrailer: x\r\n\r\nHTTP/1.1 200");
        let end = bytes.len() - b"HTTP/1.1 200".len();
        for step in [1, 2, 7, 64, 1000] {
            let mut left = Left::new(Framing::Chunked);
            let mut taken = 0;
            for part in bytes.chunks(step) {
                taken += left.take(part).unwrap();
            }
            assert_eq!(
                (taken, left.content, left.is_done()),
                (end, 305, true),
                "{step}"
            );
        }
    }

    #[test]
    fn a_head_says_how_its_body_ends() {
        let none = Framing::Length(0);
        assert_eq!(
            framing("GET / HTTP/1.1\r\nHost: x\r\n\r\n", none).unwrap(),
            none
        );
        let length = framing("HTTP/1.1 200 OK\r\ncontent-LENGTH: 12\r\n\r\n", none).unwrap();
        assert_eq!(length, Framing::Length(12));
        assert_eq!(head_end(b"a\r\n\r\nb"), Some(5));
        assert!(Left::new(Framing::Chunked).take(b"zz\r\n").is_err());
    }
}
