//! Every kind of client at an engine in every mode.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod fixture;

use fixture::{Authority, DAY, NOW, Seeded, anchors, engine, target};
use sealock_engine::Mode;
use sealock_pki::{KeyKind, San};
use sealock_probe::matrix::{self, Column};
use sealock_probe::{
    Answer, ClientKind, Dress, ProbeError, PublicAuthority, Target, Verdict, answers_plain, ask,
    ping, prove, served_certificate, wait_until_ready,
};
use sealock_tls::{Client, ClientSettings, Clock, Trust, Version, Versions};
use std::io::Read;
use std::net::TcpStream;
use std::time::{Duration, Instant};

#[test]
fn a_mutual_endpoint_is_proved() {
    let authority = Authority::new();
    let server = authority.server_identity();
    let engine = engine(&authority.mutual(server.clone()));
    let proof = prove(&[target(&engine)], &authority.kit(&server));
    for row in proof.rows() {
        assert!(
            row.holds(),
            "{:?} {:?}: {}",
            row.kind,
            row.version,
            row.why()
        );
    }
    assert!(proof.holds());
    assert_eq!(proof.rows().len(), 11);
    let why = |kind, version| {
        let row = proof
            .rows()
            .iter()
            .find(|row| row.kind == kind && row.version == version)
            .unwrap();
        row.why()
    };
    assert_eq!(
        why(ClientKind::NoCertificate, Some(Version::Tls13)),
        "refused: alert certificate_required (116): the daemon asks every client for a certificate"
    );
    assert_eq!(
        why(ClientKind::Expired, Some(Version::Tls12)),
        "refused: alert certificate_expired (45): the certificate is past its last day"
    );
    assert_eq!(
        why(ClientKind::Foreign, Some(Version::Tls13)),
        "refused: alert unknown_ca (48): the daemon does not trust the signature of a foreign \
         anchor, whatever its name"
    );
    assert_eq!(
        why(ClientKind::Rightful, Some(Version::Tls13)),
        "got in: API 1.51 answered: the client anchor signed this certificate"
    );
    assert_eq!(
        why(ClientKind::PlainHttp, None),
        "refused: the daemon speaks only TLS, plain HTTP gets no answer from the API"
    );
}

#[test]
fn anchors_of_every_kind_are_proved() {
    for kind in [KeyKind::EcdsaP384, KeyKind::Ed25519, KeyKind::Rsa2048] {
        let authority = Authority::of(kind, NOW - DAY);
        let server = authority.server_identity();
        let engine = engine(&authority.mutual(server.clone()));
        let proof = prove(&[target(&engine)], &authority.kit(&server));
        let failures: Vec<_> = proof.failures().map(|row| row.why()).collect();
        assert!(proof.holds(), "{kind}: {failures:?}");
    }
}

#[test]
fn the_matrix_of_modes_is_the_expected_one() {
    let begun = Instant::now();
    let authority = Authority::new();
    let server = authority.server_identity();
    let kit = authority.kit(&server);
    let public = PublicAuthority::forge(NOW, &mut Seeded(9)).unwrap();
    let buyer = kit.with_foreign(public.bought.clone()).unwrap();
    let modes = [
        ("off", Mode::Plain, &kit),
        (
            "one-way",
            Mode::OneWay {
                identity: server.clone(),
            },
            &kit,
        ),
        (
            "system roots",
            Mode::Mutual {
                identity: server.clone(),
                anchors: vec![public.anchor.clone()],
            },
            &buyer,
        ),
        ("mutual", authority.mutual(server.clone()), &kit),
    ];
    let engines: Vec<_> = modes.iter().map(|(_, mode, _)| engine(mode)).collect();
    let columns: Vec<_> = modes
        .iter()
        .zip(&engines)
        .map(|((label, _, kit), engine)| Column {
            label: (*label).to_owned(),
            meaning: String::new(),
            target: target(engine),
            kit,
        })
        .collect();
    let matrix = matrix::run(&columns);
    let took = begun.elapsed();
    let mut table = String::new();
    for kind in ClientKind::ALL {
        table.push_str(kind.slug());
        for column in 0..columns.len() {
            table.push(' ');
            table.push_str(matrix.cell(kind, column).unwrap().verdict().slug());
        }
        table.push('\n');
    }
    assert_eq!(
        table,
        "rightful unclear in out in\n\
         no-certificate unclear in out out\n\
         foreign unclear in in out\n\
         expired unclear in out out\n\
         server-as-client unclear in out out\n\
         plain-http in out out out\n"
    );
    let holds: Vec<_> = (0..4).map(|column| matrix.holds(column)).collect();
    assert_eq!(holds, [false, false, false, true]);
    assert_eq!(matrix.report().cells.len(), 24);
    assert!(took < Duration::from_secs(2), "{took:?}");
}

/// Without certificate, or with a foreign one, the handshake of TLS 1.3 *succeeds*: whoever stops
/// there reports success.
#[test]
fn a_tls13_handshake_alone_is_no_success() {
    let authority = Authority::new();
    let server = authority.server_identity();
    let engine = engine(&authority.mutual(server.clone()));
    let settings = ClientSettings {
        trust: Trust::Anchors(anchors(&authority.server)),
        identity: None,
        versions: Versions::Only(Version::Tls13),
        clock: Clock::Fixed(NOW),
    };
    let client = Client::new(settings.clone()).unwrap();
    let socket = TcpStream::connect(engine.address()).unwrap();
    let name = San::Ip(engine.address().ip());
    let mut stream = client
        .connect(socket, &name)
        .expect("the handshake ends well");
    let error = stream.read(&mut [0; 16]).unwrap_err();
    let alert = sealock_tls::TlsError::from_io(&error);
    assert!(
        matches!(&alert, sealock_tls::TlsError::AlertReceived { alert } if alert.number() == 116),
        "{alert:?}"
    );
    let observed = ask(&target(&engine), &Dress::tls(settings).unwrap());
    assert_eq!(observed.verdict(), Verdict::Out);
    assert!(observed.seen.unwrap().certificate_requested);
}

