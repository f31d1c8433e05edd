//! Many endpoints, side by side.

use super::{Depth, Place, Visitors};
use sealock_check::seen::Endpoint;
use sealock_pki::Timestamp;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Looks at all places, `at_once` at a time (at least one), and tells of each as soon as it is done, with
/// its index. `at` is the moment of the call; later looks count on from it.
///
/// The threads mostly wait for their peers, so many more than processors are of use.
pub fn look_at_all(
    places: &[Place],
    visitors: &Visitors,
    depth: Depth,
    at_once: usize,
    timeout: Duration,
    at: Timestamp,
    on_done: &mut dyn FnMut(usize, Endpoint),
) {
    let begun = Instant::now();
    let act = |place: &Place| super::look(place, visitors, depth, timeout, at + begun.elapsed());
    side_by_side(places, at_once, act, on_done);
}

/// Does something for each, `at_once` at a time (at least one), and tells of each as soon as it is done, with its index.
pub fn side_by_side<T: Sync, R: Send>(
    all: &[T],
    at_once: usize,
    act: impl Fn(&T) -> R + Sync,
    on_done: &mut dyn FnMut(usize, R),
) {
    let next = AtomicUsize::new(0);
    let (tell, told) = mpsc::channel();
    let work = |tell: mpsc::Sender<(usize, R)>| {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(one) = all.get(index) else {
                return;
            };
            if tell.send((index, act(one))).is_err() {
                return;
            }
        }
    };
    let work = &work;
    std::thread::scope(|scope| {
        let mut started = 0;
        for _ in 0..at_once.clamp(1, all.len().max(1)) {
            let tell = tell.clone();
            let worker = std::thread::Builder::new().name("look".into());
            started += usize::from(worker.spawn_scoped(scope, move || work(tell)).is_ok());
        }
        if started == 0 {
            // No thread to be had: this one does it alone, and tells at the end.
            work(tell);
        } else {
            drop(tell);
        }
        for (index, result) in told {
            on_done(index, result);
        }
    });
}
