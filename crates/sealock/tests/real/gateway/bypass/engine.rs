//! Engines from 29.2 on speak HTTP/2 on the same socket, and take gRPC before they look at any route. None of them is
//! here, so an upstream that would speak it writes down what it hears.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use sealock_testkit::Scratch;

use super::raw::{self, Until, exchange};
use super::world::Gateway;

const PREFACE: &str = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";

/// The upstream.
struct Engine {
    socket: PathBuf,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Engine {
    fn start(socket: PathBuf) -> Self {
        let listener = UnixListener::bind(&socket).unwrap();
        let heard = Arc::<Mutex<Vec<u8>>>::default();
        let ear = Arc::clone(&heard);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let ear = Arc::clone(&ear);
                thread::spawn(move || serve(stream, &ear));
            }
        });
        Self { socket, heard }
    }

    /// Whether it has heard this, in any case, since it was asked last.
    fn heard(&self, mark: &str) -> bool {
        let heard = std::mem::take(&mut *self.heard.lock().unwrap());
        String::from_utf8_lossy(&heard)
            .to_lowercase()
            .contains(&mark.to_lowercase())
    }
}

/// Answers HTTP/2 and upgrades with a frame of settings and closes; answers everything else with `OK`.
fn serve(mut stream: UnixStream, ear: &Mutex<Vec<u8>>) -> Option<()> {
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let Some(end) = read.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
            let count = stream.read(&mut buffer).ok().filter(|count| *count > 0)?;
            ear.lock().unwrap().extend_from_slice(&buffer[..count]);
            read.extend_from_slice(&buffer[..count]);
            continue;
        };
        let head = String::from_utf8_lossy(&read[..end]).to_lowercase();
        read.drain(..end + 4);
        if head.starts_with("pri * http/2.0") {
            return stream.write_all(SETTINGS).ok();
        }
        if head.contains("upgrade: h2c") {
            let switched =
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
            stream.write_all(switched.as_bytes()).ok()?;
            return stream.write_all(SETTINGS).ok();
        }
        let answer = "HTTP/1.1 200 OK\r\nApi-Version: 1.53\r\nContent-Length: 2\r\n\r\nOK";
        stream.write_all(answer.as_bytes()).ok()?;
    }
}

/// What is sent, and the part of it that the engine must not hear.
fn variants() -> Vec<(String, Vec<u8>, &'static str)> {
    let mut all = Vec::new();
    let ping = "GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n";
    let mut preface = |label: &str, text: String| {
        let bytes = [text.as_bytes(), SETTINGS].concat();
        all.push((format!("a preface {label}"), bytes, "PRI *"));
    };
    preface("at once", PREFACE.to_owned());
    preface("behind a request", format!("{ping}{PREFACE}"));
    preface("behind two requests", format!("{ping}{ping}{PREFACE}"));
    preface("behind empty lines", format!("\r\n\r\n{PREFACE}"));
    for line in ["GET /_ping", "GET /version", "POST /containers/x/start"] {
        preface(
            &format!("behind an empty body of {line}"),
            format!("{line} HTTP/1.1\r\nHost: docker\r\nContent-Length: 0\r\n\r\n{PREFACE}"),
        );
        preface(
            &format!("behind no chunks of {line}"),
            format!(
                "{line} HTTP/1.1\r\nHost: docker\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{PREFACE}"
            ),
        );
    }
    for token in ["h2c", "H2C", "websocket, h2c", "h2c, tcp"] {
        for connection in ["Upgrade, HTTP2-Settings", "upgrade", "keep-alive, Upgrade"] {
            for line in ["GET /version", "GET /containers/json", "OPTIONS *"] {
                let headers = [
                    &format!("Connection: {connection}"),
                    &format!("Upgrade: {token}"),
                    "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
                ];
                let bytes = raw::request(line, &headers, b"");
                all.push((
                    format!("upgrade to {token} by {connection} at {line}"),
                    [&bytes, PREFACE.as_bytes()].concat(),
                    "h2c",
                ));
            }
        }
    }
    for kind in [
        "application/grpc",
        "application/grpc+proto",
        "Application/GRPC",
        "application/grpc-web",
        "application/grpc;charset=utf-8",
        " application/grpc ",
    ] {
        for path in [
            "/moby.buildkit.v1.Control/Solve",
            "/moby.buildkit.v1.Control/Session",
            "/grpc.health.v1.Health/Check",
            "/containers/create",
            "/v1.53/containers/create",
            "/build",
            "/images/load",
        ] {
            let headers = [&format!("Content-Type: {kind}"), "TE: trailers"];
            all.push((
                format!("{kind} to {path}"),
                raw::request(&format!("POST {path}"), &headers, b"\0\0\0\0\0"),
                "application/grpc",
            ));
        }
    }
    all
}

#[test]
fn nothing_speaks_http2_past_the_routes() {
    let scratch = Scratch::new("engine");
    let engine = Engine::start(scratch.join("engine.sock"));
    let policy = |grant: &str| format!("version = 1\n\n[[grants]]\nto = [\"uid:0\"]\n{grant}\n");
    // Not even whoever may do everything else.
    let gateways = [
        ("admin", "role = \"admin\""),
        (
            "builder",
            "role = \"ci-builder\"\nimages = [\"*\"]\ntags = [\"*\"]\nraw-builds = true",
        ),
        ("observer", "role = \"observer\""),
    ]
    .map(|(name, grant)| Gateway::start(scratch.path(), &engine.socket, name, &policy(grant)));
    let send = |socket: &Path, bytes: &[u8]| {
        engine.heard("");
        // A preface is answered as well, by whoever takes it for a request.
        let text = String::from_utf8_lossy(bytes);
        let asked = text.matches(" HTTP/").count().max(1);
        exchange(socket, bytes, Until::Either(asked, 300))
    };
    let mut wrong = Vec::new();
    let variants = variants();
    for (label, bytes, mark) in &variants {
        send(&engine.socket, bytes);
        if !engine.heard(mark) {
            wrong.push(format!("{label} does not reach an engine at all"));
        }
        for gateway in &gateways {
            let reply = send(&gateway.socket, bytes);
            if engine.heard(mark) {
                wrong.push(format!(
                    "{label} came through {}: {}",
                    gateway.socket.display(),
                    reply.text()
                ));
            }
        }
    }
    println!(
        "{} ways to speak HTTP/2, none past {} gateways",
        variants.len(),
        gateways.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // By decision it is carried, to where it belongs.
    let headers = ["Connection: Upgrade", "Upgrade: h2c"];
    let request = raw::request("POST /grpc", &headers, b"");
    for (gateway, status) in gateways.iter().zip([101, 101, 403]) {
        let reply = send(&gateway.socket, &request);
        assert_eq!(reply.status, status, "{}", reply.text());
    }
}
