//! What is measured, and how a sample of it is taken.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::peers::{Kind, Layer};
use super::process::{Launch, Load, Running};
use crate::Done;

/// One thing that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    /// Handshakes in full, with one request each.
    Full,
    /// The same with the hybrid key exchange.
    Hybrid,
    /// Resumed sessions, with one request each.
    Resumed,
    /// Requests, on so many connections.
    Requests(u32),
    /// A long answer in chunks.
    Down,
    /// A long request in chunks.
    Up,
    /// A fixed number of requests a second.
    Rate,
    /// Connections that do nothing.
    Idle,
    /// From the start of the process to the first answer.
    Cold,
}

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Full,
    Hybrid,
    Resumed,
    Requests1,
    Requests32,
    Requests256,
    Down,
    Up,
    Half,
    Late,
    IdleFew,
    IdleMany,
    Start,
    Cold,
}

impl Column {
    pub(super) const ALL: [Self; 14] = [
        Self::Full,
        Self::Hybrid,
        Self::Resumed,
        Self::Requests1,
        Self::Requests32,
        Self::Requests256,
        Self::Down,
        Self::Up,
        Self::Half,
        Self::Late,
        Self::IdleFew,
        Self::IdleMany,
        Self::Start,
        Self::Cold,
    ];

    /// How many digits behind the point mean something.
    pub(super) fn digits(self) -> usize {
        match self {
            Self::Full | Self::Hybrid | Self::Resumed | Self::Half | Self::Late => 0,
            Self::Down | Self::Up => 2,
            _ => 1,
        }
    }
}

/// How much is done for a sample.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) rounds: usize,
    pub(super) millis: u64,
    pub(super) bulk: u64,
    /// Idle connections, first and then.
    pub(super) idle: [u64; 2],
}

/// How a target is reached.
pub(super) struct Way {
    pub(super) kind: Kind,
    /// `ADDRESS:PORT` or `unix:PATH`.
    pub(super) target: String,
    pub(super) client: PathBuf,
    pub(super) yardstick: PathBuf,
}

/// How many handshakes are under way at once. rustls' client remembers eight tickets of a server: more at once
/// would sometimes find none, and measure full handshakes.
const AT_ONCE: &str = "6";
/// The fixed rate, and on how many connections.
const RATE: [&str; 2] = ["16", "2000"];

impl Measure {
    pub(super) const ALL: [Self; 11] = [
        Self::Full,
        Self::Hybrid,
        Self::Resumed,
        Self::Requests(1),
        Self::Requests(32),
        Self::Requests(256),
        Self::Down,
        Self::Up,
        Self::Rate,
        Self::Idle,
        Self::Cold,
    ];

    /// What the command line calls it.
    pub(super) fn word(self) -> String {
        match self {
            Self::Requests(count) => format!("requests-{count}"),
            other => format!("{other:?}").to_lowercase(),
        }
    }

    /// Whether it can be asked of `kind` at all.
    pub(super) fn suits(self, kind: Kind) -> bool {
        match kind.layer() {
            Layer::Four | Layer::Seven => true,
            // The daemon has no export and no image of ours, and a cold start that is not its TLS's.
            Layer::Own if kind == Kind::Dockerd => {
                !matches!(self, Self::Down | Self::Up | Self::Cold)
            }
            Layer::Own => matches!(self, Self::Requests(_)),
            Layer::Nothing => self == Self::Rate,
        }
    }

    /// Whether it needs a process of its own, freshly started.
    pub(super) fn is_fresh(self) -> bool {
        matches!(self, Self::Idle | Self::Cold)
    }

