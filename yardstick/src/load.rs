//! The loads: each says `ready` when everything is prepared, waits for a line, works, prints JSON.

use std::cell::Cell;
use std::io::{BufRead as _, Write as _};
use std::rc::Rc;
use std::time::{Duration, Instant};

use rustls::client::Resumption;
use serde_json::{Value, json};
use tokio::task::{JoinSet, LocalSet};

use crate::Fault;
use crate::answer;
use crate::backend::CHUNK;
use crate::connect::{Connection, Target};

/// Runs the load named `what` with its numbers.
pub async fn run(
    what: &str,
    target: &str,
    folder: &str,
    path: &str,
    numbers: &[&str],
) -> Result<(), Fault> {
    let numbers: Vec<u64> = numbers
        .iter()
        .map(|number| number.parse())
        .collect::<Result<_, _>>()?;
    let never = || Target::read(target, folder, Resumption::disabled(), what == "hybrid");
    let said = LocalSet::new()
        .run_until(async {
            match (what, numbers.as_slice()) {
                ("full" | "hybrid", [at_once, millis]) => {
                    handshakes(never()?, path, *at_once, *millis).await
                }
                ("resumed", [at_once, millis]) => {
                    let resume = Resumption::in_memory_sessions(64);
                    let target = Target::read(target, folder, resume, false)?;
                    handshakes(target, path, *at_once, *millis).await
                }
                ("requests", [count, millis]) => requests(never()?, path, *count, *millis).await,
                ("down", []) => down(never()?, path).await,
                ("up", [bytes]) => up(never()?, path, *bytes).await,
                ("rate", [count, rate, millis]) => {
                    rate_of(never()?, path, *count, *rate, *millis).await
                }
                ("idle", steps) => idle(never()?, path, steps).await,
                ("cold", []) => cold(never()?, path).await,
                _ => {
                    Err(format!("no load is called `{what}` with {} numbers", numbers.len()).into())
                }
            }
        })
        .await?;
    println!("{said}");
    Ok(())
}

fn get(path: &str) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nHost: docker\r\nUser-Agent: Docker-Client/28.5.2 (linux)\r\n\r\n"
    )
    .into_bytes()
}

/// Says what is ready and waits until it may go on.
fn wait(said: &str) -> Result<(), Fault> {
    println!("{said}");
    std::io::stdout().flush()?;
    let mut line = String::new();
    if std::io::stdin().lock().read_line(&mut line)? == 0 {
        return Err("nobody waits for the result".into());
    }
    Ok(())
}

/// Connect, handshake, one request, goodbye: so that the server has judged the certificate, too.
async fn handshakes(target: Target, path: &str, at_once: u64, millis: u64) -> Result<Value, Fault> {
    let request = Rc::new(get(path));
    // Twice: the second one may already use what the first one brought.
    for _ in 0..2 {
        let mut connection = target.connect().await?;
        connection.ask(&request).await?;
        connection.close().await;
    }
    wait("ready")?;
    let resumed = Rc::new(Cell::new(0_u64));
    let hybrid = Rc::new(Cell::new(0_u64));
    let started = Instant::now();
    let until = started + Duration::from_millis(millis);
    let mut tasks = JoinSet::new();
    for _ in 0..at_once {
        let (target, request) = (target.clone(), Rc::clone(&request));
        let (resumed, hybrid) = (Rc::clone(&resumed), Rc::clone(&hybrid));
        tasks.spawn_local(async move {
            let mut count = 0_u64;
            while Instant::now() < until {
                let mut connection = target.connect().await?;
                resumed.set(resumed.get() + u64::from(connection.resumed));
                hybrid.set(hybrid.get() + u64::from(connection.hybrid));
                connection.ask(&request).await?;
                connection.close().await;
                count += 1;
            }
            Ok::<u64, Fault>(count)
        });
    }
    let count = sum(tasks).await?;
    Ok(
        json!({"count": count, "resumed": resumed.get(), "hybrid": hybrid.get(), "seconds": started.elapsed().as_secs_f64()}),
    )
}

/// One request after the other on each of `count` connections.
async fn requests(target: Target, path: &str, count: u64, millis: u64) -> Result<Value, Fault> {
    let request = Rc::new(get(path));
    let mut connections = open(&target, &request, count).await?;
    wait("ready")?;
    let started = Instant::now();
    let until = started + Duration::from_millis(millis);
    let mut tasks = JoinSet::new();
    for mut connection in connections.drain(..) {
        let request = Rc::clone(&request);
        tasks.spawn_local(async move {
            let mut asked = 0_u64;
            while Instant::now() < until {
                connection.ask(&request).await?;
                asked += 1;
            }
            Ok::<u64, Fault>(asked)
        });
    }
    let asked = sum(tasks).await?;
    Ok(json!({"count": asked, "seconds": started.elapsed().as_secs_f64()}))
}

/// Connections that have had one answer each.
async fn open(target: &Target, request: &[u8], count: u64) -> Result<Vec<Connection>, Fault> {
    let mut connections = Vec::new();
    for _ in 0..count {
        let mut connection = target.connect().await?;
        connection.ask(request).await?;
        connections.push(connection);
    }
    Ok(connections)
}

