//! TDS packets: eight bytes of header, then a piece of a message (MS-TDS §2.2.3).

use std::io::{self, ErrorKind, Read, Write};

pub(super) const HEADER: usize = 8;
/// What both sides take before they agree on more.
const PACKET: usize = 4096;
/// Longer messages are nobody's honest query here.
const LONGEST: usize = 1 << 20;

pub(super) const BATCH: u8 = 0x01;
pub(super) const RPC: u8 = 0x03;
pub(super) const ANSWER: u8 = 0x04;
pub(super) const ATTENTION: u8 = 0x06;
pub(super) const TRANSACTION: u8 = 0x0e;
pub(super) const LOGIN7: u8 = 0x10;
pub(super) const PRELOGIN: u8 = 0x12;

/// Reads a message: its type and its bytes.
pub(super) fn read(stream: &mut impl Read) -> io::Result<(u8, Vec<u8>)> {
    let mut message = Vec::new();
    loop {
        let mut header = [0; HEADER];
        stream.read_exact(&mut header)?;
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        let known = message.len();
        if length < HEADER || known + length > LONGEST {
            return Err(ErrorKind::InvalidData.into());
        }
        message.resize(known + length - HEADER, 0);
        stream.read_exact(&mut message[known..])?;
        if header[1] & 1 == 1 {
            return Ok((header[0], message));
        }
    }
}

/// Writes a message in as many packets as it takes.
pub(super) fn write(stream: &mut impl Write, kind: u8, message: &[u8]) -> io::Result<()> {
    let mut out = Vec::new();
    let count = message.chunks(PACKET - HEADER).count();
    for (index, piece) in message.chunks(PACKET - HEADER).enumerate() {
        let length = u16::try_from(piece.len() + HEADER).unwrap_or(u16::MAX);
        let number = u8::try_from(index % 256).unwrap_or(0).wrapping_add(1);
        out.extend([kind, u8::from(index + 1 == count)]);
        out.extend(length.to_be_bytes());
        out.extend([0, 51, number, 0]);
        out.extend(piece);
    }
    stream.write_all(&out)?;
    stream.flush()
}
