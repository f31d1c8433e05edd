//! Who may do what with the Engine API.
//!
//! A request is read as the daemon would read it (the same routes, the same JSON), judged by a policy,
//! and written anew: what was judged is what is forwarded. Nothing here knows a socket, a file or a
//! clock; what only the daemon knows (which container a name means, what labels it has) is asked for
//! with a question and judged again with the answer.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod answer;
mod caller;
mod judge;
mod learn;
mod policy;
pub mod read;
mod trial;

pub use answer::{AnswerRule, Keep, Sieve, Whole};
pub use caller::{Caller, Name};
pub use judge::{
    CATALOGUE as JUDGEMENTS, Decision, ExecMakers, Facts, Granted, Judgement, Object, Place,
    Question, Reason, Refusal, Verdict, judge,
};
pub use learn::{BrokenState, Learned};
pub use policy::{Cell, GrantView, Mode, OWNER, Policy, PolicyError, Remark, RoleView, calls};
pub use read::{
    ApiVersion, BodyRule, Call, Filters, Incoming, Json, Method, Query, Reading, Request, Route,
    Unclean, Upgrade, Verb,
};
pub use trial::{Asked, Assumed, Case, Tried};
