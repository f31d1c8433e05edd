//! One file for each verb.

pub(crate) mod apply;
pub(crate) mod ca;
pub(crate) mod cert;
pub(crate) mod check;
pub(crate) mod client;
pub(crate) mod demo;
pub(crate) mod down;
pub(crate) mod explain;
pub(crate) mod help;
pub(crate) mod status;
pub(crate) mod up;
