//! The figures as tables, and what they say about the targets.

use std::fmt::Write as _;

use super::measure::Column;
use super::peers::{Kind, Layer, Peer};

/// All samples of a run.
#[derive(Default)]
pub(super) struct Samples {
    found: Vec<(String, Column, Vec<f64>)>,
    /// What could not be measured, and why.
    pub(super) failures: Vec<String>,
}

impl Samples {
    pub(super) fn add(&mut self, peer: &Peer, column: Column, value: f64) {
        let slot = self
            .found
            .iter_mut()
            .find(|(word, at, _)| *word == peer.word && *at == column);
        match slot {
            Some((_, _, values)) => values.push(value),
            None => self.found.push((peer.word.clone(), column, vec![value])),
        }
    }

    /// The median of a peer's samples.
    pub(super) fn median(&self, peer: &Peer, column: Column) -> Option<f64> {
        let (_, _, values) = self
            .found
            .iter()
            .find(|(word, at, _)| *word == peer.word && *at == column)?;
        let mut values = values.clone();
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        if values.len().is_multiple_of(2) {
            Some((values.get(middle - 1)? + values.get(middle)?) / 2.0)
        } else {
            values.get(middle).copied()
        }
    }

    fn cell(&self, peer: &Peer, column: Column) -> String {
        self.median(peer, column).map_or_else(
            || "–".to_owned(),
            |value| format!("{value:.*}", column.digits()),
        )
    }

    /// The big table.
    pub(super) fn table(&self, peers: &[Peer], idle: [u64; 2]) -> String {
        let mut text = format!(
            "| | full handshake µs | hybrid | resumed | request µs, 1 conn | 32 | 256 | down s/GiB | up | \
             at 2,000/s p50 µs | p99 | KiB per idle, {} | {} | at start MiB | cold start ms |\n|---|{}\n",
            idle[0],
            idle[1],
            "--:|".repeat(Column::ALL.len())
        );
        for peer in peers {
            let _ = write!(text, "| {} |", peer.name);
            for column in Column::ALL {
                let _ = write!(text, " {} |", self.cell(peer, column));
            }
            text.push('\n');
        }
        text
    }

    /// Each target with what was measured.
    pub(super) fn targets(&self, peers: &[Peer]) -> String {
        let of = |kind: Kind| peers.iter().find(|peer| peer.kind == kind);
        let (Some(ours), Some(bare)) = (of(Kind::Sealock), of(Kind::Bare)) else {
            return String::new();
        };
        let rivals = |layers: &[Layer]| -> Vec<&Peer> {
            peers
                .iter()
                .filter(|peer| {
                    !matches!(peer.kind, Kind::Sealock | Kind::SealockTcp | Kind::Bare)
                        && layers.contains(&peer.kind.layer())
                })
                .collect()
        };
        let between = [Layer::Four, Layer::Seven];
        let everybody = [Layer::Four, Layer::Seven, Layer::Own];
        let mut text = "| target | ours | beside | ratio | |\n|---|--:|---|--:|---|\n".to_owned();
        let mut row = |what: &str, column: Column, beside: Vec<&Peer>, at_most: f64| {
            let best = beside
                .into_iter()
                .filter_map(|peer| Some((peer, self.median(peer, column)?)))
                .min_by(|one, other| one.1.total_cmp(&other.1));
            let (Some(value), Some((peer, other))) = (self.median(ours, column), best) else {
                let _ = writeln!(text, "| {what} | – | – | – | not measured |");
                return;
            };
            let ratio = value / other;
            let digits = column.digits();
            let _ = writeln!(
                text,
                "| {what} | {value:.digits$} | {}: {other:.digits$} | {ratio:.2} | {} |",
                peer.name,
                if ratio <= at_most { "met" } else { "missed" }
            );
        };
        let full = Column::Full;
        row(
            "full handshake: below every peer",
            full,
            rivals(&everybody),
            1.0,
        );
        row(
            "full handshake: at most 5 % above the bare forwarder",
            full,
            vec![bare],
            1.05,
        );
        for (column, count) in [
            (Column::Requests1, "1 connection"),
            (Column::Requests32, "32 connections"),
            (Column::Requests256, "256 connections"),
        ] {
            let what = format!("request, {count}: below every layer 7 peer");
            row(&what, column, rivals(&[Layer::Seven]), 1.0);
            let what = format!("request, {count}: at most 25 % above the bare forwarder");
            row(&what, column, vec![bare], 1.25);
        }
        for (column, which) in [(Column::Down, "down"), (Column::Up, "up")] {
            let what = format!("a GiB {which}: at most 5 % above the best peer");
            row(&what, column, rivals(&between), 1.05);
        }
        for (column, which) in [(Column::IdleFew, "few"), (Column::IdleMany, "many")] {
            let what = format!("memory per idle connection, {which}: below every peer");
            row(&what, column, rivals(&everybody), 1.0);
        }
        if let Some(value) = self.median(ours, Column::Cold) {
            let verdict = if value < 10.0 { "met" } else { "missed" };
            let _ = writeln!(
                text,
                "| cold start to the first answer: below 10 ms | {value:.1} | | | {verdict} |"
            );
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::gateway::peers;

    #[test]
    fn the_best_peer_decides_and_the_yardstick_is_none() {
        let peers = peers::all();
        let mut samples = Samples::default();
        for peer in &peers {
            let value = match peer.kind {
                Kind::Sealock => 20.0,
                Kind::Bare => 15.0,
                Kind::HaproxyHttp => 19.0,
                _ => 30.0,
            };
            for value in [value, value + 50.0, value - 1.0] {
                samples.add(peer, Column::Requests32, value);
            }
        }
        assert_eq!(samples.median(&peers[0], Column::Requests32), Some(20.0));
        let text = samples.targets(&peers);
        let rows: Vec<&str> = text
            .lines()
            .filter(|line| line.contains("32 conn"))
            .collect();
        assert_eq!(
            rows,
            [
                "| request, 32 connections: below every layer 7 peer | 20.0 | haproxy http, Debian 12: 19.0 | 1.05 | missed |",
                "| request, 32 connections: at most 25 % above the bare forwarder | 20.0 | bare forwarder (the yardstick): 15.0 | 1.33 | missed |",
            ]
        );
        assert!(
            text.contains("a GiB up: at most 5 % above the best peer | – | – | – | not measured")
        );
    }
}
