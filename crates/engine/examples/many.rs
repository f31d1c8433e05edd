//! Many mutual-TLS endpoints in one process, for benches:
//!
//! ```text
//! many COUNT FOLDER ADDRESSES
//! ```
//!
//! FOLDER holds `ca.pem` (who may sign clients), `server-cert.pem` and `server-key.pem`. Each endpoint
//! listens on a free port of 127.0.0.1; their addresses go into the file ADDRESSES, one a line, once all of
//! them listen. `ready` on standard output says so, and the end of standard input ends it.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use sealock_engine::{Engine, Mode};
use sealock_pki::{Certificate, PrivateKey};
use sealock_tls::{Clock, Identity};
use std::error::Error;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [count, folder, addresses] = &arguments[..] else {
        eprintln!("usage: many COUNT FOLDER ADDRESSES");
        return ExitCode::from(2);
    };
    match serve(count, Path::new(folder), Path::new(addresses)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("many: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(count: &str, folder: &Path, addresses: &Path) -> Result<(), Box<dyn Error>> {
    let read = |name: &str| std::fs::read(folder.join(name));
    let key = PrivateKey::from_pem(&read("server-key.pem")?, None)?;
    let chain = Certificate::chain_from_pem(&read("server-cert.pem")?)?;
    let mode = Mode::Mutual {
        identity: Identity::new(chain, &key)?,
        anchors: Certificate::chain_from_pem(&read("ca.pem")?)?,
    };
    let count: usize = count.parse()?;
    let engines: Vec<Engine> = (0..count)
        .map(|_| Engine::start(&mode, IpAddr::V4(Ipv4Addr::LOCALHOST), Clock::System))
        .collect::<Result<_, _>>()?;
    let lines: String = engines
        .iter()
        .map(|engine| format!("{}\n", engine.address()))
        .collect();
    std::fs::write(addresses, lines)?;
    println!("ready");
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
