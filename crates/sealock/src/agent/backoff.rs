//! How long to wait after a look that failed, and after one that did not.

use std::time::Duration;

/// The first wait; each further failure doubles it.
const FIRST: Duration = Duration::from_secs(60);
/// No wait is longer while something is short of time.
const HOUR: Duration = Duration::from_secs(3600);
/// No wait is shorter, whatever is due.
const LEAST: Duration = Duration::from_secs(5);
/// How much of the time that is left may pass between two tries, as a divisor.
const SHARE: u32 = 24;

/// How long until the next try after `failures` failures in a row.
///
/// One minute, then twice as long each time, up to an hour. Where the earliest end is far away nothing is gained by
/// asking every hour: then the wait goes on doubling, up to a twenty-fourth of the time that is left, and never past
/// `every`. Where lives last minutes the wait is cut down to a quarter of what is left. `chance`, between 0 and 1, makes
/// it up to a fifth longer, so that hosts which failed together do not come back together.
pub(crate) fn after_failure(
    failures: u32,
    left: Option<Duration>,
    every: Duration,
    chance: f64,
) -> Duration {
    let doubled = FIRST.saturating_mul(1 << failures.saturating_sub(1).min(20));
    let most = match left {
        Some(left) => HOUR.max((left / SHARE).min(every)),
        None => HOUR,
    };
    let mut wait = doubled.min(most);
    wait += wait.mul_f64(chance.clamp(0.0, 1.0) / 5.0);
    if let Some(left) = left.filter(|left| !left.is_zero()) {
        wait = wait.min(left / 4);
    }
    wait.max(LEAST)
}

/// How long until the next look after one that went well: what is due next does not wait for the rhythm.
pub(crate) fn after_success(until_due: Option<Duration>, every: Duration) -> Duration {
    until_due.map_or(every, |due| due.min(every)).max(LEAST)
}

#[cfg(test)]
mod tests {
    use super::{after_failure, after_success};
    use std::time::Duration;

    const EVERY: Duration = Duration::from_secs(6 * 3600);
    const DAY: Duration = Duration::from_secs(86_400);

    #[test]
    fn waits_double_up_to_an_hour_and_further_only_where_there_is_time() {
        let minutes = |failures, left| after_failure(failures, left, EVERY, 0.0).as_secs() / 60;
        let short: Vec<u64> = (1..10).map(|n| minutes(n, Some(DAY))).collect();
        assert_eq!(short, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        let long: Vec<u64> = (1..12).map(|n| minutes(n, Some(DAY * 30))).collect();
        assert_eq!(long, [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360]);
        // Expired, or nothing to go by.
        for left in [None, Some(Duration::ZERO)] {
            assert_eq!((minutes(3, left), minutes(40, left)), (4, 60));
        }
        assert_eq!(
            after_failure(1, Some(Duration::from_secs(80)), EVERY, 1.0).as_secs(),
            20
        );
        assert_eq!(
            after_failure(9, Some(Duration::from_secs(8)), EVERY, 0.0).as_secs(),
            5
        );
    }

    #[test]
    fn jitter_only_ever_waits_longer() {
        assert_eq!(after_failure(1, None, EVERY, 0.0).as_secs(), 60);
        assert_eq!(after_failure(1, None, EVERY, 0.5).as_secs(), 66);
        assert_eq!(after_failure(1, None, EVERY, 1.0).as_secs(), 72);
    }

    #[test]
    fn what_is_due_does_not_wait_for_the_rhythm() {
        for (due, expected) in [
            (None, 6 * 3600),
            (Some(DAY * 60), 6 * 3600),
            (Some(Duration::from_secs(90)), 90),
            (Some(Duration::ZERO), 5),
        ] {
            assert_eq!(after_success(due, EVERY).as_secs(), expected);
        }
    }
}
