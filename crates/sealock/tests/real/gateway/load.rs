//! Reload and revocation under load: whoever has a right to be served is served, whoever has lost it is gone at once.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use sealock_testkit::process::becomes;
use sealock_testkit::scratch::Scratch;
use sealock_tls::Client;

use super::authority::{Authority, Pair, replace};
use super::fake::{Fake, TICK};
use super::running::Gateway;
use super::whole;
use super::wire::Line;
use crate::common::report;

/// Within which a revoked caller is cut off.
const CUT: Duration = Duration::from_secs(1);

/// Times that something is replaced.
const REPLACEMENTS: usize = 100;

/// How hard the gateway is worked while its files change.
struct Load {
    streams: usize,
    per_second: u64,
    callers: u64,
}

#[test]
fn a_hundred_replacements_under_load() {
    // What is tested here is not speed: a build without optimisation is given what it can bear.
    let load = match whole() {
        true => Load {
            streams: 200,
            per_second: 2000,
            callers: 16,
        },
        false => Load {
            streams: 200,
            per_second: 300,
            callers: 6,
        },
    };
    let mut scene = Scene::new();
    let doomed: Vec<Pair> = (0..10)
        .map(|number| scene.ours.client(&format!("doomed-{number}")))
        .collect();
    let alice = scene.ours.client("alice");
    let clients: Vec<Client> = doomed
        .iter()
        .chain([&alice])
        .map(|pair| scene.ours.tls_client(pair))
        .collect();
    let (doomed_clients, alice_client) = clients.split_at(doomed.len());
    let alice_client = &alice_client[0];
    let port = scene.gateway.port;

    let watch = Watch::default();
    thread::scope(|scope| {
        let ending = Ending(&watch);
        for stream in 0..load.streams - doomed.len() {
            // Not all in one moment: the daemon behind is to be asked in turn, as by people.
            thread::sleep(Duration::from_millis(2));
            let watch = &watch;
            scope.spawn(move || watch.stream(alice_client, port, stream));
        }
        for (number, client) in doomed_clients.iter().enumerate() {
            let watch = &watch;
            scope.spawn(move || watch.doomed_stream(client, port, number));
        }
        for _ in 0..load.callers {
            let watch = &watch;
            let pause = Duration::from_micros(1_000_000 * load.callers / load.per_second);
            scope.spawn(move || watch.call(alice_client, port, pause));
        }
        let standing = |count| watch.open.load(Ordering::SeqCst) == count;
        assert!(
            becomes(Duration::from_secs(30), || standing(load.streams)),
            "{} of {} streams stand: {:?}",
            watch.open.load(Ordering::SeqCst),
            load.streams,
            watch.failures.lock().unwrap().first()
        );
        let begin = Instant::now();
        scene.replace_everything(&watch, &doomed, doomed_clients);
        watch
            .seconds
            .store(begin.elapsed().as_secs(), Ordering::SeqCst);
        drop(ending);
    });
    watch.judge(&load, &doomed);
}

/// The gateway, its files, and two authorities of which one comes and goes.
struct Scene {
    ours: Authority,
    theirs: Authority,
    folder: PathBuf,
    gateway: Gateway,
    _fake: Fake,
    _scratch: Scratch,
}

