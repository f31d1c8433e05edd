//! Wire observations: what an endpoint does to every kind of client.
//!
//! One question is asked over and over: does *this* client get an HTTP answer from the API? With
//! TLS 1.3 a finished handshake says nothing about it, because the server's refusal comes after it;
//! so [`ask`] always sends `GET /_ping` and reads what comes back, within a budget of time and bytes
//! that covers the whole exchange. [`prove`] asks it for every kind of client and both versions of
//! TLS; [`matrix`] puts several endpoints side by side. [`look`] gathers everything that can be seen
//! of one endpoint for the checks, its versions and suites included, and [`look_at_all`] of many.
//!
//! Nothing is written to disk and no clock is read: the moment at which certificates are judged is
//! part of the [`ProofKit`]. Deadlines use the monotonic clock.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod answer;
mod ask;
mod endpoint;
mod error;
mod impostor;
mod kind;
mod kit;
pub mod matrix;
mod once;
mod proof;
mod reader;
mod report;
mod scan;
pub mod service;
mod socket;
mod target;
mod why;

pub use answer::{Answer, Observation, Verdict};
pub use ask::{Dress, ask};
pub use endpoint::{Depth, Place, PlaceError, Visitors, look, look_at_all, side_by_side};
pub use error::{CATALOGUE, KitError, ProbeError};
pub use kind::ClientKind;
pub use kit::{ProofKit, PublicAuthority};
pub use once::{Served, answers_plain, ping, served_certificate, wait_until_ready};
pub use proof::{Expected, Proof, Row, prove};
pub use reader::{AnswerReader, Progress, Reply};
pub use report::{AlertReport, CellReport, MatrixReport, ProofReport, RowReport};
pub use scan::{Exchange, Flight, FlightProgress, FlightReader, ServerHello, Until};
pub use target::{Address, Target};
