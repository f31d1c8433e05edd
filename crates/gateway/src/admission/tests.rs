//! Real handshakes over loopback, and what is read and written behind them.

use super::*;
use crate::live::Live;
use crate::material::tests::{World, anchor, holder};
use crate::material::{Loaded, Material};
use crate::shared::Current;
use sealock_pki::Purpose;
use sealock_tls::{
    Client, ClientRefusal, ClientSettings, Clock, Identity, TlsStream, Trust, Versions,
};
use std::io::{Read, Write};
use std::net::TcpStream as Blocking;
use std::thread::JoinHandle;

const WITHIN: Duration = Duration::from_secs(5);

type Ended = Result<(Transport, Peer), Refused>;

/// Lets a client run on a thread of its own against one admission.
async fn meet<T: Send + 'static>(
    material: &Material,
    within: Duration,
    client: impl FnOnce(Blocking) -> T + Send + 'static,
) -> (Ended, JoinHandle<T>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap();
    let client = std::thread::spawn(move || {
        let socket = Blocking::connect(place).unwrap();
        socket.set_read_timeout(Some(WITHIN)).unwrap();
        socket.set_write_timeout(Some(WITHIN)).unwrap();
        client(socket)
    });
    let (socket, address) = listener.accept().await.unwrap();
    (
        admit(socket, address, material, Spoken::Http, within).await,
        client,
    )
}

/// A client of the world, with or without a certificate.
fn client(world: &World, identity: Option<Identity>, version: Version) -> Client {
    Client::new(ClientSettings {
        trust: Trust::Anchors(vec![world.server_anchor()]),
        identity,
        versions: Versions::Only(version),
        clock: Clock::Fixed(world.now),
    })
    .unwrap()
}

type Joined = (Transport, Peer, JoinHandle<()>);

/// Alice, let in; `then` runs on her side.
async fn alice(
    world: &World,
    material: &Material,
    version: Version,
    then: impl FnOnce(TlsStream<Blocking>) + Send + 'static,
) -> Joined {
    let client = client(world, Some(world.identity()), version);
    let (met, thread) = meet(material, WITHIN, move |socket| {
        let stream = client
            .connect(socket, &"localhost".parse().unwrap())
            .unwrap();
        then(stream);
    })
    .await;
    let (transport, peer) = met.unwrap();
    (transport, peer, thread)
}

#[tokio::test]
async fn a_verified_client_is_known_by_its_names() {
    let world = World::new();
    let material = world.load().unwrap();
    for version in Version::ALL {
        let (_, peer, thread) = alice(&world, &material, version, drop).await;
        thread.join().unwrap();
        assert_eq!(peer.caller().label(), "cn:alice");
        let leaf = peer.leaf().unwrap();
        assert_eq!(
            leaf.serial,
            world
                .alice
                .0
                .serial()
                .to_string()
                .replace(':', "")
                .to_lowercase()
        );
        assert_eq!(
            (leaf.spki.len(), leaf.not_after),
            (64, world.alice.0.not_after())
        );
        assert!(
            peer.caller()
                .names()
                .contains(&Name::Spki(leaf.spki.clone()))
        );
        assert_eq!(peer.epoch, 1);
        let secured = peer.secured.unwrap();
        assert_eq!((secured.version, secured.resumed), (version, false));
        assert!(peer.address.to_string().starts_with("127.0.0.1:"));
    }
}

#[test]
fn the_most_telling_name_comes_first() {
    let world = World::new();
    let sans = ["email:a@b.example", "URI:spiffe://x/a"];
    let all: Vec<_> = sans.iter().map(|san| san.parse().unwrap()).collect();
    let (certificate, _) = holder(&world.clients, Purpose::Client, &all, "al", world.now);
    let leaf = Leaf::of(&certificate);
    let kinds: Vec<_> = names_of(&certificate, &leaf)
        .iter()
        .map(Name::kind)
        .collect();
    assert_eq!(kinds, ["uri", "cn", "email", "spki", "serial"]);
}

