//! Peers that take a connection and do not go on.

use std::io::Read;
use std::net::TcpStream;
use std::time::Duration;

use sealock_testkit::lab::Version;
use sealock_testkit::process::free_port;
use sealock_testkit::{Dockerd, run};
use serde_json::json;

use crate::check::peers::{Kit, listen_only, peer, write_all};

#[test]
fn peers_stall_wherever_they_like() {
    let kit = Kit::new();
    let silent = peer(listen_only);
    // The head of a ServerHello of 90 bytes, and no more.
    let half = peer(|socket: TcpStream| {
        let _gone = (&socket).read(&mut [0; 4096]);
        write_all(&socket, &[22, 3, 3, 0, 90, 2, 0, 0, 86, 3, 3]);
        listen_only(socket);
    });
    // A byte at a time, which would keep a timeout of single reads from ever running out.
    let dripping = peer(|socket: TcpStream| {
        let hello = [22, 3, 3, 0x40, 0, 2, 0, 0x3f, 0xfc, 3, 3];
        for byte in hello.iter().chain([7].iter().cycle()).take(400) {
            write_all(&socket, &[*byte]);
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    std::thread::scope(|scope| {
        for place in [&silent, &half, &dripping] {
            let kit = &kit;
            scope.spawn(move || {
                let found = kit.first(place, "SL-F905");
                assert_eq!(found.codes(), ["SL-F905"], "{found}");
            });
        }
    });
}

#[test]
fn the_answer_does_not_come_or_does_not_end() {
    let kit = Kit::new();
    let sleeping = kit.python("sleeping", "time.sleep(30)");
    let dripping = kit.python(
        "dripping",
        "self.wfile.write(b'HTTP/1.1 200 OK\\r\\nX: ')\nfor _ in range(300):\n    self.wfile.write(b'x')\n    time.sleep(0.1)",
    );
    std::thread::scope(|scope| {
        for peer in [&sleeping, &dripping] {
            let kit = &kit;
            scope.spawn(move || {
                let found = kit.first(&peer.place(), "SL-F905");
                assert_eq!(found.codes(), ["SL-F905"], "{found}");
                assert!(
                    found
                        .to_string()
                        .contains("its answer to the rightful client"),
                    "{found}"
                );
            });
        }
    });
}

/// As a debugger does it, or a disk that hangs: the kernel still takes connections for it.
#[test]
fn a_daemon_is_stopped() {
    let kit = Kit::new();
    let port = free_port();
    let path = |name: &str| kit.path(name).display().to_string();
    let config = json!({
        "hosts": ["unix://@SOCKET@", format!("tcp://127.0.0.1:{port}")],
        "tlsverify": true,
        "tlscacert": path("client-ca.pem"),
        "tlscert": path("server.pem"),
        "tlskey": path("server-key.pem"),
    });
    let daemon = Dockerd::builder(Version::V28)
        .hosts_in_config()
        .config(&config.to_string())
        .start();
    let pid = daemon.pid().unwrap().to_string();
    let place = format!("tcp://127.0.0.1:{port}");
    kit.look(&place).expect_nothing();
    let kill = |signal: &str| run(std::process::Command::new("kill").args([signal, &pid])).ok();
    let _ = kill("-STOP");
    let found = kit.look(&place);
    let _ = kill("-CONT");
    assert_eq!(found.codes(), ["SL-F905"], "{found}");
    kit.look(&place).expect_nothing();
}
