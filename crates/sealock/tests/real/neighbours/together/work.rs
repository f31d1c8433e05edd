//! A client at every door that knocks without a pause, with the files as they lie.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::doors::{Came, Door};
use super::house::{FIGURES, House};

/// One knock.
#[derive(Debug)]
struct Visit {
    ended: Instant,
    came: Came,
}

/// What came of the knocks at one door.
#[derive(Debug)]
pub(super) struct Record {
    door: Door,
    visits: Vec<Visit>,
}

/// Does something while alice knocks at every door, and strangers at those where certificates are asked for; everybody comes
/// once more behind it.
pub(super) fn during<T>(house: &House, what: impl FnOnce() -> T) -> (T, Vec<Record>) {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let done = &done;
        let threads = Door::ALL.map(|door| scope.spawn(move || knocking(house, door, done)));
        let strangers = scope.spawn(move || turned_away(house, done));
        let ended = Ended(done);
        let result = what();
        drop(ended);
        let turned_away = strangers.join().unwrap();
        assert!(turned_away > 0, "no stranger came");
        println!("{FIGURES}{turned_away} knocks of strangers meanwhile, none let in");
        let records = threads.map(|thread| thread.join().unwrap());
        (result, records.into())
    })
}

/// A panic must not leave the threads knocking for ever.
struct Ended<'a>(&'a AtomicBool);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Strangers who do not care whom they talk to: without a certificate, with a foreign one, and in clear text. Gives how
/// often one was turned away.
fn turned_away(house: &House, done: &AtomicBool) -> usize {
    let alice = house.rightful("alice").credulous();
    let foreign = house.scratch.join("stranger");
    let asking: Vec<Door> = Door::ALL.into_iter().filter(|door| door.asks()).collect();
    let mut count = 0;
    loop {
        let last = done.load(Ordering::SeqCst);
        for door in &asking {
            for pair in [None, Some(&*foreign)] {
                let came = house.knock(*door, &alice.showing(pair));
                assert_ne!(came, Came::In, "a stranger at {door:?} with {pair:?}");
                count += usize::from(matches!(came, Came::Out(_)));
            }
            let came = house.knock_in_clear(*door, &house.rightful("alice"));
            assert_ne!(came, Came::In, "clear text at {door:?}");
            count += usize::from(matches!(came, Came::Out(_)));
        }
        if last {
            return count;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn knocking(house: &House, door: Door, done: &AtomicBool) -> Record {
    let alice = house.rightful("alice");
    let mut visits = Vec::new();
    loop {
        let last = done.load(Ordering::SeqCst);
        let came = house.knock(door, &alice);
        visits.push(Visit {
            ended: Instant::now(),
            came,
        });
        if last {
            return Record { door, visits };
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

impl Record {
    fn failed(&self) -> usize {
        let failed = self.visits.iter().filter(|visit| visit.came != Came::In);
        failed.count()
    }

    /// From the end of the last knock before the gap that was answered to that of the first behind it.
    fn gap(&self) -> Duration {
        let mut longest = Duration::ZERO;
        let mut last: Option<&Visit> = None;
        let mut gap = false;
        for visit in &self.visits {
            if visit.came != Came::In {
                gap = true;
                continue;
            }
            if let Some(last) = last.filter(|_| gap) {
                longest = longest.max(visit.ended - last.ended);
            }
            (gap, last) = (false, Some(visit));
        }
        longest
    }

    /// Whoever has the files as they lie is let in, but for one while: from the moment they are replaced until the service
    /// has taken up its own.
    #[track_caller]
    pub(super) fn has_one_gap(&self) {
        let mut runs: Vec<bool> = self.visits.iter().map(|one| one.came == Came::In).collect();
        runs.dedup();
        assert!(
            matches!(runs.as_slice(), [true] | [true, false, true]),
            "{:?}: {runs:?}\n{:#?}",
            self.door,
            self.visits
                .iter()
                .filter(|visit| visit.came != Came::In)
                .collect::<Vec<_>>()
        );
    }

    /// Every failure is that of a server which is just started anew, and none is about a certificate.
    #[track_caller]
    pub(super) fn nobody_was_refused(&self) {
        let refused = self.visits.iter().filter(|visit| match &visit.came {
            Came::In | Came::Away(_) => false,
            Came::Out(said) => ["certificate", "x509", "alert", "authority"]
                .iter()
                .any(|words| said.contains(words)),
        });
        let refused: Vec<&Visit> = refused.collect();
        assert!(refused.is_empty(), "{:?}: {refused:#?}", self.door);
    }
}

/// The figures.
pub(super) fn tell(what: &str, took: Duration, records: &[Record]) {
    let doors: Vec<String> = records
        .iter()
        .map(|record| {
            format!(
                "{:?} {} of {} failed, gap {} ms",
                record.door,
                record.failed(),
                record.visits.len(),
                record.gap().as_millis()
            )
        })
        .collect();
    println!(
        "{FIGURES}{what} of a daemon, four services and two clients: {:.1} s; {}",
        took.as_secs_f64(),
        doors.join("; ")
    );
}
