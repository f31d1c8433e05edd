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
    let next = AtomicUsize::new(0);
    let (tell, told) = mpsc::channel();
    let work = |tell: mpsc::Sender<(usize, Endpoint)>| {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(place) = places.get(index) else {
                return;
            };
            let now = at + begun.elapsed();
            let endpoint = super::look(place, visitors, depth, timeout, now);
            if tell.send((index, endpoint)).is_err() {
                return;
            }
        }
    };
    std::thread::scope(|scope| {
        let mut started = 0;
        for _ in 0..at_once.clamp(1, places.len().max(1)) {
            let tell = tell.clone();
            let worker = std::thread::Builder::new().name("look".into());
            started += usize::from(worker.spawn_scoped(scope, || work(tell)).is_ok());
        }
        if started == 0 {
            // No thread to be had: this one does it alone, and tells at the end.
            work(tell);
        } else {
            drop(tell);
        }
        for (index, endpoint) in told {
            on_done(index, endpoint);
        }
    });
}
