//! The gateway before real daemons: what comes through, what does not, and how it bears load and abuse.

mod abuse;
mod authority;
mod bypass;
mod fake;
mod load;
mod matrix;
mod operations;
mod policy;
mod ports;
mod rows;
pub(crate) mod running;
mod silence;
mod stage;
mod suites;
mod tls;
mod told;
mod up;
mod way;
mod wire;

/// Whether the long forms are asked for: `SEALOCK_SWEEP=all`.
fn whole() -> bool {
    std::env::var_os("SEALOCK_SWEEP").is_some_and(|value| value == "all")
}
