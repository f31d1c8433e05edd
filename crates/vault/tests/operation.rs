//! What the vault knows of rotations and rekeys.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod house;

use house::*;
use sealock_pki::{Purpose, Timestamp};
use sealock_vault::{OperationKind, Phase, Scope, Succession};

#[test]
fn an_operation_that_ended_is_found_by_the_time_of_its_end() {
    let house = House::new("operation");
    let mut vault = house.vault();
    let main = name("main");
    found(&mut vault, &main).unwrap();
    let (began, ended) = (Timestamp::from_unix(1_000), Timestamp::from_unix(2_000));
    let successions = [Succession {
        purpose: Purpose::Client,
        from: 1,
        to: 2,
    }];
    let begin = |vault: &mut sealock_vault::Vault, kind| {
        vault
            .begin_operation(&main, Scope::own(), kind, &successions, began)
            .unwrap();
        vault.operation(&main, Scope::own()).unwrap().unwrap()
    };

    // One that was given up changed nothing, so no run can have been its last.
    let given_up = begin(&mut vault, OperationKind::Rotation);
    vault.cancel_operation(&given_up, ended).unwrap();
    assert_eq!(
        vault.ended_operation(&main, Scope::own(), ended).unwrap(),
        None
    );

    let rekey = begin(&mut vault, OperationKind::Rekey);
    assert_eq!(
        vault.ended_operation(&main, Scope::own(), ended).unwrap(),
        None
    );
    vault
        .advance_operation(&main, &rekey, Phase::Dropped, &[], ended)
        .unwrap();
    let found = vault
        .ended_operation(&main, Scope::own(), ended)
        .unwrap()
        .unwrap();
    assert_eq!((found.id, found.kind), (rekey.id, OperationKind::Rekey));
    assert_eq!(
        vault.ended_operation(&main, Scope::own(), began).unwrap(),
        None
    );
    assert_eq!(vault.operation(&main, Scope::own()).unwrap(), None);
}
