//! A gateway that ends, hands over, runs out of disk, and is asked how it fares.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use sealock_testkit::process::{Outcome, becomes, end, free_port, run};

use super::authority::{Authority, Pair};
use super::ports::{Program, World};
use super::running::Gateway;
use crate::common::program;

const SOON: Duration = Duration::from_secs(20);

/// A service that answers every line with itself, on a thread that ends with the process.
fn echo() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut stream = stream;
                let mut buffer = [0; 4096];
                while let Ok(count @ 1..) = stream.read(&mut buffer) {
                    if stream.write_all(&buffer[..count]).is_err() {
                        return;
                    }
                }
            });
        }
    });
    port
}

fn port_to(world: &World, front: u16, behind: u16) -> String {
    format!(
        "{}[[gateway.tcp]]\nname = \"echo\"\nlisten = \"127.0.0.1:{front}\"\nupstream = \"127.0.0.1:{behind}\"\n\
         allow = [\"cn:alice\"]\n",
        world.common()
    )
}

/// One connection of alice's, over TLS.
fn connect(world: &World, port: u16) -> std::io::Result<sealock_tls::TlsStream<TcpStream>> {
    let socket = TcpStream::connect(("127.0.0.1", port))?;
    socket.set_read_timeout(Some(SOON))?;
    let client = world.client();
    let stream = client.connect(socket, &"localhost".parse().unwrap());
    stream.map_err(std::io::Error::other)
}

fn asks(stream: &mut (impl Read + Write), word: &str) -> std::io::Result<()> {
    stream.write_all(word.as_bytes())?;
    let mut answer = vec![0; word.len()];
    stream.read_exact(&mut answer)?;
    match answer == word.as_bytes() {
        true => Ok(()),
        false => Err(std::io::Error::other("another answer")),
    }
}

fn http(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: m\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn terminate(pid: u32) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
}

#[test]
fn a_drain_lets_streams_end_and_takes_nobody_in() {
    let world = World::new("drain");
    let (front, metrics) = (free_port(), free_port());
    let text = port_to(&world, front, echo()).replace(
        "[gateway]\n",
        &format!("[gateway]\nmetrics = \"127.0.0.1:{metrics}\"\n"),
    );
    let mut gateway = Gateway::with_config(world.at(), front, &text);
    let mut live = connect(&world, front).unwrap();
    asks(&mut live, "before").unwrap();
    let page = http(metrics, "/metrics");
    for line in [
        "sealock_gateway_connections_open{listener=\"echo\"} 1",
        "sealock_gateway_streams_open{listener=\"echo\"} 1",
        "sealock_gateway_audit_failing 0",
    ] {
        assert!(page.lines().any(|there| there == line), "{line}\n{page}");
    }
    assert!(http(metrics, "/readyz").starts_with("HTTP/1.1 200 "));
    terminate(gateway.pid());
    // It says so, and takes nobody in any more.
    let says_so = becomes(SOON, || {
        http(metrics, "/readyz").starts_with("HTTP/1.1 503 ")
    });
    assert!(says_so);
    assert!(becomes(SOON, || TcpStream::connect(("127.0.0.1", front)).is_err()));
    for round in 0..20 {
        asks(&mut live, &format!("while {round}")).unwrap();
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(gateway.runs());
    drop(live);
    assert!(becomes(SOON, || !gateway.runs()), "{}", gateway.said());
    let report = world.audit(&["verify"]).ok();
    assert!(report.starts_with("whole: "), "{report}");
    assert_eq!(world.records().last().unwrap()["event"], "stop");
}

/// Clients come and go while the program is started anew twice; nobody is refused, nobody is cut, and two processes
/// write one chain of records.
#[test]
fn an_upgrade_refuses_nobody_and_cuts_nobody() {
    let world = World::new("upgrade");
    let front = free_port();
    let mut gateway = Gateway::with_config(world.at(), front, &port_to(&world, front, echo()));
    let first = gateway.pid();
    let mut live = connect(&world, front).unwrap();
    asks(&mut live, "from the first").unwrap();
    let (over, done) = (AtomicBool::new(false), AtomicU32::new(0));
    let control = world.scratch.join("control");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let mut stream = connect(&world, front).expect("nobody is refused");
                    asks(&mut stream, "hello").expect("nobody is cut");
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for _ in 0..2 {
            std::thread::sleep(Duration::from_millis(300));
            let told = run(Command::new(program())
                .env_clear()
                .env("HOME", world.at())
                .args(["gateway", "upgrade", "--control"])
                .arg(&control));
            if told.code != 0 {
                over.store(true, Ordering::Relaxed);
                panic!("{told}\n{}", gateway.said());
            }
        }
        let enough = becomes(SOON, || done.load(Ordering::Relaxed) > 50);
        over.store(true, Ordering::Relaxed);
        assert!(enough, "{done:?}");
    });
    // The first process lives for the stream that it has.
    assert!(gateway.runs());
    asks(&mut live, "still from the first").unwrap();
    drop(live);
    assert!(becomes(SOON, || !gateway.runs()), "{}", gateway.said());
    let drained = run(Command::new(program())
        .env_clear()
        .env("HOME", world.at())
        .args(["gateway", "drain", "--control"])
        .arg(&control));
    let _said = drained.ok();
    assert!(becomes(SOON, || TcpStream::connect(("127.0.0.1", front)).is_err()));
    let all_stopped = || {
        world
            .records()
            .iter()
            .filter(|one| one["event"] == "stop")
            .count()
            == 3
    };
    assert!(
        becomes(SOON, all_stopped),
        "process {first}: {}",
        gateway.said()
    );
    let report = world.audit(&["verify", "--json"]).ok();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(
        (&report["whole"], &report["lost"]),
        (&true.into(), &serde_json::json!([]))
    );
    assert_eq!(report["chained"], report["records"]);
    let count = |event: &str| {
        world
            .records()
            .iter()
            .filter(|one| one["event"] == event)
            .count()
    };
    assert_eq!(count("open"), count("close"));
    assert!(count("open") > 50);
}

