//! `--watch`: look again and again, and say what has changed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::report::Report;
use crate::exit::Exit;

/// What is wrong: subject, code, place.
pub(crate) type Wrong = BTreeSet<(String, &'static str, String)>;

/// Everything that is wrong in these reports.
pub(crate) fn wrong(reports: &[Report]) -> Wrong {
    reports
        .iter()
        .flat_map(|report| {
            report.findings.iter().flat_map(move |finding| {
                finding.spots.iter().map(move |spot| {
                    (
                        report.subject.clone(),
                        finding.check.code,
                        spot.place.clone(),
                    )
                })
            })
        })
        .collect()
}

/// What came and what went, a line each; empty when nothing changed.
pub(crate) fn changes(before: &Wrong, now: &Wrong, at: &str) -> Vec<String> {
    let came = now.difference(before).map(|one| ("new", one));
    let went = before.difference(now).map(|one| ("gone", one));
    came.chain(went)
        .map(|(word, (subject, code, place))| {
            let place = if place == subject {
                String::new()
            } else {
                format!(" at {place}")
            };
            format!("{at} {word}: {code} {subject}{place}")
        })
        .collect()
}

/// A flag that Ctrl-C and SIGTERM raise. The second one does not wait for the end of a look.
pub(crate) fn stopper() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        let interrupted = i32::from(Exit::Interrupted.code());
        let _unhandled = signal_hook::flag::register_conditional_shutdown(
            signal,
            interrupted,
            Arc::clone(&stop),
        );
        // Without the handler a signal ends us at once; nothing is being written.
        let _unhandled = signal_hook::flag::register(signal, Arc::clone(&stop));
    }
    stop
}

/// Waits, in pieces short enough to be stopped. Whether it was not.
pub(crate) fn wait(time: Duration, stop: &AtomicBool) -> bool {
    let until = Instant::now() + time;
    while !stop.load(Ordering::Relaxed) {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        std::thread::sleep(left.min(Duration::from_millis(200)));
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{Wrong, changes};

    #[test]
    fn what_came_and_what_went_is_told() {
        let one = ("this host".to_owned(), "SL-F101", "tcp://h:1".to_owned());
        let two = ("tcp://h:2".to_owned(), "SL-F301", "tcp://h:2".to_owned());
        let before: Wrong = [one.clone()].into();
        let now: Wrong = [two].into();
        assert_eq!(
            changes(&before, &now, "T"),
            [
                "T new: SL-F301 tcp://h:2",
                "T gone: SL-F101 this host at tcp://h:1"
            ]
        );
        assert!(changes(&before, &before, "T").is_empty());
    }
}
