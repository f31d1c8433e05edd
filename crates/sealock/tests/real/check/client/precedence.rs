//! Which setting wins: what `check` says is what docker does.

use std::fs;

use sealock_testkit::lab::Version;

use super::{BOTH, Shell};
use crate::common::Host;

/// What is set, where the CLI goes then, which setting it is that won, and which ones have no effect.
struct Case {
    variables: &'static [(&'static str, &'static str)],
    current: bool,
    goes_to: &'static str,
    because: &'static str,
    without_effect: &'static [&'static str],
    first: &'static str,
}

/// Sockets that are not there: docker says which one it has tried.
const BY_HOST: &str = "unix:///nowhere/host.sock";
const BY_VARIABLE: &str = "unix:///nowhere/variable.sock";
const BY_FILE: &str = "unix:///nowhere/file.sock";

const CASES: &[Case] = &[
    Case {
        variables: &[("DOCKER_HOST", BY_HOST)],
        current: false,
        goes_to: BY_HOST,
        because: "DOCKER_HOST is set",
        without_effect: &[],
        first: "",
    },
    Case {
        variables: &[("DOCKER_HOST", BY_HOST)],
        current: true,
        goes_to: BY_HOST,
        because: "DOCKER_HOST is set",
        without_effect: &["currentContext file"],
        first: "SL-F509",
    },
    Case {
        variables: &[("DOCKER_HOST", BY_HOST), ("DOCKER_CONTEXT", "variable")],
        current: false,
        goes_to: BY_HOST,
        because: "DOCKER_HOST is set and outranks DOCKER_CONTEXT",
        without_effect: &["DOCKER_CONTEXT"],
        first: "SL-F509",
    },
    Case {
        variables: &[("DOCKER_CONTEXT", "variable")],
        current: true,
        goes_to: BY_VARIABLE,
        because: "DOCKER_CONTEXT is set to variable",
        without_effect: &[],
        first: "",
    },
    Case {
        variables: &[],
        current: true,
        goes_to: BY_FILE,
        because: "config.json makes file the current context",
        without_effect: &[],
        first: "",
    },
    Case {
        variables: &[
            ("DOCKER_CONTEXT", "variable"),
            ("DOCKER_TLS_VERIFY", "1"),
            ("DOCKER_CERT_PATH", "/nowhere"),
        ],
        current: false,
        goes_to: BY_VARIABLE,
        because: "DOCKER_CONTEXT is set to variable",
        without_effect: &["DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"],
        first: "SL-F519",
    },
    Case {
        variables: &[("DOCKER_TLS", "1")],
        current: true,
        goes_to: BY_FILE,
        because: "config.json makes file the current context",
        without_effect: &["DOCKER_TLS"],
        first: "SL-F519",
    },
    Case {
        variables: &[("DOCKER_CONTEXT", "default")],
        current: true,
        goes_to: "unix:///var/run/docker.sock",
        because: "DOCKER_CONTEXT is set to default",
        without_effect: &[],
        first: "",
    },
];

#[test]
fn the_setting_that_wins_is_the_one_that_docker_obeys() {
    let host = Host::new(Version::V28);
    let base = Shell::new(&host, "precedence");
    for (name, socket) in [("variable", BY_VARIABLE), ("file", BY_FILE)] {
        let docker = format!("host={socket}");
        let words = ["context", "create", name, "--docker", &docker];
        let _ = base.docker(Version::V28, &words).ok();
    }
    let config = base.home.join(".docker/config.json");
    for case in CASES {
        let current = if case.current { "file" } else { "" };
        fs::write(&config, format!("{{\"currentContext\":\"{current}\"}}")).unwrap();
        let mut shell = base.clone();
        for (name, value) in case.variables {
            shell = shell.set(name, value);
        }
        for cli in BOTH {
            goes_to(&shell, cli, case.goes_to);
        }
        let found = shell.check(&[]);
        let client = &found.json["reports"][0]["clients"][0];
        assert_eq!(client["host"], case.goes_to, "{:?}", case.variables);
        let because = client["because"].as_str().unwrap();
        assert!(because.ends_with(case.because), "{because}");
        let idle: Vec<&str> = client["withoutEffect"]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap())
            .collect();
        assert_eq!(idle, case.without_effect, "{:?}", case.variables);
        match case.first {
            "" => found.expect_nothing(),
            code => found.expect_first(code),
        };
    }
    // With TLS and no host at all it is this machine's port.
    fs::write(&config, "{}").unwrap();
    fs::copy(
        super::foreign_anchor(&host),
        base.home.join(".docker/ca.pem"),
    )
    .unwrap();
    let shell = base.set("DOCKER_TLS_VERIFY", "1");
    for cli in BOTH {
        goes_to(&shell, cli, "localhost:2376");
    }
    let found = shell.check(&[]);
    let client = &found.json["reports"][0]["clients"][0];
    assert_eq!(client["host"], "tcp://localhost:2376");
    let because = client["because"].as_str();
    assert_eq!(
        because,
        Some("nothing names a host, and with TLS that means localhost:2376")
    );
}

/// Docker's own words on where it has tried. This machine may have a daemon where a default leads.
#[track_caller]
fn goes_to(shell: &Shell<'_>, cli: Version, wanted: &str) {
    let said = shell.docker(cli, &["version"]);
    let answered = said.code == 0 && wanted.starts_with("unix:///var/run");
    assert!(
        answered || said.stderr.contains(wanted),
        "{cli:?} should go to {wanted}: {said}"
    );
}
