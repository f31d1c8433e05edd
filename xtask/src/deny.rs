//! `cargo xtask deny`: licences, bans and sources of everything we link, by cargo-deny.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::run::{at, show};
use crate::{Done, lab, root};

/// The version whose findings deny.toml was written for.
const VERSION: &str = "0.20.2";

/// Installs cargo-deny into the lab when it is missing, and runs it.
pub(crate) fn deny() -> Done {
    let program = install()?;
    let check = |what: &[&str]| {
        let mut command = Command::new(&program);
        command
            .current_dir(root())
            .args([
                "--locked",
                "--log-level=warn",
                "check",
                "--hide-inclusion-graph",
            ])
            .args(what);
        command
    };
    show(&mut check(&["bans", "licenses", "sources"]))?;
    // The advisory database lies outside every package registry, where a closed build machine
    // reaches nothing. Where it can be fetched its findings count; where it cannot, say so.
    let fetched = Command::new(&program)
        .current_dir(root())
        .args(["--locked", "--log-level=error", "fetch", "db"])
        .output()
        .is_ok_and(|output| output.status.success());
    if fetched {
        show(&mut check(&["advisories"]))
    } else {
        println!("deny: the advisory database cannot be fetched here: advisories not checked");
        Ok(())
    }
}

/// A debug build: it takes a third of the time, and checking takes under a second either way.
fn install() -> Done<PathBuf> {
    let lab = lab::folder();
    let folder = lab.join("cargo-deny");
    let program = folder.join("bin/cargo-deny");
    let stamps = lab.join("stamps");
    at(&stamps, fs::create_dir_all(&stamps))?;
    if !program.exists() {
        let _ = fs::remove_file(stamps.join("cargo-deny"));
    }
    lab::component(&lab, "cargo-deny", VERSION, || {
        let target = folder.join("target");
        show(
            Command::new("cargo")
                .args([
                    "install",
                    "cargo-deny",
                    "--locked",
                    "--debug",
                    "--quiet",
                    "--force",
                ])
                .args(["--no-default-features", "--version", VERSION, "--root"])
                .arg(&folder)
                .env("CARGO_PROFILE_DEV_DEBUG", "0")
                .env("CARGO_INCREMENTAL", "0")
                .env("CARGO_TARGET_DIR", &target),
        )?;
        let _ = fs::remove_dir_all(target);
        Ok(())
    })?;
    Ok(program)
}
