//! The same movement for what serves beside the daemon: its files, how it takes them up, and the proof that it did.
//!
//! What a kind of service is stands in `sealock_service`; here a certificate is kept or issued for it, and steps are
//! made of what it says. No step here knows a kind by name.

mod certificate;
mod drift;
mod farewell;
mod kit;
mod part;
mod proof;
mod rehearsal;
mod released;
mod steps;

pub(crate) use certificate::known as certificate_of;
pub(crate) use drift::drift;
pub(crate) use farewell::farewell;
pub(crate) use part::{Act, Proofs, parts};
pub(crate) use released::{Released, released};
pub(crate) use steps::{Prove, Take};

use std::path::PathBuf;

use sealock_change::Edit;
use sealock_diag::escape;
use sealock_service::{Kind, Service, Unfit};

use crate::failure::Failure;
use crate::session::Session;

/// Every file that is ours to write for a service: what it reads, and its own configuration.
pub(crate) fn paths(kind: &dyn Kind) -> Vec<PathBuf> {
    let configuration = kind.configuration().unwrap_or_default();
    let configuration = configuration.iter().map(|edit| edit.path().to_owned());
    let files = kind.files().into_iter().map(|file| file.path);
    files
        .chain(kind.configured())
        .chain(configuration)
        .collect()
}

/// The kind of a service. A table that was read has one already.
pub(crate) fn kind(session: &Session, service: &Service) -> Result<Box<dyn Kind>, Failure> {
    service.kind().map_err(|problem| {
        let failure = Failure::own(
            crate::commands::service::codes::TABLE,
            format!("the service {} cannot be made so", service.name),
        )
        .at(session.config.display().to_string())
        .because(format!("{}: {}", problem.key, problem.problem));
        match problem.help {
            Some(help) => failure.help(help),
            None => failure,
        }
    })
}

/// Its own configuration, as changes.
fn configuration(service: &Service, kind: &dyn Kind) -> Result<Vec<Edit>, Failure> {
    kind.configuration().map_err(|unfit| match unfit {
        Unfit::Change(error) => Failure::new(&error),
        Unfit::Text { path, refused } => {
            let path = escape(&path.to_string_lossy());
            let failure = Failure::own(
                crate::commands::service::codes::CONFIGURATION,
                format!(
                    "the configuration of the service {} is not changed",
                    service.name
                ),
            )
            .at(match refused.line {
                Some(line) => format!("{path}, line {line}"),
                None => path,
            })
            .because(refused.problem);
            match refused.help {
                Some(help) => failure.help(help),
                None => failure,
            }
        }
    })
}
