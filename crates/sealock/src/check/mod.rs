//! `sealock check`: look, judge, tell, and mend what can be mended.
//!
//! Looking is the work of `host` (inside), `probe` (outside) and the vault; judging is `sealock_check`'s. Here both
//! are wired together, and the result is told: as text, as JSON, as metrics.

mod door;
pub(crate) mod fix;
pub(crate) mod json;
pub(crate) mod keeping;
pub(crate) mod look;
pub(crate) mod metrics;
pub(crate) mod overview;
pub(crate) mod places;
pub(crate) mod report;
pub(crate) mod services;
pub(crate) mod text;
pub(crate) mod visitors;
pub(crate) mod watch;