/// `sealock gateway …` for the gateway of this world.
fn asks_gateway(world: &World, words: &[&str]) -> Outcome {
    run(Command::new(program())
        .env_clear()
        .env("HOME", world.at())
        .args(["--color", "never", "gateway"])
        .args(words)
        .arg("--control")
        .arg(world.scratch.join("control")))
}

/// Another address, other limits, another place for metrics: a new process has them, and the streams of the old one go on.
/// What cannot be is told by whoever asked for it, and the old process goes on.
#[test]
fn other_settings_come_with_a_hand_over_and_broken_ones_do_not() {
    let world = World::new("settings");
    let (front, other) = (free_port(), free_port());
    let (metrics, elsewhere) = (free_port(), free_port());
    let behind = echo();
    let with = |front: u16, metrics: u16, limits: &str| {
        let told = format!("[gateway]\nmetrics = \"127.0.0.1:{metrics}\"\n");
        let text = port_to(&world, front, behind).replace("[gateway]\n", &told);
        format!("{text}{limits}")
    };
    let mut gateway = Gateway::with_config(world.at(), front, &with(front, metrics, ""));
    let config = world.scratch.join("gateway.toml");
    let mut live = connect(&world, front).unwrap();
    asks(&mut live, "before").unwrap();

    let somebody = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = somebody.local_addr().unwrap().port();
    for (broken, why) in [
        (
            format!("{}nonsense = 1\n", with(front, metrics, "")),
            "nonsense",
        ),
        (with(taken, metrics, ""), "SL-G050"),
        (with(front, taken, ""), &*format!("127.0.0.1:{taken}")),
    ] {
        std::fs::write(&config, broken).unwrap();
        let refused = asks_gateway(&world, &["upgrade"]).expect_code(1);
        for words in ["SL-U115", why, "the gateway that ran goes on as before"] {
            assert!(refused.stderr.contains(words), "{words}: {refused}");
        }
        asks(&mut live, "still").unwrap();
        asks(&mut connect(&world, front).unwrap(), "new ones too").unwrap();
    }

    std::fs::write(
        &config,
        with(other, elsewhere, "[gateway.limits]\nper-caller = 1\n"),
    )
    .unwrap();
    asks_gateway(&world, &["upgrade"]).expect_code(0);
    asks(&mut live, "from the old one").unwrap();
    let mut first = connect(&world, other).unwrap();
    asks(&mut first, "the new address").unwrap();
    let second = connect(&world, other).and_then(|mut stream| asks(&mut stream, "too many"));
    assert!(second.is_err(), "the new limit does not hold");
    assert!(http(elsewhere, "/readyz").starts_with("HTTP/1.1 200 "));
    assert!(becomes(SOON, || TcpStream::connect(("127.0.0.1", front)).is_err()));
    drop(live);
    assert!(becomes(SOON, || !gateway.runs()), "{}", gateway.said());
    drop(first);
    asks_gateway(&world, &["drain"]).expect_code(0);
    assert!(becomes(SOON, || !world.scratch.join("control").exists()));
}

