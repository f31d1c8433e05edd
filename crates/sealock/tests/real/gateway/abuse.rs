//! What a gateway must bear from strangers, from callers and from the daemon: bounded memory, nobody else harmed,
//! and afterwards everything as before.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use sealock_testkit::process::becomes;
use sealock_testkit::scratch::Scratch;
use sealock_tls::Client;

use super::authority::{Authority, now};
use super::fake::{Fake, Manner};
use super::running::Gateway;
use super::whole;
use super::wire::{Line, socket_from};
use crate::common::report;

/// What a head may have at most, and a little.
const MIB: u64 = 1 << 20;

/// A gateway in front of a fake daemon, and Alice, who has a right to be served.
struct Scene {
    gateway: Gateway,
    fake: Fake,
    alice: Client,
    authority: Authority,
    scratch: Scratch,
}

impl Scene {
    fn new(limits: &str) -> Self {
        Self::of(Authority::new(), limits)
    }

    /// Another gateway and daemon, for the clients of the same authority.
    fn beside(other: &Self, limits: &str) -> Self {
        Self::of(other.authority.clone(), limits)
    }

    fn of(mut authority: Authority, limits: &str) -> Self {
        let scratch = Scratch::new("abuse");
        let folder = scratch.join("tls");
        fs::create_dir(&folder).unwrap();
        authority.server().write(
            &folder.join("server-cert.pem"),
            &folder.join("server-key.pem"),
        );
        put(&folder, "ca.pem", &authority.anchor().to_pem());
        put(&folder, "list.pem", &authority.list().to_pem());
        put(
            &folder,
            "policy.toml",
            "version = 1\n[[grants]]\nto = [\"cn:alice\"]\nrole = \"admin\"\n",
        );
        let fake = Fake::new(&scratch.join("d.sock"));
        let gateway = Gateway::start(&folder, &scratch.join("d.sock"), limits);
        let alice = authority.tls_client(&authority.client("alice"));
        Self {
            gateway,
            fake,
            alice,
            authority,
            scratch,
        }
    }

    fn folder(&self) -> PathBuf {
        self.scratch.join("tls")
    }

    fn line(&self) -> Line {
        Line::open(&self.alice, self.gateway.port).unwrap()
    }

    /// A connection to the port without TLS.
    fn socket(&self) -> TcpStream {
        let socket = TcpStream::connect((Ipv4Addr::LOCALHOST, self.gateway.port)).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        socket
            .set_write_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        socket
    }

    /// Does `abuse` while Alice asks twenty times a second, on a kept connection and on new ones by turns, and
    /// insists that every one of her requests is answered.
    fn while_served(&self, what: &str, abuse: impl FnOnce()) {
        let (over, slowest, served) = (
            AtomicBool::new(false),
            Mutex::new(Duration::ZERO),
            Mutex::new(0),
        );
        thread::scope(|scope| {
            let asking = scope.spawn(|| {
                let mut kept = self.line();
                while !over.load(Ordering::SeqCst) {
                    let begin = Instant::now();
                    let status = kept
                        .get("/containers/json")
                        .unwrap_or_else(|error| panic!("{what}: on a kept connection: {error}"))
                        .status;
                    assert_eq!(status, 200, "{what}");
                    let fresh = Line::open(&self.alice, self.gateway.port)
                        .and_then(|mut line| line.get("/_ping"));
                    assert_eq!(
                        fresh
                            .unwrap_or_else(|error| panic!("{what}: on a new connection: {error}"))
                            .status,
                        200,
                        "{what}"
                    );
                    let mut slowest = slowest.lock().unwrap();
                    *slowest = begin.elapsed().max(*slowest);
                    *served.lock().unwrap() += 2;
                    thread::sleep(Duration::from_millis(50));
                }
            });
            let ending = Ending(&over);
            abuse();
            drop(ending);
            asking.join().unwrap();
        });
        let memory = self.gateway.memory();
        report(&format!(
            "{what}: {} rightful requests served, the slowest pair in {} ms; {} KiB resident, {} KiB at most",
            served.lock().unwrap(),
            slowest.lock().unwrap().as_millis(),
            memory.now >> 10,
            memory.most >> 10,
        ));
    }
}

