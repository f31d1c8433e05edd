//! Sessions beside other work on the same vault: neither waits for the other, and none is pulled from under the other.

use sealock_change::Store;
use sealock_testkit::clients::{Request, Tls};
use sealock_testkit::lab::Version;

use super::{Desk, Live, session};
use crate::common::Host;

#[test]
fn a_run_that_is_under_way_and_a_session_do_not_wait_for_each_other() {
    let desk = Desk::new("beside");
    let store = Store::open(desk.sealock.home().join("changes")).unwrap();
    let lock = store.lock().unwrap();
    let live = Live::start(&desk.sealock, &[]);
    let _ = desk.sealock.run(&session(&[], "true")).expect_code(0);
    drop(lock);
    // A change of the same vault in the middle of the session.
    let _ = desk.sealock.run(&["client", "add", "bob"]).expect_code(0);
    assert!(std::fs::read(live.key()).is_ok());
    assert_eq!(live.end(), Some(0));
}

#[test]
fn a_rotation_waits_for_the_end_of_a_session_that_began_before_it() {
    let host = Host::new(Version::V28);
    let _ = host.up(&[]).expect_code(0);
    let old = Live::start(&host.sealock, &[]);
    let waits = host.sealock.run(&["ca", "rotate", "--yes"]).expect_code(3);
    let told = format!("{}{}", waits.stdout, waits.stderr);
    assert!(told.contains("alice  (last: a session until 20"), "{waits}");
    // One that begins now has a certificate of the new anchor, and trusts both servers.
    let new = Live::start(&host.sealock, &[]);
    let anchors = std::fs::read_to_string(new.directory.join("ca.pem")).unwrap();
    assert_eq!(anchors.matches("BEGIN CERTIFICATE").count(), 2);
    let gets_in = |live: &Live| {
        Request::new("127.0.0.1", host.port, &live.directory)
            .curl(Tls::V13)
            .expect_in();
    };
    gets_in(&old);
    gets_in(&new);
    let directory = old.directory.clone();
    assert_eq!(old.end(), Some(0));
    assert!(!directory.exists());
    let _ = host.sealock.run(&["ca", "rotate", "--yes"]).expect_code(0);
    gets_in(&new);
    assert_eq!(new.end(), Some(0));
    host.lives();
}
