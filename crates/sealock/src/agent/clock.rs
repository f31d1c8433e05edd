//! Whether this host's clock can be believed.
//!
//! A certificate that is issued under a wrong clock is wrong for every peer whose clock is right. A clock that stands
//! before what has already happened is wrong for certain. One that stands far ahead of it may be: the host may have been
//! off for months, or its battery may be empty and its year 2069.

use std::path::Path;
use std::time::Duration;

use sealock_host::{Invocation, System};
use sealock_pki::Timestamp;

const DAY: Duration = Duration::from_secs(86_400);
/// How far a clock may go back: a correction, a step of NTP, a second operating system that keeps local time.
const BACK: Duration = DAY;
/// How far a clock may be ahead of the last time that was seen before anybody wonders.
const AHEAD: Duration = Duration::from_secs(60 * 86_400);

/// What the clock's reading amounts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It can be right.
    Fine,
    /// It cannot be right: an anchor was born later.
    Unborn { anchor: String, at: Timestamp },
    /// It stands before a time that was believed once: it is wrong now, or was wrong then.
    Back { seen: Timestamp },
    /// It may be right, and it may be far ahead.
    Ahead { seen: Timestamp },
}

/// Judges a reading. `births` are the beginnings of the authority's anchors, `seen` is the time that a look has believed
/// last.
pub(crate) fn judge(
    now: Timestamp,
    births: &[(String, Timestamp)],
    seen: Option<Timestamp>,
) -> Verdict {
    if let Some((anchor, at)) = births.iter().find(|(_, at)| now < *at) {
        return Verdict::Unborn {
            anchor: anchor.clone(),
            at: *at,
        };
    }
    match seen {
        Some(seen) if now + BACK < seen => Verdict::Back { seen },
        Some(seen) if now.since(seen) > AHEAD => Verdict::Ahead { seen },
        _ => Verdict::Fine,
    }
}

/// Whether somebody keeps the clock right. `None` when nobody here can tell.
///
/// systemd-timesyncd leaves a file; otherwise systemd-timedated is asked, which reads the kernel's own flag
/// (adjtimex(2)), whoever set it.
pub(crate) fn is_synchronised(system: &dyn System) -> Option<bool> {
    let mark = Path::new("/run/systemd/timesync/synchronized");
    if system.root().at(mark).exists() {
        return Some(true);
    }
    let words = [
        "timedatectl",
        "show",
        "--property=NTPSynchronized",
        "--value",
    ];
    let asked = Invocation::new(words).within(Duration::from_secs(5));
    let said = system.run(&asked).ok().filter(|said| said.success())?;
    match said.stdout.trim() {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Verdict, judge};
    use sealock_pki::Timestamp;

    #[test]
    fn clocks() {
        let at = |days: i64| Timestamp::from_unix(1_800_000_000 + days * 86_400);
        let births = [
            ("the server anchor".to_owned(), at(0)),
            ("the client anchor".to_owned(), at(2)),
        ];
        for (now, seen, verdict) in [
            (at(3), None, Verdict::Fine),
            (at(100), Some(at(100)), Verdict::Fine),
            (at(100), Some(at(101)), Verdict::Fine),
            (at(100), Some(at(102)), Verdict::Back { seen: at(102) }),
            (at(160), Some(at(100)), Verdict::Fine),
            (at(161), Some(at(100)), Verdict::Ahead { seen: at(100) }),
            (
                at(1),
                None,
                Verdict::Unborn {
                    anchor: "the client anchor".to_owned(),
                    at: at(2),
                },
            ),
        ] {
            assert_eq!(judge(now, &births, seen), verdict, "{now}");
        }
    }
}
