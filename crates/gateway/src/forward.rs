//! Any port: whoever is on the listener's list is joined with the service, byte by byte.

#[cfg(test)]
mod tests;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use rustix::net::sockopt;
use sealock_policy::{Caller, Name};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

use crate::audit::{Event, Judged, Record, Verdict};
use crate::http::buffer::Buffer;
use crate::http::exchange::{Delivered, tunnel};
use crate::http::flow::{Flow, Frame, Side};
use crate::http::request::Framing;
use crate::http::wire::Wire;
use crate::metrics::Refusal;
use crate::proxy_header;
use crate::shared::Visitor;
use crate::transport::Transport;
use crate::{Service, Upstream};

/// The caller has no name on the list of the listener.
const NOT_LISTED: &str = "SL-G056";
/// Records are required and cannot be written.
const UNRECORDED: &str = "SL-G035";
/// How long a service may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// How often the system asks a silent service whether it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Joins an admitted caller with the service, if it may, until both have ended. Silence may last as long as it
/// likes. Dropping the future cuts the connection; the audit has its end in any case.
pub(crate) async fn serve(transport: Transport, visitor: Visitor) {
    let Service::Tcp {
        upstream,
        allow,
        proxy_header,
    } = &visitor.door.listener().service
    else {
        return;
    };
    let Some(by) = listed(visitor.peer.caller(), allow) else {
        refuse(&visitor);
        return;
    };
    if !visitor.door.shared.audit.ready() {
        turn_away(
            &visitor,
            UNRECORDED,
            "connections must be recorded and records cannot be written",
        );
        return;
    }
    let mut stream = Stream::open(&visitor, &by.to_string());
    let service = match connect(upstream).await {
        Ok(service) => service,
        Err(error) => {
            visitor.door.shared.metrics.upstream_failures.one();
            visitor.door.metrics().refused(Refusal::Upstream).one();
            stream.outcome = format!("the service does not answer: {error}");
            return;
        }
    };
    let mut lead = Buffer::default();
    if *proxy_header {
        let header = proxy_header::header(
            &visitor.peer,
            transport.local_address(),
            &visitor.who.to_string(),
        );
        lead.extend(&header);
    }
    stream.join(Whole(transport), service, lead).await;
}

/// The name on the list by which this caller may come in.
pub(crate) fn listed<'a>(caller: &Caller, allow: &'a [Name]) -> Option<&'a Name> {
    allow.iter().find(|name| caller.names().contains(name))
}

/// Counts and notes that a known caller may not use this listener.
pub(crate) fn refuse(visitor: &Visitor) {
    turn_away(
        visitor,
        NOT_LISTED,
        "the caller is not on the listener's list",
    );
}

fn turn_away(visitor: &Visitor, code: &'static str, reason: &'static str) {
    visitor.door.metrics().refused(Refusal::NotAllowed).one();
    visitor.door.shared.audit.note(&Record {
        event: Event::Refused,
        who: Some(&visitor.who),
        judged: Some(Judged {
            verdict: Verdict::Deny,
            rule: "",
            code,
            reason,
        }),
        material: visitor.peer.epoch,
        ..Record::default()
    });
}

/// Connects to a service.
pub(crate) async fn connect(upstream: &Upstream) -> io::Result<Transport> {
    let connecting = async {
        match upstream {
            Upstream::Unix(path) => Ok(Transport::Unix(UnixStream::connect(path).await?)),
            Upstream::Tcp(address) => {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                sockopt::set_socket_keepalive(&stream, true)?;
                sockopt::set_tcp_keepidle(&stream, KEEP_ALIVE)?;
                sockopt::set_tcp_keepintvl(&stream, KEEP_ALIVE)?;
                Ok(Transport::Tcp(stream))
            }
        }
    };
    match tokio::time::timeout(CONNECT, connecting).await {
        Ok(connected) => connected,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// A stream in the audit and in the counters, from its begin to its end, however it ends.
struct Stream<'a> {
    visitor: &'a Visitor,
    since: Instant,
    up: Flow,
    down: Flow,
    outcome: String,
}

impl<'a> Stream<'a> {
    fn open(visitor: &'a Visitor, rule: &str) -> Self {
        visitor.door.metrics().streams.add(1);
        visitor.door.shared.audit.note(&Record {
            event: Event::Open,
            who: Some(&visitor.who),
            judged: Some(Judged {
                verdict: Verdict::Allow,
                rule,
                code: "",
                reason: "",
            }),
            material: visitor.peer.epoch,
            ..Record::default()
        });
        Self {
            visitor,
            since: Instant::now(),
            up: flow(Buffer::default()),
            down: flow(Buffer::default()),
            // What stands here when the future is dropped.
            outcome: "cut".to_owned(),
        }
    }

    async fn join(&mut self, client: Whole, service: Transport, lead: Buffer) {
        self.up = flow(lead);
        let (mut client, mut service) = (Side::new(client), Side::new(service));
        // Until all was said: whoever is cut in the middle must not look as if that had been all.
        breaks_off(&service.wire, true);
        let end = tunnel(&mut self.up, &mut self.down, &mut client, &mut service).await;
        self.outcome = match end {
            Delivered::Whole => {
                breaks_off(&service.wire, false);
                return self.outcome.clear();
            }
            Delivered::ClientGone => "the caller broke off".to_owned(),
            Delivered::CutOff => "the service broke off".to_owned(),
        };
    }
}

/// Whether closing the connection to a service is a reset, and no end.
fn breaks_off(service: &Transport, is_reset: bool) {
    if let Transport::Tcp(stream) = service {
        let linger = is_reset.then_some(Duration::ZERO);
        let _gone_already = sockopt::set_socket_linger(stream, linger);
    }
}

fn flow(lead: Buffer) -> Flow {
    Flow::new(lead, Framing::UntilClose, Frame::Plain)
}

impl Drop for Stream<'_> {
    fn drop(&mut self) {
        let door = self.visitor.door.metrics();
        let (received, sent) = (self.up.passed(), self.down.passed());
        door.streams.add(-1);
        door.received.add(received);
        door.sent.add(sent);
        self.visitor.door.shared.audit.note(&Record {
            event: Event::Close,
            who: Some(&self.visitor.who),
            received,
            sent,
            duration: Some(self.since.elapsed()),
            material: self.visitor.peer.epoch,
            detail: &self.outcome,
            ..Record::default()
        });
    }
}

/// A caller's transport whose end has to be meant: TLS that stops without `close_notify` was cut by somebody, and
/// a service must not take the bytes before for all there are.
struct Whole(Transport);

impl Wire for Whole {
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_readable(cx)
    }
}

impl AsyncRead for Whole {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.0).poll_read(cx, buffer))?;
        let ended = buffer.filled().len() == before && buffer.remaining() > 0;
        if ended && !self.0.ended_cleanly() {
            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Whole {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buffer)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
