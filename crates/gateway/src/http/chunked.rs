//! The chunked transfer coding (RFC 9112 §7.1), read strictly and from pieces of any size.

/// How many bytes of chunk extensions a whole body may have. Nobody sends any, and they are not passed on.
const EXTENSIONS: usize = 1024;

/// How many bytes of trailers a body may have.
const TRAILERS: usize = 16 << 10;

/// Where in a chunked body a reader is.
#[derive(Debug)]
pub(crate) struct Chunked {
    state: State,
    /// Bytes of the chunk at hand that are still to come; while its size is read, that size.
    left: u64,
    extensions: usize,
    trailers: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In a size, after so many digits.
    Size(u8),
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    /// At the first byte of a line behind the last chunk.
    Trailer,
    TrailerLine,
    TrailerLf,
    LastLf,
    Done,
}

/// What the next bytes of a chunked body are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// So many bytes of framing that are not passed on.
    Framing(usize),
    /// So many bytes of what stands behind the bytes of every chunk.
    Gap(usize),
    /// So many bytes up to the end of a size line; a chunk of `size` bytes follows.
    Line {
        /// The bytes.
        count: usize,
        /// The size.
        size: u64,
        /// All of the line is in these bytes.
        is_whole: bool,
    },
    /// So many bytes of the body.
    Data(usize),
    /// So many bytes of framing, and the body is over.
    End(usize),
}

/// A body that is framed in a way that two readers might understand differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadChunk(pub(crate) &'static str);

impl Chunked {
    /// Before the first chunk.
    pub(crate) fn new() -> Self {
        Self {
            state: State::Size(0),
            left: 0,
            extensions: 0,
            trailers: Vec::new(),
        }
    }

    /// Whether the last chunk and the trailers have been seen.
    #[cfg(test)]
    fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// The trailer fields, every line with its end; complete once the body is over.
    pub(crate) fn trailers(&self) -> &[u8] {
        &self.trailers
    }

    /// What the first of `bytes` are. `bytes` is not empty.
    pub(crate) fn next(&mut self, bytes: &[u8]) -> Result<Piece, BadChunk> {
        if self.state == State::Data {
            let here = usize::try_from(self.left).map_or(bytes.len(), |left| left.min(bytes.len()));
            self.left -= here as u64;
            if self.left == 0 {
                self.state = State::DataCr;
            }
            return Ok(Piece::Data(here));
        }
        let at_start = self.state == State::Size(0);
        let in_gap = matches!(self.state, State::DataCr | State::DataLf);
        for (index, byte) in bytes.iter().enumerate() {
            let count = index + 1;
            self.state = self.step(*byte)?;
            match self.state {
                State::Data => {
                    return Ok(Piece::Line {
                        count,
                        size: self.left,
                        is_whole: at_start,
                    });
                }
                State::Size(0) => return Ok(Piece::Gap(count)),
                State::Done => return Ok(Piece::End(count)),
                _ => {}
            }
        }
        Ok(match in_gap {
            true => Piece::Gap(bytes.len()),
            false => Piece::Framing(bytes.len()),
        })
    }