impl Scene {
    fn new() -> Self {
        let scratch = Scratch::new("load");
        let folder = scratch.join("tls");
        fs::create_dir(&folder).unwrap();
        let (mut ours, theirs) = (Authority::new(), Authority::new());
        ours.server().write(
            &folder.join("server-cert.pem"),
            &folder.join("server-key.pem"),
        );
        replace(&folder.join("ca.pem"), ours.anchor().to_pem().as_bytes());
        replace(&folder.join("list.pem"), ours.list().to_pem().as_bytes());
        replace(&folder.join("policy.toml"), policy(false).as_bytes());
        let fake = Fake::new(&scratch.join("d.sock"));
        let gateway = Gateway::start(&folder, &scratch.join("d.sock"), "");
        Self {
            ours,
            theirs,
            folder,
            gateway,
            _fake: fake,
            _scratch: scratch,
        }
    }

    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) {
        replace(&self.folder.join(name), bytes.as_ref());
    }

    /// A hundred replacements: certificates, anchors, lists and policies, broken ones among them; each in ten revokes
    /// one of the doomed.
    fn replace_everything(&mut self, watch: &Watch, doomed: &[Pair], clients: &[Client]) {
        let alice = self.ours.client("alice");
        let alice = self.ours.tls_client(&alice);
        let dora = self.ours.client("dora");
        let dora = self.ours.tls_client(&dora);
        let bob = self.theirs.client("alice");
        // Bob is another authority's client; the server is ours.
        let bob = self.ours.tls_client(&bob);
        let port = self.gateway.port;
        let lets_in = |client: &Client| {
            Line::open(client, port)
                .and_then(|mut line| line.get("/_ping"))
                .is_ok_and(|answer| answer.status == 200)
        };
        let mut done = 0;
        for round in 0.. {
            let kind = round % 10;
            match kind {
                0 => {
                    let server = self.ours.server();
                    server.write(
                        &self.folder.join("server-cert.pem"),
                        &self.folder.join("server-key.pem"),
                    );
                    let serial = server.certificate.serial().clone();
                    comes("a new certificate", || {
                        Line::open(&alice, port).is_ok_and(|line| *line.server().serial() == serial)
                    });
                }
                1 => {
                    // Lists first: an anchor without a list is refused, and so is a list without its anchor.
                    let lists = self.ours.list().to_pem() + &self.theirs.list().to_pem();
                    self.put("list.pem", lists);
                    self.put(
                        "ca.pem",
                        self.ours.anchor().to_pem() + &self.theirs.anchor().to_pem(),
                    );
                    comes("a second anchor", || lets_in(&bob));
                }
                2 => {
                    let number = round / 10;
                    self.ours.revoke(&doomed[number].certificate);
                    let lists = self.ours.list().to_pem() + &self.theirs.list().to_pem();
                    let begin = Instant::now();
                    self.put("list.pem", lists);
                    watch.cut_off(number, begin);
                    assert!(
                        !lets_in(&clients[number]),
                        "a revoked certificate is let in again"
                    );
                }
                3 => {
                    self.put("policy.toml", policy(true));
                    comes("a wider policy", || lets_in(&dora));
                }
                4 => {
                    let (certificate, key) = (
                        self.folder.join("server-cert.pem"),
                        self.folder.join("server-key.pem"),
                    );
                    let good = fs::read(&certificate).unwrap();
                    match round / 10 % 3 {
                        0 => self.put("server-cert.pem", b"no certificate at all"),
                        1 => self.put("server-cert.pem", self.ours.server().certificate.to_pem()),
                        _ => self.put(
                            "server-cert.pem",
                            self.ours.expired_server().certificate.to_pem(),
                        ),
                    }
                    settles();
                    assert!(
                        lets_in(&alice),
                        "a broken certificate was taken: {}",
                        key.display()
                    );
                    replace(&certificate, &good);
                }
                5 => {
                    self.put("ca.pem", self.ours.anchor().to_pem());
                    let list = self.ours.list().to_pem();
                    self.put("list.pem", list);
                    comes("fewer anchors", || !lets_in(&bob));
                }
                6 => {
                    match round / 10 % 4 {
                        0 => {
                            let list = self.ours.overdue_list().to_pem();
                            self.put("list.pem", list);
                        }
                        1 => {
                            let list = self.theirs.list().to_pem();
                            self.put("list.pem", list);
                        }
                        2 => {
                            let list = self.ours.list().to_pem();
                            self.put("list.pem", &list[..list.len() / 2]);
                        }
                        _ => fs::remove_file(self.folder.join("list.pem")).unwrap(),
                    }
                    settles();
                    assert!(lets_in(&alice), "a broken list was taken");
                }
                7 => {
                    let list = self.ours.list().to_pem();
                    self.put("list.pem", list);
                    settles();
                }
                8 => {
                    self.put("policy.toml", policy(false));
                    comes("a narrower policy", || !lets_in(&dora));
                }
                _ => {
                    self.put("policy.toml", "version = 1\n[[grants]]\nto = ");
                    settles();
                    assert!(lets_in(&alice), "a broken policy was taken");
                    self.put("policy.toml", policy(false));
                }
            }
            done += 1;
            if done == REPLACEMENTS {
                return;
            }
        }
    }
}

/// A policy under which Alice and the doomed may do everything, and Dora perhaps look.
fn policy(dora: bool) -> String {
    let mut text = "version = 1\n\n[[grants]]\nto = [\"cn:alice\"]\nrole = \"admin\"\n".to_owned();
    for number in 0..10 {
        text += &format!("\n[[grants]]\nto = [\"cn:doomed-{number}\"]\nrole = \"admin\"\n");
    }
    if dora {
        text += "\n[[grants]]\nto = [\"cn:dora\"]\nrole = \"observer\"\n";
    }
    text
}

/// Insists that a change is in force within a moment.
#[track_caller]
fn comes(what: &str, ready: impl FnMut() -> bool) {
    assert!(
        becomes(Duration::from_secs(3), ready),
        "{what} is not in force after 3 s"
    );
}

/// Long enough for a change to be noticed and refused.
fn settles() {
    thread::sleep(Duration::from_millis(150));
}

/// Ends everybody, also when the test fails: a scope waits for its threads.
struct Ending<'a>(&'a Watch);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::SeqCst);
    }
}

/// What is seen of everybody.
#[derive(Default)]
struct Watch {
    over: AtomicBool,
    open: AtomicUsize,
    served: AtomicU64,
    opened: AtomicU64,
    ticks: AtomicU64,
    seconds: AtomicU64,
    failures: Mutex<Vec<String>>,
    micros: Mutex<Vec<u64>>,
    ended: Mutex<BTreeMap<usize, Instant>>,
    cuts: Mutex<Vec<Duration>>,
}

