//! `kill -9`: the key ends with the process that held it, and the next session tidies up.

use std::fs;
use std::io::ErrorKind;

use sealock_testkit::process::runs;
use sealock_vault::StateKind;

use super::{Desk, Live, inventory, session};

#[test]
fn a_killed_session_leaves_links_that_lead_nowhere_and_the_next_one_clears_them_away() {
    let desk = Desk::new("killed");
    let alive = Live::start(&desk.sealock, &[]);
    let mut killed = Live::start(&desk.sealock, &[]);
    assert!(fs::read(killed.key()).is_ok());
    killed.kill();
    // The command goes on, with nothing in its hands.
    assert!(runs(killed.command));
    assert!(fs::symlink_metadata(killed.key()).unwrap().is_symlink());
    for name in ["ca.pem", "cert.pem", "key.pem"] {
        let error = fs::read(killed.directory.join(name)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{name}");
    }
    let states = |desk: &Desk| -> Vec<StateKind> {
        let (_, sessions) = inventory(&desk.sealock);
        sessions.iter().map(|entry| entry.state.kind()).collect()
    };
    assert_eq!(states(&desk), [StateKind::Active, StateKind::Active]);

    // Another user's home, which knows nothing of it, clears away the links and keeps silent about the rest.
    let other = Desk::new("other");
    let _ = other.sealock.run(&session(&[], "true")).expect_code(0);
    assert!(!killed.directory.exists() && alive.directory.exists());
    assert_eq!(states(&desk), [StateKind::Active, StateKind::Active]);

    let mut second = Live::start(&desk.sealock, &[]);
    second.kill();
    let _ = desk.sealock.run(&session(&[], "true")).expect_code(0);
    assert!(!second.directory.exists() && alive.directory.exists());
    let after = states(&desk);
    // The one whose links the other home has cleared away is forgotten by its expiry.
    let expected = [
        StateKind::Active,
        StateKind::Active,
        StateKind::Withdrawn,
        StateKind::Withdrawn,
    ];
    assert_eq!(after, expected);
    assert!(fs::read(alive.key()).is_ok());
    assert_eq!(alive.end(), Some(0));
}

#[test]
fn many_at_once_do_not_take_each_other_for_dead() {
    let desk = Desk::new("many");
    let sessions: Vec<_> = std::thread::scope(|scope| {
        let begun: Vec<_> = (0..12)
            .map(|_| {
                scope.spawn(|| {
                    desk.sealock
                        .run(&session(&[], "cat $DOCKER_CERT_PATH/key.pem"))
                })
            })
            .collect();
        begun.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let mut keys: Vec<String> = sessions
        .into_iter()
        .map(|outcome| outcome.expect_code(0).stdout)
        .collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 12);
    let (_, sessions) = inventory(&desk.sealock);
    assert_eq!(sessions.len(), 12);
    assert!(
        sessions
            .iter()
            .all(|entry| entry.state.kind() == StateKind::Withdrawn)
    );
}
