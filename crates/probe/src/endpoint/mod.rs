//! One look at an endpoint from outside, as every kind of client, into what checks read.

mod date;
mod look;
mod many;
mod modes;
mod notes;
mod outcome;
mod place;
mod stranger;
mod visitors;

pub use look::{Depth, look};
pub use many::{look_at_all, side_by_side};
pub use place::{Place, PlaceError};
pub use visitors::Visitors;
