//! What the gateway is compared with and judged by: other proxies, client plugins, and the suites that
//! Docker's client libraries bring along.
//!
//! ```text
//! $SEALOCK_LAB/peers    haproxy, nginx, stunnel, hitch and a registry, unpacked: none of them is installed
//!              plugins  docker compose and buildx
//!              docker-py  an environment with docker-py as published together with its tests
//!              bollard  bollard as published, its tests built
//! ```

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{component, fresh};
use crate::run::{at, quiet};
use crate::{Done, apt};

/// Debian 12's proxies and registry, each with the libraries that a small Debian lacks.
const PEERS: &[&str] = &[
    "docker-registry",
    "apache2-utils",
    "haproxy",
    "hitch",
    "nginx",
    "stunnel4",
    "libapr1",
    "libaprutil1",
    "libev4",
    "liblua5.3-0",
    "libopentracing-c-wrapper0",
    "libopentracing1",
    "libpcre2-8-0",
    "libpcre2-posix3",
    "libwrap0",
];

/// The last docker-py whose published archive has its tests.
const DOCKER_PY: &str = "docker==7.0.0";

/// What those tests run with. requests 2.32 broke every docker-py before 7.1.
const DOCKER_PY_TESTS: &[&str] = &[
    DOCKER_PY,
    "requests<2.32",
    "urllib3<2.3",
    "paramiko<4",
    "pytest==7.4.2",
    "pytest-timeout==2.1.0",
    "websocket-client",
];

/// bollard, as published with its tests.
const BOLLARD: &str = "0.21.1";

/// bollard's tests that are built: every one that needs neither a swarm nor a second machine.
const BOLLARD_TESTS: &[&str] = &["container_test", "exec_test", "network_test", "volume_test"];

/// Installs whatever is missing.
pub(super) fn install(lab: &Path) -> Done {
    unpacked(lab, "peers", "bookworm", PEERS)?;
    unpacked(lab, "plugins", "sid", &["docker-buildx", "docker-compose"])?;
    docker_py(lab)?;
    bollard(lab)
}

/// Packages of a suite unpacked into a folder of their own, none of their scripts run.
pub(super) fn unpacked(lab: &Path, name: &str, suite: &str, packages: &[&str]) -> Done {
    component(lab, name, &packages.join(" "), || {
        let folder = fresh(&lab.join(name))?;
        apt::Suite::open(lab, suite)?.unpack(packages, &folder)
    })
}

/// An environment for docker-py's own tests, and the tests.
fn docker_py(lab: &Path) -> Done {
    component(lab, "docker-py", &DOCKER_PY_TESTS.join(" "), || {
        let folder = fresh(&lab.join("docker-py"))?;
        quiet(
            Command::new("/usr/bin/python3")
                .args(["-m", "venv"])
                .arg(folder.join("venv")),
        )?;
        let pip = || {
            let mut pip = Command::new(folder.join("venv/bin/pip"));
            pip.args(["--quiet", "--disable-pip-version-check"]);
            pip
        };
        quiet(pip().arg("install").args(DOCKER_PY_TESTS))?;
        quiet(
            pip()
                .args(["download", "--no-deps", "--no-binary=docker", DOCKER_PY])
                .arg("--dest")
                .arg(&folder),
        )?;
        let source = folder.join("source");
        at(&source, fs::create_dir(&source))?;
        quiet(
            Command::new("tar")
                .args(["--strip-components=1", "-C"])
                .arg(&source)
                .arg("-xf")
                .arg(folder.join("docker-7.0.0.tar.gz")),
        )?;
        // The tests are to meet the installed package, not the archive's own copy.
        at(&source, fs::remove_dir_all(source.join("docker")))?;
        let tests = source.join("tests/integration");
        at(&tests, fs::metadata(&tests)).map(drop)
    })
}

/// bollard's tests, built once: `bollard/tests/NAME`.
fn bollard(lab: &Path) -> Done {
    let wanted = format!("{BOLLARD} {}", BOLLARD_TESTS.join(" "));
    component(lab, "bollard", &wanted, || {
        let folder = fresh(&lab.join("bollard"))?;
        let source = bollard_source(&folder)?;
        let target = folder.join("target");
        let mut build = Command::new("cargo");
        build
            .current_dir(&source)
            .env("CARGO_TARGET_DIR", &target)
            .env("CARGO_INCREMENTAL", "0")
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .args(["test", "--locked", "--no-run", "--features", "test_ring"])
            .args(["--message-format", "json"]);
        for name in BOLLARD_TESTS {
            build.args(["--test", name]);
        }
        let said = quiet(&mut build)?;
        let programs = folder.join("tests");
        at(&programs, fs::create_dir(&programs))?;
        for line in said.lines() {
            let Ok(message) = serde_json::from_str::<serde_json::Value>(line) else {
                continue;
            };
            let name = message["target"]["name"].as_str().unwrap_or_default();
            if let (Some(program), true) = (
                message["executable"].as_str(),
                BOLLARD_TESTS.contains(&name),
            ) {
                let place = programs.join(name);
                at(&place, fs::copy(program, &place))?;
            }
        }
        at(&target, fs::remove_dir_all(&target))
    })
}

/// Lets cargo fetch the published archive and gives a copy of it to build in.
fn bollard_source(folder: &Path) -> Done<PathBuf> {
    let asker = folder.join("asker");
    let main = asker.join("src/lib.rs");
    at(&asker, fs::create_dir_all(asker.join("src")))?;
    at(&main, fs::write(&main, ""))?;
    let manifest = asker.join("Cargo.toml");
    let text = format!(
        "[package]\nname = \"asker\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\
         [dependencies]\nbollard = \"={BOLLARD}\"\n[workspace]\n"
    );
    at(&manifest, fs::write(&manifest, text))?;
    let metadata = quiet(
        Command::new("cargo")
            .current_dir(&asker)
            .args(["metadata", "--format-version=1"]),
    )?;
    let metadata: serde_json::Value =
        serde_json::from_str(&metadata).map_err(|error| format!("cargo metadata: {error}"))?;
    let fetched = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|package| package["name"] == "bollard")
        .and_then(|package| package["manifest_path"].as_str())
        .and_then(|manifest| Path::new(manifest).parent())
        .ok_or("cargo did not fetch bollard")?;
    let source = folder.join("source");
    quiet(Command::new("cp").arg("-r").arg(fetched).arg(&source))?;
    Ok(source)
}
