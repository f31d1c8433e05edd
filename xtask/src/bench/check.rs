//! A thousand endpoints: `sealock check` beside `openssl s_client` and `sslscan`, in one run and in turns.
//!
//! The endpoints are those of `crates/engine/examples/many.rs`, mutual TLS with P-256 on both sides, in a
//! process of their own, so that their CPU is nobody's.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::run::{at, show};
use crate::{Done, apt, root};

/// How many are looked at side by side, by everybody.
const AT_ONCE: usize = 64;

/// One way to ask every endpoint, as a line of shell; `$LIST`, `$CLIENT` and `$SEALOCK` are set.
struct Way {
    name: &'static str,
    /// The name of the peer that asks the same question.
    beside: Option<&'static str>,
    line: &'static str,
}

const SHORT: &str = "sealock check --short";
const FULL: &str = "sealock check";
const OPENSSL: &str = "openssl s_client, with our certificate";
const SSLSCAN: &str = "sslscan";

const WAYS: &[Way] = &[
    Way {
        name: SHORT,
        beside: Some(OPENSSL),
        line: "\"$SEALOCK\" check --short --json --at-once 64 --cert-path \"$CLIENT\" --from \"$LIST\"",
    },
    Way {
        name: OPENSSL,
        beside: None,
        line: "xargs -P 64 -I{} openssl s_client -brief -verify_return_error -CAfile \"$CLIENT/ca.pem\" \
               -cert \"$CLIENT/cert.pem\" -key \"$CLIENT/key.pem\" -connect {} <\"$LIST\"",
    },
    Way {
        name: FULL,
        beside: Some(SSLSCAN),
        line: "\"$SEALOCK\" check --json --at-once 64 --cert-path \"$CLIENT\" --from \"$LIST\"",
    },
    Way {
        name: SSLSCAN,
        beside: None,
        line: "xargs -P 64 -I{} sslscan --no-colour --no-heartbleed {} <\"$LIST\"",
    },
];

/// What asking all endpoints once cost, in seconds.
#[derive(Clone, Copy)]
struct Cost {
    wall: f64,
    cpu: f64,
}

/// Runs all ways in turns and prints what an endpoint costs with each of them.
pub(super) fn check(binary: &Path, quick: bool) -> Done {
    let (count, rounds) = if quick { (100, 1) } else { (1000, 3) };
    apt::install(&["openssl", "sslscan"])?;
    show(Command::new("cargo").current_dir(root()).args([
        "build",
        "--release",
        "--locked",
        "-p",
        "sealock-engine",
        "--example",
        "many",
    ]))?;
    let scratch = std::env::temp_dir().join(format!("sealock-bench-check-{}", std::process::id()));
    at(&scratch, fs::create_dir_all(&scratch))?;
    let outcome = with_endpoints(binary, &scratch, count, rounds);
    let _ = fs::remove_dir_all(&scratch);
    outcome
}

fn with_endpoints(binary: &Path, scratch: &Path, count: usize, rounds: usize) -> Done {
    credentials(binary, scratch)?;
    let many = binary.with_file_name("examples").join("many");
    let mut server = serve(&many, scratch, count)?;
    let costs = in_turns(binary, scratch, rounds);
    // The end of its input is the end of the server.
    drop(server.stdin.take());
    let _ = server.wait();
    let costs = costs?;
    println!(
        "\n{count} endpoints, {AT_ONCE} at a time, medians of {rounds} rounds in turns\n\n\
         | | wall s | CPU ms an endpoint | CPU beside |\n|---|--:|--:|--:|"
    );
    for (way, cost) in WAYS.iter().zip(&costs) {
        let beside = way
            .beside
            .and_then(|name| WAYS.iter().position(|way| way.name == name))
            .and_then(|index| costs.get(index))
            .map_or_else(String::new, |peer| {
                format!("{:.0} %", 100.0 * cost.cpu / peer.cpu)
            });
        println!(
            "| {} | {:.2} | {:.2} | {beside} |",
            way.name,
            cost.wall,
            cost.cpu * 1e3 / count as f64
        );
    }
    Ok(())
}

