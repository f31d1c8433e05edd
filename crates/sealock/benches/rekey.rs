//! Wall and processor time of a rekey of 1,000 identities and three services: rehearsed in a copy, then done.
//!
//! Run by `cargo xtask bench`, which installs the daemon. The target is below 2 seconds of processor time with P-256.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    missing_docs
)]

use std::fmt::Write as _;
use std::process::Command;
use std::time::Instant;

use sealock_testkit::dockerd::Dockerd;
use sealock_testkit::lab::Version;
use sealock_testkit::process::{Outcome, free_port, run};
use sealock_testkit::scratch::Scratch;

const IDENTITIES: usize = 1_000;
const ROUNDS: usize = 3;

fn main() {
    let daemon = Dockerd::builder(Version::V28).hosts_in_config().start();
    let _container = daemon.run_container("bench");
    let scratch = Scratch::new("bench-rekey");
    let listen = format!("127.0.0.1:{}", free_port());
    let paths = [
        daemon.config_file(),
        daemon.socket(),
        daemon.restart_script(),
    ]
    .map(|path| path.display().to_string());
    let up = [
        "up",
        "--yes",
        "--listen",
        &listen,
        "--client",
        "client-0",
        "--docker-config",
        &paths[0],
        "--docker-socket",
        &paths[1],
        "--restart-command",
        &paths[2],
    ];
    let _ = sealock(&scratch, &up).expect_code(0);
    let toml = scratch.join("sealock.toml");
    let mut text = std::fs::read_to_string(&toml).unwrap();
    for number in 1..IDENTITIES {
        write!(text, "\n[[client]]\nname = \"client-{number}\"\n").unwrap();
    }
    std::fs::write(&toml, text).unwrap();
    timed(&scratch, "apply that issues them", &["apply", "--yes"]);
    for service in ["registry", "database", "sqlpad"] {
        let (cert, key) = (
            scratch
                .join(&format!("{service}.pem"))
                .display()
                .to_string(),
            scratch
                .join(&format!("{service}.key"))
                .display()
                .to_string(),
        );
        let issue = ["cert", "issue", service, "--profile", "server"];
        let words = [&issue[..], &["--cert", &cert, "--key", &key]].concat();
        let _ = sealock(&scratch, &words).expect_code(0);
    }
    for (what, words) in [
        ("rehearsal", &["rekey", "--rehearse"][..]),
        (
            "rekey, one restart of dockerd included",
            &["rekey", "--yes"],
        ),
    ] {
        for _ in 0..ROUNDS {
            timed(&scratch, what, words);
        }
    }
}

fn timed(scratch: &Scratch, what: &str, words: &[&str]) {
    let began = Instant::now();
    let outcome = sealock(scratch, words).expect_code(0);
    let wall = began.elapsed().as_secs_f64();
    let cpu = outcome
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("cpu: ")?.split(' ').next())
        .expect("-v says what it cost");
    let cpu: f64 = cpu.parse::<f64>().unwrap() / 1e6;
    println!(
        "{what}, {IDENTITIES} identities and three services: {cpu:.2} s of processor time (target 2), {wall:.2} s by the clock"
    );
}

fn sealock(scratch: &Scratch, words: &[&str]) -> Outcome {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sealock"));
    command
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("HOME", scratch.path());
    command.args(["-v", "--home"]).arg(scratch.join("home"));
    command
        .arg("--config")
        .arg(scratch.join("sealock.toml"))
        .args(words);
    run(&mut command)
}
