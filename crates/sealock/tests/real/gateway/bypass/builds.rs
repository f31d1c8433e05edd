//! Builds, and images that come in by other ways.

use super::case::{Case, Role};
use super::raw::{self, Until, escaped, tar, tars};
use super::world::World;
use sealock_testkit::dockerd::IMAGE;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = builds();
    cases.extend(tunnels());
    cases.extend(names());
    cases.extend(pushes());
    cases
}

/// Builds that fetch what the caller says, or stand in the host's network.
fn builds() -> Vec<Case> {
    let dockerfile = |steps: &str| tar("Dockerfile", &format!("FROM {IMAGE}\n{steps}\n"));
    let mut cases = Vec::new();
    for (label, query, roles) in [
        ("nothing odd", "", &[Role::Observer, Role::Deployer][..]),
        (
            "a label of the owner's",
            "&labels=%7B%22sealock.owner%22%3A%22cn%3Aother%22%7D",
            &[Role::Builder][..],
        ),
        ("the host's network", "&networkmode=host", &[Role::Builder]),
        (
            "somebody else's network",
            "&networkmode=container:victim",
            &[Role::Builder],
        ),
        (
            "another parent cgroup",
            "&cgroupparent=/elsewhere",
            &[Role::Builder],
        ),
        (
            "the host's network, the key escaped",
            "&network%6dode=host",
            &[Role::Builder],
        ),
    ] {
        for role in roles {
            let query = query.to_owned();
            // The build itself is allowed; whose its image is is not for the caller to say.
            let spoofs = query.starts_with("&labels");
            cases.push(
                Case::new(
                    14,
                    format!("a build with {label} as {role:?}"),
                    move |_, scene| {
                        raw::request(
                            &format!("POST /build?t={}{query}", scene.name),
                            &["Content-Type: application/x-tar"],
                            &dockerfile("LABEL x=y"),
                        )
                    },
                    move |world, scene, _| {
                        let image =
                            world.direct(&raw::plain(&format!("GET /images/{}/json", scene.name)));
                        world.direct(&raw::plain(&format!(
                            "DELETE /images/{}?force=1",
                            scene.name
                        )));
                        let stamp = &image.json()["Config"]["Labels"]["sealock.owner"];
                        image.status == 200 && (!spoofs || stamp == "cn:other")
                    },
                )
                .role(*role),
            );
        }
    }
    for (label, key) in [("plain", "remote"), ("escaped", "rem%6fte")] {
        for place in ["http://127.0.0.1:@/x", "http://localhost:@/Dockerfile"] {
            for role in [Role::Observer, Role::Deployer, Role::Builder] {
                cases.push(
                    Case::new(
                        14,
                        format!("a build from {place}, {label}, {role:?}"),
                        move |world, _| {
                            let place = place.replace('@', &world.bait().to_string());
                            raw::plain(&format!("POST /build?{key}={}", escaped(&place)))
                        },
                        |world, _, _| world.bitten(),
                    )
                    .until(Until::Quiet(700))
                    .role(role),
                );
            }
        }
    }
    cases
}

/// BuildKit's own interface, in which nothing can be judged.
fn tunnels() -> Vec<Case> {
    let mut cases = Vec::new();
    for (path, roles) in [
        (
            "/grpc",
            &[Role::Observer, Role::Deployer, Role::Builder][..],
        ),
        ("/session", &[Role::Observer, Role::Deployer]),
    ] {
        for spelling in [
            path.to_owned(),
            format!("/v1.41{path}"),
            path.replacen('s', "%73", 1).replacen('g', "%67", 1),
        ] {
            for role in roles {
                let spelling = spelling.clone();
                cases.push(
                    Case::new(
                        11,
                        format!("{spelling} as {role:?}"),
                        move |_, scene| {
                            let headers = [
                                "Connection: Upgrade",
                                "Upgrade: h2c",
                                &format!("X-Docker-Expose-Session-Uuid: {}", scene.name),
                            ];
                            let request = raw::request(&format!("POST {spelling}"), &headers, b"");
                            [
                                &request[..],
                                b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
                            ]
                            .concat()
                        },
                        |_, _, reply| reply.status == 101,
                    )
                    .role(*role)
                    .until(Until::Either(1, 300)),
                );
            }
        }
    }
    cases
}

