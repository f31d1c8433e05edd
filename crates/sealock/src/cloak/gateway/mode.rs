//! Who listens: the daemon itself, or a gateway in front of it.

use sealock_change::fs;
use sealock_host::desired::gateway::{Audit, Behind, Gateway};
use sealock_host::{Desired, Observed, desired};

use super::plan::find_systemd;
use super::units::SERVICE;
use crate::cli::{Mode, Up};
use crate::commands::gateway::codes;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// How long a revocation list lives that is written and read on one host: it is never late there, and without an agent
/// nobody is to be locked out after a week.
const LIST_LIFE: std::time::Duration = desired::LEAF_LIFE;

/// Puts what `up` was told about the mode into the desired state.
pub(crate) fn wanted(
    session: &Session,
    args: &Up,
    observed: &Observed,
    desired: &mut Desired,
) -> Result<(), Failure> {
    match (args.mode, &mut desired.gateway) {
        (Some(Mode::Gateway), None) => {
            let beside = session.config.parent().map(|dir| dir.join("policy.toml"));
            desired.gateway = Some(Gateway {
                docker: Some(Behind::Unix(observed.socket.clone())),
                policy: beside,
                audit: Some(Audit::to(desired::gateway::AUDIT)),
                ..Gateway::default()
            });
            if desired.authority.crl_life == desired::CRL_LIFE {
                desired.authority.crl_life = LIST_LIFE;
            }
        }
        (Some(Mode::Daemon), gateway) => *gateway = None,
        (_, _) => {}
    }
    if let Some(path) = &args.policy {
        let Some(gateway) = &mut desired.gateway else {
            return Err(
                Failure::own(codes::OTHER_MODE, "a policy needs a gateway that asks it")
                    .help("sealock up --mode gateway --policy FILE")
                    .exit(Exit::Usage),
            );
        };
        let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        gateway.policy = Some(path);
    }
    Ok(())
}

/// Refuses to go from one mode to the other in one step: `observed` is the daemon as it is, not relocated.
pub(crate) fn check(desired: &Desired, observed: &Observed) -> Result<(), Failure> {
    let refuse =
        |headline: &str, why: String| Err(Failure::own(codes::OTHER_MODE, headline).because(why));
    if desired.gateway.is_none() {
        let installed = find_systemd().is_ok_and(|systemd| systemd.unit(SERVICE).exists());
        return match installed {
            true => refuse(
                "a gateway listens in front of this daemon",
                format!("{SERVICE} is installed; `sealock down` takes it away"),
            )
            .map_err(|failure| failure.help("sealock down\nsealock up")),
            false => Ok(()),
        };
    }
    if observed.drop_in().is_some() || fs::stat(&observed.directory.join("live"))?.is_some() {
        return refuse(
            "this daemon listens itself",
            format!(
                "its certificates are in {}; `sealock down` puts it back on its socket",
                observed.directory.display()
            ),
        );
    }
    Ok(())
}
