//! A service in a rehearsal: a server of ours shows the new certificate on a port of its own, in the stead of each door.

use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;

use sealock_engine::{Engine, Mode};
use sealock_pki::{Certificate, Fingerprint};
use sealock_service::{Clients, Door, Protocol};
use sealock_tls::{Clock, Identity};

use super::kit::Kit;
use super::part::with_name;
use super::proof::judge;
use crate::catalogue;
use crate::failure::Failure;

/// What stands in for a service: its own certificate, and those whose clients it is to let in.
pub(crate) struct StandIn {
    pub(super) name: String,
    pub(super) identity: Identity,
    pub(super) anchors: Vec<Certificate>,
    pub(super) leaf: Fingerprint,
    pub(super) doors: Vec<Door>,
    /// How the service itself would take it up, in words.
    pub(super) take_up: String,
    pub(super) kit: Rc<Kit>,
}

impl StandIn {
    /// The service.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// How the service itself would take its files up.
    pub(crate) fn take_up(&self) -> &str {
        &self.take_up
    }

    /// Lets everybody of the kit knock at a stand-in of each door.
    pub(crate) fn prove(&self) -> Result<(), Failure> {
        for door in &self.doors {
            let identity = self.identity.clone();
            let mode = match door.clients {
                Clients::Required => Mode::Mutual {
                    identity,
                    anchors: self.anchors.clone(),
                },
                Clients::NotAsked => Mode::OneWay { identity },
            };
            let engine = Engine::start(&mode, IpAddr::V4(Ipv4Addr::LOCALHOST), Clock::System)?;
            let stand_in = Door {
                address: engine.address().to_string(),
                protocol: Protocol::Https,
                ..door.clone()
            };
            let found = judge(&[stand_in], self.leaf, &self.kit);
            if !found.failures.is_empty() {
                let failure = Failure::own(catalogue::REHEARSAL, "the rehearsal did not hold");
                let why = with_name(&self.name, &found.failures);
                return Err(failure.because(why.join("\n")));
            }
        }
        Ok(())
    }
}
