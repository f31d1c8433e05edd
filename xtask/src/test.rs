//! `cargo xtask test`: install what the tests need, then run every one of them.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::run::{quiet, show};
use crate::{Done, lab, root};

/// Variables that make other programs trust other roots than the test gave them, or talk to
/// another daemon than the test's.
const MISLEADING: &[&str] = &[
    "AWS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "DOCKER_CERT_PATH",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_HOST",
    "DOCKER_TLS",
    "DOCKER_TLS_VERIFY",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "SEALOCK_HOME",
    "http_proxy",
    "https_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
];

enum Only {
    Everything,
    Unit,
    Real,
}

/// Runs the tests; `rest` is what follows `test` on the command line.
pub(crate) fn test(rest: &[String]) -> Done {
    let (own, passed) = match rest.iter().position(|word| word == "--") {
        Some(at) => rest.split_at(at),
        None => (rest, [].as_slice()),
    };
    let own: Vec<&str> = own.iter().map(String::as_str).collect();
    let only = match own.as_slice() {
        [] => Only::Everything,
        ["--only", "unit"] => Only::Unit,
        ["--only", "real"] => Only::Real,
        other => return Err(format!("test does not know `{}`", other.join(" "))),
    };
    let mut arguments = vec!["test".to_owned(), "--workspace".into(), "--locked".into()];
    match only {
        Only::Everything => {}
        Only::Unit => {
            arguments.extend(["--lib".into(), "--bins".into()]);
            // Its own tests start what the lab has.
            arguments.extend(["--exclude".into(), "sealock-testkit".into()]);
            arguments.extend(targets(false)?);
        }
        Only::Real => arguments.extend(targets(true)?),
    }
    // Built with the environment as it is (a registry may need it), run without what misleads.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(&cargo);
    build.current_dir(root()).args(&arguments).arg("--no-run");
    // Unit tests need nothing installed, so whoever only wants those does not wait; and what is installed mostly waits
    // for others' servers, so the compiler has its time meanwhile.
    let lab = match only {
        Only::Unit => show(&mut build).map(|()| None)?,
        Only::Everything | Only::Real => std::thread::scope(|scope| {
            let lab = scope.spawn(lab::install);
            let built = show(&mut build);
            let lab = lab.join().map_err(|_| "the installation panicked")?;
            built.and(lab.map(Some))
        })?,
    };
    // A shell that runs this in the background ignores interrupts for it, and whoever was started so cannot be
    // interrupted by a test either.
    let mut command = Command::new("env");
    command.arg("--default-signal=INT,QUIT").arg(&cargo);
    command.current_dir(root()).args(&arguments).args(passed);
    for name in MISLEADING {
        command.env_remove(name);
    }
    if let Some(lab) = lab {
        command.env("SEALOCK_LAB", lab);
    }
    show(&mut command)
}

/// `--test NAME` for every integration test that needs what is installed here (`real`), or that does not.
fn targets(real: bool) -> Done<Vec<String>> {
    let metadata = quiet(Command::new("cargo").current_dir(root()).args([
        "metadata",
        "--no-deps",
        "--format-version=1",
        "--locked",
    ]))?;
    let metadata: serde_json::Value =
        serde_json::from_str(&metadata).map_err(|error| format!("cargo metadata: {error}"))?;
    let packages = metadata["packages"].as_array().cloned().unwrap_or_default();
    let mut names: Vec<String> = packages
        .iter()
        .flat_map(|package| package["targets"].as_array().cloned().unwrap_or_default())
        .filter(|target| target["kind"][0] == "test")
        .filter(|target| {
            let main = Path::new(target["src_path"].as_str().unwrap_or_default());
            needs_installation(main) == real
        })
        .filter_map(|target| target["name"].as_str().map(str::to_owned))
        .collect();
    names.sort();
    names.dedup();
    Ok(names
        .into_iter()
        .flat_map(|name| ["--test".to_owned(), name])
        .collect())
}

/// Whether a test's main file, or one beside it in a folder of its own, names the testkit, or tells
/// whoever lacks a tool to run `cargo xtask test`.
fn needs_installation(main: &Path) -> bool {
    let mut files = vec![main.to_owned()];
    if main.file_name().is_some_and(|name| name == "main.rs") {
        let folder = main.parent().and_then(|folder| fs::read_dir(folder).ok());
        files.extend(
            folder
                .into_iter()
                .flatten()
                .flatten()
                .map(|entry| entry.path()),
        );
    }
    files.iter().any(|file| {
        fs::read_to_string(file).is_ok_and(|text| {
            ["sealock_testkit", "cargo xtask test"]
                .iter()
                .any(|sign| text.contains(sign))
        })
    })
}
