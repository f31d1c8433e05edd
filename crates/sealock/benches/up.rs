//! CPU of `up`, of a second `apply` and of `down` in our own process, against a real dockerd whose time does not count.
//!
//! Run by `cargo xtask bench`, which installs the daemon. The target of `up` is 100 ms.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    missing_docs
)]

use std::process::Command;

use sealock_testkit::dockerd::Dockerd;
use sealock_testkit::lab::Version;
use sealock_testkit::process::{free_port, run};
use sealock_testkit::scratch::Scratch;

const ROUNDS: usize = 5;

fn main() {
    let daemon = Dockerd::builder(Version::V20).hosts_in_config().start();
    let _container = daemon.run_container("bench");
    let mut figures: [Vec<u64>; 3] = Default::default();
    for _ in 0..ROUNDS {
        let scratch = Scratch::new("bench-up");
        let listen = format!("127.0.0.1:{}", free_port());
        let (config, socket, restart) = (
            daemon.config_file(),
            daemon.socket(),
            daemon.restart_script(),
        );
        let paths = [config, socket, restart].map(|path| path.display().to_string());
        let up = [
            "up",
            "--yes",
            "--listen",
            &listen,
            "--client",
            "alice",
            "--docker-config",
            &paths[0],
            "--docker-socket",
            &paths[1],
            "--restart-command",
            &paths[2],
        ];
        for (slot, words) in [&up[..], &["apply", "--yes"], &["down", "--yes"]]
            .into_iter()
            .enumerate()
        {
            figures[slot].push(cpu(&scratch, words));
        }
    }
    for (what, target, mut figures) in ["up", "apply (0 changes)", "down"]
        .into_iter()
        .zip([100, 0, 0])
        .zip(figures)
        .map(|((a, b), c)| (a, b, c))
    {
        figures.sort_unstable();
        let median = figures[figures.len() / 2] as f64 / 1000.0;
        let goal = if target > 0 {
            format!(", target {target}")
        } else {
            String::new()
        };
        println!("{what}: {median:.1} ms of CPU in our process (median of {ROUNDS}{goal})");
    }
}

/// Microseconds that the process says it has used, children not counted.
fn cpu(scratch: &Scratch, words: &[&str]) -> u64 {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sealock"));
    command
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("HOME", scratch.path());
    command
        .args(["-v", "--home"])
        .arg(scratch.join("home"))
        .arg("--config")
        .arg(scratch.join("sealock.toml"))
        .args(words);
    let outcome = run(&mut command);
    assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
    let line = outcome
        .stderr
        .lines()
        .find_map(|line| line.split("cpu: ").nth(1))
        .expect("the cpu line");
    line.split(' ')
        .next()
        .and_then(|number| number.parse().ok())
        .expect("a number")
}
