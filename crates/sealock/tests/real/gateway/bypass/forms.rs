//! Bodies that override the query, and starts that carry a configuration.

use serde_json::{Value, json};

use super::case::{Case, Setup};
use super::creates::has;
use super::raw::{self, Until, escaped};

/// What the daemon takes for a form.
const FORMS: [&str; 7] = [
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=utf-8",
    "Application/X-WWW-Form-URLEncoded",
    "APPLICATION/X-WWW-FORM-URLENCODED;",
    " application/x-www-form-urlencoded ",
    "application/x-www-form-urlencoded;x=\"y\"",
    "application/x-www-form-urlencoded ; boundary=z",
];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for kind in FORMS {
        cases.push(
            Case::new(
                3,
                format!("rename by {kind}"),
                move |_, scene| {
                    raw::request(
                        &format!(
                            "POST /containers/{}/rename?name={}-told",
                            scene.id, scene.name
                        ),
                        &[&format!("Content-Type: {kind}")],
                        format!("name={}", scene.name).as_bytes(),
                    )
                },
                |world, scene, _| world.inspect(&scene.id)["Name"] == format!("/{}", scene.name),
            )
            .setup(Setup::Own),
        );
        cases.push(
            Case::new(
                3,
                format!("rename by {kind} in chunks"),
                move |_, scene| {
                    let body = format!("name={}", scene.name);
                    let mut bytes = raw::request(
                        &format!(
                            "POST /containers/{}/rename?name={}-told",
                            scene.id, scene.name
                        ),
                        &[
                            &format!("Content-Type: {kind}"),
                            "Transfer-Encoding: chunked",
                        ],
                        b"",
                    );
                    bytes.extend_from_slice(
                        format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len()).as_bytes(),
                    );
                    bytes
                },
                |world, scene, _| world.inspect(&scene.id)["Name"] == format!("/{}", scene.name),
            )
            .setup(Setup::Own),
        );
        // The query names an image that may be pulled, the form a place to import from.
        cases.push(
            Case::new(
                3,
                format!("an image by {kind}"),
                move |world, _| {
                    let place = format!("http://127.0.0.1:{}/x", world.bait());
                    raw::request(
                        "POST /images/create?fromImage=127.0.0.1:1/busybox&tag=1",
                        &[&format!("Content-Type: {kind}")],
                        format!("fromImage=&fromSrc={}", escaped(&place)).as_bytes(),
                    )
                },
                |world, _, _| world.bitten(),
            )
            .until(Until::Quiet(700)),
        );
        // The query asks for nobody's containers, the form for everybody's.
        cases.push(
            Case::new(
                3,
                format!("prune by {kind}"),
                move |_, _| {
                    raw::request(
                        "POST /containers/prune?filters=%7B%22label%22%3A%5B%22nobody%22%5D%7D",
                        &[&format!("Content-Type: {kind}")],
                        b"filters=%7B%22label!%22%3A%5B%22sealock.owner%22%5D%7D",
                    )
                },
                |world, scene, _| world.inspect(&scene.id) == Value::Null,
            )
            .setup(Setup::Foreign),
        );
    }
    for minor in 12..24 {
        for (key, value) in [
            ("Binds", json!(["/etc:/h"])),
            ("Privileged", json!(true)),
            ("PidMode", json!("host")),
        ] {
            let body = json!({ key: value }).to_string();
            cases.push(
                Case::new(
                    2,
                    format!("start with {key} at 1.{minor}"),
                    move |_, scene| {
                        raw::json(
                            &format!("POST /v1.{minor}/containers/{}/start", scene.id),
                            &body,
                        )
                    },
                    move |world, scene, _| has(world, &scene.id, key, &value),
                )
                .setup(Setup::Own),
            );
        }
    }
    cases
}
