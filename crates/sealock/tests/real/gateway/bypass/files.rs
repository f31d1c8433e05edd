//! Files into containers, and what leaves them by a GET.

use super::case::{Case, Role};
use super::raw::{self, Until, escaped, tar};
use sealock_testkit::dockerd::IMAGE;

/// Files into containers, and what else leaves them by a GET.
pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (label, path) in [
        ("plain", "/tmp"),
        ("escaped", "%2ftmp"),
        ("with dots", "/etc/../tmp"),
        ("with a slash behind", "/tmp/"),
    ] {
        for kind in [
            "application/x-tar",
            "application/octet-stream",
            "text/plain",
        ] {
            for role in [Role::Observer, Role::Deployer] {
                cases.push(
                    Case::new(
                        15,
                        format!("a file into somebody else's container as {kind}, the path {label}, {role:?}"),
                        move |_, scene| {
                            raw::request(
                                &format!("PUT /containers/victim/archive?path={path}"),
                                &[&format!("Content-Type: {kind}")],
                                &tar(&scene.name, "planted"),
                            )
                        },
                        |world, scene, _| world.file("victim", &format!("/tmp/{}", scene.name)).contains("planted"),
                    )
                    .role(role),
                );
            }
        }
    }
    for (label, target) in [
        (
            "the whole file system",
            "/containers/victim/export".to_owned(),
        ),
        (
            "the whole file system, escaped",
            "/containers/victim/%65xport".to_owned(),
        ),
        ("an image", format!("/images/{}/get", IMAGE)),
        (
            "an image, its name escaped",
            format!("/images/{}/get", escaped(IMAGE)),
        ),
        ("images", format!("/images/get?names={}", escaped(IMAGE))),
        (
            "images twice",
            format!("/images/get?names={0}&names={0}", escaped(IMAGE)),
        ),
    ] {
        cases.push(
            Case::new(
                8,
                label,
                move |_, _| raw::plain(&format!("GET {target}")),
                |_, _, reply| reply.status == 200 && reply.all.len() > 100_000,
            )
            .role(Role::Observer),
        );
    }
    // `ps` runs on the host, with whatever words the caller gives it.
    for words in ["-ef", "aux", "-eo pid,args", "-o pid,args -e"] {
        cases.push(
            Case::new(
                8,
                format!("top with {words}"),
                move |_, _| {
                    raw::plain(&format!(
                        "GET /containers/victim/top?ps_args={}",
                        escaped(words)
                    ))
                },
                |_, _, reply| reply.status == 200 && reply.has("Processes"),
            )
            .role(Role::Observer),
        );
    }
    for name in [
        "vars",
        "pprof/",
        "pprof/cmdline",
        "pprof/heap?debug=1",
        "pprof/goroutine?debug=1",
        "pprof/symbol",
    ] {
        cases.push(
            Case::new(
                8,
                format!("debug/{name}"),
                move |_, _| raw::plain(&format!("GET /debug/{name}")),
                |_, _, reply| reply.status == 200,
            )
            .role(Role::Observer),
        );
    }
    for version in ["", "/v1.41", "/v1.24"] {
        for name in ["victim", "%76ictim"] {
            cases.push(
                Case::new(
                    8,
                    format!("a WebSocket that writes, {version} {name}"),
                    move |_, scene| {
                        let mut bytes = raw::request(
                            &format!("GET {version}/containers/{name}/attach/ws?stream=1&stdin=1"),
                            &[
                                "Connection: Upgrade",
                                "Upgrade: websocket",
                                "Origin: http://docker",
                                "Sec-WebSocket-Version: 13",
                                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                            ],
                            b"",
                        );
                        let text = format!("{}\n", scene.name);
                        bytes.extend([0x82, 0x80 | u8::try_from(text.len()).unwrap(), 0, 0, 0, 0]);
                        bytes.extend_from_slice(text.as_bytes());
                        bytes
                    },
                    |world, scene, _| world.reads("victim", "/heard", &scene.name),
                )
                .role(Role::Observer)
                .until(Until::Quiet(300)),
            );
        }
    }
    cases
}
