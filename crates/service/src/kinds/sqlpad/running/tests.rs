use std::net::TcpListener;

use super::{Holder, Version, at, listening, told, version_of};

#[test]
fn versions() {
    for (text, version) in [
        (
            "{\n  \"name\": \"sqlpad\",\n  \"version\": \"3.1.0\"}",
            Some(Version(3, 1, 0)),
        ),
        (
            "{\"name\":\"sqlpad\",\"version\":\"7.5.6-beta.1\"}",
            Some(Version(7, 5, 6)),
        ),
        ("{\"name\":\"other\",\"version\":\"3.1.0\"}", None),
        ("{\"name\":\"sqlpad\",\"version\":3}", None),
        ("{\"name\":\"sqlpad\",\"version\":\"3.1\"}", None),
        (
            "{\"name\":\"sqlpad\",\"version\":\"99999999999.1.0\"}",
            None,
        ),
        ("{\"name\"", None),
        ("", None),
    ] {
        assert_eq!(version_of(text), version, "{text}");
    }
}

#[test]
fn an_environment_is_read_without_keeping_its_secrets() {
    let words = ["node", "/srv/server.js", "--dbPath", "/x", "--ip=::"];
    let environment = b"SQLPAD_COOKIE_SECRET=secret-used-to-sign-cookies-please-set-and-make-strong\0\
        SQLPAD_PASSPHRASE=hunter2\0KEY_PATH=\0CERT_PATH=/a=b\0no-value\0\xff=1\0SQLPAD_AUTH_PROXY_ENABLED=True";
    let process = told(7, None, &words, environment);
    assert_eq!(process.public, [true, false]);
    assert!(process.believes);
    assert!(process.names.contains("CERT_PATH") && !process.names.contains("KEY_PATH"));
    assert!(process.options.contains("dbPath") && process.options.contains("ip"));
    let shown = format!("{process:?}");
    assert!(
        !shown.contains("hunter2") && !shown.contains("used-to-sign"),
        "{shown}"
    );
    assert!(!process.has_file());
    assert!(told(7, None, &["node", "--config", "/c"], b"").has_file());
}

#[test]
fn a_secret_that_is_not_set_is_the_public_one() {
    assert_eq!(told(7, None, &[], b"").public, [true, true]);
    let option = ["node", "server.js", "--passphrase=x"];
    assert_eq!(
        told(7, None, &option, b"SQLPAD_COOKIE_SECRET=").public,
        [true, false]
    );
}

#[test]
fn lines_of_the_kernel() {
    let line =
        "   0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0 0 4711 1";
    if cfg!(target_endian = "little") {
        assert_eq!(
            listening(line),
            Some(("127.0.0.1:3000".parse().unwrap(), 4711))
        );
    }
    assert_eq!(listening(&line.replace(" 0A ", " 01 ")), None);
    for odd in [
        "",
        "a b c d",
        &line.replace("0100007F", "0100007"),
        &line.replace("0BB8", "FFFFF"),
    ] {
        assert_eq!(listening(odd), None, "{odd}");
    }
}

/// This very process listens, and is no SQLPad.
#[test]
fn who_listens_is_found() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let local = listener.local_addr().unwrap();
    for host in ["127.0.0.1", "localhost", "sqlpad.example.org"] {
        let found = at(&format!("{host}:{}", local.port()));
        let [one] = found.as_slice() else {
            panic!("{host}: {found:?}");
        };
        assert_eq!(one.local, local);
        assert!(matches!(one.holder, Some(Holder::Other)), "{one:?}");
    }
    assert!(at(&format!("192.0.2.1:{}", local.port())).is_empty());
    assert!(at("127.0.0.1").is_empty() && at("127.0.0.1:x").is_empty());
}
