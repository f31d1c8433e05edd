//! `cargo xtask bench`: what the benches say, and what whole processes cost.

mod check;
mod gateway;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::run::{at, show};
use crate::{Done, lab, root};

/// What one run of a command costs, each the median over all samples, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// From start to end.
    pub(crate) wall: f64,
    /// CPU in the program.
    pub(crate) user: f64,
    /// CPU in the kernel on its behalf.
    pub(crate) system: f64,
}

/// One whole-process measurement: a name, what is asked of it, and a line of shell. `$SEALOCK` is
/// the binary; `$FRESH` is a new empty folder for each run.
struct Case {
    name: &'static str,
    /// CPU seconds that a run should stay below.
    target: Option<f64>,
    line: &'static str,
}

/// The whole processes that are measured.
const CASES: &[Case] = &[
    Case {
        name: "an empty process (what measuring costs)",
        target: None,
        line: "/bin/true",
    },
    Case {
        name: "cold start: --version",
        target: None,
        line: "\"$SEALOCK\" --version",
    },
    Case {
        name: "ca create, a server and a client from nothing",
        target: Some(0.010),
        line: "export SEALOCK_HOME=\"$FRESH/home\"; \"$SEALOCK\" --yes ca create && \
               \"$SEALOCK\" --yes cert issue localhost 127.0.0.1 --profile server \
               --cert \"$FRESH/server.pem\" --key \"$FRESH/server.key\" && \
               \"$SEALOCK\" --yes cert issue alice --profile client \
               --cert \"$FRESH/client.pem\" --key \"$FRESH/client.key\"",
    },
];

/// Runs the benches and the measurements; `--quick` skips the benches and takes fewer samples, `check` is only
/// the thousand endpoints, `gateway` only the gateway among its peers.
pub(crate) fn bench(rest: &[String]) -> Done {
    let (mut quick, mut only_check, mut only_gateway) = (false, false, None);
    for (index, word) in rest.iter().enumerate() {
        match word.as_str() {
            "--quick" => quick = true,
            "check" => only_check = true,
            // What stands behind it is for it alone.
            "gateway" => {
                only_gateway = rest.get(index + 1..);
                break;
            }
            other => return Err(format!("bench does not know `{other}`")),
        }
    }
    if !quick && !only_check && only_gateway.is_none() {
        // Named one by one: `--benches` would also run every crate's unit tests, optimised.
        let lab = lab::install()?;
        show(
            Command::new("cargo")
                .current_dir(root())
                .args(["bench", "--workspace", "--locked"])
                .args(["--bench", "issue", "--bench", "record", "--bench", "up"])
                .env("SEALOCK_LAB", lab),
        )?;
    }
    if let Some((binary, rest)) = only_gateway.and_then(gateway::given) {
        return gateway::gateway(&binary, quick, &rest);
    }
    // With the profile of what is handed out; `--binary` measures the static one itself.
    show(Command::new("cargo").current_dir(root()).args([
        "build",
        "--profile",
        "dist",
        "--locked",
        "-p",
        "sealock",
    ]))?;
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let binary = target.join("dist/sealock");
    if let Some(rest) = only_gateway {
        return gateway::gateway(&binary, quick, rest);
    }
    check::check(&binary, quick)?;
    if only_check {
        return Ok(());
    }
    println!("\n| medians over a run | wall ms | user ms | system ms | CPU ms | target |");
    println!("|---|--:|--:|--:|--:|--:|");
    let mut missed = Vec::new();
    for case in CASES {
        match measure(case.line, &binary, if quick { 5 } else { 15 }) {
            Ok(cost) => {
                let cpu = cost.user + cost.system;
                let target = case
                    .target
                    .map_or_else(|| "–".to_owned(), |target| format!("{:.0}", target * 1e3));
                println!(
                    "| {} | {:.1} | {:.1} | {:.1} | {:.1} | {target} |",
                    case.name,
                    cost.wall * 1e3,
                    cost.user * 1e3,
                    cost.system * 1e3,
                    cpu * 1e3,
                );
            }
            Err(reason) => missed.push(format!("{}: {reason}", case.name)),
        }
    }
    if missed.is_empty() {
        Ok(())
    } else {
        Err(missed.join("\n"))
    }
}

/// Runs the line of shell `samples` times, each in a fresh folder, and gives the medians.
///
/// bash's `time` reads the kernel's own account of children (getrusage), in milliseconds; the
/// standard library has no door to it. Each sample is several runs, which divides the rounding.
pub(crate) fn measure(line: &str, binary: &Path, samples: usize) -> Done<Cost> {
    const RUNS: u32 = 5;
    let scratch = std::env::temp_dir().join(format!("sealock-bench-{}", std::process::id()));
    let mut costs: Vec<[f64; 3]> = Vec::new();
    for _ in 0..samples {
        let _ = fs::remove_dir_all(&scratch);
        at(&scratch, fs::create_dir_all(&scratch))?;
        let script = format!(
            "TIMEFORMAT='%3R %3U %3S'\n\
             for run in $(seq {RUNS}); do mkdir -p \"$SCRATCH/$run\"; done\n\
             time for run in {{1..{RUNS}}}; do FRESH=\"$SCRATCH/$run\"; \
             {{ {line}; }} </dev/null >\"$SCRATCH/said\" 2>&1 || {{ cat \"$SCRATCH/said\"; exit 1; }}; done\n"
        );
        let output = Command::new("bash")
            .args(["-c", &script])
            .env("SEALOCK", binary)
            .env("SCRATCH", &scratch)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("bash: {error}"))?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let _ = fs::remove_dir_all(&scratch);
        if !output.status.success() {
            return Err(said);
        }
        let times = String::from_utf8_lossy(&output.stderr).into_owned();
        let numbers: Vec<f64> = times
            .split_whitespace()
            .filter_map(|number| number.parse().ok())
            .collect();
        let [wall, user, system] = numbers.as_slice() else {
            return Err(format!("bash said no times: {times}"));
        };
        costs.push([wall, user, system].map(|total| total / f64::from(RUNS)));
    }
    let median = |which: usize| {
        let mut values: Vec<f64> = costs.iter().map(|cost| cost[which]).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    };
    Ok(Cost {
        wall: median(0),
        user: median(1),
        system: median(2),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_line_costs_cpu_and_a_failing_one_is_an_error() {
        let busy = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done";
        let cost = measure(busy, Path::new("/bin/true"), 1).unwrap();
        assert!(cost.user > 0.001, "{cost:?}");
        let reason = measure("echo no; false", Path::new("/bin/true"), 1).unwrap_err();
        assert_eq!(reason, "no\n");
    }
}