/// An authority, a server and a client, all by the binary itself.
fn credentials(binary: &Path, scratch: &Path) -> Done {
    let line = "set -eu; cd \"$SCRATCH\"; mkdir server client; export SEALOCK_HOME=\"$SCRATCH/home\"\n\
        \"$SEALOCK\" --yes ca create\n\
        \"$SEALOCK\" --yes cert issue 127.0.0.1 localhost --profile server --cert server/server-cert.pem --key server/server-key.pem\n\
        \"$SEALOCK\" --yes cert issue bench --profile client --cert client/cert.pem --key client/key.pem\n\
        \"$SEALOCK\" ca export server >client/ca.pem\n\
        \"$SEALOCK\" ca export client >server/ca.pem";
    show(
        Command::new("bash")
            .args(["-c", line])
            .env("SEALOCK", binary)
            .env("SCRATCH", scratch),
    )
}

fn serve(many: &Path, scratch: &Path, count: usize) -> Done<Child> {
    // A listener is a descriptor, and so is each of its connections.
    let line = "ulimit -n 8192; exec \"$0\" \"$@\"";
    let mut server = Command::new("bash")
        .args(["-c", line])
        .arg(many)
        .arg(count.to_string())
        .arg(scratch.join("server"))
        .arg(scratch.join("list"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{}: {error}", many.display()))?;
    let mut said = String::new();
    if let Some(out) = server.stdout.take() {
        at(many, BufReader::new(out).read_line(&mut said))?;
    }
    if said.trim() == "ready" {
        Ok(server)
    } else {
        let _ = server.wait();
        Err("the endpoints did not start".to_owned())
    }
}

/// Every way once in each round, so that a busy minute is everybody's; the medians.
fn in_turns(binary: &Path, scratch: &Path, rounds: usize) -> Done<Vec<Cost>> {
    let mut all: Vec<Vec<Cost>> = WAYS.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for (way, costs) in WAYS.iter().zip(&mut all) {
            costs.push(cost(way, binary, scratch)?);
        }
    }
    let median = |costs: &[Cost], which: fn(&Cost) -> f64| {
        let mut values: Vec<f64> = costs.iter().map(which).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    };
    Ok(all
        .iter()
        .map(|costs| Cost {
            wall: median(costs, |cost| cost.wall),
            cpu: median(costs, |cost| cost.cpu),
        })
        .collect())
}

fn cost(way: &Way, binary: &Path, scratch: &Path) -> Done<Cost> {
    let script = format!(
        "ulimit -n 8192; TIMEFORMAT='%3R %3U %3S'; time {{ {}; }} >\"$SCRATCH/said\" 2>\"$SCRATCH/complained\"; \
         echo $? >\"$SCRATCH/code\"",
        way.line
    );
    let output = Command::new("bash")
        .args(["-c", &script])
        .env("SEALOCK", binary)
        .env("SEALOCK_HOME", scratch.join("nobody"))
        .env("SCRATCH", scratch)
        .env("LIST", scratch.join("list"))
        .env("CLIENT", scratch.join("client"))
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("bash: {error}"))?;
    let code = at(scratch, fs::read_to_string(scratch.join("code")))?;
    if code.trim() != "0" {
        let read = |name: &str| fs::read_to_string(scratch.join(name)).unwrap_or_default();
        let said: String = format!("{}{}", read("complained"), read("said"))
            .chars()
            .take(2000)
            .collect();
        return Err(format!("{} ended with {}: {said}", way.name, code.trim()));
    }
    let times = String::from_utf8_lossy(&output.stderr).into_owned();
    let numbers: Vec<f64> = times
        .split_whitespace()
        .filter_map(|number| number.parse().ok())
        .collect();
    match numbers.as_slice() {
        [wall, user, system] => Ok(Cost {
            wall: *wall,
            cpu: user + system,
        }),
        _ => Err(format!("bash said no times: {times}")),
    }
}
