//! Requests that two readers might take differently: none of them reaches the daemon.

use super::{Stage, ping};

/// Sent as they stand; the daemon must never hear of them, and the answer has this status.
const REFUSED: &[(&[u8], u16)] = &[
    (b"POST /build HTTP/1.1\r\nHost: d\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (b"POST /build HTTP/1.1\r\nHost: d\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400),
    (b"POST /build HTTP/1.1\r\nHost: d\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400),
    (b"POST /build HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (b"POST /build HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    (b"POST /build HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: identity\r\n\r\n", 501),
    (b"POST /build HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (b"POST /build HTTP/1.1\r\nHost: d\r\nContent-Length: +5\r\n\r\nhello", 400),
    (b"POST /build HTTP/1.1\r\nHost: d\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
    (b"GET /info HTTP/1.1\r\nHost: d\r\nX: a\r\n b\r\n\r\n", 400),
    (b"GET /info HTTP/1.1\nHost: d\n\n", 400),
    (b"GET /info HTTP/1.1\r\nHost: d\r\nX: a\nY: b\r\n\r\n", 400),
    (b"GET /info HTTP/1.1\r\nHost: d\r\nX: a\rY: b\r\n\r\n", 400),
    (b"GET /info HTTP/1.1\r\nHost: d\r\nX: a\0b\r\n\r\n", 400),
    (b"GET /info HTTP/1.1\r\nHost: d\r\nX(: a\r\n\r\n", 400),
    (b"GET /info HTTP/1.1\r\nHost: d\r\n\r\x0b\r\n\r\n", 400),
    (b"GET /info HTTP/1.1\r\n\r\n", 400),
    (b"GET /info HTTP/1.1\r\nHost: d\r\nHost: e\r\n\r\n", 400),
    (b"GET /info\r\n\r\n", 400),
    (b"GET /info HTTP/2.0\r\nHost: d\r\n\r\n", 505),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x12\x04\0\0\0\0\0", 505),
    (b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n", 400),
    (b"POST /volumes/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n", 400),
    (b"POST /volumes/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n", 413),
    (b"GET /info HTTP/1.1\r\nHost: d\r\nExpect: magic\r\n\r\n", 417),
    (b"CONNECT docker:80 HTTP/1.1\r\nHost: d\r\n\r\n", 400),
];

#[tokio::test]
async fn none_reaches_the_daemon_and_none_is_followed_by_another() {
    for (request, status) in REFUSED {
        let stage = Stage::new();
        let mut client = stage.client();
        let shown = String::from_utf8_lossy(request);
        let smuggled = b"GET /containers/json HTTP/1.1\r\nHost: d\r\n\r\n";
        client.send(&[request, &smuggled[..]].concat()).await;
        let head = client.head().await;
        if request.starts_with(b"CONNECT") {
            // Framed as it should be, and no route: the reader of targets says which.
            assert!(head.starts_with("HTTP/1.1 4"), "{head}");
            continue;
        }
        assert!(
            head.starts_with(&format!("HTTP/1.1 {status} ")),
            "{shown:?}: {head}"
        );
        assert!(head.contains("Content-Type: application/json"), "{head}");
        let body = String::from_utf8(client.rest().await).unwrap();
        assert!(body.starts_with("{\"message\":\"sealock: "), "{body}");
        assert!(body.contains("(SL-G033)\"}\n"), "{body}");
        assert_eq!(
            body.matches("message").count(),
            1,
            "{shown:?} was followed: {body}"
        );
        stage.no_daemon().await;
        let records = stage.records(1).await;
        assert_eq!(records[0]["code"], "SL-G033");
        assert_eq!(records[0]["decision"], "deny");
    }
}

#[tokio::test]
async fn a_chunk_that_lies_in_a_streamed_body_ends_both_connections() {
    let stage = Stage::new();
    let mut client = stage.client();
    client
        .say("POST /build HTTP/1.1\nHost: d\nTransfer-Encoding: chunked\n\n3\nabc\n")
        .await;
    let mut daemon = stage.daemon().await;
    let _ = daemon.head().await;
    daemon.hears_text("3\nabc\n").await;
    client
        .say("2\nabc\n0\n\nGET /info HTTP/1.1\nHost: d\n\n")
        .await;
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 400 "), "{head}");
    let body = String::from_utf8(client.rest().await).unwrap();
    assert_eq!(body.matches("SL-G033").count(), 1, "{body}");
    // Whatever of it was sent, its end was not.
    let rest = daemon.rest().await;
    assert!(
        !rest.ends_with(b"0\r\n\r\n"),
        "{:?}",
        String::from_utf8_lossy(&rest)
    );
    stage.no_daemon().await;
}

#[tokio::test]
async fn what_is_odd_and_clear_is_taken() {
    let stage = Stage::new();
    let mut client = stage.client();
    client.say("GET /_ping HTTP/1.1\nHost: d\n\n").await;
    let mut daemon = stage.daemon().await;
    let _ = daemon.head().await;
    daemon.say("HTTP/1.1 200 OK\nContent-Length: 0\n\n").await;
    let _ = client.head().await;
    for host in [
        "Host:",
        "Host: ",
        "host: %2Fvar%2Frun%2Fdocker.sock",
        "HOST: api.moby.localhost",
    ] {
        client.say(&format!("GET /info HTTP/1.1\n{host}\n\n")).await;
        assert_eq!(daemon.head().await, "GET /info HTTP/1.1\nHost: docker");
        daemon.say("HTTP/1.1 200 OK\nContent-Length: 0\n\n").await;
        let _ = client.head().await;
    }
    // An empty line behind a body, as older clients send it.
    client.say("\n").await;
    ping(&mut client, &mut daemon).await;
}

#[tokio::test]
async fn what_a_client_claims_of_proxies_and_hops_is_not_passed_on() {
    let stage = Stage::new();
    let mut client = stage.client();
    client
        .say(
            "GET /info HTTP/1.1\nHost: d\nX-Forwarded-For: 1.1.1.1\nX-Sealock-Identity: cn:root\n\
             Forwarded: for=x\nConnection: X-Gone, keep-alive\nX-Gone: 1\nTE: trailers\n\
             User-Agent: Docker-Client/28\ntraceparent: 00-1-2-3\n\n",
        )
        .await;
    let mut daemon = stage.daemon().await;
    assert_eq!(
        daemon.head().await,
        "GET /info HTTP/1.1\nHost: docker\nUser-Agent: Docker-Client/28\ntraceparent: 00-1-2-3"
    );
}

#[tokio::test]
async fn answers_that_lie_are_not_passed_on() {
    for answer in [
        "HTTP/1.1 200 OK\nContent-Length: 2\nContent-Length: 3\n\nOK",
        "HTTP/1.1 200 OK\nContent-Length: 2\nTransfer-Encoding: chunked\n\nOK",
        "HTTP/1.1 200 OK\nTransfer-Encoding: gzip\n\nOK",
        "SSH-2.0-OpenSSH_9.2\n\n",
        "HTTP/9.9 200 OK\n\n",
    ] {
        let stage = Stage::new();
        let mut client = stage.client();
        client.say("GET /info HTTP/1.1\nHost: d\n\n").await;
        let mut daemon = stage.daemon().await;
        let _ = daemon.head().await;
        daemon.say(answer).await;
        let head = client.head().await;
        assert!(head.starts_with("HTTP/1.1 502 "), "{answer:?}: {head}");
        let body = String::from_utf8(client.rest().await).unwrap();
        assert!(body.contains("SL-G032"), "{body}");
        daemon.ends().await;
    }
    // Without an end, in either of two ways.
    for endless in ["X: y\n", "\nHTTP/1.1 100 Continue\n"] {
        let stage = Stage::new();
        let mut client = stage.client();
        client.say("GET /info HTTP/1.1\nHost: d\n\n").await;
        let mut daemon = stage.daemon().await;
        let _ = daemon.head().await;
        let lie = format!("HTTP/1.1 100 Continue\n{}", endless.repeat(600_000));
        use tokio::io::AsyncWriteExt;
        let bytes = lie.replace('\n', "\r\n").into_bytes();
        let writer = tokio::spawn(async move { daemon.socket.write_all(&bytes).await });
        let head = client.head().await;
        assert!(head.starts_with("HTTP/1.1 502 "), "{head}");
        assert!(writer.await.unwrap().is_err());
    }
}
