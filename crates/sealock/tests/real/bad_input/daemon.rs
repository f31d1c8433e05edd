//! `daemon.json` and the daemon's socket, as they should not be.

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;

use super::ground::Ground;

#[test]
fn daemon_json() {
    let mut ground = Ground::with_authority("daemon-json");
    let cases: [(&str, &[u8], &str); 12] = [
        ("a trailing comma", b"{\n  \"debug\": true,\n}\n", "SL-H104"),
        (
            "a comment",
            b"{\n  // verbose\n  \"debug\": true\n}\n",
            "SL-H104",
        ),
        ("a missing brace", b"{\n  \"debug\": true\n", "SL-H104"),
        ("two objects", b"{} {}\n", "SL-H104"),
        ("single quotes", b"{'debug': true}\n", "SL-H104"),
        ("an array", b"[]\n", "SL-H104"),
        ("a number", b"42\n", "SL-H104"),
        ("null", b"null\n", "SL-H104"),
        (
            "a key twice",
            b"{\n  \"debug\": true,\n  \"debug\": false\n}\n",
            "SL-H105",
        ),
        ("UTF-16", b"\xff\xfe{\0}\0", "SL-H104"),
        ("binary", b"\x7fELF\x01\x02\x00\xff", "SL-H104"),
        (
            "a key that would clear the screen, twice",
            b"{\"\\u001b[2J\": 1,\n\"\\u001b[2J\": 2}",
            "SL-H105",
        ),
    ];
    for (about, bytes, code) in cases {
        ground.about(about);
        ground.write("etc/daemon.json", bytes);
        ground.refuse(&["plan"], code, 1);
    }
    ground.about("a directory");
    ground.tool("rm etc/daemon.json; mkdir etc/daemon.json");
    ground.refuse(&["plan"], "SL-C006", 1);
    ground.about("a pipe: must not hang");
    ground.tool("rmdir etc/daemon.json; mkfifo etc/daemon.json");
    ground.refuse(&["plan"], "SL-C011", 1);
    ground.about("a link to itself");
    ground.tool("rm etc/daemon.json; ln -s daemon.json etc/daemon.json");
    ground.refuse(&["plan"], "SL-C007", 1);
    ground.about("enormous");
    ground.tool("rm etc/daemon.json; truncate -s 70M etc/daemon.json");
    ground.refuse(&["plan"], "SL-C014", 1);
    insta::assert_snapshot!(ground.transcript());
}

/// A socket that answers every request with these bytes, or with silence.
fn serve(ground: &Ground, answer: Option<&'static [u8]>) {
    let path = ground.join("etc/docker.sock");
    let _absent = std::fs::remove_file(&path);
    let listener = UnixListener::bind(path).unwrap();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for mut stream in listener.incoming().flatten() {
            if let Some(bytes) = answer {
                let mut request = [0; 1024];
                let _closed = stream
                    .read(&mut request)
                    .and_then(|_| stream.write_all(bytes));
            } else {
                kept.push(stream);
            }
        }
    });
}

#[test]
fn sockets_that_are_no_daemon() {
    let mut ground = Ground::with_authority("sockets");
    ground.about("garbage");
    serve(&ground, Some(b"\x00\x01\x02 hello \x1b[2J\r\n\r\n"));
    ground.refuse(&["plan"], "SL-H114", 1);
    ground.about("another server");
    serve(
        &ground,
        Some(b"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nnope\n"),
    );
    ground.refuse(&["plan"], "SL-H114", 1);
    ground.about("HTTP, and JSON that is no answer");
    serve(
        &ground,
        Some(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"),
    );
    ground.refuse(&["plan"], "SL-H114", 1);
    ground.about("silence: must not hang");
    serve(&ground, None);
    ground.refuse(&["plan"], "SL-H114", 1);
    insta::assert_snapshot!(ground.transcript());
}
