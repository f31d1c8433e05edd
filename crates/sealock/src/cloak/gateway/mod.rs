//! The same movement with a gateway in front: the daemon stays as it is, and a service of our own listens, demands
//! certificates, and asks the policy.

mod drift;
mod mode;
pub(crate) mod place;
mod plan;
pub(crate) mod policy;
mod recover;
mod steps;
mod units;

pub(crate) use drift::drift;
pub(crate) use mode::{check, wanted};
pub(crate) use place::seen;
pub(crate) use plan::{Front, front};
pub(crate) use policy::somebody_granted;
pub(crate) use recover::settle;
pub(crate) use steps::farewell;
