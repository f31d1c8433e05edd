//! `cargo xtask test`: install what the tests need, then run every one of them.

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
    // Unit tests need nothing installed, so whoever only wants those does not wait.
    let lab = match only {
        Only::Unit => None,
        Only::Everything | Only::Real => Some(lab::install()?),
    };
    let mut arguments = vec!["test".to_owned(), "--workspace".into(), "--locked".into()];
    match only {
        Only::Everything => {}
        Only::Unit => {
            arguments.extend(["--lib".into(), "--bins".into()]);
            for target in unit_targets()? {
                arguments.extend(["--test".into(), target]);
            }
        }
        Only::Real => arguments.extend(["--test".into(), "real".into()]),
    }
    // Built with the environment as it is (a registry may need it), run without what misleads.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    show(
        Command::new(&cargo)
            .current_dir(root())
            .args(&arguments)
            .arg("--no-run"),
    )?;
    let mut command = Command::new(&cargo);
    command.current_dir(root()).args(&arguments).args(passed);
    for name in MISLEADING {
        command.env_remove(name);
    }
    if let Some(lab) = lab {
        command.env("SEALOCK_LAB", lab);
    }
    show(&mut command)
}

/// Integration tests that start nothing real: every test target not called `real`.
fn unit_targets() -> Done<Vec<String>> {
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
        .filter(|target| target["kind"][0] == "test" && target["name"] != "real")
        .filter_map(|target| target["name"].as_str().map(str::to_owned))
        .collect();
    names.sort();
    names.dedup();
    Ok(names)
}
