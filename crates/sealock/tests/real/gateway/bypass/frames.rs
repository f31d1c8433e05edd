//! Where one message ends and the next begins: a second request hidden in the first.

use serde_json::Value;

use super::case::{Case, Role, Scene};
use super::raw::Until;
use super::world::World;
use sealock_testkit::dockerd::IMAGE;

/// The request that is to arrive unseen.
fn hidden(scene: &Scene) -> String {
    let body = format!("{{\"Image\":\"{IMAGE}\",\"HostConfig\":{{\"Privileged\":true}}}}");
    format!(
        "POST /containers/create?name={} HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        scene.name,
        body.len(),
    )
}

fn made(world: &World, scene: &Scene) -> bool {
    world.inspect(&scene.name) != Value::Null
}

fn case(row: u8, label: &str, bytes: impl Fn(&str) -> String + Send + Sync + 'static) -> Case {
    Case::new(
        row,
        label,
        move |_, scene| bytes(&hidden(scene)).into_bytes(),
        |world, scene, _| made(world, scene),
    )
    .role(Role::Observer)
    .until(Until::Either(2, 2000))
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    // The length covers the hidden request, the chunks do not: the daemon goes by the chunks.
    for (label, te) in [
        ("plain", "Transfer-Encoding: chunked"),
        ("in lower case", "transfer-encoding: chunked"),
        ("the value in upper case", "Transfer-Encoding: CHUNKED"),
        ("with a tab", "Transfer-Encoding:\tchunked"),
        ("with spaces behind", "Transfer-Encoding: chunked  "),
        ("without a space", "Transfer-Encoding:chunked"),
        ("folded", "Transfer-Encoding:\r\n chunked"),
    ] {
        for first in [true, false] {
            for line in ["GET /_ping", "GET /version"] {
                cases.push(case(12, &format!("length and chunks {label}, chunks first: {first}, {line}"), move |hidden| {
                    let length = format!("Content-Length: {}", hidden.len() + 5);
                    let (one, two) = if first { (te, length.as_str()) } else { (length.as_str(), te) };
                    format!("{line} HTTP/1.1\r\nHost: docker\r\n{one}\r\n{two}\r\n\r\n0\r\n\r\n{hidden}")
                }));
            }
        }
    }
    // Readers that do not take a bare line feed for an end see one head with odd lines in it.
    for (label, head) in [
        ("line feeds only", "GET /_ping HTTP/1.1\nHost: docker\n\n"),
        (
            "a bare line feed at the end",
            "GET /_ping HTTP/1.1\r\nHost: docker\r\n\n",
        ),
        (
            "a bare line feed in the middle",
            "GET /_ping HTTP/1.1\nHost: docker\r\n\r\n",
        ),
        (
            "a bare line feed before a length",
            "GET /_ping HTTP/1.1\r\nHost: docker\nContent-Length: 0\r\n\r\n",
        ),
        (
            "a folded header",
            "GET /_ping HTTP/1.1\r\nHost: docker\r\nX-A: b\r\n c: d\r\n\r\n",
        ),
        (
            "two equal lengths",
            "GET /_ping HTTP/1.1\r\nHost: docker\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
        ),
        (
            "chunks with an extension",
            "GET /_ping HTTP/1.1\r\nHost: docker\r\nTransfer-Encoding: chunked\r\n\r\n0;x=\"\r\n\r\n",
        ),
        (
            "chunks with leading zeros",
            "GET /_ping HTTP/1.1\r\nHost: docker\r\nTransfer-Encoding: chunked\r\n\r\n0000000\r\n\r\n",
        ),
        (
            "chunks ended by line feeds",
            "GET /_ping HTTP/1.1\r\nHost: docker\r\nTransfer-Encoding: chunked\r\n\r\n0\n\n",
        ),
        (
            "a trailer with a length",
            "GET /_ping HTTP/1.1\r\nHost: docker\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 900\r\n\r\n",
        ),
        ("nothing odd", "GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n"),
        (
            "a body nobody reads",
            "GET /_ping HTTP/1.1\r\nHost: docker\r\nContent-Length: 4\r\n\r\nGET ",
        ),
        (
            "an absolute target",
            "GET http://docker/_ping HTTP/1.1\r\nHost: other\r\n\r\n",
        ),
        (
            "an old minor version with keep-alive",
            "GET /_ping HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        ),
        ("a HEAD", "HEAD /_ping HTTP/1.1\r\nHost: docker\r\n\r\n"),
        (
            "an expectation",
            "GET /_ping HTTP/1.1\r\nHost: docker\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n",
        ),
    ] {
        cases.push(case(12, &format!("behind {label}"), move |hidden| {
            format!("{head}{hidden}")
        }));
    }
    // A proxy that believes the upgrade stops looking at what follows.
    for token in ["h2c", "tcp", "websocket", "TLS/1.0, h2c", "H2C"] {
        for line in ["GET /_ping", "GET /version", "GET /containers/json"] {
            cases.push(case(10, &format!("upgrade to {token} at {line}"), move |hidden| {
                format!(
                    "{line} HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: {token}\r\n\
                     HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n{hidden}"
                )
            }));
        }
    }
    cases.extend(sizes());
    cases
}

/// Bodies that are too large, or too scattered, for whoever wants to look into them.
fn sizes() -> Vec<Case> {
    let evil = |padding: usize, front: bool| {
        let label = format!("\"Labels\":{{\"x\":\"{}\"}}", "x".repeat(padding));
        let host = "\"HostConfig\":{\"Privileged\":true}";
        let image = format!("\"Image\":\"{IMAGE}\"");
        if front {
            format!("{{{label},{image},{host}}}")
        } else {
            format!("{{{image},{host},{label}}}")
        }
    };
    let mut cases = Vec::new();
    for kilobytes in [0, 63, 64, 65, 512, 1024, 1500, 3000] {
        for front in [true, false] {
            let body = evil(kilobytes * 1024, front);
            let sent = body.clone();
            cases.push(Case::new(
                13,
                format!("{kilobytes} KiB, in front: {front}"),
                move |_, scene| {
                    super::raw::json(
                        &format!("POST /containers/create?name={}", scene.name),
                        &sent,
                    )
                },
                |world, scene, _| made(world, scene),
            ));
            let size = if kilobytes == 0 { 1 } else { 32 * 1024 };
            cases.push(Case::new(
                13,
                format!("{kilobytes} KiB in chunks of {size}, in front: {front}"),
                move |_, scene| {
                    let mut bytes = super::raw::request(
                        &format!("POST /containers/create?name={}", scene.name),
                        &[
                            "Content-Type: application/json",
                            "Transfer-Encoding: chunked",
                        ],
                        b"",
                    );
                    for chunk in body.as_bytes().chunks(size) {
                        bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                        bytes.extend_from_slice(chunk);
                        bytes.extend_from_slice(b"\r\n");
                    }
                    bytes.extend_from_slice(b"0\r\n\r\n");
                    bytes
                },
                |world, scene, _| made(world, scene),
            ));
        }
    }
    cases
}
