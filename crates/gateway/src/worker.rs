//! Threads, each with an event loop of its own. A connection lives and dies on one of them.

use crate::GatewayError;
use sealock_diag::escape;
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

thread_local! {
    static SERVING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is at work for a connection right now. A panic there is a bug that ends this connection; the
/// others go on, and so must the process.
pub fn is_serving() -> bool {
    SERVING.get()
}

/// At work for a connection, for as long as it is held.
struct Serving;

impl Serving {
    fn begin() -> Self {
        SERVING.set(true);
        Self
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        SERVING.set(false);
    }
}

/// The threads of a gateway. Dropping it ends them, and every connection with them.
#[derive(Debug)]
pub(crate) struct Workers {
    threads: Mutex<Vec<Thread>>,
    loops: Loops,
}

#[derive(Debug)]
struct Thread {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// The event loops of the workers, for whoever has something to run on them.
#[derive(Clone, Debug)]
pub(crate) struct Loops(Arc<[Loop]>);

#[derive(Debug)]
struct Loop {
    handle: Handle,
    load: Arc<AtomicUsize>,
}

/// One connection's share of a worker's load; given back when it is dropped.
#[derive(Debug)]
struct Share(Arc<AtomicUsize>);

impl Drop for Share {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Workers {
    /// Starts `count` threads, one for each core when it is `None`.
    pub(crate) fn start(count: Option<usize>) -> Result<Self, GatewayError> {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let mut threads = Vec::new();
        let mut loops = Vec::new();
        for number in 0..count.unwrap_or_else(cores).max(1) {
            let (thread, handle) = start(number)?;
            threads.push(thread);
            loops.push(Loop {
                handle,
                load: Arc::default(),
            });
        }
        let loops = Loops(loops.into());
        Ok(Self {
            threads: Mutex::new(threads),
            loops,
        })
    }

    /// Their event loops.
    pub(crate) fn loops(&self) -> &Loops {
        &self.loops
    }
}

impl Loops {
    /// Runs `task` on the first worker: what is to happen once, such as accepting.
    pub(crate) fn first(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(first) = self.0.first() {
            first.handle.spawn(task);
        }
    }

    /// Runs a task on every worker; gives how many there are.
    pub(crate) fn each<F: Future<Output = ()> + Send + 'static>(
        &self,
        task: impl Fn() -> F,
    ) -> usize {
        for one in self.0.iter() {
            one.handle.spawn(task());
        }
        self.0.len()
    }

    /// Runs a connection on the worker that has the fewest.
    pub(crate) fn least_loaded(&self, connection: impl Future<Output = ()> + Send + 'static) {
        let least = self
            .0
            .iter()
            .min_by_key(|one| one.load.load(Ordering::Relaxed));
        if let Some(one) = least {
            one.load.fetch_add(1, Ordering::Relaxed);
            let share = Share(one.load.clone());
            // On the heap: inside another future its memory would be reserved twice.
            let mut connection = Box::pin(connection);
            one.handle.spawn(async move {
                let _share = share;
                poll_fn(|cx| {
                    let _serving = Serving::begin();
                    connection.as_mut().poll(cx)
                })
                .await;
            });
        }
    }
}

fn start(number: usize) -> Result<(Thread, Handle), GatewayError> {
    let failed = |error: std::io::Error| {
        GatewayError::new("SL-G090", "a worker of the gateway could not be started")
            .because(escape(&error.to_string()))
    };
    let runtime = Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(failed)?;
    let handle = runtime.handle().clone();
    let (stop, stopped) = oneshot::channel::<()>();
    let thread = std::thread::Builder::new()
        .name(format!("worker-{number}"))
        // What still runs is dropped with the runtime, and its connections are closed.
        .spawn(move || {
            let _ = runtime.block_on(stopped);
        })
        .map_err(failed)?;
    let thread = Thread {
        stop: Some(stop),
        thread: Some(thread),
    };
    Ok((thread, handle))
}

impl Workers {
    /// Ends the threads; every connection is dropped on its own thread before this returns.
    pub(crate) fn end(&self) {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in &mut *threads {
            drop(thread.stop.take());
        }
        for thread in &mut *threads {
            if let Some(thread) = thread.thread.take() {
                // A worker that panicked has said so; there is nothing to add.
                let _ = thread.join();
            }
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use super::{Workers, is_serving};
    use std::collections::BTreeSet;
    use std::sync::mpsc;

    #[test]
    fn connections_are_spread_and_end_with_the_workers() {
        let workers = Workers::start(Some(2)).unwrap();
        let (say, heard) = mpsc::channel();
        let (alive, ended) = mpsc::channel::<()>();
        for _ in 0..4 {
            let (say, alive) = (say.clone(), alive.clone());
            workers.loops().least_loaded(async move {
                let _alive = alive;
                let name = std::thread::current().name().map(str::to_owned);
                say.send(name.unwrap()).unwrap();
                std::future::pending::<()>().await;
            });
        }
        drop(alive);
        let names: Vec<String> = heard.iter().take(4).collect();
        let different: BTreeSet<_> = names.iter().collect();
        assert_eq!(different.len(), 2, "{names:?}");
        assert_eq!(names.iter().filter(|name| *name == "worker-0").count(), 2);
        drop(workers);
        // Every sender was dropped with its connection.
        assert!(ended.recv().is_err());
    }

    #[test]
    fn a_panic_ends_one_connection_and_no_other() {
        let workers = Workers::start(Some(1)).unwrap();
        let (say, heard) = mpsc::channel();
        let (go_on, told) = tokio::sync::oneshot::channel();
        let (first, second) = (say.clone(), say);
        workers.loops().least_loaded(async move {
            told.await.unwrap();
            first.send(is_serving()).unwrap();
        });
        workers.loops().least_loaded(async move {
            second.send(is_serving()).unwrap();
            panic!("a bug, on purpose");
        });
        assert!(heard.recv().unwrap(), "a panic hook can tell");
        let (say, idle) = mpsc::channel();
        workers
            .loops()
            .first(async move { say.send(is_serving()).unwrap() });
        assert!(
            !idle.recv().unwrap(),
            "what is no connection ends the process"
        );
        go_on.send(()).unwrap();
        assert!(heard.recv().unwrap(), "the other one goes on");
        assert!(heard.recv().is_err(), "both have ended");
    }
}
