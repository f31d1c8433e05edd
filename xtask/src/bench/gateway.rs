//! `cargo xtask bench gateway`: ours beside everybody who puts TLS in front of a socket, in one run and in turns.
//!
//! What counts is the CPU time of the proxy's processes, not the clock: the proxy has one core, client and
//! service the other. Every measure is taken of everybody before the next one begins, round after round, so
//! that a busy minute is everybody's. The figures are medians, the verdicts ratios within the same run.

mod measure;
mod peers;
mod process;
mod table;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use measure::{Column, Measure, Size, Way, way};
use peers::{Kind, Peer, Place};
use process::{Core, Launch, Running};
use table::Samples;

use crate::run::{at, quiet, show};
use crate::{Done, lab, root};

/// What the command line asks for.
struct Wanted {
    size: Size,
    peers: Vec<Peer>,
    measures: Vec<Measure>,
    write: bool,
}

/// A peer that runs, and how it is reached.
struct Standing {
    peer: Peer,
    launch: Option<Launch>,
    running: Option<Running>,
    folder: PathBuf,
    way: Way,
}

/// The binary that the command line names instead of one that is built here, and every other word.
pub(super) fn given(rest: &[String]) -> Option<(PathBuf, Vec<String>)> {
    let at = rest.iter().position(|word| word == "--binary")?;
    let binary = PathBuf::from(rest.get(at + 1)?);
    Some((binary, [&rest[..at], &rest[at + 2..]].concat()))
}

/// Measures everybody; `--quick`, `--peers A,B`, `--measures A,B` and `--rounds N` make it shorter, `--write`
/// puts the tables into docs/gateway/performance.md.
pub(super) fn gateway(binary: &Path, quick: bool, rest: &[String]) -> Done {
    let wanted = read(quick, rest)?;
    let lab = lab::install()?;
    for suite in ["bookworm", "trixie"] {
        if wanted.peers.iter().any(|peer| peer.suite == suite) {
            peers::install(&lab, suite)?;
        }
    }
    let yardstick = build_yardstick()?;
    // Beside the lab's other runs, where leftovers of a killed run are swept away by the name of the folder.
    let scratch = lab
        .join("run")
        .join(format!("{}-0-bench", std::process::id()));
    at(&scratch, fs::create_dir_all(&scratch))?;
    let outcome = with_service(binary, &yardstick, &lab, &scratch, &wanted);
    let removed = fs::remove_dir_all(&scratch);
    let samples = outcome?;
    at(&scratch, removed)?;

    let tables = tables(&samples, &wanted, &lab)?;
    println!("\n{tables}");
    if wanted.write {
        let page = root().join("docs/gateway/performance.md");
        let text = at(&page, fs::read_to_string(&page))?;
        at(&page, fs::write(&page, replaced(&text, &tables)?))?;
    }
    if samples.failures.is_empty() {
        Ok(())
    } else {
        Err(samples.failures.join("\n"))
    }
}

fn read(quick: bool, rest: &[String]) -> Done<Wanted> {
    let hard = quiet(Command::new("sh").args(["-c", "ulimit -Hn"]))?;
    let hard: u64 = hard.trim().parse().unwrap_or(u64::MAX);
    // A forwarder without HTTP holds two descriptors for a connection.
    let many = 10_000.min((hard.saturating_sub(1000)) / 2);
    let mut wanted = Wanted {
        size: if quick {
            Size {
                rounds: 1,
                millis: 700,
                bulk: 128 << 20,
                idle: [500, 1000],
            }
        } else {
            Size {
                rounds: 3,
                millis: 1000,
                bulk: 512 << 20,
                idle: [1000, many],
            }
        },
        peers: peers::all(),
        measures: Measure::ALL.to_vec(),
        write: false,
    };
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        let mut value = || {
            words
                .next()
                .ok_or_else(|| format!("bench gateway: {word} wants a value"))
        };
        match word.as_str() {
            "--write" => wanted.write = true,
            "--rounds" => {
                wanted.size.rounds = value()?
                    .parse()
                    .map_err(|_| "bench gateway: --rounds wants a number".to_owned())?;
            }
            "--peers" => {
                let all = std::mem::take(&mut wanted.peers);
                wanted.peers = chosen(value()?, all, |peer| peer.word.clone())?;
            }
            "--measures" => {
                let all = std::mem::take(&mut wanted.measures);
                wanted.measures = chosen(value()?, all, |measure| measure.word())?;
            }
            other => return Err(format!("bench gateway does not know `{other}`")),
        }
    }
    Ok(wanted)
}

/// Those of `all` that a list names.
fn chosen<T>(list: &str, all: Vec<T>, word: impl Fn(&T) -> String) -> Done<Vec<T>> {
    let names: Vec<&str> = list.split(',').collect();
    let known: Vec<String> = all.iter().map(&word).collect();
    if let Some(unknown) = names
        .iter()
        .find(|name| !known.iter().any(|word| word == *name))
    {
        return Err(format!("`{unknown}` is none of {}", known.join(", ")));
    }
    Ok(all
        .into_iter()
        .filter(|item| names.contains(&word(item).as_str()))
        .collect())
}

