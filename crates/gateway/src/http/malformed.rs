//! Messages that are refused because two readers might take them differently, or because they are too big.

/// Why a message of a client is refused, with the status that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    /// The status of the answer.
    pub(crate) status: u16,
    /// What is wrong with it; our own words, without anything foreign.
    pub(crate) what: &'static str,
}

impl Malformed {
    /// It is not well formed.
    pub(crate) const fn bad(what: &'static str) -> Self {
        Self { status: 400, what }
    }

    /// It took too long.
    pub(crate) const LATE: Self = Self {
        status: 408,
        what: "the request did not arrive in time",
    };

    /// Its body is larger than what is judged.
    pub(crate) const BODY_TOO_LARGE: Self = Self {
        status: 413,
        what: "the body of the request is too large",
    };

    /// Its head is larger than what is read.
    pub(crate) const HEAD_TOO_LARGE: Self = Self {
        status: 431,
        what: "the head of the request is too large",
    };

    /// Its body is coded in a way nobody here reads.
    pub(crate) const CODING: Self = Self {
        status: 501,
        what: "the body has a transfer coding other than chunked",
    };

    /// It is HTTP/2 or something later.
    pub(crate) const VERSION: Self = Self {
        status: 505,
        what: "only HTTP/1.1 and HTTP/1.0 are spoken here; HTTP/2, native gRPC included, is refused",
    };
}