#[tokio::test]
async fn who_is_not_let_in_is_counted_by_reason() {
    let world = World::new();
    let material = world.load().unwrap();
    let other = anchor(Purpose::Client, 5, world.now);
    let (certificate, key) = holder(&other, Purpose::Client, &[], "mallory", world.now);
    let mallory = Identity::new(vec![certificate], &key).unwrap();
    world.publish(2, &[&world.alice.0]);
    let later = world.load().unwrap();
    for version in Version::ALL {
        for (material, identity, reason) in [
            (&material, None, "no-certificate"),
            (&material, Some(mallory.clone()), "untrusted"),
            (&later, Some(world.identity()), "revoked"),
        ] {
            let client = client(&world, identity, version);
            let (met, thread) = meet(material, WITHIN, move |socket| {
                let mut stream = client.connect(socket, &"localhost".parse().unwrap())?;
                stream
                    .read(&mut [0; 16])
                    .map_err(|error| TlsError::from_io(&error))
            })
            .await;
            let refused = met.unwrap_err();
            assert_eq!(refused.reason(), reason, "{refused}");
            assert!(refused.code().to_string().starts_with("SL-T12"));
            // The client hears an alert, and no reset that would swallow it.
            let told = thread.join().unwrap().unwrap_err();
            assert!(matches!(told, TlsError::AlertReceived { .. }), "{told}");
        }
    }
}

