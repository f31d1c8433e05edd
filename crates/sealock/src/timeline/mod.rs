//! What expires when: anchors, the daemon, clients, single certificates and revocation lists, in the order of their ends.

mod draw;
mod items;
mod usage;

pub(crate) use draw::{draw, json, left};
pub(crate) use items::{Item, Kind, items, next_due, operations};
pub(crate) use usage::{Users, is_in_use};
