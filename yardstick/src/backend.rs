//! A service that costs next to nothing: a few requests of the Engine API, answered from memory.

use std::os::unix::fs::PermissionsExt as _;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};

use crate::Fault;
use crate::answer::{self, Framing, Left};

/// What Go's `io.Copy` moves at once, and so what dockerd sends as one chunk.
pub const CHUNK: usize = 32 * 1024;
/// The body of an ordinary answer.
const BODY: usize = 1024;

/// Answers on the unix socket until it is ended; an export has `bulk` bytes.
pub async fn serve(socket: &str, bulk: u64) -> Result<(), Fault> {
    let listener = UnixListener::bind(socket)?;
    // Some peers insist on a user of their own.
    std::fs::set_permissions(socket, std::fs::Permissions::from_mode(0o777))?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            let _ = converse(stream, bulk).await;
        });
    }
}

async fn converse(mut stream: UnixStream, bulk: u64) -> Result<(), Fault> {
    // Grown on demand: ten thousand idle connections are somebody else's measurement.
    let mut buffer = Vec::new();
    let mut large = Vec::new();
    loop {
        let head = loop {
            if let Some(end) = answer::head_end(&buffer) {
                break end;
            }
            buffer.reserve(512);
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        };
        let text = String::from_utf8_lossy(&buffer[..head]).into_owned();
        buffer.drain(..head);
        let framing = answer::framing(&text, Framing::Length(0))?;
        if framing != Framing::Length(0) {
            let mut left = Left::new(framing);
            large.resize(4 * CHUNK, 0);
            let taken = left.take(&buffer)?;
            buffer.drain(..taken);
            while !left.is_done() {
                let read = stream.read(&mut large).await?;
                if read == 0 {
                    return Ok(());
                }
                let taken = left.take(&large[..read])?;
                buffer.extend_from_slice(&large[taken..read]);
            }
            large = Vec::new();
        }
        let target = text.split(' ').nth(1).unwrap_or_default();
        let path = target.split('?').next().unwrap_or_default();
        if path.ends_with("/export") {
            export(&mut stream, bulk).await?;
            continue;
        }
        let (content, body) = ordinary(path);
        let head_only = text.starts_with("HEAD ");
        let mut answer = begin(&format!(
            "Content-Type: {content}\r\nContent-Length: {}",
            body.len()
        ));
        if !head_only {
            answer.push_str(&body);
        }
        stream.write_all(answer.as_bytes()).await?;
    }
}

fn ordinary(path: &str) -> (&'static str, String) {
    const ID: &str = "4f0c2d1b6a7e8f904f0c2d1b6a7e8f904f0c2d1b6a7e8f904f0c2d1b6a7e8f90";
    const JSON: &str = "application/json";
    if path.ends_with("/_ping") {
        return ("text/plain; charset=utf-8", "OK".to_owned());
    }
    if path.ends_with("/version") {
        let said = "{\"Version\":\"28.5.2\",\"ApiVersion\":\"1.51\",\"MinAPIVersion\":\"1.24\"}\n";
        return (JSON, said.to_owned());
    }
    if path.contains("/containers/")
        && path.ends_with("/json")
        && !path.ends_with("containers/json")
    {
        let said = format!(
            "{{\"Id\":\"{ID}\",\"Name\":\"/bench\",\"Config\":{{\"Labels\":{{}}}},\"HostConfig\":{{}}}}\n"
        );
        return (JSON, said);
    }
    // A list with one container, of exactly the size that is promised.
    let start = format!(
        "[{{\"Id\":\"{ID}\",\"Names\":[\"/bench\"],\"Image\":\"bench\",\"Labels\":{{\"padding\":\""
    );
    let end = "\"},\"State\":\"running\",\"Status\":\"Up 2 hours\"}]\n";
    let padding = "x".repeat(BODY.saturating_sub(start.len() + end.len()));
    (JSON, format!("{start}{padding}{end}"))
}

/// The head of an answer, as dockerd words it.
fn begin(rest: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\nDocker-Experimental: false\r\nOstype: linux\r\n\
         Server: Docker/28.5.2 (linux)\r\nDate: Sun, 22 Nov 2026 12:00:00 GMT\r\n{rest}\r\n\r\n"
    )
}

/// A stream in chunks, as dockerd sends a container's files.
async fn export(stream: &mut UnixStream, bulk: u64) -> Result<(), Fault> {
    let start = begin("Content-Type: application/octet-stream\r\nTransfer-Encoding: chunked");
    stream.write_all(start.as_bytes()).await?;
    let chunk = answer::chunk(CHUNK);
    for _ in 0..bulk / CHUNK as u64 {
        stream.write_all(&chunk).await?;
    }
    stream.write_all(b"0\r\n\r\n").await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_answer_has_the_size_that_is_promised() {
        let (content, body) = ordinary("/v1.51/containers/json");
        assert_eq!((content, body.len()), ("application/json", BODY));
        serde_json::from_str::<serde_json::Value>(&body).unwrap();
        let (_, body) = ordinary("/v1.51/containers/abc/json");
        serde_json::from_str::<serde_json::Value>(&body).unwrap();
    }
}
