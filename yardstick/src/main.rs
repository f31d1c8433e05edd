//! The yardstick of `cargo xtask bench gateway`: a bare forwarder, a trivial service, a load.
//!
//! ```text
//! yardstick forward ADDRESS SOCKET FOLDER          mutual TLS in front of a unix socket, and nothing else
//! yardstick backend SOCKET BULK                    answers a few Engine API requests on a unix socket
//! yardstick load WHAT TARGET FOLDER PATH NUMBERS…  says `ready`, waits for a line, prints one line of JSON
//! ```

mod answer;
mod backend;
mod connect;
mod forward;
mod load;

/// What ends the program early: one sentence.
type Fault = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Fault> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match words.as_slice() {
        ["forward", address, socket, folder] => {
            runtime.block_on(forward::serve(address, socket, folder))
        }
        ["backend", socket, bulk] => runtime.block_on(backend::serve(socket, bulk.parse()?)),
        ["load", what, target, folder, path, numbers @ ..] => {
            runtime.block_on(load::run(what, target, folder, path, numbers))
        }
        _ => Err("say forward, backend or load; see the top of main.rs".into()),
    }
}
