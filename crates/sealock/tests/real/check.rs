//! `sealock check` against real daemons, real files and real peers.

mod certificates;
mod client;
mod daemon;
mod door;
mod endpoint;
mod files;
mod fix;
mod fleet;
pub(crate) mod ground;
mod healthy;
mod keeping;
mod peers;
mod pictures;
mod registry;
mod trial;
mod unit;
mod wire;
