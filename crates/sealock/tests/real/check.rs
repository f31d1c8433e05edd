//! `sealock check` against real daemons, real files and real peers.

pub(crate) mod ground;
