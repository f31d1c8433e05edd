//! Something else has the port, or refuses the rightful client.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::process::Command;

use rustix::net::sockopt::set_socket_linger;
use sealock_testkit::process::free_port;

use crate::check::peers::{Kit, Serving, listen_only, loopback, peer, write_all};

#[test]
fn other_services_speak_first_or_complain() {
    let kit = Kit::new();
    let greeting = |bytes: &'static [u8]| {
        peer(move |socket| {
            write_all(&socket, bytes);
            listen_only(socket);
        })
    };
    let complaint = |bytes: &'static [u8]| {
        peer(move |socket| {
            let _gone = (&socket).read(&mut [0; 4096]);
            write_all(&socket, bytes);
        })
    };
    let services = [
        (
            greeting(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"),
            "SSH-2.0-OpenSSH",
        ),
        (
            greeting(b"220 mail.example.org ESMTP \x1b]0;owned\x07\r\n"),
            "220 mail.example.org",
        ),
        (greeting(b"\x4a\0\0\0\x0a8.0.36\0\x1b[2J\0\0\0"), "8.0.36"),
        (
            complaint(b"-ERR unknown command 'GET', with args beginning with: \x1b[31m\r\n"),
            "-ERR unknown command",
        ),
        (complaint(&[0x1b; 70]), "\\u{1b}"),
    ];
    for (place, words) in services {
        let found = kit.first(&place, "SL-F904");
        assert_eq!(found.codes(), ["SL-F904"], "{found}");
        assert!(found.to_string().contains(words), "{found}");
    }
}

#[test]
fn connections_are_ended_early() {
    let kit = Kit::new();
    let reset = peer(|socket| set_socket_linger(&socket, Some(std::time::Duration::ZERO)).unwrap());
    let found = kit.first(&reset, "SL-F906");
    assert_eq!(found.codes(), ["SL-F906"], "{found}");
    // Closed with bytes unread, which is a reset too; and closed in order, after the hello.
    for read in [1, 4096] {
        let place = peer(move |socket: TcpStream| {
            let _gone = (&socket).read(&mut vec![0; read]);
        });
        let found = kit.first(&place, "SL-F906");
        assert_eq!(found.codes(), ["SL-F906"], "{found}");
    }
    // A proxy that does not know the name asked for.
    let place = peer(|socket| {
        let mut first = [0; 1];
        let _gone = (&socket).read(&mut first);
        if first == [22] {
            let _gone = (&socket).read(&mut [0; 4096]);
            write_all(&socket, &[21, 3, 3, 0, 2, 2, 112]);
        }
    });
    let found = kit.first(&place, "SL-F906");
    assert!(
        found.to_string().contains("unrecognized_name (112)"),
        "{found}"
    );
}

#[test]
fn there_is_one_connection_and_no_more() {
    let kit = Kit::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = format!("tcp://{}", listener.local_addr().unwrap());
    let once = std::thread::spawn(move || drop(listener.accept()));
    let found = kit.look(&place);
    assert_eq!(found.codes(), ["SL-F906"], "{found}");
    once.join().unwrap();
}

#[test]
fn the_rightful_client_gets_no_answer() {
    let kit = Kit::new();
    // The server asks for a certificate and names no authority, as a daemon does that trusts the roots of its system.
    let hangs_up = kit.python("hangs-up", "pass");
    let found = kit.first(&hangs_up.place(), "SL-F911");
    assert_eq!(found.codes(), ["SL-F911"], "{found}");
    let greets = kit.python("greets", "self.wfile.write(b'220 \\x1b[2J\\r\\n')");
    let found = kit.first(&greets.place(), "SL-F909");
    assert_eq!(found.codes(), ["SL-F909"], "{found}");
}

#[test]
fn a_web_server_is_no_docker() {
    let kit = Kit::new();
    let over_tls = kit.python("pages", "super().do_GET()");
    std::fs::remove_file(kit.path("_ping")).unwrap();
    let found = kit.first(&over_tls.place(), "SL-F909");
    assert_eq!(found.codes(), ["SL-F909"], "{found}");
    assert!(found.to_string().contains("status 404"), "{found}");

    let pages = kit.serve("server", "-cipher ECDHE+AESGCM -www");
    let found = kit.first(&pages.place(), "SL-F909");
    assert!(found.to_string().contains("status 200"), "{found}");

    let port = free_port();
    let mut command = Command::new("/usr/bin/python3");
    command.current_dir(kit.folder.path()).args([
        "-m",
        "http.server",
        "--bind",
        "127.0.0.1",
        &port.to_string(),
    ]);
    let plain = Serving::start(command, loopback(port));
    let found = kit.first(&plain.place(), "SL-F909");
    assert_eq!(found.codes(), ["SL-F909"], "{found}");
}

#[test]
fn a_sound_client_is_refused_for_a_reason_of_the_server() {
    let kit = Kit::new();
    kit.folder.write("index", "");
    kit.folder.write(
        "ca.cnf",
        "[ca]\ndefault_ca=one\n[one]\ndatabase=index\ndefault_md=sha256\ndefault_crl_days=30\n",
    );
    for words in ["-revoke alice.pem", "-gencrl -out crl.pem"] {
        kit.openssl(&format!(
            "ca -config ca.cnf -cert client-ca.pem -keyfile client-ca-key.pem {words}"
        ));
    }
    let server = kit.serve("server", "-cipher ECDHE+AESGCM -crl_check -CRL crl.pem");
    let found = kit.first(&server.place(), "SL-F911");
    assert_eq!(found.codes(), ["SL-F911"], "{found}");
    assert!(
        found.to_string().contains("certificate_revoked (44)"),
        "{found}"
    );
}
