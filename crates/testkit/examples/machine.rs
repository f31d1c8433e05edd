//! Boots a machine of the lab and runs a line of shell in it:
//! `SEALOCK_LAB=… cargo run -p sealock-testkit --example machine -- trixie 'docker info'`.
//! Suites: `bookworm`, `trixie`; `rootless` is bookworm with a rootless Docker; `sid` is bookworm
//! with Docker 28.
#![allow(clippy::print_stdout, reason = "what the line printed is the result")]

use sealock_testkit::{Machine, Rootless, Suite, Version};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let suite = arguments.first().map_or("bookworm", String::as_str);
    let line = arguments.get(1).map_or("systemctl status", String::as_str);
    let outcome = match suite {
        "rootless" => Rootless::boot(Suite::Bookworm).sh(line),
        "sid" => Machine::builder(Suite::Bookworm)
            .docker(Version::V28)
            .boot()
            .sh(line),
        "trixie" => Machine::builder(Suite::Trixie).boot().sh(line),
        _ => Machine::builder(Suite::Bookworm).boot().sh(line),
    };
    println!("{outcome}");
}
