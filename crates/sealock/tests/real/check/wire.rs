//! Versions, suites and groups: what `openssl s_server` and real daemons offer.
//!
//! The peers are sound in everything else: they demand a client of ours, and answer it as a daemon does. So each finding
//! stands alone.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use sealock_testkit::Dockerd;
use sealock_testkit::lab::Version;
use sealock_testkit::process::free_port;
use serde_json::json;

use super::peers::{Kit, peer};

/// Suites with which nothing is wrong.
const SOUND: &str = "-cipher ECDHE+AESGCM";

#[test]
fn what_openssl_offers_is_named() {
    let kit = Kit::new();
    // A prime of 1536 bits.
    kit.openssl("genpkey -genparam -algorithm DH -pkeyopt group:modp_1536 -out dh.pem");
    let cases: &[(&str, &str, &[&str], &str)] = &[
        ("server", SOUND, &[], ""),
        ("rsa", SOUND, &[], ""),
        (
            "server",
            "-cipher ECDHE+AESGCM:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0",
            &["SL-F701"],
            "TLS 1.0 and TLS 1.1",
        ),
        (
            "server",
            "-cipher ECDHE+AESGCM:ECDHE-ECDSA-AES128-SHA256",
            &["SL-F702"],
            "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
        ),
        // What every dockerd before 29 offers, and nobody can switch off.
        (
            "server",
            "-cipher ECDHE+AESGCM:ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA",
            &[],
            "",
        ),
        (
            "rsa",
            "-cipher ECDHE+AESGCM:AES128-GCM-SHA256",
            &["SL-F703"],
            "no forward secrecy: TLS_RSA_WITH_AES_128_GCM_SHA256",
        ),
        (
            "rsa",
            "-min_protocol TLSv1.2 -cipher ECDHE+AESGCM:NULL:@SECLEVEL=0",
            &["SL-F703"],
            "no encryption: ",
        ),
        (
            "rsa",
            "-min_protocol TLSv1.2 -cipher ECDHE+AESGCM:ADH:@SECLEVEL=0",
            &["SL-F703"],
            "no server certificate: ",
        ),
        (
            "server",
            "-cipher ECDHE+AESGCM -no_tls1_3",
            &["SL-F704"],
            "",
        ),
        (
            "server",
            "-tls1 -cipher ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0",
            &["SL-F706", "SL-F701"],
            "alert protocol_version (70); the server speaks TLS 1.0",
        ),
        (
            "rsa",
            "-tls1_1 -cipher ECDHE-RSA-AES128-SHA:@SECLEVEL=0",
            &["SL-F706", "SL-F701"],
            "alert protocol_version (70); the server speaks TLS 1.1",
        ),
        (
            "rsa",
            "-tls1_2 -cipher AES128-SHA256",
            &["SL-F706", "SL-F703"],
            "alert handshake_failure (40); the server speaks TLS 1.2",
        ),
        (
            "rsa",
            "-cipher ECDHE+AESGCM:DHE+AESGCM:@SECLEVEL=0 -dhparam dh.pem",
            &["SL-F708"],
            "found DH-1536",
        ),
        (
            "rsa",
            "-cipher ECDHE+AESGCM:@SECLEVEL=0 -groups P-192:X25519",
            &["SL-F708"],
            "found secp192r1",
        ),
        (
            "server",
            "-cipher ECDHE+AESGCM:@SECLEVEL=0 -groups P-192:X25519",
            &["SL-F708"],
            "found secp192r1",
        ),
        (
            "rsa",
            "-cipher ECDHE+AESGCM:@SECLEVEL=0 -groups sect163k1:X25519",
            &["SL-F708"],
            "found sect163k1",
        ),
    ];
    for (name, words, codes, cause) in cases {
        let found = kit.look(&kit.serve(name, words).place());
        assert_eq!(found.codes(), *codes, "{name} {words}\n{found}");
        if let Some(first) = codes.first() {
            let said = found.finding(first)["spots"][0]["cause"].as_str().unwrap();
            assert!(said.contains(cause), "{name} {words}: {said}");
        }
    }
}

/// No package of Debian has SSL 3 or compression inside TLS any more, so something before `s_server` says yes to them.
#[test]
fn what_openssl_has_no_longer_is_named_too() {
    let kit = Kit::new();
    let behind = kit.serve("server", SOUND);
    let place = behind.place();
    let old = peer(move |socket| before(&place, socket, answer_in_ssl3, |_| {}));
    let found = kit.look(&old);
    assert_eq!(found.codes(), ["SL-F705"], "{found}");
    let place = behind.place();
    let compressing = peer(move |socket| before(&place, socket, |_| None, agree_to_compress));
    let found = kit.look(&compressing);
    assert_eq!(found.codes(), ["SL-F707"], "{found}");
}