/// Where the anchors are known that clients trust, a certificate that is good by itself and of another authority is left
/// alone, by a reload as by a start.
#[test]
fn a_server_certificate_of_a_stranger_is_not_taken_over() {
    let world = World::new("stranger");
    let anchor = world.authority.anchor().to_pem();
    std::fs::write(world.scratch.join("server-ca.pem"), anchor).unwrap();
    let front = free_port();
    let _gateway = Gateway::with_config(world.at(), front, &port_to(&world, front, echo()));
    let serve = |pair: Pair| {
        pair.write(
            &world.scratch.join("server-cert.pem"),
            &world.scratch.join("server-key.pem"),
        );
    };
    serve(Authority::new().server());
    let refused = asks_gateway(&world, &["reload"]).expect_code(1);
    for words in [
        "SL-G002",
        "clients trust",
        "keeps the certificates that it had",
    ] {
        assert!(refused.stderr.contains(words), "{words}: {refused}");
    }
    asks(&mut connect(&world, front).unwrap(), "the last good one").unwrap();
    let config = world.scratch.join("gateway.toml");
    let check = || {
        let mut command = Command::new(program());
        command.env_clear().env("HOME", world.at()).arg("--config");
        run(command.arg(&config).args(["gateway", "--check"]))
    };
    assert!(check().expect_code(1).stderr.contains("SL-G002"));
    serve(world.authority.server());
    asks_gateway(&world, &["reload"]).expect_code(0);
    asks(&mut connect(&world, front).unwrap(), "our own again").unwrap();

    // A header that means something else is told before a start would stumble over it.
    check().expect_code(0);
    let good = std::fs::read_to_string(&config).unwrap();
    let web = "[[gateway.web]]\nname = \"web\"\nlisten = \"127.0.0.1:9\"\nupstream = \"127.0.0.1:9\"\nheader = \"Host\"\nallow = [\"cn:alice\"]\n";
    std::fs::write(&config, format!("{good}\n{web}")).unwrap();
    let told = check().expect_code(1);
    assert!(told.stderr.contains("SL-G055"), "{told}");
}

/// Mounts a disk of so few bytes that it is soon full.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    fn new(path: &'a Path) -> Self {
        std::fs::create_dir_all(path).unwrap();
        let mounted = run(Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
            .arg(path));
        let _said = mounted.ok();
        Self(path)
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _said = run(Command::new("umount").arg("--lazy").arg(self.0));
    }
}

#[test]
fn a_full_disk_stops_what_must_be_recorded_and_nothing_is_torn() {
    let world = World::new("full");
    let disk = world.scratch.join("disk");
    let _disk = SmallDisk::new(&disk);
    let (front, metrics, behind) = (free_port(), free_port(), free_port());
    let audit = disk.join("audit.jsonl");
    let text = format!(
        "version = 1\n[gateway]\ncertificates = \"{at}\"\ncrl = [\"{at}/list.pem\"]\nmetrics = \"127.0.0.1:{metrics}\"\n\
         [gateway.audit]\npath = \"{}\"\nchain = true\nrequired = true\n\
         [[gateway.web]]\nname = \"web\"\nlisten = \"127.0.0.1:{front}\"\nupstream = \"127.0.0.1:{behind}\"\n\
         allow = [\"cn:alice\"]\nheader = \"X-Web-User\"\n",
        audit.display(),
        at = world.at().display(),
    );
    let _service = Program::start(
        Command::new("python3")
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .args([
                "-m",
                "http.server",
                "--bind",
                "127.0.0.1",
                &behind.to_string(),
                "--directory",
            ])
            .arg(world.scratch.join("alice")),
        world.scratch.join("service.log"),
    );
    assert!(becomes(SOON, || TcpStream::connect(("127.0.0.1", behind)).is_ok()));
    let _gateway = Gateway::with_config(world.at(), front, &text);
    let status = || {
        world
            .curl("alice", front, &["-o", "/dev/null", "-w", "%{http_code}"])
            .ok()
    };
    assert_eq!(status(), "200");
    // Somebody else fills the disk.
    let ballast = disk.join("ballast");
    let _until_full = std::fs::write(&ballast, vec![0; 1 << 20]);
    assert!(becomes(SOON, || status() == "503"));
    assert!(http(metrics, "/readyz").contains("cannot be written"));
    assert!(http(metrics, "/metrics").contains("\nsealock_gateway_audit_failing 1\n"));
    std::fs::remove_file(&ballast).unwrap();
    assert!(becomes(SOON, || status() == "200"));
    let copy = world.scratch.join("audit.jsonl");
    let is_there = || {
        std::fs::copy(&audit, &copy).unwrap();
        world
            .records()
            .iter()
            .filter(|one| one["status"] == 503)
            .count()
            > 0
    };
    // What happened meanwhile was kept, and is in the file as a whole.
    assert!(becomes(SOON, is_there));
    let report = world.audit(&["verify"]).ok();
    assert!(
        report.starts_with("whole: ") && !report.contains("torn"),
        "{report}"
    );
}

