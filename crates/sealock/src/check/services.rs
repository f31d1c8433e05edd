//! Services: those of `sealock.toml`, with what their kinds say of their configuration, and those that were asked for.

use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

use sealock_check::seen::{File, Remark, Role, Service};
use sealock_host::{Desired, survey};
use sealock_pki::Timestamp;
use sealock_probe::service::{ServiceTarget, look_as};
use sealock_probe::{Visitors, side_by_side};
use sealock_service::{Clients, Holds, Kind};

use super::look::system;
use super::places::AskedService;

/// How a look at services is taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way<'a> {
    pub(crate) visitors: &'a Visitors,
    pub(crate) timeout: Duration,
    pub(crate) now: Timestamp,
}

/// Every service whose table its kind understands; only what their files say.
pub(super) fn on_disk(desired: Option<&Desired>) -> Vec<Service> {
    let wanted = desired.map_or(&[][..], |desired| &desired.services[..]);
    let services = wanted.iter().filter_map(|service| {
        let kind = service.kind().ok()?;
        let required = |clients| clients == Clients::Required;
        let remarks = kind.remarks().into_iter().map(|remark| Remark {
            code: remark.code,
            place: remark.place,
            cause: remark.cause,
            help: remark.help,
        });
        Some(Service {
            label: service.name.clone(),
            kind: Some(service.kind.clone()),
            clients: Some(kind.doors().iter().any(|door| required(door.clients))),
            doors: Vec::new(),
            files: files(&*kind),
            remarks: remarks.collect(),
        })
    });
    services.collect()
}

/// Fills in what the doors of services do.
pub(super) fn look_at(services: &mut [Service], desired: Option<&Desired>, way: Way<'_>) {
    let wanted = desired.map_or(&[][..], |desired| &desired.services[..]);
    let mut targets = Vec::new();
    for (at, service) in services.iter().enumerate() {
        let table = wanted.iter().find(|table| table.name == service.label);
        let kind = table.and_then(|table| table.kind().ok());
        let doors = kind.map(|kind| kind.doors()).unwrap_or_default();
        targets.extend(doors.into_iter().map(|door| {
            let target = ServiceTarget {
                address: door.address,
                server_name: door.server_name,
                protocol: door.protocol,
                timeout: way.timeout,
                at: way.now,
            };
            (at, target)
        }));
    }
    let mut looked: Vec<_> = targets.iter().map(|_| None).collect();
    let look = |(_, target): &(usize, ServiceTarget)| look_as(target, way.visitors);
    side_by_side(&targets, 8, look, &mut |index, door| {
        looked[index] = Some(door);
    });
    for ((at, _), door) in targets.iter().zip(looked) {
        if let Some(service) = services.get_mut(*at) {
            service.doors.extend(door);
        }
    }
}

/// A service that was asked for by its address; nobody knows whether it wants certificates of its clients.
pub(crate) fn asked(wanted: &AskedService, way: Way<'_>) -> Service {
    let target = ServiceTarget {
        address: wanted.address.clone(),
        server_name: wanted.name.value(),
        protocol: wanted.protocol,
        timeout: way.timeout,
        at: way.now,
    };
    Service {
        label: wanted.label.clone(),
        kind: None,
        clients: None,
        doors: vec![look_as(&target, way.visitors)],
        files: Vec::new(),
        remarks: Vec::new(),
    }
}

/// Key, certificate and anchors, as they lie there.
fn files(kind: &dyn Kind) -> Vec<File> {
    let system = system();
    let files = kind.files().into_iter().map(|file| {
        let role = match file.holds {
            Holds::Key => Role::ServiceKey,
            Holds::Certificate => Role::ServiceCertificate,
            Holds::Anchors => Role::ServiceAnchors,
        };
        let owner = file.owner.and_then(|account| account.resolve().ok());
        // Without a word about it, whoever has it may have it.
        let rightful = owner.map(|owner| owner.uid).or_else(|| {
            let metadata = std::fs::metadata(&file.path).ok()?;
            Some(metadata.uid())
        });
        survey::look(
            &*system,
            &file.path,
            role,
            true,
            rightful.unwrap_or_default(),
        )
    });
    files.collect()
}