/// Passes a connection on, unless `answer` answers its first bytes; `change` may change the answer's first bytes.
fn before(
    place: &str,
    mut client: TcpStream,
    answer: fn(&[u8]) -> Option<Vec<u8>>,
    change: fn(&mut [u8]),
) {
    let mut bytes = [0; 4096];
    let Ok(count) = client.read(&mut bytes) else {
        return;
    };
    let hello = &bytes[..count];
    if let Some(answer) = answer(hello) {
        let _gone = client.write_all(&answer);
        return;
    }
    let mut server = TcpStream::connect(place.trim_start_matches("tcp://")).unwrap();
    let _gone = server.write_all(hello);
    let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let forth = std::thread::spawn(move || {
        let _gone = std::io::copy(&mut from, &mut to);
        let _closed = to.shutdown(Shutdown::Write);
    });
    let offers_compression = compression(hello);
    let mut first = true;
    while let Ok(count @ 1..) = server.read(&mut bytes) {
        if std::mem::take(&mut first) && offers_compression {
            change(&mut bytes[..count]);
        }
        if client.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _closed = client.shutdown(Shutdown::Both);
    forth.join().unwrap();
}

/// A ServerHello of SSL 3, for whoever comes with a ClientHello of it (RFC 6101 §5.6.1).
fn answer_in_ssl3(hello: &[u8]) -> Option<Vec<u8>> {
    const SUITE: [u8; 2] = [0xc0, 0x13];
    if hello.get(..3) != Some(&[22, 3, 0]) || hello.get(9..11) != Some(&[3, 0]) {
        return None;
    }
    let session = 11 + 32;
    let suites = session + 1 + usize::from(hello[session]);
    let length = usize::from(u16::from_be_bytes([hello[suites], hello[suites + 1]]));
    let offered = hello[suites + 2..][..length]
        .chunks(2)
        .any(|suite| suite == SUITE);
    if !offered {
        return Some(vec![21, 3, 0, 0, 2, 2, 40]);
    }
    let mut body = vec![3, 0];
    body.extend([7; 32]);
    body.push(0);
    body.extend(SUITE);
    body.push(0);
    let mut record = vec![22, 3, 0, 0, u8::try_from(body.len() + 4).unwrap(), 2, 0, 0];
    record.push(u8::try_from(body.len()).unwrap());
    record.extend(body);
    Some(record)
}

/// Whether a ClientHello offers DEFLATE (RFC 3749).
fn compression(hello: &[u8]) -> bool {
    if hello.first() != Some(&22) {
        return false;
    }
    let session = 11 + 32;
    let suites = session + 1 + usize::from(hello[session]);
    let length = usize::from(u16::from_be_bytes([hello[suites], hello[suites + 1]]));
    let methods = suites + 2 + length;
    hello[methods + 1..][..usize::from(hello[methods])].contains(&1)
}

/// Puts DEFLATE into a ServerHello.
fn agree_to_compress(answer: &mut [u8]) {
    let is_hello = answer.first() == Some(&22) && answer.get(5) == Some(&2);
    if is_hello {
        let session = 11 + 32;
        let method = session + 1 + usize::from(answer[session]) + 2;
        answer[method] = 1;
    }
}

#[test]
fn no_dockerd_offers_anything_of_it() {
    let kit = Kit::new();
    for version in [Version::V20, Version::V26, Version::V28] {
        let port = free_port();
        let config = |server: &str| {
            let path = |name: &str| kit.path(name).display().to_string();
            let mut keys = json!({
                "hosts": ["unix://@SOCKET@", format!("tcp://127.0.0.1:{port}")],
                "live-restore": true,
                "tlsverify": true,
                "tlscacert": path("client-ca.pem"),
                "tlscert": path(&format!("{server}.pem")),
                "tlskey": path(&format!("{server}-key.pem")),
            });
            if version == Version::V20 {
                keys["deprecated-key-path"] = json!("@FOLDER@/key.json");
            }
            keys.to_string()
        };
        let daemon = Dockerd::builder(version)
            .hosts_in_config()
            .config(&config("server"))
            .start();
        for server in ["server", "rsa"] {
            if server == "rsa" {
                let text = std::fs::read_to_string(daemon.config_file()).unwrap();
                let text = text
                    .replace("server.pem", "rsa.pem")
                    .replace("server-key.pem", "rsa-key.pem");
                std::fs::write(daemon.config_file(), text).unwrap();
                daemon.restart();
            }
            let found = kit.look(&format!("tcp://127.0.0.1:{port}"));
            found.expect_nothing();
            let offers = &found.json["reports"][0]["endpoints"][0]["offers"];
            assert!(
                offers["suites"]
                    .as_array()
                    .is_some_and(|suites| suites.len() >= 5),
                "{version:?} {server}: {offers}"
            );
        }
    }
}
