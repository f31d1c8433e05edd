//! What other tools have left: found, judged, and adopted.

pub(crate) mod adopt;
pub(crate) mod choice;
pub(crate) mod codes;
pub(crate) mod judge;
pub(crate) mod lot;
mod members;
pub(crate) mod movement;
pub(crate) mod names;
pub(crate) mod tell;
pub(crate) mod wanted;