/// Ends who asks, also when a test fails: a scope waits for its threads.
struct Ending<'a>(&'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn slow_heads_and_slow_handshakes_are_ended() {
    let scene = Scene::new("handshake-time = \"2s\"\nhead-time = \"2s\"\n");
    let before = scene.gateway.memory();
    scene.while_served("slowloris", || {
        let mute: Vec<TcpStream> = (0..150).map(|_| scene.socket()).collect();
        let mut dribbling: Vec<TcpStream> = (0..150).map(|_| scene.socket()).collect();
        let mut heads: Vec<Line> = (0..100).map(|_| scene.line()).collect();
        heads
            .iter_mut()
            .for_each(|line| line.send(b"GET /_ping HTTP/1.1\r\nHost: ").unwrap());
        // A byte now and then, of a hello and of a head that never ends.
        for byte in [0x16_u8, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3] {
            dribbling
                .iter_mut()
                .for_each(|socket| drop(socket.write(&[byte])));
            heads.iter_mut().for_each(|line| drop(line.send(b"a")));
            thread::sleep(Duration::from_millis(350));
        }
        for mut socket in mute.into_iter().chain(dribbling) {
            let mut rest = Vec::new();
            // Ended in whatever way, but ended.
            if let Err(error) = socket.read_to_end(&mut rest) {
                assert_ne!(
                    error.kind(),
                    std::io::ErrorKind::WouldBlock,
                    "a handshake was waited for without end"
                );
            }
        }
        for mut line in heads {
            assert!(
                line.answer().map_or(true, |answer| answer.status == 408),
                "a head was waited for without end"
            );
        }
    });
    let after = scene.gateway.memory();
    assert!(after.most - before.now < 48 * MIB, "{before:?} {after:?}");
    assert!(
        becomes(Duration::from_secs(5), || scene.gateway.descriptors() < 60),
        "{} descriptors are left",
        scene.gateway.descriptors()
    );
    assert!(is_recorded(&scene, "too-slow", "SL-G020"));
}

/// Whether a connection that did not come in is in the audit with this word and this code.
fn is_recorded(scene: &Scene, word: &str, code: &str) -> bool {
    let is_it = |text: String| {
        text.lines().any(|line| {
            line.contains("\"event\":\"refused\"") && line.contains(word) && line.contains(code)
        })
    };
    let path = scene.folder().join("audit.jsonl");
    becomes(Duration::from_secs(10), || {
        fs::read_to_string(&path).is_ok_and(is_it)
    })
}

#[test]
fn a_flood_of_handshakes_harms_nobody() {
    let scene = Scene::new("handshake-time = \"2s\"\n");
    let before = scene.gateway.memory();
    let stranger = Authority::new();
    let stranger = stranger.client("alice");
    let stranger = scene.authority.tls_client(&stranger);
    let seconds = if whole() { 30 } else { 4 };
    let mut count = 0;
    scene.while_served("flood of handshakes", || {
        let end = Instant::now() + Duration::from_secs(seconds);
        let counts = thread::scope(|scope| {
            let workers: Vec<_> = (0..3)
                .map(|kind| {
                    let (scene, stranger) = (&scene, &stranger);
                    scope.spawn(move || flood(scene, stranger, kind, end))
                })
                .collect();
            workers
                .into_iter()
                .map(|worker| worker.join().unwrap())
                .sum::<u64>()
        });
        count = counts;
    });
    let after = scene.gateway.memory();
    report(&format!("{count} handshakes refused in {seconds} s"));
    assert!(count > 100, "{count} is no flood");
    assert!(after.most - before.now < 48 * MIB, "{before:?} {after:?}");
}

