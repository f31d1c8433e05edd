//! TLS of the gateway as other implementations see it: OpenSSL, curl, Go in two ages of the docker CLI,
//! Python, node. First the gate alone, then the gateway as a process.

mod front;

use std::fs;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use sealock_pki::{Certificate, Crl};
use sealock_testkit::clients::{Request, Tls, Told};
use sealock_testkit::lab::{Suite, Version, lab};
use sealock_testkit::process::{Outcome, becomes, run};
use sealock_testkit::scratch::Scratch;
use sealock_tls::{
    ClientRefusal, Clock, DenyList, Gate, GateSettings, Identity, TlsError, Versions,
};

use self::front::Front;
use super::authority::{Authority, Pair, replace};
use super::running::Gateway;
use super::wire::Line;
use crate::common::report;

/// An authority, a server, alice, and her folder.
struct World {
    scratch: Scratch,
    authority: Authority,
    server: Pair,
    alice: Pair,
}

impl World {
    fn new() -> Self {
        let authority = Authority::new();
        let scratch = Scratch::new("tls");
        let (server, alice) = (authority.server(), authority.client("alice"));
        authority.write_client(&alice, &scratch.join("alice"));
        Self {
            server,
            alice,
            authority,
            scratch,
        }
    }

    fn gate(&mut self) -> Gate {
        let list = self.authority.list();
        self.gate_with(vec![list], self.authority.anchor().clone())
    }

    fn gate_with(&self, lists: Vec<Crl>, anchor: Certificate) -> Gate {
        Gate::new(GateSettings {
            identity: Identity::new(vec![self.server.certificate.clone()], &self.server.key)
                .unwrap(),
            anchors: vec![anchor],
            lists: Some(lists),
            denied: DenyList::default(),
            versions: Versions::Both,
            clock: Clock::System,
        })
        .unwrap()
    }

    fn alice(&self) -> PathBuf {
        self.scratch.join("alice")
    }

    /// `openssl s_client` with alice's certificate sends one request; `more` are further words.
    fn openssl(&self, port: u16, more: &[&str]) -> Outcome {
        let alice = self.alice();
        let line = format!(
            "printf 'GET /_ping HTTP/1.1\\r\\nHost: d\\r\\nConnection: close\\r\\n\\r\\n' | \
             timeout 10 openssl s_client -ign_eof -connect localhost:{port} -servername localhost \
             -verify_return_error -CAfile {at}/ca.pem -cert {at}/cert.pem -key {at}/key.pem {}",
            more.join(" "),
            at = alice.display(),
        );
        run(Command::new("sh")
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .args(["-c", &line]))
    }
}

#[test]
fn other_implementations_get_in_with_the_best_that_both_speak() {
    let mut world = World::new();
    let front = Front::new(world.gate());
    let request = Request::new("localhost", front.port, &world.alice());
    for tls in [Tls::V12, Tls::V13] {
        let wanted = match tls {
            Tls::V12 => sealock_tls::Version::Tls12,
            Tls::V13 => sealock_tls::Version::Tls13,
        };
        request.openssl(tls).expect_in();
        let met = front.one().unwrap();
        assert_eq!((met.version, met.name.as_str()), (Some(wanted), "alice"));
        request.curl(tls).expect_in();
        assert_eq!(front.one().unwrap().version, Some(wanted));
    }
    request.python().expect_in();
    request.dockerode().expect_in();
    for met in front.all() {
        let met = met.unwrap();
        assert!(met.suite.starts_with("TLS_"), "{met:?}");
    }
    for version in [Version::V28, Version::V20] {
        request
            .docker(&lab().docker_cli(version), &Told::CertPath)
            .expect_in();
        for met in front.all() {
            assert_eq!(met.unwrap().version, Some(sealock_tls::Version::Tls13));
        }
    }
}

#[test]
fn the_hybrid_of_ml_kem_is_what_openssl_3_5_and_the_gate_agree_on() {
    let mut world = World::new();
    let front = Front::new(world.gate());
    let alice = world.alice();
    // The OpenSSL of Debian 13, with its own libraries.
    let root = lab().rootfs(Suite::Trixie);
    let mut command = Command::new(root.join("lib64/ld-linux-x86-64.so.2"));
    command
        .env_clear()
        .env("OPENSSL_CONF", "/dev/null")
        .arg("--library-path")
        .arg(root.join("usr/lib/x86_64-linux-gnu"))
        .arg(root.join("usr/bin/openssl"))
        .args(["s_client", "-brief", "-servername", "localhost", "-connect"])
        .arg(format!("localhost:{}", front.port));
    for (flag, file) in [
        ("-CAfile", "ca.pem"),
        ("-cert", "cert.pem"),
        ("-key", "key.pem"),
    ] {
        command.arg(flag).arg(alice.join(file));
    }
    let said = run(&mut command).to_string();
    assert!(said.contains("X25519MLKEM768"), "{said}");
    let met = front.one().unwrap();
    assert_eq!(met.group.as_deref(), Some("X25519MLKEM768"));
}