impl Watch {
    fn fails(&self, what: String) {
        self.failures.lock().unwrap().push(what);
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    /// A rightful stream: every number comes, until the end.
    fn stream(&self, client: &Client, port: u16, name: usize) {
        let end = self.follow(client, port);
        if !self.is_over() {
            self.fails(format!("stream {name} ended: {end:?}"));
        }
    }

    /// A stream whose caller is revoked one day.
    fn doomed_stream(&self, client: &Client, port: u16, number: usize) {
        let _ = self.follow(client, port);
        self.ended.lock().unwrap().insert(number, Instant::now());
    }

    /// Attaches, and reads number after number.
    fn follow(&self, client: &Client, port: u16) -> std::io::Result<()> {
        let mut line = Line::open(client, port)?;
        line.send(b"POST /v1.41/containers/lives/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")?;
        let head = line.head()?;
        if !head.starts_with("HTTP/1.1 101 ") {
            return Err(std::io::Error::new(ErrorKind::InvalidData, head));
        }
        self.open.fetch_add(1, Ordering::SeqCst);
        for number in 0_u64.. {
            let said = line.line(b"\n")?;
            if said != number.to_string() {
                return Err(std::io::Error::new(
                    ErrorKind::InvalidData,
                    format!("{said} instead of {number}"),
                ));
            }
            self.ticks.fetch_add(1, Ordering::Relaxed);
            if self.is_over() {
                break;
            }
        }
        Ok(())
    }

    /// A rightful caller: asks at its pace, and connects anew now and then.
    fn call(&self, client: &Client, port: u16, pause: Duration) {
        let mut line: Option<Line> = None;
        let mut next = Instant::now();
        let mut micros = Vec::new();
        for count in 0_u64.. {
            if self.is_over() {
                break;
            }
            thread::sleep(next.saturating_duration_since(Instant::now()));
            next += pause;
            if count % 100 == 0 {
                line = None;
            }
            let begin = Instant::now();
            let answer = match &mut line {
                Some(line) => line.get("/v1.41/containers/json"),
                none => Line::open(client, port).and_then(|fresh| {
                    self.opened.fetch_add(1, Ordering::Relaxed);
                    none.insert(fresh).get("/v1.41/containers/json")
                }),
            };
            match answer {
                Ok(answer) if answer.status == 200 && answer.body.ends_with(b"]") => {
                    self.served.fetch_add(1, Ordering::Relaxed);
                    micros.push(u64::try_from(begin.elapsed().as_micros()).unwrap());
                }
                Ok(answer) => self.fails(format!("request {count}: {}", answer.head)),
                Err(error) => {
                    self.fails(format!("request {count}: {error}"));
                    line = None;
                }
            }
        }
        self.micros.lock().unwrap().extend(micros);
    }

    /// Waits until the stream of the revoked one is gone, and notes how long that took.
    fn cut_off(&self, number: usize, begin: Instant) {
        let gone = || self.ended.lock().unwrap().get(&number).copied();
        assert!(
            becomes(Duration::from_secs(5), || gone().is_some()),
            "doomed-{number} is not cut off after 5 s"
        );
        self.cuts
            .lock()
            .unwrap()
            .push(gone().unwrap().saturating_duration_since(begin));
    }

    fn judge(&self, load: &Load, doomed: &[Pair]) {
        let failures = self.failures.lock().unwrap();
        let cuts = self.cuts.lock().unwrap();
        let mut micros = self.micros.lock().unwrap().clone();
        micros.sort_unstable();
        let at = |share: usize| {
            micros
                .get(micros.len() * share / 1000)
                .copied()
                .unwrap_or(0)
        };
        let (seconds, served, ticks) = (
            self.seconds.load(Ordering::SeqCst).max(1),
            self.served.load(Ordering::SeqCst),
            self.ticks.load(Ordering::SeqCst),
        );
        report(&format!(
            "{REPLACEMENTS} replacements in {seconds} s under {} streams ({ticks} ticks) and {} requests/s ({served} in all, {} new connections; \
             p50 {} µs, p99 {} µs, slowest {} µs): {} failed; {} revoked were cut off after {} to {} ms",
            load.streams,
            served / seconds,
            self.opened.load(Ordering::SeqCst),
            at(500),
            at(990),
            micros.last().copied().unwrap_or(0),
            failures.len(),
            cuts.len(),
            cuts.iter().min().map_or(0, Duration::as_millis),
            cuts.iter().max().map_or(0, Duration::as_millis),
        ));
        assert!(
            failures.is_empty(),
            "{} failed, the first:\n{}",
            failures.len(),
            failures[..failures.len().min(5)].join("\n")
        );
        assert_eq!(
            cuts.len(),
            doomed.len(),
            "everybody who was to be revoked was"
        );
        assert!(cuts.iter().all(|cut| *cut < CUT), "{cuts:?}");
        // A stream that merely stands still has not come through.
        let least = u64::try_from(load.streams - doomed.len()).unwrap()
            * (seconds.saturating_sub(1) * 1000 / u64::try_from(TICK.as_millis()).unwrap())
            / 2;
        assert!(
            ticks > least,
            "{ticks} ticks, at least {least} were to come"
        );
    }
}