/// Connections that come to nothing, one after the other: closed at once, no TLS at all, and a stranger's certificate.
fn flood(scene: &Scene, stranger: &Client, kind: u8, end: Instant) -> u64 {
    let mut count = 0;
    while Instant::now() < end {
        match kind {
            0 => drop(scene.socket()),
            1 => {
                let mut socket = scene.socket();
                let _ = socket.write_all(b"\x16\x03\x01\x00\x05hello, this is not TLS");
                let _ = socket.read(&mut [0; 64]);
            }
            _ => {
                let answer = Line::open(stranger, scene.gateway.port)
                    .and_then(|mut line| line.get("/_ping"));
                assert!(answer.is_err(), "a stranger was let in");
            }
        }
        count += 1;
        thread::sleep(Duration::from_millis(1));
    }
    count
}

/// What an address may begin at once here, and how many of its handshakes may come to nothing in a second.
const AT_ONCE: u64 = 16;
const A_SECOND: u64 = 5;

#[test]
fn a_flood_from_one_address_is_shed_and_another_address_does_not_notice() {
    let scene = Scene::new(&format!(
        "handshakes = {AT_ONCE}\nhandshakes-per-address = {A_SECOND}\n"
    ));
    let there = Ipv4Addr::new(127, 0, 0, 2);
    let mut inside = Line::open_from(there, &scene.alice, scene.gateway.port).unwrap();
    let begin = Instant::now();
    let mut opened: Vec<TcpStream> = Vec::new();
    scene.while_served("flood from one address", || {
        while begin.elapsed() < Duration::from_secs(3) || opened.len() < 120 {
            opened.extend(volley(&scene, there));
            thread::sleep(Duration::from_millis(100));
        }
        // Who is in at that address is not touched.
        assert_eq!(inside.get("/_ping").unwrap().status, 200);
    });
    let count = opened.len() as u64;
    all_end(opened);
    // Who is rightful there gets in again by waiting: nothing has to be restarted.
    let back = || {
        Line::open_from(there, &scene.alice, scene.gateway.port)
            .and_then(|mut line| line.get("/_ping"))
            .is_ok_and(|answer| answer.status == 200)
    };
    assert!(becomes(Duration::from_secs(20), back));
    let seconds = begin.elapsed().as_secs() + 1;
    let told = || {
        let refused = refusals(&scene, "127.0.0.2");
        let shed: Vec<u64> = refused.iter().filter_map(|why| turned_away(why)).collect();
        (refused.len() - shed.len(), shed)
    };
    // Records are written a moment later.
    assert!(
        becomes(Duration::from_secs(10), || told()
            .1
            .iter()
            .any(|shed| *shed > 1)),
        "{:?}",
        told()
    );
    let (begun, shed) = told();
    report(&format!(
        "{count} connections opened, {begun} handshakes begun, {} told as turned away in {} records",
        shed.iter().sum::<u64>(),
        shed.len()
    ));
    // Three seconds' worth may have stood in line.
    let most = AT_ONCE + A_SECOND * (seconds + 3);
    assert!(begun as u64 <= most, "{begun} of at most {most}");
    assert!(
        shed.len() as u64 <= seconds,
        "one record a second: {shed:?}"
    );
    assert!(
        refusals(&scene, "127.0.0.1")
            .iter()
            .all(|why| turned_away(why).is_none())
    );
}

/// Twenty connections at once that speak no TLS.
fn volley(scene: &Scene, from: Ipv4Addr) -> Vec<TcpStream> {
    let sockets = (0..20).filter_map(|_| socket_from(from, scene.gateway.port).ok());
    sockets
        .map(|mut socket| {
            let _ended_already = socket.write_all(b"hello, this is not TLS\n");
            socket
        })
        .collect()
}

