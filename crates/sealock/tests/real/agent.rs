//! The agent: one look, a loop of looks, a service of a real systemd, and a year of days.

mod in_time;
mod machine;
mod once;
mod rounds;
mod stand_in;
mod year;
