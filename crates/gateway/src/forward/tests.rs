//! A port behind a whole gateway: over a unix socket, and over TLS.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use sealock_policy::Name;
use sealock_tls::{Client, ClientSettings, Clock, TlsStream, Trust, Versions};

use crate::front::{Front, SOON, Talk, records, settings, tcp_service, this_user};
use crate::material::tests::World;
use crate::{Bind, Gateway, Service, Upstream};

fn port(upstream: Upstream, allow: Vec<Name>, proxy_header: bool) -> Service {
    Service::Tcp {
        upstream,
        allow,
        proxy_header,
    }
}

#[test]
fn each_direction_ends_by_itself_and_the_bytes_are_counted() {
    let front = Front::new(|upstream| port(upstream, vec![this_user()], false));
    for client_first in [true, false] {
        let mut client = front.client();
        let mut service = front.service();
        client.say("question");
        service.hears("question");
        if client_first {
            client.half_close();
            assert_eq!(service.rest(), "");
            // The answer comes long after the question ended.
            std::thread::sleep(std::time::Duration::from_millis(300));
            service.say("answer");
            drop(service);
            assert_eq!(client.rest(), "answer");
        } else {
            service.say("answer");
            service.half_close();
            assert_eq!(client.rest(), "answer");
            client.say("more");
            client.half_close();
            assert_eq!(service.rest(), "more");
        }
    }
    let records = front.records();
    let said: Vec<_> = records
        .iter()
        .map(|one| {
            (
                one["event"].as_str().unwrap(),
                one["received"].as_u64(),
                one["sent"].as_u64(),
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            ("open", None, None),
            ("close", Some(8), Some(6)),
            ("open", None, None),
            ("close", Some(12), Some(6)),
        ]
    );
    assert_eq!(records[0]["decision"], "allow");
    assert_eq!(records[0]["rule"], this_user().to_string());
    assert_eq!(records[1]["connection"], records[0]["connection"]);
    assert!(records[1].get("detail").is_none(), "{}", records[1]);
}

#[test]
fn sixteen_mebibytes_each_way_at_once() {
    let front = Front::new(|upstream| port(upstream, vec![this_user()], false));
    let mut client = front.client();
    let mut service = front.service();
    let piece = vec![0x5a; 1 << 16];
    std::thread::scope(|scope| {
        for end in [&mut client, &mut service] {
            let piece = &piece;
            scope.spawn(move || {
                for _ in 0..256 {
                    end.send(piece);
                    assert!(end.take(piece.len()) == *piece);
                }
            });
        }
    });
    drop((client, service));
    let records = front.records();
    assert_eq!(
        (&records[1]["received"], &records[1]["sent"]),
        (&(16 << 20).into(), &(16 << 20).into())
    );
}

#[test]
fn who_is_not_on_the_list_gets_nothing() {
    for allow in [Vec::new(), vec![Name::Cn("alice".to_owned())]] {
        let front = Front::new(|upstream| port(upstream, allow, false));
        let mut client = front.client();
        assert_eq!(client.rest(), "");
        front.nobody_comes();
        let records = front.records();
        assert_eq!(records.len(), 1);
        assert_eq!(records[0]["event"], "refused");
        assert_eq!(
            (&records[0]["decision"], &records[0]["code"]),
            (&"deny".into(), &"SL-G056".into())
        );
        assert_eq!(records[0]["caller"], this_user().to_string());
    }
}

#[test]
fn a_service_that_is_not_there_is_told_in_the_audit() {
    let front = Front::new(|upstream| port(upstream, vec![this_user()], false));
    front.service_ends();
    assert_eq!(front.client().rest(), "");
    let records = front.records();
    let detail = records[1]["detail"].as_str().unwrap();
    assert!(
        detail.starts_with("the service does not answer: "),
        "{detail}"
    );
}

#[test]
fn a_service_is_told_who_comes_before_anything_else() {
    let front = Front::new(|upstream| port(upstream, vec![this_user()], true));
    let mut client = front.client();
    let mut service = front.service();
    // The header comes at once: services wait for it.
    let start = service.take(16);
    assert_eq!(&start[..14], b"\r\n\r\n\0\r\nQUIT\n\x21\x00");
    let length = usize::from(u16::from_be_bytes([start[14], start[15]]));
    let records_of_header = service.take(length);
    client.say("x");
    service.hears("x");
    drop((client, service));
    let connection = front.records()[0]["connection"]
        .as_str()
        .unwrap()
        .to_owned();
    let text = String::from_utf8_lossy(&records_of_header).into_owned();
    assert!(
        text.contains(&connection) && text.ends_with(&this_user().to_string()),
        "{text:?}"
    );
}

/// Alice on TLS, in front of a TCP service.
fn alice(world: &World, audit: &Path, then: impl FnOnce(TlsStream<TcpStream>, TcpStream, Talk)) {
    let (upstream, service) = tcp_service();
    let allow = vec![Name::Cn("alice".to_owned())];
    let at = Bind::Tcp("127.0.0.1:0".parse().unwrap());
    let settings = settings(
        at,
        port(upstream, allow, false),
        audit.to_owned(),
        Some(world.sources()),
    );
    let gateway = Gateway::start(settings, Vec::new()).unwrap();
    let client = Client::new(ClientSettings {
        trust: Trust::Anchors(vec![world.server_anchor()]),
        identity: Some(world.identity()),
        versions: Versions::Both,
        clock: Clock::System,
    })
    .unwrap();
    let socket = TcpStream::connect(gateway.places()[0].address.unwrap()).unwrap();
    socket.set_read_timeout(Some(SOON)).unwrap();
    let plain = socket.try_clone().unwrap();
    let stream = client
        .connect(socket, &"localhost".parse().unwrap())
        .unwrap();
    let (behind, _) = service.accept().unwrap();
    then(stream, plain, Talk::of_tcp(behind));
    // Its end has to be seen before the gateway ends.
    while gateway.connections() > 0 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

#[test]
fn a_service_does_not_take_a_cut_off_upload_for_a_whole_one() {
    let world = World::new();
    let audit = world.folder.join("audit");
    alice(&world, &audit, |mut stream, socket, mut service| {
        stream.write_all(b"half of it").unwrap();
        service.hears("half of it");
        // The socket ends, TLS does not: somebody on the way can do that.
        socket.shutdown(std::net::Shutdown::Write).unwrap();
        assert_eq!(service.breaks(), ErrorKind::ConnectionReset);
    });
    let records = records(&audit);
    assert_eq!(records[1]["detail"], "the caller broke off");
    assert_eq!(records[0]["caller"], "cn:alice");
    assert_eq!(records[0]["issuer"], world.alice.0.issuer().to_string());
}

#[test]
fn who_is_cut_in_the_middle_of_an_upload_has_not_said_all() {
    let world = World::new();
    let audit = world.folder.join("audit");
    alice(&world, &audit, |mut stream, _, mut service| {
        stream.write_all(b"half of it").unwrap();
        service.hears("half of it");
        world.publish(2, &[&world.alice.0]);
        assert_eq!(service.breaks(), ErrorKind::ConnectionReset);
    });
    let records = records(&audit);
    assert!(
        records.iter().any(|one| one["event"] == "cut"),
        "{records:?}"
    );
}

#[test]
fn nobody_is_joined_with_a_service_while_records_are_required_and_cannot_be_written() {
    let front = Front::try_new(
        |upstream| port(upstream, vec![this_user()], false),
        "/dev/full",
    )
    .unwrap();
    // The record of the gateway's own begin is the first that cannot be written, and that is not seen at once.
    for _ in 0..400 {
        if front.client().ends_within(Duration::from_millis(50)) {
            return;
        }
    }
    panic!("they are let in for ever");
}

#[test]
fn a_meant_end_over_tls_is_an_end() {
    let world = World::new();
    let audit = world.folder.join("audit");
    alice(&world, &audit, |mut stream, _, mut service| {
        service.say("hello");
        drop(service);
        let mut said = Vec::new();
        stream.read_to_end(&mut said).unwrap();
        assert_eq!(said, b"hello");
    });
    assert_eq!(records(&audit)[1]["event"], "close");
}