#[test]
fn an_endpoint_that_is_not_ours_proves_nothing() {
    let authority = Authority::new();
    let other = Authority::new();
    let server = other.server_identity();
    let engine = engine(&other.mutual(server.clone()));
    let proof = prove(&[target(&engine)], &authority.kit(&server));
    assert!(!proof.holds());
    for row in proof.rows() {
        if row.kind != ClientKind::PlainHttp {
            assert_eq!(row.observed.verdict(), Verdict::Unclear);
            assert!(row.why().contains("none of our anchors"), "{}", row.why());
            assert_eq!(row.code().unwrap().to_string(), "SL-W303");
        }
    }
}

/// An address where nothing listens: no other test binds to this corner of the loopback network.
fn nobody() -> Target {
    let closed = std::net::TcpListener::bind("127.77.66.55:0").unwrap();
    Target::at(closed.local_addr().unwrap())
}

#[test]
fn nothing_to_ask_proves_nothing() {
    let authority = Authority::new();
    let kit = authority.kit(&authority.server_identity());
    assert!(!prove(&[], &kit).holds());
    let nobody = nobody();
    let proof = prove(&[nobody], &kit);
    assert!(!proof.holds());
    assert!(proof.rows().iter().all(|row| !row.holds()));
}

#[test]
fn names_and_dates_of_the_server_are_judged() {
    let authority = Authority::new();
    for (server, expected) in [
        (
            authority.server_named(vec!["elsewhere.example".parse().unwrap()], NOW),
            "its certificate is for DNS:elsewhere.example, not for 127.0.0.1",
        ),
        (
            authority.server_named(vec![San::Ip(fixture::LOOPBACK)], NOW + DAY),
            "its certificate is valid only from",
        ),
    ] {
        let engine = engine(&authority.mutual(server.clone()));
        let kit = authority.kit(&server);
        let error = ping(&target(&engine), &kit.rightful().unwrap()).unwrap_err();
        let ProbeError::NotTrusted { reason, .. } = error else {
            panic!("{error:?}");
        };
        assert!(reason.contains(expected), "{reason}");
    }
}

#[test]
fn an_expired_server_is_not_trusted() {
    let authority = Authority::new();
    let server = authority.server_identity();
    let engine = engine(&authority.mutual(server.clone()));
    let later = authority.kit_at(&server, NOW + DAY * 91);
    let observed = ask(&target(&engine), &later.rightful().unwrap());
    let Answer::ServerNotTrusted(refusal) = &observed.answer else {
        panic!("{observed:?}");
    };
    assert!(refusal.to_string().contains("expired at"), "{refusal}");
}

#[test]
fn single_questions_are_answered() {
    let authority = Authority::new();
    let server = authority.server_identity();
    let kit = authority.kit(&server);
    let mutual = engine(&authority.mutual(server.clone()));
    let plain = engine(&Mode::Plain);
    assert_eq!(
        ping(&target(&mutual), &kit.rightful().unwrap())
            .unwrap()
            .status,
        200
    );
    assert!(answers_plain(&target(&mutual)).is_none());
    assert!(answers_plain(&target(&plain)).is_some());
    let served = served_certificate(&target(&mutual)).unwrap();
    assert_eq!(served.chain, server.chain());
    assert!(served.seen.certificate_requested);
    assert_eq!(
        served.seen.authorities,
        [authority.client.certificate().subject_der().to_vec()]
    );
    assert!(matches!(
        served_certificate(&target(&plain)),
        Err(ProbeError::NoTls { .. })
    ));
    let ready = wait_until_ready(
        &target(&mutual),
        &kit.rightful().unwrap(),
        Duration::from_secs(5),
    );
    assert_eq!(ready.unwrap().verdict(), Verdict::In);
    // No patience changes what a plain daemon, or one of somebody else's, says.
    let begun = Instant::now();
    let stranger = Authority::new();
    for (engine, kit) in [
        (&plain, &kit),
        (&mutual, &stranger.kit(&stranger.server_identity())),
    ] {
        let patience = Duration::from_secs(60);
        let observed = wait_until_ready(&target(engine), &kit.rightful().unwrap(), patience);
        assert_eq!(observed.unwrap().verdict(), Verdict::Unclear);
    }
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn waiting_ends_at_the_deadline() {
    let nobody = nobody();
    let begun = Instant::now();
    let error = wait_until_ready(&nobody, &Dress::plain(), Duration::from_millis(120));
    assert!(matches!(error, Err(ProbeError::Unreachable { .. })));
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[test]
fn the_report_keeps_its_shape() {
    let authority = Authority::new();
    let server = authority.server_identity();
    let engine = engine(&authority.mutual(server.clone()));
    let mut report = prove(&[target(&engine)], &authority.kit(&server)).report();
    for row in &mut report.rows {
        row.target = "tcp://ADDRESS".to_owned();
        row.milliseconds = 0;
    }
    report.rows.truncate(4);
    insta::assert_snapshot!(serde_json::to_string_pretty(&report).unwrap());
}
