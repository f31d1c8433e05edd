//! Role by route by decision, as a table that is checked in: a change of what a role may is seen.
//!
//! Each route is asked for with a plain, honest request: once about the caller's own object, once about
//! somebody else's.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod daemon;

use daemon::Front;
use sealock_policy::{Call, Route};

const ROLES: &[&str] = &[
    "none",
    "observer",
    "operator",
    "debugger",
    "ci-builder",
    "deployer",
    "admin",
];

/// A plain request of a route.
fn plain(route: &Route, whose: &str) -> (String, &'static str) {
    let name = match route.pattern.split('/').nth(1).unwrap_or_default() {
        "containers" => whose.to_owned(),
        "exec" => format!("e-{whose}"),
        "networks" => format!("net-{whose}"),
        "volumes" => format!("vol-{whose}"),
        "images" if whose == "mine" => "app".to_owned(),
        "images" => "secret".to_owned(),
        "services" => format!("svc-{whose}"),
        _ => "x".to_owned(),
    };
    let mut path = route.pattern.to_owned();
    while let (Some(open), Some(close)) = (path.find('{'), path.find('}')) {
        let with = if open > 0 && path[..open].ends_with("checkpoints/") {
            "cp"
        } else {
            name.as_str()
        };
        path.replace_range(open..=close, with);
    }
    let query = match route.call {
        Call::ImageCreate => "?fromImage=alpine&tag=3",
        Call::ImageTag => "?repo=r.example/ci/x&tag=1",
        Call::ImageSave if whose == "mine" => "?names=app",
        Call::ImageSave => "?names=secret",
        Call::ContainerCommit if whose == "mine" => "?container=mine&repo=r.example/ci/x",
        Call::ContainerCommit => "?container=theirs&repo=r.example/ci/x",
        Call::Build => "?t=r.example/ci/x",
        Call::ContainerArchiveRead | Call::ContainerArchiveStat | Call::ContainerArchiveWrite => {
            "?path=/tmp"
        }
        _ => "",
    };
    let path = match route.call {
        Call::ImagePush if whose == "mine" => "/images/r.example/ci/x/push".to_owned(),
        _ => path,
    };
    let body = match route.call {
        Call::ContainerCreate if whose == "mine" => r#"{"Image":"alpine"}"#,
        Call::ContainerCreate => r#"{"Image":"alpine","HostConfig":{"VolumesFrom":["theirs"]}}"#,
        Call::ExecCreate => r#"{"Cmd":["sh"],"User":"app"}"#,
        Call::NetworkCreate => r#"{"Name":"n"}"#,
        Call::NetworkConnect | Call::NetworkDisconnect => r#"{"Container":"mine"}"#,
        Call::VolumeCreate if whose == "mine" => r#"{"Name":"v"}"#,
        Call::VolumeCreate => r#"{"Name":"vol-theirs"}"#,
        Call::ServiceCreate | Call::ServiceUpdate => {
            r#"{"Name":"s","TaskTemplate":{"ContainerSpec":{"Image":"alpine"}}}"#
        }
        Call::PluginPull | Call::PluginUpgrade | Call::PluginSet => "[]",
        Call::ExecStart => "{}",
        _ => "",
    };
    (format!("{} {path}{query}", route.method.name()), body)
}

#[test]
fn role_by_route_by_decision() {
    let fronts: Vec<Front> = ROLES
        .iter()
        .map(|role| {
            let front = Front::granting(&format!(
                "role = \"{role}\"\nimages = [\"alpine\"]\ntags = [\"r.example/ci/*\"]\nexec-users = [\"app\"]"
            ));
            front.makers.note("e-mine", "cn:alice");
            front
        })
        .collect();
    let mut table = format!("{:<7} {:<44}", "", "own object / another's");
    for role in ROLES {
        table.push_str(&format!(" {role:<15}"));
    }
    table = table.trim_end().to_owned();
    table.push('\n');
    for route in Route::all() {
        let mut row = format!("{:<7} {:<44}", route.method.name(), route.pattern);
        for front in &fronts {
            let word = |whose| {
                let (line, body) = plain(route, whose);
                let found = front.word(&line, body);
                assert_ne!(
                    found,
                    "unclean",
                    "{line}: {:?}",
                    front.ask(&line, body).err()
                );
                found
                    .strip_prefix("SL-")
                    .map_or(found.clone(), str::to_owned)
            };
            let (own, other) = (word("mine"), word("theirs"));
            let cell = if own == other {
                own
            } else {
                format!("{own}/{other}")
            };
            row.push_str(&format!(" {cell:<15}"));
        }
        table.push_str(row.trim_end());
        table.push('\n');
    }
    insta::assert_snapshot!(table);
}
