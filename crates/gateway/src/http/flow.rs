//! One direction of an exchange: bytes are read as one message frames them and written as another does.

use std::borrow::Cow;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::buffer::{Buffer, LARGE, SMALL};
use super::chunked::{BadChunk, Chunked, Piece, size_line};
use super::request::Framing;
use super::wire::Wire;

/// One side of an exchange: a connection and what was read from it ahead of time.
#[derive(Debug)]
pub(crate) struct Side<W> {
    /// The connection.
    pub(crate) wire: W,
    /// Bytes that are not used up yet.
    pub(crate) input: Buffer,
}

impl<W> Side<W> {
    /// A connection of which nothing was read.
    pub(crate) fn new(wire: W) -> Self {
        Self {
            wire,
            input: Buffer::default(),
        }
    }
}

/// How the bytes of a flow are told where the body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// The receiver knows: a length was announced, or the end of the connection is the end.
    Plain,
    /// In chunks.
    Chunked,
}

/// How a flow came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// All of it was passed on.
    Complete,
    /// The sender closed in the middle of it.
    CutOff,
}

/// Why a flow broke off.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The sender cannot be read from any more.
    Source,
    /// The receiver cannot be written to any more.
    Sink,
    /// The sender frames its body in a way that is refused.
    Framing(BadChunk),
}

/// Changes the bytes of a body on their way.
pub(crate) trait Filter: Send {
    /// What becomes of the next bytes, appended to `out`.
    fn pass(&mut self, bytes: &[u8], out: &mut Vec<u8>);
    /// What comes behind the last bytes, appended to `out`.
    fn finish(&mut self, out: &mut Vec<u8>);
}

/// How a body is delimited where it comes from, and how much of it is to come.
#[derive(Debug)]
enum Rest {
    Nothing,
    Length(u64),
    Chunked(Chunked),
    UntilClose,
}

/// How many pieces of one read are written at once.
const PIECES: usize = 16;

/// One direction: a head of ours, then a body that is passed on.
pub(crate) struct Flow {
    rest: Rest,
    frame: Frame,
    /// A head, and perhaps a body of our own.
    lead: Buffer,
    /// The head stays here after it was written, so that it can be sent again.
    keeps_lead: bool,
    filtered: Option<Box<Filtered>>,
    plan: Plan,
    end: Option<End>,
    /// The end was planned, the last chunk included.
    closed: bool,
    unflushed: bool,
    is_bulk: bool,
    drops_trailers: bool,
    passed: u64,
}

/// A filter, and what it made of the bytes at hand.
struct Filtered {
    filter: Box<dyn Filter>,
    bytes: Vec<u8>,
}

/// What is to be written next: pieces of what was read, with framing around them.
#[derive(Default)]
struct Plan {
    leads: bool,
    prefix: [u8; 18],
    prefix_len: usize,
    /// Nearly always the only piece: hundreds of requests are under way at once, and each has two of these.
    piece: (usize, usize),
    more: Vec<(usize, usize)>,
    suffix: Cow<'static, [u8]>,
    /// The bytes of all pieces.
    span: usize,
    /// All of it, and how much is written.
    total: usize,
    written: usize,
    /// How much of the input is used up by it.
    consumes: usize,
}

impl Flow {
    /// A flow that writes `lead` and then a body that is read as `from` says.
    pub(crate) fn new(lead: Buffer, from: Framing, frame: Frame) -> Self {
        let rest = match from {
            Framing::Empty | Framing::Length(0) => Rest::Nothing,
            Framing::Length(left) => Rest::Length(left),
            Framing::Chunked => Rest::Chunked(Chunked::new()),
            Framing::UntilClose => Rest::UntilClose,
        };
        let mut flow = Self {
            rest,
            frame,
            lead,
            keeps_lead: false,
            filtered: None,
            plan: Plan::default(),
            end: None,
            closed: false,
            unflushed: false,
            is_bulk: false,
            drops_trailers: false,
            passed: 0,
        };
        flow.plan.leads = !flow.lead.is_empty();
        if matches!(flow.rest, Rest::Nothing) {
            flow.end = Some(End::Complete);
        }
        flow
    }

    /// The same flow, through a filter.
    pub(crate) fn through(mut self, filter: Box<dyn Filter>) -> Self {
        let bytes = Vec::new();
        self.filtered = Some(Box::new(Filtered { filter, bytes }));
        self
    }

    /// The same flow, whose trailers stay here.
    pub(crate) fn without_trailers(mut self) -> Self {
        self.drops_trailers = true;
        self
    }

