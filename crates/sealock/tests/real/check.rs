//! `sealock check` against real daemons, real files and real peers.

mod client;
mod daemon;
mod endpoint;
pub(crate) mod ground;
mod healthy;
mod peers;
mod pictures;
mod wire;