/// Every one was ended, in whatever way.
fn all_end(sockets: Vec<TcpStream>) {
    for mut socket in sockets {
        let patience = Some(Duration::from_secs(20));
        socket.set_read_timeout(patience).unwrap();
        if let Err(error) = socket.read_to_end(&mut Vec::new()) {
            assert!(is_end(&error), "nobody ended it: {error}");
        }
    }
}

/// Why connections from an address did not come in.
fn refusals(scene: &Scene, from: &str) -> Vec<String> {
    let text = fs::read_to_string(scene.folder().join("audit.jsonl")).unwrap_or_default();
    let whole = text.lines().filter(|line| line.ends_with('}'));
    let records = whole.map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let ours = records.filter(|record| {
        let place = record["from"].as_str().unwrap_or_default();
        record["event"] == "refused" && place.split(':').next() == Some(from)
    });
    ours.map(|record| record["detail"].as_str().unwrap().to_owned())
        .collect()
}

/// For how many connections a refusal stands that were turned away because of their address.
fn turned_away(why: &str) -> Option<u64> {
    let rest = why.strip_prefix("address")?;
    match rest.strip_prefix(": ") {
        None => Some(1),
        Some(count) => count.split(' ').next()?.parse().ok(),
    }
}

#[test]
fn a_stream_ends_with_its_certificate_where_that_is_asked_for_and_nowhere_else() {
    let strict = Scene::new("end-expired = true\n");
    let lenient = Scene::beside(&strict, "");
    // On a machine under load seconds may be over before the first handshake.
    let (mut cut, mut kept, mut asks, ends) = [5, 20, 60]
        .into_iter()
        .find_map(|life| {
            let pair = strict
                .authority
                .client_for("alice", Duration::from_secs(life));
            let client = strict.authority.tls_client(&pair);
            let open = |scene: &Scene| hijacked(&client, scene.gateway.port).ok();
            let asks = Line::open(&client, lenient.gateway.port).ok()?;
            Some((
                open(&strict)?,
                open(&lenient)?,
                asks,
                pair.certificate.not_after(),
            ))
        })
        .expect("no handshake within the life of a certificate");
    let mut ticks = 0;
    while cut.line(b"\n").is_ok() {
        ticks += 1;
        assert!(ticks < 3000, "the stream goes on for ever");
    }
    assert!(now() > ends, "the stream ended before its certificate");
    assert!(ticks > 0, "the stream never ran");
    // Where nobody asked for it: as many ticks as were on the way, and some of the time after.
    for number in 0..ticks + 20 {
        kept.line(b"\n")
            .unwrap_or_else(|error| panic!("cut at tick {number}: {error}"));
    }
    // It only begins nothing new.
    let answer = asks.get("/_ping").unwrap();
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(answer.status == 403 && body.contains("SL-G023"), "{body}");
    let recorded = || {
        let text = fs::read_to_string(strict.folder().join("audit.jsonl")).unwrap();
        text.contains("\"event\":\"cut\"")
    };
    assert!(becomes(Duration::from_secs(10), recorded));
    let text = fs::read_to_string(lenient.folder().join("audit.jsonl")).unwrap();
    assert!(!text.contains("\"event\":\"cut\""), "{text}");
}

/// An attach, which ticks.
fn hijacked(client: &Client, port: u16) -> std::io::Result<Line> {
    let mut line = Line::open(client, port)?;
    line.send(b"POST /v1.41/containers/lives/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")?;
    let head = line.head()?;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    Ok(line)
}

