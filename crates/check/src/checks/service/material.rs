//! Files and certificates of services are judged like the daemon's.

use crate::Severity;
use crate::seen::{FileState, Role};
use crate::testing::*;

/// Changes a healthy world.
type Break = fn(&mut World);

fn serve(world: &mut World, names: &[&str], life: std::time::Duration) {
    let leaf = server_leaf(
        &world.server_anchor,
        &world.server_key,
        names,
        NOW - DAY / 2,
        life,
    );
    let bytes = pem(std::slice::from_ref(&leaf));
    let (certificate, key_of) = (Role::ServiceCertificate, key_pem(&world.server_key));
    *world.service_file(certificate) = file("/etc/cache/tls/cert.pem", certificate, &bytes);
    *world.service_file(Role::ServiceKey) =
        file("/etc/cache/tls/key.pem", Role::ServiceKey, &key_of);
    world.door_mut().chain = vec![leaf];
}

#[test]
fn what_is_wrong_with_a_service_has_the_codes_of_the_daemon() {
    let table: [(&str, Break); 13] = [
        ("SL-F301", |world| {
            serve(world, &["127.0.0.1"], DAY / 4);
        }),
        ("SL-F303", |world| {
            serve(world, &["127.0.0.1"], DAY * 3 / 5);
        }),
        ("SL-F304", |world| {
            serve(world, &["cache.example.org"], 90 * DAY);
            world.door_mut().name = Some("other.example.org".parse().unwrap());
        }),
        ("SL-F305", |world| {
            serve(world, &["cache.example.org"], 90 * DAY);
        }),
        ("SL-F316", |world| {
            let stranger = anchor(sealock_pki::Purpose::Server, 7);
            world.door_mut().anchors = vec![stranger.certificate().clone()];
        }),
        ("SL-F401", |world| {
            *world.service_file(Role::ServiceKey) =
                absent("/etc/cache/tls/key.pem", Role::ServiceKey);
        }),
        ("SL-F402", |world| {
            *world.service_file(Role::ServiceCertificate) =
                absent("/etc/cache/tls/cert.pem", Role::ServiceCertificate);
        }),
        ("SL-F404", |world| {
            *world.service_file(Role::ServiceAnchors) =
                file("/etc/cache/tls/ca.pem", Role::ServiceAnchors, b"");
        }),
        ("SL-F408", |world| {
            let other = key_pem(&key());
            *world.service_file(Role::ServiceKey) =
                file("/etc/cache/tls/key.pem", Role::ServiceKey, &other);
        }),
        ("SL-F409", |world| {
            world.service_file(Role::ServiceKey).mode = 0o644;
        }),
        ("SL-F413", |world| {
            world.service_file(Role::ServiceKey).state = FileState::Directory;
        }),
        ("SL-F414", |world| {
            world.service_file(Role::ServiceCertificate).mode = 0o666;
        }),
        ("SL-F420", |world| {
            let key = world.service_file(Role::ServiceKey);
            (key.uid, key.rightful_uid) = (1000, 999);
        }),
    ];
    for (code, change) in table {
        let mut world = World::new().with_service();
        change(&mut world);
        assert_eq!(world.codes(), [code]);
    }
}

/// A service that stumbled over its key is not reached: that follows, and is not told by itself.
#[test]
fn a_missing_key_explains_a_service_that_is_not_reached() {
    let mut world = World::new().with_service();
    let door = world.door_mut();
    door.seen.unreached = Some("the connection was refused".to_owned());
    (door.seen.tls, door.seen.with, door.foreign) = (None, None, None);
    door.chain.clear();
    assert_eq!(world.codes(), ["SL-F657"]);
    *world.service_file(Role::ServiceKey) = absent("/etc/cache/tls/key.pem", Role::ServiceKey);
    let found = crate::findings(&world.seen, crate::Perspective::Service);
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].check.code, found[0].severity),
        ("SL-F401", Severity::Down)
    );
    assert_eq!(found[0].consequences[0].code, "SL-F657");
}

#[test]
fn a_missing_name_is_added_to_the_services_table() {
    let mut world = World::new().with_service();
    world.door_mut().name = Some("other.example.org".parse().unwrap());
    let found = crate::findings(&world.seen, crate::Perspective::Service);
    let spot = &found[0].spots[0];
    assert_eq!(spot.place, "127.0.0.1:6379");
    let help = spot.help.as_deref().unwrap();
    assert!(
        help.starts_with("Add \"other.example.org\" to `names`"),
        "{help}"
    );
}