fn build_yardstick() -> Done<PathBuf> {
    let manifest = root().join("yardstick/Cargo.toml");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || root().join("yardstick/target"),
        |target| PathBuf::from(target).join("yardstick"),
    );
    show(
        Command::new("cargo")
            .current_dir(root())
            .args(["build", "--release", "--locked", "--manifest-path"])
            .arg(&manifest)
            .arg("--target-dir")
            .arg(&target),
    )?;
    Ok(target.join("release/sealock-yardstick"))
}

fn with_service(
    binary: &Path,
    yardstick: &Path,
    lab: &Path,
    scratch: &Path,
    wanted: &Wanted,
) -> Done<Samples> {
    credentials(binary, scratch)?;
    let backend = scratch.join("backend.sock");
    let service = Launch::new(&[
        &yardstick.display().to_string(),
        "backend",
        &backend.display().to_string(),
        &wanted.size.bulk.to_string(),
    ])
    .start("the service", Core::Second, &scratch.join("backend.log"))?;
    let mut standing = Vec::new();
    let outcome = stand(binary, yardstick, lab, scratch, wanted, &mut standing)
        .and_then(|()| measured(&mut standing, wanted));
    for each in standing {
        if let Some(running) = each.running {
            running.end()?;
        }
    }
    service.end()?;
    outcome
}

/// An authority, a server and a client, P-256 all of them, by the binary itself.
fn credentials(binary: &Path, scratch: &Path) -> Done {
    let line = "set -eu; cd \"$SCRATCH\"; mkdir server client; export SEALOCK_HOME=\"$SCRATCH/home\"\n\
        \"$SEALOCK\" --yes ca create\n\
        \"$SEALOCK\" --yes cert issue 127.0.0.1 localhost --profile server --cert server/cert.pem --key server/key.pem\n\
        \"$SEALOCK\" --yes cert issue bench --profile client --cert client/cert.pem --key client/key.pem\n\
        \"$SEALOCK\" ca export server >client/ca.pem\n\
        \"$SEALOCK\" ca export client >server/ca.pem";
    quiet(
        Command::new("bash")
            .args(["-c", line])
            .env("SEALOCK", binary)
            .env("SCRATCH", scratch),
    )?;
    peers::both(&scratch.join("server"))
}

/// Starts everybody and waits for a first answer of each.
fn stand(
    binary: &Path,
    yardstick: &Path,
    lab: &Path,
    scratch: &Path,
    wanted: &Wanted,
    standing: &mut Vec<Standing>,
) -> Done {
    let backend = scratch.join("backend.sock");
    let client = scratch.join("client");
    for peer in &wanted.peers {
        let folder = scratch.join(&peer.word);
        at(&folder, fs::create_dir_all(&folder))?;
        let port = free_port()?;
        let place = Place {
            folder: &folder,
            material: &scratch.join("server"),
            port,
            backend: &backend,
            lab,
            binary,
            yardstick,
        };
        let launch = place.launch(peer)?;
        let target = match peer.kind {
            Kind::Direct => format!("unix:{}", backend.display()),
            Kind::DockerdSocket => {
                let daemon = peers::socket_of(&scratch.join("dockerd"));
                format!("unix:{}", daemon.display())
            }
            _ => format!("127.0.0.1:{port}"),
        };
        let mut each = Standing {
            peer: peer.clone(),
            launch,
            running: None,
            folder,
            way: way(peer.kind, target, &client, yardstick),
        };
        each.start(wanted.size)?;
        standing.push(each);
    }
    Ok(())
}

/// A port that is free now; nobody else on the machine asks for one in between, or the peer says so.
fn free_port() -> Done<u16> {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| format!("no free port: {error}"))
}

impl Standing {
    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    fn start(&mut self, size: Size) -> Done {
        let Some(launch) = &self.launch else {
            return Ok(());
        };
        let start = || launch.start(&self.peer.name, Core::First, &self.log());
        let (mut running, _) = Measure::cold(&self.way, size, start).map_err(|reason| {
            format!(
                "{}: {reason}\n{}",
                self.peer.name,
                process::end_of(&self.log())
            )
        })?;
        running.still_runs(&self.log())?;
        self.running = Some(running);
        Ok(())
    }

    fn stop(&mut self) -> Done {
        self.running.take().map_or(Ok(()), Running::end)
    }

