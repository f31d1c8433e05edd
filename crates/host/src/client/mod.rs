//! The docker client's side: bundles, and how they reach each client.
//!
//! A [`Bundle`] is the three files that every docker client reads. It goes to a [`Place`] (`~/.docker`, a
//! directory of its own, a Docker context) as edits of a plan, or into an archive. [`env`](fn@env) and
//! [`usage`](fn@usage) tell shells and programs about it, [`select`](fn@select) says which daemon the
//! CLI would talk to, and [`farewell`](fn@farewell) what a removed client can still do.
//!
//! Nothing here writes: every change is an [`Edit`](sealock_change::Edit).

mod archive;
mod bundle;
mod catalogue;
mod config;
mod context;
mod endpoint;
mod error;
mod farewell;
#[cfg(test)]
pub(crate) mod fixture;
mod place;
mod select;
mod shell;
mod usage;

pub use archive::{LARGEST_ARCHIVE, Unpacked, archive_edit};
pub use bundle::Bundle;
pub use catalogue::CATALOGUE;
pub use config::{current_context, with_current_context};
pub use context::{ContextMeta, ContextName, ContextPaths, DEFAULT_CONTEXT};
pub use endpoint::{Endpoint, TLS_PORT};
pub use error::{ArchiveFault, BundleFile, ClientError, Misfit, NameFault, Obstacle};
pub use farewell::{Farewell, Front, farewell, revoked};
pub use place::{
    Claim, Place, StoredContext, WhenCurrent, installed, plan_install, plan_remove, plan_use,
};
pub use select::{Because, CliFlags, Reach, Selection, Surroundings, TlsUse, config_dir, select};
pub use shell::{Shell, env, env_unset};
pub use usage::{ClientProgram, usage};
