//! An embedded Engine API server: what a Docker daemon looks like from the network, without root and
//! without Docker.
//!
//! It answers the few read-only routes that a `docker version`, `docker info` or `docker ps` needs,
//! in the modes that a daemon has: plain, TLS one way, and mutual TLS. In the TLS modes a plain HTTP
//! request gets the answer that dockerd gives. It runs no containers and keeps no state; it stops
//! and joins its threads when it is dropped.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod error;
mod http;
mod routes;
mod server;

pub use error::{CATALOGUE, EngineError};
pub use http::serve;
pub use server::{Engine, Mode};
