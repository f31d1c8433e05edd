//! Bad input of every kind ends in an error with code, where, cause, state and help, the right exit code, and
//! nothing changed. What is said is written down in `snapshots/`, one page for each topic, to be read by people.

mod archives;
mod bundles;
mod certificates;
mod clients;
mod daemon;
mod environment;
mod files;
mod ground;
mod passphrases;
mod requests;
mod toml;
mod vault;
mod words;