    /// The same flow, which can be sent again until [`Self::forget_lead`].
    pub(crate) fn keeping_lead(mut self) -> Self {
        self.keeps_lead = true;
        self
    }

    /// The head will not be needed again.
    pub(crate) fn forget_lead(&mut self) {
        self.keeps_lead = false;
        if !self.plan.leads {
            self.lead = Buffer::default();
        }
    }

    /// Begins anew, when nothing but the head was to be sent and it was kept.
    pub(crate) fn rewind(&mut self) -> bool {
        let can = self.keeps_lead && matches!(self.rest, Rest::Nothing);
        if can {
            self.plan = Plan {
                leads: true,
                ..Plan::default()
            };
            self.closed = false;
        }
        can
    }

    /// Whether the end of the body was read.
    pub(crate) fn has_ended(&self) -> bool {
        self.end.is_some()
    }

    /// How many bytes of the body were passed on.
    pub(crate) fn passed(&self) -> u64 {
        self.passed
    }

    /// Goes on as far as both sides allow. Once it was ready it is not polled again.
    pub(crate) fn poll<A: Wire, B: Wire>(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut Side<A>,
        to: &mut B,
    ) -> Poll<Result<End, Broken>> {
        loop {
            if self
                .plan_ahead(from.input.filled())
                .map_err(Broken::Framing)?
            {
                ready!(self.poll_write(cx, &mut from.input, to)).map_err(|_| Broken::Sink)?;
                continue;
            }
            if self.unflushed {
                ready!(Pin::new(&mut *to).poll_flush(cx)).map_err(|_| Broken::Sink)?;
                self.unflushed = false;
            }
            if self.closed
                && let Some(end) = self.end
            {
                from.input.release();
                return Poll::Ready(Ok(end));
            }
            if self.is_bulk {
                from.input.widen();
            }
            let read = ready!(from.input.poll_fill(cx, &mut from.wire, LARGE));
            match read.map_err(|_| Broken::Source)? {
                0 => self.source_ended(),
                // A body that fills what is read at once is worth more memory.
                count => self.is_bulk |= count >= SMALL,
            }
        }
    }

    fn source_ended(&mut self) {
        self.end = Some(match self.rest {
            Rest::UntilClose | Rest::Nothing => End::Complete,
            Rest::Length(_) | Rest::Chunked(_) => End::CutOff,
        });
    }

    /// Whether there is something to write, which is planned if it was not before.
    fn plan_ahead(&mut self, input: &[u8]) -> Result<bool, BadChunk> {
        if self.plan.total > self.plan.written {
            return Ok(true);
        }
        if self.closed {
            return Ok(false);
        }
        let mut body = 0;
        if self.end.is_none() && !input.is_empty() {
            body = self.take(input)?;
        }
        self.passed += body as u64;
        if let Some(filtered) = &mut self.filtered {
            let Filtered { filter, bytes } = filtered.as_mut();
            body = self.plan.filtered(filter.as_mut(), input, bytes);
            if self.end == Some(End::Complete) {
                let before = bytes.len();
                filter.finish(bytes);
                body += bytes.len() - before;
                self.plan.piece = (0, bytes.len());
            }
            self.plan.span = body;
        }
        // Chunks that come stay as they are; what comes otherwise, or is changed on the way, becomes chunks.
        let makes_chunks = self.frame == Frame::Chunked
            && (self.filtered.is_some() || !matches!(self.rest, Rest::Chunked(_)));
        if makes_chunks {
            self.plan.span = body;
            if body > 0 {
                self.plan.prefix_len = size_line(body as u64, &mut self.plan.prefix);
                self.plan.suffix = Cow::Borrowed(b"\r\n");
            }
        }
        if let Some(end) = self.end {
            self.closed = true;
            // A body that was cut off must not look like one that is whole.
            if self.frame == Frame::Chunked && end == End::Complete {
                self.plan.suffix = self.last_chunk(makes_chunks && body > 0);
            }
        }
        let lead = if self.plan.leads { self.lead.len() } else { 0 };
        self.plan.total = lead + self.plan.prefix_len + self.plan.span + self.plan.suffix.len();
        // Framing alone may be all that came.
        let is_planned = self.plan.total > 0 || self.plan.consumes > 0;
        if !is_planned {
            self.plan.clear();
        }
        Ok(is_planned)
    }

