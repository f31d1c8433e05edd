//! `cargo xtask dist`: one static binary, as small as we promise.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::run::{at, on_path, quiet, show};
use crate::{Done, apt, root};

const TARGET: &str = "x86_64-unknown-linux-musl";
/// What we promise, in bytes. A tenth of it is room: the gateway, its policy and the services came in one after another.
const LIMIT: u64 = 20_000_000;

/// What lies beside the binary for whoever installs by hand, as `up` would have written it.
const UNITS: [&str; 2] = ["sealock-gateway.service", "sealock-gateway.socket"];

/// Builds the static binary, puts the gateway's units beside it, prints size and digest, and gives its path.
pub(crate) fn dist() -> Done<PathBuf> {
    if !on_path("musl-gcc") {
        apt::install(&["musl-tools"])?;
    }
    let libraries =
        quiet(Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]))?;
    if !PathBuf::from(libraries.trim()).exists() {
        show(Command::new("rustup").args(["target", "add", TARGET]))?;
    }
    show(Command::new("cargo").current_dir(root()).args([
        "build",
        "--profile",
        "dist",
        "--locked",
        "-p",
        "sealock",
        "--target",
        TARGET,
    ]))?;
    let metadata = quiet(Command::new("cargo").current_dir(root()).args([
        "metadata",
        "--no-deps",
        "--format-version=1",
        "--locked",
    ]))?;
    let metadata: serde_json::Value =
        serde_json::from_str(&metadata).map_err(|error| format!("cargo metadata: {error}"))?;
    let folder = metadata["target_directory"].as_str().unwrap_or("target");
    let binary = PathBuf::from(folder).join(TARGET).join("dist/sealock");
    let size = at(&binary, fs::metadata(&binary))?.len();
    let digest = quiet(Command::new("sha256sum").arg(&binary))?;
    println!("binary  {}", binary.display());
    println!("size    {:.2} MB of at most {:.0}", mega(size), mega(LIMIT));
    println!("sha256  {}", digest.split(' ').next().unwrap_or_default());
    let beside = binary.with_file_name("systemd");
    at(&beside, fs::create_dir_all(&beside))?;
    for unit in UNITS {
        let from = root().join("packaging/systemd").join(unit);
        at(&from, fs::copy(&from, beside.join(unit)))?;
    }
    println!("units   {}", beside.display());
    // A dynamic loader named in the headers would be looked for on the user's machine.
    let headers = quiet(
        Command::new("readelf")
            .args(["--program-headers", "--wide"])
            .arg(&binary),
    )?;
    if headers.contains("INTERP") {
        return Err("the binary asks for a dynamic loader: it is not static".to_owned());
    }
    if size > LIMIT {
        return Err(format!("the binary has {size} bytes; {LIMIT} at most"));
    }
    Ok(binary)
}

fn mega(bytes: u64) -> f64 {
    // Sizes are far below the 52 bits that a float keeps exactly.
    #[allow(clippy::cast_precision_loss, reason = "a size in megabytes")]
    let bytes = bytes as f64;
    bytes / 1e6
}
