//! Reading a request as the daemon would, and writing it anew.

mod body;
mod call;
mod catalogue;
mod content;
mod filters;
mod json;
mod percent;
mod query;
mod request;
mod route;
mod routes;
mod target;
mod unclean;
mod version;

pub use call::{Call, Verb};
pub use catalogue::CATALOGUE;
pub use filters::Filters;
pub use json::Json;
pub use query::Query;
pub use request::{Incoming, Reading, Request};
pub use route::{BodyRule, Method, Route, Upgrade};
pub use unclean::Unclean;
pub use version::{ApiVersion, NoVersion};