    fn last_chunk(&self, behind_another: bool) -> Cow<'static, [u8]> {
        let trailers = match &self.rest {
            Rest::Chunked(chunked) if !self.drops_trailers => chunked.trailers(),
            _ => &[],
        };
        match (trailers.is_empty(), behind_another) {
            (true, true) => Cow::Borrowed(b"\r\n0\r\n\r\n"),
            (true, false) => Cow::Borrowed(b"0\r\n\r\n"),
            (false, _) => {
                let start: &[u8] = if behind_another {
                    b"\r\n0\r\n"
                } else {
                    b"0\r\n"
                };
                Cow::Owned([start, trailers, b"\r\n"].concat())
            }
        }
    }

    /// Plans the bytes of the body that are in `input`; how many they are.
    fn take(&mut self, input: &[u8]) -> Result<usize, BadChunk> {
        let plan = &mut self.plan;
        match &mut self.rest {
            Rest::Nothing => Ok(0),
            Rest::UntilClose => Ok(plan.take(0, input.len())),
            Rest::Length(left) => {
                let here = usize::try_from(*left).map_or(input.len(), |left| left.min(input.len()));
                *left -= here as u64;
                if *left == 0 {
                    self.end = Some(End::Complete);
                }
                Ok(plan.take(0, here))
            }
            Rest::Chunked(chunked) => {
                let stays = self.frame == Frame::Chunked && self.filtered.is_none();
                let mut body = 0;
                while plan.consumes < input.len() && plan.count() < PIECES {
                    let rest = &input[plan.consumes..];
                    match chunked.next(rest)? {
                        Piece::Data(count) => body += plan.take(plan.consumes, count),
                        Piece::Gap(count) if stays => {
                            plan.take(plan.consumes, count);
                        }
                        Piece::Line {
                            count,
                            size,
                            is_whole,
                        } if stays => {
                            let mut line = [0; 18];
                            let length = size_line(size, &mut line);
                            if is_whole && rest[..count] == line[..length] {
                                plan.take(plan.consumes, count);
                                continue;
                            }
                            // Written anew: it came in two parts, or in another way than ours.
                            plan.consumes += count;
                            if plan.count() > 0 {
                                plan.suffix = Cow::Owned(line[..length].to_vec());
                                break;
                            }
                            (plan.prefix, plan.prefix_len) = (line, length);
                        }
                        Piece::Framing(count) | Piece::Gap(count) | Piece::Line { count, .. } => {
                            plan.consumes += count;
                        }
                        Piece::End(count) => {
                            plan.consumes += count;
                            self.end = Some(End::Complete);
                            break;
                        }
                    }
                }
                Ok(body)
            }
        }
    }

    /// Writes once; a plan that is written makes room for the next.
    fn poll_write<B: Wire>(
        &mut self,
        cx: &mut Context<'_>,
        input: &mut Buffer,
        to: &mut B,
    ) -> Poll<io::Result<()>> {
        if self.plan.total > self.plan.written {
            let source = match &self.filtered {
                None => input.filled(),
                Some(filtered) => &filtered.bytes,
            };
            let mut slices = [IoSlice::new(&[]); PIECES + 3];
            let count = self.plan.slices(&self.lead, source, &mut slices);
            let to = Pin::new(to);
            let written = ready!(match &slices[..count] {
                [only] => to.poll_write(cx, only),
                several => to.poll_write_vectored(cx, several),
            })?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unflushed = true;
            self.plan.written += written;
        }
        if self.plan.written >= self.plan.total {
            input.consume(self.plan.consumes);
            if let Some(filtered) = &mut self.filtered {
                filtered.bytes.clear();
            }
            if self.plan.leads && !self.keeps_lead {
                self.lead = Buffer::default();
            }
            self.plan.clear();
        }
        Poll::Ready(Ok(()))
    }
}

impl Plan {
    fn clear(&mut self) {
        self.leads = false;
        self.prefix_len = 0;
        self.piece = (0, 0);
        self.more.clear();
        self.suffix = Cow::Borrowed(b"");
        (self.span, self.total, self.written, self.consumes) = (0, 0, 0, 0);
    }

    /// How many pieces there are.
    fn count(&self) -> usize {
        usize::from(self.piece.0 < self.piece.1) + self.more.len()
    }

    /// Plans a part of the input; what stands side by side is one piece.
    fn take(&mut self, at: usize, count: usize) -> usize {
        let is_first = self.count() == 0;
        match self.more.last_mut().unwrap_or(&mut self.piece) {
            piece if is_first => *piece = (at, at + count),
            last if last.1 == at => last.1 = at + count,
            _ => self.more.push((at, at + count)),
        }
        self.span += count;
        self.consumes = at + count;
        count
    }