    fn path(self, kind: Kind) -> &'static str {
        match self {
            _ if kind.layer() == Layer::Own => "/_ping",
            Self::Down => "/v1.51/containers/bench/export",
            Self::Up => "/v1.51/images/load",
            _ => "/v1.51/containers/json",
        }
    }

    fn load(self, way: &Way, size: Size) -> Launch {
        let millis = size.millis.to_string();
        let bulk = size.bulk.to_string();
        let steps = size.idle.map(|count| count.to_string());
        let count;
        let (what, numbers): (&str, Vec<&str>) = match self {
            Self::Full => ("full", vec![AT_ONCE, &millis]),
            Self::Hybrid => ("hybrid", vec![AT_ONCE, &millis]),
            Self::Resumed => ("resumed", vec![AT_ONCE, &millis]),
            Self::Requests(connections) => {
                count = connections.to_string();
                ("requests", vec![&count, &millis])
            }
            Self::Down => ("down", vec![]),
            Self::Up => ("up", vec![&bulk]),
            Self::Rate => ("rate", vec![RATE[0], RATE[1], &millis]),
            Self::Idle => ("idle", steps.iter().map(String::as_str).collect()),
            Self::Cold => ("cold", vec![]),
        };
        let mut words: Vec<String> = vec![way.yardstick.display().to_string(), "load".to_owned()];
        words.extend([what, way.target.as_str()].map(str::to_owned));
        words.push(way.client.display().to_string());
        words.push(self.path(way.kind).to_owned());
        words.extend(numbers.into_iter().map(str::to_owned));
        Launch {
            words,
            environment: Vec::new(),
        }
    }

    /// Takes a sample from a process that runs.
    pub(super) fn sample(
        self,
        way: &Way,
        running: Option<&Running>,
        size: Size,
    ) -> Done<Vec<(Column, f64)>> {
        let cpu = || running.map_or(Ok(0.0), Running::cpu);
        let mut load = Load::start(&self.load(way, size))?;
        if self == Self::Idle {
            let running = running.ok_or("nobody holds the connections")?;
            let before = running.memory()?;
            let mut found = vec![(Column::Start, before.resident / 1024.0)];
            for (column, count) in [Column::IdleFew, Column::IdleMany]
                .into_iter()
                .zip(size.idle)
            {
                load.go()?;
                load.numbers()?;
                let now = running.memory()?;
                found.push((
                    column,
                    (now.proportional - before.proportional) / count as f64,
                ));
            }
            load.go()?;
            load.numbers()?;
            load.finish()?;
            return Ok(found);
        }
        let before = cpu()?;
        load.go()?;
        let said = load.numbers()?;
        let spent = cpu()? - before;
        load.finish()?;
        let number = |name: &str| said[name].as_f64().unwrap_or(f64::NAN);
        // The kernel counts in hundredths of a second: so few of them are no figure.
        if running.is_some() && self != Self::Rate && spent < LEAST {
            return Err(format!("only {spent:.2} s of CPU in the sample"));
        }
        let each = spent * 1e6 / number("count");
        let share = |name: &str| number(name) / number("count");
        Ok(match self {
            Self::Full => vec![(Column::Full, each)],
            // Who does not offer it has no figure.
            Self::Hybrid if share("hybrid") > 0.99 => vec![(Column::Hybrid, each)],
            Self::Resumed if share("resumed") > 0.95 => vec![(Column::Resumed, each)],
            Self::Requests(1) => vec![(Column::Requests1, each)],
            Self::Requests(32) => vec![(Column::Requests32, each)],
            Self::Requests(_) => vec![(Column::Requests256, each)],
            Self::Down => vec![(Column::Down, spent * GIB / number("count"))],
            Self::Up => vec![(Column::Up, spent * GIB / number("count"))],
            Self::Rate => vec![(Column::Half, number("p50")), (Column::Late, number("p99"))],
            Self::Hybrid | Self::Resumed | Self::Idle | Self::Cold => Vec::new(),
        })
    }

    /// Starts the process and gives the milliseconds until its first answer.
    pub(super) fn cold(
        way: &Way,
        size: Size,
        start: impl FnOnce() -> Done<Running>,
    ) -> Done<(Running, f64)> {
        let mut load = Load::start(&Self::Cold.load(way, size))?;
        let started = Instant::now();
        let running = start()?;
        load.go()?;
        let outcome = load.numbers();
        let took = started.elapsed().as_secs_f64() * 1e3;
        match outcome.and_then(|_| load.finish()) {
            Ok(()) => Ok((running, took)),
            Err(reason) => {
                running.end()?;
                Err(reason)
            }
        }
    }
}

/// The least CPU of a sample, in seconds.
const LEAST: f64 = 0.04;

const GIB: f64 = 1_073_741_824.0;

/// The way to a peer.
pub(super) fn way(kind: Kind, target: String, client: &Path, yardstick: &Path) -> Way {
    Way {
        kind,
        target,
        client: client.to_owned(),
        yardstick: yardstick.to_owned(),
    }
}
