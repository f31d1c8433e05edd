//! `/metrics`, `/healthz` and `/readyz` in plain HTTP, on a listener of their own.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use super::Gauge;
use crate::GatewayError;
use crate::shared::Shared;

/// So many are answered at once; whoever comes then waits.
const AT_ONCE: usize = 16;
/// A scrape that takes longer is given up.
const WITHIN: Duration = Duration::from_secs(5);
/// The longest head of a scrape.
const HEAD: usize = 8 * 1024;

/// Binds the address; see [`serve`].
pub(crate) fn bind(address: SocketAddr) -> Result<TcpListener, GatewayError> {
    let bound = TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    bound.map_err(|error| {
        GatewayError::new("SL-G054", "the address for metrics cannot be listened on")
            .at(address.to_string())
            .because(error.to_string())
    })
}

/// Answers for ever; to be spawned on a runtime.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    answer_all(listener, shared).await;
}

/// What is told.
trait Vitals: Send + Sync + 'static {
    /// The page of metrics.
    fn page(&self) -> String;
    /// Why the gateway should get no new connections at present, a line each; nothing when it is ready.
    fn trouble(&self) -> Vec<String>;
}

impl Vitals for Shared {
    fn page(&self) -> String {
        self.metrics.page(&self.audit)
    }

    fn trouble(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.drain.has_begun() {
            lines.push("draining: it takes no new connections".to_owned());
        }
        if !self.audit.ready() {
            lines.push("audit records are required and cannot be written".to_owned());
        }
        let ended = |gauge: &Gauge| (1..=now()).contains(&gauge.get());
        if ended(&self.metrics.certificate_ends) {
            lines.push("the gateway's certificate has expired".to_owned());
        }
        if ended(&self.metrics.lists_end) {
            lines.push("a revocation list is overdue: its clients are refused".to_owned());
        }
        lines
    }
}

/// Seconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(since.unwrap_or_default().as_secs()).unwrap_or(i64::MAX)
}

async fn answer_all<V: Vitals>(listener: TcpListener, vitals: Arc<V>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    let places = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let Ok((stream, _)) = listener.accept().await else {
            // No descriptor is left; whoever holds them will let go.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let vitals = Arc::clone(&vitals);
        tokio::spawn(async move {
            let answered = tokio::time::timeout(WITHIN, answer(stream, &*vitals));
            let _gone_or_slow = answered.await;
            drop(place);
        });
    }
}

async fn answer<V: Vitals>(mut stream: TcpStream, vitals: &V) -> std::io::Result<()> {
    let mut head = Vec::with_capacity(1024);
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        if head.len() > HEAD || stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let mut words = line.split(|byte| *byte == b' ');
    let method = words.next().unwrap_or_default();
    let target = words.next().unwrap_or_default();
    let path = target
        .split(|byte| *byte == b'?')
        .next()
        .unwrap_or_default();
    let text = "text/plain; charset=utf-8";
    let (status, kind, body) = match (method, path) {
        (b"GET" | b"HEAD", b"/metrics") => ("200 OK", "text/plain; version=0.0.4", vitals.page()),
        (b"GET" | b"HEAD", b"/healthz") => ("200 OK", text, "ok\n".to_owned()),
        (b"GET" | b"HEAD", b"/readyz") => match vitals.trouble() {
            lines if lines.is_empty() => ("200 OK", text, "ok\n".to_owned()),
            lines => ("503 Service Unavailable", text, lines.join("\n") + "\n"),
        },
        (b"GET" | b"HEAD", _) => ("404 Not Found", text, "not found\n".to_owned()),
        _ => (
            "405 Method Not Allowed",
            text,
            "only GET and HEAD\n".to_owned(),
        ),
    };
    let length = body.len();
    let mut answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    if method != b"HEAD" {
        answer.push_str(&body);
    }
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

#[cfg(test)]
mod tests {
    use super::{Vitals, answer_all, bind};
    use crate::audit::Audit;
    use crate::metrics::Metrics;
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    struct Patient {
        metrics: Metrics,
        draining: AtomicBool,
    }

    impl Vitals for Patient {
        fn page(&self) -> String {
            self.metrics.page(&Audit::off())
        }

        fn trouble(&self) -> Vec<String> {
            let draining = self.draining.load(Ordering::Relaxed);
            draining
                .then(|| "draining".to_owned())
                .into_iter()
                .collect()
        }
    }

    #[test]
    fn scrapes_and_health() {
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let taken = bind(address).unwrap_err();
        assert_eq!(sealock_diag::Diagnose::code(&taken).0, "SL-G054");
        let patient = Arc::new(Patient {
            metrics: Metrics::new(["docker".to_owned()]),
            draining: AtomicBool::new(false),
        });
        let asked = Arc::clone(&patient);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(answer_all(listener, asked));
        });
        let ask = |request: &str| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = String::new();
            // Whoever sends too much is answered by a reset.
            let _reset = stream.read_to_string(&mut answer);
            answer
        };
        let page = ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
        assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
        assert!(page.contains("\nsealock_gateway_connections_open{listener=\"docker\"} 0\n"));
        let head = ask("HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
        assert!(
            head.ends_with("\r\n\r\n") && head.contains("Content-Length"),
            "{head}"
        );
        assert!(ask("GET /healthz HTTP/1.0\r\n\r\n").ends_with("\r\n\r\nok\n"));
        assert!(ask("GET /readyz?x HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 200 "));
        patient.draining.store(true, Ordering::Relaxed);
        let late = ask("GET /readyz HTTP/1.0\r\n\r\n");
        assert!(
            late.starts_with("HTTP/1.1 503 ") && late.ends_with("draining\n"),
            "{late}"
        );
        assert!(ask("GET /healthz HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 200 "));
        assert!(ask("GET / HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 404 "));
        assert!(ask("POST /metrics HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 405 "));
        assert_eq!(ask(&format!("GET /{} HTTP/1.0\r\n", "x".repeat(9000))), "");
    }
}