    /// Puts the filter between: the pieces are now one piece of what it made of them.
    fn filtered(&mut self, filter: &mut dyn Filter, input: &[u8], into: &mut Vec<u8>) -> usize {
        for (start, end) in std::iter::once(&self.piece).chain(&self.more) {
            filter.pass(&input[*start..*end], into);
        }
        self.piece = (0, into.len());
        self.more.clear();
        into.len()
    }

    /// What is left of the plan.
    fn slices<'a>(
        &'a self,
        lead: &'a Buffer,
        source: &'a [u8],
        into: &mut [IoSlice<'a>; PIECES + 3],
    ) -> usize {
        let lead = if self.leads { lead.filled() } else { &[] };
        let pieces = std::iter::once(&self.piece)
            .chain(&self.more)
            .map(|(start, end)| &source[*start..*end]);
        let all = [lead, &self.prefix[..self.prefix_len]]
            .into_iter()
            .chain(pieces)
            .chain([&*self.suffix]);
        let (mut skip, mut count) = (self.written, 0);
        for part in all {
            let gone = skip.min(part.len());
            skip -= gone;
            if gone < part.len() {
                into[count] = IoSlice::new(&part[gone..]);
                count += 1;
            }
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::{Broken, End, Filter, Flow, Frame, Side};
    use crate::http::buffer::Buffer;
    use crate::http::request::Framing;
    use std::future::poll_fn;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixStream;
    use tokio::time::timeout;

    const SOON: Duration = Duration::from_secs(20);

    /// What comes out when `wire` goes in, written in pieces of `step` bytes, and what is left over.
    async fn through(
        lead: &str,
        wire: &[u8],
        step: usize,
        (from, frame): (Framing, Frame),
        filter: Option<Box<dyn Filter>>,
    ) -> (Result<End, Broken>, Vec<u8>, Vec<u8>, u64) {
        let (mut sender, source) = UnixStream::pair().unwrap();
        let (mut sink, mut receiver) = UnixStream::pair().unwrap();
        let wire = wire.to_vec();
        let writer = tokio::spawn(async move {
            for piece in wire.chunks(step) {
                if sender.write_all(piece).await.is_err() {
                    return;
                }
                tokio::task::yield_now().await;
            }
        });
        let reader = tokio::spawn(async move {
            let mut out = Vec::new();
            receiver.read_to_end(&mut out).await.unwrap();
            out
        });
        let mut head = Buffer::default();
        head.extend(lead.as_bytes());
        let mut flow = Flow::new(head, from, frame);
        if let Some(filter) = filter {
            flow = flow.through(filter);
        }
        let mut side = Side::new(source);
        let end = timeout(SOON, poll_fn(|cx| flow.poll(cx, &mut side, &mut sink)))
            .await
            .unwrap();
        drop(sink);
        let left = side.input.filled().to_vec();
        drop(side);
        writer.await.unwrap();
        (end, reader.await.unwrap(), left, flow.passed())
    }

    #[tokio::test]
    async fn a_length_ends_a_body_and_what_follows_is_left() {
        for step in [1, 3, 100] {
            let how = (Framing::Length(5), Frame::Plain);
            let (end, out, left, passed) = through("H|", b"helloGET /", step, how, None).await;
            assert_eq!(end.unwrap(), End::Complete);
            assert_eq!(out, b"H|hello");
            assert!(b"GET /".starts_with(&left), "{left:?}");
            assert_eq!(passed, 5);
        }
    }

    #[tokio::test]
    async fn chunks_are_framed_anew_and_trailers_kept() {
        let wire = b"5;x=y\r\nhello\r\n0006\r\n world\r\n0\r\nA: b\r\n\r\nnext";
        let how = (Framing::Chunked, Frame::Chunked);
        let (end, out, left, passed) = through("H|", wire, 1_000, how, None).await;
        assert_eq!(end.unwrap(), End::Complete);
        let anew = b"H|5\r\nhello\r\n6\r\n world\r\n0\r\nA: b\r\n\r\n";
        assert_eq!(String::from_utf8_lossy(&out), String::from_utf8_lossy(anew));
        assert_eq!((left.as_slice(), passed), (&b"next"[..], 11));
        let (end, out, _, _) = through("", wire, 1, how, None).await;
        assert_eq!(end.unwrap(), End::Complete);
        let (again, body, _, _) =
            through("", &out, 7, (Framing::Chunked, Frame::Plain), None).await;
        assert_eq!(again.unwrap(), End::Complete);
        assert_eq!(body, b"hello world");
    }

    #[tokio::test]
    async fn chunks_come_out_the_same_however_they_are_cut() {
        let wire = b"3\r\nabc\r\n0a;x\r\n0123456789\r\nA\r\n9876543210\r\n1 \r\n.\r\n10\r\nsixteen bytes...\r\n\
            000\r\nT: u\r\n\r\nGET";
        let anew = "3\r\nabc\r\na\r\n0123456789\r\na\r\n9876543210\r\n1\r\n.\r\n10\r\nsixteen bytes...\r\n\
            0\r\nT: u\r\n\r\n";
        for step in 1..wire.len() {
            let how = (Framing::Chunked, Frame::Chunked);
            let (end, out, left, passed) = through("", wire, step, how, None).await;
            assert_eq!(end.unwrap(), End::Complete);
            assert_eq!(String::from_utf8_lossy(&out), anew, "by {step}");
            assert!(b"GET".starts_with(&left), "{left:?} by {step}");
            assert_eq!(passed, 40, "by {step}");
        }
    }

    #[tokio::test]
    async fn a_body_that_is_cut_off_never_looks_whole() {
        for (wire, from) in [
            (&b"5\r\nhel"[..], Framing::Chunked),
            (b"5\r\nhello\r\n", Framing::Chunked),
            (b"5\r\nhello\r\n0\r\n", Framing::Chunked),
            (b"", Framing::Chunked),
        ] {
            let (end, out, _, _) = through("", wire, 4, (from, Frame::Chunked), None).await;
            assert_eq!(end.unwrap(), End::CutOff);
            assert!(!out.ends_with(b"0\r\n\r\n"), "{out:?}");
        }
        let how = (Framing::Length(9), Frame::Plain);
        let (end, out, _, _) = through("", b"hello", 4, how, None).await;
        assert_eq!((end.unwrap(), out.as_slice()), (End::CutOff, &b"hello"[..]));
    }

    #[tokio::test]
    async fn the_end_of_the_connection_can_be_the_end() {
        let how = (Framing::UntilClose, Frame::Plain);
        let (end, out, _, _) = through("", b"all of it", 2, how, None).await;
        assert_eq!(
            (end.unwrap(), out.as_slice()),
            (End::Complete, &b"all of it"[..])
        );
    }

    #[tokio::test]
    async fn bad_framing_breaks_the_flow() {
        let how = (Framing::Chunked, Frame::Chunked);
        let (end, _, _, _) = through("", b"5\nhello", 100, how, None).await;
        assert!(matches!(end, Err(Broken::Framing(_))));
    }

    struct Louder;

    impl Filter for Louder {
        fn pass(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
            out.extend(bytes.to_ascii_uppercase());
        }

        fn finish(&mut self, out: &mut Vec<u8>) {
            out.push(b'!');
        }
    }

    #[tokio::test]
    async fn a_filter_changes_what_passes() {
        for (wire, from) in [
            (&b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"[..], Framing::Chunked),
            (b"abcde", Framing::Length(5)),
            (b"abcde", Framing::UntilClose),
        ] {
            for step in [1, 2, 100] {
                let how = (from, Frame::Chunked);
                let (end, out, _, _) = through("", wire, step, how, Some(Box::new(Louder))).await;
                assert_eq!(end.unwrap(), End::Complete);
                let how = (Framing::Chunked, Frame::Plain);
                let (_, body, _, _) = through("", &out, 100, how, None).await;
                assert_eq!(body, b"ABCDE!");
            }
        }
    }

    #[tokio::test]
    async fn a_gigantic_body_needs_no_more_memory_than_a_large_buffer() {
        let mut wire = Vec::new();
        for _ in 0..200 {
            wire.extend(b"8000\r\n");
            wire.extend([7; 0x8000]);
            wire.extend(b"\r\n");
        }
        wire.extend(b"0\r\n\r\n");
        let how = (Framing::Chunked, Frame::Plain);
        let (end, out, left, passed) = through("", &wire, 1 << 20, how, None).await;
        assert_eq!(end.unwrap(), End::Complete);
        assert_eq!(
            (out.len(), left.len(), passed),
            (200 * 0x8000, 0, 200 * 0x8000)
        );
        assert!(out.iter().all(|byte| *byte == 7));
    }
}
