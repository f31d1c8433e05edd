//! The movement itself: observe, plan, show, ask, apply, prove.
//!
//! `host` makes the changes and cannot speak TLS; `probe` speaks TLS and cannot change anything. They
//! meet here, and only as steps of one plan: [`proof::Baseline`] first, [`proof::Prove`] last.

pub(crate) mod clients;
pub(crate) mod course;
pub(crate) mod credentials;
pub(crate) mod desired;
pub(crate) mod gateway;
pub(crate) mod generation;
pub(crate) mod keep;
pub(crate) mod prepare;
pub(crate) mod proof;
pub(crate) mod registries;
pub(crate) mod rehearsal;
pub(crate) mod renew;
pub(crate) mod replace;
pub(crate) mod revoked;
pub(crate) mod rotation;
pub(crate) mod run;
pub(crate) mod scopes;
pub(crate) mod services;
pub(crate) mod show;
pub(crate) mod singles;
pub(crate) mod targets;
pub(crate) mod up;
pub(crate) mod waiting;