#[test]
fn thousands_of_idle_connections_cost_little() {
    // A process has 20,000 descriptors here, and so has the gateway.
    let count = if whole() { 10_000 } else { 1_000 };
    let scene = Scene::new("per-caller = 15000\n");
    // Settled: what the first requests leave behind is not the idle connections'.
    for _ in 0..50 {
        assert_eq!(scene.line().get("/_ping").unwrap().status, 200);
    }
    let before = scene.gateway.memory();
    let mut idle: Vec<Line> = Vec::new();
    scene.while_served("idle connections", || {
        for _ in 0..count {
            let mut line = scene.line();
            assert_eq!(line.get("/_ping").unwrap().status, 200);
            idle.push(line);
        }
        thread::sleep(Duration::from_secs(1));
    });
    let after = scene.gateway.memory();
    let each = (after.now - before.now) / count;
    report(&format!(
        "{count} idle connections: {:.1} KiB each",
        each as f64 / 1024.0
    ));
    assert!(each < 32 << 10, "{each} bytes each: {before:?} {after:?}");
    // They are alive, every one.
    for line in idle.iter_mut().step_by(97) {
        assert_eq!(line.get("/_ping").unwrap().status, 200);
    }
    drop(idle);
    assert!(
        becomes(Duration::from_secs(20), || scene.gateway.descriptors()
            < 100),
        "{} descriptors are left",
        scene.gateway.descriptors()
    );
}

