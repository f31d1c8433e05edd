//! HTTP/1.1 between a client and a service, read strictly and framed anew, without ever waiting for one
//! direction while the other could go on.
//!
//! Written for what the Engine API does and general proxies break: connections that turn into raw
//! streams with or without `Upgrade`, directions that end by themselves, answers that come while the
//! request is still being sent, and silence that lasts for hours.

pub(crate) mod buffer;
pub(crate) mod chunked;
pub(crate) mod emit;
pub(crate) mod exchange;
pub(crate) mod fetch;
pub(crate) mod field;
pub(crate) mod flow;
pub(crate) mod inlet;
pub(crate) mod malformed;
pub(crate) mod passing;
pub mod proof;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod scan;
pub(crate) mod service;
pub(crate) mod serving;
pub(crate) mod wire;