async fn sum(mut tasks: JoinSet<Result<u64, Fault>>) -> Result<u64, Fault> {
    let mut total = 0;
    while let Some(done) = tasks.join_next().await {
        total += done??;
    }
    Ok(total)
}

async fn down(target: Target, path: &str) -> Result<Value, Fault> {
    let mut connection = target.connect().await?;
    wait("ready")?;
    let started = Instant::now();
    let bytes = connection.ask(&get(path)).await?;
    Ok(json!({"count": bytes, "seconds": started.elapsed().as_secs_f64()}))
}

/// A body in chunks, as the docker client sends an image.
async fn up(target: Target, path: &str, bytes: u64) -> Result<Value, Fault> {
    let mut connection = target.connect().await?;
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: docker\r\nUser-Agent: Docker-Client/28.5.2 (linux)\r\n\
         Content-Type: application/x-tar\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    let chunk = answer::chunk(CHUNK);
    wait("ready")?;
    let started = Instant::now();
    connection.send(head.as_bytes()).await?;
    let chunks = bytes / CHUNK as u64;
    for _ in 0..chunks {
        connection.send(&chunk).await?;
    }
    connection.send(b"0\r\n\r\n").await?;
    connection.answer().await?;
    Ok(json!({"count": chunks * CHUNK as u64, "seconds": started.elapsed().as_secs_f64()}))
}

/// A fixed number of requests a second, each timed from when it was due: a slow answer delays nobody's clock.
async fn rate_of(
    target: Target,
    path: &str,
    count: u64,
    rate: u64,
    millis: u64,
) -> Result<Value, Fault> {
    let request = Rc::new(get(path));
    let connections = open(&target, &request, count).await?;
    wait("ready")?;
    let mut senders = Vec::new();
    let mut tasks = JoinSet::new();
    for mut connection in connections {
        let (sender, mut due) = tokio::sync::mpsc::unbounded_channel::<Instant>();
        senders.push(sender);
        let request = Rc::clone(&request);
        tasks.spawn_local(async move {
            let mut took = Vec::new();
            while let Some(due) = due.recv().await {
                connection.ask(&request).await?;
                took.push(due.elapsed().as_micros() as u64);
            }
            Ok::<Vec<u64>, Fault>(took)
        });
    }
    // A thread with the kernel's clock: the runtime's own ticks once in a millisecond.
    let pace = std::thread::spawn(move || {
        let gap = Duration::from_nanos(1_000_000_000 / rate);
        let started = Instant::now();
        for index in 0..rate * millis / 1000 {
            let due = started + gap * index as u32;
            let now = Instant::now();
            if due > now {
                std::thread::sleep(due - now);
            }
            let next = (index % senders.len() as u64) as usize;
            if senders[next].send(due).is_err() {
                return;
            }
        }
    });
    let mut took = Vec::new();
    while let Some(done) = tasks.join_next().await {
        took.extend(done??);
    }
    pace.join().map_err(|_| "the pace was lost")?;
    took.sort_unstable();
    let at = |share: f64| {
        let index = (took.len() as f64 * share) as usize;
        took.get(index.min(took.len().saturating_sub(1))).copied()
    };
    Ok(json!({"count": took.len(), "p50": at(0.5), "p99": at(0.99)}))
}

/// Holds connections that do nothing: after each step it says how many there are, and waits.
async fn idle(target: Target, path: &str, steps: &[u64]) -> Result<Value, Fault> {
    let request = get(path);
    // What a first request sets up once is no connection's memory.
    for _ in 0..20 {
        let mut connection = target.connect().await?;
        connection.ask(&request).await?;
        connection.close().await;
    }
    wait("ready")?;
    let mut connections = Vec::new();
    for step in steps {
        while (connections.len() as u64) < *step {
            let mut connection = target
                .connect()
                .await
                .map_err(|error| format!("connection {}: {error}", connections.len() + 1))?;
            connection.ask(&request).await?;
            connection.rest();
            connections.push(connection);
        }
        wait(&json!({"count": connections.len()}).to_string())?;
    }
    // All of them are still there: each answers once more.
    for connection in &mut connections {
        connection.ask(&request).await?;
    }
    Ok(json!({"count": connections.len()}))
}

/// Tries until the first answer.
async fn cold(target: Target, path: &str) -> Result<Value, Fault> {
    let request = get(path);
    wait("ready")?;
    let started = Instant::now();
    let mut reason = String::new();
    while started.elapsed() < Duration::from_secs(20) {
        match once(&target, &request).await {
            Ok(()) => return Ok(json!({"seconds": started.elapsed().as_secs_f64()})),
            Err(error) => reason = error.to_string(),
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    Err(format!("no answer within 20 s: {reason}").into())
}

async fn once(target: &Target, request: &[u8]) -> Result<(), Fault> {
    let mut connection = target.connect().await?;
    connection.ask(request).await?;
    connection.close().await;
    Ok(())
}