#[test]
fn one_protocol_is_spoken_and_nothing_old() {
    let mut world = World::new();
    let front = Front::new(world.gate());
    let alice = world.alice();
    let curl = run(Command::new("curl")
        .env_clear()
        .args(["-sSv", "--http2", "--noproxy", "*", "--cacert"])
        .arg(alice.join("ca.pem"))
        .arg("--cert")
        .arg(alice.join("cert.pem"))
        .arg("--key")
        .arg(alice.join("key.pem"))
        .args(["-w", " over %{http_version}"])
        .arg(format!("https://localhost:{}/_ping", front.port)));
    assert!(curl.stderr.contains("server accepted http/1.1"), "{curl}");
    assert_eq!(curl.ok(), "OK over 1.1");
    front.one().unwrap();
    for old in [
        &["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"][..],
        &["-tls1", "-cipher", "ALL:@SECLEVEL=0"],
        &["-tls1_2", "-cipher", "AES128-SHA:AES256-GCM-SHA384"],
        &["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"],
        &["-alpn", "h2"],
        &["-groups", "P-521"],
    ] {
        let said = world.openssl(front.port, old);
        assert!(!said.stdout.contains("HTTP/1.1 200"), "{old:?}: {said}");
        assert!(said.to_string().contains("alert"), "{old:?}: {said}");
        let error = front.one().unwrap_err();
        assert!(
            matches!(error, TlsError::Protocol { .. }),
            "{old:?}: {error}"
        );
    }
}

#[test]
fn a_ticket_opens_the_gate_that_gave_it_and_never_after_a_revocation() {
    let mut world = World::new();
    let front = Front::new(world.gate());
    for version in ["-tls1_2", "-tls1_3"] {
        front.swap(world.gate());
        let ticket = world.scratch.join("ticket");
        let ticket = ticket.to_str().unwrap();
        let save = [version, "-sess_out", ticket];
        let resume = [version, "-sess_in", ticket];
        assert!(
            world
                .openssl(front.port, &save)
                .stdout
                .contains("HTTP/1.1 200")
        );
        assert!(!front.one().unwrap().resumed);
        let said = world.openssl(front.port, &resume);
        assert!(said.stdout.contains("Reused, "), "{version}: {said}");
        assert!(said.stdout.contains("HTTP/1.1 200"), "{version}: {said}");
        let met = front.one().unwrap();
        assert!(met.resumed && met.name == "alice", "{met:?}");
        // Everything as before but the snapshot: she gets in, by a handshake of its own.
        front.swap(world.gate());
        let said = world.openssl(front.port, &resume);
        assert!(said.stdout.contains("HTTP/1.1 200"), "{version}: {said}");
        assert!(!front.one().unwrap().resumed);
    }
    let ticket = world.scratch.join("ticket");
    let ticket = ticket.to_str().unwrap().to_owned();
    for version in ["-tls1_2", "-tls1_3"] {
        let other = Authority::new();
        let mut revoking = World {
            authority: other,
            ..World::new()
        };
        revoking.server = revoking.authority.server();
        revoking.alice = revoking.authority.client("alice");
        revoking
            .authority
            .write_client(&revoking.alice, &revoking.alice());
        front.swap(revoking.gate());
        let save = [version, "-sess_out", &ticket];
        assert!(
            revoking
                .openssl(front.port, &save)
                .stdout
                .contains("HTTP/1.1 200")
        );
        front.one().unwrap();
        revoking.authority.revoke(&revoking.alice.certificate);
        front.swap(revoking.gate());
        let said = revoking.openssl(front.port, &[version, "-sess_in", &ticket]);
        assert!(!said.stdout.contains("HTTP/1.1 200"), "{version}: {said}");
        assert!(
            said.to_string().contains("alert certificate revoked"),
            "{version}: {said}"
        );
        assert_eq!(
            front.one().unwrap_err(),
            TlsError::ClientRefused(ClientRefusal::Revoked)
        );
    }
}

