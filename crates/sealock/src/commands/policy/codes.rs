//! What can go wrong with a policy on the command line.

use sealock_diag::{Code, Entry};

pub(crate) const NOT_TEXT: Code = Code("SL-U112");
pub(crate) const NO_REQUEST: Code = Code("SL-U113");
pub(crate) const NOT_LEARNING: Code = Code("SL-U114");

pub(crate) const CATALOGUE: &[Entry] = &[
    Entry {
        code: NOT_TEXT,
        title: "a file is no text",
        meaning: "Policies, cases and the bodies of requests are UTF-8 text. The file holds bytes that are none.",
        remedy: "file NAME            tells what it is",
    },
    Entry {
        code: NO_REQUEST,
        title: "this is no request of the Engine API",
        meaning: "The request cannot be read as the daemon would read it, or it can be read in more than one way, so a gateway refuses \
                  it before it asks who sent it.",
        remedy: "sealock policy explain policy.toml --as cn:alice GET /v1.41/containers/json",
    },
    Entry {
        code: NOT_LEARNING,
        title: "the gateway does not learn",
        meaning: "A gateway notes what is asked only while its policy says so; then it also refuses nothing that no denial takes away.",
        remedy: "In the policy:\n  mode = \"learn\"\nThen, after the work to be learned from:\n  sealock policy learned > learned.toml",
    },
];