    fn step(&mut self, byte: u8) -> Result<State, BadChunk> {
        match (self.state, byte) {
            (State::Size(digits), _) if byte.is_ascii_hexdigit() => {
                // Sixteen digits fill the number; leading zeros beyond that are a game.
                if digits == 16 {
                    return Err(BadChunk("the size of a chunk has too many digits"));
                }
                if digits == 0 {
                    self.left = 0;
                }
                let digit = (byte as char).to_digit(16).map_or(0, u64::from);
                self.left = self.left << 4 | digit;
                Ok(State::Size(digits + 1))
            }
            (State::Size(1..), b'\r') => Ok(State::SizeLf),
            (State::Size(1..), b';' | b' ' | b'\t') => Ok(State::Extension),
            (State::Size(_), _) => Err(BadChunk("the size of a chunk is no hexadecimal number")),
            (State::Extension, b'\r') => Ok(State::SizeLf),
            (State::Extension, b'\t' | b' '..=b'~' | 0x80..) => {
                self.extensions += 1;
                if self.extensions > EXTENSIONS {
                    return Err(BadChunk("the chunk extensions are too long"));
                }
                Ok(State::Extension)
            }
            (State::SizeLf, b'\n') if self.left == 0 => Ok(State::Trailer),
            (State::SizeLf, b'\n') => Ok(State::Data),
            (State::DataCr, b'\r') => Ok(State::DataLf),
            (State::DataLf, b'\n') => Ok(State::Size(0)),
            (State::DataCr | State::DataLf, _) => {
                Err(BadChunk("a chunk is longer than its size says"))
            }
            (State::Trailer, b'\r') => Ok(State::LastLf),
            // Continuation lines are read by some and refused by others.
            (State::Trailer, b' ' | b'\t' | b':') => Err(BadChunk("a trailer has no name")),
            (State::Trailer | State::TrailerLine, b'\t' | b' '..=b'~' | 0x80..) => {
                self.keep(byte)?;
                Ok(State::TrailerLine)
            }
            (State::TrailerLine, b'\r') => {
                self.keep(byte)?;
                Ok(State::TrailerLf)
            }
            (State::TrailerLf, b'\n') => {
                self.keep(byte)?;
                Ok(State::Trailer)
            }
            (State::LastLf, b'\n') => {
                self.check_trailers()?;
                Ok(State::Done)
            }
            _ => Err(BadChunk("a chunked body has a stray control character")),
        }
    }

    fn keep(&mut self, byte: u8) -> Result<(), BadChunk> {
        if self.trailers.len() == TRAILERS {
            return Err(BadChunk("the trailers are too long"));
        }
        self.trailers.push(byte);
        Ok(())
    }

    /// Trailers are passed on, so none of them may mean something to whoever reads them as a header.
    fn check_trailers(&self) -> Result<(), BadChunk> {
        if self.trailers.is_empty() {
            return Ok(());
        }
        let lines = self.trailers.split(|byte| *byte == b'\n');
        for line in lines.filter(|line| !line.is_empty()) {
            let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
            if name.len() == line.len() || !name.iter().copied().all(is_token) {
                return Err(BadChunk("a trailer has no name"));
            }
            if !super::field::Kind::of(name).may_trail() {
                return Err(BadChunk("a trailer may not say what a header says"));
            }
        }
        Ok(())
    }
}

/// A byte of a method or of the name of a field.
pub(crate) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Writes the size line of a chunk.
pub(crate) fn size_line(size: u64, into: &mut [u8; 18]) -> usize {
    let digits = (u64::BITS - size.leading_zeros()).div_ceil(4).max(1) as usize;
    for (index, place) in into[..digits].iter_mut().enumerate() {
        let digit = size >> (4 * (digits - 1 - index)) & 15;
        *place = b"0123456789abcdef"[digit as usize];
    }
    into[digits..digits + 2].copy_from_slice(b"\r\n");
    digits + 2
}

#[cfg(test)]
mod tests {
    use super::{BadChunk, Chunked, Piece, TRAILERS, size_line};

    /// The body, how much of `bytes` it took, and the trailers; `None` while it is not over.
    type Read = Result<Option<(Vec<u8>, usize, String)>, BadChunk>;

    fn read(bytes: &[u8], step: usize) -> Read {
        let (mut chunked, mut body, mut at) = (Chunked::new(), Vec::new(), 0);
        while at < bytes.len() {
            let here = &bytes[at..(at + step).min(bytes.len())];
            match chunked.next(here)? {
                Piece::Framing(count) | Piece::Gap(count) | Piece::Line { count, .. } => {
                    at += count
                }
                Piece::Data(count) => {
                    body.extend(&here[..count]);
                    at += count;
                }
                Piece::End(count) => {
                    assert!(chunked.is_done());
                    let trailers = String::from_utf8(chunked.trailers().to_vec()).unwrap();
                    return Ok(Some((body, at + count, trailers)));
                }
            }
        }
        Ok(None)
    }