#[test]
fn without_a_good_list_nobody_gets_in() {
    let mut world = World::new();
    let front = Front::new(world.gate());
    let overdue = world.authority.overdue_list();
    let foreign = Authority::new().list();
    let mut broken = world.authority.list().der().to_vec();
    *broken.last_mut().unwrap() ^= 1;
    let broken = Crl::from_der(broken).unwrap();
    for (what, list) in [
        ("overdue", overdue),
        ("foreign", foreign),
        ("broken", broken),
    ] {
        front.swap(world.gate_with(vec![list], world.authority.anchor().clone()));
        for version in ["-tls1_2", "-tls1_3"] {
            let said = world.openssl(front.port, &[version]);
            assert!(!said.stdout.contains("HTTP/1.1 200"), "{what}: {said}");
            assert!(said.to_string().contains("alert"), "{what}: {said}");
            let error = front.one().unwrap_err();
            assert!(
                matches!(
                    error,
                    TlsError::ClientRefused(ClientRefusal::RevocationUnknown { .. })
                ),
                "{what}: {error}"
            );
        }
    }
}

/// The time from event to event of what stands for a daemon here.
const TICK: Duration = Duration::from_millis(100);

/// The folder of a gateway, and something behind it that answers every request with 200.
fn behind(world: &mut World) -> PathBuf {
    let folder = world.scratch.join("gateway");
    fs::create_dir_all(&folder).unwrap();
    let at = |name: &str| folder.join(name);
    world
        .server
        .write(&at("server-cert.pem"), &at("server-key.pem"));
    fs::write(at("ca.pem"), world.authority.anchor().to_pem()).unwrap();
    fs::write(at("list.pem"), world.authority.list().to_pem()).unwrap();
    let policy = "version = 1\n\n[[grants]]\nto = [\"cn:alice\", \"cn:bob\"]\nrole = \"admin\"\n";
    fs::write(at("policy.toml"), policy).unwrap();
    let listener = UnixListener::bind(at("daemon.sock")).unwrap();
    std::thread::spawn(move || {
        use std::io::{BufRead, BufReader, Write};
        for socket in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut reader = BufReader::new(socket.try_clone().unwrap());
                let (mut socket, mut line) = (socket, String::new());
                while reader.read_line(&mut line).is_ok_and(|count| count > 0) {
                    let events = line.contains("/events");
                    while line.trim_end() != "" {
                        line.clear();
                        if reader.read_line(&mut line).unwrap_or(0) == 0 {
                            return;
                        }
                    }
                    line.clear();
                    let answer: &[u8] = if events {
                        // A stream that never ends.
                        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                    } else {
                        b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n\r\nOK"
                    };
                    if socket.write_all(answer).is_err() {
                        return;
                    }
                    while events && socket.write_all(b"3\r\n{}\n\r\n").is_ok() {
                        std::thread::sleep(TICK);
                    }
                }
            });
        }
    });
    folder
}

#[test]
fn a_running_gateway_takes_new_files_and_cuts_who_was_revoked() {
    let mut world = World::new();
    let folder = behind(&mut world);
    let gateway = Gateway::start(&folder, &folder.join("daemon.sock"), "");
    let request = Request::new("localhost", gateway.port, &world.alice());
    request.openssl(Tls::V12).expect_in();
    request.openssl(Tls::V13).expect_in();
    request.curl(Tls::V13).expect_in();

    // A new server certificate is shown without a restart, and tickets of before are dead.
    let ticket = world.scratch.join("ticket");
    let ticket = ticket.to_str().unwrap();
    let said = world.openssl(gateway.port, &["-sess_out", ticket]);
    assert!(said.stdout.contains("HTTP/1.1 200"), "{said}");
    let reused = |world: &World| {
        let said = world.openssl(gateway.port, &["-sess_in", ticket]);
        assert!(said.stdout.contains("HTTP/1.1 200"), "{said}");
        said.stdout.contains("Reused, ")
    };
    assert!(reused(&world));
    world.server = world.authority.server();
    world.server.write(
        &folder.join("server-cert.pem"),
        &folder.join("server-key.pem"),
    );
    assert!(
        becomes(Duration::from_secs(3), || !reused(&world)),
        "{}",
        gateway.said()
    );
    let fresh = |world: &World| {
        let text = shown_by(gateway.port, &world.alice());
        text.contains(&world.server.certificate.to_pem().trim().replace('\r', "")[28..90])
    };
    assert!(fresh(&world), "the new certificate is shown");

    // What is broken is not taken over, and nobody notices.
    replace(&folder.join("list.pem"), b"not a list");
    std::thread::sleep(Duration::from_millis(500));
    request.curl(Tls::V13).expect_in();

    // A live stream ends within a second of the list that names her.
    let alice = world.alice();
    let mut stream = Command::new("curl")
        .env_clear()
        .args(["-sSN", "--noproxy", "*", "--cacert"])
        .arg(alice.join("ca.pem"))
        .arg("--cert")
        .arg(alice.join("cert.pem"))
        .arg("--key")
        .arg(alice.join("key.pem"))
        .arg(format!("https://localhost:{}/v1.41/events", gateway.port))
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(700));
    assert!(
        stream.try_wait().unwrap().is_none(),
        "the stream lives: {}",
        gateway.said()
    );
    let bob = world.authority.client("bob");
    world.authority.revoke(&bob.certificate);
    replace(
        &folder.join("list.pem"),
        world.authority.list().to_pem().as_bytes(),
    );
    std::thread::sleep(Duration::from_secs(1));
    assert!(
        stream.try_wait().unwrap().is_none(),
        "bob is not alice: {}",
        gateway.said()
    );
    world.authority.revoke(&world.alice.certificate);
    let begun = Instant::now();
    replace(
        &folder.join("list.pem"),
        world.authority.list().to_pem().as_bytes(),
    );
    let ended = becomes(Duration::from_secs(5), || {
        stream.try_wait().unwrap().is_some()
    });
    let took = begun.elapsed();
    let _ = stream.kill();
    let _ = stream.wait();
    assert!(ended, "the stream lives on: {}", gateway.said());
    report(&format!(
        "from the new list to the end of a live stream: {} ms",
        took.as_millis()
    ));
    assert!(took < Duration::from_secs(1), "{took:?}");
    let said = world.openssl(gateway.port, &["-sess_in", ticket]);
    assert!(
        said.to_string().contains("alert certificate revoked"),
        "{said}"
    );
    request
        .docker(&lab().docker_cli(Version::V28), &Told::CertPath)
        .expect_out();
}