#[test]
fn giant_heads_and_endless_bodies_are_refused() {
    let scene = Scene::new("");
    let before = scene.gateway.memory();
    scene.while_served("giants", || {
        // A hello of 64 KiB, in records that are as long as records may be.
        let mut socket = scene.socket();
        let hello = [b"\x01\x00\xff\xff\x03\x03".as_slice(), &[7; 1 << 16]].concat();
        for part in hello.chunks(1 << 14) {
            let head = [0x16, 3, 1, (part.len() >> 8) as u8, part.len() as u8];
            let _ = socket.write_all(&[&head, part].concat());
        }
        let _ended = socket.read_to_end(&mut Vec::new());
        assert!(is_recorded(&scene, "too-much", "SL-G021"));
        for _ in 0..4 {
            giant_head(&scene, b"X-Giant: ", b"\r\n");
            giant_head(&scene, b"X-Many: 1\r\n", b"");
            endless(&scene, "/containers/create", b"10000\r\n");
            endless(&scene, "/containers/create", b"");
        }
        // A chunk whose extension never ends, where bodies are passed on.
        let mut line = scene.line();
        let _ = line.send(b"POST /build HTTP/1.1\r\nHost: docker\r\nContent-Type: application/x-tar\r\nTransfer-Encoding: chunked\r\n\r\n5;");
        let mut sent = 0;
        while sent < 8 * MIB && line.send(&[b'x'; 1 << 16]).is_ok() {
            sent += 1 << 16;
        }
        assert!(line.answer().map_or(true, |answer| answer.status == 400), "an endless chunk extension was taken");
        // And one whose chunks are passed on for as long as they come: nothing of it is kept.
        let mut line = scene.line();
        line.send(b"POST /build HTTP/1.1\r\nHost: docker\r\nContent-Type: application/x-tar\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
        let chunk = [b"10000\r\n".as_slice(), &[b'x'; 1 << 16], b"\r\n"].concat();
        for _ in 0..if whole() { 16 << 10 } else { 512 } {
            line.send(&chunk).unwrap();
        }
        line.send(b"0\r\n\r\n").unwrap();
        assert_eq!(line.answer().unwrap().status, 200);
    });
    let after = scene.gateway.memory();
    assert!(after.most - before.now < 64 * MIB, "{before:?} {after:?}");
}

/// Heads that do not end.
fn giant_head(scene: &Scene, before: &[u8], after: &[u8]) {
    let mut line = scene.line();
    let mut head = b"GET /_ping HTTP/1.1\r\nHost: docker\r\n".to_vec();
    while head.len() < 3 << 20 {
        head.extend_from_slice(before);
        if !after.is_empty() {
            head.resize(head.len() + 700_000, b'g');
            head.extend_from_slice(after);
        }
    }
    head.extend_from_slice(b"\r\n");
    // The refusal may come before all is sent.
    let _ = line.send(&head);
    match line.answer() {
        Ok(answer) => assert!(matches!(answer.status, 400 | 431), "{}", answer.head),
        Err(error) => assert!(is_end(&error), "{error}"),
    }
}

/// A body that is to be judged and does not end: as chunks, or by a length nobody has.
fn endless(scene: &Scene, path: &str, chunk: &[u8]) {
    let mut line = scene.line();
    let framing = if chunk.is_empty() {
        "Content-Length: 99999999999"
    } else {
        "Transfer-Encoding: chunked"
    };
    let _ = line.send(format!("POST {path} HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\n{framing}\r\n\r\n").as_bytes());
    let mut sent = 0;
    while sent < 32 * MIB {
        let part = if chunk.is_empty() {
            vec![b' '; 1 << 16]
        } else {
            [chunk, &[b' '; 1 << 16], b"\r\n"].concat()
        };
        if line.send(&part).is_err() {
            break;
        }
        sent += 1 << 16;
    }
    match line.answer() {
        Ok(answer) => assert_eq!(answer.status, 413, "{}", answer.head),
        Err(error) => assert!(is_end(&error), "{error}"),
    }
    assert!(sent < 32 * MIB, "all of an endless body was taken");
}

/// Whether the other side ended the connection, rather than letting us wait.
fn is_end(error: &std::io::Error) -> bool {
    !matches!(
        error.kind(),
        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
    ) && !error.to_string().contains("time")
}

#[test]
fn a_daemon_that_stalls_dies_or_lies_harms_only_who_asks_it() {
    let scene = Scene::new("");
    let before = scene.gateway.memory();
    let ask = |line: &mut Line| line.get("/containers/json").map(|answer| answer.status);
    let ok = || {
        assert!(
            becomes(Duration::from_secs(3), || ask(&mut scene.line())
                .is_ok_and(|status| status == 200)),
            "no recovery"
        )
    };
    let mut idle = scene.line();
    ok();
    for manner in Manner::BAD {
        scene.fake.behave(manner);
        let mut stalled: Vec<Line> = Vec::new();
        for _ in 0..20 {
            let mut line = scene.line();
            if manner == Manner::Stalls {
                line.send(b"GET /containers/json HTTP/1.1\r\nHost: docker\r\n\r\n")
                    .unwrap();
                stalled.push(line);
                continue;
            }
            match ask(&mut line) {
                Ok(status) => assert_eq!(status, 502, "{manner:?}"),
                // Where the head was good, all that is left is to end.
                Err(error) => assert!(
                    matches!(manner, Manner::Breaks | Manner::Miscounts) && is_end(&error),
                    "{manner:?}: {error}"
                ),
            }
        }
        scene.fake.behave(Manner::Honest);
        // With twenty callers waiting for ever, others are served as before.
        ok();
        drop(stalled);
    }
    scene.fake.vanish();
    let mut line = scene.line();
    let answer = line.get("/containers/json").unwrap();
    assert!(matches!(answer.status, 502 | 503), "{}", answer.head);
    assert!(
        answer.body.starts_with(b"{\"message\":"),
        "clients read JSON: {}",
        String::from_utf8_lossy(&answer.body)
    );
    // After such an answer the connection ends, and says so: a client that reuses it would lose a request.
    assert!(
        answer.head.contains("\r\nConnection: close\r\n"),
        "{}",
        answer.head
    );
    scene.fake.listen();
    ok();
    assert_eq!(
        ask(&mut idle).unwrap(),
        200,
        "a connection that was idle all the while"
    );
    let after = scene.gateway.memory();
    report(&format!(
        "a daemon that lies: {} requests, {} KiB resident at most",
        scene.fake.requests(),
        after.most >> 10
    ));
    assert!(after.most - before.now < 32 * MIB, "{before:?} {after:?}");
    assert!(
        becomes(Duration::from_secs(5), || scene.gateway.descriptors() < 60),
        "{} descriptors are left",
        scene.gateway.descriptors()
    );
}

fn put(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap();
}
