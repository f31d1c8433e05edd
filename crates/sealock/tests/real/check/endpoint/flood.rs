//! Peers that send more than anybody should read, or what nobody should show.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use crate::check::peers::{Kit, listen_only, peer, write_all};

const SOUND: &str = "-cipher ECDHE+AESGCM";

/// What follows `subjectAltName=` for so many names.
fn section(names: impl Iterator<Item = String>) -> String {
    let lines: String = names.map(|name| format!("{name}\n")).collect();
    format!("@names\n[names]\nIP=127.0.0.1\n{lines}")
}

#[test]
fn certificates_are_beyond_all_bounds() {
    let kit = Kit::new();
    let dns = (1..10_000).map(|n| format!("DNS.{n}=host-{n}.docker.example"));
    kit.server("dns", "/CN=many", &section(dns));
    // As many, and still within what TLS libraries take: every name is read.
    let ips =
        (1..10_000).map(|n| format!("IP.{n}=10.{}.{}.{}", n / 62_500, n / 250 % 250, n % 250 + 1));
    kit.server("ips", "/CN=many", &section(ips));
    kit.server(
        "big",
        "/CN=big",
        &format!("IP:127.0.0.1\nnsComment={}", "x".repeat(10_000_000)),
    );
    let cases = [
        (
            "dns",
            "expected at most 65535 bytes of certificates, found 2",
        ),
        (
            "ips",
            "expected at most 100 names in a certificate, found 10000",
        ),
        (
            "big",
            "expected at most 65535 bytes of certificates, found 10000",
        ),
    ];
    for (name, cause) in cases {
        let found = kit.first(&kit.serve(name, SOUND).place(), "SL-F907");
        assert_eq!(found.codes(), ["SL-F907"], "{name}: {found}");
        assert!(found.to_string().contains(cause), "{name}: {found}");
    }
}

#[test]
fn a_chain_of_a_hundred() {
    let kit = Kit::new();
    kit.server("behind", "/CN=behind", "DNS:behind.example");
    let one = fs::read_to_string(kit.path("behind.pem")).unwrap();
    kit.folder.write("chain.pem", one.repeat(99));
    // The same one again and again, and a hundred that differ.
    let mut differing = String::new();
    for number in 0..99 {
        kit.openssl(&format!(
            "x509 -req -in behind.csr -CA server-ca.pem -CAkey server-ca-key.pem -set_serial {number} \
             -extfile behind.ext -out one.pem"
        ));
        differing += &fs::read_to_string(kit.path("one.pem")).unwrap();
    }
    kit.folder.write("differing.pem", differing);
    for chain in ["chain", "differing"] {
        let server = kit.serve("server", &format!("{SOUND} -cert_chain {chain}.pem"));
        let found = kit.first(&server.place(), "SL-F907");
        assert_eq!(found.codes(), ["SL-F907"], "{chain}: {found}");
        assert!(
            found
                .to_string()
                .contains("expected one to three certificates, found 100"),
            "{found}"
        );
    }
}

#[test]
fn names_would_drive_a_terminal() {
    let kit = Kit::new();
    let subject = "/O=a\"b\\\\\nc/CN=\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}gpj.exe";
    kit.server("escape", subject, "IP:127.0.0.1,DNS:docker.example");
    let found = kit.first(&kit.serve("escape", SOUND).place(), "SL-F908");
    assert_eq!(found.codes(), ["SL-F908"], "{found}");
    assert!(
        found.to_string().contains("CN=\\u{1b}[2J\\u{1b}]0"),
        "{found}"
    );
}

#[test]
fn the_rules_are_broken() {
    let kit = Kit::new();
    // A suite that nobody offered, whatever is asked.
    let foreign = peer(|socket: TcpStream| {
        let _gone = (&socket).read(&mut [0; 4096]);
        let mut hello = vec![22, 3, 3, 0, 42, 2, 0, 0, 38, 3, 3];
        hello.extend([7; 32]);
        hello.extend([0, 0x0a, 0x0a, 0]);
        write_all(&socket, &hello);
        listen_only(socket);
    });
    let found = kit.first(&foreign, "SL-F912");
    assert!(
        found.to_string().contains("breaks the rules of TLS"),
        "{found}"
    );
}

#[test]
fn bytes_come_without_end() {
    let kit = Kit::new();
    let chatter = peer(|mut socket: TcpStream| while socket.write_all(&[b'y'; 65_536]).is_ok() {});
    let found = kit.first(&chatter, "SL-F904");
    assert_eq!(found.codes(), ["SL-F904"], "{found}");
    // A head without end, to the rightful client; the server is sound otherwise.
    let endless = kit.python(
        "endless",
        "self.wfile.write(b'HTTP/1.1 200 OK\\r\\n')\nwhile True:\n    self.wfile.write(b'X: ' + b'x' * 65536)",
    );
    let found = kit.first(&endless.place(), "SL-F909");
    assert!(
        found.to_string().contains("longer than 16384 bytes"),
        "{found}"
    );
    // A body without end, behind the head of a daemon: the head says enough.
    let body = kit.python(
        "body",
        "self.wfile.write(b'HTTP/1.1 200 OK\\r\\nApi-Version: 1.41\\r\\n\\r\\n')\nwhile True:\n    self.wfile.write(b'x' * 65536)",
    );
    kit.look(&body.place()).expect_nothing();
}