#[test]
fn too_many_are_shed_and_those_who_are_in_stay() {
    let world = World::new("shed");
    let front = free_port();
    let text = format!(
        "{}[gateway.limits]\nconnections = 20\nper-caller = 3\n",
        port_to(&world, front, echo())
    );
    let _gateway = Gateway::with_config(world.at(), front, &text);
    let mut inside: Vec<_> = (0..3).map(|_| connect(&world, front).unwrap()).collect();
    for stream in &mut inside {
        asks(stream, "in").unwrap();
    }
    // The fourth of the same caller.
    let fourth = connect(&world, front).and_then(|mut stream| asks(&mut stream, "out"));
    assert!(fourth.is_err());
    // Strangers who say nothing take the other places.
    let strangers: Vec<TcpStream> = (0..40)
        .filter_map(|_| TcpStream::connect(("127.0.0.1", front)).ok())
        .collect();
    for stream in &mut inside {
        asks(stream, "still in").unwrap();
    }
    let shed = |word: &'static str| {
        move |record: &serde_json::Value| {
            let detail = record["detail"].as_str().unwrap_or_default();
            record["event"] == "refused" && detail.starts_with(word)
        }
    };
    let _caller = world.record(shed("caller"));
    let _connections = world.record(shed("connections"));
    drop(strangers);
    drop(inside.pop());
    let again = || {
        connect(&world, front)
            .and_then(|mut stream| asks(&mut stream, "in"))
            .is_ok()
    };
    assert!(becomes(SOON, again));
}

/// A process that systemd's own tool passes a socket to.
struct Activated(Child);

impl Drop for Activated {
    fn drop(&mut self) {
        end(self.0.id(), Duration::from_secs(3));
        let _ = self.0.wait();
    }
}

#[test]
fn a_socket_that_systemd_opened_is_taken_over() {
    let world = World::new("activated");
    let (front, service) = (free_port(), echo());
    let config = world
        .scratch
        .write("gateway.toml", port_to(&world, front, service));
    let log = std::fs::File::create(world.scratch.join("gateway.log")).unwrap();
    let start = |name: &str, unit: &[&str]| {
        let mut command = Command::new("systemd-socket-activate");
        command
            .env_clear()
            .arg(format!("--listen=127.0.0.1:{front}"))
            .arg(format!("--fdname={name}"))
            .arg(program())
            .arg("--config")
            .arg(&config)
            .arg("gateway")
            .args(unit)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log.try_clone().unwrap());
        Activated(command.spawn().unwrap())
    };
    let _activated = start("echo", &["--unit"]);
    // The first connection starts it; it waits in the socket meanwhile.
    let since = Instant::now();
    let mut answered = false;
    while !answered && since.elapsed() < SOON {
        answered = connect(&world, front)
            .and_then(|mut stream| asks(&mut stream, "hello"))
            .is_ok();
    }
    let said = std::fs::read_to_string(world.scratch.join("gateway.log")).unwrap();
    assert!(answered, "{said}");
}