/// A name that others trust, given to an image of the caller's making.
fn names() -> Vec<Case> {
    // The sum of 1,024 zeros, which are an archive without a file.
    const LAYER: &str = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";
    let named = |world: &World, name: &str| {
        let place = format!("/images/trusted:{name}");
        let image = world.direct(&raw::plain(&format!("GET {place}/json")));
        world.direct(&raw::plain(&format!("DELETE {place}?force=1")));
        image.status == 200
    };
    let mut cases = Vec::new();
    for role in [Role::Observer, Role::Deployer, Role::Builder] {
        for target in [
            "/images/create?fromSrc=-&repo=trusted&tag=@",
            "/v1.41/images/create?fromSrc=-&repo=trusted&tag=@",
            "/images/create?from%53rc=-&repo=trusted&tag=@",
            "/images/create?fromSrc=%2d&repo=trusted:@",
        ] {
            cases.push(
                Case::new(
                    19,
                    format!("a trusted name by {target} as {role:?}"),
                    move |_, scene| {
                        raw::request(
                            &format!("POST {}", target.replace('@', &scene.name)),
                            &["Content-Type: application/x-tar"],
                            &tars(&[("file", &scene.name)]),
                        )
                    },
                    move |world, scene, _| named(world, &scene.name),
                )
                .role(role),
            );
        }
        for target in [
            "/images/load",
            "/v1.41/images/load?quiet=1",
            "/images/lo%61d",
        ] {
            cases.push(
                Case::new(
                    19,
                    format!("a trusted name by {target} as {role:?}"),
                    move |_, scene| {
                        let name = &scene.name;
                        let config = format!(
                            "{{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{{\"Labels\":{{\"x\":\"{name}\"}}}},\
                             \"rootfs\":{{\"type\":\"layers\",\"diff_ids\":[\"sha256:{LAYER}\"]}}}}"
                        );
                        let manifest = format!(
                            "[{{\"Config\":\"c.json\",\"RepoTags\":[\"trusted:{name}\"],\"Layers\":[\"l.tar\"]}}]"
                        );
                        let layer = "\0".repeat(1024);
                        let files = [("c.json", config.as_str()), ("l.tar", &layer), ("manifest.json", &manifest)];
                        let kind = ["Content-Type: application/x-tar"];
                        raw::request(&format!("POST {target}"), &kind, &tars(&files))
                    },
                    move |world, scene, _| named(world, &scene.name),
                )
                .role(role),
            );
        }
    }
    cases
}

/// Images that leave for wherever the caller says.
fn pushes() -> Vec<Case> {
    let mut cases = Vec::new();
    for role in [Role::Observer, Role::Deployer] {
        for path in [
            "/images/@/push?tag=x",
            "/v1.41/images/@/push?tag=x",
            "/images/@/pus%68?tag=x",
        ] {
            for slash in ["/", "%2F"] {
                cases.push(
                    Case::new(
                        19,
                        format!("{path} with {slash} as {role:?}"),
                        move |world, _| {
                            let name = format!("127.0.0.1:{}/x", world.bait());
                            let tag =
                                format!("POST /images/{IMAGE}/tag?repo={}&tag=x", escaped(&name));
                            world.direct(&raw::plain(&tag));
                            let path = path.replace('@', &name.replace('/', slash));
                            raw::request(&format!("POST {path}"), &["X-Registry-Auth: e30="], b"")
                        },
                        // A daemon whose push was cut off calls once more, in somebody else's time.
                        |world, _, reply| world.bitten() && reply.status == 200,
                    )
                    .until(Until::Quiet(700))
                    .role(role),
                );
            }
        }
    }
    cases
}