#[tokio::test]
async fn a_list_that_goes_overdue_shuts_the_door() {
    let world = World::new();
    let second = Duration::from_secs(1);
    world.publish_dated(1, &[], world.now - second * 60, world.now + second);
    let material = Material::load(&world.sources(), Clock::System).unwrap();
    while Clock::System.now() <= world.now + second {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let client = client(&world, Some(world.identity()), Version::Tls13);
    let (met, thread) = meet(&material, WITHIN, move |socket| {
        let _refused = client
            .connect(socket, &"localhost".parse().unwrap())
            .map(|mut stream| stream.read(&mut [0; 16]));
    })
    .await;
    let refused = met.unwrap_err();
    assert!(
        matches!(
            refused,
            Refused::Tls(TlsError::ClientRefused(
                ClientRefusal::RevocationUnknown { .. }
            ))
        ),
        "{refused}"
    );
    thread.join().unwrap();
}

#[tokio::test]
async fn who_got_in_earlier_lapses_with_the_list_and_comes_back_with_the_next() {
    let world = World::new();
    let second = Duration::from_secs(1);
    world.publish_dated(1, &[], world.now - second * 60, world.now + second);
    let material = Arc::new(Material::load(&world.sources(), Clock::System).unwrap());
    let current = Current::default();
    current.replace(|snapshot| snapshot.material = Some(material.clone()));
    let (_, peer, thread) = alice(&world, &material, Version::Tls13, drop).await;
    thread.join().unwrap();
    assert!(!peer.lapsed(&current));
    while Clock::System.now() <= world.now + second {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(peer.lapsed(&current));
    world.publish(2, &[]);
    let next = reloaded(&material, &world);
    current.replace(|snapshot| snapshot.material = Some(next));
    assert!(!peer.lapsed(&current));
}

#[tokio::test]
async fn plain_http_is_answered_as_a_daemon_answers_it() {
    let world = World::new();
    let material = world.load().unwrap();
    let (met, thread) = meet(&material, WITHIN, |mut socket| {
        // More than one read takes: the answer must survive what is left over.
        let head = format!("GET /_ping HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(20_000));
        socket.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        answer
    })
    .await;
    assert_eq!(met.unwrap_err().reason(), "plain-text");
    let answer = thread.join().unwrap();
    assert!(
        answer.starts_with("HTTP/1.0 400 Bad Request\r\n\r\n"),
        "{answer}"
    );
    assert!(answer.contains("Client sent an HTTP request to an HTTPS server."));
    let (met, thread) = meet(&material, WITHIN, |mut socket| {
        socket.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").unwrap();
        let mut answer = Vec::new();
        let _reset = socket.read_to_end(&mut answer);
        answer
    })
    .await;
    assert_eq!(met.unwrap_err().reason(), "plain-text");
    assert!(thread.join().unwrap().is_empty(), "we do not speak that");
}

#[tokio::test]
async fn whoever_is_slow_or_endless_is_let_go() {
    let world = World::new();
    let material = world.load().unwrap();
    let (met, thread) = meet(&material, Duration::from_millis(100), |mut socket| {
        socket.write_all(&[22, 3, 1, 2]).unwrap();
        let _closed = socket.read(&mut [0; 16]);
    })
    .await;
    let refused = met.unwrap_err();
    assert_eq!(
        (refused.code(), refused.reason()),
        (Code("SL-G020"), "too-slow")
    );
    drop(refused);
    thread.join().unwrap();
    let (met, thread) = meet(&material, WITHIN, |mut socket| {
        // A ClientHello of 65,000 bytes, as far as it is taken.
        let mut record = vec![22, 3, 1, 0x3f, 0xff, 1, 0, 0xfd, 0xe8];
        record.resize(5 + 0x3fff, 0);
        for _ in 0..4 {
            if socket.write_all(&record).is_err() {
                return;
            }
            record[5..9].fill(0);
        }
    })
    .await;
    let refused = met.unwrap_err();
    assert_eq!(
        (refused.code(), refused.reason()),
        (Code("SL-G021"), "too-much")
    );
    thread.join().unwrap();
    let (met, thread) = meet(&material, WITHIN, drop).await;
    assert_eq!(met.unwrap_err().reason(), "gone");
    thread.join().unwrap();
}

#[tokio::test]
async fn bytes_go_through_whole_in_both_directions_at_once() {
    let world = World::new();
    let material = world.load().unwrap();
    let data: Arc<Vec<u8>> = Arc::new((0..3_000_000_u32).map(|n| (n * 7 % 253) as u8).collect());
    for version in Version::ALL {
        let sent = data.clone();
        let (mut transport, _, thread) = alice(&world, &material, version, move |mut stream| {
            for piece in sent.chunks(70_000) {
                stream.write_all(piece).unwrap();
                let mut back = vec![0; piece.len()];
                stream.read_exact(&mut back).unwrap();
                assert!(back == piece);
            }
            stream.close().unwrap();
        })
        .await;
        // An odd buffer, and writes of two pieces: what a proxy does with a head and a body.
        let mut buffer = vec![0; 9_973];
        let mut total = 0;
        loop {
            transport.readable().await.unwrap();
            let count = transport.read(&mut buffer).await.unwrap();
            if count == 0 {
                break;
            }
            total += count;
            let (mut head, mut body) = buffer[..count].split_at(count / 3);
            while !head.is_empty() || !body.is_empty() {
                let slices = [io::IoSlice::new(head), io::IoSlice::new(body)];
                let written = transport.write_vectored(&slices).await.unwrap();
                let of_head = written.min(head.len());
                head = &head[of_head..];
                body = &body[written - of_head..];
            }
            transport.flush().await.unwrap();
        }
        assert_eq!(total, data.len());
        assert!(transport.ended_cleanly());
        thread.join().unwrap();
    }
}

#[tokio::test]
async fn each_half_ends_for_itself_and_how_it_ended_is_known() {
    let world = World::new();
    let material = world.load().unwrap();
    for version in Version::ALL {
        let (mut transport, _, thread) = alice(&world, &material, version, |mut stream| {
            stream.write_all(b"question").unwrap();
            stream.close().unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert_eq!(answer, "answer");
        })
        .await;
        let mut question = String::new();
        transport.read_to_string(&mut question).await.unwrap();
        assert_eq!(
            (question.as_str(), transport.ended_cleanly()),
            ("question", true)
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
        transport.write_all(b"answer").await.unwrap();
        transport.shutdown().await.unwrap();
        thread.join().unwrap();

        // The other way round: we end first, and go on reading.
        let (mut transport, _, thread) = alice(&world, &material, version, |mut stream| {
            assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0);
            stream.write_all(b"still here").unwrap();
            stream.close().unwrap();
        })
        .await;
        transport.shutdown().await.unwrap();
        let mut rest = String::new();
        transport.read_to_string(&mut rest).await.unwrap();
        assert_eq!(rest, "still here");
        thread.join().unwrap();

        // A bare FIN is an end, and not a clean one.
        let (mut transport, _, thread) = alice(&world, &material, version, |mut stream| {
            stream.write_all(b"half a").unwrap();
            stream.socket().shutdown(std::net::Shutdown::Write).unwrap();
            assert_eq!(stream.read(&mut [0; 8]).unwrap(), 2);
        })
        .await;
        let mut rest = String::new();
        transport.read_to_string(&mut rest).await.unwrap();
        assert_eq!(
            (rest.as_str(), transport.ended_cleanly()),
            ("half a", false)
        );
        transport.write_all(b"ok").await.unwrap();
        transport.flush().await.unwrap();
        thread.join().unwrap();
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_holds_up_the_writer_and_nothing_more() {
    let world = World::new();
    let material = world.load().unwrap();
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let (mut transport, _, thread) = alice(&world, &material, Version::Tls13, move |mut stream| {
        wait.recv().unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        assert_eq!(all.len() % 32_768, 0);
        assert!(all.len() > 32_768);
    })
    .await;
    let piece = vec![7; 32_768];
    let mut pieces = 0;
    while tokio::time::timeout(Duration::from_millis(300), transport.write_all(&piece))
        .await
        .is_ok()
    {
        pieces += 1;
        assert!(pieces < 10_000, "the socket takes no end of it");
    }
    let Transport::Tls(tls) = &transport else {
        panic!("TLS");
    };
    assert!(tls.waiting() <= 65 * 1024, "{} bytes wait", tls.waiting());
    go.send(()).unwrap();
    transport.shutdown().await.unwrap();
    assert_eq!(transport.read(&mut [0; 8]).await.unwrap_or(0), 0);
    drop(transport);
    thread.join().unwrap();
}

#[tokio::test]
async fn the_user_behind_a_unix_socket_is_known() {
    let (ours, _theirs) = UnixStream::pair().unwrap();
    let (transport, peer) = admit_local(ours, 3).unwrap();
    let uid = rustix::process::getuid().as_raw();
    assert_eq!(peer.caller().label(), format!("uid:{uid}"));
    assert_eq!(peer.caller().names().len(), 2);
    let shown = peer.address.to_string();
    assert!(shown.starts_with(&format!("unix:uid={uid}")), "{shown}");
    assert!(peer.leaf().is_none() && peer.secured.is_none() && transport.ended_cleanly());
    let nobody = Refused::Nobody(io::ErrorKind::Other.into());
    assert_eq!(
        (nobody.code(), nobody.reason()),
        (Code("SL-G022"), "unknown-peer")
    );
}

#[tokio::test]
async fn revoked_means_gone_also_in_the_middle_of_a_stream() {
    let world = World::new();
    let material = Arc::new(world.load().unwrap());
    let current = Current::default();
    current.replace(|snapshot| snapshot.material = Some(material.clone()));
    let live = Live::default();
    let (transport, peer, thread) = alice(&world, &material, Version::Tls13, |mut stream| {
        // Cut, not told goodbye.
        assert!(matches!(stream.read(&mut [0; 8]), Ok(0) | Err(_)));
    })
    .await;
    let streaming = async move |mut transport: Transport| {
        let _ended = transport.read(&mut [0; 8]).await;
    };
    let guard = live.enter(&peer, &current);
    let task = tokio::spawn(guard.race(streaming(transport)));
    tokio::task::yield_now().await;
    // A change that does not concern her.
    let (bob, _) = holder(&world.clients, Purpose::Client, &[], "bob", world.now);
    world.publish(2, &[&bob]);
    let next = reloaded(&material, &world);
    assert_eq!((live.judge(&next), live.count()), (0, 1));
    world.publish(3, &[&bob, &world.alice.0]);
    let next = reloaded(&next, &world);
    current.replace(|snapshot| snapshot.material = Some(next.clone()));
    assert_eq!(live.judge(&next), 1);
    assert_eq!(task.await.unwrap(), None);
    assert_eq!(live.count(), 0);
    thread.join().unwrap();
    // Let in by the old material, entered under the new: too late.
    let late = live.enter(&peer, &current);
    assert_eq!(late.race(std::future::pending::<()>()).await, None);
}

fn reloaded(material: &Material, world: &World) -> Arc<Material> {
    match material.reload(&world.sources(), Clock::Fixed(world.now)) {
        Ok(Loaded::New(next)) => Arc::from(next),
        other => panic!("{other:?}"),
    }
}