    #[test]
    fn bodies_are_read_the_same_in_pieces_of_any_size() {
        let cases: &[(&str, &str, &str)] = &[
            ("0\r\n\r\n", "", ""),
            ("5\r\nhello\r\n0\r\n\r\n", "hello", ""),
            ("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world", ""),
            ("0000005;a=b;c\r\nhello\r\n00\r\n\r\n", "hello", ""),
            ("1 \r\nx\r\n0\r\n\r\n", "x", ""),
            (
                "1\r\nx\r\n0\r\nA-b: c\r\nD:e\r\n\r\n",
                "x",
                "A-b: c\r\nD:e\r\n",
            ),
            ("a\r\n0123456789\r\n0\r\n\r\n", "0123456789", ""),
            (
                "A\r\n\r\n\r\n\r\n\r\n\r\n\r\n0\r\n\r\n",
                "\r\n\r\n\r\n\r\n\r\n",
                "",
            ),
        ];
        for (wire, body, trailers) in cases {
            let more = [wire.as_bytes(), b"GET / HTTP/1.1"].concat();
            for step in 1..=wire.len() {
                let (read, took, told) = read(&more, step).unwrap().unwrap();
                assert_eq!(read, body.as_bytes(), "{wire:?} by {step}");
                assert_eq!(took, wire.len(), "{wire:?} by {step}");
                assert_eq!(&told, trailers, "{wire:?} by {step}");
            }
            for cut in 0..wire.len() {
                assert_eq!(
                    read(&wire.as_bytes()[..cut], 4),
                    Ok(None),
                    "{wire:?} cut at {cut}"
                );
            }
        }
    }

    #[test]
    fn what_two_readers_might_take_differently_is_refused() {
        let long = format!("1;{}\r\nx\r\n0\r\n\r\n", "e".repeat(2_000));
        let trailing = format!("0\r\nA: {}\r\n\r\n", "e".repeat(TRAILERS));
        let cases: &[&str] = &[
            "\r\n",
            "g\r\n",
            "-1\r\n",
            "+1\r\n",
            "0x1\r\n",
            " 1\r\nx\r\n",
            "1\nx\n0\n\n",
            "1\r\nx\n0\r\n\r\n",
            "1\r\nxy\r\n0\r\n\r\n",
            "1\rx\r\n",
            "1;a\nx",
            "1;a\0\r\nx",
            "00000000000000001\r\nx\r\n0\r\n\r\n",
            "fffffffffffffffff\r\nx",
            "0\r\n folded\r\n\r\n",
            "0\r\n: x\r\n\r\n",
            "0\r\nno colon\r\n\r\n",
            "0\r\nspace : x\r\n\r\n",
            "0\r\nA: b\n\r\n",
            "0\r\nA: \0\r\n\r\n",
            "0\r\nContent-Length: 5\r\n\r\n",
            "0\r\ntransfer-encoding: chunked\r\n\r\n",
            "0\r\nHost: x\r\n\r\n",
            "0\r\nX-Sealock-Identity: root\r\n\r\n",
            &long,
            &trailing,
        ];
        for wire in cases {
            for step in [1, 2, 3, 7, wire.len()] {
                assert!(read(wire.as_bytes(), step).is_err(), "{wire:?} by {step}");
            }
        }
    }

    #[test]
    fn the_largest_size_is_a_size() {
        let mut chunked = Chunked::new();
        assert_eq!(
            chunked.next(b"ffffffffffffffff\r\nx"),
            Ok(Piece::Line {
                count: 18,
                size: u64::MAX,
                is_whole: true
            })
        );
        assert_eq!(chunked.next(b"x"), Ok(Piece::Data(1)));
        assert_eq!(chunked.left, u64::MAX - 1);
    }

    #[test]
    fn size_lines() {
        let mut place = [0; 18];
        for (size, line) in [
            (0, "0\r\n"),
            (1, "1\r\n"),
            (16, "10\r\n"),
            (65_535, "ffff\r\n"),
            (u64::MAX, "ffffffffffffffff\r\n"),
        ] {
            let length = size_line(size, &mut place);
            assert_eq!(&place[..length], line.as_bytes());
        }
    }
}
