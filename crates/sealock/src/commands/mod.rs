//! One file for each verb.

pub(crate) mod agent;
pub(crate) mod apply;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod ca;
pub(crate) mod cert;
pub(crate) mod check;
pub(crate) mod client;
pub(crate) mod demo;
pub(crate) mod down;
pub(crate) mod explain;
pub(crate) mod gateway;
pub(crate) mod help;
pub(crate) mod import;
pub(crate) mod policy;
pub(crate) mod registry;
pub(crate) mod rekey;
pub(crate) mod renew;
pub(crate) mod retire;
pub(crate) mod revoke;
pub(crate) mod rotate;
pub(crate) mod scope;
pub(crate) mod service;
pub(crate) mod session;
pub(crate) mod status;
pub(crate) mod up;
