//! Memory for bytes on their way, borrowed only while there are any.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::ReadBuf;

use super::wire::Wire;

/// What a buffer that is written to starts with: more than any usual head.
const TINY: usize = 2 << 10;

/// What a buffer that is read into starts with: one TLS record.
pub(crate) const SMALL: usize = 16 << 10;

/// What a buffer of a long body grows to: four TLS records for one call to the kernel.
pub(crate) const LARGE: usize = 64 << 10;

/// How many spare buffers of each size every thread keeps: with fewer than are in use at once, every
/// request clears new memory.
const SPARE: [usize; 3] = [512, 256, 64];

/// Bytes that were read and not yet used up. Without bytes it holds no memory, once released.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    /// All of it initialised; the bytes are at `start..end`.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Buffer {
    /// The bytes.
    pub(crate) fn filled(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// How many bytes there are.
    pub(crate) fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Whether it holds memory.
    pub(crate) fn holds_memory(&self) -> bool {
        !self.bytes.is_empty()
    }

    /// The first `count` bytes are used up.
    pub(crate) fn consume(&mut self, count: usize) {
        debug_assert!(count <= self.len(), "more than there is");
        self.start = (self.start + count).min(self.end);
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Takes the first `count` bytes away: without a copy when there are no others.
    pub(crate) fn split(&mut self, count: usize) -> Self {
        if count == self.len() {
            return std::mem::take(self);
        }
        let mut first = Self::default();
        first.extend(&self.filled()[..count]);
        self.consume(count);
        first
    }

    /// Gives the memory back if it is empty.
    pub(crate) fn release(&mut self) {
        if self.is_empty() && self.holds_memory() {
            give_back(std::mem::take(&mut self.bytes));
            (self.start, self.end) = (0, 0);
        }
    }

    /// Makes room for at least one more byte, as long as fewer than `most` are held.
    /// `false` when that is reached.
    fn make_room(&mut self, most: usize) -> bool {
        if self.end < self.bytes.len() {
            return self.len() < most;
        }
        if self.len() >= most {
            return false;
        }
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        } else {
            self.grow(SMALL);
        }
        true
    }

    /// An empty buffer gets the memory of a long body.
    pub(crate) fn widen(&mut self) {
        if self.is_empty() && self.bytes.len() < LARGE {
            give_back(std::mem::replace(&mut self.bytes, take(LARGE)));
            (self.start, self.end) = (0, 0);
        }
    }

    /// Reads once; `Ok(0)` is the end, or that `most` bytes are held already.
    ///
    /// Without memory it waits for something to read first, so a silent peer costs none.
    pub(crate) fn poll_fill<W: Wire + ?Sized>(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut W,
        most: usize,
    ) -> Poll<io::Result<usize>> {
        if !self.holds_memory() {
            ready!(from.poll_readable(cx))?;
        }
        if !self.make_room(most) {
            return Poll::Ready(Ok(0));
        }
        let room = (self.bytes.len() - self.end).min(most - self.len());
        let mut into = ReadBuf::new(&mut self.bytes[self.end..self.end + room]);
        let outcome = Pin::new(from).poll_read(cx, &mut into);
        let count = into.filled().len();
        self.end += count;
        match outcome {
            Poll::Ready(Ok(())) => Poll::Ready(Ok(count)),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                self.release();
                Poll::Pending
            }
        }
    }

    /// Appends bytes, however many.
    pub(crate) fn extend(&mut self, more: &[u8]) {
        self.extend_all(&[more]);
    }

    /// Appends several pieces.
    pub(crate) fn extend_all(&mut self, pieces: &[&[u8]]) {
        let total: usize = pieces.iter().map(|piece| piece.len()).sum();
        if self.bytes.len() - self.end < total {
            self.grow(total);
        }
        for piece in pieces {
            self.bytes[self.end..self.end + piece.len()].copy_from_slice(piece);
            self.end += piece.len();
        }
    }

    /// Memory for so many bytes more than there are.
    fn grow(&mut self, more: usize) {
        let needed = self.end + more;
        let size = [TINY, SMALL, LARGE]
            .into_iter()
            .find(|size| *size >= needed)
            .unwrap_or_else(|| needed.max(self.bytes.len() * 2));
        let mut larger = take(size);
        larger[..self.end].copy_from_slice(&self.bytes[..self.end]);
        give_back(std::mem::replace(&mut self.bytes, larger));
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        give_back(std::mem::take(&mut self.bytes));
    }
}

thread_local! {
    /// Spare memory by size; what it held is overwritten before it is read.
    static POOL: RefCell<[Vec<Vec<u8>>; 3]> =
        const { RefCell::new([const { Vec::new() }; 3]) };
}

fn class(size: usize) -> Option<usize> {
    match size {
        TINY => Some(0),
        SMALL => Some(1),
        LARGE => Some(2),
        _ => None,
    }
}

fn take(size: usize) -> Vec<u8> {
    class(size)
        .and_then(|class| POOL.with_borrow_mut(|pool| pool[class].pop()))
        .unwrap_or_else(|| vec![0; size])
}

fn give_back(bytes: Vec<u8>) {
    let Some(class) = class(bytes.len()) else {
        return;
    };
    // The pool is gone when a thread ends.
    let _ = POOL.try_with(|pool| {
        if let Ok(mut pool) = pool.try_borrow_mut()
            && pool[class].len() < SPARE[class]
        {
            pool[class].push(bytes);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::{Buffer, LARGE, SMALL};

    #[test]
    fn what_is_consumed_is_gone_and_memory_goes_with_the_last_byte() {
        let mut buffer = Buffer::default();
        assert!(!buffer.holds_memory());
        buffer.extend(b"hello");
        buffer.consume(2);
        assert_eq!(buffer.filled(), b"llo");
        buffer.release();
        assert!(buffer.holds_memory());
        buffer.consume(3);
        buffer.release();
        assert!(!buffer.holds_memory());
    }

    #[test]
    fn it_grows_past_every_class_and_keeps_its_bytes() {
        let mut buffer = Buffer::default();
        let mut expected = Vec::new();
        for round in 0..200_u32 {
            let piece = vec![u8::try_from(round).unwrap(); 1_000];
            buffer.extend(&piece);
            expected.extend(piece);
        }
        assert_eq!(buffer.filled(), expected);
    }

    #[test]
    fn a_bound_is_kept_whatever_the_memory() {
        let mut buffer = Buffer::default();
        assert!(buffer.make_room(10));
        buffer.extend(&[1; 10]);
        assert!(!buffer.make_room(10));
        assert!(buffer.make_room(11));
        let mut wide = Buffer::default();
        wide.widen();
        assert_eq!(wide.bytes.len(), LARGE);
        wide.release();
        wide.extend(&[0; SMALL]);
        assert!(wide.make_room(LARGE));
        assert_eq!(wide.bytes.len(), LARGE);
    }
}