    /// A sample from a process of its own.
    fn fresh(&mut self, measure: Measure, size: Size) -> Done<Vec<(Column, f64)>> {
        self.stop()?;
        let found = if measure == Measure::Cold {
            let launch = self.launch.as_ref().ok_or("nothing is started")?;
            let start = || launch.start(&self.peer.name, Core::Any, &self.log());
            let (running, millis) = Measure::cold(&self.way, size, start)?;
            running.end()?;
            vec![(Column::Cold, millis)]
        } else {
            self.start(size)?;
            let found = measure.sample(&self.way, self.running.as_ref(), size);
            self.stop()?;
            found?
        };
        self.start(size)?;
        Ok(found)
    }
}

/// Every measure of everybody, round after round.
fn measured(standing: &mut [Standing], wanted: &Wanted) -> Done<Samples> {
    let mut samples = Samples::default();
    for round in 1..=wanted.size.rounds {
        for measure in &wanted.measures {
            // Memory does not depend on the minute, and ten thousand handshakes take a while.
            if *measure == Measure::Idle && round > 1 {
                continue;
            }
            let started = Instant::now();
            // The cold start is short and its spread is wide.
            let times = if *measure == Measure::Cold { 5 } else { 1 };
            for _ in 0..times {
                take(standing, *measure, wanted.size, &mut samples);
            }
            println!(
                "bench: round {round} of {}, {}: {:.0} s",
                wanted.size.rounds,
                measure.word(),
                started.elapsed().as_secs_f64()
            );
        }
    }
    Ok(samples)
}

fn take(standing: &mut [Standing], measure: Measure, size: Size, samples: &mut Samples) {
    for index in 0..standing.len() {
        if !measure.suits(standing[index].peer.kind) {
            continue;
        }
        let outcome = if measure.is_fresh() {
            standing[index].fresh(measure, size)
        } else {
            // The daemon's socket is answered by the daemon.
            let answers = match standing[index].peer.kind {
                Kind::DockerdSocket => standing
                    .iter()
                    .position(|other| other.peer.kind == Kind::Dockerd),
                _ => Some(index),
            };
            let running = answers.and_then(|at| standing[at].running.as_ref());
            measure.sample(&standing[index].way, running, size)
        };
        // What the one before left in the kernel's queues is not the next one's.
        std::thread::sleep(Duration::from_millis(20));
        let peer = &standing[index].peer;
        match outcome {
            Ok(found) => {
                for (column, value) in found {
                    samples.add(peer, column, value);
                }
            }
            Err(reason) => {
                samples
                    .failures
                    .push(format!("{}, {}: {reason}", peer.name, measure.word()))
            }
        }
    }
}

fn tables(samples: &Samples, wanted: &Wanted, lab: &Path) -> Done<String> {
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = processor
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("an unnamed processor", |rest| {
            rest.trim_start_matches([' ', '\t', ':'])
        })
        .to_owned();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut text = format!(
        "{processor}, Linux {}; medians of {} rounds in turns, {} ms a sample, {} MiB each way.\n\n{}\n{}",
        kernel.trim(),
        wanted.size.rounds,
        wanted.size.millis,
        wanted.size.bulk >> 20,
        samples.table(&wanted.peers, wanted.size.idle),
        samples.targets(&wanted.peers),
    );
    for (suite, says) in [("bookworm", "Debian 12"), ("trixie", "Debian 13")] {
        if wanted.peers.iter().any(|peer| peer.suite == suite) {
            text.push_str(&format!("\n{says}: {}.\n", peers::versions(lab, suite)?));
        }
    }
    for failure in &samples.failures {
        let first = failure.lines().next().unwrap_or_default();
        text.push_str(&format!("\nNot measured: {first}.\n"));
    }
    Ok(text)
}

const BEGIN: &str = "<!-- measured: begin -->\n";
const END: &str = "<!-- measured: end -->";

/// The page with its measured part renewed.
fn replaced(page: &str, tables: &str) -> Done<String> {
    let parts = page
        .split_once(BEGIN)
        .and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = parts.ok_or("the page has no marks between which the figures stand")?;
    Ok(format!("{before}{BEGIN}\n{tables}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_chooses_and_an_unknown_word_is_refused() {
        let all = peers::all();
        let some = chosen("bare,nginx-http-13", all.clone(), |peer| peer.word.clone()).unwrap();
        assert_eq!(some.len(), 2);
        let reason = chosen("bare,apache", all, |peer| peer.word.clone()).unwrap_err();
        assert!(
            reason.starts_with("`apache` is none of sealock, sealock-tcp, bare,"),
            "{reason}"
        );
    }

    #[test]
    fn only_the_measured_part_of_the_page_is_renewed() {
        let page = format!("# Page\n{BEGIN}old\n{END}\nrest\n");
        let new = replaced(&page, "new\n").unwrap();
        assert_eq!(new, format!("# Page\n{BEGIN}\nnew\n\n{END}\nrest\n"));
        assert_eq!(replaced(&new, "new\n").unwrap(), new);
        assert!(replaced("# Page\n", "new\n").is_err());
    }
}
