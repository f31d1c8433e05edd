//! The agent: one look, a loop of looks, a service of a real systemd, and a year of days.

mod machine;
mod once;
mod rounds;
mod stand_in;
mod year;
