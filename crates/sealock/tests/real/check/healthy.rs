//! A host that `up` has cloaked has no finding.

use sealock_testkit::lab::Version;

use crate::common::Host;

#[test]
fn a_cloaked_host_has_no_finding_on_20() {
    healthy(Version::V20);
}

#[test]
fn a_cloaked_host_has_no_finding_on_26() {
    healthy(Version::V26);
}

#[test]
fn a_cloaked_host_has_no_finding_on_28() {
    healthy(Version::V28);
}

fn healthy(version: Version) {
    let host = Host::new(version);
    let _ = host.up(&[]).expect_code(0);
    host.sealock.check(&[]).expect_nothing();
    let endpoint = format!("tcp://{}", host.listen());
    host.sealock.check(&[&endpoint]).expect_nothing();
    host.sealock.check(&["--client", "alice"]).expect_nothing();
}