#[test]
fn a_list_that_goes_overdue_ends_requests_and_not_streams() {
    let mut world = World::new();
    let folder = behind(&mut world);
    let list = world.authority.list_for(Duration::from_secs(4));
    fs::write(folder.join("list.pem"), list.to_pem()).unwrap();
    let gateway = Gateway::start(&folder, &folder.join("daemon.sock"), "");
    let client = world.authority.tls_client(&world.alice);
    let mut line = Line::open(&client, gateway.port).unwrap();
    let mut stream = Line::open(&client, gateway.port).unwrap();
    assert_eq!(
        line.get("/_ping").unwrap().status,
        200,
        "{}",
        gateway.said()
    );
    stream
        .send(b"GET /v1.41/events HTTP/1.1\r\nHost: d\r\n\r\n")
        .unwrap();
    assert!(stream.head().unwrap().contains("200"));
    let begun = Instant::now();
    let overdue = || {
        std::thread::sleep(Duration::from_millis(200));
        line.get("/_ping").is_ok_and(|answer| answer.status == 403)
    };
    assert!(
        becomes(Duration::from_secs(10), overdue),
        "{}",
        gateway.said()
    );
    let refused = line.get("/_ping").map(|answer| answer.body);
    if let Ok(body) = refused {
        let body = String::from_utf8_lossy(&body).into_owned();
        assert!(body.contains("SL-G023"), "{body}");
    }
    let came = Line::open(&client, gateway.port).and_then(|mut line| line.get("/_ping"));
    assert!(came.is_err(), "no new connection");
    // With the next list all is well, and the stream never knew.
    replace(
        &folder.join("list.pem"),
        world.authority.list().to_pem().as_bytes(),
    );
    let back = || {
        Line::open(&client, gateway.port)
            .and_then(|mut line| line.get("/_ping"))
            .is_ok_and(|answer| answer.status == 200)
    };
    assert!(becomes(Duration::from_secs(3), back), "{}", gateway.said());
    // As many events as there were, and some of the future.
    let events = begun.elapsed().as_millis() / TICK.as_millis() + 5;
    for _ in 0..events * 2 {
        stream.line(b"\r\n").expect("the stream was cut");
    }
}

/// The PEM of the certificate that is shown there.
fn shown_by(port: u16, alice: &Path) -> String {
    let line = format!(
        "timeout 10 openssl s_client -connect localhost:{port} -cert {at}/cert.pem -key {at}/key.pem </dev/null",
        at = alice.display()
    );
    run(Command::new("sh")
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .args(["-c", &line]))
    .stdout
}

#[test]
fn the_first_request_after_a_start_is_answered() {
    let mut world = World::new();
    let folder = behind(&mut world);
    // Five starts; the figure is told and not judged, for that there is the bench.
    let mut took: Vec<_> = (0..5)
        .map(|_| {
            let begun = Instant::now();
            let gateway = Gateway::start(&folder, &folder.join("daemon.sock"), "");
            let client = world.authority.tls_client(&world.alice);
            let mut line = Line::open(&client, gateway.port).unwrap();
            assert_eq!(line.get("/_ping").unwrap().status, 200);
            begun.elapsed()
        })
        .collect();
    took.sort();
    report(&format!(
        "cold start to the first answer: {} ms",
        took[2].as_millis()
    ));
}
